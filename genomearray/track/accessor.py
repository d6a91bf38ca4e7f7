"""The accessor ``ds.track``: a Dataset as a Track.

``track.py`` registers it, so that tracks know of the accessor and not the other way round.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import xarray as xr

from genomearray.track.base import BaseTrack


class TrackAccessor:
    """``ds.track``: the Track of a Dataset, see :func:`genomearray.as_track`."""

    as_track: ClassVar[Callable[[xr.Dataset], BaseTrack]]

    def __init__(self, dataset: xr.Dataset) -> None:
        self._track = type(self).as_track(dataset)

    def __getattr__(self, name: str) -> object:
        return getattr(self._track, name)

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._track) if not name.startswith("_")]

    def __getitem__(self, region: str) -> xr.DataArray:
        return self._track[region]


def register_accessor(as_track: Callable[[xr.Dataset], BaseTrack]) -> None:
    """Make ``ds.track`` known to xarray, once."""
    if not hasattr(TrackAccessor, "as_track"):
        TrackAccessor.as_track = staticmethod(as_track)
        register: Callable[[str], Callable[[type], type]] = xr.register_dataset_accessor  # has no types
        register("track")(TrackAccessor)
