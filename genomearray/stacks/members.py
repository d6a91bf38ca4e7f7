"""The tracks of a stack, each opened when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from genomearray.stacks.files import TrackOrFile, opened_together
from genomearray.track.track import Track


class Member:
    """A track of a stack.

    Parameters
    ----------
    name : str
        In the stack.
    opener : callable
        Gives the track; it can be pickled, so that workers open their own.
    """

    def __init__(self, name: str, opener: Callable[[], Track]) -> None:
        self.name = name
        self._opener = opener
        self._track: Track | None = None

    @property
    def track(self) -> Track:
        """The track, open."""
        if self._track is None:
            self._track = self._opener()
        return self._track

    def named(self, name: str) -> Member:
        """The same track under another name."""
        return self if name == self.name else Member(name, partial(_track_of, self))

    def derived(self, function: Callable[..., Any], *others: Member) -> Member:
        """What a function makes of the track, and of those of other stacks; it can be pickled."""
        return Member(self.name, partial(_applied, function, (self, *others)))

    def __reduce__(self) -> tuple[Any, ...]:
        return Member, (self.name, self._opener)


def _track_of(member: Member) -> Track:
    return member.track


def _applied(function: Callable[..., Any], members: tuple[Member, ...]) -> Track:
    made: Track = function(*(member.track for member in members))
    return made


class _Together:
    """Tracks and files that are opened together: files take the chromosomes that all of them have."""

    def __init__(self, tracks: Sequence[TrackOrFile]) -> None:
        self._tracks = tuple(tracks)
        self._opened: tuple[Track, ...] | None = None

    def track(self, k: int) -> Track:
        """One of them."""
        if self._opened is None:
            self._opened = opened_together(self._tracks)
        return self._opened[k]

    def __reduce__(self) -> tuple[Any, ...]:
        return _Together, (self._tracks,)


def members_of(tracks: Sequence[TrackOrFile], names: Sequence[str]) -> tuple[Member, ...]:
    """Members from tracks, paths and URLs."""
    together = _Together(tracks)
    return tuple(Member(name, partial(together.track, k)) for k, name in enumerate(names))


def numbered(names: Sequence[str]) -> list[str]:
    """Names, of which a repeated one gets a number.

    Examples
    --------
    >>> numbered(["a", "b", "a", "a"])
    ['a', 'b', 'a.2', 'a.3']
    """
    made: list[str] = []
    for k, name in enumerate(names):
        made.append(name if name not in made else f"{name}.{k}")
    return made
