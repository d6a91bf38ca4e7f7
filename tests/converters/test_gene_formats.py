"""GTF and GFF3 as others write them: each case by hand, and random files against a slow reader."""

from __future__ import annotations

import random
from collections import defaultdict

import bioframe
import pandas as pd
import pytest
from genomearray_converters import export_bed, import_bed, import_genes

from genomearray import GenomeDB
from genomearray.errors import FormatError
from tests.shared_data import SHARED, needs_shared

SIZES = {"chr1": 100_000, "chr2": 50_000, "chrM": 16_000, "plasmid": 5_000}


@pytest.fixture
def db(tmp_path) -> GenomeDB:
    return GenomeDB.create(tmp_path / "db", "toy", SIZES)


def gff(*lines: str, version: bool = True) -> str:
    """Lines ``chrom type start end strand attributes`` with the other columns."""
    rows = [line.split(None, 5) for line in lines]
    body = "".join(f"{c}\town\t{t}\t{a}\t{b}\t.\t{s}\t.\t{rest}\n" for c, t, a, b, s, rest in rows)
    return ("##gff-version 3\n" if version else "") + body


def gtf(*lines: str) -> str:
    return gff(*lines, version=False)


def imported(db, tmp_path, text, name="a.gff3", **options):
    path = tmp_path / name
    path.write_text(text)
    report = import_genes(db, "t", path, overwrite=True, **options)
    frame = db.open_features("t").to_dataframe()
    columns = ("chrom", "start", "end", "strand", "name", "gene_id", "gene_name", "exon_starts", "exon_ends")
    return report, [tuple(row) for row in frame[list(columns)].itertuples(index=False)]


