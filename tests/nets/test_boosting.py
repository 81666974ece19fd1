"""Boosted nets: stages, corrections, losses and stopping."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from numpy.testing import assert_allclose, assert_array_equal  # noqa: E402
from sklearn.base import clone  # noqa: E402
from sklearn.datasets import make_classification  # noqa: E402
from sklearn.metrics import log_loss  # noqa: E402
from skorch.callbacks import (  # noqa: E402
    Callback,
    EarlyStopping,
    EpochScoring,
    Freezer,
)
from skorch.dataset import Dataset, ValidSplit  # noqa: E402
from skorch.helper import predefined_split  # noqa: E402
from torch import nn  # noqa: E402

from ensembles._random import entropy_of, keys_for  # noqa: E402
from ensembles.losses import (  # noqa: E402
    BinomialLoss,
    MultinomialLoss,
    PinballLoss,
    PoissonLoss,
    SquaredError,
    TweedieLoss,
)
from ensembles.nets import (  # noqa: E402
    NeuralBoostingClassifier,
    NeuralBoostingRegressor,
)
from ensembles.nets._additive import (  # noqa: E402
    LossOfSum,
    SumOfNets,
    TaylorLoss,
    derivatives_of,
)
from ensembles.nets._wrap import default_module  # noqa: E402
from ensembles.nets.callbacks import Mixup  # noqa: E402

pytestmark = pytest.mark.nets

X, LABELS = make_classification(
    120, 6, n_informative=4, n_classes=3, n_clusters_per_class=1, random_state=0
)
VALUES = 3 * X[:, 0] * X[:, 1] + 5.0
RNG = np.random.default_rng(0)


def net_for(kind, **settings):
    options = {
        "lr": 0.05,
        "max_epochs": 2,
        "batch_size": 32,
        "iterator_train__shuffle": True,
        "module__hidden": 8,
        **settings,
    }
    return kind(default_module, **options)


def regressor(n_estimators=3, net=None, **settings):
    net = net_for(skorch.NeuralNetRegressor) if net is None else net
    options = {"random_state": 0, **settings}
    return NeuralBoostingRegressor(net, n_estimators, **options)


def classifier(n_estimators=3, net=None, **settings):
    net = net_for(skorch.NeuralNetClassifier) if net is None else net
    options = {"random_state": 0, **settings}
    return NeuralBoostingClassifier(net, n_estimators, **options)


@pytest.mark.parametrize(
    ("loss", "y"),
    [
        (SquaredError(), RNG.normal(size=7)),
        (BinomialLoss(), np.array([0.0, 1, 1, 0, 1, 0, 1])),
        (MultinomialLoss(3), np.array([0.0, 1, 2, 0, 1, 2, 1])),
        (PoissonLoss(), np.array([0.0, 1, 5, 0, 2, 3, 1])),
    ],
    ids=["squares", "binomial", "multinomial", "poisson"],
)
def test_the_loss_of_a_sum_and_its_polynomial_have_the_same_gradient(loss, y):
    raw = RNG.normal(size=(7, loss.n_raw))
    given = raw[:, 0] if loss.n_raw == 1 else raw
    outputs = torch.from_numpy(raw).requires_grad_()
    value = LossOfSum(loss, 2.0)(outputs, torch.from_numpy(y[:, None]))
    assert value.item() == pytest.approx(loss.value(y, given).mean() / 4)
    (gradient,) = torch.autograd.grad(3 * value, outputs)
    step = 1e-6 * RNG.normal(size=raw.shape)
    moved = given + (step[:, 0] if loss.n_raw == 1 else step)
    change = (loss.value(y, moved) - loss.value(y, given)).mean()
    assert (gradient.numpy() * step).sum() == pytest.approx(0.75 * change, rel=1e-4)
    start = torch.zeros(7, loss.n_raw, dtype=torch.float64, requires_grad=True)
    around = torch.from_numpy(derivatives_of(loss, y, raw))
    (first,) = torch.autograd.grad(TaylorLoss()(start, around), start)
    torch.testing.assert_close(first, gradient * 4 / 3)


def test_the_polynomial_is_least_at_newtons_step():
    derivatives = torch.tensor([[[2.0], [4.0]], [[-3.0], [0.5]]])
    best = -derivatives[:, 0] / derivatives[:, 1]
    loss = TaylorLoss()
    for other in (best + 0.1, best - 0.1):
        assert loss(other, derivatives) > loss(best, derivatives)
    assert loss(best[:, 0], derivatives) == loss(best, derivatives)


def test_hessians_that_do_not_serve_are_one():
    raw = RNG.normal(size=(7, 1))
    for loss in (PinballLoss(0.9), SquaredError()):
        assert (derivatives_of(loss, RNG.normal(size=7), raw)[:, 1] == 1).all()


def by_hand(seeds, n_stages):
    """Squared error without corrections: nets for residuals, one after another."""
    raw, outputs = np.full(len(X), VALUES.mean()), []
    for seed in seeds[: 2 * n_stages : 2]:
        net = clone(net_for(skorch.NeuralNetRegressor)).set_params(
            module__n_features=6,
            module__n_outputs=1,
            verbose=0,
            train_split=None,
            lr=0.025,  # squared error has twice the gradient
        )
        residuals = (VALUES - raw) / VALUES.std()
        with torch.random.fork_rng():
            torch.default_generator.manual_seed(seed)
            net.fit(X, residuals[:, None])
        outputs.append(0.3 * VALUES.std() * net.predict(X)[:, 0])
        raw = raw + outputs[-1]
    return np.array(outputs)


def test_stages_learn_what_is_left_undone():
    model = regressor(corrective_epochs=0).fit(X, VALUES)
    seeds = keys_for(entropy_of(0, 0), 0, 6).tolist()
    expected = by_hand(seeds, 3)
    assert_allclose(model.predict_members(X), expected, rtol=1e-8, atol=1e-10)
    assert_allclose(model.predict(X), VALUES.mean() + expected.sum(axis=0))
    assert_allclose(model.rates_, 0.3)
    assert model.base_[0] == pytest.approx(VALUES.mean())
    assert model.scale_ == pytest.approx(VALUES.std())


def test_a_correction_is_a_step_for_all_nets_and_rates():
    """One step of plain descent with all rows, against torch's own gradients."""
    net = net_for(skorch.NeuralNetRegressor, batch_size=-1)
    before = regressor(2, net, corrective_epochs=0).fit(X, VALUES)
    after = regressor(2, net, corrective_epochs=1, corrective_lr=0.2).fit(X, VALUES)
    nets = before.estimators_
    rates = torch.tensor(before.rates_, requires_grad=True)
    rows = torch.from_numpy(X)
    total = before.base_[0] + before.scale_ * sum(
        rate * one.module_(rows)[:, 0] for rate, one in zip(rates, nets, strict=True)
    )
    loss = 0.5 * ((total - torch.from_numpy(VALUES)) ** 2).mean() / before.scale_**2
    loss.backward()
    for old, new in zip(nets, after.estimators_, strict=True):
        pairs = zip(old.module_.parameters(), new.module_.parameters(), strict=True)
        for one, other in pairs:
            torch.testing.assert_close(one - 0.2 * 0.05 * one.grad, other)
    assert_allclose(after.rates_, (rates - 0.2 * 0.05 * rates.grad).detach())


