"""The chromosome table on disk: ``<assembly>/chromosome.h5``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from genomearray.assembly import FLAGS, Assembly, Chromosome
from genomearray.errors import AssemblyError, AssemblyExistsError, DatabaseError, LayoutError
from genomearray.storage import pytables
from genomearray.storage.codecs import names_crc
from genomearray.storage.layout import CONVENTIONS, LAYOUT, NAMES_CRC
from genomearray.storage.publish import publish_table

FILE = "chromosome.h5"


def write_chromosome_table(folder: Path, assembly: Assembly) -> None:
    """Write the table of a new assembly; AssemblyExistsError when there is one."""
    import h5netcdf
    import h5py

    def write(path: Path) -> None:
        with h5netcdf.File(path, "w", libver=("v110", "v110"), locking=False) as file:
            file.attrs.update(
                {
                    "Conventions": CONVENTIONS,
                    "genomearray_layout": LAYOUT,
                    "kind": "chromosomes",
                    "assembly": assembly.name,
                    NAMES_CRC: names_crc(assembly.names),
                }
            )
            file.dimensions["chromosome"] = len(assembly)
            columns = {
                "name": np.array(assembly.names, dtype=object),
                "length": np.array([c.length for c in assembly], dtype=np.int64),
                "idnum": np.array([c.idnum for c in assembly], dtype=np.int32),
            } | {flag: np.array([getattr(c, flag) for c in assembly], dtype=np.uint8) for flag in FLAGS}
            for name, column in columns.items():
                dtype = h5py.string_dtype() if name == "name" else column.dtype
                file.create_variable(name, ("chromosome",), dtype=dtype)[:] = column
            file["length"].attrs["units"] = "bp"

    if not publish_table(folder / FILE, write):
        raise AssemblyExistsError(f"assembly {assembly.name!r} is in the database already: {folder}; choose another name, or remove that folder")


def read_chromosome_table(folder: Path) -> Assembly:
    """The assembly of a folder of the database; its name is that of the folder."""
    import h5py

    path = folder / FILE
    try:
        with h5py.File(path, "r", locking=False) as file:
            if pytables.is_old(file):
                return _old_table(folder, file)
            if file.attrs.get("kind") != "chromosomes":
                raise DatabaseError(f"{path} is no chromosome table of genomearray; was it written by another program?")
            names = file["name"].asstr()[:]
            if names_crc(names) != file.attrs[NAMES_CRC]:
                raise DatabaseError(f"the chromosome table {path} is damaged: the checksum of its names does not agree; restore it from a copy")
            columns = {name: file[name][:].tolist() for name in ("idnum", "length", *FLAGS)}
    except FileNotFoundError:
        raise DatabaseError(f"assembly {folder.name!r} has no chromosome table: {path} is not there; run: genomearray init") from None
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        if isinstance(error, DatabaseError):
            raise
        raise DatabaseError(f"the chromosome table {path} cannot be read: {error}; restore it from a copy") from error
    flags = [[bool(value) for value in columns[flag]] for flag in FLAGS]
    rows = zip(columns["idnum"], names, columns["length"], *flags, strict=True)
    return Assembly(folder.name, [Chromosome(*row) for row in rows])


def _old_table(folder: Path, file: Any) -> Assembly:
    """The table of the old library: in the order of idnum; its flags are judged anew unless somebody flagged X or Y in it.

    From May 2012 on the old importer never set is_x and is_y, took alternative loci for autosomes, and Ensembl names for random ones.
    """
    path = folder / FILE
    try:
        found = pytables.contents(file, path)
    except LayoutError as error:
        raise DatabaseError(str(error)) from error
    if found.kind != pytables.CHROMOSOMES:
        raise DatabaseError(f"{path} holds a {found.kind}, no chromosome table; was it written by another program?")
    rows = found.nodes["chromosome"][:]
    if not {"idnum", "length", "name"} <= set(rows.dtype.names):
        raise DatabaseError(f"the chromosome table {path} has the columns {', '.join(rows.dtype.names)}; it needs idnum, name and length")
    rows = rows[np.argsort(rows["idnum"], kind="stable")]
    sizes = [(pytables.text(name), int(length)) for name, length in zip(rows["name"].tolist(), rows["length"].tolist(), strict=True)]
    try:
        judged = Assembly.in_order(folder.name, sizes)
    except AssemblyError as error:
        raise DatabaseError(f"the old chromosome table {path} cannot be used: {error}") from error
    told = {flag: rows[flag].astype(bool).tolist() for flag in FLAGS if flag in rows.dtype.names}
    if any(told.get("is_x", [])) or any(told.get("is_y", [])):
        flags = [{flag: column[k] for flag, column in told.items()} for k in range(rows.size)]
    else:
        flags = [{flag: getattr(chrom, flag) for flag in FLAGS} for chrom in judged]
    ids = rows["idnum"].tolist()
    return Assembly(folder.name, [Chromosome(int(ids[k]), *sizes[k], **flags[k]) for k in range(rows.size)])
