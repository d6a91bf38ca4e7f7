"""Compressed chunks into values and back: ``_chunks.c``."""

from typing import Any

from numpy.typing import NDArray

def bind(zlib_ng: str, blosc: str, crc32c: str, deflate: str, /) -> bool: ...
def payload(codec: int, raw: bytes | memoryview, nbytes: int) -> bytes: ...
def place(
    itemsize: int, shuffled: int, payload: bytes, low: int, high: int, out: NDArray[Any], dest: int
) -> None: ...
def read(
    codec: int,
    itemsize: int,
    shuffled: int,
    length: int,
    fd: int,
    offset: int,
    size: int,
    low: int,
    high: int,
    out: NDArray[Any],
    dest: int,
) -> None: ...
def encode(
    codec: int,
    itemsize: int,
    shuffled: int,
    split: int,
    nbytes: int,
    level: int,
    blosc_name: str | None,
    blosc_shuffle: int,
    chunks: NDArray[Any],
) -> list[bytes]: ...
def decode(
    codec: int,
    itemsize: int,
    shuffled: int,
    length: int,
    jobs: NDArray[Any],
    data: bytes,
    fill: bytes,
    out: NDArray[Any],
) -> tuple[int, str] | None: ...
def paint(
    swapped: bool, stored: bool, jobs: NDArray[Any], data: bytes | memoryview, out: NDArray[Any]
) -> tuple[int, str] | None: ...
def items(
    swapped: bool,
    stored: bool,
    jobs: NDArray[Any],
    data: bytes | memoryview,
    start: NDArray[Any],
    end: NDArray[Any],
    value: NDArray[Any],
) -> tuple[int, int, str | None]: ...
def unpack(fd: int, offset: int, size: int, data: bytes | memoryview, stored: bool, room: int) -> bytes: ...
def gunzip(members: NDArray[Any], data: bytes | memoryview, out: NDArray[Any]) -> tuple[int, str] | None: ...
