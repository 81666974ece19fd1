"""Where the windows of `RollingOrigin` lie: by number, by time, or by hand."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ensembles._typing import IntArray
from ensembles._validation import invalid_parameter, is_count
from ensembles.model_selection._axis import TimeAxis
from ensembles.model_selection._sizes import Size, Span
from ensembles.model_selection._times import times_of
from ensembles.model_selection._windows import (
    Window,
    back_from,
    windows_at,
    windows_of_counts,
    windows_of_spans,
)

__all__ = [
    "WindowSizes",
    "before_gap",
    "check_horizon",
    "layout_by_hand",
    "layout_in_numbers",
    "layout_in_time",
]


@dataclass(frozen=True, slots=True)
class WindowSizes:
    """Sizes as the user wrote them, shares turned into counts; None where left open."""

    test: int | Span | None
    train: int | Span | None
    most: int | Span | None
    gap: int | Span
    step: int | Span | None


def before_gap(axis: TimeAxis, window: Window, gap: Size) -> tuple[int, Any]:
    """Position at which training must stop, and its time."""
    stop = back_from(axis, window.origin, gap, window.time)
    if axis.times is None:
        return stop, None
    time = window.time
    if time is None:
        time = axis.times[min(window.origin, axis.n_samples - 1)]
    if isinstance(gap, Span):
        return stop, gap.earlier(np.array([time]), axis.zone)[0]
    return stop, axis.times[stop] if gap else time


def check_horizon(owner: Any) -> None:
    """Raise unless steps ahead are that, and nothing else says what is tested."""
    steps = np.atleast_1d(owner.horizon).tolist()
    if not steps or not all(is_count(h) and h >= 1 for h in steps):
        raise invalid_parameter(
            owner, "horizon", owner.horizon, "an int >= 1, ints >= 1 or None"
        )
    if owner.test_size is not None:
        raise ValueError(
            f"test_size={owner.test_size} and horizon={owner.horizon!r} both say "
            "which rows are tested. Give one of them."
        )


def _horizon_offsets(owner: Any) -> IntArray:
    """Steps ahead as offsets from the origin, ascending."""
    return np.unique(np.asarray(np.atleast_1d(owner.horizon), dtype=np.intp)) - 1


def layout_in_numbers(owner: Any, axis: TimeAxis, sizes: WindowSizes) -> list[Window]:
    """Windows of so many times each, `step` of them from one origin to the next."""
    n_times = axis.n_times
    offsets = _offsets(owner, n_times, sizes)
    span = int(offsets[-1]) + 1
    step = sizes.step or span
    assert not isinstance(step, Span)
    gap, least = _least_before(axis, sizes)
    n_splits = owner.n_splits
    if n_splits is None:
        n_splits = _as_many_as_fit(owner, n_times, span, step, gap, least or 1)
    first = n_times - span - (n_splits - 1) * step
    what = "test_size" if owner.horizon is None else "horizon"
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
    if owner.anchor == "start":
        first = min(first, (least or span) + gap)
    windows = list(windows_of_counts(axis, first + step * np.arange(n_splits), offsets))
    for number, window in enumerate(windows):
        if (window.starts >= window.stops).any():
            raise ValueError(
                f"Fold {number} tests no rows: no time ends within its test_size="
                f'{span} rows. Make test sets larger, or count with unit="times".'
            )
    return windows


def _least_before(axis: TimeAxis, sizes: WindowSizes) -> tuple[int, int | None]:
    """Numbers of times in a gap and in the least first training set."""
    gap, least = sizes.gap, sizes.train
    if isinstance(least, Span):
        # As many as begin in the first span of the data.
        until = least.later(axis.times[:1], axis.zone)
        least = int(axis.number_of(axis.first_at(until))[0])
    # How many times a span of the gap holds differs: folds are checked as they come.
    return (0 if isinstance(gap, Span) else gap), least


def _offsets(owner: Any, n_times: int, sizes: WindowSizes) -> IntArray:
    """Tested times, counted from the origin."""
    if owner.horizon is not None:
        return _horizon_offsets(owner)
    size = sizes.test
    assert not isinstance(size, Span)
    if owner.n_splits is None and size is None:
        raise ValueError(
            "RollingOrigin(n_splits=None) needs test_size or horizon, since "
            "the size of a test set follows from n_splits otherwise."
        )
    if owner.n_splits is not None:
        n_folds = owner.n_splits + 1
        if n_folds > n_times:
            raise ValueError(
                f"Cannot have number of folds={n_folds} greater"
                f" than the number of samples={n_times}."
            )
        if size is None:
            size = n_times // n_folds
            if owner.season is not None:
                size -= size % owner.season
                _check_whole(owner, size, n_times)
    assert size is not None
    if owner.season is not None and size % owner.season:
        whole = size - size % owner.season
        nearest = f"{whole} or {whole + owner.season}" if whole else f"{owner.season}"
        raise ValueError(
            f"test_size={size} is no multiple of season={owner.season}, so test sets "
            f"would hold parts of a cycle. Take {nearest}."
        )
    return np.arange(size)


def _check_whole(owner: Any, size: int, n_times: int) -> None:
    """Raise if test sets cannot hold a cycle."""
    if not size:
        raise ValueError(
            f"No whole cycle of season={owner.season} fits into test sets of "
            f"{n_times} samples and n_splits={owner.n_splits}. At most "
            f"n_splits={n_times // owner.season - 1} leaves room."
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
    test, step = sizes.test, sizes.step
    for name, size in (("test_size", test), ("step", step)):
        if not (isinstance(size, Span) or (name == "step" and size is None)):
            raise ValueError(
                f"{name}={getattr(owner, name)!r} counts rows, while "
                f"{'step' if name == 'test_size' else 'test_size'} is a span of time. "
                "Give both as spans, or neither."
            )
    if owner.season is not None:
        raise ValueError(
            f"season={owner.season} counts rows, while test_size={owner.test_size!r} "
            "is a span of time. A span of whole cycles does the same, such as '7D'."
        )
    assert isinstance(test, Span)
    step = test if step is None else step
    assert isinstance(step, Span)
    least = axis.times[:1]
    for size in (sizes.train, sizes.gap):
        if isinstance(size, Span):
            least = size.later(least, axis.zone)
    windows = windows_of_spans(
        axis,
        test,
        step,
        from_start=owner.anchor == "start",
        least=int(least[0]),
    )
    n_least = sizes.train if isinstance(sizes.train, int) else 1
    windows = [
        window
        for window in windows
        if axis.number_of(np.array([before_gap(axis, window, sizes.gap)[0]]))[0]
        >= n_least
    ]
    return _chosen(owner, windows)


def _chosen(owner: Any, windows: list[Window]) -> list[Window]:
    """As many of the windows as are asked for."""
    n_splits = len(windows) if owner.n_splits is None else owner.n_splits
    if not windows or n_splits > len(windows):
        raise ValueError(
            f"{'No fold' if not windows else f'Only {len(windows)} folds'} of "
            f"test_size={owner.test_size!r} fit behind a training set with "
            f"train_size={owner.train_size!r} and gap={owner.gap!r}, asked for "
            f"n_splits={owner.n_splits}. Make sizes smaller, or leave n_splits=None "
            "for as many as fit."
        )
    return windows[:n_splits] if owner.anchor == "start" else windows[-n_splits:]


def layout_by_hand(owner: Any, axis: TimeAxis, sizes: WindowSizes) -> list[Window]:
    """Windows from given times on."""
    origins = times_of(owner.origins, "origins").values
    if not len(origins) or (np.diff(origins) <= 0).any():
        raise ValueError(
            f"origins must ascend and be at least one, got {owner.origins!r}."
        )
    if axis.times is None:
        positions = origins
    else:
        if times_of(owner.origins, "origins").are_dates != axis.has_dates:
            raise TypeError(
                f"origins and times of rows must be of one kind, dates or numbers, got "
                f"{owner.origins!r} for rows with "
                f"{'dates' if axis.has_dates else 'numbers'}."
            )
        positions = axis.first_at(origins)
    for origin, position in zip(owner.origins, positions, strict=True):
        if not 0 < position < axis.n_samples:
            side = "before" if position <= 0 else "at or after"
            raise ValueError(
                f"The origin {origin!r} has no rows {side} it. Choose origins within "
                "the times of the rows."
            )
    if axis.times is None:
        return _from_numbers(owner, axis, positions, sizes)
    offsets = None if owner.horizon is None else _horizon_offsets(owner)
    if sizes.test is None and offsets is None:
        return [
            Window(int(a), time, np.array([a]), np.array([b]))
            for time, (a, b) in zip(
                origins, pairwise([*positions, axis.n_samples]), strict=True
            )
        ]
    return _with_rows(owner, list(windows_at(axis, origins, sizes.test, offsets)))


def _from_numbers(
    owner: Any, axis: TimeAxis, positions: IntArray, sizes: WindowSizes
) -> list[Window]:
    """Windows from given numbers of rows on."""
    if owner.horizon is not None:
        windows = list(windows_of_counts(axis, positions, _horizon_offsets(owner)))
    elif sizes.test is not None:
        assert not isinstance(sizes.test, Span)
        windows = list(windows_of_counts(axis, positions, np.arange(sizes.test)))
    else:
        windows = [
            Window(int(a), None, np.array([a]), np.array([b]))
            for a, b in pairwise([*positions, axis.n_samples])
        ]
    return _with_rows(owner, windows)


def _with_rows(owner: Any, windows: list[Window]) -> list[Window]:
    """Windows without what lies beyond the data; of each some must be left."""
    cut = []
    for window, origin in zip(windows, owner.origins, strict=True):
        has_rows = window.starts < window.stops
        if not has_rows.any():
            raise ValueError(
                f"From the origin {origin!r} on, no row is tested by test_size="
                f"{owner.test_size!r}, horizon={owner.horizon!r}."
            )
        starts, stops = window.starts[has_rows], window.stops[has_rows]
        cut.append(window._replace(starts=starts, stops=stops))
    return cut
