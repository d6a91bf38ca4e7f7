"""bigBed as rows of features: what ``import bed`` reads where a file is one."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from genomearray.errors import FormatError
from genomearray.foreign.bigbed_features import BigBedFile
from genomearray.storage.feature_layout import TEXT

from .importing.features import FeatureRows, TableReport
from .importing.pipeline import ImportJob, as_format_errors


class BigBedColumns:
    """The columns of a table from bigBed files, which the first one decides."""

    def __init__(self) -> None:
        self._columns: list[str] = []
        self._kinds: dict[str, Any] = {}

    def kinds(self) -> dict[str, Any]:
        """Dtypes besides start, end and strand."""
        return self._kinds

    def blocks(self, job: ImportJob[TableReport], path: str) -> Iterator[FeatureRows]:
        """Features of a file, chromosome by chromosome."""
        with as_format_errors(path):
            file = BigBedFile(path)
            if not self._columns:
                self._columns = file.columns
                self._kinds = {name: _kind(file, name) for name in file.columns[3:]}
            elif self._columns != file.columns:
                raise FormatError(
                    f"{path} has the columns {', '.join(file.columns)}, and the files before have the "
                    f"columns {', '.join(self._columns)}; make a table of each"
                )
            yield from self._features(job, file, path)

    def _features(self, job: ImportJob[TableReport], file: BigBedFile, path: str) -> Iterator[FeatureRows]:
        names, lengths = file.column("sequence_name").tolist(), file.column("sequence_length").tolist()
        firsts, counts = file.column("first_feature").tolist(), file.column("n_features").tolist()
        for name, length, first, n in zip(names, lengths, firsts, counts, strict=True):
            if not n:
                continue
            chrom = job.names.find(name, n, path)
            if chrom is None or not job.same_length(path, name, length, chrom):
                continue
            # In the order of the file: ``input_row`` counts its rows.
            rows = first + np.argsort(file.column("input_row", first, first + n))
            columns: dict[str, Any] = {}
            for column, kind in self._kinds.items():
                values = file.column(column)[rows]
                columns[column] = list(map(str, values.tolist())) if kind is TEXT else values
            start, end, strand = (file.column(column)[rows] for column in ("start", "end", "strand"))
            yield FeatureRows([name] * n, start, end, strand, columns, partial(_where, path, name))


def _kind(file: BigBedFile, name: str) -> Any:
    dtype = file.column(name).dtype
    return dtype if dtype.kind in "if" else TEXT


def _where(path: str, chrom: str, row: int) -> str:
    """Where a row of a chromosome lies, for messages."""
    return f"{path}: feature {row + 1} of {chrom}"
