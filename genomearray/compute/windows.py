"""Many regions in one call: windows of one width, regions scaled into bins, profiles over them."""

from __future__ import annotations

import numbers
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from genomearray.choices import (
    BOUNDS,
    ENCODINGS,
    SEQUENCE,
    Bounds,
    Encoding,
    How,
    Reference,
    check,
)
from genomearray.compute.stat_names import Stat, stat_of
from genomearray.compute.value_statistics import is_high, wanted_places
from genomearray.errors import ArgumentError, AssemblyError, LayoutError, RegionError
from genomearray.executor import workers
from genomearray.order_kernels import quantiles
from genomearray.reference.dna import complement_codes, one_hot
from genomearray.reference.intervals import Intervals
from genomearray.reference.region import integer
from genomearray.reference.region_table import Regions, RegionTable, read_regions
from genomearray.source import Source, missing_value
from genomearray.summary_kernels import summarise

if TYPE_CHECKING:
    import xarray as xr


MOST_BINS = 1 << 30
BASES = "ACGT"
BIN_STATS = "mean, sum, min, max, median, quantile:Q (0 to 1), over:T, coverage"
_SCALED_AT_ONCE = 1 << 22  # values of regions that are scaled together
_LETTERS = bytes(range(256)).decode("latin-1")


class Options(NamedTuple):
    """How regions become windows; see :meth:`genomearray.Track.windows`."""

    width: int | None = None
    bins: int | None = None
    reference: Reference = "middle"
    strand_aware: bool = True
    bounds: Bounds = "raise"
    encoding: Encoding | None = None
    how: str = "mean"
    fill: float | None = None
    around: tuple[int, int] | None = None  # bp before and after the reference, instead of a width
    # Bins of scaled regions end between bases, as deepTools has them, which counts from the bp before them
    # (given for both strands): where a border is a whole number, rounding decides.
    whole_bases: tuple[int, int] | None = None

    def checked(self, source: Source) -> Self:
        """These options, if all are known and fit the source."""
        check("bounds", self.bounds, BOUNDS)
        n_bins = None if self.bins is None else integer(self.bins, "number of bins")
        if n_bins is not None and not 1 <= n_bins <= MOST_BINS:
            raise RegionError(
                f"bins={n_bins}: there is at least one bin, and there are at most {MOST_BINS:,}"
            )
        if not isinstance(self.strand_aware, (bool, np.bool_)):
            raise RegionError(f"strand_aware={self.strand_aware!r} is neither True nor False")
        if stat_of(self.how, "how").kind in ("n", "std"):
            raise ArgumentError(f"how={self.how!r} is not for bins; allowed are {BIN_STATS}")
        if self.how != "mean" and n_bins is None:
            raise RegionError(f"how={self.how!r} says what a bin holds; give bins= too")
        if self.encoding is not None:
            check("encoding", self.encoding, ENCODINGS, optional=True)
        if self.encoding == "onehot" and source.kind != SEQUENCE:
            raise LayoutError("the track holds a signal: encoding='onehot' is for sequences")
        if self.fill is not None and not isinstance(self.fill, numbers.Real):
            raise RegionError(f"fill={self.fill!r} is not a number")
        return self._replace(bins=n_bins)


def window_table(source: Source, regions: Regions, options: Options) -> RegionTable:
    """The regions that windows are made of, checked."""
    table = read_regions(regions, source)
    if options.width is not None:
        table = table.around(options.width, options.reference, strand_aware=options.strand_aware)
    elif options.around is not None:
        table = table.beside(*options.around, options.reference, strand_aware=options.strand_aware)
    table = table.inside(source, pad=options.bounds == "pad")
    sizes = table.end - table.start
    if options.bins is None and sizes.size and (sizes != sizes[0]).any():
        row = int(np.argmax(sizes != sizes[0]))
        raise RegionError(
            f"the regions differ in width: {sizes[0]} bp at {table.where(0)}, {sizes[row]} bp at "
            f"{table.where(row)}; "
            "give width= for windows around their middles, or bins= to scale them"
        )
    return table


def same_lengths(names: tuple[str, ...], sources: Sequence[Source]) -> None:
    """AssemblyError where a chromosome is not as long in all sources: same name, another assembly."""
    lengths = sources[0].lengths_of(names)
    for source in sources[1:]:
        others = source.lengths_of(names)
        if (others != lengths).any():
            k = int(np.argmax(others != lengths))
            theirs = "is missing" if others[k] < 0 else f"has {others[k]} bp"
            raise AssemblyError(
                f"chromosome {names[k]!r} has {lengths[k]} bp in the first track "
                f"({sources[0].assembly}) and {theirs} in another "
                f"({source.assembly}); take tracks of one assembly"
            )


