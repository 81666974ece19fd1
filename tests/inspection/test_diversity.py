"""Diversity against tables worked by hand, and identities."""

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import cohen_kappa_score

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    DiversityDisplay,
    LabelDiversity,
    ValueDiversity,
    VotingClassifier,
    diversity,
)

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def right_or_wrong(*tables):
    """True labels, all zero, and two members with a, b, c and d rows each."""
    a, b, c, d = tables
    first = np.repeat([0, 0, 1, 1], [a, b, c, d])
    second = np.repeat([0, 1, 0, 1], [a, b, c, d])
    return np.zeros(a + b + c + d, int), np.stack([first, second])


@pytest.mark.parametrize(
    ("table", "q", "correlation", "kappa"),
    [
        # Q = (ad - bc) / (ad + bc), rho and kappa as their definitions have them.
        ((5, 1, 2, 2), 8 / 12, 8 / np.sqrt(6 * 4 * 7 * 3), 16 / (6 * 3 + 7 * 4)),
        ((4, 2, 2, 1), 0.0, 0.0, 0.0),
        ((0, 5, 5, 0), -1.0, -1.0, -1.0),
        ((7, 0, 0, 3), 1.0, 1.0, 1.0),
        ((1, 4, 4, 1), -15 / 17, -15 / 25, -30 / 50),
    ],
    ids=["mixed", "independent", "opposite", "equal", "apart"],
)
def test_pairs_by_hand(table, q, correlation, kappa):
    y, labels = right_or_wrong(*table)
    found = LabelDiversity.from_predictions(y, labels)
    n = sum(table)
    assert found.q_statistic[0, 1] == pytest.approx(q)
    assert found.correlation[0, 1] == pytest.approx(correlation)
    assert found.kappa[0, 1] == pytest.approx(kappa)
    assert found.disagreement[0, 1] == pytest.approx((table[1] + table[2]) / n)
    assert found.double_fault[0, 1] == pytest.approx(table[3] / n)
    assert_allclose(
        found.errors, [(table[2] + table[3]) / n, (table[1] + table[3]) / n]
    )


def members(seed=0, m=7, n=300, k=3):
    rng = np.random.default_rng(seed)
    y = rng.integers(k, size=n)
    hard = rng.uniform(size=n)
    labels = np.where(rng.uniform(size=(m, n)) < hard, y, rng.integers(k, size=(m, n)))
    return y, labels


def test_kappa_is_cohen_s_of_being_right():
    y, labels = members()
    found = LabelDiversity.from_predictions(y, labels)
    right = labels == y
    for i in range(7):
        for j in range(7):
            expected = cohen_kappa_score(right[i], right[j])
            assert found.kappa[i, j] == pytest.approx(expected)
    expected = np.corrcoef(right)
    assert_allclose(found.correlation, expected)


def test_measures_of_all_members_go_with_those_of_pairs():
    y, labels = members()
    found = LabelDiversity.from_predictions(y, labels)
    right = labels == y
    # Kuncheva and Whitaker, equation 19: KW = (m - 1) / 2m times mean disagreement.
    assert found.kohavi_wolpert == pytest.approx(3 / 7 * found.mean("disagreement"))
    mean = right.mean()
    expected = 1 - found.mean("disagreement") / (2 * mean * (1 - mean))
    assert found.interrater_agreement == pytest.approx(expected)
    count = right.sum(axis=0)
    assert found.difficulty == pytest.approx(np.var(count / 7))
    assert found.entropy == pytest.approx(np.mean(np.minimum(count, 7 - count)) / 3)


def test_ends_of_the_scales():
    y, labels = members(m=1)
    alike = LabelDiversity.from_predictions(y, np.repeat(labels, 4, axis=0))
    assert alike.entropy == alike.kohavi_wolpert == alike.mean("disagreement") == 0
    assert alike.interrater_agreement == pytest.approx(1)
    assert_allclose(alike.kappa, 1)
    halves = np.array([[0, 0, 1, 1], [1, 1, 0, 0]])
    apart = LabelDiversity.from_predictions(np.zeros(4, int), halves)
    assert apart.entropy == 1
    assert apart.interrater_agreement == pytest.approx(-1)
    single = LabelDiversity.from_predictions(y, labels)
    assert np.isnan(single.interrater_agreement)
    assert np.isnan(single.mean("kappa"))
    assert single.entropy == 0


