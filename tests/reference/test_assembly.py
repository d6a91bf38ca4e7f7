import pytest

from genomearray import Assembly
from genomearray.errors import AssemblyError, UnknownChromosomeError
from genomearray.reference.chromosome_names import classify
from tests.shared_data import DATA, needs_shared

# The toy assembly whose order the old library's own run gave (HLA, alt and hap last is the correction).
OLD = (
    "chr2 chr1 chr10 chrX chrY chrM chr1_random chr6_apd_hap1 chrUn_gl000211 chr21 chr1_KI270762v1_alt chrEBV"
)


def flags(names: str) -> dict[str, str]:
    short = {
        "is_auto": "A",
        "is_sex": "S",
        "is_x": "x",
        "is_y": "y",
        "is_mito": "M",
        "is_hap": "H",
        "is_rand": "R",
    }
    found = classify(names.split())
    return {
        n: "".join(s for f, s in short.items() if getattr(t, f))
        for n, t in zip(names.split(), found, strict=True)
    }


def test_order_of_the_old_library_with_haplotypes_last():
    assembly = Assembly.from_sizes("toy", [(name, 100) for name in OLD.split()])
    assert assembly.names == (
        *("chr1", "chr2", "chr10", "chr21", "chrX", "chrY", "chrM"),
        *("chr1_random", "chrEBV", "chrUn_gl000211", "chr1_KI270762v1_alt", "chr6_apd_hap1"),
    )
    assert [c.idnum for c in assembly] == list(range(1, 13))
    assert [c.name for c in assembly.select()] == ["chr1", "chr2", "chr10", "chr21", "chrX"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (
            "chr1 chrX chrY chrM chrUn_KI270302v1 chr1_KI270706v1_random chr1_KI270762v1_alt chr1_KN196472v1_fix chrEBV",
            "A Sx Sy M R AR AH AH R",
        ),
        (
            "1 22 X Y MT GL000009.2 KI270728.1 CHR_HSCHR6_MHC_COX_CTG1 HG1012_PATCH HSCHR1_1_CTG31",
            "A A Sx Sy M R R H H H",
        ),
        (
            "NC_000001.11 NC_000023.11 NC_000024.10 NC_012920.1 NT_187361.1 NT_187515.1 NW_009646194.1",
            "A Sx Sy M R H H",
        ),
        ("NC_000067.7 NC_000085.7 NC_000086.8 NC_000087.8 NC_005089.1", "A A Sx Sy M"),
        ("CM000994.3 CM001013.3 AY172335.1", "A Sx M"),
        ("chr2L chr3R chr4 chrX chrY chrM chrU chrUextra chr2LHet chrXHet", "A A A Sx Sy M R R A Sx"),
        ("2L 3R 4 X Y mitochondrion_genome 211000022278279 rDNA", "A A A Sx Sy M R R"),
        ("NT_033779.5 NC_004353.4 NC_004354.4 NC_024512.1 NC_024511.2", "A A Sx Sy M"),
        ("chrI chrII chrIII chrIV chrV chrX chrM", "A A A A A Sx M"),
        ("I II III IV V X MtDNA", "A A A A A Sx M"),
        ("NC_003279.8 NC_003284.9 NC_001328.1", "A Sx M"),
        ("chrI chrIV chrIX chrX chrXI chrXVI chrM", "A A A A A A M"),
        ("I IX X XI Mito", "A A A A M"),
        ("NC_001133.9 NC_001142.9 NC_001224.1", "A A M"),
        ("chr1 chrZ chrW chrMT", "A S S M"),
        ("chr1 HLA-A*01:01:01:01 chrUn_KN707606v1_decoy hs37d5", "A H R R"),
        ("scaffold_1 scaffold_2 contig9", "A A A"),
    ],
)
def test_flags_of_real_names(names, expected):
    assert list(flags(names).values()) == expected.split()


def test_numbers_sort_by_value_and_names_naturally():
    names = ["chrXVI", "chrII", "chrIX", "chrX", "chrI", "chrXI"]
    assert Assembly.from_sizes("y", [(n, 9) for n in names]).names == (
        "chrI",
        "chrII",
        "chrIX",
        "chrX",
        "chrXI",
        "chrXVI",
    )
    names = ["scaffold_10", "scaffold_9", "scaffold_100"]
    assert Assembly.from_sizes("d", [(n, 9) for n in names]).names == (
        "scaffold_9",
        "scaffold_10",
        "scaffold_100",
    )


def test_96127_sequences_are_one_assembly():
    sizes = [(f"contig_{k}", 200 + k) for k in range(96_127)]
    assembly = Assembly.from_sizes("draft", sizes)
    assert len(assembly.select()) == 96_127
    assert assembly["contig_96126"].length == 96_326
    with pytest.raises(UnknownChromosomeError, match="'contig_x' is not in assembly 'draft'"):
        assembly["contig_x"]


def test_words_of_the_command_line_are_names_then_ids_then_ranges():
    assembly = Assembly.from_sizes("toy", [("chr1", 9), ("chr2", 9), ("7", 9)])
    assert [c.name for c in assembly.select_args(["7", "1-2", "3"])] == ["7", "chr1", "chr2", "7"]
    for wrong in ("0", "4", "2-1", "-1", "chr9"):
        with pytest.raises(UnknownChromosomeError, match=f"'{wrong}'"):
            assembly.select_args([wrong])


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ([], "no chromosomes"),
        ([("a", 1), ("a", 2)], "'a' is twice"),
        ([("a", 0)], "length 0"),
        ([("", 5)], "name ''"),
        ([(" a", 5)], "' a'"),
    ],
)
def test_tables_that_cannot_be(sizes, message):
    with pytest.raises(AssemblyError, match=message):
        Assembly.from_sizes("bad", sizes)


@needs_shared
@pytest.mark.parametrize(
    ("name", "chosen", "total"),
    [
        ("hg38", 23, 455),
        ("hg19", 23, 93),
        ("mm10", 20, 66),
        ("dm6", 6, 1870),
        ("ce10", 6, 7),
        ("sacCer3", 16, 17),
    ],
)
def test_real_assemblies(name, chosen, total):
    from genomearray.reference.chrom_sizes import read_chrom_sizes

    assembly = Assembly.from_sizes(name, read_chrom_sizes(DATA / "chromsizes" / f"{name}.chrom.sizes"))
    assert (len(assembly.select()), len(assembly)) == (chosen, total)
    assert sum(c.is_mito for c in assembly) == 1
