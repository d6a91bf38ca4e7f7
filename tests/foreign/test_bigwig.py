"""bigWig files read in place, against a slow reading of what was written, and against pyBigWig."""

import multiprocessing
import os
import pickle
import struct
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pyBigWig
import pytest
import xarray as xr
from genomearray_converters import import_bigwig

import genomearray as ga
from genomearray.errors import (
    AssemblyError,
    DamagedTrackError,
    FormatError,
    GenomeArrayError,
    LayoutError,
    TrackExistsError,
    TrackNameError,
    TrackReplacedError,
)
from genomearray.foreign import bigwig_blocks
from genomearray.foreign.bigwig_track import BigWigTrack
from genomearray.reference.intervals import Intervals
from tests.foreign.bigwig_files import INDEX, Section, paint, random_sections, write
from tests.range_server import serve
from tests.shared_data import DATA, needs_shared

SIZES = {"chr2": 3000, "chr10": 900, "chr1": 5000, "chrM": 40}


def all_equal(track, painted, rng):
    for chrom, want in painted.items():
        np.testing.assert_array_equal(track.values(chrom), want)
        for _ in range(20):
            start = int(rng.integers(0, want.size))
            end = int(rng.integers(start, want.size)) + 1
            np.testing.assert_array_equal(track.values(chrom, start, end), want[start:end])


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("compressed", [True, False])
@pytest.mark.parametrize("per_node", [2, 3, 256])
@pytest.mark.parametrize("version", [1, 3, 4])
def test_every_form_of_the_format(tmp_path, order, compressed, per_node, version):
    rng = np.random.default_rng(per_node)
    sections = random_sections(rng, SIZES)
    path = write(
        tmp_path / "a.bw",
        SIZES,
        sections,
        order=order,
        compressed=compressed,
        per_node=per_node,
        version=version,
    )
    track = ga.open_track(path)
    assert track.dtype == np.float32
    assert track.assembly == "unknown"
    assert set(track.chromosomes) == set(SIZES)
    all_equal(track, paint(SIZES, sections), rng)


@pytest.mark.parametrize("seed", range(20))
def test_later_blocks_win_in_whatever_order_they_lie(tmp_path, seed):
    rng = np.random.default_rng(seed)
    numbers = dict(zip(SIZES, rng.permutation(90)[: len(SIZES)].tolist(), strict=True))
    sections = random_sections(rng, SIZES, 60, ordered=False, overlapping=True)
    path = write(
        tmp_path / "a.bw", SIZES, sections, numbers=numbers, per_node=int(rng.integers(2, 9)), summary=False
    )
    track = ga.open_track(path)
    painted = paint(SIZES, sections)
    all_equal(track, painted, rng)
    starts = rng.integers(0, 4000, 40)
    ends = np.minimum(starts + rng.integers(1, 900, 40), 5000)
    step = rng.choice([-1, 1], 40)
    sizes = ends - starts
    first = np.cumsum(sizes) - sizes
    out = np.zeros(int(sizes.sum()), np.float32)
    intervals = Intervals(("chr1",), np.zeros(40, np.int64), starts, ends)
    track.source.gather(intervals, out, np.where(step > 0, first, first + sizes - 1), step)
    want = [painted["chr1"][low:high][::way] for low, high, way in zip(starts, ends, step, strict=True)]
    np.testing.assert_array_equal(out, np.concatenate(want))


def test_plain_and_compiled_painting_agree(tmp_path, monkeypatch):
    rng = np.random.default_rng(1)
    sections = random_sections(rng, SIZES, overlapping=True)
    for order in "<>":
        path = write(tmp_path / "a.bw", SIZES, sections, order=order)
        fast = {chrom: BigWigTrack(path).read(chrom, 0, size) for chrom, size in SIZES.items()}
        with monkeypatch.context() as patch:
            patch.setattr(bigwig_blocks, "compiled", None)
            for chrom, size in SIZES.items():
                np.testing.assert_array_equal(BigWigTrack(path).read(chrom, 0, size), fast[chrom])


def test_items_are_what_was_written_in_its_order(tmp_path, monkeypatch):
    sections = random_sections(np.random.default_rng(8), SIZES, ordered=False, overlapping=True)
    track = BigWigTrack(write(tmp_path / "a.bw", SIZES, sections))
    for plain in (False, True):
        if plain:
            monkeypatch.setattr(bigwig_blocks, "compiled", None)
        for chrom in SIZES:
            want = [item for section in sections if section.chrom == chrom for item in section.items()]
            got = [
                row for room in track.items(chrom) for row in zip(*(c.tolist() for c in room), strict=True)
            ]
            assert got == want


