"""Opening tracks on disk: one bounded cache for the process, keyed by path, so that copies share one map."""

from __future__ import annotations

import copyreg
import os
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genomearray.errors import LayoutError, TrackReplacedError, UnknownTrackError
from genomearray.storage.read.identity import FAILURES, is_zarr, remote_identity
from genomearray.storage.read.remote import is_url
from genomearray.storage.read.stored_track import StoredTrack

MOST_OPEN = 64
_Stamp = tuple[Any, ...]
_open: OrderedDict[Path | str, tuple[_Stamp, StoredTrack]] = OrderedDict()
_lock = threading.Lock()


def _reset() -> None:
    global _lock  # noqa: PLW0603 - a lock held by a thread of the parent
    _lock = threading.Lock()
    _open.clear()


os.register_at_fork(after_in_child=_reset)


def open_stored(path: str | os.PathLike[str], expected_id: str | None = None) -> StoredTrack:
    """Open a track file or store, or find it open.

    Parameters
    ----------
    path : path-like, or URL
        ``<name>.h5`` or ``<name>.zarr``.
    expected_id : str, optional
        The id the track had when it was first opened.

    Returns
    -------
    StoredTrack

    Raises
    ------
    UnknownTrackError, LayoutError, DamagedTrackError, TrackReplacedError
    """
    if is_url(path):
        path = str(path).rstrip("/")
    else:
        path = Path(path).absolute()
    stamp = _stamp(path)
    with _lock:
        known = _open.get(path)
        if known is not None and known[0] == stamp:
            _open.move_to_end(path)
            stored = known[1]
        else:
            stored = open_part(path)
            stored.on_close = _forget
            _open[path] = (stamp, stored)
            while len(_open) > MOST_OPEN:
                _open.popitem(last=False)  # closed when its last reader is gone
    if expected_id is not None and stored.id != expected_id:
        raise TrackReplacedError(
            f"track {path} was replaced by another one since it was opened; open it again"
        )
    return stored


def _stamp(path: Path | str) -> _Stamp:
    """What changes when another track is put under a path."""
    if isinstance(path, str):
        try:
            return remote_identity(path)
        except FileNotFoundError:
            raise UnknownTrackError(f"track {path} is not there; check the address") from None
        except OSError as error:
            raise UnknownTrackError(f"track {path} cannot be reached: {error}") from error
    try:
        status = (path / "zarr.json" if path.is_dir() else path).stat()
    except (FileNotFoundError, NotADirectoryError):
        what = "no Zarr store: it has no zarr.json" if path.is_dir() else "not there"
        raise UnknownTrackError(f"track file {path} is {what}") from None
    except ValueError as error:  # a NUL byte
        raise UnknownTrackError(f"track file {str(path)!r} cannot be: {error}") from None
    return status.st_dev, status.st_ino, status.st_mtime_ns


def _reduced(stored: StoredTrack) -> tuple[Callable[..., StoredTrack], tuple[Path | str, str]]:
    """A track is sent as its path and id."""
    return open_stored, (stored.path, stored.id)


copyreg.pickle(StoredTrack, _reduced)


def _forget(stored: StoredTrack) -> None:
    """Drop a track from the cache; its files close when nobody reads them any more."""
    with _lock:
        known = _open.get(stored.path)
        if known is not None and known[1] is stored:
            del _open[stored.path]


def open_part(path: Path | str) -> StoredTrack:
    """Open a track that is not cached: one that is being written, or looked at once."""
    try:
        if is_zarr(path):
            from genomearray.storage.read.zarr_store import ZarrStore

            return StoredTrack(path, ZarrStore(path))
        from genomearray.storage.read.hdf5 import Hdf5Store

        return StoredTrack(path, Hdf5Store(path))
    except (LayoutError, PermissionError):
        raise
    except FAILURES as error:
        raise LayoutError(
            f"{path} cannot be opened as a track: {error}; is it cut, half-written by a crash, or "
            "another kind of file?"
        ) from error
