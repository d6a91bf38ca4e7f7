"""Names of tracks and the files that hold them: what a folder tells before any file is opened."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from genomearray.choices import STORES, Store
from genomearray.errors import TrackNameError

RESERVED = "chromosome"
CHROMOSOME_FILE = f"{RESERVED}.h5"  # the table of an assembly's folder
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
        if part.endswith((".h5", ".zarr")):
            raise refuse(f"has the component {part!r}; the ending is chosen by the store")
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
        if form in STORES and stem:
            if stem != RESERVED:
                yield stem
        elif _is_folder(entry):
            yield from track_names(folder, name, above | {here})


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False
