"""Panels: many entities, each seen at many times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, final

import numpy as np
from sklearn.model_selection import check_cv

from ensembles._times import column_of, is_dated
from ensembles._typing import ArrayLike, IntArray, Table
from ensembles._validation import check_labels, invalid_parameter, is_count, n_rows_of
from ensembles.model_selection._splitters._axis import TimeAxis
from ensembles.model_selection._splitters._base import BaseSplitter
from ensembles.model_selection._splitters._guarded import Guarded

__all__ = ["PanelSplit"]


@final
class PanelSplit(BaseSplitter):
    """Test at times, and on entities, that training has not seen.

    Use it for shops, patients or stations seen again and again. How well a model does
    depends on what is new when it is used: a later time, another entity, or both. With
    both, the hardest test, a fold trains on the other entities at the training times
    and tests on the held-out entities at the test times; all other rows are left out.
    Where entities are few and time does not matter, scikit-learn's ``GroupKFold`` does.

    Parameters
    ----------
    time_cv : splitter
        A splitter of this package, which splits the times.
    entity_cv : int, splitter, iterable or None, default=None
        How entities are split: anything that scikit-learn takes as `cv`, applied to
        the list of distinct entities. None trains and tests on all of them.
    entity : str, int, callable or None, default=None
        Where X holds the entities: name of a column or of a level of the index,
        position of a column, or function of X. None takes the `groups` given to
        `split`, else the only level of the index that does not hold dates.

    Raises
    ------
    ValueError
        From `split`: if entities are not known, or a fold is empty.

    See Also
    --------
    Guarded : Splitters of groups with a guard in time.

    References
    ----------
    .. [1] H. Meyer, C. Reudenbach, T. Hengl, M. Katurji, T. Nauss, "Improving
       performance of spatio-temporal machine learning models using forward feature
       selection and target-oriented validation", Environmental Modelling & Software
       101, 1-9, 2018.

    Examples
    --------
    Three shops in eight weeks. One shop and the last two weeks are new at a time:

    >>> import numpy as np
    >>> from ensembles.model_selection import PanelSplit, RollingOrigin
    >>> week, shop = np.repeat(np.arange(8), 3), np.tile(["a", "b", "c"], 8)
    >>> cv = PanelSplit(RollingOrigin(1, test_size=2), entity_cv=3)
    >>> for train, test in cv.split(np.empty((24, 0)), groups=shop, times=week):
    ...     print(*np.unique(shop[train]), week[train].max(), end=" | ")
    ...     print(*np.unique(shop[test]), week[test].min())
    b c 5 | a 6
    a c 5 | b 6
    a b 5 | c 6
    """

    # Given groups are meant for the entities.
    __metadata_request__split: ClassVar[dict[str, Any]] = {
        "groups": True,
        "times": True,
        "label_end": True,
    }

    def __init__(
        self, time_cv: Any, entity_cv: Any = None, *, entity: Any = None
    ) -> None:
        self.time_cv = time_cv
        self.entity_cv = entity_cv
        self.entity = entity

    def get_n_splits(
        self,
        X: Table | None = None,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
    ) -> int:
        """Return the number of folds: those in time, times those of entities.

        Parameters
        ----------
        X, y, groups, times, label_end : object, default=None
            As in `split`, where the splitters inside need them.

        Returns
        -------
        int
            Number of folds.
        """
        self._check_params()
        n_splits = int(
            self.time_cv.get_n_splits(
                X, y, self._passed_on(groups), times=times, label_end=label_end
            )
        )
        if self.entity_cv is None:
            return n_splits
        cv = check_cv(self.entity_cv)
        names = None if X is None else np.unique(self._entities(X, groups))
        return n_splits * int(cv.get_n_splits(names))

    def split(
        self,
        X: Table,
        y: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        *,
        times: ArrayLike | None = None,
        label_end: ArrayLike | None = None,
    ) -> Iterator[tuple[IntArray, IntArray]]:
        """Yield the rows of each fold, all folds of entities for each fold of times.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            The rows; a DataFrame may hold times and entities too.
        y : object, default=None
            Ignored; present for API consistency.
        groups : array-like of shape (n_samples,) or None, default=None
            The entity of each row.
        times, label_end : array-like of shape (n_samples,) or None, default=None
            For `time_cv`.

        Yields
        ------
        train, test : ndarray of shape (n_train,), ndarray of shape (n_test,)
            Rows of the fold, in order of time.

        Raises
        ------
        ValueError
            If entities are not known, or a fold is empty.
        """
        self._check_params()
        in_time = self.time_cv.split(
            X, y, self._passed_on(groups), times=times, label_end=label_end
        )
        if self.entity_cv is None:
            yield from in_time
            return
        names, codes = np.unique(self._entities(X, groups), return_inverse=True)
        folds = list(check_cv(self.entity_cv).split(names))
        for number, rows in enumerate(in_time):
            for entities in folds:
                train, test = (
                    part[_is_one_of(chosen, len(names))[codes[part]]]
                    for part, chosen in zip(rows, entities, strict=True)
                )
                for part, kind, chosen in zip(
                    (train, test), ("training", "test"), entities, strict=True
                ):
                    if not len(part):
                        raise ValueError(
                            f"Fold {number} of {self.time_cv!r} has no {kind} rows of "
                            f"the entities {names[chosen].tolist()}. Leave out "
                            "entities seen at few times, or make fewer folds."
                        )
                yield train, test

    def _check_params(self) -> None:
        """Raise unless times are split by one that knows about them."""
        if not isinstance(self.time_cv, BaseSplitter):
            raise invalid_parameter(
                self,
                "time_cv",
                self.time_cv,
                "a splitter of ensembles.model_selection",
                "Guarded(cv) makes one of any other.",
            )
        if hasattr(self.entity_cv, "__next__"):
            raise invalid_parameter(
                self,
                "entity_cv",
                self.entity_cv,
                "an int, a splitter, a list of folds or None",
                "A generator can be gone through once only; make a list of it.",
            )
        entity = self.entity
        is_name = isinstance(entity, str) or is_count(entity) or callable(entity)
        if not (entity is None or is_name):
            raise invalid_parameter(
                self,
                "entity",
                type(entity).__name__,
                "a str, an int, a callable or None",
                "Entities of each row are passed to split, as groups=.",
            )

    def _passed_on(self, groups: Any) -> Any:
        """Groups, where the splitter of times takes any."""
        return groups if isinstance(self.time_cv, Guarded) else None

    def _axis(self, X: Table, times: Any, label_end: Any) -> TimeAxis:
        """Rows in order of time, as the splitter of times sees them."""
        axis: TimeAxis = self.time_cv._axis(X, times, label_end)
        return axis

    def _entities(self, X: Table, groups: Any) -> Any:
        """Entity of each row."""
        labels = groups
        if labels is None and self.entity is not None:
            labels = column_of(X, self.entity, f"entity={self.entity!r}")
        if labels is None:
            labels = _undated_level(X)
        if labels is None:
            raise ValueError(
                "PanelSplit(entity_cv=...) needs to know the entities: pass groups= to "
                "split, or name a column by entity=."
            )
        check_labels("entities", labels)
        labels = np.asarray(labels)
        if len(labels) != n_rows_of(X):
            raise ValueError(
                f"There are {len(labels)} entities for {n_rows_of(X)} rows of X. Pass "
                "one for each row."
            )
        return labels


def _is_one_of(chosen: IntArray, n_entities: int) -> Any:
    """Whether each entity is among those chosen."""
    is_chosen = np.zeros(n_entities, dtype=np.bool_)
    is_chosen[chosen] = True
    return is_chosen


def _undated_level(X: Table) -> Any:
    """Values of the only level of the index that does not hold dates, if any."""
    index = getattr(X, "index", None)
    levels = getattr(index, "levels", None)
    if index is None or levels is None:
        return None
    undated = [i for i, level in enumerate(levels) if not is_dated(level)]
    return index.get_level_values(undated[0]) if len(undated) == 1 else None
