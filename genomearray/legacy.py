"""Files of the old library ``genome``, opened in place and read-only: tracks, tables of features, and liftover tables.

Nothing in them says of which assembly they are: the chromosome table of the folder does, or, without one, their own nodes.
"""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h5py
import numpy as np
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.assembly import Assembly
from genomearray.chromosome_table import FILE, read_chromosome_table
from genomearray.computed import OnAssembly
from genomearray.errors import (
    DamagedTrackError,
    GenomeArrayError,
    GenomeArrayWarning,
    LayoutError,
    RegionError,
    TrackError,
    unknown_chromosome,
)
from genomearray.source import gather_by_name
from genomearray.storage import pytables
from genomearray.storage.chunk_map import Array1D, ChunkDamage
from genomearray.storage.feature_file import FEATURES, reach, text_array
from genomearray.storage.hdf5_reader import Hdf5Store, open_hdf5
from genomearray.storage.layout import KINDS, SEQUENCE, SIGNAL, fill_value
from genomearray.storage.reader import Intervals, damage_error

if TYPE_CHECKING:
    import pandas as pd

# What h5py raises of a file that is damaged.
DAMAGE = (OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError, AttributeError)
UNKNOWN = "unknown"  # assembly of a file outside of a database
_DEEPEST = 16  # folders above a file in which a chromosome table is looked for
_LETTERS = np.zeros(256, bool)
_LETTERS[np.frombuffer(b"ACGTNMRWSYKVHDB-acgtnmrwsykvhdb", np.uint8)] = True
_SAMPLE = 1 << 16
_SEQUENCE_STATISTICS = "n_a"
_STRANGE = "{path}: its node {node!r} is no chromosome of assembly {assembly!r}; is the file of another assembly?"


def is_old(path: str | os.PathLike[str]) -> bool:
    """Whether PyTables wrote a file."""
    if not Path(path).is_file():
        return False
    try:
        with open_hdf5(Path(path)) as file:
            return pytables.is_old(file)
    except DAMAGE:
        return False


def is_hdf5(path: Path) -> bool:
    """Whether a file can be opened at all; one of no byte, which a crash leaves, counts as one that holds nothing."""
    if path.is_dir() or not path.stat().st_size:
        return True
    try:
        open_hdf5(path).close()
    except (OSError, RuntimeError):
        return False
    return True


def what_else(path: str | os.PathLike[str]) -> str:
    """What a file that is no track holds, for the message."""
    try:
        if Path(path).is_file() and not Path(path).stat().st_size:
            return "; the file is empty: an import that crashed leaves such a file, remove it and import again"
        with open_hdf5(Path(path)) as file:
            if "genomearray_layout" not in file.attrs:
                pytables.contents(file, Path(path))
    except LayoutError as error:
        return f": {str(error).removeprefix(f'{path} ')}"
    except DAMAGE:
        pass
    return ""


def _assembly_of(path: Path) -> Assembly | None:
    """The assembly whose folder a file is in."""
    for folder in list(path.absolute().parents)[:_DEEPEST]:
        if (folder / FILE).is_file() and folder / FILE != path.absolute():
            return read_chromosome_table(folder)
    return None


