"""Files of the old library open in place: the traps of its layouts, written with PyTables itself."""

from __future__ import annotations

import pickle
import warnings

import h5py
import numpy as np
import pandas as pd
import pytest
import tables
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import genomearray as ga
import genomearray.foreign.old_track
from genomearray import GenomeDB, open_track
from genomearray.errors import (
    ArgumentError,
    DamagedTrackError,
    DatabaseError,
    GenomeArrayWarning,
    LayoutError,
    RegionError,
    UnknownChromosomeError,
)
from tests import old_files
from tests.old_files import (
    CONTIGS,
    SORTED,
    dense,
    write_chromosomes,
    write_features,
    write_lift_table,
    write_track,
)
from tests.shared_data import DATA, needs_shared


@pytest.fixture
def old(tmp_path):
    """A database with an old chromosome table, and nothing else."""
    write_chromosomes(tmp_path / "old")
    return GenomeDB(tmp_path, "old")


def arrays(dtype, seed=0, nan=False, chroms=CONTIGS):
    rng = np.random.default_rng(seed)
    made = {}
    for name in chroms:
        values = rng.integers(0, 100, CONTIGS[name]).astype(dtype)
        if nan:
            values[rng.random(values.size) < 0.3] = np.nan
        made[name] = values
    return made


# -- the chromosome table ---------------------------------------------------------------------


def test_chromosomes_are_in_the_old_order_with_right_flags(old):
    assert [(chrom.name, chrom.idnum) for chrom in old.get_all_chromosomes()] == list(
        zip(SORTED, range(1, 13), strict=True)
    )
    # The old importer never set is_x and is_y, and took the alternative locus for an autosome.
    assert old.get_chromosome("chrX").is_x
    assert old.get_chromosome("chrY").is_y
    assert old.get_chromosome("chr1_KI270762v1_alt").is_hap
    assert old.get_chromosome("chr1_random").is_rand
    assert [chrom.name for chrom in old.get_chromosomes()] == ["chr1", "chr2", "chr10", "chr21", "chrX"]
    assert old.get_chromosome("chr1_KI270762v1_alt").length == 90


def test_a_table_with_flags_of_the_user_keeps_them(tmp_path):
    """Before May 2012 the table named X and Y, and names had 16 bytes."""
    write_chromosomes(
        tmp_path / "older",
        {"chrX": 5, "chrY": 6, "chrZ": 7},
        ["chrX", "chrY", "chrZ"],
        old_files.OlderChromDesc,
        ("is_x", "is_y"),
    )
    db = GenomeDB(tmp_path, "older")
    assert [(c.is_x, c.is_y, c.is_sex) for c in db.get_all_chromosomes()] == [
        (True, False, False),
        (False, True, False),
        (False, False, False),
    ]


def test_rows_are_sorted_by_idnum_whatever_their_order(tmp_path):
    write_chromosomes(tmp_path / "x")
    with tables.open_file(str(tmp_path / "x" / "chromosome.h5"), "a") as file:
        table = file.root.chromosome
        table[:] = table[:][::-1]
    assert list(GenomeDB(tmp_path, "x").assembly.names) == SORTED


def test_tables_that_cannot_be(tmp_path):
    write_chromosomes(tmp_path / "twice", {"chr1": 5}, ["chr1", "chr1"])
    with pytest.raises(DatabaseError, match="old chromosome table .* twice"):
        GenomeDB(tmp_path, "twice").assembly  # noqa: B018
    (tmp_path / "track").mkdir()
    dense(tmp_path / "track" / "chromosome.h5", {"chr1": np.zeros(5, "uint8")})
    with pytest.raises(DatabaseError, match="holds a track, no chromosome table"):
        GenomeDB(tmp_path, "track").assembly  # noqa: B018


# -- dense tracks -----------------------------------------------------------------------------

DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_dense_tracks_of_every_dtype(old, dtype):
    want = arrays(dtype, nan=dtype.startswith("f"))
    dense(old.folder / "a" / "b.h5", want)
    assert old.list_tracks() == ["a/b"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        track = old["a/b"]
        assert (track.dtype, track.kind, track.assembly) == (np.dtype(dtype), "signal", "old")
        for name, values in want.items():
            np.testing.assert_array_equal(track.values(name), values)
            np.testing.assert_array_equal(track.get_nparray(name, 11, 20), values[10:20])
        np.testing.assert_array_equal(track["chr1:5-9"], want["chr1"][4:9])
        np.testing.assert_array_equal(track.sel(chrom="chr2", pos=slice(100, 200)), want["chr2"][99:200])
        np.testing.assert_array_equal(
            track.windows([("chr1", 5, 15), ("chrX", 0, 10, "-")])[0], want["chr1"][5:15]
        )
        everything = np.concatenate(list(want.values())).astype(float)
        assert track.sum() == pytest.approx(np.nansum(everything))
        assert track.count() == (~np.isnan(everything)).sum()
        assert (track + 1).values("chrM", 0, 3).tolist() == (
            want["chrM"][:3] + 1
        ).tolist() or dtype.startswith("f")
        assert track.dataset["chr1"].size == 1000
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(track)).values("chr1"), want["chr1"])
        assert track.path == old.folder / "a" / "b.h5"
        track.close()


def test_chunks_longer_than_the_chromosome_and_many_chunks(tmp_path):
    """PyTables pads the chunk of a short chromosome, and cuts a long one into chunks of 131,072."""
    sizes = {"chr1": 700_000, "chr2": 10}
    write_chromosomes(tmp_path / "big", sizes, list(sizes))
    want = {name: np.random.default_rng(1).integers(0, 9, n).astype("uint16") for name, n in sizes.items()}
    dense(tmp_path / "big" / "t.h5", want)
    with h5py.File(tmp_path / "big" / "t.h5") as file:
        assert file["chr2"].chunks[0] > file["chr2"].shape[0]
        assert file["chr1"].chunks[0] < file["chr1"].shape[0]
    track = GenomeDB(tmp_path, "big")["t"]
    np.testing.assert_array_equal(track.values("chr1"), want["chr1"])
    np.testing.assert_array_equal(track.values("chr2", 3, 8), want["chr2"][3:8])
    starts = np.random.default_rng(2).integers(0, 699_000, 300)
    found = track.windows([("chr1", int(s), int(s) + 500) for s in starts])
    np.testing.assert_array_equal(found, [want["chr1"][s : s + 500] for s in starts])


@pytest.mark.parametrize(
    "filters",
    [
        None,
        tables.Filters(complevel=0),
        tables.Filters(complevel=5, shuffle=False),
        tables.Filters(complevel=1, fletcher32=True),
    ],
)
def test_other_filters_of_pytables(old, filters):
    want = arrays("int16")
    dense(old.folder / "t.h5", want, filters=filters)
    for name, values in want.items():
        np.testing.assert_array_equal(old["t"].values(name), values)


def test_big_endian_arrays(old):
    want = arrays("uint16")
    with h5py.File(old.folder / "t.h5", "w") as file:
        for name, values in want.items():
            node = file.create_dataset(
                name, data=values.astype(">u2"), chunks=True, compression="gzip", shuffle=True
            )
            node.attrs["CLASS"] = np.bytes_("CARRAY")
    np.testing.assert_array_equal(old["t"].values("chr1"), want["chr1"])
    assert old["t"].dtype == np.uint16


def test_chunks_nobody_wrote_hold_the_fill_value_of_the_file(old):
    """init_track fills with NaN, create_track with 0: the file tells."""
    write_track(
        old.folder / "nan.h5",
        {name: (n, None) for name, n in CONTIGS.items()},
        atom=tables.Float32Atom(dflt=np.nan),
    )
    write_track(
        old.folder / "zero.h5",
        {name: (n, None) for name, n in CONTIGS.items()},
        atom=tables.Float32Atom(dflt=0),
    )
    write_track(
        old.folder / "seven.h5",
        {name: (n, None) for name, n in CONTIGS.items()},
        atom=tables.Int16Atom(dflt=7),
    )
    assert np.isnan(old["nan"].values("chr1")).all()
    assert (old["zero"].values("chr1") == 0).all()
    assert (old["seven"].values("chr1") == 7).all()
    assert (old["nan"].count(), old["zero"].count(), old["seven"].sum()) == (
        0,
        sum(CONTIGS.values()),
        7 * sum(CONTIGS.values()),
    )


