"""Where a database and its assemblies lie; nothing is opened."""

from __future__ import annotations

import os
from pathlib import Path

from genomearray.errors import DatabaseError
from genomearray.storage.names import CHROMOSOME_FILE


def database_folder(path: str | os.PathLike[str] | None) -> Path:
    """The folder of a database; DatabaseError when none is named or it is not there."""
    named = path if path is not None else os.environ.get("GENOME_DB")
    if not named or not os.fspath(named):
        raise DatabaseError("no database is named", hint="give {path=|--db} or set GENOME_DB to its folder")
    folder = Path(named).expanduser()
    if not folder.is_dir():
        raise DatabaseError(
            f"the database folder {folder} is not there",
            hint="check the path, or make it with: {GenomeDB.create|genomearray init}",
        )
    return folder


def list_assemblies(folder: Path) -> list[str]:
    """Names of the assemblies in a database, sorted."""
    return sorted(entry.parent.name for entry in folder.glob(f"*/{CHROMOSOME_FILE}"))


def check_assembly_name(name: str) -> None:
    """DatabaseError for a name that cannot be a folder."""
    if not name or name.startswith(".") or "/" in name or name != name.strip() or not name.isprintable():
        raise DatabaseError(
            f"assembly name {name!r} cannot be a folder; use letters, digits, '-', '_' and '.', for "
            "instance hg38"
        )


def assembly_folder(folder: Path, assembly: str | None) -> Path:
    """The folder of an assembly of a database; DatabaseError, which names those that there are."""
    name = assembly or os.environ.get("GENOME_ASSEMBLY")
    known = list_assemblies(folder)
    existing = (
        f"; there are: {', '.join(known)}" if known else f"; {folder} holds none yet: run genomearray init"
    )
    if not name:
        raise DatabaseError(
            "no assembly is named", hint=f"give {{assembly=}} or set GENOME_ASSEMBLY{existing}"
        )
    check_assembly_name(name)
    if name not in known:
        raise DatabaseError(f"assembly {name!r} is not in the database {folder}{existing}")
    return folder / name
