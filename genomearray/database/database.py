"""A database of tracks: one folder an assembly, one file or store a track.

$GENOME_DB/<assembly>/chromosome.h5        the chromosome table
$GENOME_DB/<assembly>/<any/name>.h5|.zarr  one track each
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, Unpack

from numpy.typing import DTypeLike

from genomearray._cached import Cached
from genomearray.choices import STORES, Kind, Store
from genomearray.errors import (
    AssemblyError,
    AssemblyExistsError,
    DatabaseError,
    LayoutError,
    TrackNameError,
    UnknownTrackError,
    nearest_names,
)
from genomearray.foreign.chromosomes import read_assembly
from genomearray.reference.assembly import Assembly, Chromosome
from genomearray.storage.chromosome_table import FILE, write_chromosome_table
from genomearray.storage.write.publish import check_track_name, existing
from genomearray.track.track import Track, open_track

if TYPE_CHECKING:
    import pandas as pd

    from genomearray.database.save import TrackData
    from genomearray.features.table import FeatureTable
    from genomearray.foreign.old_lift_table import LiftTable
    from genomearray.storage.write.options import TrackSettings, WriteReport
    from genomearray.storage.write.track_writer import TrackWriter


class GenomeDB:
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

    def __init__(self, path: str | os.PathLike[str] | None = None, assembly: str | None = None) -> None:
        self.path = database_folder(path)
        name = assembly or os.environ.get("GENOME_ASSEMBLY")
        known = list_assemblies(self.path)
        there = (
            f"; there are: {', '.join(known)}"
            if known
            else f"; {self.path} holds none yet: run genomearray init"
        )
        if not name:
            raise DatabaseError(
                "no assembly is named", hint=f"give {{assembly=}} or set GENOME_ASSEMBLY{there}"
            )
        _check_assembly_name(name)
        self.folder = self.path / name
        if name not in known:
            raise DatabaseError(f"assembly {name!r} is not in the database {self.path}{there}")

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
        _check_assembly_name(assembly)
        folder = Path(path).expanduser() / assembly
        if (folder / FILE).exists():
            raise AssemblyExistsError(
                f"assembly {assembly!r} is in the database already: {folder}; choose another name, "
                "or remove that folder"
            )
        if isinstance(chrom_sizes, (str, os.PathLike)):
            from genomearray.reference.chrom_sizes import read_chrom_sizes

            sizes: Iterable[tuple[str, int]] = read_chrom_sizes(chrom_sizes)
        else:
            sizes = chrom_sizes.items() if isinstance(chrom_sizes, Mapping) else chrom_sizes
        table = Assembly.from_sizes(assembly, sizes)
        folder.mkdir(parents=True, exist_ok=True)
        write_chromosome_table(folder, table)
        return cls(path, assembly)

    # -- chromosomes ---------------------------------------------------------------------

    @Cached
    def assembly(self) -> Assembly:
        """The chromosome table as an object."""
        return read_assembly(self.folder)

    @property
    def chromosomes(self) -> pd.DataFrame:
        """The chromosome table: name, length (bp), idnum and the is_* flags, a row each.

        Examples
        --------
        >>> db.chromosomes[["name", "length"]].head(2).values.tolist()
        [['chr1', 1000], ['chr2', 500]]
        """
        import pandas as pd

        columns = (
            "name",
            "length",
            "idnum",
            "is_auto",
            "is_sex",
            "is_x",
            "is_y",
            "is_hap",
            "is_rand",
            "is_mito",
        )
        return pd.DataFrame({c: [getattr(chrom, c) for chrom in self.assembly] for c in columns})

    def get_chromosomes(self, **flags: bool) -> list[Chromosome]:
        """Chromosomes by kind; by default autosomes and X.

        Parameters
        ----------
        **flags : bool
            ``get_rand=False, get_auto=True, get_sex=True, get_x=True, get_y=False, get_hap=False,
            get_mito=False``: a chromosome is left out when any kind it is of is not wanted.

        Returns
        -------
        list of Chromosome, in order

        Examples
        --------
        >>> [chrom.name for chrom in db.get_chromosomes(get_mito=True)]
        ['chr1', 'chr2', 'chrX', 'chrM']
        """
        return self.assembly.select(**flags)

    def get_all_chromosomes(self) -> list[Chromosome]:
        """All chromosomes, in order."""
        return list(self.assembly)

    def get_chromosome(self, name: str) -> Chromosome:
        """The chromosome of a name; UnknownChromosomeError offers the nearest ones.

        Examples
        --------
        >>> db.get_chromosome("chr2").length
        500
        """
        return self.assembly[name]

    def get_chromosome_dict(self) -> dict[str, Chromosome]:
        """All chromosomes by name."""
        return {chrom.name: chrom for chrom in self.assembly}

    def get_chromosomes_from_args(self, args: Iterable[str]) -> list[Chromosome]:
        """Chromosomes from command-line words: names, idnums, or ranges of idnums (``1-22``).

        Examples
        --------
        >>> [chrom.name for chrom in db.get_chromosomes_from_args(["1-2", "chrM"])]
        ['chr1', 'chr2', 'chrM']
        """
        return self.assembly.select_args([args] if isinstance(args, str) else args)

    # -- tracks --------------------------------------------------------------------------

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
        return sorted(_track_names(self.folder, subdir or ""))

    def has_track(self, name: str) -> bool:
        """Whether there is a track of that name.

        Examples
        --------
        >>> db.has_track("counts"), db.has_track("nothing")
        (True, False)
        """
        try:
            return existing(self.folder, check_track_name(name)) is not None
        except TrackNameError:
            return False

    def get_track_path(self, name: str) -> Path:
        """Path of the file or store of a track; UnknownTrackError offers the nearest names."""
        check_track_name(name)
        path = existing(self.folder, name)
        if path is None:
            near = nearest_names(name, self.list_tracks())
            hint = (
                f"nearest names: {', '.join(map(repr, near))}"
                if near
                else "see: {list_tracks()|genomearray tracks}"
            )
            raise UnknownTrackError(f"track {name!r} is not in the database {self.folder}", hint=hint)
        return path

    def open_track(self, name: str, kind: Kind | None = None) -> Track:
        """Open a track for reading, also one that the old library ``genome`` wrote.

        Parameters
        ----------
        name : str
            May hold ``/``, for instance ``dnase/k562``.
        kind : {"signal", "sequence"}, optional
            Of an old file, which does not tell. By default letters are recognised.

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
        track = open_track(self.get_track_path(name), kind)
        if track.assembly != self.folder.name:
            raise AssemblyError(
                f"track {name!r} is on assembly {track.assembly!r}, and this database folder is "
                f"{self.folder.name!r}: {track.path}"
            )
        track.name = name
        return track

    def open_features(self, name: str) -> FeatureTable:
        """Open a feature table for reading.

        Parameters
        ----------
        name : str

        Returns
        -------
        FeatureTable

        Raises
        ------
        UnknownTrackError, LayoutError, AssemblyError
        """
        from genomearray.features.table import open_features

        table = open_features(self.get_track_path(name), name)
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

    def __getitem__(self, name: str) -> Track:
        """The same as :meth:`open_track`."""
        return self.open_track(name)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.has_track(name)

    # -- writing -------------------------------------------------------------------------

    def create_track(
        self,
        name: str,
        dtype: DTypeLike = "float32",
        **options: Unpack[TrackSettings],
    ) -> TrackWriter:
        """A writer for a new track; use it in a ``with`` statement.

        The track appears when the ``with`` ends without an error; else nothing is left.

        Parameters
        ----------
        name : str
            Folders are separated by ``/``.
        dtype : dtype
            Any integer of 1-8 bytes, float32 or float64. Bases nobody writes hold NaN (floats) or 0.
        kind : {"signal", "sequence"}
            A sequence is uint8 (ASCII codes), and its missing bases are ``N``.
        store : {"h5", "zarr"}
            One HDF5 file, or one Zarr store for parallel and distributed work.
        overwrite : bool
            Replace a track of that name. Without it, an existing name is refused at once.
        units : str, optional
            Of the values. Default: ``count`` for integers.
        source : str
            Where the data come from; kept with the track.
        overflow : {"saturate", "error", "widen"}
            For values the dtype cannot hold; saturated ones are counted.
        round : bool
            Whether fractions may be rounded into an integer dtype; else they are an error.
        threads : int, optional
            That compress. Default: one a core, at most 8.
        command : str, optional
            Kept with the track. Default: the command line.

        Returns
        -------
        TrackWriter

        Raises
        ------
        TrackNameError, TrackExistsError, ValueRangeError

        Examples
        --------
        >>> with db.create_track("new/peaks", dtype="uint8") as writer:
        ...     writer.write("chr2", 100, [1, 1, 1])
        >>> int(db["new/peaks"].values("chr2").sum())
        3
        """
        from genomearray.storage.write.create import create_writer
        from genomearray.storage.write.options import WriteOptions

        return create_writer(self.folder, self.assembly, name, dtype, WriteOptions(**options))

    def save_track(
        self,
        name: str,
        data: TrackData,
        dtype: DTypeLike | None = None,
        *,
        progress: bool = False,
        **options: Unpack[TrackSettings],
    ) -> WriteReport:
        """Write a whole track from arrays, a Dataset, a track, or pieces.

        Parameters
        ----------
        name : str
        data : mapping, Dataset, Track or iterable
            ``{chrom: array}`` with one value a base; a Dataset with the variables of a track, also
            lazy (computed block by block); a Track, stored or lazy (computed in threads, or on the
            dask cluster of the session: a ``distributed.Client``); or an iterable of ``(chrom,
            start, values)`` with offsets. Chromosomes that are not given hold the fill value.
        dtype : dtype, optional
            Default: that of the data; for pieces, that of the first one.
        progress : bool
            Show a bar on a terminal, for a Track.
        **options
            As for :meth:`create_track`; ``threads`` computes here even if there is a cluster.

        Returns
        -------
        WriteReport
            Bases written, overwritten and saturated.

        Raises
        ------
        AssemblyError
            An array is not as long as its chromosome.
        TrackExistsError, UnknownChromosomeError, ValueRangeError

        Examples
        --------
        >>> import numpy as np
        >>> report = db.save_track("ones", {"chr2": np.ones(500, dtype="uint8")})
        >>> report.bases
        500
        """
        from genomearray.database.save import save

        return save(self.folder, self.assembly, name, data, dtype, options, progress=progress)

    def save_features(
        self,
        name: str,
        table: pd.DataFrame,
        *,
        store: Store = "h5",
        overwrite: bool = False,
        source: str = "",
    ) -> int:
        """Keep a table of features, sorted.

        Parameters
        ----------
        name : str
        table : DataFrame
            ``chrom``, ``start``, ``end`` (offsets, 0-based, half-open), optionally ``strand``
            (``+``, ``-``, ``.``), and columns of numbers or texts.
        store, overwrite, source
            As for :meth:`create_track`.

        Returns
        -------
        int
            Features.

        Raises
        ------
        TrackNameError, TrackExistsError, UnknownChromosomeError, RegionError, ValueRangeError

        Examples
        --------
        >>> db.save_features("high", db["counts"].intervals(above=990))
        1
        >>> db.open_features("high").to_dataframe().values.tolist()
        [['chr1', 990, 1000, '.', 995.5, 1000.0]]
        """
        from genomearray.database.save import save_features
        from genomearray.storage.write.options import WriteOptions

        return save_features(
            self.folder,
            self.assembly,
            name,
            table,
            WriteOptions(store=store, overwrite=overwrite, source=source),
        )

    # -- open and closed -----------------------------------------------------------------

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
    return sorted(entry.parent.name for entry in folder.glob(f"*/{FILE}"))


def _check_assembly_name(name: str) -> None:
    if not name or name.startswith(".") or "/" in name or name != name.strip() or not name.isprintable():
        raise DatabaseError(
            f"assembly name {name!r} cannot be a folder; use letters, digits, '-', '_' and '.', for "
            "instance hg38"
        )


def _track_names(folder: Path, prefix: str) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder / prefix))
    except (FileNotFoundError, NotADirectoryError):
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        name = f"{prefix}/{entry.name}" if prefix else entry.name
        stem, _, form = name.rpartition(".")
        if form in STORES and stem:
            if stem != "chromosome":
                yield stem
        elif entry.is_dir():
            yield from _track_names(folder, name)
