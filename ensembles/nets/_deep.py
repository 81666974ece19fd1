"""Deep ensembles: nets that are trained apart, each from weights of its own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, Literal, Self, final

import numpy as np
import torch
from sklearn.metrics import accuracy_score, r2_score
from skorch import NeuralNet
from skorch.history import History

from ensembles._combine import CombineRule, CoveredCombiner
from ensembles._ensemble._data import state_kept_on_failure
from ensembles._random import entropy_from, entropy_of, keys_for
from ensembles._typing import ArrayLike, FloatArray, IntArray, RandomState, Table
from ensembles._validation import (
    check_bool,
    check_choice,
    check_count,
    check_n_jobs,
    invalid_parameter,
    warn_user,
)
from ensembles.nets._kinds import BaseNetClassifier, BaseNetRegressor
from ensembles.nets._member_rows import MemberRows, rows_of_folds, rows_of_scheme
from ensembles.nets._members import Member, template_of
from ensembles.nets._prediction import nets_of, proba_of, trim
from ensembles.nets._several import BaseSeveral
from ensembles.nets._stacked._plan import planned
from ensembles.nets._training import check_finite
from ensembles.nets._weights import Snapshot, load_snapshot
from ensembles.resampling._base import BaseScheme

__all__ = ["DeepEnsembleClassifier", "DeepEnsembleRegressor"]


class _BaseDeepEnsemble(BaseSeveral):
    """Base of both: everything but what the target asks for."""

    snapshots_: list[Snapshot]
    histories_: list[History]

    def __init__(
        self,
        estimator: Any,
        n_estimators: int,
        *,
        scheme: BaseScheme | None,
        cv: Any,
        oob_score: bool,
        engine: Literal["auto", "loop", "stacked"],
        n_jobs: int | None,
        **parameters: Any,
    ) -> None:
        super().__init__(estimator, **parameters)
        self.n_estimators = n_estimators
        self.scheme = scheme
        self.cv = cv
        self.oob_score = oob_score
        self.engine = engine
        self.n_jobs = n_jobs

    def fit(self, X: Table, y: ArrayLike, *, groups: ArrayLike | None = None) -> Self:
        """Train all members.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, n_features) or \