def read_windows(source: Source, table: RegionTable, out: NDArray[Any], options: Options) -> None:
    """Put the values of windows of one width into ``out``, shape (windows, width); those on the
    minus strand run backwards.
    """
    n, width = len(table), int(table.end[0] - table.start[0])
    lengths = source.lengths_of(table.names)[table.code]
    start, end = np.clip(table.start, 0, lengths), np.clip(table.end, 0, lengths)
    with_bases = np.flatnonzero(end > start)
    if with_bases.size < n or (start != table.start).any() or (end != table.end).any():
        out[:] = missing_value(source.kind, source.dtype)  # outside the chromosome
    minus = (table.strand < 0) & options.strand_aware
    skipped = (start - table.start)[with_bases]
    rows = np.arange(n, dtype=np.int64)[with_bases] * width
    dest = np.where(minus[with_bases], rows + width - 1 - skipped, rows + skipped)
    step = np.where(minus[with_bases], -1, 1) if minus.any() else None
    source.gather(
        Intervals(table.names, table.code[with_bases], start[with_bases], end[with_bases]), out, dest, step
    )
    if source.kind == SEQUENCE and minus.any():
        out[minus] = complement_codes()[out[minus]]
    _fill_missing(out, options)


def _fill_missing(values: NDArray[Any], options: Options) -> None:
    if options.fill is not None and values.dtype.kind == "f":
        values[np.isnan(values)] = options.fill


def scaled(source: Source, table: RegionTable, n: int, options: Options) -> NDArray[np.float64]:
    """Regions of any length as ``n`` bins each, shape (regions, n); see :func:`_scaled_rows`."""
    if source.kind == SEQUENCE:
        raise LayoutError("the track holds a sequence: letters cannot be scaled into bins; leave bins= away")
    out = np.empty((len(table), n), dtype=np.float64)
    reverse = (table.strand < 0) & options.strand_aware
    stat = stat_of(options.how, "how")
    sizes = table.end - table.start
    with ThreadPoolExecutor(workers()) as pool:
        for rows, values, places in _sweep(source, table):
            _fill_missing(values, options)
            values = is_high(values, stat).view(np.uint8) if stat.is_share else values
            lengths = sizes[rows]

            def work(
                part: NDArray[np.int64],
                rows: Any = rows,
                values: Any = values,
                places: Any = places,
                lengths: Any = lengths,
            ) -> None:
                backwards = reverse[rows[part]]
                out[rows[part]] = _scaled_rows(
                    values, places[part], lengths[part], backwards, n, stat, _lead(options, backwards)
                )

            list(pool.map(work, np.array_split(np.arange(rows.size), min(4 * workers(), rows.size))))
    return out


def _lead(options: Options, reverse: NDArray[np.bool_]) -> NDArray[np.int64] | None:
    """How many bp lie before each region, as the genome runs, where bins end between bases."""
    return None if options.whole_bases is None else np.where(reverse, *options.whole_bases[::-1])


def _scaled_rows(
    values: NDArray[Any],
    places: NDArray[np.int64],
    lengths: NDArray[np.int64],
    reverse: NDArray[np.bool_],
    n: int,
    stat: Stat,
    lead: NDArray[np.int64] | None,
) -> NDArray[np.float64]:
    """Regions, a row each: by parts of bases (see :func:`genomearray.compute.kernels.scale_regions`), but
    values in order take every base that a bin touches; ``lead``: bins end between bases.
    """
    from genomearray.compute.kernels import scale_regions

    rows = np.empty((places.size, n), dtype=np.float64)
    if not stat.is_ordered and (lead is None or not (lengths % n).any()):
        kind = How.MEAN if stat.is_share else How.of(stat.kind)
        scale_regions(values, places, lengths, reverse, kind, rows)
        return rows
    if lead is None:
        borders = np.arange(n + 1) * lengths[:, None]
        first, last = borders[:, :-1] // n, -(-borders[:, 1:] // n)
    else:
        borders = np.floor(np.arange(n + 1) * (lengths / n)[:, None] + lead[:, None]).astype(np.int64)
        borders -= lead[:, None]
        borders[:, -1] = lengths
        first, last = borders[:, :-1], np.maximum(borders[:, 1:], borders[:, :-1] + 1)
    low = int(places.min(initial=0))
    starts, ends = ((places[:, None] - low + offset).reshape(-1) for offset in (first, last))
    used = values[low : low + int(ends.max(initial=0))].astype(np.float64)
    if stat.is_ordered:
        quantiles(used, starts, ends, wanted_places([stat]), rows.reshape(-1, 1))
    else:
        summary = summarise(used, starts, ends)
        with np.errstate(invalid="ignore", divide="ignore"):  # a bin without a value has no mean
            mean = summary.sum / summary.n
        found = {"sum": np.where(summary.n > 0, summary.sum, np.nan), "min": summary.min, "max": summary.max}
        rows.reshape(-1)[:] = found.get(stat.kind, mean)
    rows[reverse] = rows[reverse, ::-1]
    return rows


