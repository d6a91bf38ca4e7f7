"""The compiled modules; everything else is said in pyproject.toml.

They are optional: without a C compiler Python does the same, slower (genomearray/loops/__init__.py).
"""

import sys
import sysconfig
from pathlib import Path

from setuptools import Extension, setup

# Free-threaded Pythons have no limited API.
LIMITED = not sysconfig.get_config_var("Py_GIL_DISABLED")
# The same bits on every machine: nothing is fused, and sums keep their order. That nobody traps floating
# point exceptions changes no number, and lets conditions become wide instructions.
FLAGS = (
    [] if sys.platform == "win32" else ["-O3", "-ffp-contract=off", "-fno-trapping-math", "-fno-math-errno"]
)


def extension(name: str, folder: str, *more: str) -> Extension:
    """One compiled module of all C files of a folder."""
    files = sorted(path.as_posix() for path in Path(folder).glob("*.c"))
    headers = [path.as_posix() for path in sorted(Path(folder).glob("*.h"))] + [
        "genomearray/loops/arguments.h"
    ]
    return Extension(
        name,
        [*files, *more],
        depends=headers,
        extra_compile_args=FLAGS,
        py_limited_api=LIMITED,
        optional=True,
    )


setup(
    ext_modules=[
        extension("genomearray.storage.chunks._chunks", "genomearray/storage/chunks"),
        extension("genomearray.loops._compiled", "genomearray/loops"),
        extension(
            "genomearray_converters.loops._compiled", "converters/loops", "genomearray/loops/arguments.c"
        ),
    ],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if LIMITED else {},
)
