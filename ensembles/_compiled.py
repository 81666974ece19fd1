"""How kernels are compiled: once for an install, with a word to who waits for it.

A kernel is kept beside its source, or in the user's cache folder where an install is
read-only, as numba does. Where that is read-only too it is kept with temporary files.
This module is imported when the first kernel is needed, since importing numba takes
time.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba.core.config
import numba.core.event
from numba import njit

__all__ = ["keep_compiled"]

_LOG = logging.getLogger("ensembles")


def keep_compiled(**options: Any) -> Callable[[Callable[..., Any]], Any]:
    """Decorator that compiles a function when it is first called, and keeps the result.

    Parameters
    ----------
    **options : dict
        As `numba.njit` takes them.

    Returns
    -------
    callable
        The decorator. The function gives up the interpreter's lock while it runs.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        compiler = njit(cache=True, nogil=True, **options)
        try:
            return compiler(function)
        except RuntimeError:  # "cannot cache function: no locator available"
            config: Any = numba.core.config
            folder = config.CACHE_DIR
            user = os.getuid() if hasattr(os, "getuid") else "all"
            config.CACHE_DIR = str(Path(tempfile.gettempdir()) / f"ensembles-{user}")
            try:
                return compiler(function)
            finally:
                config.CACHE_DIR = folder

    return decorate


class _Announcer(numba.core.event.Listener):
    """Says once that kernels of ours are compiled: the first fit then takes longer."""

    has_spoken = False

    def on_start(self, event: Any) -> None:
        function = getattr(event.data.get("dispatcher"), "py_func", None)
        is_ours = str(getattr(function, "__module__", "")).startswith("ensembles.")
        if is_ours and not self.has_spoken:
            self.has_spoken = True
            _LOG.warning(
                "ensembles compiles kernels, once for this install: the first calls "
                "take some seconds longer."
            )

    def on_end(self, event: Any) -> None:
        pass


_events: Any = numba.core.event
_events.register("numba:compile", _Announcer())
