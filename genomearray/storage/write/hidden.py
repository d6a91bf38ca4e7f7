"""Hidden parts: where something is written before it appears under its name.

A part is called ``.<name>.<random>.part``, and its writer keeps it locked. The kernel frees the
lock of a writer that was killed, so a part that can be locked belongs to nobody.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from genomearray.storage.locks import take_lock


def part_path(target: Path, name: str, ending: str = "") -> Path:
    """A new hidden name beside ``target``.

    Examples
    --------
    >>> part_path(Path("a/depth.h5"), "depth").name.startswith(".depth.")
    True
    """
    return target.with_name(f".{name}.{os.urandom(6).hex()}.part{ending}")


def lock(path: Path) -> int:
    """Lock a part that was just made; closing the descriptor frees it."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    take_lock(handle, path)
    return handle


def remove_dead_parts(folder: Path, name: str | None = None) -> None:
    """Remove the parts of a folder whose writers are gone; ``name``: those of that name only, in a
    folder that is not ours.
    """
    ours = re.compile(
        r"\..*\.part" if name is None else rf"\.{re.escape(name)}\.[0-9a-f]{{12}}\.part(\.\w+)?"
    )
    for path in folder.glob(".*.part*"):
        if not ours.fullmatch(path.name):
            continue
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            continue
        try:
            if take_lock(handle, path, wait=False):  # without locks nobody knows whether its writer lives
                remove(path)
        except BlockingIOError:
            pass  # its writer lives
        finally:
            os.close(handle)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there."""
    if path.is_dir() and not path.is_symlink():
        import shutil

        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have the disk hold what was written to a file, or which names a folder has."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
