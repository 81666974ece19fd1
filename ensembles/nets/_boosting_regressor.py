"""Boosted nets for values."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, final

import numpy as np
import torch
from sklearn.base import RegressorMixin
from sklearn.utils import column_or_1d
from skorch import (
    NeuralNet,
    NeuralNetBinaryClassifier,
    NeuralNetClassifier,
    NeuralNetRegressor,
)

from ensembles._typing import FloatArray, RandomState, Table
from ensembles._validation import check_choice, invalid_parameter
from ensembles.losses import Loss
from ensembles.losses._named import loss_of
from ensembles.nets._additive import TaylorLoss
from ensembles.nets._boosting import STAGE_SETTINGS, BaseNeuralBoosting

__all__ = ["NeuralBoostingRegressor"]

# Those that need no parameter; others are given as objects.
_NAMED = ("absolute_error", "gamma", "huber", "poisson", "squared_error")


@final
class NeuralBoostingRegressor(RegressorMixin, BaseNeuralBoosting):
    """Sum of small nets, each trained for what those before it leave undone.

    Gradient boosting with nets in place of trees, and a step that trains all of them
    together from time to time. Take it where the width of a net is not known, nets are
    added until rows set aside say stop, or for losses that torch has not: quantiles,
    counts, positive values. Do not expect more of it than of one net of that size that
    is trained well: on five tables it was close to that, and a
    :class:`DeepEnsembleRegressor` better than both. On tables of unlike columns boosted
    trees, :class:`~ensembles.boosting.HistBoostingRegressor`, are better yet.

    Parameters
    ----------
    estimator : skorch net, torch module, callable or None, default=None
        What is trained in each stage; only read, never changed. Its outputs are added
        up, so it ends in a linear layer, with one output.

        - A skorch net (`NeuralNetRegressor` or any `NeuralNet`) is cloned. Its
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
        row) or ``n_outputs`` (1) without a default gets them from the data.
        Lazy layers learn their input size in a forward pass before training.
    n_estimators : int, default=20
        Number of stages, at most, if rows are set aside.
    loss : str or Loss, default="squared_error"
        What the sum is to make small: "squared_error", "absolute_error", "huber",
        "poisson", "gamma", or a loss of :mod:`ensembles.losses`, as
        ``PinballLoss(0.9)``.
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
    estimators_ : list of NeuralNet
        A skorch net for each stage, made anew at each access. Their outputs are added
        up: times their rate, and times `scale_`.
    snapshots_ : list of dict
        Weights of all nets, on the CPU: the state dict of each module of the net.
    rates_ : ndarray of shape (n_stages,)
        What nets are multiplied by.
    base_ : ndarray of shape (1,)
        Raw prediction before the first net.
    scale_ : float
        What outputs are multiplied by: the standard deviation of y where raw
        predictions are in its unit, else 1.
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
        that the loss asks for, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    See Also
    --------
    NeuralBoostingClassifier : The same for classes.
    DeepEnsembleRegressor : Nets that are trained apart.
    ensembles.boosting.GradientBoostingRegressor : Boosts any learner.

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
    The ninetieth percentile of noise that grows with x:

    >>> import numpy as np
    >>> from ensembles.losses import PinballLoss
    >>> from ensembles.nets import NeuralBoostingRegressor
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(0, 1, (800, 1))
    >>> y = rng.normal(100 * X[:, 0], 1 + 20 * X[:, 0])
    >>> model = NeuralBoostingRegressor(
    ...     loss=PinballLoss(0.9), n_estimators=8, random_state=0
    ... ).fit(X[:400], y[:400])
    >>> print(round((y[400:] < model.predict(X[400:])).mean(), 1))
    0.9
    """

    _unfit_nets = (NeuralNetClassifier, NeuralNetBinaryClassifier)
    _probabilities = False

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 20,
        *,
        loss: str | Loss = "squared_error",
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

    def predict(self, X: Table) -> FloatArray:
        """Return predictions.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,)
            Values.
        """
        raw = self._combined(X)
        return np.asarray(self._loss.prediction(raw))

    def staged_predict(self, X: Table) -> Iterator[FloatArray]:
        """Yield predictions of the first 1, 2, ... nets.

        With the weights and rates that corrections have given them: what a shorter
        training gives is another sum.

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
            yield np.asarray(self._loss.prediction(raw))

    def _encode(self, y: Any) -> tuple[Any, int]:
        target = column_or_1d(y, warn=True).astype(np.float64)
        given = self.loss
        self._loss = given if isinstance(given, Loss) else loss_of(given)
        self._loss.check_target(target)
        return target, 1

    def _build(self, module: Any) -> NeuralNet:
        return NeuralNetRegressor(module, criterion=TaylorLoss, **STAGE_SETTINGS)

    def _check_loss(self) -> None:
        if not isinstance(self.loss, Loss):
            check_choice(self, "loss", self.loss, _NAMED)
        elif self.loss.n_raw != 1:
            raise invalid_parameter(
                self, "loss", self.loss, "a loss with one raw prediction for a row"
            )
