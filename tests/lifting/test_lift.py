"""Lift over equals a walk over every aligned base of the chain file, and the points that two other programs agree on."""

import gzip
import io
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import genomearray as ga
from genomearray import Assembly
from genomearray.errors import (
    AssemblyError,
    FormatError,
    GenomeArrayWarning,
    LayoutError,
    RegionError,
    ValueRangeError,
)
from genomearray.lifting import lift as lifting
from genomearray.sources import computed
from tests import oracles
from tests.shared_data import DATA, PEERS, needs_shared

some_examples = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])

OLD = {"chrA": 900, "chrB": 400, "alt": 50}
NEW = {"chr1": 800, "chr2": 500, "chr3": 60}


@st.composite
def chain_files(draw):
    """Chains that may overlap on both sides, on both strands, with repeated ids and scores."""
    text = []
    for number in range(draw(st.integers(1, 6))):
        source = draw(st.sampled_from(["chrA", "chrB", "gone"]))
        target = draw(st.sampled_from(["chr1", "chr2", "lost"]))
        sizes = OLD | {"gone": 300}, NEW | {"lost": 300}
        rows, used = [], [0, 0]
        for _ in range(draw(st.integers(1, 5))):
            row = [draw(st.integers(1, 60)), draw(st.integers(0, 9)), draw(st.integers(0, 9))]
            if any(used[side] + row[0] > 250 for side in (0, 1)):
                break
            rows.append(row)
            used = [used[side] + row[0] + row[1 + side] for side in (0, 1)]
        ends = [used[side] - rows[-1][1 + side] for side in (0, 1)]
        starts = [
            draw(st.integers(0, sizes[side][name] - ends[side])) for side, name in ((0, source), (1, target))
        ]
        strand = draw(st.sampled_from("+-"))
        score = draw(st.sampled_from([1, 1000, 77.5]))
        text.append(
            f"chain {score} {source} {sizes[0][source]} + {starts[0]} {starts[0] + ends[0]} "
            f"{target} {sizes[1][target]} {strand} {starts[1]} {starts[1] + ends[1]} {number % 2}"
        )
        text += ["\t".join(map(str, row)) for row in rows[:-1]] + [str(rows[-1][0]), ""]
    return "\n".join(text)


def databases(folder, dtype, seed):
    rng = np.random.default_rng(seed)
    old, new = ga.GenomeDB.create(folder, "old", OLD), ga.GenomeDB.create(folder, "new", NEW)
    arrays = {}
    for name in ("plus", "minus"):
        if np.dtype(dtype).kind == "f":
            arrays[name] = {
                chrom: np.where(rng.random(size) < 0.2, np.nan, rng.integers(0, 99, size)).astype(dtype)
                for chrom, size in OLD.items()
            }
        else:
            arrays[name] = {chrom: rng.integers(1, 99, size).astype(dtype) for chrom, size in OLD.items()}
        old.save_track(name, arrays[name])
    return old, new, arrays


