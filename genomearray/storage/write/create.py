"""Creating a track: the form, dtype and place are settled, then a writer is handed out."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from numpy.typing import DTypeLike

from genomearray._typing import Attributes
from genomearray._version import __version__
from genomearray.choices import SEQUENCE, Store
from genomearray.errors import ValueRangeError
from genomearray.reference.assembly import Assembly
from genomearray.source import missing_value
from genomearray.storage.chunks.codecs import names_crc
from genomearray.storage.feature_layout import FEATURES
from genomearray.storage.layout import (
    ABSENT,
    CONVENTIONS,
    LAYOUT,
    NAMES_CRC,
    Layout,
    chunk_length,
    default_units,
    track_dtype,
)
from genomearray.storage.names import check_track_name
from genomearray.storage.write.cast import Caster
from genomearray.storage.write.disk import disk_errors
from genomearray.storage.write.feature_table import FeatureWriter, TableSink
from genomearray.storage.write.options import WriteOptions
from genomearray.storage.write.publish import Part
from genomearray.storage.write.track_writer import Sink, TrackWriter


def create_writer(
    folder: Path, assembly: Assembly, name: str, dtype: DTypeLike, options: WriteOptions
) -> TrackWriter:
    """A writer for a new track of an assembly's folder.

    Raises
    ------
    TrackNameError, TrackExistsError, ValueRangeError
    """
    if not options.alone:
        check_track_name(name)
    if options.threads is not None and options.threads < 1:
        raise ValueRangeError(f"{options.threads} threads cannot work; use at least 1")
    native = track_dtype("uint8" if options.kind == SEQUENCE else dtype)
    fill = missing_value(options.kind, native, zero=options.zero_fill)
    layout = Layout(assembly, options.chunk or chunk_length(native))
    caster = Caster(native, options.overflow, round=options.round)
    part = Part(folder, name, options.store, overwrite=options.overwrite, alone=options.alone)
    try:
        with disk_errors(part.target):
            sink = _sink(options.store)(
                part.path,
                layout,
                native,
                options.kind,
                fill,
                options.units or default_units(options.kind, native),
            )
    except BaseException:
        part.discard()
        raise
    attributes = _attributes(assembly, options.kind, options) | options.attributes
    if native.kind == "f" and fill == 0:
        attributes[ABSENT] = 0
    return TrackWriter(
        part, sink, caster, fill, attributes, threads=options.threads, describe=options.describe
    )


def create_feature_writer(
    folder: Path,
    assembly: Assembly,
    name: str,
    columns: Mapping[str, DTypeLike],
    options: WriteOptions | None = None,
) -> FeatureWriter:
    """A writer for a new feature table of an assembly's folder; ``columns`` are those besides
    start, end and strand.

    Raises
    ------
    TrackNameError, TrackExistsError, ValueRangeError
    """
    options = options or WriteOptions()
    check_track_name(name)
    part = Part(folder, name, options.store, overwrite=options.overwrite)
    attributes = _attributes(assembly, FEATURES, options)
    return FeatureWriter(part, _table_sink(options.store), assembly, columns, attributes, options.describe)


def _sink(store: Store) -> Callable[..., Sink]:
    # The two forms load h5netcdf or zarr-python: only the one that is asked for.
    if store == "zarr":
        from genomearray.storage.write.zarr_store import ZarrSink

        return ZarrSink
    from genomearray.storage.write.hdf5 import Hdf5Sink

    return Hdf5Sink


def _table_sink(store: Store) -> Callable[[Path], TableSink]:
    if store == "zarr":
        from genomearray.storage.write.zarr_store import ZarrTableSink

        return ZarrTableSink
    from genomearray.storage.write.hdf5 import Hdf5TableSink

    return Hdf5TableSink


def command_line() -> str:
    """How this program was called."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv and sys.argv[0] else "python"


def _attributes(assembly: Assembly, kind: str, options: WriteOptions) -> Attributes:
    """Attributes of the root: text and integers only, which every reader of both forms understands."""
    import uuid

    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    command = command_line() if options.command is None else options.command
    return {
        "Conventions": CONVENTIONS,
        "genomearray_layout": LAYOUT,
        "id": str(uuid.uuid4()),
        "kind": kind,
        "assembly": assembly.name,
        "source": options.source,
        "command": command,
        "created": now,
        "software": f"genomearray {__version__}",
        "history": f"{now} {command}",
        NAMES_CRC: names_crc(assembly.names),
    }