class _OldFile:
    """An open old file of one kind, checked against its assembly."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        try:
            self.store = Hdf5Store(path)
            self.contents = pytables.contents(self.store.file, path)
        except GenomeArrayError:
            raise
        except DAMAGE as error:
            hint = "is it cut, damaged, or half-written by an import that crashed?"
            raise LayoutError(f"{path} cannot be opened: {error}{what_else(path)}; {hint}") from error
        if self.contents.kind != kind:
            opens = {pytables.TRACK: "open_track", pytables.FEATURES: "open_features", pytables.LIFT: "open_lift_table"}
            how = opens.get(self.contents.kind)
            hint = f"; it opens with {how}" if how else ""
            raise LayoutError(f"{path} holds a {self.contents.kind}, not a {kind}{hint}")
        known = _assembly_of(path)
        self.nodes = self.contents.nodes
        if known is None:
            known = Assembly.from_sizes(UNKNOWN, {name: max(node.shape[0], 1) for name, node in self.nodes.items()}.items())
        self.assembly = known

    def check_lengths(self) -> None:
        """LayoutError for a node that is no chromosome of the assembly, or not as long."""
        for name, node in self.nodes.items():
            if name not in self.assembly:
                raise LayoutError(_STRANGE.format(path=self.path, node=name, assembly=self.assembly.name))
            length = self.assembly[name].length
            if node.shape[0] != length:
                raise LayoutError(
                    f"{self.path}: its node {name!r} has {node.shape[0]:,} values, and the chromosome of assembly {self.assembly.name!r} "
                    f"{length:,} bp; is the file of another assembly?"
                )


class OldTrack(OnAssembly):
    """A track that the old library wrote, as a source; chromosomes without a node are absent: NaN, 0 or N.

    Parameters
    ----------
    path : Path
    kind : {"signal", "sequence"}, optional
        Default: a sequence is known by its stored statistics, or by its values, all of which are letters.
    """

    def __init__(self, path: Path, kind: str | None = None) -> None:
        if kind not in (None, *KINDS):
            raise LayoutError(f"kind {kind!r} is not known; allowed are {', '.join(KINDS)}")
        self.path = path.absolute()
        self._asked_kind = kind
        self._old = _OldFile(self.path, pytables.TRACK)
        self._old.check_lengths()
        self._identity = self._old.store.identity()
        self._arrays: dict[str, Array1D] = {}
        for name, node in self._old.nodes.items():
            try:
                array = self._old.store.array(name, _stored_chunks(self, name)) if node.shape[0] else None
            except DAMAGE as error:
                raise LayoutError(f"{path} is damaged at {name!r}: {error}; restore the file from a copy") from error
            if array is not None:
                self._arrays[name] = array
        dtype = next(iter(self._old.nodes.values())).dtype.newbyteorder("=")
        super().__init__(self._old.assembly, dtype, f"file of the old library: {self.path}")
        self.kind = kind or self._guess_kind()
        if self.kind == SEQUENCE and dtype != np.uint8:
            raise LayoutError(f"{path} holds {dtype}; a sequence is uint8 (ASCII codes)")
        self.absent = tuple(name for name in self.names if name not in self._arrays)
        self._warned = not self.absent

    def __reduce__(self) -> tuple[Any, ...]:
        return OldTrack, (self.path, self._asked_kind)

    @property
    def attributes(self) -> dict[str, Any]:
        """Assembly, kind and origin; an old file tells nothing itself."""
        return {"assembly": self.assembly, "kind": self.kind, "source": str(self.path), "software": "genome (PyTables)"}

    def _guess_kind(self) -> str:
        if self.dtype != np.uint8:
            return SIGNAL
        try:
            if any(_SEQUENCE_STATISTICS in node.attrs for node in self._old.nodes.values()):
                return SEQUENCE
        except DAMAGE as error:
            raise LayoutError(f"{self.path} is damaged at its attributes: {error}; restore the file from a copy") from error
        for name, array in self._arrays.items():
            middle = max(array.length // 2 - _SAMPLE // 2, 0)
            try:
                values = array.read(middle, min(middle + _SAMPLE, array.length))
            except ChunkDamage as damage:
                raise self._damaged(name, damage) from damage
            if not _LETTERS[values].all():
                return SIGNAL
        return SEQUENCE if self._arrays else SIGNAL

    @property
    def fill(self) -> Any:
        """Value of bases that are not there."""
        return fill_value(self.kind, self.dtype)

    def read(self, chrom: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end)."""
        array = self._array(chrom)
        if array is None:
            return np.full(end - start, self.fill, self.dtype)
        try:
            return array.read(start, end, threads)
        except ChunkDamage as damage:
            raise self._damaged(chrom, damage) from damage

    compute = read

    def gather(
        self, intervals: Intervals, out: NDArray[Any], dest: NDArray[np.int64], step: NDArray[np.int64] | None = None, threads: bool = True
    ) -> None:
        """Put the values of intervals into ``out`` (flat), each from ``dest`` on in direction ``step``."""
        if len(intervals.names) > 1 or (array := self._array(intervals.names[0])) is None:
            gather_by_name(self, intervals, out, dest, step, threads)
            return
        try:
            array.gather(intervals.start, intervals.end, out, dest, step, threads)
        except ChunkDamage as damage:
            raise self._damaged(intervals.names[0], damage) from damage

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether the offsets [start, end) may hold anything but absent bases."""
        array = self._arrays.get(chrom)
        # Chunks nobody wrote hold the fill value of HDF5, 0, which is a value where absent bases are NaN or N.
        return array is not None and (array.holds(start, end) or self.dtype.kind == "f" or self.kind == SEQUENCE)

    def statistics(self) -> dict[str, dict[str, int | float]]:
        """Statistics stored in the file, by chromosome; nothing keeps them up to date."""
        try:
            found = {name: pytables.statistics(node) for name, node in self._old.nodes.items()}
        except DAMAGE as error:
            raise DamagedTrackError(f"the statistics in {self.path} are damaged: {error}; restore the file from a copy") from error
        return {name: told for name, told in found.items() if told}

    def close(self) -> None:
        """Close the file."""
        self._old.store.close()

    def _array(self, chrom: str) -> Array1D | None:
        array = self._arrays.get(chrom)
        if array is None:
            if chrom not in self.target:
                raise unknown_chromosome(chrom, self.assembly, self.names)
            if not self._warned:
                self._warned = True
                names = ", ".join(self.absent[:3]) + (", ..." if len(self.absent) > 3 else "")
                warnings.warn(
                    f"the old file {self.path} has no data of {len(self.absent)} chromosomes ({names}): they read as {self.fill}",
                    GenomeArrayWarning,
                    stacklevel=2,
                )
        return array

    def _damaged(self, chrom: str, damage: ChunkDamage) -> TrackError:
        return damage_error(self.path, self._identity, f"{chrom}:{damage.start + 1}-{damage.end}", damage.cause)


def _stored_chunks(track: OldTrack, name: str) -> Any:
    """For every chunk of a chromosome whether it is stored; the others hold the fill value of the file."""

    def stored() -> NDArray[np.bool_]:
        array: Any = track._arrays[name]
        found: NDArray[np.bool_] = array.source.stored()
        return found

    return stored


class OldFeatureFile:
    """The features of an old file, as the columns of a table; positions (1-based, both ends in) become offsets.

    Rows outside of their chromosome, which the old importer let through, are left out with a warning.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._old = _OldFile(self.path, pytables.FEATURES)
        for name in self._old.nodes:
            if name not in self._old.assembly:
                raise LayoutError(_STRANGE.format(path=self.path, node=name, assembly=self._old.assembly.name))
        if self._old.assembly.name == UNKNOWN:
            raise LayoutError(f"{path} is in no database: no folder above it has a chromosome table, which tells how long chromosomes are")
        self.attributes: dict[str, Any] = {
            "assembly": self._old.assembly.name,
            "kind": FEATURES,
            "source": str(self.path),
            "software": "genome (PyTables)",
        }
        fields = next(iter(self._old.nodes.values())).dtype.names
        self.columns = ["start", "end", "strand", *(name for name in ("name", "score") if name in fields)]
        self.columns += sorted(name for name in fields if name not in self.columns)
        self.left_out = 0

    @Cached
    def _columns(self) -> dict[str, NDArray[Any]]:
        """All columns, sorted."""
        assembly = self._old.assembly
        parts: list[dict[str, NDArray[Any]]] = []
        counts = np.zeros(len(assembly), np.int64)
        self.left_out = 0
        for row, chrom in enumerate(assembly):
            node = self._old.nodes.get(chrom.name)
            if node is None or not node.shape[0]:
                continue
            part = self._part(node, chrom.length, row)
            counts[row] = part["start"].size
            parts.append(part)
        if self.left_out:
            warnings.warn(
                f"{self.left_out} rows of the old table {self.path} lie outside of their chromosome, and are left out",
                GenomeArrayWarning,
                stacklevel=4,
            )
        names = ("chrom", "reach", "input_row", *self.columns)
        columns = {name: np.concatenate([part[name] for part in parts]) if parts else np.empty(0, np.int64) for name in names}
        columns["sequence_name"] = text_array(assembly.names)
        columns["sequence_length"] = np.array([chrom.length for chrom in assembly], np.int64)
        columns["n_features"], columns["first_feature"] = counts, np.cumsum(counts) - counts
        return columns

    def _part(self, node: h5py.Dataset, length: int, row: int) -> dict[str, NDArray[Any]]:
        try:
            rows = node[:]  # by name: PyTables sorts columns by the alphabet
        except DAMAGE as error:
            raise DamagedTrackError(f"table {self.path} is damaged at {node.name}: {error}; restore the file from a copy") from error
        start, end = rows["start"].astype(np.int64) - 1, rows["end"].astype(np.int64)
        kept = np.flatnonzero((start >= 0) & (start <= end) & (end <= length))
        self.left_out += start.size - kept.size
        order = kept[np.lexsort((kept, end[kept], start[kept]))]
        part = {name: self._values(rows[name][order], name) for name in self.columns}
        part |= {"start": start[order], "end": end[order], "input_row": order, "chrom": np.full(order.size, row, np.int32)}
        return part | {"reach": reach(part["start"], part["end"]) if order.size else part["start"]}

    def _values(self, values: NDArray[Any], name: str) -> NDArray[Any]:
        if values.dtype.kind == "S":
            return text_array(pytables.text(value) for value in values.tolist())
        if name == "score" and values.dtype == np.int8 and "name" not in self.columns:
            return values.view(np.uint8)  # MAPQ of fragments, 0 to 255, which wrapped beyond 127
        return values.astype(values.dtype.newbyteorder("="))

    def column(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]:
        """Rows [first, last) of a column."""
        return self._columns[name][first:last]

    def close(self) -> None:
        """Close the file."""
        self._old.store.close()


