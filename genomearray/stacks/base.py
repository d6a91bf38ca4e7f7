"""What a stack is: its tracks, their names, and the sheet that says what each is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from genomearray.errors import ArgumentError, AssemblyError, LayoutError, UnknownTrackError, nearest_names
from genomearray.source import Source
from genomearray.stacks.members import Member
from genomearray.track.track import Track

if TYPE_CHECKING:
    import pandas as pd

# Names that results use for themselves.
_TAKEN = frozenset(
    {"chrom", "start", "end", "strand", "name", "group", "pos", "window", "offset", "bin", "region", "track"}
)


class BaseStack:
    """The part of a stack that its methods by subject build on.

    Parameters
    ----------
    members : sequence of Member
        At least one, of different names.
    samples : DataFrame, optional
        A row for each of them, in their order.
    """

    def __init__(self, members: Sequence[Member], samples: pd.DataFrame | None = None) -> None:
        self.members = tuple(members)
        self._samples = samples

    # -- which -------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """Names of the tracks; a repeated one has a number."""
        return [member.name for member in self.members]

    @property
    def samples(self) -> pd.DataFrame:
        """The sample sheet: a row a track, indexed by name."""
        import pandas as pd

        index = pd.Index(self.names, name="track", dtype=object)
        if self._samples is None:
            return pd.DataFrame(index=index)
        return self._samples.set_axis(index, axis=0)

    def __len__(self) -> int:
        return len(self.members)

    def __iter__(self) -> Iterator[Track]:
        return (member.track for member in self.members)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All tracks, open."""
        return tuple(self)

    def track(self, name: str) -> Track:
        """One track by its name."""
        for member in self.members:
            if member.name == name:
                return member.track
        near = nearest_names(name, self.names)
        hint = f"nearest names: {', '.join(map(repr, near))}" if near else f"it has {len(self)} tracks"
        raise UnknownTrackError(f"track {name!r} is not in the stack; {hint}")

    def take(self, rows: Sequence[int]) -> Self:
        """Some of the tracks, by number from 0."""
        samples = None if self._samples is None else self._samples.iloc[list(rows)]
        return type(self)([self.members[row] for row in rows], samples)

    def of(self, members: Sequence[Member]) -> Self:
        """A stack of other tracks with the same sheet."""
        return type(self)(members, self._samples)

    def query(self, expression: str) -> Self:
        """The tracks whose row of the sheet fulfils a condition.

        Parameters
        ----------
        expression : str
            As for :meth:`pandas.DataFrame.query`: columns of the sheet, and ``track`` for the names.

        Returns
        -------
        Stack

        Raises
        ------
        ArgumentError
            A condition that cannot be read, or that no track fulfils.

        Examples
        --------
        >>> import pandas as pd
        >>> from genomearray import stack
        >>> both = stack([track, track], samples=pd.DataFrame({"condition": ["a", "b"]}))
        >>> both.query("condition == 'b'").names
        ['counts.1']
        """
        samples = self.samples
        samples["__row__"] = np.arange(len(samples))
        try:
            rows = samples.query(expression, engine="python", local_dict={}, global_dict={})["__row__"]
        except Exception as error:
            columns = ", ".join(["track", *self.samples.columns])
            raise ArgumentError(
                f"{expression!r} is no condition on the sample sheet ({error}); its columns are {columns}"
            ) from error
        if not len(rows):
            raise ArgumentError(f"no track of the stack fulfils {expression!r}")
        return self.take(rows.tolist())

    # -- what they have in common --------------------------------------------------------------------

    @property
    def sources(self) -> list[Source]:
        """Where the values come from: of one assembly and one kind; AssemblyError, LayoutError."""
        sources = [member.track.source for member in self.members]
        first = sources[0]
        for name, source in zip(self.names, sources, strict=True):
            if source.assembly != first.assembly:
                raise AssemblyError(
                    f"track {name!r} is of {source.assembly!r}, track {self.names[0]!r} of "
                    f"{first.assembly!r}: they do not share positions"
                )
            if source.kind != first.kind:
                raise LayoutError(
                    f"track {name!r} is a {source.kind}, track {self.names[0]!r} a {first.kind}; stack one "
                    "kind at a time"
                )
        return sources

    @property
    def assembly(self) -> str:
        """Name of the assembly."""
        return self.members[0].track.assembly

    @property
    def dtype(self) -> np.dtype[Any]:
        """Numpy's common dtype of all tracks; of int64 beside uint64 or floats it is float64, exact
        to 2**53.
        """
        return np.result_type(*(source.dtype for source in self.sources))

    def track_coords(self) -> dict[str, Any]:
        """Coordinates along ``track``: the names, and the columns of the sheet."""
        coords: dict[str, Any] = {"track": ("track", np.array(self.names, dtype=object))}
        for name, column in self.samples.items():
            text = str(name)
            values = column.to_numpy()
            values = values if values.dtype.kind in "biuf" else values.astype(object)
            coords[f"sample_{text}" if text in _TAKEN else text] = ("track", values)
        return coords
