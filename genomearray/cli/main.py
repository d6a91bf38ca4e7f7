"""``genomearray``: the program and its subcommands, each loaded when it is asked for."""

from __future__ import annotations

import importlib
import os
import signal
import sys
import warnings
from collections.abc import Mapping
from typing import Any

import click

from genomearray._version import __version__
from genomearray.errors import GenomeArrayError

_COMMANDS = {
    "init": "genomearray.cli.database:init",
    "import": "genomearray.cli.imports:import_",
    "tracks": "genomearray.cli.database:tracks",
    "chromosomes": "genomearray.cli.database:chromosomes",
    "info": "genomearray.cli.query:info",
    "get": "genomearray.cli.query:get",
    "seq": "genomearray.cli.query:seq",
    "seq-stats": "genomearray.cli.query:seq_stats",
    "plot": "genomearray.cli.query:plot",
    "stats": "genomearray.cli.derive:stats",
    "verify": "genomearray.cli.derive:verify",
    "regions": "genomearray.cli.stacks:regions",
    "bins": "genomearray.cli.stacks:bins",
    "corr": "genomearray.cli.stacks:corr",
    "pca": "genomearray.cli.stacks:pca",
    "matrix": "genomearray.cli.matrix:matrix",
    "summary": "genomearray.cli.stacks:summary",
    "compare": "genomearray.cli.expressions:compare",
    "compute": "genomearray.cli.expressions:compute",
    "combine": "genomearray.cli.derive:combine",
    "combine-strands": "genomearray.cli.derive:combine_strands",
    "distance": "genomearray.cli.derive:distance",
    "gc": "genomearray.cli.derive:gc",
    "kmer": "genomearray.cli.derive:kmer",
    "liftover": "genomearray.cli.lift:liftover",
    "lift-bed": "genomearray.cli.lift:lift_bed",
    "export": "genomearray.cli.exports:export",
    "migrate": "genomearray.cli.database:migrate",
}


class _Terminated(BaseException):
    """The program was told to end (SIGTERM): nothing that handles errors may take it for one."""


class _ReaderGone(Exception):
    """Whoever read our output has closed it, as ``head`` does."""


class LazyGroup(click.Group):
    """A group whose commands are imported by name, in the order of the table."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; click would end a broken pipe with status 1."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as error:
            raise _ReaderGone from error
        return result

    def __init__(self, *args: Any, lazy: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._lazy = dict(lazy or {})

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return [*self._lazy, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name."""
        if cmd_name not in self._lazy:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = self._lazy[cmd_name].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


def _show_version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        from genomearray.loops import is_compiled

        without = "" if is_compiled() else " (without compiled code: slow)"
        click.echo(f"genomearray, version {__version__}{without}")
        ctx.exit()


@click.group(cls=LazyGroup, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--db", metavar="FOLDER", help="Folder of the database [default: $GENOME_DB].")
@click.option("--assembly", metavar="NAME", help="Genome assembly, such as hg38 [default: $GENOME_ASSEMBLY].")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version.",
)
@click.pass_context
def cli(ctx: click.Context, db: str | None, assembly: str | None) -> None:
    """Keep per-base genome data as a database of tracks, and ask it questions.

    A track holds one value for each base of a genome assembly: read depth, counts,
    conservation, DNA sequence. Positions are written as a genome browser does,
    chr1:1,000-2,000: counted from 1, both ends included.

    \b
    Begin with:
      export GENOME_DB=~/genome_db GENOME_ASSEMBLY=hg38
      genomearray init hg38 hg38.chrom.sizes
      genomearray import bigwig conservation/phylop hg38.phyloP100way.bw
      genomearray get conservation/phylop chr12:1,000,000-1,000,010
    """
    ctx.obj = {"db": db, "assembly": assembly}


def _warn(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    click.echo(f"genomearray: {message}", err=True)


def _terminated(*_: object) -> None:
    raise _Terminated


def main() -> None:
    """Run the program: exit status 0, 1 with one line that says what is wrong, or 2 for wrong usage."""
    warnings.showwarning = _warn
    # A batch system that ends a job says so with SIGTERM: what was begun is cleaned up, as after Ctrl-C.
    signal.signal(signal.SIGTERM, _terminated)
    try:
        cli(standalone_mode=False)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.ClickException as error:  # wrong usage: 2
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, _Terminated):
        sys.exit("genomearray: interrupted; nothing was changed")
    except _ReaderGone:
        # The reader of our output is gone (head): not an error, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except GenomeArrayError as error:
        sys.exit(f"genomearray: {error.on_command_line()}")
    except OSError as error:
        place = f" ({error.filename})" if error.filename else ""
        sys.exit(f"genomearray: {error.strerror or error}{place}")
    except MemoryError:
        sys.exit("genomearray: not enough memory; use fewer --threads")
