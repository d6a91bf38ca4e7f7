"""Exports into pipes, devices and links: they are written into, not replaced."""

import os
import stat
import threading

import numpy as np
import pytest
from genomearray_converters import export_bedgraph, export_bigwig

from genomearray import GenomeDB


@pytest.fixture
def track(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", {"chr1": 1000})
    db.save_track("t", {"chr1": np.arange(1000, dtype="u2")})
    return db["t"]


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("export", [export_bedgraph, export_bigwig])
def test_a_pipe_takes_what_is_written_and_stays(track, tmp_path, export, overwrite):
    pipe, taken = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: taken.append(pipe.read_bytes()))
    reader.start()
    export(track, pipe, overwrite=overwrite)
    reader.join(10)
    export(track, tmp_path / "file")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert taken == [(tmp_path / "file").read_bytes()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_stays_one(track, tmp_path):
    full = tmp_path / "full"
    os.mknod(full, 0o666 | stat.S_IFCHR, os.makedev(1, 7))
    with pytest.raises(OSError, match="No space left"):
        export_bedgraph(track, full, overwrite=True)
    assert stat.S_ISCHR(full.stat().st_mode)


def test_a_link_is_followed(track, tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to("target")
    export_bedgraph(track, link, overwrite=True)
    assert link.is_symlink()
    assert target.read_text().startswith("chr1\t")
