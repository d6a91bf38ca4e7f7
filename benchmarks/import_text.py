"""Import of a wiggle and a bedGraph of 20 million lines, against writing the same file to bigWig.

    python benchmarks/import_text.py [FOLDER] [LINES] [RUNS]

Peers read the file as fast as their users can: pybigtools takes an iterator of tuples, pyBigWig
numpy columns from pandas (bedGraph) or numpy (wiggle). Every run is a process of its own; files are
written to the same disk.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from peers import alternate, tell
from synthetic import HUMAN, write_bedgraph, write_depth_bedgraph, write_wig

PEER = """
import sys
import numpy as np
kind, form, path, out, table = sys.argv[1:]
sizes = dict((line.split()[0], int(line.split()[1])) for line in open(table))
def bedgraph_rows():
    with open(path) as file:
        for line in file:
            chrom, start, end, value = line.split()
            yield chrom, int(start), int(end), float(value)
def wig_stretches():
    values = []
    with open(path) as file:
        for line in file:
            if line[0] == "f":
                if values: yield chrom, start, values
                keys = dict(word.split("=") for word in line.split()[1:])
                chrom, start, values = keys["chrom"], int(keys["start"]) - 1, []
            else:
                values.append(line)
    yield chrom, start, values
def wig_rows():
    for chrom, start, values in wig_stretches():
        for k, value in enumerate(values, start):
            yield chrom, k, k + 1, float(value)
if kind == "pybigtools":
    import pybigtools
    pybigtools.open(out, "w").write(sizes, bedgraph_rows() if form == "bedgraph" else wig_rows())
else:
    import pyBigWig
    file = pyBigWig.open(out, "w")
    file.addHeader(list(sizes.items()))
    if form == "bedgraph":
        import pandas as pd
        types = {"c": "category", "s": "int64", "e": "int64", "v": "float64"}
        for table in pd.read_csv(path, sep="\\t", header=None, names=list(types), dtype=types, chunksize=2_000_000):
            for chrom, rows in table.groupby("c", observed=True, sort=False):
                file.addEntries([chrom] * len(rows), rows.s.to_numpy(), ends=rows.e.to_numpy(), values=rows.v.to_numpy())
    else:
        for chrom, start, values in wig_stretches():
            file.addEntries(chrom, start, values=np.array(values, dtype=float), span=1, step=1)
    file.close()
"""


def main(folder: Path, lines: int, runs: int) -> None:
    """Make the files, run everybody in turn, and print a table."""
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / "human.sizes"
    table.write_text("".join(f"{name}\t{length}\n" for name, length in HUMAN.items()))
    program = Path(sys.executable).with_name("genomearray")
    where = ["--db", folder / "db", "--assembly", "human"]
    if not (folder / "db" / "human").exists():
        subprocess.run(
            [program, "init", "human", table, "--db", folder / "db"], check=True, stderr=subprocess.DEVNULL
        )
    print("| work | medians | ratio |\n|---|---|---|")
    works = (
        ("wiggle", "wig", write_wig, ["float32"]),
        ("bedGraph of 30x depth", "bedgraph", write_depth_bedgraph, ["uint16", "float32"]),
        ("bedGraph of runs of 150 bp over the genome", "bedgraph", write_bedgraph, ["uint16", "float32"]),
    )
    for what, form, make, dtypes in works:
        path = folder / f"{make.__name__}.{lines}"
        if not path.exists():
            make(path, lines)

        def ours(dtype: str, form: str = form, path: Path = path) -> None:
            words = [
                program,
                "import",
                form,
                f"{form}_{dtype}",
                path,
                "--dtype",
                dtype,
                "--overwrite",
                *where,
            ]
            subprocess.run(words, check=True, stderr=subprocess.DEVNULL)

        def peer(kind: str, form: str = form, path: Path = path) -> None:
            out = folder / f"{kind}_{form}.bw"
            subprocess.run([sys.executable, "-c", PEER, kind, form, path, out, table], check=True)

        tasks = {f"genomearray {dtype}": lambda d=dtype: ours(d) for dtype in dtypes}
        tasks |= {kind: lambda k=kind: peer(k) for kind in ("pybigtools", "pyBigWig")}
        tasks[f"genomearray {dtypes[0]}"]()  # compiled loops are cached between runs
        medians = alternate(tasks, runs)
        peers = {kind: medians[kind] for kind in ("pybigtools", "pyBigWig")}
        for dtype in dtypes:
            name = f"genomearray {dtype}"
            tell(f"{what}, {lines:,} lines, as {dtype}", {name: medians[name], **peers}, name)
            size = (folder / "db" / "human" / f"{form}_{dtype}.h5").stat().st_size
            bigwigs = ", ".join(
                f"{(folder / f'{k}_{form}.bw').stat().st_size / size:.2f}x {k}" for k in peers
            )
            print(f"| its size as {dtype} | {size / 1e6:.1f} MB | {bigwigs} |", flush=True)


if __name__ == "__main__":
    words = sys.argv[1:]
    main(
        Path(words[0] if words else "/tmp/genomearray-benchmarks"),
        int((words[1:] or ["20500000"])[0]),
        int((words[2:] or ["3"])[0]),
    )
