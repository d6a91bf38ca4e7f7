"""Which bases of stored blocks were written, kept outside of memory."""

from __future__ import annotations

import os
import tempfile
import threading
from typing import IO

import numpy as np
from numpy.typing import NDArray

BlockKey = tuple[int, int]  # index of the variable, block


class WrittenBases:
    """Which bases of stored blocks were written: kept compressed in a file without a name."""

    def __init__(self) -> None:
        self._file: IO[bytes] | None = None
        self._places: dict[BlockKey, tuple[int, int] | None] = {}  # None: the whole block
        self._lock = threading.Lock()

    def save(self, key: BlockKey, written: NDArray[np.bool_] | None) -> None:
        """Keep what was written of a block; None: all of it."""
        from zlib_ng import zlib_ng

        if written is None:
            self._places[key] = None
            return
        packed = zlib_ng.compress(np.packbits(written), 1)
        with self._lock:
            if self._file is None:
                self._file = tempfile.TemporaryFile(prefix="genomearray-")  # noqa: SIM115 - closed by close()
            place = self._file.seek(0, os.SEEK_END)
            self._file.write(packed)
            self._places[key] = (place, len(packed))

    def load(self, key: BlockKey, length: int) -> NDArray[np.bool_]:
        from zlib_ng import zlib_ng

        place = self._places[key]
        if place is None:
            return np.ones(length, dtype=np.bool_)
        with self._lock:
            assert self._file is not None
            self._file.seek(place[0])
            packed = self._file.read(place[1])
        bits = np.unpackbits(np.frombuffer(zlib_ng.decompress(packed), np.uint8), count=length)
        return bits.astype(np.bool_)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
