"""What loss curves say, and how they look."""

import numpy as np
import pytest
from sklearn.datasets import load_digits, make_moons
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

torch = pytest.importorskip("torch")
skorch = pytest.importorskip("skorch")

from skorch.dataset import ValidSplit  # noqa: E402
from torch import nn  # noqa: E402

from ensembles.nets import (  # noqa: E402
    DeepEnsembleRegressor,
    LossCurveDisplay,
    NeuralBoostingClassifier,
    SnapshotEnsembleClassifier,
    TemperatureScaledClassifier,
    diagnose,
)
from ensembles.nets._loss_curve import curve_of  # noqa: E402
from ensembles.nets.modules import MLP  # noqa: E402

pytestmark = pytest.mark.nets

EPOCHS = np.arange(40)
RNG = np.random.default_rng(0)


def history(train, valid=None):
    rows = [{"train_loss": loss} for loss in train]
    if rows:
        rows[0]["batches"] = [{"train_loss": 1.01 * train[0]}]
    if valid is not None:
        for row, loss in zip(rows, valid, strict=True):
            row["valid_loss"] = loss
    return rows


def names(source):
    return [finding.name for finding in diagnose(source).findings]


FALLING = 0.1 + 2.0 * np.exp(-EPOCHS / 12)
CURVES = {
    "healthy": (FALLING, FALLING + 0.05, []),
    "without rows aside": (FALLING, None, []),
    "losses of densities": (FALLING - 3, FALLING - 2.95, []),
    "no numbers aside": (FALLING, np.where(EPOCHS > 5, np.inf, 1), ["diverged"]),
    "learned in full": (2 * np.exp(-EPOCHS / 3), None, []),
    "no numbers": (np.where(EPOCHS > 5, np.nan, FALLING), None, ["diverged"]),
    "rising": (1 + EPOCHS, None, ["diverged"]),
    "nothing": (np.full(40, 2.3), np.full(40, 2.3), ["not learning"]),
    "jumping": (
        FALLING + RNG.normal(0, 0.3, 40),
        None,
        ["learning rate too high"],
    ),
    "straight": (3 - EPOCHS / 20, 3 - EPOCHS / 20, ["learning rate too low"]),
    "flat at first": (
        0.2 + 2 / (1 + np.exp((EPOCHS - 20) / 2)),
        None,
        ["bad initialisation"],
    ),
    "at rest": (0.1 + 2.0 * np.exp(-EPOCHS / 3), None, ["plateau"]),
    "rising again": (
        FALLING,
        FALLING + 0.0012 * EPOCHS**2,
        ["overfitting"],
    ),
    "up and down aside": (FALLING, 0.15 + FALLING + RNG.normal(0, 0.12, 40), []),
    "by heart": (FALLING, np.maximum(FALLING, 0.9), ["overfitting"]),
    "high": (
        2.0 + 1.0 * np.exp(-EPOCHS / 12),
        2.0 + 1.0 * np.exp(-EPOCHS / 12),
        ["underfitting"],
    ),
}


@pytest.mark.parametrize("name", CURVES)
def test_each_curve_shows_one_thing(name):
    train, valid, expected = CURVES[name]
    assert names(history(train, valid)) == expected


@pytest.mark.parametrize("scale", [1e-3, 1e3], ids=["small", "large"])
@pytest.mark.parametrize("name", CURVES)
def test_the_unit_of_the_loss_makes_no_difference(name, scale):
    train, valid, expected = CURVES[name]
    valid = None if valid is None else scale * valid
    assert names(history(scale * train, valid)) == expected


def test_few_epochs_say_little():
    for n in range(1, 5):
        assert names(history([1.0, 0.99, 0.99, 0.99][:n])) == []
    assert names(history([1.0, np.inf])) == ["diverged"]


def digits_net(**settings):
    settings = {
        "module__n_features": 64,
        "module__n_outputs": 10,
        "criterion": nn.CrossEntropyLoss,
        "optimizer": torch.optim.Adam,
        "lr": 0.003,
        "max_epochs": 12,
        "iterator_train__shuffle": True,
        "verbose": 0,
        **settings,
    }
    X, y = load_digits(return_X_y=True)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = skorch.NeuralNetClassifier(MLP, **settings)
        return net.fit((settings.pop("scale", X / 16)).astype("float32"), y)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"lr": 1e-6}, "not learning"),
        ({"lr": 1e-4}, "learning rate too low"),
        ({"lr": 1.0}, "learning rate too high"),
        ({"optimizer": torch.optim.SGD, "lr": 1e4}, "diverged"),
    ],
    ids=["1e-6", "1e-4", "1", "sgd"],
)
def test_rates_of_real_nets_are_told_apart(settings, expected):
    assert names(digits_net(**settings)) == [expected]


def test_a_real_net_that_is_fine_is_said_to_be_fine():
    text = str(diagnose(digits_net()))
    assert text == "Nothing stands out in 12 epochs."


