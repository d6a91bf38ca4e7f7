"""The checksum of HDF5's metadata."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genomearray.loops import kernel

_MASK = 0xFFFFFFFF


@kernel
def jenkins(data: NDArray[np.uint8]) -> int:
    """Bob Jenkins' lookup3 of some bytes: http://burtleburtle.net/bob/c/lookup3.c (hashlittle, from 0)."""
    text = data.tobytes()
    a = b = c = (0xDEADBEEF + len(text)) & _MASK
    at = 0
    while len(text) - at > 12:
        a, b, c = _mixed(*_added(a, b, c, text[at : at + 12]))
        at += 12
    if at == len(text):
        return c
    return _finished(*_added(a, b, c, text[at:].ljust(12, b"\0")))


def _added(a: int, b: int, c: int, words: bytes) -> tuple[int, int, int]:
    one, two, three = (int.from_bytes(words[k : k + 4], "little") for k in (0, 4, 8))
    return (a + one) & _MASK, (b + two) & _MASK, (c + three) & _MASK


def _turned(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & _MASK


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits in (4, 6, 8, 16, 19, 4):
        a = (a - c & _MASK) ^ _turned(c, bits)
        c = c + b & _MASK
        a, b, c = b, c, a  # each takes its turn
    return a, b, c


def _finished(a: int, b: int, c: int) -> int:
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - _turned(b, bits) & _MASK
        a, b, c = b, c, a
    return b
