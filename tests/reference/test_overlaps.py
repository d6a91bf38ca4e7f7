"""Questions to feature tables: as bioframe answers them, or a loop over all pairs."""

from __future__ import annotations

import warnings

import bioframe
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genomearray import GenomeDB
from genomearray.errors import RegionError, UnknownChromosomeError, ValueRangeError
from genomearray.features.table import FeatureTable
from genomearray.sources.computed import ComputedSource

SIZES = {"chr1": 400, "chr2": 60, "none": 20}


@st.composite
def tables(draw, least=0):
    rows = []
    for _ in range(draw(st.integers(least, 40))):
        chrom = draw(st.sampled_from(["chr1", "chr1", "chr2"]))
        start = draw(st.integers(0, SIZES[chrom] - 1))
        long = draw(st.sampled_from([0, 1, 5, 5, 5, 400]))
        end = min(start + draw(st.integers(0, long)), SIZES[chrom])
        rows.append(
            (
                chrom,
                start,
                end,
                draw(st.sampled_from("+-.")),
                f"n{len(rows)}",
                draw(st.sampled_from([np.nan, 1.5, 2, 3, -4])),
            )
        )
    return pd.DataFrame(rows, columns=["chrom", "start", "end", "strand", "name", "score"]).astype(
        {"start": int, "end": int, "score": float}
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    db = GenomeDB.create(tmp_path_factory.mktemp("overlaps"), "toy", SIZES)

    def make(frame) -> FeatureTable:
        db.save_features("t", frame, overwrite=True)
        return db.open_features("t")

    return make


def pairs_of(regions, features):
    if not len(regions) or not len(features):
        return []
    columns = ["chrom", "start", "end"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # bioframe uses what pandas gives up
        found = bioframe.overlap(
            regions[columns], features[columns], how="inner", return_index=True, suffixes=("_1", "_2")
        )
    return sorted(zip(found["index_1"].astype(int), found["index_2"].astype(int), strict=True))


@settings(max_examples=80, deadline=None)
@given(tables(), tables())
def test_overlaps_and_counts_equal_bioframe(made, features, regions):
    table = made(features)
    stored = table.to_dataframe()
    want = pairs_of(regions, stored)
    region, row = table.overlap_rows(regions)
    assert list(zip(region.tolist(), row.tolist(), strict=True)) == want
    found = table.overlap(regions)
    assert found["region"].tolist() == [k for k, _ in want]
    assert found["name"].tolist() == [stored["name"][k] for _, k in want]
    assert table.counts(regions).tolist() == [sum(k == r for k, _ in want) for r in range(len(regions))]
    known = regions[regions["strand"] != "."].reset_index(drop=True)
    both = pairs_of(known, stored)
    for strand, other in (("same", {"+": "+", "-": "-"}), ("opposite", {"+": "-", "-": "+"})):
        wanted = [(k, j) for k, j in both if stored["strand"][j] == other[known["strand"][k]]]
        region, row = table.overlap_rows(known, strand=strand)
        assert list(zip(region.tolist(), row.tolist(), strict=True)) == wanted
        assert table.counts(known, strand=strand).tolist() == [
            sum(k == r for k, _ in wanted) for r in range(len(known))
        ]
    # One region at a time, and the table itself as regions.
    for k, one in enumerate(regions.itertuples()):
        rows = table.overlapping(one.chrom, one.start, one.end)
        assert rows["name"].tolist() == [stored["name"][j] for i, j in want if i == k]
    assert table.counts(table).tolist() == [
        sum(k == r for k, _ in pairs_of(stored, stored)) for r in range(len(stored))
    ]


@settings(max_examples=60, deadline=None)
@given(tables(), tables(), st.sampled_from([None, "same", "opposite"]))
def test_nearest_equals_a_look_at_every_pair(made, features, regions, strand):
    table = made(features)
    stored = table.to_dataframe()
    if strand is not None:
        regions = regions[regions["strand"] != "."].reset_index(drop=True)
    want = []
    for k, one in enumerate(regions.itertuples()):
        best = None
        for j, other in enumerate(stored.itertuples()):
            wanted = {None: other.strand, "same": one.strand, "opposite": "-" if one.strand == "+" else "+"}[
                strand
            ]
            if other.chrom != one.chrom or other.strand != wanted:
                continue
            # An interval of no base counts as one base.
            end, other_end = max(one.end, one.start + 1), max(other.end, other.start + 1)
            distance = max(other.start - end, one.start - other_end, 0)
            overlaps = other.start < end and one.start < other_end
            key = (distance, not overlaps, j)
            if best is None or key < best:
                best = key
        if best is not None:
            want.append([k, best[0], stored["name"][best[2]]])
    assert table.nearest(regions, strand=strand)[["region", "distance", "name"]].values.tolist() == want


@settings(max_examples=30, deadline=None)
@given(tables(), st.sampled_from([7, 64, 1 << 18]))
def test_tracks_of_features_equal_a_loop_over_bases(made, features, piece):
    table = made(features)
    before = ComputedSource.read.__globals__["PIECE"]
    ComputedSource.read.__globals__["PIECE"] = piece
    try:
        for chrom, length in SIZES.items():
            rows = features[features["chrom"] == chrom].itertuples()
            cover, score = np.zeros(length, int), np.full(length, np.nan, "float32")
            for row in rows:
                cover[row.start : row.end] += 1
                if row.score == row.score:
                    score[row.start : row.end] = row.score
            np.testing.assert_array_equal(table.as_track("coverage").values(chrom), cover)
            np.testing.assert_array_equal(table.as_track("mask").values(chrom), cover > 0)
            np.testing.assert_array_equal(table.as_track("score").values(chrom), score)
            for sign in ("none", "position", "strand"):
                np.testing.assert_array_equal(
                    table.distances(sign).values(chrom), slow_distances(table, chrom, length, sign)
                )
        union = sum(int(table.as_track("mask").values(chrom).sum()) for chrom in SIZES)
        assert table.overlapped_bases() == int((features["end"] - features["start"]).sum()) - union
    finally:
        ComputedSource.read.__globals__["PIECE"] = before


def slow_distances(table, chrom, length, sign):
    out = np.full(length, np.nan)
    frame = table.to_dataframe()
    rows = [
        (row.start, max(row.end, row.start + 1), row.strand)
        for row in frame[frame["chrom"] == chrom].itertuples()
    ]
    for base in range(length):
        best = None
        for k, (start, end, strand) in enumerate(rows):
            left = base >= start  # the feature is not to the right
            distance = max(base - end + 1, 0) if left else start - base
            key = (distance, not left, -end if left else start, k)
            if best is None or key < best[0]:
                best = (key, left, strand)
        if best is None:
            continue
        (distance, *_), left, strand = best
        plus = 1 if left else -1
        out[base] = (
            distance * {"none": 1, "position": plus, "strand": -plus if strand == "-" else plus}[sign]
            if distance
            else 0
        )
    return out


def test_what_is_refused(made):
    table = made(pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [5], "name": ["x"]}))
    with pytest.raises(ValueRangeError, match="no column 'score' of numbers; it has start, end, strand"):
        table.as_track("score")
    with pytest.raises(ValueRangeError, match="allowed are 'mask', 'score', 'coverage'"):
        table.as_track("depth")
    with pytest.raises(ValueRangeError, match="allowed are 'none', 'position', 'strand'"):
        table.distances("yes")
    with pytest.raises(UnknownChromosomeError, match="chr9"):
        table.overlap([("chr9", 1, 2)])
    with pytest.raises(RegionError, match="start 5 is after end 2"):
        table.counts([("chr1", 5, 2)])
    with pytest.raises(RegionError, match="row 0 of the regions has no strand"):
        table.nearest([("chr1", 1, 2)], strand="same")
    with pytest.raises(ValueRangeError, match="'same', 'opposite'"):
        table.nearest([("chr1", 1, 2, "+")], strand="both")
    with pytest.raises(KeyError, match="no column 'nothing'"):
        table["chr1:1-3"]["nothing"]
    with pytest.raises(ValueRangeError, match="the score 1.5 is not a uint8"):
        made(pd.DataFrame({"chrom": ["chr1"], "start": [1], "end": [5], "score": [1.5]})).as_track(
            "score", dtype="uint8"
        )


def test_only_one_strand_has_features(made):
    """The old library left all of such a chromosome undefined."""
    table = made(pd.DataFrame({"chrom": ["chr2"], "start": [10], "end": [12], "strand": ["+"]}))
    found = table.distances("strand").values("chr2")
    assert found[[0, 9, 10, 11, 12, 59]].tolist() == [-10, -1, 0, 0, 1, 48]
    assert np.isnan(table.distances("strand").values("chr1")).all()
