"""A track appears under its name complete or not at all.

A writer fills a hidden part (``.<name>.<random>.part``) that it keeps locked; a finished
part is published under the lock of the assembly. The kernel frees the locks of a killed
writer, and the next one in that folder removes what it left.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from genomearray.choices import STORES, Store
from genomearray.errors import TrackExistsError
from genomearray.storage.locks import open_lock, share_with_group, take_lock
from genomearray.storage.names import existing, foreign_file
from genomearray.storage.write.hidden import lock, part_path, remove, remove_dead_parts, sync

_RENAME_NOREPLACE, _RENAME_EXCHANGE, _AT_FDCWD = 1, 2, -100


class Part:
    """A hidden, locked place for one track that is being written.

    Parameters
    ----------
    folder : Path
        Of the assembly; holds the lock.
    name : str
        Of the track.
    form : {"h5", "zarr"}
        A file or a folder.
    overwrite : bool
        Whether a track of that name may be replaced; without it, it is refused at once.
    alone : bool
        The folder is not a database: a file of the other form under that name is somebody else's.

    Attributes
    ----------
    path : Path
        The empty file, or folder, to fill.
    """

    def __init__(
        self, folder: Path, name: str, form: Store, *, overwrite: bool = False, alone: bool = False
    ) -> None:
        self._forms: tuple[Store, ...] = (form,) if alone else STORES
        self.folder = folder
        self.name = name
        self.form = form
        self.overwrite = overwrite
        self.target = folder / f"{name}.{form}"
        self._refuse_existing()
        self._new_folders = [p for p in self.target.parents if p.is_relative_to(folder) and not p.exists()]
        with _locked(folder):
            self.target.parent.mkdir(parents=True, exist_ok=True)
            for made in reversed(self._new_folders):
                share_with_group(made, made.parent)
            remove_dead_parts(self.target.parent)
            self.path = part_path(self.target, self.target.stem)
            if form == "zarr":
                self.path.mkdir()
            else:
                self.path.touch(exist_ok=False)
            self._lock = lock(self.path)

    def _refuse_existing(self) -> None:
        other = foreign_file(self.folder, self.name) if self._forms == STORES else None
        if other is not None:
            raise TrackExistsError(
                f"{self.name!r} is the name of {other}, which is never replaced; choose another one"
            )
        old = existing(self.folder, self.name, self._forms)
        if old is not None and not self.overwrite:
            raise TrackExistsError(
                f"track {self.name!r} exists: {old}",
                hint="choose another name, or replace it with {overwrite}",
            )

    def publish(self) -> Path:
        """Make the finished part visible under its name, in one step; gives the path."""
        sync(self.path)
        with _locked(self.folder):
            self._refuse_existing()
            old = existing(self.folder, self.name, self._forms)
            if old is None:
                self._place()
            else:
                self._replace(old)
            sync(self.target.parent)
        self._unlock()
        return self.target

    def _place(self) -> None:
        if self.form == "zarr":
            _rename(self.path, self.target, _RENAME_NOREPLACE)
            return
        try:
            os.link(self.path, self.target)
            self.path.unlink()
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK):
                raise
            # A file system without hard links: the lock is held and the name is free.
            self.path.rename(self.target)

    def _replace(self, old: Path) -> None:
        if self.form == "h5" and old == self.target:
            self.path.replace(self.target)
            return
        trash = part_path(old, "trash")
        if old == self.target:
            _rename(self.path, self.target, _RENAME_EXCHANGE)
            self.path.rename(trash)
        else:
            self._place()
            old.rename(trash)
        remove(trash)

    def discard(self) -> None:
        """Remove the part and the folders made for it; safe to call twice."""
        remove(self.path)
        self._unlock()
        for made in self._new_folders:
            with contextlib.suppress(OSError):
                made.rmdir()

    def withdraw(self) -> None:
        """Remove what was published under this name."""
        with _locked(self.folder):
            remove(self.target)

    def _unlock(self) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


class PartWriter(ABC):
    """Writes a part that appears when it is whole: a track, or a feature table."""

    _part: Part
    path: Path

    @property
    def hidden_path(self) -> Path:
        """Where what is written stands until it is published."""
        return self._part.path

    @abstractmethod
    def finish(self) -> None:
        """Write and check everything; it is not visible yet."""

    @abstractmethod
    def abort(self) -> None:
        """Give up: nothing becomes visible."""

    def publish(self) -> None:
        """Make what is finished visible under its name."""
        try:
            self.path = self._part.publish()
        except BaseException:
            self.abort()
            raise

    def withdraw(self) -> None:
        """Take back what was published, because what belongs to it could not be; one that replaced
        another stays.
        """
        if not self._part.overwrite:
            self._part.withdraw()


_W = TypeVar("_W", bound=PartWriter)


@contextlib.contextmanager
def created_together(
    writers: Iterable[_W], check: Callable[[list[_W]], None] | None = None
) -> Iterator[list[_W]]:
    """Tracks or tables that appear together when the ``with`` ends without an error; else none of them does.

    ``check`` may look at them, finished, at their ``hidden_path``, and raise.
    """
    made: list[_W] = []
    published: list[_W] = []
    try:
        for writer in writers:  # one by one: when the second cannot be made, the first is aborted
            made += [writer]
        yield made
        for writer in made:
            writer.finish()
        if check is not None:
            check(made)
        for writer in made:
            writer.publish()
            published.append(writer)
    except BaseException:
        for writer in published:
            writer.withdraw()
        for writer in made:
            if writer not in published:
                writer.abort()
        raise


def publish_table(target: Path, write: Callable[[Path], None]) -> bool:
    """Write a small file under a hidden name and make it visible; False when the name is taken."""
    part = part_path(target, target.stem)
    try:
        write(part)
        sync(part)
        os.link(part, target)
    except FileExistsError:
        return False
    finally:
        part.unlink(missing_ok=True)
    return True


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    handle = open_lock(folder / ".lock")
    try:
        take_lock(handle, folder / ".lock")
        yield
    finally:
        os.close(handle)


def _rename(old: Path, new: Path, flag: int) -> None:
    """renameat2(2); plain rename silently replaces a file, and an empty folder."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "renameat2"):
        if libc.renameat2(_AT_FDCWD, os.fsencode(old), _AT_FDCWD, os.fsencode(new), flag) == 0:
            return
        code = ctypes.get_errno()
        if code not in (errno.EINVAL, errno.ENOSYS):
            raise OSError(code, os.strerror(code), str(new))
    # Many network file systems know no flags: the lock is held by us.
    if flag == _RENAME_EXCHANGE:
        aside = part_path(new, "trash")
        new.rename(aside)
        old.rename(new)
        aside.rename(old)
    else:
        old.rename(new)
