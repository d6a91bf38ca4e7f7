"""A Dataset as a Track: ``as_track(ds)``, and the accessor ``ds.track``."""

from __future__ import annotations

from typing import Any

import xarray as xr

from genomearray.track.dataset_source import DatasetSource
from genomearray.track.track import Track


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
    >>> doubled = as_track(track.dataset * 2)
    >>> doubled.values("chr1", 0, 3)
    array([2, 4, 6], dtype=uint16)
    """
    return Track(DatasetSource(dataset), name=str(dataset.attrs.get("name", "")))


@xr.register_dataset_accessor("track")  # type: ignore[no-untyped-call]
class TrackAccessor:
    """``ds.track``: the Track of a Dataset, see :func:`as_track`."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self._track = as_track(dataset)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._track, name)

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._track) if not name.startswith("_")]

    def __getitem__(self, region: str) -> xr.DataArray:
        return self._track[region]
