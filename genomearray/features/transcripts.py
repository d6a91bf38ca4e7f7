"""What a table of transcripts says of its genes: exons, introns, coding parts, starts of
transcription, promoters.

Rows are transcripts. Exons stand in the columns ``exon_starts, exon_ends`` (offsets, ascending,
``100,300``), or, in a table from BED12, in ``blockSizes, blockStarts``. All tables that come out
have offsets: 0-based, half-open, bp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import LayoutError, RegionError
from genomearray.reference.intervals import reach_by_group

if TYPE_CHECKING:
    import pandas as pd


LISTS = ("exon_starts", "exon_ends")
BLOCKS = ("blockSizes", "blockStarts")
_OF_TRANSCRIPTS = ("gene_id", "gene_name")


class Parts(NamedTuple):
    """Intervals [start, end) of transcripts, by row of the transcript, ascending in each."""

    row: NDArray[np.int64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def exons(table: pd.DataFrame) -> Parts:
    """Exons of all transcripts.

    Raises
    ------
    LayoutError
        The table has no exons.
    """
    if all(name in table for name in LISTS):
        starts, ends = (_numbers(table[name]) for name in LISTS)
        return _ascending(starts[0], starts[1], ends[1])
    if all(name in table for name in BLOCKS):
        (row, sizes), (_, begins) = (_numbers(table[name]) for name in BLOCKS)
        starts_of = begins + table["start"].to_numpy(np.int64)[row]
        return _ascending(row, starts_of, starts_of + sizes)
    raise LayoutError(
        f"the table has no exons: it needs the columns {', '.join(LISTS)} (import genes), or those of BED12"
    )


def _ascending(row: NDArray[np.int64], start: NDArray[np.int64], end: NDArray[np.int64]) -> Parts:
    order = np.lexsort((end, start, row))
    return Parts(row[order], start[order], end[order])


def _numbers(lists: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows and numbers of lists such as ``1,2,3`` or ``1,2,3,``."""
    texts = [text.rstrip(",") for text in lists.astype(str)]
    counts = np.array([text.count(",") + 1 if text else 0 for text in texts], np.int64)
    joined = ",".join(text for text in texts if text)
    numbers = np.array(joined.split(","), dtype=np.int64) if joined else np.empty(0, np.int64)
    return np.repeat(np.arange(counts.size), counts), numbers


def introns(exons: Parts) -> Parts:
    """Gaps of at least one base between the exons of a transcript; exons may overlap."""
    same = exons.row[1:] == exons.row[:-1]
    start, end = reach_by_group(exons.row, exons.end)[:-1], exons.start[1:]
    gaps = same & (end > start)
    return Parts(exons.row[1:][gaps], start[gaps], end[gaps])


def coding(table: pd.DataFrame, exons: Parts) -> Parts:
    """Parts of exons between the borders of the coding sequence; none of a transcript that does not code.

    Raises
    ------
    LayoutError
    """
    low, high = next(
        (
            (a, b)
            for a, b in (("cds_start", "cds_end"), ("thickStart", "thickEnd"))
            if a in table and b in table
        ),
        (None, None),
    )
    if low is None:
        raise LayoutError(
            "the table has no coding sequences: it needs the columns cds_start and cds_end, or "
            "thickStart and thickEnd"
        )
    start = np.maximum(exons.start, table[low].to_numpy(np.int64)[exons.row])
    end = np.minimum(exons.end, table[high].to_numpy(np.int64)[exons.row])
    kept = start < end
    return Parts(exons.row[kept], start[kept], end[kept])


def with_transcripts(table: pd.DataFrame, parts: Parts, number: str) -> pd.DataFrame:
    """Parts with chromosome, strand and names of their transcripts, numbered from the 5' end of each."""
    import pandas as pd

    strand = table["strand"].to_numpy(dtype=object)[parts.row]
    counts = np.bincount(parts.row, minlength=len(table))
    before = np.repeat(np.cumsum(counts) - counts, counts)
    rank = np.arange(parts.row.size) - before + 1
    columns: dict[str, Any] = {
        "chrom": table["chrom"].to_numpy(dtype=object)[parts.row],
        "start": parts.start,
        "end": parts.end,
        "strand": strand,
        "transcript": _names(table)[parts.row],
    }
    columns |= {
        name: table[name].to_numpy(dtype=object)[parts.row] for name in _OF_TRANSCRIPTS if name in table
    }
    columns[number] = np.where(strand == "-", counts[parts.row] - rank + 1, rank)
    return pd.DataFrame(columns)


def _names(table: pd.DataFrame) -> NDArray[Any]:
    return table["name"].to_numpy(dtype=object) if "name" in table else np.full(len(table), ".", object)


def starts(table: pd.DataFrame) -> pd.DataFrame:
    """The first base of each transcript, on the side of its 5' end; a transcript without a strand
    starts at its left end.
    """
    minus = (table["strand"] == "-").to_numpy()
    first = np.where(minus, table["end"].to_numpy(np.int64) - 1, table["start"].to_numpy(np.int64))
    return _moved(table, first, first + 1)