def _sweep(
    source: Source, table: RegionTable
) -> Iterator[tuple[NDArray[np.int64], NDArray[Any], NDArray[np.int64]]]:
    """Groups of regions, in order of the genome: their rows, an array with their values, and their
    places in it.

    Only chunks that a region touches are read, and each once: what a later group needs again is kept.
    """
    lengths = source.lengths_of(table.names)
    order = np.lexsort((table.start, table.code))
    codes = table.code[order]
    sizes = (table.end - table.start)[order]
    ends = np.cumsum(sizes)
    kept_code, kept_start, kept = -1, 0, np.empty(0, dtype=source.dtype)
    at = 0
    while at < order.size:
        most = ends[at] - sizes[at] + _SCALED_AT_ONCE
        after = max(
            at + 1,
            min(
                int(np.searchsorted(ends, most, side="right")),
                int(np.searchsorted(codes, codes[at], side="right")),
            ),
        )
        rows, code = order[at:after], int(codes[at])
        starts, stops = _spans(source, table.names[code], table.start[rows], table.end[rows])
        dest = np.cumsum(stops - starts) - (stops - starts)
        values = np.full(
            int((stops - starts).sum()), missing_value(source.kind, source.dtype), dtype=source.dtype
        )
        low, high = np.clip(starts, 0, lengths[code]), np.clip(stops, 0, lengths[code])
        for k in range(starts.size if code == kept_code else 0):
            if low[k] >= kept_start + kept.size:
                break
            again = kept[low[k] - kept_start : high[k] - kept_start]
            values[dest[k] + low[k] - starts[k] :][: again.size] = again
            low[k] += again.size
        inside = low < high
        intervals = Intervals(
            (table.names[code],), np.zeros(int(inside.sum()), np.int64), low[inside], high[inside]
        )
        source.gather(intervals, values, (dest + low - starts)[inside])
        span = np.searchsorted(starts, table.start[rows], side="right") - 1
        yield rows, values, table.start[rows] + (dest - starts)[span]
        # Later groups begin at or after the last region of this one.
        if code != kept_code or kept_start > starts[-1] or kept_start + kept.size < stops[-1]:
            kept_code, kept_start, kept = code, int(starts[-1]), values[dest[-1] :]
        at = after


def _spans(
    source: Source, chrom: str, starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Stretches of whole chunks that hold all regions, which come sorted by start."""
    (stored,), _, (offset,) = source.chunk_statistics((chrom,))
    chunk = stored.chunk if stored is not None else 1
    low = (starts + offset) // chunk * chunk - offset
    high = np.maximum.accumulate(-(-(ends + offset) // chunk) * chunk - offset)
    first = np.flatnonzero(np.append(True, low[1:] > high[:-1]))
    return low[first], high[np.append(first[1:] - 1, low.size - 1)]


def windows(
    sources: Sequence[Source], regions: Regions, options: Options
) -> tuple[NDArray[Any], RegionTable]:
    """Values of all sources, shape (source, window, offset) or, one-hot, (source, window, offset,
    base); and the windows.
    """
    options = options.checked(sources[0])
    table = window_table(sources[0], regions, options)
    same_lengths(table.names, sources)
    if not len(table):
        dtype = np.result_type(*(source.dtype for source in sources))
        width = 0 if options.width is None else integer(options.width, "width")
        shape = (len(sources), 0, options.bins or width, *([len(BASES)] if options.encoding else []))
        return np.empty(shape, np.float64 if options.bins else np.uint8 if options.encoding else dtype), table
    if options.bins is not None:
        return np.stack([scaled(source, table, options.bins, options) for source in sources]), table
    return read_table(sources, table, options), table


def read_table(sources: Sequence[Source], table: RegionTable, options: Options) -> NDArray[Any]:
    """Values of windows of one width that were checked, as :func:`windows` gives them."""
    dtype = np.result_type(*(source.dtype for source in sources))
    values = np.empty((len(sources), len(table), int(table.end[0] - table.start[0])), dtype)
    for source, part in zip(sources, values, strict=True):
        own = part if source.dtype == part.dtype else np.empty(part.shape, source.dtype)
        read_windows(source, table, own, options)
        if own is not part:
            part[:] = own
    return one_hot(values) if options.encoding else values


def labelled_windows(
    values: NDArray[Any], table: RegionTable, dims: tuple[str, ...], attrs: dict[str, Any], name: str | None
) -> xr.DataArray:
    """A DataArray of windows with chrom, start, end and strand of each, and the offsets in them."""
    import xarray as xr

    coords: dict[str, Any] = {
        "chrom": ("window", table.chrom),
        "start": ("window", table.start),
        "end": ("window", table.end),
        "strand": ("window", table.strand_text),
        "offset": np.arange(values.shape[dims.index("offset")]),
    }
    if "base" in dims:
        coords["base"] = list(BASES)
    return xr.DataArray(values, dims=dims, coords=coords, attrs=attrs, name=name)
