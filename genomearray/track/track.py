"""A track: one value per base of an assembly, asked by position or by offset."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast, overload

import numpy as np
from numpy.typing import NDArray

from genomearray._deprecated import positional_until_now
from genomearray._typing import Chroms
from genomearray.choices import Kind
from genomearray.errors import LayoutError, RegionError
from genomearray.foreign.open import open_source
from genomearray.reference.assembly import Chromosome, one_chromosome
from genomearray.reference.region import check_offsets, integer, positions_to_offsets, refuse_step
from genomearray.source import Source
from genomearray.storage.layout import BLOCK
from genomearray.track.old_names import OldNames
from genomearray.track.regions import RegionMethods
from genomearray.track.sequence import SequenceMethods

if TYPE_CHECKING:
    import dask.array
    import pandas as pd
    import xarray as xr


class Track(SequenceMethods, RegionMethods, OldNames):
    """One value per base of one assembly.

    Open one with ``db.open_track(name)``, ``db[name]`` or :func:`open_track`. A track is
    a context manager, can be pickled, and may be read from many threads and processes.

    Labels are positions: 1-based, both ends included (``sel``, region strings, the old
    names). Offsets are 0-based and half-open (``isel``, ``values``).

    Tracks can be computed with: ``(a + b) / 2``, ``np.log1p(a)``, ``a > 3`` are lazy tracks of the same
    assembly, and so are those of ``rolling``, ``smooth``, ``mask``, ``where``, ``shift``,
    ``normalize`` and ``astype``. ``+``, ``-`` and ``*`` of integers have the smallest integer dtype
    that holds every result, so that nothing wraps around (beyond 64 bits: an error); other
    functions of integers give float64, functions of floats what numpy gives. Missing values (NaN)
    stay missing; ``x / 0`` is inf or NaN, ``x // 0`` an error.

    Examples
    --------
    >>> track.sel(chrom="chr1", pos=slice(1, 3)).values
    array([1, 2, 3], dtype=uint16)
    >>> track["chr1:1-3"].values
    array([1, 2, 3], dtype=uint16)
    >>> track.values("chr1", 0, 3)
    array([1, 2, 3], dtype=uint16)
    """

    def values(
        self, chrom: str | Chromosome, start: int | None = None, end: int | None = None
    ) -> NDArray[Any]:
        """Values of the offsets [start, end): the fast path.

        Parameters
        ----------
        chrom : str or Chromosome
        start, end : int, optional
            Offsets, 0-based, half-open, bp. Default: the whole chromosome.

        Returns
        -------
        ndarray, shape (end - start,), dtype of the track
            Letters of a sequence as ASCII codes, as stored (lower case is soft-masked).

        Raises
        ------
        UnknownChromosomeError, RegionError, DamagedTrackError

        Examples
        --------
        >>> track.values("chr1", 0, 3)
        array([1, 2, 3], dtype=uint16)
        """
        source = self.source
        name = chrom if type(chrom) is str else str(chrom)
        low, high = check_offsets(name, source.length(name), start, end)
        return source.read(name, low, high)

    def isel(self, *, chrom: str | Chromosome, pos: Any = None) -> xr.DataArray:
        """Values by offset (0-based, half-open), labelled with their positions; lazy.

        Parameters
        ----------
        chrom : str or Chromosome
        pos : slice, int or array of int, optional
            Offsets. Default: the whole chromosome. Negative ones and steps are refused.

        Returns
        -------
        DataArray, dimension ``pos``

        Raises
        ------
        UnknownChromosomeError, RegionError

        Examples
        --------
        >>> track.isel(chrom="chr1", pos=slice(0, 3)).pos.values
        array([1, 2, 3])
        """
        name = one_chromosome(chrom)
        length = self.length(name)
        if pos is None or isinstance(pos, slice):
            pos = slice(None) if pos is None else pos
            refuse_step(pos)
            return self._region(name, *check_offsets(name, length, pos.start, pos.stop))
        if np.ndim(pos) == 0:
            offset = integer(pos, "offset")
            return self._region(name, *check_offsets(name, length, offset, offset + 1)).isel(pos=0)
        offsets = np.asarray(pos)
        if offsets.dtype.kind not in "iu":
            raise RegionError(f"offsets of dtype {offsets.dtype} are not whole numbers")
        for offset in (offsets.min(), offsets.max()) if offsets.size else ():
            check_offsets(name, length, int(offset), int(offset) + 1)
        return self._region(name, 0, length).isel(pos=pos)

    def sel(self, *, chrom: str | Chromosome, pos: Any = None) -> xr.DataArray:
        """Values by position (1-based, both ends included), labelled; lazy.

        Parameters
        ----------
        chrom : str or Chromosome
        pos : slice, int or array of int, optional
            Positions; ``slice(1_000_000, 1_000_100)`` is 101 bases. Default: the whole chromosome.

        Returns
        -------
        DataArray, dimension ``pos``
            With the positions as coordinate ``pos`` and the chromosome as coordinate ``chrom``.

        Raises
        ------
        UnknownChromosomeError, RegionError

        Examples
        --------
        >>> region = track.sel(chrom="chr1", pos=slice(10, 20))
        >>> region.sizes["pos"], int(region.pos[0]), str(region.chrom.values)
        (11, 10, 'chr1')
        """
        name = one_chromosome(chrom)
        length = self.length(name)
        if pos is None or isinstance(pos, slice):
            pos = slice(None) if pos is None else pos
            refuse_step(pos)
            return self._region(name, *positions_to_offsets(name, length, pos.start, pos.stop))
        if np.ndim(pos) == 0:
            start, end = positions_to_offsets(name, length, pos, pos)
            return self._region(name, start, end).isel(pos=0)
        return self._region(name, 0, length).sel(pos=pos)

    def _region(self, chrom: str, start: int, end: int) -> xr.DataArray:
        from genomearray.track.labelled import region_array

        return region_array(self.source, self.name, chrom, start, end)

    @property
    def dataset(self) -> xr.Dataset:
        """All chromosomes as a lazy Dataset: one variable each, with positions as labels.

        Its ``.sel(pos_chr1=slice(1, 10))`` counts positions; ``.chunk()`` gives dask arrays
        of blocks.

        Examples
        --------
        >>> track.dataset["chr1"].sel(pos_chr1=slice(1, 3)).values
        array([1, 2, 3], dtype=uint16)
        """
        from genomearray.track.accessor import register_accessor  # so that ds.track is there
        from genomearray.track.labelled import dataset_of

        register_accessor(as_track)
        return dataset_of(self.source)

    @overload
    def to_dask(self, chrom: str | Chromosome) -> dask.array.Array: ...

    @overload
    def to_dask(self, chrom: None = None) -> xr.Dataset: ...

    def to_dask(self, chrom: str | Chromosome | None = None) -> dask.array.Array | xr.Dataset:
        """A chromosome as a dask array, or all as a Dataset of dask arrays, in blocks of 4 Mbp.

        ``track.dataset.chunk()`` makes one dask chunk of each chromosome; here memory stays bounded.

        Parameters
        ----------
        chrom : str or Chromosome, optional

        Returns
        -------
        dask.array.Array, shape (length,), or Dataset

        Examples
        --------
        >>> int(track.to_dask("chr1").sum().compute())
        500500
        >>> track.to_dask()["chr2"].chunks
        ((500,),)
        """
        if chrom is None:
            dataset = self.dataset
            return dataset.chunk(dict.fromkeys(dataset.dims, BLOCK))
        chunked: dask.array.Array = self.sel(chrom=chrom).chunk({"pos": BLOCK}).data
        return chunked

    def close(self) -> None:
        """Let go of the file; asking a closed track is a TrackClosedError."""
        if self._open_source is not None:
            self._open_source.close()
        self._open_source = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return Track, (self.source, self.name)

    def derived(self, source: Source, name: str = "") -> Self:
        """A track of other values."""
        return cast(Self, Track(source, name))


@positional_until_now("chroms")
def corr(
    tracks: Iterable[Track], *, chroms: Chroms = None, threads: int | None = None, progress: bool = False
) -> pd.DataFrame:
    """Pearson's correlation of every pair of tracks, over the bases where both have a value; each
    base is read once.

    Parameters
    ----------
    tracks : iterable of Track
        Of one assembly.
    chroms, threads, progress
        As for :meth:`Track.stats`.

    Returns
    -------
    DataFrame, shape (tracks, tracks)

    Examples
    --------
    >>> from genomearray import corr
    >>> corr([track, track * 2]).values.round(6).tolist()
    [[1.0, 1.0], [1.0, 1.0]]
    """
    from genomearray.compute.correlation import correlation

    listed = list(tracks)
    if not listed:
        raise LayoutError("there is no track to correlate; give at least one")
    return correlation(
        tuple(track.source for track in listed), [track.label for track in listed], chroms, threads, progress
    )


def as_track(dataset: xr.Dataset) -> Track:
    """A Dataset of track variables as a Track.

    Parameters
    ----------
    dataset : xarray.Dataset
        Such as ``track.dataset``, also after arithmetic or selection: variables named like
        chromosomes, each along its own ``pos_<chromosome>``.

    Returns
    -------
    Track

    Raises
    ------
    LayoutError
        No variable looks like one of a track.

    Examples
    --------
    >>> from genomearray import as_track
    >>> doubled = as_track(track.dataset * 2)
    >>> from genomearray import as_track
    >>> doubled.values("chr1", 0, 3)
    array([2, 4, 6], dtype=uint16)
    """
    from genomearray.track.dataset_source import DatasetSource

    return Track(DatasetSource(dataset), name=str(dataset.attrs.get("name", "")))


def open_track(path: str | os.PathLike[str], kind: Kind | None = None) -> Track:
    """Open a track without a database.

    Parameters
    ----------
    path : path-like, or URL
        ``<name>.h5`` or ``<name>.zarr``, also ``https://...`` or ``s3://...`` (with
        ``genomearray[remote]``): only the bytes that are needed are asked for. Also a file of the
        old library ``genome``, read-only, and a bigWig, whose assembly is called "unknown".
    kind : {"signal", "sequence"}, optional
        Of such an old file, which does not say. By default letters are recognised.

    Returns
    -------
    Track

    Raises
    ------
    UnknownTrackError, LayoutError

    Examples
    --------
    >>> from genomearray import open_track
    >>> with open_track(track.path) as same:
    ...     same.values("chr1", 0, 3)
    array([1, 2, 3], dtype=uint16)
    """
    return Track(open_source(path, kind=kind), Path(str(path).rstrip("/")).stem)
