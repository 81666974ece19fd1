"""The likelihood of a normal distribution whose variance is an output, too."""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional

from ensembles._validation import invalid_parameter, is_real

__all__ = ["GaussianNLL"]

_LEAST_VARIANCE = 1e-6


@final
class GaussianNLL(nn.Module):
    r"""Negative log-likelihood of values whose mean and variance are both outputs.

    A criterion for nets with two columns of outputs for each target: all means, and
    then all scales, whose softplus is the variance. ``DeepEnsembleRegressor(...,
    likelihood="gaussian")`` takes it by itself. torch's ``GaussianNLLLoss`` wants the
    variance as a third argument, which skorch does not pass.

    Parameters
    ----------
    beta : float, default=0.0
        Power of the variance, in [0, 1], that losses of rows are multiplied by, without
        a gradient of its own. 0 is the likelihood itself: where a row is predicted
        badly its variance grows, and then nobody is in a hurry to predict it better.
        1 trains means as squared error does. [2]_ advises 0.5 where means come out
        badly; on small tables variances were better with 0, and means no worse.

    Attributes
    ----------
    beta : float
        As given.

    Raises
    ------
    ValueError
        If `beta` is not in [0, 1], or there are not two outputs for each target.

    See Also
    --------
    ensembles.nets.DeepEnsembleRegressor : With ``likelihood="gaussian"``.

    Notes
    -----
    Of mean :math:`\mu`, :math:`\sigma^2 = \mathrm{softplus}(s) + 10^{-6}` and target
    :math:`y` the loss is the mean over rows and targets of

    .. math:: \lfloor \sigma^{2 \beta} \rfloor
        \left( \frac{\log \sigma^2}{2} + \frac{(y - \mu)^2}{2 \sigma^2} \right) ,

    without the constant :math:`\log \sqrt{2 \pi}`.

    References
    ----------
    .. [1] B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and scalable predictive
       uncertainty estimation using deep ensembles", NeurIPS, 2017, equation 1.
    .. [2] M. Seitzer, A. Tavakoli, D. Antic, G. Martius, "On the pitfalls of
       heteroscedastic uncertainty estimation with probabilistic neural networks",
       ICLR, 2022, section 4.

    Examples
    --------
    >>> import math
    >>> import torch
    >>> from ensembles.nets.modules import GaussianNLL
    >>> one = math.log(math.e - 1)  # whose softplus is one
    >>> outputs, target = torch.tensor([[2.0, one]]), torch.tensor([[3.0]])
    >>> round(GaussianNLL()(outputs, target).item(), 3)
    0.5
    """

    def __init__(self, beta: float = 0.0) -> None:
        super().__init__()
        if not (is_real(beta) and 0.0 <= float(beta) <= 1.0):
            allowed = "a float in the range [0.0, 1.0]"
            raise invalid_parameter(self, "beta", beta, allowed)
        self.beta = beta

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Loss of rows.

        Parameters
        ----------
        outputs : Tensor of shape (n_samples, 2 * n_targets)
            Means, and scales.
        targets : Tensor of shape (n_samples, n_targets)
            Values.

        Returns
        -------
        Tensor of shape ()
            The mean.
        """
        return self.of_rows(outputs, targets).mean()

    def of_rows(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Losses of rows one by one.

        Parameters
        ----------
        outputs : Tensor of shape (..., 2 * n_targets)
            Means, and scales.
        targets : Tensor of shape (..., n_targets)
            Values.

        Returns
        -------
        Tensor of shape (..., n_targets)
            Of each value.

        Raises
        ------
        ValueError
            If there are not two outputs for each target.
        """
        mean, variance = moments_of(outputs)
        if mean.shape != targets.shape:
            raise ValueError(
                f"GaussianNLL takes outputs with two columns for each target, and got "
                f"outputs of shape {tuple(outputs.shape)} for targets of shape "
                f"{tuple(targets.shape)}. Pass a single target as y[:, None], and give "
                "the module twice as many outputs as there are targets."
            )
        losses = 0.5 * (torch.log(variance) + (targets - mean) ** 2 / variance)
        return variance.detach() ** self.beta * losses if self.beta else losses


def moments_of(outputs: Tensor) -> tuple[Tensor, Tensor]:
    """Means and variances.

    Parameters
    ----------
    outputs : Tensor of shape (..., 2 * n_targets)
        Means, and scales.
    """
    mean, scale = outputs.chunk(2, dim=-1)
    return mean, functional.softplus(scale) + _LEAST_VARIANCE
