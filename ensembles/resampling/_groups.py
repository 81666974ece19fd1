"""Whole groups drawn: rows of one subject, site or session stay together."""

from __future__ import annotations

from copy import copy
from itertools import pairwise
from typing import Any, Literal, cast, final

import numpy as np
from numpy.typing import NDArray

from ensembles._typing import ArrayLike, BoolArray, FloatArray, IntArray, RandomState
from ensembles._validation import check_choice, check_labels
from ensembles.resampling._base import BaseScheme, BoundScheme, Seeds, compiled, ramps
from ensembles.resampling._deletions import Deletions, EachUnit
from ensembles.resampling._draws import BoundDraws
from ensembles.resampling._plan import TreePlan
from ensembles.resampling._strata import stratum_codes

__all__ = ["GroupBootstrap", "nested_codes"]


@final
class GroupBootstrap(BaseScheme):
    """Draw whole groups of rows with replacement (the cluster bootstrap).

    Use it where rows come in groups that share something: visits of a patient,
    pictures of a site. Then the groups are the independent units, and a bootstrap of
    rows states too small an error and tests on subjects it was trained on. It wants
    some twenty groups or more; with a handful any interval is rough [1]_.

    Groups may be nested, pupils in classes in schools: `groups` then has a column for
    each level, the outermost first, and every school that is drawn draws its own
    classes anew.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    stratify : {"y"} or array-like of shape (n_samples,) or None, default=None
        Draw groups within each class of `y`, or within each value of the array, which
        must be the same for all rows of a group: clinics by country, users by arm of a
        trial. An array cannot follow the subsets of a nested cross-validation.
    within : {"whole", "rows"}, default="whole"
        What a group that is drawn brings: all its rows, or as many rows drawn from
        them anew, which adds the spread of rows within groups where few of many rows
        of each group were seen [2]_. Rows of a group that was drawn are not
        out-of-bag, drawn or not.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if `groups` is missing, of the wrong length, or
        names fewer than two groups, or strata cut a group.

    See Also
    --------
    Bootstrap : Draws rows.
    GroupJackknife : Deletes one group after another.

    Notes
    -----
    As many groups are drawn as there are, so the number of rows varies between
    replicates where groups differ in size.

    References
    ----------
    .. [1] A. C. Cameron, J. B. Gelbach, D. L. Miller, "Bootstrap-based improvements
       for inference with clustered errors", The Review of Economics and Statistics
       90(3), 414-427, 2008.
    .. [2] A. C. Davison, D. V. Hinkley, "Bootstrap Methods and their Application",
       Cambridge University Press, 1997, section 3.8: which level to draw anew.

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
        self,
        n_resamples: int = 100,
        *,
        stratify: Literal["y"] | ArrayLike | None = None,
        within: Literal["whole", "rows"] = "whole",
        random_state: RandomState = None,
    ) -> None:
        self.n_resamples = n_resamples
        self.stratify = stratify
        self.within = within
        self.random_state = random_state

    @property
    def _uses_y(self) -> bool:
        return isinstance(self.stratify, str)

    def _of_resample(self, rows: IntArray, n_samples: int) -> GroupBootstrap:
        scheme = cast("GroupBootstrap", super()._of_resample(rows, n_samples))
        if self.stratify is not None and not self._uses_y:
            scheme = copy(scheme)
            scheme.stratify = np.asarray(self.stratify)[rows]
        return scheme

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> BoundScheme:
        check_choice(self, "within", self.within, ("whole", "rows"))
        levels = nested_codes(self, n_samples, groups)
        strata = np.zeros(n_samples, dtype=np.intp)
        if self.stratify is not None:
            strata = stratum_codes(self, n_samples, y)
            _check_strata_keep_groups(strata, levels[0])
        if len(levels) == 1 and self.within == "whole":
            return _BoundGroups(levels[0], strata)
        rows = [np.arange(n_samples)] if self.within == "rows" else []
        return _BoundNested([strata, *levels, *rows])


def nested_codes(
    owner: object, n_samples: int, groups: ArrayLike | None
) -> list[IntArray]:
    """Number of each row's group at each level, the outermost first."""
    name = type(owner).__name__
    if groups is None:
        raise ValueError("The 'groups' parameter should not be None.")
    labels = np.asarray(groups)
    if labels.ndim not in (1, 2) or len(labels) != n_samples or not labels.size:
        raise ValueError(
            f"groups must have one label for each of {n_samples} rows, or a column of "
            f"labels for each level of nested groups, got shape {labels.shape}."
        )
    check_labels("groups", labels)
    levels: list[IntArray] = []
    for column in labels.reshape(n_samples, -1).T:
        codes = _codes(column)
        if levels:  # a class is another one in another school
            pairs = levels[-1] * (codes.max() + 1) + codes
            codes = np.unique(pairs, return_inverse=True)[1]
        levels.append(codes)
    if levels[0].max() < 1:
        alternative = name.replace("Group", "")
        raise ValueError(
            f"{name} needs at least two groups, got one. Use {alternative} where rows "
            "are independent."
        )
    return levels


