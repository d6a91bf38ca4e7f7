"""A Dataset with the variables of a track as a source."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from genomearray._cached import Cached
from genomearray.choices import KINDS, SIGNAL, check
from genomearray.errors import LayoutError, RegionError, unknown_chromosome
from genomearray.reference.labels import PositionLabels, first_position, labels_of
from genomearray.source import PACKED, Source
from genomearray.storage.layout import dimension
from genomearray.track.labelled import PackedTable, labelled_array
from genomearray.track.position_index import PositionIndex


class DatasetSource(Source):
    """A Dataset with a track's variables as the source of a Track."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset
        self.assembly = str(dataset.attrs.get("assembly", "unknown"))
        self._own = {
            str(name): variable
            for name, variable in dataset.data_vars.items()
            if variable.dims == (dimension(str(name)),)
        }
        if not self._own:
            raise LayoutError("the Dataset has no variable of a track: one dimension, called pos_<variable>")
        # Labels are checked once here: everything below goes by the order of the values.
        self._firsts = {
            name: first_position(variable, self._frame_of(variable), name)
            for name, variable in self._own.items()
        }
        self.kind = check("kind", str(dataset.attrs.get("kind", SIGNAL)), KINDS)

    def _frame_of(self, variable: xr.DataArray) -> str:
        """The assembly that labels of a variable must be of: that of the Dataset, where it has one."""
        labels = labels_of(variable)
        if "assembly" in self._dataset.attrs or not isinstance(labels, PositionLabels):
            return self.assembly
        self.assembly = labels.assembly
        return self.assembly

    @Cached
    def dtype(self) -> np.dtype[Any]:
        """The dtype that holds the values of all variables."""
        return np.result_type(*{variable.dtype for variable in self._own.values()})

    @property
    def dataset(self) -> xr.Dataset:
        """The Dataset itself."""
        return self._dataset

    @property
    def attributes(self) -> dict[str, Any]:
        """Attributes of the Dataset."""
        return dict(self._dataset.attrs)

    @Cached
    def names(self) -> tuple[str, ...]:
        """Names of the sequences that can be asked for."""
        own = [name for name in self._own if name != PACKED]
        table = self._packed_table
        return (
            tuple(own)
            if table is None
            else tuple(name for name in table.names if name in own or table.locate(name))
        )

    @Cached
    def _packed_table(self) -> PackedTable | None:
        packed = self._own.get(PACKED)
        index = packed.xindexes.get(dimension(PACKED)) if packed is not None else None
        return index.packed if isinstance(index, PositionIndex) else None

    def has(self, chrom: str) -> bool:
        """Whether there is a sequence of that name."""
        return self._place(chrom) is not None

    def length(self, chrom: str) -> int:
        """Length of a sequence, as far as it is in the Dataset, bp."""
        return self._known_place(chrom)[2]

    def _place(self, chrom: str) -> tuple[str, int, int] | None:
        if chrom in self._own and chrom != PACKED:
            variable = self._own[chrom]
            return chrom, 0, self._firsts[chrom] - 1 + variable.size
        place = self._packed_table.locate(chrom) if self._packed_table is not None else None
        return None if place is None else (PACKED, *place)

    def _known_place(self, chrom: str) -> tuple[str, int, int]:
        place = self._place(chrom)
        if place is None:
            raise unknown_chromosome(chrom, self.assembly, self.names)
        return place

    def region_array(self, chrom: str, start: int, end: int) -> xr.DataArray:
        """Offsets [start, end) of a sequence."""
        name, offset, _ = self._known_place(chrom)
        variable = self._own[name]
        base = offset - (self._firsts[name] - 1)
        low, high = base + start, base + end
        if low < 0 or high > variable.size:
            raise RegionError(
                f"{chrom}:{start + 1}-{end} is not in this Dataset, which holds {variable.size} "
                f"positions of {name!r}"
            )
        taken = variable.isel({variable.dims[0]: slice(low, high)})
        index = PositionIndex.for_range("pos", start + 1, end, chrom, self.assembly)
        values = xr.Variable(
            ("pos",), taken.variable._data, attrs={"assembly": self.assembly, **variable.attrs}
        )
        return labelled_array(values, index, chrom, variable.name)

    @property
    def variables(self) -> dict[str, int]:
        """Length (bp) of each variable, by name."""
        return {name: variable.size for name, variable in self._own.items()}

    def packed_place(self, chrom: str) -> tuple[int, int] | None:
        """Offset in ``packed`` and length of a sequence there; None for another one."""
        place = self._place(chrom)
        return place[1:] if place is not None and place[0] == PACKED else None

    def display_attributes(self, variable: str) -> dict[str, Any]:
        """Attributes of a variable."""
        return dict(self._own[variable].attrs)

    def read(self, chrom: str, start: int, end: int, threads: bool = True) -> NDArray[Any]:
        """Values of the offsets [start, end) of a sequence."""
        return np.asarray(self.region_array(chrom, start, end).values)

    def read_variable(self, variable: str, start: int, end: int) -> NDArray[Any]:
        """Values of the offsets [start, end) of a variable."""
        return np.asarray(self._own[variable].isel({dimension(variable): slice(start, end)}).values)
