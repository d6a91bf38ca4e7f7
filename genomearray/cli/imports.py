"""``import``: files of other formats become tracks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack, cast

import click

from genomearray._deprecated import warn
from genomearray.choices import (
    FEATURE_HOW,
    GENE_FORMATS,
    MATES,
    XB_STRANDS,
    FeatureHow,
    GeneFormat,
    Mates,
    XbStrand,
)
from genomearray.cli.options import (
    choice_options,
    clip_option,
    import_options,
    read_options,
    reverse_option,
    shift_options,
    signal_options,
    size_options,
    skip_unknown_option,
    track_options,
    with_database,
)

if TYPE_CHECKING:
    from genomearray_converters.importing.options import ImportSettings
    from genomearray_converters.importing.report import ImportReport
    from genomearray_converters.reads.options import ReadSettings
    from genomearray_converters.reads.report import ReadReport

    from genomearray.database.database import GenomeDB

_files = click.argument("files", metavar="FILE...", nargs=-1, required=True)


@click.group("import")
def import_() -> None:
    """Make a track from files of another format.

    Every format takes any number of files, each with any number of chromosomes, plain or gzip. A
    track appears when all of it is there; an import that fails leaves nothing.
    """


def _shown(options: ImportSettings) -> ImportSettings:
    """The options, with a bar on a terminal."""
    return {**options, "progress": True}


def _tell(report: ImportReport) -> None:
    for line in report.lines():
        click.echo(line, err=True)


@import_.command()
@click.argument("track")
@_files
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

    _tell(import_fasta(db, track, files, upper=upper, **_shown(options)))


@import_.command()
@click.argument("track")
@_files
@signal_options
@clip_option
@with_database
def wig(db: GenomeDB, track: str, files: tuple[str, ...], **options: Unpack[ImportSettings]) -> None:
    """Values from wiggle FILEs: fixedStep and variableStep (- is standard input)."""
    from genomearray_converters.wig import import_wig

    _tell(import_wig(db, track, files, **_shown(options)))


@import_.command()
@click.argument("track")
@_files
@signal_options
@clip_option
@with_database
def bedgraph(db: GenomeDB, track: str, files: tuple[str, ...], **options: Unpack[ImportSettings]) -> None:
    """Values from bedGraph FILEs: chrom, start, end, value (- is standard input)."""
    from genomearray_converters.bedgraph import import_bedgraph

    _tell(import_bedgraph(db, track, files, **_shown(options)))


@import_.command()
@click.argument("track")
@_files
@signal_options
@with_database
def bigwig(db: GenomeDB, track: str, files: tuple[str, ...], **options: Unpack[ImportSettings]) -> None:
    """Values from bigWig FILEs."""
    from genomearray_converters.bigwig import import_bigwig

    _tell(import_bigwig(db, track, files, **_shown(options)))


@import_.command()
@click.argument("track")
@_files
@click.option(
    "--pos-col",
    type=click.IntRange(min=0),
    required=True,
    metavar="N",
    help="Column of the position (1-based); the first column is 0.",
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
@signal_options
@clip_option
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
    _tell(
        import_text(
            db,
            track,
            files,
            pos_col=pos_col,
            val_col=val_col,
            chrom_col=chrom_col,
            chrom_name=chrom_name,
            **_shown(options),
        )
    )


def _tell_reads(report: ReadReport, sizes_file: str | None) -> None:
    """The report, and the table of fragment sizes where it was asked for."""
    if sizes_file is not None and report.fragment_sizes is not None:
        with click.open_file(sizes_file, "w") as out:
            out.writelines(f"{size}\t{count}\n" for size, count in report.fragment_sizes.rows())
    _tell(report)


def _read_settings(options: ReadSettings) -> tuple[ReadSettings, str | None]:
    """Options of reads as the Python functions take them, and where the table of fragment sizes goes."""
    given = dict(options)
    sizes_file = cast("str | None", given.pop("fragment_sizes"))  # on the command line, the file of the table
    if given.get("dtype", "") is None:
        del given["dtype"]
    if sizes_file not in (None, "-") and not Path(sizes_file).absolute().parent.is_dir():
        raise click.UsageError(f"--fragment-sizes: the folder of {sizes_file} is not there")
    return cast(
        "ReadSettings", {**given, "fragment_sizes": sizes_file is not None, "progress": True}
    ), sizes_file


@import_.command()
@click.argument("track")
@_files
@reverse_option
@click.option(
    "--deletions/--no-deletions",
    default=None,
    help="Whether a deletion (D) counts as covered [default: yes].",
)
@click.option(
    "--mates",
    type=click.Choice(MATES),
    help="Bases of both mates of a proper pair: twice [default] or once, for the first one.",
)
@click.option(
    "--extend",
    type=click.IntRange(0, 1_000_000),
    default=0,
    metavar="BP",
    help="Shorter single reads count this many bases from their 5' end on, without gaps; reads of "
    "pairs count as aligned.",
)
@click.option(
    "--paired-fragments",
    is_flag=True,
    help="Count whole fragments of pairs; the next three options are for them.",
)
@size_options(1, 500)
@read_options
@with_database
def depth(
    db: GenomeDB,
    track: str,
    files: tuple[str, ...],
    reverse_track: str | None,
    deletions: bool | None,
    mates: Mates | None,
    extend: int,
    paired_fragments: bool,
    min_frag_size: int | None,
    max_frag_size: int | None,
    max_duplicates: int,
    **options: Unpack[ReadSettings],
) -> None:
    """Read depth from BAM, SAM or CRAM FILEs, sorted by coordinate and summed (- is standard input).

    M, = and X of a CIGAR count, D too unless --no-deletions, N never.
    """
    from genomearray_converters.bam import import_depth

    settings, sizes_file = _read_settings(options)
    report = import_depth(
        db,
        track,
        files,
        reverse_track=reverse_track,
        deletions=deletions,
        mates=mates,
        extend=extend,
        paired_fragments=paired_fragments,
        min_frag_size=min_frag_size,
        max_frag_size=max_frag_size,
        max_duplicates=max_duplicates,
        **settings,
    )
    _tell_reads(report, sizes_file)


@import_.command("five-prime")
@click.argument("forward", metavar="FWD")
@click.argument("reverse", metavar="REV")
@_files
@shift_options
@read_options
@with_database
def five_prime(
    db: GenomeDB,
    forward: str,
    reverse: str,
    files: tuple[str, ...],
    shift_forward: int,
    shift_reverse: int,
    **options: Unpack[ReadSettings],
) -> None:
    """5' ends of reads from BAM, SAM or CRAM FILEs, a track for each strand (- is standard input).

    The same name for FWD and REV makes one track of both strands.
    """
    from genomearray_converters.bam import import_five_prime

    settings, sizes_file = _read_settings(options)
    report = import_five_prime(
        db, forward, reverse, files, shift_forward=shift_forward, shift_reverse=shift_reverse, **settings
    )
    _tell_reads(report, sizes_file)


@import_.command("left-ends")
@click.argument("track")
@_files
@reverse_option
@shift_options
@read_options
@with_database
def left_ends(
    db: GenomeDB,
    track: str,
    files: tuple[str, ...],
    reverse_track: str | None,
    shift_forward: int,
    shift_reverse: int,
    **options: Unpack[ReadSettings],
) -> None:
    """Left ends of reads from BAM, SAM or CRAM FILEs, whatever their strand (- is standard input)."""
    from genomearray_converters.bam import import_left_ends

    settings, sizes_file = _read_settings(options)
    shifts = {"shift_forward": shift_forward, "shift_reverse": shift_reverse}
    _tell_reads(
        import_left_ends(db, track, files, reverse_track=reverse_track, **shifts, **settings), sizes_file
    )


@import_.command()
@click.argument("track")
@_files
@click.option("--single-end", is_flag=True, help="Dyads 74 bp downstream of each 5' end.")
@click.option("--paired-end", is_flag=True, help="Dyads in the middle of fragments: offset left + size // 2.")
@reverse_option
@size_options(117, 172)
@read_options
@with_database
def mnase(
    db: GenomeDB,
    track: str,
    files: tuple[str, ...],
    single_end: bool,
    paired_end: bool,
    reverse_track: str | None,
    min_frag_size: int | None,
    max_frag_size: int | None,
    max_duplicates: int,
    **options: Unpack[ReadSettings],
) -> None:
    """Nucleosome dyads from MNase reads: BAM, SAM or CRAM FILEs (- is standard input)."""
    from genomearray_converters.bam import import_mnase

    if single_end == paired_end:
        raise click.UsageError("give --single-end or --paired-end")
    settings, sizes_file = _read_settings(options)
    report = import_mnase(
        db,
        track,
        files,
        paired_end=paired_end,
        reverse_track=reverse_track,
        min_frag_size=min_frag_size,
        max_frag_size=max_frag_size,
        max_duplicates=max_duplicates,
        **settings,
    )
    _tell_reads(report, sizes_file)


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

    _tell(import_xb(db, track, file, strand=strand, **_given(options)))


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

    _tell(import_genomedata(db, track, archive, name=name, sequence=sequence, **_given(options)))


def _given(options: ImportSettings) -> ImportSettings:
    """Options without a dtype that was not asked for: the format has its own."""
    return cast(
        "ImportSettings",
        {name: value for name, value in _shown(options).items() if name != "dtype" or value is not None},
    )


@import_.command()
@click.argument("table")
@_files
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

    _tell(import_bed(db, table, files, format=format, start_offset=start_offset, how=how, **_shown(options)))


@import_.command()
@click.argument("table")
@_files
@click.option(
    "--format", type=click.Choice(GENE_FORMATS), help="Format of the files [default: by their first line]."
)
@clip_option
@skip_unknown_option
@import_options
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

    _tell(import_genes(db, table, files, format=format, **_shown(options)))


@import_.command()
@click.argument("table")
@_files
@size_options(1, 500)
@choice_options
@with_database
def fragments(
    db: GenomeDB,
    table: str,
    files: tuple[str, ...],
    min_frag_size: int | None,
    max_frag_size: int | None,
    max_duplicates: int,
    **options: Unpack[ReadSettings],
) -> None:
    """Fragments of pairs from BAM, SAM or CRAM FILEs as a feature table (- is standard input).

    A row each: chrom, start, end, and strand and MAPQ of read 1, sorted.
    """
    from genomearray_converters.bam import import_fragments

    settings, sizes_file = _read_settings(options)
    least, most = (
        1 if min_frag_size is None else min_frag_size,
        500 if max_frag_size is None else max_frag_size,
    )
    report = import_fragments(
        db, table, files, min_frag_size=least, max_frag_size=most, max_duplicates=max_duplicates, **settings
    )
    _tell_reads(report, sizes_file)
