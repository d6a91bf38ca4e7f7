"""What is installed is what is there."""

import tomllib
from pathlib import Path

import genomearray_converters

import genomearray as ga

ROOT = Path(__file__).resolve().parents[1]


def test_every_folder_with_modules_is_a_package_of_the_distribution():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    folders = {
        path.parent.relative_to(ROOT)
        for top in ("genomearray", "converters")
        for path in (ROOT / top).rglob("*.py")
    }
    names = {
        str(folder).replace("/", ".").replace("converters", "genomearray_converters", 1) for folder in folders
    }
    assert set(settings["packages"]) == names


def test_public_names_are_sorted_there_and_documented():
    for module in (ga, genomearray_converters):
        assert module.__all__ == sorted(module.__all__)
        for name in module.__all__:
            assert name == "__version__" or getattr(module, name).__doc__


def test_the_version_is_in_the_changelog():
    assert f"## {ga.__version__}" in (ROOT / "CHANGELOG.md").read_text()
