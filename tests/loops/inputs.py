"""Random inputs of every compiled loop: a function a loop, named as it, which gives the arguments."""

import struct

import numpy as np
from genomearray_converters.reads.count_kernels import FRAGMENT_COLUMNS, N_REASONS
from genomearray_converters.reads.mates import Waiting
from genomearray_converters.reads.records import MORE, N_COUNTS, N_STATE, ReadColumns, empty_rows
from genomearray_converters.text.scanner import Buffers

from genomearray.loops import kernel
from genomearray.storage.chunks.codecs import JOB_COLUMNS
from genomearray.summary import Summary

INTEGERS = ["u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8"]
ANY = [*INTEGERS, "f4", "f8"]


def values_of(rng, dtype, n, *, missing=True):
    """Numbers over the whole range of a dtype, or few of them; floats with NaN, infinities and fractions."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        values = rng.normal(0, 10.0 ** rng.integers(-3, 6), n).astype(dtype)
        values[rng.random(n) < 0.1] = 0
        if missing and rng.random() < 0.7:
            values[rng.random(n) < rng.choice([0.05, 0.5, 1])] = np.nan
        return values
    info = np.iinfo(dtype)
    if rng.random() < 0.5:
        return rng.integers(0, 5, n).astype(dtype)
    return rng.integers(info.min, info.max, n, dtype, endpoint=True)


def parts(rng, n, most=30):
    """Starts and ends of parts of an array, none empty."""
    starts = rng.integers(0, n, rng.integers(1, most))
    return starts, np.minimum(starts + rng.integers(1, max(n, 2), starts.size), n)


def summarise_small(rng):
    dtype, n = rng.choice(INTEGERS[:4]), int(rng.integers(1, 300))
    starts, ends = parts(rng, n)
    summary = Summary.empty(starts.size, np.dtype(dtype))
    summary.n[:], summary.m2[:] = 0, 0
    return values_of(rng, dtype, n), starts, ends, np.empty(starts.size, np.uint64), summary


def summarise_any(rng):
    dtype, n = rng.choice([*INTEGERS[4:], "f4", "f8"]), int(rng.integers(1, 300))
    starts, ends = parts(rng, n)
    return values_of(rng, dtype, n), starts, ends, Summary.empty(starts.size, np.dtype(dtype))


def merge_parts(rng):
    dtype = np.dtype(rng.choice(ANY))
    n_left, n_right, n_rows = rng.integers(0, 3, (3, 12))

    def some(n):
        values = values_of(rng, dtype, 5 * max(n, 1))
        starts = np.arange(n) * 5
        summary = Summary.empty(n, dtype)
        kernel.plain["summarise_any"](values, starts, starts + 5, summary)
        return summary

    rows = some(40)
    edges = some(int(n_left.sum() + n_right.sum()))
    first = rng.integers(0, 30, 12)
    return n_left, n_right, first, n_rows, rows, edges, int(n_left.sum()), Summary.empty(12, dtype)


def add_whole(rng):
    n = int(rng.integers(0, 200))
    dtype = rng.choice(INTEGERS[:6])
    return rng.integers(0, 100, n).astype(dtype), rng.integers(0, 20, n).astype(
        rng.choice(["u1", "i2", "u4", "i8", "u8"])
    )


def add_valid(rng):
    n = int(rng.integers(0, 200))
    values = values_of(rng, rng.choice(ANY), n)
    return values, float(rng.integers(1, 9)) / 4, bool(rng.random() < 0.5), rng.normal(size=n), rng.random(n)


def extreme(rng):
    n = int(rng.integers(0, 200))
    weight = rng.integers(0, 2, n).astype(float)
    return values_of(rng, rng.choice(ANY), n), bool(rng.random() < 0.5), rng.normal(size=n), weight


def divide(rng):
    n = int(rng.integers(0, 200))
    return (
        values_of(rng, rng.choice(INTEGERS), n),
        float(rng.integers(1, 9)),
        np.empty(n, rng.choice(["f4", "f8"])),
    )


def divide_by_weight(rng):
    n = int(rng.integers(0, 200))
    weight = rng.integers(0, 3, n) * rng.random(n)
    return rng.normal(size=n), weight, bool(rng.random() < 0.5), np.empty(n, rng.choice(["f4", "f8"]))


def quantiles(rng):
    n, size = int(rng.integers(0, 50)), int(rng.integers(1, 400))
    values = values_of(rng, "f8", size)
    values = np.round(values) if rng.random() < 0.5 else values
    starts = rng.integers(0, size, n)
    wanted = np.array([-1.0, 0, 0.5, 1, rng.random()])[: int(rng.integers(1, 6))]
    out = np.empty((n, wanted.size), rng.choice(["f4", "f8"]))
    return values, starts, np.minimum(starts + rng.integers(0, 100, n), size), wanted, out


def add_deviations(rng):
    n = int(rng.integers(0, 200))
    return values_of(rng, rng.choice(ANY), n), rng.integers(0, 5, n) * 1.0, rng.normal(size=n), rng.random(n)


def roll(rng):
    window, n = int(rng.integers(1, 20)), int(rng.integers(1, 100))
    first = int(rng.integers(0, 40))
    values = values_of(rng, "f8", first + n)
    return values, window, first, int(rng.integers(1, window + 1)), int(rng.integers(0, 4)), np.empty(n)


def convolve(rng):
    n, k = int(rng.integers(1, 5000)), int(rng.integers(1, 12))
    return rng.normal(size=n + k - 1), rng.random(k), np.empty(n)


def add_lags(rng):
    n = int(rng.integers(0, 200))
    one = rng.normal(size=n) * rng.integers(0, 2, n)
    return one, rng.normal(size=n + 50), rng.integers(0, 50, 7), rng.normal(size=7)


def scale_regions(rng):
    n, k = int(rng.integers(1, 300)), int(rng.integers(1, 10))
    starts, ends = parts(rng, n)
    out = np.empty((starts.size, k))
    how = int(rng.integers(0, 4))
    reverse = rng.random(starts.size) < 0.5
    return values_of(rng, rng.choice(ANY), n), starts, ends - starts, reverse, how, out


def add_up(rng):
    return (values_of(rng, rng.choice(INTEGERS[:6]), int(rng.integers(0, 300))),)


def count_small(rng):
    low = int(rng.integers(0, 5))
    values = rng.integers(low, low + 20, int(rng.integers(0, 300))).astype(rng.choice(INTEGERS))
    return values, low, rng.integers(0, 5, 20)


def count_digits(rng):
    keys = values_of(rng, rng.choice(["u1", "u2", "u4", "u8"]), int(rng.integers(0, 300)))
    bits = 8 * keys.dtype.itemsize
    width = int(rng.integers(1, min(bits, 8) + 1))
    shift = int(rng.integers(0, bits - width + 1))
    prefixes = np.unique(keys.astype(np.uint64) >> np.uint64(shift) >> np.uint64(width))[::2]
    prefixes = np.ascontiguousarray(prefixes) if prefixes.size else np.zeros(1, np.uint64)
    return keys, shift, width, prefixes, np.zeros((prefixes.size, 1 << width), np.int64)


def count_letters(rng):
    return values_of(rng, "u1", int(rng.integers(0, 300))), rng.integers(0, 5, 256)


def count_codes(rng):
    k, n = int(rng.integers(1, 5)), int(rng.integers(0, 200))
    return rng.integers(-1, 4, n), k, int(rng.integers(0, n + 1)), np.zeros(4**k, np.int64)


def find_pattern(rng):
    n = int(rng.integers(1, 200))
    return (
        rng.choice([0, 1, 2, 3, 4, 8], n).astype(np.uint8),
        rng.choice([1, 3, 15], 3).astype(np.uint8),
        np.zeros(n, np.uint8),
    )


def paint_intervals(rng):
    n, dtype = int(rng.integers(1, 300)), rng.choice([*ANY, "?"])
    starts, ends = (one.astype(np.int32) for one in parts(rng, n))
    values = values_of(rng, "u1", starts.size).astype(dtype)
    written = np.zeros(n, bool)
    written[: n // 2] = rng.random(n // 2) < 0.5
    return np.zeros(n, dtype), written, starts, ends, values, n // 2


def paint_scores(rng):
    n, dtype = int(rng.integers(1, 300)), rng.choice(ANY)
    starts, ends = parts(rng, n)
    return np.zeros(n, dtype), starts, ends, values_of(rng, dtype, starts.size)


def cut_intervals(rng):
    chunk, n = int(rng.choice([1, 4, 7, 64])), int(rng.integers(1, 9))
    starts = rng.integers(0, 300, n)
    if rng.random() < 0.5:
        starts.sort()
    ends = starts + rng.integers(1, 60, n)
    rows = int(((ends - 1) // chunk - starts // chunk + 1).sum())
    dest = np.cumsum(ends - starts) if rng.random() < 0.7 else np.array([5])
    step = rng.choice([-1, 1], n) if rng.random() < 0.5 else np.array([1])
    jobs = np.zeros((rows, JOB_COLUMNS), np.int64)
    return starts, ends, dest, step, chunk, jobs, np.empty(rows, np.int64), np.empty(rows, np.int64)


def cover(rng):
    dtype = rng.choice(["i4", "u4", "i8"])
    starts, ends = (one.astype(dtype) for one in parts(rng, 300))
    return np.zeros(int(rng.integers(1, 200)), np.uint32), starts, ends, int(rng.integers(0, 200))


def fill_distances(rng):
    dtype = rng.choice(["i4", "i8"])
    starts, ends = parts(rng, 300)
    order = np.argsort(starts, kind="stable")
    starts, ends = starts[order].astype(dtype), ends[order].astype(dtype)
    reach = np.maximum.accumulate(ends)
    furthest = np.array([int(np.argmax(ends[: k + 1])) for k in range(ends.size)])
    first = int(rng.integers(0, 300))
    row = int(np.searchsorted(starts, first, side="right"))
    upstream = rng.choice([-1, 1], starts.size).astype(np.int8)
    out = np.empty(int(rng.integers(1, 100)), rng.choice(["f4", "f8", "i4", "i8"]))
    return out, first, row, starts, reach, furthest, upstream, bool(rng.random() < 0.5)


def jenkins(rng):
    return (values_of(rng, "u1", int(rng.integers(0, 60))),)


# -- text ------------------------------------------------------------------------------------------

NUMBERS = [
    "1", "0", "-0", "+7", "2.5", "-1e3", "1e-400", "1.7976931348623157e308", "0.1", "123456789012345678901", ".", "NA", "nan",
    "NaN", "inf", "-Infinity", "1e", "e5", "x", "--1", "1.2.3", "9007199254740993", "1e22", "1e23", "12e+", "0x10", "1_000", "+",
    "-", "infinit", "n", "1e+06", "5.", ".5", "00012", "1e99999999",
]  # fmt: skip
COORDINATES = [
    "0",
    "1",
    "17",
    "250",
    "1e+06",
    "1.0",
    "-5",
    "+3",
    "1e-2",
    "999999999999999",
    "9999999999999999",
    "x",
    "07",
]


def text_of(rng, columns, words=()):
    """Lines of tokens, most of them right, with the blanks and ends of line that the formats allow."""
    lines = []
    for _ in range(rng.integers(1, 12)):
        if rng.random() < 0.15:
            lines.append(
                rng.choice(["", "#x", "track name=a", "browser hide", "  ", "trackless", "b 1 2 3", "\t"])
            )
            continue
        if words and rng.random() < 0.4:
            lines.append(str(rng.choice(words)))
            continue
        lucky = rng.random() < 0.8
        tokens = [
            str(rng.choice(["chr1", "chr2", "chr1x"])) if kind == "c"
            else str(rng.choice(COORDINATES[:4] if lucky else COORDINATES)) if kind == "p"
            else str(rng.choice(NUMBERS[:14] if lucky else NUMBERS))
            for kind in columns
        ]  # fmt: skip
        if rng.random() < 0.1:
            tokens = tokens[:-1] if rng.random() < 0.5 else [*tokens, "9"]
        lines.append(
            str(rng.choice(["\t", " ", "  ", "\t "])).join(tokens) + str(rng.choice(["", "", " ", "\r"]))
        )
    return np.frombuffer(("\n".join(lines) + str(rng.choice(["", "\n"]))).encode(), np.uint8)


def rows_of(text):
    """Buffers of a text, filled with nothing, and counts."""
    out = Buffers(text.size)
    columns = out.starts, out.ends, out.values, out.lines, out.runs, out.slow
    for column in columns:
        column[:] = 0
    return *columns, np.zeros(3, np.int64)


def scan_bedgraph(rng):
    text = text_of(rng, "cppv")
    return text, *rows_of(text)


WIG = [
    "fixedStep chrom=chr1 start=5", "fixedStep chrom=chr1 start=5 step=10 span=3", "variableStep chrom=chr2",
    "variableStep chrom=chr2 span=4", "fixedStep chrom=chr1", "fixedStep start=3", "variableStep chrom=chr1 start=3",
    "fixedStep chrom=chr1 start=0", "fixedStep chrom=chr1 start=2 step=0", "fixedStep chrom= start=1",
    "fixedStep chrom=a chrom=b start=1", "fixedStep chrom=chr1 start=1e3 x=1", "fixedSteps chrom=chr1",
]  # fmt: skip


def scan_wig(rng):
    text = text_of(rng, rng.choice(["v", "pv", "cppv"]), WIG[:4] if rng.random() < 0.5 else WIG)
    return text, np.array([rng.integers(0, 4), 5, 2, 1]), *rows_of(text)


def scan_columns(rng):
    text = text_of(rng, "cpv")
    if rng.random() < 0.3:
        text = np.concatenate([np.frombuffer(b"chrom\tpos\tscore\n", np.uint8), text])
    first_base = int(rng.choice([0, 1]))
    return text, (1, 2, int(rng.choice([0, -1]))), first_base, bool(rng.random() < 0.5), *rows_of(text)


def scan_table(rng):
    lines = []
    for _ in range(rng.integers(0, 8)):
        start = int(rng.integers(0, 4))
        rest = [
            rng.choice(["m", "h", "21839"]),
            "5",
            "+",
            start,
            start + 1,
            "0",
            "7 8.5 x" if rng.random() < 0.3 else "7",
        ]
        fields = [rng.choice(["chr1", "chr2"]), start, start + int(rng.integers(1, 3)), *rest]
        fields = fields[: int(rng.integers(2, 11))] if rng.random() < 0.2 else fields
        if rng.random() < 0.1:
            fields[int(rng.integers(0, len(fields)))] = rng.choice(
                ["", "#x", "nan", "1e5", "123456789012345678901"]
            )
        lines.append(("\t" if rng.random() < 0.8 else " ").join(map(str, fields)))
    text = np.frombuffer("\n".join(lines).encode() + b"\n", np.uint8)
    wanted = np.frombuffer(b"m" if rng.random() < 0.3 else b"", np.uint8)
    first = np.frombuffer(b"m", np.uint8)
    column, methyl, seen = int(rng.choice([3, 4, 9, 10])), bool(rng.random() < 0.7), bool(rng.random() < 0.7)
    return text, column, methyl, seen, wanted, first, np.full(2, -1), *rows_of(text)


def copy_letters(rng):
    text = np.frombuffer("".join(rng.choice(list("ACGTacgtNN \n\n>"), 100)).encode(), np.uint8)
    table = np.arange(256, dtype=np.uint8)
    table[[ord(" ")]] = 1
    table[ord("N") if rng.random() < 0.1 else 7] = 0
    return text, int(rng.integers(0, 30)), table, np.zeros(text.size, np.uint8)


# -- reads -----------------------------------------------------------------------------------------


def record(rng, pos, *, damaged):
    """The bytes of one alignment record."""
    letters = int(rng.integers(0, 40))
    if rng.random() < 0.6:
        operations = [(letters, 0)] if letters else [(int(rng.integers(1, 50)), 0)]
    else:
        operations = [(int(rng.integers(0, 12)), int(rng.integers(0, 9))) for _ in range(rng.integers(0, 5))]
        letters = (
            sum(n for n, operation in operations if 0x193 >> operation & 1) if rng.random() < 0.9 else letters
        )
    if damaged and rng.random() < 0.2:
        operations.append((3, 12))
    name = b"r%d\0" % rng.integers(0, 6)
    flag = int(rng.choice([0, 16, 4, 99, 147, 83, 163, 256, 2048 | 99, 1, 65, 1024]))
    cigar = b"".join(struct.pack("<I", n << 4 | operation) for n, operation in operations)
    tags = b"NMC\x01" + b"ZZZhello\0"
    if rng.random() < 0.3:
        tags += b"MCZ%dM2D%dS\0" % (rng.integers(1, 60), rng.integers(0, 9))
    if operations and rng.random() < 0.05:
        tags += b"CGBI" + struct.pack("<I", len(operations)) + cigar
        span = sum(n for n, operation in operations if 0x18D >> operation & 1)
        operations = [(letters, 4), (span, 3)]
        cigar = b"".join(struct.pack("<I", n << 4 | operation) for n, operation in operations)
    mate, size = int(rng.integers(0, 60)), int(rng.integers(-80, 80))
    body = struct.pack(
        "<iiBBHHHiiii", 0 if rng.random() < 0.95 else 1, pos, len(name), int(rng.integers(0, 60)), 0, len(operations),
        flag, letters, int(rng.choice([0, 0, 0, 1])), mate, size,
    )  # fmt: skip
    body += name + cigar + bytes((letters + 1) // 2) + bytes(letters) + tags
    if damaged and rng.random() < 0.2:
        body = body[: int(rng.integers(20, len(body)))]
    return struct.pack("<i", len(body)) + body


def records(rng, *, damaged=False):
    places = np.sort(rng.integers(0, 80, rng.integers(1, 25)))
    data = b"".join(record(rng, int(pos), damaged=damaged) for pos in places)
    return np.frombuffer(data, np.uint8)


def scan_records(rng):
    data = records(rng, damaged=rng.random() < 0.3)
    rule = np.array([int(rng.choice([0, 20])), int(rng.choice([0, 1024])), int(rng.choice([0, 2]))])
    state = np.zeros(N_STATE, np.int64)
    rows = empty_rows(int(rng.choice([3, 100])))
    for column in rows:
        column[:] = 0
    end = data.size - int(rng.choice([0, 0, 7]))
    limit = int(rng.choice([40, 1000]))
    return (
        data,
        0,
        end,
        0,
        limit,
        2,
        bool(rng.random() < 0.9),
        rule,
        state,
        np.zeros(N_COUNTS, np.int64),
        rows,
    )


def reads(rng):
    """Data, and the reads that a scan finds in it."""
    data = records(rng)
    rows = empty_rows(100)
    for column in rows:
        column[:] = 0
    found = at = 0
    parts = []
    plain = kernel_of_converters().plain["scan_records"]
    while at < data.size:  # records of another contig stop a scan: they are passed over
        state = np.zeros(N_STATE, np.int64)
        why, at, found = plain(
            data,
            at,
            data.size,
            0,
            1000,
            2,
            True,
            np.zeros(3, np.int64),
            state,
            np.zeros(N_COUNTS, np.int64),
            rows,
        )
        parts.append([column[:found].copy() for column in rows])
        if why != MORE and at < data.size:
            at += 4 + int.from_bytes(data[at : at + 4].tobytes(), "little")
    columns = [np.concatenate([part[k] for part in parts]) for k in range(6)]
    return data, ReadColumns(*columns), columns[0].size


def kernel_of_converters():
    from genomearray_converters.loops import kernel as loops

    return loops


def read_lengths(rng):
    data, rows, n = reads(rng)
    return data, rows, n, np.zeros(int(rng.choice([10, 50])), np.int64), np.array([1 << 40, 0, 0])


def window(rng):
    strands = int(rng.integers(1, 3))
    counts = np.zeros((strands, 60), np.uint32)
    place = np.array([int(rng.choice([0, 20])), int(rng.choice([70, 1000])), 60, 0, 0])
    return strands, counts, place, np.zeros((400, 3), np.int64)


def regions(rng):
    if rng.random() < 0.5:
        return np.empty((0, 2), np.int64)
    borders = np.sort(rng.choice(100, 6, replace=False))
    return borders.reshape(3, 2)


def add_intervals(rng):
    strands, counts, place, far = window(rng)
    starts, ends = parts(rng, 150)
    return counts, place, far, np.stack([starts, ends, rng.integers(0, strands, starts.size)], 1)


def count_depth(rng):
    data, rows, n = reads(rng)
    strands, counts, place, far = window(rng)
    waiting = Waiting()
    far = far[: int(rng.choice([9, 400]))].copy()
    table, store = waiting.table, waiting.store
    if rng.random() < 0.3:
        table, store = np.zeros((4, 3), np.int64), np.zeros(100, np.uint8)
    return (
        data, rows, 0, n, bool(rng.random() < 0.5), int(rng.choice([0, 50])), bool(rng.random() < 0.7), strands, table, store,
        waiting.state, counts, place, far, regions(rng), np.zeros(N_REASONS, np.int64),
    )  # fmt: skip


def count_ends(rng):
    _, rows, n = reads(rng)
    strands, counts, place, far = window(rng)
    forward, backward = rng.integers(-5, 6, 2).tolist()
    reasons = np.zeros(N_REASONS, np.int64)
    return (
        rows,
        n,
        bool(rng.random() < 0.5),
        forward,
        backward,
        strands,
        counts,
        place,
        far,
        regions(rng),
        reasons,
    )


def find_fragments(rng):
    data, rows, n = reads(rng)
    out = np.zeros((n, FRAGMENT_COLUMNS), np.int64)
    return data, rows, n, int(rng.choice([5, 1000])), out, np.zeros(N_REASONS, np.int64)


def fragments(rng):
    n = int(rng.integers(0, 30))
    return np.stack(
        [rng.integers(-5, 80, n), rng.integers(1, 60, n), rng.integers(0, 2, n), rng.integers(0, 60, n), rng.integers(0, 2, n)], 1
    )  # fmt: skip


def select_fragments(rng):
    place = window(rng)[2]
    dyads, whole = (rng.random(2) < 0.5).tolist()
    return fragments(rng), 5, 40, place, dyads, whole, regions(rng), np.zeros(N_REASONS, np.int64)


def add_fragments(rng):
    strands, counts, place, far = window(rng)
    return fragments(rng), bool(rng.random() < 0.5), strands, counts, place, far


def some_waiting(rng):
    """A table and store in which some reads wait."""
    from genomearray_converters.reads import mates

    data, rows, n = reads(rng)
    waiting = Waiting()
    table, store = np.zeros((64, 3), np.int64), np.zeros(4096, np.uint8)
    for k in range(n):
        mates.store_waiting(
            data, rows.offset[k], rows.start[k], rows.flag[k] & 192, rows.cigar[k], rows.operations[k], table, store, waiting.state, (1 << 62) + 7 * k
        )  # fmt: skip
    return table, store, waiting.state


def waiting_alive(rng):
    return *some_waiting(rng), int(rng.integers(0, 60))


def waiting_rebuild(rng):
    table, store, state = some_waiting(rng)
    new = np.zeros((128, 3), np.int64), np.zeros(4096, np.uint8), np.zeros(2, np.int64)
    return table, store, state, int(rng.integers(0, 60)), *new
