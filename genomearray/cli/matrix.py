"""``matrix``: windows of many regions and tracks as a file for heatmaps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genomearray.choices import REFERENCES, Reference
from genomearray.cli.options import with_database
from genomearray.cli.stacks import regions_of, tracks_argument

if TYPE_CHECKING:
    import xarray as xr

    from genomearray.database.database import GenomeDB

_WIDTH, _BIN = 2000, 10  # where nothing is said


@click.command()
@tracks_argument
@click.option(
    "--bed",
    "beds",
    multiple=True,
    required=True,
    metavar="[NAME=]BED|TABLE",
    help="Regions, a file or a table of the database, as a group called NAME; may be given again.",
)
@click.option(
    "--reference",
    type=click.Choice(REFERENCES),
    help="Windows around this point of each region, as its strand runs [default: middle].",
)
@click.option(
    "--width", type=click.IntRange(min=1), metavar="BP", help="Of windows around it [default: 2000]."
)
@click.option(
    "--bins", type=click.IntRange(min=1), metavar="N", help="Instead: scale each region to so many bins."
)
@click.option(
    "--flank", type=click.IntRange(min=0), metavar="BP", help="Beside scaled regions, on both sides."
)
@click.option(
    "--before", type=click.IntRange(min=0), metavar="BP", help="Before the point, or the scaled region."
)
@click.option(
    "--after", type=click.IntRange(min=0), metavar="BP", help="After the point, or the scaled region."
)
@click.option(
    "--bin-size", type=click.IntRange(min=1), default=_BIN, show_default=True, metavar="BP", help="Of a bin."
)
@click.option(
    "--how", default="mean", show_default=True, metavar="STAT",
    help="What a bin holds: mean, sum, min, max, median, quantile:Q, over:T, coverage.",
)  # fmt: skip
@click.option("--missing-as-zero", is_flag=True, help="Take missing values for 0.")
@click.option(
    "-o",
    "--out",
    required=True,
    metavar="FILE",
    help="A matrix of deepTools (.gz), or .npz, or netCDF (.nc).",
)
@click.option("--overwrite", is_flag=True, help="Replace FILE.")
@with_database
def matrix(
    db: GenomeDB,
    tracks: tuple[str, ...],
    beds: tuple[str, ...],
    reference: Reference | None,
    width: int | None,
    bins: int | None,
    flank: int | None,
    before: int | None,
    after: int | None,
    bin_size: int,
    how: str,
    missing_as_zero: bool,
    out: str,
    overwrite: bool,
) -> None:
    """Values of TRACKs around a point of many regions, or in regions scaled to one length, as a matrix that
    plotHeatmap and plotProfile open.

    A row a region, in the order of the files; on the minus strand it runs backwards. What lies outside
    the chromosome is nan.
    """
    if bins is not None and (reference is not None or width is not None):
        raise click.UsageError(
            "--bins scales regions; --reference and --width are for windows around a point"
        )
    if bins is None and flank is not None:
        raise click.UsageError("--flank is beside scaled regions: give --bins, or --before and --after")
    if width is not None and (before is not None or after is not None):
        raise click.UsageError("give --width, or --before and --after")
    layout: dict[str, Any] = {"bins": bins, "flank": flank or 0, "before": before, "after": after}
    if bins is None and before is None and after is None:
        wide = width or _WIDTH
        layout |= {"before": wide // 2, "after": wide - wide // 2}
    stack = db.stack(tracks)
    # Outside of a chromosome integers would be 0, which is a value.
    floats = stack.map(_as_floats)
    profile = floats.profile(
        _groups(db, beds),
        reference=reference or "middle",
        bin_size=bin_size,
        how=how,
        whole_bases=True,
        fill=0 if missing_as_zero else None,
        **layout,
    )
    _put(profile, out, overwrite)


def _as_floats(track: Any) -> Any:
    return track if track.dtype.kind == "f" else track.astype("float64")


def _groups(db: GenomeDB, beds: tuple[str, ...]) -> dict[str, Any]:
    groups: dict[str, Any] = {}
    for bed in beds:
        name, equals, path = bed.partition("=")
        if not equals or Path(bed).exists():
            name, path = Path(bed).name.partition(".")[0], bed
        if name in groups:
            raise click.UsageError(f"two groups are called {name!r}; write --bed NAME=BED")
        groups[name] = regions_of(db, path)
    return groups


def _put(profile: xr.Dataset, out: str, overwrite: bool) -> None:
    import numpy as np
    from genomearray_converters import export_matrix
    from genomearray_converters.exporting.files import new_file

    if not out.endswith((".npz", ".nc")):
        click.echo(export_matrix(profile, out, overwrite=overwrite), err=True)
        return
    with new_file(out, overwrite=overwrite, suffix=Path(out).suffix) as part:
        if out.endswith(".nc"):
            plain = profile.assign_coords(
                {name: profile[name].astype(str) for name in profile.coords if profile[name].dtype == object}
            )
            with part.open("r+b") as file:  # HDF5 would lock the file, which is locked already
                plain.to_netcdf(file, engine="h5netcdf")
        else:
            columns: dict[str, Any] = {
                str(name): values.values.astype(str) if values.dtype == object else values.values
                for name, values in {**profile.data_vars, **profile.coords}.items()
            }
            with part.open("wb") as file:
                np.savez_compressed(file, **columns)
    click.echo(f"{profile.sizes['window']:,} regions", err=True)
