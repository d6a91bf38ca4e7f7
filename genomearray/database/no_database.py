"""In place of a database where none is named: files can be opened all the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from genomearray.choices import Kind
from genomearray.database.folders import database_folder
from genomearray.errors import LayoutError
from genomearray.features.table import FeatureTable, open_features
from genomearray.stacks.stack import Stack, stack
from genomearray.track.track import Track, open_track


class NoDatabase:
    """Opens tracks by their path; whatever needs a database is the error that none is named."""

    def open_track(self, name: str, kind: Kind | None = None) -> Track:
        """The track of a file; see :func:`genomearray.open_track`."""
        return open_track(name, kind)

    def stack(self, tracks: Iterable[str]) -> Stack:
        """The tracks of files; see :func:`genomearray.stack`."""
        return stack(tracks)

    def open(self, name: str) -> Track | FeatureTable:
        """The track or feature table of a file."""
        try:
            return self.open_track(name)
        except LayoutError as error:
            try:
                return open_features(name, name)
            except LayoutError:
                raise error from None

    def __getattr__(self, name: str) -> NoReturn:
        if not name.startswith("__"):
            database_folder(None)  # raises
        raise AttributeError(name)
