"""Names for types that many signatures share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import pandas as pd

    from genomearray.reference.region_table import RegionTable


class Named(Protocol):
    """Anything whose text is the name of a chromosome: a Chromosome, or a text itself."""

    def __str__(self) -> str: ...


class HasDataFrame(Protocol):
    """A table of another library that gives a DataFrame."""

    def to_dataframe(self) -> pd.DataFrame: ...


Number: TypeAlias = int | float | np.number | np.bool_
Path: TypeAlias = str | os.PathLike[str]
Chroms: TypeAlias = str | Named | Iterable[str | Named] | None  # one chromosome, many, or all
Attributes: TypeAlias = dict[str, str | int]  # of a root on disk: text and integers only
# What people have regions in; see genomearray.reference.region_table.read_regions.
Regions: TypeAlias = (
    "str | os.PathLike[str] | pd.DataFrame | Mapping[str, ArrayLike] | Sequence[str] | Sequence[tuple[object, ...]] | HasDataFrame | RegionTable"
)
