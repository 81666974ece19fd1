"""How often the winner of one half of the rows disappoints in the other half.

Combinatorially symmetric cross-validation: cut the rows into blocks, take every choice
of half of them, find the best strategy there, and rank it among all on the other half.
The rank r of N strategies becomes the logit of ``r / (N + 1)``; where it is not above
zero, the winner is no better than the median.

Both halves are sums over blocks, so that all choices are one matrix product. The
complement of a choice is itself a choice, and no performance is computed twice.

D. H. Bailey, J. M. Borwein, M. López de Prado, Q. J. Zhu, Journal of Computational
Finance 20(4), 39-69, 2017.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations, islice
from math import comb
from typing import Any, Literal, Self

import numpy as np

from ensembles._typing import BoolArray, FloatArray, IntArray, Table
from ensembles._validation import invalid_parameter, is_count
from ensembles.inference._many_models._losses import Names, check_table

__all__ = ["OverfittingResult", "probability_of_overfitting"]

_MOST_BLOCKS = 24
# What the performances of one batch of choices may hold.
_BATCH_BYTES = 2**20

Metric = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, slots=True, eq=False)
class OverfittingResult:
    """What cross-validation over all halves of the rows says of a selection.

    Attributes
    ----------
    pbo : float
        Share of choices whose winner is at most the median in the other half.
    probability_of_loss : float
        Share of choices whose winner performs below zero in the other half.
    degradation_slope : float
        Slope of the line through `out_of_sample` over `in_sample`.
    degradation_intercept : float
        Where that line meets ``in_sample = 0``.
    logits : ndarray of shape (n_choices,)
        Logit of the winner's relative rank in the other half.
    in_sample : ndarray of shape (n_choices,)
        Performance of each winner where it won.
    out_of_sample : ndarray of shape (n_choices,)
        Performance of each winner in the other half.
    selected : ndarray of shape (n_choices,)
        Name of each winner.

    See Also
    --------
    probability_of_overfitting : Makes it.

    References
    ----------
    .. [1] D. H. Bailey, J. Borwein, M. López de Prado, Q. J. Zhu, "The probability of
       backtest overfitting", Journal of Computational Finance 20(4), 39-69, 2017.

    Examples
    --------
    Of strategies that are all noise, winners gain in one half and lose it in the other:

    >>> import numpy as np
    >>> from ensembles.inference import probability_of_overfitting
    >>> noise = np.random.default_rng(0).normal(size=(480, 20))
    >>> result = probability_of_overfitting(noise, n_blocks=8)
    >>> bool(result.in_sample.mean() > 0.05 > result.out_of_sample.mean())
    True
    """

    pbo: float
    probability_of_loss: float
    degradation_slope: float
    degradation_intercept: float
    logits: FloatArray = field(repr=False)
    in_sample: FloatArray = field(repr=False)
    out_of_sample: FloatArray = field(repr=False)
    selected: Names = field(repr=False)


def probability_of_overfitting(
    performance: Table,
    n_blocks: int = 16,
    *,
    metric: Literal["mean", "sharpe"] | Metric = "mean",
) -> OverfittingResult:
    """Estimate how likely the best of many strategies is a product of the search.

    Use it on the whole search, all strategies or settings that were tried, before the
    best is believed: near 0 the winner of one half of the rows wins in the other half
    too, near 0.5 it is one of many, and above, the search picks what fails next. It
    judges the selection, not the winner's worth: of strategies that are all equally
    good, the winner is a matter of chance. Not for a single strategy.

    Parameters
    ----------
    performance : array-like of shape (n_samples, n_strategies)
        Performance of each strategy in each row, such as its return or its score;
        more is better. Rows in order of time; a DataFrame keeps the names.
    n_blocks : int, default=16
        Number of blocks of neighbouring rows, even and at most 24, of equal size but
        for one row. All ``comb(n_blocks, n_blocks // 2)`` choices of half of them
        are taken, 12870 for 16. Blocks should be longer than the memory of the
        series.
    metric : {"mean", "sharpe"} or callable, default="mean"
        What selects and judges on one half. "sharpe" is the mean over the standard
        deviation of the rows, not annualised. A callable takes the rows of one half
        in order of time, shape (n_rows, n_strategies), and returns one number a
        strategy; more is better. It is called once a choice.

    Returns
    -------
    OverfittingResult
        Frozen, with the fields `pbo`, the probability; `probability_of_loss`, the
        share of choices whose winner is below zero in the other half;
        `degradation_slope` and `degradation_intercept` of the line through the
        winners' performance there over that where they won; and, one entry a choice,
        `logits` of the relative rank, `in_sample`, `out_of_sample` and `selected`.

    Raises
    ------
    InvalidParameterError
        If `n_blocks` or `metric` is not what is allowed.
    ValueError
        If there are fewer than two strategies or two rows a block, a value is NaN or
        infinite, or a strategy's Sharpe ratio does not exist.

    Notes
    -----
    Ties share their mean rank. A winner right at the median counts as overfitted, so
    among an odd number of strategies without merit the expected value is
    ``(n_strategies + 1) / (2 * n_strategies)``, and 0.5 among an even number. The
    choices overlap: around that the value of one data set scatters widely.

    References
    ----------
    .. [1] D. H. Bailey, J. M. Borwein, M. López de Prado, Q. J. Zhu, "The probability
       of backtest overfitting", Journal of Computational Finance 20(4), 39-69, 2017.

    Examples
    --------
    Searches among ten strategies without merit, and the same with one of merit:

    >>> import numpy as np
    >>> from ensembles.inference import probability_of_overfitting
    >>> rng = np.random.default_rng(0)
    >>> searches = rng.normal(size=(200, 160, 10))
    >>> found = [probability_of_overfitting(search, 8) for search in searches]
    >>> print(f"{np.mean([one.pbo for one in found]):.1f}")
    0.5
    >>> searches[:, :, 3] += 0.5
    >>> found = [probability_of_overfitting(search, 8) for search in searches]
    >>> print(f"{np.mean([one.pbo for one in found]):.1f}")
    0.0
    """
    owner = "probability_of_overfitting"
    values, names = check_table(owner, "performance", performance, least_columns=2)
    _check_blocks(owner, n_blocks, len(values))
    measure = _measure_of(owner, metric, values, names, n_blocks)

    n_choices = comb(n_blocks, n_blocks // 2)
    winners = np.empty((3, n_choices))
    selected = np.empty(n_choices, dtype=np.intp)
    start = 0
    size = max(1, _BATCH_BYTES // (8 * len(names)))
    for choices in _choices_with_the_first_block(n_blocks, size):
        one, other = measure(choices), measure(~choices)
        here = slice(start, start + len(choices))
        selected[here], winners[:, here] = _winners(one, other)
        start = here.stop
        # In lexicographic order the complements stand at the mirrored places.
        mirrored = slice(n_choices - here.stop, n_choices - here.start)
        there = _winners(other[::-1], one[::-1])
        selected[mirrored], winners[:, mirrored] = there
    in_sample, out_of_sample, ranks = winners
    slope, intercept = _line(in_sample, out_of_sample)
    logits = np.log(ranks / (len(names) + 1 - ranks))
    return OverfittingResult(
        pbo=float(np.mean(logits <= 0)),
        probability_of_loss=float(np.mean(out_of_sample < 0)),
        degradation_slope=slope,
        degradation_intercept=intercept,
        logits=logits,
        in_sample=in_sample,
        out_of_sample=out_of_sample,
        selected=names[selected],
    )


def _check_blocks(owner: str, n_blocks: int, n_samples: int) -> None:
    """Raise unless the rows can be cut into that even number of blocks."""
    if not is_count(n_blocks) or n_blocks % 2 or not 2 <= n_blocks <= _MOST_BLOCKS:
        raise invalid_parameter(
            owner, "n_blocks", n_blocks, f"an even int in the range [2, {_MOST_BLOCKS}]"
        )
    if n_samples < 2 * n_blocks:
        raise ValueError(
            f"n_blocks={n_blocks} needs at least two rows a block, got {n_samples} "
            f"rows. Use at most {n_samples // 4 * 2} blocks."
        )


def _choices_with_the_first_block(n_blocks: int, size: int) -> Iterator[BoolArray]:
    """Choices of half of the blocks in lexicographic order, `size` rows at a time.

    Those with the first block come first, and are the complements of the others.
    """
    half = n_blocks // 2
    others = combinations(range(1, n_blocks), half - 1)
    while batch := list(islice(others, size)):
        choices = np.zeros((len(batch), n_blocks), dtype=np.bool_)
        choices[:, 0] = True
        rows = np.arange(len(batch))[:, np.newaxis]
        choices[rows, np.array(batch, dtype=np.intp).reshape(len(batch), -1)] = True
        yield choices


def _winners(one: FloatArray, other: FloatArray) -> tuple[IntArray, FloatArray]:
    """Winners on one half, and their performance there, on the other, and rank."""
    selected = one.argmax(axis=1)
    rows = np.arange(len(one))
    out_of_sample = other[rows, selected]
    below = (other < out_of_sample[:, np.newaxis]).sum(axis=1)
    level = (other == out_of_sample[:, np.newaxis]).sum(axis=1)
    ranks = below + (level + 1) / 2
    return selected, np.stack([one[rows, selected], out_of_sample, ranks])


def _line(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Slope and intercept by least squares."""
    centred = x - x.mean()
    square = centred @ centred
    if square == 0:
        raise ValueError(
            "The winner performs the same in every half of the rows, so no line of "
            "degradation exists. Is performance the same in all rows?"
        )
    slope = float(centred @ y / square)
    return slope, float(y.mean() - slope * x.mean())


def _measure_of(
    owner: str, metric: Any, values: FloatArray, names: Names, n_blocks: int
) -> Callable[[BoolArray], FloatArray]:
    """Function of choices, shape (c, n_blocks), that returns (c, n_strategies)."""
    n_samples = len(values)
    sizes = np.full(n_blocks, n_samples // n_blocks)
    sizes[: n_samples % n_blocks] += 1
    if callable(metric):
        return partial(_by_callable, metric, values, sizes)
    if isinstance(metric, str) and metric in ("mean", "sharpe"):
        blocks = _Blocks.of(values, names, sizes)
        return blocks.means if metric == "mean" else blocks.sharpe_ratios
    raise invalid_parameter(owner, "metric", metric, "'mean', 'sharpe' or a callable")


def _by_callable(
    metric: Metric, values: FloatArray, sizes: IntArray, choices: BoolArray
) -> FloatArray:
    """Performances by the user's own function, one choice after another."""
    found = np.empty((len(choices), values.shape[1]))
    for row, choice in enumerate(choices):
        performance = np.asarray(metric(values[np.repeat(choice, sizes)]))
        if performance.shape != found.shape[1:] or not np.isfinite(performance).all():
            raise ValueError(
                f"metric must return {values.shape[1]} finite numbers, one a strategy, "
                f"got {performance!r}."
            )
        found[row] = performance
    return found


@dataclass(frozen=True, slots=True)
class _Blocks:
    """Sums over the rows of each block, of which those over a choice are sums."""

    names: Names
    means_of_all: FloatArray
    """Taken off before squaring, so that nothing cancels."""
    sizes: IntArray
    sums: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, values: FloatArray, names: Names, sizes: IntArray) -> Self:
        """Blocks of these sizes, of values of shape (n_samples, n_strategies)."""
        starts = np.cumsum(sizes) - sizes
        means = values.mean(axis=0)
        centred = values - means
        sums = np.add.reduceat(centred, starts, axis=0)
        squares = np.add.reduceat(centred**2, starts, axis=0)
        return cls(names, means, sizes, sums, squares)

    def means(self, choices: BoolArray) -> FloatArray:
        """Mean performance on each choice, shape (n_choices, n_strategies)."""
        weights = choices.astype(np.float64)
        sizes = (weights @ self.sizes)[:, np.newaxis]
        return np.asarray(weights @ self.sums / sizes + self.means_of_all)

    def sharpe_ratios(self, choices: BoolArray) -> FloatArray:
        """Mean over standard deviation, zero where both are.

        Raises
        ------
        ValueError
            If a strategy performs the same in each row of a choice, and not zero.
        """
        weights = choices.astype(np.float64)
        sizes = (weights @ self.sizes)[:, np.newaxis]
        centred = weights @ self.sums / sizes
        variances = (weights @ self.squares - sizes * centred**2) / (sizes - 1)
        means = centred + self.means_of_all
        noise = 64 * np.finfo(np.float64).eps * self.squares.max(axis=0)
        still = variances <= noise
        undefined = still & (means**2 > noise)
        if undefined.any():
            name = self.names.item(undefined.any(axis=0).argmax())
            raise ValueError(
                f"Strategy {name!r} performs the same in every row of some half of "
                "the blocks, so its Sharpe ratio does not exist. Use metric='mean', "
                "or fewer blocks."
            )
        deviations = np.sqrt(np.where(still, 1.0, variances))
        return np.asarray(np.where(still, 0.0, means / deviations))
