"""Cold start of everyday commands and of the import, against ``import xarray``; whole processes in turn."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from peers import alternate, tell

import genomearray as ga


def main() -> None:
    """Time processes on a small database."""
    program = Path(sys.executable).with_name("genomearray")
    with tempfile.TemporaryDirectory() as folder:
        db = ga.GenomeDB.create(folder, "toy", {"chr1": 1000})
        db.save_track("x", [("chr1", 0, [1.0])])
        env = os.environ | {"GENOME_DB": folder, "GENOME_ASSEMBLY": "toy"}
        commands = {
            "--help": [program, "--help"],
            "tracks": [program, "tracks"],
            "get": [program, "get", "x", "chr1:1-5"],
            "import genomearray": [sys.executable, "-c", "import genomearray"],
            "import xarray": [sys.executable, "-c", "import xarray"],
        }

        def run(words: list[object]) -> None:
            subprocess.run(words, env=env, check=True, stdout=subprocess.DEVNULL)

        medians = alternate({name: lambda w=words: run(w) for name, words in commands.items()}, 9)
    print("| work | medians | ratio |\n|---|---|---|")
    tell("cold start", medians, "import genomearray")


if __name__ == "__main__":
    main()
