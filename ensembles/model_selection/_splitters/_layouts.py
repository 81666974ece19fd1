"""Where the windows of `RollingOrigin` lie: by number, by time, or by hand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ensembles._times import times_of
from ensembles._typing import IntArray
from ensembles._validation import invalid_parameter, is_count
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._sizes import CalendarSpan, FixedSpan, Span
from ensembles.model_selection._splitters._windows import (
    Window,
    window_of_counts,
    window_of_times,
    windows_of_spans,
)

__all__ = ["WindowSizes", "layout_by_hand", "layout_in_numbers", "layout_in_time"]


@dataclass(frozen=True, slots=True)
class WindowSizes:
    """Sizes of folds, shares turned into counts; None where left open."""

    n_splits: int | None
    test: Any
    horizon: IntArray | None
    """Tested times, counted from the origin."""
    train: Any
    most: Any
    moves: bool
    """Whether training sets keep their size."""
    gap: Any
    step: Any
    season: int | None
    from_start: bool

    def train_range(
        self, axis: TimeAxis, window: Window, first_size: int
    ) -> tuple[int, int]:
        """Positions between which is trained; `first_size` if a size is left open."""
        stop = axis.back(window.origin, self.gap, window.time)
        time = axis.time_at(stop)
        if isinstance(self.gap, Span):
            time = axis.moved_time(window.time, self.gap, -1)
        elif not self.gap:
            time = window.time
        moving = first_size if self.train is None else self.train
        limits = [moving] if self.moves else []
        limits += [] if self.most is None else [self.most]
        starts = [axis.back(stop, size, time, at_most=True) for size in limits]
        return max([0, *starts]), stop


def layout_in_numbers(owner: Any, axis: TimeAxis, sizes: WindowSizes) -> list[Window]:
    """Windows of so many times each, `step` of them from one origin to the next."""
    n_times = axis.n_times
    offsets = _offsets(owner, n_times, sizes)
    span = int(offsets[-1]) + 1
    step = sizes.step or span
    # How many times a span of the gap holds differs: folds are checked as they come.
    gap = 0 if isinstance(sizes.gap, Span) else sizes.gap
    least = sizes.train
    if isinstance(least, Span):
        within = axis.first_at(axis.moved_time(axis.times[0], least))
        least = int(axis.number_of(within))
    n_splits = sizes.n_splits
    if n_splits is None:
        n_splits = _as_many_as_fit(owner, n_times, span, step, gap, least or 1)
    first = n_times - span - (n_splits - 1) * step
    what = "test_size" if sizes.horizon is None else "horizon"
    if first - gap <= 0:
        raise ValueError(
            f"Too many splits={n_splits} for number of samples"
            f"={n_times} with {what}={span} and gap={owner.gap}."
        )
    if least is not None and first - gap < least:
        raise ValueError(
            f"train_size={owner.train_size} does not fit: with n_splits={n_splits}, "
            f"{what}={span}, step={step} and gap={owner.gap} the first training "
            f"set of {n_times} samples has {first - gap} rows. Lower "
            "train_size, or leave n_splits=None for as many folds as fit."
        )
    if sizes.from_start:
        first = min(first, (least or span) + gap)
    numbers = first + step * np.arange(n_splits)
    windows = [window_of_counts(axis, int(number), offsets) for number in numbers]
    for fold, window in enumerate(windows):
        if not len(window.starts):
            raise ValueError(
                f"Fold {fold} tests no rows: no time ends within its test_size="
                f'{span} rows. Make test sets larger, or count with unit="times".'
            )
    return windows


def _offsets(owner: Any, n_times: int, sizes: WindowSizes) -> IntArray:
    """Tested times, counted from the origin."""
    if sizes.horizon is not None:
        return sizes.horizon
    size = sizes.test
    if sizes.n_splits is None and size is None:
        raise ValueError(
            "RollingOrigin(n_splits=None) needs test_size or horizon, since "
            "the size of a test set follows from n_splits otherwise."
        )
    if sizes.n_splits is not None:
        n_folds = sizes.n_splits + 1
        if n_folds > n_times:
            raise ValueError(
                f"Cannot have number of folds={n_folds} greater"
                f" than the number of samples={n_times}."
            )
        if size is None:
            size = n_times // n_folds
            size -= size % (sizes.season or 1)
    if sizes.season is not None:
        _check_whole_cycles(owner, size, n_times, sizes.season)
    return np.arange(size)


def _check_whole_cycles(owner: Any, size: int, n_times: int, season: int) -> None:
    """Raise unless test sets hold whole cycles."""
    if not size:
        most = n_times // season - 1
        hint = f"At most n_splits={most} leaves room." if most > 0 else "Lower season."
        raise ValueError(
            f"No whole cycle of season={season} fits into test sets of "
            f"{n_times} samples and n_splits={owner.n_splits}. {hint}"
        )
    if size % season:
        below = size - size % season
        nearest = f"{below} or {below + season}" if below else str(season)
        raise ValueError(
            f"test_size={size} is no multiple of season={season}, so test sets "
            f"would hold parts of a cycle. Take {nearest}."
        )


def _as_many_as_fit(
    owner: Any, n_times: int, span: int, step: int, gap: int, least: int
) -> int:
    """Number of folds behind a first training set of `least` times."""
    room = n_times - least - gap - span
    if room < 0:
        raise ValueError(
            f"No fold fits into {n_times} samples with train_size={least}, "
            f"gap={owner.gap} and test sets that span {span} rows: they need "
            f"{least + gap + span}."
        )
    return room // step + 1


def layout_in_time(owner: Any, axis: TimeAxis, sizes: WindowSizes) -> list[Window]:
    """Windows of a span of time each, and `step` from one origin to the next."""
    _check_spans(owner, sizes)
    before = sizes.train
    if before is None and sizes.from_start:
        before = sizes.test
    least = int(axis.times[0])
    for size in (before, sizes.gap):
        if isinstance(size, Span):
            least = axis.moved_time(least, size)
    n_least = before if is_count(before) else 1
    found = windows_of_spans(
        axis, sizes.test, sizes.step, from_start=sizes.from_start, least=least
    )
    windows: list[Window] = []
    for window in found:
        stop = axis.back(window.origin, sizes.gap, window.time)
        if axis.number_of(np.array(stop)) >= n_least:
            windows.append(window)
        elif not sizes.from_start:
            break
        if len(windows) == sizes.n_splits:
            break
    if not windows or len(windows) < (sizes.n_splits or 0):
        hint = ", or leave n_splits=None for as many as fit" if windows else ""
        raise ValueError(
            f"{f'Only {len(windows)} folds' if windows else 'No fold'} of "
            f"test_size={owner.test_size!r} and train_size={owner.train_size!r} with "
            f"gap={owner.gap!r} between fit into the data, asked for "
            f"n_splits={owner.n_splits}. Make sizes smaller{hint}."
        )
    return windows if sizes.from_start else windows[::-1]


def _check_spans(owner: Any, sizes: WindowSizes) -> None:
    """Raise unless windows and their steps go together."""
    test, step = sizes.test, sizes.step
    if sizes.horizon is not None or (
        not isinstance(test, Span) or isinstance(step, int)
    ):
        what = "horizon" if sizes.horizon is not None else "test_size"
        raise ValueError(
            f"{what}={getattr(owner, what)!r} and step={owner.step!r} must both count "
            "times or both be spans of time."
        )
    if sizes.season is not None:
        raise ValueError(
            f"season={sizes.season} counts rows, while test_size={owner.test_size!r} "
            "is a span of time. A span of whole cycles does the same, such as '7D'."
        )
    on_grid = isinstance(test, CalendarSpan) and test.has_grid
    if on_grid and isinstance(step, FixedSpan):
        raise ValueError(
            f"test_size={owner.test_size!r} tests whole steps of a calendar, which "
            f"step={owner.step!r} would start in between. Step on a calendar too."
        )


def layout_by_hand(owner: Any, axis: TimeAxis, sizes: WindowSizes) -> list[Window]:
    """Windows from given times on, each up to the next one if sizes are left open."""
    origins = _origins(owner, axis)
    if axis.times is None:
        positions = origins.astype(np.intp)
    else:
        positions = axis.first_at(origins)
    for origin, position in zip(owner.origins, positions, strict=True):
        if not 0 < position < axis.n_samples:
            side = "before" if position <= 0 else "at or after"
            raise ValueError(
                f"The origin {origin!r} has no rows {side} it. Choose origins within "
                "the times of the rows."
            )
    windows: list[Window] = []
    for time, (start, stop) in zip(
        origins, pairwise([*positions, axis.n_samples]), strict=True
    ):
        at = None if axis.times is None else time
        number = int(axis.number_of(np.array(start)))
        if sizes.horizon is not None:
            window = window_of_counts(axis, number, sizes.horizon, at)
        elif isinstance(sizes.test, Span):
            window = window_of_times(axis, time, axis.moved_time(time, sizes.test))
        elif sizes.test is not None:
            window = window_of_counts(axis, number, np.arange(sizes.test), at)
        else:
            bounds = np.array([start]), np.array([stop])
            window = Window(int(start), at, *bounds)
        if not (window.starts < window.stops).any():
            raise ValueError(
                f"From the origin {owner.origins[len(windows)]!r} on, no row is tested "
                f"with test_size={owner.test_size!r} and horizon={owner.horizon!r}."
            )
        windows.append(window)
    _check_least(owner, axis, sizes, windows[0])
    return windows


def _check_least(
    owner: Any, axis: TimeAxis, sizes: WindowSizes, window: Window
) -> None:
    """Raise if the first training set, where it grows, is smaller than asked for."""
    if sizes.moves or sizes.train is None:
        return
    _, stop = sizes.train_range(axis, window, 0)
    reached = axis.ahead(0, sizes.train)
    if reached > stop or (reached == axis.n_samples and stop < reached):
        raise ValueError(
            f"train_size={owner.train_size!r} does not fit: before the first origin, "
            f"{owner.origins[0]!r}, and gap={owner.gap!r} lie {stop} rows. Start later "
            "or lower train_size."
        )


def _origins(owner: Any, axis: TimeAxis) -> Any:
    """Origins as numbers of the kind that times of rows are."""
    if not len(owner.origins):
        raise ValueError(f"origins must be at least one, got {owner.origins!r}.")
    origins = times_of(owner.origins, "origins")
    if axis.given is not None:
        axis.given.check_goes_with(origins, "times", "origins")
    elif origins.are_dates or origins.values.dtype.kind == "f":
        raise invalid_parameter(
            owner, "origins", owner.origins, "numbers of rows, as rows have no times"
        )
    if (np.diff(origins.values) <= 0).any():
        raise ValueError(f"origins must ascend, got {owner.origins!r}.")
    return origins.values
