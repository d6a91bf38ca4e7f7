"""Letters, k-mers, patterns and GC content of sequences, against loops over the text."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from genomearray_converters import import_fasta
from hypothesis import given, settings
from hypothesis import strategies as st

import genomearray as ga
import genomearray.sources.rolling  # its tiles divide the pieces, whatever a test makes of these
from genomearray import GenomeDB
from genomearray.compute.composition import total
from genomearray.errors import LayoutError, RegionError, ValueRangeError
from genomearray.sources.computed import ComputedSource
from tests.shared_data import DATA, needs_shared

IUPAC = {
    "A": "A", "C": "C", "G": "G", "T": "T", "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip
COMPLEMENT = dict(zip("ACGT", "TGCA", strict=True))


def of_bases(bases: str) -> str:
    return next(letter for letter, found in IUPAC.items() if set(found) == set(bases))


def slow_revcomp(text: str) -> str:
    out = []
    for letter in reversed(text):
        other = of_bases("".join(COMPLEMENT[base] for base in IUPAC[letter.upper()]))
        out.append(other if letter.isupper() else other.lower())
    return "".join(out)


def matches(text: str, pattern: str) -> list[int]:
    out = []
    for k in range(len(text)):
        piece = text[k : k + len(pattern)].upper()
        fits = len(piece) == len(pattern) and all(
            a in IUPAC and set(IUPAC[a]) <= set(IUPAC[b]) for a, b in zip(piece, pattern, strict=True)
        )
        out.append(int(fits))
    return out


letters = st.text("ACGTacgtNnRY-", min_size=1, max_size=200)


@pytest.fixture(scope="module")
def sequence(tmp_path_factory):
    """A sequence track of texts, by chromosome."""
    folder = tmp_path_factory.mktemp("sequences")
    count = itertools.count()

    def make(texts: dict[str, str]):
        name = f"a{next(count)}"
        path = folder / f"{name}.fa"
        path.write_text("".join(f">{chrom}\n{text}\n" for chrom, text in texts.items()))
        db = GenomeDB.create(folder, name, {chrom: len(text) for chrom, text in texts.items()})
        import_fasta(db, "seq", path)
        return db["seq"]

    return make


@settings(max_examples=20, deadline=None)
@given(
    letters,
    letters,
    st.sampled_from(["CG", "A", "N", "GAY", "RCGTY", "TTTTTTTTTT"]),
    st.sampled_from([3, 64, 1 << 18]),
)
def test_everything_equals_a_loop_over_the_text(sequence, one, other, pattern, piece):
    texts = {"chr1": one, "chr2": other, "chr3": "N" * 7}
    seq = sequence(texts)
    before = ComputedSource.read.__globals__["PIECE"]
    ComputedSource.read.__globals__["PIECE"] = piece
    try:
        for strand, patterns in (
            ("+", [pattern]),
            ("-", [slow_revcomp(pattern)]),
            ("both", [pattern, slow_revcomp(pattern)]),
        ):
            track = seq.kmer(pattern, strand)
            for chrom, text in texts.items():
                want = np.any([matches(text, found) for found in patterns], axis=0).astype(int)
                assert track.values(chrom).tolist() == want.tolist()
        for chrom, text in texts.items():
            known = [{"G": 1, "C": 1, "A": 0, "T": 0}.get(letter) for letter in text.upper()]
            got = seq.gc(5).values(chrom)
            for k in range(len(text)):
                window = [value for value in known[max(k - 2, 0) : k + 3] if value is not None]
                # R and Y are neither.
                want = sum(window) / len(window) if window else np.nan
                assert got[k] == pytest.approx(want, nan_ok=True)
    finally:
        ComputedSource.read.__globals__["PIECE"] = before
    for k in (1, 2, 3):
        counts = seq.kmer_counts(k)
        for kmer in counts.index:
            assert counts[kmer] == sum(
                len(re.findall(f"(?={kmer})", text.upper())) for text in texts.values()
            )
    table = seq.seq_stats()
    for chrom, text in texts.items():
        row, upper = table.loc[chrom], text.upper()
        assert [row[f"n_{letter.lower()}"] for letter in "ACGTN"] == [
            upper.count(letter) for letter in "ACGTN"
        ]
        assert row["n_other"] == sum(letter in "RY-" for letter in upper)
        assert (row["n"], row["n_def"], row["n_lower"]) == (
            len(text),
            len(text) - upper.count("N"),
            sum(letter.islower() for letter in text),
        )
        defined = [k for k, letter in enumerate(upper, 1) if letter != "N"]
        assert [row["first_def"], row["last_def"]] == (
            [defined[0], defined[-1]] if defined else [row["first_def"]] * 2
        )
        assert table["first_def"].isna()[chrom] == (not defined)
    everything = "".join(texts.values()).upper()
    reported = total(table)
    # The old library exchanged G and T in this line.
    assert [reported["n_g"], reported["n_t"]] == [everything.count("G"), everything.count("T")]


@given(st.text("ACGTRYSWKMBDHVNacgtryswkmbdhvn"))
def test_reverse_complement_of_all_codes(text):
    assert ga.revcomp(text) == slow_revcomp(text)
    assert ga.revcomp(np.frombuffer(text.encode(), np.uint8)).tobytes().decode() == slow_revcomp(text)


def test_one_hot_of_texts_and_arrays():
    assert ga.one_hot("AcGTN").tolist() == [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
    ]
    assert ga.one_hot(np.frombuffer(b"ACGT", np.uint8).reshape(2, 2)).shape == (2, 2, 4)


def test_what_is_refused(sequence):
    seq = sequence({"chr1": "ACGT"})
    with pytest.raises(ValueRangeError, match="k=11 is not a whole number from 1 to 10"):
        seq.kmer_counts(11)
    for pattern in ("", "AC-G", "ACX1", 5):
        with pytest.raises(ValueRangeError, match="IUPAC letters"):
            seq.kmer(pattern)
    with pytest.raises(ValueRangeError, match="'both'"):
        seq.kmer("CG", strand="x")
    with pytest.raises(RegionError):
        seq.gc(0)
    signal = seq.kmer("CG")
    for wrong in (
        lambda: signal.gc(5),
        lambda: signal.kmer("A"),
        lambda: signal.kmer_counts(1),
        signal.seq_stats,
    ):
        with pytest.raises(LayoutError, match="holds a signal; give a sequence"):
            wrong()


def test_borders_of_blocks(sequence):
    """A k-mer across the border of two pieces is counted once."""
    rng = np.random.default_rng(5)
    text = "".join(rng.choice(list("ACGT"), 600_000))
    seq = sequence({"chr1": text})
    counts = seq.kmer_counts(4)
    assert counts.sum() == len(text) - 3
    assert counts["ACGT"] == len(re.findall("(?=ACGT)", text)) == seq.kmer("ACGT").sum()
    assert seq.seq_stats().loc["chr1", "n_g"] == text.count("G")


@needs_shared
def test_a_real_genome(tmp_path):
    path = DATA / "fasta" / "sacCer3_ensembl_genome.fa.gz"
    db = GenomeDB.create(tmp_path, "sacCer3", path)
    import_fasta(db, "seq", path)
    reported = total(db["seq"].seq_stats())
    assert reported["n"] == 12_157_105
    text = "".join(db["seq"].get_seq_str(chrom) for chrom in db.assembly.names)
    assert reported["n_g"] == text.count("G")
    assert db["seq"].kmer("CG").sum() == sum(
        db["seq"].get_seq_str(chrom).count("CG") for chrom in db.assembly.names
    )
