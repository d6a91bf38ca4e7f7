"""Commands of ``import`` that read aligned reads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack, cast

import click

from genomearray.choices import (
    MATES,
    Mates,
)
from genomearray.cli.options import (
    choice_options,
    files_argument,
    read_options,
    reverse_option,
    shift_options,
    size_options,
    tell,
    with_database,
)

if TYPE_CHECKING:
    from genomearray_converters.reads.options import ReadSettings
    from genomearray_converters.reads.report import ReadReport

    from genomearray.database.database import GenomeDB


def _tell_reads(report: ReadReport, sizes_file: str | None) -> None:
    """The report, and the table of fragment sizes where it was asked for."""
    if sizes_file is not None and report.fragment_sizes is not None:
        with click.open_file(sizes_file, "w") as out:
            out.writelines(f"{size}\t{count}\n" for size, count in report.fragment_sizes.rows())
    tell(report)


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


@click.command()
@click.argument("track")
@files_argument
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


@click.command("five-prime")
@click.argument("forward", metavar="FWD")
@click.argument("reverse", metavar="REV")
@files_argument
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


@click.command("left-ends")
@click.argument("track")
@files_argument
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


@click.command()
@click.argument("track")
@files_argument
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


@click.command()
@click.argument("table")
@files_argument
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


COMMANDS = (depth, five_prime, left_ends, mnase, fragments)  # of the group import
