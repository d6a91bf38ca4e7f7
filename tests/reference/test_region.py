import numpy as np
import pytest

from genomearray import parse_strand, revcomp, write_fasta
from genomearray.errors import RegionError, UnknownChromosomeError
from genomearray.reference.region import Region, check_offsets, parse_region, positions_to_offsets

LENGTHS = {"chr1": 5_000_000, "HLA-A*01:01": 3000, "HLA-A": 10, "a:1-2": 7}


def length_of(name):
    if name not in LENGTHS:
        raise UnknownChromosomeError(f"chromosome {name!r} is not in assembly 'toy'")
    return LENGTHS[name]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("chr1", Region("chr1", 0, 5_000_000)),
        ("chr1:500-600", Region("chr1", 499, 600)),
        ("chr1:1,000,000-1,000,100", Region("chr1", 999_999, 1_000_100)),
        ("chr1:500-", Region("chr1", 499, 5_000_000)),
        ("chr1:-100", Region("chr1", 0, 100)),
        ("chr1:7-7(-)", Region("chr1", 6, 7, "-")),
        ("chr1(+)", Region("chr1", 0, 5_000_000, "+")),
        ("HLA-A*01:01", Region("HLA-A*01:01", 0, 3000)),
        ("HLA-A*01:01:5-9", Region("HLA-A*01:01", 4, 9)),
        ("a:1-2", Region("a:1-2", 0, 7)),
        ("{a:1-2}:3-4", Region("a:1-2", 2, 4)),
    ],
)
def test_region_strings(text, expected):
    assert parse_region(text, length_of) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("chr1:500", "chr1:500-500 or chr1:500-"),
        ("chr1:0-5", "position 0 is outside 'chr1'; its positions are 1 to 5000000"),
        ("chr1:5-5000001", "position 5000001"),
        ("chr1:9-5", "9-5 is reversed"),
        ("chr1:a-b", "cannot be read"),
        ("chr1:-", "no positions"),
        ("chr1:1-2-3", "cannot be read"),
        ("chr1:5000001-", "position 5000001"),
        ("chr1:1,0-20", "cannot be read"),
        ("chr1:\u0661-\u0662", "cannot be read"),
    ],
)
def test_region_strings_that_are_refused(text, message):
    with pytest.raises(RegionError, match=message):
        parse_region(text, length_of)


def test_unknown_name_in_a_region_string():
    with pytest.raises(UnknownChromosomeError, match="'chr9'"):
        parse_region("chr9:1-5", length_of)


@pytest.mark.parametrize("wrong", [1.5, "7", None, True, np.float32(0.5), [1]])
def test_positions_are_whole_numbers(wrong):
    if wrong is None:
        assert positions_to_offsets("chr1", 10, wrong, wrong) == (0, 10)
        return
    with pytest.raises(RegionError, match="not a whole number"):
        positions_to_offsets("chr1", 10, wrong, 10)


@pytest.mark.parametrize("fine", [3, 3.0, np.int8(3), np.uint64(3), np.float64(3)])
def test_whole_numbers_of_any_type(fine):
    assert positions_to_offsets("chr1", 10, fine, fine) == (2, 3)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [(-1, 5, "outside"), (0, 11, "outside"), (5, 5, "no base"), (6, 5, "reversed"), (11, 12, "outside")],
)
def test_offsets_outside(start, end, message):
    with pytest.raises(RegionError, match=message):
        check_offsets("chr1", 10, start, end)


def test_strands_of_the_old_library():
    assert [parse_strand(s) for s in ("+", "1", "f", "F", "fwd", "forward", 1)] == [1] * 7
    assert [parse_strand(s) for s in ("-", "-1", "r", "R", "rev", "reverse", -1)] == [-1] * 7
    assert [parse_strand(s) for s in (".", "0", "u", "U", "", 0)] == [0] * 6
    with pytest.raises(RegionError, match="'x'"):
        parse_strand("x")


def test_revcomp_of_all_codes_is_its_own_inverse():
    codes = "ACGTMKRYWSBVDHNacgtmkrywsbvdhn-.*"
    assert revcomp(revcomp(codes)) == codes
    # The golden value of the old library, with B D H V complemented now.
    assert revcomp("ACGTACGTNNRYSWKMNNNNN---AA") == "TT---NNNNNKMWSRYNNACGTACGT"
    assert revcomp("BDHV") == "BDHV"


def test_write_fasta_breaks_lines(tmp_path):
    with (tmp_path / "x.fa").open("w") as file:
        write_fasta(file, "chr1:1-130", "A" * 130)
    assert (tmp_path / "x.fa").read_text() == f">chr1:1-130\n{'A' * 60}\n{'A' * 60}\n{'A' * 10}\n"