def test_one_hundred_thousand_chromosomes(tmp_path):
    sizes = {f"contig_{k}": 100 + k % 7 for k in range(100_000)}
    sections = [Section(f"contig_{k}", 3, [5, 6], [k % 99, 2.5]) for k in range(0, 100_000, 100)]
    sections.sort(key=lambda section: int(section.chrom[7:]))
    track = ga.open_track(write(tmp_path / "a.bw", sizes, sections, per_node=256))
    assert len(track.chromosomes) == 100_000
    assert track.sum() == sum(k % 99 + 2.5 for k in range(0, 100_000, 100))
    assert track.values("contig_300", 4, 8).tolist()[1:3] == [300 % 99, 2.5]


def test_a_file_without_data(tmp_path):
    track = ga.open_track(write(tmp_path / "a.bw", SIZES, []))
    assert np.isnan(track.values("chr1")).all()
    assert track.sum() == 0


@pytest.fixture
def db(tmp_path):
    return ga.GenomeDB.create(tmp_path / "db", "toy", SIZES)


def test_every_route_gives_the_same(tmp_path, db):
    rng = np.random.default_rng(2)
    sections = random_sections(rng, SIZES)
    painted = paint(SIZES, sections)
    path = write(db.folder / "signal.bw", SIZES, sections)
    (db.folder / "chip").mkdir()
    (db.folder / "chip" / "linked.bigWig").symlink_to(path)
    db.save_track("stored", painted)
    assert db.list_tracks() == ["chip/linked", "signal", "stored"]
    for track in (db["signal"], db["chip/linked"], db.open_track(str(path)), ga.open_track(path)):
        all_equal(track, painted, rng)
        np.testing.assert_array_equal(
            track.sel(chrom="chr2", pos=slice(11, 99)).values, painted["chr2"][10:99]
        )
        dataset = xr.open_dataset(track.path, engine="genomearray")
        np.testing.assert_array_equal(dataset["chr1"].values, painted["chr1"])
        again = pickle.loads(pickle.dumps(track))
        np.testing.assert_array_equal(again.values("chr2"), painted["chr2"])
    track, stored = db["signal"], db["stored"]
    assert track.stats() == stored.stats()
    regions = [("chr1", 5, 900), ("chr2", 0, 3000), ("chrM", 0, 40)]
    xr.testing.assert_allclose(
        xr.Dataset(track.region_stats(regions)), xr.Dataset(stored.region_stats(regions))
    )
    here, there = (one.windows(regions[:2], 50).values for one in (track, stored))
    np.testing.assert_array_equal(here, there)
    np.testing.assert_array_equal((track * 2 + 1).values("chr1"), painted["chr1"] * 2 + 1)
    copy = db.save_track("copy", track)
    del copy
    assert db["copy"].stats() == stored.stats()
    stack = ga.stack([track, stored])
    np.testing.assert_array_equal(stack.values("chr1", 0, 5000), np.stack([painted["chr1"]] * 2))


def test_chromosomes_of_the_database_and_of_the_file(tmp_path):
    db = ga.GenomeDB.create(tmp_path / "db", "other", {"chr1": 5000, "chr2": 3001, "chr3": 70})
    sections = random_sections(np.random.default_rng(3), SIZES)
    write(db.folder / "a.bw", SIZES, sections)
    track = db["a"]
    assert track.chromosomes == ("chr1", "chr2", "chr3")
    np.testing.assert_array_equal(track.values("chr1"), paint(SIZES, sections)["chr1"])
    assert np.isnan(track.values("chr3")).all()
    with pytest.raises(AssemblyError, match=r"3,000 bp of 'chr2', and assembly 'other' has 3,001"):
        track.values("chr2", 0, 5)
    write(db.folder / "none.bw", {"x": 50}, [Section("x", 3, [1], [2])])
    with pytest.raises(AssemblyError, match="no chromosome of assembly 'other'"):
        db.open_track("none")


