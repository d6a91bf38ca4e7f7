"""Methods of a stack that give lazy stacks: numpy's functions, other scales, windows that move."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import DTypeLike

from genomearray.choices import Normalization
from genomearray.errors import ArgumentError, ValueRangeError
from genomearray.reference.region_table import Regions
from genomearray.stacks.base import BaseStack
from genomearray.stacks.members import Member
from genomearray.track.base import BaseTrack


class ArithmeticMethods(np.lib.mixins.NDArrayOperatorsMixin, BaseStack):
    """Stacks computed of stacks, tracks and numbers, track by track."""

    __hash__ = object.__hash__  # == gives a stack

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        out = options.pop("out", (None,))
        if method != "__call__" or options or out[0] is not None:
            raise ValueRangeError(
                f"numpy.{ufunc.__name__}.{method} with {', '.join(options) or 'an array'} is not for stacks; "
                f"call numpy.{ufunc.__name__}"
            )
        stacks = [value for value in inputs if isinstance(value, BaseStack)]
        for value in inputs:
            if not isinstance(value, (BaseStack, BaseTrack, bool, int, float, np.generic)):
                raise ValueRangeError(
                    "a stack can be computed with numbers, tracks and stacks, not with "
                    f"{type(value).__name__}"
                )
        for other in stacks:
            if len(other) not in (len(self), 1):
                raise ArgumentError(
                    f"a stack of {len(self)} tracks and one of {len(other)} do not go together: tracks are "
                    "taken in pairs, in their order"
                )
        members = []
        for k, member in enumerate(self.members):
            others = tuple(
                value.members[k if len(value) > 1 else 0] if isinstance(value, BaseStack) else value
                for value in inputs
            )
            members.append(Member(member.name, partial(_computed, ufunc, others)))
        return self.of(members)

    def __array_function__(
        self, function: Any, types: Any, args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        raise ValueRangeError(
            f"numpy.{function.__name__} is not for stacks; ask its own methods, such as "
            "stack.mean('track') or stack.map(function)"
        )

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise ValueRangeError(
            "a stack is not an array: it would be many genomes in memory; take "
            "stack.values(chrom, start, end)"
        )

    def map(self, function: Callable[..., Any]) -> Self:
        """What a function makes of each track, lazy; names and sheet stay.

        Parameters
        ----------
        function : callable
            Takes a Track, and gives one.

        Returns
        -------
        Stack

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track]).map(lambda one: one.clip(2, 3)).values("chr1", 0, 4)
        array([[2, 2, 3, 3]], dtype=uint16)
        """
        return self.of([member.derived(function) for member in self.members])

    def _each(self, method: str, *args: Any, **options: Any) -> Self:
        return self.map(partial(_called, method, args, options))

    def astype(self, dtype: DTypeLike) -> Self:
        """The values in another dtype; see :meth:`Track.astype`."""
        return self._each("astype", dtype)

    def clip(self, low: float | None = None, high: float | None = None) -> Self:
        """Values below ``low``, or above ``high``, set to it; see :meth:`Track.clip`."""
        return self._each("clip", low, high)

    def fillna(self, value: float) -> Self:
        """With a number where a value is missing (NaN); see :meth:`Track.fillna`."""
        return self._each("fillna", value)

    def shift(self, by: int) -> Self:
        """The values moved by so many bp; see :meth:`Track.shift`."""
        return self._each("shift", by)

    def mask(self, regions: Regions, other: float | None = None) -> Self:
        """Without the values inside of regions; see :meth:`Track.mask`."""
        return self._each("mask", regions, other)

    def where(self, condition: BaseStack | BaseTrack | Regions, other: float | None = None) -> Self:
        """The values where a condition holds; see :meth:`Track.where`. A condition may be a stack."""
        if isinstance(condition, BaseStack):
            function = partial(_where, other)
            pairs = zip(self.members, condition.members, strict=True)
            return self.of([member.derived(function, held) for member, held in pairs])
        return self._each("where", condition, other)

    def smooth(self, sigma: float) -> Self:
        """A Gaussian average around each base; see :meth:`Track.smooth`."""
        return self._each("smooth", sigma)

    def normalize(
        self, how: Normalization, genome_size: int | None = None, *, to: float | None = None
    ) -> Self:
        """Each track scaled by a number of its own; see :meth:`Track.normalize`.

        Examples
        --------
        >>> from genomearray import stack
        >>> stack([track, track * 3]).normalize("sum", to=1e6).sum("pos").values.tolist()
        [1000000.0, 1000000.0]
        """
        return self._each("normalize", how, genome_size, to=to)

    def rolling(
        self, window: int, center: bool = False, min_periods: int | None = None
    ) -> RollingStack[Self]:
        """Windows that move along each track: ask ``.mean()``, ``.sum()``, ``.max()`` or ``.min()``; see
        :meth:`Track.rolling`.
        """
        return RollingStack(self, (window, center, min_periods))


S = TypeVar("S", bound=ArithmeticMethods)


class RollingStack(Generic[S]):
    """Windows of a stack; made by :meth:`Stack.rolling`."""

    def __init__(self, stack: S, options: Sequence[Any]) -> None:
        self._stack, self._options = stack, tuple(options)

    def _make(self, how: str) -> S:
        return self._stack.map(partial(_rolled, self._options, how))

    def mean(self) -> S:
        """Mean of each window."""
        return self._make("mean")

    def sum(self) -> S:
        """Sum of each window."""
        return self._make("sum")

    def max(self) -> S:
        """Greatest value of each window."""
        return self._make("max")

    def min(self) -> S:
        """Least value of each window."""
        return self._make("min")


def _computed(ufunc: np.ufunc, operands: tuple[Any, ...]) -> Any:
    return ufunc(*(value.track if isinstance(value, Member) else value for value in operands))


def _called(method: str, args: tuple[Any, ...], options: dict[str, Any], track: Any) -> Any:
    return getattr(track, method)(*args, **options)


def _where(other: float | None, track: Any, condition: Any) -> Any:
    return track.where(condition, other)


def _rolled(options: tuple[Any, ...], how: str, track: Any) -> Any:
    return getattr(track.rolling(*options), how)()
