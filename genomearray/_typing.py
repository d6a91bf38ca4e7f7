"""Names for types that many signatures share."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

import numpy as np

if TYPE_CHECKING:
    import pandas as pd


class Named(Protocol):
    """Anything whose text is the name of a chromosome: a Chromosome, or a text itself."""

    def __str__(self) -> str: ...


@runtime_checkable
class HasDataFrame(Protocol):
    """A table of another library that gives a DataFrame."""

    def to_dataframe(self) -> pd.DataFrame: ...


Number: TypeAlias = int | float | np.number | np.bool_
Path: TypeAlias = str | os.PathLike[str]
Chroms: TypeAlias = str | Named | Iterable[str | Named] | None  # one chromosome, many, or all
Attributes: TypeAlias = dict[str, str | int]  # of a root on disk: text and integers only
