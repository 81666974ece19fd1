import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from torch import nn  # noqa: E402

from ensembles.nets._prediction import nets_of, trim  # noqa: E402
from ensembles.nets._weights import take_snapshot  # noqa: E402

pytestmark = pytest.mark.nets

X = np.random.default_rng(0).normal(size=(300, 3)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int64)


def logits_net(**settings):
    return skorch.NeuralNetClassifier(
        nn.Linear,
        criterion=nn.CrossEntropyLoss,
        module__in_features=3,
        module__out_features=2,
        max_epochs=2,
        verbose=0,
        train_split=None,
        **settings,
    ).fit(X, Y)


def test_trimming_leaves_predictions_as_they_were():
    """Also the softmax, which skorch tells from the criterion."""
    net = logits_net(optimizer=torch.optim.Adam)
    before = net.predict_proba(X)
    size = len(pickle.dumps(net))
    trim(net)
    np.testing.assert_array_equal(net.predict_proba(X), before)
    np.testing.assert_allclose(before.sum(axis=1), 1, rtol=1e-6)
    assert len(pickle.dumps(net)) < size
    assert net.optimizer_ is None
    assert net.module_.weight.grad is None
    assert net.fit(X, Y).predict(X).shape == (300,)


def test_nets_hold_one_snapshot_after_another():
    net = logits_net()
    first = take_snapshot(net)
    p_first = net.predict_proba(X)
    net.partial_fit(X, Y)
    second = take_snapshot(net)
    p_second = net.predict_proba(X)
    assert not np.array_equal(p_first, p_second)
    outputs = [each.predict_proba(X) for each in nets_of(net, [first, second, first])]
    for output, expected in zip(outputs, [p_first, p_second, p_first], strict=True):
        np.testing.assert_array_equal(output, expected)
    np.testing.assert_array_equal(net.predict_proba(X), p_second)
