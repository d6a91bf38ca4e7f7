"""D4 files: those of the authors' program, and those of a small writer that makes every kind."""

import numpy as np
import pytest
from genomearray_converters import export_bedgraph, import_d4
from genomearray_converters.importing.d4_container import D4Container
from genomearray_converters.importing.d4_values import D4Track
from hypothesis import given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray.errors import FormatError, GenomeArrayError, ValueRangeError
from tests.converters.d4_files import write_d4
from tests.shared_data import DATA, PEERS, needs_shared

SIZES = {"chr2": 1003, "none": 0, "chr10": 17, "chr1": 5000}


def values(seed, low=-3, high=9):
    rng = np.random.default_rng(seed)
    made = {}
    for name, size in SIZES.items():
        numbers = rng.integers(low, high, size)
        numbers = np.where(rng.random(size) < 0.05, rng.integers(-(2**31), 2**31, size), numbers)
        made[name] = np.repeat(numbers, 3)[:size].tolist()  # runs too
    return made


@pytest.fixture
def db(tmp_path):
    return ga.GenomeDB.create(tmp_path / "db", "toy", {name: size for name, size in SIZES.items() if size})


@pytest.mark.parametrize("bits", [0, 1, 2, 3, 6, 13])
@pytest.mark.parametrize("deflate", [False, True])
def test_every_value_of_every_kind(tmp_path, db, bits, deflate):
    made = values(bits)
    del made["none"]
    path = write_d4(tmp_path / "a.d4", {"": made}, bits=bits, deflate=deflate)
    report = import_d4(db, "t", path)
    assert report.rows == sum(map(len, made.values()))
    assert db["t"].dtype == np.int32
    for name, numbers in made.items():
        assert db["t"].values(name).tolist() == numbers


@given(
    st.lists(st.integers(-5, 70), min_size=1, max_size=300), st.sampled_from([0, 1, 2, 3, 5, 6, 7]), st.booleans(),
    st.integers(1, 200), st.integers(17, 60),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_pieces_give_what_the_whole_gives(tmp_path_factory, numbers, bits, deflate, part, frame):
    folder = tmp_path_factory.mktemp("d4")
    path = write_d4(folder / "a.d4", {"": {"c": numbers}}, bits=bits, deflate=deflate, part=part, frame=frame)
    with D4Container(str(path)) as file:
        track = D4Track(file, file.tracks()[""])
        assert track.read("c", 0, len(numbers)).tolist() == numbers
        for low in range(0, len(numbers), 8):
            assert track.read("c", low, min(low + 24, len(numbers))).tolist() == numbers[low : low + 24]


def test_a_denominator_makes_fractions(tmp_path, db):
    made = values(1)
    path = write_d4(tmp_path / "a.d4", {"": made}, denominator=100.0)
    import_d4(db, "t", path, skip_unknown=True)
    assert db["t"].dtype == np.float32
    np.testing.assert_array_equal(db["t"].values("chr1"), (np.array(made["chr1"]) / 100).astype("float32"))
    with pytest.raises(ValueRangeError, match="has a fraction"):
        import_d4(db, "u", path, dtype="int32", skip_unknown=True)


def test_several_tracks(tmp_path, db):
    one, other = values(1), values(2)
    path = write_d4(tmp_path / "a.d4", {"one": one, "a/b": other})
    for name, made in (("one", one), ("a/b", other)):
        import_d4(db, "t", path, name=name, overwrite=True, skip_unknown=True)
        assert db["t"].values("chr1").tolist() == made["chr1"]
    with pytest.raises(FormatError, match="holds 2 tracks: one, a/b.*name"):
        import_d4(db, "x", path)
    with pytest.raises(FormatError, match="has no track 'on'; nearest names: one"):
        import_d4(db, "x", path, name="on")


def test_another_kind_of_file(tmp_path, db):
    (tmp_path / "a.d4").write_text("chr1\t1\t2\t3\n")
    with pytest.raises(FormatError, match="is not a D4 file: it begins with b'chr1'"):
        import_d4(db, "t", tmp_path / "a.d4")
    with pytest.raises(FormatError, match="a regular file"):
        import_d4(db, "t", tmp_path)
    path = write_d4(tmp_path / "b.d4", {"": values(1) | {"chr2": [1, 2]}})
    with pytest.raises(FormatError, match="'chr2' has 2 bp, and 'chr2' of assembly 'toy' has 1003 bp"):
        import_d4(db, "t", path)
    assert not db.list_tracks()


@pytest.mark.parametrize("deflate", [False, True])
def test_cut_and_flipped_files_are_errors_or_values(tmp_path, deflate):
    """The format has no checksums: a changed value reads as what it says, and nothing else happens."""
    path = write_d4(tmp_path / "a.d4", {"": {"c": values(1)["chr2"][:300]}}, deflate=deflate)
    raw = path.read_bytes()
    rng = np.random.default_rng(1)
    cut = [raw[:n] for n in range(0, len(raw), 5)]
    flipped = []
    for _ in range(1500):
        data = bytearray(raw)
        data[int(rng.integers(0, len(raw)))] ^= 1 << int(rng.integers(0, 8))
        flipped.append(bytes(data))
    refused = 0
    for data in cut + flipped:
        path.write_bytes(data)
        try:
            with D4Container(str(path)) as file:
                for at in file.tracks().values():
                    track = D4Track(file, at)
                    for name, length in track.lengths.items():
                        assert track.read(name, 0, min(length, 1000)).size <= 1000
        except GenomeArrayError as error:
            refused += 1
            assert str(path) in str(error)
    assert refused > len(cut) - 5


@needs_shared
def test_files_of_the_authors(tmp_path):
    db = ga.GenomeDB.create(tmp_path / "db", "one", {"1": 20_000})
    tests = PEERS / "d4-format/d4tools/test"
    import_d4(db, "a", DATA / "d4/input.d4")
    export_bedgraph(db["a"], tmp_path / "a.bedgraph")
    assert (tmp_path / "a.bedgraph").read_text() == (tests / "show/basic-view/output.txt").read_text()
    rows = [line.split() for line in (tests / "show/view-multitrack/output.txt").read_text().splitlines()]
    for column, name in ((3, "input"), (4, "input2")):
        import_d4(db, name, tests / "data/multitrack.d4", name=name)
        want = np.zeros(20_000, np.int32)
        for row in rows:
            want[int(row[1]) : int(row[2])] = int(row[column])
        np.testing.assert_array_equal(db[name].values("1"), want)


@needs_shared
def test_a_human_genome_without_coverage(tmp_path):
    with D4Container(str(DATA / "d4/hg002_full_no_cov.d4")) as file:
        track = D4Track(file, file.tracks()[""])
        lengths = {f"chr{name}" if name != "EBV" else name: length for name, length in track.lengths.items()}
        assert all(track.is_plain(name) for name in track.lengths)
    db = ga.GenomeDB.create(
        tmp_path / "db", "hs", {name.removeprefix("chr"): n for name, n in lengths.items()}
    )
    report = import_d4(db, "t", DATA / "d4/hg002_full_no_cov.d4")
    assert report.rows == sum(lengths.values())
    assert db["t"].sum() == 0
