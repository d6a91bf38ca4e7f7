"""The one decorator for compiled inner loops; the only use of numba.

Compiled code is cached between runs beside the package or in the user's cache folder.
Imported only where a loop is needed, never on the way to a value that is read.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, TypeVar

import numba

_F = TypeVar("_F", bound=Callable[..., Any])
_log = logging.getLogger(__name__)


def kernel(function: _F) -> _F:
    """Compile a function of numpy arrays and numbers; it runs without the GIL.

    Parameters
    ----------
    function : callable
        Of what numba's nopython mode understands. Never ``parallel``: threads are ours.

    Returns
    -------
    callable
    """
    return _compile(function, {})


def kernel_without_nan(function: _F) -> _F:
    """As :func:`kernel`, for data that hold no NaN: minima and maxima become wide instructions."""
    return _compile(function, {"fastmath": {"nnan", "nsz"}})


def _compile(function: _F, options: dict[str, Any]) -> _F:
    try:
        compiled: _F = numba.njit(cache=True, nogil=True, **options)(function)
    except RuntimeError:  # no cache folder is writable: containers, batch nodes
        _log.info("%s is compiled at each start: set NUMBA_CACHE_DIR to a writable folder", function.__name__)
        compiled = numba.njit(nogil=True, **options)(function)
    return compiled
