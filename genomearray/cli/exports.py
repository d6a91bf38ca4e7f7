"""``export``: tracks become files of other formats."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import click

from genomearray.choices import BED_PARTS, BedParts, Store
from genomearray.cli.options import chroms_option, cluster_options, tell, with_database

if TYPE_CHECKING:
    from genomearray_converters.exporting.options import ExportSettings

    from genomearray.database.database import GenomeDB

F = TypeVar("F", bound=Callable[..., Any])


@click.group()
def export() -> None:
    """Write a track, or a feature table, as a file of another format.

    OUT is a file; text goes to standard output with - and is compressed when the name ends in .gz.
    """


def _export_options(function: F) -> F:
    """Add the arguments and options of every exporter."""
    options = [
        click.argument("track"),
        click.argument("out"),
        click.option(
            "--region", metavar="REGION", help="Only this region, as chr1:1,000-2,000: both ends in."
        ),
        chroms_option,
        click.option("--overwrite", is_flag=True, help="Replace OUT."),
    ]
    wrapped: Any = function
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


_zeros = click.option("--skip-zeros", is_flag=True, help="Leave zeros out; they are values otherwise.")


def _chosen(options: ExportSettings) -> ExportSettings:
    return {**options, "chroms": options["chroms"] or None, "progress": True}


@export.command()
@_export_options
@cluster_options
@with_database
def wig(db: GenomeDB, track: str, out: str, **options: Unpack[ExportSettings]) -> None:
    """A signal as fixedStep wiggle, one line per base. Missing bases are left out."""
    from genomearray_converters import export_wig

    tell(export_wig(db.open_track(track), out, **_chosen(options)))


@export.command()
@_export_options
@_zeros
@cluster_options
@with_database
def bedgraph(db: GenomeDB, track: str, out: str, skip_zeros: bool, **options: Unpack[ExportSettings]) -> None:
    """A signal as bedGraph: a line for each stretch of equal values; NaN is left out."""
    from genomearray_converters import export_bedgraph

    tell(export_bedgraph(db.open_track(track), out, skip_zeros=skip_zeros, **_chosen(options)))


@export.command()
@_export_options
@_zeros
@cluster_options
@with_database
def bigwig(db: GenomeDB, track: str, out: str, skip_zeros: bool, **options: Unpack[ExportSettings]) -> None:
    """A signal as bigWig: stretches of equal values, as float32; NaN is a gap."""
    from genomearray_converters import export_bigwig

    tell(export_bigwig(db.open_track(track), out, skip_zeros=skip_zeros, **_chosen(options)))


@export.command()
@_export_options
@cluster_options
@with_database
def fasta(db: GenomeDB, track: str, out: str, **options: Unpack[ExportSettings]) -> None:
    """A sequence as FASTA, lower case as stored."""
    from genomearray_converters import export_fasta

    tell(export_fasta(db.open_track(track), out, **_chosen(options)))


@export.command()
@_export_options
@cluster_options
@with_database
def npy(db: GenomeDB, track: str, out: str, **options: Unpack[ExportSettings]) -> None:
    """A region or one chromosome as a .npy file, else a folder with one for each chromosome."""
    from genomearray_converters import export_npy

    from genomearray.compute.blocks import chroms_named

    chosen = _chosen(options)
    named = tuple(chroms_named(chosen["chroms"])) if chosen["chroms"] is not None else ()
    if len(named) == 1:
        chosen["chroms"] = named[0]
    tell(export_npy(db.open_track(track), out, **chosen))


def _store(db: GenomeDB, track: str, out: str, store: Store, options: ExportSettings) -> None:
    from genomearray_converters import export_store

    tell(export_store(db.open_track(track), out, store, **_chosen(options)))


@export.command()
@_export_options
@cluster_options
@with_database
def h5(db: GenomeDB, track: str, out: str, **options: Unpack[ExportSettings]) -> None:
    """One HDF5 file, from a track of any store."""
    _store(db, track, out, "h5", options)


@export.command()
@_export_options
@cluster_options
@with_database
def zarr(db: GenomeDB, track: str, out: str, **options: Unpack[ExportSettings]) -> None:
    """One Zarr store, from a track of any store."""
    _store(db, track, out, "zarr", options)


@export.command()
@_export_options
@click.option("--above", type=float, help="Of a signal: where its values are greater.")
@click.option("--below", type=float, help="Of a signal: where its values are less.")
@click.option(
    "--min-length",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="BP",
    help="Of a signal: least length.",
)
@click.option(
    "--max-gap",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    metavar="BP",
    help="Of a signal: join intervals this near.",
)
@click.option(
    "--parts",
    type=click.Choice(BED_PARTS),
    default="features",
    show_default=True,
    metavar="WHICH",
    help="Of a table of transcripts: exons, introns, coding_exons, merged_exons, genes, tss, or "
    "promoters (the 1,000 bp before the start).",
)
@click.option("--bigbed", is_flag=True, help="Write a bigBed, as for names that end in .bb or .bigBed.")
@cluster_options
@with_database
def bed(
    db: GenomeDB,
    track: str,
    out: str,
    region: str | None,
    above: float | None,
    below: float | None,
    min_length: int,
    max_gap: int,
    parts: BedParts,
    bigbed: bool,
    chroms: tuple[str, ...],
    overwrite: bool,
    threads: int | None,
) -> None:
    """A feature table as BED or bigBed, transcripts as BED12; of a signal, the intervals --above or --below a
    value, with their mean and maximum.
    """
    from genomearray_converters import export_bed

    from genomearray.reference.assembly import Assembly
    from genomearray.track.track import Track

    names, binary = list(chroms) or None, bigbed or None
    opened = db.open(track)
    if not isinstance(opened, Track):
        tell(
            export_bed(
                opened, out, region=region, chroms=names, parts=parts, overwrite=overwrite, bigbed=binary
            )
        )
        return
    if above is None and below is None:
        raise click.UsageError(f"{track} is a track: say which intervals with --above or --below")
    if region is not None:
        names, opened = [region.partition(":")[0]], opened.where([region])
    intervals = opened.intervals(
        above, below, min_length, max_gap, chroms=names, threads=threads, progress=True
    )
    assembly = Assembly.in_order(
        opened.assembly, [(name, opened.source.length(name)) for name in opened.source.names]
    )
    tell(export_bed(intervals, out, overwrite=overwrite, bigbed=binary, assembly=assembly))
