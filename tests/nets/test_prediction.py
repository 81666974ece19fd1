import pickle

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from sklearn.datasets import make_moons  # noqa: E402
from torch import nn  # noqa: E402

from ensembles.nets import (  # noqa: E402
    DeepEnsembleClassifier,
    SnapshotEnsembleClassifier,
    SWAGClassifier,
)
from ensembles.nets._prediction import nets_of, trim  # noqa: E402
from ensembles.nets._weights import take_snapshot  # noqa: E402
from ensembles.nets.modules import MLP  # noqa: E402

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


@pytest.mark.parametrize(
    "cls", [DeepEnsembleClassifier, SnapshotEnsembleClassifier, SWAGClassifier]
)
def test_weights_of_members_are_saved_without_pickles(cls, tmp_path):
    pytest.importorskip("safetensors")
    X, y = make_moons(80, noise=0.2, random_state=0)
    model = cls(MLP, max_epochs=6, random_state=0).fit(X, y)
    plain = skorch.NeuralNetClassifier(
        MLP,
        criterion=nn.CrossEntropyLoss,
        module__n_features=2,
        module__n_outputs=2,
    ).initialize()
    said = model.predict_members(X)
    for number, net in enumerate(model.estimators_):
        path = tmp_path / f"member_{number}.safetensors"
        net.save_params(f_params=path, use_safetensors=True)
        plain.load_params(f_params=path, use_safetensors=True)
        found = plain.predict_proba(X.astype(np.float32))
        np.testing.assert_allclose(found, said[number], atol=1e-6)
    assert number + 1 == len(said)
