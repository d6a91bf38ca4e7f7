"""File systems without locks, and databases that a group shares."""

from __future__ import annotations

import errno
import fcntl
import multiprocessing
import os
import stat

import h5py
import numpy as np
import pytest

from genomearray import GenomeDB
from genomearray.errors import GenomeArrayWarning


@pytest.mark.parametrize("code", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EBADF, 524])
def test_a_file_system_without_locks(tmp_path, monkeypatch, code):
    def no_locks(*_):
        raise OSError(code, os.strerror(code))

    db = GenomeDB.create(tmp_path, "toy", {"chr1": 100})
    monkeypatch.setattr(fcntl, "flock", no_locks)
    for store in ("h5", "zarr"):
        with pytest.warns(GenomeArrayWarning, match="has no locks"):
            db.save_track(store, {"chr1": np.arange(100, dtype="uint8")}, store=store)
        assert db[store].sum() == 4950
    with pytest.warns(GenomeArrayWarning, match="has no locks"):
        db.save_track("h5", {"chr1": np.ones(100, "uint8")}, overwrite=True)
    assert db["h5"].sum() == 100
    assert not [path for path in db.folder.iterdir() if ".part" in path.name]


def test_other_errors_of_locking_are_errors(tmp_path, monkeypatch):
    def broken(*_):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    db = GenomeDB.create(tmp_path, "toy", {"chr1": 100})
    monkeypatch.setattr(fcntl, "flock", broken)
    with pytest.raises(OSError, match="Input/output"):
        db.save_track("x", {"chr1": np.arange(100)})


def test_a_track_is_read_where_hdf5_cannot_lock(tmp_path, monkeypatch):
    db = GenomeDB.create(tmp_path, "toy", {"chr1": 100})
    db.save_track("x", {"chr1": np.arange(100, dtype="uint8")})
    plain = h5py.File

    def no_locks(*args, **options):
        if options.get("locking", True):
            raise OSError(
                errno.ENOLCK, "unable to lock file, errno = 37, error message = 'No locks available'"
            )
        return plain(*args, **options)

    monkeypatch.setattr(h5py, "File", no_locks)
    assert GenomeDB(tmp_path, "toy")["x"].sum() == 4950


def colleague(folder: str, name: str) -> None:
    """Another user of the same group writes a track."""
    os.setgroups([])
    os.setgid(os.stat(folder).st_gid)
    os.setuid(12345)
    os.umask(0o022)
    GenomeDB(folder, "toy").save_track(name, {"chr1": np.arange(100, dtype="uint8")}, overwrite=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
def test_a_database_of_a_group(tmp_path, monkeypatch):
    for folder in [tmp_path, *tmp_path.parents]:  # pytest keeps its folders to their user
        if folder.stat().st_uid == os.geteuid() and folder != folder.parent and "pytest" in str(folder):
            monkeypatch.setattr(os, "umask", os.umask)
            folder.chmod(folder.stat().st_mode | 0o055)
    shared = tmp_path / "shared"
    shared.mkdir()
    os.umask(0o022)
    db = GenomeDB.create(shared, "toy", {"chr1": 100})
    db.folder.chmod(0o775)
    db.save_track("dnase/mine", {"chr1": np.arange(100, dtype="uint8")})
    assert (db.folder / ".lock").stat().st_mode & stat.S_IWGRP
    assert (db.folder / "dnase").stat().st_mode & stat.S_IWGRP
    # As a first writer's umask made it before: a lock that the group may only read.
    for mode in (0o664, 0o644):
        (db.folder / ".lock").chmod(mode)
        context = multiprocessing.get_context("fork")
        other = context.Process(target=colleague, args=(str(shared), "dnase/theirs"))
        other.start()
        other.join(60)
        assert other.exitcode == 0
    assert db["dnase/theirs"].sum() == 4950


def test_links_that_lead_back(tmp_path):
    db = GenomeDB.create(tmp_path, "toy", {"chr1": 100})
    db.save_track("a/x", {"chr1": np.arange(100, dtype="uint8")})
    (db.folder / "loop").symlink_to("loop")
    (db.folder / "self").symlink_to(".")
    (db.folder / "b").symlink_to("a")
    assert db.list_tracks() == ["a/x", "b/x"]
