"""Options that several subcommands share, each defined once."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar, cast

import click

from genomearray.choices import DTYPES, OVERFLOWS, PRESETS, STORES, Overflow, Store

if TYPE_CHECKING:
    pass

F = TypeVar("F", bound=Callable[..., Any])


if TYPE_CHECKING:
    IntType = click.ParamType[int]
else:
    IntType = click.ParamType  # generic in newer clicks only


class HasLines(Protocol):
    """A report of an import or an export."""

    def lines(self) -> list[str]: ...


class DerivedSettings(TypedDict, total=False):
    """Options of a new track that is computed from others, as :func:`write_options` and
    :func:`cluster_options` add them.
    """

    dtype: str | None
    store: Store
    overwrite: bool
    overflow: Overflow
    round: bool
    threads: int | None


def database_options(function: F) -> F:
    """Add ``--db`` and ``--assembly``, as after the program's name; they win over those."""
    function = click.option(
        "--assembly", metavar="NAME", help="Genome assembly, such as hg38 [default: $GENOME_ASSEMBLY]."
    )(function)
    return click.option("--db", metavar="FOLDER", help="Folder of the database [default: $GENOME_DB].")(
        function
    )


def settings(ctx: click.Context, db: str | None, assembly: str | None) -> tuple[str | None, str | None]:
    """Database and assembly, from after the subcommand or from before it."""
    before = ctx.find_root().obj or {}
    return db or before.get("db"), assembly or before.get("assembly")


def with_database(function: F) -> F:
    """Add the options of the database, and pass the open one as first argument. Where none is named,
    TRACKs that are files are opened by themselves.
    """

    @click.pass_context
    @wraps(function)
    def command(
        ctx: click.Context, /, *args: Any, db: str | None, assembly: str | None, **kwargs: Any
    ) -> Any:
        from genomearray.storage.names import is_track_file

        path, name = settings(ctx, db, assembly)
        asked = kwargs.get("tracks") or (kwargs.get("track"),)
        files = all(isinstance(track, str) and is_track_file(track) for track in asked)
        if files and not (path or os.environ.get("GENOME_DB")):
            from genomearray.database.no_database import NoDatabase

            return function(NoDatabase(), *args, **kwargs)
        from genomearray.database.database import GenomeDB

        return function(GenomeDB(path, name), *args, **kwargs)

    return database_options(command)  # type: ignore[return-value]


def cluster_options(function: F) -> F:
    """Add ``--threads`` and ``--scheduler``; the function runs on the cluster, and sees ``threads`` only."""

    @wraps(function)
    def command(*args: Any, scheduler: str | None, **kwargs: Any) -> Any:
        from genomearray.executor import cluster

        if scheduler is not None and kwargs.get("threads") is not None:
            raise click.UsageError("--threads works here, --scheduler on a cluster; give one of them")
        with cluster(scheduler):
            return function(*args, **kwargs)

    return _apply([_THREADS, _SCHEDULER], command)  # type: ignore[return-value]


_THREADS = click.option(
    "--threads", type=click.IntRange(min=1), metavar="N", help="Threads that work [default: one a core]."
)
_SCHEDULER = click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="Work on the dask cluster of this scheduler, such as tcp://10.0.0.1:8786; its workers see the "
    "same files.",
)


def write_options(default: str) -> Callable[[F], F]:
    """Add the options of a new track that is computed from others; ``default`` says its dtype."""

    def add(function: F) -> F:
        return _apply(
            [_STORE, _OVERWRITE, _dtype_option(None, f" [default: {default}]"), _OVERFLOW, _ROUND], function
        )

    return add


def store_options(function: F) -> F:
    """Add ``--store`` and ``--overwrite``."""
    return _apply([_STORE, _OVERWRITE], function)


def chroms_option(function: F) -> F:
    """Add ``--chrom``, which may be given again."""
    return click.option(
        "--chrom", "chroms", multiple=True, metavar="NAME", help="Only this chromosome; may be given again."
    )(function)


