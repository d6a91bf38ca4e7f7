"""A database of the old library, or of this one, copied into a new database: every value is read
back and compared.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from genomearray.choices import Store
from genomearray.compute.blocks import Run, each_block, pieces
from genomearray.database.database import GenomeDB
from genomearray.database.folders import database_folder, list_assemblies
from genomearray.database.save import copy_features, copy_track
from genomearray.database.verify import stale_chromosomes
from genomearray.errors import (
    AssemblyError,
    DamagedTrackError,
    DatabaseError,
    GenomeArrayError,
    GenomeArrayWarning,
    LayoutError,
)
from genomearray.features.table import FeatureTable
from genomearray.foreign.old_file import DAMAGE, is_hdf5
from genomearray.foreign.old_lift_table import LiftTable
from genomearray.foreign.old_track import OldTrack
from genomearray.reference.intervals import Intervals
from genomearray.source import Source
from genomearray.storage.chromosome_table import write_chromosome_table
from genomearray.storage.read.open_stored import open_part
from genomearray.storage.write.options import WriteOptions
from genomearray.track.track import Track

COPIED, THERE, LEFT_OUT, FAILED = "copied", "there", "left out", "failed"


@dataclass(frozen=True)
class Migrated:
    """What became of one file."""

    assembly: str
    name: str
    outcome: str
    note: str

    def __str__(self) -> str:
        return f"{self.assembly} {self.name}: {self.outcome}{', ' if self.note else ''}{self.note}"


@dataclass
class MigrateReport:
    """What became of all files.

    Attributes
    ----------
    files : list of Migrated
        Each with an outcome: ``copied`` (and compared), ``there`` (an earlier run copied it),
        ``left out`` (no track and no table), ``failed``.
    """

    files: list[Migrated] = field(default_factory=list)

    def count(self, outcome: str) -> int:
        """How many files have an outcome."""
        return sum(file.outcome == outcome for file in self.files)

    def lines(self) -> list[str]:
        """The report for people, a line each file, and a sum."""
        counts = ", ".join(
            f"{self.count(outcome)} {outcome}" for outcome in (COPIED, THERE, LEFT_OUT, FAILED)
        )
        return [*map(str, self.files), f"files: {counts}"]


def migrate(
    source: str | os.PathLike[str] | None,
    dest: str | os.PathLike[str],
    assembly: str | None = None,
    *,
    store: Store = "h5",
    overwrite: bool = False,
    threads: int | None = None,
    progress: bool = False,
) -> MigrateReport:
    """Copy a database into a new one: chromosome tables, tracks and tables of features.

    Parameters
    ----------
    source : path-like, optional
        The old database, which is only read. Default: ``GENOME_DB``.
    dest : path-like
        The new one; it is made if need be. What an earlier run copied stays, and is compared again.
    assembly : str, optional
        Only this one.
    store : {"h5", "zarr"}
    overwrite : bool
        Copy tracks again that are in the new database.
    threads : int, optional
        Default: one a core, or the dask cluster of the session.
    progress : bool
        Show bars on a terminal.

    Returns
    -------
    MigrateReport

    Raises
    ------
    DatabaseError, AssemblyError

    Examples
    --------
    >>> from genomearray.database.migrate import migrate
    >>> print(migrate(tmp, tmp + "/new", "toy").lines()[0])
    toy counts: copied, 1,860 values of uint16 agree
    """
    folder = database_folder(source)
    known = list_assemblies(folder)
    if assembly is not None and assembly not in known:
        raise DatabaseError(
            f"assembly {assembly!r} is not in the database {folder}; there are: {', '.join(known) or 'none'}"
        )
    if not known:
        raise DatabaseError(
            f"{folder} holds no assembly: no folder in it has a chromosome table, chromosome.h5"
        )
    target = Path(dest).expanduser()
    if target.resolve() == folder.resolve():
        raise DatabaseError(f"{dest} is the old database itself; give another folder")
    report = MigrateReport()
    for name in [assembly] if assembly is not None else known:
        old = GenomeDB(folder, name)
        new = _same_assembly(old, target)
        for track in old.list_tracks():
            report.files.append(
                _migrate_one(
                    old,
                    new,
                    track,
                    {"store": store, "overwrite": overwrite, "threads": threads},
                    progress=progress,
                )
            )
    return report


def _same_assembly(old: GenomeDB, target: Path) -> GenomeDB:
    """The assembly in the new database, with the chromosome table of the old one."""
    name = old.folder.name
    table = old.assembly
    if not target.is_dir() or name not in list_assemblies(target):
        (target / name).mkdir(parents=True, exist_ok=True)
        write_chromosome_table(target / name, table)
    new = GenomeDB(target, name)
    if [(c.name, c.length) for c in new.assembly] != [(c.name, c.length) for c in table]:
        raise AssemblyError(
            f"assembly {name!r} is in {target} already, with other chromosomes; migrate into another folder"
        )
    return new


def _migrate_one(
    old: GenomeDB, new: GenomeDB, name: str, options: dict[str, Any], *, progress: bool
) -> Migrated:
    assembly = old.folder.name
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", GenomeArrayWarning)
            exists = new.has_track(name) and not options["overwrite"]
            note = (
                _compare(old, new, name, options, progress=progress)
                if exists
                else _copy(old, new, name, options, progress=progress)
            )
        notes = [
            note,
            *(str(warning.message) for warning in caught if issubclass(warning.category, GenomeArrayWarning)),
        ]
        return Migrated(assembly, name, THERE if exists else COPIED, "; ".join(notes))
    except _NotData as error:
        return Migrated(assembly, name, LEFT_OUT, str(error))
    except (GenomeArrayError, *DAMAGE) as error:
        return Migrated(assembly, name, FAILED, str(error))


def _compare(old: GenomeDB, new: GenomeDB, name: str, options: dict[str, Any], *, progress: bool) -> str:
    """What an earlier run copied still agrees."""
    with old.open(name) as old_track, new.open(name) as new_track:
        if isinstance(old_track, Track) and isinstance(new_track, Track):
            if _differences(old_track.source, new_track.source, options["threads"], progress=progress) == 0:
                return f"{_bases(old_track):,} values of {old_track.dtype} agree"
        elif (
            isinstance(old_track, FeatureTable)
            and isinstance(new_track, FeatureTable)
            and _same_tables(old_track, new_track)
        ):
            return f"{len(old_track):,} features agree"
    raise DamagedTrackError("the new database has another track of that name", hint="{overwrite} replaces it")


def _bases(track: Track) -> int:
    return sum(track.length(chrom) for chrom in track.chromosomes)


class _NotData(Exception):
    """A file that is neither a track nor a table of features, and why."""


def _copy(old: GenomeDB, new: GenomeDB, name: str, options: dict[str, Any], *, progress: bool) -> str:
    try:
        opened = old.open(name)
    except LayoutError as error:
        _tell_apart(old, old.get_track_path(name), error)
        raise
    with opened:
        if isinstance(opened, Track):
            return _copy_track(opened, new, name, options, progress=progress)
        return _copy_table(opened, new, name, options)


def _tell_apart(old: GenomeDB, path: Path, why: LayoutError) -> None:
    """_NotData for a file that is whole and something else than a track or a table."""
    if not is_hdf5(path):
        return
    try:
        LiftTable(path, old.assembly).close()
    except GenomeArrayError:
        raise _NotData(str(why)) from None
    raise _NotData(
        "a liftover table: read the chain file itself (genomearray liftover, genomearray.Chain)"
    ) from None


def _copy_track(track: Track, new: GenomeDB, name: str, options: dict[str, Any], *, progress: bool) -> str:
    def check(writers: list[Any]) -> None:
        copy = open_part(writers[0].hidden_path)
        wrong = _differences(track.source, copy, options["threads"], progress=progress)
        copy.close()
        if wrong:
            raise DamagedTrackError(
                f"{wrong:,} values of the copy differ from those of {track.path}; nothing was kept"
            )

    copy_track(new.folder, new.assembly, name, track, progress=progress, check=check, **options)
    with new.open_track(name) as copy:
        stale = _stale(track.source, copy)
    return f"{_bases(track):,} values of {track.dtype} agree" + (f"; {stale}" if stale else "")


def _differences(one: Source, other: Source, threads: int | None, *, progress: bool) -> int:
    """Bases where two sources differ by a bit; all NaN are one value."""
    return sum(
        count
        for _, count in each_block(
            _block_differences, one, (one, other), one.names, Run("compare", threads, progress)
        )
    )


def _block_differences(sources: tuple[Source, Source], task: Intervals) -> int:
    return sum(_different(*(source.read_intervals(piece) for source in sources)) for piece in pieces(task))


def _different(one: Any, other: Any) -> int:
    if one.dtype != other.dtype:
        return int(one.size)
    bits = np.dtype(f"u{one.dtype.itemsize}")
    wrong = one.view(bits) != other.view(bits)
    if one.dtype.kind == "f" and wrong.any():
        wrong &= ~(np.isnan(one) & np.isnan(other))
    return int(wrong.sum())


def _stale(source: Source, copy: Track) -> str:
    """Chromosomes whose statistics in the old file are not those of its values."""
    if not isinstance(source, OldTrack) or copy.kind != "signal" or not source.statistics():
        return ""
    stale = stale_chromosomes(source, copy.stats(by="chrom"))
    return (
        f"stale statistics in the old file: {', '.join(stale[:5])}{', ...' if len(stale) > 5 else ''}"
        if stale
        else ""
    )


def _copy_table(table: FeatureTable, new: GenomeDB, name: str, options: dict[str, Any]) -> str:
    def check(writers: list[Any]) -> None:
        with FeatureTable(writers[0].hidden_path) as copy:
            if not _same_tables(table, copy):
                raise DamagedTrackError(f"the copy of {table.path} differs from it; nothing was kept")

    count = copy_features(
        new.folder,
        new.assembly,
        name,
        table,
        check,
        WriteOptions(store=options["store"], overwrite=options["overwrite"]),
    )
    return f"{count:,} features agree"


def _same_tables(one: FeatureTable, other: FeatureTable) -> bool:
    frame = one.to_dataframe()
    return one.columns == other.columns and frame.equals(other.to_dataframe().astype(frame.dtypes))
