"""Opening a track by its path, whatever its format."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from genomearray.choices import Kind
from genomearray.errors import LayoutError
from genomearray.foreign.bbi_file import BBI_MAGICS
from genomearray.reference.assembly import Assembly
from genomearray.source import Source
from genomearray.storage.names import FOREIGN_ENDINGS
from genomearray.storage.read.open_stored import open_stored
from genomearray.storage.read.remote import is_url

_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")


def open_source(
    path: str | os.PathLike[str],
    expected_id: str | None = None,
    kind: Kind | None = None,
    assembly: Assembly | None = None,
) -> Source:
    """A track, in the layout of this library or of the old one, or a bigWig.

    Parameters
    ----------
    path : path-like, or URL
    expected_id : str, optional
        As for :func:`genomearray.storage.read.open_stored.open_stored`.
    kind : {"signal", "sequence"}, optional
        Of an old file, which does not say: by default letters are recognised.
    assembly : Assembly, optional
        Of a bigWig, which does not say: by default it is called "unknown".

    Raises
    ------
    UnknownTrackError, LayoutError, DamagedTrackError
    """
    if not is_url(path) and _is_special(Path(path)):
        raise LayoutError(f"{path} is neither a regular file nor a folder; a track is read here and there")
    if is_bbi(path):
        from genomearray.foreign.bigwig_track import BigWigTrack

        return BigWigTrack(path, assembly)
    try:
        return open_stored(path, expected_id)
    except LayoutError as error:
        # Imported here: what is of this library opens without it.
        from genomearray.foreign.old_file import is_old, what_else
        from genomearray.foreign.old_track import OldTrack

        if not is_old(path):
            held, hint = what_else(path)
            raise LayoutError(f"{error.message}{held}", hint=hint or error.hint) from error
    return OldTrack(Path(path), kind)


def is_bbi(path: str | os.PathLike[str]) -> bool:
    """Whether a file is a bigWig or a bigBed: by its first bytes, at a URL by the ending of its name."""
    if is_url(path):
        return str(path).partition("?")[0].endswith(tuple(f".{ending}" for ending in FOREIGN_ENDINGS))
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            head = file.read(4)
    except OSError:  # a folder, or not there: whoever opens it says so
        return False
    return any(int.from_bytes(head, order) in BBI_MAGICS for order in _ORDERS)


def _is_special(path: Path) -> bool:
    """Whether there is a pipe, a device or a socket."""
    try:
        return path.exists() and not path.is_file() and not path.is_dir()
    except OSError:
        return False
