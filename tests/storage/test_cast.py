import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genomearray.errors import ValueRangeError
from genomearray.storage.layout import DTYPES
from genomearray.storage.write.cast import Caster, NeedsWiderDtype

INTEGERS = [name for name in DTYPES if "int" in name]


@given(st.sampled_from(INTEGERS), st.sampled_from(INTEGERS), st.data())
def test_integers_saturate_and_never_wrap(source, target, data):
    bounds = np.iinfo(source)
    values = data.draw(st.lists(st.integers(int(bounds.min), int(bounds.max)), min_size=1, max_size=20))
    caster = Caster(np.dtype(target))
    low, high = int(np.iinfo(target).min), int(np.iinfo(target).max)
    cast = caster(np.array(values, dtype=source))
    assert cast.dtype == target
    assert cast.tolist() == [min(max(v, low), high) for v in values]
    assert caster.saturated == sum(not low <= v <= high for v in values)


@given(st.sampled_from(INTEGERS), st.lists(st.floats(-1e20, 1e20) | st.just(np.nan), min_size=1, max_size=20))
def test_rounded_floats_saturate_and_nan_becomes_zero(target, values):
    caster = Caster(np.dtype(target), round=True)
    info = np.iinfo(target)
    expected = [0 if np.isnan(v) else min(max(int(np.rint(v)), int(info.min)), int(info.max)) for v in values]
    assert caster(np.array(values)).tolist() == expected
    assert caster.nan_to_zero == sum(np.isnan(v) for v in values)


def test_a_fraction_needs_round():
    with pytest.raises(ValueRangeError, match=r"value 1\.9 has a fraction, and the track is int16"):
        Caster(np.dtype("int16"))(np.array([1.0, 1.9]))


def test_overflow_error_names_value_and_range():
    with pytest.raises(ValueRangeError, match=r"value 256\.0 does not fit uint8 \(0 to 255\)"):
        Caster(np.dtype("uint8"), "error")(np.array([256.0]))


@pytest.mark.parametrize(
    ("dtype", "value", "wider"),
    [
        ("uint8", 256, "uint16"),
        ("uint8", -1, "int16"),
        ("uint16", 2**40, "uint64"),
        ("int8", 200, "int16"),
        ("uint32", -1, "int64"),
        ("float32", 1e300, "float64"),
    ],
)
def test_widen_asks_for_the_least_dtype_that_fits(dtype, value, wider):
    with pytest.raises(NeedsWiderDtype) as need:
        Caster(np.dtype(dtype), "widen")(np.array([value]))
    assert need.value.dtype == wider


def test_huge_floats_saturate_in_float32_and_infinity_stays():
    caster = Caster(np.dtype("float32"))
    big = float(np.finfo("float32").max)
    assert caster(np.array([1e300, -1e300, np.inf])).tolist() == [big, -big, np.inf]
    assert caster.saturated == 2
