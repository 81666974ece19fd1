"""Rules that turn the outputs of m members into one.

A rule is three formulas: what is done to each member's output alone (`prepare`), how
the m prepared outputs become one (`reduce`), and what is done to the result
(`finish`). Where `reduce` is the mean, members are added up as they come, in member
order, so memory does not grow with m and the result does not depend on ``n_jobs``.

Outputs have shape (n,) or (n, k); stacked, (m, n) or (m, n, k).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from scipy.special import softmax
from scipy.stats import rankdata

from ensembles._typing import FloatArray, IntArray
from ensembles._validation import invalid_parameter, warn_user

__all__ = [
    "CombineRule",
    "Combiner",
    "CoveredCombiner",
    "Rule",
    "combine",
    "resolve_rule",
]

CombineRule: TypeAlias = str | Callable[[FloatArray], FloatArray]

_TRIMMED_SHARE = 0.1


def _as_it_is(output: FloatArray) -> FloatArray:
    """Return the output itself, shape (n,) or (n, k)."""
    return output


def _mean(stacked: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Average over members, the plain twin of adding them up as they come."""
    return np.asarray(np.average(stacked, axis=0, weights=weights))


def _median(stacked: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Median over members; with weights, the middle of the weight's halves."""
    if weights is None:
        return np.asarray(np.median(stacked, axis=0))
    order = np.argsort(stacked, axis=0)
    values = np.take_along_axis(stacked, order, axis=0)
    reached = np.cumsum(weights[order], axis=0) / weights.sum()
    half = 0.5 + 1e-12 * np.array([-1, 1])
    lower, upper = ((reached < h).sum(axis=0, keepdims=True) for h in half)
    upper = np.minimum(upper, len(values) - 1)
    low, high = (np.take_along_axis(values, at, axis=0)[0] for at in (lower, upper))
    return np.asarray((low + high) / 2)


def _trimmed_mean(stacked: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Mean without the lowest and highest tenth, at least one each where m >= 3."""
    m = len(stacked)
    cut = max(int(_TRIMMED_SHARE * m), 1 if m >= 3 else 0)
    return np.asarray(np.sort(stacked, axis=0)[cut : m - cut].mean(axis=0))


def _vote(probabilities: FloatArray) -> FloatArray:
    """One for the likeliest class of each row, the lowest of several; shape (n, k)."""
    votes = np.zeros_like(probabilities)
    votes[np.arange(len(votes)), probabilities.argmax(axis=1)] = 1
    return votes


def _log(probabilities: FloatArray) -> FloatArray:
    """Logarithm with a floor, so that one zero is a heavy vote and no veto."""
    return np.asarray(np.log(np.maximum(probabilities, np.finfo(np.float64).eps)))


def _ranks(probabilities: FloatArray) -> FloatArray:
    """Rank of each row within its column, in (0, 1]; ties share their average."""
    if len(probabilities) == 1:
        warn_user(
            "combine='rank' ranks the rows that are predicted together, and one row "
            "has no rank. Predict all rows in one call."
        )
    return np.asarray(rankdata(probabilities, axis=0) / len(probabilities))


def _to_distribution(scores: FloatArray) -> FloatArray:
    """Rows scaled to sum to one; a row of zeros becomes uniform."""
    total = scores.sum(axis=1, keepdims=True)
    uniform = np.full_like(scores, 1 / scores.shape[1])
    return np.asarray(np.divide(scores, total, out=uniform, where=total > 0))


def _softmax(scores: FloatArray) -> FloatArray:
    """Exponentials of the rows scaled to sum to one."""
    return np.asarray(softmax(scores, axis=1))


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to combine, see the module's docstring."""

    reduce: Callable[[FloatArray, FloatArray | None], FloatArray] = _mean
    prepare: Callable[[FloatArray], FloatArray] = _as_it_is
    finish: Callable[[FloatArray], FloatArray] = _as_it_is
    takes_weights: bool = True
    by_row: bool = True
    """Whether a row's result depends on the outputs for that row alone."""

    @property
    def streams(self) -> bool:
        """Whether members may be added up one by one."""
        return self.reduce is _mean


_FOR_VALUES = {
    "mean": Rule(),
    "median": Rule(reduce=_median),
    "trimmed": Rule(reduce=_trimmed_mean, takes_weights=False),
}
_FOR_PROBABILITIES = {
    "mean": Rule(),
    "median": Rule(reduce=_median, finish=_to_distribution),
    "trimmed": Rule(reduce=_trimmed_mean, finish=_to_distribution, takes_weights=False),
    "vote": Rule(prepare=_vote),
    "log_pool": Rule(prepare=_log, finish=_softmax),
    "rank": Rule(prepare=_ranks, finish=_to_distribution, by_row=False),
}


def resolve_rule(
    owner: object, rule: Any, *, probabilities: bool, weighted: bool = False
) -> Rule:
    """Return the rule of a name or callable.

    Parameters
    ----------
    owner : object
        The ensemble, named in the error.
    rule : str or callable
        "auto" means the mean. A callable takes the stacked outputs, shape (m, n) or
        (m, n, k), and returns (n,) or (n, k).
    probabilities : bool
        Whether outputs are class probabilities (n, k) rather than values.
    weighted : bool, default=False
        Whether the members are going to be weighted.

    Returns
    -------
    Rule
        The three formulas.

    Raises
    ------
    InvalidParameterError
        If the rule is unknown, not made for such outputs, or takes no weights.
    """
    named = _FOR_PROBABILITIES if probabilities else _FOR_VALUES
    if callable(rule):
        resolved = Rule(reduce=_checked(rule), takes_weights=False, by_row=False)
    elif isinstance(rule, str) and rule in {"auto", *named}:
        resolved = named["mean" if rule == "auto" else rule]
    else:
        listed = ", ".join(repr(name) for name in ("auto", *sorted(named)))
        hint = ""
        if isinstance(rule, str) and rule in _FOR_PROBABILITIES:
            hint = f"{rule!r} combines class probabilities, and these are values."
        raise invalid_parameter(
            owner, "combine", rule, f"a callable or one of {{{listed}}}", hint
        )
    if weighted and not resolved.takes_weights:
        raise invalid_parameter(
            owner,
            "combine",
            rule,
            "a rule that takes weights where weights are given",
            "Try 'mean' or 'median', or leave the weights out.",
        )
    return resolved


def _checked(
    function: Callable[[FloatArray], FloatArray],
) -> Callable[[FloatArray, FloatArray | None], FloatArray]:
    """Wrap a user's rule so that a wrong shape is an error that names both shapes."""

    def reduce(stacked: FloatArray, weights: FloatArray | None) -> FloatArray:
        combined = np.asarray(function(stacked))
        if combined.shape != stacked.shape[1:]:
            raise ValueError(
                f"The callable given as combine returned shape {combined.shape} for "
                f"outputs of shape {stacked.shape}; it must return "
                f"{stacked.shape[1:]}, one value in place of the members'."
            )
        return combined

    return reduce


class Combiner:
    """Takes the members' outputs one by one, all of the same rows, in member order.

    Parameters
    ----------
    rule : Rule
        How.
    weights : ndarray of shape (m,) or None, default=None
        Weight of each member.
    """

    def __init__(self, rule: Rule, weights: FloatArray | None = None) -> None:
        self._rule = rule
        self._weights = weights
        self._outputs: list[FloatArray] = []
        self._total: FloatArray | None = None
        self._count = 0

    def add(self, output: FloatArray) -> None:
        """Take the output of the next member, shape (n,) or (n, k)."""
        prepared = self._rule.prepare(output)
        if not self._rule.streams:
            self._outputs.append(prepared)
        elif self._total is None:
            self._total = np.array(self._weighted(prepared), dtype=np.float64)
        else:
            self._total += self._weighted(prepared)
        self._count += 1

    def _weighted(self, output: FloatArray) -> FloatArray:
        """The output times its member's weight."""
        return output if self._weights is None else self._weights[self._count] * output

    def result(self) -> FloatArray:
        """Return the combined output, shape (n,) or (n, k)."""
        if self._total is None:
            stacked = np.stack(self._outputs)
            return self._rule.finish(self._rule.reduce(stacked, self._weights))
        weight = self._count if self._weights is None else self._weights.sum()
        return self._rule.finish(self._total / weight)


def combine(
    rule: Rule, outputs: Iterable[FloatArray], weights: FloatArray | None = None
) -> FloatArray:
    """Combine members' outputs that cover the same rows.

    Parameters
    ----------
    rule : Rule
        How.
    outputs : iterable of ndarray of shape (n,) or (n, k)
        One for each member, in member order.
    weights : ndarray of shape (m,) or None, default=None
        Weight of each member.

    Returns
    -------
    ndarray of shape (n,) or (n, k)
        The combined output.
    """
    combiner = Combiner(rule, weights)
    for output in outputs:
        combiner.add(output)
    return combiner.result()


class CoveredCombiner:
    """Takes outputs that cover rows of their own (out-of-bag ones), in member order.

    Parameters
    ----------
    rule : Rule
        How.
    shape : tuple of int
        Shape of the result, (n_rows,) or (n_rows, k).
    """

    def __init__(self, rule: Rule, shape: tuple[int, ...]) -> None:
        self._rule = rule
        self._total = np.zeros(shape)
        self._counts = np.zeros(shape[0], dtype=np.intp)
        self._covered: list[tuple[IntArray, FloatArray]] = []

    def add(self, rows: IntArray, output: FloatArray) -> None:
        """Take the output of the next member on the rows that it covers."""
        prepared = self._rule.prepare(output)
        self._counts[rows] += 1
        if self._rule.streams:
            self._total[rows] += prepared
        else:
            self._covered.append((rows, prepared))

    @classmethod
    def of_all(cls, parts: Sequence[CoveredCombiner]) -> CoveredCombiner:
        """Return what has taken the outputs that any of the parts has taken."""
        whole = cls(parts[0]._rule, parts[0]._total.shape)
        for part in parts:
            whole._total += part._total
            whole._counts += part._counts
            whole._covered += part._covered
        return whole

    def result(self) -> FloatArray:
        """Return the combined output; NaN where no member covers the row."""
        seen = self._counts > 0
        combined = np.full(self._total.shape, np.nan)
        if not seen.any():
            return combined
        if self._rule.streams:
            combined[seen] = (self._total[seen].T / self._counts[seen]).T
        else:
            for rows, stack in _stacks_of_equal_height(self._covered, self._counts):
                combined[rows] = self._rule.reduce(stack, None)
        combined[seen] = self._rule.finish(combined[seen])
        return combined


def _stacks_of_equal_height(
    covered: list[tuple[IntArray, FloatArray]], counts: IntArray
) -> Iterator[tuple[IntArray, FloatArray]]:
    """Yield rows that c members cover and those members' outputs, shape (c, n_c, ...).

    So any rule for complete outputs, a user's too, works on incomplete ones.
    """
    row_of = np.concatenate([rows for rows, _ in covered])
    value_of = np.concatenate([output for _, output in covered])
    value_of = value_of[np.argsort(row_of, kind="stable")]
    first = np.concatenate([[0], np.cumsum(counts)[:-1]])
    for count in np.unique(counts[counts > 0]):
        rows = np.flatnonzero(counts == count)
        yield rows, value_of[first[rows] + np.arange(count)[:, None]]
