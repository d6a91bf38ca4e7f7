"""A track of a D4 file: a code of a few bits for each base, and runs of the values that have no code.

References
----------
Hou et al. 2021, doi:10.1038/s43588-021-00085-0, methods: primary and secondary table.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError
from genomearray.reference.intervals import ragged_index

from .d4_container import BLOB, FOLDER, STREAM, D4Container

_MOST_BITS = 25  # of a code, in the authors' library
_EIGHT = 8  # codes that begin with a byte
_RECORD = np.dtype([("position", "<u4"), ("more", "<u2"), ("value", "<i4")])  # begin + 1; length - 1
_SPAN = np.dtype([("begin", "<u4"), ("end", "<u4"), ("count", "<u4")])  # of a compressed block
_TOGETHER = 1 << 16  # records that are looked at together
_LONGEST = 1 << 40  # bp
_MOST_EXPANDED = 104  # runs that deflate makes of a byte, at most


class Runs(NamedTuple):
    """Runs of one value each: offsets [begin, end) on the chromosome."""

    begin: NDArray[np.int64]
    end: NDArray[np.int64]
    value: NDArray[np.int32]


class _Batch(NamedTuple):
    """Runs that are read together, and what they span."""

    begin: int
    end: int
    read: Callable[[], Runs]


@dataclass(frozen=True)
class _Chromosome:
    length: int
    codes_at: int  # byte of the file


class D4Track:
    """A track.

    Parameters
    ----------
    file : D4Container
    at : int
        Byte of its directory.

    Attributes
    ----------
    lengths : dict of str to int
        Of the chromosomes (bp), in the order of the file.
    denominator : float or None
        What all values are to be divided by.
    """

    def __init__(self, file: D4Container, at: int) -> None:
        self._file, self._at = file, at
        folder = file.directory(at)
        header = self._json(file.stream(file.entry(folder, ".metadata", STREAM, at)), at)
        codes = file.entry(folder, ".ptab", BLOB, at)
        runs = file.entry(folder, ".stab", FOLDER, at)
        try:
            self._values = _dictionary(header["dictionary"])
            chromosomes = [(str(row["name"]), int(row["size"])) for row in header["chrom_list"]]
            self.denominator = _denominator(header.get("denominator", "One"))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise file.damaged(
                at, f"the description of the track is no such description ({error!r})"
            ) from error
        self.lengths = dict(chromosomes)
        if len(self.lengths) < len(chromosomes) or any(not 0 <= n < _LONGEST for n in self.lengths.values()):
            raise file.damaged(at, "a chromosome is named twice, or has an impossible length")
        self._bits = self._values.size.bit_length() - 1
        self._chromosomes: dict[str, _Chromosome] = {}
        place = codes.at
        for name, length in chromosomes:
            self._chromosomes[name] = _Chromosome(length, place)
            place += -(-length * self._bits // 8)
        if place - codes.at > codes.size:
            raise file.damaged(
                codes.at,
                f"the codes have {codes.size:,} bytes, and the chromosomes need {place - codes.at:,}",
            )
        self._runs_at = runs.at
        self._runs_folder = file.directory(runs.at)
        self._compressed, self._partitions = self._described_runs()
        self._batches: tuple[str, list[_Batch]] = ("", [])

    @property
    def default(self) -> int:
        """What a base holds that has no code and lies in no run: the last value that has a code."""
        return int(self._values[-1])

    def is_plain(self, chrom: str) -> bool:
        """Whether all bases of a chromosome hold the default."""
        return not self._bits and not self._batches_of(chrom)

    def read(self, chrom: str, start: int, end: int) -> NDArray[np.int32]:
        """Values, not divided, of the offsets [start, end); ``start`` is a multiple of 8."""
        if not self._bits:
            values, open_ones = np.full(end - start, self.default, np.int32), None
        else:
            codes = self._codes(chrom, start, end)
            # The last code is its own value where no run says another.
            values, open_ones = self._values[codes], codes == self._values.size - 1
        for batch in self._batches_of(chrom):
            if batch.begin < end and batch.end > start:
                _paint(values, open_ones, batch.read(), start, end)
        return values

    # -- inside ------------------------------------------------------------------------------------

    def _json(self, data: bytes, at: int) -> Any:
        try:
            return json.loads(data.rstrip(b"\0"))
        except (ValueError, RecursionError) as error:
            raise self._file.damaged(at, f"the description of the track cannot be read ({error})") from error

    def _codes(self, chrom: str, start: int, end: int) -> NDArray[np.intp]:
        """Codes of bases: bits of a chromosome in order, the lowest of each byte first."""
        bits, where = self._bits, self._chromosomes[chrom]
        first, last = start * bits // 8, -(-end * bits // 8)
        groups = -(-(end - start) // _EIGHT)
        data = self._file.read(where.codes_at + first, last - first)
        table = np.zeros(groups * bits + 4, np.uint8)  # eight codes have as many bytes as one has bits
        table[: len(data)] = np.frombuffer(data, np.uint8)
        codes = np.empty((groups, _EIGHT), np.intp)
        for k in range(_EIGHT):
            byte, shift = divmod(k * bits, 8)
            word = np.zeros(groups, np.uint32)
            for j in range(-(-(shift + bits) // 8)):
                part = table[byte + j :: bits][:groups]
                word[: part.size] |= part.astype(np.uint32) << np.uint32(8 * j)
            codes[:, k] = word >> np.uint32(shift) & np.uint32((1 << bits) - 1)
        return codes.reshape(-1)[: end - start]

    def _described_runs(self) -> tuple[bool, list[tuple[str, int, int]]]:
        """Whether runs are compressed; chromosome, begin and end of the parts they are in."""
        file, at = self._file, self._runs_at
        about = self._json(file.stream(file.entry(self._runs_folder, ".metadata", STREAM, at)), at)
        try:
            kinds = about["format"], about["record_format"]
            compression = about.get("compression", "NoCompression")
            parts = [(str(name), int(begin), int(end)) for name, begin, end in about["partitions"]]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise file.damaged(
                at, f"the description of the runs is no such description ({error!r})"
            ) from error
        compressed = isinstance(compression, dict) and set(compression) == {"Deflate"}
        if kinds != ("SimpleKV", "range") or not (compressed or compression == "NoCompression"):
            raise FormatError(
                f"{file.path}: runs of the kind {kinds}, compressed as {compression!r}, are not "
                "known; SimpleKV of ranges are, plain or with Deflate"
            )
        for name, begin, end in parts:
            if not 0 <= begin <= end <= self.lengths.get(name, -1):
                raise file.damaged(at, f"runs of [{begin:,}, {end:,}) of {name!r}, which has no such part")
        return compressed, parts

    def _batches_of(self, chrom: str) -> list[_Batch]:
        """All runs of a chromosome; those of the last one asked for are kept, as they are stored."""
        if self._batches[0] != chrom:
            batches: list[_Batch] = []
            for k, (name, begin, end) in enumerate(self._partitions):
                if name == chrom:
                    entry = self._file.entry(self._runs_folder, str(k), STREAM, self._runs_at)
                    frames = self._file.frames(entry.at, entry.size)
                    part = _Part(self._file, entry.at, begin, end)
                    batches += part.compressed(frames) if self._compressed else part.plain(b"".join(frames))
            self._batches = chrom, batches
        return self._batches[1]


class _Part(NamedTuple):
    """Where runs lie: byte of their stream, and the part [begin, end) of a chromosome that they are in."""

    file: D4Container
    at: int
    begin: int
    end: int

    def plain(self, data: bytes) -> list[_Batch]:
        """Runs one after the other, until one at position 0."""
        records = np.frombuffer(data, _RECORD, len(data) // _RECORD.itemsize)
        empty = np.flatnonzero(records["position"] == 0)
        records = records[: empty[0]] if empty.size else records
        batches = []
        for low in range(0, records.size, _TOGETHER):
            some = records[low : low + _TOGETHER]
            runs = self._runs(some, self.begin, self.end)
            batches.append(_Batch(int(runs.begin.min()), int(runs.end.max()), partial(self._all, some)))
        return batches

    def compressed(self, frames: list[bytes]) -> list[_Batch]:
        """A block a frame: what it spans, how many runs, and they themselves, deflated."""
        batches = []
        for k, frame in enumerate(frames):
            skip = 1 if k == 0 else 0  # whether the stream is compressed
            if len(frame) < skip + _SPAN.itemsize or (skip and frame[0]):
                raise self.file.damaged(self.at, "a block of runs has no beginning")
            begin, end, count = np.frombuffer(frame, _SPAN, 1, skip)[0].tolist()
            if not count:
                continue
            data = frame[skip + _SPAN.itemsize :]
            if not self.begin <= begin < end <= self.end or count > _MOST_EXPANDED * len(data):
                raise self.file.damaged(
                    self.at, f"a block says it has {count:,} runs in [{begin:,}, {end:,})"
                )
            batches.append(_Batch(begin, end, partial(self._inflated, data, begin, end, count)))
        return batches

    def _all(self, records: NDArray[Any]) -> Runs:
        return self._runs(records, self.begin, self.end)

    def _inflated(self, data: bytes, begin: int, end: int, count: int) -> Runs:
        size = count * _RECORD.itemsize
        try:
            plain = zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, size)
        except zlib.error as error:
            raise self.file.damaged(self.at, f"a block of runs cannot be inflated ({error})") from error
        if len(plain) < size:
            raise self.file.damaged(self.at, f"a block of {count:,} runs holds {len(plain):,} bytes")
        return self._runs(np.frombuffer(plain, _RECORD), begin, end)

    def _runs(self, records: NDArray[Any], begin: int, end: int) -> Runs:
        """Records as runs, all of which lie in [begin, end)."""
        first = records["position"].astype(np.int64) - 1
        last = first + records["more"] + 1
        if (last - first).sum() > end - begin:
            raise self.file.damaged(self.at, f"runs in [{begin:,}, {end:,}) lie over each other")
        if first.min() < begin or last.max() > end:
            k = int(np.argmax((first < begin) | (last > end)))
            raise self.file.damaged(
                self.at,
                f"a run of [{first[k]:,}, {last[k]:,}) is not in [{begin:,}, {end:,}), as it should be",
            )
        return Runs(first, last, records["value"])


def _paint(
    values: NDArray[np.int32], open_ones: NDArray[np.bool_] | None, runs: Runs, start: int, end: int
) -> None:
    """Runs over the values of [start, end), where bases are open."""
    rows = np.flatnonzero((runs.begin < end) & (runs.end > start))
    begin = np.maximum(runs.begin[rows], start) - start
    counts = np.minimum(runs.end[rows], end) - start - begin
    places = ragged_index(counts, begin)
    painted = np.repeat(runs.value[rows], counts)
    if open_ones is not None:
        kept = open_ones[places]
        places, painted = places[kept], painted[kept]
    values[places] = painted


def _dictionary(described: Any) -> NDArray[np.int32]:
    """The values that have codes: as many as a whole number of bits can tell apart."""
    ((kind, about),) = described.items()
    if kind == "SimpleRange":
        low, high = int(about["low"]), int(about["high"])
        n = max(high - low, 1)
    elif kind == "Dictionary":
        n = len(about["i2v_map"])
    else:
        raise ValueError(f"a dictionary of the kind {kind!r}")
    bits = n.bit_length() - 1
    if not 0 <= bits <= _MOST_BITS:
        raise ValueError(f"a code of {bits} bits")
    values = (
        np.arange(low, low + (1 << bits))
        if kind == "SimpleRange"
        else np.array(about["i2v_map"][: 1 << bits])
    )
    if values.dtype.kind not in "iu" or not np.array_equal(values.astype(np.int32), values):
        raise ValueError("values that are no 32-bit integers")
    return values.astype(np.int32)


def _denominator(described: Any) -> float | None:
    if described == "One":
        return None
    value = float(described["Value"])
    if not 0 < abs(value) < np.inf or not np.isfinite(2.0**31 / value):
        raise ValueError(f"a denominator of {value}")
    return value
