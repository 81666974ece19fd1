"""Rates that are looked for, and steps that are measured."""

import numpy as np
import pytest
from sklearn.base import clone

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from skorch.callbacks import LRScheduler  # noqa: E402
from torch import nn  # noqa: E402

from ensembles.nets import (  # noqa: E402
    DeepEnsembleClassifier,
    SnapshotEnsembleClassifier,
)
from ensembles.nets.callbacks import (  # noqa: E402
    CyclicCosine,
    LRFinder,
    TriangleCycle,
    UpdateRatioMonitor,
)
from ensembles.nets.modules import MLP  # noqa: E402

pytestmark = pytest.mark.nets

X = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(np.int64)


class Watch(skorch.callbacks.Callback):
    """Keeps the rates of all groups in each training step."""

    def on_train_begin(self, net, X=None, y=None, **kwargs):
        self.rates_ = []

    def on_batch_end(self, net, batch=None, training=None, **kwargs):
        if training:
            self.rates_.append([one["lr"] for one in net.optimizer_.param_groups])


def classifier(*callbacks, **settings):
    settings = {
        "module__n_features": 4,
        "module__n_outputs": 2,
        "module__hidden": 8,
        "criterion": nn.CrossEntropyLoss,
        "max_epochs": 2,
        "batch_size": 20,
        "lr": 0.1,
        "train_split": None,
        "verbose": 0,
        **settings,
    }
    return skorch.NeuralNetClassifier(MLP, callbacks=list(callbacks), **settings)


