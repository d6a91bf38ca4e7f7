"""Whole tracks from Python data: arrays, Datasets, tracks or pieces -> a writer."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, Unpack, cast

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from genomearray.choices import KINDS, SIGNAL, Kind, check
from genomearray.errors import AssemblyError, LayoutError, ValueRangeError
from genomearray.executor import progress_bar, runner
from genomearray.reference.assembly import Assembly
from genomearray.reference.intervals import Intervals
from genomearray.reference.labels import PositionLabels, check_labels, labels_of
from genomearray.reference.region import parse_strand
from genomearray.source import PACKED, Source
from genomearray.storage.layout import BLOCK, Layout, chunk_length, track_dtype
from genomearray.storage.write.cast import NeedsWiderDtype, plain_array
from genomearray.storage.write.create import create_feature_writer, create_writer
from genomearray.storage.write.encoding import BlockEncoder, BlockJob, EncodedBlock, block_jobs
from genomearray.storage.write.options import TrackSettings, WriteOptions, WriteReport
from genomearray.storage.write.publish import created_together
from genomearray.storage.write.track_writer import TrackWriter
from genomearray.track.track import Track

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from genomearray.features.table import FeatureTable


Pieces: TypeAlias = Iterator[tuple[str, int, ArrayLike]]
Check: TypeAlias = Callable[[list[Any]], None] | None
# What a track can be made of: a track, labelled arrays, arrays by chromosome, or pieces.
TrackData: TypeAlias = (
    "Track | xr.Dataset | xr.DataArray | Mapping[str, ArrayLike] | Iterable[tuple[str, int, ArrayLike]]"
)


def save(
    folder: Path,
    assembly: Assembly,
    name: str,
    data: TrackData,
    dtype: DTypeLike | None,
    settings: TrackSettings,
    *,
    progress: bool,
) -> WriteReport:
    """See :meth:`genomearray.GenomeDB.save_track`."""
    if isinstance(data, Track):
        _same_assembly(assembly, data.assembly)
        return copy_track(folder, assembly, name, data, dtype, progress=progress, **settings)
    pieces, dtype_given, kind = _pieces(assembly, data)
    defaults: TrackSettings = {"kind": kind}
    options = WriteOptions(**(defaults | settings))
    with create_writer(folder, assembly, name, dtype_given if dtype is None else dtype, options) as writer:
        for chrom, start, values in pieces:
            writer.write(chrom, start, values)
    return writer.report


def copy_track(
    folder: Path,
    assembly: Assembly,
    name: str,
    track: Track,
    dtype: DTypeLike | None = None,
    *,
    progress: bool = False,
    check: Check = None,
    alone: bool = False,
    **settings: Unpack[TrackSettings],
) -> WriteReport:
    """Write a track; see :func:`copy_tracks`. ``alone``: as a file outside of a database."""
    plans = {name: _planned(track, dtype, settings, alone=alone)}
    return _write_all(folder, assembly, plans, {name: track}, progress=progress, check=check)[0].report


def copy_tracks(
    folder: Path,
    assembly: Assembly,
    tracks: Mapping[str, Track],
    dtype: DTypeLike | None = None,
    *,
    progress: bool = False,
    check: Check = None,
    **settings: Unpack[TrackSettings],
) -> list[TrackWriter]:
    """Write tracks, stored or lazy, into a folder: block by block, in threads or on the cluster of
    the session. All appear, or none.

    ``check`` as for :func:`~genomearray.storage.write.publish.created_together`.
    See :meth:`genomearray.GenomeDB.create_track` for the options.
    """
    plans = {name: _planned(track, dtype, settings) for name, track in tracks.items()}
    return _write_all(folder, assembly, plans, tracks, progress=progress, check=check)


def _write_all(
    folder: Path,
    assembly: Assembly,
    plans: dict[str, Plan],
    tracks: Mapping[str, Track],
    *,
    progress: bool,
    check: Check,
) -> list[TrackWriter]:
    for track in tracks.values():
        _same_chromosomes(assembly, track.source)
    dtypes = {name: plan.dtype for name, plan in plans.items()}
    while True:
        made = (
            create_writer(folder, assembly, name, dtypes[name], plan.options) for name, plan in plans.items()
        )
        name = ""
        try:
            with created_together(made, check) as writers:
                for (name, plan), writer in zip(plans.items(), writers, strict=True):
                    write_source(writer, plan.source, name, plan.options.threads, progress=progress)
            return writers
        except NeedsWiderDtype as need:
            dtypes[name] = need.dtype


def _same_chromosomes(assembly: Assembly, source: Source) -> None:
    for chrom in source.names:
        if chrom not in assembly or assembly[chrom].length != source.length(chrom):
            raise AssemblyError(
                f"chromosome {chrom!r} of the track has {source.length(chrom):,} bp, and is not so "
                f"in assembly {assembly.name!r}"
            )


class Plan(NamedTuple):
    """What is written, as which dtype, with which options."""

    source: Source
    dtype: DTypeLike
    options: WriteOptions


def _planned(track: Track, dtype: DTypeLike | None, settings: TrackSettings, *, alone: bool = False) -> Plan:
    """How a track is written: what is said of it goes along, and what does not fit is counted by
    the writer.
    """
    source = track.source
    said = track.attributes
    rounded: bool | None = None
    if dtype is None:
        source, dtype, rounded = source.unconverted()
    units = source.display_attributes(next(iter(source.variables))).get("units")
    defaults: TrackSettings = {
        "kind": source.kind,
        "source": str(said.get("source", "")),
        "units": None if units is None else str(units),
    }
    if rounded is not None:
        defaults["round"] = rounded
    options = WriteOptions(
        **(defaults | settings),
        attributes=_kept(said),
        zero_fill=source.dtype.kind == "f" and bool(source.fill == 0),
        alone=alone,
    )
    stored = np.dtype(np.uint8) if source.dtype.kind == "b" else source.dtype
    return Plan(source, stored if dtype is None else dtype, options)


def _kept(attributes: dict[str, Any]) -> dict[str, str | int]:
    """Attributes that record how a track was made, which a copy keeps."""
    return {name: value for name, value in attributes.items() if name.endswith(("_report", "_table"))}


def write_source(
    writer: TrackWriter, source: Source, name: str, threads: int | None = None, *, progress: bool = False
) -> None:
    """Compute, compress and store all blocks of a source; those that hold no data are not stored."""
    skip = _same_value(source.fill, writer.fill)
    everything = list(block_jobs(writer.layout))
    jobs = [job for job in everything if not (skip and _is_absent(source, job))]
    writer.report.bases += sum(job.length for job in everything) - sum(job.length for job in jobs)
    total = sum(job.length for job in jobs)
    with progress_bar(total, name, "bp", wanted=progress) as advance:
        for _, done in runner(threads).run(_encoded, (source, writer.encoder()), jobs, "save"):
            writer.accept(done)
            advance(done.job.length)


def _same_value(one: Any, other: Any) -> bool:
    return bool(one == other or (one != one and other != other))


def _is_absent(source: Source, job: BlockJob) -> bool:
    parts = zip(job.names, job.starts.tolist(), job.ends.tolist(), strict=True)
    return not any(source.has(name) and source.holds(name, start, end) for name, start, end in parts)


def _encoded(shared: tuple[Source, BlockEncoder], job: BlockJob) -> EncodedBlock:
    source, encoder = shared
    known = np.array([source.has(name) for name in job.names])
    sizes = job.ends - job.starts
    code = np.flatnonzero(known)
    if known.all():
        return encoder(job, source.read_intervals(Intervals(job.names, code, job.starts, job.ends)))
    values = np.full(job.length, source.missing_value(), source.dtype)
    if code.size:
        source.gather(
            Intervals(job.names, code, job.starts[code], job.ends[code]),
            values,
            (np.cumsum(sizes) - sizes)[code],
            threads=False,
        )
    return encoder(job, values)


def save_features(
    folder: Path, assembly: Assembly, name: str, table: pd.DataFrame, options: WriteOptions
) -> int:
    """See :meth:`genomearray.GenomeDB.save_features`."""
    lost = [column for column in ("chrom", "start", "end") if column not in table]
    if lost:
        raise ValueRangeError(f"the table has no column {lost[0]!r}; features need chrom, start and end")
    columns = {"start": _whole(table["start"], "start"), "end": _whole(table["end"], "end")}
    strands = table["strand"].tolist() if "strand" in table else ["."] * len(table)
    columns["strand"] = np.array([parse_strand(strand) for strand in strands], np.int8)
    for column in table.columns:
        if column not in ("chrom", "start", "end", "strand"):
            columns[str(column)] = _numbers_or_texts(table[column], str(column))
    chroms = np.asarray(table["chrom"].astype(str))
    extra = {
        column: values.dtype for column, values in columns.items() if column not in ("start", "end", "strand")
    }
    known = [(chrom, assembly[chrom].name) for chrom in dict.fromkeys(chroms.tolist())]
    with created_together([create_feature_writer(folder, assembly, name, extra, options)]) as (writer,):
        for chrom, stored in known:
            rows = np.flatnonzero(chroms == chrom)
            writer.append(stored, {column: values[rows] for column, values in columns.items()}, rows)
    return len(chroms)


def copy_features(
    folder: Path,
    assembly: Assembly,
    name: str,
    table: FeatureTable,
    check: Check = None,
    options: WriteOptions | None = None,
) -> int:
    """Keep a feature table in a database of the same assembly, in the same order; gives the number
    of features.
    """
    columns = table.columns
    dtypes = {
        column: table[f"{column}"].dtype for column in columns if column not in ("start", "end", "strand")
    }
    options = options or WriteOptions()
    options = replace(options, source=options.source or str(table.attributes.get("source", "")))
    with created_together([create_feature_writer(folder, assembly, name, dtypes, options)], check) as (
        writer,
    ):
        for chrom in table.chromosomes:
            features = table.sel(chrom=chrom)
            if len(features):
                writer.append(
                    assembly[chrom].name, {column: features[column] for column in columns}, features.input_row
                )
    return len(table)


def _numbers_or_texts(column: Any, name: str) -> Any:
    values = np.asarray(column)
    if values.dtype.kind in "iuf":
        return values.astype(np.float32) if values.dtype == np.float16 else values
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind in "US":
        values = values.astype(object)
    if values.dtype.kind != "O" or not all(isinstance(value, str) for value in values.tolist()):
        raise ValueRangeError(
            f"column {name!r} of dtype {values.dtype} cannot be kept; allowed are numbers and texts"
        )
    return values


def _whole(column: Any, name: str) -> Any:
    values = np.asarray(column)
    if values.dtype.kind not in "iu" and values.size:
        raise ValueRangeError(f"column {name!r} holds {values.dtype}; offsets are whole numbers")
    return values.astype(np.int64)


def _pieces(assembly: Assembly, data: TrackData) -> tuple[Pieces, DTypeLike, Kind]:
    """Pieces, their dtype, and the kind of track."""
    if hasattr(data, "data_vars"):
        return _dataset_pieces(assembly, cast("xr.Dataset", data))
    labels = labels_of(data)
    if isinstance(labels, PositionLabels):  # a labelled chromosome
        data = {labels.chrom: cast(ArrayLike, data)}
    if isinstance(data, Mapping):
        arrays = {str(chrom): _array(assembly, str(chrom), values) for chrom, values in data.items()}
        if not arrays:
            raise ValueRangeError("there is no array to save; give at least one chromosome")
        return _array_pieces(arrays), _common_dtype(arrays.values()), SIGNAL
    if not isinstance(data, Iterable):
        raise ValueRangeError(
            f"{type(data).__name__} is not track data; give a mapping, Dataset, Track or (chrom, "
            "start, values) pieces"
        )
    pieces = iter(data)
    first = next(pieces, None)
    if first is None:
        raise ValueRangeError("there is no piece to save; give at least one (chrom, start, values)")
    if not isinstance(first, tuple) or len(first) != 3:
        raise ValueRangeError(
            f"{first!r} is not a piece; give {{chrom: array}}, or tuples (chrom, start, values)"
        )
    return itertools.chain([first], pieces), _common_dtype([plain_array(first[2])]), SIGNAL


def _array(assembly: Assembly, chrom: str, values: Any) -> Any:
    known = isinstance(getattr(values, "dtype", None), np.dtype) and hasattr(values, "shape")
    array = values if known else plain_array(values)
    length = assembly[chrom].length
    if array.shape != (length,):
        raise AssemblyError(
            f"array of {chrom!r} has shape {array.shape}; the chromosome has {length} bp in "
            f"{assembly.name!r}, so shape ({length},)"
        )
    check_labels(values, assembly.name, chrom, 0)
    return array


def _array_pieces(arrays: Mapping[str, Any]) -> Pieces:
    for chrom, array in arrays.items():
        for start in range(0, array.shape[0], BLOCK):
            # A slice of a dask array or DataArray is computed here, one block at a time.
            yield chrom, start, np.asanyarray(array[start : start + BLOCK])


def _dataset_pieces(assembly: Assembly, dataset: xr.Dataset) -> tuple[Pieces, DTypeLike, Kind]:
    if "assembly" in dataset.attrs:
        _same_assembly(assembly, dataset.attrs["assembly"])
    layout = Layout(assembly, chunk_length(np.dtype("uint8")))
    arrays: dict[str, Any] = {}
    packed = None
    for variable, array in dataset.data_vars.items():
        if array.ndim != 1:
            raise LayoutError(
                f"variable {variable!r} has dimensions {array.dims}; one of a track has one, pos_{variable}"
            )
        if str(variable) == PACKED and PACKED not in assembly:
            packed = array
            continue
        arrays[str(variable)] = _array(assembly, str(variable), array)
    known = list(arrays.values()) + ([] if packed is None else [packed])
    if not known:
        raise LayoutError("the Dataset has no variable to save")
    pieces = _array_pieces(arrays)
    if packed is not None:
        pieces = itertools.chain(pieces, _packed_pieces(layout, packed))
    return pieces, _common_dtype(known), check("kind", str(dataset.attrs.get("kind", SIGNAL)), KINDS)


def _packed_pieces(layout: Layout, packed: Any) -> Pieces:
    rows = layout.packed_rows
    total = int(layout.lengths[rows].sum())
    if packed.shape != (total,):
        raise AssemblyError(
            f"variable 'packed' has {packed.shape[0]} positions; the short sequences of "
            f"{layout.assembly.name!r} have {total}"
        )
    check_labels(packed, layout.assembly.name, PACKED, 0)
    for row in rows:
        start, length = int(layout.packed_start[row]), int(layout.lengths[row])
        for begin in range(0, length, BLOCK):
            stop = min(begin + BLOCK, length)
            yield layout.assembly.names[row], begin, np.asarray(packed[start + begin : start + stop])


def _common_dtype(arrays: Iterable[Any]) -> Any:
    dtype = np.result_type(*{array.dtype for array in arrays})
    return (
        np.dtype("uint8") if dtype.kind == "b" else track_dtype(np.float32 if dtype == np.float16 else dtype)
    )


def _same_assembly(assembly: Assembly, other: str) -> None:
    if other != assembly.name:
        raise AssemblyError(
            f"the data are on assembly {other!r}, the database on {assembly.name!r}; lift them over first"
        )
