"""Several tracks as one lazy track."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import COMBINE_HOW, MISSING_CHROMOSOME, CombineHow, MissingChromosome, check
from genomearray.errors import AssemblyError, LayoutError, ValueRangeError
from genomearray.source import Source, check_signal, check_together
from genomearray.sources.combined import Combined
from genomearray.sources.elementwise import Converted
from genomearray.storage.layout import track_dtype
from genomearray.track.track import Track


def combine(
    tracks: Iterable[Track],
    how: CombineHow = "sum",
    dtype: Any = None,
    weights: Sequence[float] | None = None,
    missing: MissingChromosome = "error",
    round: bool = False,
) -> Track:
    """Several tracks as one lazy track; missing values (NaN) are skipped.

    Parameters
    ----------
    tracks : iterable of Track
        Signals of one assembly.
    how : {"sum", "mean", "min", "max", "median"}
    dtype : dtype, optional
        Default: for sum, min and max the common integer dtype (a float if one track is), for mean
        and median float32 (float64 if one track is). A value that does not fit is set to the limit
        of the dtype, and counted when the track is saved.
    weights : sequence of float, optional
        One a track, for ``sum`` (of value times weight) and ``mean`` (divided by the weights of the
        values that are there).
    missing : {"error", "skip"}
        For a chromosome that not all tracks have (tracks made from Datasets): an error, or as if
        its bases had no value.
    round : bool
        Round fractions (half to even) into an integer ``dtype``; else they are an error.

    Returns
    -------
    Track
        Lazy; save it with ``db.save_track``. Where no track has a value it is NaN (0 in integers).

    Raises
    ------
    AssemblyError
        Tracks of different assemblies or chromosomes.
    LayoutError
        No track, or one that holds a sequence.
    ValueRangeError

    Examples
    --------
    >>> from genomearray import combine
    >>> combine([track, track], how="sum").values("chr1", 0, 3)
    array([2, 4, 6], dtype=uint16)
    >>> combine([track, track * 2], how="mean").values("chr1", 0, 3)
    array([1.5, 3. , 4.5], dtype=float32)
    """
    listed = tuple(tracks) if isinstance(tracks, Iterable) and not isinstance(tracks, (Track, str)) else ()
    if not listed:
        raise LayoutError(
            "there is no track to combine; give a list of at least one: combine([db['a'], db['b']])"
        )
    for track in listed:
        if not isinstance(track, Track):
            raise LayoutError(f"{track!r} is not a track; open the tracks first: combine([db['a'], db['b']])")
    check("how", how, COMBINE_HOW)
    check("missing", missing, MISSING_CHROMOSOME)
    sources = tuple(track.source for track in listed)
    labels = tuple(track.label for track in listed)
    for source, label in zip(sources, labels, strict=True):
        check_signal(source, label, how)
    scale = _weights(weights, how, len(listed))
    if missing == "error":
        check_together(sources, labels)
    else:
        order = _widest_first(sources, labels)
        sources, labels = tuple(sources[k] for k in order), tuple(labels[k] for k in order)
        scale = None if scale is None else scale[order]
    labels_shown = (
        labels
        if scale is None
        else tuple(f"{weight:g} * {label}" for weight, label in zip(scale.tolist(), labels, strict=True))
    )
    wanted = None if dtype is None else track_dtype(dtype)
    combined = Combined(sources, how, scale, f"{how} of {', '.join(labels_shown)}", wanted)
    target = wanted or _default_dtype(combined)
    if target == combined.dtype:
        return Track(combined)
    return Track(
        Converted(combined, target, combined.label, overflow="saturate", round=round, label=combined.label)
    )


def _default_dtype(combined: Combined) -> np.dtype[Any]:
    if combined.dtype.kind == "f":
        return combined.dtype
    common: Any = np.result_type(
        *(np.uint8 if source.dtype.kind == "b" else source.dtype for source in combined.parts)
    )
    return np.dtype(common if common.kind in "iu" else combined.dtype)


def _widest_first(sources: tuple[Source, ...], labels: tuple[str, ...]) -> list[int]:
    """Which comes first: the source with all chromosomes, because it gives those of the result."""
    order = sorted(range(len(sources)), key=lambda k: -len(sources[k].names))
    widest, whose = sources[order[0]], labels[order[0]]
    for source, label in zip(sources, labels, strict=True):
        if source.assembly != widest.assembly:
            raise AssemblyError(
                f"{label} is of assembly {source.assembly!r}, {whose} of {widest.assembly!r}: they "
                "do not share positions"
            )
        for name in source.names:
            if not widest.has(name) or widest.length(name) != source.length(name):
                raise AssemblyError(
                    f"{label} has {name!r} of {source.length(name):,} bp, which {whose} has not"
                )
    return order


def _weights(weights: Sequence[float] | None, how: str, n: int) -> NDArray[Any] | None:
    if weights is None:
        return None
    if how not in ("sum", "mean"):
        raise ValueRangeError(f"weights are for sum and mean, not for {how}")
    scale = np.asarray(list(weights))
    if scale.shape != (n,) or scale.dtype.kind not in "iuf" or not np.isfinite(scale).all():
        raise ValueRangeError(
            f"weights {list(weights)!r} are not one finite number for each of the {n} tracks"
        )
    if how == "mean" and ((scale < 0).any() or not sum(scale.tolist()) > 0):
        raise ValueRangeError(f"weights {list(weights)!r}: those of a mean are not negative, and not all 0")
    return scale.astype(np.float64) if how == "mean" and (scale == 0).any() else scale
