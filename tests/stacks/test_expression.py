"""Expressions of tracks as text, and comparisons of two, against numpy and bigwigCompare's formulas."""

import numpy as np
import pytest

import genomearray as ga
from genomearray.errors import ArgumentError, GenomeArrayError
from genomearray.stacks.expression import computed

SIZES = {"chr1": 5000}


@pytest.fixture(scope="module")
def tracks(tmp_path_factory):
    db = ga.GenomeDB.create(tmp_path_factory.mktemp("db"), "toy", SIZES)
    rng = np.random.default_rng(2)
    db.save_track("a", {"chr1": rng.poisson(3, 5000).astype("uint16")})
    scores = rng.normal(2, 3, 5000).astype("float32")
    scores[rng.random(5000) < 0.2] = np.nan
    db.save_track("b", {"chr1": scores})
    return {"a": db["a"], "b": db["b"]}


@pytest.fixture(scope="module")
def arrays(tracks):
    return {name: track.values("chr1").astype(float) for name, track in tracks.items()}


@pytest.mark.parametrize(
    "text",
    [
        "a", "-a + 2 * b", "a / (b + 1e3)", "a ** 2 % 7", "log2((a + 1) / (abs(b) + 1))", "maximum(a, b)",
        "sqrt(square(b) + 1) - hypot(b, 1)", "where(a > 3, a, b)", "where(a > 3, 1.5, b)", "where(b >= 2, a, 0)",
        "where(a == 2, 5, 7)", "where((a > 1) & (b < 3), a, -b)", "clip(a, 2, 4)", "fillna(b, 0) + a", "2 ** 3 * a",
        "a // 2", "isnan(b) * 1", "where(isnan(b), -1, b)", "+a - (-3)", "rint(b)",
    ],
)  # fmt: skip
def test_equals_python(tracks, arrays, text):
    names = {
        name: getattr(np, name)
        for name in ("log2", "abs", "sqrt", "square", "hypot", "where", "maximum", "rint", "clip", "isnan")
    }
    names["fillna"] = lambda values, number: np.where(np.isnan(values), number, values)
    with np.errstate(all="ignore"):
        want = eval(text, names | arrays)  # the oracle of a test
    np.testing.assert_allclose(
        computed(text, tracks).values("chr1").astype(float), want, rtol=1e-5, atol=2e-6
    )


def test_windows_that_move(tracks):
    np.testing.assert_array_equal(
        computed("rolling(a, 100) + smooth(a, 5) - shift(a, 3)", tracks).values("chr1"),
        (tracks["a"].rolling(100).mean() + tracks["a"].smooth(5) - tracks["a"].shift(3)).values("chr1"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("__import__('os').system('ls')", "is not allowed"), ("a.source", "is not allowed"), ("a[0]", "is not allowed"),
        ("[x for x in a]", "is not allowed"), ("lambda: a", "is not allowed"), ("f'{a}'", "is not allowed"),
        ("a if a else b", "is not allowed"), ("a and b", "is not allowed"), ("1 < a < 3", "is not allowed"),
        ("'x'", "is not allowed"), ("True", "is not allowed"), ("a := 3", "is no expression"),
        ("open('/etc/passwd')", "is not allowed|is no function"), ("eval(a)", "'eval' in .* is no function"),
        ("c + 1", "'c' in 'c \\+ 1' is no track; known are a, b"), ("", "is no expression"), ("a +", "is no expression"),
        ("1 + 2", "is a number"), ("log2(a, b)", "has 2 arguments, and takes 1"), ("clip(a, 1)", "takes 3"),
        ("where(1, a, b)", "comparison of tracks first"), ("rolling(3, a)", "takes a track first"),
        ("shift(a, by=3)", "is not allowed"),
        ("-" * 500 + "a", "nested|no expression"), ("a" * 20_000, "10,000 are allowed"), ("a\x00", "is no expression"),
        ("9 ** 9 ** 9 ** 9", "is a number"), ("a; b", "is no expression"), ("*a", "is no expression|not allowed"),
    ],
)  # fmt: skip
def test_nothing_else_is_read(tracks, text, message):
    with pytest.raises(ArgumentError, match=message):
        computed(text, tracks)


def test_wrong_numbers_are_errors_of_tracks(tracks):
    for text in ("rolling(a, 0)", "smooth(a, -1)", "shift(a, 0.5)"):
        with pytest.raises(GenomeArrayError):
            computed(text, tracks)


@pytest.mark.parametrize("how", ["log2", "ratio", "subtract", "add", "mean", "reciprocal_ratio"])
@pytest.mark.parametrize("missing_as_zero", [False, True])
def test_compare_is_what_bigwigcompare_says(tracks, arrays, how, missing_as_zero):
    """deepTools' formulas, written as it writes them: one base after the other."""
    made = ga.compare(tracks["a"], tracks["b"], how, pseudocount=7, missing_as_zero=missing_as_zero)
    assert made.dtype == np.float32
    want = []
    for one, other in zip(arrays["a"].tolist(), arrays["b"].tolist(), strict=True):
        if np.isnan(other):
            if not missing_as_zero:
                want.append(np.nan)
                continue
            other = 0.0
        if how in ("subtract", "add", "mean"):
            want.append({"subtract": one - other, "add": one + other, "mean": (one + other) / 2}[how])
            continue
        ratio = (one + 7) / (other + 7)
        if how == "log2":
            ratio = np.log2(ratio) if ratio > 0 else np.nan
        elif how == "reciprocal_ratio":
            ratio = ratio if ratio >= 1 else -1 / ratio
        want.append(ratio)
    np.testing.assert_allclose(made.values("chr1"), np.array(want, "float32"), rtol=1e-6)


def test_compare_scaled(tracks):
    made = ga.compare(tracks["a"], tracks["a"] * 3, "ratio", scale="sum", pseudocount=1)
    np.testing.assert_allclose(made.values("chr1"), 1, rtol=1e-6)
    for wrong in ({"how": "log"}, {"pseudocount": "x"}, {"pseudocount": float("inf")}, {"scale": "rpkm"}):
        with pytest.raises(ArgumentError):
            ga.compare(tracks["a"], tracks["b"], **wrong)
