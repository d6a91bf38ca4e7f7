"""What stands under the path of a track: the same file as before, another one, or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from genomearray.errors import DamagedTrackError, TrackError, TrackReplacedError, UnknownTrackError
from genomearray.storage.read.remote import RemoteFile, RemoteFolder

FAILURES = (OSError, KeyError, ValueError, RuntimeError, TypeError, AttributeError)


def damage_error(path: Path | str, identity: tuple[Any, ...], what: str, cause: object) -> TrackError:
    """The error for something that cannot be read: damaged, or not the file any more that was opened."""
    try:
        replaced = identity_of(path) != identity
    except OSError as error:
        return UnknownTrackError(f"track {path} cannot be reached any more: {error}")
    if replaced:
        return TrackReplacedError(f"track {path} was replaced or removed since it was opened; open it again")
    return DamagedTrackError(
        f"track {path} is damaged at {what}: {cause}; restore the file from a copy, or import the track again"
    )


def identity_of(path: Path | str) -> tuple[Any, ...] | None:
    """What stands under a path now, None: nothing."""
    try:
        if isinstance(path, str):
            return remote_identity(path)
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino


def remote_identity(url: str) -> tuple[Any, ...]:
    """What stands under an address now."""
    return RemoteFolder(url).identity() if is_zarr(url) else RemoteFile(url).identity()


def is_zarr(path: Path | str) -> bool:
    """Whether a path, or an address, is that of a Zarr store."""
    return not path.rstrip("/").endswith((".h5", ".hdf5", ".nc")) if isinstance(path, str) else path.is_dir()
