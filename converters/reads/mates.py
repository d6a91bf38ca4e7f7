"""The first mate of an overlapping pair waits here for the second, so that the bases they share count once.

References
----------
Pedersen and Quinlan 2018, doi:10.1093/bioinformatics/btx699 (mosdepth: which pairs are looked at).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..loops import kernel
from .records import NOT_PRIMARY, PAIRED, PROPER, READ1, READ2, Bytes, i32, u32

# Columns of a waiting read: hash of its name, place of its mate, where it lies in the store.
HASH, MATE, STORE = range(3)
# What the table remembers: waiting reads, bytes used in the store.
N, USED = range(2)


def _hash(data: Bytes, at: int, n: int) -> int:
    """FNV-1a of a name (64 bits), never 0."""
    value = 14695981039346656037
    for k in range(at, at + n):
        value = (value ^ int(data[k])) * 1099511628211 & 0xFFFFFFFFFFFFFFFF
    value ^= value >> 32
    return value & 0x3FFFFFFFFFFFFFFF | 1 << 62


def find(
    data: Bytes,
    record: int,
    number: int,
    table: NDArray[np.int64],
    store: Bytes,
    key: int,
    start: int,
    mate: int,
) -> int:
    """Slot of the waiting read of the same name that begins at ``mate``, expects its own mate at
    ``start``, and is read 2 where this one is read 1; -1 for none. Names alone do not do: several
    pairs may have one.
    """
    mask = table.shape[0] - 1
    size: Any = np.int64(data[record + 12])
    slot: int = key & mask
    while table[slot, HASH] != 0:
        if table[slot, HASH] == key:
            at = table[slot, STORE]
            same = store[at] == size and table[slot, MATE] == start and waiting_read(store, at)[0] == mate
            same = same and are_mates(number, int(store[at + 1 + size + 12]))
            k = 0
            while same and k < size:
                same = store[at + 1 + k] == data[record + 36 + k]
                k += 1
            if same:
                return slot
        slot = (slot + 1) & mask
    return -1


def are_mates(number: int, other: int) -> bool:
    """Whether flags 64 and 128 are of the two reads of a pair: one each, or alike where they say nothing."""
    both = READ1 | READ2
    return other == both ^ number if number in (READ1, READ2) else other == number


def remove(table: NDArray[np.int64], slot: int, state: NDArray[np.int64]) -> None:
    """Free a slot; those after it move up, so that every read is found from its hash on."""
    mask = table.shape[0] - 1
    hole = slot
    slot = (slot + 1) & mask
    while table[slot, HASH] != 0:
        home = table[slot, HASH] & mask
        if ((slot - home) & mask) >= ((slot - hole) & mask):
            table[hole] = table[slot]
            hole = slot
        slot = (slot + 1) & mask
    table[hole, HASH] = 0
    state[N] -= 1


def _insert(table: NDArray[np.int64], key: int, mate: int, at: int) -> None:
    mask = table.shape[0] - 1
    slot = key & mask
    while table[slot, HASH] != 0:
        slot = (slot + 1) & mask
    table[slot, HASH] = key
    table[slot, MATE] = mate
    table[slot, STORE] = at


def store_waiting(
    data: Bytes,
    record: int,
    start: int,
    number: int,
    cigar: int,
    operations: int,
    table: NDArray[np.int64],
    store: Bytes,
    state: NDArray[np.int64],
    key: int,
) -> bool:
    """Let a read wait for its mate: name, start, number and CIGAR are copied. False when there is no room."""
    size = np.int64(data[record + 12])
    used = state[USED]
    if 2 * (state[N] + 1) > table.shape[0] or used + 1 + size + 13 + 4 * operations > store.size:
        return False
    store[used] = size
    store[used + 1 : used + 1 + size] = data[record + 36 : record + 36 + size]
    at = used + 1 + size
    for k in range(8):
        store[at + k] = (start >> (8 * k)) & 255
    for k in range(4):
        store[at + 8 + k] = (operations >> (8 * k)) & 255
    store[at + 12] = number
    store[at + 13 : at + 13 + 4 * operations] = data[cigar : cigar + 4 * operations]
    state[USED] = at + 13 + 4 * operations
    state[N] += 1
    _insert(table, key, i32(data, record + 28), used)
    return True


def waiting_read(store: Bytes, at: int) -> tuple[Any, Any, Any]:
    """Start, number of CIGAR operations, and place of the CIGAR, of the read at a place of the
    store: :func:`store_waiting` put it there.
    """
    head: Any = at + 1 + np.int64(store[at])
    return u32(store, head) | u32(store, head + 4) << 32, u32(store, head + 8), head + 13


@kernel
def waiting_alive(
    table: NDArray[np.int64], store: Bytes, state: NDArray[np.int64], pos: int
) -> tuple[int, int]:
    """Reads whose mates may still come, and the bytes they take in the store."""
    n = used = 0
    for slot in range(table.shape[0]):
        if table[slot, HASH] != 0 and table[slot, MATE] >= pos:
            at = table[slot, STORE]
            _, operations, cigar = waiting_read(store, at)
            used += cigar + 4 * operations - at
            n += 1
    return n, used


@kernel
def waiting_rebuild(
    old: NDArray[np.int64],
    old_store: Bytes,
    old_state: NDArray[np.int64],
    pos: int,
    table: NDArray[np.int64],
    store: Bytes,
    state: NDArray[np.int64],
) -> None:
    """Copy the reads whose mates may still come: those at ``pos`` or after it."""
    used = 0
    n = 0
    for slot in range(old.shape[0]):
        if old[slot, HASH] != 0 and old[slot, MATE] >= pos:
            at = old[slot, STORE]
            _, operations, cigar = waiting_read(old_store, at)
            whole = cigar + 4 * operations - at
            store[used : used + whole] = old_store[at : at + whole]
            _insert(table, old[slot, HASH], old[slot, MATE], used)
            used += whole
            n += 1
    state[N] = n
    state[USED] = used


ALONE, FIRST, SECOND = range(3)


def role_of_mate(
    data: Bytes, record: int, flag: int, start: int, end: int, table: NDArray[np.int64], store: Bytes
) -> tuple[int, int, int]:
    """Whether a read stands alone, waits for its mate, or is the mate of one that waits; the hash
    of its name, and the slot of its mate.
    """
    if (
        (flag & (PAIRED | PROPER)) != (PAIRED | PROPER)
        or flag & NOT_PRIMARY
        or i32(data, record + 24) != i32(data, record + 4)
    ):
        return ALONE, 0, -1
    mate = i32(data, record + 28)
    if end <= mate:
        return ALONE, 0, -1
    key = _hash(data, record + 36, int(data[record + 12]))
    if start < mate:
        return FIRST, key, -1
    slot = find(data, record, flag & (READ1 | READ2), table, store, key, start, mate)
    if slot >= 0:
        return SECOND, key, slot
    return (FIRST if start == mate else ALONE), key, -1


class Waiting:
    """First mates of one file and contig.

    Attributes
    ----------
    table : ndarray of int64, shape (2**k, 3)
        Open addressing by the hash of the name.
    store : ndarray of uint8
        Names, starts and CIGARs.
    state : ndarray of int64
        Reads, and bytes of the store in use.
    """

    def __init__(self) -> None:
        self.table = np.zeros((1 << 12, 3), np.int64)
        self.store = np.zeros(1 << 18, np.uint8)
        self.state = np.zeros(2, np.int64)

    def clear(self) -> None:
        """Begin another contig."""
        self.table[:, HASH] = 0
        self.state[:] = 0

    def make_room(self, pos: int, wanted: int) -> None:
        """Forget reads whose mates lie before ``pos`` and did not come (they were filtered out);
        grow if that is not enough.

        Parameters
        ----------
        pos : int
            Offset of the present read.
        wanted : int
            Bytes that must be free.
        """
        n, used = waiting_alive(self.table, self.store, self.state, pos)
        slots, size = self.table.shape[0], self.store.size
        while 4 * (n + 1) > slots:
            slots *= 2
        while 2 * (used + wanted) > size:
            size *= 2
        table, store = np.zeros((slots, 3), np.int64), np.zeros(size, np.uint8)
        state = np.zeros(2, np.int64)
        waiting_rebuild(self.table, self.store, self.state, pos, table, store, state)
        self.table, self.store, self.state = table, store, state
