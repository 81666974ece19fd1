"""Averages of the weights of one training run, equal or exponential."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, final

import torch
from skorch import NeuralNet

from ensembles._typing import FloatArray, RandomState, Table
from ensembles._validation import (
    check_choice,
    check_share,
)
from ensembles.nets._averaging import AveragingCourse, check_averaging
from ensembles.nets._batch_norm import renew_batch_norm
from ensembles.nets._course import Course
from ensembles.nets._kinds import BaseNetClassifier, BaseNetRegressor
from ensembles.nets._one_run import BaseOneRun
from ensembles.nets._weights import Snapshot, take_snapshot

__all__ = ["WeightAveragingClassifier", "WeightAveragingRegressor"]


class _BaseWeightAveraging(BaseOneRun):
    """Base of both: everything but what the target asks for."""

    def __init__(
        self,
        estimator: Any,
        *,
        average: Literal["equal", "ema"],
        start: float,
        swa_lr: float | None,
        every: int | None,
        decay: float,
        **parameters: Any,
    ) -> None:
        super().__init__(estimator, **parameters)
        self.average = average
        self.start = start
        self.swa_lr = swa_lr
        self.every = every
        self.decay = decay

    def _course(self) -> AveragingCourse:
        return AveragingCourse(
            self.start, self.swa_lr, self.average, self.every, self.decay
        )

    def _wanted(self, course: Course, net: NeuralNet) -> list[Snapshot]:
        assert isinstance(course, AveragingCourse)
        course.put_into(net)
        renew_batch_norm(net, course.dataset_)
        self.n_averaged_ = course.n_averaged_
        return [take_snapshot(net)]

    def _nets(self) -> Iterator[NeuralNet]:
        yield self.net_

    def _combined(self, X: Table) -> FloatArray:
        (output,) = self._outputs(X)
        return output

    def _check_params(self) -> None:
        super()._check_params()
        check_choice(self, "average", self.average, {"equal", "ema"})
        check_averaging(self)
        check_share(self, "decay", self.decay)


@final
class WeightAveragingClassifier(BaseNetClassifier, _BaseWeightAveraging):
    """A net whose weights are the mean of those that training goes through.

    Stochastic weight averaging (SWA), or, with ``average="ema"``, an exponential moving
    average: training goes on at a constant rate, which leads round a minimum, and the
    mean of the weights lies nearer to its middle than any of them. It costs what one
    net costs, in training and in prediction. Take it for large nets, in place of a rate
    that falls to zero; where several nets can be paid for, the mean of what they
    predict is better, and says how far they agree.

    Parameters
    ----------
    estimator : skorch net, torch module, callable or None, default=None
        What is trained; only read, never changed.

        - A skorch net (`NeuralNetClassifier`, `NeuralNetBinaryClassifier` or any
          `NeuralNet` whose ``predict_proba`` gives probabilities) is cloned. Its
          parameters are reached as ``estimator__lr`` or ``estimator__module__hidden``.
          With the criterion that skorch has by default, ``NLLLoss``, the module must
          end in a softmax; with ``CrossEntropyLoss`` it must return logits. Note that
          skorch does not shuffle unless told ``iterator_train__shuffle=True``.
        - A module class, or a function that makes a module, is put into a net with
          ``CrossEntropyLoss`` (so it must return logits), ``Adam(lr=0.01)``, shuffled
          batches of 128 and 100 epochs.
        - A module instance is copied, gets new weights from ``reset_parameters`` of
          its parts, and is put into the same net. To keep weights that were learnt
          before, give a function that returns the module.
        - None is the same net around two hidden layers of 64 rectified linear units,
          in double precision. As for any net, scale X before.

        A class or function with parameters named ``n_features`` (number of values in a
        row) or ``n_outputs`` (number of classes; 1 in a `NeuralNetBinaryClassifier`)
        without a default gets them from the data. Lazy layers learn their input size
        in a forward pass before training.
    average : {"equal", "ema"}, default="equal"
        Whether all weights count the same (SWA), or the older ones ever less.
    start : float, default=0.75
        Share of the run before the first weights that count, in [0, 1). The learning
        rate is the net's own for half of that, falls in a straight line up to nine
        tenths, and stays.
    swa_lr : float or None, default=None
        Learning rate from there on. None is half of the net's. It should be high enough
        for the weights to move.
    every : int or None, default=None
        Iterations from weights that count to the next. None is an epoch for "equal" and
        one iteration for "ema".
    decay : float, default=0.99
        What the moving average is multiplied by each time, in [0, 1): of the order of
        ``1 / (1 - decay)`` weights count.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    train_split : callable or None, default=None
        Split that skorch makes before training, such as ``ValidSplit(5)``, in place of
        the net's own: the rows held out are for losses in `history_` only and are lost
        to training. None trains on all rows.
    x_dtype : {"auto"} or None, default="auto"
        "auto" casts X to the type of the module's first floating weights. None leaves
        integers as they are, for a module that begins with an embedding.
    device : str, torch.device or None, default=None
        Where to train and predict. None takes that of the net. The weights that
        remain are on the CPU.
    random_state : int, RandomState, Generator or None, default=None
        An int is the seed of torch's generators during the fit, for weights, batches
        and dropout; the global ones are put back after it.
    verbose : int, default=0
        Positive lets skorch print its table of epochs.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    estimators_ : list of NeuralNet
        The one net, a copy.
    n_averaged_ : int
        How many weights have been averaged.
    n_iter_ : int
        Iterations of the run: minibatches, over all epochs.
    history_ : skorch.history.History
        One dict an epoch, with ``train_loss`` and, where `train_split` is given,
        ``valid_loss``; without skorch's rows for each batch.
    net_ : NeuralNet
        The net with the mean of the weights, trimmed to what prediction needs.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, the net's output has not one column a
        class or its rows do not sum to one, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If callbacks of the net that stop training or set the learning rate
        (`EarlyStopping`, `LRScheduler`) are left out.

    See Also
    --------
    WeightAveragingRegressor : The same for values.
    FastGeometricEnsembleClassifier : The mean of what nets on such a path predict.

    Notes
    -----
    With n weights in the mean, the next one moves it by ``(w - mean) / (n + 1)``;
    the moving average takes ``decay`` of itself and ``1 - decay`` of w, and starts as a
    copy, as :class:`torch.optim.swa_utils.AveragedModel` has it.

    Batch normalisation knows means and variances of its inputs, which are others with
    the mean of the weights. They are found again from all rows that were trained on,
    a thousand at a time: :func:`torch.optim.swa_utils.update_bn` counts a small last
    batch as much as a full one, and leaves dropout on. Layers that training leaves
    alone are left alone.

    References
    ----------
    .. [1] P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov, A. G. Wilson, "Averaging
       weights leads to wider optima and better generalization", UAI, 2018, algorithm 1.

    Examples
    --------
    A net whose learning rate is never lowered, and the mean of the weights of its last
    ten epochs:

    >>> from sklearn.datasets import make_moons
    >>> from sklearn.metrics import log_loss
    >>> from ensembles.nets import SnapshotEnsembleClassifier, WeightAveragingClassifier
    >>> X, y = make_moons(1000, noise=0.3, random_state=0)
    >>> options = {"max_epochs": 40, "random_state": 0}
    >>> plain = SnapshotEnsembleClassifier(n_snapshots=1, lr_min=0.01, **options)
    >>> averaged = WeightAveragingClassifier(swa_lr=0.01, **options)
    >>> for clf in plain, averaged:
    ...     proba = clf.fit(X[:500], y[:500]).predict_proba(X[500:])
    ...     print(round(log_loss(y[500:], proba), 3))
    0.273
    0.261
    >>> averaged.n_iter_, averaged.n_averaged_
    (160, 10)
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        average: Literal["equal", "ema"] = "equal",
        start: float = 0.75,
        swa_lr: float | None = None,
        every: int | None = None,
        decay: float = 0.99,
        max_epochs: int | None = None,
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            average=average,
            start=start,
            swa_lr=swa_lr,
            every=every,
            decay=decay,
            max_epochs=max_epochs,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )


