"""An open track on disk: chromosome and offsets in, values out, whatever the form."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.choices import KINDS
from genomearray.errors import LayoutError, TrackError, unknown_chromosome
from genomearray.reference.intervals import Intervals
from genomearray.source import PACKED, ChunkStatistics, Source, StoredSummaries, missing_value
from genomearray.storage.chunks.chunk_map import (
    Array1D,
    ChunkDamage,
    ChunkedArray,
    DamageIn,
    are_alike,
    gather_together,
)
from genomearray.storage.chunks.open_files import ForkSafeLock
from genomearray.storage.layout import (
    ABSENT,
    LAYOUT,
    ROW_ATTRIBUTE,
    SEQUENCE_COLUMNS,
    SEQUENCES,
    SUMMARY,
    can_be_variable,
)
from genomearray.storage.read.identity import FAILURES, damage_error
from genomearray.storage.read.stored_statistics import StoredStatistics
from genomearray.summary import Summary, parts_with_data


class Store(Protocol):
    """An open file or folder of the layout."""

    form: str

    def attribute(self, variable: str | None, key: str) -> Any: ...
    def attributes(self) -> dict[str, Any]: ...
    def variables(self) -> list[str]: ...
    def variable_attributes(self, name: str) -> dict[str, Any]: ...
    def array(self, path: str, expected: Any = None) -> Array1D | None: ...
    def names(self) -> list[str]: ...
    def identity(self) -> tuple[Any, ...]: ...
    def close(self) -> None: ...


class StoredTrack(Source):
    """One track on disk, open for reading; safe in threads.

    Parameters
    ----------
    path : Path, or str for a URL
    store : Store
        Open.
    """

    def __init__(self, path: Path | str, store: Store) -> None:
        self.path: Path | str = path
        self.form = store.form
        self._store = store
        self._identity = store.identity()
        layout = store.attribute(None, "genomearray_layout")
        if layout is None:
            raise LayoutError(
                f"{path} is not a track of genomearray: it has no attribute 'genomearray_layout'"
            )
        if layout != LAYOUT:
            raise LayoutError(
                f"{path} has layout {layout!r}; this version reads layout {LAYOUT!r}: update genomearray"
            )
        # One by one: reading all attributes of an HDF5 file takes longer than a region.
        needed = {key: store.attribute(None, key) for key in ("id", "kind", "assembly")}
        if None in needed.values():
            raise LayoutError(
                f"{path} is not a whole track of genomearray: it needs the attributes {', '.join(needed)}"
            )
        self.id, kind, self.assembly = map(str, needed.values())
        known = next((one for one in KINDS if one == kind), None)
        if known is None:
            raise LayoutError(f"{path} holds {kind}, not a track; a feature table opens with open_features")
        self.kind = known
        self._arrays: dict[str, Array1D | None] = {}
        self._places: dict[str, tuple[Array1D, int, int]] = {}
        self._variable_attributes: dict[str, dict[str, Any]] = {}
        self._lock = ForkSafeLock()
        self.on_close: Callable[[StoredTrack], None] = (
            StoredTrack.close_file
        )  # a cache keeps what others may read

    @Cached
    def attributes(self) -> dict[str, Any]:
        """Attributes of the track."""
        with self._read_structure("its attributes"):
            return self._store.attributes()

    # -- where things are ----------------------------------------------------------------

    @Cached
    def variables(self) -> dict[str, int]:
        """Length (bp) of each variable, by name, in table order; ``packed`` is last."""
        with self._read_structure("its list of variables"):
            names = [name for name in self._store.variables() if name not in (SEQUENCES, SUMMARY)]
        return {name: self._array(name).length for name in names}

    def variable_attributes(self, variable: str) -> dict[str, Any]:
        """Attributes of a variable: units, long_name and so on."""
        known = self._variable_attributes.get(variable)
        if known is None:
            with self._read_structure(f"the attributes of {variable!r}"):
                known = self._variable_attributes[variable] = self._store.variable_attributes(variable)
        return dict(known)

    @Cached
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        for array, _, _ in self._places.values():
            return array.dtype  # listing all variables takes milliseconds
        return self._array(next(iter(self.variables))).dtype

    @Cached
    def fill(self) -> Any:
        """Value of bases nobody wrote."""
        return missing_value(self.kind, self.dtype, zero=ABSENT in self.attributes)

    @Cached
    def names(self) -> tuple[str, ...]:
        """Names of all sequences, in table order."""
        with self._read_structure("the names of the sequences"):
            return tuple(self._store.names())

    @Cached
    def rows(self) -> dict[str, int]:
        """Row of each sequence in the table, by name."""
        return {name: row for row, name in enumerate(self.names)}

    @Cached
    def lengths(self) -> NDArray[np.int64]:
        """Lengths of all sequences, bp, in table order."""
        return self.column(SEQUENCES, "length")

    def locate(self, chrom: str) -> tuple[Array1D, int, int]:
        """The array of a sequence, its offset there, and its length (bp)."""
        place = self._places.get(chrom)
        if place is None:
            place = self._places[chrom] = self._find(chrom)
        return place

    def length(self, chrom: str) -> int:
        """Length of a sequence, bp."""
        return self.locate(chrom)[2]

    @property
    def packed_array(self) -> Array1D | None:
        """The array of the packed sequences, if there are any."""
        return self._optional(PACKED)

    def packed_place(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a sequence there; None for another one."""
        if not self.has(chrom):
            return None
        array, offset, length = self.locate(chrom)
        return (offset, length) if array is self.packed_array else None

    def display_attributes(self, variable: str) -> dict[str, Any]:
        """The attributes of a variable that still hold for a part of it."""
        attributes = self.variable_attributes(variable)
        return {name: attributes[name] for name in ("units", "long_name") if name in attributes}

    def has(self, chrom: str) -> bool:
        """Whether the track has a sequence of that name."""
        if chrom in self._places or (can_be_variable(chrom) and self._optional(chrom) is not None):
            return True
        return chrom in self.rows

    @Cached
    def _packed_starts(self) -> NDArray[np.int64]:
        """Offsets of all sequences in the packed variable; -1: not there."""
        return self.column(SEQUENCES, "packed_start")

    def _find(self, chrom: str) -> tuple[Array1D, int, int]:
        if can_be_variable(chrom):
            own = self._optional(chrom)
            if own is not None:
                return own, 0, own.length
        row = self.rows.get(chrom)
        if row is None:
            raise unknown_chromosome(chrom, self.assembly, self.names)
        start = int(self._packed_starts[row])
        if start < 0:
            raise self._damaged(f"the variable of {chrom!r}", "it is missing")
        return self._array(PACKED), start, int(self.lengths[row])

    # -- values --------------------------------------------------------------------------

    def read(self, chrom: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end) of a sequence, which must lie in it."""
        array, offset, _ = self.locate(chrom)
        try:
            return array.read(offset + start, offset + end, threads)
        except ChunkDamage as damage:
            raise self._damaged(self._region_of(chrom, damage), damage.cause) from damage

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether the offsets [start, end) may hold anything but missing bases."""
        array, offset, _ = self.locate(chrom)
        return array.holds(offset + start, offset + end)

    def gather(
        self,
        intervals: Intervals,
        out: NDArray[Any],
        dest: NDArray[np.int64],
        step: NDArray[np.int64] | None = None,
        threads: bool = True,
    ) -> None:
        """Put the values of intervals into ``out`` (flat), each from ``dest`` on in direction ``step``.

        The intervals must lie in their sequences. Each chunk is decoded once.
        """
        arrays, array_of, offset = self._locate_all(intervals.names)
        which, shift = array_of[intervals.code], offset[intervals.code]
        together = [array for _, array in arrays]
        if len(arrays) > 1 and are_alike(together):
            ways = 1 if step is None else step
            try:
                gather_together(
                    together, which, intervals.start + shift, intervals.end + shift, out, dest, ways, threads
                )
            except DamageIn as found:
                name = arrays[found.array][0]
                raise self._damaged(self._region_of(name, found.damage), found.damage.cause) from found
            return
        for k, (name, array) in enumerate(arrays):
            here = slice(None) if len(arrays) == 1 else np.flatnonzero(which == k)
            starts = intervals.start[here] + shift[here]
            ends = intervals.end[here] + shift[here]
            if not starts.size:
                continue
            try:
                array.gather(starts, ends, out, dest[here], None if step is None else step[here], threads)
            except ChunkDamage as damage:
                raise self._damaged(self._region_of(name, damage), damage.cause) from damage

    def _locate_all(
        self, names: tuple[str, ...]
    ) -> tuple[list[tuple[str, Array1D]], NDArray[np.int64], NDArray[np.int64]]:
        """The arrays (with a sequence each) of many sequences, and for each sequence which of them,
        and its offset.
        """
        arrays: dict[int, tuple[int, str, Array1D]] = {}
        of, offsets = np.zeros(len(names), np.int64), np.zeros(len(names), np.int64)
        for k, name in enumerate(names):
            array, offset, _ = self.locate(name)
            of[k] = arrays.setdefault(id(array), (len(arrays), name, array))[0]
            offsets[k] = offset
        return [(name, array) for _, name, array in arrays.values()], of, offsets

    def _region_of(self, name: str, damage: ChunkDamage) -> str:
        """Region of a damaged chunk, of a sequence or of the packed ones."""
        array, offset, length = self.locate(name)
        if array is self.packed_array:
            starts = self._packed_starts
            rows = np.flatnonzero(
                (starts >= 0) & (starts < damage.end) & (starts + self.lengths > damage.start)
            )
            names = [self.names[row] for row in rows[:3].tolist()]
            return f"{', '.join(names)}{' and others' if rows.size > len(names) else ''} (in /{PACKED})"
        return f"{name}:{max(damage.start - offset, 0) + 1}-{min(damage.end - offset, length)}"

    def chunk_statistics(self, names: tuple[str, ...]) -> StoredSummaries:
        """Statistics of the chunks of the arrays that hold sequences (None: another tool rewrote
        it); which holds each, and where.
        """
        arrays, array_of, offset = self._locate_all(names)
        stored: list[ChunkStatistics | None] = []
        for name, array in arrays:
            stored.append(
                StoredStatistics(array, self.summary_rows(self._variable_of(name))[0], self.summary)
                if isinstance(array, ChunkedArray)
                else None
            )
        return StoredSummaries(stored, array_of, offset)

    def _variable_of(self, name: str) -> str:
        return PACKED if self.locate(name)[0] is self.packed_array else name

    def array_of(self, variable: str) -> Array1D:
        """The array of a variable."""
        return self._array(variable)

    def read_all_chunks(self, variable: str) -> None:
        """From now on read every chunk that is stored, also those that the summary does not know of."""
        array = self._array(variable)
        if isinstance(array, ChunkedArray):
            array.expect(self._chunks_there(variable, array))

    def read_variable(self, variable: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end) of a variable."""
        try:
            return self._array(variable).read(start, end, threads)
        except ChunkDamage as damage:
            raise self._damaged(f"{variable}:{damage.start + 1}-{damage.end}", damage.cause) from damage

    def column(self, table: str, name: str, start: int = 0, end: int | None = None) -> NDArray[Any]:
        """Rows [start, end) of a column of /sequences or /summary."""
        array = self._array(f"{table}/{name}")
        try:
            return array.read(start, array.length if end is None else end)
        except ChunkDamage as damage:
            raise self._damaged(f"column {name!r} of /{table}", damage.cause) from damage

    def summary(self, first: int, last: int) -> Summary:
        """Rows [first, last) of /summary."""
        return Summary._make(self.column(SUMMARY, name, first, last) for name in Summary._fields)

    def chromosome_statistics(self, names: tuple[str, ...]) -> Summary | None:
        """Rows of /sequences; None where their sums are not exact."""
        if self.dtype.kind in "iu" and self.dtype.itemsize == 8:
            return None
        bases, missing, *rest = (
            self.column(SEQUENCES, name) for name in ("n", "n_nan", *Summary._fields[1:])
        )
        summary = Summary(bases - missing, *rest)
        return (
            summary
            if names is self.names
            else summary.rows(np.array([self.rows[name] for name in names], np.int64))
        )

    def sequences(self) -> dict[str, NDArray[Any]]:
        """The table of all sequences with their statistics, by column."""
        return {"name": np.array(self.names, dtype=object)} | {
            name: self.column(SEQUENCES, name) for name in SEQUENCE_COLUMNS if name != "name"
        }

    def check_chunks(self) -> None:
        """Every chunk that should hold data is stored; DamagedTrackError names one that is not."""
        for name in self.variables:
            array = self._array(name)
            if isinstance(array, ChunkedArray):
                lost = self._expected(name) & ~self._chunks_there(name, array)
                if lost.any():
                    start = int(np.argmax(lost)) * array.chunk
                    end = min(start + array.chunk, array.length)
                    raise self._damaged(f"{name}:{start + 1}-{end}", "the chunk is missing from the store")

    def _chunks_there(self, variable: str, array: ChunkedArray) -> NDArray[np.bool_]:
        """Which chunks of an array are stored."""
        with self._read_structure(f"the places of the chunks of {variable!r}"):
            there: NDArray[np.bool_] = array.source.stored()
            return there

    def close(self) -> None:
        """Let go of the track: its file closes when nobody reads it any more."""
        self.on_close(self)

    def close_file(self) -> None:
        """Close the file now; nothing can be read any more."""
        self._store.close()

    # -- inside --------------------------------------------------------------------------

    def _array(self, path: str) -> Array1D:
        array = self._optional(path)
        if array is None:
            raise self._damaged(f"/{path}", "it is missing")
        return array

    def _optional(self, path: str) -> Array1D | None:
        if path not in self._arrays:
            # h5py objects are made under its own lock; ours keeps one map for each array.
            with self._lock:
                if path not in self._arrays:
                    table = path.startswith((f"{SEQUENCES}/", f"{SUMMARY}/"))
                    # A weak reference: a circle would keep the file open until the next garbage collection.
                    track = weakref.ref(self)
                    try:
                        self._arrays[path] = self._store.array(
                            path, None if table else lambda: _expected_by(track, path)
                        )
                    except FAILURES as error:
                        raise self._damaged(f"/{path}", error) from error
        return self._arrays[path]

    def summary_rows(self, variable: str) -> tuple[int, int]:
        """Rows [first, last) of /summary that belong to a variable."""
        if variable == PACKED:  # its first chunk is that of the sequence at offset 0
            firsts = np.flatnonzero(self._packed_starts == 0)
            if not firsts.size:
                raise self._damaged("the column packed_start of /sequences", "no sequence lies at offset 0")
            row: Any = firsts[0]
        else:
            with self._read_structure(f"the attributes of {variable!r}"):
                row = self._store.attribute(variable, ROW_ATTRIBUTE)
            if row is None:
                raise self._damaged(f"the attributes of {variable!r}", f"{ROW_ATTRIBUTE} is missing")
        starts = self._first_chunks
        first = int(starts[int(row)])
        if variable == PACKED:  # the last variable
            return first, self._array(f"{SUMMARY}/n").length
        return first, int(np.min(starts, where=starts > first, initial=self._array(f"{SUMMARY}/n").length))

    @Cached
    def _first_chunks(self) -> NDArray[np.int64]:
        return self.column(SEQUENCES, "first_chunk")

    def _expected(self, variable: str) -> NDArray[np.bool_]:
        """For every chunk of a variable, whether it must be stored: the summary knows."""
        known: dict[str, NDArray[np.bool_]] = self.__dict__.setdefault("_presence", {})
        if variable not in known:
            array = self._array(variable)
            assert isinstance(array, ChunkedArray)
            first, last = self.summary_rows(variable)
            if last - first != -(-array.length // array.chunk):
                raise LayoutError(
                    f"{self.path} was written anew by another tool in chunks of {array.chunk} bp, "
                    "which its /summary does not describe; "
                    "read it with plain xarray, and save it as a track again"
                )
            known[variable] = parts_with_data(lambda name: self.column(SUMMARY, name, first, last), self.fill)
        return known[variable]

    @contextmanager
    def _read_structure(self, what: str) -> Iterator[None]:
        """Whatever goes wrong while names and attributes are read, as damage."""
        try:
            yield
        except FAILURES as error:
            if isinstance(error, TrackError):
                raise
            raise self._damaged(what, error) from error

    def _damaged(self, what: str, cause: object) -> TrackError:
        return damage_error(self.path, self._identity, what, cause)


def _expected_by(track: weakref.ref[StoredTrack], variable: str) -> NDArray[np.bool_]:
    stored = track()
    assert stored is not None  # its arrays are read through it
    return stored._expected(variable)
