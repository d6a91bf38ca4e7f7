"""What every source must do. A new one is tested by adding a line to SOURCES."""

import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
from genomearray_converters import export_bigwig

from genomearray import GenomeDB, as_track, combine, liftover
from genomearray.errors import UnknownChromosomeError
from genomearray.foreign.open import open_source
from genomearray.reference.intervals import Intervals
from genomearray.source import PACKED, Source
from tests.old_files import dense

SIZES = {"chr1": 9000, "chr2": 2500, "chrM": 300}
CHAIN = "chain 9 chr1 9000 + 100 5100 chr1 9000 + 0 5000 1\n5000\n\nchain 5 chr2 2500 + 0 2000 chr1 9000 - 0 2000 2\n2000\n\n"


@pytest.fixture(scope="module")
def db(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    db = GenomeDB.create(folder, "toy", SIZES)
    rng = np.random.default_rng(5)
    counts = {chrom: np.where(rng.random(n) < 0.2, rng.integers(0, 99, n), 0) for chrom, n in SIZES.items()}
    counts["chr2"][:] = 0
    db.save_track("counts", {chrom: values.astype("uint8") for chrom, values in counts.items()}, threads=1)
    scores = {chrom: np.where(rng.random(n) < 0.4, np.nan, rng.normal(size=n)) for chrom, n in SIZES.items()}
    scores["chr1"][4100:8900] = np.nan
    db.save_track(
        "scores",
        {chrom: scores[chrom].astype("float32") for chrom in ("chr1", "chrM")},
        store="zarr",
        threads=1,
    )
    letters = {chrom: np.frombuffer(b"ACGTNacgt", "u1")[rng.integers(0, 9, n)] for chrom, n in SIZES.items()}
    db.save_track("seq", letters, kind="sequence", threads=1)
    peaks = {
        "chrom": ["chr1", "chr1", "chrM"],
        "start": [10, 500, 0],
        "end": [600, 700, 50],
        "score": [1, 2, 3],
    }
    db.save_features("peaks", pd.DataFrame(peaks))
    (folder / "chain").write_text(CHAIN)
    dense(
        db.folder / "old.h5", {"chr1": counts["chr1"].astype("uint8"), "chrM": counts["chrM"].astype("uint8")}
    )
    export_bigwig(db["scores"], db.folder / "signal.bw")
    return db


# A name, and what makes the source from a database with the tracks counts, scores, seq and the table peaks.
SOURCES = {
    "stored, HDF5": lambda db: db["counts"].source,
    "stored, Zarr": lambda db: db["scores"].source,
    "stored sequence": lambda db: db["seq"].source,
    "old library": lambda db: open_source(db.folder / "old.h5"),
    "bigWig": lambda db: db.open_track("signal").source,
    "Dataset": lambda db: as_track(db["scores"].dataset * 2).source,
    "elementwise, integers": lambda db: (db["counts"] * 3 - 7).source,
    "elementwise, floats": lambda db: np.log1p(abs(db["scores"])).source,
    "comparison": lambda db: (db["counts"] > 3).source,
    "converted": lambda db: db["counts"].astype("float64").source,
    "shifted": lambda db: db["counts"].shift(17).source,
    "masked": lambda db: db["counts"].mask([("chr1", 10, 500)]).source,
    "where": lambda db: db["scores"].where(db["counts"] > 3, other=1.5).source,
    "rolling": lambda db: db["counts"].rolling(50, center=True, min_periods=1).mean().source,
    "smoothed": lambda db: db["counts"].smooth(7).source,
    "combined, sum": lambda db: combine([db["counts"], db["counts"] * 2]).source,
    "combined, median": lambda db: combine([db["counts"], db["scores"]], "median").source,
    "lifted": lambda db: liftover(db["counts"], db.path / "chain", to=db).source,
    "coverage": lambda db: db["peaks"].as_track("coverage").source,
    "scores of features": lambda db: db["peaks"].as_track("score").source,
    "distances": lambda db: db["peaks"].distances("position").source,
    "gc": lambda db: db["seq"].gc(20).source,
    "k-mers": lambda db: db["seq"].kmer("CG", "both").source,
}
everywhere = pytest.mark.parametrize("name", SOURCES)


@pytest.fixture
def source(db, name) -> Source:
    return SOURCES[name](db)


def same(one, other):
    return one.dtype == other.dtype and np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


@everywhere
@pytest.mark.filterwarnings("ignore:the old file")
class TestSource:
    def test_knows_its_chromosomes(self, source):
        assert isinstance(source, Source)
        assert source.names == ("chr1", "chr2", "chrM")
        assert [source.length(chrom) for chrom in source.names] == list(SIZES.values())
        assert source.lengths_of(("chrM", "nothing", "chr1")).tolist() == [300, -1, 9000]
        assert source.has("chr2")
        assert not source.has("chr9")
        with pytest.raises(UnknownChromosomeError, match="chr9"):
            source.length("chr9")

    def test_values_do_not_depend_on_how_they_are_cut(self, source):
        for chrom, size in SIZES.items():
            whole = source.read(chrom, 0, size)
            assert (whole.dtype, whole.shape) == (source.dtype, (size,))
            borders = [0, 1, size // 3, size // 3 + 1, size - 1, size]
            parts = [source.read(chrom, a, b, threads=False) for a, b in itertools.pairwise(borders)]
            assert same(np.concatenate(parts), whole)

    def test_gathers_what_it_reads(self, source):
        asked = Intervals(
            source.names, np.array([0, 2, 1, 0]), np.array([5, 0, 100, 3]), np.array([20, 300, 130, 9])
        )
        sizes = asked.end - asked.start
        expected = [
            source.read(source.names[c], a, b)
            for c, a, b in zip(asked.code, asked.start, asked.end, strict=False)
        ]
        assert same(source.read_intervals(asked), np.concatenate(expected))
        out = np.empty(int(sizes.sum()), source.dtype)
        source.gather(asked, out, np.cumsum(sizes) - 1, np.full(4, -1))
        assert same(out, np.concatenate([part[::-1] for part in expected]))

    def test_holds_nothing_but_the_fill_value_where_it_says_so(self, source):
        for chrom, size in SIZES.items():
            for start in range(0, size, 700):
                end = min(start + 700, size)
                if not source.holds(chrom, start, end):
                    assert same(
                        source.read(chrom, start, end), np.full(end - start, source.fill, source.dtype)
                    )

    def test_values_lie_within_the_limits(self, source):
        if source.dtype.kind in "iub":
            low, high = source.limits
            assert all(
                low <= source.read(c, 0, n).min() and source.read(c, 0, n).max() <= high
                for c, n in SIZES.items()
            )

    def test_stored_statistics_are_those_of_the_values(self, source):
        if source.kind != "signal":
            return
        stored = source.chromosome_statistics(source.names)
        arrays, array_of, offset = source.chunk_statistics(source.names)
        assert len(array_of) == len(offset) == 3
        for k, (chrom, size) in enumerate(SIZES.items()):
            values = source.read(chrom, 0, size).astype(float)
            known = values[~np.isnan(values)]
            if stored is not None:
                assert stored.n[k] == known.size
                assert stored.sum[k] == pytest.approx(known.sum())
            if arrays[array_of[k]] is not None and offset[k] == 0:
                rows = arrays[array_of[k]].rows(0, 1)
                first = values[: arrays[array_of[k]].chunk]
                assert rows.n[0] == np.count_nonzero(~np.isnan(first))

    def test_variables_hold_the_chromosomes(self, source):
        for chrom in source.names:
            place = source.packed_place(chrom)
            variable, start = (chrom, 0) if place is None else (PACKED, place[0])
            assert source.variables[variable] >= start + source.length(chrom)
            assert same(source.read_variable(variable, start, start + 40), source.read(chrom, 0, 40))
            assert (
                dict(source.display_attributes(variable)).items()
                <= dict(source.variable_attributes(variable)).items()
            )

    def test_survives_pickling(self, source):
        copy = pickle.loads(pickle.dumps(source))
        assert same(copy.read("chr1", 300, 900), source.read("chr1", 300, 900))
        assert (copy.label, copy.kind, copy.assembly) == (source.label, source.kind, source.assembly)
