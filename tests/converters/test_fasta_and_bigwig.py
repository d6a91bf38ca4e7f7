"""FASTA, 2bit and bigWig made by hand: what is kept, and what is refused."""

import gzip

import numpy as np
import pyBigWig
import pytest
from genomearray_converters import import_bigwig, import_fasta

import genomearray as ga
from genomearray.errors import FormatError
from genomearray.storage.layout import BLOCK


@pytest.fixture
def db(tmp_path):
    return ga.GenomeDB.create(tmp_path, "toy", {"chr1": 24, "chr2": 10})


def fasta(db, text, name="x.fa"):
    path = db.path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_a_chromosome_in_one_line(tmp_path):
    size = 9_000_000
    letters = np.frombuffer(b"ACGTacgtN", np.uint8)[np.random.default_rng(0).integers(0, 9, size)]
    for end in ("\n", ""):
        (tmp_path / "one.fa").write_bytes(b">c\n" + letters.tobytes() + b"\n>d\nAC" + end.encode())
        db = ga.GenomeDB.create(tmp_path / f"db{len(end)}", "toy", {"c": size, "d": 2})
        import_fasta(db, "seq", tmp_path / "one.fa")
        np.testing.assert_array_equal(db["seq"].values("c"), letters)
        assert db["seq"].get_seq_str("d") == "AC"


def test_letters_case_and_gaps_are_kept(db):
    path = fasta(db, ">chr1 a description\nacgtACGTNnRYSWKM\r\nBDHVX-.*\n>chr2\nuUxXacgt\nAA")
    import_fasta(db, "seq", path)
    assert db["seq"].values("chr1").tobytes() == b"acgtACGTNnRYSWKMBDHVN---"
    assert db["seq"].values("chr2").tobytes() == b"tTnNacgtAA"
    assert db["seq"].get_seq_str("chr2", 1, 4) == "TTNN"
    import_fasta(db, "upper", path, upper=True)
    assert db["upper"].values("chr2").tobytes() == b"TTNNACGTAA"


def test_chromosomes_without_a_record_are_unknown_bases(db):
    import_fasta(db, "seq", fasta(db, gzip.compress(b">chr2\nACGTACGTAC\n"), "x.fa.gz"))
    assert db["seq"].get_seq_str("chr1") == "N" * 24


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (">chr2\nACGT\n", r"'chr2' has 4 bp, and 'chr2' of assembly 'toy' has 10 bp"),
        (">chr2\nACGTACGTACGT\n", r"base 11 of the record is past the end"),
        (
            ">chr2\nACGTACGTAC\n>chr2\nACGTACGTAC\n",
            r"x\.fa:3: a second record for 'chr2'; the first is at .*x\.fa:1",
        ),
        (">chr7\nACGT\n", r"x\.fa:1: chromosome 'chr7' is not in assembly 'toy'"),
        (">chr2\nACGTACG!AC\n", r"x\.fa:2: '!' is not a DNA letter"),
        ("ACGT\n", "before the first record"),
        (">\nACGT\n", r"x\.fa:1: the record has no name"),
        ("", "no sequence record"),
        (">chr2\nAC\0T\n", "not text"),
    ],
)
def test_bad_fasta(db, text, message):
    with pytest.raises(FormatError, match=message):
        import_fasta(db, "seq", fasta(db, text))
    assert db.list_tracks() == []
    assert not list(db.folder.glob(".*.part"))


def test_a_cut_2bit_file(db):
    raw = bytes.fromhex("4327411a") + b"\0" * 4 + (1).to_bytes(4, "little") + b"\0" * 4 + b"\4chr2"
    with pytest.raises(FormatError, match="2bit file is cut short"):
        import_fasta(db, "seq", fasta(db, raw, "x.2bit"))


def bigwig(db, lengths, entries):
    path = db.path / "x.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader(list(lengths.items()))
        for chrom, start, end, value in entries:
            file.addEntries([chrom], [start], ends=[end], values=[float(value)])
    return path


def test_bigwig_gaps_are_missing_and_zeros_are_not(db):
    path = bigwig(db, {"chr1": 24, "chr2": 10, "chrUnused": 5}, [("chr1", 3, 6, 0), ("chr1", 20, 24, 2.5)])
    report = import_bigwig(db, "x", path)
    values = db["x"].values("chr1")
    assert np.flatnonzero(~np.isnan(values)).tolist() == [3, 4, 5, 20, 21, 22, 23]
    assert values[[3, 23]].tolist() == [0, 2.5]
    assert report.rows == 7
    assert import_bigwig(db, "y", path, dtype="uint8", round=True).dtype == "uint8"


def test_a_bigwig_is_told_by_its_content(db):
    path = bigwig(db, {"chr1": 24}, [("chr1", 3, 6, 5)])
    path.rename(db.path / "dataset_1.dat")
    import_bigwig(db, "x", db.path / "dataset_1.dat")
    assert db["x"].values("chr1", 3, 6).tolist() == [5, 5, 5]


def test_bigwig_across_blocks(tmp_path):
    length = BLOCK + 5000
    db = ga.GenomeDB.create(tmp_path, "big", {"chr1": length})
    rng = np.random.default_rng(0)
    starts = np.sort(rng.choice(length // 2, 20_000, replace=False)) * 2
    entries = {"starts": starts.tolist(), "values": rng.normal(0, 5, starts.size).tolist()}
    path = tmp_path / "x.bw"
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", length)])
        file.addEntries(
            ["chr1"] * starts.size,
            entries["starts"],
            ends=[s + 1 for s in entries["starts"]],
            values=entries["values"],
        )
        file.close()
    import_bigwig(db, "x", path)
    with pyBigWig.open(str(path)) as peer:
        np.testing.assert_array_equal(db["x"].values("chr1"), peer.values("chr1", 0, length, numpy=True))


def test_bad_bigwigs(db):
    with pytest.raises(FormatError, match="'chr2' has 11 bp, and 'chr2' of assembly 'toy' has 10 bp"):
        import_bigwig(db, "x", bigwig(db, {"chr2": 11}, [("chr2", 1, 2, 5)]))
    with pytest.raises(FormatError, match="chromosome 'chr3' is not in assembly"):
        import_bigwig(db, "x", bigwig(db, {"chr3": 11}, [("chr3", 1, 2, 5)]))
    path = fasta(db, "not a bigwig", "x.bw")
    with pytest.raises(FormatError, match="is not a bigWig file"):
        import_bigwig(db, "x", path)
    whole = bigwig(db, {"chr1": 24}, [("chr1", 1, 2, 5)]).read_bytes()
    for size in (0, 20, 70, 400):
        path.write_bytes(whole[:size])
        with pytest.raises(FormatError, match=r"x\.bw"):
            import_bigwig(db, "x", path)
    with pytest.raises(FormatError, match="not a regular file"):
        import_bigwig(db, "x", "-")
    assert db.list_tracks() == []
