"""Whole groups drawn: rows of one subject, site or session stay together."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState
from ensembles.resampling._base import BaseScheme, BoundScheme, Seeds, ramps
from ensembles.resampling._deletions import Deletions, EachUnit
from ensembles.resampling._draws import BoundDraws
from ensembles.resampling._plan import draw_plan

__all__ = ["GroupBootstrap"]


@final
class GroupBootstrap(BaseScheme):
    """Draw whole groups of rows with replacement (the cluster bootstrap).

    Use it where rows come in groups that share something: visits of a patient,
    pictures of a site. Then the groups are the independent units, and a bootstrap of
    rows states too small an error and tests on subjects it was trained on. It wants
    some twenty groups or more; with a handful any interval is rough [1]_.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if `groups` is missing, of the wrong length,
        or names fewer than two groups.

    See Also
    --------
    Bootstrap : Draws rows.

    Notes
    -----
    As many groups are drawn as there are, so the number of rows varies between
    replicates where groups differ in size.

    References
    ----------
    .. [1] A. C. Cameron, J. B. Gelbach, D. L. Miller, "Bootstrap-based improvements
       for inference with clustered errors", The Review of Economics and Statistics
       90(3), 414-427, 2008.

    Examples
    --------
    Thirty subjects measured ten times each. The error of the mean that the bootstrap
    of rows states is far too small:

    >>> import numpy as np
    >>> from ensembles.resampling import Bootstrap, GroupBootstrap
    >>> rng = np.random.default_rng(0)
    >>> subject = np.repeat(np.arange(30), 10)
    >>> x = rng.normal(size=30)[subject] + 0.3 * rng.normal(size=300)
    >>> def error(scheme):
    ...     rows = scheme.iter_indices(x, groups=subject)
    ...     return np.std([x[drawn].mean() for drawn in rows])
    >>> print(f"{error(Bootstrap(2000, random_state=0)):.2f}")
    0.05
    >>> print(f"{error(GroupBootstrap(2000, random_state=0)):.2f}")
    0.15
    """

    # Metadata routing passes groups on unless the user asks it not to.
    __metadata_request__split = {"groups": True}  # noqa: RUF012

    _uses_groups = True
    _for_more_out_of_bag = "Give more groups."

    def __init__(
        self, n_resamples: int = 100, *, random_state: RandomState = None
    ) -> None:
        self.n_resamples = n_resamples
        self.random_state = random_state

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> BoundScheme:
        if groups is None:
            raise ValueError("The 'groups' parameter should not be None.")
        labels = np.asarray(groups)
        if labels.shape != (n_samples,):
            raise ValueError(
                f"groups must have one label for each of {n_samples} rows, got shape "
                f"{labels.shape}."
            )
        codes = _codes(labels)
        sizes = np.bincount(codes)
        if len(sizes) < 2:
            raise ValueError(
                "GroupBootstrap needs at least two groups, got one. Use Bootstrap "
                "where rows are independent."
            )
        return _BoundGroups(np.argsort(codes, kind="stable"), sizes)


def _codes(labels: NDArray[Any]) -> IntArray:
    """Number of each row's group; groups in sorted order, or as they first come."""
    try:
        return np.unique(labels, return_inverse=True)[1]
    except TypeError:  # labels of several types have no order
        seen: dict[Any, int] = {}
        return np.array([seen.setdefault(label, len(seen)) for label in labels])


@final
class _BoundGroups(BoundScheme):
    """Draws of groups; `by_group` holds the rows of each group side by side."""

    def __init__(self, by_group: IntArray, sizes: IntArray) -> None:
        super().__init__(len(by_group))
        self.by_group = by_group
        self.sizes = sizes
        self.starts = np.cumsum(sizes) - sizes
        self.draws = BoundDraws(draw_plan([len(sizes)], [len(sizes)]))

    def deletions(self) -> Deletions:
        """Whole groups."""
        codes = np.empty(self.n_samples, dtype=np.intp)
        codes[self.by_group] = np.repeat(np.arange(len(self.sizes)), self.sizes)
        return EachUnit(codes)

    @property
    def n_units(self) -> int:
        """Number of groups."""
        return len(self.sizes)

    def rows(self, seed: Any) -> IntArray:
        """Rows of the groups drawn, group after group."""
        drawn = self.draws.rows(seed)
        return self.by_group[ramps(self.starts[drawn], self.sizes[drawn])]

    def weight_rows(self, seeds: Seeds) -> FloatArray:
        """Counts of each row's group."""
        weights = np.empty((len(seeds), self.n_samples))
        counts = self.draws.weight_rows(seeds)
        weights[:, self.by_group] = np.repeat(counts, self.sizes, axis=1)
        return weights

    def sums(self, seeds: Seeds, columns: FloatArray) -> FloatArray:
        """Weighted sums of the groups' own sums."""
        by_group = np.add.reduceat(columns[:, self.by_group], self.starts, axis=1)
        return self.draws.sums(seeds, by_group)
