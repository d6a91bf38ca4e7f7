"""Creating a track: the form, dtype and place are settled, then a writer is handed out."""

from __future__ import annotations

import datetime
import sys
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from genomearray._version import __version__
from genomearray.choices import KINDS, SEQUENCE
from genomearray.errors import ValueRangeError
from genomearray.reference.assembly import Assembly
from genomearray.source import missing_value
from genomearray.storage.chunks.codecs import names_crc
from genomearray.storage.feature_layout import FEATURES
from genomearray.storage.layout import ABSENT, CONVENTIONS, LAYOUT, NAMES_CRC, Layout, chunk_length, default_units, track_dtype
from genomearray.storage.write.cast import Caster, Overflow
from genomearray.storage.write.feature_table import FeatureWriter
from genomearray.storage.write.publish import FORMS, Form, Part, check_track_name
from genomearray.storage.write.track_writer import Sink, TrackWriter, WriteReport


def create_writer(
    folder: Path,
    assembly: Assembly,
    name: str,
    dtype: Any,
    *,
    kind: str = "signal",
    store: Form = "h5",
    overwrite: bool = False,
    units: str | None = None,
    source: str = "",
    command: str | None = None,
    overflow: Overflow = "saturate",
    round: bool = False,
    threads: int | None = None,
    chunk: int | None = None,
    absent: float | None = None,
    attributes: dict[str, str | int] | None = None,
    alone: bool = False,
    describe: Callable[[WriteReport], dict[str, str | int]] | None = None,
) -> TrackWriter:
    """A writer for a new track of an assembly's folder.

    See :meth:`genomearray.GenomeDB.create_track` for the parameters; ``chunk`` (positions)
    is for measurements, ``absent=0`` makes bases that nobody writes 0 in floats too, which then hold no NaN
    (counts), ``alone`` writes a file outside of a database, ``attributes`` are kept with the track, and ``describe``
    gives more of them from the final report.

    Raises
    ------
    TrackNameError, TrackExistsError, ValueRangeError
    """
    if not alone:
        check_track_name(name)
    if store not in FORMS:
        raise ValueRangeError(f"store {store!r} is not known; allowed are {', '.join(FORMS)}")
    if kind not in KINDS:
        raise ValueRangeError(f"kind {kind!r} is not known; allowed are {', '.join(KINDS)}")
    if threads is not None and threads < 1:
        raise ValueRangeError(f"{threads} threads cannot work; use at least 1")
    native = track_dtype("uint8" if kind == SEQUENCE else dtype)
    fill = missing_value(kind, native, zero=absent == 0)
    layout = Layout(assembly, chunk or chunk_length(native))
    caster = Caster(native, overflow, round=round)
    part = Part(folder, name, store, overwrite=overwrite, alone=alone)
    try:
        sink = _sink(store)(part.path, layout, native, kind, fill, units or default_units(kind, native))
    except BaseException:
        part.discard()
        raise
    attributes = _attributes(assembly, kind, source, command) | (attributes or {})
    if native.kind == "f" and fill == 0:
        attributes[ABSENT] = 0
    return TrackWriter(part, sink, caster, fill, attributes, threads=threads, describe=describe)


def create_feature_writer(
    folder: Path,
    assembly: Assembly,
    name: str,
    columns: dict[str, Any],
    *,
    store: Form = "h5",
    overwrite: bool = False,
    source: str = "",
    command: str | None = None,
    describe: Callable[[], dict[str, str | int]] | None = None,
) -> FeatureWriter:
    """A writer for a new feature table of an assembly's folder; ``columns`` are those besides start, end and strand.

    Raises
    ------
    TrackNameError, TrackExistsError, ValueRangeError
    """
    check_track_name(name)
    if store not in FORMS:
        raise ValueRangeError(f"store {store!r} is not known; allowed are {', '.join(FORMS)}")
    part = Part(folder, name, store, overwrite=overwrite)
    return FeatureWriter(part, assembly, columns, _attributes(assembly, FEATURES, source, command), describe)


def _sink(store: Form) -> Callable[..., Sink]:
    # The two forms load h5netcdf or zarr-python: only the one that is asked for.
    if store == "zarr":
        from genomearray.storage.write.zarr_store import ZarrSink

        return ZarrSink
    from genomearray.storage.write.hdf5 import Hdf5Sink

    return Hdf5Sink


def command_line() -> str:
    """How this program was called."""
    return " ".join([Path(sys.argv[0]).name, *sys.argv[1:]]) if sys.argv and sys.argv[0] else "python"


def _attributes(assembly: Assembly, kind: str, source: str, command: str | None) -> dict[str, str | int]:
    """Attributes of the root: text and integers only, which every reader of both forms understands."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    if command is None:
        command = command_line()
    return {
        "Conventions": CONVENTIONS,
        "genomearray_layout": LAYOUT,
        "id": str(uuid.uuid4()),
        "kind": kind,
        "assembly": assembly.name,
        "source": source,
        "command": command,
        "created": now,
        "software": f"genomearray {__version__}",
        "history": f"{now} {command}",
        NAMES_CRC: names_crc(assembly.names),
    }
