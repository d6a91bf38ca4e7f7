"""Files that an earlier version wrote open, with the same values and statistics to the last bit."""

import json
import shutil
import zlib
from pathlib import Path

import pytest

from genomearray import GenomeDB

FOLDER = Path(__file__).parent / "data" / "layout_1"
EXPECTED = json.loads((FOLDER / "expected.json").read_text())


@pytest.fixture
def first(tmp_path):
    shutil.copytree(FOLDER, tmp_path / "db")
    return GenomeDB(tmp_path / "db", "toy")


@pytest.mark.parametrize("name", EXPECTED["tracks"])
def test_values(first, name):
    track = first[name]
    assert str(track.dtype) == EXPECTED["tracks"][name]["dtype"]
    sums = {chrom: zlib.crc32(track.values(chrom).tobytes()) for chrom in track.chromosomes}
    assert sums == EXPECTED["tracks"][name]["crc"]


@pytest.mark.parametrize("name", [name for name, known in EXPECTED["tracks"].items() if "stats" in known])
@pytest.mark.parametrize("stored", [True, False])
def test_statistics_to_the_last_bit(first, name, stored):
    known = EXPECTED["tracks"][name]
    found = {key: float(value).hex() for key, value in first[name].stats(stored=stored).as_dict().items()}
    assert found == known["stats"]
    found = first[name].stats(chroms="chr1", stored=stored).as_dict()
    assert {key: float(value).hex() for key, value in found.items()} == known["chr1"]


@pytest.mark.parametrize("name", EXPECTED["tables"])
def test_tables(first, name):
    assert first[name].to_dataframe().to_dict("list") == EXPECTED["tables"][name]


def test_everything_is_whole(first):
    assert {name: report.problems for name, report in first.verify().items()} == {
        name: [] for name in first.list_tracks()
    }