(n_samples, ...)
            Rows. With more than two axes, as for images, rows go to the module in that
            shape.
        y : array-like of shape (n_samples,) or, for regression, (n_samples, n_targets)
            Labels or values.
        groups : array-like of shape (n_samples,) or None, default=None
            Group of each row, where `scheme` or `cv` keeps groups whole.

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
        if groups is not None and self.scheme is None and self.cv is None:
            raise ValueError(
                "groups are passed, and without a scheme nobody looks at them. Pass a "
                "scheme that keeps them whole, such as scheme=GroupBootstrap(), or "
                "folds that do, such as cv=GroupKFold()."
            )
        with state_kept_on_failure(self):
            X, y = self._check_rows_and_target(X, y)
            target, n_outputs = self._encode(y)
            self._entropy = entropy_from(self.random_state)
            rows = self._rows(X, y, groups)
            self._train(self._fresh_net(X, n_outputs), X, target, rows)
        return self

    def _train(
        self, net: NeuralNet, X: Any, target: Any, rows: MemberRows | None = None
    ) -> None:
        seeds = keys_for(self._entropy, 0, self.n_estimators).tolist()
        template, job = template_of(self, net, seeds[0], X, target)
        members = [
            Member(number, seed)
            if rows is None
            else Member(number, seed, rows.learned[number], rows.scored[number])
            for number, seed in enumerate(seeds)
        ]
        plan = planned(template, job, members, self.engine)
        trained, self.engine_, self.engine_reason_ = plan.train(
            job, n_jobs=self.n_jobs, verbose=self.verbose
        )
        self.snapshots_ = [snapshot for snapshot, _ in trained]
        self.histories_ = [history for _, history in trained]
        check_finite(template, self.snapshots_)
        load_snapshot(template, self.snapshots_[0])
        self.net_ = trim(template)
        for name in "oob_score_", "oob_prediction_", "oob_decision_function_":
            self.__dict__.pop(name, None)
        if self.oob_score:
            assert rows is not None
            found = self._out_of_bag(job.X, rows.outside)
            self._set_oob_score(found, target)

    def _rows(self, X: Any, y: Any, groups: Any) -> MemberRows | None:
        """Rows of each member; None for all rows."""
        if self.cv is not None:
            return rows_of_folds(
                self.cv, self.n_estimators, X, y, groups, classes=self._probabilities
            )
        if self.scheme is None:
            return None
        entropy = entropy_of(self._entropy, 0)
        rows = rows_of_scheme(self.scheme, self.n_estimators, y, groups, entropy)
        if self.oob_score and not any(map(len, rows.outside)):
            raise ValueError(
                f"scheme={self.scheme!r} leaves no row out for any of the "
                f"{self.n_estimators} members, so that there is no score out of bag. "
                "Pass oob_score=False, a scheme that leaves rows out, or more members."
            )
        return rows

    def _out_of_bag(self, X: Any, outside: list[IntArray]) -> FloatArray:
        """What members predict for rows that they have not learned from."""
        one = self._decode(proba_of(self.net_, X[:1]))
        combiner = CoveredCombiner(self._rule(), (len(X), *one.shape[1:]))
        nets = nets_of(self.net_, self.snapshots_)
        for net, rows in zip(nets, outside, strict=True):
            if len(rows):
                combiner.add(rows, self._decode(proba_of(net, X[rows])))
        found = combiner.result()
        if np.isnan(found).any():
            warn_user(
                "Some inputs do not have OOB scores. This probably means too few "
                "estimators were used to compute any reliable oob estimates."
            )
        return found

    @abstractmethod
    def _set_oob_score(self, found: FloatArray, target: Any) -> None:
        """Set the predictions of rows out of bag, and their score."""

    def _nets(self) -> Iterator[NeuralNet]:
        return nets_of(self.net_, self.snapshots_)

    def _check_params(self) -> None:
        super()._check_params()
        check_count(self, "n_estimators", self.n_estimators)
        scheme: Any = self.scheme
        if not (scheme is None or isinstance(scheme, BaseScheme)):
            allowed = "a scheme of ensembles.resampling or None"
            raise invalid_parameter(self, "scheme", scheme, allowed)
        check_bool(self, "oob_score", self.oob_score)
        if self.oob_score and scheme is None and self.cv is None:
            allowed = "a scheme of ensembles.resampling where oob_score=True"
            hint = "Without one, or folds by cv, every member learns from all rows."
            raise invalid_parameter(self, "scheme", scheme, allowed, hint)
        if self.cv is not None and not (scheme is None and self.train_split is None):
            allowed = "None where a scheme draws rows or train_split sets some aside"
            raise invalid_parameter(self, "cv", self.cv, allowed)
        check_choice(self, "engine", self.engine, {"auto", "loop", "stacked"})
        check_n_jobs(self, self.n_jobs)


