"""Noise drawn from residuals by a row scheme.

A scheme of rows or groups says how often each is drawn; where it lands is shuffled
here, since their order means nothing and a scheme may draw them in any. A scheme of
blocks is followed in order. Either way residuals are centred at what is expected in the
row they are laid on, so that noise has mean zero in every row.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, final

import numpy as np

from ensembles._typing import FloatArray, IntArray, Table
from ensembles.resampling._base import BaseScheme, BoundScheme, Seeds
from ensembles.resampling._blocks import BaseBlockBootstrap, BoundBlocks
from ensembles.resampling._columns import as_given
from ensembles.resampling._generators import BoundGenerator
from ensembles.resampling._groups import GroupBootstrap
from ensembles.resampling._iid import Bootstrap
from ensembles.resampling._plan import BlockPlan
from ensembles.resampling._weights import BayesianBootstrap

__all__ = ["DRAWS_NOISE", "bind_noise"]

# Schemes whose draws are known to be exchangeable, or to keep the order of a series.
DRAWS_NOISE = (Bootstrap, BayesianBootstrap, GroupBootstrap, BaseBlockBootstrap)


def bind_noise(
    scheme: BaseScheme,
    before: list[Table],
    fitted: FloatArray,
    residuals: FloatArray,
    codes: IntArray | None,
) -> BoundGenerator:
    """Return what lays residuals on fitted values; `codes` are those of groups."""
    n_samples = len(residuals)
    series = residuals if isinstance(scheme, BaseBlockBootstrap) else None
    draw = scheme.bind(n_samples, series, codes)
    if isinstance(draw, BoundBlocks):
        expected = _expected_in_order(draw.plan, residuals)
        return _BoundInOrder(before, fitted, draw, residuals, expected)
    units = np.arange(n_samples)
    if isinstance(scheme, GroupBootstrap) and codes is not None:
        units = codes
        sizes = np.bincount(codes)
        if (sizes != sizes[0]).any():
            raise ValueError(
                "GroupBootstrap lays the residuals of one group on another, so groups "
                f"must have one size, got {sizes.min()} to {sizes.max()} rows. "
                "WildBootstrap() takes groups of any size."
            )
    strata = np.zeros(int(units.max()) + 1, dtype=np.intp)
    if isinstance(scheme, Bootstrap) and scheme.stratify is not None:
        strata = np.unique(np.asarray(scheme.stratify), return_inverse=True)[1]
    return _BoundShuffled(before, fitted, draw, residuals, units, strata)


def _expected_in_order(plan: BlockPlan, residuals: FloatArray) -> FloatArray:
    """Mean of what blocks lay on each row, of the shape of the residuals or a row."""
    if plan.end > plan.n_samples:
        return np.asarray(residuals.mean(axis=0))
    # Blocks that lie within the series reach its ends in few places of a block.
    length = int(plan.length)
    starts = np.arange(plan.n_starts) * plan.step
    whole = starts[starts + length <= plan.n_samples]
    in_each_place = [residuals[whole + place].mean(axis=0) for place in range(length)]
    return np.resize(np.stack(in_each_place), residuals.shape)


class _BoundNoise(BoundGenerator):
    """Fitted values plus drawn residuals, after arrays that stay as they are."""

    def __init__(
        self,
        before: list[Table],
        fitted: FloatArray,
        draw: BoundScheme,
        residuals: FloatArray,
    ) -> None:
        self.before = tuple(as_given(array) for array in before)
        self.fitted = fitted
        self.draw = draw
        self.residuals = residuals
        self._rows(self.seeds(0, 0, 1)[0])

    def seeds(self, entropy: int, start: int, stop: int) -> Seeds:
        """Seeds of the scheme that draws, which may balance them."""
        return self.draw.seeds(entropy, start, stop)

    def sample(self, seed: Any) -> tuple[Table, ...]:
        """The arrays as they are and the fit with other residuals."""
        return (*self.before, self.fitted + self._noise(self._rows(seed), seed))

    @abstractmethod
    def _noise(self, rows: IntArray, seed: Any) -> FloatArray:
        """Residuals of these rows, laid out and centred."""

    def _rows(self, seed: Any) -> IntArray:
        """Rows of residuals, as many as there are fitted values."""
        rows = self.draw.rows(seed)
        if len(rows) != len(self.fitted):
            raise ValueError(
                "scheme must draw one residual for each row: it draws "
                f"{len(rows)} of {len(self.fitted)} rows. Leave max_samples=None."
            )
        return rows


@final
class _BoundInOrder(_BoundNoise):
    """Residuals laid in the order drawn."""

    def __init__(
        self,
        before: list[Table],
        fitted: FloatArray,
        draw: BoundScheme,
        residuals: FloatArray,
        expected: FloatArray,
    ) -> None:
        super().__init__(before, fitted, draw, residuals)
        self.expected = expected

    def _noise(self, rows: IntArray, seed: Any) -> FloatArray:
        """Block after block."""
        return np.asarray(self.residuals[rows] - self.expected)


@final
class _BoundShuffled(_BoundNoise):
    """Residuals of units, rows or groups of one size, shuffled within strata."""

    def __init__(
        self,
        before: list[Table],
        fitted: FloatArray,
        draw: BoundScheme,
        residuals: FloatArray,
        units: IntArray,
        strata: IntArray,
    ) -> None:
        super().__init__(before, fitted, draw, residuals)
        self.units = units
        self.strata = strata
        self.rows_of_unit = np.argsort(units, kind="stable").reshape(len(strata), -1)
        self.slots = self.rows_of_unit[np.argsort(strata, kind="stable")]
        self.centred = residuals[self.rows_of_unit]
        for stratum in np.unique(strata):
            own = strata == stratum
            self.centred[own] -= self.centred[own].mean(axis=0)

    def _noise(self, rows: IntArray, seed: Any) -> FloatArray:
        """Units of each stratum laid on its places at random."""
        size = self.rows_of_unit.shape[1]
        times = np.bincount(self.units[rows], minlength=len(self.strata)) // size
        drawn = _other_stream(seed).permutation(np.repeat(np.arange(len(times)), times))
        drawn = drawn[np.argsort(self.strata[drawn], kind="stable")]
        noise = np.empty_like(self.fitted)
        noise[self.slots] = self.centred[drawn]
        return noise


def _other_stream(seed: Any) -> np.random.Generator:
    """Random numbers of a replicate, by another algorithm than its rows were drawn."""
    return np.random.Generator(np.random.SFC64(seed))
