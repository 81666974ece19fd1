"""Rows drawn independently of one another: the bootstrap of Efron (1979).

Also its relatives: by stratum, balanced over replicates, m out of n, and without
replacement.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from typing import Any, Literal, cast, final

import numpy as np

from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState
from ensembles._validation import (
    check_bool,
    check_count_or_fraction,
    resolve_n_draws,
)
from ensembles.resampling._base import BaseScheme, BoundScheme
from ensembles.resampling._deletions import Deletions, EachUnit
from ensembles.resampling._draws import BoundDraws
from ensembles.resampling._strata import Strata, rows_by_code, stratum_codes

__all__ = ["Bootstrap"]


@final
class Bootstrap(BaseScheme):
    """Draw rows independently, each equally likely.

    Use it where rows are exchangeable. Not for time series (rows near in time are
    alike: take `StationaryBootstrap`) nor for repeated measurements of the same
    subject (take `GroupBootstrap`): there it states too small an error.

    Parameters
    ----------
    n_resamples : int, default=100
        Number of replicates. An ensemble takes its own number of members instead.
    stratify : {"y"} or array-like of shape (n_samples,) or None, default=None
        Draw within each class of `y`, or within each value of the array, so that
        every replicate has the classes in the same numbers as the data. An array
        cannot follow the subsets of a nested cross-validation; "y" can.
    balanced : bool, default=False
        Draw so that over all replicates each row is drawn exactly `n_resamples` times
        [2]_. The bootstrap estimate of the bias of a mean is then exactly zero. Holds
        ``4 * n_samples * n_resamples`` bytes.
    max_samples : int, float or None, default=None
        Rows a replicate: a number, a share of the rows, or all. Fewer than all is the
        m-out-of-n bootstrap, consistent where the ordinary one is not [3]_.
    replace : bool, default=True
        Draw with replacement. Without, and with `max_samples` below one, this is
        subsampling.
    random_state : int, RandomState, Generator or None, default=None
        An int gives the same replicates in every call and every face. An ensemble
        takes its own instead.

    Raises
    ------
    ValueError
        From every method that draws: if strata are missing, continuous or of the
        wrong length, `balanced` is combined with `max_samples` or
        ``replace=False``, or more rows are to be drawn without replacement than
        there are.

    See Also
    --------
    GroupBootstrap : Draws whole groups.
    StationaryBootstrap : Draws blocks of neighbouring rows.
    PoissonBootstrap : Weights instead of rows.

    References
    ----------
    .. [1] B. Efron, "Bootstrap methods: another look at the jackknife", The Annals of
       Statistics 7(1), 1-26, 1979.
    .. [2] A. C. Davison, D. V. Hinkley, E. Schechtman, "Efficient bootstrap
       simulation", Biometrika 73(3), 555-566, 1986.
    .. [3] P. J. Bickel, F. Götze, W. R. van Zwet, "Resampling fewer than n
       observations", Statistica Sinica 7(1), 1-31, 1997.

    Examples
    --------
    The standard error of a mean of twelve numbers, which theory puts at 37.65, by one
    matrix product per batch:

    >>> import numpy as np
    >>> from ensembles.resampling import Bootstrap
    >>> hours = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])
    >>> scheme = Bootstrap(5000, random_state=0)
    >>> means = np.concatenate(
    ...     [W @ hours / W.sum(axis=1) for W in scheme.iter_weights(hours)]
    ... )
    >>> print(f"{means.std():.1f}")
    38.1

    The same object as a splitter, tested on the rows it did not draw:

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> cv = Bootstrap(20, stratify="y", random_state=0)
    >>> tree = DecisionTreeClassifier(random_state=0)
    >>> print(f"{cross_val_score(tree, X, y, cv=cv).mean():.2f}")
    0.95
    """

    _for_more_out_of_bag = (
        "Draw fewer rows (max_samples), set balanced=False, or give more rows."
    )

    def __init__(
        self,
        n_resamples: int = 100,
        *,
        stratify: Literal["y"] | ArrayLike | None = None,
        balanced: bool = False,
        max_samples: float | None = None,
        replace: bool = True,
        random_state: RandomState = None,
    ) -> None:
        self.n_resamples = n_resamples
        self.stratify = stratify
        self.balanced = balanced
        self.max_samples = max_samples
        self.replace = replace
        self.random_state = random_state

    @property
    def _uses_y(self) -> bool:
        return isinstance(self.stratify, str)

    def _of_resample(self, rows: IntArray, n_samples: int) -> Bootstrap:
        scheme = cast("Bootstrap", super()._of_resample(rows, n_samples))
        if self.stratify is None or self._uses_y:
            return scheme
        scheme = copy(scheme)
        scheme.stratify = np.asarray(self.stratify)[rows]
        return scheme

    def _bind(
        self, n_samples: int, y: ArrayLike | None, groups: ArrayLike | None
    ) -> BoundScheme:
        check_bool(self, "balanced", self.balanced)
        check_bool(self, "replace", self.replace)
        check_count_or_fraction(self, "max_samples", self.max_samples, none=True)
        n_draws = resolve_n_draws(n_samples, self.max_samples)
        if not self.replace and n_draws > n_samples:
            raise ValueError(
                f"Effective max_samples={n_draws} must be <= n_samples={n_samples} to "
                "be able to sample without replacement."
            )
        strata = [np.arange(n_samples)]
        if self.stratify is not None:
            strata = rows_by_code(stratum_codes(self, n_samples, y))
        if self.balanced:
            if self.max_samples is not None or not self.replace:
                raise ValueError(
                    "balanced=True draws as many rows as there are, with replacement. "
                    "Leave max_samples=None and replace=True, or balanced=False."
                )
            return _BoundBalanced(strata)
        sizes = _proportional([len(rows) for rows in strata], n_draws)
        bound = _BoundIid if self.replace else _BoundSubsample
        return bound(strata, sizes)


def _proportional(sizes: Sequence[int], total: int) -> IntArray:
    """Split `total` in proportion to `sizes`, by largest remainders."""
    quota = np.asarray(sizes) * (total / sum(sizes))
    shares = np.floor(quota).astype(np.intp)
    missing = total - int(shares.sum())
    shares[np.argsort(shares - quota, kind="stable")[:missing]] += 1
    return shares


def _each_row(strata: Strata) -> Deletions:
    """Single rows to leave out, each with the number of its stratum."""
    n_samples = sum(map(len, strata))
    codes = np.empty(n_samples, dtype=np.intp)
    codes[np.concatenate(strata)] = np.repeat(
        np.arange(len(strata)), [*map(len, strata)]
    )
    return EachUnit(np.arange(n_samples), codes if len(strata) > 1 else None)


def _expected(strata: Strata, sizes: IntArray) -> FloatArray | None:
    """Mean weight of each row where not every stratum has its share of the draws."""
    if len(strata) < 2:
        return None
    lengths = np.array([len(rows) for rows in strata])
    shares = sizes / lengths
    if (shares == shares[0]).all():
        return None
    expected = np.empty(lengths.sum())
    expected[np.concatenate(strata)] = np.repeat(shares, lengths)
    return expected


@final
class _BoundIid(BoundDraws):
    """Independent draws with replacement within each stratum."""

    def __init__(self, strata: Strata, sizes: IntArray) -> None:
        lengths = [len(rows) for rows in strata]
        order = None if len(strata) == 1 else np.concatenate(strata)
        super().__init__(lengths, sizes, order)
        self.strata = strata if len(strata) > 1 else []
        self.has_choice = int(sizes.sum()) < sum(lengths) or max(lengths) > 1

    def leaves_rows_out(self, *, as_weights: bool) -> bool:
        """Whether not every draw is the data themselves."""
        return self.has_choice

    @property
    def expected_weights(self) -> FloatArray | None:
        """Rows of strata that rounding gave less than their share weigh less."""
        return _expected(self.strata, self.sizes)

    def deletions(self) -> Deletions:
        """Single rows, with their strata."""
        if not self.strata:
            return super().deletions()
        return _each_row(self.strata)


@final
class _BoundSubsample(BoundScheme):
    """Draws without replacement within each stratum."""

    def __init__(self, strata: Strata, sizes: IntArray) -> None:
        super().__init__(sum(map(len, strata)))
        self.strata = strata
        self.sizes = sizes

    def leaves_rows_out(self, *, as_weights: bool) -> bool:
        """Whether a draw is smaller than the data."""
        return bool(self.sizes.sum() < self.n_samples)

    @property
    def spread(self) -> float | None:
        """Root n / m, less the share of the data that all draws have in common."""
        share = self.total / self.n_samples
        return float(np.sqrt((1 - share) / share)) if share < 1 else None

    @property
    def total(self) -> float:
        """Rows a replicate."""
        return float(self.sizes.sum())

    @property
    def expected_weights(self) -> FloatArray | None:
        """Rows of strata that rounding gave less than their share weigh less."""
        return _expected(self.strata, self.sizes)

    def deletions(self) -> Deletions:
        """Single rows, with their strata."""
        return _each_row(self.strata)

    def rows(self, seed: Any) -> IntArray:
        """Rows of one replicate, ascending."""
        rng = np.random.default_rng(seed)
        drawn = [
            rows[rng.permutation(len(rows))[:size]]
            for rows, size in zip(self.strata, self.sizes, strict=True)
        ]
        return np.sort(np.concatenate(drawn))


@final
class _BoundBalanced(BoundScheme):
    """Slices of a shuffled list that holds each row once for each replicate."""

    can_go_on = False

    def __init__(self, strata: Strata) -> None:
        super().__init__(sum(map(len, strata)))
        self.strata = strata

    def leaves_rows_out(self, *, as_weights: bool) -> bool:
        """Whether any stratum has rows to choose between."""
        return any(len(rows) > 1 for rows in self.strata)

    @property
    def total(self) -> float:
        """Rows a replicate."""
        return float(self.n_samples)

    def deletions(self) -> Deletions:
        """Single rows, with their strata."""
        return _each_row(self.strata)

    def seeds(self, entropy: int, start: int, stop: int) -> list[Any]:
        """Rows of replicates `start` to `stop`, balanced among themselves."""
        rng = np.random.default_rng(
            np.random.SeedSequence(entropy, spawn_key=(start, stop))
        )
        copies = stop - start
        each_once = [np.asarray(rows, dtype=np.int32) for rows in self.strata]
        shuffled = [
            rng.permutation(np.tile(rows, copies)).reshape(copies, -1)
            for rows in each_once
        ]
        return list(np.concatenate(shuffled, axis=1))

    def rows(self, seed: Any) -> IntArray:
        """Rows of one replicate: the seed is the slice itself."""
        return np.asarray(seed, dtype=np.intp)