@final
class DeepEnsembleClassifier(BaseNetClassifier, _BaseDeepEnsemble):
    """Mean of the class probabilities of nets that are trained apart.

    The surest gain there is for nets, and the most to be paid for it: members start
    from weights of their own and see batches in an order of their own, find different
    minima, and err differently. Five are most of the gain. Where they cost too much,
    take a :class:`SnapshotEnsembleClassifier`, which is one training run.

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
    scheme : scheme or None, default=None
        What rows members learn from, such as ``Bootstrap()`` or ``GroupBootstrap()``
        of :mod:`ensembles.resampling`. None is all rows, which is what the paper found
        best: weights and batches are different enough. Of schemes that give fractional
        weights rows are drawn with these as probabilities.
    cv : int, splitter, iterable or None, default=None
        Folds that are set aside in turn, as ``5`` or ``RollingOrigin(...)``: member k
        learns from the training rows of fold k, counted round, and skorch scores the
        others after each epoch, for a callback `EarlyStopping` in the net. So members
        stop by rows that others learn from. Not together with `scheme` or
        `train_split`.
    oob_score : bool, default=False
        Whether to predict each row by the members that have not learned from it, and to
        score that. Needs a scheme, or `cv`; where members stop by these very rows, the
        score is a little too good.
    max_epochs : int or None, default=None
        Epochs of each member. None takes those of the net.
    combine : str or callable, default="auto"
        How the members' probabilities, shape (m, n, k), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth;
        "vote"; "log_pool", the normalised geometric mean; "rank", the mean of ranks
        among the rows given, for ranking metrics; or a callable that returns shape
        (n, k). May be changed after `fit`.
    train_split : callable or None, default=None
        Split that skorch makes before each member is trained, as ``ValidSplit(5)``, in
        place of the net's own. With a callback `EarlyStopping` in the net each member
        stops by rows of its own. None trains on all rows.
    x_dtype : {"auto"} or None, default="auto"
        "auto" casts X to the type of the module's first floating weights. None leaves
        integers as they are, for a module that begins with an embedding.
    device : str, torch.device or None, default=None
        Where to train and predict. None takes that of the net. Weights are kept on the
        CPU, and one member is on the device at a time.
    engine : {"auto", "loop", "stacked"}, default="auto"
        How members are trained. "stacked" trains them together: their weights lie in
        one tensor for each layer, and a step is a step of all, each with rows, dropout,
        learning rate and end of its own. "loop" trains one after another. "auto" trains
        together where that has been measured to be faster (members of some hundred to
        some hundred thousand weights) and two of them, tried for a few steps, do what
        they do alone. Members are the same, up to rounding.
    n_jobs : int or None, default=None
        Workers that train members, or groups of some million weights that are trained
        together, each a process: nets do not share torch's generators. Not for a GPU.
    random_state : int, RandomState, Generator or None, default=None
        Each member's weights, batches, dropout and rows follow from it, whatever
        `n_jobs` is; torch's own generators stay where they are.
    verbose : int, default=0
        Positive lets skorch print its tables of epochs, of members that are trained
        together the first one's, and joblib its progress.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    estimators_ : list of NeuralNet
        A skorch net for each member, made anew at each access.
        They speak of class codes 0, 1, ...
    snapshots_ : list of dict
        Weights of all members, on the CPU: the state dict of each module of the net.
    histories_ : list of skorch.history.History
        Of each member one dict an epoch, with ``train_loss`` and, where `train_split`
        is given, ``valid_loss``; without skorch's rows for each batch.
    engine_ : {"loop", "stacked"}
        How members were trained.
    engine_reason_ : str
        By what, or why not together.
    oob_decision_function_ : ndarray of shape (n_samples, n_classes)
        Probabilities of rows by the members that have not learned from them; NaN where
        there is none. Only with ``oob_score=True``.
    oob_score_ : float
        Accuracy of these.
    net_ : NeuralNet
        The first member, trimmed to what prediction needs.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, the net's output has not one column a
        class or its rows do not sum to one, members cannot be trained together as
        ``engine="stacked"`` asks, or training diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If a row has no prediction out of bag.

    See Also
    --------
    DeepEnsembleRegressor : The same for values.
    SnapshotEnsembleClassifier : Members of one training run.
    ensembles.bagging.BaggingClassifier : Members of any kind.

    Notes
    -----
    A member is what ``torch.manual_seed(seed)`` and ``net.fit(X, y)`` would give, up to
    rounding, where `seed` follows from `random_state` and the number of the member
    alone. So more members leave the first ones as they are, up to rounding. Callbacks
    that save checkpoints write files with the number of the member in their names.

    What sees single batches is trained alone: nets of classes of the user's own that
    change a step, callbacks other than skorch's for epochs, scores, schedules and norms
    of gradients, optimisers that do not step weight by weight. So is what torch cannot
    map, recurrent layers among it, or maps to something else. A module whose code
    changes after some passes, by a counter of its own, is beyond what a trial of a few
    steps can see: pass ``engine="loop"``.

    References
    ----------
    .. [1] B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and scalable predictive
       uncertainty estimation using deep ensembles", NeurIPS, 2017, algorithm 1.

    Examples
    --------
    A net that has learned its rows by heart, and five of them:

    >>> from sklearn.datasets import make_moons
    >>> from sklearn.metrics import log_loss
    >>> from ensembles.nets import DeepEnsembleClassifier
    >>> X, y = make_moons(700, noise=0.4, random_state=0)
    >>> for n_estimators in 1, 5:
    ...     clf = DeepEnsembleClassifier(
    ...         None, n_estimators, max_epochs=150, random_state=0
    ...     )
    ...     proba = clf.fit(X[:200], y[:200]).predict_proba(X[200:])
    ...     print(round(log_loss(y[200:], proba), 2))
    0.58
    0.47
    """

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 5,
        *,
        scheme: BaseScheme | None = None,
        cv: Any = None,
        oob_score: bool = False,
        max_epochs: int | None = None,
        combine: CombineRule = "auto",
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        engine: Literal["auto", "loop", "stacked"] = "auto",
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            n_estimators,
            scheme=scheme,
            cv=cv,
            oob_score=oob_score,
            engine=engine,
            n_jobs=n_jobs,
            max_epochs=max_epochs,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )

    def _set_oob_score(self, found: FloatArray, target: Any) -> None:
        self.oob_decision_function_ = found
        known = ~np.isnan(found).any(axis=1)
        said = found[known].argmax(axis=1)
        self.oob_score_ = float(accuracy_score(target[known], said))


