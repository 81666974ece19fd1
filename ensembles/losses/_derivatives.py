"""How kernels get the arrays of a loss, whatever their layout."""

from __future__ import annotations

from typing import Any

import numpy as np

from ensembles._engine import kernels_for
from ensembles._typing import FloatArray

__all__ = ["write_derivatives"]

# What numpy takes for one raw prediction.
_SECONDS = 5e-8


def write_derivatives(
    name: str,
    y: FloatArray,
    raw: FloatArray,
    gradient: FloatArray,
    hessian: FloatArray,
    *parameters: Any,
) -> None:
    """Let a kernel write the gradient and the hessian.

    Parameters
    ----------
    name : str
        Of the kernel.
    y : ndarray of shape (n_samples,)
        Targets.
    raw : ndarray of shape (n_samples,) or (n_classes, n_samples)
        Raw predictions.
    gradient, hessian : ndarray of the shape of `raw`
        To be written to. Fastest are C-contiguous arrays of 64-bit floats.
    *parameters : object
        What else the kernel takes.

    Raises
    ------
    ValueError
        If shapes do not fit together: kernels would write beyond the arrays.
    """
    shapes = {raw.shape, gradient.shape, hessian.shape}
    if len(shapes) > 1 or y.shape != raw.shape[-1:]:
        raise ValueError(
            "Raw predictions, gradient and hessian must have one shape, with one entry "
            f"or row for each target. Got {raw.shape}, {gradient.shape} and "
            f"{hessian.shape} for targets of shape {y.shape}."
        )
    given = (gradient, hessian)
    written = [one if _is_fast(one) else np.empty(one.shape) for one in given]
    kernels = kernels_for("losses", "gradients", _SECONDS * raw.size)
    getattr(kernels, name)(_to_read(y), _to_read(raw), *written, *parameters)
    for array, result in zip(given, written, strict=True):
        if result is not array:
            array[...] = result


def _is_fast(array: FloatArray) -> bool:
    """Whether kernels can write to the array itself."""
    return array.dtype == np.float64 and array.flags.carray


def _to_read(array: FloatArray) -> FloatArray:
    """The array as kernels read it.

    Always read-only: they would be compiled twice for arrays that are and that are not.
    """
    view = np.ascontiguousarray(array, dtype=np.float64).view()
    view.flags.writeable = False
    return view
