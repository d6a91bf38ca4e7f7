"""The program with readers that go, streams that are closed, and files of the user in its folder."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from genomearray import GenomeDB

PROGRAM = str(Path(sys.executable).with_name("genomearray"))


@pytest.fixture
def shell(tmp_path, monkeypatch):
    db = GenomeDB.create(tmp_path / "db", "toy", {"chr1": 300_000})
    db.save_track("t", {"chr1": np.arange(300_000, dtype="uint32")})
    monkeypatch.setenv("GENOME_DB", str(tmp_path / "db"))
    monkeypatch.setenv("GENOME_ASSEMBLY", "toy")
    monkeypatch.chdir(tmp_path)

    def run(script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", script.replace("genomearray", PROGRAM)],
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


@pytest.mark.parametrize("command", ["get t chr1", "tracks", "export bedgraph t -", "export wig t -"])
def test_a_reader_that_goes_is_no_error(shell, command):
    done = shell(f"genomearray {command} | head -1 > /dev/null; echo ${{PIPESTATUS[0]}}")
    assert done.stdout == "0\n"
    assert "Traceback" not in done.stderr
    assert "genomearray:" not in done.stderr


def test_closed_standard_error(shell, tmp_path):
    done = shell("genomearray export bedgraph t x.bg 2>&-; echo $?")
    assert done.stdout.endswith("0\n")
    assert (tmp_path / "x.bg").read_text().count("\n") == 300_000


def test_closed_standard_output(shell, tmp_path):
    done = shell("genomearray get t chr1:1-2 >&-; echo $? >&2")
    assert done.stderr == "genomearray: standard output is closed; nothing can be printed\n1\n"
    assert shell("genomearray export bedgraph t y.bg >&-; echo $? >&2").stderr.endswith("0\n")
    assert (tmp_path / "y.bg").exists()


def test_all_streams_closed(shell, tmp_path):
    assert shell("genomearray export bedgraph t z.bg <&- >&- 2>&-; echo $?").stdout == "0\n"
    assert (tmp_path / "z.bg").read_text().startswith("chr1\t0\t1\t0\n")


def test_modules_of_the_user_are_not_ours(shell, tmp_path):
    for name in ("array", "pysam", "random"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('a file of the user was run')\n")
    (tmp_path / "a.sam").write_text("@SQ\tSN:chr1\tLN:300000\nr\t0\tchr1\t5\t60\t4M\t*\t0\t0\t*\t*\n")
    done = shell("genomearray import depth d a.sam")
    assert (done.returncode, "a file of the user" in done.stderr) == (0, False), done.stderr


def test_an_interrupt_while_it_starts_is_one_line(shell):
    for delay in (0.02, 0.05, 0.1, 0.2):
        process = subprocess.Popen(
            [PROGRAM, "get", "t", "chr1"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        time.sleep(delay)
        process.send_signal(signal.SIGINT)
        _, error = process.communicate(timeout=60)
        assert "cli/main.py" not in error, error  # before that it is Python's own start
