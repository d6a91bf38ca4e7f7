"""Windows that move along a track."""

from __future__ import annotations

from typing import Generic, TypeVar

from genomearray.track.base import BaseTrack

T = TypeVar("T", bound=BaseTrack)


class RollingTrack(Generic[T]):
    """Windows of a track; made by :meth:`Track.rolling`."""

    def __init__(self, track: T, window: int, center: bool, min_periods: int | None) -> None:
        self._track = track
        self._options = (window, center, min_periods)
        self._make("mean")  # wrong arguments are reported here

    def __repr__(self) -> str:
        window, center, least = self._options
        return (
            f"<RollingTrack of {self._track.label!r}: window={window}, center={center}, min_periods={least}>"
        )

    def _make(self, how: str) -> T:
        from genomearray.sources.rolling import Rolling

        window, center, least = self._options
        return self._track.derived(
            Rolling(self._track.source, window, how, self._track.label, center=center, min_periods=least)
        )

    def mean(self) -> T:
        """Mean of each window."""
        return self._make("mean")

    def sum(self) -> T:
        """Sum of each window."""
        return self._make("sum")

    def max(self) -> T:
        """Greatest value of each window."""
        return self._make("max")

    def min(self) -> T:
        """Least value of each window."""
        return self._make("min")
