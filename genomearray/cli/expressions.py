"""Commands that compute a track of others: comparisons of two, and expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from genomearray.choices import COMPARE_HOW, NORMALIZATIONS, CompareHow, Normalization
from genomearray.cli.derive import refuse_existing, save_lazy
from genomearray.cli.options import cluster_options, with_database, write_options

if TYPE_CHECKING:
    from genomearray.cli.options import DerivedSettings
    from genomearray.database.database import GenomeDB
    from genomearray.track.track import Track


@click.command()
@click.argument("out")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option(
    "--how",
    type=click.Choice(COMPARE_HOW),
    default="log2",
    show_default=True,
    help="log2 of the ratio; reciprocal_ratio is the ratio from 1 up, else -1 / ratio.",
)
@click.option(
    "--pseudocount",
    type=float,
    default=1.0,
    show_default=True,
    metavar="X",
    help="Added before a ratio is taken.",
)
@click.option("--scale", type=click.Choice(NORMALIZATIONS), help="Normalise both first.")
@click.option("--missing-as-zero", is_flag=True, help="Take missing values for 0, as bigwigCompare does.")
@write_options("float32")
@cluster_options
@with_database
def compare(
    db: GenomeDB,
    out: str,
    first: str,
    second: str,
    how: CompareHow,
    pseudocount: float,
    scale: Normalization | None,
    missing_as_zero: bool,
    **options: Unpack[DerivedSettings],
) -> None:
    """Compare the tracks A and B base by base, as the track OUT. Where either is missing, OUT is."""
    from genomearray.stacks.compare import compare as compared

    refuse_existing(db, [out], options["overwrite"])
    a, b = _opened(db, out, {"A": first, "B": second}).values()
    made = compared(a, b, how, pseudocount=pseudocount, scale=scale, missing_as_zero=missing_as_zero)
    save_lazy(db, {out: made}, options)


@click.command()
@click.argument("out")
@click.argument("expression")
@click.argument("names", metavar="NAME=TRACK...", nargs=-1, required=True)
@write_options("float32")
@cluster_options
@with_database
def compute(
    db: GenomeDB, out: str, expression: str, names: tuple[str, ...], **options: Unpack[DerivedSettings]
) -> None:
    """Compute OUT of an EXPRESSION of tracks, such as 'log2((a + 1) / (b + 1))' a=chip/x b=input/y.

    Operators, numpy's elementwise functions, and rolling(a, BP), smooth(a, SIGMA), shift(a, BP),
    clip(a, LOW, HIGH), fillna(a, NUMBER), where(CONDITION, a, b).
    """
    from genomearray.stacks.compare import as_float32
    from genomearray.stacks.expression import computed

    refuse_existing(db, [out], options["overwrite"])
    asked: dict[str, str] = {}
    for pair in names:
        name, equals, track = pair.partition("=")
        if not (equals and name.isidentifier() and track) or name in asked:
            raise click.UsageError(
                f"{pair!r} is not NAME=TRACK, or names one twice; write a=chip/x for the a of the expression"
            )
        asked[name] = track
    made = computed(expression, _opened(db, out, asked))
    if options["dtype"] is None:
        made = as_float32(made, made.label)
    save_lazy(db, {out: made}, options)


def _opened(db: GenomeDB, out: str, names: dict[str, str]) -> dict[str, Track]:
    from genomearray.errors import ValueRangeError

    if out in names.values():
        raise ValueRangeError(
            f"{out!r} is an input and the output; a track cannot become itself: choose another name"
        )
    return {name: db.open_track(track) for name, track in names.items()}
