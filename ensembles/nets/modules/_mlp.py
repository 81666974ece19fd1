"""A multilayer perceptron whose parts are chosen by name."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, TypeAlias, final

import torch
from torch import nn

from ensembles._validation import (
    check_choice,
    check_count,
    check_share,
    invalid_parameter,
    is_count,
)

__all__ = ["MLP"]

# Draws the weights of a layer.
_Draw: TypeAlias = Callable[[nn.Linear], None]

_ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "elu": nn.ELU,
    "gelu": nn.GELU,
    "leaky_relu": nn.LeakyReLU,
    "mish": nn.Mish,
    "relu": nn.ReLU,
    "selu": nn.SELU,
    "sigmoid": nn.Sigmoid,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}
_NORMS: dict[str, Callable[..., nn.Module]] = {
    "batch": nn.BatchNorm1d,
    "layer": nn.LayerNorm,
    "rms": nn.RMSNorm,
}
_INITS: dict[str, Callable[..., Any]] = {
    "kaiming_normal": partial(nn.init.kaiming_normal_, nonlinearity="linear"),
    "kaiming_uniform": partial(nn.init.kaiming_uniform_, nonlinearity="linear"),
    "orthogonal": nn.init.orthogonal_,
    "xavier_normal": nn.init.xavier_normal_,
    "xavier_uniform": nn.init.xavier_uniform_,
}
# Those that torch has gains for, and smooth relatives of the rectified linear unit,
# which get its gain.
_GAINS = {"leaky_relu", "relu", "selu", "tanh"}
_LIKE_RELU = {"elu", "gelu", "mish", "silu"}


@final
class MLP(nn.Sequential):
    """Linear layers with an activation between them, all parts chosen by name.

    The net to begin with on a table. In a grid every part is a value that can be
    searched: ``estimator__module__activation``, ``estimator__module__norm``. It is a
    `torch.nn.Sequential` of torch's own layers, so that members of a deep ensemble
    are trained together. For images, sequences and graphs write a module of your own.

    Parameters
    ----------
    n_features : int or None
        Number of values in a row, over all its axes: rows are flattened. None learns
        it in the first forward pass. Ensembles fill it from the data.
    n_outputs : int
        Width of the output: logits or values. Ensembles fill it from the data.
    hidden : int or sequence of int, default=(64, 64)
        Widths of the hidden layers, the first one first; an int is one layer, an empty
        sequence a linear model.
    activation : str or callable, default="relu"
        "relu", "leaky_relu", "elu", "selu", "gelu", "silu", "mish", "softplus",
        "tanh" or "sigmoid", or what makes a module without arguments.
    init : str or None, default=None
        How weights are drawn: "kaiming_uniform", "kaiming_normal" (for rectified
        units), "xavier_uniform", "xavier_normal" (for "tanh" and "sigmoid") or
        "orthogonal", with the gain of the activation and, in the last layer, of none;
        biases begin at zero. None is torch's own, which is uniform within
        ``1 / sqrt(n_inputs)``, biases too.
    dropout : float, default=0.0
        Share of the hidden units that training leaves out, in [0, 1).
    norm : {"batch", "layer", "rms"} or None, default=None
        What normalises the hidden layers before their activation.
    dtype : torch.dtype or None, default=None
        Type of the weights. None is torch's default, single precision.

    Attributes
    ----------
    training : bool
        Whether units are left out, as for any module.

    Raises
    ------
    ValueError
        If a parameter is not allowed.

    See Also
    --------
    StochasticDepth : Leaves whole layers out.
    DropConnectLinear : Leaves single weights out.

    References
    ----------
    .. [1] X. Glorot, Y. Bengio, "Understanding the difficulty of training deep
       feedforward neural networks", AISTATS, 2010, equation 16.
    .. [2] K. He, X. Zhang, S. Ren, J. Sun, "Delving deep into rectifiers: surpassing
       human-level performance on ImageNet classification", ICCV, 2015, equation 10.

    Examples
    --------
    >>> from sklearn.datasets import make_moons
    >>> from ensembles.nets import DeepEnsembleClassifier
    >>> from ensembles.nets.modules import MLP
    >>> X, y = make_moons(400, noise=0.3, random_state=0)
    >>> deep = DeepEnsembleClassifier(MLP, max_epochs=20, random_state=0)
    >>> round(deep.fit(X[:200], y[:200]).score(X[200:], y[200:]), 2)
    0.91

    With twenty layers the signal dies on its way unless weights are drawn for the
    activation:

    >>> import torch
    >>> x = torch.randn(1000, 50, generator=torch.Generator().manual_seed(0))
    >>> for init in None, "kaiming_normal":
    ...     _ = torch.manual_seed(0)
    ...     net = MLP(50, 1, hidden=[50] * 20, init=init)
    ...     print(init, net[:-1](x).std().item() > 0.1)
    None False
    kaiming_normal True
    """

    def __init__(
        self,
        n_features: int | None,
        n_outputs: int,
        hidden: int | Sequence[int] = (64, 64),
        *,
        activation: str | Callable[[], nn.Module] = "relu",
        init: str | None = None,
        dropout: float = 0.0,
        norm: str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        widths = _widths(self, hidden)
        check_count(self, "n_features", n_features, none=True)
        check_count(self, "n_outputs", n_outputs)
        check_share(self, "dropout", dropout)
        check_choice(self, "init", init, {*_INITS, None})
        check_choice(self, "norm", norm, {*_NORMS, None})
        make = _maker(self, activation)
        inputs = [n_features, *widths]
        layers: list[nn.Module] = [nn.Flatten()]
        for n_inputs, width in zip(inputs, widths, strict=False):
            layers.append(_linear(n_inputs, width, dtype, _drawn(init, activation)))
            if norm is not None:
                layers.append(_NORMS[norm](width, dtype=dtype))
            layers.append(make())
            if dropout:
                layers.append(nn.Dropout(dropout))
        layers.append(_linear(inputs[-1], n_outputs, dtype, _drawn(init, None)))
        super().__init__(*layers)
        self._draw = _drawn(init, activation), _drawn(init, None)
        self._draw_weights()

    def __getitem__(self, index: Any) -> Any:
        """A layer, or a sequence of some of them, as of any sequence of layers."""
        if isinstance(index, slice):
            return nn.Sequential(OrderedDict(list(self._modules.items())[index]))
        return super().__getitem__(index)

    def reset_parameters(self) -> None:
        """Draw all weights anew from torch's generator, as `init` says."""
        for layer in self:
            reset = getattr(layer, "reset_parameters", None)
            if reset is not None:
                reset()
        self._draw_weights()

    def _draw_weights(self) -> None:
        """Draw what `init` is about; layers without a size do so when they get one."""
        within, at_end = self._draw
        for layer in self:
            if type(layer) is nn.Linear:
                draw = at_end if layer is self[-1] else within
                draw(layer)


