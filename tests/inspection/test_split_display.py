"""Pictures of folds."""

import sys

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib import dates, pyplot
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import GroupKFold, KFold, TimeSeriesSplit

from ensembles import (
    CombinatorialPurgedKFold,
    CVSplitDisplay,
    Guarded,
    PurgedKFold,
    RollingOrigin,
    StationaryBootstrap,
)
from ensembles.exceptions import MissingDependencyError

mpl.use("Agg")


@pytest.fixture(autouse=True)
def _close():
    yield
    pyplot.close("all")


def boxes(bars):
    """Left edge, width, bottom and height of each bar."""
    found = []
    for path in bars.get_paths():
        box = path.get_extents()
        found.append((box.x0, box.width, box.y0, box.height))
    return np.array(found).reshape(-1, 4)


def test_bars_are_the_runs_of_the_folds():
    display = CVSplitDisplay.from_cv(
        CombinatorialPurgedKFold(4, 2, embargo=3), np.empty((80, 1))
    )
    assert len(display.bars_) == 3 * 6
    whole, train, test = (boxes(bars) for bars in display.bars_[3:6])
    # Fold 1 tests 0 to 19 and 40 to 59, and leaves three rows out after each.
    assert_allclose(whole, [[0, 80, 0.6, 0.8]])
    assert_allclose(test[:, :2], [[0, 20], [40, 20]])
    assert_allclose(train[:, :2], [[23, 17], [63, 17]])
    assert_allclose(train[:, 2:], [[0.6, 0.8]] * 2)
    ax = display.ax_
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("Row", "Fold")
    assert ax.get_xlim() == (0, 80)
    assert ax.get_ylim() == (5.5, -0.5)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "Train",
        "Test",
        "Left out",
    ]
    assert display.figure_ is ax.figure


def test_rows_out_of_order_are_drawn_in_time():
    rng = np.random.default_rng(0)
    order = rng.permutation(40)
    times = np.arange(40)[order] * 2.0
    display = CVSplitDisplay.from_cv(
        RollingOrigin(2, test_size=10), np.empty((40, 1)), times=times
    )
    assert_allclose(boxes(display.bars_[1])[:, :2], [[0, 40]])
    assert_allclose(boxes(display.bars_[2])[:, :2], [[40, 20]])
    assert display.ax_.get_xlabel() == "Time"


def test_dates_and_zones():
    days = pd.date_range("2024-01-01", periods=60, tz="America/New_York")
    frame = pd.DataFrame({"a": np.zeros(60)}, index=days)
    display = CVSplitDisplay.from_cv(PurgedKFold(3, purge="5D"), frame)
    first = dates.date2num(days[0])
    assert_allclose(boxes(display.bars_[2])[0, :2], [first, 20])
    assert str(display.zone) == "America/New_York"
    assert isinstance(
        display.ax_.xaxis.get_major_formatter(), dates.ConciseDateFormatter
    )
    display.figure_.canvas.draw()


def test_holes_in_time_are_left_blank():
    days = np.array(["2024-01-01", "2024-01-02", "2024-03-01", "2024-03-02"], "M8[D]")
    display = CVSplitDisplay.from_cv(
        [(np.array([0, 1]), np.array([2, 3]))], np.empty((4, 1)), times=days
    )
    assert_allclose(boxes(display.bars_[1])[:, 1], [2])


def test_bars_end_where_the_next_time_begins():
    display = CVSplitDisplay.from_cv(
        [(np.array([0, 1]), np.array([2, 3]))],
        np.empty((4, 1)),
        times=[0.0, 1.0, 1.5, 2.5],
    )
    assert_allclose(boxes(display.bars_[1])[:, :2], [[0, 1.5]])
    assert_allclose(boxes(display.bars_[2])[:, :2], [[1.5, 2]])


def test_a_time_that_repeats_is_as_long_as_another():
    display = CVSplitDisplay.from_cv(
        RollingOrigin(1, test_size=1), np.empty((9, 1)), times=np.repeat([1, 2, 3], 3)
    )
    assert_allclose(boxes(display.bars_[1])[:, :2], [[1, 2]])
    assert_allclose(boxes(display.bars_[2])[:, :2], [[3, 1]])


def test_times_of_both_kinds_show_both():
    entity, times = np.tile([0, 1, 2], 10), np.repeat(np.arange(10), 3)
    display = CVSplitDisplay.from_cv(
        GroupKFold(3), np.empty((30, 1)), groups=entity, times=times
    )
    for fold in range(3):
        assert display.spans[fold].overlap
        assert_allclose(boxes(display.bars_[3 * fold + 1])[:, :2], [[0, 10]])
        assert_allclose(boxes(display.bars_[3 * fold + 2])[:, :2], [[0, 10]])
    alike = CVSplitDisplay.from_cv(KFold(2), np.empty((4, 1)), times=np.ones(4))
    assert_allclose(boxes(alike.bars_[1])[:, :2], [[1, 1]])


def test_times_of_a_splitter_within_another():
    frame = pd.DataFrame({"t": np.arange(40)[::-1] * 2.0})
    cv = Guarded(RollingOrigin(1, test_size=10, time="t"))
    display = CVSplitDisplay.from_cv(cv, frame)
    assert_allclose(boxes(display.bars_[2])[:, :2], [[60, 20]])


def test_many_rows_make_few_bars():
    big = np.empty((200_000, 1))
    long = CVSplitDisplay.from_cv(TimeSeriesSplit(4), big)
    assert all(len(bars.get_paths()) == 1 for bars in long.bars_)
    torn = CVSplitDisplay.from_cv(KFold(2, shuffle=True, random_state=0), big)
    assert all(len(bars.get_paths()) <= 1000 for bars in torn.bars_)
    assert torn.spans[0].overlap
    train, test = boxes(torn.bars_[1]), boxes(torn.bars_[2])
    assert (train[:, 3] > 0.79).all()
    assert (test[:, 3] < 0.41).all()  # both kinds show, one below the other


def test_splitters_of_any_kind():
    X, y = np.empty((30, 1)), np.repeat([0, 1], 15)
    for cv in (3, KFold(3), [([0, 1], [2])], StationaryBootstrap(3, block_length=4)):
        assert len(CVSplitDisplay.from_cv(cv, X, y).spans) in {1, 3}
    groups = np.arange(30) % 5
    display = CVSplitDisplay.from_cv(GroupKFold(5), X, groups=groups)
    assert len(display.bars_[2].get_paths()) == 6
    empty = CVSplitDisplay.from_cv([([0], [])], X)
    assert empty.spans[0].test.shape == (0, 2)


def test_it_draws_where_and_how_it_is_told():
    _, ax = pyplot.subplots()
    display = CVSplitDisplay.from_cv(KFold(2), np.empty((10, 1)), ax=ax, alpha=0.5)
    assert display.ax_ is ax
    assert display.bars_[0].get_alpha() == 0.5
    display.plot(colors=("red", "green", "white"))
    assert display.ax_ is not ax
    assert_array_equal(display.bars_[1].get_facecolor()[0], [1, 0, 0, 1])


def test_wrong_use_is_said(monkeypatch):
    with pytest.raises(ValueError, match="makes no folds of 10 rows"):
        CVSplitDisplay.from_cv([], np.empty((10, 1)))
    days = np.array(["2024-01-01", "NaT"], "M8[D]")
    with pytest.raises(ValueError, match="1 rows have no time"):
        CVSplitDisplay.from_cv([([0], [1])], np.empty((2, 1)), times=days)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingDependencyError, match=r"ensembles\[plot\]"):
        CVSplitDisplay.from_cv(KFold(2), np.empty((10, 1)))
