"""Tracks and files that become one stack: files by themselves get the chromosomes that all need."""

from __future__ import annotations

import os
from collections.abc import Iterable
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


def opened_together(tracks: Iterable[TrackOrFile] | str) -> tuple[Track, ...]:
    """Tracks of one assembly, from tracks, paths, URLs, or a pattern of paths such as ``encode/*.bw``.

    bigWig files, which name no assembly, get that of the tracks beside them, or all chromosomes that any of
    them has.

    Raises
    ------
    LayoutError
        Something is no track; a pattern matches nothing.
    AssemblyError
        A chromosome has two lengths.
    """
    listed = _paths(tracks) if isinstance(tracks, str) else list(tracks)
    opened = [_opened(track) for track in listed]
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


def _paths(pattern: str) -> list[str]:
    if is_url(pattern) or not has_magic(pattern) or Path(pattern).exists():
        return [pattern]
    paths = sorted(glob(pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
    if not paths:
        raise LayoutError(f"no file matches {pattern!r}")
    return paths


def _opened(track: object) -> Track:
    if isinstance(track, Track):
        return track
    if isinstance(track, (str, os.PathLike)):
        return open_track(track)
    raise LayoutError(f"{track!r} is not a track; open the tracks first: stack([db['a'], db['b']])")


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