def test_a_name_has_one_form_and_files_are_never_written(db):
    path = write(db.folder / "a.bw", SIZES, [Section("chr1", 3, [1], [2])])
    before = path.read_bytes()
    for overwrite in (False, True):
        with pytest.raises(TrackExistsError, match="never replaced"):
            db.save_track("a", {"chr1": np.ones(5000)}, overwrite=overwrite)
    assert path.read_bytes() == before
    db.save_track("b", {"chr1": np.ones(5000)})
    write(db.folder / "b.bigWig", SIZES, [Section("chr1", 3, [1], [2])])
    with pytest.raises(TrackNameError, match=r"'b' names 2 files: .*b\.h5, .*b\.bigWig"):
        db.open_track("b")


def test_what_is_no_bigwig(tmp_path):
    (tmp_path / "a.bw").write_bytes(b"track type=wiggle_0\n")
    with pytest.raises(GenomeArrayError):
        ga.open_track(tmp_path / "a.bw")
    with pytest.raises(GenomeArrayError, match="not there"):
        ga.open_track(tmp_path / "none.bw")


def test_a_file_that_was_replaced_is_an_error(tmp_path):
    from genomearray.storage.chunks.open_files import open_files

    path = write(tmp_path / "a.bw", SIZES, [Section("chr1", 3, [1], [2])])
    track = ga.open_track(path)
    assert track.values("chr1", 1, 2).tolist() == [2]
    write(tmp_path / "b.bw", SIZES, [Section("chr1", 3, [1], [3])]).replace(path)
    open_files.reset()
    with pytest.raises(TrackReplacedError, match="was replaced"):
        track.values("chr1", 0, 5000)


def _sum(track):
    return float(np.nansum(track.values("chr1")))


def test_threads_and_forked_processes(tmp_path):
    sections = random_sections(np.random.default_rng(4), SIZES)
    track = ga.open_track(write(tmp_path / "a.bw", SIZES, sections))
    want = float(np.nansum(paint(SIZES, sections)["chr1"]))
    assert _sum(track) == want
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(_sum, [track] * 200)) == {want}
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(_sum, [track] * 4) == [want] * 4


def test_many_files_with_few_descriptors(tmp_path):
    import resource

    paths = [write(tmp_path / f"{k}.bw", SIZES, [Section("chr1", 3, [1], [k])]) for k in range(150)]
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, before[1]))
    try:
        tracks = [ga.open_track(path) for path in paths]
        for _ in range(2):
            assert [track.values("chr1", 1, 2).item() for track in tracks] == list(range(150))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize("compressed", [True, False])
def test_every_damage_is_an_error_or_changes_nothing_that_was_said(tmp_path, compressed):
    """Every byte of the file turned, and every cut: values that are right, an error, or numbers that the format
    has no check of (values and places of blocks that are not compressed; lengths and names of chromosomes).
    """
    sizes = {"chr1": 60, "chr2": 50}
    sections = [
        Section("chr1", 1, [3, 9], [1.5, 2], [5, 12]),
        Section("chr1", 2, [20, 25], [3, 4], span=2),
        Section("chr2", 3, [7, 10], [5, 6], step=3),
    ]
    whole = write(tmp_path / "a.bw", sizes, sections, per_node=2, compressed=compressed).read_bytes()
    painted = paint(sizes, sections)
    path = tmp_path / "b.bw"
    wrong = refused = 0
    for k in range(len(whole)):
        for damaged in (
            whole[:k],
            *(whole[:k] + bytes([whole[k] ^ bit]) + whole[k + 1 :] for bit in (1, 16, 128, 255)),
        ):
            path.write_bytes(damaged)
            try:
                track = ga.open_track(path)
                got = {
                    chrom: track.values(chrom)
                    for chrom in track.chromosomes
                    if track.length(chrom) < 10_000_000
                }
            except GenomeArrayError:
                refused += 1
                continue
            same = set(got) == set(painted) and all(
                np.array_equal(got[c], painted[c], equal_nan=True) for c in got
            )
            assert same or len(damaged) == len(whole)
            wrong += not same
    assert refused > len(whole)
    assert wrong < (0.2 if compressed else 0.5) * 4 * len(whole)


@needs_shared
@pytest.mark.parametrize(
    "name", sorted(path.name for path in (DATA / "bigwig").glob("*")) if DATA.is_dir() else []
)
def test_real_files_equal_pybigwig(name):
    path = DATA / "bigwig" / name
    track, rng = ga.open_track(path), np.random.default_rng(5)
    with pyBigWig.open(str(path)) as peer:
        for chrom in track.chromosomes[:30]:
            end = min(track.length(chrom), 30_000_000)
            want = peer.values(chrom, 0, end, numpy=True).astype(np.float32)
            np.testing.assert_array_equal(track.values(chrom, 0, end), want)
            for start in rng.integers(0, end, 20).tolist():
                stop = min(start + int(rng.integers(1, 5000)), end)
                np.testing.assert_array_equal(track.values(chrom, start, stop), want[start:stop])


