"""Stacks of the tracks of a database: by names, patterns of them, sample sheets and files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from genomearray.errors import LayoutError, nearest_names
from genomearray.stacks.files import name_of, paths_of
from genomearray.stacks.members import Member, numbered
from genomearray.stacks.sheet import is_sheet, missing_tracks, read_sheet
from genomearray.stacks.stack import Stack
from genomearray.storage.names import is_track_file
from genomearray.track.track import Track

if TYPE_CHECKING:
    import pandas as pd

    from genomearray.database.database import GenomeDB

# What tracks are asked for by.
Asked: TypeAlias = "str | os.PathLike[str] | Track"
_MAGIC = frozenset("*?[")


def stack_of(db: GenomeDB, tracks: Asked | Iterable[Asked] | pd.DataFrame) -> Stack:
    """See :meth:`genomearray.GenomeDB.stack`."""
    samples = None
    if is_sheet(tracks):
        sheet: Any = tracks
        samples = read_sheet(sheet)
        wanted: list[Any] = samples.index.tolist()
    elif isinstance(tracks, (str, os.PathLike, Track)):
        wanted = _expanded(db, [tracks])
    else:
        several: Any = tracks
        wanted = _expanded(db, several)
    if not wanted:
        raise LayoutError("there is no track to stack; give at least one")
    _refuse_missing(db, wanted)
    names = wanted if samples is not None else [_name(track, k) for k, track in enumerate(wanted)]
    members = [
        Member(name, partial(_same, track) if isinstance(track, Track) else partial(db.open_track, track))
        for name, track in zip(numbered(names), wanted, strict=True)
    ]
    return Stack(members, samples)


def _name(track: Asked, k: int) -> str:
    """What a track is called: a file by its name without the ending."""
    return track if isinstance(track, str) and not is_track_file(track) else name_of(track, k)


def _same(track: Track) -> Track:
    return track


def _expanded(db: GenomeDB, tracks: Iterable[Asked]) -> list[Any]:
    """Tracks one by one; patterns by the names that they match, sheets by their rows."""
    every: list[Any] = []
    for track in tracks:
        if isinstance(track, Track):
            every.append(track)
            continue
        text = os.fspath(track)
        if is_sheet(text):
            every += read_sheet(text).index.tolist()
        elif is_track_file(text) and not _MAGIC & set(text):
            every.append(text)
        elif is_track_file(text):
            every += [path if is_track_file(str(path)) else f"./{path}" for path in paths_of(text)]
        elif not _MAGIC & set(text) or db.has_track(text):
            every.append(text)
        else:
            found = [name for name in db.list_tracks() if fnmatchcase(name, text)]
            if not found:
                known = db.list_tracks()
                raise missing_tracks([text], nearest_names(text, known), f"the database {db.folder}")
            every += found
    return every


def _refuse_missing(db: GenomeDB, wanted: list[Any]) -> None:
    """The error of names that the database does not have; its list of names is read once."""
    names = [track for track in wanted if isinstance(track, str) and not is_track_file(track)]
    known = set(db.list_tracks()) if len(names) > 1 else set()
    missing = [name for name in dict.fromkeys(names) if name not in known and not db.has_track(name)]
    if missing:
        near = nearest_names(missing[0], sorted(known or db.list_tracks()))
        raise missing_tracks(missing, near, f"the database {db.folder}")
