"""One file of reads, of any form, as a stream of BAM records.

BAM bytes are walked as they are. SAM and CRAM go through htslib (pysam), which writes them as BAM without
compression into a pipe: behind it there is one way for all.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from genomearray_converters.reads.bgzf import BgzfReader, ends_with_marker, missing_eof
from genomearray_converters.reads.stream import RecordStream
from numpy.typing import NDArray

from genomearray.errors import FormatError, GenomeArrayError
from genomearray.input_file import STDIN, Input

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
        if kind == "BAM":
            if not allow_missing_eof and not ends_with_marker(file):
                raise missing_eof(source.name)
            yield RecordStream(BgzfReader(file, source.name, pool, ahead=ahead, allow_missing_eof=allow_missing_eof), rule)
            return
        regular = path != STDIN and Path(path).is_file()
        through = stack.enter_context(_Transcoder(source.name, kind, path if regular else file, reference))
        try:
            yield RecordStream(BgzfReader(through.file, source.name, pool, ahead=ahead), rule)
        except GenomeArrayError:
            through.check()  # what htslib found wrong comes before what the pipe lacks
            raise
        through.check()


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
            if head[:1] == b"@" or (head and head[:4] != b"BAM\x01" and b"\0" not in head):
                return "SAM"
        return "BAM"
    if head[:4] == b"BAM\x01" or b"\0" in head[:1024]:
        raise FormatError(f"{name} is no BAM, SAM or CRAM file: it begins with {bytes(head[:8])!r}")
    return "SAM"


class _Transcoder:
    """Reads SAM or CRAM with htslib in a thread, and writes it as BAM into a pipe.

    Attributes
    ----------
    file : binary file
        The end of the pipe to read from.
    """

    def __init__(self, name: str, kind: str, source: str | IO[bytes], reference: str | None) -> None:
        self._name, self._kind, self._source, self._reference = name, kind, source, reference
        self._error: BaseException | None = None
        self._records = 0
        read, self._write = os.pipe()
        self.file = os.fdopen(read, "rb", buffering=1 << 20)
        self._thread = threading.Thread(target=self._run, name="genomearray-htslib", daemon=True)

    def __enter__(self) -> _Transcoder:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()  # a writer that still writes is told by its next write
        self._thread.join()

    def check(self) -> None:
        """Raise what went wrong in the thread."""
        self._thread.join(0.5)
        if self._error is None or isinstance(self._error, BrokenPipeError):
            return
        told = str(self._error) or type(self._error).__name__
        needs = "; a CRAM of this kind needs its reference: --reference FILE" if self._kind == "CRAM" and self._reference is None else ""
        raise FormatError(
            f"{self._name}: htslib cannot read it as {self._kind} behind record {self._records:,} ({told}){needs}; check it with: samtools quickcheck"
        )

    def _run(self) -> None:
        import pysam

        before = pysam.set_verbosity(0)  # errors are told by us
        try:
            with ExitStack() as stack:
                stack.callback(os.close, self._write)
                source = stack.enter_context(self._open())
                sink = stack.enter_context(os.fdopen(os.dup(self._write), "wb"))
                out = stack.enter_context(pysam.AlignmentFile(sink, "wbu", template=source))
                for record in source:
                    out.write(record)
                    self._records += 1
        except BaseException as error:
            self._error = error
        finally:
            pysam.set_verbosity(before)

    def _open(self) -> Any:
        import pysam

        source = self._source if isinstance(self._source, str) else _unread(self._source)
        options = [f"required_fields={_REQUIRED_FIELDS}"] if self._kind == "CRAM" else []
        mode = "rc" if self._kind == "CRAM" else "r"
        return pysam.AlignmentFile(source, mode, check_sq=False, reference_filename=self._reference, format_options=options)


def _unread(file: IO[bytes]) -> IO[bytes]:
    """A pipe with what is left of a file whose first bytes were looked at: htslib reads from descriptors."""
    read, write = os.pipe()

    def pump() -> None:
        with os.fdopen(write, "wb") as out, suppress(BrokenPipeError):
            while data := file.read(1 << 16):
                out.write(data)

    threading.Thread(target=pump, name="genomearray-pump", daemon=True).start()
    return os.fdopen(read, "rb")
