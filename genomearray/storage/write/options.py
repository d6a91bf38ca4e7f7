"""How tracks and feature tables are written: one set of options for all that write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, TypedDict

from genomearray._typing import Attributes
from genomearray.choices import KINDS, OVERFLOWS, SIGNAL, STORES, Kind, Overflow, Store, check


@dataclass(slots=True)
class WriteReport:
    """What happened to the values on their way into a track.

    Attributes
    ----------
    bases : int
        Bases that were written, each counted once.
    overwritten : int
        Bases written again by a later value, which won.
    saturated : int
        Values set to the least or greatest one of the dtype.
    nan_to_zero : int
        Missing values that became 0 in an integer track.
    chromosomes : list of str
        Those that got a value, in order of their first one.
    """

    bases: int = 0
    overwritten: int = 0
    saturated: int = 0
    nan_to_zero: int = 0
    chromosomes: list[str] = field(default_factory=list)


Describe: TypeAlias = Callable[[WriteReport], Attributes]


class TrackSettings(TypedDict, total=False):
    """Keyword arguments of whatever writes a track; :meth:`genomearray.GenomeDB.create_track` says
    what they mean.
    """

    kind: Kind
    store: Store
    overwrite: bool
    units: str | None
    source: str
    overflow: Overflow
    round: bool
    threads: int | None
    command: str | None


@dataclass(frozen=True, kw_only=True)
class WriteOptions:
    """What a writer is made with.

    Attributes
    ----------
    kind, store, overwrite, units, source, overflow, round, threads, command
        As for :meth:`genomearray.GenomeDB.create_track`.
    chunk : int, optional
        Positions in a chunk; for measurements.
    zero_fill : bool
        Bases nobody writes are 0 in floats too, which then hold no NaN: counts.
    attributes : dict
        Kept with the track.
    alone : bool
        A file outside of a database: its name is checked against nothing.
    describe : callable, optional
        Gives more attributes from the final report.
    """

    kind: Kind = SIGNAL
    store: Store = "h5"
    overwrite: bool = False
    units: str | None = None
    source: str = ""
    overflow: Overflow = "saturate"
    round: bool = False
    threads: int | None = None
    command: str | None = None
    chunk: int | None = None
    zero_fill: bool = False
    attributes: Attributes = field(default_factory=dict)
    alone: bool = False
    describe: Describe | None = None

    def __post_init__(self) -> None:
        check("store", self.store, STORES)
        check("kind", self.kind, KINDS)
        check("overflow", self.overflow, OVERFLOWS)
