"""``init``, ``tracks`` and ``chromosomes``: what a database holds."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from genomearray.cli.options import cluster_options, database_options, settings, store_options, with_database

if TYPE_CHECKING:
    from genomearray.database.database import GenomeDB


@click.command()
@click.argument("name", metavar="ASSEMBLY")
@click.argument("chrom_sizes", metavar="CHROM_SIZES")
@database_options
@click.pass_context
def init(ctx: click.Context, name: str, chrom_sizes: str, db: str | None, assembly: str | None) -> None:
    """Make a new assembly in the database.

    ASSEMBLY is its name, such as hg38. CHROM_SIZES gives the names and lengths of its
    chromosomes: UCSC chrom.sizes or chromInfo.txt, a .fai index, FASTA (all plain or gzip), 2bit, or
    a SAM, BAM or CRAM file. The folder of the database is made if need be.
    """
    from genomearray.database.database import GenomeDB
    from genomearray.errors import DatabaseError

    folder = settings(ctx, db, None)[0] or os.environ.get("GENOME_DB")
    if not folder:
        raise DatabaseError("no database is named: give --db FOLDER or set GENOME_DB")
    if assembly and assembly != name:
        raise click.UsageError(f"the assembly is named twice: {name} and --assembly {assembly}")
    made = GenomeDB.create(folder, name, chrom_sizes).assembly
    bases = sum(chrom.length for chrom in made)
    click.echo(f"assembly {name}: {len(made):,} chromosomes, {bases:,} bp", err=True)


@click.command()
@click.argument("folder", metavar="[FOLDER]", default="")
@click.option("--paths", is_flag=True, help="Print file paths instead of names.")
@database_options
@click.pass_context
def tracks(ctx: click.Context, folder: str, paths: bool, db: str | None, assembly: str | None) -> None:
    """List the tracks of an assembly, or those in one FOLDER of it."""
    # From the names of the files alone: numpy and HDF5 would take twice as long to import.
    from genomearray.database.folders import assembly_folder, database_folder
    from genomearray.errors import DatabaseError
    from genomearray.storage.names import only_form, track_names

    path, name = settings(ctx, db, assembly)
    here = assembly_folder(database_folder(path), name)
    if folder and not (here / folder).is_dir():
        raise DatabaseError(f"there is no folder {folder!r} of tracks in {here}; see: genomearray tracks")
    for track in sorted(set(track_names(here, folder))):
        click.echo(only_form(here, track) if paths else track)


@click.command()
@click.argument("dest", metavar="DEST_DB")
@store_options
@cluster_options
@database_options
@click.pass_context
def migrate(
    ctx: click.Context,
    dest: str,
    store: Any,
    overwrite: bool,
    threads: int | None,
    db: str | None,
    assembly: str | None,
) -> None:
    """Copy a database of the old library (or of this one) into the new database DEST_DB, and
    compare every value.

    All assemblies, or that of --assembly. The old database is only read. A second run goes on where the
    first one stopped. Prints a line for each file; exit status 1 if one could not be copied.
    """
    from genomearray.database.migrate import FAILED
    from genomearray.database.migrate import migrate as copy
    from genomearray.errors import DamagedTrackError

    folder, _ = settings(ctx, db, None)
    named = assembly or (ctx.find_root().obj or {}).get("assembly")
    report = copy(folder, dest, named, store=store, overwrite=overwrite, threads=threads, progress=True)
    for line in report.lines():
        click.echo(line)
    if report.count(FAILED):
        raise DamagedTrackError(
            f"{report.count(FAILED)} of {len(report.files)} files could not be copied; they are named above"
        )


@click.command()
@click.option("--all", "all_", is_flag=True, help="All of them.")
@click.option("--rand", is_flag=True, help="Also unplaced and random sequences.")
@click.option("--y", is_flag=True, help="Also Y.")
@click.option("--hap", is_flag=True, help="Also alternative haplotypes and patches.")
@click.option("--mito", is_flag=True, help="Also the mitochondrial chromosome.")
@click.option("--no-x", is_flag=True, help="Not X.")
@click.option("--ids", is_flag=True, help="Print the rank of each chromosome in a first column.")
@with_database
def chromosomes(
    db: GenomeDB, all_: bool, rand: bool, y: bool, hap: bool, mito: bool, no_x: bool, ids: bool
) -> None:
    """List chromosomes and their lengths (bp): by default autosomes and X."""
    if all_:
        chosen = db.get_all_chromosomes()
    else:
        chosen = db.get_chromosomes(get_rand=rand, get_y=y, get_hap=hap, get_mito=mito, get_x=not no_x)
    for chrom in chosen:
        click.echo((f"{chrom.idnum}\t" if ids else "") + f"{chrom.name}\t{chrom.length}")
