"""Lines that cannot be read, and chromosomes of another length: an error that names them, or skipped and counted."""

from __future__ import annotations

import random
import struct

import h5py
import numpy as np
import pyBigWig
import pytest
from genomearray_converters import (
    import_bed,
    import_bedgraph,
    import_bigwig,
    import_depth,
    import_fasta,
    import_genes,
    import_genomedata,
    import_text,
    import_wig,
    import_xb,
)

from genomearray import GenomeDB
from genomearray.errors import ArgumentError, FormatError

SIZES = {"chr1": 1000, "chrM": 100}


@pytest.fixture
def db(tmp_path) -> GenomeDB:
    return GenomeDB.create(tmp_path / "db", "toy", SIZES)


LINES = {
    "bed": (import_bed, "chr1\t{}\t{}\tname\n", {}),
    "bedgraph": (import_bedgraph, "chr1\t{}\t{}\t7\n", {}),
    "text": (import_text, "chr1\t{1}\t7\n", {"chrom_col": 0, "pos_col": 1, "val_col": 2}),
    "genes": (import_genes, 'chr1\tx\texon\t{1}\t{1}\t.\t+\t.\tgene_id "G"; transcript_id "T{1}";\n', {}),
    "genepred": (import_genes, "T{1}\tchr1\t+\t{0}\t{1}\t{0}\t{1}\t1\t{0},\t{1},\n", {}),
}


@pytest.mark.parametrize("kind", LINES)
@pytest.mark.parametrize("seed", range(6))
def test_a_mutated_line_is_named_or_skipped(db, tmp_path, kind, seed):
    read, line, options = LINES[kind]
    rng = random.Random(seed)
    spots = sorted(rng.sample(range(0, 990, 2), 60))
    lines = [line.format(at, at + 1) for at in spots]
    bad = sorted(rng.sample(range(1, len(lines)), 4))
    for k in bad:
        fields = lines[k].rstrip("\n").split("\t")
        place = rng.choice([k for k, text in enumerate(fields) if str(spots[bad[0]] + 1) in text] or [1])
        fields[place] = rng.choice(["x", "", "1.5e+02"]) if rng.random() < 0.7 else "-5"
        lines[k] = "\t".join(fields) + "\n"
        place = 3 if kind == "genes" else 1
        fields = line.format(spots[k], spots[k] + 1).rstrip("\n").split("\t")
        if kind == "genepred":
            place = 3
        fields[place] = rng.choice(["x", "1.5e+02", "-5"])
        lines[k] = "\t".join(fields) + "\n"
    path = tmp_path / "a.txt"
    path.write_text("".join(lines))
    with pytest.raises(FormatError, match=rf"a\.txt:{bad[0] + 1}: .*skip_bad=True"):
        read(db, "x", path, **options)
    assert db.list_tracks() == []
    report = read(db, "x", path, skip_bad=True, **options)
    assert report.bad.count == len(bad)
    assert [text.split(": ")[0] for text in report.bad.named] == [f"{path}:{k + 1}" for k in bad]
    want = [at for k, at in enumerate(spots) if k not in bad]
    if kind in ("bedgraph", "text"):
        assert np.flatnonzero(~np.isnan(db["x"].values("chr1"))).tolist() == want
    else:
        assert db.open_features("x")["end"].tolist() == [at + 1 for at in want]


