"""Parts of rows: boxes of images, stretches of sequences, columns of tables."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["regions"]


def regions(n: int, shape: torch.Size, share: float) -> Tensor:
    """Draw a part of each of `n` rows.

    Parameters
    ----------
    n : int
        Number of parts.
    shape : torch.Size
        Shape of a row. One axis is columns, any of which make a part. Of more axes the
        first is channels, of which a part has all, and a part is a box in the others
        around any of their points; what would be outside is lost.
    share : float
        Of a row's values, in [0, 1]; of a box before it is cut off.

    Returns
    -------
    Tensor of shape (n, ...)
        Where the parts are, as booleans that go with rows.
    """
    if len(shape) == 1:
        order = torch.rand(n, *shape).argsort(dim=1)
        return order < round(share * shape[0])
    inside = torch.ones(n, *[1] * len(shape), dtype=torch.bool)
    sides = len(shape) - 1
    for axis, size in enumerate(shape[1:], start=2):
        length = round(share ** (1 / sides) * size)
        first = torch.randint(size, (n,)) - length // 2
        offset = torch.arange(size) - first[:, None]
        within = (offset >= 0) & (offset < length)
        along = [n] + [1] * len(shape)
        along[axis] = size
        inside = inside & within.view(along)
    return inside
