"""The oldest versions that pyproject.toml asks for, as constraints for pip: ``python tests/lowest_versions.py``."""

import re
import tomllib
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"
EXTRAS = ("plot", "remote")  # dev tools may be as new as they like


def lowest(requirement: str) -> str | None:
    """``name>=2.1`` as ``name==2.1.*``; None for one without a bound."""
    found = re.fullmatch(r"([\w-]+)(?:\[[\w,]+\])?>=([\d.]+)", requirement)
    return f"{found[1]}=={found[2]}.*" if found else None


def main() -> None:
    """Print a line for each requirement."""
    project = tomllib.loads(PROJECT.read_text())["project"]
    asked = project["dependencies"] + [
        line for extra in EXTRAS for line in project["optional-dependencies"][extra]
    ]
    for line in sorted({line for line in map(lowest, asked) if line}):
        print(line)


if __name__ == "__main__":
    main()
