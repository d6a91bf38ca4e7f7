"""Tracks and files that become one stack: files by themselves get the chromosomes that all need."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from glob import glob, has_magic
from pathlib import Path
from typing import TypeAlias

from genomearray.errors import AssemblyError, LayoutError
from genomearray.foreign.bbi_file import UNKNOWN
from genomearray.foreign.bigwig_track import BigWigTrack
from genomearray.reference.assembly import Assembly
from genomearray.storage.read.remote import is_url
from genomearray.track.track import Track, open_track

TrackOrFile: TypeAlias = "Track | str | os.PathLike[str]"


def opened_together(tracks: Sequence[TrackOrFile]) -> tuple[Track, ...]:
    """Tracks of one assembly, from tracks, paths and URLs.

    bigWig files, which name no assembly, get that of the tracks beside them, or all chromosomes that any of
    them has.

    Raises
    ------
    LayoutError
        Something is no track.
    AssemblyError
        A chromosome has two lengths.
    """
    opened = [_opened(track) for track in tracks]
    alone = [k for k, track in enumerate(opened) if _is_alone(track)]
    if not alone or len(opened) == 1:
        return tuple(opened)
    named = next((track for track in opened if not _is_alone(track)), None)
    target = _shared([opened[k] for k in alone]) if named is None else _assembly_of(named)
    for k in alone:
        source = opened[k].source
        assert isinstance(source, BigWigTrack)
        if source.names != target.names:
            opened[k] = Track(source.on(target), opened[k].name)
    return tuple(opened)


def paths_of(tracks: Iterable[TrackOrFile] | TrackOrFile) -> list[TrackOrFile]:
    """Tracks, paths and URLs one by one; a text with ``*``, ``?`` or ``[`` is a pattern of paths.

    Raises
    ------
    LayoutError
        Something is no track; a pattern matches nothing.
    """
    listed = (
        [tracks] if isinstance(tracks, (str, os.PathLike)) or not isinstance(tracks, Iterable) else tracks
    )
    every: list[TrackOrFile] = []
    for track in listed:
        if not isinstance(track, (Track, str, os.PathLike)):
            raise LayoutError(f"{track!r} is not a track; open the tracks first: stack([db['a'], db['b']])")
        every += _paths(track) if isinstance(track, str) else [track]
    return every


def name_of(track: TrackOrFile, k: int) -> str:
    """What a track is called in a stack: the name of a file without its ending; ``track0`` and so on
    for one without a name.
    """
    if isinstance(track, Track):
        return track.name or f"track{k}"
    return Path(os.fspath(track).rstrip("/")).stem


def _paths(pattern: str) -> list[str]:
    if is_url(pattern) or not has_magic(pattern) or Path(pattern).exists():
        return [pattern]
    paths = sorted(glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    if not paths:
        raise LayoutError(f"no file matches {pattern!r}")
    return paths


def _opened(track: TrackOrFile) -> Track:
    return track if isinstance(track, Track) else open_track(track)


def _is_alone(track: Track) -> bool:
    return track.assembly == UNKNOWN and isinstance(track.source, BigWigTrack)


def _assembly_of(track: Track) -> Assembly:
    source = track.source
    return Assembly.in_order(source.assembly, [(name, source.length(name)) for name in source.names])


def _shared(tracks: list[Track]) -> Assembly:
    """All chromosomes that any of some tracks has."""
    lengths: dict[str, tuple[int, Track]] = {}
    for track in tracks:
        for name in track.chromosomes:
            length, first = lengths.setdefault(name, (track.length(name), track))
            if length != track.length(name):
                raise AssemblyError(
                    f"{name!r} has {length:,} bp in {first.path} and {track.length(name):,} in {track.path}: "
                    "they are of different assemblies"
                )
    return Assembly.from_sizes(UNKNOWN, [(name, length) for name, (length, _) in lengths.items()])
