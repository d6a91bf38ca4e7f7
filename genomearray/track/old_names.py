"""Methods of a track under the names that the old library ``genome`` had."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray

from genomearray.choices import SEQUENCE
from genomearray.errors import LayoutError
from genomearray.reference.assembly import Chromosome
from genomearray.reference.region import integer, positions_to_offsets
from genomearray.track.base import BaseTrack


class OldNames(BaseTrack):
    """The old library's names, with their old meaning."""

    def get_nparray(
        self, chrom: str | Chromosome, start: int | None = None, end: int | None = None
    ) -> NDArray[Any]:
        """Values of the positions ``start`` to ``end``: 1-based, both ends included.

        Parameters
        ----------
        chrom : str or Chromosome
        start, end : int, optional
            Default: the first, or last, base of the chromosome.

        Returns
        -------
        ndarray, shape (end - start + 1,)

        Raises
        ------
        UnknownChromosomeError, RegionError

        Examples
        --------
        >>> track.get_nparray("chr1", 1, 3)
        array([1, 2, 3], dtype=uint16)
        """
        source, name = self.source, str(chrom)
        return source.read(name, *positions_to_offsets(name, source.length(name), start, end))

    def get_val(self, chrom: str | Chromosome, pos: int) -> Any:
        """Value of one position (1-based).

        Examples
        --------
        >>> int(track.get_val("chr1", 1000))
        1000
        """
        position = integer(pos, "position")
        return self.get_nparray(chrom, position, position)[0]

    def get_seq_str(self, chrom: str | Chromosome, start: int | None = None, end: int | None = None) -> str:
        """DNA of the positions ``start`` to ``end`` (1-based, both ends included), in upper case.

        Raises
        ------
        LayoutError
            The track holds no sequence.

        Examples
        --------
        >>> seq.get_seq_str("chr1", 1, 4)
        'ACGT'
        """
        if self.kind != SEQUENCE:
            raise LayoutError(
                f"track {self.name!r} holds a {self.kind}, not a sequence",
                hint="sequences come from: {import_fasta|genomearray import fasta}",
            )
        return self.get_nparray(chrom, start, end).tobytes().decode("ascii").upper()