@pytest.mark.parametrize(("dtype", "absent"), [("uint8", 0), ("float32", np.nan)])
def test_a_chromosome_without_a_node_is_absent_with_one_warning(old, dtype, absent):
    dense(old.folder / "t.h5", arrays(dtype, chroms=["chr1", "chr2"]))
    track = old["t"]
    with pytest.warns(
        GenomeArrayWarning, match=r"no data of 10 chromosomes \(chr1_KI270762v1_alt, chr10, chr21, ...\)"
    ) as reported:
        np.testing.assert_array_equal(track.values("chrX", 0, 3), np.full(3, absent, dtype))
    assert len(reported) == 1
    # Said once; a name and an object give the same.
    np.testing.assert_array_equal(track.values(old.get_chromosome("chrX"), 0, 3), np.full(3, absent, dtype))
    assert track.values("chrY").dtype == np.dtype(dtype)
    with pytest.raises(UnknownChromosomeError):
        track.values("chr9")
    with pytest.raises(RegionError):
        track.values("chrX", 0, 501)


def test_sequences_are_recognised_and_can_be_named(old, tmp_path):
    letters = {name: np.frombuffer((b"ACGTN" * 200)[:n], np.uint8) for name, n in CONTIGS.items()}
    for name in ("seq", "dna", "with_statistics"):
        dense(old.folder / f"{name}.h5", letters)
    old_files.set_sequence_statistics(old.folder / "with_statistics.h5")
    for name in ("seq", "dna", "with_statistics"):
        assert old[name].kind == "sequence"
        assert old[name].get_seq_str("chr1", 1, 6) == "ACGTNA"
    dense(old.folder / "counts.h5", {name: np.full(n, 65, np.uint8) for name, n in CONTIGS.items()})
    assert old["counts"].kind == "sequence"  # 65 is an A
    assert old.open_track("counts", kind="signal").sum() == 65 * sum(CONTIGS.values())
    with pytest.raises(ArgumentError, match="allowed are 'signal', 'sequence' or None"):
        old.open_track("counts", kind="dna")
    # Statistics pickle None where a chromosome is all N: they are not needed to read.
    assert old["dna"].values("chr1").dtype == np.uint8


def test_stored_statistics_and_pickles_are_never_loaded(old):
    want = arrays("float32", nan=True)
    want["chrM"][:] = np.nan
    path = old.folder / "t.h5"
    dense(path, want)
    old_files.set_statistics(path)
    with tables.open_file(str(path), "a") as file:
        file.root.chr1.attrs.evil = Evil()  # a pickle that would raise
    reported = old["t"].source.statistics()
    assert reported["chr1"]["n"] == 1000
    assert reported["chr1"]["sum"] == pytest.approx(np.nansum(want["chr1"]), rel=1e-6)
    assert "evil" not in reported["chr1"]
    assert np.isnan(reported["chrM"]["min"])
    assert reported["chrM"]["sum"] == 0
    # What one asks for is computed: stored numbers may be stale.
    stats = old["t"].stats(by="chrom")
    assert stats.loc["chrM", "n_nan"] == 160
    np.testing.assert_allclose(stats.loc["chr1", "max"], np.nanmax(want["chr1"]))


class Evil:
    def __reduce__(self):
        return exec, ("raise SystemExit('a pickle was loaded')",)


def test_new_tracks_stand_beside_old_ones(old):
    want = arrays("uint16")
    dense(old.folder / "old.h5", want)
    old.save_track("new", old["old"] * 2)
    assert old.list_tracks() == ["new", "old"]
    total = ga.combine([old["old"], old["new"]], how="sum", dtype="uint32")
    np.testing.assert_array_equal(total.values("chr2"), want["chr2"].astype(int) * 3)
    np.testing.assert_array_equal((old["new"] - old["old"]).values("chr6_apd_hap1"), want["chr6_apd_hap1"])
    with pytest.raises(ga.errors.TrackExistsError, match="'old' exists"):
        old.create_track("old")


