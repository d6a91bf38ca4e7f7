"""``stats``, ``verify``, ``combine``, ``distance``, ``gc``, ``kmer``, ``combine-strands``, ``liftover``, ``lift-bed``: the whole genome at once."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genomearray.cli.options import chroms_option, cluster_options, database_options, settings, store_options, with_database, write_options
from genomearray.errors import AssemblyError, DamagedTrackError, FormatError, ValueRangeError

if TYPE_CHECKING:
    from genomearray.database import GenomeDB
    from genomearray.storage.writer import WriteReport
    from genomearray.track import Track


@click.command()
@click.argument("track")
@chroms_option
@click.option("--by-chrom", is_flag=True, help="A table with a line for each chromosome.")
@click.option("--compute", is_flag=True, help="Compute from all values; stored statistics that are wrong are repaired.")
@cluster_options
@with_database
def stats(db: GenomeDB, track: str, chroms: tuple[str, ...], by_chrom: bool, compute: bool, threads: int | None) -> None:
    """Statistics of a TRACK: n, n_nan, sum, mean, std, var, min, max.

    n counts bases, n_nan those without a value; the others are over the bases with a value.
    """
    from genomearray.storage.reader import StoredTrack

    opened = db.open_track(track)
    if compute and isinstance(opened.source, StoredTrack):
        _repair(db, track, threads)
        opened.close()
        opened = db.open_track(track)
    told = opened.stats(chroms or None, by="chrom" if by_chrom else None, stored=not compute, threads=threads, progress=True)
    if by_chrom:
        told.to_csv(sys.stdout, sep="\t", na_rep="nan")
    else:
        for name, value in told.as_dict().items():
            click.echo(f"{name}\t{value!s}")


def _repair(db: GenomeDB, track: str, threads: int | None) -> None:
    """Publish a copy with right statistics, if they are wrong."""
    from genomearray.checking import as_stored, check
    from genomearray.saving import copy_track
    from genomearray.storage.chunk_map import workers
    from genomearray.storage.reader import open_stored
    from genomearray.track import Track

    stored = open_stored(db.get_track_path(track))
    problems = check(stored, db.assembly, threads=threads, progress=True)
    for problem in problems:
        click.echo(problem, err=True)
    if not problems:
        click.echo(f"track {track}: the stored statistics are right", err=True)
        return
    if any("is damaged" in problem for problem in problems):
        raise DamagedTrackError(f"track {track!r} is damaged, which cannot be repaired from itself; restore it from a copy, or import it again")
    whole = Track(as_stored(Path(stored.path), stored.id), track)
    copy_track(db.folder, db.assembly, track, whole, store=stored.form, overwrite=True, threads=threads or workers())
    as_stored.cache_clear()
    click.echo(f"track {track}: published anew with the right statistics", err=True)


@click.command()
@click.argument("track")
@cluster_options
@with_database
def verify(db: GenomeDB, track: str, threads: int | None) -> None:
    """Read all of a TRACK: every chunk decodes, and the stored statistics are those of the values."""
    from genomearray.checking import check, check_old
    from genomearray.legacy import OldTrack
    from genomearray.storage.reader import StoredTrack
    from genomearray.track import Track

    opened = db.open(track)
    if not isinstance(opened, Track):
        opened.check()
        old = opened.attributes.get("software", "").startswith("genome (")
        click.echo(f"table {track}: every column can be read" + ("" if old else ", and agrees with its checksums"))
        return
    if isinstance(opened.source, OldTrack):
        stale = check_old(opened.source, threads=threads, progress=True)
        for problem in stale:
            click.echo(problem, err=True)
        click.echo(f"track {track}: every chunk decodes" + ("" if stale else ", and no stored statistics are wrong"))
        return
    assert isinstance(opened.source, StoredTrack)
    problems = check(opened.source, db.assembly, threads=threads, progress=True)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        raise DamagedTrackError(
            f"track {track!r} is not whole: {len(problems)} problems; wrong statistics alone: genomearray stats {track} --compute"
        )
    click.echo(f"track {track}: every chunk decodes, and the statistics agree")


def _tell(name: str, report: WriteReport, dtype: Any) -> None:
    click.echo(f"track {name}: {report.bases:,} bases, {dtype}", err=True)
    if report.saturated:
        click.echo(f"{report.saturated:,} values did not fit {dtype} and were set to its least or greatest value", err=True)
    if report.nan_to_zero:
        click.echo(f"{report.nan_to_zero:,} missing values became 0: {dtype} cannot hold NaN", err=True)


def _save(db: GenomeDB, tracks: dict[str, Track], options: dict[str, Any]) -> None:
    """Save tracks, all or none, and tell what became of their values."""
    import warnings

    from genomearray.errors import GenomeArrayWarning
    from genomearray.saving import copy_tracks

    options = {key: value for key, value in options.items() if value is not None}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GenomeArrayWarning)  # told below
        writers = copy_tracks(db.folder, db.assembly, tracks, progress=True, **options)
    for name, writer in zip(tracks, writers, strict=True):
        _tell(name, writer.report, writer.dtype)


def _refuse_existing(db: GenomeDB, names: list[str], overwrite: bool) -> None:
    """Before anything is read."""
    from genomearray.errors import TrackExistsError
    from genomearray.storage.publish import check_track_name

    for name in names:
        if db.has_track(check_track_name(name)) and not overwrite:
            raise TrackExistsError(f"track {name!r} exists: {db.get_track_path(name)}; choose another name, or replace it with --overwrite")


def _open_all(db: GenomeDB, names: tuple[str, ...], out: str) -> list[Track]:
    if out in names:
        raise ValueRangeError(f"{out!r} is an input and the output; a track cannot become itself: choose another name")
    return [db.open_track(name) for name in names]


@click.command()
@click.argument("out")
@click.argument("tracks", metavar="TRACK...", nargs=-1, required=True)
@click.option("--how", type=click.Choice(["sum", "mean", "min", "max", "median"]), default="sum", show_default=True, help="How values are combined.")
@click.option("--weights", metavar="W1,W2,...", help="A weight for each track, for sum and mean.")
@write_options("the integer type of the tracks for sum, min and max, else float32")
@cluster_options
@with_database
def combine(db: GenomeDB, out: str, tracks: tuple[str, ...], how: str, weights: str | None, dtype: str | None, round: bool, **options: Any) -> None:
    """Combine TRACKs base by base into OUT. Missing values are skipped."""
    from genomearray.combining import combine as combined

    _refuse_existing(db, [out], options["overwrite"])
    made = combined(_open_all(db, tracks, out), how, dtype, _numbers(weights), round=round)
    _save(db, {out: made}, options)


def _numbers(text: str | None) -> list[float] | None:
    if text is None:
        return None
    try:
        return [float(word) if "." in word or "e" in word.lower() else int(word) for word in text.split(",")]
    except ValueError:
        raise click.UsageError(f"--weights {text!r} is no list of numbers; write them with commas, as 1,2,0.5") from None


@click.command()
@click.argument("table")
@click.argument("out")
@click.option(
    "--sign",
    type=click.Choice(["none", "position", "strand"]),
    default="none",
    show_default=True,
    help="Negative to the left of the feature, or upstream of it, by its strand.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float64", "float32", "int32", "int64"]),
    default="float64",
    show_default=True,
    help="Type of the distances; float32 is exact up to 16,777,216 bp.",
)
@store_options
@cluster_options
@with_database
def distance(db: GenomeDB, table: str, out: str, sign: str, dtype: str, **options: Any) -> None:
    """Distance (bp) of each base to the nearest feature of TABLE as the track OUT: 0 inside of one, 1 beside it.

    On chromosomes without features it is missing: NaN, or the least integer (-2147483648 in int32).
    """
    _refuse_existing(db, [out], options["overwrite"])
    _save(db, {out: db.open_features(table).distances(sign, dtype)}, options)


@click.command()
@click.argument("track")
@click.argument("out")
@click.option("--window", type=click.IntRange(min=1), required=True, metavar="BP", help="Bases around each base that count.")
@write_options("float64")
@cluster_options
@with_database
def gc(db: GenomeDB, track: str, out: str, window: int, **options: Any) -> None:
    """GC content around each base of a sequence TRACK as the track OUT: G and C among the letters A, C, G and T of the window."""
    _refuse_existing(db, [out], options["overwrite"])
    _save(db, {out: db.open_track(track).gc(window)}, options)


@click.command()
@click.argument("track")
@click.argument("pattern")
@click.argument("out")
@click.option("--strand", type=click.Choice(["+", "-", "both"]), default="+", show_default=True, help="Strand on which the pattern is read.")
@write_options("uint8")
@cluster_options
@with_database
def kmer(db: GenomeDB, track: str, pattern: str, out: str, strand: str, **options: Any) -> None:
    """Where a PATTERN of IUPAC letters begins in a sequence TRACK, as the track OUT: 1 at its leftmost base."""
    _refuse_existing(db, [out], options["overwrite"])
    _save(db, {out: db.open_track(track).kmer(pattern, strand)}, options)


@click.command("combine-strands")
@click.argument("forward", metavar="FWD")
@click.argument("reverse", metavar="REV")
@click.argument("out")
@click.option("--shift", type=int, metavar="BP", help="How far each strand moves towards the other [default: estimated].")
@click.option("--chrom", metavar="NAME", help="Chromosome for the estimate [default: chr21 or chr2L, else the longest].")
@write_options("the integer type of both")
@cluster_options
@with_database
def combine_strands(
    db: GenomeDB, forward: str, reverse: str, out: str, shift: int | None, chrom: str | None, dtype: str | None, round: bool, **options: Any
) -> None:
    """Sum of the two strands of a ChIP-seq experiment, moved towards the middle of the fragments.

    FWD moves right and REV left by the shift, half the length of the fragments. It is estimated from how
    the strands agree on one chromosome.
    """
    from genomearray.combining import combine_strands as combined

    if shift is not None and chrom is not None:
        raise click.UsageError("--chrom is for the estimate, and --shift leaves it out; give one of them")
    _refuse_existing(db, [out], options["overwrite"])
    one, other = _open_all(db, (forward, reverse), out)
    made, found = combined(one, other, shift, chrom, dtype, round=round)
    click.echo(f"shift: {found} bp" + ("" if shift is not None else f" (fragments of about {2 * found} bp)"), err=True)
    _save(db, {out: made}, options)


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.argument("chain", metavar="CHAIN", type=click.Path(exists=True, dir_okay=False))
@click.argument("track")
@click.option("--reverse-track", metavar="NAME", help="The track of the other strand: they change places on minus blocks.")
@click.option("--as", "name", metavar="NAME", help="Name on the new assembly [default: the same].")
@click.option("--reverse-as", metavar="NAME", help="Name of the other strand on the new assembly [default: the same].")
@click.option(
    "--collisions",
    type=click.Choice(["best", "first", "last", "sum", "mean", "error"]),
    default="best",
    show_default=True,
    help="Where several bases lead to one: the best chain counts, the first or last of the file, their sum or mean, or an error.",
)
@click.option("--chrom-alias", metavar="FILE|ucsc|ensembl", help="Translate the names of the chain file: two columns, ucsc or ensembl.")
@click.option("--skip-unequal", is_flag=True, help="Leave out, and report, chains of chromosomes that have another length here.")
@click.option("--report", "report_file", metavar="FILE", help="Write the report by chromosome as a table.")
@write_options("as it is")
@cluster_options
@database_options
@click.pass_context
def liftover(
    ctx: click.Context,
    /,
    source: str,
    target: str,
    chain: str,
    track: str,
    reverse_track: str | None,
    name: str | None,
    reverse_as: str | None,
    collisions: str,
    chrom_alias: str | None,
    skip_unequal: bool,
    report_file: str | None,
    dtype: str | None,
    db: str | None,
    assembly: str | None,
    **options: Any,
) -> None:
    """Lift a TRACK from assembly FROM to assembly TO of the database, through a UCSC CHAIN file.

    Every base of TO takes the value of the base that the chain aligns to it. A sequence is
    complemented where the chain is on the minus strand.
    """
    from genomearray.database import GenomeDB
    from genomearray.lifting import liftover as lifted

    folder, _ = settings(ctx, db, None)
    old, new = GenomeDB(folder, source), GenomeDB(folder, target)
    if reverse_as and not reverse_track:
        raise click.UsageError("--reverse-as is for --reverse-track")
    names = [name or track] + ([reverse_as or reverse_track] if reverse_track else [])
    if source == target and set(names) & {track, reverse_track}:
        raise AssemblyError(f"FROM and TO are both {source!r}, and the track would become itself; give another name: --as NAME")
    if len(set(names)) < len(names):
        raise ValueRangeError(f"both strands would be called {names[0]!r}; give --as and --reverse-as")
    _refuse_existing(new, names, options["overwrite"])
    if report_file is not None and (Path(report_file).is_dir() or not Path(report_file).absolute().parent.is_dir()):
        raise click.UsageError(f"--report: {report_file} is a folder, or in one that is not there; name a file")
    reverse = old.open_track(reverse_track) if reverse_track else None
    made = lifted(old.open_track(track), chain, new, reverse, collisions, chrom_alias, skip_unequal)
    made = made if reverse_track else (made,)
    for line in made[0].report.lines():
        click.echo(line, err=True)
    _save(new, dict(zip(names, made, strict=True)), {"dtype": dtype, **options})
    if report_file is not None:
        Path(report_file).write_text("".join(f"{one.report.table()}\n" for one in made))


@click.command("lift-bed")
@click.argument("chain", metavar="CHAIN", type=click.Path(exists=True, dir_okay=False))
@click.argument("bed", metavar="BED")
@click.argument("out", metavar="OUT", default="-")
@click.option("--unmapped", metavar="FILE", help="Write lines of which nothing maps, each behind a line that says why.")
@click.option("--pieces", is_flag=True, help="Write every aligned piece; without it, one line from the first to the last base on the best chain.")
@click.option("--min-match", type=click.FloatRange(0, 1), default=0.95, show_default=True, help="Part of the bases that must map.")
@click.option("--overwrite", is_flag=True, help="Replace OUT.")
def lift_bed(chain: str, bed: str, out: str, unmapped: str | None, pieces: bool, min_match: float, overwrite: bool) -> None:
    """Lift the intervals of a BED file (- is standard input) to the other assembly of a CHAIN file.

    The thick part and the blocks of BED12 are lifted too, on the best chain; other columns are copied.
    """
    from genomearray_converters.bed_lifting import lift_bed as lifted
    from genomearray_converters.exporting import text_output

    if min_match != min_match:
        raise click.UsageError("--min-match nan is no part; give a number from 0 to 1")
    outputs = [name for name in (out, unmapped) if name not in (None, "-")]
    for name in outputs:
        if Path(name).exists() and any(Path(given).exists() and Path(name).samefile(given) for given in (chain, bed)):
            raise FormatError(f"{name} is an input and an output; a file cannot become itself: choose another name")
    if len(outputs) == 2 and Path(outputs[0]).absolute() == Path(outputs[1]).absolute():
        raise FormatError(f"{out} is the output and --unmapped; give two names")
    with text_output(out, overwrite=overwrite) as file, text_output(unmapped, overwrite=overwrite) if unmapped else nullcontext() as other:
        report = lifted(chain, bed, file, other, pieces=pieces, min_match=min_match)
    click.echo(f"{report.mapped:,} intervals map, {report.unmapped:,} do not", err=True)
