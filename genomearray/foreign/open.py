"""Opening a track by its path, whatever its format."""

from __future__ import annotations

import os
from pathlib import Path

from genomearray.choices import Kind
from genomearray.errors import LayoutError
from genomearray.source import Source
from genomearray.storage.read.open_stored import open_stored


def open_source(
    path: str | os.PathLike[str], expected_id: str | None = None, kind: Kind | None = None
) -> Source:
    """A track, in the layout of this library or of the old one.

    Parameters
    ----------
    path : path-like, or URL
    expected_id : str, optional
        As for :func:`genomearray.storage.read.open_stored.open_stored`.
    kind : {"signal", "sequence"}, optional
        Of an old file, which does not say: by default letters are recognised.

    Raises
    ------
    UnknownTrackError, LayoutError, DamagedTrackError
    """
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
