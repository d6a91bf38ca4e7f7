"""What is in a file of the old library ``genome`` (PyTables 2 and 3), read with h5py: nothing is
ever unpickled.

Nodes hang off the root, one a chromosome: 1-D arrays (a track), ``(length, 3)`` arrays of int32 (a
liftover table), tables with the columns start, end, strand, score (features); or one table
``chromosome``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np

from genomearray.errors import LayoutError

TRACK, FEATURES, LIFT, CHROMOSOMES = "track", "table of features", "liftover table", "chromosome table"
_FEATURE_FIELDS = {"start", "end", "strand", "score"}
_SAMPLE = 1 << 20  # bases looked at to tell an index from a track
# Attributes of PyTables itself.
_OWN = ("CLASS", "VERSION", "TITLE", "FLAVOR", "NROWS", "EXTDIM", "FILTERS")
_CLASSES = (b"CARRAY", b"EARRAY", b"ARRAY", b"TABLE")
_PICKLED_NONE = b"N."


class Contents(NamedTuple):
    """Nodes of one kind, by chromosome, in the order of their names."""

    kind: str
    nodes: dict[str, h5py.Dataset]


def is_old(file: h5py.File) -> bool:
    """Whether PyTables wrote a file."""
    if "PYTABLES_FORMAT_VERSION" in file.attrs:
        return True
    # h5py and netCDF call their dimensions CLASS = DIMENSION_SCALE.
    return any(_class_of(file[name]) in _CLASSES for name in file)


def _class_of(node: Any) -> bytes:
    name = node.attrs.get("CLASS", b"")
    return bytes(name) if isinstance(name, bytes) else str(name).encode()


def contents(file: h5py.File, path: Path) -> Contents:
    """What an old file holds.

    Raises
    ------
    LayoutError
        Nothing that can be read as a track, a table or the like; the message says what it is.
    """
    nodes = {name: file[name] for name in file if isinstance(file[name], h5py.Dataset)}
    if not nodes:
        inside = f"groups ({', '.join(list(file)[:3])})" if len(file) else "nothing"
        hint = (
            "an import that crashed leaves such a file: remove it, and import again"
            if not len(file)
            else _genomedata_hint(file)
        )
        raise LayoutError(f"{path} is an HDF5 file that holds {inside}", hint=hint)
    shapes = {(len(node.shape), node.dtype.names is not None) for node in nodes.values()}
    if len(shapes) > 1:
        raise LayoutError(
            f"{path} holds arrays and tables of several kinds ({_described(nodes)}); it is not a track, "
            "and no table of features"
        )
    ((dimensions, table),) = shapes
    if table and list(nodes) == ["chromosome"]:
        return Contents(CHROMOSOMES, nodes)
    if table and all(set(node.dtype.names) >= _FEATURE_FIELDS for node in nodes.values()):
        return Contents(FEATURES, nodes)
    if table:
        raise LayoutError(
            f"{path} holds tables ({_described(nodes)}), which have no columns start, end, strand "
            "and score: no features"
        )
    if dimensions == 2 and all(
        node.shape[1] == 3 and node.dtype.kind == "i" and node.dtype.itemsize == 4 for node in nodes.values()
    ):
        return Contents(LIFT, nodes)
    if dimensions != 1:
        what = f"{dimensions}-D arrays ({_described(nodes)}), such as haplotypes or genotypes"
        raise LayoutError(f"{path} holds {what}: no track, which has one value per base")
    dtypes = {node.dtype.newbyteorder("=") for node in nodes.values()}
    if len(dtypes) > 1 or next(iter(dtypes)).kind not in "iuf":
        raise LayoutError(
            f"{path} holds arrays of {', '.join(sorted(map(str, dtypes)))}; the chromosomes of a "
            "track have one dtype, of numbers"
        )
    if _is_index(nodes):
        raise LayoutError(
            f"{path} holds an index ({_described(nodes)}; -1, or the row of a SNP in another file at "
            "each base): no track"
        )
    return Contents(TRACK, nodes)


def _described(nodes: dict[str, h5py.Dataset]) -> str:
    name, node = next(iter(nodes.items()))
    what = f"columns {', '.join(node.dtype.names)}" if node.dtype.names else f"{node.dtype} {node.shape}"
    return f"{name}: {what}" + (f", and {len(nodes) - 1} more" if len(nodes) > 1 else "")


def _genomedata_hint(file: h5py.File) -> str:
    known = "genomedata_format_version" in file.attrs or any(
        "supercontig_0" in file[name] for name in file if isinstance(file[name], h5py.Group)
    )
    return (
        "a Genomedata archive is imported: {import_genomedata|genomearray import genomedata}" if known else ""
    )


def _is_index(nodes: dict[str, h5py.Dataset]) -> bool:
    """Whether bases hold -1, or numbers that count up by one: rows of another table."""
    for node in nodes.values():
        if node.dtype.kind != "i" or node.dtype.itemsize < 4:
            return False
        first = max(node.shape[0] // 2 - _SAMPLE // 2, 0)  # the ends of chromosomes hold nothing
        values = np.asarray(node[first : first + _SAMPLE])
        rows = values[values >= 0]
        if values.size and (values.min() != -1 or (np.diff(rows) != 1).any()):
            return False
        if rows.size > 1:
            return True
    return False


def statistics(node: h5py.Dataset) -> dict[str, int | float]:
    """Statistics that the old library stored with a chromosome; ``None``, which it pickled, is NaN."""
    values: dict[str, int | float] = {}
    for name in node.attrs:
        if name in _OWN or name.startswith("FIELD_"):
            continue
        value: Any = node.attrs[name]
        raw = value.tobytes() if isinstance(value, np.void) else value
        if isinstance(raw, bytes):
            if raw.rstrip(b"\0") == _PICKLED_NONE:
                values[name] = float("nan")
            continue  # other pickles are not read
        if isinstance(value, np.ndarray) and value.size == 1:
            value = value.reshape(())[()]
        if isinstance(value, (np.integer, np.floating)):
            values[name] = value.item()
    return values


def text(value: bytes) -> str:
    """A name in a table: bytes padded with NUL."""
    return value.rstrip(b"\0").decode("latin-1")
