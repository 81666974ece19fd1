"""What both snapshot ensembles are: one training run, copied at the ends of its cycles.

The learning rate falls along a cosine and jumps back up, M times in the run. At the end
of each cycle, where the rate is lowest, the net stands near a minimum and its weights
are copied; the restart throws it out again, towards another. The ensemble is the mean
of what the copies predict (Huang et al., 2017).
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from numbers import Real
from typing import Any, Literal

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.utils import check_array, check_X_y
from sklearn.utils.validation import check_is_fitted, validate_data
from skorch import NeuralNet
from skorch.history import History

from ensembles._combine import CombineRule, Rule, combine, resolve_rule
from ensembles._ensemble import BaseEnsemble
from ensembles._ensemble._nets import seeded_torch
from ensembles._random import entropy_from
from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import (
    check_choice,
    check_count,
    invalid_parameter,
    is_positive,
)
from ensembles.nets._prediction import copy_net, nets_of, trim
from ensembles.nets._snapshots import CyclicCosine, Snapshot
from ensembles.nets._training import attach, check_run, first_output, run
from ensembles.nets._wrap import as_net, fill_sizes, input_dtype, reset_weights

__all__ = ["BaseSnapshotEnsemble"]


class BaseSnapshotEnsemble(BaseEnsemble):
    """Base of both snapshot ensembles: everything but what the target asks for."""

    _unfit_nets: tuple[type[NeuralNet], ...]
    _probabilities: bool

    def __init__(
        self,
        estimator: Any = None,
        n_snapshots: int = 5,
        *,
        max_epochs: int | None = None,
        lr_max: float | None = None,
        lr_min: float = 0.0,
        use_last: int | None = None,
        combine: CombineRule = "auto",
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        self.estimator = estimator
        self.n_snapshots = n_snapshots
        self.max_epochs = max_epochs
        self.lr_max = lr_max
        self.lr_min = lr_min
        self.use_last = use_last
        self.combine = combine
        self.train_split = train_split
        self.x_dtype = x_dtype
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Table, y: ArrayLike) -> Any:
        """Train one net for all snapshots.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, n_features) or \
(n_samples, ...)
            Rows. With more than two axes, as for images, rows go to the module in that
            shape.
        y : array-like of shape (n_samples,) or, for regression, (n_samples, n_targets)
            Labels or values.

        Returns
        -------
        self
            The fitted ensemble.
        """
        self._check_params()
        X, y = self._check_rows_and_target(X, y)
        target, n_outputs = self._encode(y)
        net = self._fresh_net(X, n_outputs)
        cycles = CyclicCosine(self.n_snapshots, self.lr_max, self.lr_min)
        with seeded_torch(entropy_from(self.random_state) % 2**64, net.device):
            reset_weights(self, net)
            net.initialize()
            attach(net, cycles)
            X = self._cast(net, X)
            net.notify("on_train_begin", X=X, y=target)
            run(net, X, self._shape_target(net, target, first_output(net, X)))
        check_run(cycles)
        self.snapshots_ = cycles.snapshots_
        self.snapshot_iterations_ = np.array(cycles.cycle_ends_)
        self.n_iter_ = cycles.iteration_
        self.history_ = _epochs_only(net.history_)
        self.net_ = trim(net)
        return self

    def predict_members(self, X: Table) -> FloatArray:
        """Return what each snapshot in use predicts, the oldest first.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes), (n_members, n_samples) or \
