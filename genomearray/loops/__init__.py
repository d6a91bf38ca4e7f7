"""Compiled loops: C beside the plain Python of the same name.

A loop over bases, bytes or reads is written twice: as a plain function, which says what is right, and
in C, which does it fast. The decorator puts the compiled one in its place; where nothing could be
compiled (no C compiler at installation) the plain one runs, hundreds of times slower. The tests compare
both on the same input.

To add a loop: the plain function with the decorator of its package, the C function in the file of its
subject here (or in ``converters/loops``), and a line in the table of ``_compiled.c``.
"""

from __future__ import annotations

import importlib
import importlib.util
import warnings
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from genomearray.errors import GenomeArrayWarning

_F = TypeVar("_F", bound=Callable[..., Any])


class Loops:
    """The decorator of one package's loops.

    Parameters
    ----------
    package : str
        The package that holds the module ``_compiled``.

    Attributes
    ----------
    compiled : module or None
    plain : dict of str to callable
        The plain functions, by name.

    Examples
    --------
    >>> from genomearray.compute.kernels import add_up
    >>> from genomearray.loops import kernel
    >>> values = np.array([1, 2, 40], "uint8")
    >>> int(add_up(values)), int(kernel.plain["add_up"](values))
    (43, 43)
    """

    def __init__(self, package: str) -> None:
        self.compiled: ModuleType | None
        try:
            self.compiled = importlib.import_module(f"{package}._compiled")
        except ImportError:
            self.compiled = None
        self.plain: dict[str, Callable[..., Any]] = {}

    def __call__(self, function: _F) -> _F:
        """The compiled loop of a plain function, or itself.

        Raises
        ------
        ImportError
            The compiled module is of another version.
        """
        name = function.__name__
        if not self.plain and self.compiled is None:
            warnings.warn(
                "genomearray was installed without a C compiler: reading has a tenth of its speed, imports "
                "and statistics less than a hundredth; install a wheel, or a compiler and genomearray again",
                GenomeArrayWarning,
                stacklevel=2,
            )
        self.plain[name] = function
        if self.compiled is None:
            return function
        loop: _F | None = getattr(self.compiled, name, None)
        if loop is None:
            raise ImportError(
                f"{self.compiled.__name__} has no loop {name!r}: it was built from other sources; "
                "install genomearray again"
            )
        return loop


kernel = Loops(__name__)


def is_compiled() -> bool:
    """Whether the compiled modules of this package were built.

    Examples
    --------
    >>> isinstance(is_compiled(), bool)
    True
    """
    return (
        kernel.compiled is not None
        and importlib.util.find_spec("genomearray.storage.chunks._chunks") is not None
    )