class LiftTable:
    """A liftover table of the old library: for each base the chromosome, position and orientation on the other assembly.

    The old library filled the rows of chains on the minus strand in the wrong direction, so these are not given unless asked for;
    :class:`genomearray.Chain` reads the chain file itself, and is right.

    Parameters
    ----------
    path : path-like
    to : Assembly, optional
        The other assembly. Default: by the name of the file, ``liftover_<from>_to_<to>_tab``, in the same database.

    Examples
    --------
    ``db.open_lift_table("liftover_hg18_to_hg19_tab").lift("chr1", [100, 5000])``
    """

    def __init__(self, path: str | os.PathLike[str], to: Assembly | None = None) -> None:
        self.path = Path(path).absolute()
        self._old = _OldFile(self.path, pytables.LIFT)
        self._old.check_lengths()
        self.assembly = self._old.assembly
        self.to = to if to is not None else _target_of(self.path)
        self._by_id = {chrom.idnum: chrom.name for chrom in self.to}

    def lift(self, chrom: str, offsets: Any, *, minus: bool = False) -> pd.DataFrame:
        """Where offsets of a chromosome go.

        Parameters
        ----------
        chrom : str
        offsets : array of int
            0-based.
        minus : bool
            Give rows of the minus strand too, as they stand in the table: at the wrong base.

        Returns
        -------
        DataFrame
            As :meth:`genomearray.Chain.lift`: query (index into offsets), chrom, start (offset), strand; no row for a base that does not map.

        Raises
        ------
        UnknownChromosomeError, RegionError
        """
        import pandas as pd

        if chrom not in self.assembly:
            raise unknown_chromosome(chrom, self.assembly.name, self.assembly.names)
        asked = np.atleast_1d(np.asarray(offsets, dtype=np.int64))
        length = self.assembly[chrom].length
        if asked.size and (asked.min() < 0 or asked.max() >= length):
            raise RegionError(f"an offset is outside of {chrom!r}; allowed is 0 <= offset < {length}")
        node = self._old.nodes.get(chrom)
        if node is None or not asked.size:
            rows = np.full((asked.size, 3), -1, np.int32)
        else:
            wanted, back = np.unique(asked, return_inverse=True)
            rows = node[wanted][back]
        reverse = rows[:, 2] == -1
        mapped = (rows[:, 0] >= 0) & (rows[:, 1] >= 1)
        if (mapped & reverse).any() and not minus:
            warnings.warn(
                f"{int((mapped & reverse).sum())} bases map to the minus strand, where tables of the old library hold wrong positions: left out; "
                "use the chain file (genomearray.Chain)",
                GenomeArrayWarning,
                stacklevel=2,
            )
        kept = np.flatnonzero(mapped & (minus | ~reverse))
        lengths = {chrom.idnum: chrom.length for chrom in self.to}
        past = [k for k in kept.tolist() if rows[k, 1] > lengths.get(int(rows[k, 0]), np.inf)]
        if past:
            raise DamagedTrackError(f"{self.path} maps a base of {chrom!r} to position {rows[past[0], 1]}, past the end of its chromosome")
        strange = [int(k) for k in np.unique(rows[kept, 0]) if int(k) not in self._by_id]
        if strange:
            raise LayoutError(f"{self.path} names chromosome number {strange[0]}, which assembly {self.to.name!r} does not have")
        return pd.DataFrame(
            {
                "query": kept,
                "chrom": [self._by_id[int(k)] for k in rows[kept, 0]],
                "start": rows[kept, 1].astype(np.int64) - 1,
                "strand": np.array([".", "+", "-"], dtype=object)[np.sign(rows[kept, 2])],
            }
        )

    def __repr__(self) -> str:
        return f"<LiftTable {self.path.stem!r}: from {self.assembly.name} to {self.to.name}>"

    def close(self) -> None:
        """Close the file."""
        self._old.store.close()


def _target_of(path: Path) -> Assembly:
    """The other assembly, by the name of a liftover table."""
    name = path.stem.removeprefix("liftover_").removesuffix("_tab").partition("_to_")[2]
    for folder in path.parents:
        if name and (folder / name / FILE).is_file():
            return read_chromosome_table(folder / name)
    raise LayoutError(f"{path} does not tell its other assembly, or that is not in the database; give it: LiftTable(path, to=assembly)")
