"""Files that an export makes: whole under their name, or not at all."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from genomearray.errors import FormatError
from genomearray.storage.write.hidden import lock, part_path, remove_dead_parts, sync

from .options import STDOUT, Out


@contextmanager
def new_file(out: Out, *, overwrite: bool = False, suffix: str = "") -> Iterator[Path]:
    """A hidden place to write; it becomes ``out`` when the ``with`` ends without an error, else
    nothing is left. A link is followed; into a pipe or a device it is copied.
    """
    target = Path(out)
    refuse_target(target, overwrite)
    if is_special(target):
        with tempfile.TemporaryDirectory(prefix="genomearray-") as folder:
            part = Path(folder, f"export{suffix}")
            part.touch()
            yield part
            with part.open("rb") as whole, target.open("wb", buffering=0) as special:
                shutil.copyfileobj(whole, special, 1 << 20)
        return
    target = target.resolve()
    remove_dead_parts(target.absolute().parent, target.name)
    part = part_path(target, target.name, suffix)
    part.touch(exist_ok=False)
    held = lock(part)
    try:
        yield part
        sync(part)
        refuse_target(target, overwrite)
        part.replace(target)
    finally:
        os.close(held)
        part.unlink(missing_ok=True)


def refuse_target(target: Path, overwrite: bool, *, folder: bool = False) -> None:
    """FormatError for a place where nothing can be written; ``folder``: what is written may be one."""
    if not target.absolute().parent.is_dir():
        raise FormatError(f"the folder of {target} is not there; make it first")
    if target.is_dir() and not folder:
        raise FormatError(f"{target} is a folder; name a file in it")
    if target.exists() and not overwrite and not is_special(target):
        raise FormatError(f"{target} exists", hint="choose another name, or replace it with {overwrite}")


def is_special(target: Path) -> bool:
    """Whether a pipe or a device is there: something to write into, which must not be replaced."""
    return target.exists() and not target.is_file() and not target.is_dir()


@contextmanager
def text_output(out: Out, *, overwrite: bool = False) -> Iterator[IO[bytes]]:
    """A file to write text to: plain, gzip when its name ends in .gz, or standard output (``-``)."""
    if os.fspath(out) == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if is_special(Path(out)):
        with Path(out).open("wb") as special:
            yield special
        return
    with new_file(out, overwrite=overwrite) as part:
        if os.fspath(out).endswith(".gz"):
            from zlib_ng import gzip_ng

            with cast(Any, gzip_ng).open(part, "wb", compresslevel=4) as file:
                yield file
        else:
            with part.open("wb") as file:
                yield file
