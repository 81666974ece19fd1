"""Forests of binned trees: what the two estimators share."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils.metadata_routing import (
    MetadataRequest,
    MetadataRouter,
    MethodMapping,
)
from sklearn.utils.validation import check_is_fitted

from ensembles._ensemble._routing import route
from ensembles._parallel import map_members
from ensembles._routing import routing_enabled
from ensembles._typing import Estimator, FloatArray, IntArray, Table
from ensembles._validation import (
    check_sample_weight,
    invalid_parameter,
    is_positive,
    n_rows_of,
)
from ensembles.bagging._base import BaseBag
from ensembles.bagging._sampling import ColumnLaw, Resample, Sampler, WholeSampler
from ensembles.bagging._setup import make_sampler, rows_kept
from ensembles.trees._base import BaseHistTree
from ensembles.trees._tree import Tree

__all__ = ["BaseForest"]

# Parameters that a forest hands on to its trees.
_OF_TREES = (
    "criterion",
    "splitter",
    "max_depth",
    "min_samples_split",
    "min_samples_leaf",
    "min_weight_fraction_leaf",
    "max_features",
    "max_leaf_nodes",
    "min_impurity_decrease",
    "ccp_alpha",
    "monotonic_cst",
    "interaction_cst",
    "categorical_features",
    "max_bins",
)


def _as_it_is(seed: int) -> int:
    return seed


class BaseForest(BaseBag):
    """Base of the forests: a bag whose members are binned trees."""

    estimators_: list[BaseHistTree]
    error_score = "raise"
    # As in scikit-learn's forest the seed of a tree's rows is its random_state. Of the
    # tree's own draws the key is a hash of it, so that the two have nothing in common.
    _state_of = staticmethod(_as_it_is)

    @abstractmethod
    def _tree(self) -> type[BaseHistTree]:
        """The kind of tree."""

    def _member(self) -> Estimator:
        params = {name: getattr(self, name) for name in _OF_TREES}
        return self._tree()(**params)

    def _check_own_params(self) -> None:
        wanted = self.max_samples
        if wanted is not None and not is_positive(wanted):
            raise invalid_parameter(
                self,
                "max_samples",
                wanted,
                "None, an int in the range [1, inf) or a float in the range (0.0, inf)",
            )
        if not self.bootstrap and self.max_samples is not None and self.scheme is None:
            raise ValueError(
                "`max_sample` cannot be set if `bootstrap=False`. Either switch to "
                "`bootstrap=True` or set `max_sample=None`."
            )

    def _resolve_weights(
        self, sample_weight: Any, y: Any, learned: Any
    ) -> FloatArray | None:
        return check_sample_weight(sample_weight, n_rows_of(y))

    def _make_sampler(
        self,
        X: Table,
        y: Any,
        weights: FloatArray | None,
        groups: Any,
        rng: np.random.RandomState,
    ) -> Sampler:
        law, n_samples = ColumnLaw(None, 0, False), n_rows_of(X)
        if self.scheme is None and not self.bootstrap:
            return WholeSampler(n_samples, law, rows_kept(weights))
        return make_sampler(self, law, n_samples, y, weights, groups, rng)

    def _resolve_resample(
        self, sampler: Sampler, weights: FloatArray | None
    ) -> Resample:
        return "weights"

    def _route_fit(self, params: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        allowed = () if self.scheme is None else ("groups",)
        routed = route(self, "fit", params, allow=allowed)
        if not routing_enabled():
            return {}, params.get("groups")
        return {}, None if self.scheme is None else routed.scheme.split.get("groups")

    def get_metadata_routing(self) -> MetadataRouter | MetadataRequest:
        """Return which metadata goes where.

        Returns
        -------
        MetadataRouter or MetadataRequest
            What fit takes itself, and what a scheme that draws takes.
        """
        if self.scheme is None:
            return super().get_metadata_routing()
        router = MetadataRouter(owner=self).add_self_request(self)
        mapping = MethodMapping().add(caller="fit", callee="split")
        return router.add(scheme=self.scheme, method_mapping=mapping)

    @property
    def estimator(self) -> Estimator:
        """A tree that is not fitted, with the parameters of the forest's."""
        return self._member()

    @property
    def estimators_samples_(self) -> list[IntArray]:
        """Rows that each tree was grown on, drawn again at each call."""
        return [rows.astype(np.int32) for rows in super().estimators_samples_]

    @property
    def n_outputs_(self) -> int:
        """Number of outputs."""
        check_is_fitted(self, "estimators_")
        return int(self.estimators_[0].n_outputs_)

    @property
    def feature_importances_(self) -> FloatArray:
        """Decrease of impurity that each feature brought, as a share of the sum.

        Features with many values have more chances to bring some: where that matters,
        use :func:`sklearn.inspection.permutation_importance`.
        """
        check_is_fitted(self, "estimators_")
        trees = [member.tree_ for member in self.estimators_]
        tasks = [(tree,) for tree in trees if tree.node_count > 1]
        if not tasks:
            return np.zeros(trees[0].n_features)
        shares = map_members(_importances, tasks, n_jobs=self.n_jobs, prefer="threads")
        mean = np.mean(list(shares), axis=0)
        return np.asarray(mean / mean.sum())

    def apply(self, X: Table) -> IntArray:
        """Number of the leaf that each row falls into, in each tree.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows.

        Returns
        -------
        ndarray of shape (n_samples, n_estimators)
            Positions in the arrays of each tree's `tree_`.

        Raises
        ------
        NotFittedError
            If the forest is not fitted.
        """
        codes = self._rows_to_predict(X).rows
        tasks = [(member.tree_, codes) for member in self.estimators_]
        leaves = map_members(
            Tree.leaves_of, tasks, n_jobs=self.n_jobs, prefer="threads"
        )
        return np.column_stack(list(leaves))

    def decision_path(self, X: Table) -> tuple[sparse.csr_matrix, IntArray]:
        """Which nodes each row passes, in all trees.

        Parameters
        ----------
        X : table of shape (n_samples, n_features), or BinnedMatrix
            Rows.

        Returns
        -------
        indicator : csr_matrix of shape (n_samples, n_nodes)
            One where a row passes a node.
        n_nodes_ptr : ndarray of shape (n_estimators + 1,)
            Columns from ``n_nodes_ptr[i]`` to ``n_nodes_ptr[i + 1]`` are the nodes of
            tree i.

        Raises
        ------
        NotFittedError
            If the forest is not fitted.
        """
        codes = self._rows_to_predict(X).rows
        tasks = [(member.tree_, codes) for member in self.estimators_]
        paths = list(map_members(_paths, tasks, n_jobs=self.n_jobs, prefer="threads"))
        ends = np.cumsum([0, *(path.shape[1] for path in paths)])
        return sparse.hstack(paths).tocsr(), ends


def _importances(tree: Tree) -> FloatArray:
    """Importances, by a copy that takes with it what was computed for them."""
    return replace(tree).compute_feature_importances()


def _paths(tree: Tree, codes: Any) -> sparse.csr_matrix:
    """Which nodes rows pass, by a copy, as above."""
    own = replace(tree)
    return own.paths_to(own.leaves_of(codes))