def test_corrections_come_when_nets_have_doubled_and_at_the_end():
    flags = regressor(11).fit(X, VALUES).history_[:, "corrected"]
    assert np.flatnonzero(flags).tolist() == [1, 3, 7, 10]
    assert not any(
        regressor(3, corrective_epochs=0).fit(X, VALUES).history_[:, "corrected"]
    )
    assert regressor(1).fit(X, VALUES).history_[:, "corrected"] == [False]


def test_passes_grow_with_the_number_of_stages_and_no_faster():
    class Counted(nn.Linear):
        passes = 0

        def forward(self, rows):
            Counted.passes += self.training
            return super().forward(rows)

    def make(n_features, n_outputs):
        return Counted(n_features, n_outputs, dtype=torch.float64)

    counts = []
    for n_estimators in (16, 32):
        Counted.passes = 0
        net = skorch.NeuralNetRegressor(make, max_epochs=1, batch_size=-1)
        regressor(n_estimators, net, corrective_epochs=1).fit(X, VALUES)
        counts.append(Counted.passes)
    assert counts == [16 + 2 + 4 + 8 + 16, 32 + 2 + 4 + 8 + 16 + 32]


@pytest.mark.parametrize("n_classes", [2, 3])
def test_classes_are_probable_by_the_sum_of_all_nets(n_classes):
    labels = np.array(["a", "b", "c"])[np.minimum(LABELS, n_classes - 1)]
    net = net_for(skorch.NeuralNetClassifier, optimizer=torch.optim.Adam)
    model = classifier(8, net).fit(X, labels)
    assert model.classes_.tolist() == ["a", "b", "c"][:n_classes]
    raw = model.base_ + model.predict_members(X).reshape(8, 120, -1).sum(axis=0)
    assert_allclose(model.decision_function(X), raw if n_classes > 2 else raw[:, 0])
    if n_classes == 2:
        raw = np.column_stack([np.zeros(120), raw])
    shares = np.exp(raw) / np.exp(raw).sum(axis=1, keepdims=True)
    assert_allclose(model.predict_proba(X), shares, atol=1e-9)
    assert_array_equal(model.predict(X), model.classes_[shares.argmax(axis=1)])
    *_, last = model.staged_predict_proba(X)
    assert_array_equal(last, model.predict_proba(X))
    *_, last = model.staged_predict(X)
    assert_array_equal(last, model.predict(X))
    losses = model.history_[:, "train_loss"]
    assert losses[-1] == pytest.approx(log_loss(labels, model.predict_proba(X)))
    assert losses[-1] < 0.6 * losses[0]