@final
class WeightAveragingRegressor(BaseNetRegressor, _BaseWeightAveraging):
    """A net whose weights are the mean of those that training goes through.

    Stochastic weight averaging (SWA), or, with ``average="ema"``, an exponential moving
    average: training goes on at a constant rate, which leads round a minimum, and the
    mean of the weights lies nearer to its middle than any of them. It costs what one
    net costs, in training and in prediction. Take it for large nets, in place of a rate
    that falls to zero; where several nets can be paid for, the mean of what they
    predict is better, and says how far they agree.

    Parameters
    ----------
    estimator : skorch net, torch module, callable or None, default=None
        What is trained; only read, never changed.

        - A skorch net (`NeuralNetRegressor` or any `NeuralNet` but a classifier) is
          cloned. Its parameters are reached as ``estimator__lr`` or
          ``estimator__module__hidden``. Note that skorch does not shuffle unless told
          ``iterator_train__shuffle=True``.
        - A module class, or a function that makes a module, is put into a net with
          ``MSELoss``, ``Adam(lr=0.01)``, shuffled batches of 128 and 100 epochs.
        - A module instance is copied, gets new weights from ``reset_parameters`` of
          its parts, and is put into the same net. To keep weights that were learnt
          before, give a function that returns the module.
        - None is the same net around two hidden layers of 64 rectified linear units,
          in double precision. As for any net, scale X before.

        The module returns shape (n_samples, n_targets), or (n_samples,) for one target.
        A class or function with parameters named ``n_features`` (number of values in a
        row) or ``n_outputs`` (number of targets) without a default gets them from the
        data. Lazy layers learn their input size in a forward pass before training.
    average : {"equal", "ema"}, default="equal"
        Whether all weights count the same (SWA), or the older ones ever less.
    start : float, default=0.75
        Share of the run before the first weights that count, in [0, 1). The learning
        rate is the net's own for half of that, falls in a straight line up to nine
        tenths, and stays.
    swa_lr : float or None, default=None
        Learning rate from there on. None is half of the net's. It should be high enough
        for the weights to move.
    every : int or None, default=None
        Iterations from weights that count to the next. None is an epoch for "equal" and
        one iteration for "ema".
    decay : float, default=0.99
        What the moving average is multiplied by each time, in [0, 1): of the order of
        ``1 / (1 - decay)`` weights count.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    standardize_y : {"auto"} or bool, default="auto"
        Train on targets of mean 0 and standard deviation 1, and turn predictions back.
        "auto" does so for ``estimator=None`` only: to a net of the user's own it would
        be another scale of loss and learning rate than it was made for.
    train_split : callable or None, default=None
        Split that skorch makes before training, such as ``ValidSplit(5)``, in place of
        the net's own: the rows held out are for losses in `history_` only and are lost
        to training. None trains on all rows.
    x_dtype : {"auto"} or None, default="auto"
        "auto" casts X to the type of the module's first floating weights. None leaves
        integers as they are, for a module that begins with an embedding.
    device : str, torch.device or None, default=None
        Where to train and predict. None takes that of the net. The weights that
        remain are on the CPU.
    random_state : int, RandomState, Generator or None, default=None
        An int is the seed of torch's generators during the fit, for weights, batches
        and dropout; the global ones are put back after it.
    verbose : int, default=0
        Positive lets skorch print its table of epochs.

    Attributes
    ----------
    estimators_ : list of NeuralNet
        The one net, a copy.
    n_averaged_ : int
        How many weights have been averaged.
    n_iter_ : int
        Iterations of the run: minibatches, over all epochs.
    y_mean_ : ndarray of shape (n_targets,)
        What is added when predictions are turned back; 0 where y is not standardised.
    y_scale_ : ndarray of shape (n_targets,)
        What predictions are multiplied by before; 1 where y is not standardised.
    history_ : skorch.history.History
        One dict an epoch, with ``train_loss`` and, where `train_split` is given,
        ``valid_loss``; without skorch's rows for each batch.
    net_ : NeuralNet
        The net with the mean of the weights, trimmed to what prediction needs.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, the net's output has not the shape of
        y, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If callbacks of the net that stop training or set the learning rate
        (`EarlyStopping`, `LRScheduler`) are left out.

    See Also
    --------
    WeightAveragingClassifier : The same for classes.
    FastGeometricEnsembleRegressor : The mean of what nets on such a path predict.

    References
    ----------
    .. [1] P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov, A. G. Wilson, "Averaging
       weights leads to wider optima and better generalization", UAI, 2018, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.nets import WeightAveragingRegressor
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> y = 100 * np.sin(4 * X[:, 0]) + np.random.default_rng(0).normal(0, 30, 200)
    >>> model = WeightAveragingRegressor(max_epochs=60, random_state=0)
    >>> round(model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]), 1)
    0.8
    """

    def __init__(
        self,
        estimator: Any = None,
        *,
        average: Literal["equal", "ema"] = "equal",
        start: float = 0.75,
        swa_lr: float | None = None,
        every: int | None = None,
        decay: float = 0.99,
        max_epochs: int | None = None,
        standardize_y: Literal["auto"] | bool = "auto",
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            average=average,
            start=start,
            swa_lr=swa_lr,
            every=every,
            decay=decay,
            max_epochs=max_epochs,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.standardize_y = standardize_y
