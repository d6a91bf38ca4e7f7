"""Expressions of tracks as text: read by a grammar of our own, never evaluated by Python."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from genomearray.errors import ArgumentError
from genomearray.track.track import Track

_LONGEST = 10_000  # letters
_DEEPEST = 100
_BINARY: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide, ast.Mod: np.remainder, ast.Pow: np.power,
    ast.BitAnd: np.bitwise_and, ast.BitOr: np.bitwise_or, ast.BitXor: np.bitwise_xor,
}  # fmt: skip
_UNARY: dict[type[ast.AST], Callable[[Any], Any]] = {
    ast.USub: np.negative, ast.UAdd: np.positive, ast.Invert: np.invert,
}  # fmt: skip
_COMPARED: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Gt: np.greater, ast.GtE: np.greater_equal, ast.Lt: np.less, ast.LtE: np.less_equal,
    ast.Eq: np.equal, ast.NotEq: np.not_equal,
}  # fmt: skip
# numpy's elementwise functions, and how many arguments each takes.
_NUMPYS = dict.fromkeys(
    (
        "abs", "absolute", "sqrt", "square", "cbrt", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p",
        "sin", "cos", "tan", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "floor", "ceil", "trunc",
        "rint", "sign", "isnan", "isfinite", "isinf", "logical_not", "reciprocal", "negative",
    ),
    1,
) | dict.fromkeys(
    ("maximum", "minimum", "fmax", "fmin", "power", "hypot", "arctan2", "logical_and", "logical_or",
     "logical_xor", "remainder", "fmod", "copysign", "heaviside"),
    2,
)  # fmt: skip


_OWN: dict[str, tuple[int, Callable[..., Any]]] = {
    "rolling": (2, lambda track, window: track.rolling(window).mean()),
    "smooth": (2, lambda track, sigma: track.smooth(sigma)),
    "shift": (2, lambda track, by: track.shift(by)),
    "clip": (3, lambda track, low, high: track.clip(low, high)),
    "fillna": (2, lambda track, value: track.fillna(value)),
}
FUNCTIONS = ", ".join([*_OWN, "where", *_NUMPYS])


def computed(expression: str, tracks: Mapping[str, Track]) -> Track:
    """A lazy track of an expression.

    Parameters
    ----------
    expression : str
        Names of tracks, numbers, operators and functions: numpy's elementwise ones, and
        ``rolling(a, bp)`` (the mean), ``smooth(a, sigma)``, ``shift(a, bp)``, ``clip(a, low, high)``,
        ``fillna(a, number)``, ``where(condition, a, b)``.
    tracks : mapping of str to Track

    Returns
    -------
    Track

    Raises
    ------
    ArgumentError
        Anything else; a name that no track explains; no track at all.

    Examples
    --------
    >>> computed("log2((a + 1) / (b + 1))", {"a": track, "b": track * 2}).values("chr1", 0, 1).round(3)
    array([-0.585])
    """
    if len(expression) > _LONGEST:
        raise ArgumentError(f"the expression has {len(expression):,} letters; {_LONGEST:,} are allowed")
    try:
        tree = ast.parse(expression.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ArgumentError(f"{expression!r} is no expression: {error}") from error
    made = _Reader(expression, tracks).read(tree.body, 0)
    if not isinstance(made, Track):
        raise ArgumentError(f"{expression!r} is a number; an expression names one track at least")
    return made


class _Reader:
    """One expression, node by node."""

    def __init__(self, expression: str, tracks: Mapping[str, Track]) -> None:
        self._expression, self._tracks = expression, tracks

    def read(self, node: ast.AST, depth: int) -> Any:
        """The value of a node: a track or a number."""
        if depth > _DEEPEST:
            raise ArgumentError(f"the expression is nested more than {_DEEPEST} deep")
        deeper = depth + 1
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return node.value
        if isinstance(node, ast.Name):
            return self._track(node.id)
        if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
            return self._apply(_UNARY[type(node.op)], [self.read(node.operand, deeper)])
        if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
            sides = [self.read(node.left, deeper), self.read(node.right, deeper)]
            return self._apply(_BINARY[type(node.op)], sides)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _COMPARED:
            sides = [self.read(node.left, deeper), self.read(node.comparators[0], deeper)]
            return self._apply(_COMPARED[type(node.ops[0])], sides)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
            return self._called(node.func.id, [self.read(argument, deeper) for argument in node.args])
        raise self._refused(node)

    def _track(self, name: str) -> Track:
        if name not in self._tracks:
            known = ", ".join(self._tracks) or "none"
            raise ArgumentError(
                f"{name!r} in {self._expression!r} is no track; known are {known}: say which one it is, "
                f"{name}=TRACK"
            )
        return self._tracks[name]

    def _apply(self, function: Callable[..., Any], operands: list[Any]) -> Any:
        if any(isinstance(value, Track) for value in operands):
            return function(*operands)
        # Of numbers alone in floats: whole ones could become as long as they like.
        with np.errstate(all="ignore"):
            return float(function(*map(np.float64, operands)))

    def _called(self, name: str, arguments: list[Any]) -> Any:
        if name == "where":
            return self._where(arguments)
        if name in _NUMPYS:
            self._check_count(name, len(arguments), _NUMPYS[name])
            return self._apply(getattr(np, name), arguments)
        if name in _OWN:
            n, function = _OWN[name]
            self._check_count(name, len(arguments), n)
            if not isinstance(arguments[0], Track) or any(isinstance(one, Track) for one in arguments[1:]):
                raise ArgumentError(f"{name} in {self._expression!r} takes a track first, then numbers")
            return function(*arguments)
        raise ArgumentError(f"{name!r} in {self._expression!r} is no function; known are {FUNCTIONS}")

    def _where(self, arguments: list[Any]) -> Track:
        self._check_count("where", len(arguments), 3)
        condition, one, other = arguments
        if not isinstance(condition, Track):
            raise ArgumentError(f"where in {self._expression!r} takes a comparison of tracks first")
        otherwise: Any = np.logical_not(condition)
        if isinstance(one, Track) and isinstance(other, Track):
            both: Track = one.where(condition, 0) + other.where(otherwise, 0)
            return both
        if isinstance(one, Track):
            return one.where(condition, other)
        if isinstance(other, Track):
            return other.where(otherwise, one)
        numbers: Track = condition * one + otherwise * other
        return numbers

    def _check_count(self, name: str, n: int, wanted: int) -> None:
        if n != wanted:
            raise ArgumentError(f"{name} in {self._expression!r} has {n} arguments, and takes {wanted}")

    def _refused(self, node: ast.AST) -> ArgumentError:
        part = ast.get_source_segment(self._expression.strip(), node) or type(node).__name__
        return ArgumentError(
            f"{part!r} in {self._expression!r} is not allowed; an expression has names of tracks, numbers, "
            f"operators, and these functions: {FUNCTIONS}"
        )