def test_a_stack_of_files_has_all_their_chromosomes(tmp_path, db):
    one, two = {"chr1": 5000, "chr2": 3000}, {"chr2": 3000, "chrX": 60}
    for name, sizes in (("a", one), ("b", two)):
        write(tmp_path / f"{name}.bw", sizes, random_sections(np.random.default_rng(len(name)), sizes))
    stack = ga.stack(str(tmp_path / "*.bw"))
    assert stack.names == ["a", "b"]
    assert stack.tracks[0].chromosomes == stack.tracks[1].chromosomes == ("chr1", "chr2", "chrX")
    a, b = ga.open_track(tmp_path / "a.bw"), ga.open_track(tmp_path / "b.bw")
    np.testing.assert_array_equal(stack.values("chr2"), np.stack([a.values("chr2"), b.values("chr2")]))
    assert np.isnan(stack.values("chr1")[1]).all()
    db.save_track("stored", {"chr1": np.ones(5000)})
    beside = ga.stack([db["stored"], tmp_path / "a.bw"])
    assert beside.assembly == "toy"
    np.testing.assert_array_equal(beside.values("chr1")[1], a.values("chr1"))
    write(tmp_path / "c.bw", {"chr1": 4999}, [Section("chr1", 3, [1], [2])])
    with pytest.raises(AssemblyError, match=r"'chr1' has 5,000 bp in .*a\.bw and 4,999 in .*c\.bw"):
        ga.stack([tmp_path / "a.bw", tmp_path / "c.bw"]).values("chr1")
    with pytest.raises(GenomeArrayError, match="no file matches"):
        ga.stack(str(tmp_path / "*.nothing"))


@pytest.fixture
def published(tmp_path):
    sizes = {"chr1": 200_000, "chr2": 100_000}
    rng = np.random.default_rng(6)
    sections = [
        Section("chr1", 3, list(range(at, at + 200)), rng.normal(size=200).tolist())
        for at in range(0, 190_000, 250)
    ]
    return write(tmp_path / "a.bw", sizes, sections, per_node=32), paint(sizes, sections)


@pytest.mark.parametrize("head", [True, False], ids=["HEAD", "GET only"])
@pytest.mark.parametrize("folder", ["", "moved/"])
def test_a_url(published, head, folder):
    path, painted = published
    with serve(path.parent, head=head) as (url, sent):
        track = ga.open_track(f"{url}/{folder}a.bw")
        np.testing.assert_array_equal(
            track.values("chr1", 100_000, 102_000), painted["chr1"][100_000:102_000]
        )
        whole = path.stat().st_size  # where HEAD is refused, the size comes from a GET that is broken off
        assert sum(size for _, size in sent if size < whole) < whole / 3
        assert np.isnan(track.values("chr2", 0, 10)).all()
        np.testing.assert_array_equal(track.values("chr1"), painted["chr1"])
        windows = [("chr1", at, at + 100) for at in range(0, 190_000, 9_999)]
        np.testing.assert_array_equal(
            track.windows(windows).values, ga.open_track(path).windows(windows).values
        )
        again = pickle.loads(pickle.dumps(track))
        np.testing.assert_array_equal(again.values("chr1", 5, 50), painted["chr1"][5:50])


def test_a_url_without_ranges_or_without_a_file(published):
    path, _ = published
    with (
        serve(path.parent, ranges=False) as (url, _),
        pytest.raises(GenomeArrayError, match="range requests"),
    ):
        ga.open_track(f"{url}/a.bw").values("chr1", 5, 50)
    with serve(path.parent) as (url, _), pytest.raises(GenomeArrayError, match="not there"):
        ga.open_track(f"{url}/none.bw")


def test_an_index_that_lists_less_than_it_announces_is_an_error(tmp_path):
    sections = [Section("chr1", 3, [10 * k], [1], span=10) for k in range(100)]
    data = bytearray(write(tmp_path / "a.bw", SIZES, sections, per_node=256).read_bytes())
    index = int.from_bytes(data[24:32], "little")
    data[index + 50] = 5  # entries of its only node
    (tmp_path / "a.bw").write_bytes(data)
    with pytest.raises(DamagedTrackError, match="announces 100 blocks and lists 5"):
        ga.open_track(tmp_path / "a.bw").values("chr1", 0, 5)


