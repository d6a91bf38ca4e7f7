"""Commands about many tracks: tables of regions and bins, correlation, components, summaries across them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, Unpack

import click

from genomearray.cli.derive import refuse_existing, save_lazy
from genomearray.cli.options import chroms_option, cluster_options, with_database, write_options

if TYPE_CHECKING:
    import pandas as pd

    from genomearray.cli.options import DerivedSettings
    from genomearray.database.database import GenomeDB
    from genomearray.stacks.comparison import Method
    from genomearray.stacks.stack import Stack
    from genomearray.stacks.tables import Columns
    from genomearray.track.track import Track

F = TypeVar("F", bound=Callable[..., Any])
_ROWS = 1 << 16  # printed together

tracks_argument = click.argument("tracks", metavar="TRACK...", nargs=-1, required=True)
stat_option = click.option(
    "--stat",
    default="mean",
    show_default=True,
    metavar="STAT,...",
    help="n, mean, min, max, sum, std, median, quantile:Q, over:T (fraction of bases >= T), coverage (> 0).",
)
_bins_option = click.option(
    "--bins",
    type=click.IntRange(min=1),
    default=10_000,
    show_default=True,
    metavar="BP",
    help="Size of a bin.",
)
_bed_option = click.option(
    "--bed", metavar="BED|TABLE", help="Compare in these regions, a file or a table of the database."
)


def _out_option(function: F) -> F:
    return click.option(
        "-o",
        "--out",
        metavar="FILE",
        help="Write the table there: tab-separated, or Parquet where it ends in .parquet "
        "[default: standard output].",
    )(function)


def regions_of(db: GenomeDB, bed: str) -> Any:
    """Regions of a BED file, or of a feature table of the database."""
    return Path(bed) if Path(bed).exists() else db.open_features(bed)


def put_table(frame: pd.DataFrame, out: str | None) -> None:
    """A table to standard output or a file; missing numbers are empty."""
    if out is None:
        frame.to_csv(sys.stdout, sep="\t", index=False, na_rep="", chunksize=_ROWS)
        return
    from genomearray_converters.exporting.files import new_file

    from genomearray.errors import ArgumentError

    with new_file(out, overwrite=True) as part:
        if out.endswith(".parquet"):
            try:
                frame.to_parquet(part, index=False)
            except ImportError as error:
                raise ArgumentError("Parquet needs the package pyarrow: pip install pyarrow") from error
        else:
            frame.to_csv(part, sep="\t", index=False, na_rep="", chunksize=_ROWS)


def _flat(where: Columns, columns: Columns, names: list[str]) -> pd.DataFrame:
    """A row a region or bin, a column a track and statistic."""
    import pandas as pd

    from genomearray.errors import ArgumentError

    flat: dict[str, Any] = {key: where[key] for key in ("chrom", "start", "end")}
    for key in ("name", "strand"):
        if key in where and (where[key] != ".").any():
            flat[key] = where[key]
    for k, name in enumerate(names):
        for stat, values in columns.items():
            label = name if len(columns) == 1 else f"{name}:{stat}"
            if label in flat:
                raise ArgumentError(f"a track is called {label!r}, as a column of the table is")
            flat[label] = values[:, k]
    return pd.DataFrame(flat)


@click.command()
@tracks_argument
@click.option(
    "--bed", required=True, metavar="BED|TABLE", help="Regions: a BED file, or a table of the database."
)
@stat_option
@_out_option
@with_database
def regions(db: GenomeDB, tracks: tuple[str, ...], bed: str, stat: str, out: str | None) -> None:
    """A table of statistics: a row a region of --bed, in its order, a column a TRACK.

    TRACKs are names, patterns in quotes, sample sheets (.tsv, .csv), or files. The table begins with chrom,
    start and end (offsets), and name and strand where the regions have them; a number that does not exist
    is empty.
    """
    stack = db.stack(tracks)
    put_table(_flat(*stack.region_columns(regions_of(db, bed), stat), stack.names), out)


@click.command()
@click.argument("size", metavar="SIZE", type=click.IntRange(min=1))
@tracks_argument
@chroms_option
@stat_option
@_out_option
@with_database
def bins(
    db: GenomeDB, size: int, tracks: tuple[str, ...], chroms: tuple[str, ...], stat: str, out: str | None
) -> None:
    """A table of statistics: a row a bin of SIZE bp of the genome, a column a TRACK; see regions."""
    stack = db.stack(tracks)
    put_table(_flat(*stack.bin_columns(size, chroms or None, stat), stack.names), out)


def _tell_left_out(left_out: list[str]) -> None:
    if left_out:
        shown = ", ".join(left_out[:5]) + (", ..." if len(left_out) > 5 else "")
        click.echo(
            f"{len(left_out)} chromosomes on which every track is 0 or missing were left out: {shown}",
            err=True,
        )


@click.command()
@tracks_argument
@_bins_option
@_bed_option
@click.option(
    "--method", type=click.Choice(["pearson", "spearman"]), default="pearson", show_default=True,
    help="Of the means, or of their ranks.",
)  # fmt: skip
@chroms_option
@_out_option
@with_database
def corr(
    db: GenomeDB,
    tracks: tuple[str, ...],
    bins: int,
    bed: str | None,
    method: Method,
    chroms: tuple[str, ...],
    out: str | None,
) -> None:
    """Correlation of every pair of TRACKs, of their means in bins, or in the regions of --bed.

    Over the bins that both tracks have; nan where one of them is constant.
    """
    import numpy as np
    import pandas as pd

    stack = db.stack(tracks)
    matrix = stack.corr(
        bins, regions=None if bed is None else regions_of(db, bed), method=method, chroms=chroms or None
    )
    _tell_left_out(matrix.attrs.get("left_out", []))
    for name, value in zip(stack.names, np.diagonal(matrix.values).tolist(), strict=True):
        if value != value:
            click.echo(f"track {name} is constant, and correlates with nothing", err=True)
    frame = pd.DataFrame(matrix.values, columns=stack.names).astype(object).fillna("nan")
    frame.insert(0, "track", stack.names)
    put_table(frame, out)


@click.command()
@tracks_argument
@_bins_option
@_bed_option
@click.option("-n", "n", type=click.IntRange(min=1), default=2, show_default=True, help="Components.")
@chroms_option
@_out_option
@with_database
def pca(
    db: GenomeDB,
    tracks: tuple[str, ...],
    bins: int,
    bed: str | None,
    n: int,
    chroms: tuple[str, ...],
    out: str | None,
) -> None:
    """Principal components of the TRACKs, by their means in bins, or in the regions of --bed.

    The first line says which part of the variance each component explains; then a line a track.
    """
    import pandas as pd

    stack = db.stack(tracks)
    found = stack.pca(bins, n, regions=None if bed is None else regions_of(db, bed), chroms=chroms or None)
    _tell_left_out(found.attrs["left_out"])
    columns = [f"component{k}" for k in found["component"].values.tolist()]
    rows = pd.DataFrame([found["explained"].values, *found["scores"].values], columns=columns)
    rows.insert(0, "track", ["explained", *stack.names])
    put_table(rows, out)


@click.command()
@click.argument("out")
@tracks_argument
@click.option(
    "--stat",
    default="mean",
    show_default=True,
    metavar="STAT,...",
    help="mean, sum, min, max, median, std, var, count, quantile:Q, over:T (fraction of tracks >= T).",
)
@write_options("float32; of sums and counts an integer")
@cluster_options
@with_database
def summary(
    db: GenomeDB, out: str, tracks: tuple[str, ...], stat: str, **options: Unpack[DerivedSettings]
) -> None:
    """Statistics across TRACKs, base by base, a new track each: OUT holds {stat}, such as all/{stat}.

    The tracks are named after their statistics, over:10 as over_10.
    """
    from genomearray.errors import ArgumentError

    stats = [name.strip() for name in stat.split(",")]
    if "{stat}" not in out and len(stats) > 1:
        raise ArgumentError(
            f"{out!r} names one track, and {len(stats)} statistics are asked for: write {{stat}}"
        )
    names = {one: out.replace("{stat}", one.replace(":", "_")) for one in stats}
    refuse_existing(db, list(names.values()), options["overwrite"])
    stack = db.stack(tracks)
    taken = next((name for name in names.values() if name in stack.names), None)
    if taken is not None:
        raise ArgumentError(f"{taken!r} is an input and the output; choose another name")
    save_lazy(db, {name: _across(stack, one) for one, name in names.items()}, options)


def _across(stack: Stack, stat: str) -> Track:
    """One statistic across tracks."""
    from genomearray.errors import ArgumentError
    from genomearray.stacks.reductions import REDUCTIONS, reduction

    kind, _, number = stat.partition(":")
    if not number and kind in (*REDUCTIONS, "count"):
        made: Track = reduction(kind)(stack)
        return made
    try:
        value = float(number)
    except ValueError:
        value = float("nan")
    if value == value and kind in ("quantile", "over"):
        made = reduction("fraction" if kind == "over" else "quantile", value)(stack)
    else:
        raise ArgumentError(
            f"stat {stat!r} is not known; allowed are {', '.join(REDUCTIONS)}, count, quantile:Q (0 to 1), "
            "over:T"
        )
    return made
