"""A bigWig file: sections of values in the shortest of the three types that each may have.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement (tables 12 and 13: sections).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from zlib_ng import zlib_ng

from genomearray.foreign.bbi_file import BIGWIG

from .bbi_levels import TOGETHER, Records
from .bbi_trees import places
from .bbi_writer import bbi_writer

_SECTION = struct.Struct("<IIIIIBBH")
_BED_GRAPH, _VARIABLE_STEP, _FIXED_STEP = 1, 2, 3
_ITEMS = 1024  # values of a section


class Stretches(NamedTuple):
    """Stretches of one value of a chromosome: its number in the order of names, offsets, float32."""

    chrom: int
    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    values: NDArray[np.float32]


def write_bigwig(file: IO[bytes], chromosomes: list[tuple[str, int]], data: Iterable[Stretches]) -> None:
    """Write a bigWig.

    Parameters
    ----------
    file : binary file
        Empty, open for reading and writing.
    chromosomes : list of (str, int)
        Names and lengths (bp), sorted by the bytes of the names.
    data : iterable of Stretches
        Sorted, disjoint; all of a chromosome together, chromosomes in order.
    """
    with bbi_writer(file, BIGWIG, chromosomes, _ITEMS) as out:
        for part in data:
            for rows, texts in _data_sections(part):
                out.sections.write(rows, texts)
            out.total.add(part.starts, part.ends, part.values)
        entries = out.sections.entries
        out.finish(entries.size, lambda: _read_again(file, entries, out.pool))


def _read_again(file: IO[bytes], entries: NDArray[Any], pool: ThreadPoolExecutor) -> Iterator[Records]:
    """The stretches of sections that were written."""
    for low in range(0, entries.size, TOGETHER):
        rows = entries[low : low + TOGETHER]
        file.seek(int(rows["at"][0]))
        packed = [file.read(count) for count in rows["size"].tolist()]
        yield Records.joining([Records.of_values(*part) for part in pool.map(_stretches_of, packed)])


def _data_sections(part: Stretches) -> Iterator[tuple[NDArray[Any], list[bytes]]]:
    """Places and bytes of sections, some at a time."""
    firsts = np.arange(0, part.starts.size, _ITEMS)
    for group in np.array_split(firsts, max(1, firsts.size // TOGETHER)):
        lasts = np.minimum(group + _ITEMS, part.starts.size) - 1
        texts = [_section(part, low, low + _ITEMS) for low in group.tolist()]
        yield places(part.chrom, part.starts[group], part.chrom, part.ends[lasts]), texts


def _section(part: Stretches, low: int, high: int) -> bytes:
    """A section in the shortest of the three types it may have."""
    starts, ends, values = part.starts[low:high], part.ends[low:high], part.values[low:high]
    spans, steps = ends - starts, np.diff(starts)
    span = int(spans[0])
    same = bool((spans == span).all())
    step = int(steps[0]) if steps.size else span
    if same and (steps == step).all():
        kind, body = _FIXED_STEP, values.astype("<f4").tobytes()
    elif same:
        kind, step, body = _VARIABLE_STEP, 0, _table(("<u4", starts), ("<f4", values))
    else:
        kind, step, span = _BED_GRAPH, 0, 0
        body = _table(("<u4", starts), ("<u4", ends), ("<f4", values))
    return _SECTION.pack(part.chrom, int(starts[0]), int(ends[-1]), step, span, kind, 0, starts.size) + body


def _table(*columns: tuple[str, NDArray[Any]]) -> bytes:
    table = np.empty(columns[0][1].size, [(str(k), dtype) for k, (dtype, _) in enumerate(columns)])
    for k, (_, values) in enumerate(columns):
        table[str(k)] = values
    return table.tobytes()


def _stretches_of(packed: bytes) -> Stretches:
    """What :func:`_section` wrote, compressed."""
    text = zlib_ng.decompress(packed)
    chrom, start, _, step, span, kind, _, count = _SECTION.unpack_from(text)
    body = text[_SECTION.size :]
    if kind == _FIXED_STEP:
        starts = start + step * np.arange(count, dtype=np.int64)
        return Stretches(chrom, starts, starts + span, np.frombuffer(body, "<f4"))
    names = [("start", "<u4"), ("value", "<f4")]
    if kind == _BED_GRAPH:
        names.insert(1, ("end", "<u4"))
    table = np.frombuffer(body, names)
    starts = table["start"].astype(np.int64)
    ends = table["end"].astype(np.int64) if kind == _BED_GRAPH else starts + span
    return Stretches(chrom, starts, ends, table["value"])
