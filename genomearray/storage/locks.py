"""Locks on files, on file systems that have them; others are worked on without."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import warnings
from pathlib import Path

from genomearray.errors import GenomeArrayWarning

# NFS without its lock daemon, FUSE and Lustre, DVS (ENOTSUPP of the kernel, which Python does not name).
# EBADF: NFS wants a file that is open for writing.
_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EINVAL, 524}


def take_lock(handle: int, path: Path, *, wait: bool = True) -> bool:
    """Lock an open file; False where the file system has no locks.

    Raises
    ------
    BlockingIOError
        Somebody holds it (``wait=False``).
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
        # The warnings module shows one text from one line once.
        warnings.warn(
            f"the file system of {path.parent} has no locks ({error.strerror}): tracks appear complete or "
            "not at all, but of two that write one name at the same time the last wins",
            GenomeArrayWarning,
            stacklevel=2,
        )
        return False
    return True


def open_lock(path: Path) -> int:
    """A descriptor of a lock file, which is made where it is not there.

    For writing where that is permitted, because NFS locks no others. What we make is writable for
    whom the folder is, so that a database works for a group.
    """
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except PermissionError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    share_with_group(path, path.parent)
    return handle


def share_with_group(path: Path, folder: Path) -> None:
    """Let those write to ``path`` who may write to ``folder``, where it is ours."""
    status = path.stat()
    wanted = folder.stat().st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if status.st_uid == os.geteuid() and status.st_mode & wanted != wanted:
        path.chmod(stat.S_IMODE(status.st_mode) | wanted)
