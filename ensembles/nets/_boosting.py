"""What boosted nets share, whatever the target asks for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from sklearn.utils.validation import check_is_fitted
from skorch import NeuralNet, NeuralNetBinaryClassifier
from skorch.callbacks import BatchScoring, EarlyStopping, EpochScoring
from skorch.dataset import Dataset
from skorch.history import History
from torch.utils.data import Subset

from ensembles._ensemble._nets import seeded_run
from ensembles._random import entropy_from, entropy_of, keys_for
from ensembles._typing import FloatArray, IntArray, RandomState, Table
from ensembles._validation import check_count, check_positive, invalid_parameter
from ensembles.losses import Loss
from ensembles.nets._additive import TaylorLoss
from ensembles.nets._base import BaseNetEnsemble
from ensembles.nets._boosting_run import Boosting, Rows, Sum
from ensembles.nets._members import template_of
from ensembles.nets._prediction import nets_of, proba_of, trim
from ensembles.nets._training import check_finite
from ensembles.nets._weights import Snapshot, load_snapshot
from ensembles.nets._wrap import default_module, with_parts
from ensembles.nets.callbacks._mixing import CutMix, Mixup

__all__ = ["STAGE_SETTINGS", "BaseNeuralBoosting"]

_OF_TARGETS = (BatchScoring, CutMix, EpochScoring, Mixup)

# Of the nets around modules that come without one: weak, so that many are needed.
STAGE_SETTINGS = {
    "optimizer": torch.optim.Adam,
    "lr": 0.005,
    "max_epochs": 3,
    "batch_size": 128,
    "iterator_train__shuffle": True,
}


class BaseNeuralBoosting(BaseNetEnsemble):
    """Adds nets up; subclasses say by which loss, and what raw predictions mean."""

    _default_module = staticmethod(partial(default_module, hidden=(16, 16)))
    snapshots_: list[Snapshot]
    _loss: Loss

    def __init__(
        self,
        estimator: Any,
        n_estimators: int,
        *,
        loss: str | Loss,
        learning_rate: float,
        corrective_epochs: int,
        corrective_lr: float,
        n_iter_no_change: int | None,
        tol: float,
        max_epochs: int | None,
        train_split: Callable[..., Any] | None,
        x_dtype: Literal["auto"] | None,
        device: str | torch.device | None,
        random_state: RandomState,
        verbose: int,
    ) -> None:
        super().__init__(
            estimator,
            max_epochs=max_epochs,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.n_estimators = n_estimators
        self.loss = loss
        self.learning_rate = learning_rate
        self.corrective_epochs = corrective_epochs
        self.corrective_lr = corrective_lr
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol

    def predict_members(self, X: Table) -> FloatArray:
        """Return what each net adds to the raw prediction.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_members, n_samples) or (n_members, n_samples, n_classes)
            Times its rate; with `base_` they add up to the raw prediction.

        Raises
        ------
        NotFittedError
            If the ensemble is not fitted.
        """
        return super().predict_members(X)

    def _train(self, net: NeuralNet, X: Any, target: Any) -> None:
        entropy = entropy_from(self.random_state)
        seeds = keys_for(entropy_of(entropy, 0), 0, 2 * self.n_estimators).tolist()
        rows, others = self._split(X, target, entropy_of(entropy, 1) % 2**32)
        template, job = template_of(self, net, seeds[0], X, target)
        base = np.atleast_1d(self._loss.initial_value(target[rows], None))
        self.base_ = np.asarray(base, dtype=np.float64)
        self.scale_ = _scale_of(self._loss, target[rows])
        boosting = Boosting(
            net=job.net,
            template=template,
            loss=self._loss,
            base=self.base_,
            scale=self.scale_,
            learning_rate=self.learning_rate,
            corrective_epochs=self.corrective_epochs,
            corrective_lr=self.corrective_lr,
        )
        learned, aside = (
            None if part is None else Rows(job.X[part], target[part], self._start(part))
            for part in (rows, others)
        )
        assert learned is not None
        pairs = list(zip(seeds[::2], seeds[1::2], strict=True))
        found = self._best_of(boosting.stages(pairs, learned, aside))
        check_finite(template, found.snapshots)
        self.snapshots_, self.rates_ = list(found.snapshots), found.rates
        load_snapshot(template, self.snapshots_[0])
        self.net_ = trim(template)

    def _start(self, rows: IntArray) -> FloatArray:
        return np.tile(self.base_, (len(rows), 1))

    def _best_of(self, stages: Iterator[tuple[Sum, dict[str, Any]]]) -> Sum:
        """The sum that is best on rows set aside, or the last one."""
        self.history_ = History()
        best, lowest, waited = None, np.inf, 0
        for found, said in stages:
            self.history_.new_epoch()
            for name, value in said.items():
                self.history_.record(name, value)
            judged = said.get("valid_loss")
            if judged is None or best is None or judged < lowest - self.tol:
                best, waited = found, 0
                lowest = np.inf if judged is None else judged
            else:
                waited += 1
            if self.n_iter_no_change is not None and waited >= self.n_iter_no_change:
                break
        assert best is not None
        return best

    def _split(self, X: Any, y: Any, seed: int) -> tuple[IntArray, IntArray | None]:
        """Numbers of the rows to learn from, and of those to be judged by."""
        if self.train_split is None:
            return np.arange(len(X)), None
        with seeded_run(seed, "cpu"):
            parts = self.train_split(Dataset(X, y), y)
        if not all(isinstance(part, Subset) for part in parts):
            allowed = "a split of the rows of fit, such as ValidSplit(5), or None"
            raise invalid_parameter(self, "train_split", self.train_split, allowed)
        rows, others = (np.asarray(part.indices) for part in parts)
        return rows, others

    def _fresh_net(self, X: Any, n_outputs: int) -> NeuralNet:
        net = with_parts(super()._fresh_net(X, n_outputs), criterion=TaylorLoss)
        self._check_callbacks(net)
        # Outputs are neither logits nor probabilities, and rows are set aside here.
        net.set_params(predict_nonlinearity=None, train_split=None)
        return net

    def _check_callbacks(self, net: NeuralNet) -> None:
        """Raise for callbacks that ask for what stages have not."""
        given = [] if net.callbacks in (None, "disable") else net.callbacks
        for callback in (one[1] if isinstance(one, tuple) else one for one in given):
            kind = callback if isinstance(callback, type) else type(callback)
            monitor = str(getattr(callback, "monitor", ""))
            if issubclass(kind, _OF_TARGETS):
                needed = "looks at targets, and stages learn derivatives of the loss"
            elif issubclass(kind, EarlyStopping) and monitor.startswith("valid"):
                needed = (
                    "looks at rows set aside, and here these judge whole stages: pass "
                    "train_split and n_iter_no_change"
                )
            else:
                continue
            allowed = "a net without callbacks that ask for what stages have not"
            hint = f"{kind.__name__} {needed}."
            name = type(self.estimator).__name__
            raise invalid_parameter(self, "estimator", name, allowed, hint)

    def _shape_target(self, net: NeuralNet, target: Any, output: FloatArray) -> Any:
        """Derivatives of the right shape, once the output proves to fit them."""
        n_raw = self._loss.n_raw
        is_flat = n_raw == 1 and output.shape == (len(output),)
        if not (is_flat or output.shape == (len(output), n_raw)):
            raise ValueError(
                f"The net's output has shape {output.shape} for {len(output)} rows; "
                f"with {self._loss!r} it must be {(len(output), n_raw)}. Change the "
                "width of the module's last layer, or let the module take n_outputs."
            )
        return np.zeros((len(target), 2, n_raw), dtype=output.dtype)

    def _nets(self) -> Iterator[NeuralNet]:
        return nets_of(self.net_, self.snapshots_)

    def _outputs(self, X: Table) -> Iterator[FloatArray]:
        X = self._check_rows(X)
        for net, rate in zip(self._nets(), self.rates_, strict=True):
            yield self.scale_ * rate * self._decode(proba_of(net, X))

    def _decode(self, output: FloatArray) -> FloatArray:
        """Outputs as the loss takes raw predictions."""
        values = output.reshape(len(output), -1).astype(np.float64)
        return values[:, 0] if self._loss.n_raw == 1 else values

    def _combined(self, X: Table) -> FloatArray:
        """Raw predictions of the whole sum."""
        *_, last = self._staged(X)
        return last

    def _staged(self, X: Table) -> Iterator[FloatArray]:
        """Raw predictions of the first 1, 2, ... nets, a new array each."""
        check_is_fitted(self)
        total: Any = self.base_ if self._loss.n_raw > 1 else self.base_[0]
        for output in self._outputs(X):
            total = total + output
            yield total

    def _check_params(self) -> None:
        super()._check_params()
        check_count(self, "n_estimators", self.n_estimators)
        check_positive(self, "learning_rate", self.learning_rate)
        check_count(self, "corrective_epochs", self.corrective_epochs, low=0)
        check_positive(self, "corrective_lr", self.corrective_lr)
        check_count(self, "n_iter_no_change", self.n_iter_no_change, none=True)
        check_positive(self, "tol", self.tol, zero=True)
        if isinstance(self.estimator, NeuralNetBinaryClassifier):
            allowed = "a net that does not turn outputs into classes"
            hint = "Give a NeuralNetClassifier, or the module."
            name = type(self.estimator).__name__
            raise invalid_parameter(self, "estimator", name, allowed, hint)
        self._check_loss()

    @abstractmethod
    def _check_loss(self) -> None:
        """Raise unless `loss` is one for this kind of target."""


def _scale_of(loss: Loss, y: FloatArray) -> float:
    """Standard deviation of targets that raw predictions are in the unit of; else 1."""
    spread = float(y.std())
    is_own_unit = loss.n_raw == 1 and np.array_equal(loss.link(y), y)
    return spread if spread > 0 and is_own_unit else 1.0