def promoters(table: pd.DataFrame, upstream: int, downstream: int, lengths: dict[str, int]) -> pd.DataFrame:
    """Windows around the starts, cut at the ends of the chromosomes; those without a base are left out.

    Raises
    ------
    RegionError
    """
    for name, size in (("upstream", upstream), ("downstream", downstream)):
        if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 0:
            raise RegionError(f"{name}={size!r} is not a number of bases; it is a whole number, at least 0")
    minus = (table["strand"] == "-").to_numpy()
    # The border in front of the first base: between upstream and downstream.
    border = np.where(minus, table["end"].to_numpy(np.int64), table["start"].to_numpy(np.int64))
    low = np.maximum(border - np.where(minus, downstream, upstream), 0)
    high = np.minimum(
        border + np.where(minus, upstream, downstream), [lengths[name] for name in table["chrom"]]
    )
    moved = _moved(table, low, high.astype(np.int64))
    return moved[moved["start"] < moved["end"]].reset_index(drop=True)


def _moved(table: pd.DataFrame, start: NDArray[Any], end: NDArray[Any]) -> pd.DataFrame:
    import pandas as pd

    columns: dict[str, Any] = {
        "chrom": table["chrom"].to_numpy(),
        "start": start,
        "end": end,
        "strand": table["strand"].to_numpy(),
    }
    columns["transcript"] = _names(table)
    return pd.DataFrame(columns | {name: table[name].to_numpy() for name in _OF_TRANSCRIPTS if name in table})


def genes(table: pd.DataFrame) -> pd.DataFrame:
    """One row a gene: transcripts of one chromosome, strand and ``gene_id``; without that column,
    those that overlap on a strand.
    """
    import pandas as pd

    of_gene = gene_of(table)
    n = int(of_gene.max()) + 1 if of_gene.size else 0
    first = np.full(n, len(table), np.int64)
    np.minimum.at(first, of_gene, np.arange(len(table)))
    start = np.full(n, np.iinfo(np.int64).max)
    end = np.zeros(n, np.int64)
    np.minimum.at(start, of_gene, table["start"].to_numpy(np.int64))
    np.maximum.at(end, of_gene, table["end"].to_numpy(np.int64))
    columns: dict[str, Any] = {
        "chrom": table["chrom"].to_numpy()[first],
        "start": start,
        "end": end,
        "strand": table["strand"].to_numpy()[first],
    }
    columns |= {name: table[name].to_numpy()[first] for name in _OF_TRANSCRIPTS if name in table}
    columns["n_transcripts"] = np.bincount(of_gene, minlength=n)
    return pd.DataFrame(columns)


def gene_of(table: pd.DataFrame) -> NDArray[np.int64]:
    """For each transcript the rank of its gene; the table is sorted, genes are ranked by their
    first transcript.
    """
    import pandas as pd

    clusters = _clusters(table)
    if "gene_id" not in table:
        return clusters
    named = (table["gene_id"] != "").to_numpy()
    keys: list[Any] = [table["chrom"], table["strand"], table["gene_id"], np.where(named, -1, clusters)]
    return np.asarray(pd.factorize(pd.MultiIndex.from_arrays(keys))[0], np.int64)


def _clusters(table: pd.DataFrame) -> NDArray[np.int64]:
    """For each transcript the rank of those that overlap it, directly or through others, on its strand."""
    import pandas as pd

    of = np.zeros(len(table), np.int64)
    n = 0
    for rows in table.groupby(["chrom", "strand"], sort=False).indices.values():
        start, end = table["start"].to_numpy(np.int64)[rows], table["end"].to_numpy(np.int64)[rows]
        reach = np.maximum.accumulate(end)
        new = np.append(True, start[1:] >= reach[:-1])
        of[rows] = n + np.cumsum(new) - 1
        n += int(new.sum())
    return np.asarray(pd.factorize(of)[0], np.int64)


def merged_exons(table: pd.DataFrame, exons: Parts) -> pd.DataFrame:
    """The union of the exons of each gene; exons that touch become one."""
    import pandas as pd

    gene = gene_of(table)[exons.row]
    order = np.lexsort((exons.end, exons.start, gene))
    gene, start, end, row = gene[order], exons.start[order], exons.end[order], exons.row[order]
    new = np.ones(gene.size, bool)
    if gene.size:
        reach = reach_by_group(gene, end)
        new[1:] = (gene[1:] != gene[:-1]) | (start[1:] > reach[:-1])
        end = reach[np.append(np.flatnonzero(new)[1:] - 1, gene.size - 1)]
    kept = row[new]
    columns: dict[str, Any] = {
        "chrom": table["chrom"].to_numpy()[kept],
        "start": start[new],
        "end": end,
        "strand": table["strand"].to_numpy()[kept],
    }
    columns |= {name: table[name].to_numpy()[kept] for name in _OF_TRANSCRIPTS if name in table}
    return pd.DataFrame(columns)
