"""Liftover tables of the old library ``genome``, read in place."""

from __future__ import annotations

import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genomearray.errors import (
    DamagedTrackError,
    GenomeArrayWarning,
    LayoutError,
    RegionError,
    unknown_chromosome,
)
from genomearray.foreign import pytables
from genomearray.foreign.chromosomes import read_assembly
from genomearray.foreign.old_file import OldFile
from genomearray.reference.assembly import Assembly
from genomearray.storage.names import CHROMOSOME_FILE

if TYPE_CHECKING:
    import pandas as pd


class LiftTable:
    """A liftover table of the old library: for each base the chromosome, position and orientation
    on the other assembly.

    The old library filled the rows of chains on the minus strand in the wrong direction, so these
    are not given unless asked for; :class:`genomearray.Chain` reads the chain file itself, and is
    right.

    Parameters
    ----------
    path : path-like
    to : Assembly, optional
        The other assembly. Default: by the name of the file, ``liftover_<from>_to_<to>_tab``, in
        the same database.

    Examples
    --------
    ``db.open_lift_table("liftover_hg18_to_hg19_tab").lift("chr1", [100, 5000])``
    """

    def __init__(self, path: str | os.PathLike[str], to: Assembly | None = None) -> None:
        self.path = Path(path).absolute()
        self._old = OldFile(self.path, pytables.LIFT)
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
            As :meth:`genomearray.Chain.lift`: query (index into offsets), chrom, start (offset),
            strand; no row for a base that does not map.

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
                f"{int((mapped & reverse).sum())} bases map to the minus strand, where tables of the "
                "old library hold wrong positions: left out; "
                "use the chain file (genomearray.Chain)",
                GenomeArrayWarning,
                stacklevel=2,
            )
        kept = np.flatnonzero(mapped & (minus | ~reverse))
        lengths = {chrom.idnum: chrom.length for chrom in self.to}
        past = [k for k in kept.tolist() if rows[k, 1] > lengths.get(int(rows[k, 0]), np.inf)]
        if past:
            raise DamagedTrackError(
                f"{self.path} maps a base of {chrom!r} to position {rows[past[0], 1]}, past the end "
                "of its chromosome"
            )
        strange = [int(k) for k in np.unique(rows[kept, 0]) if int(k) not in self._by_id]
        if strange:
            raise LayoutError(
                f"{self.path} names chromosome number {strange[0]}, which assembly {self.to.name!r} "
                "does not have"
            )
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
        if name and (folder / name / CHROMOSOME_FILE).is_file():
            return read_assembly(folder / name)
    raise LayoutError(
        f"{path} does not name its other assembly, or that is not in the database; give it: "
        "LiftTable(path, to=assembly)"
    )