@some_examples
@given(
    chain_files(), st.sampled_from(["best", "first", "last", "sum", "mean", "error"]), st.sampled_from(["uint8", "int32", "float32"]),
    st.booleans(), st.integers(0, 99), st.sampled_from([50, 1 << 18]),
)  # fmt: skip
def test_every_base_equals_the_oracle(text, collisions, dtype, pair, seed, piece):
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(computed, "PIECE", piece)
        old, new, arrays = databases(folder, dtype, seed)
        path = Path(folder, "a.chain")
        path.write_text(text)
        known = [row for row in oracles.chain_bases(text) if row[3] in OLD and row[5] in NEW]
        if not any(row[3] in OLD for row in oracles.chain_bases(text)) or not any(
            row[5] in NEW for row in oracles.chain_bases(text)
        ):
            with pytest.raises(AssemblyError, match="no (source|target) chromosome"):
                ga.liftover(old["plus"], path, new)
            return
        nothing = np.nan if dtype == "float32" or collisions == "mean" else 0
        minus = "minus" if pair else "plus"
        want, collided = oracles.lifted(
            text, arrays["plus"], arrays[minus], NEW, "best" if collisions == "error" else collisions, nothing
        )
        reverse = old["minus"] if pair else None
        if collisions == "error" and collided:
            with pytest.raises(ValueRangeError, match="more than one source"):
                ga.liftover(old["plus"], path, new, reverse, collisions)
            return
        found = ga.liftover(old["plus"], path, new, reverse, collisions)
        lifted = found[0] if pair else found
        for chrom in NEW:
            expected = np.array(want[chrom], dtype=np.float64)
            if collisions == "sum" and dtype == "uint8":
                expected = np.minimum(expected, 255)
            np.testing.assert_allclose(lifted.values(chrom).astype(np.float64), expected, rtol=1e-6)
            np.testing.assert_array_equal(lifted.values(chrom, 3, 40), lifted.values(chrom)[3:40])
        if pair:
            swapped, _ = oracles.lifted(
                text,
                arrays["minus"],
                arrays["plus"],
                NEW,
                "best" if collisions == "error" else collisions,
                nothing,
            )
            for chrom in NEW:
                got = found[1].values(chrom).astype(np.float64)
                limit = 255 if collisions == "sum" and dtype == "uint8" else np.inf
                np.testing.assert_allclose(
                    got, np.minimum(np.array(swapped[chrom], dtype=np.float64), limit), rtol=1e-6
                )
        report = lifted.report
        assert report.total("target", "collided") == collided
        assert report.total("target", "mapped") == len({row[5:7] for row in known})
        sources = {row[3:5] for row in known}
        assert report.total("source", "mapped") == len(sources)
        signal = sum(float(np.nan_to_num(arrays["plus"][chrom][at])) for chrom, at in sources)
        np.testing.assert_allclose(report.total("source", "signal_mapped"), signal)
        np.testing.assert_allclose(
            report.total("source", "signal"),
            sum(float(np.nansum(values)) for values in arrays["plus"].values()),
        )
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "track 'saved': .* did not fit uint8", GenomeArrayWarning)
            new.save_track("saved", lifted, store="zarr")
        for chrom in NEW:
            np.testing.assert_array_equal(new["saved"].values(chrom), lifted.values(chrom))
        assert str(report) in new["saved"].attributes["liftover_report"]


@some_examples
@given(chain_files())
def test_points_and_regions_equal_the_oracle(text):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.chain.gz")
        path.write_bytes(gzip.compress(text.encode()))
        chain = ga.Chain(path)
        bases = oracles.chain_bases(text)
        for name, size in chain.source_lengths.items():
            table = chain.lift(name, np.arange(size))
            got = list(table.itertuples(index=False, name=None))
            want = []
            for offset in range(size):
                rows = [row for row in bases if row[3] == name and row[4] == offset]
                rows.sort(key=lambda row: (-row[1], -row[2], row[0]))
                want += [(offset, row[5], row[6], row[7], row[1]) for row in rows]
            assert got == want
            regions = [(name, 0, size), (name, 10, 40, "-"), (name, 200, 201, "+")]
            pieces = chain.lift_regions(regions)
            for query, (_, start, end, *strand) in enumerate(regions):
                rows = pieces[pieces["query"] == query]
                covered = sorted(
                    (row.chrom, offset) for row in rows.itertuples() for offset in range(row.start, row.end)
                )
                assert covered == sorted(
                    (row[5], row[6]) for row in bases if row[3] == name and start <= row[4] < end
                )
                for row in rows.itertuples():
                    assert row.end - row.start == row.source_end - row.source_start
                    chain_strand = {
                        base[7]
                        for base in bases
                        if base[3] == name and base[4] == row.source_start and base[0] == row.chain
                    }
                    assert (row.strand == "-") == ((strand == ["-"]) != (chain_strand == {"-"}))


def test_signals_of_64_bits_are_exact(db, tmp_path):
    new = ga.GenomeDB.create(tmp_path, "new", {"c": 30})
    chain = tmp_path / "x.chain"
    chain.write_text("chain 1 chr2 500 + 0 12 c 30 + 10 22 1\n12\n")
    db.save_track("wide", {"chr2": np.full(500, 2**63 + 1, "uint64")})
    report = ga.liftover(db["wide"], chain, new).report
    assert report.total("source", "signal") == 500 * (2**63 + 1)
    assert report.total("source", "signal_mapped") == 12 * (2**63 + 1)


