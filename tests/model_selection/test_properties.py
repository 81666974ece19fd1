"""What splitters train and test on, held against a search of all pairs of rows."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.model_selection import KFold

import ensembles.model_selection as ms

by_property = settings(max_examples=80, deadline=None, derandomize=True)
PATHS = ["PurgedKFold", "CombinatorialPurgedKFold"]
GUARDS = [*PATHS, "Guarded", "HVBlock"]
ORIGINS = ["RollingOrigin", "RollingOrigin by size", "RandomOrigin"]
EVERY = [*GUARDS, *ORIGINS, "PanelSplit"]


def numbers(values):
    return np.array(values, float if None in values else int)


def dates(values):
    """Hours from a day on which clocks in Berlin are put back."""
    start = np.datetime64("2024-10-26T12", "h")
    stamps = ["NaT" if value is None else start + value for value in values]
    return np.array(stamps, "M8[h]").astype("M8[ns]")


def berlin(values):
    series = pd.Series(dates(values), index=np.arange(len(values))[::-1])
    return series.dt.tz_localize("UTC").dt.tz_convert("Europe/Berlin")


FORMS = [dates, berlin, lambda values: pl.Series(dates(values))]


def hours(size):
    return np.timedelta64(60 * size, "m") if size else 0


@dataclass(frozen=True)
class Case:
    """Rows, None for label ends that are not known, and what splits them."""

    t: list[int]
    e: list[int | None] | None
    cv: Any
    purge: int
    embargo: int
    closed: str
    groups: list[int] | None = None

    def missing(self):
        return {i for i, end in enumerate(self.e or []) if end is None}

    def splitter(self, size=int):
        purge, embargo = size(self.purge), size(self.embargo)
        guard = {"purge": purge, "h": purge, "embargo": embargo, "closed": self.closed}
        names = {name.split("__")[-1]: name for name in self.cv.get_params()}
        changed = {names[name]: guard[name] for name in guard.keys() & names}
        return clone(self.cv).set_params(**changed)

    def arguments(self, form=numbers):
        end = None if self.e is None else form(self.e)
        data = {"times": form(self.t), "label_end": end, "groups": self.groups}
        return {"X": np.empty((len(self.t), 0)), **data}

    def folds(self, form=numbers, size=int):
        """Folds as far as they come, and the complaint that ends them."""
        folds = []
        try:
            for fold in self.splitter(size).split(**self.arguments(form)):
                folds.append(fold)  # noqa: PERF402, as those before an error stay
        except ValueError as error:
            return folds, str(error)
        return folds, ""


def draw_cv(draw, kind, distinct):
    k = draw(st.integers(2, min(distinct, 6)))
    part = draw(st.integers(1, distinct // 3))
    other = draw(st.sampled_from([None, 2, 3]))
    sizes = {"test_size": part, "train_size": distinct // 3}
    return {
        "PurgedKFold": ms.PurgedKFold(k),
        "CombinatorialPurgedKFold": ms.CombinatorialPurgedKFold(k, 1 + part % (k - 1)),
        "HVBlock": ms.HVBlock(part - 1, 0, step=other),
        "Guarded": ms.Guarded(KFold(k + 2, shuffle=True, random_state=0)),
        "RollingOrigin": ms.RollingOrigin(k - 1, gap=part % 3),
        "RollingOrigin by size": ms.RollingOrigin(None, **sizes),
        "RandomOrigin": ms.RandomOrigin(3, gap=part % 3, random_state=0, **sizes),
        "PanelSplit": ms.PanelSplit(ms.PurgedKFold(k), other),
    }[kind]


def draw_numbers(draw, n, most):
    return [byte % (most + 1) for byte in draw(st.binary(min_size=n, max_size=n))]


@st.composite
def cases(draw, kind, *, missing=False, most=4):
    n = draw(st.integers(8, 40))
    t = [time - 9 for time in draw_numbers(draw, n, draw(st.integers(4, 80)))]
    assume(len(set(t)) > 2)
    e = None
    if missing or draw(st.booleans()):
        far = draw(st.integers(0, 12))
        reach = draw_numbers(draw, n, far + 1 if missing else far)
        e = [s + r if r <= far else None for s, r in zip(t, reach, strict=True)]
    purge = draw(st.integers(0, most))
    embargo = 0 if kind == "HVBlock" else draw(st.integers(0, most))
    closed = draw(st.sampled_from(["left", "both"]))
    case = Case(t, e, draw_cv(draw, kind, len(set(t))), purge, embargo, closed)
    if kind == "PanelSplit":
        case = replace(case, groups=draw_numbers(draw, n, 3))
    return case


def oracle_train(case, tested, *, span=False):
    """Rows that may be trained on, found from the definition run by run."""
    t, e, purge, wait = case.t, case.e, case.purge, case.purge + case.embargo
    times = sorted(set(t))
    rank = {time: r for r, time in enumerate(times)}
    tested_times = {t[j] for j in tested}
    runs = []
    for time in sorted(tested_times):
        if not runs or rank[time] > rank[runs[-1][-1]] + 1:
            runs.append([])
        runs[-1].append(time)

    def apart(end, start):
        return end < start or (case.closed == "left" and end == start)

    def early(i, first):
        limit = first - purge if span else times[max(rank[first] - purge, 0)]
        near = t[i] >= limit if span else rank[first] - rank[t[i]] <= purge
        return not near and (e is None or apart(e[i], limit))

    def late(i, last, known, free):
        if e is None:
            return (t[i] - last if span else rank[t[i]] - rank[last]) > wait
        return apart(known + wait, t[i]) if span else rank[t[i]] >= free + wait

    kept = {i for i, time in enumerate(t) if time not in tested_times} - case.missing()
    for first, *_, last in [[*run, run[-1]] for run in runs]:
        known = max(e[j] for j in tested if t[j] <= last) if e else last
        free = [rank[s] for s in times if s > last and apart(known, s)]
        first_free = free[0] if free else len(times)
        past = {i for i in kept if t[i] < first}
        future = {i for i in kept - past if late(i, last, known, first_free)}
        kept = {i for i in past if early(i, first)} | future
    return kept


def sets_of(folds):
    return [(set(train.tolist()), set(test.tolist())) for train, test in folds]


def assert_folds(found, expected):
    """They end early only where a set would be empty."""
    folds, error = found
    assert sets_of(folds) == expected[: len(folds)]
    if len(folds) == len(expected):
        assert not error
    else:
        assert "has no t" in error
        assert not all(expected[len(folds)])


def assert_as_oracle(case, *, span=False):
    """Test sets are those of the splitter without its guard."""
    if isinstance(case.cv, ms.Guarded):
        bare = case.cv.cv.split(case.t)
    else:
        bare, error = replace(case, e=None, purge=0, embargo=0).folds()
        assume("a time is never cut" not in error)
    tests = [set(test.tolist()) - case.missing() for _, test in bare]
    expected = [(oracle_train(case, test, span=span), test) for test in tests]
    assert_folds(case.folds(dates, hours) if span else case.folds(), expected)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("kind", GUARDS)
@settings(by_property, max_examples=150)
@given(st.data(), st.booleans())
def test_training_rows_are_those_of_the_definition(kind, missing, data, span):
    span = span and kind != "HVBlock"  # whose h counts times
    case = data.draw(cases(kind, missing=missing, most=12 if span else 4))
    assert_as_oracle(case, span=span)


@by_property
@given(cases("Guarded", most=1), st.integers(0, 999), st.booleans())
def test_training_rows_are_those_of_the_definition_with_many_runs(like, seed, span):
    rng = np.random.default_rng(seed)
    t = rng.permutation(1000)[:400] if seed % 2 else rng.integers(0, 1000, 400)
    e = (t + rng.integers(0, 4, 400)).tolist() if like.e else None
    cv = ms.Guarded(KFold(2, shuffle=True, random_state=seed))
    assert_as_oracle(replace(like, t=t.tolist(), e=e, cv=cv), span=span)


@pytest.mark.parametrize("kind", ORIGINS)
@by_property
@given(st.data())
def test_origins_train_on_the_past_as_far_as_labels_are_known(kind, data):
    case = replace(data.draw(cases(kind)), purge=0, embargo=0)
    bare, error = replace(case, e=None).folds()
    assume(not error)
    rank, gap = np.unique(case.t, return_inverse=True)[1], case.cv.gap
    most = case.cv.train_size if kind == "RandomOrigin" else len(case.t)
    expected = []
    for _, test in bare:
        ahead = rank[test[0]] - rank
        past = set(np.flatnonzero((ahead > gap) & (ahead <= gap + most)).tolist())
        expected.append((past & oracle_train(case, test), set(test.tolist())))
    assert_folds(case.folds(), expected)


@pytest.mark.parametrize("kind", EVERY)
@by_property
@given(st.data(), st.booleans())
def test_sets_share_no_row_or_time_and_are_in_order(kind, data, missing):
    case = data.draw(cases(kind, missing=missing))
    t = np.array(case.t)
    clock = np.arange(len(t)) if kind == "Guarded" else t  # sorted as KFold sorts
    for train, test in case.folds()[0]:
        assert train.dtype.kind == test.dtype.kind == "i"
        assert not set(t[train]) & set(t[test])
        assert not case.missing() & {*train.tolist(), *test.tolist()}
        assert (np.diff(clock[train]) >= 0).all()
        assert (np.diff(clock[test]) >= 0).all()
        assert len(set(train)) + len(set(test)) == len(train) + len(test)


@pytest.mark.parametrize("kind", PATHS)
@by_property
@given(st.data())
def test_every_row_is_tested_once_a_path(kind, data):
    case = data.draw(cases(kind, most=1))
    folds, error = case.folds()
    assume(not error)
    times_tested = np.bincount(np.concatenate([test for _, test in folds]))
    assert times_tested.tolist() == [getattr(case.cv, "n_paths", 1)] * len(case.t)


@pytest.mark.parametrize("kind", GUARDS)
@by_property
@given(st.data(), st.integers(0, 4), st.integers(0, 4), st.booleans())
def test_larger_purge_and_embargo_only_drop_rows(kind, data, purge, embargo, span):
    case = data.draw(cases(kind))
    form = (dates, hours) if span and kind != "HVBlock" else ()
    larger = replace(case, purge=case.purge + purge, embargo=case.embargo + embargo)
    few, many = sets_of(larger.folds(*form)[0]), sets_of(case.folds(*form)[0])
    assert len(few) <= len(many)
    assert all(a[0] <= b[0] for a, b in zip(few, many, strict=False))


@pytest.mark.parametrize("kind", EVERY)
@by_property
@given(st.data(), st.booleans())
def test_rows_in_another_order_are_split_alike(kind, data, missing):
    case = data.draw(cases(kind, missing=missing))
    seed = data.draw(st.integers(0, 99))
    order = np.random.default_rng(seed).permutation(len(case.t))
    t, e, groups = (v and [v[i] for i in order] for v in (case.t, case.e, case.groups))
    other = replace(case, t=t, e=e, groups=groups)
    if kind == "Guarded":  # around the same folds
        inner, place = list(case.cv.cv.split(t)), np.argsort(order)
        case = replace(case, cv=ms.Guarded(inner))
        other = replace(other, cv=ms.Guarded([(place[a], place[b]) for a, b in inner]))
    folds = [(order[train], order[test]) for train, test in other.folds()[0]]
    assert sets_of(folds) == sets_of(case.folds()[0])


@pytest.mark.parametrize("kind", EVERY)
@by_property
@given(st.data())
def test_get_n_splits_counts_the_folds(kind, data):
    case = data.draw(cases(kind, most=1))
    folds, error = case.folds()
    assume(not error)
    assert case.splitter().get_n_splits(**case.arguments()) == len(folds)


@pytest.mark.parametrize("kind", EVERY)
@by_property
@given(st.data(), st.sampled_from(FORMS), st.booleans())
def test_times_of_any_type_are_split_alike(kind, data, form, missing):
    case = data.draw(cases(kind, missing=missing))
    expected, error = case.folds()
    folds, same = case.folds(form)
    assert bool(error) == bool(same)
    assert sets_of(folds) == sets_of(expected)
