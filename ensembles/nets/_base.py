"""What all ensembles of nets share: rows, targets, nets made fit, and outputs."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, Self

import numpy as np
import torch
from scipy.sparse import issparse
from sklearn.utils import check_array, check_X_y
from sklearn.utils.validation import check_is_fitted, validate_data
from skorch import NeuralNet
from skorch.history import History
from torch import nn

from ensembles._ensemble import BaseEnsemble
from ensembles._ensemble._data import state_kept_on_failure
from ensembles._typing import ArrayLike, FloatArray, RandomState, Table
from ensembles._validation import check_choice, check_count, invalid_parameter
from ensembles.nets._lean import make_lean
from ensembles.nets._prediction import copy_net, proba_of
from ensembles.nets._wrap import as_net, default_module, fill_sizes, input_dtype

__all__ = ["BaseNetEnsemble", "epochs_only"]


class BaseNetEnsemble(BaseEnsemble):
    """Trains nets; subclasses say what the target asks for and what becomes of them."""

    _unfit_nets: tuple[type[NeuralNet], ...]
    _probabilities: bool
    _default_module: Callable[..., nn.Module] = staticmethod(default_module)
    net_: NeuralNet

    def __init__(
        self,
        estimator: Any,
        *,
        max_epochs: int | None,
        train_split: Callable[..., Any] | None,
        x_dtype: Literal["auto"] | None,
        device: str | torch.device | None,
        random_state: RandomState,
        verbose: int,
    ) -> None:
        self.estimator = estimator
        self.max_epochs = max_epochs
        self.train_split = train_split
        self.x_dtype = x_dtype
        self.device = device
        self.random_state = random_state
        self.verbose = verbose

    def fit(self, X: Table, y: ArrayLike) -> Self:
        """Train.

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
        Self
            The fitted ensemble.

        Raises
        ------
        InvalidParameterError
            If a parameter is not allowed.
        ValueError
            If data and parameters contradict one another, or training diverges. The
            ensemble is then as it was before.
        """
        self._check_params()
        with state_kept_on_failure(self):
            X, y = self._check_rows_and_target(X, y)
            target, n_outputs = self._encode(y)
            self._train(self._fresh_net(X, n_outputs), X, target)
        return self

    def predict_members(self, X: Table) -> FloatArray:
        """Return what each member predicts.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_members, n_samples, n_classes), (n_members, n_samples) or \
(n_members, n_samples, n_targets)
            Probabilities, or values.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        return np.stack(list(self._outputs(X)))

    # A list that is made on request would be the parent's attribute to a reader.
    @property
    def estimators_(self) -> list[NeuralNet]:  # type: ignore[override]
        """Fitted skorch nets of the members.

        Made anew at each access. They speak of class codes 0, 1, ... where the ensemble
        speaks of labels.
        """
        return [copy_net(net) for net in self._nets()]

    @abstractmethod
    def _train(self, net: NeuralNet, X: Any, target: Any) -> None:
        """Train a net that is not initialised, and set fitted attributes."""

    @abstractmethod
    def _nets(self) -> Iterator[NeuralNet]:
        """A net for each member in turn, to predict with and not to keep."""

    @abstractmethod
    def _combined(self, X: Table) -> FloatArray:
        """The members' predictions as one."""

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
        check_count(self, "max_epochs", self.max_epochs, none=True)
        check_choice(self, "x_dtype", self.x_dtype, {"auto", None})
        split: Any = self.train_split
        if not (split is None or callable(split)):
            allowed = "a callable, such as ValidSplit(5) of skorch.dataset, or None"
            raise invalid_parameter(self, "train_split", split, allowed)

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
        net = as_net(self, self.estimator, self._build, self._default_module)
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
        make_lean(net)
        return net

    def _outputs(self, X: Table) -> Iterator[FloatArray]:
        """Each member's prediction in turn."""
        X = self._check_rows(X)
        for net in self._nets():
            yield self._decode(proba_of(net, X))


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


def epochs_only(history: History) -> History:
    """A history without its rows for each batch, which are most of its size."""
    return History(
        {key: value for key, value in row.items() if key != "batches"}
        for row in history
    )
