"""Records that kernels take in place of many arguments.

A record is passed as one pointer, an array as ten words.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

__all__ = ["stamp_of", "with_floats"]


def stamp_of(*sources: Path) -> str:
    """A name that changes with any source that compiled kernels are made of.

    numba keeps a kernel by the file that it is in, and would go on with it when a
    helper of another file has changed. As the name of a field it is part of the types
    of records, by which kernels are kept too: each of them takes one.
    """
    digest = hashlib.sha256()
    for source in sources:
        digest.update(source.read_bytes())
    return f"stamp_{digest.hexdigest()[:16]}"


def with_floats(plain: np.dtype[np.void]) -> np.dtype[np.void]:
    """The record with `floats` in the same place as its `numbers`."""
    fields = [(name, *plain.fields[name][:2]) for name in plain.names]  # type: ignore[index, union-attr]
    numbers, place = plain.fields["numbers"][:2]  # type: ignore[index]
    floats = np.dtype((np.float64, numbers.shape))
    fields.append(("floats", floats, place))
    names, formats, offsets = zip(*fields, strict=True)
    layout = {"names": names, "formats": formats, "offsets": offsets}
    return np.dtype({**layout, "itemsize": plain.itemsize})  # type: ignore[call-overload, no-any-return]
