"""Rows of a feature table: their columns, and the parts of their transcripts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from genomearray.features import transcripts
from genomearray.reference.region_table import RegionTable

if TYPE_CHECKING:
    import pandas as pd


STRAND_TEXT = np.array([".", "+", "-"], dtype=object)  # by strand: 0, 1, -1


class TableFile(Protocol):
    """Columns of a feature table, sorted by chromosome, start and end, wherever they are kept."""

    path: Path
    attributes: dict[str, Any]

    @property
    def columns(self) -> list[str]: ...
    def column(self, name: str, first: int = 0, last: int | None = None) -> NDArray[Any]: ...
    def close(self) -> None: ...


class WholeTable(Protocol):
    """The table that rows are of."""

    name: str
    file: TableFile

    @property
    def chromosomes(self) -> tuple[str, ...]: ...
    @property
    def sizes(self) -> dict[str, int]: ...
    def rows_of(self, column: str, first: int, last: int) -> NDArray[Any]: ...
    def __len__(self) -> int: ...


class Features:
    """Some rows of a feature table, or all of it, sorted by chromosome, start and end.

    Offsets (start, end) are 0-based and half-open, as in BED.

    Attributes
    ----------
    columns : list of str
        Besides ``chrom``.
    """

    def __init__(self, table: WholeTable | None, rows: NDArray[np.int64] | slice) -> None:
        self._table: WholeTable = table if table is not None else cast(WholeTable, self)
        self._rows = rows

    @property
    def columns(self) -> list[str]:
        """Names of the columns besides ``chrom``."""
        return list(self._table.file.columns)

    def __len__(self) -> int:
        return self._rows.stop - self._rows.start if isinstance(self._rows, slice) else self._rows.size

    def __getitem__(self, column: str) -> Any:
        """Values of a column, ndarray of shape (n,)."""
        if column != "chrom" and column not in self._table.file.columns:
            raise KeyError(f"the table has no column {column!r}; it has chrom, {', '.join(self.columns)}")
        values = self._column(column)
        return values if values.flags.writeable else values.copy()

    def __repr__(self) -> str:
        return f"<Features: {len(self):,} of the {len(self._table):,} of {self._table.name!r}>"

    def _column(self, column: str) -> NDArray[Any]:
        table = self._table
        if isinstance(self._rows, slice):
            return table.rows_of(column, self._rows.start, self._rows.stop)
        if not self._rows.size:
            return table.rows_of(column, 0, 0)
        first, last = int(self._rows.min()), int(self._rows.max()) + 1
        return table.rows_of(column, first, last)[self._rows - first]

    def dtype(self, column: str) -> np.dtype[Any]:
        """Of a column; texts are objects.

        Examples
        --------
        >>> table.dtype("score")
        dtype('uint8')
        """
        dtype: np.dtype[Any] = self._table.file.column(column, 0, 0).dtype
        return dtype

    def as_regions(self) -> RegionTable:
        """The rows as regions, without their other columns: what ``windows``, ``overlap`` and the
        like take.
        """
        code, start, end = (self._column(name).astype(np.int64) for name in ("chrom", "start", "end"))
        everything = np.arange(start.size)
        return RegionTable(
            self._table.chromosomes, code, start, end, self._column("strand"), everything
        ).take(everything)

    @property
    def input_row(self) -> NDArray[Any]:
        """Rank of each row in the input, ndarray of shape (n,): the table itself is sorted."""
        return self._column("input_row")

    def to_dataframe(self) -> pd.DataFrame:
        """The rows as a table: chrom, start, end, strand (``+``, ``-``, ``.``) and the other columns.

        Examples
        --------
        >>> table["chr1:150-160"].to_dataframe().values.tolist()
        [['chr1', 100, 247, '+', 60]]
        """
        import pandas as pd

        names = np.array(self._table.chromosomes, dtype=object)
        columns = {"chrom": names[self._column("chrom")]} | {
            name: self._column(name) for name in self.columns
        }
        columns["strand"] = STRAND_TEXT[columns["strand"]]
        return pd.DataFrame(columns)

    # -- transcripts ---------------------------------------------------------------------------

    def exons(self) -> pd.DataFrame:
        """Exons of the transcripts: chrom, start, end (offsets), strand, transcript, gene, and
        exon, counted from the 5' end.

        Of a region: all exons of the transcripts that overlap it.

        Raises
        ------
        LayoutError
            The table has no exons: it needs ``exon_starts, exon_ends`` (of ``import genes``), or
            the blocks of BED12.

        Examples
        --------
        >>> genes = db.open_features("genes")
        >>> genes.exons()[["start", "end", "strand", "exon"]].values.tolist()
        [[100, 200, '-', 2], [300, 400, '-', 1]]
        """
        table = self.to_dataframe()
        return transcripts.with_transcripts(table, transcripts.exons(table), "exon")

    def introns(self) -> pd.DataFrame:
        """Introns of at least one base, as :meth:`exons`.

        Examples
        --------
        >>> db.open_features("genes").introns()[["start", "end", "intron"]].values.tolist()
        [[200, 300, 1]]
        """
        table = self.to_dataframe()
        return transcripts.with_transcripts(table, transcripts.introns(transcripts.exons(table)), "intron")

    def coding_exons(self) -> pd.DataFrame:
        """The coding parts of exons, as :meth:`exons`; nothing of transcripts that do not code.

        Examples
        --------
        >>> db.open_features("genes").coding_exons()[["start", "end", "part"]].values.tolist()
        [[150, 200, 2], [300, 350, 1]]
        """
        table = self.to_dataframe()
        return transcripts.with_transcripts(
            table, transcripts.coding(table, transcripts.exons(table)), "part"
        )

    def merged_exons(self) -> pd.DataFrame:
        """The union of the exons of each gene: rows of one chromosome, strand and ``gene_id``, or,
        without it, that overlap on a strand.

        Examples
        --------
        >>> db.open_features("genes").merged_exons()[["start", "end"]].values.tolist()
        [[100, 200], [300, 400]]
        """
        table = self.to_dataframe()
        return transcripts.merged_exons(table, transcripts.exons(table))

    def genes(self) -> pd.DataFrame:
        """A row a gene (see :meth:`merged_exons`): from its first to its last base, and how many
        transcripts it has.

        Examples
        --------
        >>> db.open_features("genes").genes()[["gene_id", "start", "end", "n_transcripts"]].values.tolist()
        [['G1', 100, 400, 1]]
        """
        return transcripts.genes(self.to_dataframe())

    def tss(self) -> pd.DataFrame:
        """Starts of transcription: the base at the 5' end of each feature.

        Examples
        --------
        >>> db.open_features("genes").tss()[["chrom", "start", "end", "strand"]].values.tolist()
        [['chr1', 399, 400, '-']]
        """
        return transcripts.starts(self.to_dataframe())

    def promoters(self, upstream: int = 1000, downstream: int = 0) -> pd.DataFrame:
        """Windows from ``upstream`` bp before the start of transcription to ``downstream`` bp into
        the transcript.

        They are cut at the ends of the chromosomes; one without a base left is left out.

        Parameters
        ----------
        upstream, downstream : int
            bp.

        Raises
        ------
        RegionError

        Examples
        --------
        >>> db.open_features("genes").promoters(50, 10)[["start", "end"]].values.tolist()
        [[390, 450]]
        """
        return transcripts.promoters(self.to_dataframe(), upstream, downstream, self._table.sizes)
