"""Feature tables on disk: columns along ``feature``, sorted by chromosome, start and end.

The same names in HDF5 (netCDF-4) and Zarr v3::

    /                   attributes as of a track, kind = features
    /chrom              (feature)    row of the chromosome in the assembly
    /start, /end        (feature)    offsets, 0-based, half-open, bp
    /strand             (feature)    1, -1, 0
    /reach              (feature)    greatest end on the chromosome up to this row: a search in it finds who overlaps
    /<other>            (feature)    any other column
    /sequence_name, /sequence_length, /first_feature, /n_features   (sequence)   the assembly, and the rows of each chromosome
"""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from genomearray.assembly import Assembly
from genomearray.errors import LayoutError, RegionError
from genomearray.storage.layout import LAYOUT
from genomearray.storage.publish import Part, PartWriter

FEATURES = "features"
INDEX = ("chrom", "start", "end", "strand", "reach")
SEQUENCE_TABLE = ("sequence_name", "sequence_length", "first_feature", "n_features")
_CHUNK = 1 << 15  # rows
_UNITS = {"start": "bp", "end": "bp", "reach": "bp", "sequence_length": "bp"}


class FeatureWriter(PartWriter):
    """Collects features in any order of chromosomes, and publishes them sorted, or leaves nothing.

    Parameters
    ----------
    part : Part
    assembly : Assembly
    columns : dict of str to dtype
        Besides start, end and strand.
    attributes : dict
    describe : callable, optional
        More attributes, when all features are there.
    """

    dtype = "features"  # what the report of an import tells of a track

    def __init__(
        self,
        part: Part,
        assembly: Assembly,
        columns: dict[str, Any],
        attributes: dict[str, str | int],
        describe: Callable[[], dict[str, str | int]] | None = None,
    ) -> None:
        self._part = part
        self._assembly = assembly
        self._columns: dict[str, np.dtype[Any]] = {"start": np.dtype("int64"), "end": np.dtype("int64"), "strand": np.dtype("int8")}
        self._columns.update({name: np.dtype(dtype) for name, dtype in columns.items()})
        self._attributes = attributes
        self._describe = describe
        self._rows = {chrom.name: 0 for chrom in assembly}
        # What was appended waits in a file without a name: (chromosome, column) -> pieces of it, (offset, bytes).
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="genomearray-")  # noqa: SIM115 - closed by finish or abort
        self._used = 0
        self._pieces: dict[tuple[str, str], list[tuple[int, int]]] = {}

    def append(self, chrom: str, columns: dict[str, NDArray[Any]]) -> None:
        """Add features of a chromosome; all columns have the shape (n,).

        Raises
        ------
        RegionError
            A feature that is empty or outside of its chromosome.
        """
        start, end = columns["start"], columns["end"]
        length = self._assembly[chrom].length
        bad = (start < 0) | (start >= end) | (end > length)
        if bad.any():
            k = int(np.argmax(bad))
            raise RegionError(f"feature [{start[k]}, {end[k]}) is not inside {chrom!r}; allowed is 0 <= start < end <= {length}")
        for name, dtype in self._columns.items():
            raw = columns[name].astype(dtype).tobytes()
            self._file.write(raw)
            self._pieces.setdefault((chrom, name), []).append((self._used, len(raw)))
            self._used += len(raw)
        self._rows[chrom] += start.size

    def finish(self) -> None:
        """Sort and write everything; it is not visible yet."""
        try:
            self._write()
        except BaseException:
            self.abort()
            raise
        finally:
            self._file.close()

    def abort(self) -> None:
        """Give up: nothing becomes visible."""
        self._file.close()
        self._part.discard()

    def _write(self) -> None:
        counts = np.array(list(self._rows.values()), np.int64)
        firsts = np.cumsum(counts) - counts
        total = int(counts.sum())
        # 32 bits are enough for every assembly known; the type follows the longest chromosome.
        place = np.dtype("int32") if max(chrom.length for chrom in self._assembly) < 2**31 else np.dtype("int64")
        dtypes = {"chrom": np.dtype("int32"), "reach": place} | self._columns | {"start": place, "end": place}
        sink = _SINKS[self._part.form](self._part.path)
        try:
            for name, dtype in dtypes.items():
                sink.create(name, "feature", total, dtype, {"units": _UNITS[name]} if name in _UNITS else {})
            for row, (chrom, first, n) in enumerate(zip(self._rows, firsts.tolist(), counts.tolist(), strict=True)):
                if n:
                    for name, values in self._sorted(chrom, row).items():
                        sink.write(name, first, values)
            table = {
                "sequence_name": np.array(self._assembly.names, dtype=object),
                "sequence_length": np.array([chrom.length for chrom in self._assembly], np.int64),
                "first_feature": firsts,
                "n_features": counts,
            }
            for name, column in table.items():
                sink.create(name, "sequence", column.size, column.dtype, {"units": "bp"} if name in _UNITS else {})
                sink.write(name, 0, column)
            extra = self._describe() if self._describe else {}
            sink.finish(self._attributes | {"kind": FEATURES} | extra)
        except BaseException:
            sink.abandon()
            raise

    def _sorted(self, chrom: str, row: int) -> dict[str, NDArray[Any]]:
        columns = {}
        for name, dtype in self._columns.items():
            raw = b"".join(self._read(*piece) for piece in self._pieces[chrom, name])
            columns[name] = np.frombuffer(raw, dtype)
        order = np.lexsort((columns["end"], columns["start"]))
        columns = {name: column[order] for name, column in columns.items()}
        return {"chrom": np.full(order.size, row, np.int32), "reach": np.maximum.accumulate(columns["end"])} | columns

    def _read(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(size)


class _Sink(Protocol):
    def create(self, name: str, dim: str, n: int, dtype: Any, attributes: dict[str, str]) -> None: ...
    def write(self, name: str, first: int, values: NDArray[Any]) -> None: ...
    def finish(self, attributes: dict[str, str | int]) -> None: ...
    def abandon(self) -> None: ...


class _Hdf5Sink:
    def __init__(self, path: Path) -> None:
        import h5netcdf

        from genomearray.storage.hdf5_writer import LIBVER

        self._file: Any = h5netcdf.File(path, "w", libver=LIBVER, locking=False)

    def create(self, name: str, dim: str, n: int, dtype: Any, attributes: dict[str, str]) -> None:
        import h5py

        text = dtype.kind == "O"
        if dim not in self._file.dimensions:
            self._file.dimensions[dim] = n
        packed = {} if text or not n else {"compression": "gzip", "compression_opts": 4, "shuffle": True, "chunks": (min(n, _CHUNK),)}
        created = self._file.create_variable(name, (dim,), dtype=h5py.string_dtype() if text else dtype, **packed)
        for key, value in attributes.items():
            created.attrs[key] = value

    def write(self, name: str, first: int, values: NDArray[Any]) -> None:
        self._file[name][first : first + values.size] = values

    def finish(self, attributes: dict[str, str | int]) -> None:
        for key, value in attributes.items():
            self._file.attrs[key] = value
        self._file.close()

    def abandon(self) -> None:
        # On a full disk what cannot be flushed is removed anyway.
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            self._file.close()


class _ZarrSink:
    def __init__(self, path: Path) -> None:
        import zarr

        # Not mode "w": it would remove the folder, and with it the lock that protects the part.
        self._path = path
        self._root: Any = zarr.open_group(path, mode="a", zarr_format=3)

    def create(self, name: str, dim: str, n: int, dtype: Any, attributes: dict[str, str]) -> None:
        from zarr.codecs import BloscCodec, Crc32cCodec

        text = dtype.kind == "O"
        packed = [] if text else [BloscCodec(typesize=dtype.itemsize, cname="zstd", clevel=3, shuffle="shuffle"), Crc32cCodec()]
        self._root.create_array(
            name,
            shape=(n,),
            dtype=str if text else dtype,
            chunks=(max(1, n if text else min(n, _CHUNK)),),
            compressors=packed or "auto",
            fill_value="" if text else 0,
            dimension_names=(dim,),
            attributes=attributes,
        )

    def write(self, name: str, first: int, values: NDArray[Any]) -> None:
        self._root[name][first : first + values.size] = values

    def finish(self, attributes: dict[str, str | int]) -> None:
        import warnings

        import zarr

        self._root.attrs.update(attributes)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that consolidated metadata are not in the specification yet
            zarr.consolidate_metadata(self._path)

    def abandon(self) -> None:
        """Nothing is open."""


_SINKS: dict[str, Callable[[Path], _Sink]] = {"h5": _Hdf5Sink, "zarr": _ZarrSink}


class FeatureFile:
    """A feature table on disk, open for reading.

    Raises
    ------
    LayoutError
        No feature table, or one of a layout that is not known.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._store = self._open()
        self.attributes: dict[str, Any] = dict(self._store.attrs)
        if str(self.attributes.get("genomearray_layout")) != LAYOUT or self.attributes.get("kind") != FEATURES:
            kind = self.attributes.get("kind")
            hint = "; it is a track: open it with open_track" if kind is not None else ""
            raise LayoutError(f"{path} is no feature table of genomearray{hint}")

    def _open(self) -> Any:
        try:
            if self.path.is_dir():
                import zarr

                return zarr.open_group(self.path, mode="r", zarr_format=3)
            import h5py

            return h5py.File(self.path, "r")
        except (OSError, ValueError, KeyError) as error:
            raise LayoutError(f"{self.path} cannot be opened as a feature table: {error}; is it cut, damaged, or another kind of file?") from error

    @property
    def columns(self) -> list[str]:
        """Names of the columns along ``feature``, those every table has first."""
        known = {*INDEX, *SEQUENCE_TABLE, "feature", "sequence"}
        return ["start", "end", "strand", *sorted(name for name in self._store if name not in known)]

    def column(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Rows [first, last) of a column."""
        stored = self._store[name]
        values = stored[first : stored.shape[0] if last is None else last]
        if values.dtype.kind == "O":
            return np.array([value.decode() if isinstance(value, bytes) else str(value) for value in values], dtype=object)
        return np.asarray(values)

    def close(self) -> None:
        """Close the file."""
        if hasattr(self._store, "close"):
            self._store.close()
