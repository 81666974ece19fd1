"""Fast geometric ensembles: short cycles after a training that is nearly over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, final

import torch

from ensembles._combine import CombineRule
from ensembles._typing import RandomState
from ensembles._validation import check_positive, check_share
from ensembles.nets._collected import (
    BaseCollection,
    CollectionClassifier,
    CollectionRegressor,
)
from ensembles.nets.callbacks._cycles import TriangleCycle

__all__ = ["FastGeometricEnsembleClassifier", "FastGeometricEnsembleRegressor"]


class _BaseFastGeometricEnsemble(BaseCollection):
    """Base of both: everything but what the target asks for."""

    _name_of_number = "n_estimators"

    def __init__(
        self,
        estimator: Any,
        n_estimators: int,
        *,
        pretrain: float,
        lr_1: float | None,
        lr_2: float | None,
        **parameters: Any,
    ) -> None:
        super().__init__(estimator, **parameters)
        self.n_estimators = n_estimators
        self.pretrain = pretrain
        self.lr_1 = lr_1
        self.lr_2 = lr_2

    def _course(self) -> TriangleCycle:
        return TriangleCycle(self.n_estimators, self.pretrain, self.lr_1, self.lr_2)

    def _check_params(self) -> None:
        super()._check_params()
        check_share(self, "pretrain", self.pretrain)
        check_positive(self, "lr_1", self.lr_1, none=True)
        check_positive(self, "lr_2", self.lr_2, none=True)


@final
class FastGeometricEnsembleClassifier(CollectionClassifier, _BaseFastGeometricEnsemble):
    """Mean of the class probabilities of nets along a path of low loss.

    Most of the run trains one net; the rest lets the learning rate rise and fall in
    short cycles, which lead from one good net to the next, and keeps a copy where it is
    lowest. Take it in place of a snapshot ensemble where there are few epochs: its
    members need not each be trained from a high rate again, so that they cost less, and
    are more alike. Not for nets small enough that several may be trained in full: these
    differ more, and their mean is better.

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
    n_estimators : int, default=5
        Number of members.
    pretrain : float, default=0.8
        Share of the run before the first cycle, in [0, 1). The rate is the net's own
        for half of the whole run and then falls in a straight line.
    lr_1 : float or None, default=None
        Highest learning rate of a cycle. None is half of the net's.
    lr_2 : float or None, default=None
        Lowest learning rate of a cycle, where weights are copied. None is a hundredth
        of the net's.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    use_last : int or None, default=None
        Number of copies that are members, the last ones. None means all. May be changed
        after `fit`; `staged_predict_proba` shows what each choice would give.
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
        Where to train and predict. None takes that of the net. Snapshots are kept on
        the CPU, and one is on the device at a time.
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
        A skorch net for each copy in use, the oldest first, made anew at each access.
        They speak of class codes 0, 1, ...
    snapshots_ : list of dict
        Weights of all `n_estimators` copies, on the CPU: the state dict of each module
        of the net.
    snapshot_iterations_ : ndarray of shape (n_estimators,)
        Iteration after which each was taken, counted from 1.
    n_iter_ : int
        Iterations of the run: minibatches, over all epochs.
    history_ : skorch.history.History
        One dict an epoch, with ``train_loss`` and, where `train_split` is given,
        ``valid_loss``; without skorch's rows for each batch.
    net_ : NeuralNet
        The net at the end of the run, trimmed to what prediction needs.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, there are too few iterations for the
        cycles, the net's output has not one column a class or its rows do not sum to
        one, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If callbacks of the net that stop training or set the learning rate
        (`EarlyStopping`, `LRScheduler`) are left out.

    See Also
    --------
    FastGeometricEnsembleRegressor : The same for values.
    SnapshotEnsembleClassifier : Longer cycles, from a high rate each.
    WeightAveragingClassifier : One net, of the mean of the weights on such a path.

    Notes
    -----
    A cycle of an even number c of iterations has the rate
    ``(1 - 2 t) lr_1 + 2 t lr_2`` for ``t = i / c`` up to one half, and from there
    ``(2 - 2 t) lr_2 + (2 t - 1) lr_1`` [1]_. Here falls and rises are as long as the
    iterations that are left allow, and the last cycle ends where it is lowest, so that
    no iteration is spent after the last copy. The optimiser keeps its state.

    References
    ----------
    .. [1] T. Garipov, P. Izmailov, D. Podoprikhin, D. Vetrov, A. G. Wilson, "Loss
       surfaces, mode connectivity, and fast ensembling of DNNs", NeurIPS, 2018,
       section 5.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from sklearn.metrics import log_loss
    >>> from ensembles.nets import FastGeometricEnsembleClassifier
    >>> X, y = make_moons(1000, noise=0.3, random_state=0)
    >>> clf = FastGeometricEnsembleClassifier(
    ...     n_estimators=3, max_epochs=25, random_state=0
    ... ).fit(X[:500], y[:500])
    >>> clf.n_iter_, clf.snapshot_iterations_
    (100, array([ 84,  92, 100]))
    >>> members = [log_loss(y[500:], p) for p in clf.predict_members(X[500:])]
    >>> log_loss(y[500:], clf.predict_proba(X[500:])) < sum(members) / len(members)
    True
    """

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 5,
        *,
        pretrain: float = 0.8,
        lr_1: float | None = None,
        lr_2: float | None = None,
        max_epochs: int | None = None,
        use_last: int | None = None,
        combine: CombineRule = "auto",
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            n_estimators,
            pretrain=pretrain,
            lr_1=lr_1,
            lr_2=lr_2,
            max_epochs=max_epochs,
            use_last=use_last,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )


@final
class FastGeometricEnsembleRegressor(CollectionRegressor, _BaseFastGeometricEnsemble):
    """Mean of the predictions of nets along a path of low loss.

    Most of the run trains one net; the rest lets the learning rate rise and fall in
    short cycles, which lead from one good net to the next, and keeps a copy where it is
    lowest. Take it in place of a snapshot ensemble where there are few epochs: its
    members need not each be trained from a high rate again, so that they cost less, and
    are more alike. Not for nets small enough that several may be trained in full: these
    differ more, and their mean is better.

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
    n_estimators : int, default=5
        Number of members.
    pretrain : float, default=0.8
        Share of the run before the first cycle, in [0, 1). The rate is the net's own
        for half of the whole run and then falls in a straight line.
    lr_1 : float or None, default=None
        Highest learning rate of a cycle. None is half of the net's.
    lr_2 : float or None, default=None
        Lowest learning rate of a cycle, where weights are copied. None is a hundredth
        of the net's.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    use_last : int or None, default=None
        Number of copies that are members, the last ones. None means all. May be changed
        after `fit`; `staged_predict` shows what each choice would give.
    combine : str or callable, default="auto"
        How the members' values, shape (m, n) or (m, n, q), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth; or
        a callable that returns one member's shape. May be changed after `fit`.
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
        Where to train and predict. None takes that of the net. Snapshots are kept on
        the CPU, and one is on the device at a time.
    random_state : int, RandomState, Generator or None, default=None
        An int is the seed of torch's generators during the fit, for weights, batches
        and dropout; the global ones are put back after it.
    verbose : int, default=0
        Positive lets skorch print its table of epochs.

    Attributes
    ----------
    estimators_ : list of NeuralNet
        A skorch net for each copy in use, the oldest first, made anew at each access.
        They predict standardised values where `standardize_y` holds.
    snapshots_ : list of dict
        Weights of all `n_estimators` copies, on the CPU: the state dict of each module
        of the net.
    snapshot_iterations_ : ndarray of shape (n_estimators,)
        Iteration after which each was taken, counted from 1.
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
        The net at the end of the run, trimmed to what prediction needs.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, there are too few iterations for the
        cycles, the net's output has not the shape of y, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If callbacks of the net that stop training or set the learning rate
        (`EarlyStopping`, `LRScheduler`) are left out.

    See Also
    --------
    FastGeometricEnsembleClassifier : The same for classes.
    SnapshotEnsembleRegressor : Longer cycles, from a high rate each.
    WeightAveragingRegressor : One net, of the mean of the weights on such a path.

    References
    ----------
    .. [1] T. Garipov, P. Izmailov, D. Podoprikhin, D. Vetrov, A. G. Wilson, "Loss
       surfaces, mode connectivity, and fast ensembling of DNNs", NeurIPS, 2018,
       section 5.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.nets import FastGeometricEnsembleRegressor
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> y = 100 * np.sin(4 * X[:, 0]) + np.random.default_rng(0).normal(0, 30, 200)
    >>> model = FastGeometricEnsembleRegressor(
    ...     n_estimators=3, max_epochs=60, random_state=0
    ... ).fit(X[::2], y[::2])
    >>> members = model.predict_members(X[1::2])
    >>> errors = ((members - y[1::2]) ** 2).mean(axis=1)
    >>> error = ((model.predict(X[1::2]) - y[1::2]) ** 2).mean()
    >>> bool(error < errors.mean())
    True
    """

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 5,
        *,
        pretrain: float = 0.8,
        lr_1: float | None = None,
        lr_2: float | None = None,
        max_epochs: int | None = None,
        use_last: int | None = None,
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
            n_estimators,
            pretrain=pretrain,
            lr_1=lr_1,
            lr_2=lr_2,
            max_epochs=max_epochs,
            use_last=use_last,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.standardize_y = standardize_y
