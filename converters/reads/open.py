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

from .bgzf import BgzfReader, ends_empty, is_bgzf, missing_eof, tail_of
from .records import SAM_PLACES
from .stream import RecordStream


@contextmanager
def open_stream(
    path: str,
    pool: ThreadPoolExecutor,
    rule: NDArray[np.int64],
    *,
    ahead: int = 4,
    fields: int = 0,
    reference: str | None = None,
    allow_missing_eof: bool = False,
) -> Iterator[RecordStream]:
    """The records of a BAM, SAM or CRAM file, compressed in any way; ``-`` is standard input.

    Parameters
    ----------
    path : str
    pool : ThreadPoolExecutor
        Inflates.
    rule : ndarray of int64
        See :class:`.stream.RecordStream`.
    ahead : int
        See :class:`.bgzf.BgzfReader`.
    fields : int
        What is looked at beside flags, places and CIGARs. Of a CRAM nothing else is decoded: without
        bases, qualities, tags and TLEN no reference is looked for.
    reference : str, optional
        FASTA of a CRAM.
    allow_missing_eof : bool

    Raises
    ------
    FormatError
        Not there, none of these, cut, or damaged.
    """
    with ExitStack() as stack:
        source = Input(path, gunzip=False)
        stack.callback(source.close)
        file: Any = source.file
        kind = _kind(source.name, file)
        bgzf = is_bgzf(file.peek(18))
        if not allow_missing_eof and not _has_marker(file, kind, bgzf):
            raise missing_eof(source.name)
        if kind == "BAM" and bgzf:
            yield RecordStream(
                BgzfReader(file, source.name, pool, ahead=ahead, allow_missing_eof=allow_missing_eof), rule
            )
            return
        regular = path != STDIN and Path(path).is_file()
        through = stack.enter_context(
            _Transcoder(source.name, kind, path if regular else file, reference, fields)
        )
        needs_marker = not allow_missing_eof and (kind == "CRAM" or bgzf)
        reader = BgzfReader(through.file, source.name, pool, ahead=ahead)
        try:
            yield RecordStream(reader, rule)
        except GenomeArrayError:
            through.check(ended=True)  # what htslib found wrong comes before what the pipe lacks
            raise
        if through.check(ended=reader.ended) and needs_marker:
            raise missing_eof(source.name)


# CRAM specification v3, section 9: the last container is empty. The second is that of v2.1.
_CRAM_EOF = (
    bytes.fromhex("0f000000ffffffff0fe0454f4600000000010005bdd94f0001000606010001000100ee63014b"),
    bytes.fromhex("0b000000ffffffff0fe0454f460000000001000001000606010001000100"),
)
_CRAM_SPARE = 8  # the byte whose upper half writers fill as they like; htslib does not look at it either


def _has_marker(file: Any, kind: str, bgzf: bool) -> bool:
    """Whether a file ends with the marker of its format; True for pipes, and where there is none."""
    if kind == "CRAM":
        if file.peek(5)[4] < 2:
            return True
        return any(_is_cram_end(tail_of(file, len(marker)), marker) for marker in _CRAM_EOF)
    return not bgzf or ends_empty(file)


def _is_cram_end(tail: bytes | None, marker: bytes) -> bool:
    if tail is None:
        return True
    spare = slice(_CRAM_SPARE, _CRAM_SPARE + 1)
    masked = bytearray(tail)
    masked[spare] = bytes(byte & 0x0F for byte in tail[spare])
    return bytes(masked) == marker


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
    if head[:4] == b"BAM\x01":
        return "BAM"
    if b"\0" in head[:1024]:
        raise FormatError(f"{name} is not a BAM, SAM or CRAM file: it begins with {bytes(head[:8])!r}")
    return "SAM"


class _Transcoder:
    """A process of htslib's (the samtools in pysam) that reads SAM, CRAM, or a BAM that is not BGZF, and
    writes it as BAM into a pipe.

    A process, not a thread: pysam keeps the interpreter's lock while it waits for a pipe.

    Attributes
    ----------
    file : binary file
        The end of the pipe to read from.
    """

    def __init__(
        self, name: str, kind: str, source: str | IO[bytes], reference: str | None, fields: int
    ) -> None:
        self._name, self._kind, self._reference = name, kind, reference
        self._messages = tempfile.TemporaryFile(prefix="genomearray-")  # noqa: SIM115 - closed by __exit__; a pipe might fill
        given = "-" if not isinstance(source, str) else source
        words = ["-u", "--no-PG", "-o", "-"]
        words += ["--input-fmt-option", f"required_fields={SAM_PLACES | fields}"] if kind == "CRAM" else []
        words += ["-T", reference] if reference is not None else []
        # Without bases no reference is needed; that none is looked for on a network is made sure of.
        quiet = {**os.environ, "REF_PATH": os.devnull, "REF_CACHE": os.devnull}
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _VIEW, *words, given],
            stdin=subprocess.PIPE if given == "-" else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._messages,
            env=quiet,  # -P: a file of the user, such as array.py, is not a module of ours
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
        self._messages.close()

    def check(self, *, ended: bool) -> bool:
        """Raise what htslib found wrong; whether it missed the marker at the end of the file.

        ``ended``: it has closed the pipe. One that still writes because no more was asked for found
        nothing wrong.
        """
        try:
            code = self._process.wait(timeout=_PATIENCE if ended else 0)
        except subprocess.TimeoutExpired:
            return False
        self._messages.seek(0)
        lines = self._messages.read(1 << 16).decode(errors="replace").splitlines()
        unknown = [line.split("] ", 1)[-1] for line in lines if "unrecognized reference name" in line]
        if not code and unknown:  # htslib takes the read for an unmapped one
            raise FormatError(
                f"{self._name}: {unknown[0].split(';')[0]}: its header has no such contig (@SQ); "
                "make the file again with its whole header"
            )
        if not code:
            return any("EOF marker is absent" in line for line in lines)
        messages = [line.split("] ", 1)[-1] for line in lines if line.startswith(("[E::", "[W::"))]
        if not messages and any("fail to read the header" in line for line in lines):
            messages = ["its header cannot be read"]
        reason = "; ".join(messages[:2]) or (lines[-1] if lines else f"exit status {code}")
        asks = self._kind == "CRAM" and self._reference is None and any("reference" in line for line in lines)
        needs = "a CRAM of this kind needs its reference: {reference=|--reference FILE}; " if asks else ""
        what = "give the header its lengths: samtools reheader" if "LN: tag" in reason else _CHECK
        raise FormatError(
            f"{self._name}: htslib cannot read it as {self._kind}: {reason}", hint=f"{needs}{what}"
        )


_PATIENCE = 60  # s, for a process that has closed its output
_CHECK = "check it with: samtools quickcheck"
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