CASES = {
    "a CDS without a parent (Prokka, Bakta, Prodigal)": (
        gff(
            "chr1 CDS 501 800 - ID=k_1;locus_tag=L_1;product=some protein",
            "chr1 CDS 901 990 + locus_tag=L_2;gene=dnaA",
            "chr1 tRNA 1000 1075 + ID=k_2",
        ),
        [
            ("chr1", 500, 800, "-", "k_1", "L_1", "", "500", "800"),
            ("chr1", 900, 990, "+", "L_2", "L_2", "dnaA", "900", "990"),
        ],
    ),
    "lines of one ID without a parent are one feature": (
        gff("chr1 CDS 11 20 + ID=c", "chr1 CDS 31 40 + ID=c", "chr1 CDS 51 60 - ID=c"),
        [
            ("chr1", 10, 40, "+", "c", "c", "", "10,30", "20,40"),
            ("chr1", 50, 60, "-", "c", "c", "", "50", "60"),
        ],
    ),
    "a trans-spliced gene: one row for each strand": (
        gff(
            "chr1 gene 6001 6100 - ID=g;Name=rps12;part=1",
            "chr1 gene 2001 2900 + ID=g;Name=rps12;part=2",
            "chr1 CDS 6001 6100 - ID=c;Parent=g",
            "chr1 CDS 2001 2200 + ID=c;Parent=g",
            "chr1 CDS 2801 2900 + ID=c;Parent=g",
        ),
        [
            ("chr1", 2000, 2900, "+", "g", "g", "rps12", "2000,2800", "2200,2900"),
            ("chr1", 6000, 6100, "-", "g", "g", "rps12", "6000", "6100"),
        ],
    ),
    "an ID is known by its chromosome": (
        gff(
            "chr1 gene 401 480 + ID=m;Name=left",
            "chr1 mRNA 401 480 + ID=m.t;Parent=m",
            "chr1 exon 401 480 + Parent=m.t",
            "chr2 gene 301 2480 + ID=m;Name=right",
            "chr2 mRNA 301 2480 + ID=m.t;Parent=m",
            "chr2 exon 301 2480 + Parent=m.t",
        ),
        [
            ("chr1", 400, 480, "+", "m.t", "m", "left", "400", "480"),
            ("chr2", 300, 2480, "+", "m.t", "m", "right", "300", "2480"),
        ],
    ),
    "exons from CDS and UTRs, in any spelling": (
        gff(
            "chr1 mRNA 5001 5900 + ID=t",
            "chr1 five_prime_UTR 5001 5050 + Parent=t",
            "chr1 5UTR 5101 5120 + Parent=t",
            "chr1 cds 5121 5300 + Parent=t",
            "chr1 CDS 5501 5600 + Parent=t",
            "chr1 three_prime_utr 5601 5900 + Parent=t",
        ),
        [("chr1", 5000, 5900, "+", "t", "", "", "5000,5100,5500", "5050,5300,5900")],
    ),
    "the strand of the parent": (
        gff("chr1 mRNA 2001 2100 - ID=t", "chr1 exon 2001 2100 . Parent=t"),
        [("chr1", 2000, 2100, "-", "t", "", "", "2000", "2100")],
    ),
    "names of genes in four attributes": (
        gff(
            "chr1 gene 1 90 - ID=g1;gene_name=OWN1",
            "chr1 transcript 1 90 - ID=t1;Parent=g1;transcript_name=OWN1-201",
            "chr1 exon 1 90 - Parent=t1",
            "chr1 gene 101 190 - ID=g2",
            "chr1 mRNA 101 190 - ID=t2;Parent=g2;gene_symbol=own%282%29",
            "chr1 exon 101 190 - Parent=t2",
            "chr1 mRNA 201 290 - ID=t3;gene=own3",
            "chr1 exon 201 290 - Parent=t3",
        ),
        [
            ("chr1", 0, 90, "-", "t1", "g1", "OWN1", "0", "90"),
            ("chr1", 100, 190, "-", "t2", "g2", "own(2)", "100", "190"),
            ("chr1", 200, 290, "-", "t3", "own3", "own3", "200", "290"),
        ],
    ),
    "lines that make no feature are not judged": (
        gff(
            "chr1 chromosome 1 100000 . .",
            "chr1 region 0 100000 x ID=r",
            "chr1 match 90 9 + Target=x",
            "chr1 mRNA 1001 1100 + ID=t",
            "chr1 exon 1001 1100 + Parent=t",
        ),
        [("chr1", 1000, 1100, "+", "t", "", "", "1000", "1100")],
    ),
    "both sides of the origin of a circular chromosome": (
        gff(
            "plasmid region 1 5000 + ID=p;Is_circular=true",
            "plasmid gene 4901 5060 + ID=g;Name=origin",
            "plasmid CDS 4901 5060 + ID=c;Parent=g",
        ),
        [
            ("plasmid", 0, 60, "+", "g", "g", "origin", "0", "60"),
            ("plasmid", 4900, 5000, "+", "g", "g", "origin", "4900", "5000"),
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_gff3_as_others_write_it(db, tmp_path, case):
    text, want = CASES[case]
    assert imported(db, tmp_path, text)[1] == want
    # Parents may come after their children.
    head, *lines = text.splitlines(keepends=True)
    assert sorted(imported(db, tmp_path, head + "".join(reversed(lines)))[1]) == sorted(want)


GTF_CASES = {
    "transcripts of one name in two genes": (
        gtf(
            'chrM CDS 301 600 + gene_id "ND1"; transcript_id "u1"; gene "ND1";',
            'chrM CDS 701 900 + gene_id "ND2"; transcript_id "u1"; gene "ND2";',
        ),
        [
            ("chrM", 300, 600, "+", "u1", "ND1", "ND1", "300", "600"),
            ("chrM", 700, 900, "+", "u1", "ND2", "ND2", "700", "900"),
        ],
    ),
    "bare names of AUGUSTUS": (
        gtf(
            "chr1 gene 3001 3600 + g7",
            "chr1 transcript 3001 3600 + g7.t1",
            'chr1 CDS 3001 3200 + transcript_id "g7.t1"; gene_id "g7";',
            'chr1 exon 3001 3200 + transcript_id "g7.t1"; gene_id "g7";',
            'chr1 exon 3401 3600 + transcript_id "g7.t1"; gene_id "g7";',
        ),
        [("chr1", 3000, 3600, "+", "g7.t1", "g7", "", "3000,3400", "3200,3600")],
    ),
    "gene_symbol": (
        gtf('chr1 exon 1501 1900 - gene_id "F"; gene_symbol "own(2)"; transcript_id "T";'),
        [("chr1", 1500, 1900, "-", "T", "F", "own(2)", "1500", "1900")],
    ),
    "the name of the gene stands on the line of the gene": (
        gtf(
            'chr1 gene 1 90 + gene_id "G"; gene_name "own";',
            'chr1 exon 1 90 + gene_id "G"; transcript_id "T";',
        ),
        [("chr1", 0, 90, "+", "T", "G", "own", "0", "90")],
    ),
    "copies of a transcript": (
        gtf(
            'chr1 transcript 1 90 + gene_id "G"; transcript_id "T";',
            'chr1 exon 1 90 + gene_id "G"; transcript_id "T";',
            'chr1 transcript 501 590 + gene_id "G"; transcript_id "T";',
            'chr1 exon 501 530 + gene_id "G"; transcript_id "T";',
            'chr1 exon 561 590 + gene_id "G"; transcript_id "T";',
        ),
        [
            ("chr1", 0, 90, "+", "T", "G", "", "0", "90"),
            ("chr1", 500, 590, "+", "T", "G", "", "500,560", "530,590"),
        ],
    ),
}


@pytest.mark.parametrize("case", GTF_CASES)
def test_gtf_as_others_write_it(db, tmp_path, case):
    text, want = GTF_CASES[case]
    assert imported(db, tmp_path, text, "a.gtf")[1] == want


def test_an_inconsistent_transcript_stops_the_file_or_is_skipped(db, tmp_path):
    text = gff(
        "chr1 mRNA 2001 2100 + ID=t1",
        "chr1 exon 2001 2101 + Parent=t1",
        "chr1 mRNA 3001 3100 + ID=t2",
        "chr1 exon 3001 3100 + Parent=t2",
    )
    with pytest.raises(FormatError, match=r"a\.gff3:3: transcript 't1'.*skip_bad=True"):
        imported(db, tmp_path, text)
    report, rows = imported(db, tmp_path, text, skip_bad=True)
    assert [row[4] for row in rows] == ["t2"]
    assert report.bad.count == 1
    assert "1 bad line was skipped:" in report.lines()


def test_blanks_for_tabs_are_named(db, tmp_path):
    with pytest.raises(FormatError, match=r":1: .*blanks between the columns"):
        imported(db, tmp_path, 'chr1 own exon 101 180 . + . gene_id "A"; transcript_id "A.1";\n')


# -- random files against a slow reader ------------------------------------------------------------


def random_gff3(rng: random.Random) -> str:
    """Genes with transcripts and parts, shuffled; IDs come again on the other chromosome."""
    lines = []
    for chrom in ("chr1", "chr2"):
        for gene in range(rng.randint(1, 4)):
            strand, at = rng.choice("+-"), rng.randint(1, 20_000)
            name = f"Name=n{gene}" if rng.random() < 0.5 else f"gene_name=n{gene}"
            own = []
            for transcript in range(rng.randint(1, 3)):
                parts, end = [], at
                for _ in range(rng.randint(1, 4)):
                    start = end + rng.randint(2, 90)
                    end = start + rng.randint(0, 200)
                    parts.append((start, end))
                parent = f"t{gene}.{transcript}"
                own.append((parts[0][0], end))
                lines.append(f"{chrom} mRNA {parts[0][0]} {end} {strand} ID={parent};Parent=g{gene}")
                kind = "exon" if rng.random() < 0.7 else "CDS"
                shown = strand if rng.random() < 0.8 else "."
                lines += [f"{chrom} {kind} {a} {b} {shown} Parent={parent}" for a, b in parts]
            lines.append(
                f"{chrom} gene {min(a for a, _ in own)} {max(b for _, b in own)} {strand} ID=g{gene};{name}"
            )
        if rng.random() < 0.5:
            lines.append(f"{chrom} CDS 30001 30300 + ID=alone;gene=solo")
    rng.shuffle(lines)
    return gff(*lines)


def slow_gff3(text: str) -> list[tuple]:
    """Rows, from the specification: a feature is its chromosome and ID; parts belong to their Parent."""
    rows = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    attributes = [dict(pair.split("=") for pair in row[8].split(";")) for row in rows]
    by_id = {
        (row[0], own["ID"]): (row, own) for row, own in zip(rows, attributes, strict=True) if "ID" in own
    }
    parts = defaultdict(set)
    for row, own in zip(rows, attributes, strict=True):
        if row[2] in ("exon", "CDS"):
            parts[row[0], own.get("Parent", own.get("ID"))].add((int(row[3]) - 1, int(row[4])))
    out = []
    for (chrom, name), own_parts in parts.items():
        row, own = by_id[chrom, name]
        if row[2] == "CDS":
            gene, gene_name = own["gene"], own["gene"]
        else:
            gene = own["Parent"]
            of_gene = by_id[chrom, gene][1]
            gene_name = of_gene.get("Name", of_gene.get("gene_name"))
        ordered = sorted(own_parts)
        starts, ends = (",".join(str(part[k]) for part in ordered) for k in (0, 1))
        out.append((chrom, int(row[3]) - 1, int(row[4]), row[6], name, gene, gene_name, starts, ends))
    return sorted(out)


@pytest.mark.parametrize("seed", range(40))
def test_random_gff3_equals_a_slow_reader(db, tmp_path, seed):
    text = random_gff3(random.Random(seed))
    assert sorted(imported(db, tmp_path, text)[1]) == slow_gff3(text)


@pytest.mark.parametrize("seed", range(20))
def test_a_bad_line_of_gff3_is_named_or_skipped(db, tmp_path, seed):
    rng = random.Random(1000 + seed)
    lines = random_gff3(rng).splitlines()
    parts = [k for k, line in enumerate(lines) if line.split("\t")[2:3] in (["exon"], ["CDS"])]
    k = rng.choice(parts)
    fields = lines[k].split("\t")
    column, text = rng.choice([(3, "x"), (4, "0"), (6, "fwd"), (8, "."), (3, "99999999")])
    fields[column] = text
    mutated = "\n".join([*lines[:k], "\t".join(fields), *lines[k + 1 :]]) + "\n"
    with pytest.raises(FormatError, match=rf"a\.gff3:{k + 1}: "):
        imported(db, tmp_path, mutated)
    report, rows = imported(db, tmp_path, mutated, skip_bad=True)
    assert report.bad.count >= 1
    assert report.bad.named[0].startswith(f"{tmp_path / 'a.gff3'}:{k + 1}: ")
    whole = slow_gff3("\n".join(lines))
    parent = lines[k].split("\t")[8].split(";")[0].partition("=")[2]
    others = [row for row in whole if (row[0], row[4]) != (fields[0], parent)]
    assert [row for row in sorted(rows) if (row[0], row[4]) != (fields[0], parent)] == others


# -- out again -------------------------------------------------------------------------------------


def test_transcripts_come_back_from_bed12(db, tmp_path):
    text = gff(
        "chr1 mRNA 8001 8900 + ID=long%09name",
        "chr1 exon 8101 8200 + Parent=long%09name",
        "chr1 exon 8401 8500 + Parent=long%09name",
        "chr1 exon 8451 8600 + Parent=long%09name",
        "chr1 mRNA 9001 9100 - ID=plain",
        "chr1 exon 9001 9100 - Parent=plain",
    )
    imported(db, tmp_path, text)
    out = tmp_path / "out.bed"
    report = export_bed(db.open_features("t"), out)
    assert int(report) == 2
    assert report.notes[0].startswith("1 transcripts reach beyond their exons")
    rows = [line.split("\t") for line in out.read_text().splitlines()]
    assert rows[0] == [
        "chr1",
        "8000",
        "8900",
        "long name",
        "0",
        "+",
        "8000",
        "8000",
        "0",
        "2",
        "200,500",
        "0,400",
    ]
    for row in rows:  # BED v1, section 1.5: from the start to the end, ascending, without overlaps
        sizes, starts = ([int(word) for word in row[k].split(",")] for k in (10, 11))
        assert starts[0] == 0
        assert starts[-1] + sizes[-1] == int(row[2]) - int(row[1])
        assert all(a + n <= b for a, n, b in zip(starts, sizes, starts[1:], strict=False))
    import_genes(db, "again", out)
    again = db.open_features("again").to_dataframe()
    assert again["end"].tolist() == [8900, 9100]
    assert import_bed(db, "table", out).notes == []


@needs_shared
@pytest.mark.parametrize(
    "name", ["dm3_subset_BDGP5.78.gtf.gz", "sacCer_SGD1.01.56.gtf.gz", "dm3_chr2L-5M.gff.gz"]
)
def test_bioframe_finds_the_same_exons(tmp_path, name):
    """The exons of each transcript, as bioframe reads the lines of the file."""
    path = SHARED / "data" / "genes" / name
    lines = bioframe.read_table(path, schema="gff")
    lines = lines[lines["feature"] == "exon"]
    chrom = "seqid" if "seqid" in lines else "chrom"
    ends = lines.groupby(chrom)["end"].max()
    db = GenomeDB.create(tmp_path / "db", "own", {str(k): int(v) + 10**8 for k, v in ends.items()})
    import_genes(db, "t", path, skip_unknown=True, skip_bad=True)
    table = db.open_features("t").exons()
    ours = set(zip(table["chrom"], table["start"], table["end"], strict=True))
    known = lines[lines["attributes"].str.contains("transcript_id|Parent=")]
    theirs = set(zip(known[chrom].astype(str), known["start"] - 1, known["end"], strict=True))
    assert theirs <= ours
    assert len(ours - theirs) <= 0.2 * len(ours)  # transcripts that have a CDS alone


def test_a_gene_of_three_levels_is_the_one_at_the_top(db, tmp_path):
    """As RefSeq has miRNAs: gene, primary transcript, miRNA, exon."""
    text = gff(
        "chr1 gene 101 400 + ID=gene-MIR1;Name=MIR1", "chr1 primary_transcript 101 400 + ID=rna-NR_1;Parent=gene-MIR1",
        "chr1 exon 101 400 + ID=e0;Parent=rna-NR_1", "chr1 miRNA 150 171 + ID=rna-MIR1;Parent=rna-NR_1",
        "chr1 exon 150 171 + ID=e1;Parent=rna-MIR1",
    )  # fmt: skip
    path = tmp_path / "a.gff3"
    path.write_text(text)
    import_genes(db, "t", path)
    frame = db.open_features("t").to_dataframe()
    assert set(frame.gene_id) == {"gene-MIR1"}
    assert len(db.open_features("t").genes()) == 1


def test_types_may_be_accession_numbers_and_names_have_escapes(db, tmp_path):
    text = gff(
        "chr%31 SO:0000704 101 400 + ID=g;Name=G", "chr%31 SO:0000234 101 400 + ID=t1;Parent=g",
        "chr%31 SO:0000147 101 200 + Parent=t1, t2,", "chr%31 SO:0000316 120 180 + Parent=t1",
        "chr%31 mRNA 101 200 + ID=t2;Parent=g",
    )  # fmt: skip
    path = tmp_path / "a.gff3"
    path.write_text(text)
    import_genes(db, "t", path)
    frame = db.open_features("t").to_dataframe()
    assert list(zip(frame.chrom, frame.name, frame.gene_id, strict=True)) == [
        ("chr1", "t2", "g"),
        ("chr1", "t1", "g"),
    ]


@pytest.mark.parametrize("end", ['# see; gene_name "zz";', "\t# a comment"])
def test_comments_end_lines_of_gtf(db, tmp_path, end):
    path = tmp_path / "a.gtf"
    path.write_text(gtf('chr1 exon 101 200 + gene_id "g#1"; transcript_id "t";').replace("\n", f" {end}\n"))
    import_genes(db, "t", path)
    frame = db.open_features("t").to_dataframe()
    assert (frame.gene_id[0], frame.gene_name[0]) == ("g#1", "")


def test_transcripts_without_names_are_exported(db, tmp_path):
    parts = {"cds_start": [12], "cds_end": [40], "exon_starts": ["10"], "exon_ends": ["50"]}
    db.save_features("t", pd.DataFrame({"chrom": ["chr1"], "start": [10], "end": [50], **parts}))
    export_bed(db.open_features("t"), tmp_path / "a.bed")
    wanted = "chr1\t10\t50\t.\t0\t.\t12\t40\t0\t1\t40\t0\n"
    assert (tmp_path / "a.bed").read_text() == wanted


def test_features_without_blocks_are_exported_with_one(db, tmp_path):
    path = tmp_path / "a.bed"
    path.write_text("chr1\t10\t50\ta\t0\t+\t10\t50\t0\t0\t\t\n")
    import_bed(db, "t", path)
    out = tmp_path / "out.bed"
    export_bed(db.open_features("t"), out)
    assert out.read_text().split()[-3:] == ["1", "40", "0"]
    assert import_bed(db, "again", out).rows == 1


def test_tabs_in_texts_are_blanks_in_bed_and_counted(db, tmp_path):
    table = pd.DataFrame({"chrom": ["chr1"] * 2, "start": [1, 5], "end": [3, 9], "name": ["a\tb", "c"]})
    db.save_features("t", table)
    report = export_bed(db.open_features("t"), tmp_path / "a.bed")
    assert "1 texts held tabs or ends of lines, which are blanks now" in "\n".join(report.lines())
