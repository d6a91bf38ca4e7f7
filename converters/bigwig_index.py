"""The structure of a bigWig, looked at before anything is read: damage there would be believed.

References
----------
Kent et al. 2010, doi:10.1093/bioinformatics/btq351, supplement: tables 5 (header), 8 to 11 (chromosomes) and
14 to 17 (index).
"""

from __future__ import annotations

import struct
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np

from genomearray.errors import FormatError

_MAGIC, _TREE, _INDEX = 0x888FFC26, 0x78CA8C91, 0x2468ACE0
_MOST_DEPTH = 32


class Structure(NamedTuple):
    """What the structure says.

    Attributes
    ----------
    bases : int or None
        With a value, by the file's own summary; None where it has none.
    """

    bases: int | None


class _File:
    """Bytes of a file that must be there."""

    def __init__(self, file: BinaryIO, path: str, size: int) -> None:
        self.file, self.path, self.size = file, path, size
        self.order = "<"

    def read(self, at: int, size: int) -> bytes:
        if at < 0 or size < 0 or at + size > self.size:
            raise self.damaged(f"it points to byte {at:,} of {self.size:,}")
        self.file.seek(at)
        return self.file.read(size)

    def unpack(self, at: int, form: str) -> tuple[int, ...]:
        return struct.unpack(self.order + form, self.read(at, struct.calcsize("<" + form)))

    def damaged(self, why: str) -> FormatError:
        return FormatError(f"{self.path}: the bigWig file is cut or damaged ({why}); get it again")


def check_structure(path: str) -> Structure:
    """Look at the header, the list of chromosomes, and the index of a bigWig.

    Raises
    ------
    FormatError
        They point out of the file, or disagree.
    """
    size = Path(path).stat().st_size
    with Path(path).open("rb") as opened:
        file = _File(opened, path, size)
        if file.unpack(0, "I")[0] != _MAGIC:
            file.order = ">"
        _, version, _, tree, _, index, _, _, _, summary, _, _ = file.unpack(0, "IHHQQQHHQQIQ")
        ids = _chromosomes(file, tree)
        _check_index(file, index, ids)
        bases = file.unpack(summary, "Q")[0] if summary and version > 1 else None
    return Structure(bases)


def _chromosomes(file: _File, at: int) -> set[int]:
    """Numbers of the chromosomes that the file lists."""
    magic, _, key, value, count, _ = file.unpack(at, "IIIIQQ")
    if magic != _TREE or value != 8 or count * (key + value) > file.size:
        raise file.damaged("its list of chromosomes cannot be read")
    ids: set[int] = set()
    nodes = [(at + 32, 0)]
    while nodes:
        here, depth = nodes.pop()
        leaf, _, n = file.unpack(here, "BBH")
        if depth > _MOST_DEPTH or len(ids) > count:
            raise file.damaged("its list of chromosomes goes in a circle")
        entries = np.frombuffer(file.read(here + 4, n * (key + 8)), np.uint8).reshape(n, key + 8)[:, key:]
        if leaf:
            ids.update(np.ascontiguousarray(entries[:, :4]).view(f"{file.order}u4").ravel().tolist())
        else:
            below = np.ascontiguousarray(entries).view(f"{file.order}u8").ravel()
            nodes += [(int(child), depth + 1) for child in below]
    if len(ids) != count:
        raise file.damaged(f"{count:,} chromosomes are announced, and {len(ids):,} are listed")
    return ids


def _check_index(file: _File, at: int, ids: set[int]) -> None:
    magic, _, count = file.unpack(at, "IIQ")
    if magic != _INDEX:
        raise file.damaged("its index cannot be read")
    place = np.dtype([("chrom", f"{file.order}u4"), ("start", f"{file.order}u4"), ("last", f"{file.order}u4"),
                      ("end", f"{file.order}u4"), ("offset", f"{file.order}u8")])  # fmt: skip
    block = np.dtype([*((name, place[name]) for name in place.names or ()), ("size", f"{file.order}u8")])
    known = np.array(sorted(ids), np.int64)
    nodes, seen = [(at + 48, 0)], 0
    while nodes and count:
        here, depth = nodes.pop()
        leaf, _, n = file.unpack(here, "BBH")
        kind = block if leaf else place
        entries = np.frombuffer(file.read(here + 4, n * kind.itemsize), kind)
        seen += n
        if depth > _MOST_DEPTH or seen > file.size:
            raise file.damaged("its index goes in a circle")
        if not np.isin(entries["chrom"], known).all() or not np.isin(entries["last"], known).all():
            raise file.damaged("its index names a chromosome that is not in its list")
        if (entries["chrom"] > entries["last"]).any():
            raise file.damaged("its index has a block that ends before it begins")
        if not leaf:
            nodes += [(int(child), depth + 1) for child in entries["offset"]]
        elif (entries["offset"] > file.size).any() or (
            entries["size"] > file.size - np.minimum(entries["offset"], file.size)
        ).any():
            raise file.damaged("its index points out of the file")