def import_options(function: F) -> F:
    """Add the options of every importer."""
    options = [
        _STORE,
        _OVERWRITE,
        click.option(
            "--chrom-alias",
            metavar="FILE|ucsc|ensembl",
            help="Translate chromosome names: a table with a column of names of the assembly, such as "
            "chromAlias of UCSC or an assembly report of NCBI; ucsc (1 becomes chr1); ensembl (chr1 "
            "becomes 1).",
        ),
        click.option(
            "--skip-unequal",
            is_flag=True,
            help="Leave out chromosomes of which the files have another length, or lines past the end, and "
            "report them.",
        ),
        click.option("--allow-empty", is_flag=True, help="Accept files without any data, for pipelines."),
    ]
    return _apply(options, cluster_options(function))


def skip_bad_option(function: F) -> F:
    """Add ``--skip-bad``, of formats of which a line can be left out."""
    return click.option(
        "--skip-bad",
        is_flag=True,
        help="Skip lines that cannot be read, and report how many, and the first ones.",
    )(function)


_STORE = click.option(
    "--store",
    type=click.Choice(STORES),
    default="h5",
    show_default=True,
    help="One HDF5 file, or one Zarr store (a folder).",
)
_OVERWRITE = click.option("--overwrite", is_flag=True, help="Replace a track of that name.")


def skip_unknown_option(function: F) -> F:
    """Add ``--skip-unknown``."""
    return click.option(
        "--skip-unknown",
        is_flag=True,
        help="Skip chromosomes that the assembly does not have, and report them.",
    )(function)


def signal_options(function: F) -> F:
    """Add the options of importers of numbers."""
    return import_options(skip_unknown_option(_apply([*_dtype_options("float32"), _ROUND], function)))


_OVERFLOW = click.option(
    "--overflow",
    type=click.Choice(OVERFLOWS),
    default="saturate",
    show_default=True,
    help="For numbers beyond the type: set to its limit and counted, an error, or a wider type.",
)
_ROUND = click.option(
    "--round", is_flag=True, help="Round fractions into an integer type; without it they are an error."
)


def track_options(function: F) -> F:
    """Add the options of importers that make a track only when asked to."""
    return import_options(
        skip_unknown_option(
            _apply([*_dtype_options(None, " [default: by what is imported]"), _ROUND], function)
        )
    )


def _dtype_option(default: str | None, note: str = "") -> Callable[[Any], Any]:
    return click.option(
        "--dtype",
        type=click.Choice(DTYPES),
        default=default,
        show_default=default is not None,
        help=f"Type of the stored numbers; integers need less space for counts{note}.",
    )


def _dtype_options(default: str | None, note: str = "") -> list[Callable[[Any], Any]]:
    return [
        _dtype_option(default, note),
        _OVERFLOW,
        click.option("--units", metavar="TEXT", help="Units of the values, kept with the track."),
    ]


def read_options(function: F) -> F:
    """Add the options of importers of aligned reads as tracks."""
    scale = click.option(
        "--scale",
        metavar="cpm|FACTOR",
        help="Multiply counts, or give counts per million: times 1e6 / reads used (with --chrom: used "
        "there), of pairs fragments; makes float32.",
    )
    return choice_options(
        _apply([scale, *_dtype_options(None, " [default: uint16, float32 with --scale]")], function)
    )


def choice_options(function: F) -> F:
    """Add the options that choose reads, and those of every importer."""
    options = [
        click.option(
            "--preset",
            type=click.Choice(PRESETS),
            help="Count as another tool does; the options below override it. genome: flags 4. samtools: "
            "MAPQ 0, no deletions. "
            "mosdepth: as samtools, mates once. bedtools: MAPQ 0, flags 4, no deletions.",
        ),
        click.option(
            "--min-mapq",
            type=click.IntRange(0, 255),
            metavar="N",
            help="Least mapping quality; 255 (unknown) passes [default: 10].",
        ),
        click.option(
            "--exclude-flags",
            type=_FLAGS,
            metavar="N",
            help="Drop reads with any of these flags [default: 1796: unmapped, secondary, QC-fail, "
            "duplicate].",
        ),
        click.option(
            "--require-flags", type=_FLAGS, metavar="N", help="Drop reads without all of these flags."
        ),
        click.option(
            "--chrom",
            "chroms",
            multiple=True,
            metavar="NAME|REGION",
            help="Only this chromosome of the assembly, or region as chr1:1,000-2,000 (both ends in); "
            "may be given again. An index is used.",
        ),
        click.option(
            "--read-length", is_flag=True, help="Report the lengths of the reads that passed the filters."
        ),
        click.option(
            "--fragment-sizes",
            metavar="FILE",
            help="Write a table (bp, tab, count) of all fragments whose read 1 passes the filters, "
            "whatever their size.",
        ),
        click.option(
            "--strict",
            is_flag=True,
            help="Contigs that the assembly does not have are an error, not skipped and reported.",
        ),
        click.option(
            "--allow-missing-eof",
            is_flag=True,
            help="Read a BAM that is cut or has no end-of-file marker, as far as it goes.",
        ),
        click.option(
            "--reference",
            type=click.Path(exists=True),
            metavar="FASTA",
            help="For a CRAM that cannot be read without.",
        ),
    ]
    return import_options(_apply(options, function))


