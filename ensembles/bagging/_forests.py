"""The two forests: what differs between classes and values."""

from __future__ import annotations

from typing import Any, final

import numpy as np
from sklearn.utils import compute_sample_weight

from ensembles._combine import CombineRule
from ensembles._typing import FloatArray, IntArray, RandomState
from ensembles._validation import warn_user
from ensembles.bagging._classes import BaseBagClassifier
from ensembles.bagging._fit import balanced_weights
from ensembles.bagging._forest import BaseForest
from ensembles.bagging._values import BaseBagRegressor
from ensembles.resampling._base import BaseScheme
from ensembles.trees import HistTreeClassifier, HistTreeRegressor
from ensembles.trees._base import BaseHistTree
from ensembles.trees._layout import MAX_BINS

__all__ = ["HistForestClassifier", "HistForestRegressor"]


@final
class HistForestClassifier(BaseForest, BaseBagClassifier):
    """A random forest of binned trees, for classes."""

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: str = "gini",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: float | str | None = "sqrt",
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: Any = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
        warm_start: bool = False,
        class_weight: Any = None,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: Any = None,
        splitter: str = "best",
        scheme: BaseScheme | None = None,
        combine: CombineRule = "auto",
        interaction_cst: Any = None,
        categorical_features: Any = "from_dtype",
        max_bins: int = MAX_BINS,
        memory: Any = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.class_weight = class_weight
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.splitter = splitter
        self.scheme = scheme
        self.combine = combine
        self.interaction_cst = interaction_cst
        self.categorical_features = categorical_features
        self.max_bins = max_bins
        self.memory = memory

    def _tree(self) -> type[BaseHistTree]:
        return HistTreeClassifier

    def _check_own_params(self) -> None:
        super()._check_own_params()
        wanted = self.class_weight
        if not isinstance(wanted, str):
            return
        if wanted not in ("balanced", "balanced_subsample"):
            raise ValueError(
                'Valid presets for class_weight include "balanced" and '
                f'"balanced_subsample". Given "{wanted}".'
            )
        if self.warm_start:
            warn_user(
                'class_weight presets "balanced" or "balanced_subsample" are not '
                "recommended for warm_start if the fitted data differs from the full "
                'dataset. In order to use "balanced" weights, use compute_class_weight '
                '("balanced", classes, y). In place of y you can use a large enough '
                "sample of the full training set target to properly estimate the class "
                "frequency distributions. Pass the resulting weights as the "
                "class_weight parameter."
            )

    def _balances_draws(self) -> bool:
        """Whether classes are to weigh the same in each draw."""
        draws = self.bootstrap or self.scheme is not None
        return draws and self.class_weight == "balanced_subsample"

    def _codes_to_balance(self, learned: Any) -> IntArray | None:
        return learned if self._balances_draws() else None

    def _resolve_weights(
        self, sample_weight: Any, y: Any, learned: Any
    ) -> FloatArray | None:
        weights = super()._resolve_weights(sample_weight, y, learned)
        if self.class_weight is None or self._balances_draws():
            return weights
        if isinstance(self.class_weight, str):
            ones = np.ones(len(learned)) if weights is None else weights
            own = balanced_weights(learned, ones)
        else:
            own = compute_sample_weight(self.class_weight, y)
        return own if weights is None else weights * own


@final
class HistForestRegressor(BaseForest, BaseBagRegressor):
    """A random forest of binned trees, for values."""

    def __init__(
        self,
        n_estimators: int = 100,
        *,
        criterion: str = "squared_error",
        max_depth: int | None = None,
        min_samples_split: float = 2,
        min_samples_leaf: float = 1,
        min_weight_fraction_leaf: float = 0.0,
        max_features: float | str | None = 1.0,
        max_leaf_nodes: int | None = None,
        min_impurity_decrease: float = 0.0,
        bootstrap: bool = True,
        oob_score: Any = False,
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
        warm_start: bool = False,
        ccp_alpha: float = 0.0,
        max_samples: float | None = None,
        monotonic_cst: Any = None,
        splitter: str = "best",
        scheme: BaseScheme | None = None,
        combine: CombineRule = "auto",
        interaction_cst: Any = None,
        categorical_features: Any = "from_dtype",
        max_bins: int = MAX_BINS,
        memory: Any = None,
    ) -> None:
        self.n_estimators = n_estimators
        self.criterion = criterion
        self.max_depth = max_depth
        self.min_samples_split = min_samples_split
        self.min_samples_leaf = min_samples_leaf
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.max_features = max_features
        self.max_leaf_nodes = max_leaf_nodes
        self.min_impurity_decrease = min_impurity_decrease
        self.bootstrap = bootstrap
        self.oob_score = oob_score
        self.n_jobs = n_jobs
        self.random_state = random_state
        self.verbose = verbose
        self.warm_start = warm_start
        self.ccp_alpha = ccp_alpha
        self.max_samples = max_samples
        self.monotonic_cst = monotonic_cst
        self.splitter = splitter
        self.scheme = scheme
        self.combine = combine
        self.interaction_cst = interaction_cst
        self.categorical_features = categorical_features
        self.max_bins = max_bins
        self.memory = memory

    def _tree(self) -> type[BaseHistTree]:
        return HistTreeRegressor