def test_stages_are_sums_of_the_first_nets():
    model = regressor(5).fit(X, VALUES)
    sums = model.base_[0] + model.predict_members(X).cumsum(axis=0)
    assert_allclose(list(model.staged_predict(X)), sums)
    assert_allclose(model.predict(X), sums[-1])


def test_the_nets_of_the_best_stage_are_kept():
    split = ValidSplit(4)
    model = regressor(30, train_split=split, n_iter_no_change=6, corrective_lr=8.0)
    model.fit(X, VALUES)
    losses = np.array(model.history_[:, "valid_loss"])
    best = int(losses.argmin())
    assert len(model.snapshots_) == len(model.rates_) == best + 1
    assert len(losses) == min(best + 7, 30)
    _, aside = split(Dataset(X, VALUES))
    rows = aside.indices
    error = 0.5 * np.mean((model.predict(X[rows]) - VALUES[rows]) ** 2)
    assert error == pytest.approx(losses.min())
    everything = clone(model).set_params(n_iter_no_change=None).fit(X, VALUES)
    assert len(everything.history_) == 30


def test_a_gain_is_more_than_the_tolerance():
    split = ValidSplit(4)
    model = regressor(20, train_split=split, n_iter_no_change=2, tol=1e9).fit(X, VALUES)
    assert len(model.history_) == 3
    assert len(model.snapshots_) == 1


def test_rows_aside_are_not_learned_from():
    split = ValidSplit(4)
    learned, aside = (part.indices for part in split(Dataset(X, VALUES)))
    other = VALUES.copy()
    other[aside] += 100
    options = {"train_split": split, "n_iter_no_change": None}
    nets = [regressor(2, **options).fit(X, y) for y in (VALUES, other)]
    first, second = (model.history_[:, "train_loss"] for model in nets)
    assert first == second
    assert nets[0].base_[0] == pytest.approx(VALUES[learned].mean())


