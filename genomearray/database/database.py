"""A database of tracks: one folder an assembly, one file or store a track.

$GENOME_DB/<assembly>/chromosome.h5        the chromosome table
$GENOME_DB/<assembly>/<any/name>.h5|.zarr  one track each
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, overload

from genomearray.choices import Kind
from genomearray.database.folders import check_assembly_name
from genomearray.database.writing import WriteMethods
from genomearray.errors import (
    AssemblyError,
    AssemblyExistsError,
    LayoutError,
    TrackNameError,
    UnknownTrackError,
    nearest_names,
)
from genomearray.foreign.open import open_source
from genomearray.reference.assembly import Assembly
from genomearray.storage.chromosome_table import write_chromosome_table
from genomearray.storage.names import (
    CHROMOSOME_FILE,
    check_track_name,
    dangling_link,
    is_track_file,
    only_form,
    track_names,
)
from genomearray.track.track import Track

if TYPE_CHECKING:
    import pandas as pd

    from genomearray.database.verify import VerifyReport
    from genomearray.features.table import FeatureTable
    from genomearray.foreign.old_lift_table import LiftTable
    from genomearray.stacks.stack import Stack


class GenomeDB(WriteMethods):
    """A folder of tracks of one assembly.

    Parameters
    ----------
    path : path-like, optional
        Of the database. Default: the environment variable ``GENOME_DB``.
    assembly : str, optional
        Default: the environment variable ``GENOME_ASSEMBLY``. There is no other default.

    Raises
    ------
    DatabaseError
        No path, no assembly, or one that is not there.

    Examples
    --------
    >>> from genomearray import GenomeDB
    >>> db = GenomeDB(tmp, "toy")
    >>> [chrom.name for chrom in db.get_chromosomes()]
    ['chr1', 'chr2', 'chrX']
    >>> db.list_tracks()
    ['counts', 'seq']
    """

    @classmethod
    def create(
        cls,
        path: str | os.PathLike[str],
        assembly: str,
        chrom_sizes: str | os.PathLike[str] | Mapping[str, int] | Iterable[tuple[str, int]],
    ) -> GenomeDB:
        """Make a new assembly in a database, and the database if need be.

        Parameters
        ----------
        path : path-like
            Folder of the database.
        assembly : str
            Name of the new assembly, for instance ``hg38``.
        chrom_sizes : path-like, mapping or iterable of (str, int)
            Names and lengths (bp); as a file: chromInfo.txt, chrom.sizes, .fai, FASTA (plain or gzip),
            2bit, or a SAM, BAM or CRAM file with a header.

        Returns
        -------
        GenomeDB

        Raises
        ------
        AssemblyExistsError, AssemblyError, FormatError

        Examples
        --------
        >>> from genomearray import GenomeDB
        >>> GenomeDB.create(tmp, "tiny", {"chr1": 100, "chrX": 50})
        <GenomeDB 'tiny': 2 chromosomes, 0 tracks>
        """
        check_assembly_name(assembly)
        folder = Path(path).expanduser() / assembly
        if (folder / CHROMOSOME_FILE).exists():
            raise AssemblyExistsError(
                f"assembly {assembly!r} is in the database already: {folder}; choose another name, "
                "or remove that folder"
            )
        if isinstance(chrom_sizes, (str, os.PathLike)):
            from genomearray.reference.chrom_sizes import read_chrom_sizes

            sizes: Iterable[tuple[str, int]] = read_chrom_sizes(chrom_sizes)
        else:
            sizes = chrom_sizes.items() if isinstance(chrom_sizes, Mapping) else chrom_sizes
        try:
            table = Assembly.from_sizes(assembly, sizes)
        except AssemblyError as error:
            if isinstance(chrom_sizes, (str, os.PathLike)):
                raise error.within(os.fspath(chrom_sizes), AssemblyError) from None
            raise
        is_new = not folder.exists()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            write_chromosome_table(folder, table)
        except OSError:  # a full disk: nothing is left
            if is_new:
                import shutil

                shutil.rmtree(folder, ignore_errors=True)
            raise
        return cls(path, assembly)

    def list_tracks(self, subdir: str | None = None) -> list[str]:
        """Names of the tracks, sorted.

        Parameters
        ----------
        subdir : str, optional
            Only those in this folder, for instance ``dnase``.

        Examples
        --------
        >>> db.list_tracks()
        ['counts', 'seq']
        """
        return sorted(set(track_names(self.folder, subdir or "")))

    def has_track(self, name: str) -> bool:
        """Whether there is a track of that name.

        Examples
        --------
        >>> db.has_track("counts"), db.has_track("nothing")
        (True, False)
        """
        try:
            return only_form(self.folder, check_track_name(name)) is not None
        except TrackNameError:
            return False

    def get_track_path(self, name: str) -> Path:
        """Path of the file or store of a track; UnknownTrackError offers the nearest names."""
        check_track_name(name)
        path = only_form(self.folder, name)
        if path is None:
            link = dangling_link(self.folder, name)
            if link is not None:
                raise UnknownTrackError(f"{link} is a link to {link.readlink()}, which is not there")
            near = nearest_names(name, self.list_tracks())
            hint = (
                f"nearest names: {', '.join(map(repr, near))}"
                if near
                else "see: {list_tracks()|genomearray tracks}"
            )
            raise UnknownTrackError(f"track {name!r} is not in the database {self.folder}", hint=hint)
        return path

    def open_track(self, name: str, kind: Kind | None = None) -> Track:
        """Open a track for reading, also a bigWig, and one that the old library ``genome`` wrote.

        Parameters
        ----------
        name : str
            May hold ``/``, for instance ``dnase/k562``. A bigWig in the folder of the database, or a
            link to one, is a track of its name without the ending. What has ``://``, begins with ``/``,
            ``./`` or ``../``, or ends in ``.bw``, ``.bigWig``, ``.h5`` or ``.zarr`` is a file anywhere.
        kind : {"signal", "sequence"}, optional
            Of an old file, which does not say. By default letters are recognised.

        Returns
        -------
        Track

        Raises
        ------
        UnknownTrackError, LayoutError, AssemblyError

        Examples
        --------
        >>> db.open_track("counts")
        <Track 'counts': signal, uint16, 4 chromosomes of toy>
        """
        path: Path | str = name if is_track_file(name) else self.get_track_path(name)
        track = Track(open_source(path, kind=kind, assembly=self.assembly), name)
        if track.assembly != self.folder.name:
            raise AssemblyError(
                f"track {name!r} is on assembly {track.assembly!r}, and this database folder is "
                f"{self.folder.name!r}: {track.path}"
            )
        return track

    def stack(
        self, tracks: str | os.PathLike[str] | Track | Iterable[str | os.PathLike[str] | Track] | pd.DataFrame
    ) -> Stack:
        """Several tracks as one; none is opened before it is asked for.

        Parameters
        ----------
        tracks : str, iterable of str, or DataFrame
            A name; a pattern of names with ``*``, ``?`` or ``[...]`` (a track of exactly that name wins); a
            sample sheet: a file that ends in ``.tsv``, ``.csv`` or ``.txt``, or a DataFrame, with a column
            ``track`` of names or paths (relative to the sheet), and further columns that say what each
            is; or several of these. Files are told as in :meth:`open_track`.

        Returns
        -------
        Stack

        Raises
        ------
        FormatError
            A sheet that cannot be read.
        UnknownTrackError
            Tracks that are not there, all at once; a pattern that matches nothing.

        Examples
        --------
        >>> db.stack("c*")
        <Stack of 1 tracks: counts>
        >>> import pandas as pd
        >>> sheet = pd.DataFrame({"track": ["counts"], "condition": ["control"]})
        >>> db.stack(sheet).sel(chrom="chr1", pos=slice(1, 3)).condition.values.tolist()
        ['control']
        """
        from genomearray.database.stacking import stack_of

        return stack_of(self, tracks)

    def open_features(self, name: str) -> FeatureTable:
        """Open a feature table for reading, also a bigBed.

        Parameters
        ----------
        name : str
            Or a file, as for :meth:`open_track`.

        Returns
        -------
        FeatureTable

        Raises
        ------
        UnknownTrackError, LayoutError, AssemblyError
        """
        from genomearray.features.table import open_features

        path: Path | str = name if is_track_file(name) else self.get_track_path(name)
        table = open_features(path, name, self.assembly)
        if table.assembly != self.folder.name:
            raise AssemblyError(
                f"table {name!r} is on assembly {table.assembly!r}, and this database folder is "
                f"{self.folder.name!r}: {table.path}"
            )
        if table.chromosomes != self.assembly.names or any(
            table.length(chrom.name) != chrom.length for chrom in self.assembly
        ):
            raise AssemblyError(
                f"table {name!r} has other chromosomes than assembly {table.assembly!r} of this "
                f"database: {table.path}"
            )
        return table

    def open(self, name: str) -> Track | FeatureTable:
        """Open a track, or a feature table, whichever the name is of.

        Raises
        ------
        UnknownTrackError, AssemblyError
        LayoutError
            It is neither; the message is that of :meth:`open_track`.

        Examples
        --------
        >>> db.open("counts").kind
        'signal'
        """
        try:
            return self.open_track(name)
        except LayoutError as error:
            try:
                return self.open_features(name)
            except LayoutError:
                raise error from None

    def open_lift_table(self, name: str) -> LiftTable:
        """Open a liftover table that the old library wrote; new ones are not made:
        :class:`genomearray.Chain` reads the chain file.

        Parameters
        ----------
        name : str
            ``liftover_<from>_to_<to>_tab``; the other assembly is in the same database.

        Returns
        -------
        LiftTable

        Raises
        ------
        UnknownTrackError, LayoutError
        """
        from genomearray.foreign.old_lift_table import LiftTable

        return LiftTable(self.get_track_path(name))

    def __getitem__(self, name: str) -> Any:
        """A track, or a feature table, whichever the name is of; see :meth:`open`."""
        return self.open(name)

    @overload
    def verify(self, name: str, *, threads: int | None = ..., progress: bool = ...) -> VerifyReport: ...
    @overload
    def verify(
        self, name: None = None, *, threads: int | None = ..., progress: bool = ...
    ) -> dict[str, VerifyReport]: ...
    def verify(
        self, name: str | None = None, *, threads: int | None = None, progress: bool = False
    ) -> VerifyReport | dict[str, VerifyReport]:
        """Read all of a track or table: every chunk decodes, and the statistics agree.

        Parameters
        ----------
        name : str, optional
            Default: everything in the database.
        threads : int, optional
            Default: one a core, or the dask cluster of the session.
        progress : bool
            Show a bar on a terminal.

        Returns
        -------
        VerifyReport, or dict of name to VerifyReport without a name
            What ``genomearray verify`` prints.

        Raises
        ------
        UnknownTrackError, LayoutError

        Examples
        --------
        >>> print(db.verify("counts"))
        track counts: every chunk decodes, and the statistics agree
        >>> all(report.whole for report in db.verify().values())
        True
        """
        from genomearray.database.verify import verified

        if name is None:
            return {one: self.verify(one, threads=threads, progress=progress) for one in self.list_tracks()}
        return verified(name, self.open(name), self.assembly, threads=threads, progress=progress)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has_track(name)

    def close(self) -> None:
        """Nothing is kept open by the database itself; tracks are closed one by one."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return GenomeDB, (self.path.absolute(), self.folder.name)

    def __repr__(self) -> str:
        return (
            f"<GenomeDB {self.folder.name!r}: {len(self.assembly)} chromosomes, "
            f"{len(self.list_tracks())} tracks>"
        )
