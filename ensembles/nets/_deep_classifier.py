"""Classes by nets that are trained apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, final

import numpy as np
import torch
from sklearn.metrics import accuracy_score

from ensembles._combine import CombineRule
from ensembles._typing import FloatArray, RandomState
from ensembles.nets._deep import BaseDeepEnsemble
from ensembles.nets._kinds import BaseNetClassifier
from ensembles.resampling._base import BaseScheme

__all__ = ["DeepEnsembleClassifier"]


@final
class DeepEnsembleClassifier(BaseNetClassifier, BaseDeepEnsemble):
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

    def _set_oob_score(self, found: FloatArray, target: Any) -> None:
        self.oob_decision_function_ = found
        known = ~np.isnan(found).any(axis=1)
        said = found[known].argmax(axis=1)
        self.oob_score_ = float(accuracy_score(target[known], said))