@final
class DeepEnsembleRegressor(BaseNetRegressor, _BaseDeepEnsemble):
    """Mean of the predictions of nets that are trained apart.

    The surest gain there is for nets, and the most to be paid for it: members start
    from weights of their own and see batches in an order of their own, find different
    minima, and err differently. Five are most of the gain. Where they cost too much,
    take a :class:`SnapshotEnsembleRegressor`, which is one training run.

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
    scheme : scheme or None, default=None
        What rows members learn from, such as ``Bootstrap()`` or ``GroupBootstrap()``
        of :mod:`ensembles.resampling`. None is all rows, which is what the paper found
        best: weights and batches are different enough. Of schemes that give fractional
        weights rows are drawn with these as probabilities.
    cv : int, splitter, iterable or None, default=None
        Folds that are set aside in turn, as ``5`` or ``RollingOrigin(...)``: member k
        learns from the training rows of fold k, counted round, and skorch scores the
        others after each epoch, for a callback `EarlyStopping` in the net. So members
        stop by rows that others learn from. Not together with `scheme` or
        `train_split`.
    oob_score : bool, default=False
        Whether to predict each row by the members that have not learned from it, and to
        score that. Needs a scheme, or `cv`; where members stop by these very rows, the
        score is a little too good.
    max_epochs : int or None, default=None
        Epochs of each member. None takes those of the net.
    combine : str or callable, default="auto"
        How the members' values, shape (m, n) or (m, n, q), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth; or
        a callable that returns one member's shape. May be changed after `fit`.
    standardize_y : {"auto"} or bool, default="auto"
        Train on targets of mean 0 and standard deviation 1, and turn predictions back.
        "auto" does so for ``estimator=None`` only: to a net of the user's own it would
        be another scale of loss and learning rate than it was made for.
    train_split : callable or None, default=None
        Split that skorch makes before each member is trained, as ``ValidSplit(5)``, in
        place of the net's own. With a callback `EarlyStopping` in the net each member
        stops by rows of its own. None trains on all rows.
    x_dtype : {"auto"} or None, default="auto"
        "auto" casts X to the type of the module's first floating weights. None leaves
        integers as they are, for a module that begins with an embedding.
    device : str, torch.device or None, default=None
        Where to train and predict. None takes that of the net. Weights are kept on the
        CPU, and one member is on the device at a time.
    engine : {"auto", "loop", "stacked"}, default="auto"
        How members are trained. "stacked" trains them together: their weights lie in
        one tensor for each layer, and a step is a step of all, each with rows, dropout,
        learning rate and end of its own. "loop" trains one after another. "auto" trains
        together where that has been measured to be faster (members of some hundred to
        some hundred thousand weights) and two of them, tried for a few steps, do what
        they do alone. Members are the same, up to rounding.
    n_jobs : int or None, default=None
        Workers that train members, or groups of some million weights that are trained
        together, each a process: nets do not share torch's generators. Not for a GPU.
    random_state : int, RandomState, Generator or None, default=None
        Each member's weights, batches, dropout and rows follow from it, whatever
        `n_jobs` is; torch's own generators stay where they are.
    verbose : int, default=0
        Positive lets skorch print its tables of epochs, of members that are trained
        together the first one's, and joblib its progress.

    Attributes
    ----------
    estimators_ : list of NeuralNet
        A skorch net for each member, made anew at each access.
        They predict standardised values where `standardize_y` holds.
    snapshots_ : list of dict
        Weights of all members, on the CPU: the state dict of each module of the net.
    histories_ : list of skorch.history.History
        Of each member one dict an epoch, with ``train_loss`` and, where `train_split`
        is given, ``valid_loss``; without skorch's rows for each batch.
    engine_ : {"loop", "stacked"}
        How members were trained.
    engine_reason_ : str
        By what, or why not together.
    oob_prediction_ : ndarray of shape (n_samples,) or (n_samples, n_targets)
        Values of rows by the members that have not learned from them; NaN where there
        is none. Only with ``oob_score=True``.
    oob_score_ : float
        Share of variance of these.
    y_mean_ : ndarray of shape (n_targets,)
        What is added when predictions are turned back; 0 where y is not standardised.
    y_scale_ : ndarray of shape (n_targets,)
        What predictions are multiplied by before; 1 where y is not standardised.
    net_ : NeuralNet
        The first member, trimmed to what prediction needs.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, the net's output has not the shape of
        y, members cannot be trained together as ``engine="stacked"`` asks, or training
        diverges.
    TypeError
        If X is a dict or a Dataset.

    Warns
    -----
    UserWarning
        If a row has no prediction out of bag.

    See Also
    --------
    DeepEnsembleClassifier : The same for classes.
    SnapshotEnsembleRegressor : Members of one training run.
    ensembles.bagging.BaggingRegressor : Members of any kind.

    References
    ----------
    .. [1] B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and scalable predictive
       uncertainty estimation using deep ensembles", NeurIPS, 2017, algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> from ensembles.nets import DeepEnsembleRegressor
    >>> from ensembles.resampling import Bootstrap
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> y = 100 * np.sin(4 * X[:, 0]) + np.random.default_rng(0).normal(0, 30, 200)
    >>> model = DeepEnsembleRegressor(
    ...     n_estimators=16,
    ...     scheme=Bootstrap(),
    ...     oob_score=True,
    ...     max_epochs=20,
    ...     random_state=0,
    ... ).fit(X, y)
    >>> round(model.oob_score_, 1)
    0.8
    """

    def __init__(
        self,
        estimator: Any = None,
        n_estimators: int = 5,
        *,
        scheme: BaseScheme | None = None,
        cv: Any = None,
        oob_score: bool = False,
        max_epochs: int | None = None,
        combine: CombineRule = "auto",
        standardize_y: Literal["auto"] | bool = "auto",
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        engine: Literal["auto", "loop", "stacked"] = "auto",
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
    ) -> None:
        super().__init__(
            estimator,
            n_estimators,
            scheme=scheme,
            cv=cv,
            oob_score=oob_score,
            engine=engine,
            n_jobs=n_jobs,
            max_epochs=max_epochs,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.standardize_y = standardize_y

    def _set_oob_score(self, found: FloatArray, target: Any) -> None:
        self.oob_prediction_ = found
        values = found.reshape(len(found), -1)
        known = ~np.isnan(values).any(axis=1)
        truth = target[known] * self.y_scale_ + self.y_mean_
        self.oob_score_ = float(r2_score(truth, values[known]))