def test_xarray_opens_old_files_too(old):
    want = arrays("uint8")
    dense(old.folder / "t.h5", want)
    with xr.open_dataset(old.folder / "t.h5", engine="genomearray") as dataset:
        np.testing.assert_array_equal(dataset["chr1"].sel(pos_chr1=slice(5, 9)), want["chr1"][4:9])


# -- features ---------------------------------------------------------------------------------


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_old_features_equal_their_rows(tmp_path_factory, data):
    folder = tmp_path_factory.mktemp("features")
    write_chromosomes(folder / "old")
    rows = {}
    for name in ("chr1", "chrM"):
        rows[name] = []
        for k in range(data.draw(st.integers(0, 12))):
            start = data.draw(st.integers(1, CONTIGS[name]))
            end = data.draw(st.integers(start, CONTIGS[name]))
            rows[name].append(
                {
                    "name": f"f{k}",
                    "start": start,
                    "end": end,
                    "score": data.draw(st.integers(-300, 300)),
                    "strand": data.draw(st.sampled_from([1, -1, 0])),
                }
            )
    write_features(folder / "old" / "genes.h5", rows)
    table = GenomeDB(folder, "old").open_features("genes")
    want = []
    for name in SORTED:
        found = [(row["start"] - 1, row["end"], k, row) for k, row in enumerate(rows.get(name, []))]
        want += [
            [name, start, end, {1: "+", -1: "-", 0: "."}[row["strand"]], row["name"], row["score"]]
            for start, end, _, row in sorted(found, key=lambda f: f[:3])
        ]
    assert table.to_dataframe().values.tolist() == want
    assert table["chr1:200-300"].to_dataframe().values.tolist() == [
        row for row in want if row[0] == "chr1" and row[1] < 300 and row[2] > 199
    ]
    assert len(table) == len(want)


def test_old_fragments_and_rows_outside(old):
    rows = {
        "chr1": [
            {"start": 101, "end": 247, "score": 60, "strand": 1},
            {"start": 50, "end": 60, "score": -1, "strand": -1},
            {"start": 0, "end": 9, "score": 1, "strand": 1},
        ]
    }
    write_features(old.folder / "pe.h5", rows, old_files.Fragment)
    with pytest.warns(GenomeArrayWarning, match="1 rows of the old table .* outside"):
        table = old.open_features("pe")
    # MAPQ 255 had wrapped to -1.
    assert table.to_dataframe().values.tolist() == [["chr1", 49, 60, "-", 255], ["chr1", 100, 247, "+", 60]]
    assert table.columns == ["start", "end", "strand", "score"]
    assert table.as_track("coverage").sum() == 11 + 147
    with pytest.raises(
        LayoutError, match="holds a table of features, not a track; it opens with open_features"
    ):
        old.open_track("pe")


def test_names_of_32_bytes_and_empty_tables(old):
    write_features(
        old.folder / "f.h5", {"chr2": [{"name": "n" * 32, "start": 5, "end": 5, "score": 7, "strand": 0}]}
    )
    assert old.open_features("f").to_dataframe().values.tolist() == [["chr2", 4, 5, ".", "n" * 32, 7]]
    write_features(old.folder / "none.h5", {})
    assert len(old.open_features("none")) == 0


# -- liftover tables --------------------------------------------------------------------------


def test_liftover_tables(old, tmp_path):
    write_chromosomes(tmp_path / "new")
    rows = {name: np.full((n, 3), -1, "int32") for name, n in CONTIGS.items()}
    rows["chr1"][10:20] = [[3, 101 + k, 1] for k in range(10)]  # idnum 3 is chr2
    rows["chr1"][100:105] = [[1, 5 + k, -1] for k in range(5)]
    write_lift_table(old.folder / "liftover_old_to_new_tab.h5", rows)
    table = old.open_lift_table("liftover_old_to_new_tab")
    found = table.lift("chr1", [0, 12, 19, 12])
    assert found.values.tolist() == [[1, "chr2", 102, "+"], [2, "chr2", 109, "+"], [3, "chr2", 102, "+"]]
    with pytest.warns(
        GenomeArrayWarning,
        match="2 bases map to the minus strand, where tables of the old library hold wrong positions",
    ):
        assert table.lift("chr1", [100, 101, 15])["query"].tolist() == [2]
    assert table.lift("chr1", [100], minus=True).values.tolist() == [[0, "chr1", 4, "-"]]
    with pytest.raises(RegionError, match="0 <= offset < 1000"):
        table.lift("chr1", [1000])
    assert repr(table) == "<LiftTable 'liftover_old_to_new_tab': from old to new>"
    rows["chr1"][500] = [3, 5000, 1]
    write_lift_table(old.folder / "liftover_old_to_new_x_tab.h5", rows)
    with pytest.raises(DamagedTrackError, match="position 5000, past the end"):
        ga.LiftTable(old.folder / "liftover_old_to_new_x_tab.h5", GenomeDB(tmp_path, "new").assembly).lift(
            "chr1", [500]
        )
    with pytest.raises(
        LayoutError, match="holds a liftover table, not a track; it opens with open_lift_table"
    ):
        old.open_track("liftover_old_to_new_tab")