def test_sequence_is_complemented_on_minus_blocks(db, tmp_path):
    new = ga.GenomeDB.create(tmp_path, "new", {"c": 30})
    chain = tmp_path / "x.chain"
    chain.write_text("chain 1 chr1 1000 + 0 12 c 30 - 10 22 1\n12\n")
    lifted = ga.liftover(db["seq"], chain, new)
    assert (
        lifted.values("c").tobytes()
        == b"N" * 8 + ga.revcomp(db["seq"].values("chr1", 0, 12).tobytes().decode()).encode() + b"N" * 10
    )
    with pytest.raises(LayoutError, match="letters have no sum"):
        ga.liftover(db["seq"], chain, new, collisions="sum")


# -- real chains -----------------------------------------------------------------------------


POINTS = sorted(PEERS.glob("generated/points_*.tsv.gz")) if PEERS.is_dir() else []


@needs_shared
@pytest.mark.parametrize("path", POINTS, ids=[path.name[7:-7] for path in POINTS])
def test_points_of_pyliftover_and_liftover(path):
    chain = ga.Chain(DATA / "chain" / (path.name[7:-7] + ".gz"))
    by_chrom: dict = {}
    for line in gzip.decompress(path.read_bytes()).decode().splitlines():
        if not line.startswith("#"):
            name, offset, hits, _ = line.rstrip("\n").split("\t")
            by_chrom.setdefault(name, []).append((int(offset), [] if hits == "." else hits.split(";")))
    n = 0
    for name, rows in by_chrom.items():
        table = chain.lift(name, [offset for offset, _ in rows])
        got: dict = {}
        for row in table.itertuples():
            got.setdefault(row.query, []).append(f"{row.chrom}:{row.start}:{row.strand}")
        for query, (_, hits) in enumerate(rows):
            assert sorted(got.get(query, [])) == sorted(hits)
            n += 1
    assert n > 5000


@needs_shared
@pytest.mark.parametrize(
    "name", ["hg19ToHg38.over.chain.gz", "mm9ToMm10.over.chain.gz", "GRCh38_to_GRCh37.chain.gz"]
)
def test_random_windows_of_real_chains_equal_their_points(name):
    """A track whose value is its own place comes out as the points of the best chain say."""
    chain = ga.Chain(DATA / "chain" / name)
    source = Assembly.from_sizes("old", chain.source_lengths.items())
    target = Assembly.from_sizes("new", chain.target_lengths.items())

    class Places(computed.ComputedSource):
        def __init__(self):
            self._label, self._limits = "places", None
            self.kind, self.assembly = "signal", "old"
            self.rank = {chrom.name: k for k, chrom in enumerate(source)}

        dtype = np.dtype("uint64")
        names = source.names
        has = staticmethod(lambda chrom: chrom in source)
        length = staticmethod(lambda chrom: source[chrom].length)
        lengths_of = staticmethod(lambda names: np.array([source[chrom].length for chrom in names]))

        def compute(self, chrom, start, end, threads):
            return np.arange(start, end, dtype=np.uint64) + np.uint64((self.rank[chrom] + 1) << 40)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            lifting, "_with_signal", lambda report, *_: report
        )  # a genome of sums, of no interest here
        lifted = ga.liftover(ga.Track(Places()), chain, target)
    # Every point of a random stretch of the source whose best chain leads there must be found there, unless a better one collides.
    rng = np.random.default_rng(1)
    rank = {chrom.name: k for k, chrom in enumerate(source)}
    checked = 0
    for _ in range(60):
        k = int(rng.integers(chain.blocks.start.size))
        chrom = chain.source_names[chain.blocks.source[k]]
        start = max(int(chain.blocks.start[k]) - 50, 0)
        end = min(start + 400, source[chrom].length)
        for row in chain.lift(chrom, np.arange(start, end)).itertuples():
            there = int(lifted.values(row.chrom, row.start, row.start + 1)[0])
            mine = ((rank[chrom] + 1) << 40) + start + row.query
            if there != mine:
                # another base leads there too, by a chain that is as good or better
                other, at = source.names[(there >> 40) - 1], there & ((1 << 40) - 1)
                found = chain.lift(other, [at])
                rivals = found[(found["chrom"] == row.chrom) & (found["start"] == row.start)]
                assert len(rivals)
                assert rivals["score"].max() >= row.score
            checked += 1
    assert checked > 5_000


