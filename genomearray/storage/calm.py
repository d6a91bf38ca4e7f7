"""While HDF5 calls back into Python: no collector, no signal of Python's own.

The collector may close HDF5 objects, and the handler of a signal may raise an error; both inside of
a call of HDF5, which bears neither.
"""

from __future__ import annotations

import gc
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = {signal.SIGINT, signal.SIGTERM}
_calls, _collected, _calls_lock = 0, True, threading.Lock()


@contextmanager
def without_collector() -> Iterator[None]:
    """Nothing is collected until the ``with`` ends, in any thread."""
    global _calls, _collected  # noqa: PLW0603 - the collector is one for the process
    with _calls_lock:
        if not _calls:
            _collected = gc.isenabled()
            gc.disable()
        _calls += 1
    try:
        yield
    finally:
        with _calls_lock:
            _calls -= 1
            if not _calls and _collected:
                gc.enable()


@contextmanager
def undisturbed() -> Iterator[None]:
    """As :func:`without_collector`; an interrupt waits until the ``with`` ends."""
    if threading.current_thread() is not threading.main_thread():
        with without_collector():  # handlers run in the main thread only
            yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        with without_collector():
            yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
