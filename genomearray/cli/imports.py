"""``import``: files of other formats become tracks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

import click

from genomearray._deprecated import warn
from genomearray.choices import (
    FEATURE_HOW,
    GENE_FORMATS,
    XB_STRANDS,
    FeatureHow,
    GeneFormat,
    XbStrand,
)
from genomearray.cli import import_reads as reads
from genomearray.cli.options import (
    clip_option,
    files_argument,
    import_options,
    signal_options,
    skip_bad_option,
    skip_unknown_option,
    tell,
    track_options,
    with_database,
)

if TYPE_CHECKING:
    from genomearray_converters.importing.options import ImportSettings

    from genomearray.database.database import GenomeDB


@click.group("import")
def import_() -> None:
    """Make a track from files of another format.

    Every format takes any number of files, each with any number of chromosomes, plain or gzip. A
    track appears when all of it is there; an import that fails leaves nothing.
    """


def _shown(options: ImportSettings) -> ImportSettings:
    """The options, with a bar on a terminal."""
    return {**options, "progress": True}


@import_.command()
@click.argument("track")
@files_argument
@click.option(
    "--upper", is_flag=True, help="Store upper case only; without it soft-masked bases stay lower case."
)
@import_options
@skip_unknown_option
@with_database
def fasta(
    db: GenomeDB, track: str, files: tuple[str, ...], upper: bool, **options: Unpack[ImportSettings]
) -> None:
    """DNA sequence from FASTA or 2bit FILEs (- is standard input).

    By custom the TRACK is called seq. Each chromosome must be as long as in the assembly.
    """
    from genomearray_converters.fasta import import_fasta

    tell(import_fasta(db, track, files, upper=upper, **_shown(options)))


@import_.command()
@click.argument("track")
@files_argument
@signal_options
@clip_option
@with_database
def wig(db: GenomeDB, track: str, files: tuple[str, ...], **options: Unpack[ImportSettings]) -> None:
    """Values from wiggle FILEs: fixedStep and variableStep (- is standard input)."""
    from genomearray_converters.wig import import_wig

    tell(import_wig(db, track, files, **_shown(options)))


@import_.command()
@click.argument("track")
@files_argument
@click.option(
    "--value-col",
    metavar="NAME|N",
    help="Of tables with more columns, such as bedMethyl: the column of the value, by its name, or counted "
    "from 0.",
)
@click.option(
    "--name-col",
    metavar="VALUE",
    help="Only lines with VALUE in the fourth column, such as the modification m of bedMethyl.",
)
@click.option(
    "--start-offset",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="With --value-col: 0 where starts count from 1, as in peaks.xls of MACS.",
)
@signal_options
@clip_option
@skip_bad_option
@with_database
def bedgraph(
    db: GenomeDB,
    track: str,
    files: tuple[str, ...],
    value_col: str | None,
    name_col: str | None,
    start_offset: int,
    **options: Unpack[ImportSettings],
) -> None:
    """Values from bedGraph FILEs: chrom, start, end, value (- is standard input).

    With --value-col also bedMethyl, and other tables that begin with chrom, start and end.
    """
    from genomearray_converters.bedgraph import import_bedgraph

    column = int(value_col) if value_col is not None and value_col.isdecimal() else value_col
    tell(
        import_bedgraph(
            db,
            track,
            files,
            value_col=column,
            name_col=name_col,
            start_offset=start_offset,
            **_shown(options),
        )
    )


@import_.command()
@click.argument("track")
@files_argument
@signal_options
@with_database
def bigwig(db: GenomeDB, track: str, files: tuple[str, ...], **options: Unpack[ImportSettings]) -> None:
    """Values from bigWig FILEs."""
    from genomearray_converters.bigwig import import_bigwig

    tell(import_bigwig(db, track, files, **_shown(options)))


@import_.command()
@click.argument("track")
@files_argument
@click.option(
    "--pos-col",
    type=click.IntRange(min=0),
    required=True,
    metavar="N",
    help="Column of the position; the first column is 0.",
)
@click.option(
    "--val-col",
    type=click.IntRange(min=0),
    required=True,
    metavar="N",
    help="Column of the value; the first column is 0.",
)
@click.option(
    "--chrom-col",
    type=click.IntRange(min=0),
    metavar="N",
    help="Column of the chromosome; the first column is 0.",
)
@click.option("--chrom-name", metavar="NAME", help="Chromosome of all lines, where no column names it.")
@click.option("--chrom", metavar="NAME", hidden=True)
@click.option("--zero-based", is_flag=True, help="Positions count from 0, and not from 1.")
@signal_options
@clip_option
@skip_bad_option
@with_database
def text(
    db: GenomeDB,
    track: str,
    files: tuple[str, ...],
    pos_col: int,
    val_col: int,
    chrom_col: int | None,
    chrom_name: str | None,
    chrom: str | None,
    zero_based: bool,
    **options: Unpack[ImportSettings],
) -> None:
    """Values from columns of text FILEs, separated by tabs or blanks (- is standard input).

    A first line of column names is skipped.
    """
    from genomearray_converters.text_columns import import_text

    if chrom is not None:
        warn("--chrom names the chromosome of all lines", f"--chrom-name {chrom}")
        chrom_name = chrom
    if (chrom_col is None) == (chrom_name is None):
        raise click.UsageError("give one of --chrom-col and --chrom-name")
    tell(
        import_text(
            db,
            track,
            files,
            pos_col=pos_col,
            val_col=val_col,
            chrom_col=chrom_col,
            chrom_name=chrom_name,
            zero_based=zero_based,
            **_shown(options),
        )
    )


@import_.command()
@click.argument("track")
@click.argument("file", metavar="FILE")
@click.option(
    "--strand",
    type=click.Choice(XB_STRANDS),
    default="forward",
    show_default=True,
    help="Strand of a file with two.",
)
@track_options
@with_database
def xb(db: GenomeDB, track: str, file: str, strand: XbStrand, **options: Unpack[ImportSettings]) -> None:
    """Values from FILE in XB, the binary format of the old library (- is standard input)."""
    from genomearray_converters.xb import import_xb

    tell(import_xb(db, track, file, strand=strand, **_given(options)))


@import_.command()
@click.argument("track")
@files_argument
@signal_options
@with_database
def w5(db: GenomeDB, track: str, files: tuple[str, ...], **options: Unpack[ImportSettings]) -> None:
    """w5 FILEs, the training data of Basenji and Borzoi: HDF5 with a dataset for each chromosome."""
    from genomearray_converters.w5 import import_w5

    tell(import_w5(db, track, files, **_shown(options)))


@import_.command()
@click.argument("track")
@files_argument
@click.option("--name", metavar="NAME", help="Of the track in files that hold several.")
@track_options
@with_database
def d4(
    db: GenomeDB, track: str, files: tuple[str, ...], name: str | None, **options: Unpack[ImportSettings]
) -> None:
    """Values from D4 FILEs, the format of d4tools and of mosdepth --d4.

    They are whole numbers (int32), or fractions (float32) where a file says what to divide by.
    """
    from genomearray_converters.d4 import import_d4

    tell(import_d4(db, track, files, name=name, **_given(options)))


@import_.command()
@click.argument("track")
@click.argument("archive", metavar="ARCHIVE")
@click.option("--name", metavar="NAME", help="Of the track in the archive [default: the only one].")
@click.option("--sequence", is_flag=True, help="Import the sequence.")
@track_options
@with_database
def genomedata(
    db: GenomeDB,
    track: str,
    archive: str,
    name: str | None,
    sequence: bool,
    **options: Unpack[ImportSettings],
) -> None:
    """A track of a Genomedata ARCHIVE: a file, or a folder of them."""
    from genomearray_converters.genomedata import import_genomedata

    tell(import_genomedata(db, track, archive, name=name, sequence=sequence, **_given(options)))


def _given(options: ImportSettings) -> ImportSettings:
    """Options without a dtype that was not asked for: the format has its own."""
    return cast(
        "ImportSettings",
        {name: value for name, value in _shown(options).items() if name != "dtype" or value is not None},
    )


@import_.command()
@click.argument("table")
@files_argument
@click.option(
    "--format",
    metavar="FORMAT",
    help="bed, narrowPeak, broadPeak, gappedPeak, bedGraph, or bed3 to bed12, which keep further "
    "columns as they are "
    "[default: by the ending, else bed].",
)
@click.option(
    "--start-offset",
    type=int,
    default=1,
    show_default=True,
    metavar="N",
    help="What makes a start a 1-based position: 1 for BED, 0 where starts count from 1.",
)
@click.option(
    "--as",
    "how",
    type=click.Choice(FEATURE_HOW),
    help="Make a track: 1 on features, their scores (the last one counts), or how many there are "
    "[default: a feature table].",
)
@clip_option
@track_options
@skip_bad_option
@with_database
def bed(
    db: GenomeDB,
    table: str,
    files: tuple[str, ...],
    format: str | None,
    start_offset: int,
    how: FeatureHow | None,
    **options: Unpack[ImportSettings],
) -> None:
    """Features from BED FILEs: BED3 to BED12, narrowPeak, broadPeak (- is standard input).

    They become a feature table with all columns; with --as a track.
    """
    from genomearray_converters.bed import import_bed

    tell(import_bed(db, table, files, format=format, start_offset=start_offset, how=how, **_shown(options)))


@import_.command()
@click.argument("table")
@files_argument
@click.option(
    "--format", type=click.Choice(GENE_FORMATS), help="Format of the files [default: by their first line]."
)
@clip_option
@skip_unknown_option
@import_options
@skip_bad_option
@with_database
def genes(
    db: GenomeDB,
    table: str,
    files: tuple[str, ...],
    format: GeneFormat | None,
    **options: Unpack[ImportSettings],
) -> None:
    """Transcripts with their exons from GTF, GFF3, UCSC gene tables or BED12 FILEs (- is standard input).

    A row of the feature table is a transcript; UCSC: knownGene, refGene, ensGene, ccdsGene,
    flyBaseGene, refFlat.
    """
    from genomearray_converters.genes import import_genes

    tell(import_genes(db, table, files, format=format, **_shown(options)))


for command in reads.COMMANDS:
    import_.add_command(command)
