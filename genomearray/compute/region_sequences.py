"""The sequences of many regions, as their strands run."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from genomearray.choices import SEQUENCE
from genomearray.errors import LayoutError
from genomearray.reference.dna import revcomp
from genomearray.reference.intervals import Intervals
from genomearray.reference.region_table import Regions, read_regions
from genomearray.source import Source

_BATCH = 1 << 22  # bases read together


def region_sequences(source: Source, regions: Regions) -> Iterator[tuple[str, str]]:
    """DNA of many regions, on their strands: name (``chr1:101-200(-)``, then that in a BED file)
    and letters as stored.

    Parameters
    ----------
    source : Source
        A sequence.
    regions
        As for :func:`read_regions`.

    Raises
    ------
    LayoutError, RegionError, UnknownChromosomeError, FormatError
    """
    if source.kind != SEQUENCE:
        raise LayoutError(
            "the track holds a signal, not a sequence",
            hint="sequences come from: {import_fasta|genomearray import fasta}",
        )
    table = read_regions(regions, source).inside(source)
    sizes = table.end - table.start
    ends = np.cumsum(sizes)
    low = 0
    while low < len(table):
        high = max(int(np.searchsorted(ends, (ends[low - 1] if low else 0) + _BATCH, side="right")), low + 1)
        rows = np.arange(low, high)
        out = np.empty(int(sizes[rows].sum()), np.uint8)
        dest = ends[rows] - sizes[rows] - (ends[low] - sizes[low])
        source.gather(Intervals(table.names, table.code[rows], table.start[rows], table.end[rows]), out, dest)
        for row, begin in zip(rows.tolist(), dest.tolist(), strict=True):
            text = out[begin : begin + int(sizes[row])].tobytes().decode("latin-1")
            reverse = table.strand[row] == -1
            name = f"{table.names[table.code[row]]}:{table.start[row] + 1}-{table.end[row]}" + (
                "(-)" if reverse else ""
            )
            if table.label is not None and table.label[row] not in (".", ""):
                name += f" {table.label[row]}"
            yield name, revcomp(text) if reverse else text
        low = high