def test_nothing_but_bad_lines_is_an_error(db, tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr1\tx\t9\n")
    with pytest.raises(FormatError, match="no line of data"):
        import_bed(db, "x", path, skip_bad=True)


def test_a_column_header_counts_as_a_bad_line(db, tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chrom\tstart\tend\nchr1\t10\t20\n")
    assert import_bed(db, "x", path, skip_bad=True).bad.count == 1


def test_formats_whose_lines_hang_together_skip_none(db, tmp_path):
    path = tmp_path / "a.wig"
    path.write_text("fixedStep chrom=chr1 start=1\n1\nx\n2\n")
    with pytest.raises(ArgumentError, match="skip_bad is for formats"):
        import_wig(db, "x", path, skip_bad=True)
    with pytest.raises(FormatError) as caught:
        import_wig(db, "x", path)
    assert "skip_bad" not in str(caught.value)


def wig(path):
    path.write_text("fixedStep chrom=chr1 start=1\n1\n2\nfixedStep chrom=chrM start=99\n1\n2\n3\n")
    return path


def fasta(path):
    path.write_text(f">chr1\n{'A' * 1000}\n>chrM\n{'C' * 103}\n")
    return path


def short_fasta(path):
    path.write_text(f">chrM\n{'C' * 97}\n>chr1\n{'A' * 1000}\n")
    return path


def bigwig(path):
    with pyBigWig.open(str(path), "w") as file:
        file.addHeader([("chr1", 1000), ("chrM", 103)])
        file.addEntries(["chr1", "chrM"], [0, 0], ends=[2, 5], values=[1.0, 2.0])
    return path


def sam(path):
    path.write_text(
        "@SQ\tSN:chr1\tLN:1000\n@SQ\tSN:chrM\tLN:103\n"
        "a\t0\tchr1\t1\t60\t2M\t*\t0\t0\t*\t*\nb\t0\tchrM\t1\t60\t2M\t*\t0\t0\t*\t*\n"
    )
    return path


def xb(path):
    names = [(b"chr1", 1000), (b"chrM", 103)]
    head = struct.pack("<IhhiH", 0xCA60B175, 1, 1, 0, len(names))
    table = b"".join(bytes([len(name)]) + name + struct.pack("<I", size) for name, size in names)
    path.write_bytes(head + table + b"".join(b"\1" * size for _, size in names))
    return path


def genomedata(path):
    with h5py.File(path, "w") as file:
        file.attrs["genomedata_format_version"] = 1
        file.attrs["tracknames"] = np.array([b"t"])
        for name, size in (("chr1", 1000), ("chrM", 103)):
            contig = file.create_group(f"{name}/supercontig_0")
            contig.attrs["start"], contig.attrs["end"] = 0, size
            contig["continuous"] = np.ones((size, 1), "float32")
            contig["seq"] = np.full(size, ord("A"), "uint8")
    return path


def bed(path):
    path.write_text("chr1\t0\t2\nchrM\t1\t5\nchrM\t90\t103\n")
    return path


def bedgraph(path):
    path.write_text("chrM\t1\t5\t1\nchr1\t0\t2\t1\nchrM\t90\t103\t1\n")
    return path


def text(path):
    path.write_text("chr1 1 5\nchrM 2 5\nchrM 101 5\n")
    return path


def genes(path):
    path.write_text(
        "".join(
            f'{c}\tx\texon\t1\t{e}\t.\t+\t.\ttranscript_id "T{c}";\n' for c, e in (("chr1", 2), ("chrM", 103))
        )
    )
    return path


UNEQUAL = {
    "wig": (import_wig, wig, {}),
    "fasta": (import_fasta, fasta, {}),
    "short fasta": (import_fasta, short_fasta, {}),
    "bigwig": (import_bigwig, bigwig, {}),
    "sam": (import_depth, sam, {}),
    "genomedata": (import_genomedata, genomedata, {}),
    "bed": (import_bed, bed, {}),
    "bed as track": (import_bed, bed, {"how": "mask"}),
    "bedgraph": (import_bedgraph, bedgraph, {}),
    "text": (import_text, text, {"chrom_col": 0, "pos_col": 1, "val_col": 2}),
    "genes": (import_genes, genes, {}),
}


@pytest.mark.parametrize("kind", UNEQUAL)
def test_a_chromosome_of_another_length_is_named_or_left_out(db, tmp_path, kind):
    read, make, options = UNEQUAL[kind]
    path = make(
        tmp_path / ("x.genomedata" if kind == "genomedata" else "x.bw" if kind == "bigwig" else "x.txt")
    )
    with pytest.raises(FormatError, match="skip_unequal=True"):
        read(db, "x", path, **options)
    assert db.list_tracks() == []
    report = read(db, "x", path, skip_unequal=True, **options)
    assert list(report.unequal) == ["chrM"]
    assert "chrM was skipped: " in str(report)
    table = kind == "genes" or kind == "bed"
    if table:
        assert db.open_features("x").to_dataframe()["chrom"].tolist() == ["chr1"]
    else:
        values = db["x"].values("chrM")
        missing = db["x"].source.missing_value()
        assert (np.isnan(values) if missing != missing else values == missing).all()
        assert (db["x"].values("chr1", 0, 2) != missing).all()


def test_a_pipe_cannot_be_read_again(db, tmp_path, monkeypatch):
    import io
    import sys
    from types import SimpleNamespace

    buffer = io.BufferedReader(io.BytesIO(bedgraph(tmp_path / "a").read_bytes()))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffer))
    with pytest.raises(FormatError, match="a pipe cannot be: give a file"):
        import_bedgraph(db, "x", "-", skip_unequal=True)
    assert db.list_tracks() == []


