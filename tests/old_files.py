"""Files as the old library wrote them: the layouts of its importers, made with PyTables 3."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import tables

# The contigs of the golden values, in the order of the input.
CONTIGS = {
    "chr2": 900, "chr1": 1000, "chr10": 700, "chrX": 500, "chrY": 400, "chrM": 160, "chr1_random": 100, "chr6_apd_hap1": 120,
    "chrUn_gl000211": 110, "chr21": 600, "chr1_KI270762v1_alt": 90, "chrEBV": 80,
}  # fmt: skip
SORTED = [
    "chr1", "chr1_KI270762v1_alt", "chr2", "chr10", "chr21", "chrX", "chrY", "chrM", "chr1_random", "chrEBV", "chrUn_gl000211", "chr6_apd_hap1",
]  # fmt: skip
_FILTERS = tables.Filters(complevel=1, complib="zlib")


class ChromDesc(tables.IsDescription):
    idnum = tables.Int32Col()
    name = tables.StringCol(32)
    length = tables.Int32Col()
    is_sex = tables.BoolCol(dflt=False)
    is_auto = tables.BoolCol(dflt=True)
    is_rand = tables.BoolCol(dflt=False)
    is_hap = tables.BoolCol(dflt=False)
    is_mito = tables.BoolCol(dflt=False)
    is_y = tables.BoolCol(dflt=False)
    is_x = tables.BoolCol(dflt=False)


class OlderChromDesc(ChromDesc):
    """Before May 2012: names of 16 bytes, flags given by the user."""

    name = tables.StringCol(16)


class Feature(tables.IsDescription):
    name = tables.StringCol(32)
    start = tables.Int32Col()
    end = tables.Int32Col()
    score = tables.Int16Col()
    strand = tables.Int8Col()


class Fragment(tables.IsDescription):
    start = tables.Int32Col()
    end = tables.Int32Col()
    score = tables.Int8Col()
    strand = tables.Int8Col()


def write_chromosomes(folder: Path, sizes=CONTIGS, order=SORTED, description=ChromDesc, flags=()) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tables.open_file(str(folder / "chromosome.h5"), "w") as file:
        table = file.create_table("/", "chromosome", description, "chromosomes")
        row = table.row
        for number, name in enumerate(order, 1):
            row["idnum"], row["name"], row["length"] = number, name, sizes[name]
            row["is_auto"] = "X" not in name
            for flag in flags:
                row[flag] = name.endswith(flag[-1].upper())
            row.append()


def write_track(path: Path, arrays: dict, atom=None, fill=None, filters=_FILTERS) -> None:
    """Dense arrays; a value of None is a chromosome that was created and never written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tables.open_file(str(path), "w") as file:
        for name, (length, values) in arrays.items():
            kind = (
                atom
                if atom is not None
                else tables.Atom.from_dtype(values.dtype, dflt=0 if fill is None else fill)
            )
            node = file.create_carray("/", name, kind, (length,), filters=filters)
            if values is not None:
                node[:] = values


def dense(path: Path, arrays: dict, **options) -> None:
    write_track(path, {name: (values.size, values) for name, values in arrays.items()}, **options)


def write_features(path: Path, rows: dict, description=Feature, sizes=CONTIGS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tables.open_file(str(path), "w") as file:
        for name in sizes:
            table = file.create_table("/", name, description, f"{path.stem} features for {name}")
            for values in rows.get(name, []):
                for column, value in values.items():
                    table.row[column] = value
                table.row.append()
            table.flush()


def write_lift_table(path: Path, rows: dict) -> None:
    with tables.open_file(str(path), "w") as file:
        for name, values in rows.items():
            node = file.create_carray("/", name, tables.Int32Atom(dflt=-1), values.shape, filters=_FILTERS)
            node[:] = values


def set_statistics(path: Path) -> None:
    """As set_track_stats.py stores them; a chromosome of NaN has None for its limits, which PyTables pickles."""
    with tables.open_file(str(path), "a") as file:
        for node in file.root:
            values = node[:]
            good = values[~np.isnan(values)] if values.dtype.kind == "f" else values
            node.attrs.n = np.int64(values.size)
            node.attrs.n_nan = np.int64(values.size - good.size)
            node.attrs.min = good.min() if good.size else None
            node.attrs.max = good.max() if good.size else None
            node.attrs.sum = good.sum() if good.size else np.int64(0)


def set_sequence_statistics(path: Path) -> None:
    with tables.open_file(str(path), "a") as file:
        for node in file.root:
            values = node[:]
            for letter in "ACGTN":
                node.attrs[f"n_{letter.lower()}"] = np.int64((values == ord(letter)).sum())
            known = np.flatnonzero(values != ord("N"))
            node.attrs.n_def = np.int64(known.size)
            if known.size:
                node.attrs.first_def_idx, node.attrs.last_def_idx = np.int64(known[0]), np.int64(known[-1])
