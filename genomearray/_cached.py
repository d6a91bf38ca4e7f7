"""A property that is computed once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    from functools import cached_property as Cached  # noqa: N812 - to a type checker they are the same
else:

    class Cached(Generic[T]):
        """As ``functools.cached_property``, without the lock that it has in Python 3.11.

        That lock is one for all instances: a process forked while a thread holds it would wait
        forever. Two threads may compute the value twice, which does no harm.
        """

        def __init__(self, function: Callable[[Any], T]) -> None:
            self._function = function
            self.__doc__ = function.__doc__

        def __set_name__(self, owner: type, name: str) -> None:
            self._name = name

        def __get__(self, instance: object | None, owner: type) -> Self | T:
            if instance is None:
                return self
            value = instance.__dict__[self._name] = self._function(instance)
            return value


__all__ = ["Cached"]
