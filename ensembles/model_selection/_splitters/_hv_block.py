"""Blocks that slide over the series one after the other, with a halo on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, final

import numpy as np

from ensembles._validation import check_count
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._base import BaseTimeSplitter
from ensembles.model_selection._splitters._guard import Fold, Guard

__all__ = ["HVBlock"]


@final
class HVBlock(BaseTimeSplitter):
    """Test blocks of 2v + 1 times, training on all that lies more than h around them.

    Use it to choose among models of a short stationary series, where dependence dies
    out within `h` times: near neighbours, which would tell of the test rows, are left
    out on both sides [1]_ [2]_. With v=0 and h=0 it is leave-one-out, with v=0 h-block
    cross-validation. It trains on the future, and does not suit a series that drifts.

    Racine chose ``h = n**(1/4)``. That the choice of models is then consistent has been
    disputed; take it for a rule of thumb.

    Parameters
    ----------
    v : int, default=0
        Times on each side of the middle of a block that are tested with it.
    h : int or None, default=None
        Times left out on each side of the block. None means ``int(n**0.25)``.
    step : int or None, default=None
        From one middle to the next. None means ``2 * v + 1``, blocks that join; 1 takes
        every block there is, ``n - 2 * v`` fits. Middles start at v; times that fill no
        whole block at the end are not tested.
    closed : {"left", "both"}, default="left"
        Whether a label that ends just when a row begins is apart from it ("left") or
        overlaps it ("both").
    time : str, int, callable or None, default=None
        Where X holds times: name of a column or of a level of the index, position of a
        column, or function of X. None takes an index of dates, else the order of rows.
    label_end : str, int, callable or None, default=None
        Where X holds the times at which labels are known; `h` is then on top of what
        they drop.

    Raises
    ------
    ValueError
        From `split`: if no block fits, or nothing is left to train on.

    See Also
    --------
    PurgedKFold : Few blocks, each a K-th of the series.

    References
    ----------
    .. [1] P. Burman, E. Chow, D. Nolan, "A cross-validatory method for dependent data",
       Biometrika 81(2), 351-358, 1994.
    .. [2] J. Racine, "Consistent cross-validatory model-selection for dependent data:
       hv-block cross-validation", Journal of Econometrics 99(1), 39-61, 2000.

    Examples
    --------
    >>> from ensembles.model_selection import HVBlock
    >>> for train, test in HVBlock(v=1, h=2, step=3).split(range(12)):
    ...     line = ["."] * 12
    ...     for row in train:
    ...         line[row] = "#"
    ...     for row in test:
    ...         line[row] = "T"
    ...     print("".join(line))
    TTT..#######
    #..TTT..####
    ####..TTT..#
    #######..TTT
    """

    def __init__(
        self,
        v: int = 0,
        h: int | None = None,
        *,
        step: int | None = None,
        closed: Literal["left", "both"] = "left",
        time: Any = None,
        label_end: Any = None,
    ) -> None:
        self.v = v
        self.h = h
        self.step = step
        self.closed = closed
        self.time = time
        self.label_end = label_end

    def _check_params(self) -> None:
        """Raise for any parameter that is wrong whatever the data are."""
        super()._check_params()
        check_count(self, "v", self.v, low=0)
        check_count(self, "h", self.h, low=0, none=True)
        check_count(self, "step", self.step, none=True)

    def _guard(self, axis: TimeAxis) -> Guard:
        """A halo of h times."""
        h = int(axis.n_times**0.25) if self.h is None else self.h
        return Guard(purge=h, closed=self.closed)

    def _n_splits(self, axis: TimeAxis) -> int:
        """Number of blocks that fit."""
        room = axis.n_times - (2 * self.v + 1)
        if room < 0:
            raise ValueError(
                f"A block of 2 * v + 1 = {2 * self.v + 1} times does not fit into "
                f"{axis.n_times}. At most v={max((axis.n_times - 2) // 2, 0)} leaves a "
                "time to train on."
            )
        return room // (self.step or 2 * self.v + 1) + 1

    def _folds(self, axis: TimeAxis) -> Iterator[Fold]:
        """A block a fold."""
        size = 2 * self.v + 1
        for fold in range(self._n_splits(axis)):
            first = np.array([fold * (self.step or size)])
            starts, stops = axis.position_of(first), axis.position_of(first + size)
            yield Fold(starts, stops, 0, axis.n_samples)