def test_what_is_not_defined_is_nan_and_does_not_count():
    y, labels = members(m=3)
    labels[:2] = y  # two that are never wrong
    found = LabelDiversity.from_predictions(y, labels)
    assert np.isnan(found.q_statistic[0, 1])
    assert np.isnan(found.kappa[0, 1])
    assert found.kappa[0, 2] == found.mean("kappa") == 0
    assert not np.isnan(found.mean("disagreement"))


def test_the_vote_is_the_plurality_and_ties_go_to_the_lowest():
    y = np.array(["a", "b", "a"])
    labels = np.array([["a", "c", "b"], ["b", "b", "c"], ["c", "b", "a"]])
    assert LabelDiversity.from_predictions(y, labels).vote_error == 0
    numbers = np.array([[7, -1, 2**62], [7, -1, 5], [3, 5, 5]])
    true = np.array([7, -1, 5])
    assert LabelDiversity.from_predictions(true, numbers).vote_error == 0
    reverse = LabelDiversity.from_predictions(true, numbers[:, ::-1])
    assert reverse.vote_error == pytest.approx(2 / 3)


@pytest.mark.parametrize("values", [False, True], ids=["labels", "values"])
def test_weights_of_rows_are_repetitions(values):
    y, predictions = members()
    counts = np.random.default_rng(1).integers(0, 4, size=300)
    kind = ValueDiversity if values else LabelDiversity
    weighted = kind.from_predictions(y, predictions, sample_weight=counts)
    repeated = kind.from_predictions(
        np.repeat(y, counts), np.repeat(predictions, counts, axis=1)
    )
    for name in kind.__dataclass_fields__:
        one, other = getattr(weighted, name), getattr(repeated, name)
        assert_allclose(one, other, atol=1e-12)


def test_the_error_of_the_mean_is_the_mean_error_less_the_ambiguity():
    rng = np.random.default_rng(0)
    y = rng.normal(size=200)
    values = y + rng.normal(size=(9, 200)) + rng.normal(size=200)
    weights = rng.uniform(size=200)
    found = ValueDiversity.from_predictions(y, values, sample_weight=weights)
    left = found.mean_error - found.ambiguity
    assert found.ensemble_error == pytest.approx(left)
    error = np.average((values.mean(axis=0) - y) ** 2, weights=weights)
    assert found.ensemble_error == pytest.approx(error)
    assert found.ensemble_error <= found.mean_error  # Jensen
    plain = ValueDiversity.from_predictions(y, values)
    assert_allclose(plain.correlation, np.corrcoef(values - y))


def test_members_of_ensembles_are_asked():
    X, codes = make_classification(200, random_state=0)
    y = np.array(["no", "yes"])[codes]
    bag = BaggingClassifier(n_estimators=8, random_state=0).fit(X[:100], y[:100])
    found = diversity(bag, X[100:], y[100:])
    labels = np.stack([bag.classes_[one.predict(X[100:])] for one in bag])
    expected = LabelDiversity.from_predictions(y[100:], labels)
    assert_array_equal(found.kappa, expected.kappa)
    assert found.vote_error == expected.vote_error
    X, y = make_regression(100, 4, noise=10, random_state=0)
    bag = BaggingRegressor(LinearRegression(), 5, random_state=0).fit(X, y)
    found = diversity(bag, X, y)
    assert found.ensemble_error == pytest.approx(np.mean((bag.predict(X) - y) ** 2))


def test_hard_votes_have_labels_too():
    X, y = make_classification(200, random_state=0)
    bags = [(f"bag {i}", BaggingClassifier(random_state=i)) for i in range(3)]
    found = diversity(VotingClassifier(bags).fit(X[:100], y[:100]), X[100:], y[100:])
    assert found.kappa.shape == (3, 3)


