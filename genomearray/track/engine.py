"""``xarray.open_dataset(path, engine="genomearray")``: the lazy Dataset of a track, labels attached."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import xarray as xr
from xarray.backends import BackendEntrypoint

from genomearray.errors import ArgumentError
from genomearray.foreign.open import open_source
from genomearray.track.accessor import register_accessor
from genomearray.track.labelled import dataset_of
from genomearray.track.track import as_track

_DECODERS = (
    "mask_and_scale",
    "decode_times",
    "decode_timedelta",
    "use_cftime",
    "concat_characters",
    "decode_coords",
)


class GenomeArrayEngine(BackendEntrypoint):
    """Opens track files and stores; never guesses, so that plain ``.zarr`` stays with zarr."""

    description = "Per-base genome tracks (HDF5 files and Zarr stores of genomearray)"
    open_dataset_parameters = ("filename_or_obj", "drop_variables", *_DECODERS)

    def open_dataset(
        self,
        filename_or_obj: Any,
        *,
        drop_variables: str | Iterable[str] | None = None,
        **options: object,
    ) -> xr.Dataset:
        """The Dataset of a track.

        Parameters
        ----------
        filename_or_obj : path-like
            ``<name>.h5`` or ``<name>.zarr``.
        drop_variables : str or iterable of str, optional
            Chromosomes to leave out.
        **options
            Those of xarray that decode: a track needs no decoding, so they change nothing.

        Raises
        ------
        ArgumentError
            An option that is none of these.
        """
        unknown = sorted(set(options) - set(_DECODERS))
        if unknown:
            raise ArgumentError(
                f"option {unknown[0]!r} is not known to the engine genomearray; allowed are "
                f"drop_variables, and of xarray chunks, cache, {', '.join(_DECODERS)}"
            )
        register_accessor(as_track)
        dataset = dataset_of(open_source(os.fspath(filename_or_obj)))
        if drop_variables is None:
            return dataset
        dropped = [drop_variables] if isinstance(drop_variables, str) else list(drop_variables)
        return dataset.drop_vars([name for name in dropped if name in dataset])

    def open_datatree(self, filename_or_obj: Any, **options: Any) -> xr.DataTree:
        """A tree of one node: a track has no groups; see :meth:`open_dataset`."""
        return xr.DataTree(self.open_dataset(filename_or_obj, **options))

    def open_groups_as_dict(self, filename_or_obj: Any, **options: Any) -> dict[str, xr.Dataset]:
        """The Dataset of a track under ``/``; see :meth:`open_dataset`."""
        return {"/": self.open_dataset(filename_or_obj, **options)}

    def guess_can_open(self, filename_or_obj: Any) -> bool:
        """Never: a test of the suffix would take over every ``.zarr``."""
        return False
