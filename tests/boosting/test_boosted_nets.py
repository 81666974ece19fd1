"""Nets by skorch as weak learners, which take no weights: rows are drawn for them."""

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.datasets import make_friedman1, make_moons

from ensembles import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    GradientBoostingRegressor,
    _parallel,
)

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")


class Weak(torch.nn.Module):
    """A net of few hidden units."""

    def __init__(self, n_inputs=2, n_hidden=3, n_outputs=2, is_classifier=True):
        super().__init__()
        parts = [
            torch.nn.Linear(n_inputs, n_hidden),
            torch.nn.Tanh(),
            torch.nn.Linear(n_hidden, n_outputs),
        ]
        if is_classifier:
            parts.append(torch.nn.Softmax(dim=1))
        self.layers = torch.nn.Sequential(*parts)

    def forward(self, X):
        return self.layers(X)


def settings():
    torch.manual_seed(0)
    return {
        "optimizer": torch.optim.Adam,
        "lr": 0.1,
        "max_epochs": 8,
        "train_split": None,
        "verbose": 0,
    }


@pytest.mark.parametrize("algorithm", ["samme", "real", "gentle"])
def test_nets_of_classes(algorithm):
    X, y = make_moons(400, noise=0.2, random_state=0)
    X = X.astype(np.float32)
    net = skorch.NeuralNetClassifier(Weak, module__n_hidden=2, **settings())
    booster = AdaBoostClassifier(
        net, algorithm=algorithm, n_estimators=4, resample=True, random_state=0
    ).fit(X[:200], y[:200])
    assert len(booster) > 1
    shares, state = booster.predict_proba(X), torch.random.get_rng_state()
    booster.fit(X[:200], y[:200])
    assert torch.equal(torch.random.get_rng_state(), state)
    np.testing.assert_array_equal(booster.predict_proba(X), shares)
    assert booster.score(X[200:], y[200:]) > 0.84
    with pytest.raises(ValueError, match=r"NeuralNetClassifier doesn't support sampl"):
        booster.set_params(resample=False).fit(X, y)


def test_threads_do_not_share_the_generator(monkeypatch):
    monkeypatch.setattr(_parallel, "_WORTH_WORKERS", 0.0)
    X, y = make_moons(200, noise=0.2, random_state=0)
    X, y = X.astype(np.float32), y + 2 * (X[:, 1] > 0.5)
    net = skorch.NeuralNetClassifier(Weak, module__n_hidden=2, **settings())
    booster = AdaBoostClassifier(
        net, algorithm="gentle", n_estimators=2, resample=True, random_state=0
    )
    shares = []
    for n_jobs in 1, 2, 4:
        with parallel_config("threading"):
            shares.append(booster.set_params(n_jobs=n_jobs).fit(X, y).predict_proba(X))
    np.testing.assert_array_equal(shares[0], shares[1])
    np.testing.assert_array_equal(shares[0], shares[2])


def test_nets_of_values():
    X, y = make_friedman1(300, 5, noise=1.0, random_state=0)
    X, y = X.astype(np.float32), (y - y.mean()) / y.std()
    net = skorch.NeuralNetRegressor(
        Weak,
        module__n_inputs=5,
        module__n_outputs=1,
        module__is_classifier=False,
        **settings(),
    )
    booster = AdaBoostRegressor(net, n_estimators=4, random_state=0)
    assert booster.fit(X, y).score(X, y) > 0.5
    assert booster[0].predict(X).shape == (300, 1)


def test_nets_are_boosted_by_gradients():
    X, y = make_friedman1(300, 5, noise=1.0, random_state=0)
    X, y = X.astype(np.float32), (y - y.mean()) / y.std()
    net = skorch.NeuralNetRegressor(
        Weak,
        module__n_inputs=5,
        module__n_outputs=1,
        module__is_classifier=False,
        **settings(),
    )
    booster = GradientBoostingRegressor(
        estimator=net, n_estimators=8, learning_rate=0.5, random_state=0
    ).fit(X, y)
    alone = booster.estimators_[0, 0].predict(X).ravel()
    assert ((booster.predict(X) - y) ** 2).mean() < ((alone - y) ** 2).mean()
    again = booster.fit(X, y).predict(X)
    np.testing.assert_array_equal(booster.predict(X), again)
