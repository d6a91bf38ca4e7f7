"""Several tracks asked as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import Bounds, Encoding, Reference
from genomearray.errors import AssemblyError, LayoutError
from genomearray.reference.assembly import Chromosome
from genomearray.reference.region_table import Regions
from genomearray.stacks.files import TrackOrFile, opened_together
from genomearray.track.track import Track

if TYPE_CHECKING:
    import xarray as xr


class Stack:
    """Tracks of one assembly and one kind, along a first dimension ``track``; made by :func:`stack`.

    Attributes
    ----------
    tracks : tuple of Track
    assembly : str
    """

    def __init__(self, tracks: tuple[Track, ...]) -> None:
        self.tracks = tracks
        self.assembly = tracks[0].assembly

    @property
    def names(self) -> list[str]:
        """Names of the tracks; a repeated one gets a number."""
        names: list[str] = []
        for k, track in enumerate(self.tracks):
            name = track.name or f"track{k}"
            names.append(name if name not in names else f"{name}.{k}")
        return names

    @property
    def dtype(self) -> np.dtype[Any]:
        """Numpy's common dtype of all tracks; of int64 beside uint64 or floats it is float64, exact
        to 2**53.
        """
        return np.result_type(*(track.dtype for track in self.tracks))

    def values(
        self, chrom: str | Chromosome, start: int | None = None, end: int | None = None
    ) -> NDArray[Any]:
        """Values of the offsets [start, end), shape (tracks, end - start).

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track]).values("chr1", 0, 3)
        array([[1, 2, 3],
               [1, 2, 3]], dtype=uint16)
        """
        return np.stack([track.values(chrom, start, end) for track in self.tracks])

    def windows(
        self,
        regions: Regions,
        width: int | None = None,
        bins: int | None = None,
        strand_aware: bool = True,
        bounds: Bounds = "raise",
        encoding: Encoding | None = None,
        how: str = "mean",
        reference: Reference = "middle",
        fill: float | None = None,
    ) -> xr.DataArray:
        """Values of many regions, dimensions (track, window, offset); see :meth:`Track.windows`.

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track]).windows(["chr1:1-4", "chr2:1-4"]).shape
        (2, 2, 4)
        """
        from genomearray.compute import windows as w

        sources = [track.source for track in self.tracks]
        values, table = w.windows(
            sources, regions, w.Options(width, bins, reference, strand_aware, bounds, encoding, how, fill)
        )
        dims = ("track", "window", "offset", "base") if encoding else ("track", "window", "offset")
        array = w.labelled_windows(
            values, table, dims, {"assembly": self.assembly, "kind": self.tracks[0].kind}, None
        )
        return array.assign_coords(track=self.names)

    def __repr__(self) -> str:
        return f"<Stack of {len(self.tracks)} tracks of {self.assembly}: {', '.join(self.names)}>"


def stack(tracks: Iterable[TrackOrFile] | str) -> Stack:
    """Several tracks as one, for windows of all of them in one call.

    Parameters
    ----------
    tracks : iterable of Track, path or URL; or a pattern of paths such as ``encode/*.bw``
        Of one assembly; all signals, or all sequences. bigWig files, which name none, get that of the
        tracks beside them, or all chromosomes that any of them has.

    Returns
    -------
    Stack

    Raises
    ------
    AssemblyError
        Different assemblies; a chromosome of two lengths.
    LayoutError
        No track, or signals and sequences mixed.

    Examples
    --------
    >>> stack([track, track])
    <Stack of 2 tracks of toy: counts, counts.1>
    """
    listed = opened_together(tracks) if isinstance(tracks, Iterable) else ()
    if not listed:
        raise LayoutError("there is no track to stack; give at least one")
    for track in listed[1:]:
        if track.assembly != listed[0].assembly:
            raise AssemblyError(
                f"track {track.name!r} is of {track.assembly!r}, track {listed[0].name!r} of "
                f"{listed[0].assembly!r}: they do not share positions"
            )
        if track.kind != listed[0].kind:
            raise LayoutError(
                f"track {track.name!r} is a {track.kind}, track {listed[0].name!r} a {listed[0].kind}; "
                "stack one kind at a time"
            )
    return Stack(listed)
