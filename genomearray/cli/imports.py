"""``import``: files of other formats become tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from genomearray.cli.options import clip_option, import_options, signal_options, with_database

if TYPE_CHECKING:
    from genomearray_converters.importing import ImportReport

    from genomearray.database import GenomeDB

_files = click.argument("files", metavar="FILE...", nargs=-1, required=True)


@click.group("import")
def import_() -> None:
    """Make a track from files of another format.

    Every format takes any number of files, each with any number of chromosomes, plain or gzip. A
    track appears when all of it is there; an import that fails leaves nothing.
    """


def _tell(report: ImportReport) -> None:
    for line in report.lines():
        click.echo(line, err=True)


@import_.command()
@click.argument("track")
@_files
@click.option("--upper", is_flag=True, help="Store upper case only; without it soft-masked bases stay lower case.")
@import_options
@with_database
def fasta(db: GenomeDB, track: str, files: tuple[str, ...], **options: Any) -> None:
    """DNA sequence from FASTA or 2bit FILEs (- is standard input).

    By custom the TRACK is called seq. Each chromosome must be as long as in the assembly.
    """
    from genomearray_converters.fasta import import_fasta

    _tell(import_fasta(db, track, files, progress=True, **options))


@import_.command()
@click.argument("track")
@_files
@signal_options
@clip_option
@with_database
def wig(db: GenomeDB, track: str, files: tuple[str, ...], **options: Any) -> None:
    """Values from wiggle FILEs: fixedStep and variableStep (- is standard input)."""
    from genomearray_converters.wig import import_wig

    _tell(import_wig(db, track, files, progress=True, **options))


@import_.command()
@click.argument("track")
@_files
@signal_options
@clip_option
@with_database
def bedgraph(db: GenomeDB, track: str, files: tuple[str, ...], **options: Any) -> None:
    """Values from bedGraph FILEs: chrom, start, end, value (- is standard input)."""
    from genomearray_converters.bedgraph import import_bedgraph

    _tell(import_bedgraph(db, track, files, progress=True, **options))


@import_.command()
@click.argument("track")
@_files
@signal_options
@with_database
def bigwig(db: GenomeDB, track: str, files: tuple[str, ...], **options: Any) -> None:
    """Values from bigWig FILEs."""
    from genomearray_converters.bigwig import import_bigwig

    _tell(import_bigwig(db, track, files, progress=True, **options))


@import_.command()
@click.argument("track")
@_files
@click.option("--pos-col", type=click.IntRange(min=0), required=True, metavar="N", help="Column of the position (1-based); the first column is 0.")
@click.option("--val-col", type=click.IntRange(min=0), required=True, metavar="N", help="Column of the value; the first column is 0.")
@click.option("--chrom-col", type=click.IntRange(min=0), metavar="N", help="Column of the chromosome; the first column is 0.")
@click.option("--chrom", metavar="NAME", help="Chromosome of all lines, where no column names it.")
@signal_options
@clip_option
@with_database
def text(db: GenomeDB, track: str, files: tuple[str, ...], **options: Any) -> None:
    """Values from columns of text FILEs, separated by tabs or blanks (- is standard input).

    A first line of column names is skipped.
    """
    from genomearray_converters.columns import import_text

    if (options["chrom_col"] is None) == (options["chrom"] is None):
        raise click.UsageError("give one of --chrom-col and --chrom")
    _tell(import_text(db, track, files, progress=True, **options))
