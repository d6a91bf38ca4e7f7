"""Options that several subcommands share, each defined once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

if TYPE_CHECKING:
    from genomearray.database import GenomeDB

F = TypeVar("F", bound=Callable[..., Any])


def database_options(function: F) -> F:
    """Add ``--db`` and ``--assembly``, as after the program's name; they win over those."""
    function = click.option("--assembly", metavar="NAME", help="Genome assembly, such as hg38 [default: $GENOME_ASSEMBLY].")(function)
    return click.option("--db", metavar="FOLDER", help="Folder of the database [default: $GENOME_DB].")(function)


def settings(ctx: click.Context, db: str | None, assembly: str | None) -> tuple[str | None, str | None]:
    """Database and assembly, from after the subcommand or from before it."""
    before = ctx.find_root().obj or {}
    return db or before.get("db"), assembly or before.get("assembly")


def with_database(function: F) -> F:
    """Add the options of the database, and pass the open one as first argument."""

    @click.pass_context
    @wraps(function)
    def command(ctx: click.Context, /, *args: Any, db: str | None, assembly: str | None, **kwargs: Any) -> Any:
        from genomearray.database import GenomeDB

        opened: GenomeDB = GenomeDB(*settings(ctx, db, assembly))
        return function(opened, *args, **kwargs)

    return database_options(command)  # type: ignore[return-value]


def import_options(function: F) -> F:
    """Add the options of every importer."""
    options = [
        click.option(
            "--store", type=click.Choice(["h5", "zarr"]), default="h5", show_default=True, help="One HDF5 file, or one Zarr store (a folder)."
        ),
        click.option("--overwrite", is_flag=True, help="Replace a track of that name."),
        click.option(
            "--chrom-alias",
            metavar="FILE|ucsc|ensembl",
            help="Translate chromosome names: a file with two columns, ucsc (1 becomes chr1) or ensembl (chr1 becomes 1).",
        ),
        click.option("--skip-unknown", is_flag=True, help="Skip chromosomes that the assembly does not have, and report them."),
        click.option("--allow-empty", is_flag=True, help="Accept files without any data, for pipelines."),
        click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads that compress [default: one a core]."),
    ]
    return _apply(options, function)


def signal_options(function: F) -> F:
    """Add the options of importers of numbers."""
    names = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
    options = [
        click.option(
            "--dtype",
            type=click.Choice(names),
            default="float32",
            show_default=True,
            help="Type of the stored numbers; integers need less space for counts.",
        ),
        click.option(
            "--overflow",
            type=click.Choice(["saturate", "error", "widen"]),
            default="saturate",
            show_default=True,
            help="For numbers beyond the type: set to its limit and counted, an error, or a wider type.",
        ),
        click.option("--round", is_flag=True, help="Round fractions into an integer type; without it they are an error."),
        click.option("--units", metavar="TEXT", help="Units of the values, kept with the track."),
    ]
    return import_options(_apply(options, function))


def clip_option(function: F) -> F:
    """Add ``--clip``."""
    return click.option("--clip", is_flag=True, help="Cut intervals at the end of their chromosome; without it they are an error.")(function)


def _apply(options: list[Callable[[Any], Any]], function: F) -> F:
    wrapped: Any = function
    for option in reversed(options):
        wrapped = option(wrapped)
    return cast("F", wrapped)
