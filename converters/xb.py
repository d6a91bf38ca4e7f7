"""XB, the binary format of the old library: one byte per base, all chromosomes, one strand or two.

Layout, little-endian (a file from a machine of the other order has its magic number turned around)::

    0   magic 0xCA60B175     uint32
    4   version, 1           int16
    6   bytes a value, 1     int16
    8   stranded, 0 or 1     int32
    12  chromosomes          int16
    14  for each: length of its name (uint8), the name, its size (uint32)
        for each: ``size`` values of the forward strand, then, if stranded, as many of the reverse strand
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np

from genomearray.choices import XB_STRANDS, XbStrand, check
from genomearray.errors import FormatError, ValueRangeError
from genomearray.input_file import Input, open_input
from genomearray.track.track import Track

from .exporting.files import text_output
from .exporting.options import Out, check_kind
from .exporting.report import ExportReport
from .importing.options import Files, ImportSettings
from .importing.pipeline import ImportJob, run_import
from .importing.report import ImportReport

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB

MAGIC = 0xCA60B175
VERSION = 1
_HEAD = "IhhiH"
_PIECE = 1 << 20


class _Header(NamedTuple):
    stranded: bool
    sizes: list[tuple[str, int]]


def _exactly(source: Input, size: int, what: str) -> bytes:
    """So many bytes, or FormatError: the file is cut."""
    parts = []
    left = size
    while left:
        part = source.read(min(left, _PIECE))
        if not part:
            raise FormatError(
                f"{source.name}: the file is cut: {left:,} bytes of {what} are missing; get it again"
            )
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def _header(source: Input) -> _Header:
    raw = _exactly(source, struct.calcsize("<" + _HEAD), "the header")
    order = next((order for order in "<>" if struct.unpack_from(order + "I", raw)[0] == MAGIC), None)
    if order is None:
        raise FormatError(
            f"{source.name} is not an XB file: it begins with {raw[:4].hex()}, and XB with 75b160ca (or "
            "ca60b175, big-endian)"
        )
    _, version, width, stranded, count = struct.unpack(order + _HEAD, raw)
    if version != VERSION:
        raise FormatError(f"{source.name} is XB of version {version}; this reads version {VERSION}")
    if width != 1:
        raise FormatError(f"{source.name} has values of {width} bytes; only those of 1 byte were ever used")
    if stranded not in (0, 1):
        raise FormatError(f"{source.name}: the header says stranded = {stranded}; allowed are 0 and 1")
    if not count:
        raise FormatError(f"{source.name} holds no chromosome")
    sizes = []
    for _ in range(count):
        (length,) = _exactly(source, 1, "the table of chromosomes")
        name = _exactly(source, length, "the table of chromosomes").decode("latin-1")
        (size,) = struct.unpack(order + "I", _exactly(source, 4, "the table of chromosomes"))
        if not name or not name.isprintable():
            raise FormatError(
                f"{source.name}: {name!r} in its table of chromosomes is not a name; is the file damaged?"
            )
        sizes.append((name, size))
    counts = Counter(name for name, _ in sizes)
    twice = next((name for name, count in counts.items() if count > 1), None)
    if twice is not None:
        raise FormatError(f"{source.name} holds chromosome {twice!r} twice; is the file damaged?")
    return _Header(bool(stranded), sizes)


def _read(job: ImportJob[ImportReport], path: str, strand: str) -> None:
    with open_input(path) as source:
        header = _header(source)
        if strand == "reverse" and not header.stranded:
            raise FormatError(
                f"{source.name} has one strand only", hint="leave {strand=} out, or take forward"
            )
        chromosomes = [job.names.find(name, 1, source.name) for name, _ in header.sizes]
        for k, ((name, size), chrom) in enumerate(zip(header.sizes, chromosomes, strict=True)):
            if chrom is not None and not job.same_length(source.name, name, size, chrom):
                chromosomes[k] = None
        before = 0
        for (name, size), chrom in zip(header.sizes, chromosomes, strict=True):
            for side in XB_STRANDS[: 1 + header.stranded]:
                for offset in range(0, size, _PIECE):
                    raw = _exactly(source, min(_PIECE, size - offset), f"{name!r}, {side} strand")
                    if chrom is not None and side == strand:
                        job.writer.write(chrom, offset, np.frombuffer(raw, np.uint8))
                    job.progress(source.position() - before)
                    before = source.position()
            job.report.rows += chrom is not None
        if source.read(1):
            raise FormatError(f"{source.name}: bytes follow after the last chromosome; is the file damaged?")


def import_xb(
    db: GenomeDB, track: str, file: Files, *, strand: XbStrand = "forward", **options: Unpack[ImportSettings]
) -> ImportReport:
    """Import an XB file (plain, gzip, ``-`` for standard input) as one track.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track.
    file : path, or iterable of path
        Every chromosome in it must be as long as in the assembly.
    strand : {"forward", "reverse"}
        Which one of a file with two; a file with one has forward.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`; the dtype is uint8
        unless it is given.

    Returns
    -------
    ImportReport

    Raises
    ------
    FormatError, TrackExistsError, ValueRangeError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import export_xb, import_xb
    >>> small = db["counts"].clip(high=9).astype("uint8")
    >>> print(export_xb(small, Path(tmp, "a.xb")))
    1,860 values
    >>> import_xb(db, "xb", Path(tmp, "a.xb")).rows
    4
    >>> db["xb"].values("chr1", 5, 12)
    array([6, 7, 8, 9, 9, 9, 9], dtype=uint8)
    """
    check("strand", strand, XB_STRANDS)

    def work(job: ImportJob[ImportReport], paths: list[str]) -> None:
        for path in paths:
            _read(job, path, strand)

    return run_import(db, track, file, {"dtype": "uint8", **options}, work, ImportReport)


def export_xb(
    track: Track, out: Out, reverse: Track | None = None, *, overwrite: bool = False
) -> ExportReport:
    """Write a track of uint8 as XB, for programs that still read it.

    Parameters
    ----------
    track : Track
        uint8.
    out : path, or "-" for standard output
        Compressed when it ends in ``.gz``.
    reverse : Track, optional
        Of the reverse strand; makes a file with two strands.
    overwrite : bool
        Replace a file of that name.

    Returns
    -------
    ExportReport
        As a number: values.

    Raises
    ------
    LayoutError, ValueRangeError, FormatError
    """
    strands = [track] if reverse is None else [track, reverse]
    for one in strands:
        check_kind(one, "signal", "XB")
        if one.dtype != np.uint8:
            raise ValueRangeError(
                f"{one.label} is {one.dtype}; XB holds uint8: track.clip(high=255).astype('uint8')"
            )
    sizes = [(name, track.length(name)) for name in track.chromosomes]
    wrong = next((name for name, size in sizes if len(name.encode()) > 255 or size >= 1 << 32), None)
    if wrong is not None or len(sizes) > 0xFFFF:
        raise ValueRangeError(
            "XB holds at most 65,535 chromosomes of less than 2**32 bp with names of at most 255 "
            f"bytes ({wrong or len(sizes)})"
        )
    written = 0
    with text_output(out, overwrite=overwrite) as file:
        file.write(struct.pack("<" + _HEAD, MAGIC, VERSION, 1, len(strands) - 1, len(sizes)))
        for name, size in sizes:
            raw = name.encode()
            file.write(struct.pack("<B", len(raw)) + raw + struct.pack("<I", size))
        for values in _all_values(strands, sizes):
            file.write(values)
            written += len(values)
    return ExportReport(written, "values")


def _all_values(strands: list[Track], sizes: list[tuple[str, int]]) -> Iterator[bytes]:
    for name, size in sizes:
        for one in strands:
            for start in range(0, size, _PIECE):
                yield one.values(name, start, min(start + _PIECE, size)).tobytes()