def _check_strata_keep_groups(strata: IntArray, groups: IntArray) -> None:
    """Raise unless all rows of a group lie in one stratum."""
    of_group = np.full(groups.max() + 1, -1)
    of_group[groups] = strata
    cut = of_group[groups] != strata
    if cut.any():
        raise ValueError(
            f"stratify must be the same for all rows of a group, but the group of row "
            f"{int(np.argmax(cut))} lies in two strata. Stratify by a property of "
            "groups, or not at all."
        )


def _codes(labels: NDArray[Any]) -> IntArray:
    """Number of each row's group; groups in sorted order, or as they first come."""
    try:
        return np.unique(labels, return_inverse=True)[1]
    except TypeError:  # labels of several types have no order
        seen: dict[Any, int] = {}
        return np.array([seen.setdefault(label, len(seen)) for label in labels])


def _numbered(codes: IntArray) -> IntArray:
    """Numbers from 0 on, one more wherever the code changes."""
    return np.asarray(np.cumsum(np.diff(codes, prepend=-1) != 0) - 1)


class _BoundClusters(BoundScheme):
    """Draws whose independent units are the outermost groups."""

    def __init__(self, groups: IntArray, strata: IntArray) -> None:
        super().__init__(len(groups))
        self.groups = groups
        self.strata = strata[np.unique(groups, return_index=True)[1]]

    def deletions(self) -> Deletions:
        """Whole groups, with their strata."""
        stratified = self.strata.any()
        return EachUnit(self.groups, self.strata if stratified else None)

    @property
    def n_units(self) -> int:
        """Number of groups."""
        return len(self.strata)

    def out_of_bag(self, in_bag: BoolArray) -> BoolArray:
        """Rows of the outermost groups of which no row is in-bag."""
        drawn = np.bincount(self.groups, in_bag) > 0
        return np.asarray(~drawn[self.groups])


@final
class _BoundGroups(_BoundClusters):
    """Draws of whole groups; `by_group` holds the rows of each side by side."""

    def __init__(self, groups: IntArray, strata: IntArray) -> None:
        super().__init__(groups, strata)
        self.by_group = np.argsort(groups, kind="stable")
        self.sizes = np.bincount(groups)
        self.starts = np.cumsum(self.sizes) - self.sizes
        n_groups = np.bincount(self.strata)
        order = np.argsort(self.strata, kind="stable") if len(n_groups) > 1 else None
        self.draws = BoundDraws(n_groups, n_groups, order)

    def rows(self, seed: Any) -> IntArray:
        """Rows of the groups drawn, group after group."""
        drawn = self.draws.rows(seed)
        return self.by_group[ramps(self.starts[drawn], self.sizes[drawn])]

    def weight_rows(self, seeds: Seeds) -> FloatArray:
        """Counts of each row's group."""
        return np.asarray(self.draws.weight_rows(seeds)[:, self.groups])

    def sums(self, seeds: Seeds, columns: FloatArray) -> FloatArray:
        """Weighted sums of the groups' own sums."""
        by_group = np.add.reduceat(columns[:, self.by_group], self.starts, axis=1)
        return self.draws.sums(seeds, by_group)


@final
class _BoundNested(_BoundClusters):
    """Draws within every copy of what was drawn a level further out."""

    def __init__(self, levels: list[IntArray]) -> None:
        super().__init__(levels[1], levels[0])
        order = np.lexsort(levels[::-1])
        # Nodes of a level are numbered in the order of their parents.
        node = [_numbered(level[order]) for level in levels]
        n_nodes = np.cumsum([level[-1] + 1 for level in node])
        first_child = [
            before + children[np.flatnonzero(np.diff(parents, prepend=-1))]
            for before, (parents, children) in zip(
                n_nodes[:-1], pairwise(node), strict=True
            )
        ]
        first = np.concatenate([*first_child, n_nodes[-1:]]).astype(np.int64)
        self.tree = TreePlan(int(n_nodes[0]), first)
        self.leaf_of_row = np.empty(len(order), dtype=np.intp)
        self.leaf_of_row[order] = node[-1]

    def weight_rows(self, seeds: Seeds) -> FloatArray:
        """Counts of each row's leaf."""
        n_leaves = int(self.leaf_of_row.max()) + 1
        counts = np.empty((len(seeds), n_leaves), dtype=np.int64)
        compiled().count_leaves(self.tree, np.asarray(seeds), counts)
        return counts[:, self.leaf_of_row].astype(np.float64)

    def weights(self, seed: Any) -> FloatArray:
        """Counts of one replicate."""
        return np.asarray(self.weight_rows([seed])[0])

    def rows(self, seed: Any) -> IntArray:
        """Rows of one replicate, ascending."""
        return np.repeat(np.arange(self.n_samples), self.weights(seed).astype(np.intp))
