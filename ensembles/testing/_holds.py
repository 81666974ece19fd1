"""How checks say what does not hold, and watch what must not move."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

__all__ = ["global_state_watched", "require_that"]


def require_that(holds: bool, owner: Any, what: str) -> None:
    """Raise unless it holds, naming the class that is checked.

    Raises
    ------
    AssertionError
        If it does not hold.
    """
    if not holds:
        raise AssertionError(f"{type(owner).__name__}: {what}")


@contextmanager
def global_state_watched(owner: Any, what: str) -> Iterator[None]:
    """Require that the block leaves numpy's global random state alone.

    It is as it was afterwards in any case.

    Raises
    ------
    AssertionError
        If the block draws from it.
    """
    given = np.random.get_state()  # noqa: NPY002 - the global state is what is watched
    try:
        np.random.seed(3)  # noqa: NPY002, TID251
        before = np.random.get_state()[1].copy()  # type: ignore[index]  # noqa: NPY002
        yield
        after = np.random.get_state()[1]  # type: ignore[index]  # noqa: NPY002
        require_that(
            np.array_equal(before, after), owner, f"{what} the global random state."
        )
    finally:
        np.random.set_state(given)  # noqa: NPY002
