"""Boosted nets for classes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, final

import torch
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from skorch import NeuralNet, NeuralNetClassifier, NeuralNetRegressor

from ensembles._ensemble._class_losses import (
    class_codes,
    class_loss_of,
    likeliest,
    probabilities,
)
from ensembles._typing import FloatArray, IntArray, RandomState, Table
from ensembles._validation import check_choice
from ensembles.losses import Loss
from ensembles.nets._additive import TaylorLoss
from ensembles.nets._boosting import STAGE_SETTINGS, BaseNeuralBoosting

__all__ = ["NeuralBoostingClassifier"]


@final
class NeuralBoostingClassifier(ClassifierMixin, BaseNeuralBoosting):
    """Sum of small nets, each trained for what those before it leave undone.

    Gradient boosting with nets in place of trees, and a step that trains all of them
    together from time to time. Take it where the width of a net is not known: nets are
    added until rows set aside say stop. Do not expect more of it than of one net of
    that size that is trained well: on five tables it was close to that, and a
    :class:`DeepEnsembleClassifier` better than both. On tables of unlike columns
    boosted trees, :class:`~ensembles.boosting.HistBoostingClassifier`, are better yet.

    Parameters
    ----------
    estimator : skorch net, torch module, callable or None, default=None
        What is trained in each stage; only read, never changed. Its outputs are added
        up, so it ends in a linear layer, with a logit for each class,
        or one of the second class where there are two.

        - A skorch net (`NeuralNetClassifier` or any `NeuralNet`) is cloned. Its
          parameters are reached as ``estimator__lr`` or ``estimator__module__hidden``;
          its criterion is replaced, and its ``max_epochs`` are those of a stage. Note
          that skorch does not shuffle unless told ``iterator_train__shuffle=True``.
          Stages learn derivatives of the loss, so callbacks that look at targets
          (`EpochScoring`, `Mixup`) cannot take part.
        - A module class, or a function that makes a module, is put into a net with
          ``Adam(lr=0.005)``, shuffled batches of 128 and 3 epochs a stage.
        - A module instance is copied, gets new weights from ``reset_parameters`` of
          its parts, and is put into the same net.
        - None is the same net around two hidden layers of 16 rectified linear units,
          in double precision. As for any net, scale X before.

        A class or function with parameters named ``n_features`` (number of values in a
        row) or ``n_outputs`` (number of logits) without a default gets them from the
        data. Lazy layers learn their input size in a forward pass before training.
    n_estimators : int, default=20
        Number of stages, at most, if rows are set aside.
    loss : {"log_loss", "exponential"} or Loss, default="log_loss"
        What the sum is to make small; a loss of :mod:`ensembles.losses` too.
    learning_rate : float, default=0.3
        Rate of a new net; corrections change the rates of all. Lower ones need more
        stages.
    corrective_epochs : int, default=3
        Epochs for which all nets and their rates are trained together by the loss,
        when there are 2, 4, 8, ... of them, and at the end. 0 is never, which is
        gradient boosting as it is with trees, and far worse with nets.
    corrective_lr : float, default=0.5
        Learning rate of these epochs, as a share of the net's.
    n_iter_no_change : int or None, default=10
        Number of stages without a gain on the rows set aside after which boosting
        ends; gains come with corrections, of which there are ever fewer. None goes
        through all stages. Without `train_split` it means nothing.
    tol : float, default=0.0
        What is a gain, in units of the loss.
    max_epochs : int or None, default=None
        Epochs of a stage. None takes those of the net.
    train_split : callable or None, default=None
        Split that sets rows aside, as ``ValidSplit(5)`` of skorch. The nets of the
        stage that is best on them are kept. None learns from all rows.
    x_dtype : {"auto"} or None, default="auto"
        "auto" casts X to the type of the module's first floating weights. None leaves
        integers as they are, for a module that begins with an embedding.
    device : str, torch.device or None, default=None
        Where to train and predict. None takes that of the net. Losses are computed on
        the CPU.
    random_state : int, RandomState, Generator or None, default=None
        Each stage's weights, batches and dropout follow from it; torch's own generators
        stay where they are.
    verbose : int, default=0
        Positive lets skorch print its table of epochs, for each stage.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    estimators_ : list of NeuralNet
        A skorch net for each stage, made anew at each access. Their outputs are added
        up: times their rate, and times `scale_`.
    snapshots_ : list of dict
        Weights of all nets, on the CPU: the state dict of each module of the net.
    rates_ : ndarray of shape (n_stages,)
        What nets are multiplied by.
    base_ : ndarray of shape (n_logits,)
        Raw prediction before the first net.
    scale_ : float
        One.
    history_ : skorch.history.History
        One dict a stage: ``train_loss``, ``corrected``, and, where `train_split` is
        given, ``valid_loss``.
    net_ : NeuralNet
        The net of the first stage, trimmed to what prediction needs.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, the net's output has not the width
        that the loss asks for, y has one class, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    See Also
    --------
    NeuralBoostingRegressor : The same for values.
    DeepEnsembleClassifier : Nets that are trained apart.
    ensembles.boosting.GradientBoostingClassifier : Boosts any learner.

    Notes
    -----
    Net :math:`t` makes the mean of :math:`g f(x) + h f(x)^2 / 2` small, the Taylor
    polynomial of second order of the loss at the sum so far, which is the Newton step
    of [1]_ without a division. The paper also shows each net the last hidden layer of
    the one before; on five tables that did not help, and made training less stable, and
    without it nets may be of any kind. It corrects all nets after each stage, which
    takes passes that grow with the square of the number of stages. Three epochs at
    every doubling were as good, with three quarters of the passes at 20 stages.

    References
    ----------
    .. [1] S. Badirli, X. Liu, Z. Xing, A. Bhowmik, K. Doan, S. S. Keerthi, "Gradient
       boosting neural networks: GrowNet", arXiv:2002.07971, 2020, algorithm 1.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from skorch.dataset import ValidSplit
    >>> from ensembles.nets import NeuralBoostingClassifier
    >>> X, y = make_moons(600, noise=0.3, random_state=0)
    >>> clf = NeuralBoostingClassifier(
    ...     max_epochs=10, train_split=ValidSplit(5), random_state=0
    ... ).fit(X[:300], y[:300])
    >>> round(clf.score(X[300:], y[300:]), 2)
    0.9
    """

    _unfit_nets = (NeuralNetRegressor,)
    _probabilities = True

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 20,
        *,
        loss: str | Loss = "log_loss",
        learning_rate: float = 0.3,
        corrective_epochs: int = 3,
        corrective_lr: float = 0.5,
        n_iter_no_change: int | None = 10,
        tol: float = 0.0,
        max_epochs: int | None = None,
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            n_estimators,
            loss=loss,
            learning_rate=learning_rate,
            corrective_epochs=corrective_epochs,
            corrective_lr=corrective_lr,
            n_iter_no_change=n_iter_no_change,
            tol=tol,
            max_epochs=max_epochs,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )

    def predict_proba(self, X: Table) -> FloatArray:
        """Return class probabilities.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Columns in the order of `classes_`.
        """
        raw = self._combined(X)
        return self._probabilities_of(raw)

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
        raw = self._combined(X)
        return self.classes_[self._likeliest_of(raw)]

    def decision_function(self, X: Table) -> FloatArray:
        """Return raw predictions: logits.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            Of two classes those of the second.
        """
        return self._combined(X)

    def staged_predict_proba(self, X: Table) -> Iterator[FloatArray]:
        """Yield class probabilities of the first 1, 2, ... nets.

        With the weights and rates that corrections have given them: what a shorter
        training gives is another sum.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Yields
        ------
        ndarray of shape (n_samples, n_classes)
            One for each number of nets.
        """
        for raw in self._staged(X):
            yield self._probabilities_of(raw)

    def staged_predict(self, X: Table) -> Iterator[Any]:
        """Yield the labels that the first 1, 2, ... nets predict.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Yields
        ------
        ndarray of shape (n_samples,)
            One for each number of nets.
        """
        for raw in self._staged(X):
            yield self.classes_[self._likeliest_of(raw)]

    def _probabilities_of(self, raw: FloatArray) -> FloatArray:
        return probabilities(self._loss, raw.reshape(len(raw), -1))

    def _likeliest_of(self, raw: FloatArray) -> IntArray:
        return likeliest(self._loss, raw.reshape(len(raw), -1))

    def _encode(self, y: Any) -> tuple[Any, int]:
        check_classification_targets(y)
        self.classes_, codes = class_codes(y, None, None)
        self._loss = class_loss_of(self.loss, len(self.classes_))
        return codes, self._loss.n_raw

    def _build(self, module: Any) -> NeuralNet:
        return NeuralNetClassifier(module, criterion=TaylorLoss, **STAGE_SETTINGS)

    def _check_loss(self) -> None:
        if not isinstance(self.loss, Loss):
            check_choice(self, "loss", self.loss, ("log_loss", "exponential"))