def test_a_table_of_pairs():
    pandas = pytest.importorskip("pandas")
    found = LabelDiversity.from_predictions(*members())
    table = found.to_frame()
    assert isinstance(table, pandas.DataFrame)
    assert len(table) == 21
    row = table.query("first == 2 and second == 5").iloc[0]
    assert row.kappa == found.kappa[2, 5]
    assert row.error == (found.errors[2] + found.errors[5]) / 2
    assert table.q_statistic.mean() == pytest.approx(found.mean("q_statistic"))


def test_what_cannot_be_measured_says_why():
    y, labels = members()
    with pytest.raises(TypeError, match="LinearRegression has no predict_members"):
        diversity(LinearRegression(), labels.T, y)
    with pytest.raises(ValueError, match=r"got \(300,\) and \(300,\)"):
        LabelDiversity.from_predictions(y, labels[0])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        LabelDiversity.from_predictions(y[1:], labels)
    with pytest.raises(ValueError, match="is no measure of pairs"):
        LabelDiversity.from_predictions(y, labels).mean("entropy")
    X, Y = make_regression(50, 3, n_targets=2, random_state=0)
    bag = BaggingRegressor(LinearRegression(), 2).fit(X, Y)
    with pytest.raises(ValueError, match="target of one output"):
        diversity(bag, X, Y)


def test_pairs_are_points_and_the_ensemble_is_a_line():
    y, labels = members()
    found = LabelDiversity.from_predictions(y, labels)
    display = DiversityDisplay.from_predictions(y, labels, s=5)
    points = display.points_.get_offsets()
    first, second = np.triu_indices(7, 1)
    assert_allclose(points[:, 0], found.kappa[first, second])
    assert_allclose(points[:, 1], (found.errors[first] + found.errors[second]) / 2)
    assert display.line_.get_ydata()[0] == found.vote_error
    assert display.points_.get_sizes() == 5
    assert display.ax_.get_xlabel() == "Kappa: agreement beyond chance"
    texts = [text.get_text() for text in display.ax_.get_legend().get_texts()]
    assert texts == ["Pairs of members", "The vote of all"]
    _, ax = pyplot.subplots()
    values = DiversityDisplay.from_predictions(y, labels.astype(float), ax=ax)
    assert values.ax_ is ax
    assert ax.get_xlabel() == "Correlation of errors"
    assert values.figure_ is ax.figure


@pytest.mark.parametrize("seed", range(20))
def test_what_is_not_defined_is_nan_under_weights_too(seed):
    weights = np.random.default_rng(seed).random(30)
    never_wrong = np.zeros((3, 30), int)
    found = LabelDiversity.from_predictions(
        np.zeros(30, int), never_wrong, sample_weight=weights
    )
    for name in "q_statistic", "correlation", "kappa":
        assert np.isnan(getattr(found, name)).all()
    assert np.isnan(found.interrater_agreement)
    mixed = np.stack([np.zeros(30, int), np.arange(30) % 2])
    found = LabelDiversity.from_predictions(
        np.zeros(30, int), mixed, sample_weight=weights
    )
    assert np.isnan(found.correlation[0]).all()


@pytest.mark.parametrize("n", [3, 10, 17, 1000])
def test_errors_that_are_the_same_everywhere_have_no_correlation(n):
    y = np.random.default_rng(0).normal(size=n)
    found = ValueDiversity.from_predictions(y, [y + 0.1, y + 0.3, 2 * y])
    assert np.isnan(found.correlation[:2]).all()
    assert found.correlation[2, 2] == pytest.approx(1)


def test_labels_of_any_whole_numbers_and_of_one_kind():
    rng = np.random.default_rng(0)
    labels = rng.integers(-100, 100, size=(3, 1000)).astype(np.int8)
    found = LabelDiversity.from_predictions(labels[0], labels)
    assert found.errors[0] == 0
    with pytest.raises(ValueError, match="the same kind of labels"):
        LabelDiversity.from_predictions([1, 2, 3], [["1", "2", "3"]])