_FLAG_NAMES = {
    name: 1 << bit
    for bit, name in enumerate(
        [
            "PAIRED",
            "PROPER_PAIR",
            "UNMAP",
            "MUNMAP",
            "REVERSE",
            "MREVERSE",
            "READ1",
            "READ2",
            "SECONDARY",
            "QCFAIL",
            "DUP",
            "SUPPLEMENTARY",
        ]  # samtools flags
    )
}


class _Flags(IntType):
    name = "flags"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """A number, decimal or hexadecimal, or names, as samtools writes them."""
        if isinstance(value, int):
            return value
        flags = 0
        for word in value.split(","):
            try:
                flags |= _FLAG_NAMES[word.upper()] if word.upper() in _FLAG_NAMES else int(word, 0)
            except ValueError:
                flags = -1
            if not 0 <= flags <= 65535:
                self.fail(
                    f"{value!r} is not a set of flags; give a number from 0 to 65535 as 1796 or 0x704, "
                    "or names as UNMAP,DUP",
                    param,
                    ctx,
                )
        return flags


_FLAGS = _Flags()
_BP = click.IntRange(1, 1_000_000)
_SHIFT = click.IntRange(-1_000_000, 1_000_000)


def size_options(least: int, most: int) -> Callable[[F], F]:
    """Add the options of fragments, with their default sizes (bp)."""

    def add(function: F) -> F:
        options = [
            click.option(
                "--min-frag-size",
                type=_BP,
                metavar="BP",
                help=f"Least size of fragments that count [default: {least}].",
            ),
            click.option(
                "--max-frag-size",
                type=_BP,
                metavar="BP",
                help=f"Greatest size of fragments that count [default: {most}].",
            ),
            click.option(
                "--max-duplicates",
                type=int,
                default=0,
                metavar="N",
                help="At most N of one strand, left end and size, over all files.",
            ),
        ]
        return _apply(options, function)

    return add


def shift_options(function: F) -> F:
    """Add ``--shift-forward`` and ``--shift-reverse``."""
    options = [
        click.option(
            "--shift-forward",
            type=_SHIFT,
            default=0,
            metavar="BP",
            help="Shift forward reads along the reference (ATAC-seq: 4).",
        ),
        click.option(
            "--shift-reverse",
            type=_SHIFT,
            default=0,
            metavar="BP",
            help="Shift reverse reads along the reference (ATAC-seq: -5).",
        ),
    ]
    return _apply(options, function)


def reverse_option(function: F) -> F:
    """Add ``--reverse-track``."""
    return click.option(
        "--reverse-track",
        metavar="NAME",
        help="A second track for reverse reads; TRACK has the forward ones then.",
    )(function)


def clip_option(function: F) -> F:
    """Add ``--clip``."""
    return click.option(
        "--clip",
        is_flag=True,
        help="Cut intervals at the end of their chromosome; without it they are an error.",
    )(function)


def _apply(options: list[Callable[[Any], Any]], function: F) -> F:
    wrapped: Any = function
    for option in reversed(options):
        wrapped = option(wrapped)
    return cast("F", wrapped)


files_argument = click.argument("files", metavar="FILE...", nargs=-1, required=True)


def tell(report: HasLines) -> None:
    """Print a report, a line each thing, where messages go."""
    for line in report.lines():
        click.echo(line, err=True)
