"""The chromosome table on disk: ``<assembly>/chromosome.h5``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genomearray.errors import AssemblyExistsError, DatabaseError
from genomearray.reference.assembly import FLAGS, Assembly, Chromosome
from genomearray.storage.chunks.codecs import names_crc
from genomearray.storage.layout import CONVENTIONS, LAYOUT, NAMES_CRC
from genomearray.storage.names import CHROMOSOME_FILE
from genomearray.storage.write.disk import disk_errors
from genomearray.storage.write.publish import publish_table

if TYPE_CHECKING:
    import h5py


def write_chromosome_table(folder: Path, assembly: Assembly) -> None:
    """Write the table of a new assembly; AssemblyExistsError when there is one."""
    import h5py

    from genomearray.storage.write.hdf5 import new_hdf5

    def write(path: Path) -> None:
        with disk_errors(folder / CHROMOSOME_FILE), new_hdf5(path) as file:
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

    if not publish_table(folder / CHROMOSOME_FILE, write):
        raise AssemblyExistsError(
            f"assembly {assembly.name!r} is in the database already: {folder}; choose another name, "
            "or remove that folder"
        )


def read_chromosome_table(folder: Path, foreign: Callable[[Path, h5py.File], Assembly | None]) -> Assembly:
    """The assembly of a folder of the database; its name is that of the folder.

    Parameters
    ----------
    folder : Path
    foreign : callable
        Reads the table of another library from the open file; gives None for one of ours.
    """
    import h5py

    path = folder / CHROMOSOME_FILE
    try:
        with h5py.File(path, "r", locking=False) as file:
            other = foreign(folder, file)
            if other is not None:
                return other
            if file.attrs.get("kind") != "chromosomes":
                raise DatabaseError(
                    f"{path} is not a chromosome table of genomearray; was it written by another program?"
                )
            names = file["name"].asstr()[:]
            if names_crc(names) != file.attrs[NAMES_CRC]:
                raise DatabaseError(
                    f"the chromosome table {path} is damaged: the checksum of its names does not "
                    "agree; restore it from a copy"
                )
            columns = {name: file[name][:].tolist() for name in ("idnum", "length", *FLAGS)}
    except FileNotFoundError:
        raise DatabaseError(
            f"assembly {folder.name!r} has no chromosome table: {path} is not there",
            hint="run: {GenomeDB.create|genomearray init}",
        ) from None
    except (OSError, KeyError, RuntimeError, ValueError, TypeError) as error:
        if isinstance(error, DatabaseError):
            raise
        raise DatabaseError(
            f"the chromosome table {path} cannot be read: {error}; restore it from a copy"
        ) from error
    flags = [[bool(value) for value in columns[flag]] for flag in FLAGS]
    rows = zip(columns["idnum"], names, columns["length"], *flags, strict=True)
    return Assembly(folder.name, [Chromosome(*row) for row in rows])
