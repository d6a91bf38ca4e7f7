"""Names of tracks and the files that hold them: what a folder tells before any file is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from genomearray.choices import STORES, Store
from genomearray.errors import TrackNameError

RESERVED = "chromosome"
CHROMOSOME_FILE = f"{RESERVED}.h5"  # the table of an assembly's folder
# Files of other formats that are tracks or tables of a database where they lie, or are linked.
FOREIGN_ENDINGS = ("bw", "bigWig", "bigwig", "BW", "bb", "bigBed", "bigbed", "BB")
_ENDINGS = (*STORES, *FOREIGN_ENDINGS)
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_track_name(name: str) -> str:
    """A name that a track may have: relative, inside the database, not reserved.

    Parameters
    ----------
    name : str
        Folders are separated by ``/``.

    Raises
    ------
    TrackNameError

    Examples
    --------
    >>> check_track_name("dnase/k562")
    'dnase/k562'
    """

    def refuse(why: str) -> TrackNameError:
        return TrackNameError(
            f"track name {name!r} {why}; use letters, digits and '/' for folders, for instance dnase/k562"
        )

    if not isinstance(name, str) or not name:
        raise refuse("is empty")
    if name.startswith("/"):
        raise refuse("is an absolute path")
    if name == RESERVED:
        raise refuse("is reserved for the chromosome table")
    for part in name.split("/"):
        if not part:
            raise refuse("has an empty component")
        if part.startswith((".", "-")):
            raise refuse(f"has the component {part!r}, which begins with {part[0]!r}")
        if part.endswith(tuple(f".{ending}" for ending in _ENDINGS)):
            raise refuse(f"has the component {part!r}; the ending is that of the file, not of the name")
        if (
            not part.isprintable()
            or _CONTROL.search(part)
            or part != part.strip()
            or len(part.encode(errors="replace")) > 200
        ):
            raise refuse(
                f"has the component {part!r}, which is too long, or has blanks around it or control "
                "characters"
            )
    return name


def existing(folder: Path, name: str, forms: Iterable[Store] = STORES) -> Path | None:
    """The file or store of a name in an assembly's folder, or None."""
    for form in forms:
        path = folder / f"{name}.{form}"
        if path.exists():
            return path
    return None


def foreign_file(folder: Path, name: str) -> Path | None:
    """The bigWig or bigBed of a name in an assembly's folder, or None."""
    paths = (folder / f"{name}.{ending}" for ending in FOREIGN_ENDINGS)
    return next((path for path in paths if path.is_file()), None)


def only_form(folder: Path, name: str) -> Path | None:
    """The one file or store of a name, or None; TrackNameError where there are several."""
    paths = [folder / f"{name}.{ending}" for ending in _ENDINGS]
    there = [path for path in paths if path.is_file() or (path.suffix == ".zarr" and path.exists())]
    if len(there) > 1 and not all(path.samefile(there[0]) for path in there):
        raise TrackNameError(
            f"{name!r} names {len(there)} files: {', '.join(str(path) for path in there)}; "
            "move all but one of them away"
        )
    return there[0] if there else None


def dangling_link(folder: Path, name: str) -> Path | None:
    """A link of that name to something that is not there, or None."""
    paths = (folder / f"{name}.{ending}" for ending in _ENDINGS)
    return next((path for path in paths if path.is_symlink() and not path.exists()), None)


def is_track_file(track: str) -> bool:
    """Whether a text names a file, and not a track of a database: it has ``://``, begins with ``/``, ``./``
    or ``../``, or ends as the files of tracks do.

    Examples
    --------
    >>> is_track_file("chip/k562"), is_track_file("chip/k562.bw"), is_track_file("./k562")
    (False, True, True)
    """
    endings = tuple(f".{ending}" for ending in _ENDINGS)
    return "://" in track or track.startswith(("/", "./", "../")) or track.endswith(endings)


def track_names(folder: Path, prefix: str, above: frozenset[tuple[int, int]] = frozenset()) -> Iterator[str]:
    """Names of the tracks in a folder; ``above`` are the folders that lead to it, so that a link
    back to one of them is not followed.
    """
    try:
        status = (folder / prefix).stat()
        here = (status.st_dev, status.st_ino)
        if here in above:
            return
        entries = list(os.scandir(folder / prefix))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        name = f"{prefix}/{entry.name}" if prefix else entry.name
        stem, _, form = name.rpartition(".")
        if form in _ENDINGS and stem:
            if stem != RESERVED and (form in STORES or _is(entry.is_file)):
                yield stem
        elif _is(entry.is_dir):
            yield from track_names(folder, name, above | {here})


def _is(test: Callable[[], bool]) -> bool:
    try:
        return test()
    except OSError:  # a link to itself
        return False