def test_the_second_file_may_be_the_other_one(db, tmp_path):
    good = tmp_path / "a.sam"
    good.write_text(sam(tmp_path / "b.sam").read_text().replace("LN:103", "LN:100"))
    report = import_depth(db, "x", [good, tmp_path / "b.sam"], skip_unequal=True)
    assert list(report.unequal) == ["chrM"]
    assert db["x"].values("chrM").sum() == 0
    assert db["x"].values("chr1", 0, 2).tolist() == [2, 2]


def test_clip_cuts_and_drops_apart(db, tmp_path):
    path = tmp_path / "a.bedgraph"
    path.write_text("chr1\t17\t17\t1\nchr1\t18\t20\t2\nchrM\t90\t110\t3\nchrM\t100\t120\t4\n")
    with pytest.raises(FormatError, match=r":1: .*clip=True leaves out"):
        import_bedgraph(db, "x", path)
    report = import_bedgraph(db, "x", path, clip=True)
    assert (report.clipped, report.outside, report.written.bases) == (1, 2, 12)


ALIASES = {
    "chromAlias": "# ucsc\tassembly\tgenbank\tncbi\trefseq\nchr1\t1\tCM1.1\t1\tNC_1.1\nchrM\t\tCM2.1\tctg2\tNC_2.1\n",
    "old chromAlias": "CM1.1\tchr1\tgenbank\nNC_1.1\tchr1\trefseq\nNC_2.1\tchrM\trefseq\n",
    "assembly report": (
        "# Assembly name: x\n# Sequence-Name\tSequence-Role\tAssigned-Molecule\tLocation\tGenBank-Accn\t"
        "Relationship\tRefSeq-Accn\tAssembly-Unit\tSequence-Length\tUCSC-style-name\r\n"
        "1\tassembled-molecule\t1\tChromosome\tCM1.1\t=\tNC_1.1\tPrimary\t1000\tchr1\r\n"
        "MT\tassembled-molecule\tMT\tMitochondrion\tCM2.1\t=\tNC_2.1\tnon-nuclear\t100\tchrM\r\n"
    ),
    "two columns": "NC_1.1 chr1\nchrM NC_2.1\n",
}


@pytest.mark.parametrize("form", ALIASES)
def test_alias_tables_of_any_width(db, tmp_path, form):
    table, path = tmp_path / "alias.txt", tmp_path / "a.bedgraph"
    table.write_text(ALIASES[form])
    path.write_text("NC_1.1 0 3 1\nNC_2.1 0 2 2\n")
    import_bedgraph(db, "x", path, chrom_alias=table)
    assert [db["x"].values(name, 0, 1).item() for name in SIZES] == [1, 2]


def test_a_word_beside_many_chromosomes_names_none(db, tmp_path):
    table, path = tmp_path / "alias.txt", tmp_path / "a.bedgraph"
    table.write_text(ALIASES["chromAlias"].replace("NC_1.1", "refseq").replace("NC_2.1", "refseq"))
    path.write_text("refseq 0 3 1\n")
    with pytest.raises(FormatError, match="'refseq' is not in assembly"):
        import_bedgraph(db, "x", path, chrom_alias=table)


@pytest.mark.parametrize("damage", ["cut", "flipped"])
def test_damaged_gzip_is_one_line(db, tmp_path, damage):
    import gzip

    raw = bytearray(gzip.compress(b"".join(b"chr1\t%d\t%d\t1\n" % (k, k + 1) for k in range(900))))
    path = tmp_path / "a.bedgraph.gz"
    if damage == "flipped":
        raw[len(raw) // 2] ^= 0x55
    path.write_bytes(raw[:-20] if damage == "cut" else raw)
    with pytest.raises(FormatError, match=r"a\.bedgraph\.gz"):
        import_bedgraph(db, "x", path)
    assert db.list_tracks() == []


def test_an_xb_of_another_length(db, tmp_path):
    path = xb(tmp_path / "x.xb")
    report = import_xb(db, "x", path, skip_unequal=True)
    assert list(report.unequal) == ["chrM"]
