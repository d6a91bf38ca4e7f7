"""Many files in step: chromosome by chromosome, block by block, each read once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError
from genomearray.input_file import STDIN
from genomearray.reference.assembly import Chromosome

from .counters import Counter
from .index import ContigOffsets, find_index, first_offsets
from .records import SEEN, ReadColumns
from .stream import FAR, Consume, RecordStream
from .window import Window

Regions = Mapping[str, NDArray[np.int64]]
Write = Callable[[Chromosome, int, NDArray[np.uint32]], None]
Look = Callable[[NDArray[np.uint8], ReadColumns, int], None]


@dataclass
class Tally:
    """What was seen beside the counts.

    Attributes
    ----------
    skipped : dict of str to int
        Reads of contigs that the assembly does not have.
    elsewhere : int
        Reads of contigs that were not asked for.
    unplaced : int
        Reads without a contig.
    kept : int
        Reads that passed the filters.
    """

    skipped: dict[str, int] = field(default_factory=dict)
    elsewhere: int = 0
    unplaced: int = 0
    kept: int = 0


@dataclass
class OpenAlignment:
    """A stream, and what its contigs are.

    Attributes
    ----------
    stream : RecordStream
    path : str
    chromosomes : list of Chromosome or None
        Of each contig; None where it is not wanted.
    unknown : set of int
        Contigs that the assembly does not have.
    index : Places, optional
        Where the contigs begin, from an index: where given, the file is not read from end to end.
    """

    stream: RecordStream
    path: str
    chromosomes: list[Chromosome | None]
    unknown: set[int]
    index: ContigOffsets | None = None

    def __post_init__(self) -> None:
        self.contig_of = {chrom.name: k for k, chrom in enumerate(self.chromosomes) if chrom is not None}

    def _wanted(self, contig: int) -> bool:
        return contig < len(self.chromosomes) and self.chromosomes[contig] is not None

    def skip(self, tally: Tally) -> None:
        """Pass over the reads of contigs that are not wanted."""
        stream = self.stream
        while not stream.ended and not self._wanted(stream.contig):
            contig, before = stream.contig, int(stream.counts[SEEN])
            stream.walk(FAR, None)
            passed = int(stream.counts[SEEN]) - before
            if contig >= len(self.chromosomes):
                tally.unplaced += passed
            elif contig in self.unknown:
                name = stream.contigs[contig].name
                tally.skipped[name] = tally.skipped.get(name, 0) + passed
            else:
                tally.elsewhere += passed

    def arrive(self, name: str, tally: Tally) -> bool:
        """Go to a chromosome; whether there are reads on it."""
        contig = self.contig_of.get(name)
        if contig is None:
            return False
        if self.index is None:
            self.skip(tally)
            return bool(self.stream.contig == contig)
        start = self.index.starts.get(contig)
        if start is not None:
            self.stream.jump(start)
            if self.stream.contig != contig:
                raise self._misleading(name)
            return True
        # The index knows no reads of it: what stands after the contig before it must not be one.
        before = self.index.end_before(contig)
        if before is None:
            self.stream.rewind()
        else:
            self.stream.jump(before)
        if self.stream.contig == contig:
            raise self._misleading(name)
        return False

    def _misleading(self, name: str) -> FormatError:
        return FormatError(
            f"{self.path}: its index does not fit (reads of {name!r} are not where it says); make it "
            "again with: samtools index"
        )

    def leave(self, name: str, tally: Tally) -> None:
        """Pass over the reads of a chromosome that lie after what is wanted of it."""
        if self.index is None and self.stream.contig == self.contig_of[name]:
            before = int(self.stream.counts[SEEN])
            self.stream.walk(FAR, None)
            tally.elsewhere += int(self.stream.counts[SEEN]) - before


def order_files(
    files: list[OpenAlignment], regions: Regions, ahead: int, *, restricted: bool
) -> list[Chromosome]:
    """The chromosomes in the order in which to go through them: that of the first file, then what others add.

    A file whose contigs come in another order is read through its index; so is any file when only
    parts are ``restricted`` to, so that reads of other parts are not read at all.

    Raises
    ------
    FormatError
        Another order, and no index.
    """
    order: dict[str, Chromosome] = {}
    for placed in files:
        order.update(
            {
                chrom.name: chrom
                for chrom in placed.chromosomes
                if chrom is not None and chrom.name not in order
            }
        )
    rank = {name: k for k, name in enumerate(order)}
    for placed in files:
        ranks = [rank[name] for name in placed.contig_of]
        other = ranks != sorted(ranks)
        index = find_index(placed.path) if (other or restricted) and placed.stream.reader.seekable else None
        if index is not None:
            wanted = {
                contig: max(0, int(regions[name][0, 0]) - ahead) if name in regions else 0
                for name, contig in placed.contig_of.items()
            }
            placed.index = first_offsets(index, wanted, len(placed.chromosomes))
        elif other:
            raise FormatError(
                f"{placed.path}: its contigs come in another order than those of {files[0].path}, so "
                f"that they can be summed only with an index; {_how_to_index(placed)}"
            )
    return list(order.values())


def _how_to_index(placed: OpenAlignment) -> str:
    """What one may do to get a file with an index that is read here: a BAM with .bai or .csi."""
    if placed.stream.reader.seekable:
        return f"make one with: samtools index {placed.path}"
    bam = f"{Path(placed.path).stem if placed.path != STDIN else 'reads'}.bam"
    return f"make a BAM with one: samtools sort --write-index -o {bam} {placed.path}"


def count_reads(
    files: list[OpenAlignment],
    order: list[Chromosome],
    counter: Counter,
    regions: Regions,
    write: Write,
    look: Look | None,
    *,
    restricted: bool,
) -> Tally:
    """Count all reads of all files, and hand on the counts in the order of the reads.

    Parameters
    ----------
    files : list of Placed
    order : list of Chromosome
        From :func:`order_files`.
    counter : Counter
    regions : mapping of str to ndarray of int64, shape (n, 2)
        For chromosomes of which only parts are wanted: offsets, sorted, disjoint.
    write : callable
        Takes a chromosome, an offset, and counts of shape (tracks, n) that are its own then.
    look : callable, optional
        Is shown every read that passed the filters.
    restricted : bool
        Whether chromosomes at the end of the files may be left unread.

    Raises
    ------
    FormatError
    """
    tally = Tally()
    window = Window(counter.strands, counter.back)
    whole = np.empty((0, 2), np.int64)
    for chrom in order:
        here = [(k, placed) for k, placed in enumerate(files) if placed.arrive(chrom.name, tally)]
        if here:
            window.open(chrom.length, regions.get(chrom.name, whole))
            counter.begin(chrom)
            _count_chromosome(chrom, here, window, counter, write, look, tally)
        for _, placed in here:
            placed.leave(chrom.name, tally)
    if not restricted:
        for placed in files:
            placed.skip(tally)
    return tally


def _count_chromosome(
    chrom: Chromosome,
    files: list[tuple[int, OpenAlignment]],
    window: Window,
    counter: Counter,
    write: Write,
    look: Look | None,
    tally: Tally,
) -> None:
    def consume(file: int) -> Consume:
        def take(data: NDArray[np.uint8], rows: ReadColumns, n: int) -> None:
            tally.kept += n
            if look is not None:
                look(data, rows, n)
            counter.count(data, rows, n, window, file)

        return take

    streams = [(placed.stream, placed.stream.contig, consume(file)) for file, placed in files]
    end = int(window.regions[-1, 1]) + counter.back if window.regions.size else FAR
    while True:
        running = [
            (stream, take) for stream, contig, take in streams if stream.contig == contig and stream.pos < end
        ]
        if window.empty and not counter.pending():
            if not running:
                return
            window.skip_to(min(stream.pos for stream, _ in running))
        for stream, take in running:
            stream.walk(min(window.limit, end), take)
        counter.finish_window(window)
        window.flush(lambda offset, counts: write(chrom, offset, counter.result(counts)))