@pytest.mark.parametrize("children", [0, 1], ids=["itself", "one leaf"])
def test_a_tree_that_comes_to_a_node_again_and_again(tmp_path, children):
    """60,000 entries that lead to one node: an error at once, and no memory for them."""
    sections = [Section("chr1", 3, [10 * k], [1]) for k in range(3)]
    data = bytearray(write(tmp_path / "a.bw", SIZES, sections).read_bytes())
    root = len(data)
    data[24:32] = root.to_bytes(8, "little")  # a new index at the end
    data += struct.pack("<IIQIIIIQII", INDEX, 0xFFFF, 60_000, 0, 0, 9, 9, root, 1, 0)
    node = root + 48 + children * (4 + 60_000 * 24)
    data += struct.pack("<BBH", 0, 0, 60_000) + struct.pack("<4IQ", 0, 0, 3, 5000, node) * 60_000
    data += bytes(32 * 60_000)
    (tmp_path / "a.bw").write_bytes(data)
    with pytest.raises(DamagedTrackError, match="one node twice"):
        ga.open_track(tmp_path / "a.bw").values("chr1", 0, 5)


def test_a_missing_value_over_another_one_is_missing_in_place_and_imported(tmp_path, db):
    overlapping = [Section("chr1", 1, [0, 50], [1, np.nan], [100, 60]), Section("chr2", 3, [5], [np.nan])]
    blocks = [Section("chr1", 3, [0], [1], span=100), Section("chr1", 3, [50], [np.nan], span=10)]
    for name, sections in (("items", overlapping), ("blocks", blocks)):
        path = write(tmp_path / f"{name}.bw", SIZES, sections)
        import_bigwig(db, name, path)
        want = paint(SIZES, sections)["chr1"]
        assert np.isnan(want[50:60]).all()
        np.testing.assert_array_equal(ga.open_track(path).values("chr1"), want)
        np.testing.assert_array_equal(db[name].values("chr1"), want)


def test_blocks_and_leaves_without_a_base(tmp_path):
    sections = [Section("chr1", 1, [start], [1], [end]) for start, end in ((10, 20), (30, 30), (40, 50))]
    track = ga.open_track(write(tmp_path / "a.bw", SIZES, sections))
    np.testing.assert_array_equal(track.values("chr1", 5, 60), paint(SIZES, sections)["chr1"][5:60])
    assert np.isnan(track.values("chr1", 25, 35)).all()


def test_an_item_past_the_end_of_its_chromosome_is_not_imported(tmp_path, db):
    block = Section("chrM", 3, [30], [1], span=15).packed("<", 0)
    path = write(tmp_path / "b.bw", {"chrM": 45}, [Section("chrM", 3, [30], [1], span=15)], compressed=False)
    data = bytearray(path.read_bytes())
    assert block in data
    at = data.index(b"chrM") + 8
    assert data[at] == 45
    data[at] = 40
    path.write_bytes(data)
    assert ga.open_track(path).values("chrM", 25, 40).tolist()[5:] == [1] * 10  # what lies beyond is no base
    with pytest.raises(FormatError, match=r"b\.bw.*\[30, 45\)"):
        import_bigwig(db, "t", path)


def test_what_is_no_file_is_no_track(tmp_path, db):
    os.mkfifo(db.folder / "pipe.bw")
    (db.folder / "dangling.bw").symlink_to(tmp_path / "nowhere")
    (db.folder / "folder.bw").mkdir()
    assert db.list_tracks() == []
    with pytest.raises(GenomeArrayError, match=r"dangling\.bw is a link to .*nowhere, which is not there"):
        db.open_track("dangling")
    with pytest.raises(LayoutError, match="neither a regular file nor a folder"):
        ga.open_track(db.folder / "pipe.bw")


def test_verify(tmp_path, db):
    path = write(db.folder / "a.bw", SIZES, random_sections(np.random.default_rng(9), SIZES))
    assert db.verify("a").whole
    data = bytearray(path.read_bytes())
    data[64:72] = (9999).to_bytes(8, "little")  # bases of the total summary
    path.write_bytes(data)
    assert "counts 9,999 bases" in str(db.verify("a"))