def fitted(net, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return net.fit(X, Y)


def weights(net):
    return [value.detach().clone() for value in net.module_.parameters()]


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
def test_training_is_as_if_the_rate_had_been_given(optimizer):
    """Weights, moments, dropout and batches: nothing tells of the test."""
    settings = {
        "optimizer": optimizer,
        "module__dropout": 0.3,
        "module__norm": "batch",
        "iterator_train__shuffle": True,
    }
    finder = LRFinder(n_steps=40)
    found = fitted(classifier(finder, lr=1e-5, **settings))
    assert finder.lr_ > 1e-3
    given = fitted(classifier(lr=finder.lr_, **settings))
    for one, other in zip(weights(found), weights(given), strict=True):
        assert torch.equal(one, other)
    assert found.optimizer_.defaults["lr"] == finder.lr_
    assert found.history[:, "train_loss"] == given.history[:, "train_loss"]


def test_rates_climb_by_the_same_factor_up_to_where_the_loss_is_lost():
    finder = LRFinder(1e-4, 1e3, n_steps=50, smoothing=0.0)
    fitted(classifier(finder))
    steps = finder.rates_[1:] / finder.rates_[:-1]
    np.testing.assert_allclose(steps, (1e7) ** (1 / 49))
    assert finder.rates_[0] == pytest.approx(1e-4)
    assert len(finder.rates_) == len(finder.losses_) < 50
    assert finder.lr_ == finder.rates_[finder.losses_.argmin()] / 10
    # The first loss is that of the first batch, before any step.
    untrained = fitted(classifier(lr=0.0))
    first = untrained.history[0, "batches", 0, "train_loss"]
    assert finder.losses_[0] == pytest.approx(first)


def test_smoothing_is_a_mean_of_losses_that_weighs_the_last_most():
    plain, smooth = LRFinder(smoothing=0.0, stop=np.inf), LRFinder(stop=np.inf)
    fitted(classifier(plain))
    fitted(classifier(smooth))
    losses, n = plain.losses_, len(smooth.losses_)
    for step in (1, 2, 10):
        counts = 0.9 ** np.arange(step)[::-1]
        expected = np.average(losses[:step], weights=counts)
        assert smooth.losses_[step - 1] == pytest.approx(expected, rel=1e-5)
    assert n == len(losses)


def test_groups_keep_their_ratio_and_schedules_begin_from_the_rate():
    watch, finder = Watch(), LRFinder()
    net = classifier(
        finder,
        LRScheduler("StepLR", step_size=1, gamma=0.5),
        watch,
        optimizer__param_groups=[("*.bias", {"lr": 0.3})],
    )
    fitted(net)
    rates = np.array(watch.rates_)
    np.testing.assert_allclose(rates[:, 0] / rates[:, 1], 3.0)
    np.testing.assert_allclose(rates[:, 1], np.repeat([1, 0.5], 3) * finder.lr_)


def test_a_second_training_is_tested_anew():
    finder = LRFinder()
    net = fitted(classifier(finder, max_epochs=30))
    first, moments = finder.losses_[0], weights(net)
    net.partial_fit(X, Y)
    assert finder.losses_[0] < first
    assert not torch.equal(moments[0], weights(net)[0])


def test_the_course_of_an_ensemble_goes_by_the_rate():
    net = classifier(LRFinder(), lr=1e-6)
    found = SnapshotEnsembleClassifier(net, 2, max_epochs=4, random_state=0).fit(X, Y)
    plain = classifier(lr=1e-6)
    still = SnapshotEnsembleClassifier(plain, 2, max_epochs=4, random_state=0).fit(X, Y)
    losses = [model.history_[-1, "train_loss"] for model in (found, still)]
    assert losses[0] < losses[1] - 0.05
    assert found.snapshot_iterations_.tolist() == [6, 12]


def test_members_find_rates_of_their_own():
    finder = LRFinder()
    model = DeepEnsembleClassifier(
        classifier(finder, lr=1e-6, max_epochs=20), 2, random_state=0
    ).fit(X, Y)
    assert model.score(X, Y) > 0.8
    assert not hasattr(finder, "lr_")


def test_where_the_loss_falls_nowhere_the_rate_stays():
    finder = LRFinder(1e3, 1e6, n_steps=10)
    with pytest.warns(UserWarning, match="leaves it at 0.1"):
        net = fitted(classifier(finder))
    assert finder.lr_ == 0.1
    assert net.optimizer_.param_groups[0]["lr"] == 0.1


def test_the_picture_shows_the_rate():
    pytest.importorskip("matplotlib")
    finder = LRFinder(n_steps=20)
    fitted(classifier(finder))
    ax = finder.plot(color="k")
    curve, line = ax.lines
    np.testing.assert_allclose(curve.get_xdata(), finder.rates_)
    np.testing.assert_allclose(line.get_xdata(), finder.lr_)
    assert ax.get_xscale() == "log"
    assert finder.plot(ax) is ax


def test_ratios_are_lengths_of_steps_over_lengths_of_weights():
    monitor = UpdateRatioMonitor()
    net = classifier(monitor, batch_size=-1, max_epochs=1).initialize()
    before = [value for value in weights(net) if value.ndim == 2]
    net.partial_fit(X, Y)
    after = [value for value in weights(net) if value.ndim == 2]
    expected = [
        ((new - old).norm() / old.norm()).item()
        for old, new in zip(before, after, strict=True)
    ]
    found = [values[0] for values in monitor.ratios_.values()]
    assert list(monitor.ratios_) == ["1.weight", "3.weight"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert net.history[0, "update_ratio"] == pytest.approx(np.mean(expected))


def test_steps_between_are_passed_by():
    every, each = UpdateRatioMonitor(4), UpdateRatioMonitor()
    fitted(classifier(every, max_epochs=3))
    fitted(classifier(each, max_epochs=3))
    assert [len(one.ratios_["1.weight"]) for one in (every, each)] == [3, 3]
    sparse = UpdateRatioMonitor(5)  # of nine steps the first and the sixth
    net = fitted(classifier(sparse, max_epochs=3))
    assert len(sparse.ratios_["1.weight"]) == 2
    assert ["update_ratio" in row for row in net.history] == [True, True, False]


def test_layers_without_a_size_are_measured_once_they_have_one():
    monitor = UpdateRatioMonitor()
    fitted(classifier(monitor, module__n_features=None))
    assert [*monitor.ratios_] == ["3.weight", "1.weight"]


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (LRFinder(0), "'lr_min' parameter of LRFinder"),
        (LRFinder(lr_max=1e-7), "'lr_max' parameter of LRFinder"),
        (LRFinder(n_steps=5), "'n_steps' parameter of LRFinder"),
        (LRFinder(smoothing=1), "'smoothing' parameter of LRFinder"),
        (LRFinder(stop=1), "'stop' parameter of LRFinder"),
        (UpdateRatioMonitor(0), "'every' parameter of UpdateRatioMonitor"),
        (CyclicCosine(0), "'n_cycles' parameter of CyclicCosine"),
        (CyclicCosine(lr_max=-1), "'lr_max' parameter of CyclicCosine"),
        (CyclicCosine(lr_min=-1), "'lr_min' parameter of CyclicCosine"),
        (TriangleCycle(1.5), "'n_cycles' parameter of TriangleCycle"),
        (TriangleCycle(pretrain=1), "'pretrain' parameter of TriangleCycle"),
        (TriangleCycle(lr_1=0), "'lr_1' parameter of TriangleCycle"),
        (TriangleCycle(lr_2="a"), "'lr_2' parameter of TriangleCycle"),
    ],
    ids=lambda value: value.replace("'", "") if isinstance(value, str) else "",
)
def test_parameters_are_checked_before_training(callback, message):
    with pytest.raises(ValueError, match=message):
        fitted(classifier(callback))


