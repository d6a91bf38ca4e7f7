"""``xarray.open_dataset(path, engine="genomearray")``: the lazy Dataset of a track, labels attached."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from genomearray.foreign.open import open_source
from genomearray.track.accessor import register_accessor
from genomearray.track.labelled import dataset_of
from genomearray.track.track import as_track


class GenomeArrayEngine(BackendEntrypoint):
    """Opens track files and stores; never guesses, so that plain ``.zarr`` stays with zarr."""

    description = "Per-base genome tracks (HDF5 files and Zarr stores of genomearray)"
    open_dataset_parameters = ("filename_or_obj", "drop_variables")

    def open_dataset(
        self, filename_or_obj: Any, *, drop_variables: str | Iterable[str] | None = None
    ) -> xr.Dataset:
        """The Dataset of a track.

        Parameters
        ----------
        filename_or_obj : path-like
            ``<name>.h5`` or ``<name>.zarr``.
        drop_variables : str or iterable of str, optional
            Chromosomes to leave out.
        """
        register_accessor(as_track)
        dataset = dataset_of(open_source(os.fspath(filename_or_obj)))
        if drop_variables is None:
            return dataset
        dropped = [drop_variables] if isinstance(drop_variables, str) else list(drop_variables)
        return dataset.drop_vars([name for name in dropped if name in dataset])

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Never: a test of the suffix would take over every ``.zarr``."""
        return False