@final
class _Unsized(nn.LazyLinear):
    """A linear layer that learns its input size and then draws its weights."""

    def __init__(self, width: int, dtype: torch.dtype | None, draw: _Draw) -> None:
        super().__init__(width, dtype=dtype)
        self._draw = draw

    def reset_parameters(self) -> None:
        """Draw once there is a size."""
        super().reset_parameters()
        if hasattr(self, "_draw") and not self.has_uninitialized_params():
            self._draw(self)


def _linear(
    n_inputs: int | None, width: int, dtype: torch.dtype | None, draw: _Draw
) -> nn.Module:
    if n_inputs is None:
        return _Unsized(width, dtype, draw)
    return nn.Linear(n_inputs, width, dtype=dtype)


def _drawn(init: str | None, activation: Any) -> _Draw:
    """How a layer before an activation, or before none, draws its weights."""
    if init is None:
        return _leave
    return partial(_scaled, _INITS[init], _gain(activation))


def _leave(layer: nn.Linear) -> None:
    """Leave weights as torch has drawn them."""


def _scaled(draw: Callable[..., Any], gain: float, layer: nn.Linear) -> None:
    """Draw for outputs of one variance, and multiply."""
    with torch.no_grad():
        draw(layer.weight)
        layer.weight.mul_(gain)
        layer.bias.zero_()


def _gain(activation: Any) -> float:
    """What keeps the variance from layer to layer; one where that is not known."""
    if activation in _LIKE_RELU:
        activation = "relu"
    if activation in _GAINS:
        return float(nn.init.calculate_gain(activation))
    return 1.0


def _maker(
    owner: object, activation: str | Callable[[], nn.Module]
) -> Callable[[], nn.Module]:
    """What makes the modules between linear layers."""
    if isinstance(activation, nn.Module):
        allowed = "a name, or a class or function that makes a module"
        raise invalid_parameter(owner, "activation", activation, allowed)
    if callable(activation):
        return activation
    check_choice(owner, "activation", activation, _ACTIVATIONS)
    return _ACTIVATIONS[activation]


def _widths(owner: object, hidden: Any) -> list[int]:
    """Widths of the hidden layers."""
    given = [hidden] if is_count(hidden) else hidden
    is_list = isinstance(given, Iterable) and not isinstance(given, str)
    widths: list[Any] = list(given) if is_list else [None]
    if not all(is_count(width) and width >= 1 for width in widths):
        allowed = "an int in the range [1, inf) or a sequence of such"
        raise invalid_parameter(owner, "hidden", hidden, allowed)
    return [int(width) for width in widths]