@needs_shared
@pytest.mark.parametrize(
    ("chain", "bed", "golden"),
    [("hg19ToHg38.over.chain.gz", "CrossMap/test/test00_hg19.bed3", "crossmap_test00_hg38.bed3")],
)
def test_pieces_of_crossmap(chain, bed, golden):
    from genomearray_converters import lift_bed

    out = io.BytesIO()
    lift_bed(DATA / "chain" / chain, PEERS / bed, out, pieces=True)
    got = sorted(line.split("\t")[:3] for line in out.getvalue().decode().splitlines())
    want = sorted(line.split("\t")[:3] for line in (PEERS / "generated" / golden).read_text().splitlines())
    assert len(want) > 400

    def bases(rows):
        """CrossMap joins pieces that touch on the target: bases, not lines, are compared."""
        frame = (
            pd.DataFrame(rows, columns=["chrom", "start", "end"])
            .astype({"start": int, "end": int})
            .sort_values(["chrom", "start", "end"])
        )
        merged = []
        for row in frame.itertuples(index=False):
            if merged and merged[-1][0] == row.chrom and row.start <= merged[-1][2]:
                merged[-1][2] = max(merged[-1][2], row.end)
            else:
                merged.append([row.chrom, row.start, row.end])
        return merged

    assert bases(got) == bases(want)


@needs_shared
@pytest.mark.parametrize("name", ["test05", "fixedStep_chr22"])
def test_nothing_of_crossmaps_wiggles_is_lost_and_what_it_has_is_ours(tmp_path, name):
    """CrossMap drops intervals across gaps; where it has a value, ours is the same."""
    from genomearray_converters import import_bedgraph, import_wig

    source = {
        "test05": PEERS / "CrossMap/test/test05_hg19.bedGraph",
        "fixedStep_chr22": DATA / "wig/hg19_fixedStep_chr22.wig",
    }[name]
    old = ga.GenomeDB.create(tmp_path, "hg19", DATA / "chromsizes/hg19.chrom.sizes")
    new = ga.GenomeDB.create(tmp_path, "hg38", DATA / "chromsizes/hg38.chrom.sizes")
    (import_bedgraph if name == "test05" else import_wig)(old, "x", source)
    lifted = ga.liftover(old["x"], DATA / "chain/hg19ToHg38.over.chain.gz", new)
    n = 0
    for chrom, start, end, value in oracles.bedgraph_intervals(
        PEERS / f"generated/crossmap_{name}_hg38.sorted.bgr.gz"
    ):
        np.testing.assert_allclose(lifted.values(chrom, start, end), value, rtol=1e-6)
        n += end - start
    assert n > 1000
    assert lifted.report.total("source", "signal_mapped") == pytest.approx(
        float(np.nansum([old["x"].sum()])), rel=1e-2
    )


@needs_shared
def test_there_and_back_returns_every_base_that_maps_uniquely(tmp_path):
    """hg18 -> hg19 -> hg18 of a track of places, on the bases whose way is unique in both chains."""
    forth, back = (
        ga.Chain(DATA / "chain/hg18ToHg19.over.chain.gz"),
        ga.Chain(DATA / "chain/hg19ToHg18.over.chain.gz"),
    )
    rng = np.random.default_rng(3)
    chrom = "chr21"
    offsets = rng.integers(0, forth.source_lengths[chrom], 20_000)
    there = forth.lift(chrom, offsets)
    unique = there[~there["query"].duplicated(keep=False) & (there["chrom"] == chrom)]
    home = back.lift(chrom, unique["start"].to_numpy())
    home = home[~home["query"].duplicated(keep=False)]
    returned = home["start"].to_numpy() == offsets[unique["query"].to_numpy()[home["query"].to_numpy()]]
    assert returned.mean() > 0.999
    assert returned.size > 10_000


def test_the_identity_chain_is_the_identity(db, tmp_path):
    chain = tmp_path / "same.chain"
    sizes = {chrom.name: chrom.length for chrom in db.assembly}
    chain.write_text(
        "\n".join(
            f"chain 1 {name} {size} + 0 {size} {name} {size} + 0 {size} 1\n{size}\n"
            for name, size in sizes.items()
        )
    )
    lifted = ga.liftover(db["counts"], chain, db)
    db.save_track("again", lifted)
    for name in sizes:
        np.testing.assert_array_equal(db["again"].values(name), db["counts"].values(name))
    assert lifted.report.total("source", "mapped") == 1860
    assert db["again"].stats() == db["counts"].stats()


# -- bad input -------------------------------------------------------------------------------

HEAD = "chain 900 chr1 1000 + 0 210 chr1 900 + 10 220 1\n"
GOOD = HEAD + "100 10 0\n50 0 10\n50\n\n"