# -- what is not a track, and what is broken -------------------------------------------------------


def test_other_files_of_the_same_layout_are_named(old):
    with tables.open_file(str(old.folder / "haplotypes.h5"), "w") as file:
        file.create_carray("/", "chr1", tables.Int8Atom(), (50, 20))
    index = np.full(1000, -1, "int32")
    index[[5, 9, 400]] = [0, 1, 2]
    dense(old.folder / "snp_index.h5", {"chr1": index}, fill=-1)
    with tables.open_file(str(old.folder / "snps.h5"), "w") as file:
        file.create_table("/", "chr1", {"pos": tables.Int64Col(), "allele1": tables.StringCol(10)})
    with h5py.File(old.folder / "plain.h5", "w") as file:
        file["chr1"] = np.zeros((5, 5))
    for name, message in {
        "haplotypes": r"holds 2-D arrays \(chr1: int8 \(50, 20\)\), such as haplotypes or genotypes: no track",
        "snp_index": r"holds an index \(chr1: int32 \(1000,\)",
        "snps": r"holds tables \(chr1: columns allele1, pos\).*no features",
        "plain": r"no attribute 'genomearray_layout': holds 2-D arrays",
    }.items():
        with pytest.raises(LayoutError, match=message):
            old.open_track(name)
    # Numbers that only look like an index.
    dense(old.folder / "signed.h5", {"chr1": np.arange(-500, 500, dtype="int32")})
    assert old["signed"].dtype == np.int32


