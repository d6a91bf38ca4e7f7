"""Commands that derive something from whole tracks: statistics, checks, and new tracks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, cast

import click

from genomearray._deprecated import warn
from genomearray.choices import (
    COMBINE_HOW,
    DISTANCE_DTYPES,
    DISTANCE_SIGNS,
    PATTERN_STRANDS,
    STORES,
    CombineHow,
    DistanceSign,
    PatternStrand,
)
from genomearray.choices import check as check_choice
from genomearray.cli.options import (
    chroms_option,
    cluster_options,
    store_options,
    with_database,
    write_options,
)
from genomearray.errors import DamagedTrackError, ValueRangeError

if TYPE_CHECKING:
    import numpy as np

    from genomearray.cli.options import DerivedSettings
    from genomearray.database.database import GenomeDB
    from genomearray.storage.write.options import TrackSettings, WriteReport
    from genomearray.track.statistics import RunOptions
    from genomearray.track.track import Track


@click.command()
@click.argument("track")
@chroms_option
@click.option("--by-chrom", is_flag=True, help="A table with a line for each chromosome.")
@click.option(
    "--compute", is_flag=True, help="Compute from all values; stored statistics that are wrong are repaired."
)
@cluster_options
@with_database
def stats(
    db: GenomeDB, track: str, chroms: tuple[str, ...], by_chrom: bool, compute: bool, threads: int | None
) -> None:
    """Statistics of a TRACK: n, n_nan, sum, mean, std, var, min, max.

    n counts bases, n_nan those without a value; the others are over the bases with a value.
    """
    from genomearray.storage.read.stored_track import StoredTrack

    opened = db.open_track(track)
    if compute and isinstance(opened.source, StoredTrack):
        _repair(db, track, threads)
        opened.close()
        opened = db.open_track(track)
    run: RunOptions = {"stored": not compute, "threads": threads, "progress": True}
    if by_chrom:
        opened.stats(chroms=chroms or None, by="chrom", **run).to_csv(sys.stdout, sep="\t", na_rep="nan")
        return
    for name, value in opened.stats(chroms=chroms or None, **run).as_dict().items():
        click.echo(f"{name}\t{value!s}")


def _repair(db: GenomeDB, track: str, threads: int | None) -> None:
    """Publish a copy with right statistics, if they are wrong."""
    from genomearray.database.save import copy_track
    from genomearray.database.verify import as_stored, check
    from genomearray.executor import workers
    from genomearray.storage.read.open_stored import open_stored
    from genomearray.track.track import Track

    stored = open_stored(db.get_track_path(track))
    problems = check(stored, db.assembly, threads=threads, progress=True)
    for problem in problems:
        click.echo(problem, err=True)
    if not problems:
        click.echo(f"track {track}: the stored statistics are right", err=True)
        return
    if any("is damaged" in problem for problem in problems):
        raise DamagedTrackError(
            f"track {track!r} is damaged, which cannot be repaired from itself; restore it from a "
            "copy, or import it again"
        )
    whole = Track(as_stored(Path(stored.path), stored.id), track)
    copy_track(
        db.folder,
        db.assembly,
        track,
        whole,
        store=check_choice("store", stored.form, STORES),
        overwrite=True,
        threads=threads or workers(),
    )
    as_stored.cache_clear()
    click.echo(f"track {track}: published anew with the right statistics", err=True)


@click.command()
@click.argument("track")
@cluster_options
@with_database
def verify(db: GenomeDB, track: str, threads: int | None) -> None:
    """Read all of a TRACK: every chunk decodes, and the stored statistics are those of the values."""
    report = db.verify(track, threads=threads, progress=True)
    for problem in [*report.problems, *report.stale]:
        click.echo(problem, err=True)
    if report.problems and report.what == "track":
        raise DamagedTrackError(
            f"track {track!r} is not whole: {len(report.problems)} problems",
            hint=f"wrong statistics alone: genomearray stats {track} --compute",
        )
    if report.problems:
        raise DamagedTrackError(f"table {track!r} is not whole")
    click.echo(report.lines()[-1])


def _tell(name: str, report: WriteReport, dtype: np.dtype[Any]) -> None:
    click.echo(f"track {name}: {report.bases:,} bases, {dtype}", err=True)
    if report.saturated:
        click.echo(
            f"{report.saturated:,} values did not fit {dtype} and were set to its least or greatest value",
            err=True,
        )
    if report.nan_to_zero:
        click.echo(f"{report.nan_to_zero:,} missing values became 0: {dtype} cannot hold NaN", err=True)


def save_lazy(db: GenomeDB, tracks: dict[str, Track], options: DerivedSettings) -> None:
    """Save tracks, all or none, and report what became of their values."""
    import warnings

    from genomearray.database.save import copy_tracks
    from genomearray.errors import GenomeArrayWarning

    dtype = options.get("dtype")
    settings = cast(
        "TrackSettings",
        {name: value for name, value in options.items() if value is not None and name != "dtype"},
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "track '", GenomeArrayWarning)  # its report is printed below
        writers = copy_tracks(db.folder, db.assembly, tracks, dtype, progress=True, **settings)
    for name, writer in zip(tracks, writers, strict=True):
        _tell(name, writer.report, writer.dtype)


def refuse_existing(db: GenomeDB, names: list[str], overwrite: bool) -> None:
    """Before anything is read."""
    from genomearray.errors import TrackExistsError
    from genomearray.storage.names import check_track_name

    for name in names:
        if db.has_track(check_track_name(name)) and not overwrite:
            raise TrackExistsError(
                f"track {name!r} exists: {db.get_track_path(name)}",
                hint="choose another name, or replace it with {overwrite}",
            )


def _open_all(db: GenomeDB, names: tuple[str, ...], out: str) -> list[Track]:
    if out in names:
        raise ValueRangeError(
            f"{out!r} is an input and the output; a track cannot become itself: choose another name"
        )
    return [db.open_track(name) for name in names]


@click.command()
@click.argument("out")
@click.argument("tracks", metavar="TRACK...", nargs=-1, required=True)
@click.option(
    "--how", type=click.Choice(COMBINE_HOW), default="sum", show_default=True, help="How values are combined."
)
@click.option("--weights", metavar="W1,W2,...", help="A weight for each track, for sum and mean.")
@write_options("the integer type of the tracks for sum, min and max, else float32")
@cluster_options
@with_database
def combine(
    db: GenomeDB,
    out: str,
    tracks: tuple[str, ...],
    how: CombineHow,
    weights: str | None,
    **options: Unpack[DerivedSettings],
) -> None:
    """Combine TRACKs base by base into OUT. Missing values are skipped."""
    from genomearray.stacks.combine import combine as combined

    refuse_existing(db, [out], options["overwrite"])
    made = combined(
        _open_all(db, tracks, out), how, options["dtype"], _numbers(weights), round=options["round"]
    )
    save_lazy(db, {out: made}, options)


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(word) if "." in word or "e" in word.lower() else int(word) for word in text.split(",")]
    except ValueError:
        raise click.UsageError(
            f"--weights {text!r} is not a list of numbers; write them with commas, as 1,2,0.5"
        ) from None


@click.command()
@click.argument("table")
@click.argument("out")
@click.option(
    "--sign",
    type=click.Choice(DISTANCE_SIGNS),
    default="none",
    show_default=True,
    help="Negative to the left of the feature, or upstream of it, by its strand.",
)
@click.option(
    "--dtype",
    type=click.Choice(DISTANCE_DTYPES),
    default="float64",
    show_default=True,
    help="Type of the distances; float32 is exact up to 16,777,216 bp.",
)
@store_options
@cluster_options
@with_database
def distance(
    db: GenomeDB, table: str, out: str, sign: DistanceSign, **options: Unpack[DerivedSettings]
) -> None:
    """Distance (bp) of each base to the nearest feature of TABLE as the track OUT: 0 inside of one,
    1 beside it.

    On chromosomes without features it is missing: NaN, or the least integer (-2147483648 in int32).
    """
    refuse_existing(db, [out], options["overwrite"])
    save_lazy(db, {out: db.open_features(table).distances(sign, options["dtype"])}, options)


@click.command()
@click.argument("track")
@click.argument("out")
@click.option(
    "--window",
    type=click.IntRange(min=1),
    required=True,
    metavar="BP",
    help="Bases around each base that count.",
)
@write_options("float64")
@cluster_options
@with_database
def gc(db: GenomeDB, track: str, out: str, window: int, **options: Unpack[DerivedSettings]) -> None:
    """GC content around each base of a sequence TRACK as the track OUT: G and C among the letters
    A, C, G and T of the window.
    """
    refuse_existing(db, [out], options["overwrite"])
    save_lazy(db, {out: db.open_track(track).gc(window)}, options)


@click.command()
@click.argument("track")
@click.argument("pattern")
@click.argument("out")
@click.option(
    "--strand",
    type=click.Choice(PATTERN_STRANDS),
    default="+",
    show_default=True,
    help="Strand on which the pattern is read.",
)
@write_options("uint8")
@cluster_options
@with_database
def kmer(
    db: GenomeDB,
    track: str,
    pattern: str,
    out: str,
    strand: PatternStrand,
    **options: Unpack[DerivedSettings],
) -> None:
    """Where a PATTERN of IUPAC letters begins in a sequence TRACK, as the track OUT: 1 at its
    leftmost base.
    """
    refuse_existing(db, [out], options["overwrite"])
    save_lazy(db, {out: db.open_track(track).kmer(pattern, strand)}, options)


@click.command("combine-strands")
@click.argument("forward", metavar="FWD")
@click.argument("reverse", metavar="REV")
@click.argument("out")
@click.option(
    "--shift",
    type=int,
    metavar="BP",
    help="How far each strand moves towards the other [default: estimated].",
)
@click.option(
    "--estimate-on",
    metavar="NAME",
    help="Chromosome for the estimate [default: chr21 or chr2L, else the longest].",
)
@click.option("--chrom", metavar="NAME", hidden=True)
@write_options("the integer type of both")
@cluster_options
@with_database
def combine_strands(
    db: GenomeDB,
    forward: str,
    reverse: str,
    out: str,
    shift: int | None,
    estimate_on: str | None,
    chrom: str | None,
    **options: Unpack[DerivedSettings],
) -> None:
    """Sum of the two strands of a ChIP-seq experiment, moved towards the middle of the fragments.

    FWD moves right and REV left by the shift, half the length of the fragments. It is estimated from how
    the strands agree on one chromosome.
    """
    from genomearray.stacks.strands import combine_strands as combined

    if chrom is not None:
        warn("--chrom names the chromosome of the estimate", f"--estimate-on {chrom}")
        estimate_on = chrom
    if shift is not None and estimate_on is not None:
        raise click.UsageError(
            "--estimate-on is for the estimate, and --shift leaves it out; give one of them"
        )
    refuse_existing(db, [out], options["overwrite"])
    forward_track, reverse_track = _open_all(db, (forward, reverse), out)
    made, used_shift = combined(
        forward_track, reverse_track, shift, estimate_on, options["dtype"], round=options["round"]
    )
    click.echo(
        f"shift: {used_shift} bp"
        + ("" if shift is not None else f" (fragments of about {2 * used_shift} bp)"),
        err=True,
    )
    save_lazy(db, {out: made}, options)