def test_a_net_that_is_sure_before_it_has_seen_anything():
    X, y = make_moons(200, noise=0.1, random_state=0)
    net = skorch.NeuralNetClassifier(
        MLP,
        module__n_features=2,
        module__n_outputs=2,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        verbose=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        found = diagnose(net.fit((1000 * X).astype("float32"), y))
    assert found.findings[0].name == "first loss"
    assert "has 0.693" in found.findings[0].sentence
    net.partial_fit((1000 * X).astype("float32"), y)
    assert "first loss" in found
    assert "nonsense" not in found


def test_a_net_that_knew_before_is_told():
    net = digits_net()
    net.set_params(warm_start=True)
    X, y = load_digits(return_X_y=True)
    net.history.clear()
    net.partial_fit((X / 16).astype("float32"), y)
    assert diagnose(net).findings[0].name == "first loss"
    assert "trained before" in str(diagnose(net))


def test_losses_are_read_from_ensembles_and_pipelines():
    X, y = make_moons(120, noise=0.3, random_state=0)
    options = {"max_epochs": 6, "random_state": 0}
    split = ValidSplit(4)
    snapshot = SnapshotEnsembleClassifier(None, 2, train_split=split, **options)
    pipe = make_pipeline(StandardScaler(), snapshot).fit(X, y)
    curve = curve_of(pipe)
    rows = pipe[-1].history_
    np.testing.assert_array_equal(curve.train, rows[:, "train_loss"])
    np.testing.assert_array_equal(curve.valid, rows[:, "valid_loss"])
    assert curve.unknowing == pytest.approx(np.log(2))
    assert curve.first is None
    search = GridSearchCV(pipe, {}, cv=2).fit(X, y)
    best = search.best_estimator_[-1].history_
    np.testing.assert_array_equal(curve_of(search).train, best[:, "train_loss"])
    scaled = TemperatureScaledClassifier(snapshot, cv=2).fit(X, y)
    assert len(curve_of(scaled).train) == 6
    deep = DeepEnsembleRegressor(n_estimators=3, **options).fit(X, X[:, 0])
    means = np.mean([one[:, "train_loss"] for one in deep.histories_], axis=0)
    np.testing.assert_allclose(curve_of(deep).train, means)
    assert curve_of(deep).valid is None
    assert curve_of(deep).unknowing is None
    assert "train_split=ValidSplit(5)" in str(diagnose(deep))


def test_runs_that_stop_apart_are_looked_at_as_far_as_all_go():
    model = DeepEnsembleRegressor()
    model.histories_ = [
        history([3.0, 2.0, 1.0], [3, 2, 1]),
        history([1.0, 0.5], [2, 4]),
    ]
    curve = curve_of(model)
    np.testing.assert_array_equal(curve.train, [2.0, 1.25])
    np.testing.assert_array_equal(curve.valid, [2.5, 3.0])


@pytest.mark.parametrize(
    ("criterion", "labels", "expected"),
    [
        (nn.CrossEntropyLoss(), 3, np.log(3)),
        (nn.NLLLoss(), 3, np.log(3)),
        (nn.CrossEntropyLoss(reduction="sum"), 3, None),
        (nn.BCEWithLogitsLoss(), 2, np.log(2)),
        (nn.BCEWithLogitsLoss(pos_weight=torch.tensor(9.0)), 2, None),
        (nn.MSELoss(), 3, None),
    ],
    ids=["logits", "logs", "sum", "binary", "weighed", "squares"],
)
def test_a_net_that_knows_nothing_has_a_loss_of_its_own(criterion, labels, expected):
    net = skorch.NeuralNet(
        nn.Linear, criterion, module__in_features=2, module__out_features=2
    ).initialize()
    model = SnapshotEnsembleClassifier()
    model.history_, model.net_ = history([1.0]), net
    model.classes_ = np.arange(labels)
    found = curve_of(model).unknowing
    assert found == (None if expected is None else pytest.approx(expected))


def test_what_has_no_losses_is_refused():
    X, y = make_moons(20, random_state=0)
    with pytest.raises(TypeError, match="this is a LogisticRegression"):
        diagnose(LogisticRegression().fit(X, y))
    with pytest.raises(NotFittedError):
        diagnose(SnapshotEnsembleClassifier())
    net = skorch.NeuralNetClassifier(MLP)
    for empty in (net, []):
        with pytest.raises(ValueError, match="not trained yet"):
            diagnose(empty)


def test_the_picture_shows_both_curves_the_lowest_point_and_knowing_nothing():
    pytest.importorskip("matplotlib")
    losses = history([2.0, 1.0, 0.5], [2.1, 1.5, 1.8])
    display = LossCurveDisplay.from_estimator(losses, color="k")
    train, valid, lowest = display.lines_
    np.testing.assert_array_equal(train.get_xydata(), [[1, 2.0], [2, 1.0], [3, 0.5]])
    np.testing.assert_array_equal(valid.get_ydata(), [2.1, 1.5, 1.8])
    np.testing.assert_array_equal(lowest.get_xydata(), [[2, 1.5]])
    ax = display.figure_.subplots()
    again = LossCurveDisplay([1.0, 0.5], None, np.log(3)).plot(ax)
    assert again.ax_ is ax
    assert [line.get_label() for line in again.lines_] == ["Training", "Knows nothing"]
    assert again.lines_[1].get_ydata()[0] == pytest.approx(np.log(3))


def test_values_of_which_nobody_knows_the_worst_are_not_called_high():
    """An ensemble keeps no batches, and its first epoch may have learned most."""
    rows = [{"train_loss": 0.25 + 0.05 * np.exp(-epoch / 4)} for epoch in range(12)]
    assert names(rows) == []
    known = history([row["train_loss"] for row in rows])
    assert "it began at 0.303" in str(diagnose(known))


def test_stages_may_jump_where_they_are_corrected():
    X, y = load_digits(return_X_y=True)
    model = NeuralBoostingClassifier(n_estimators=16, random_state=0)
    model.fit(X[:400] / 16, y[:400])
    assert "learning rate too high" not in diagnose(model)
    jumps = [{**row, "corrected": False} for row in history(CURVES["jumping"][0])]
    assert "learning rate too high" not in names(jumps)


def test_lines_may_have_a_label_of_their_own():
    pytest.importorskip("matplotlib")
    display = LossCurveDisplay.from_estimator(history([2.0, 1.0]), label="mine")
    assert display.lines_[0].get_label() == "mine"
