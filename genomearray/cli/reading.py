"""``info``, ``get`` and ``seq``: what a track says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genomearray.cli.options import with_database
from genomearray.errors import LayoutError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genomearray.database import GenomeDB
    from genomearray.features import FeatureTable
    from genomearray.storage.reader import StoredTrack

_PIECE = 1 << 16  # bases printed together


@click.command()
@click.argument("track")
@click.option("--chromosomes", is_flag=True, help="Also a table of the statistics of each chromosome.")
@with_database
def info(db: GenomeDB, track: str, chromosomes: bool) -> None:
    """Tell what a track is: type, origin, size on disk and stored statistics."""
    from genomearray.storage.reader import open_stored

    try:
        stored = open_stored(db.get_track_path(track))
    except LayoutError:
        for name, value in _table_facts(db.open_features(track)):
            click.echo(f"{name}\t{value}")
        return
    for name, value in _facts(track, stored):
        click.echo(f"{name}\t{value}")
    if chromosomes:
        _statistics(stored)


def _table_facts(table: FeatureTable) -> Iterator[tuple[str, Any]]:
    yield "table", table.name
    yield "assembly", table.assembly
    yield "features", len(table)
    yield "columns", ", ".join(["chrom", *table.columns])
    yield "path", table.path
    for label in ("created", "software", "source", "command"):
        yield label, table.attributes.get(label, "")
    for line in str(table.attributes.get("import_report", "")).splitlines()[1:]:
        yield "note", line


def _facts(name: str, stored: StoredTrack) -> Iterator[tuple[str, Any]]:
    from genomearray.storage.layout import SUMMARY_COLUMNS
    from genomearray.storage.tables import merge

    yield "track", name
    for label in ("kind", "assembly"):
        yield label, getattr(stored, label)
    yield "dtype", stored.dtype
    yield "units", stored.variable_attributes(next(iter(stored.variables))).get("units", "")
    yield "chromosomes", len(stored.names)
    path = Path(stored.path)
    yield "path", path
    files = [path] if path.is_file() else path.rglob("*")
    yield "bytes", sum(file.stat().st_size for file in files)
    for label in ("created", "software", "source", "command"):
        yield label, stored.attributes.get(label, "")
    for line in str(stored.attributes.get("import_report", "")).splitlines()[1:]:
        yield "note", line
    for line in str(stored.attributes.get("liftover_report", "")).splitlines():
        yield "note", line
    table = stored.sequences()
    bases, missing = int(table["n"].sum()), int(table["n_nan"].sum())
    yield "bases", bases
    if stored.kind == "sequence":
        return  # sums of letters say nothing
    yield "missing", missing
    valid = {"n": table["n"] - table["n_nan"]} | {column: table[column] for column in SUMMARY_COLUMNS[1:]}
    count, total, m2, low, high = merge(valid, stored.dtype)
    yield "sum", total
    yield "mean", total / count if count else float("nan")
    yield "std", (m2 / count) ** 0.5 if count else float("nan")
    yield "min", low
    yield "max", high


def _statistics(stored: StoredTrack) -> None:
    table = stored.sequences()
    columns = ["name", "length"] if stored.kind == "sequence" else ["name", "length", "n_nan", "sum", "min", "max"]
    click.echo("\t".join(columns))
    for row in zip(*(table[column] for column in columns), strict=True):
        click.echo("\t".join(map(str, row)))


@click.command()
@click.argument("track")
@click.argument("region")
@with_database
def get(db: GenomeDB, track: str, region: str) -> None:
    """Print the values of a REGION, a line a base: chromosome, position, value.

    REGION is written as in a genome browser, chr1:1,000-2,000: positions count from 1,
    both ends are included. chr1:1000- goes to the end, chr1 is the whole chromosome.
    """
    from genomearray.region import parse_region

    opened = db.open_track(track)
    found = parse_region(region, opened.length)
    letters = opened.kind == "sequence"
    for start in range(found.start, found.end, _PIECE):
        values = opened.values(found.chrom, start, min(start + _PIECE, found.end))
        shown = values.tobytes().decode("ascii") if letters else map(str, values)
        sys.stdout.writelines(f"{found.chrom}\t{start + k}\t{value}\n" for k, value in enumerate(shown, 1))
    sys.stdout.flush()


class _Position(click.ParamType[int]):
    """A position, with or without thousands separators."""

    name = "position"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return int(str(value).replace(",", ""))
        except ValueError:
            self.fail(f"{value!r} is not a whole number", param, ctx)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("chrom")
@click.argument("start", type=_Position())
@click.argument("end", type=_Position())
@click.argument("strand", metavar="[+|-]", default="+")
@click.option("--track", default="seq", show_default=True, help="Name of the sequence track.")
@with_database
def seq(db: GenomeDB, chrom: str, start: int, end: int, strand: str, track: str) -> None:
    """Print the DNA sequence from START to END of a chromosome as FASTA.

    Positions count from 1, both ends are included. With - the reverse complement.
    """
    from genomearray.region import parse_strand
    from genomearray.sequence import fasta_lines, revcomp

    reverse = parse_strand(strand) == -1
    text = db.open_track(track).get_seq_str(chrom, start, end)
    name = f"{chrom}:{start}-{end}" + ("(-)" if reverse else "")
    sys.stdout.writelines(fasta_lines(name, revcomp(text) if reverse else text))
    sys.stdout.flush()


@click.command()
@click.argument("track")
@click.argument("region")
@click.option("-o", "--output", required=True, metavar="FILE.png", help="Picture to write: png, svg or pdf, by its name.")
@click.option("--bins", default=1000, show_default=True, help="Points drawn at most; a region of fewer bases is drawn base by base.")
@with_database
def plot(db: GenomeDB, track: str, region: str, output: str, bins: int) -> None:
    """Draw a REGION of a track: the mean and the range of each bin, exact at any zoom."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise click.ClickException("plots need matplotlib; install it with: pip install 'genomearray[plot]'") from None
    mpl.use("Agg")
    kinds = (".png", ".svg", ".pdf")
    if not output.lower().endswith(kinds):
        raise click.UsageError(f"--output {output!r} is no picture; its name ends in {', '.join(kinds)}")
    axes = db.open_track(track).plot(region, bins=bins)
    axes.figure.savefig(output, dpi=150)