(n_members, n_samples, n_targets)
            Probabilities, or values.
        """
        return np.stack(list(self._outputs(X)))

    # A list that is made on request would be the parent's attribute to a reader.
    @property
    def estimators_(self) -> list[NeuralNet]:  # type: ignore[override]
        """Fitted skorch nets of the snapshots in use, the oldest first.

        Made anew at each access, from the weights in `snapshots_`. They speak of class
        codes 0, 1, ... where the ensemble speaks of labels.
        """
        return [copy_net(net) for net in nets_of(self.net_, self._in_use())]

    @abstractmethod
    def _encode(self, y: Any) -> tuple[Any, int]:
        """What the net is trained on, and how many outputs a row needs."""

    @abstractmethod
    def _shape_target(self, net: NeuralNet, target: Any, output: FloatArray) -> Any:
        """The target in the shape and type that go with the net's output."""

    @abstractmethod
    def _decode(self, output: FloatArray) -> FloatArray:
        """A net's output as one member's prediction, float64."""

    @abstractmethod
    def _build(self, module: Any) -> NeuralNet:
        """A net around a module, or what makes one, with the ensemble's defaults."""

    def _check_params(self) -> None:
        """Raise unless all parameters are what they may be, before anything is done."""
        check_count(self, "n_snapshots", self.n_snapshots)
        check_count(self, "max_epochs", self.max_epochs, none=True)
        if self.lr_max is not None and not is_positive(self.lr_max):
            raise invalid_parameter(
                self, "lr_max", self.lr_max, "a float in the range (0.0, inf) or None"
            )
        lr_min: Any = self.lr_min
        is_zero = isinstance(lr_min, Real) and lr_min == 0
        if not is_zero and not is_positive(lr_min):
            raise invalid_parameter(
                self, "lr_min", lr_min, "a float in the range [0.0, inf)"
            )
        check_choice(self, "x_dtype", self.x_dtype, {"auto", None})
        self._n_in_use(self.n_snapshots)
        self._rule()

    def _n_in_use(self, n_snapshots: int) -> int:
        """How many of the snapshots are members."""
        check_count(self, "use_last", self.use_last, none=True)
        if self.use_last is None:
            return n_snapshots
        if self.use_last > n_snapshots:
            raise invalid_parameter(
                self,
                "use_last",
                self.use_last,
                f"at most the number of snapshots, {n_snapshots}",
            )
        return self.use_last

    def _in_use(self) -> list[Snapshot]:
        """The snapshots that are members, the oldest first."""
        return self.snapshots_[-self._n_in_use(len(self.snapshots_)) :]

    def _rule(self) -> Rule:
        """How members' predictions become one."""
        return resolve_rule(self, self.combine, probabilities=self._probabilities)

    def _check_rows_and_target(self, X: Table, y: ArrayLike) -> tuple[Any, Any]:
        """Arrays of X and y, with scikit-learn's errors for what they may not be."""
        X = _as_rows(self, X)
        options: dict[str, Any] = {}
        if not self._probabilities:
            options = {"multi_output": True, "y_numeric": True}
        if getattr(X, "ndim", 2) <= 2 or y is None:
            X, y = validate_data(self, X, y, **options)
            return X, y
        # A refit on images must not be held to the columns of an earlier table.
        for name in ("n_features_in_", "feature_names_in_"):
            if hasattr(self, name):
                delattr(self, name)
        X, y = check_X_y(X, y, allow_nd=True, estimator=self, **options)
        return X, y

    def _check_rows(self, X: Table) -> Any:
        """Array of X in the type of the module's weights."""
        check_is_fitted(self)
        X = _as_rows(self, X)
        if hasattr(self, "n_features_in_"):
            X = validate_data(self, X, reset=False)
        else:
            X = check_array(X, allow_nd=True, estimator=self, input_name="X")
        return self._cast(self.net_, X)

    def _cast(self, net: NeuralNet, X: Any) -> Any:
        """X in the type of the module's weights, writeable, as torch wants it."""
        if self.x_dtype == "auto":
            # Checked once more: a value may be too large for the smaller type.
            dtype = input_dtype(net.module_)
            with np.errstate(over="ignore"):
                X = check_array(X, dtype=dtype, allow_nd=True, input_name="X")
        return np.require(X, requirements=["C", "W"])

    def _fresh_net(self, X: Any, n_outputs: int) -> NeuralNet:
        """A net with the ensemble's settings that shares nothing with `estimator`."""
        net = as_net(self, self.estimator, self._build)
        if isinstance(net, self._unfit_nets):
            raise invalid_parameter(
                self,
                "estimator",
                type(net).__name__,
                "a net for the same task as the ensemble",
            )
        settings = {"max_epochs": self.max_epochs, "device": self.device}
        net.set_params(
            train_split=self.train_split,
            verbose=int(self.verbose),
            **{key: value for key, value in settings.items() if value is not None},
        )
        fill_sizes(net, math.prod(X.shape[1:]), n_outputs)
        return net

    def _outputs(self, X: Table) -> Iterator[FloatArray]:
        """Each member's prediction in turn."""
        X = self._check_rows(X)
        for net in nets_of(self.net_, self._in_use()):
            yield self._decode(net.predict_proba(X))

    def _combined(self, X: Table) -> FloatArray:
        """The members' predictions as one."""
        return combine(self._rule(), self._outputs(X))

    def _staged(self, X: Table) -> Iterator[FloatArray]:
        """The predictions of the last 1, 2, ... members as one."""
        outputs = list(self._outputs(X))
        for first in reversed(range(len(outputs))):
            yield combine(self._rule(), outputs[first:])


def _as_rows(owner: object, X: Table) -> Any:
    """X, as an array where it is a tensor; an error where it has no rows to check."""
    # Some of scipy's sparse formats are mappings, and scikit-learn has words for them.
    is_mapping = isinstance(X, Mapping) and not issparse(X)
    if is_mapping or isinstance(X, torch.utils.data.Dataset):
        raise TypeError(
            f"{type(owner).__name__} takes an array, a DataFrame or a tensor as X, got "
            f"a {type(X).__name__}. Put several inputs into one array and let the "
            "module take them apart."
        )
    return X.detach().cpu().numpy() if isinstance(X, torch.Tensor) else X


def _epochs_only(history: History) -> History:
    """A history without its rows for each batch, which are most of its size."""
    return History(
        {key: value for key, value in row.items() if key != "batches"}
        for row in history
    )
