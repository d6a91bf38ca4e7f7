"""Windows that move along a track."""

from __future__ import annotations

from genomearray.track.track import Track


class RollingTrack:
    """Windows of a track; made by :meth:`Track.rolling`."""

    def __init__(self, track: Track, window: int, center: bool, min_periods: int | None) -> None:
        self._track = track
        self._options = (window, center, min_periods)
        self._make("mean")  # what is wrong is told here

    def __repr__(self) -> str:
        window, center, least = self._options
        return f"<RollingTrack of {self._track.label!r}: window={window}, center={center}, min_periods={least}>"

    def _make(self, how: str) -> Track:
        from genomearray.sources.rolling import Rolling

        window, center, least = self._options
        return Track(Rolling(self._track.source, window, how, self._track.label, center=center, min_periods=least))

    def mean(self) -> Track:
        """Mean of each window."""
        return self._make("mean")

    def sum(self) -> Track:
        """Sum of each window."""
        return self._make("sum")

    def max(self) -> Track:
        """Greatest value of each window."""
        return self._make("max")

    def min(self) -> Track:
        """Least value of each window."""
        return self._make("min")
