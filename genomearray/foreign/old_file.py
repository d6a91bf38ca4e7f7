"""Files of the old library ``genome``, opened in place and read-only.

Nothing in them says of which assembly they are: the chromosome table of the folder does, or,
without one, their own nodes.
"""

from __future__ import annotations

import os
from pathlib import Path

from genomearray.errors import GenomeArrayError, LayoutError
from genomearray.foreign import pytables
from genomearray.foreign.chromosomes import read_assembly
from genomearray.reference.assembly import Assembly
from genomearray.storage.names import CHROMOSOME_FILE
from genomearray.storage.read.hdf5 import Hdf5Store, open_hdf5

# What h5py raises of a file that is damaged.
DAMAGE = (OSError, RuntimeError, ValueError, KeyError, TypeError, IndexError, AttributeError)
UNKNOWN = "unknown"  # assembly of a file outside of a database
_DEEPEST = 16  # folders above a file in which a chromosome table is looked for
STRANGE_NODE = (
    "{path}: its node {node!r} is not a chromosome of assembly {assembly!r}; is the file of another assembly?"
)


def is_old(path: str | os.PathLike[str]) -> bool:
    """Whether PyTables wrote a file."""
    if not Path(path).is_file():
        return False
    try:
        with open_hdf5(Path(path)) as file:
            return pytables.is_old(file)
    except DAMAGE:
        return False


def is_hdf5(path: Path) -> bool:
    """Whether a file can be opened at all; one of no byte, which a crash leaves, counts as one that
    holds nothing.
    """
    if path.is_dir() or not path.stat().st_size:
        return True
    try:
        open_hdf5(path).close()
    except (OSError, RuntimeError):
        return False
    return True


def what_else(path: str | os.PathLike[str]) -> tuple[str, str]:
    """What a file that is not a track holds, for the message, and a hint."""
    try:
        if Path(path).is_file() and not Path(path).stat().st_size:
            return (
                "; the file is empty",
                "an import that crashed leaves such a file: remove it and import again",
            )
        with open_hdf5(Path(path)) as file:
            if "genomearray_layout" not in file.attrs:
                pytables.contents(file, Path(path))
    except LayoutError as error:
        return f": {error.message.removeprefix(f'{path} ')}", error.hint
    except DAMAGE:
        pass
    return "", ""


def assembly_of(path: Path) -> Assembly | None:
    """The assembly whose folder a file is in."""
    for folder in list(path.absolute().parents)[:_DEEPEST]:
        if (folder / CHROMOSOME_FILE).is_file() and folder / CHROMOSOME_FILE != path.absolute():
            return read_assembly(folder)
    return None


class OldFile:
    """An open old file of one kind, checked against its assembly."""

    def __init__(self, path: Path, kind: str) -> None:
        self.path = path
        try:
            self.store = Hdf5Store(path, kept=True)
            self.contents = pytables.contents(self.store.file, path)
        except GenomeArrayError:
            raise
        except DAMAGE as error:
            hint = "is it cut, damaged, or half-written by an import that crashed?"
            raise LayoutError(f"{path} cannot be opened: {error}{what_else(path)[0]}; {hint}") from error
        if self.contents.kind != kind:
            opens = {
                pytables.TRACK: "open_track",
                pytables.FEATURES: "open_features",
                pytables.LIFT: "open_lift_table",
            }
            how = opens.get(self.contents.kind)
            hint = f"; it opens with {how}" if how else ""
            raise LayoutError(f"{path} holds a {self.contents.kind}, not a {kind}{hint}")
        known = assembly_of(path)
        self.nodes = self.contents.nodes
        if known is None:
            known = Assembly.from_sizes(
                UNKNOWN, {name: max(node.shape[0], 1) for name, node in self.nodes.items()}.items()
            )
        self.assembly = known

    def check_lengths(self) -> None:
        """LayoutError for a node that is not a chromosome of the assembly, or not as long."""
        for name, node in self.nodes.items():
            if name not in self.assembly:
                raise LayoutError(STRANGE_NODE.format(path=self.path, node=name, assembly=self.assembly.name))
            length = self.assembly[name].length
            if node.shape[0] != length:
                raise LayoutError(
                    f"{self.path}: its node {name!r} has {node.shape[0]:,} values, and the "
                    f"chromosome of assembly {self.assembly.name!r} "
                    f"{length:,} bp; is the file of another assembly?"
                )
