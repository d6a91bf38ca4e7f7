"""Import of 20 million reads against mosdepth, and against a loop over pysam.

    python benchmarks/bam.py [FOLDER] [READS] [RUNS]

Both write finished files: we a track, mosdepth per-base output. Both are pinned to the same one or
two cores, with as many threads. mosdepth needs an index and gets it; its time does not include
indexing. Dyads are compared with a loop over pysam that only adds them up in memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from make_bam import make_bam
from peers import alternate, tell
from synthetic import HUMAN

LOOP = """
import sys
import numpy as np
import pysam
counts = {}
with pysam.AlignmentFile(sys.argv[1], threads=int(sys.argv[2])) as file:
    for name, length in zip(file.references, file.lengths):
        counts[name] = np.zeros(length, np.uint16)
    for read in file:
        if read.is_unmapped or read.flag & 1796 or read.mapping_quality < 10 or not read.is_read1 or read.mate_is_unmapped:
            continue
        if read.is_reverse == read.mate_is_reverse or read.reference_id != read.next_reference_id:
            continue
        size = -read.template_length if read.is_reverse else read.template_length
        left = read.next_reference_start if read.is_reverse else read.reference_start
        if 117 <= size <= 400:
            counts[read.reference_name][left + size // 2] += 1
"""


def pinned(cores: int, *words: object) -> list[str]:
    """A command on the first cores only."""
    return ["taskset", "-c", ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores])), *map(str, words)]


def prepare(folder: Path, name: str, reads: int, paired: bool, chroms: list[str]) -> Path:
    bam = folder / f"{name}.{reads}.bam"
    if not bam.exists():
        make_bam(bam, reads, paired, {chrom: HUMAN[chrom] for chrom in chroms})
        subprocess.run(["samtools", "index", bam], check=True)
    return bam


def main(folder: Path, reads: int, runs: int) -> None:
    """Make the files, run everybody in turn, and print a table."""
    folder.mkdir(parents=True, exist_ok=True)
    program = Path(sys.executable).with_name("genomearray")
    single = prepare(folder, "single", reads, False, list(HUMAN))
    paired = prepare(folder, "paired", reads, True, ["chr20", "chr21", "chr22"])
    where = ["--db", folder / "db", "--assembly", "human"]
    if not (folder / "db" / "human").exists():
        subprocess.run([program, "init", "human", single, *where[:2]], check=True, stderr=subprocess.DEVNULL)

    def ours(cores: int, *words: object) -> list[str]:
        return pinned(cores, program, *where, "import", *words, "--overwrite", "--threads", cores)

    print("| work | medians | ratio |\n|---|---|---|")
    works = [
        ("depth, whole genome", "mosdepth", single, ["depth", "d"]),
        ("5' ends, whole genome", "mosdepth", single, ["five-prime", "f", "r"]),
        ("left ends, whole genome", "mosdepth", single, ["left-ends", "l"]),
        ("depth of pairs, mates once", "mosdepth", paired, ["depth", "o", "--preset", "mosdepth"]),
    ]
    for cores in (2, 1):
        for what, peer, bam, words in works:
            command = pinned(cores, peer, "-t", cores - 1, folder / "mosdepth", bam)
            compare(
                f"{what}, {cores} core{'s' if cores > 1 else ''}",
                {"genomearray": ours(cores, *words, bam), peer: command},
                runs,
            )
    for cores in (2, 1):
        dyads = ours(cores, "mnase", "m", paired, "--paired-end", "--max-frag-size", "400")
        loop = pinned(cores, sys.executable, "-c", LOOP, paired, cores)
        compare(
            f"dyads, {cores} core{'s' if cores > 1 else ''}", {"genomearray": dyads, "pysam loop": loop}, runs
        )


def compare(what: str, commands: dict[str, list[str]], runs: int) -> None:
    """One row of the table; what a command prints is shown only when it fails."""
    tasks = {
        name: (lambda command=command: subprocess.run(command, check=True, capture_output=True))
        for name, command in commands.items()
    }
    tell(what, alternate(tasks, runs), "genomearray")


if __name__ == "__main__":
    words = sys.argv[1:] + ["bench-bam", "20000000", "3"][len(sys.argv) - 1 :]
    main(Path(words[0]), int(words[1]), int(words[2]))
