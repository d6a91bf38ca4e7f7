"""Groups of the tracks of a stack, by a column of its sheet."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any, Generic, TypeVar

from genomearray.errors import ArgumentError
from genomearray.stacks.members import Member
from genomearray.stacks.reductions import ReductionMethods, reduction

S = TypeVar("S", bound=ReductionMethods)


class StackGroups(Generic[S]):
    """Groups of tracks; made by :meth:`Stack.groupby`. Iterate over them: ``for name, stack in groups``.

    Each method gives a stack with one lazy track a group, named after it.
    """

    def __init__(self, stack: S, column: str) -> None:
        import pandas as pd

        samples = stack.samples
        if column not in samples.columns:
            known = ", ".join(map(str, samples.columns)) or "none"
            raise ArgumentError(f"the sample sheet has no column {column!r}; it has {known}")
        values = samples[column]
        if values.isna().any():
            raise ArgumentError(
                f"track {samples.index[values.isna()][0]!r} has no {column!r} in the sample sheet"
            )
        self.column = column
        self._frame = pd.DataFrame({column: list(dict.fromkeys(values))})
        self._stacks = {
            name: stack.take([k for k, value in enumerate(values) if value == name])
            for name in self._frame[column]
        }
        self._whole = stack

    def __len__(self) -> int:
        return len(self._stacks)

    def __iter__(self) -> Iterator[tuple[Any, S]]:
        return iter(self._stacks.items())

    def _each(self, how: str, number: float = 0.0) -> S:
        function = reduction(how, number)
        members = [
            Member(str(name), partial(_of_group, function, some)) for name, some in self._stacks.items()
        ]
        return type(self._whole)(members, self._frame)

    def mean(self) -> S:
        """Mean of each group, base by base."""
        return self._each("mean")

    def sum(self) -> S:
        """Sum of each group, base by base."""
        return self._each("sum")

    def min(self) -> S:
        """Least value of each group, base by base."""
        return self._each("min")

    def max(self) -> S:
        """Greatest value of each group, base by base."""
        return self._each("max")

    def median(self) -> S:
        """Median of each group, base by base."""
        return self._each("median")

    def std(self) -> S:
        """Standard deviation (ddof 0) of each group, base by base."""
        return self._each("std")

    def var(self) -> S:
        """Variance (ddof 0) of each group, base by base."""
        return self._each("var")

    def quantile(self, q: float) -> S:
        """Quantile (0 to 1) of each group, base by base."""
        return self._each("quantile", q)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{name}: {len(some)}" for name, some in self._stacks.items())
        return f"<StackGroups by {self.column!r}: {sizes}>"


def _of_group(function: Any, stack: Any) -> Any:
    return function(stack)