@pytest.mark.parametrize(
    "callback",
    [LRFinder(n_steps=10), UpdateRatioMonitor(), CyclicCosine(2), TriangleCycle(1)],
    ids=lambda one: type(one).__name__,
)
def test_callbacks_that_were_used_are_parameters_as_before(callback):
    before = callback.get_params()
    net = fitted(classifier(callback, max_epochs=4))
    assert callback.get_params() == before
    assert clone(net).callbacks[0].get_params() == before


def test_an_ensemble_with_a_course_leaves_out_another():
    net = classifier(CyclicCosine(3))
    model = SnapshotEnsembleClassifier(net, 2, max_epochs=4, random_state=0)
    with pytest.warns(UserWarning, match="CyclicCosine.* left out"):
        model.fit(X, Y)
    assert model.snapshot_iterations_.tolist() == [6, 12]


@pytest.mark.parametrize(
    "course", [CyclicCosine(1), TriangleCycle(2, 0.5)], ids=["cosine", "triangle"]
)
def test_a_second_training_begins_from_the_same_rate(course):
    watch = Watch()
    net = fitted(classifier(clone(course), watch, max_epochs=4))
    first = watch.rates_
    net.partial_fit(X, Y)
    assert watch.rates_ == first
    assert net.optimizer_.param_groups[0]["lr"] == 0.1


def test_a_finder_is_heard_wherever_it_stands():
    rates = []
    for order in (1, -1):
        watch = Watch()
        callbacks = [LRFinder(), CyclicCosine(1)][::order]
        fitted(classifier(*callbacks, watch, max_epochs=3, lr=1e-5))
        rates.append(watch.rates_)
    assert rates[0] == rates[1]
    assert rates[0][0][0] > rates[0][1][0] > rates[0][-1][0]


def test_epochs_that_were_not_planned_are_refused():
    net = classifier(CyclicCosine(1), max_epochs=2)
    with pytest.raises(RuntimeError, match="Set max_epochs to the epochs of the run"):
        net.fit(X, Y, epochs=4)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_a_test_that_is_interrupted_leaves_the_net_as_it_was(error):
    class Interrupting(nn.Linear):
        passes = 0

        def forward(self, input):
            self.passes += 1
            if self.passes == 20:
                raise error
            return super().forward(input)

    net = skorch.NeuralNetClassifier(
        Interrupting,
        module__in_features=4,
        module__out_features=2,
        criterion=nn.CrossEntropyLoss,
        callbacks=[LRFinder()],
        train_split=None,
        verbose=0,
        lr=0.01,
    ).initialize()
    before = net.module_.weight.detach().clone()
    try:
        net.partial_fit(X, Y)
    except RuntimeError:
        assert error is RuntimeError
    assert torch.equal(net.module_.weight, before)
    assert net.optimizer_.param_groups[0]["lr"] == 0.01


def test_lazy_layers_get_their_sizes_before_the_test():
    finder = LRFinder(n_steps=20)
    net = fitted(classifier(finder, module__n_features=None))
    assert net.module_[1].in_features == 4
    assert finder.lr_ > 1e-5


def test_a_picture_needs_a_test():
    with pytest.raises(ValueError, match="No rates have been tried yet"):
        LRFinder().plot()
