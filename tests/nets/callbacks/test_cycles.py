"""Rates and copies of the triangle cycles of a fast geometric ensemble."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from torch import nn  # noqa: E402

from ensembles.nets import (  # noqa: E402
    FastGeometricEnsembleClassifier,
    FastGeometricEnsembleRegressor,
)
from ensembles.nets.callbacks._cycles import TriangleCycle  # noqa: E402

pytestmark = pytest.mark.nets

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = X[:, :1] - X[:, 1:2]


class Probe(skorch.callbacks.Callback):
    """Sees the rates and weights of each iteration."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.rates_, self.weights_ = [], []

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        if training:
            self.rates_.append([group["lr"] for group in net.optimizer_.param_groups])
            self.weights_.append(net.module_.weight.detach().clone())


def trained(course, max_epochs=10, **settings):
    probe = Probe()
    skorch.NeuralNetRegressor(
        nn.Linear,
        module__in_features=3,
        module__out_features=1,
        lr=0.1,
        max_epochs=max_epochs,
        batch_size=20,
        train_split=None,
        verbose=0,
        callbacks=[("course", course), ("probe", probe)],
        **settings,
    ).fit(X, Y)
    return course, probe


def test_rates_fall_and_rise_as_in_the_paper():
    """Cycles of four iterations between 0.05 and 0.01: 0.03, 0.01, 0.03, 0.05."""
    course, probe = trained(TriangleCycle(3, 0.5, lr_1=0.05, lr_2=0.01))
    rates = np.ravel(probe.rates_)
    np.testing.assert_allclose(rates[:10], 0.1)
    cycle = [0.03, 0.01, 0.03, 0.05]
    np.testing.assert_allclose(rates[10:], [*cycle, *cycle, 0.03, 0.01])
    assert course.collected_ == [12, 16, 20]
    for end, snapshot in zip(course.collected_, course.snapshots_, strict=True):
        assert torch.equal(probe.weights_[end - 1], snapshot["module_"]["weight"])


def test_the_rate_is_held_and_then_falls_before_the_cycles():
    course, probe = trained(TriangleCycle(2, 0.8), max_epochs=50)
    rates = np.ravel(probe.rates_)
    np.testing.assert_allclose(rates[:51], 0.1)
    np.testing.assert_allclose(rates[70], 0.1 * (1 - 0.99 * 0.2 / 0.4))
    assert (np.diff(rates[51:80]) < 0).all()
    # Half and a hundredth of the net's rate, where none are given.
    assert course.collected_ == [87, 100]
    np.testing.assert_allclose(rates[[86, 99]], 0.001)
    np.testing.assert_allclose(rates[92], 0.05)


def test_every_group_keeps_its_ratio():
    _, probe = trained(
        TriangleCycle(2, 0.2, 0.4, 0.01),
        optimizer__param_groups=[("bias", {"lr": 0.025})],
    )
    rates = np.array(probe.rates_)
    np.testing.assert_allclose(rates.max(axis=1), 4 * rates.min(axis=1))
    assert rates.max() == pytest.approx(0.4)


def test_a_second_fit_starts_again():
    course = TriangleCycle(2, 0.2)
    trained(course)
    first = course.snapshots_
    trained(course)
    assert len(course.snapshots_) == len(first) == 2
    assert course.iteration_ == 20


def test_runs_that_are_too_short_or_rates_that_contradict_are_errors():
    with pytest.raises(
        ValueError,
        match=r"5 cycles need at least 9 iterations, and of 20 there are 4 left after "
        r"pretrain=0\.8",
    ):
        trained(TriangleCycle(5))
    with pytest.raises(ValueError, match=r"lr_2=0\.07 is above .* lr_1=0\.05"):
        trained(TriangleCycle(2, lr_2=0.07))


@pytest.mark.parametrize(
    "cls", [FastGeometricEnsembleClassifier, FastGeometricEnsembleRegressor]
)
def test_parameters_reach_the_cycles(cls):
    options = {"max_epochs": 10, "random_state": 0, "pretrain": 0.5}
    y = (Y[:, 0] > 0) * 1.0
    plain = cls(n_estimators=2, **options).fit(X, y)
    assert plain.snapshot_iterations_.tolist() == [7, 10]
    for changed in {"lr_1": 0.1}, {"lr_2": 0.001}, {"pretrain": 0.0}:
        other = cls(n_estimators=2, **{**options, **changed}).fit(X, y)
        assert not np.allclose(other.predict_members(X), plain.predict_members(X))
    same = cls(n_estimators=2, lr_1=0.005, lr_2=0.0001, **options).fit(X, y)
    np.testing.assert_array_equal(same.predict_members(X), plain.predict_members(X))
    for name, value in [
        ("n_estimators", 0),
        ("pretrain", 1.0),
        ("pretrain", -0.1),
        ("lr_1", 0.0),
        ("lr_2", "low"),
    ]:
        with pytest.raises(ValueError, match=f"'{name}' parameter"):
            cls(**{name: value}).fit(X, y)
