"""The toy database of the tests and of the examples in docstrings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from genomearray_converters import import_fasta

from genomearray import GenomeDB
from genomearray.storage.write.create import create_feature_writer

FRAGMENTS = {"start": [100, 500], "end": [247, 648], "strand": [1, -1], "score": [60, 10]}
TRANSCRIPT = {
    "chrom": "chr1", "start": 100, "end": 400, "strand": "-", "name": "T1", "gene_id": "G1",
    "cds_start": 150, "cds_end": 350, "exon_starts": "100,300", "exon_ends": "200,400",
}  # fmt: skip
TOY = {"chr1": 1000, "chr2": 500, "chrX": 300, "chrM": 60}


OTHER = {"chr1": 900, "chr2": 600}
# 200 bases of chr1 in two blocks with a gap of 10 on the target, and 200 of chr2 on the minus strand.
CHAIN = """chain 900 chr1 1000 + 0 210 chr1 900 + 10 220 1
100 10 0
50 0 10
50

chain 500 chr2 500 + 100 300 chr2 600 - 50 250 2
200
"""


def make_toy(folder: Path) -> GenomeDB:
    """A database with a track of counts (1, 2, 3 ... on chr1) and one of sequence."""
    db = GenomeDB.create(folder, "toy", TOY)
    counts = {"chr1": np.arange(1, 1001, dtype="uint16"), "chr2": np.full(500, 7, dtype="uint16")}
    db.save_track("counts", counts, threads=1)
    fasta = folder / "toy.fa"
    fasta.write_text("".join(f">{name}\n{('ACGTacgtNNRY' * 84)[:length]}\n" for name, length in TOY.items()))
    import_fasta(db, "seq", fasta, threads=1)
    return db


@pytest.fixture
def db(tmp_path: Path) -> GenomeDB:
    """A fresh toy database."""
    return make_toy(tmp_path)


@pytest.fixture(autouse=True)
def _examples(request: pytest.FixtureRequest) -> None:
    """Names that the examples in docstrings use."""
    if not isinstance(request.node, pytest.DoctestItem):
        return
    folder: Path = request.getfixturevalue("tmp_path")
    namespace: dict[str, Any] = request.getfixturevalue("doctest_namespace")
    toy = make_toy(folder)
    table = None
    if ".features." in request.node.name:
        writer = create_feature_writer(toy.folder, toy.assembly, "fragments", {"score": "uint8"})
        writer.append("chr1", {name: np.array(column) for name, column in FRAGMENTS.items()})
        writer.finish()
        writer.publish()
        table = toy.open_features("fragments")
        toy.save_features("genes", pd.DataFrame([TRANSCRIPT]))
    chain = folder / "toy.chain"
    chain.write_text(CHAIN)
    other = GenomeDB.create(folder, "other", OTHER)
    namespace.update(
        table=table,
        chain_file=str(chain),
        other=other,
        db=toy,
        track=toy["counts"],
        seq=toy["seq"],
        tmp=str(folder),
        np=np,
    )
