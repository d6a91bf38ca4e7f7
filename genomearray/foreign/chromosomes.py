"""The assembly of a folder, whichever library wrote its chromosome table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from genomearray.errors import AssemblyError, DatabaseError, LayoutError
from genomearray.foreign import pytables
from genomearray.reference.assembly import FLAGS, Assembly, Chromosome
from genomearray.storage.chromosome_table import read_chromosome_table
from genomearray.storage.names import CHROMOSOME_FILE

if TYPE_CHECKING:
    import h5py


def read_assembly(folder: Path) -> Assembly:
    """The assembly of a folder of the database; its name is that of the folder."""
    return read_chromosome_table(folder, _old_table)


def _old_table(folder: Path, file: h5py.File) -> Assembly | None:
    """The table of the old library: in the order of idnum; its flags are judged anew unless
    somebody flagged X or Y in it.

    From May 2012 on the old importer never set is_x and is_y, took alternative loci for autosomes,
    and Ensembl names for random ones.
    """
    if not pytables.is_old(file):
        return None
    path = folder / CHROMOSOME_FILE
    try:
        contents = pytables.contents(file, path)
    except LayoutError as error:
        raise DatabaseError(str(error)) from error
    if contents.kind != pytables.CHROMOSOMES:
        raise DatabaseError(
            f"{path} holds a {contents.kind}, no chromosome table; was it written by another program?"
        )
    rows = contents.nodes["chromosome"][:]
    if not {"idnum", "length", "name"} <= set(rows.dtype.names):
        raise DatabaseError(
            f"the chromosome table {path} has the columns {', '.join(rows.dtype.names)}; it needs "
            "idnum, name and length"
        )
    rows = rows[np.argsort(rows["idnum"], kind="stable")]
    sizes = [
        (pytables.text(name), int(length))
        for name, length in zip(rows["name"].tolist(), rows["length"].tolist(), strict=True)
    ]
    try:
        judged = Assembly.in_order(folder.name, sizes)
    except AssemblyError as error:
        raise DatabaseError(f"the old chromosome table {path} cannot be used: {error}") from error
    flag_columns = {flag: rows[flag].astype(bool).tolist() for flag in FLAGS if flag in rows.dtype.names}
    if any(flag_columns.get("is_x", [])) or any(flag_columns.get("is_y", [])):
        flags = [{flag: column[k] for flag, column in flag_columns.items()} for k in range(rows.size)]
    else:
        flags = [{flag: getattr(chrom, flag) for flag in FLAGS} for chrom in judged]
    ids = rows["idnum"].tolist()
    return Assembly(folder.name, [Chromosome(int(ids[k]), *sizes[k], **flags[k]) for k in range(rows.size)])
