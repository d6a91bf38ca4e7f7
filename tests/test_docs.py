"""README and docs, followed from the top in an empty folder: commands run, programs print what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pysam
import pytest

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
CHAIN = "chain 9 chr12 1200000 + 0 1200000 chr12 1200000 + 0 1200000 1\n1200000\n"
GTF = 'chr12\tx\texon\t{}\t{}\t.\t+\t.\tgene_id "g1"; transcript_id "t1";\n'
# What a page that is not a walk of its own stands on.
BEGIN = """
export GENOME_DB=$PWD/genome_db GENOME_ASSEMBLY=toy
printf 'chr1\\t5000\\nchr12\\t1200000\\nchrX\\t900\\n' > toy.chrom.sizes
genomearray init toy toy.chrom.sizes
printf 'chr12\\t1000000\\t1000050\\t7\\nchr12\\t1000050\\t1000200\\t12\\n' | genomearray import bedgraph chip/depth - --dtype uint16
"""
WALKS = ("README.md", "guide.md")  # they begin with an empty folder


def write_files(folder: Path) -> None:
    """The files that the pages name."""
    sizes = {"chr1": 5000, "chr12": 1_200_000, "chrX": 900}
    (folder / "toy.fa").write_text("".join(f">{name}\n{'ACGT' * (n // 4)}\n" for name, n in sizes.items()))
    (folder / "toyToOther.over.chain").write_text(CHAIN)
    (folder / "peaks.bed").write_text("chr12\t1000\t1100\tp\t5\t+\n")
    (folder / "toy.gtf").write_text(GTF.format(101, 200) + GTF.format(301, 400))
    rng = np.random.default_rng(2)
    header = {"HD": {"VN": "1.6"}, "SQ": [{"SN": name, "LN": n} for name, n in sizes.items()]}
    for name in ("replicate1.bam", "replicate2.bam"):
        starts = np.sort(rng.integers(0, 1_100_000, 200))
        records = []
        for k, start in enumerate(starts.tolist()):
            for flag, at, size in ((99, start, 150), (147, start + 100, -150)):
                records.append(
                    (
                        at,
                        f"r{k}\t{flag}\tchr12\t{at + 1}\t60\t50M\t=\t{start + (1 if flag == 147 else 101)}\t{size}\t*\t*",
                    )
                )
        with pysam.AlignmentFile(folder / name, "wb", header=header) as file:
            for _, text in sorted(records, key=lambda record: record[0]):
                file.write(pysam.AlignedSegment.fromstring(text, file.header))


def commands(block: str) -> list[tuple[str, list[str]]]:
    """The commands of a console block, each with the lines that must be printed."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        else:
            found[-1][1].append(line)
    return found


@pytest.fixture
def shell(tmp_path):
    """Run commands in a folder, one shell for all."""
    write_files(tmp_path)
    env = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONWARNINGS": "error::FutureWarning",
    }
    env |= {"GENOME_DB": str(tmp_path / "genome_db"), "GENOME_ASSEMBLY": "toy"}

    def run(script: str, *, may_fail: bool = False) -> str:
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=tmp_path,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert may_fail or done.returncode == 0, (script, done.stdout)
        return done.stdout

    return run


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_does_what_it_says(page, shell, tmp_path):
    text = page.read_text()
    assert not re.search(r"^ {4,}\S(?!.*\|)", re.sub(BLOCK, "", text), re.MULTILINE), (
        "code belongs in a fenced block"
    )
    blocks = BLOCK.findall(text)
    if page.name not in WALKS and any(language in ("console", "python") for language, _ in blocks):
        shell(BEGIN)
    program = ""
    if page.name not in WALKS:
        program = "import genomearray as ga\ntrack = ga.GenomeDB('genome_db', assembly='toy')['chip/depth']\n"
    for language, block in blocks:
        assert language in ("", "console", "python", "text"), language
        if language == "console":
            for command, printed in commands(block):
                out = shell(command, may_fail=bool(printed)).splitlines()
                assert [line for line in printed if line not in out] == [], (command, out)
        elif language == "python":
            program += block
            (tmp_path / "page.py").write_text(program)
            out = shell(f"{sys.executable} page.py").splitlines()
            said = [
                line.split("  # ")[1] for line in program.splitlines() if "print(" in line and "  # " in line
            ]
            assert out == said
