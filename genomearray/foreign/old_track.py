"""Tracks of the old library ``genome``, read in place."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import KINDS, SEQUENCE, SIGNAL, Kind, check
from genomearray.errors import (
    DamagedTrackError,
    GenomeArrayWarning,
    LayoutError,
    TrackError,
    unknown_chromosome,
)
from genomearray.foreign import pytables
from genomearray.foreign.old_file import DAMAGE, OldFile
from genomearray.reference.intervals import Intervals
from genomearray.source import missing_value
from genomearray.sources.computed import OnAssembly
from genomearray.storage.chunks.chunk_map import Array1D, ChunkDamage
from genomearray.storage.read.identity import damage_error

_LETTERS = np.zeros(256, bool)
_LETTERS[np.frombuffer(b"ACGTNMRWSYKVHDB-acgtnmrwsykvhdb", np.uint8)] = True
_SAMPLE = 1 << 16
_SEQUENCE_STATISTICS = "n_a"


class OldTrack(OnAssembly):
    """A track that the old library wrote, as a source; chromosomes without a node are missing: NaN, 0 or N.

    Parameters
    ----------
    path : Path
    kind : {"signal", "sequence"}, optional
        Default: a sequence is known by its stored statistics, or by its values, all of which are letters.
    """

    def __init__(self, path: Path, kind: Kind | None = None) -> None:
        if kind is not None:
            check("kind", kind, KINDS, optional=True)
        self.path: Path = path.absolute()
        self._asked_kind = kind
        self._old = OldFile(self.path, pytables.TRACK)
        self._old.check_lengths()
        self._identity = self._old.store.identity()
        self._arrays: dict[str, Array1D] = {}
        for name, node in self._old.nodes.items():
            try:
                array = self._old.store.array(name, _stored_chunks(self, name)) if node.shape[0] else None
            except DAMAGE as error:
                raise LayoutError(
                    f"{path} is damaged at {name!r}: {error}; restore the file from a copy"
                ) from error
            if array is not None:
                self._arrays[name] = array
        dtype = next(iter(self._old.nodes.values())).dtype.newbyteorder("=")
        super().__init__(self._old.assembly, dtype, f"file of the old library: {self.path}")
        self.kind = kind or self._guess_kind()
        if self.kind == SEQUENCE and dtype != np.uint8:
            raise LayoutError(f"{path} holds {dtype}; a sequence is uint8 (ASCII codes)")
        self.missing_chroms = tuple(name for name in self.names if name not in self._arrays)
        self._warned = not self.missing_chroms

    def __reduce__(self) -> tuple[Any, ...]:
        return OldTrack, (self.path, self._asked_kind)

    @property
    def attributes(self) -> dict[str, Any]:
        """Assembly, kind and origin; an old file holds none of them."""
        return {
            "assembly": self.assembly,
            "kind": self.kind,
            "source": str(self.path),
            "software": "genome (PyTables)",
        }

    def _guess_kind(self) -> Kind:
        if self.dtype != np.uint8:
            return SIGNAL
        try:
            if any(_SEQUENCE_STATISTICS in node.attrs for node in self._old.nodes.values()):
                return SEQUENCE
        except DAMAGE as error:
            raise LayoutError(
                f"{self.path} is damaged at its attributes: {error}; restore the file from a copy"
            ) from error
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
        return missing_value(self.kind, self.dtype)

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
        self,
        intervals: Intervals,
        out: NDArray[Any],
        dest: NDArray[np.int64],
        step: NDArray[np.int64] | None = None,
        threads: bool = True,
    ) -> None:
        """Put the values of intervals into ``out`` (flat), each from ``dest`` on in direction ``step``."""
        if len(intervals.names) > 1 or (array := self._array(intervals.names[0])) is None:
            super().gather(intervals, out, dest, step, threads)
            return
        try:
            array.gather(intervals.start, intervals.end, out, dest, step, threads)
        except ChunkDamage as damage:
            raise self._damaged(intervals.names[0], damage) from damage

    def holds(self, chrom: str, start: int, end: int) -> bool:
        """Whether the offsets [start, end) may hold anything but missing bases."""
        array = self._arrays.get(chrom)
        # Chunks nobody wrote hold the fill value of HDF5, 0: a value where missing bases are NaN or N.
        return array is not None and (
            array.holds(start, end) or self.dtype.kind == "f" or self.kind == SEQUENCE
        )

    def statistics(self) -> dict[str, dict[str, int | float]]:
        """Statistics stored in the file, by chromosome; nothing keeps them up to date."""
        try:
            stored = {name: pytables.statistics(node) for name, node in self._old.nodes.items()}
        except DAMAGE as error:
            raise DamagedTrackError(
                f"the statistics in {self.path} are damaged: {error}; restore the file from a copy"
            ) from error
        return {name: values for name, values in stored.items() if values}

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
                names = ", ".join(self.missing_chroms[:3]) + (", ..." if len(self.missing_chroms) > 3 else "")
                warnings.warn(
                    f"the old file {self.path} has no data of {len(self.missing_chroms)} chromosomes "
                    f"({names}): they read as {self.fill}",
                    GenomeArrayWarning,
                    stacklevel=2,
                )
        return array

    def _damaged(self, chrom: str, damage: ChunkDamage) -> TrackError:
        return damage_error(
            self.path, self._identity, f"{chrom}:{damage.start + 1}-{damage.end}", damage.cause
        )


def _stored_chunks(track: OldTrack, name: str) -> Any:
    """For every chunk of a chromosome whether it is stored; the others hold the fill value of the file."""

    def stored() -> NDArray[np.bool_]:
        array: Any = track._arrays[name]
        chunks: NDArray[np.bool_] = array.source.stored()
        return chunks

    return stored