@pytest.mark.parametrize(
    "loss",
    ["squared_error", "absolute_error", "huber", "poisson", "gamma", TweedieLoss(1.5)],
    ids=str,
)
def test_losses_get_smaller(loss):
    y = np.exp(VALUES / VALUES.max())
    model = NeuralBoostingRegressor(loss=loss, n_estimators=16, random_state=0)
    model.set_params(max_epochs=10).fit(X, y)
    losses = model.history_[:, "train_loss"]
    constant = model._loss.value(y, np.full(120, model.base_[0])).mean()
    best = model._loss.value(y, model._loss.link(y)).mean()
    assert losses[-1] - best < 0.5 * (constant - best)
    assert model.scale_ == pytest.approx(y.std() if loss in NAMES_OF_VALUES else 1.0)
    assert (model.predict(X) > 0).all() or loss in NAMES_OF_VALUES


NAMES_OF_VALUES = ("squared_error", "absolute_error", "huber")


def test_the_unit_of_the_target_makes_no_difference():
    small, large = (regressor().fit(X, y) for y in (VALUES, 1000 * VALUES - 5))
    assert_allclose(large.predict(X), 1000 * small.predict(X) - 5, rtol=1e-8)


def test_quantiles_are_above_as_many_rows_as_they_say():
    rng = np.random.default_rng(0)
    rows = rng.uniform(-1, 1, (600, 1))
    values = rng.normal(rows[:, 0], 0.5)
    for level in (0.1, 0.9):
        model = NeuralBoostingRegressor(
            loss=PinballLoss(level), n_estimators=8, random_state=0
        ).fit(rows, values)
        # The share is known within 0.012: three errors and what is left unlearned.
        assert np.mean(values < model.predict(rows)) == pytest.approx(level, abs=0.05)


def test_the_exponential_loss_is_of_two_classes():
    two = LABELS > 0
    model = classifier(6, loss="exponential").fit(X, two)
    assert model.score(X, two) > 0.7
    with pytest.raises(ValueError, match="only suitable for a binary"):
        classifier(loss="exponential").fit(X, LABELS)
    other = classifier(6, loss=BinomialLoss()).fit(X, two)
    assert_array_equal(
        other.predict_proba(X), classifier(6).fit(X, two).predict_proba(X)
    )


def test_criteria_and_nonlinearities_of_the_users_net_are_replaced():
    net = net_for(
        skorch.NeuralNetClassifier,
        criterion=nn.CrossEntropyLoss,
        criterion__label_smoothing=0.1,
        predict_nonlinearity=lambda output: 0 * output,
    )
    assert_array_equal(
        classifier(net=net).fit(X, LABELS).predict_proba(X),
        classifier().fit(X, LABELS).predict_proba(X),
    )


