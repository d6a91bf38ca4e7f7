"""The main job end to end, on a small genome made on the spot.

    python examples/demo.py FOLDER

Makes a genome database in FOLDER with the program ``genomearray``, imports a wiggle, a bedGraph
and a FASTA file, asks for a region on the command line and in Python, and draws it.
"""

import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import genomearray as ga

PROGRAM = Path(sys.executable).with_name("genomearray")
LENGTHS = {"chr1": 200_000, "chr2": 120_000, "chrX": 80_000, "chrM": 16_000}


def make_files(folder):
    """A small genome: its sequence, conservation scores and read depth."""
    rng = np.random.default_rng(1)
    with (
        (folder / "toy.fa").open("w") as fasta,
        (folder / "depth.bedgraph").open("w") as depth,
        (folder / "scores.wig").open("w") as scores,
    ):
        for chrom, length in LENGTHS.items():
            fasta.write(f">{chrom}\n" + "".join(rng.choice(list("ACGT"), length)) + "\n")
            centre, width = length / 3, length / 40
            wave = 12 + 30 * np.exp(-(((np.arange(length) - centre) / width) ** 2))
            counts = rng.poisson(np.repeat(wave[::25], 25)[:length])[::25]
            depth.writelines(
                f"{chrom}\t{k * 25}\t{min(k * 25 + 25, length)}\t{count}\n" for k, count in enumerate(counts)
            )
            scores.write(f"fixedStep chrom={chrom} start=1 step=1\n")
            scores.writelines(
                f"{score:.3f}\n"
                for score in np.convolve(rng.normal(0, 1, length + 50), np.ones(51) / 7, "valid")
            )


def run(*words):
    """Show a command as one would type it, and run it."""
    print("$ genomearray", *words, flush=True)
    subprocess.run([PROGRAM, *map(str, words)], check=True)


def main(folder):
    """Make, import, ask, draw."""
    folder.mkdir(parents=True, exist_ok=True)
    make_files(folder)
    where = ["--db", folder / "genome_db", "--assembly", "toy"]
    if not (folder / "genome_db" / "toy").exists():
        run("init", "toy", folder / "toy.fa", "--db", folder / "genome_db")
    run("import", "fasta", "seq", folder / "toy.fa", "--overwrite", *where)
    run("import", "bedgraph", "depth", folder / "depth.bedgraph", "--dtype", "uint16", "--overwrite", *where)
    run("import", "wig", "scores", folder / "scores.wig", "--overwrite", *where)
    run("tracks", *where)
    run("get", "depth", "chr1:66,001-66,004", *where)
    run("seq", "chr1", 66_001, 66_060, *where)

    db = ga.GenomeDB(folder / "genome_db", "toy")
    depth = db["depth"].sel(chrom="chr1", pos=slice(50_001, 85_000))
    scores = db["scores"].sel(chrom="chr1", pos=slice(50_001, 85_000))
    print(depth)
    figure, axes = plt.subplots(2, 1, figsize=(9, 5), sharex=True, layout="constrained")
    depth.plot(ax=axes[0], color="tab:blue", linewidth=0.7)
    scores.rolling(pos=201, center=True).mean().plot(ax=axes[1], color="tab:green", linewidth=0.8)
    for axis, label in zip(axes, ("read depth", "score, mean of 201 bp"), strict=True):
        axis.set_title("")
        axis.set_xlabel("")
        axis.set_ylabel(label)
    axes[0].set_title("chr1:50,001-85,000")
    axes[1].set_xlabel("position on chr1 (bp)")
    picture = folder / "demo.png"
    figure.savefig(picture, dpi=120)
    print(f"drawn: {picture}")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "demo"))
