"""DNA sequence from FASTA (plain or gzip, many records a file) and 2bit.

IUPAC letters and case are kept (lower case is soft-masked), U becomes T, X becomes N,
and the gap signs ``- . *`` become ``-``, as in the old library.

References
----------
https://www.ncbi.nlm.nih.gov/genbank/fastaformat/ ; 2bit: https://genome.ucsc.edu/FAQ/FAQformat.html#format7
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import SEQUENCE
from genomearray.errors import FormatError
from genomearray.input_file import Input, line_blocks, open_input
from genomearray.reference.intervals import Intervals
from genomearray.reference.twobit import TWOBIT_MAGIC, twobit_sequences
from genomearray.source import Source
from genomearray.track.track import Track

from .exporting.files import text_output
from .exporting.options import ExportOptions, ExportSettings, Out, check_kind
from .exporting.report import ExportReport
from .exporting.runs import in_order, stretches
from .importing.options import Files, ImportSettings
from .importing.pipeline import ImportJob, Target, run_import
from .importing.report import ImportReport
from .loops import kernel
from .text.scanning import line_end

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB

_BAD = 0  # in the table of letters: not allowed
_BLANK = 1  # skipped


def _letters(upper: bool) -> NDArray[np.uint8]:
    """For each byte the letter it is stored as."""
    table = np.zeros(256, dtype=np.uint8)
    for letter in "ACGTNMRWSYKVHDB":
        table[ord(letter)] = ord(letter)
        table[ord(letter.lower())] = ord(letter if upper else letter.lower())
    for letter, stored in (("U", "T"), ("X", "N")):
        table[ord(letter)] = ord(stored)
        table[ord(letter.lower())] = ord(stored if upper else stored.lower())
    for gap in "-.*":
        table[ord(gap)] = ord("-")
    for blank in " \t\r":
        table[ord(blank)] = _BLANK
    return table


@kernel
def copy_letters(
    text: NDArray[np.uint8], at: int, table: NDArray[np.uint8], out: NDArray[np.uint8]
) -> tuple[int, int, int, int]:
    """Letters from ``at`` to the next header: how many, where it stopped, lines passed, and -1 or a
    bad byte.
    """
    n = 0
    lines = 0
    while at < text.size:
        if text[at] == 62:  # ">"
            return n, at, lines, -1
        end = line_end(text, at)
        for k in range(at, end):
            letter = table[text[k]]
            if letter > 1:
                out[n] = letter
                n += 1
            elif letter == 0:
                return n, k, lines, int(text[k])
        at = end + 1
        lines += 1
    return n, at, lines, -1


class _Record:
    """The sequence that is being read."""

    def __init__(self, job: ImportJob[ImportReport], name: str, where: str) -> None:
        self.name = name
        self.chrom = job.names.find(name, 1, where)
        self.length = 0
        self._job = job
        self._where = where

    def add(self, letters: NDArray[np.uint8]) -> None:
        if self.chrom is not None:
            if self.length + letters.size > self.chrom.length:
                self._job.past_the_end(self._where, f"base {self.chrom.length + 1} of the record", self.chrom)
                self.chrom = None
            else:
                self._job.writer.write(self.chrom, self.length, letters)
        self.length += letters.size

    def end(self) -> None:
        if self.chrom is not None:
            self._job.same_length(self._where, self.name, self.length, self.chrom, written=True)
            self._job.report.rows += 1


class _SequenceImport:
    """Reads files of sequences; every chromosome at most once over all of them."""

    def __init__(self, job: ImportJob[ImportReport], upper: bool) -> None:
        self._job = job
        self._table = _letters(upper)
        self._seen: dict[str, str] = {}

    def read(self, path: str) -> None:
        before = self._job.report.rows
        with open_input(path) as source:
            twobit = TWOBIT_MAGIC in (
                int.from_bytes(source.head[:4], "little"),
                int.from_bytes(source.head[:4], "big"),
            )
            if not twobit:
                self._read_fasta(source)
        if twobit:
            self._read_twobit(path)
        if (
            self._job.report.rows == before
            and not self._job.names.skipped
            and not self._job.options.allow_empty
        ):
            raise FormatError(f"{source.name}: no sequence record", hint="{allow_empty} accepts such files")

    def _begin(self, name: str, where: str) -> _Record:
        record = _Record(self._job, name, where)
        if record.chrom is not None:
            if record.chrom.name in self._seen:
                raise FormatError(
                    f"{where}: a second record for {record.chrom.name!r}; the first is at "
                    f"{self._seen[record.chrom.name]}"
                )
            self._seen[record.chrom.name] = where
        return record

    def _read_fasta(self, source: Input) -> None:
        record: _Record | None = None
        for block, first_line in line_blocks(source, self._job.progress, cut_lines=True):
            text = np.frombuffer(block, np.uint8)
            out = np.empty(text.size, dtype=np.uint8)
            at, line = 0, first_line
            while at < len(block):
                if block[at : at + 1] == b">":
                    if record is not None:
                        record.end()
                    stop = block.index(b"\n", at)
                    record = self._begin(
                        _record_name(source, block[at + 1 : stop], line), f"{source.name}:{line}"
                    )
                    at, line = stop + 1, line + 1
                n, at, lines, bad = copy_letters(text, at, self._table, out)
                line += lines
                if bad >= 0:
                    raise FormatError(
                        f"{source.name}:{line}: {chr(bad)!r} is not a DNA letter; allowed are the IUPAC "
                        "codes ACGTUMRWSYKVHDBNX and the gaps - . *"
                    )
                if record is None and n:
                    raise FormatError(
                        f"{source.name}:{line - lines}: sequence before the first record; a FASTA "
                        "file begins with '>'"
                    )
                if record is not None:
                    record.add(out[:n])
        if record is not None:
            record.end()

    def _read_twobit(self, path: str) -> None:
        if not Path(path).is_file():
            raise FormatError(
                f"a 2bit file is read here and there, and {path} is not a regular file; give one"
            )
        size = Path(path).stat().st_size
        for name, length, pieces in twobit_sequences(Path(path)):
            record = self._begin(name, path)
            if record.chrom is not None and not self._job.same_length(path, name, length, record.chrom):
                record.chrom = None
            if record.chrom is not None:
                for piece in pieces:
                    record.add(self._table[piece])
            else:
                record.length = length
            record.end()
        self._job.progress(size)


def _record_name(source: Input, header: bytes, line: int) -> str:
    words = header.split()
    if not words:
        raise FormatError(f"{source.name}:{line}: the record has no name after '>'")
    return words[0].decode(errors="replace")


def import_fasta(
    db: GenomeDB, track: str, files: Files, *, upper: bool = False, **options: Unpack[ImportSettings]
) -> ImportReport:
    """Import FASTA (plain, gzip, ``-`` for standard input) or 2bit files as a sequence track.

    Parameters
    ----------
    db : GenomeDB
    track : str
        Name of the new track, by custom ``seq``.
    files : path or iterable of path
        Each chromosome at most once over all files, and exactly as long as in the assembly.
    upper : bool
        Store upper case only; else soft-masked bases stay lower case.
    **options
        See :class:`genomearray_converters.importing.options.ImportOptions`; the dtype is always uint8.

    Returns
    -------
    ImportReport

    Raises
    ------
    FormatError, TrackExistsError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray import GenomeDB
    >>> from genomearray_converters import import_fasta
    >>> file = Path(tmp, "phix.fa")
    >>> _ = file.write_text(">chr1 a small one\\nacgtNN\\nACGU\\n")
    >>> small = GenomeDB.create(tmp, "small", file)
    >>> report = import_fasta(small, "seq", file)
    >>> small["seq"].get_seq_str("chr1"), small["seq"].values("chr1").tobytes()
    ('ACGTNNACGT', b'acgtNNACGT')
    """

    def work(job: ImportJob[ImportReport], paths: list[str]) -> None:
        reader = _SequenceImport(job, upper)
        for path in paths:
            reader.read(path)

    return run_import(
        db, track, files, {**options, "dtype": "uint8"}, work, ImportReport, Target(kind=SEQUENCE)
    )


_WIDTH = 60


def export_fasta(
    track: Track,
    out: Out,
    **options: Unpack[ExportSettings],
) -> ExportReport:
    """Write a sequence as FASTA, case as stored.

    Parameters
    ----------
    track : Track
    out : path, or "-" for standard output
        Compressed when it ends in ``.gz``.
    **options
        Those of :class:`genomearray_converters.exporting.options.ExportOptions`.

    Returns
    -------
    ExportReport
        As a number: bases.

    Raises
    ------
    LayoutError, RegionError, UnknownChromosomeError, FormatError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import export_fasta
    >>> print(export_fasta(db["seq"], Path(tmp, "a.fa"), region="chr1:1-6"))
    6 bases
    >>> Path(tmp, "a.fa").read_text()
    '>chr1:1-6\\nACGTac\\n'
    """
    asked = ExportOptions.of(options)
    check_kind(track, "sequence", "FASTA")
    bases = 0
    rest, open_record = b"", ""
    with text_output(out, overwrite=asked.overwrite) as file:
        blocks = in_order(_block_letters, track.source, asked)
        for name, letters in (part for block in blocks for part in block):
            if name != open_record:
                file.write((rest + b"\n" if rest else b"") + b">" + (asked.region or name).encode() + b"\n")
                rest, open_record = b"", name
            text = rest + letters
            whole = len(text) // _WIDTH * _WIDTH
            file.writelines(text[k : k + _WIDTH] + b"\n" for k in range(0, whole, _WIDTH))
            rest = text[whole:]
            bases += len(letters)
        file.write(rest + b"\n" if rest else b"")
    return ExportReport(bases, "bases")


def _block_letters(source: Source, task: Intervals) -> list[tuple[str, bytes]]:
    return [
        (name, source.read(name, start, end, threads=False).tobytes()) for name, start, end in stretches(task)
    ]
