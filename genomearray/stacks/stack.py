"""Several tracks asked as one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from numpy.typing import NDArray

from genomearray.errors import FormatError, LayoutError
from genomearray.reference.assembly import Chromosome, one_chromosome
from genomearray.reference.region import check_offsets, parse_region, positions_to_offsets, refuse_step
from genomearray.stacks.arithmetic import ArithmeticMethods
from genomearray.stacks.comparison import ComparisonMethods
from genomearray.stacks.files import TrackOrFile, name_of, paths_of
from genomearray.stacks.groups import StackGroups
from genomearray.stacks.members import members_of, numbered
from genomearray.stacks.reductions import ReductionMethods
from genomearray.stacks.sheet import is_sheet, read_sheet
from genomearray.storage.layout import BLOCK
from genomearray.track.track import Track

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

_SMALLEST_BLOCK = 1 << 16  # bp of a dask block of many tracks


class Stack(ReductionMethods, ComparisonMethods, ArithmeticMethods):
    """Tracks of one assembly and one kind, along a first dimension ``track``; made by :func:`stack` and
    :meth:`GenomeDB.stack`. No file is opened before it is needed.

    ``stack["name"]`` is a track, ``stack[["a", "b"]]`` a stack, ``stack["chr1:1-100"]`` a region of all.
    """

    def values(
        self, chrom: str | Chromosome, start: int | None = None, end: int | None = None
    ) -> NDArray[Any]:
        """Values of the offsets [start, end), shape (tracks, end - start), in numpy's common dtype.

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track]).values("chr1", 0, 3)
        array([[1, 2, 3],
               [1, 2, 3]], dtype=uint16)
        """
        from genomearray.stacks.labelled import common_length, read_all

        name, sources = one_chromosome(chrom), self.sources
        low, high = check_offsets(name, common_length(sources, self.names, name), start, end)
        return read_all(sources, name, low, high)

    def sel(self, *, chrom: str | Chromosome, pos: Any = None) -> xr.DataArray:
        """Values by position (1-based, both ends included), labelled, dimensions (track, pos); lazy.

        Parameters
        ----------
        chrom : str or Chromosome
        pos : slice, int or array of int, optional
            As for :meth:`Track.sel`.

        Returns
        -------
        DataArray
            The columns of the sheet are coordinates along ``track``.

        Raises
        ------
        AssemblyError, LayoutError, RegionError, UnknownChromosomeError

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track * 2]).sel(chrom="chr1", pos=slice(10, 11)).values
        array([[10, 11],
               [20, 22]], dtype=uint32)
        """
        name = one_chromosome(chrom)
        length = self._length(name)
        if pos is None or isinstance(pos, slice):
            pos = slice(None) if pos is None else pos
            refuse_step(pos)
            return self._region(name, *positions_to_offsets(name, length, pos.start, pos.stop))
        if np.ndim(pos) == 0:
            return self._region(name, *positions_to_offsets(name, length, pos, pos)).isel(pos=0)
        return self._region(name, 0, length).sel(pos=pos)

    def isel(self, *, chrom: str | Chromosome, pos: slice | int | None = None) -> xr.DataArray:
        """Values by offset (0-based, half-open), labelled, dimensions (track, pos); lazy. See :meth:`sel`."""
        name = one_chromosome(chrom)
        length = self._length(name)
        if pos is None or isinstance(pos, slice):
            pos = slice(None) if pos is None else pos
            refuse_step(pos)
            return self._region(name, *check_offsets(name, length, pos.start, pos.stop))
        return self._region(name, *check_offsets(name, length, pos, pos + 1)).isel(pos=0)

    def _length(self, chrom: str) -> int:
        from genomearray.stacks.labelled import common_length

        return common_length(self.sources, self.names, chrom)

    def _region(self, chrom: str, start: int, end: int) -> xr.DataArray:
        from genomearray.stacks.labelled import stacked_region

        return stacked_region(self.sources, self.track_coords(), chrom, start, end)

    @property
    def dataset(self) -> xr.Dataset:
        """All chromosomes as a lazy Dataset: a variable each, dimensions (track, pos_<chromosome>).

        Examples
        --------
        >>> from genomearray import stack
        >>> both = stack([track, track * 2]).dataset
        >>> both["chr1"].sel(pos_chr1=slice(1, 3)).mean("track").values
        array([1.5, 3. , 4.5])
        """
        from genomearray.source import check_together
        from genomearray.stacks.labelled import stacked_dataset

        sources = self.sources
        check_together(tuple(sources), tuple(self.names))
        return stacked_dataset(sources, self.track_coords())

    def to_dask(self) -> xr.Dataset:
        """All chromosomes as a Dataset of dask arrays, in blocks of all tracks and at most 4 million values.

        Examples
        --------
        >>> from genomearray import stack
        >>> int(stack([track, track]).to_dask()["chr1"].sum().compute())
        1001000
        """
        dataset = self.dataset
        block = max(_SMALLEST_BLOCK, BLOCK // (1 << (len(self) - 1).bit_length()))
        return dataset.chunk({"track": -1} | {dim: block for dim in dataset.dims if dim != "track"})

    def groupby(self, column: str) -> StackGroups[Self]:
        """Groups of the tracks by a column of the sheet; ask ``.mean()``, ``.sum()`` and so on: a stack with
        one lazy track a group, named after it.

        Examples
        --------
        >>> import pandas as pd
        >>> from genomearray import stack
        >>> sheet = pd.DataFrame({"condition": ["a", "b", "b"]})
        >>> groups = stack([track, track, track * 3], samples=sheet).groupby("condition")
        >>> groups.mean()["b"].values("chr1", 0, 2)
        array([2., 4.], dtype=float32)
        """
        return StackGroups(self, column)

    @overload
    def __getitem__(self, key: list[str]) -> Self: ...
    @overload
    def __getitem__(self, key: int) -> Track: ...
    @overload
    def __getitem__(self, key: str) -> Any: ...

    def __getitem__(self, key: str | int | list[str]) -> Any:
        if isinstance(key, (int, np.integer)):
            return self.members[int(key)].track
        names = self.names
        if isinstance(key, str):
            if key in names or (":" not in key and not self._has_chromosome(key)):
                return self.track(key)
            sources = self.sources
            place = parse_region(key, self._length, sources[0].has)
            return self._region(place.chrom, place.start, place.end)
        wanted = list(key)
        for name in wanted:
            if name not in names:
                self.track(name)  # its error says what is near
        return self.take([names.index(name) for name in wanted])

    def _has_chromosome(self, name: str) -> bool:
        return self.sources[0].has(name)

    def __iter__(self) -> Iterator[Track]:
        return (member.track for member in self.members)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        names = self.names
        shown = ", ".join(names[:6]) + (f", ... {names[-1]}" if len(names) > 6 else "")
        return f"<Stack of {len(names)} tracks: {shown}>"


def stack(
    tracks: Iterable[TrackOrFile] | str | os.PathLike[str] | pd.DataFrame,
    *,
    samples: pd.DataFrame | None = None,
) -> Stack:
    """Several tracks as one; see :class:`Stack`.

    Parameters
    ----------
    tracks : iterable of Track, path or URL; a pattern of paths such as ``encode/*.bw``; or a sample sheet
        Of one assembly; all signals, or all sequences. bigWig files, which name none, get that of the
        tracks beside them, or all chromosomes that any of them has. A sheet (``.tsv``, ``.csv``, ``.txt`` or
        a DataFrame) has a column ``track`` with paths, relative to it, and further columns that say what
        each is.
    samples : DataFrame, optional
        A row for each track, in their order; its columns become coordinates along ``track``.

    Returns
    -------
    Stack

    Raises
    ------
    AssemblyError
        Different assemblies; a chromosome of two lengths. Of files, when one is first asked for.
    FormatError
        A sheet that cannot be read, or that has another number of rows.
    LayoutError
        No track, or signals and sequences mixed.

    Examples
    --------
    >>> stack([track, track])
    <Stack of 2 tracks: counts, counts.1>
    """
    if is_sheet(tracks):
        if samples is not None:
            raise FormatError("the tracks come from a sample sheet, which is the sheet: leave samples= away")
        sheet: Any = tracks
        samples = read_sheet(sheet)
        listed: list[Any] = samples.index.tolist()
        names = listed
    else:
        given: Any = tracks
        listed = paths_of(given)
        names = numbered([name_of(track, k) for k, track in enumerate(listed)])
    if not listed:
        raise LayoutError("there is no track to stack; give at least one")
    if samples is not None and len(samples) != len(listed):
        raise FormatError(f"the sample sheet has {len(samples)} rows, and there are {len(listed)} tracks")
    made = Stack(members_of(listed, names), samples)
    if all(isinstance(track, Track) for track in listed):
        made.sources  # noqa: B018 - nothing needs to be opened: what is wrong is said now
    return made
