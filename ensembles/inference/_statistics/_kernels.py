"""Compiled draws of neighbouring order statistics; `_kernels_plain` holds the twin."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._typing import KeyArray
from ensembles.inference._statistics._neighbours import NeighbourLaw
from ensembles.resampling._kernels_words import column_above, compiled, uniform

__all__ = ["draw_neighbours"]


@compiled
def draw_neighbours(keys: KeyArray, law: NeighbourLaw, neighbours: Any) -> None:
    """Write positions of two neighbours in the sorted data, (2, n_replicates).

    The second is the least of `n_above` ranks, each equally likely among those left.
    """
    ranks, cumulated, moves_on, guides = law[1:5]
    for i in range(len(keys)):
        state, u = uniform(keys[i])
        at = column_above(u, cumulated, 0, guides[int(u * len(guides))])
        neighbours[0, i] = neighbours[1, i] = ranks[at] - 1
        state, u = uniform(state)
        if law.n_above and u < moves_on[at] and ranks[at] < law.n_rows:
            state, u = uniform(state)
            left = law.n_rows - ranks[at]
            step = np.ceil(left * -np.expm1(np.log1p(-u) / law.n_above))
            neighbours[1, i] += int(min(max(step, 1.0), left))
