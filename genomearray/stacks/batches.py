"""Shuffled batches of windows, for training models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import SEQUENCE, Bounds, Encoding, Reference
from genomearray.compute.windows import Options, read_table, same_lengths, window_table
from genomearray.errors import AssemblyError, LayoutError, RegionError, ValueRangeError
from genomearray.reference.region import integer
from genomearray.reference.region_table import Regions, RegionTable
from genomearray.stacks.stack import Stack
from genomearray.track.track import Track

Batch = NDArray[Any] | dict[str, NDArray[Any]]


class Batches:
    """Batches of windows over a table of regions, in an order that a seed decides; made by :func:`batches`.

    ``len(self)`` batches; ``self[k]`` reads batch k, and iterating reads one after the other: nothing else
    is in memory. PyTorch's ``DataLoader(self, batch_size=None, num_workers=4)`` takes it as it is, also with
    workers that are forked or spawned.
    """

    def __init__(
        self,
        tracks: dict[str, Track | Stack],
        single: bool,
        table: RegionTable,
        batch_size: int,
        shuffle: bool,
        seed: int,
        drop_last: bool,
        dtype: np.dtype[Any],
        options: Options,
    ) -> None:
        self._tracks = tracks
        self._single = single
        self._table = table
        self._shuffle = shuffle
        self._seed = seed
        self._dtype = dtype
        self._options = options
        self._drop_last = drop_last
        self.batch_size = batch_size
        self.epoch = 0
        self._order: tuple[int, NDArray[np.int64]] | None = None

    def __len__(self) -> int:
        n = len(self._table)
        return n // self.batch_size if self._drop_last else -(-n // self.batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Take the order of another epoch; the same seed and epoch give the same order.

        Workers that a ``DataLoader`` keeps (``persistent_workers=True``) do not hear of it.
        """
        number = integer(epoch, "epoch")
        if number < 0:
            raise RegionError(f"epoch {epoch}: epochs count from 0")
        self.epoch = number

    @property
    def order(self) -> NDArray[np.int64]:
        """Rows of the regions in the order in which this epoch reads them."""
        if self._order is None or self._order[0] != self.epoch:
            rows = np.arange(len(self._table))
            if self._shuffle:
                rows = np.random.default_rng([self._seed, self.epoch]).permutation(rows)
            self._order = self.epoch, rows
        return self._order[1]

    def __getitem__(self, k: int) -> Batch:
        if not 0 <= k < len(self):
            raise IndexError(f"there is no batch {k}; there are {len(self)}, counted from 0")
        table = self._table.take(self.order[k * self.batch_size : (k + 1) * self.batch_size])
        read = {key: self._read(track, table) for key, track in self._tracks.items()}
        return read[""] if self._single else read

    def _read(self, track: Track | Stack, table: RegionTable) -> NDArray[Any]:
        each = track.tracks if isinstance(track, Stack) else (track,)
        encoding: Encoding | None = "onehot" if each[0].kind == SEQUENCE else None
        # The table was checked when the batches were made: no labels, no second look.
        values = read_table([one.source for one in each], table, self._options._replace(encoding=encoding))
        # One example after the other.
        return np.ascontiguousarray(
            np.moveaxis(values, 0, 1) if isinstance(track, Stack) else values[0], dtype=self._dtype
        )

    def __iter__(self) -> Iterator[Batch]:
        for k in range(len(self)):
            yield self[k]

    def __repr__(self) -> str:
        return (
            f"<Batches: {len(self)} of {self.batch_size} windows, {len(self._table)} regions, seed "
            f"{self._seed}, epoch {self.epoch}>"
        )


def batches(
    tracks: Track | Stack | Mapping[str, Track | Stack],
    regions: Regions,
    width: int | None = None,
    *,
    batch_size: int = 64,
    shuffle: bool = True,
    seed: int = 0,
    drop_last: bool = False,
    dtype: Any = "float32",
    strand_aware: bool = True,
    bounds: Bounds = "raise",
    reference: Reference = "middle",
    fill: float | None = None,
) -> Batches:
    """Batches of windows for training models: shuffled, reproducible, of bounded memory.

    Parameters
    ----------
    tracks : Track, Stack or mapping of names to them
        What a batch holds: one array, or a dict of arrays. Signals have shape (window, offset), a
        stack (window, track, offset), sequences are one-hot: (window, offset, base).
    regions, width, strand_aware, bounds, reference, fill
        As for :meth:`genomearray.Track.windows`; checked once, here. Tracks of floats have NaN
        where nothing is known: ``fill=0`` makes them zeros.
    batch_size : int
    shuffle : bool
        Read in an order that ``seed`` and the epoch decide (``set_epoch``).
    seed : int
        0 or more.
    drop_last : bool
        Leave away a last batch that is not full.
    dtype : numpy dtype
        Of the arrays: a float, or an integer that holds every value of the tracks.

    Returns
    -------
    Batches

    Raises
    ------
    RegionError, UnknownChromosomeError, FormatError, AssemblyError, LayoutError, ValueRangeError

    Examples
    --------
    >>> from genomearray import batches
    >>> regions = [("chr1", k, k + 1) for k in range(100, 200)]
    >>> loader = batches({"x": seq, "y": track}, regions, width=20, batch_size=32, seed=1)
    >>> len(loader), loader[0]["x"].shape, loader[0]["y"].shape
    (4, (32, 20, 4), (32, 20))
    """
    single = isinstance(tracks, (Track, Stack))
    by_name: dict[str, Track | Stack] = (
        {"": tracks}
        if isinstance(tracks, (Track, Stack))
        else dict(tracks)
        if isinstance(tracks, Mapping)
        else {}
    )
    if not by_name or not all(isinstance(track, (Track, Stack)) for track in by_name.values()):
        raise LayoutError(
            "there is no track to read batches from; give a track, a stack, or a dict of them such "
            "as {'x': db['seq']}"
        )
    size = integer(batch_size, "batch_size")
    if size < 1:
        raise RegionError(f"batch_size={size}: a batch holds at least one window")
    if integer(seed, "seed") < 0:
        raise RegionError(f"seed={seed}: a seed is 0 or more")
    each = [
        one for track in by_name.values() for one in (track.tracks if isinstance(track, Stack) else (track,))
    ]
    for one in each[1:]:
        if one.assembly != each[0].assembly:
            raise AssemblyError(
                f"track {one.name!r} is of {one.assembly!r}, track {each[0].name!r} of "
                f"{each[0].assembly!r}: take one assembly"
            )
    options = Options(width, None, reference, strand_aware, bounds, None, "mean", fill).checked(
        each[0].source
    )
    table = window_table(each[0].source, regions, options)
    same_lengths(table.names, [one.source for one in each])
    return Batches(
        by_name,
        single,
        table,
        size,
        bool(shuffle),
        int(seed),
        bool(drop_last),
        _batch_dtype(dtype, by_name),
        options,
    )


def _batch_dtype(dtype: Any, tracks: Mapping[str, Track | Stack]) -> np.dtype[Any]:
    """A floating dtype, or one that holds every value of the tracks."""
    try:
        wanted: np.dtype[Any] = np.dtype(dtype)
    except TypeError:
        raise ValueRangeError(
            f"dtype {dtype!r} is not known; float32 and float16 are common for training"
        ) from None
    for key, track in tracks.items():
        if wanted.kind != "f" and not np.can_cast(track.dtype, wanted, "safe"):
            raise ValueRangeError(
                f"dtype {wanted} cannot hold every value of {key or 'the track'}, which is "
                f"{track.dtype}; take a float, or a wider integer"
            )
    return wanted
