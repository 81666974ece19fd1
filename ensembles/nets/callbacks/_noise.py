"""Noise in what a net learns from, and in its weights."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback
from torch import Tensor

from ensembles._typing import ArrayLike
from ensembles._validation import check_positive, invalid_parameter, is_real
from ensembles.nets.callbacks._batch_edit import BatchEdit
from ensembles.nets.callbacks._layers import layers_of
from ensembles.nets.callbacks._regions import regions

__all__ = ["Cutout", "InputNoise", "WeightNoise"]


@final
class InputNoise(BatchEdit):
    """Adds normal noise to the rows of each training batch.

    So a net learns to say the same of rows that are nearly the same. For a small
    variance that is a penalty on its gradients with regard to the inputs [1]_. Take it
    for measurements that come with noise; not for columns that stand for categories.

    Parameters
    ----------
    std : float or array-like of shape (n_features,), default=0.1
        Standard deviation of the noise, in units of X: for all values, or anything that
        goes with the shape of a row.

    Raises
    ------
    ValueError
        If `std` is not what it may be, before training.
    TypeError
        If rows are not one tensor of floats.

    See Also
    --------
    WeightNoise : Noise in the weights.
    AdversarialRows : The worst of all noise.

    References
    ----------
    .. [1] C. M. Bishop, "Training with noise is equivalent to Tikhonov regularization",
       Neural Computation 7(1), 1995, equation 17.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from ensembles.nets import DeepEnsembleClassifier
    >>> from ensembles.nets.callbacks import InputNoise
    >>> from ensembles.nets.modules import MLP
    >>> from skorch import NeuralNetClassifier
    >>> from torch import nn
    >>> X, y = make_moons(300, noise=0.3, random_state=0)
    >>> net = NeuralNetClassifier(
    ...     MLP, criterion=nn.CrossEntropyLoss, callbacks=[InputNoise(0.2)], lr=0.1
    ... )
    >>> deep = DeepEnsembleClassifier(net, 2, random_state=0).fit(X, y)
    >>> deep.engine_reason_
    'the callback InputNoise (InputNoise) may look at batches'
    """

    def __init__(self, std: float | ArrayLike = 0.1) -> None:
        self.std = std

    def initialize(self) -> InputNoise:
        """Check the parameters.

        Returns
        -------
        InputNoise
            Itself.

        Raises
        ------
        InvalidParameterError
            If `std` is negative or not a number.
        """
        std = np.asarray(self.std)
        is_number = std.dtype.kind in "iuf" and np.isfinite(std).all()
        if not (is_number and (std >= 0).all()):
            allowed = "a float in the range [0.0, inf) or an array of such"
            raise invalid_parameter(self, "std", self.std, allowed)
        return self

    def _edited(self, net: NeuralNet, X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        std = torch.as_tensor(self.std, dtype=X.dtype)
        return X + std * torch.randn(X.shape, dtype=X.dtype), y


@final
class Cutout(BatchEdit):
    """Blanks a part of each row of a training batch.

    A net then cannot rely on one part of its input. Of images, (channels, height,
    width), the part is a square box around a point that is drawn, and what would be
    outside is lost; of sequences, (channels, length), a stretch; of rows of a table
    some of the columns. Not for tables of few columns, whose every one counts.

    Parameters
    ----------
    share : float, default=0.25
        Share of a row's values that the part has, in [0, 1]: a quarter is a box of half
        the height and half the width, as in the paper.
    fill : float, default=0.0
        What is put there: zero is the mean, where X is scaled.

    Raises
    ------
    ValueError
        If a parameter is not allowed, before training.
    TypeError
        If rows are not one tensor of floats.

    See Also
    --------
    CutMix : Fills the part from another row.

    References
    ----------
    .. [1] T. DeVries, G. W. Taylor, "Improved regularization of convolutional neural
       networks with cutout", arXiv:1708.04552, 2017, section 3.

    Examples
    --------
    >>> import torch
    >>> from ensembles.nets.callbacks import Cutout
    >>> batch = [torch.ones(2, 1, 4, 4), torch.zeros(2)]
    >>> _ = torch.manual_seed(3)
    >>> Cutout(0.25).on_batch_begin(None, batch, training=True)
    >>> batch[0][0, 0]
    tensor([[1., 1., 1., 1.],
            [0., 0., 1., 1.],
            [0., 0., 1., 1.],
            [1., 1., 1., 1.]])
    """

    def __init__(self, share: float = 0.25, fill: float = 0.0) -> None:
        self.share = share
        self.fill = fill

    def initialize(self) -> Cutout:
        """Check the parameters.

        Returns
        -------
        Cutout
            Itself.

        Raises
        ------
        InvalidParameterError
            If a parameter is not allowed.
        """
        if not (is_real(self.share) and 0.0 <= float(self.share) <= 1.0):
            allowed = "a float in the range [0.0, 1.0]"
            raise invalid_parameter(self, "share", self.share, allowed)
        if not (is_real(self.fill) and np.isfinite(self.fill)):
            raise invalid_parameter(self, "fill", self.fill, "a finite float")
        return self

    def _edited(self, net: NeuralNet, X: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
        return X.masked_fill(regions(len(X), X.shape[1:], self.share), self.fill), y


@final
class WeightNoise(Callback):
    """Adds normal noise to the weights in each step, and takes it away again.

    Gradients are those of weights close by, so that a net ends in a minimum that is
    wide enough for noise to do no harm, which is said to predict better. Recurrent nets
    gain from it most. It costs a copy of the weights a step. Biases and what belongs to
    norms get no noise: only parameters of two axes or more.

    Parameters
    ----------
    std : float, default=0.01
        Standard deviation of the noise, in units of the weights.

    Raises
    ------
    ValueError
        If `std` is not allowed, before training.

    See Also
    --------
    InputNoise : Noise in the rows.

    References
    ----------
    .. [1] A. Graves, "Practical variational inference for neural networks", NeurIPS,
       2011, section 3.

    Examples
    --------
    The weights at which a loss was computed are not those that are kept:

    >>> import numpy as np
    >>> import torch
    >>> from ensembles.nets.callbacks import WeightNoise
    >>> from skorch import NeuralNetRegressor
    >>> from torch import nn
    >>> X, y = np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)
    >>> net = NeuralNetRegressor(
    ...     nn.Linear,
    ...     module__in_features=2,
    ...     module__out_features=1,
    ...     lr=0.0,
    ...     callbacks=[WeightNoise(0.5)],
    ...     max_epochs=3,
    ...     train_split=None,
    ...     verbose=0,
    ... ).initialize()
    >>> before = net.module_.weight.detach().clone()
    >>> _ = net.partial_fit(X, y)
    >>> torch.equal(net.module_.weight, before), len(set(net.history[:, "train_loss"]))
    (True, 3)
    """

    def __init__(self, std: float = 0.01) -> None:
        self.std = std

    def initialize(self) -> WeightNoise:
        """Check the parameters.

        Returns
        -------
        WeightNoise
            Itself.
        """
        check_positive(self, "std", self.std, zero=True)
        self.kept_: list[tuple[Tensor, Tensor]] = []
        return self

    def on_batch_begin(
        self, net: Any, batch: Any = None, training: bool | None = None, **kwargs: Any
    ) -> None:
        """Add noise, before a batch is learned from."""
        if not training:
            return
        self._restore()  # of a step that ended in an error
        with torch.no_grad():
            for _, weight in layers_of(net):
                self.kept_.append((weight, weight.detach().clone()))
                noise = torch.randn(weight.shape, dtype=weight.dtype)
                weight.add_(self.std * noise.to(weight.device))

    def on_train_begin(
        self, net: Any, X: Any = None, y: Any = None, **kwargs: Any
    ) -> None:
        """Take away the noise of a training that ended in an error."""
        self._restore()

    def on_grad_computed(self, net: Any, named_parameters: Any, **kwargs: Any) -> None:
        """Take the noise away, before the optimiser's step."""
        self._restore()

    def on_train_end(self, net: Any, X: Any = None, y: Any = None, **kw: Any) -> None:
        """Take away the noise of a step that did not come to its end."""
        self._restore()

    def _restore(self) -> None:
        with torch.no_grad():
            for weight, value in self.kept_:
                weight.copy_(value)
        self.kept_ = []
