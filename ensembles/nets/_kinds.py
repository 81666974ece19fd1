"""What nets of classes and nets of values ask of a target and of an output."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import torch
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from skorch import (
    NeuralNet,
    NeuralNetBinaryClassifier,
    NeuralNetClassifier,
    NeuralNetRegressor,
)
from torch import nn

from ensembles._typing import FloatArray, Table
from ensembles._uncertainty import Uncertainty, of_probabilities
from ensembles._validation import check_choice
from ensembles.nets._base import BaseNetEnsemble
from ensembles.nets._wrap import input_dtype

__all__ = ["BaseNetClassifier", "BaseNetRegressor"]

# Of the nets around modules that come without one. Adam, whose step does not grow with
# the gradient: rows and targets of any scale come here.
_NET_SETTINGS = {
    "optimizer": torch.optim.Adam,
    "lr": 0.01,
    "max_epochs": 100,
    "batch_size": 128,
    "iterator_train__shuffle": True,
}


class BaseNetClassifier(ClassifierMixin, BaseNetEnsemble):
    """An ensemble of nets that give probabilities of classes."""

    _unfit_nets = (NeuralNetRegressor,)
    _probabilities = True
    classes_: Any

    def predict_proba(self, X: Table) -> FloatArray:
        """Return the combined class probabilities.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        return self._combined(X)

    def predict(self, X: Table) -> Any:
        """Return the label that is most probable for each row.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]

    def predict_uncertainty(self, X: Table) -> Uncertainty:
        """Return how unsure the prediction is, and why.

        Of the mean of the members' probabilities, whatever `combine` is.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        total : ndarray of shape (n_samples,)
            Entropy of the mean, in nats: 0 where one class is sure, log(n_classes)
            where all are equally probable.
        aleatoric : ndarray of shape (n_samples,)
            Mean of the members' entropies: what they find uncertain themselves.
        epistemic : ndarray of shape (n_samples,)
            What is left, the mutual information of class and member: what members
            disagree about, as they do away from what they have seen. Zero for one
            member.
        """
        return of_probabilities(self._outputs(X))

    def _encode(self, y: Any) -> tuple[Any, int]:
        """Class codes, shape (n_samples,), and the number of classes."""
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        return codes.astype(np.int64), len(self.classes_)

    def _shape_target(self, net: NeuralNet, target: Any, output: FloatArray) -> Any:
        """Codes, as floats for the binary loss, once the output proves to fit them."""
        n_classes = len(self.classes_)
        is_binary = isinstance(net, NeuralNetBinaryClassifier)
        if is_binary and n_classes != 2:
            raise ValueError(
                f"A NeuralNetBinaryClassifier needs 2 classes, and y has {n_classes}. "
                "Use a NeuralNetClassifier."
            )
        if output.shape != (len(output), n_classes):
            raise ValueError(
                f"The net's predict_proba has shape {output.shape} for {len(output)} "
                f"rows; with {n_classes} classes in y it must be "
                f"{(len(output), n_classes)}. Change the width of the module's last "
                "layer, or let the module take n_outputs."
            )
        if not np.allclose(output.sum(axis=1), 1, atol=1e-2) or (output < 0).any():
            raise ValueError(
                "The net's predict_proba is not a probability: its first row is "
                f"{output[0]}. With NLLLoss, which skorch takes by default, the module "
                "must end in a softmax; with logits, set "
                "criterion=torch.nn.CrossEntropyLoss."
            )
        return target.astype(input_dtype(net.module_)) if is_binary else target

    def _decode(self, output: FloatArray) -> FloatArray:
        """Probabilities of shape (n_samples, n_classes), as float64."""
        # Rows of float32 sum to one within 1e-7, which log_loss warns of in float64.
        probabilities = output.astype(np.float64)
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities

    def _build(self, module: Any) -> NeuralNet:
        """A net that takes the module's outputs as logits."""
        return NeuralNetClassifier(
            module, criterion=nn.CrossEntropyLoss, **_NET_SETTINGS
        )


class BaseNetRegressor(RegressorMixin, BaseNetEnsemble):
    """An ensemble of nets that predict values."""

    _unfit_nets = (NeuralNetClassifier, NeuralNetBinaryClassifier)
    _probabilities = False
    standardize_y: Literal["auto"] | bool

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def predict(self, X: Table) -> FloatArray:
        """Return the combined prediction.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_targets)
            As many axes as the y of `fit` had.
        """
        return self._combined(X)

    def _check_params(self) -> None:
        """Raise unless all parameters are what they may be, before anything is done."""
        super()._check_params()
        if not isinstance(self.standardize_y, bool | np.bool_):
            choices = {"auto", True, False}
            check_choice(self, "standardize_y", self.standardize_y, choices)

    def _encode(self, y: Any) -> tuple[Any, int]:
        """Targets of shape (n_samples, n_targets), and n_targets."""
        self._y_is_flat = y.ndim == 1
        target = y.reshape(len(y), -1).astype(np.float64)
        self.y_mean_ = np.zeros(target.shape[1])
        self.y_scale_ = np.ones(target.shape[1])
        if self._standardizes():
            self.y_mean_ = target.mean(axis=0)
            spread = target.std(axis=0)
            self.y_scale_ = np.where(spread > 0, spread, 1.0)
        return (target - self.y_mean_) / self.y_scale_, target.shape[1]

    def _standardizes(self) -> bool:
        """Whether to train on standardised targets."""
        is_auto = self.standardize_y == "auto"
        return bool(self.estimator is None if is_auto else self.standardize_y)

    def _shape_target(self, net: NeuralNet, target: Any, output: FloatArray) -> Any:
        """Targets in the number of axes of the output: the loss would broadcast."""
        n_targets = target.shape[1]
        target = target.astype(input_dtype(net.module_))
        if output.shape == (len(output), n_targets):
            return target
        if output.ndim == 1 and n_targets == 1:
            return target[:, 0]
        raise ValueError(
            f"The net's output has shape {output.shape} for {len(output)} rows; with "
            f"{n_targets} target(s) in y it must be {(len(output), n_targets)}. Change "
            "the width of the module's last layer, or let the module take n_outputs."
        )

    def _decode(self, output: FloatArray) -> FloatArray:
        """Values of shape (n_samples,) or (n_samples, n_targets), as float64."""
        values = output.reshape(len(output), -1).astype(np.float64)
        values = values * self.y_scale_ + self.y_mean_
        return values[:, 0] if self._y_is_flat else values

    def _build(self, module: Any) -> NeuralNet:
        """A net for squared error."""
        return NeuralNetRegressor(module, **_NET_SETTINGS)