BAD = {
    "empty": ("", "not a chain file"),
    "no chain": ("invalid content", "not a chain file"),
    "bed": ("chr1\t1\t2\n", "not a chain file"),
    "cut": (HEAD + "100 10 0\n", "a.chain:(1|2): .*(cut|last block)"),
    "cut header": ("chain 900 chr1 1000 + 0 210 chr1\n", "a.chain:1: a chain header has 12 or 13 fields"),
    "no blocks": (HEAD + "\n" + GOOD, "a.chain:1: this chain has no blocks"),
    "two numbers": (HEAD + "100 10 0\n50 0\n50\n", r"a.chain:3: a block has 3 numbers"),
    "four numbers": (HEAD + "100 10 0\n50 0 10 5\n50\n", r"a.chain:3: a block has 3 numbers"),
    "text": (HEAD + "100 10 0\n50 x 10\n50\n", r"a.chain:3: a block has whole numbers"),
    "negative": (HEAD + "100 10 0\n-50 0 10\n50\n", r"a.chain:3: a size or gap is negative"),
    "sum": (
        HEAD + "100 10 0\n50 0 10\n51\n",
        "a.chain:1: the blocks of this chain cover 211 bp of its source, and its header says 210",
    ),
    "target sum": (HEAD + "100 10 1\n50 0 10\n50\n", "cover 221 bp of its target|cover 211 bp of its target"),
    "minus source": (HEAD.replace("+", "-", 1) + "210\n", "source strand is '-'"),
    "strand": (HEAD.replace("900 +", "900 x") + "210\n", "target strand is 'x'"),
    "size": (HEAD.replace("1000", "100") + "100 10 0\n50 0 10\n50\n", "cannot hold"),
    "two sizes": (
        GOOD + GOOD.replace("1000", "1001"),
        "a.chain:6: 'chr1' has 1,001 bp here, and 1,000 bp in an earlier chain",
    ),
    "score": (HEAD.replace("900", "best", 1) + "210\n", "number of the chain header"),
    "huge": (HEAD + "99999999999999999999 0 0\n210\n", "a.chain"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_chains_name_the_line(tmp_path, name):
    path = tmp_path / "a.chain"
    path.write_text(BAD[name][0])
    with pytest.raises(FormatError, match=BAD[name][1]):
        ga.Chain(path)


def test_gzip_that_is_cut(tmp_path):
    path = tmp_path / "a.chain.gz"
    path.write_bytes(gzip.compress((GOOD * 50).encode())[:60])
    with pytest.raises(FormatError, match="cut"):
        ga.Chain(path)


def test_comments_blank_lines_tabs_and_crlf_are_fine(tmp_path):
    path = tmp_path / "a.chain"
    path.write_bytes(
        (
            "##matrix\n# comment\n\n"
            + GOOD.replace("100 10 0", "100\t10\t0\r").replace("50 0 10\n", "# more\n50 0 10\n")
        ).encode()
    )
    assert ga.Chain(path).blocks.start.tolist() == [0, 110, 160]


def test_a_gap_behind_the_last_block_is_no_part_of_it(tmp_path):
    """The minimal chain of the tests of `liftover`, with sizes that hold."""
    path = tmp_path / "a.chain"
    path.write_text("chain 0 chr1 10 + 0 10 chr1 40 + 10 30 2\n5 0 5\n5 0 5\n\n")
    assert ga.Chain(path).lift("chr1", 6)["start"].tolist() == [21]


def test_chains_of_other_assemblies(db, tmp_path):
    new = ga.GenomeDB.create(tmp_path, "new", {"chr1": 900, "chr2": 600})
    chain = tmp_path / "a.chain"

    def lift(text, **options):
        chain.write_text(text)
        return ga.liftover(db["counts"], chain, new, **options)

    with pytest.raises(AssemblyError, match="source chromosome 'chr1' has 1,001 bp, and 1,000 in 'toy'"):
        lift("chain 1 chr1 1001 + 0 10 chr1 900 + 0 10 1\n10\n")
    with pytest.raises(AssemblyError, match="wrong way round"):
        lift("chain 1 chr1 900 + 0 10 chr1 1000 + 0 10 1\n10\n")
    with pytest.raises(AssemblyError, match="no source chromosome.*chrom_alias="):
        lift("chain 1 1 1000 + 0 10 chr1 900 + 0 10 1\n10\n")
    lifted = lift("chain 1 1 1000 + 0 10 1 900 + 5 15 1\n10\n", chrom_alias="ucsc")
    assert lifted.values("chr1", 4, 8).tolist() == [0, 1, 2, 3]
    lifted = lift(
        "chain 1 chr1 1000 + 0 10 chr1 900 + 5 15 1\n10\n\nchain 1 un 50 + 0 5 chr1 900 + 50 55 2\n5\n\nchain 1 chr1 1000 + 0 5 alt 90 + 0 5 3\n5\n"
    )
    assert list(lifted.report.skipped.values()) == [1, 1]
    assert any("not in new" in line for line in lifted.report.lines())
    with pytest.raises(ValueRangeError, match="allowed are 'best'"):
        lift(GOOD, collisions="worst")
    with pytest.raises(ValueRangeError, match="both need one dtype"):
        ga.liftover(db["counts"], chain, new, reverse=db["counts"] / 2)


def test_points_outside_are_an_error_and_unknown_names_a_warning(tmp_path):
    path = tmp_path / "a.chain"
    path.write_text(GOOD)
    chain = ga.Chain(path)
    with pytest.raises(RegionError, match="allowed is 0 <= start <= end <= 1000"):
        chain.lift("chr1", [1000])
    with pytest.raises(RegionError, match="whole numbers"):
        chain.lift("chr1", [0.5])
    with pytest.warns(GenomeArrayWarning, match="nearest names: 'chr1'"):
        assert len(chain.lift("1", [5])) == 0
    with pytest.raises(RegionError, match="no column 'end'"):
        chain.lift_regions(pd.DataFrame({"chrom": ["chr1"], "start": [1]}))


def test_bed_lines_that_do_not_map_say_why(tmp_path):
    from genomearray_converters import lift_bed

    chain = tmp_path / "a.chain"
    chain.write_text(GOOD + "\nchain 5 chr2 500 + 100 300 chr2 600 - 50 250 2\n200\n")
    bed = tmp_path / "a.bed"
    bed.write_text(
        "track x\nchr1\t90\t120\ta\t5\t+\textra\nchr1 300 400\nchr9 1 2\nchr1 5 5\nchr1 90 112\nchr2\t100\t110\tb\t0\t-\n"
    )
    out, other = io.BytesIO(), io.BytesIO()
    report = lift_bed(chain, bed, out, other, min_match=0.5)
    assert (report.mapped, report.unmapped) == (3, 3)
    assert out.getvalue().decode().splitlines() == [
        "chr1\t100\t120\ta\t5\t+\textra",
        "chr1\t100\t112",
        "chr2\t540\t550\tb\t0\t+",
    ]
    assert [line for line in other.getvalue().decode().splitlines() if line.startswith("#")] == [
        "# nothing maps",
        "# the chromosome is not in the chain file",
        "# an interval without a base",
    ]
    strict = io.BytesIO()
    assert lift_bed(chain, bed, strict, min_match=0.9).mapped == 1
    for text, match in (
        ("chr1\t5\n", "a.bed:1"),
        ("chr1\t9\t3\n", "start 9 is after end 3"),
        ("chr1\t0\t2000\n", "2000"),
        ("chr1\t0\t2\ta\t0\t+\nchr1\t0\t2\ta\t0\tx\n", "column 6"),
    ):
        bed.write_text(text)
        with pytest.raises(FormatError, match=match):
            lift_bed(chain, bed, io.BytesIO())


def test_a_chromosome_under_two_names_counts_once(tmp_path):
    """As in Ensembl's chains of GRCh38: each chain once from ``1``, once from ``chr1``."""
    old = ga.GenomeDB.create(tmp_path / "db", "old", {"chr1": 1000})
    new = ga.GenomeDB.create(tmp_path / "db", "new", {"chr1": 900})
    old.save_track("t", {"chr1": np.ones(1000, "uint8")})
    path = tmp_path / "a.chain"
    path.write_text(
        "".join(
            f"chain 1 {name} 1000 + 0 10 1 900 + 5 15 {k}\n10\n\n" for k, name in enumerate(["1", "chr1"])
        )
    )
    lifted = ga.liftover(old["t"], path, new, collisions="sum", chrom_alias="ucsc")
    assert lifted.values("chr1", 0, 20).tolist() == [0] * 5 + [1] * 10 + [0] * 5
