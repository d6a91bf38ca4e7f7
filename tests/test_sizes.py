"""What a reader meets: modules and functions of a size to read at once, signatures that say what they take."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MODULES = sorted([*(ROOT / "genomearray").rglob("*.py"), *(ROOT / "converters").rglob("*.py")])
MODULE_LINES = 450
FUNCTION_LINES = 60  # without the docstring
ANY = 0.10  # of the signatures may take or give anything


def functions(module: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(module.read_text())
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def lines_of(function: ast.FunctionDef) -> int:
    first = function.body[0]
    has_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    docstring = (first.end_lineno or 0) - first.lineno + 1 if has_docstring else 0
    return (function.end_lineno or 0) - function.lineno + 1 - docstring


def takes_anything(function: ast.FunctionDef) -> bool:
    of = function.args
    given = [*of.posonlyargs, *of.args, *of.kwonlyargs, of.vararg, of.kwarg]
    types = [one.annotation for one in given if one is not None] + [function.returns]
    return any("Any" in ast.unparse(one).split(" | ") for one in types if one is not None)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_a_module_is_read_at_once(module):
    assert len(module.read_text().splitlines()) <= MODULE_LINES
    long = {
        function.name: lines_of(function)
        for function in functions(module)
        if lines_of(function) > FUNCTION_LINES
        and not any("kernel" in ast.unparse(decorator) for decorator in function.decorator_list)
    }
    assert long == {}


def test_most_signatures_say_what_they_take():
    every = [function for module in MODULES for function in functions(module)]
    assert len(every) > 1000
    assert sum(map(takes_anything, every)) <= ANY * len(every)
