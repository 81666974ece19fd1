"""Snapshot ensembles: one training run, copied at the ends of its cycles.

The learning rate falls along a cosine and jumps back up, M times in the run. At the end
of each cycle, where the rate is lowest, the net stands near a minimum and its weights
are copied; the restart throws it out again, towards another. The ensemble is the mean
of what the copies predict (Huang et al., 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, final

import torch

from ensembles._combine import CombineRule
from ensembles._typing import RandomState
from ensembles._validation import check_positive
from ensembles.nets._collected import (
    BaseCollection,
    CollectionClassifier,
    CollectionRegressor,
)
from ensembles.nets.callbacks._cycles import CyclicCosine

__all__ = ["SnapshotEnsembleClassifier", "SnapshotEnsembleRegressor"]


class _BaseSnapshotEnsemble(BaseCollection):
    """Base of both snapshot ensembles: everything but what the target asks for."""

    _name_of_number = "n_snapshots"

    def __init__(
        self,
        estimator: Any,
        n_snapshots: int,
        *,
        lr_max: float | None,
        lr_min: float,
        **parameters: Any,
    ) -> None:
        super().__init__(estimator, **parameters)
        self.n_snapshots = n_snapshots
        self.lr_max = lr_max
        self.lr_min = lr_min

    def _course(self) -> CyclicCosine:
        return CyclicCosine(self.n_snapshots, self.lr_max, self.lr_min)

    def _check_params(self) -> None:
        super()._check_params()
        check_positive(self, "lr_max", self.lr_max, none=True)
        check_positive(self, "lr_min", self.lr_min, zero=True)


@final
class SnapshotEnsembleClassifier(CollectionClassifier, _BaseSnapshotEnsemble):
    r"""Mean of the class probabilities of several snapshots of one training run.

    Take it where one training run is all that can be paid for: a large net, for which
    the independent nets of a deep ensemble cost too much. The published gains are for
    deep image nets that train for hundreds of epochs [1]_. Do not take it for small
    nets on small tables: the cycles share the epochs of one run, the snapshots are
    alike, and a single net with one cosine over all epochs (``n_snapshots=1``) is as
    often as not the better one. Compare the two by cross-validation.

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
    n_snapshots : int, default=5
        Number of cycles M of the learning rate, each of which ends in a snapshot. All
        share the epochs of one run, so more cycles are shorter cycles; the paper uses
        4 to 8 in 200 to 400 epochs.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    lr_max : float or None, default=None
        Learning rate at the start of each cycle. None takes that of the net. It should
        be as high as training stands, or a restart changes little. Parameter groups
        with a rate of their own keep their ratio.
    lr_min : float, default=0.0
        Learning rate that each cycle falls towards.
    use_last : int or None, default=None
        Number of snapshots that are members, the last ones. None means all. May be
        changed after `fit`; `staged_predict_proba` shows what each choice would give.
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
        A skorch net for each snapshot in use, the oldest first, made anew at each
        access. They speak of class codes 0, 1, ...
    snapshots_ : list of dict
        Weights of all `n_snapshots` snapshots, on the CPU: the state dict of each
        module of the net.
    snapshot_iterations_ : ndarray of shape (n_snapshots,)
        Iteration after which each snapshot was taken, counted from 1.
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
        From `fit`: if a parameter is not allowed, there are fewer iterations than
        snapshots, the net's output has not one column a class or its rows do not sum
        to one, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If callbacks of the net that stop training or set the learning rate
        (`EarlyStopping`, `LRScheduler`) are left out.

    See Also
    --------
    SnapshotEnsembleRegressor : The same for values.

    Notes
    -----
    With ends :math:`b_j = \mathrm{round}(j T / M)` the rate in iteration
    :math:`t \in (b_{j-1}, b_j]` of :math:`T` is

    .. math:: \alpha(t) = \alpha_{min} + \frac{\alpha_{max} - \alpha_{min}}{2}
        \left(\cos \pi \frac{t - 1 - b_{j-1}}{b_j - b_{j-1}} + 1\right)

    which is eq. 2 of [1]_ where M divides T. The optimiser keeps its state over
    restarts.

    Sample weights are not supported. A batch of one row, which the last batch of an
    epoch may be, is an error in batch normalisation; ``iterator_train__drop_last=True``
    in the net avoids it.

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft, K. Q. Weinberger,
       "Snapshot ensembles: train 1, get M for free", ICLR, 2017.

    Examples
    --------
    One run of 30 epochs of 4 batches gives three members, and their mean has a lower
    log loss than they have on average, as the mean of any probabilities has:

    >>> from sklearn.datasets import make_moons
    >>> from sklearn.metrics import log_loss
    >>> from sklearn.model_selection import train_test_split
    >>> from ensembles.nets import SnapshotEnsembleClassifier
    >>> X, y = make_moons(1000, noise=0.3, random_state=0)
    >>> X, X_test, y, y_test = train_test_split(X, y, random_state=0)
    >>> clf = SnapshotEnsembleClassifier(
    ...     n_snapshots=3, max_epochs=30, lr_max=0.03, random_state=0
    ... ).fit(X[:500], y[:500])
    >>> clf.n_iter_, clf.snapshot_iterations_
    (120, array([ 40,  80, 120]))
    >>> members = [log_loss(y_test, p) for p in clf.predict_members(X_test)]
    >>> log_loss(y_test, clf.predict_proba(X_test)) < sum(members) / len(members)
    True
    """

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
        super().__init__(
            estimator,
            n_snapshots,
            max_epochs=max_epochs,
            lr_max=lr_max,
            lr_min=lr_min,
            use_last=use_last,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )


@final
class SnapshotEnsembleRegressor(CollectionRegressor, _BaseSnapshotEnsemble):
    """Mean of the predictions of several snapshots of one training run.

    Take it where one training run is all that can be paid for: a large net, for which
    the independent nets of a deep ensemble cost too much. Do not take it for small
    nets on small tables: the cycles share the epochs of one run, the snapshots are
    alike, and a single net with one cosine over all epochs (``n_snapshots=1``) is as
    often as not the better one. Nor for the spread of the members as an error bar:
    they share one history and agree too much. The paper [1]_ is about classification.

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
    n_snapshots : int, default=5
        Number of cycles M of the learning rate, each of which ends in a snapshot. All
        share the epochs of one run, so more cycles are shorter cycles.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    lr_max : float or None, default=None
        Learning rate at the start of each cycle. None takes that of the net. It should
        be as high as training stands, or a restart changes little. Parameter groups
        with a rate of their own keep their ratio.
    lr_min : float, default=0.0
        Learning rate that each cycle falls towards.
    use_last : int or None, default=None
        Number of snapshots that are members, the last ones. None means all. May be
        changed after `fit`; `staged_predict` shows what each choice would give.
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
        A skorch net for each snapshot in use, the oldest first, made anew at each
        access. They predict standardised values where `standardize_y` holds.
    snapshots_ : list of dict
        Weights of all `n_snapshots` snapshots, on the CPU: the state dict of each
        module of the net.
    snapshot_iterations_ : ndarray of shape (n_snapshots,)
        Iteration after which each snapshot was taken, counted from 1.
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
        From `fit`: if a parameter is not allowed, there are fewer iterations than
        snapshots, the net's output has not the shape of y, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If callbacks of the net that stop training or set the learning rate
        (`EarlyStopping`, `LRScheduler`) are left out.

    See Also
    --------
    SnapshotEnsembleClassifier : The same for classes, with the schedule's formula.

    References
    ----------
    .. [1] G. Huang, Y. Li, G. Pleiss, Z. Liu, J. E. Hopcroft, K. Q. Weinberger,
       "Snapshot ensembles: train 1, get M for free", ICLR, 2017.

    Examples
    --------
    The squared error of the mean is that of the members on average less their spread
    around it, so it is never above the average:

    >>> import numpy as np
    >>> from ensembles.nets import SnapshotEnsembleRegressor
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> y = 100 * np.sin(4 * X[:, 0]) + np.random.default_rng(0).normal(0, 30, 200)
    >>> model = SnapshotEnsembleRegressor(
    ...     n_snapshots=3, max_epochs=60, lr_max=0.03, random_state=0
    ... ).fit(X[::2], y[::2])
    >>> members = model.predict_members(X[1::2])
    >>> members.shape
    (3, 100)
    >>> errors = ((members - y[1::2]) ** 2).mean(axis=1)
    >>> error = ((model.predict(X[1::2]) - y[1::2]) ** 2).mean()
    >>> print(np.isclose(errors.mean() - error, members.var(axis=0).mean()))
    True
    """

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
        standardize_y: Literal["auto"] | bool = "auto",
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            n_snapshots,
            max_epochs=max_epochs,
            lr_max=lr_max,
            lr_min=lr_min,
            use_last=use_last,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.standardize_y = standardize_y
