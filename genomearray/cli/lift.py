"""Commands that carry tracks and BED files to another assembly."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from genomearray.choices import COLLISIONS, Collisions
from genomearray.cli.derive import refuse_existing, save_lazy
from genomearray.cli.options import (
    DerivedSettings,
    cluster_options,
    database_options,
    settings,
    write_options,
)
from genomearray.errors import AssemblyError, FormatError, ValueRangeError

if TYPE_CHECKING:
    pass


@click.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
@click.argument("chain", metavar="CHAIN", type=click.Path(exists=True, dir_okay=False))
@click.argument("track")
@click.option(
    "--reverse-track",
    metavar="NAME",
    help="The track of the other strand: they change places on minus blocks.",
)
@click.option("--as", "name", metavar="NAME", help="Name on the new assembly [default: the same].")
@click.option(
    "--reverse-as", metavar="NAME", help="Name of the other strand on the new assembly [default: the same]."
)
@click.option(
    "--collisions",
    type=click.Choice(COLLISIONS),
    default="best",
    show_default=True,
    help="Where several bases lead to one: the best chain counts, the first or last of the file, their "
    "sum or mean, or an error.",
)
@click.option(
    "--chrom-alias",
    metavar="FILE|ucsc|ensembl",
    help="Translate the names of the chain file: two columns, ucsc or ensembl.",
)
@click.option(
    "--skip-unequal",
    is_flag=True,
    help="Leave out, and report, chains of chromosomes that have another length here.",
)
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
    collisions: Collisions,
    chrom_alias: str | None,
    skip_unequal: bool,
    report_file: str | None,
    db: str | None,
    assembly: str | None,
    **options: Unpack[DerivedSettings],
) -> None:
    """Lift a TRACK from assembly FROM to assembly TO of the database, through a UCSC CHAIN file.

    Every base of TO takes the value of the base that the chain aligns to it. A sequence is
    complemented where the chain is on the minus strand.
    """
    from genomearray.database.database import GenomeDB
    from genomearray.lifting.lift import liftover as lifted

    folder, _ = settings(ctx, db, None)
    old, new = GenomeDB(folder, source), GenomeDB(folder, target)
    if reverse_as and not reverse_track:
        raise click.UsageError("--reverse-as is for --reverse-track")
    names = [name or track] + ([reverse_as or reverse_track] if reverse_track else [])
    if source == target and set(names) & {track, reverse_track}:
        raise AssemblyError(
            f"FROM and TO are both {source!r}, and the track would become itself; give another name: "
            "--as NAME"
        )
    if len(set(names)) < len(names):
        raise ValueRangeError(f"both strands would be called {names[0]!r}; give --as and --reverse-as")
    refuse_existing(new, names, options["overwrite"])
    if report_file is not None and (
        Path(report_file).is_dir() or not Path(report_file).absolute().parent.is_dir()
    ):
        raise click.UsageError(
            f"--report: {report_file} is a folder, or in one that is not there; name a file"
        )
    reverse = old.open_track(reverse_track) if reverse_track else None
    made = lifted(old.open_track(track), chain, new, reverse, collisions, chrom_alias, skip_unequal)
    made = made if reverse_track else (made,)
    for line in made[0].report.lines():
        click.echo(line, err=True)
    save_lazy(new, dict(zip(names, made, strict=True)), options)
    if report_file is not None:
        Path(report_file).write_text("".join(f"{lifted_track.report.table()}\n" for lifted_track in made))


@click.command("lift-bed")
@click.argument("chain", metavar="CHAIN", type=click.Path(exists=True, dir_okay=False))
@click.argument("bed", metavar="BED")
@click.argument("out", metavar="OUT", default="-")
@click.option(
    "--unmapped", metavar="FILE", help="Write lines of which nothing maps, each after a line that says why."
)
@click.option(
    "--pieces",
    is_flag=True,
    help="Write every aligned piece; without it, one line from the first to the last base on the best chain.",
)
@click.option(
    "--min-match",
    type=click.FloatRange(0, 1),
    default=0.95,
    show_default=True,
    help="Part of the bases that must map.",
)
@click.option("--overwrite", is_flag=True, help="Replace OUT.")
def lift_bed(
    chain: str, bed: str, out: str, unmapped: str | None, pieces: bool, min_match: float, overwrite: bool
) -> None:
    """Lift the intervals of a BED file (- is standard input) to the other assembly of a CHAIN file.

    The thick part and the blocks of BED12 are lifted too, on the best chain; other columns are copied.
    """
    from genomearray_converters.bed_lift import lift_bed as lifted
    from genomearray_converters.exporting.files import text_output

    if min_match != min_match:
        raise click.UsageError("--min-match nan is not a fraction; give a number from 0 to 1")
    outputs = [name for name in (out, unmapped) if name not in (None, "-")]
    for name in outputs:
        if Path(name).exists() and any(
            Path(given).exists() and Path(name).samefile(given) for given in (chain, bed)
        ):
            raise FormatError(
                f"{name} is an input and an output; a file cannot become itself: choose another name"
            )
    if len(outputs) == 2 and Path(outputs[0]).absolute() == Path(outputs[1]).absolute():
        raise FormatError(f"{out} is the output and --unmapped; give two names")
    with (
        text_output(out, overwrite=overwrite) as file,
        text_output(unmapped, overwrite=overwrite) if unmapped else nullcontext() as other,
    ):
        report = lifted(chain, bed, file, other, pieces=pieces, min_match=min_match)
    click.echo(f"{report.mapped:,} intervals map, {report.unmapped:,} do not", err=True)
