"""Nets drawn from a normal distribution of the weights of one training run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, final

import torch
from skorch import NeuralNet

from ensembles._combine import CombineRule
from ensembles._typing import RandomState
from ensembles._validation import (
    check_count,
    check_positive,
)
from ensembles.nets._averaging import check_averaging
from ensembles.nets._batch_norm import renew_batch_norm
from ensembles.nets._course import Course
from ensembles.nets._gaussian import GaussianCourse
from ensembles.nets._kinds import BaseNetClassifier, BaseNetRegressor
from ensembles.nets._one_run import BaseOneRun
from ensembles.nets._prediction import nets_of
from ensembles.nets._several import BaseSeveral
from ensembles.nets._weights import Snapshot, take_snapshot

__all__ = ["SWAGClassifier", "SWAGRegressor"]


class _BaseSWAG(BaseSeveral, BaseOneRun):
    """Base of both: everything but what the target asks for."""

    snapshots_: list[Snapshot]

    def __init__(
        self,
        estimator: Any,
        n_samples: int,
        *,
        rank: int,
        scale: float,
        start: float,
        swa_lr: float | None,
        every: int | None,
        **parameters: Any,
    ) -> None:
        super().__init__(estimator, **parameters)
        self.n_samples = n_samples
        self.rank = rank
        self.scale = scale
        self.start = start
        self.swa_lr = swa_lr
        self.every = every

    def _course(self) -> GaussianCourse:
        return GaussianCourse(self.start, self.swa_lr, self.every, self.rank)

    def _wanted(self, course: Course, net: NeuralNet) -> list[Snapshot]:
        assert isinstance(course, GaussianCourse)
        self.n_averaged_ = course.n_averaged_
        self.snapshots_ = []
        for _ in range(self.n_samples):
            course.draw_into(net, self.scale)
            renew_batch_norm(net, course.dataset_)
            self.snapshots_.append(take_snapshot(net))
        course.put_into(net)
        renew_batch_norm(net, course.dataset_)
        return [take_snapshot(net), *self.snapshots_]

    def _nets(self) -> Iterator[NeuralNet]:
        return nets_of(self.net_, self.snapshots_)

    def _check_params(self) -> None:
        super()._check_params()
        check_count(self, "n_samples", self.n_samples)
        check_count(self, "rank", self.rank, low=2)
        check_positive(self, "scale", self.scale)
        check_averaging(self)


@final
class SWAGClassifier(BaseNetClassifier, _BaseSWAG):
    """Mean of the class probabilities of nets drawn from a normal distribution.

    SWAG: mean, variances and the latest deviations of the weights that one training run
    goes through, at a constant rate round a minimum, are those of a normal distribution
    of nets, and nets drawn from it predict. It is trained at the price of one net and
    predicts at that of `n_samples`. Take it for large nets, where what a net is not
    sure of matters; where several nets can be trained, :class:`DeepEnsembleClassifier`
    differs more.

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
    n_samples : int, default=30
        Number of nets that are drawn, once, after training.
    rank : int, default=20
        How many deviations are kept, the latest ones; at least two.
    scale : float, default=0.5
        What the covariance of the weights is multiplied by. A half is the paper's, as
        variances and deviations each say all of it; 1.0 is what its code does by
        default.
    start : float, default=0.75
        Share of the run before the first weights that count, in [0, 1). The learning
        rate is the net's own for half of that, falls in a straight line up to nine
        tenths, and stays.
    swa_lr : float or None, default=None
        Learning rate from there on. None is half of the net's. It should be high enough
        for the weights to move.
    every : int or None, default=None
        Iterations from weights that count to the next. None is an epoch.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    combine : str or callable, default="auto"
        How the members' probabilities, shape (m, n, k), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth;
        "vote"; "log_pool", the normalised geometric mean; "rank", the mean of ranks
        among the rows given, for ranking metrics; or a callable that returns shape
        (n, k). May be changed after `fit`.
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
        The nets that are drawn, made anew at each access.
        They speak of class codes 0, 1, ...
    snapshots_ : list of dict
        Their weights, on the CPU: the state dict of each module of the net.
    n_averaged_ : int
        How many weights mean and variances are of.
    n_iter_ : int
        Iterations of the run: minibatches, over all epochs.
    history_ : skorch.history.History
        One dict an epoch, with ``train_loss`` and, where `train_split` is given,
        ``valid_loss``; without skorch's rows for each batch.
    net_ : NeuralNet
        The net with the mean of the weights, trimmed to what prediction needs; it is no
        member.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, the net's output has not one column a
        class or its rows do not sum to one, the run is too short for two weights, or
        training diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If callbacks of the net that stop training or set the learning rate
        (`EarlyStopping`, `LRScheduler`) are left out.

    See Also
    --------
    SWAGRegressor : The same for values.
    WeightAveragingClassifier : The net with the mean of the weights alone.

    Notes
    -----
    With mean m and variances S of all weights that count, and D the last K of their
    deviations from the mean at the time, a net has the weights ``m + sqrt(scale)
    (sqrt(S) z_1 + D z_2 / sqrt(K - 1))`` with standard normal z, one z_2 for all of its
    layers: their covariance is ``scale (diag(S) + D D' / (K - 1))``. K is the number of
    deviations there are, up to `rank`. Batch normalisation is found again for each net,
    from the rows that were trained on.

    MultiSWAG, several such runs from weights of their own, is
    ``BaggingClassifier(SWAGClassifier(), 5, bootstrap=False)``.

    References
    ----------
    .. [1] W. J. Maddox, T. Garipov, P. Izmailov, D. Vetrov, A. G. Wilson, "A simple
       baseline for Bayesian uncertainty in deep learning", NeurIPS, 2019, algorithm 1.
    .. [2] A. G. Wilson, P. Izmailov, "Bayesian deep learning and a probabilistic
       perspective of generalization", NeurIPS, 2020 (MultiSWAG).

    Examples
    --------
    A rate so high that weights move far, their mean, and nets drawn around it:

    >>> from sklearn.datasets import make_moons
    >>> from sklearn.metrics import log_loss
    >>> from ensembles.nets import SWAGClassifier, WeightAveragingClassifier
    >>> X, y = make_moons(400, noise=0.4, random_state=0)
    >>> options = {"swa_lr": 0.03, "random_state": 0}
    >>> for clf in WeightAveragingClassifier(**options), SWAGClassifier(**options):
    ...     proba = clf.fit(X[:200], y[:200]).predict_proba(X[200:])
    ...     print(round(log_loss(y[200:], proba), 2))
    0.62
    0.59
    """

    def __init__(
        self,
        estimator: Any = None,
        n_samples: int = 30,
        *,
        rank: int = 20,
        scale: float = 0.5,
        start: float = 0.75,
        swa_lr: float | None = None,
        every: int | None = None,
        max_epochs: int | None = None,
        combine: CombineRule = "auto",
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            n_samples,
            rank=rank,
            scale=scale,
            start=start,
            swa_lr=swa_lr,
            every=every,
            max_epochs=max_epochs,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )


@final
class SWAGRegressor(BaseNetRegressor, _BaseSWAG):
    """Mean of the values of nets drawn from a normal distribution.

    SWAG: mean, variances and the latest deviations of the weights that one training run
    goes through, at a constant rate round a minimum, are those of a normal distribution
    of nets, and nets drawn from it predict. It is trained at the price of one net and
    predicts at that of `n_samples`. Take it for large nets, where what a net is not
    sure of matters; where several nets can be trained, :class:`DeepEnsembleRegressor`
    differs more.

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
    n_samples : int, default=30
        Number of nets that are drawn, once, after training.
    rank : int, default=20
        How many deviations are kept, the latest ones; at least two.
    scale : float, default=0.5
        What the covariance of the weights is multiplied by. A half is the paper's, as
        variances and deviations each say all of it; 1.0 is what its code does by
        default.
    start : float, default=0.75
        Share of the run before the first weights that count, in [0, 1). The learning
        rate is the net's own for half of that, falls in a straight line up to nine
        tenths, and stays.
    swa_lr : float or None, default=None
        Learning rate from there on. None is half of the net's. It should be high enough
        for the weights to move.
    every : int or None, default=None
        Iterations from weights that count to the next. None is an epoch.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    combine : str or callable, default="auto"
        How the members' values, shape (m, n) or (m, n, t), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth; or a
        callable that returns shape (n,) or (n, t). May be changed after `fit`.
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
        The nets that are drawn, made anew at each access.
    snapshots_ : list of dict
        Their weights, on the CPU: the state dict of each module of the net.
    n_averaged_ : int
        How many weights mean and variances are of.
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
        The net with the mean of the weights, trimmed to what prediction needs; it is no
        member.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, the net's output has not the shape of
        y, the run is too short for two weights, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If callbacks of the net that stop training or set the learning rate
        (`EarlyStopping`, `LRScheduler`) are left out.

    See Also
    --------
    SWAGClassifier : The same for classes.
    WeightAveragingRegressor : The net with the mean of the weights alone.

    References
    ----------
    .. [1] W. J. Maddox, T. Garipov, P. Izmailov, D. Vetrov, A. G. Wilson, "A simple
       baseline for Bayesian uncertainty in deep learning", NeurIPS, 2019, algorithm 1.
    .. [2] A. G. Wilson, P. Izmailov, "Bayesian deep learning and a probabilistic
       perspective of generalization", NeurIPS, 2020 (MultiSWAG).

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.nets import SWAGRegressor
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> y = 100 * np.sin(4 * X[:, 0]) + np.random.default_rng(0).normal(0, 30, 200)
    >>> model = SWAGRegressor(n_samples=10, max_epochs=60, random_state=0)
    >>> round(model.fit(X[::2], y[::2]).score(X[1::2], y[1::2]), 1)
    0.8
    """

    def __init__(
        self,
        estimator: Any = None,
        n_samples: int = 30,
        *,
        rank: int = 20,
        scale: float = 0.5,
        start: float = 0.75,
        swa_lr: float | None = None,
        every: int | None = None,
        max_epochs: int | None = None,
        combine: CombineRule = "auto",
        standardize_y: Literal["auto"] | bool = "auto",
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            n_samples,
            rank=rank,
            scale=scale,
            start=start,
            swa_lr=swa_lr,
            every=every,
            max_epochs=max_epochs,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.standardize_y = standardize_y
