"""Methods of a database that write tracks and feature tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from numpy.typing import DTypeLike

from genomearray.choices import Store
from genomearray.database.base import BaseDatabase
from genomearray.errors import ArgumentError

if TYPE_CHECKING:
    import pandas as pd

    from genomearray.database.save import TrackData
    from genomearray.stacks.stack import Stack
    from genomearray.storage.write.options import TrackSettings, WriteReport
    from genomearray.storage.write.track_writer import TrackWriter


class WriteMethods(BaseDatabase):
    """New tracks and feature tables."""

    def create_track(
        self,
        name: str,
        dtype: DTypeLike = "float32",
        **options: Unpack[TrackSettings],
    ) -> TrackWriter:
        """A writer for a new track; use it in a ``with`` statement.

        The track appears when the ``with`` ends without an error; else nothing is left.

        Parameters
        ----------
        name : str
            Folders are separated by ``/``.
        dtype : dtype
            Any integer of 1-8 bytes, float32 or float64. Bases nobody writes hold NaN (floats) or 0.
        kind : {"signal", "sequence"}
            A sequence is uint8 (ASCII codes), and its missing bases are ``N``.
        store : {"h5", "zarr"}
            One HDF5 file, or one Zarr store for parallel and distributed work.
        overwrite : bool
            Replace a track of that name. Without it, an existing name is refused at once.
        units : str, optional
            Of the values. Default: ``count`` for integers.
        source : str
            Where the data come from; kept with the track.
        overflow : {"saturate", "error", "widen"}
            For values the dtype cannot hold; saturated ones are counted.
        round : bool
            Whether fractions may be rounded into an integer dtype; else they are an error.
        threads : int, optional
            That compress. Default: one a core, at most 8.
        command : str, optional
            Kept with the track. Default: the command line.

        Returns
        -------
        TrackWriter

        Raises
        ------
        TrackNameError, TrackExistsError, ValueRangeError

        Examples
        --------
        >>> with db.create_track("new/peaks", dtype="uint8") as writer:
        ...     writer.write("chr2", 100, [1, 1, 1])
        >>> int(db["new/peaks"].values("chr2").sum())
        3
        """
        from genomearray.storage.write.create import create_writer
        from genomearray.storage.write.options import WriteOptions

        return create_writer(self.folder, self.assembly, name, dtype, WriteOptions(**options))

    def save_track(
        self,
        name: str,
        data: TrackData,
        dtype: DTypeLike | None = None,
        *,
        progress: bool = False,
        **options: Unpack[TrackSettings],
    ) -> WriteReport:
        """Write a whole track from arrays, a Dataset, a track, or pieces.

        Parameters
        ----------
        name : str
        data : mapping, Dataset, Track or iterable
            ``{chrom: array}`` with one value per base; a Dataset with the variables of a track, also
            lazy (computed block by block); a Track, stored or lazy (computed in threads, or on the
            dask cluster of the session: a ``distributed.Client``); or an iterable of ``(chrom,
            start, values)`` with offsets. Chromosomes that are not given hold the fill value.
        dtype : dtype, optional
            Default: that of the data; for pieces, that of the first one.
        progress : bool
            Show a bar on a terminal, for a Track.
        **options
            As for :meth:`create_track`; ``threads`` computes here even if there is a cluster.

        Returns
        -------
        WriteReport
            Bases written, overwritten and saturated.

        Raises
        ------
        AssemblyError
            An array is not as long as its chromosome.
        TrackExistsError, UnknownChromosomeError, ValueRangeError

        Examples
        --------
        >>> import numpy as np
        >>> report = db.save_track("ones", {"chr2": np.ones(500, dtype="uint8")})
        >>> report.bases
        500
        """
        from genomearray.database.save import save

        return save(self.folder, self.assembly, name, data, dtype, options, progress=progress)

    def save_tracks(
        self,
        names: str,
        stack: Stack,
        dtype: DTypeLike | None = None,
        *,
        progress: bool = False,
        **options: Unpack[TrackSettings],
    ) -> dict[str, WriteReport]:
        """Write all tracks of a stack, computed where they are lazy; all appear, or none.

        Parameters
        ----------
        names : str
            With ``{name}`` for the name in the stack, such as ``norm/{name}``.
        stack : Stack
        dtype : dtype, optional
            Default: that of each track.
        progress, **options
            As for :meth:`save_track`.

        Returns
        -------
        dict of str to WriteReport
            By the names in the database.

        Raises
        ------
        ArgumentError, AssemblyError, TrackExistsError, TrackNameError, ValueRangeError

        Examples
        --------
        >>> list(db.save_tracks("plus/{name}", db.stack("counts") + 1))
        ['plus/counts']
        >>> db["plus/counts"].values("chr1", 0, 3)
        array([2, 3, 4], dtype=uint32)
        """
        from genomearray.database.save import copy_tracks

        if "{name}" not in names:
            raise ArgumentError(f"names={names!r} has no {{name}}, which stands for the name of each track")
        tracks = {names.replace("{name}", name): stack.track(name) for name in stack.names}
        writers = copy_tracks(self.folder, self.assembly, tracks, dtype, progress=progress, **options)
        return {name: writer.report for name, writer in zip(tracks, writers, strict=True)}

    def save_features(
        self,
        name: str,
        table: pd.DataFrame,
        *,
        store: Store = "h5",
        overwrite: bool = False,
        source: str = "",
    ) -> int:
        """Keep a table of features, sorted.

        Parameters
        ----------
        name : str
        table : DataFrame
            ``chrom``, ``start``, ``end`` (offsets, 0-based, half-open), optionally ``strand``
            (``+``, ``-``, ``.``), and columns of numbers or texts.
        store, overwrite, source
            As for :meth:`create_track`.

        Returns
        -------
        int
            Features.

        Raises
        ------
        TrackNameError, TrackExistsError, UnknownChromosomeError, RegionError, ValueRangeError

        Examples
        --------
        >>> db.save_features("high", db["counts"].intervals(above=990))
        1
        >>> db.open_features("high").to_dataframe().values.tolist()
        [['chr1', 990, 1000, '.', 995.5, 1000.0]]
        """
        from genomearray.database.save import save_features
        from genomearray.storage.write.options import WriteOptions

        return save_features(
            self.folder,
            self.assembly,
            name,
            table,
            WriteOptions(store=store, overwrite=overwrite, source=source),
        )
