"""Values, and how far off they may be, by nets that are trained apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, final

import numpy as np
import torch
from sklearn.metrics import r2_score
from sklearn.utils.metaestimators import available_if
from skorch import NeuralNet

from ensembles._combine import CombineRule, combine
from ensembles._typing import FloatArray, RandomState, Table
from ensembles._uncertainty import Uncertainty, of_moments
from ensembles._validation import check_choice
from ensembles.nets._deep import BaseDeepEnsemble
from ensembles.nets._kinds import BaseNetRegressor
from ensembles.nets._prediction import proba_of
from ensembles.nets._wrap import input_dtype, with_parts
from ensembles.nets.modules._gaussian_nll import GaussianNLL, moments_of
from ensembles.resampling._base import BaseScheme

__all__ = ["DeepEnsembleRegressor"]


def _has_variances(model: DeepEnsembleRegressor) -> bool:
    """Whether members predict variances; else an error, which has words for it."""
    if model.likelihood is None:
        raise AttributeError(
            "Members of DeepEnsembleRegressor predict values and no variances, so that "
            "there is nothing to take apart. Fit with likelihood='gaussian'."
        )
    return True


@final
class DeepEnsembleRegressor(BaseNetRegressor, BaseDeepEnsemble):
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
    likelihood : {"gaussian"} or None, default=None
        "gaussian" trains nets with two outputs for each target, all means and then all
        scales, the softplus of which is a variance, by
        :class:`~ensembles.nets.modules.GaussianNLL` in place of the net's criterion. So
        noise may differ from row to row, and predictions come with a standard
        deviation. None trains by the net's own criterion.
    standardize_y : {"auto"} or bool, default="auto"
        Train on targets of mean 0 and standard deviation 1, and turn predictions back.
        "auto" does so for ``estimator=None``, and for a likelihood, whose variances
        begin near one. To another net of the user's own it would be another scale of
        loss and learning rate than it was made for.
    adversarial_eps : float, default=0.0
        Length of the step, as a share of each value's range, by which rows are moved to
        where the loss grows, to be learned from beside the others:
        :class:`~ensembles.nets.callbacks.AdversarialRows`. The paper takes 0.01. Such
        members are trained one after another. 0 is none.
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
    warm_start : bool, default=False
        Whether `fit` keeps the members that there are and trains those that are missing
        to `n_estimators`, on the same rows. All are then what one fit would give.

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
       uncertainty estimation using deep ensembles", NeurIPS, 2017, algorithm 1 and
       section 2.4.

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

    Noise that grows with x, and what is not known beyond the last row:

    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(0, 1, (800, 1))
    >>> y = 100 * X[:, 0] + rng.normal(0, 10 + 30 * X[:, 0])
    >>> model = DeepEnsembleRegressor(
    ...     likelihood="gaussian", max_epochs=40, random_state=0
    ... ).fit(X, y)
    >>> _, std = model.predict([[0.05], [0.95]], return_std=True)
    >>> std.round(-1)
    array([10., 30.])
    >>> _, _, epistemic = model.predict_uncertainty([[0.5], [6.0]])
    >>> bool(epistemic[1] > 100 * epistemic[0])
    True
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
        likelihood: Literal["gaussian"] | None = None,
        standardize_y: Literal["auto"] | bool = "auto",
        adversarial_eps: float = 0.0,
        train_split: Callable[..., Any] | None = None,
        x_dtype: Literal["auto"] | None = "auto",
        device: str | torch.device | None = None,
        engine: Literal["auto", "loop", "stacked"] = "auto",
        n_jobs: int | None = None,
        random_state: RandomState = None,
        verbose: int = 0,
        warm_start: bool = False,
    ) -> None:
        super().__init__(
            estimator,
            n_estimators,
            scheme=scheme,
            cv=cv,
            oob_score=oob_score,
            adversarial_eps=adversarial_eps,
            engine=engine,
            n_jobs=n_jobs,
            warm_start=warm_start,
            max_epochs=max_epochs,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.likelihood = likelihood
        self.standardize_y = standardize_y

    def predict(self, X: Table, return_std: bool = False) -> Any:
        """Return the combined prediction, and how far off it may be.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.
        return_std : bool, default=False
            Whether to return standard deviations, too: of the mixture of all members'
            normal distributions, whatever `combine` is. Needs
            ``likelihood="gaussian"``.

        Returns
        -------
        mean : ndarray of shape (n_samples,) or (n_samples, n_targets)
            As many axes as the y of `fit` had.
        std : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Only with ``return_std=True``.

        Raises
        ------
        ValueError
            If members have no variances and ``return_std=True``.
        """
        if not return_std:
            return super().predict(X)
        moments = list(self._moments(X))
        mean = combine(self._rule(), (values for values, _ in moments))
        return mean, np.sqrt(of_moments(moments).total)

    @available_if(_has_variances)
    def predict_uncertainty(self, X: Table) -> Uncertainty:
        """Return how far off the prediction may be, and why.

        Of the mixture of all members' normal distributions, whatever `combine` is.
        Only with ``likelihood="gaussian"``.

        Parameters
        ----------
        X : array-like or torch tensor of shape (n_samples, ...)
            Rows, as in `fit`.

        Returns
        -------
        total : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Variance of the mixture, in squared units of y.
        aleatoric : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Mean of the members' variances: noise, as far as they know.
        epistemic : ndarray of shape (n_samples,) or (n_samples, n_targets)
            Variance of their means: what they disagree about, as they do away from what
            they have seen. Zero for one member.
        """
        return of_moments(self._moments(X))

    def _moments(self, X: Table) -> Iterator[tuple[FloatArray, FloatArray]]:
        """Each member's means and variances in turn."""
        X = self._check_rows(X)
        if not isinstance(self.net_.criterion_, GaussianNLL):
            raise ValueError(
                "These members predict values and no variances, so that there is no "
                "standard deviation. Fit with likelihood='gaussian'."
            )
        for net in self._nets():
            output = torch.from_numpy(proba_of(net, X).astype(np.float64))
            variance = moments_of(output)[1].numpy() * self.y_scale_**2
            yield (
                self._decode(output.numpy()),
                (variance[:, 0] if self._y_is_flat else variance),
            )

    def _check_params(self) -> None:
        super()._check_params()
        check_choice(self, "likelihood", self.likelihood, {"gaussian", None})

    def _fresh_net(self, X: Any, n_outputs: int) -> NeuralNet:
        n_columns = n_outputs if self.likelihood is None else 2 * n_outputs
        net = super()._fresh_net(X, n_columns)
        if self.likelihood is not None:
            return with_parts(net, criterion=GaussianNLL)
        return net

    def _standardizes(self) -> bool:
        is_auto = self.standardize_y == "auto" and self.likelihood is not None
        return is_auto or super()._standardizes()

    def _shape_target(self, net: NeuralNet, target: Any, output: FloatArray) -> Any:
        if self.likelihood is None:
            return super()._shape_target(net, target, output)
        n_targets = target.shape[1]
        if output.shape != (len(output), 2 * n_targets):
            raise ValueError(
                f"The net's output has shape {output.shape} for {len(output)} rows; "
                f"with likelihood='gaussian' and {n_targets} target(s) in y it must be "
                f"{(len(output), 2 * n_targets)}: means, and then scales. Change the "
                "width of the module's last layer, or let the module take n_outputs."
            )
        return target.astype(input_dtype(net.module_))

    def _decode(self, output: FloatArray) -> FloatArray:
        return super()._decode(output[:, : len(self.y_mean_)])

    def _set_oob_score(self, found: FloatArray, target: Any) -> None:
        self.oob_prediction_ = found
        values = found.reshape(len(found), -1)
        known = ~np.isnan(values).any(axis=1)
        truth = target[known] * self.y_scale_ + self.y_mean_
        self.oob_score_ = float(r2_score(truth, values[known]))
