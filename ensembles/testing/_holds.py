"""How a check says what does not hold."""

from __future__ import annotations

from typing import Any

__all__ = ["require_that"]


def require_that(holds: bool, owner: Any, what: str) -> None:
    """Raise unless it holds, naming the class that is checked.

    Raises
    ------
    AssertionError
        If it does not hold.
    """
    if not holds:
        raise AssertionError(f"{type(owner).__name__}: {what}")
