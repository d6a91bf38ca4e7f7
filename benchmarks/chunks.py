"""The table behind chunk lengths and codecs: size, write, random reads and whole-chromosome reads
of the finished path.

    python benchmarks/chunks.py [MBP]

For counts, depth, scores and sequence, in both forms of storage. Chosen values are marked in README.md.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from synthetic import depth, ends, scores, sequence

import genomearray as ga
from genomearray.storage.write import hdf5 as hdf5_writer
from genomearray.storage.write import zarr_store as zarr_writer
from genomearray.storage.write.create import create_writer
from genomearray.storage.write.options import WriteOptions

CHUNKS = (1024, 2048, 4096, 8192, 16384, 32768)
LEVELS = (1, 2, 3, 4)
BLOSC = (
    {"cname": "zstd", "clevel": 1},
    {"cname": "zstd", "clevel": 3},
    {"cname": "lz4", "clevel": 1},
    {"cname": "lz4hc", "clevel": 4},
)
SHUFFLES = ("shuffle", "bitshuffle")


def measure(folder: Path, db: ga.GenomeDB, values: np.ndarray, kind: str, store: str, chunk: int) -> str:
    """Write, read at random and read whole; a cell for each."""
    begin = time.perf_counter()
    options = {"kind": "sequence"} if kind == "sequence" else {}
    with create_writer(
        db.folder,
        db.assembly,
        "x",
        values.dtype,
        WriteOptions(store=store, chunk=chunk, overwrite=True, **options),
    ) as writer:
        writer.write("chr1", 0, values)
    written = time.perf_counter() - begin
    path = writer.path
    size = (
        path.stat().st_size
        if path.is_file()
        else sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    )
    track = db["x"]
    rng = np.random.default_rng(0)
    assert np.array_equal(
        track.values("chr1"), values, equal_nan=values.dtype.kind == "f"
    )  # and the file is in memory
    cells = []
    for width, count in ((100, 1000), (2000, 1000), (100_000, 100)):
        each = []
        for place in rng.integers(0, values.size - width, count).tolist():
            begin = time.perf_counter()
            track.values("chr1", place, place + width)
            each.append(time.perf_counter() - begin)
        cells.append(f"{np.median(each) * 1e6:.0f}")
    begin = time.perf_counter()
    track.values("chr1")
    whole = time.perf_counter() - begin
    track.close()
    return (
        f"{size * 8 / values.size:.2f} | {values.nbytes / written / 1e6:.0f} | {' | '.join(cells)} | "
        f"{values.nbytes / whole / 1e6:.0f}"
    )


def main(length: int) -> None:
    """Print the table."""
    print(
        "| data | store | codec | chunk (bp) | bits a base | write MB/s | 100 bp us | 2 kb us | 100 "
        "kb us | whole MB/s |\n" + "|---" * 10 + "|"
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        db = ga.GenomeDB.create(folder, "b", {"chr1": length})
        for kind, make in (("counts", ends), ("depth", depth), ("scores", scores), ("sequence", sequence)):
            values = make(length)
            for chunk in CHUNKS:
                for level in LEVELS:
                    hdf5_writer.DEFLATE_LEVEL.update(dict.fromkeys("iuf", level))
                    print(
                        f"| {kind} | h5 | deflate {level} | {chunk} | "
                        f"{measure(folder, db, values, kind, 'h5', chunk)} |",
                        flush=True,
                    )
                for blosc in BLOSC:
                    for shuffle in SHUFFLES:
                        chosen = blosc | {"shuffle": shuffle}
                        zarr_writer.BLOSC.update(
                            {
                                what: zarr_writer.BLOSC[what] | chosen
                                for what in ("integers", "floats", "letters")
                            }
                        )
                        label = (
                            f"{blosc['cname']} {blosc['clevel']} "
                            f"{shuffle if values.dtype.itemsize > 1 else ''}"
                        )
                        print(
                            f"| {kind} | zarr | {label} | {chunk} | "
                            f"{measure(folder, db, values, kind, 'zarr', chunk)} |",
                            flush=True,
                        )


if __name__ == "__main__":
    main(int((sys.argv[1:] or ["17"])[0]) * 1_000_000)