def test_cut_empty_and_half_written_files(old):
    dense(old.folder / "t.h5", arrays("uint16"))
    whole = (old.folder / "t.h5").read_bytes()
    (old.folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (old.folder / "empty.h5").write_bytes(b"")
    (old.folder / "head.h5").write_bytes(whole[:96])
    tables.open_file(str(old.folder / "begun.h5"), "w").close()
    for name, message in {
        "cut": "is it cut",
        "empty": "the file is empty",
        "head": "is it cut",
        "begun": "holds nothing; an import that crashed",
    }.items():
        for opening in (old.open_track, old.open_features):
            with pytest.raises(LayoutError, match=message):
                opening(name)


def test_damaged_chunks_are_errors_with_their_place(old):
    dense(old.folder / "t.h5", arrays("uint16"))
    with h5py.File(old.folder / "t.h5") as file:
        info = file["chr2"].id.get_chunk_info(0)
    raw = bytearray((old.folder / "t.h5").read_bytes())
    raw[info.byte_offset + info.size // 2] ^= 0xFF
    (old.folder / "t.h5").write_bytes(raw)
    with pytest.raises(DamagedTrackError, match="damaged at chr2:1-900"):
        old["t"].values("chr2")
    assert old["t"].values("chr1").size == 1000


def test_files_of_another_assembly(old):
    dense(old.folder / "long.h5", {"chr1": np.zeros(1001, "uint8")})
    dense(old.folder / "other.h5", {"chr77": np.zeros(5, "uint8")})
    with pytest.raises(
        LayoutError, match=r"node 'chr1' has 1,001 values, and the chromosome of assembly 'old' 1,000 bp"
    ):
        old.open_track("long")
    with pytest.raises(LayoutError, match="node 'chr77' is not a chromosome of assembly 'old'"):
        old.open_track("other")


def test_a_file_outside_of_a_database_names_its_own_chromosomes(tmp_path):
    want = arrays("uint8")
    dense(tmp_path / "t.h5", want)
    track = open_track(tmp_path / "t.h5")
    assert track.assembly == "unknown"
    assert set(track.chromosomes) == set(CONTIGS)
    np.testing.assert_array_equal(track.values("chr10"), want["chr10"])
    write_features(tmp_path / "f.h5", {})
    with pytest.raises(LayoutError, match="is in no database"):
        ga.open_features(tmp_path / "f.h5")


@needs_shared
def test_the_real_file():
    path = DATA / "hdf5" / "WASP_H3K27ac_read_counts.18505.h5"
    track = open_track(path)
    with h5py.File(path) as file:
        for name in ("chr22", "chrM", "chr6_apd_hap1"):
            np.testing.assert_array_equal(track.values(name), file[name][:])
        assert track.sum() == sum(int(file[name].attrs["sum"]) for name in file) == 569360
        assert track.source.statistics()["chr22"] == {
            "n": 51304566,
            "n_nan": 0,
            "min": 0,
            "max": 2,
            "sum": 569360,
        }
    assert track.stats(by="chrom").loc["chr22", "max"] == 2
    assert isinstance(track.stats(by="chrom"), pd.DataFrame)


# -- migrating --------------------------------------------------------------------------------


def make_many(folder):
    """40 tracks and what else lies about in an old database."""
    write_chromosomes(folder / "old")
    db = GenomeDB(folder, "old")
    for k in range(40):
        dense(
            db.folder / "tracks" / f"t{k:02}.h5",
            arrays(["uint8", "uint16", "float32", "int8"][k % 4], seed=k, nan=k % 4 == 2),
        )
    old_files.set_statistics(db.folder / "tracks" / "t02.h5")
    dense(db.folder / "some.h5", arrays("float32", chroms=["chr1", "chrM"]))
    dense(
        db.folder / "seq.h5",
        {name: np.frombuffer((b"NACGT" * 200)[:n], np.uint8) for name, n in CONTIGS.items()},
    )
    rows = {
        "chr1": [
            {"name": b"x", "start": 200, "end": 300, "score": -5, "strand": -1},
            {"name": b"y", "start": 7, "end": 9, "score": 5, "strand": 1},
        ]
    }
    write_features(db.folder / "genes.h5", rows)
    write_features(
        db.folder / "pairs.h5",
        {"chrM": [{"start": 2, "end": 9, "score": 60, "strand": 1}]},
        old_files.Fragment,
    )
    write_lift_table(db.folder / "liftover_old_to_new_tab.h5", {"chr1": np.full((1000, 3), -1, "int32")})
    (db.folder / "begun.h5").write_bytes(b"")
    with tables.open_file(str(db.folder / "haplotypes.h5"), "w") as file:
        file.create_carray("/", "chr1", tables.Int8Atom(), (50, 20))
    return db


@pytest.mark.parametrize("store", ["h5", "zarr"])
def test_a_whole_database_migrates_and_every_value_agrees(tmp_path, store):
    old = make_many(tmp_path / "a")
    assert len(old.list_tracks()) == 47
    report = ga.migrate(tmp_path / "a", tmp_path / "b", store=store)
    outcomes = {file.name: file.outcome for file in report.files}
    assert [report.count(outcome) for outcome in ("copied", "there", "left out", "failed")] == [44, 0, 3, 0]
    assert {name for name, outcome in outcomes.items() if outcome == "left out"} == {
        "begun",
        "haplotypes",
        "liftover_old_to_new_tab",
    }
    new = GenomeDB(tmp_path / "b", "old")
    assert [(c.name, c.length, c.idnum, c.is_x) for c in new.assembly] == [
        (c.name, c.length, c.idnum, c.is_x) for c in old.assembly
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", GenomeArrayWarning)
        for name, outcome in outcomes.items():
            if outcome != "copied":
                continue
            if name in ("genes", "pairs"):
                pd.testing.assert_frame_equal(
                    new.open_features(name).to_dataframe(),
                    old.open_features(name).to_dataframe(),
                    check_dtype=False,
                )
                continue
            one, other = old[name], new[name]
            assert (one.dtype, one.kind) == (other.dtype, other.kind)
            for chrom in old.assembly.names:
                np.testing.assert_array_equal(one.values(chrom), other.values(chrom))
    notes = {file.name: file.note for file in report.files}
    assert "no data of 10 chromosomes" in notes["some"]
    assert notes["genes"] == "2 features agree"
    assert "the file is empty" in notes["begun"]
    if store == "zarr":
        return  # what follows does not depend on the store
    # A second run goes on where the first one stopped.
    new.get_track_path("seq").rename(tmp_path / "away")
    again = ga.migrate(tmp_path / "a", tmp_path / "b", store=store)
    assert [again.count(outcome) for outcome in ("copied", "there")] == [1, 43]
    # What is there is compared again.
    new.save_track("tracks/t00", {"chr1": np.zeros(1000, "uint8")}, overwrite=True, store=store)
    once_more = ga.migrate(tmp_path / "a", tmp_path / "b", store=store)
    assert [file.name for file in once_more.files if file.outcome == "failed"] == ["tracks/t00"]
    mended = ga.migrate(tmp_path / "a", tmp_path / "b", store=store, overwrite=True)
    assert [mended.count(outcome) for outcome in ("copied", "failed")] == [44, 0]


def test_a_damaged_file_fails_alone_and_stale_statistics_are_told(tmp_path):
    write_chromosomes(tmp_path / "a" / "old")
    old = GenomeDB(tmp_path / "a", "old")
    for name in ("good", "bad", "stale"):
        dense(old.folder / f"{name}.h5", arrays("uint16"))
    with h5py.File(old.folder / "bad.h5") as file:
        info = file["chr2"].id.get_chunk_info(0)
    raw = bytearray((old.folder / "bad.h5").read_bytes())
    raw[info.byte_offset + info.size // 2] ^= 0xFF
    (old.folder / "bad.h5").write_bytes(raw)
    old_files.set_statistics(old.folder / "stale.h5")
    with tables.open_file(str(old.folder / "stale.h5"), "a") as file:
        file.root.chr10[5] += 1
    report = ga.migrate(tmp_path / "a", tmp_path / "b")
    assert {file.name: file.outcome for file in report.files} == {
        "bad": "failed",
        "good": "copied",
        "stale": "copied",
    }
    assert "stale statistics in the old file: chr10" in next(
        file.note for file in report.files if file.name == "stale"
    )
    assert GenomeDB(tmp_path / "b", "old").list_tracks() == ["good", "stale"]
    with pytest.raises(DatabaseError, match="is the old database itself"):
        ga.migrate(tmp_path / "a", tmp_path / "a")
    with pytest.raises(DatabaseError, match="assembly 'hg19' is not in the database"):
        ga.migrate(tmp_path / "a", tmp_path / "b", "hg19")
    with pytest.raises(DatabaseError, match="holds no assembly"):
        ga.migrate(tmp_path / "a" / "old", tmp_path / "b")
    GenomeDB.create(tmp_path / "c", "old", {"chr1": 5})
    with pytest.raises(ga.errors.AssemblyError, match="with other chromosomes"):
        ga.migrate(tmp_path / "a", tmp_path / "c")


def test_flipped_bytes_are_errors_or_harmless(old):
    """Of headers, names and attributes too: never a raw error of h5py, never another value."""
    want = arrays("uint16")
    path = old.folder / "t.h5"
    dense(path, want)
    raw = path.read_bytes()
    rng = np.random.default_rng(1)
    for k in range(60):
        changed = bytearray(raw)
        changed[int(rng.integers(len(raw)))] ^= 1 << int(rng.integers(8))
        flipped = old.folder / f"f{k}.h5"
        flipped.write_bytes(changed)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", GenomeArrayWarning)
                track = old[f"f{k}"]
                for name, values in want.items():
                    found = track.values(name)
                    # A lost node is absent, and said so by a warning.
                    assert (found == values).all() or (
                        name in track.source.missing_chroms and not found.any()
                    )
        except ga.errors.GenomeArrayError:
            pass
