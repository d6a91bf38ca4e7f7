"""A small writer of D4 files, for tests: every kind of dictionary, runs plain and compressed, many frames."""

import itertools
import json
import struct
import zlib


class Writer:
    """A file that grows; streams in frames of a given size."""

    def __init__(self, frame=200):
        self.data = bytearray(b"d4\xdd\xdd\0\0\0\0")
        self.frame = frame

    def blob(self, content):
        at = len(self.data)
        self.data += content
        return 2, at, len(content)

    def stream(self, parts):
        """Payloads, a frame each."""
        places = []
        for payload in parts:
            places.append((len(self.data), len(payload) + 16))
            self.data += bytes(16) + payload
        for (at, _), (after, size) in itertools.pairwise(places):
            struct.pack_into("<qQ", self.data, at, after - at, size)
        return 0, *places[0]

    def pieces(self, content):
        return [content[low : low + self.frame] for low in range(0, len(content) or 1, self.frame)]

    def directory(self, at, entries):
        """Fill the directory at ``at``, whose first frame was kept free; a second frame where it is full."""
        content = (
            b"".join(
                struct.pack("<BBQQ", 1, kind, place - at, size) + name.encode() + b"\0"
                for name, (kind, place, size) in entries.items()
            )
            + b"\0"
        )
        first, rest = content[:496], content[496:]
        self.data[at + 16 : at + 16 + len(first)] = first
        if rest:
            struct.pack_into("<qQ", self.data, at, len(self.data) - at, len(rest) + 16)
            self.data += bytes(16) + rest

    def room(self):
        at = len(self.data)
        self.data += bytes(512)
        return at


def codes_of(values, low, bits):
    """The bits of a chromosome, and where no code says the value."""
    last = (1 << bits) - 1
    number = 0
    other = []
    for k, value in enumerate(values):
        code = value - low
        if not 0 <= code < last:
            other.append(k)
            code = last
        number |= code << (k * bits)
    return number.to_bytes(-(-len(values) * bits // 8), "little"), other


def records_of(values, places):
    out, k = [], 0
    while k < len(places):
        n = 1
        while (
            k + n < len(places)
            and places[k + n] == places[k] + n
            and values[places[k + n]] == values[places[k]]
        ):
            n += 1
        out.append(struct.pack("<IHi", places[k] + 1, n - 1, values[places[k]]))
        k += n
    return out


def put_track(file, at, chromosomes, *, bits=3, low=-2, deflate=False, part=400, denominator=None):
    """Write a track into the directory at ``at``; ``chromosomes``: name to a list of integers."""
    top = low + (1 << bits) - 1  # the value of the last code, which needs no run either
    tables, partitions, streams = [], [], {}
    runs_at = file.room()
    for name, values in chromosomes.items():
        table, other = codes_of(values, low, bits)
        tables.append(table)
        for begin in range(0, len(values), part):
            end = min(begin + part, len(values))
            inside = [k for k in other if begin <= k < end and values[k] != top]
            records = records_of(values, inside)
            if deflate:
                blocks = [records[k : k + 7] for k in range(0, len(records), 7)] or [[]]
                payloads = []
                for block in blocks:
                    span = (0, 0)
                    if block:
                        final = struct.unpack("<IHi", block[-1])
                        span = struct.unpack("<I", block[0][:4])[0] - 1, final[0] + final[1]
                    packer = zlib.compressobj(9, wbits=-15)
                    body = packer.compress(b"".join(block)) + packer.flush()
                    payloads.append(struct.pack("<III", *span, len(block)) + body)
                payloads[0] = b"\0" + payloads[0]
            else:
                payloads = file.pieces(b"".join(records) + bytes(23))
            streams[str(len(partitions))] = file.stream(payloads)
            partitions.append([name, begin, end])
    about = {"format": "SimpleKV", "record_format": "range", "partitions": partitions}
    if deflate:
        about["compression"] = {"Deflate": 9}
    streams[".metadata"] = file.stream(file.pieces(json.dumps(about).encode() + bytes(40)))
    file.directory(runs_at, streams)
    header = {
        "chrom_list": [{"name": name, "size": len(values)} for name, values in chromosomes.items()],
        "dictionary": {"SimpleRange": {"low": low, "high": low + (1 << bits)}},
    }
    if denominator is not None:
        header["denominator"] = {"Value": denominator}
    entries = {
        ".metadata": file.stream(file.pieces(json.dumps(header).encode() + bytes(40))),
        ".ptab": file.blob(b"".join(tables)),
        ".stab": (1, runs_at, len(file.data) - runs_at),
    }
    file.directory(at, entries)


def write_d4(path, tracks, **options):
    """``tracks``: name to chromosomes; one without a name is the only one."""
    file = Writer(options.pop("frame", 200))
    root = file.room()
    if list(tracks) == [""]:
        put_track(file, root, tracks[""], **options)
    else:
        places = {}
        for name, chromosomes in tracks.items():
            at = file.room()
            put_track(file, at, chromosomes, **options)
            places[name] = (1, at, len(file.data) - at)
        file.directory(root, places)
    path.write_bytes(bytes(file.data))
    return path
