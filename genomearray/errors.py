"""Every error this library raises on purpose, as one small tree.

::

    GenomeArrayError
    ├── DatabaseError            (OSError)     no database folder, no such assembly
    │   └── AssemblyExistsError  (FileExistsError)
    ├── AssemblyError            (ValueError)  a chromosome table that cannot be, or two that differ
    ├── UnknownChromosomeError   (KeyError)    a name that the assembly does not have
    ├── RegionError              (ValueError)  positions or offsets outside a chromosome
    ├── FormatError              (ValueError, OSError)  a foreign file: path, line and column are in the text
    ├── ClusterError             (OSError)     a scheduler that does not answer, or workers that die
    ├── ValueRangeError          (ValueError)  a number that the dtype of a track cannot hold
    ├── ArgumentError            (ValueRangeError, RegionError)  an argument that is not one of those allowed
    └── TrackError
        ├── UnknownTrackError    (KeyError, FileNotFoundError)
        ├── TrackExistsError     (FileExistsError)
        ├── TrackNameError       (ValueError)
        ├── TrackClosedError     (ValueError)
        ├── LayoutError          (ValueError, OSError)  a file that is not a track, or of a newer layout
        ├── DamagedTrackError    (OSError)     bytes that are not what was written
        └── TrackReplacedError   (OSError)     another track stands under the same path now

Warnings are ``GenomeArrayWarning`` (a ``UserWarning``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

E = TypeVar("E", bound="GenomeArrayError")

_OPTION = re.compile(r"\{([^{}]+)\}")


def for_python(hint: str) -> str:
    """A hint as Python spells options; see :class:`GenomeArrayError`.

    Examples
    --------
    >>> hints = ("{clip} cuts at the end", "give {dtype=uint32}", "name it: {path=|--db}")
    >>> [for_python(hint) for hint in hints]
    ['clip=True cuts at the end', "give dtype='uint32'", 'name it: path=']
    """

    def spelled(match: re.Match[str]) -> str:
        python, bar, _ = match[1].partition("|")
        name, equals, value = python.partition("=")
        if bar or (equals and not value):
            return python
        return f"{name}={value!r}" if value else f"{name}=True"

    return _OPTION.sub(spelled, hint)


def for_command_line(hint: str) -> str:
    """A hint as the command line spells options.

    Examples
    --------
    >>> hints = ("{allow_empty} accepts such files", "give {dtype=uint32}", "name it: {path=|--db}")
    >>> [for_command_line(hint) for hint in hints]
    ['--allow-empty accepts such files', 'give --dtype uint32', 'name it: --db']
    """

    def spelled(match: re.Match[str]) -> str:
        python, bar, command = match[1].partition("|")
        if bar:
            return command
        name, _, value = python.partition("=")
        return f"--{name.replace('_', '-')} {value}".rstrip()

    return _OPTION.sub(spelled, hint)


class GenomeArrayError(Exception):
    """Base of all errors of this library; ``str(error)`` is one readable line.

    Parameters
    ----------
    message : str
        What is wrong, and where.
    hint : str
        What one may do. Options stand in braces, so that each side reads its own spelling:
        ``{clip}`` is ``clip=True`` in Python and ``--clip`` on the command line, ``{dtype=}`` is
        ``dtype=`` and ``--dtype``, ``{dtype=uint32}`` is ``dtype='uint32'`` and ``--dtype uint32``.
        ``{this|that}`` is for what is not spelled alike.
    """

    hint: str

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def message(self) -> str:
        """What is wrong, without the hint."""
        return str(self.args[0]) if self.args else type(self).__name__

    def __str__(self) -> str:
        # KeyError would print the repr of its argument, OSError a tuple.
        return f"{self.message}; {for_python(self.hint)}" if self.hint else self.message

    def within(self, where: str, kind: type[E]) -> E:
        """The same as an error of another kind, with the place in front."""
        return kind(f"{where}: {self.message}", hint=self.hint)

    def on_command_line(self) -> str:
        """The text with options as the command line spells them."""
        return f"{self.message}; {for_command_line(self.hint)}" if self.hint else self.message


class GenomeArrayWarning(UserWarning):
    """Something was done as asked, and is worth a look."""


class DatabaseError(GenomeArrayError, OSError):
    """The database folder, or an assembly in it, cannot be found or used."""


class AssemblyExistsError(DatabaseError, FileExistsError):
    """An assembly of that name is in the database already."""


class AssemblyError(GenomeArrayError, ValueError):
    """A chromosome table that cannot be, or two tables that should agree and do not."""


class UnknownChromosomeError(GenomeArrayError, KeyError):
    """A chromosome name that the assembly does not have."""


class RegionError(GenomeArrayError, ValueError):
    """A region that is malformed, empty, or not inside its chromosome."""


class FormatError(GenomeArrayError, ValueError, OSError):
    """A file that does not follow its format, or does not fit the assembly."""


class ClusterError(GenomeArrayError, OSError):
    """A cluster that cannot be reached, or that could not finish a job."""


class ValueRangeError(GenomeArrayError, ValueError):
    """A value that does not fit the dtype of the track."""


class ArgumentError(ValueRangeError, RegionError):
    """An argument that is not one of those allowed."""


class TrackError(GenomeArrayError):
    """Anything about one track."""


class UnknownTrackError(TrackError, KeyError, FileNotFoundError):
    """No track of that name is in the database."""


class TrackExistsError(TrackError, FileExistsError):
    """A track of that name is in the database already."""


class TrackNameError(TrackError, ValueError):
    """A name that no track may have."""


class TrackClosedError(TrackError, ValueError):
    """The track was closed before it was asked."""


class LayoutError(TrackError, ValueError, OSError):
    """A file that is not a track, or a track of a layout this version does not know."""


class DamagedTrackError(TrackError, OSError):
    """Stored bytes that are not what was written."""


class TrackReplacedError(TrackError, OSError):
    """The file of an open track was replaced by another one."""


def nearest_names(name: str, names: Iterable[str], count: int = 3) -> list[str]:
    """The names most like a misspelt one, best first.

    Parameters
    ----------
    name : str
    names : iterable of str
    count : int
        How many at most.

    Returns
    -------
    list of str

    Examples
    --------
    >>> nearest_names("1", ["chr1", "chr2"])
    ['chr1']
    """
    known = list(dict.fromkeys(names))
    # Another spelling of the same chromosome beats any likeness of letters.
    twins = [other for other in known if _bare(other) == _bare(name)]
    # Likeness is quadratic: enough of a large draft genome is enough.
    import difflib

    likeness = difflib.get_close_matches(name, known[:5000], n=count, cutoff=0.5)
    return list(dict.fromkeys(twins + likeness))[:count]


def _bare(name: str) -> str:
    text = name.lower()
    text = text[3:] if text.startswith("chr") else text
    return {"mt": "m", "mito": "m", "mtdna": "m"}.get(text, text)


def unknown_chromosome(name: object, assembly: str, names: Iterable[str]) -> UnknownChromosomeError:
    """The error for a chromosome name that an assembly does not have.

    Examples
    --------
    >>> print(unknown_chromosome("chr23", "hg38", ["chr1", "chr2", "chr22"]))
    chromosome 'chr23' is not in assembly 'hg38'; nearest names: 'chr2', 'chr22', 'chr1'
    """
    names = list(names)
    near = nearest_names(str(name), names)
    hint = "; nearest names: " if near else "; its names begin with: "
    shown = ", ".join(repr(other) for other in (near or names[:3]))
    return UnknownChromosomeError(f"chromosome {str(name)!r} is not in assembly {assembly!r}{hint}{shown}")
