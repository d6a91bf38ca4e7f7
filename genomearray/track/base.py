"""What a track is: its identity, its chromosomes, and the source that its values come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from genomearray.errors import TrackClosedError
from genomearray.reference.assembly import Chromosome
from genomearray.reference.region import parse_region
from genomearray.source import Source

if TYPE_CHECKING:
    import xarray as xr


class BaseTrack:
    """The part of a track that its methods by subject build on.

    Parameters
    ----------
    source : Source
        Where the values come from.
    name : str
        In the database; empty for a track that is not stored.
    """

    def __init__(self, source: Source, name: str = "") -> None:
        self._open_source: Source | None = source
        self.name = name

    @property
    def source(self) -> Source:
        """Where the values come from; TrackClosedError once the track is closed."""
        if self._open_source is None:
            raise TrackClosedError(f"track {self.name!r} is closed; open it again")
        return self._open_source

    @property
    def assembly(self) -> str:
        """Name of the assembly."""
        return self.source.assembly

    @property
    def kind(self) -> str:
        """``signal`` or ``sequence``."""
        return self.source.kind

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the values."""
        return self.source.dtype

    @property
    def label(self) -> str:
        """Name, or how the values are computed."""
        return self.name or self.source.label or "track"

    @property
    def attributes(self) -> dict[str, Any]:
        """Assembly, source, command, time of creation and the like."""
        return dict(self.source.attributes)

    @property
    def path(self) -> Path | str | None:
        """The file or store, as text for a URL; None for a track that is not stored."""
        return self.source.path

    @property
    def chromosomes(self) -> tuple[str, ...]:
        """Names of all chromosomes, in order."""
        return self.source.names

    def has_chromosome(self, chrom: str | Chromosome) -> bool:
        """Whether the track has a chromosome.

        Examples
        --------
        >>> track.has_chromosome("chr1"), track.has_chromosome("chr99")
        (True, False)
        """
        return self.source.has(str(chrom))

    def length(self, chrom: str | Chromosome) -> int:
        """Length of a chromosome, bp; UnknownChromosomeError for a name it does not have.

        Examples
        --------
        >>> track.length("chr1")
        1000
        """
        return self.source.length(str(chrom))

    def __repr__(self) -> str:
        if self._open_source is None:
            return f"<Track {self.name!r}, closed>"
        return (
            f"<Track {self.label!r}: {self.kind}, {self.dtype}, {len(self.chromosomes)} chromosomes of "
            f"{self.assembly}>"
        )

    def __getitem__(self, region: str) -> xr.DataArray:
        """Values of a region string such as ``chr1:1,000-2,000``; in the order of the genome,
        whatever its strand.
        """
        from genomearray.track.labelled import region_array

        place = parse_region(region, self.source.length, self.source.has)
        return region_array(self.source, self.name, place.chrom, place.start, place.end)

    def derived(self, source: Source, name: str = "") -> Self:
        """A track of other values of the same kind of class."""
        raise NotImplementedError
