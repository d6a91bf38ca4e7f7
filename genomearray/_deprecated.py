"""Old spellings that keep working, each with a FutureWarning that says what to write."""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., object])


def warn(what: str, instead: str, *, stacklevel: int = 3) -> None:
    """Tell what to write in place of an old spelling."""
    warnings.warn(f"{what}; write {instead}", FutureWarning, stacklevel=stacklevel)


def positional_until_now(*names: str) -> Callable[[F], F]:
    """Take some keyword-only arguments by position too, with a warning.

    Parameters
    ----------
    *names : str
        Of the arguments, in their old order, after those that stay positional.
    """

    def decorate(function: F) -> F:
        parameters = inspect.signature(function).parameters.values()
        most = sum(parameter.kind is parameter.POSITIONAL_OR_KEYWORD for parameter in parameters)

        @functools.wraps(function)
        def wrapper(*given: Any, **options: Any) -> object:
            extra = given[most:]
            if extra and len(extra) <= len(names) and options.keys().isdisjoint(names[: len(extra)]):
                keywords = ", ".join(f"{name}={value!r}" for name, value in zip(names, extra, strict=False))
                warn(f"{function.__name__} takes {', '.join(names[: len(extra)])} by keyword", keywords)
                options |= dict(zip(names, extra, strict=False))
                given = given[:most]
            return function(*given, **options)

        return cast(F, wrapper)

    return decorate
