"""In place of a database where none is named: files can be opened all the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NoReturn

from genomearray.choices import Kind
from genomearray.database.folders import database_folder
from genomearray.errors import LayoutError
from genomearray.features.table import FeatureTable, open_features
from genomearray.track.track import Track, open_track

if TYPE_CHECKING:
    from genomearray.database.verify import VerifyReport
    from genomearray.stacks.stack import Stack


class NoDatabase:
    """Opens tracks by their path; whatever needs a database is the error that none is named."""

    def open_track(self, name: str, kind: Kind | None = None) -> Track:
        """The track of a file; see :func:`genomearray.open_track`."""
        return open_track(name, kind)

    def stack(self, tracks: Iterable[str]) -> Stack:
        """The tracks of files; see :func:`genomearray.stack`."""
        from genomearray.stacks.stack import stack

        return stack(tracks)

    def verify(self, name: str, *, threads: int | None = None, progress: bool = False) -> VerifyReport:
        """Read all of a file; see :meth:`genomearray.GenomeDB.verify`."""
        from genomearray.database.verify import verified
        from genomearray.reference.assembly import Assembly

        opened = self.open(name)
        source = opened.source if isinstance(opened, Track) else None
        names = () if source is None else source.names
        lengths = [(chrom, source.length(chrom)) for chrom in names] if source is not None else []
        assembly = Assembly.in_order(opened.assembly, lengths)
        return verified(name, opened, assembly, threads=threads, progress=progress)

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
