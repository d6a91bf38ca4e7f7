"""BED: features of a table, or intervals where a track is high.

References
----------
https://samtools.github.io/hts-specs/BEDv1.pdf
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from genomearray_converters.exporting import Out, text_output

from genomearray.errors import RegionError
from genomearray.features import FeatureTable

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 1 << 16


def export_bed(table: FeatureTable | pd.DataFrame, out: Out, *, region: str | None = None, chroms: Any = None, overwrite: bool = False) -> int:
    """Write features as BED6: chrom, start, end, name, score, strand, then the other columns.

    Parameters
    ----------
    table : FeatureTable or DataFrame
        A DataFrame has ``chrom, start, end`` (offsets, 0-based, half-open), as ``track.intervals`` gives it.
    out : path, or "-" for standard output
        Compressed when it ends in ``.gz``.
    region : str, optional
        Only features that overlap it, such as ``chr1:1,000-2,000``; of a FeatureTable.
    chroms : str or iterable of str, optional
    overwrite : bool

    Returns
    -------
    int
        Features.

    Raises
    ------
    FormatError, RegionError, UnknownChromosomeError

    Examples
    --------
    >>> from pathlib import Path
    >>> from genomearray_converters import export_bed
    >>> export_bed(db["counts"].intervals(above=990), Path(tmp, "a.bed"))
    1
    >>> Path(tmp, "a.bed").read_text()
    'chr1\\t990\\t1000\\t.\\t0\\t.\\t995.5\\t1000.0\\n'
    """
    names = None if chroms is None else [chroms] if isinstance(chroms, str) else list(chroms)
    if isinstance(table, FeatureTable):
        if region is not None and names is not None:
            raise RegionError("give a region or chromosomes, not both")
        asked = [table[region]] if region is not None else [table.sel(chrom=chrom) for chrom in names or table.chromosomes]
        frames = [found.to_dataframe() for found in asked if len(found)]
    else:
        if region is not None:
            raise RegionError("a region is for feature tables; choose rows of a DataFrame yourself")
        frames = [table if names is None else table[table["chrom"].isin(names)]]
    lines = 0
    with text_output(out, overwrite=overwrite) as file:
        for frame in frames:
            for low in range(0, len(frame), _ROWS):
                rows = _columns(frame.iloc[low : low + _ROWS])
                file.writelines("\t".join(row).encode() + b"\n" for row in zip(*rows, strict=True))
            lines += len(frame)
    return lines


def _columns(frame: pd.DataFrame) -> list[list[str]]:
    n = len(frame)
    found = {str(name): [str(value) for value in frame[name].tolist()] for name in frame.columns}
    first = [found.pop("chrom"), found.pop("start"), found.pop("end"), found.pop("name", ["."] * n), found.pop("score", ["0"] * n)]
    found.pop("reach", None)
    return [*first, found.pop("strand", ["."] * n), *found.values()]
