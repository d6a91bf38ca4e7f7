"""One file of reads, of any form, as a stream of BAM records.

BAM bytes are walked as they are. SAM and CRAM go through htslib (the samtools in pysam), which writes them as
BAM without compression into a pipe: after it there is one way for all.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError, GenomeArrayError
from genomearray.input_file import STDIN, Input

from .bgzf import EOF_MARKER, BgzfReader, ends_with, missing_eof
from .stream import RecordStream

# CRAM: what counting needs; without bases, qualities and tags no reference is looked for.
# SAM_QNAME ... SAM_TLEN of htslib's sam.h.
_REQUIRED_FIELDS = 0x1FF


@contextmanager
def open_stream(
    path: str,
    pool: ThreadPoolExecutor,
    rule: NDArray[np.int64],
    *,
    ahead: int = 4,
    reference: str | None = None,
    allow_missing_eof: bool = False,
) -> Iterator[RecordStream]:
    """The records of a BAM, SAM (plain, gzip) or CRAM file; ``-`` is standard input.

    Raises
    ------
    FormatError
        Not there, none of these, cut, or damaged.
    """
    with ExitStack() as stack:
        source = Input(path, gunzip=False)
        stack.callback(source.close)
        file = source.file
        kind = _kind(source.name, file)
        if not allow_missing_eof and not _has_marker(file, kind):
            raise missing_eof(source.name)
        if kind == "BAM":
            yield RecordStream(
                BgzfReader(file, source.name, pool, ahead=ahead, allow_missing_eof=allow_missing_eof), rule
            )
            return
        regular = path != STDIN and Path(path).is_file()
        through = stack.enter_context(_Transcoder(source.name, kind, path if regular else file, reference))
        try:
            yield RecordStream(BgzfReader(through.file, source.name, pool, ahead=ahead), rule)
        except GenomeArrayError:
            through.check()  # what htslib found wrong comes before what the pipe lacks
            raise
        through.check()


# CRAM specification v3, section 9: the last container is empty. The second is that of v2.1.
_CRAM_EOF = (
    bytes.fromhex("0f000000ffffffff0fe0454f4600000000010005bdd94f0001000606010001000100ee63014b"),
    bytes.fromhex("0b000000ffffffff0fe0454f460000000001000001000606010001000100"),
)


def _has_marker(file: Any, kind: str) -> bool:
    """Whether a file ends with the marker of its format; True where there is no telling."""
    head = file.peek(18)[:18]
    if kind == "CRAM":
        return len(head) < 5 or head[4] < 2 or any(ends_with(file, marker) for marker in _CRAM_EOF)
    is_bgzf = head[:4] == b"\x1f\x8b\x08\x04" and head[12:14] == b"BC"
    return not is_bgzf or ends_with(file, EOF_MARKER)


def _kind(name: str, file: Any) -> str:
    head = file.peek(1 << 16)
    if not head:
        raise FormatError(f"{name} is empty; give a BAM, SAM or CRAM file")
    if head[:4] == b"CRAM":
        return "CRAM"
    if head[:2] == b"\x1f\x8b":
        inner = zlib.decompressobj(31)
        with suppress(zlib.error):
            head = inner.decompress(head, 4)
            if not b"BAM\x01".startswith(head) and b"\0" not in head:  # the first block may hold a byte only
                return "SAM"
        return "BAM"
    if head[:4] == b"BAM\x01" or b"\0" in head[:1024]:
        raise FormatError(f"{name} is not a BAM, SAM or CRAM file: it begins with {bytes(head[:8])!r}")
    return "SAM"


class _Transcoder:
    """A process of htslib's (the samtools in pysam) that reads SAM or CRAM and writes it as BAM into a pipe.

    A process, not a thread: pysam keeps the interpreter's lock while it waits for a pipe.

    Attributes
    ----------
    file : binary file
        The end of the pipe to read from.
    """

    def __init__(self, name: str, kind: str, source: str | IO[bytes], reference: str | None) -> None:
        self._name, self._kind, self._reference = name, kind, reference
        self._told = tempfile.TemporaryFile(prefix="genomearray-")  # noqa: SIM115 - closed by __exit__; a pipe might fill
        given = "-" if not isinstance(source, str) else source
        words = ["-u", "--no-PG", "-o", "-"]
        words += ["--input-fmt-option", f"required_fields={_REQUIRED_FIELDS}"] if kind == "CRAM" else []
        words += ["-T", reference] if reference is not None else []
        # Without bases no reference is needed; that none is looked for on a network is made sure of.
        quiet = {**os.environ, "REF_PATH": os.devnull, "REF_CACHE": os.devnull}
        self._process = subprocess.Popen(
            [sys.executable, "-c", _VIEW, *words, given],
            stdin=subprocess.PIPE if given == "-" else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._told,
            env=quiet,
        )
        if not isinstance(source, str):
            threading.Thread(
                target=_pump, args=(source, self._process.stdin), name="genomearray-pump", daemon=True
            ).start()
        assert self._process.stdout is not None
        self.file = self._process.stdout

    def __enter__(self) -> _Transcoder:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()
        self._process.kill()
        self._process.wait()
        self._told.close()

    def check(self) -> None:
        """Raise what htslib found wrong; one that still writes did not."""
        try:
            code = self._process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            return
        self._told.seek(0)
        lines = self._told.read(1 << 16).decode(errors="replace").splitlines()
        unknown = [line.split("] ", 1)[-1] for line in lines if "unrecognized reference name" in line]
        if not code and unknown:  # htslib takes the read for an unmapped one
            raise FormatError(
                f"{self._name}: {unknown[0].split(';')[0]}: its header has no such contig (@SQ); "
                "make the file again with its whole header"
            )
        if not code:
            return
        messages = [line.split("] ", 1)[-1] for line in lines if line.startswith(("[E::", "[W::"))]
        reason = "; ".join(messages[:2]) or (lines[-1] if lines else f"exit status {code}")
        asks = self._kind == "CRAM" and self._reference is None and any("reference" in line for line in lines)
        needs = "a CRAM of this kind needs its reference: {reference=|--reference FILE}; " if asks else ""
        raise FormatError(
            f"{self._name}: htslib cannot read it as {self._kind}: {reason}",
            hint=f"{needs}check it with: samtools quickcheck",
        )


_VIEW = """
import sys, pysam
try:
    pysam.view(*sys.argv[1:], catch_stdout=False)
except pysam.SamtoolsError as error:
    sys.exit(str(error))
"""


def _pump(source: Any, sink: Any) -> None:
    """What is left of a file whose first bytes were looked at: those first, then past its buffer,
    whose lock is not held while waiting.
    """
    with suppress(BrokenPipeError, ValueError), sink:
        data = source.read1(len(source.peek()))
        while data:
            sink.write(data)
            data = os.read(source.fileno(), 1 << 16)
