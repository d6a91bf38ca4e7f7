"""Features in any order -> one sorted table on disk, published whole."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from genomearray._typing import Attributes
from genomearray.errors import RegionError, ValueRangeError
from genomearray.reference.assembly import Assembly
from genomearray.reference.intervals import reach
from genomearray.storage.feature_layout import (
    CHUNK,
    CRC,
    END_OF_TEXT,
    FEATURES,
    INDEX,
    ORDER,
    SEQUENCE_TABLE,
    TEXT,
    Checksums,
    text_array,
)
from genomearray.storage.layout import can_be_variable
from genomearray.storage.write.column_types import GUESSED, NUMBERS, TextColumn
from genomearray.storage.write.disk import disk_errors
from genomearray.storage.write.options import Describe, WriteReport
from genomearray.storage.write.publish import Part, PartWriter

_UNITS = {"start": "bp", "end": "bp", "reach": "bp", "sequence_length": "bp"}
_MISSING = ("NA", ".")


class FeatureWriter(PartWriter):
    """Collects features in any order of chromosomes, and publishes them sorted, or leaves nothing.

    Parameters
    ----------
    part : Part
    sink : callable
        Opens the columns of the form of the part.
    assembly : Assembly
    columns : dict of str to dtype
        Besides start, end and strand. ``TEXT``: any text. ``GUESSED``, ``NUMBERS``: texts, kept as
        int64, uint64 or float64 (``.`` and ``NA`` are missing) if that is exact, else as text.
    attributes : dict
    describe : callable, optional
        More attributes, when all features are there.
    """

    dtype = "features"  # what the report of an import says of a track
    rows: dict[str, int]  # features of each chromosome so far

    def __init__(
        self,
        part: Part,
        sink: Callable[[Path], TableSink],
        assembly: Assembly,
        columns: Mapping[str, DTypeLike],
        attributes: Attributes,
        describe: Describe | None = None,
    ) -> None:
        self._part = part
        self._sink = sink
        self._assembly = assembly
        self._attributes = attributes
        self._describe = describe
        try:
            self.declare(columns)
            # What was appended waits in a file without a name.
            self._file: IO[bytes] = tempfile.TemporaryFile(prefix="genomearray-")  # noqa: SIM115 - closed by finish or abort
        except BaseException:
            part.discard()
            raise
        self.rows = {chrom.name: 0 for chrom in assembly}
        self._appended = 0
        # (chromosome, column) -> pieces of it, (offset, bytes)
        self._used = 0
        self._pieces: dict[tuple[str, str], list[tuple[int, int]]] = {}

    def declare(self, columns: Mapping[str, DTypeLike]) -> None:
        """Name the columns besides start, end and strand, before the first features: for input that
        reports it only then.

        Raises
        ------
        ValueRangeError
            A name that no column may have.
        """
        reserved = {*INDEX, *SEQUENCE_TABLE, "feature", "sequence"}
        hidden = (CRC, "block_of_")
        taken = next(
            (
                name
                for name in columns
                if name in reserved or name.startswith(hidden) or not can_be_variable(name) or " " in name
            ),
            None,
        )
        if taken is not None:
            known = ", ".join(INDEX + SEQUENCE_TABLE)
            raise ValueRangeError(
                f"a column cannot be called {taken!r}; choose another name than {known}, without "
                "blanks or '/'"
            )
        self._columns: dict[str, np.dtype[Any]] = {
            "start": np.dtype("int64"),
            "end": np.dtype("int64"),
            "strand": np.dtype("int8"),
        }
        self._columns["input_row"] = np.dtype("int64")
        texts = {
            name: dtype
            for name, dtype in columns.items()
            if isinstance(dtype, str) and dtype in (GUESSED, NUMBERS)
        }
        self._guessed = {name: TextColumn(numbers=kind == NUMBERS) for name, kind in texts.items()}
        self._columns.update(
            {name: TEXT if name in self._guessed else np.dtype(dtype) for name, dtype in columns.items()}
        )
        self._attributes = self._attributes | {ORDER: " ".join(columns)}

    def append(self, chrom: str, columns: dict[str, Any], input_row: Any = None) -> None:
        """Add features of a chromosome; all columns have the shape (n,), texts are sequences of str.

        ``input_row`` is their rank in the input, ndarray of shape (n,). Default: they follow those
        appended before.

        Raises
        ------
        RegionError
            A feature that is not in its chromosome, or ends before it starts.
        """
        start, end = columns["start"], columns["end"]
        length = self._assembly[chrom].length
        bad = (start < 0) | (start > end) | (end > length)
        if bad.any():
            k = int(np.argmax(bad))
            raise RegionError(
                f"feature [{start[k]}, {end[k]}) is not inside {chrom!r}; allowed is 0 <= start <= "
                f"end <= {length}"
            )
        if input_row is None:
            input_row = np.arange(self._appended, self._appended + start.size)
        for name, dtype in self._columns.items():
            raw = self._raw(name, dtype, input_row if name == "input_row" else columns[name])
            self._file.write(raw)
            self._pieces.setdefault((chrom, name), []).append((self._used, len(raw)))
            self._used += len(raw)
        self.rows[chrom] += start.size
        self._appended += start.size

    def _raw(self, name: str, dtype: np.dtype[Any], values: Any) -> bytes:
        if dtype != TEXT:
            return bytes(np.asarray(values).astype(dtype).tobytes())
        joined = END_OF_TEXT.join(values) + END_OF_TEXT
        if joined.count(END_OF_TEXT) != len(values):
            raise ValueRangeError(f"a text of column {name!r} holds the character NUL, which ends a text")
        if name in self._guessed:
            self._guessed[name].look(joined)
        return joined.encode()

    def finish(self) -> None:
        """Sort and write everything; it is not visible yet."""
        try:
            with disk_errors(self._part.target):
                self._write()
        except BaseException:
            self.abort()
            raise
        self._file.close()

    def abort(self) -> None:
        """Give up: nothing becomes visible."""
        with suppress(OSError):  # a full disk takes what is still in the buffer no more than before
            self._file.close()
        self._part.discard()

    def _write(self) -> None:
        counts = np.array(list(self.rows.values()), np.int64)
        firsts = np.cumsum(counts) - counts
        total = int(counts.sum())
        # 32 bits are enough for every assembly known; the type follows the longest chromosome.
        place = (
            np.dtype("int32") if max(chrom.length for chrom in self._assembly) < 2**31 else np.dtype("int64")
        )
        dtypes = {"chrom": np.dtype("int32"), "reach": place} | self._columns | {"start": place, "end": place}
        dtypes["input_row"] = np.dtype("int32") if total < 2**31 else np.dtype("int64")
        dtypes |= {name: texts.dtype for name, texts in self._guessed.items()}
        checksums = {name: Checksums() for name, dtype in dtypes.items() if dtype == TEXT} | {
            "sequence_name": Checksums()
        }
        sink = self._sink(self._part.path)
        try:
            for name, dtype in dtypes.items():
                sink.create(name, "feature", total, dtype, {"units": _UNITS[name]} if name in _UNITS else {})
            for first, columns in self._blocks(dtypes):
                for name, values in columns.items():
                    sink.write(name, first, values)
                    if name in checksums:
                        checksums[name].add(values)
            table = {
                "sequence_name": np.array(self._assembly.names, dtype=object),
                "sequence_length": np.array([chrom.length for chrom in self._assembly], np.int64),
                "first_feature": firsts,
                "n_features": counts,
            }
            for name, column in table.items():
                sink.create(
                    name, "sequence", column.size, column.dtype, {"units": "bp"} if name in _UNITS else {}
                )
                sink.write(name, 0, column)
            checksums["sequence_name"].add(table["sequence_name"])
            for name, checksum in checksums.items():
                checksums_of_rows = checksum.finish()
                sink.create(
                    CRC + name,
                    f"block_of_{'sequence' if name in SEQUENCE_TABLE else 'feature'}",
                    checksums_of_rows.size,
                    checksums_of_rows.dtype,
                    {},
                )
                sink.write(CRC + name, 0, checksums_of_rows)
            extra = self._describe(WriteReport()) if self._describe else {}
            sink.finish(self._attributes | {"kind": FEATURES} | extra)
        except BaseException:
            sink.abandon()
            raise

    def _blocks(self, dtypes: dict[str, np.dtype[Any]]) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
        """First row and columns of whole chromosomes, many short ones together: a store writes few
        large pieces faster than many small ones.
        """
        first = held = 0
        parts: list[dict[str, NDArray[Any]]] = []
        for row, (chrom, n) in enumerate(self.rows.items()):
            if n:
                parts.append(self._sorted(chrom, row, dtypes))
                held += n
            if parts and (held >= CHUNK or row == len(self.rows) - 1):
                yield first, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
                first, held = first + held, 0
                parts.clear()

    def _sorted(self, chrom: str, row: int, dtypes: dict[str, np.dtype[Any]]) -> dict[str, NDArray[Any]]:
        columns = {name: self._values(chrom, name, dtypes[name]) for name in self._columns}
        order = np.lexsort((columns["input_row"], columns["end"], columns["start"]))
        columns = {name: column[order] for name, column in columns.items()}
        return {
            "chrom": np.full(order.size, row, np.int32),
            "reach": reach(columns["start"], columns["end"]),
        } | columns

    def _values(self, chrom: str, name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
        raw = b"".join(self._read(*piece) for piece in self._pieces[chrom, name])
        if self._columns[name] != TEXT:
            return np.frombuffer(raw, self._columns[name])
        texts = raw.decode().split(END_OF_TEXT)[:-1]
        if dtype.kind == "f":
            texts = ["nan" if text in _MISSING else text for text in texts]
        if dtype == TEXT:
            return text_array(texts)
        values = np.array(texts, dtype=np.str_).astype(dtype)
        if dtype.kind == "f" and np.isinf(values).any():
            beyond = [texts[k] for k in np.flatnonzero(np.isinf(values)).tolist()]
            wrong = next((text for text in beyond if "inf" not in text.lower()), None)
            if wrong is not None:
                raise ValueRangeError(
                    f"column {name!r} holds {wrong}, which is beyond the numbers of 64 bits"
                )
        return values

    def _read(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)


class TableSink(Protocol):
    """Columns as one form of store keeps them."""

    def create(self, name: str, dim: str, n: int, dtype: Any, attributes: dict[str, str]) -> None: ...
    def write(self, name: str, first: int, values: NDArray[Any]) -> None: ...
    def finish(self, attributes: dict[str, str | int]) -> None: ...
    def abandon(self) -> None: ...
