"""Methods of a track that holds a sequence: letters, k-mers, patterns, GC content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from genomearray._deprecated import positional_until_now
from genomearray._typing import Chroms
from genomearray.choices import PatternStrand
from genomearray.track.arithmetic import ArithmeticMethods

if TYPE_CHECKING:
    import pandas as pd


class SequenceMethods(ArithmeticMethods):
    """Answers about letters."""

    @positional_until_now("chroms")
    def seq_stats(
        self, *, chroms: Chroms = None, threads: int | None = None, progress: bool = False
    ) -> pd.DataFrame:
        """Letters of a sequence, one row per chromosome.

        Parameters
        ----------
        chroms, threads, progress
            As for :meth:`stats`.

        Returns
        -------
        DataFrame
            ``n`` bases; ``n_a, n_c, n_g, n_t, n_n`` of either case; ``n_other`` (IUPAC codes and
            gaps); ``n_def`` (all but N); ``n_lower`` (soft-masked); ``gc``, the part of G and C
            among A, C, G and T; ``first_def, last_def``, the first and last positions (1-based)
            that are not N, missing in a chromosome of nothing else.

        Raises
        ------
        LayoutError
            The track holds no sequence.

        Examples
        --------
        >>> seq.seq_stats(chroms="chrM")[["n", "n_a", "n_other", "gc", "last_def"]].values.tolist()
        [[60, 10, 10, 0.5, 60]]
        """
        from genomearray.compute.composition import sequence_statistics

        return sequence_statistics(self.source, chroms, self.label, threads=threads, progress=progress)

    @positional_until_now("chroms")
    def kmer_counts(
        self, k: int, *, chroms: Chroms = None, threads: int | None = None, progress: bool = False
    ) -> pd.Series[int]:
        """How often each k-mer occurs in a sequence, on the forward strand; those with other
        letters than A, C, G and T do not count.

        Parameters
        ----------
        k : int
            From 1 to 10.
        chroms, threads, progress
            As for :meth:`stats`.

        Returns
        -------
        Series, shape (4 ** k,), by k-mer

        Raises
        ------
        LayoutError, ValueRangeError

        Examples
        --------
        >>> seq.kmer_counts(2, chroms="chrM")[["AC", "TA", "AA"]].tolist()
        [10, 5, 0]
        """
        from genomearray.compute.composition import kmer_counts

        return kmer_counts(self.source, k, chroms, self.label, threads=threads, progress=progress)

    def kmer(self, pattern: str, strand: PatternStrand = "+") -> Self:
        """Where a pattern begins in a sequence, as a lazy track of uint8: 1 at its leftmost base;
        ``.rolling(n).sum()`` counts in windows.

        Parameters
        ----------
        pattern : str
            IUPAC letters: ``CG``, ``TGASTCA``. A letter of the sequence matches when all that it
            may stand for is in the pattern.
        strand : {"+", "-", "both"}
            Look for the pattern, its reverse complement, or either of them.

        Raises
        ------
        LayoutError, ValueRangeError

        Examples
        --------
        >>> seq.kmer("CG").values("chr1", 0, 8)
        array([0, 1, 0, 0, 0, 1, 0, 0], dtype=uint8)
        """
        from genomearray.sources.sequence import Matches

        return self.derived(Matches(self.source, pattern, strand, self.label))

    def gc(self, window: int, min_periods: int = 1) -> Self:
        """GC content of a sequence in a window around each base, as a lazy track of float64: G and
        C among the letters A, C, G and T there.

        Parameters
        ----------
        window : int
            bp.
        min_periods : int
            Known letters that a window must have, else NaN.

        Raises
        ------
        LayoutError, RegionError

        Examples
        --------
        >>> seq.gc(4).values("chr1", 3, 6)
        array([0.5, 0.5, 0.5])
        """
        from genomearray.sources.sequence import GcOfBases

        return (
            self.derived(GcOfBases(self.source, self.label))
            .rolling(window, center=True, min_periods=min_periods)
            .mean()
        )