def test_modules_that_return_a_flat_output_fit_one_raw_prediction():
    class Flat(nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = nn.Linear(6, 1)

        def forward(self, rows):
            return self.linear(rows)[:, 0]

    net = skorch.NeuralNetRegressor(Flat, max_epochs=2)
    assert regressor(net=net).fit(X, VALUES).predict(X).shape == (120,)
    wide = skorch.NeuralNetRegressor(nn.Linear, module__in_features=6)
    wide.set_params(module__out_features=2)
    with pytest.raises(ValueError, match=r"must be \(2, 1\)"):
        regressor(net=wide).fit(X, VALUES)


def test_a_sum_of_nets_is_base_and_nets_times_rates():
    members = [nn.Linear(3, 2) for _ in range(3)]
    module = SumOfNets(members, np.array([0.5, 1.0, 2.0]), np.array([1.0, -1.0]), 10.0)
    rows = torch.randn(5, 3)
    plain = sum(a * net(rows) for a, net in zip((0.5, 1.0, 2.0), members, strict=True))
    torch.testing.assert_close(module(rows), torch.tensor([1.0, -1.0]) + 10 * plain)


SCORE = EpochScoring("r2", on_train=True)
WRONG = {
    "stages": ({"n_estimators": 0}, "'n_estimators' parameter"),
    "rate": ({"learning_rate": 0}, "'learning_rate' parameter"),
    "epochs": ({"corrective_epochs": -1}, "'corrective_epochs' parameter"),
    "share": ({"corrective_lr": 0}, "'corrective_lr' parameter"),
    "wait": ({"n_iter_no_change": 0}, "'n_iter_no_change' parameter"),
    "tolerance": ({"tol": -1}, "'tol' parameter"),
    "loss": ({"loss": "hinge"}, "'loss' parameter"),
    "raw": ({"loss": MultinomialLoss(3)}, "one raw prediction"),
    "net": ({"estimator": skorch.NeuralNetBinaryClassifier(nn.Linear)}, "'estimator'"),
    "no split": ({"train_split": 5}, "'train_split' .* a callable"),
    "mixed": (
        {"estimator": net_for(skorch.NeuralNetRegressor, callbacks=[Mixup()])},
        "Mixup looks at targets",
    ),
    "stopped": (
        {"estimator": net_for(skorch.NeuralNetRegressor, callbacks=[EarlyStopping()])},
        "EarlyStopping looks at rows set aside",
    ),
    "scored": (
        {"estimator": net_for(skorch.NeuralNetRegressor, callbacks=[("a", SCORE)])},
        "EpochScoring looks at targets",
    ),
    "split": (
        {"train_split": predefined_split(Dataset(X, VALUES))},
        "'train_split' .* a split of the rows of fit",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_bad_parameters_are_errors(name):
    options, message = WRONG[name]
    with pytest.raises(ValueError, match=message):
        regressor().set_params(**options).fit(X, VALUES)


def test_targets_that_a_loss_has_not_are_refused():
    with pytest.raises(ValueError, match="loss='gamma'"):
        regressor(loss="gamma").fit(X, VALUES - 100)
    with pytest.raises(ValueError, match="minimum of 2 classes"):
        classifier().fit(X, np.zeros(120))
    with pytest.raises(ValueError, match="1d array"):
        regressor().fit(X, X[:, :2])
    with pytest.raises(ValueError, match="raw predictions"):
        classifier(loss=MultinomialLoss(4)).fit(X, LABELS)


@pytest.mark.parametrize(
    "settings",
    [
        {"callbacks": [Freezer("1.*")]},
        {"optimizer__param_groups": [("1.*", {"lr": 0.0})]},
    ],
    ids=["frozen", "still"],
)
def test_what_a_net_does_not_train_is_not_trained_in_corrections(settings):
    net = net_for(skorch.NeuralNetRegressor, **settings)
    alone = regressor(2, net, corrective_epochs=0).fit(X, VALUES)
    corrected = regressor(2, net).fit(X, VALUES)
    for one, other in zip(alone.estimators_, corrected.estimators_, strict=True):
        assert torch.equal(one.module_[1].weight, other.module_[1].weight)
        assert not torch.equal(one.module_[3].weight, other.module_[3].weight)


def test_callbacks_that_set_sizes_do_so_in_stages():
    class Sizes(Callback):
        def on_train_begin(self, net, X=None, y=None, **kwargs):
            net.set_params(module__in_features=X.shape[1])

    net = skorch.NeuralNetRegressor(
        nn.Linear,
        module__in_features=1,
        module__out_features=1,
        module__dtype=torch.float64,
        callbacks=[Sizes()],
        max_epochs=2,
    )
    model = regressor(3, net).fit(X, VALUES)
    assert model.history_[:, "corrected"] == [False, True, True]
    assert np.ptp(model.rates_) > 0
