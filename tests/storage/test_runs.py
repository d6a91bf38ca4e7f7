"""Chunks of long runs are packed by our own code: any zlib unpacks them."""

import contextlib
import zlib

import numpy as np
import pytest

from genomearray.storage.chunks.codecs import ShuffleDeflate, compiled


def chunk_of(rng, dtype, n):
    """Few points on a background, or few runs, of few or of many values."""
    k = int(rng.integers(0, n // 9 + 2))
    if rng.random() < 0.3:
        values = np.zeros(n, dtype)
        values[rng.integers(0, n, k)] = rng.integers(0, 120, k).astype(dtype)
        return values
    cuts = np.sort(rng.integers(0, n, k))
    if dtype.kind == "f":
        held = rng.normal(0, 100, k + 1).astype(dtype)
        held[rng.random(k + 1) < rng.choice([0, 0.5])] = np.nan
    else:
        held = rng.integers(0, int(rng.choice([2, 100, 120])), k + 1).astype(dtype)
    return held[np.searchsorted(cuts, np.arange(n), side="right")]


def planes(values):
    return np.ascontiguousarray(values.view(np.uint8).reshape(-1, values.dtype.itemsize).T).tobytes()


@pytest.mark.skipif(compiled is None, reason="installed without a C compiler")
@pytest.mark.parametrize("dtype", ["u1", "i1", "u2", "u4", "i8", "f4", "f8"])
def test_any_zlib_unpacks_it(dtype):
    for seed in range(300):
        rng = np.random.default_rng(seed)
        n = int(rng.choice([1, 2, 7, 64, 512, 2048, 4096, 8192]))
        values = chunk_of(rng, np.dtype(dtype), n)
        codec = ShuffleDeflate(values.dtype, n, 4)
        packed = codec.encode(values[None])[0]
        assert zlib.decompress(packed) == planes(values) == codec.payload(packed)


@pytest.mark.skipif(compiled is None, reason="installed without a C compiler")
def test_it_is_as_small_as_zlib_makes_it_nearly():
    rng = np.random.default_rng(1)
    chunks = [chunk_of(rng, np.dtype("f4"), 4096) for _ in range(100)]
    codec = ShuffleDeflate(np.dtype("f4"), 4096, 4)
    ours = sum(len(codec.encode(values[None])[0]) for values in chunks)
    theirs = sum(len(zlib.compress(planes(values), 4)) for values in chunks)
    assert ours < 1.06 * theirs


@pytest.mark.skipif(compiled is None, reason="installed without a C compiler")
def test_rare_values_get_codes_of_fifteen_bits_at_most():
    """Counts as the Fibonacci numbers make the longest codes: runs of 1, 2, 3, 5 ... literals."""
    values = np.zeros(8192, np.uint8)
    at = 0
    for value, count in enumerate([1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144], 1):
        for _ in range(count):  # each once, apart from the next
            values[at] = value
            at += 12
    codec = ShuffleDeflate(values.dtype, values.size, 4)
    assert zlib.decompress(codec.encode(values[None])[0]) == values.tobytes()


@pytest.mark.skipif(compiled is None, reason="installed without a C compiler")
@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_chunk_is_what_zlib_says_of_it(seed):
    """Every bit turned, every length cut, bytes too many; the checksum beside it damaged or made right."""
    rng = np.random.default_rng(seed)
    values = chunk_of(rng, np.dtype("u2"), 256)
    codec = ShuffleDeflate(values.dtype, values.size, 4)
    packed = codec.encode(values[None])[0]
    damaged = [packed[:size] for size in range(len(packed))] + [packed + b"\0", packed + packed]
    for bit in range(8 * len(packed)):
        turned = bytearray(packed)
        turned[bit // 8] ^= 1 << bit % 8
        damaged.append(bytes(turned))
        try:
            honest = zlib.decompressobj(-15).decompress(bytes(turned[2:-4]))
        except zlib.error:
            continue
        damaged.append(bytes(turned[:-4]) + zlib.adler32(honest).to_bytes(4, "big"))
    for raw in damaged:
        stream, want = zlib.decompressobj(), b""
        with contextlib.suppress(zlib.error):
            want = stream.decompress(raw)
        if stream.eof and not stream.unused_data and len(want) == codec.nbytes:
            assert codec.payload(raw) == want
        else:
            with pytest.raises(ValueError):
                codec.payload(raw)
