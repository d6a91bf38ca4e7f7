"""``info``, ``get``, ``seq``, ``seq-stats`` and ``plot``: what a track says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from genomearray.cli.options import IntType, chroms_option, cluster_options, with_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from genomearray.database.database import GenomeDB
    from genomearray.features.table import FeatureTable
    from genomearray.foreign.bigwig_track import BigWigTrack
    from genomearray.foreign.old_track import OldTrack
    from genomearray.storage.read.stored_track import StoredTrack
    from genomearray.track.track import Track


_PIECE = 1 << 16  # bases printed together


@click.command()
@click.argument("track")
@click.option("--chromosomes", is_flag=True, help="Also a table of the statistics of each chromosome.")
@with_database
def info(db: GenomeDB, track: str, chromosomes: bool) -> None:
    """Tell what a track is: type, origin, size on disk and stored statistics."""
    from genomearray.foreign.bigwig_track import BigWigTrack
    from genomearray.foreign.old_track import OldTrack
    from genomearray.track.track import Track

    opened = db.open(track)
    source = opened.source if isinstance(opened, Track) else None
    if not isinstance(opened, Track):
        facts = _table_facts(opened)
    elif isinstance(source, OldTrack):
        facts = _old_facts(track, source)
    elif isinstance(source, BigWigTrack):
        facts = _bigwig_facts(track, source)
    else:
        facts = _facts(track, cast("StoredTrack", source))
    for name, value in facts:
        click.echo(f"{name}\t{value}")
    if chromosomes and isinstance(source, OldTrack):
        _old_statistics(source)
    elif chromosomes and isinstance(source, BigWigTrack):
        _chromosomes(source)
    elif chromosomes and source is not None:
        _statistics(cast("StoredTrack", source))


def _bigwig_facts(name: str, source: BigWigTrack) -> Iterator[tuple[str, Any]]:
    yield "track", name
    for label in ("kind", "assembly", "dtype"):
        yield label, getattr(source, label)
    yield "chromosomes", len(source.names)
    yield "path", source.path
    yield "bytes", source.size
    yield (
        "format",
        f"bigWig, version {source.version}: read in place; genomearray import bigwig makes a track",
    )
    for what, names in source.unmatched().items():
        if names:
            shown = ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
            yield "note", f"{len(names)} chromosomes {what}: {shown}"
    yield "bases", sum(source.length(chrom) for chrom in source.names)
    if source.total is not None:
        yield "values", f"{source.total.bases} bases have one, by the file's own count"


def _chromosomes(source: BigWigTrack) -> None:
    click.echo("name\tlength")
    for chrom in source.names:
        click.echo(f"{chrom}\t{source.length(chrom)}")


def _old_facts(name: str, source: OldTrack) -> Iterator[tuple[str, Any]]:
    yield "track", name
    yield "kind", source.kind
    yield "assembly", source.assembly
    yield "dtype", source.dtype
    yield "chromosomes", len(source.names)
    yield "path", source.path
    yield "bytes", Path(source.path).stat().st_size
    yield "software", "genome (PyTables): read-only; genomearray migrate makes a new file"
    missing = source.missing_chroms
    if missing:
        yield (
            "note",
            f"no data of {len(missing)} chromosomes: "
            f"{', '.join(missing[:5])}{', ...' if len(missing) > 5 else ''}",
        )
    yield "bases", sum(source.length(chrom) for chrom in source.names)


def _old_statistics(source: OldTrack) -> None:
    """Statistics as they stand in the file, which nothing keeps up to date."""
    statistics = source.statistics()
    columns = list(dict.fromkeys(key for one in statistics.values() for key in one))
    click.echo("\t".join(["name", "length", *columns]))
    for chrom in source.names:
        if chrom in statistics:
            click.echo(
                "\t".join(
                    map(
                        str,
                        [chrom, source.length(chrom), *(statistics[chrom].get(key, ".") for key in columns)],
                    )
                )
            )


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
    from genomearray.summary import Summary

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
    valid = Summary(table["n"] - table["n_nan"], *(table[name] for name in Summary._fields[1:]))
    count, total, m2, low, high = valid.merged(stored.dtype)
    yield "sum", total
    yield "mean", total / count if count else float("nan")
    yield "std", (m2 / count) ** 0.5 if count else float("nan")
    yield "min", low
    yield "max", high


def _statistics(stored: StoredTrack) -> None:
    table = stored.sequences()
    columns = (
        ["name", "length"] if stored.kind == "sequence" else ["name", "length", "n_nan", "sum", "min", "max"]
    )
    click.echo("\t".join(columns))
    for row in zip(*(table[column] for column in columns), strict=True):
        click.echo("\t".join(map(str, row)))


@click.command()
@click.argument("track")
@click.argument("region", required=False)
@with_database
def get(db: GenomeDB, track: str, region: str | None) -> None:
    """Print the values of a REGION, one line per base: chromosome, position, value; of a feature table
    the features that overlap it.

    REGION is written as in a genome browser, chr1:1,000-2,000: positions count from 1,
    both ends are included. chr1:1000- goes to the end, chr1 is the whole chromosome. Of a feature table
    without REGION all features; their start and end are offsets, as in BED: counted from 0, the end
    is not included.
    """
    from genomearray.reference.region import parse_region
    from genomearray.track.track import Track

    opened = db.open(track)
    if not isinstance(opened, Track):
        (opened if region is None else opened[region]).to_dataframe().to_csv(
            sys.stdout, sep="\t", index=False, na_rep="."
        )
        return
    if region is None:
        raise click.UsageError("a track needs a REGION, such as chr1:1,000-2,000")
    place = parse_region(region, opened.length)
    letters = opened.kind == "sequence"
    for start in range(place.start, place.end, _PIECE):
        values = opened.values(place.chrom, start, min(start + _PIECE, place.end))
        shown = values.tobytes().decode("ascii") if letters else map(str, values)
        sys.stdout.writelines(f"{place.chrom}\t{start + k}\t{value}\n" for k, value in enumerate(shown, 1))
    sys.stdout.flush()


class _Position(IntType):
    """A position, with or without thousands separators."""

    name = "position"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return int(str(value).replace(",", ""))
        except ValueError:
            self.fail(f"{value!r} is not a whole number", param, ctx)


@click.command(context_settings={"ignore_unknown_options": True})
@click.argument("chrom", required=False)
@click.argument("start", type=_Position(), required=False)
@click.argument("end", type=_Position(), required=False)
@click.argument("strand", metavar="[+|-]", default="+")
@click.option(
    "--bed",
    metavar="FILE",
    help="Instead of one region: all those of a BED FILE (- is standard input), on their strands.",
)
@click.option(
    "--soft-mask",
    is_flag=True,
    help="Keep lower case, which marks repeats; without it everything is upper case.",
)
@click.option("--track", default="seq", show_default=True, help="Name of the sequence track.")
@with_database
def seq(
    db: GenomeDB,
    chrom: str | None,
    start: int | None,
    end: int | None,
    strand: str,
    bed: str | None,
    soft_mask: bool,
    track: str,
) -> None:
    """Print the DNA sequence from START to END of a chromosome, or of the regions of a BED file, as FASTA.

    Positions count from 1, both ends are included. With - the reverse complement. A record is called
    chr1:101-200(-), as a browser has it, followed by the name in the BED file.
    """
    from genomearray.errors import RegionError
    from genomearray.reference.dna import fasta_lines, revcomp
    from genomearray.reference.region import parse_strand

    if (bed is None) == (chrom is None) or (bed is None and end is None):
        raise click.UsageError("give CHROM START END, or --bed FILE")
    opened = db.open_track(track)
    if bed is not None:
        _sequences(opened, bed, soft_mask=soft_mask)
        return
    assert chrom is not None
    if start is None or end is None:
        raise RegionError("give both START and END")
    reverse = parse_strand(strand) == -1
    text = opened.get_seq_str(chrom, start, end)
    if soft_mask:
        text = opened.get_nparray(chrom, start, end).tobytes().decode("ascii")
    name = f"{chrom}:{start}-{end}" + ("(-)" if reverse else "")
    sys.stdout.writelines(fasta_lines(name, revcomp(text) if reverse else text))
    sys.stdout.flush()


def _sequences(track: Track, bed: str, *, soft_mask: bool) -> None:
    """Records of all regions of a file, many of them read at once."""
    from genomearray.compute.region_sequences import region_sequences
    from genomearray.reference.dna import fasta_lines

    for name, text in region_sequences(track.source, Path(bed)):
        sys.stdout.writelines(fasta_lines(name, text if soft_mask else text.upper()))
    sys.stdout.flush()


@click.command("seq-stats")
@click.argument("track", default="seq")
@chroms_option
@cluster_options
@with_database
def seq_stats(db: GenomeDB, track: str, chroms: tuple[str, ...], threads: int | None) -> None:
    """Letters of a sequence TRACK [default: seq], one line per chromosome, and their total.

    n_a ... n_n count both cases, n_other IUPAC codes and gaps, n_def all but N, n_lower soft-masked
    bases; gc is the part of G and C among A, C, G and T; first_def and last_def are positions (from
    1) of the first and last base that is not N.
    """
    from genomearray.compute.composition import total

    table = db.open_track(track).seq_stats(chroms=chroms or None, threads=threads, progress=True)
    table.to_csv(sys.stdout, sep="\t", na_rep=".")
    click.echo("\t".join(["total", *(str(total(table).get(name, ".")) for name in table.columns)]))


@click.command()
@click.argument("track")
@click.argument("region")
@click.option(
    "-o",
    "--output",
    required=True,
    metavar="FILE.png",
    help="Picture to write: png, svg or pdf, by its name.",
)
@click.option(
    "--bins",
    default=1000,
    show_default=True,
    help="Points drawn at most; a region of fewer bases is drawn base by base.",
)
@with_database
def plot(db: GenomeDB, track: str, region: str, output: str, bins: int) -> None:
    """Draw a REGION of a track: the mean and the range of each bin, exact at any zoom."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise click.ClickException(
            "plots need matplotlib; install it with: pip install 'genomearray[plot]'"
        ) from None
    mpl.use("Agg")
    kinds = (".png", ".svg", ".pdf")
    if not output.lower().endswith(kinds):
        raise click.UsageError(f"--output {output!r} is not a picture; its name ends in {', '.join(kinds)}")
    figure = db.open_track(track).plot(region, bins=bins).get_figure(root=True)
    if figure is not None:
        figure.savefig(output, dpi=150)
