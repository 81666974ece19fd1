"""Nets that keep dropping out where they predict, and the mean over what is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Literal, final

import torch
from skorch import NeuralNet
from torch import nn

from ensembles._combine import CombineRule
from ensembles._random import entropy_from, entropy_of, keys_for
from ensembles._typing import RandomState
from ensembles._validation import check_count, invalid_parameter
from ensembles.nets._kinds import BaseNetClassifier, BaseNetRegressor
from ensembles.nets._members import Member, template_of, train_member
from ensembles.nets._passes import leaves_out, passing_nets
from ensembles.nets._prediction import trim
from ensembles.nets._several import BaseSeveral
from ensembles.nets._training import check_finite
from ensembles.nets._weights import load_snapshot
from ensembles.nets._wrap import default_module

__all__ = ["MCDropoutClassifier", "MCDropoutRegressor"]


class _BaseMCDropout(BaseSeveral):
    """Base of both: everything but what the target asks for."""

    _default_module = staticmethod(partial(default_module, dropout=0.1))

    def __init__(
        self, estimator: Any, n_samples: int, *, layers: Any, **parameters: Any
    ) -> None:
        super().__init__(estimator, **parameters)
        self.n_samples = n_samples
        self.layers = layers

    def _train(self, net: NeuralNet, X: Any, target: Any) -> None:
        self._entropy = entropy_from(self.random_state)
        seed = self._entropy % 2**64
        template, job = template_of(self, net, seed, X, target)
        snapshot, self.history_ = train_member(job, Member(None, seed))
        check_finite(template, [snapshot])
        load_snapshot(template, snapshot)
        self.net_ = trim(template)
        if not leaves_out(self.net_, self.layers, job.X[:32]):
            raise ValueError(
                "All passes of the net are equal: nothing is left out in it. Give a "
                "module with dropout, or other layers to leave it on in than layers="
                f"{self.layers!r}."
            )

    def _nets(self) -> Iterator[NeuralNet]:
        seeds = keys_for(entropy_of(self._entropy, 1), 0, self.n_samples).tolist()
        return passing_nets(self.net_, self.layers, seeds)

    def _check_params(self) -> None:
        super()._check_params()
        check_count(self, "n_samples", self.n_samples)
        kinds = self.layers if isinstance(self.layers, tuple) else (self.layers,)
        is_fine = all(
            isinstance(kind, type) and issubclass(kind, nn.Module) for kind in kinds
        )
        if self.layers is not None and not (kinds and is_fine):
            allowed = "a class of torch modules, a tuple of such classes, or None"
            raise invalid_parameter(self, "layers", self.layers, allowed)


@final
class MCDropoutClassifier(BaseNetClassifier, _BaseMCDropout):
    """Mean of the class probabilities of one net that goes on leaving units out.

    Dropout makes one net many: each pass with other units left out is a net of its own,
    and their mean predicts. Take it for a net that has dropout anyway: it costs nothing
    to train, and `n_samples` passes to predict. Their spread says where the net is not
    sure of what it has learned, as far as dropout goes: nets that are trained apart,
    :class:`DeepEnsembleClassifier`, differ more, and say it better.

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
          a tenth of which are left out, in double precision. Scale X before.

        A class or function with parameters named ``n_features`` (number of values in a
        row) or ``n_outputs`` (number of classes; 1 in a `NeuralNetBinaryClassifier`)
        without a default gets them from the data. Lazy layers learn their input size
        in a forward pass before training.
    n_samples : int, default=50
        Number of passes. May be changed after `fit`.
    layers : class, tuple of classes or None, default=None
        Modules that go on as in training, such as ``torch.nn.Dropout``. None is all but
        those that keep statistics of their inputs, as batch normalisation does: so
        attention, recurrent layers and modules that call
        :func:`torch.nn.functional.dropout` leave out, too.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    combine : str or callable, default="auto"
        How the members' probabilities, shape (m, n, k), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth;
        "vote"; "log_pool", the normalised geometric mean; "rank", the mean of ranks
        among the rows given, for ranking metrics; or a callable that returns shape
        (n, k). May be changed after `fit`.
    train_split : callable or None, default=None
        Split that skorch makes before training, as ``ValidSplit(5)``, in place of the
        net's own, for a callback `EarlyStopping`. None trains on all rows.
    x_dtype : {"auto"} or None, default="auto"
        "auto" casts X to the type of the module's first floating weights. None leaves
        integers as they are, for a module that begins with an embedding.
    device : str, torch.device or None, default=None
        Where to train and predict. None takes that of the net.
    random_state : int, RandomState, Generator or None, default=None
        Weights, batches and what is left out follow from it, in predictions, too: these
        are the same each time. Torch's own generators stay where they are.
    verbose : int, default=0
        Positive lets skorch print its table of epochs.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels, sorted.
    estimators_ : list of NeuralNet
        A skorch net for each pass, made anew at each access.
    history_ : skorch.history.History
        One dict an epoch, with ``train_loss`` and, where `train_split` is given,
        ``valid_loss``; without skorch's rows for each batch.
    net_ : NeuralNet
        The trained net, which leaves nothing out, trimmed to what prediction needs.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, the net's output has not one column a
        class or its rows do not sum to one, training diverges, or the net leaves
        nothing out.
    TypeError
        If X is a dict or a Dataset.

    See Also
    --------
    MCDropoutRegressor : The same for values.
    DeepEnsembleClassifier : Nets that are trained apart.

    References
    ----------
    .. [1] Y. Gal, Z. Ghahramani, "Dropout as a Bayesian approximation: representing
       model uncertainty in deep learning", ICML, 2016, section 4.

    Examples
    --------
    A net that has learned its rows by heart, which predicts as usual, and the mean over
    fifty passes of it:

    >>> from sklearn.datasets import make_moons
    >>> from sklearn.metrics import log_loss
    >>> from ensembles.nets import MCDropoutClassifier
    >>> X, y = make_moons(700, noise=0.4, random_state=0)
    >>> clf = MCDropoutClassifier(random_state=0).fit(X[:200], y[:200])
    >>> for model in clf.net_, clf:
    ...     print(round(log_loss(y[200:], model.predict_proba(X[200:])), 2))
    0.46
    0.44
    """

    def __init__(
        self,
        estimator: Any = None,
        n_samples: int = 50,
        *,
        layers: Any = None,
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
            layers=layers,
            max_epochs=max_epochs,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )


@final
class MCDropoutRegressor(BaseNetRegressor, _BaseMCDropout):
    """Mean of the predictions of one net that goes on leaving units out.

    Dropout makes one net many: each pass with other units left out is a net of its own,
    and their mean predicts. Take it for a net that has dropout anyway: it costs nothing
    to train, and `n_samples` passes to predict. Their spread says where the net is not
    sure of what it has learned, as far as dropout goes: nets that are trained apart,
    :class:`DeepEnsembleRegressor`, differ more, and say it better.

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
          a tenth of which are left out, in double precision. Scale X before.

        The module returns shape (n_samples, n_targets), or (n_samples,) for one target.
        A class or function with parameters named ``n_features`` (number of values in a
        row) or ``n_outputs`` (number of targets) without a default gets them from the
        data. Lazy layers learn their input size in a forward pass before training.
    n_samples : int, default=50
        Number of passes. May be changed after `fit`.
    layers : class, tuple of classes or None, default=None
        Modules that go on as in training, such as ``torch.nn.Dropout``. None is all but
        those that keep statistics of their inputs, as batch normalisation does: so
        attention, recurrent layers and modules that call
        :func:`torch.nn.functional.dropout` leave out, too.
    max_epochs : int or None, default=None
        Epochs of the whole run. None takes those of the net.
    combine : str or callable, default="auto"
        How the members' values, shape (m, n) or (m, n, q), become one: "auto" and
        "mean"; "median"; "trimmed", the mean without the lowest and highest tenth; or
        a callable that returns one member's shape. May be changed after `fit`.
    standardize_y : {"auto"} or bool, default="auto"
        Train on targets of mean 0 and standard deviation 1, and turn predictions back.
        "auto" does so for ``estimator=None`` only: to a net of the user's own it would
        be another scale of loss and learning rate than it was made for.
    train_split : callable or None, default=None
        Split that skorch makes before training, as ``ValidSplit(5)``, in place of the
        net's own, for a callback `EarlyStopping`. None trains on all rows.
    x_dtype : {"auto"} or None, default="auto"
        "auto" casts X to the type of the module's first floating weights. None leaves
        integers as they are, for a module that begins with an embedding.
    device : str, torch.device or None, default=None
        Where to train and predict. None takes that of the net.
    random_state : int, RandomState, Generator or None, default=None
        Weights, batches and what is left out follow from it, in predictions, too: these
        are the same each time. Torch's own generators stay where they are.
    verbose : int, default=0
        Positive lets skorch print its table of epochs.

    Attributes
    ----------
    estimators_ : list of NeuralNet
        A skorch net for each pass, made anew at each access.
    y_mean_ : ndarray of shape (n_targets,)
        What is added when predictions are turned back; 0 where y is not standardised.
    y_scale_ : ndarray of shape (n_targets,)
        What predictions are multiplied by before; 1 where y is not standardised.
    history_ : skorch.history.History
        One dict an epoch, with ``train_loss`` and, where `train_split` is given,
        ``valid_loss``; without skorch's rows for each batch.
    net_ : NeuralNet
        The trained net, which leaves nothing out, trimmed to what prediction needs.
    n_features_in_ : int
        Number of features seen in `fit`; only where X has two axes.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the features, where X had them as strings.

    Raises
    ------
    ValueError
        From `fit`: if a parameter is not allowed, the net's output has not the shape of
        y, training diverges, or the net leaves nothing out.
    TypeError
        If X is a dict or a Dataset.

    See Also
    --------
    MCDropoutClassifier : The same for classes.
    DeepEnsembleRegressor : Nets that are trained apart.

    References
    ----------
    .. [1] Y. Gal, Z. Ghahramani, "Dropout as a Bayesian approximation: representing
       model uncertainty in deep learning", ICML, 2016, section 4.

    Examples
    --------
    Away from what has been seen, passes differ:

    >>> import numpy as np
    >>> from ensembles.nets import MCDropoutRegressor
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> y = 100 * np.sin(4 * X[:, 0]) + np.random.default_rng(0).normal(0, 30, 200)
    >>> model = MCDropoutRegressor(max_epochs=60, random_state=0).fit(X, y)
    >>> spread = model.predict_members([[0.0], [4.0]]).std(axis=0)
    >>> bool(spread[1] > 3 * spread[0])
    True
    """

    def __init__(
        self,
        estimator: Any = None,
        n_samples: int = 50,
        *,
        layers: Any = None,
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
            layers=layers,
            max_epochs=max_epochs,
            combine=combine,
            train_split=train_split,
            x_dtype=x_dtype,
            device=device,
            random_state=random_state,
            verbose=verbose,
        )
        self.standardize_y = standardize_y
