"""Every compiled loop gives what its plain Python gives, and every version of it the same bits."""

import copy

import numpy as np
import pytest
from genomearray_converters import bedgraph, fasta, text_columns, wig  # noqa: F401 - they register their loops
from genomearray_converters.loops import kernel as converter_kernel
from genomearray_converters.reads import counters  # noqa: F401
from genomearray_converters.text import value_table  # noqa: F401

from genomearray.compute import kernels  # noqa: F401
from genomearray.errors import GenomeArrayWarning
from genomearray.loops import Loops, checksum, kernel  # noqa: F401
from genomearray.sources import combined, feature_kernels, rolling, sequence  # noqa: F401
from genomearray.stacks import strands  # noqa: F401
from genomearray.storage.chunks import jobs  # noqa: F401
from genomearray.storage.write import paint  # noqa: F401

from . import inputs

PLAIN = {**kernel.plain, **converter_kernel.plain}
TRIES = 150
needs_compiler = pytest.mark.skipif(
    kernel.compiled is None or converter_kernel.compiled is None, reason="installed without a C compiler"
)


def compiled(name):
    package = kernel if name in kernel.plain else converter_kernel
    return getattr(package.compiled, name)


def flat(values):
    for value in values:
        if isinstance(value, tuple):
            yield from flat(value)
        else:
            yield value


def filled(name, given, answered):
    """What a loop wrote, without what lies after its last row."""
    if name == "copy_letters":
        return (given[3][: answered[0]],)
    if name in ("scan_bedgraph", "scan_wig", "scan_columns", "scan_table"):
        *rest, starts, ends, values, lines, runs, slow, n = given
        rows, n_runs, n_slow = n.tolist()
        return *rest, starts[:rows], ends[:rows], values[:rows], lines[:rows], runs[:n_runs], slow[:n_slow], n
    return given


def same(one, other):
    for left, right in zip(flat(one), flat(other), strict=True):
        np.testing.assert_array_equal(left, right)


@needs_compiler
def test_every_plain_loop_is_compiled_and_the_other_way_round():
    for package in (kernel, converter_kernel):
        loops = {name for name in dir(package.compiled) if not name.startswith("_")} - {"wide"}
        assert loops == set(package.plain)
    assert all(hasattr(inputs, name) for name in PLAIN)


@needs_compiler
@pytest.mark.parametrize("name", sorted(PLAIN))
def test_compiled_and_plain_agree(name):
    for seed in range(TRIES):
        given = getattr(inputs, name)(np.random.default_rng(seed))
        for_plain = copy.deepcopy(given)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
            wanted = PLAIN[name](*for_plain)
        answered = compiled(name)(*given)
        if wanted is None:
            assert answered is None
        else:
            np.testing.assert_array_equal(answered, wanted)
        same(filled(name, given, answered), filled(name, for_plain, wanted))


@needs_compiler
@pytest.mark.parametrize("name", sorted(kernel.plain))
def test_wide_instructions_give_the_same_bits(name):
    if not kernel.compiled.wide(True):
        pytest.skip("this machine has no wide instructions")
    try:
        for seed in range(TRIES):
            wide = getattr(inputs, name)(np.random.default_rng(seed))
            narrow = copy.deepcopy(wide)
            kernel.compiled.wide(True)
            compiled(name)(*wide)
            kernel.compiled.wide(False)
            compiled(name)(*narrow)
            for one, other in zip(flat(wide), flat(narrow), strict=True):
                if isinstance(one, np.ndarray):
                    assert one.tobytes() == other.tobytes()
    finally:
        kernel.compiled.wide(True)


@needs_compiler
def test_arrays_that_do_not_fit_are_refused():
    add_up, convolve = compiled("add_up"), compiled("convolve")
    with pytest.raises(TypeError, match="format"):
        add_up(np.array([1.5]))
    with pytest.raises(TypeError, match="format"):
        add_up(np.array([1], ">i4"))
    with pytest.raises(TypeError, match="dimensions"):
        add_up(np.zeros((2, 2, 2), np.int64))
    with pytest.raises((BufferError, ValueError), match="contiguous"):
        add_up(np.arange(10)[::2])
    with pytest.raises((BufferError, ValueError), match="read-only"):
        convolve(np.ones(3), np.ones(3), np.frombuffer(bytes(8), np.float64))
    with pytest.raises(ValueError, match="do not belong together"):
        convolve(np.ones(3), np.ones(3), np.ones(3))
    with pytest.raises(TypeError, match="too few"):
        convolve(np.ones(3))
    with pytest.raises(TypeError, match="too many"):
        add_up(np.ones(3, int), 1)


def test_without_a_compiler_the_plain_function_runs_and_one_warning_says_so():
    loops = Loops("genomearray.no_such_package")

    def one():
        return 1

    with pytest.warns(GenomeArrayWarning, match="without a C compiler"):
        first = loops(one)
    assert first is one
    assert loops(one) is one  # and no second warning, which would be an error here


@needs_compiler
def test_a_module_of_other_sources_is_named():
    def no_such_loop():
        return 1

    with pytest.raises(ImportError, match="'no_such_loop'.*install genomearray again"):
        Loops("genomearray.loops")(no_such_loop)
