"""The README, followed from the top in an empty folder: its commands run, its Python prints what it says."""

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def test_the_readme_works(tmp_path):
    text = README.read_text()
    blocks = re.findall(
        r"^```(\w*)\n(.*?)^```", text[text.index("## On the command line") :], flags=re.DOTALL | re.MULTILINE
    )
    code = "".join(block for language, block in blocks if language == "python")
    shell = [block for language, block in blocks if not language]
    printed = shell[3].splitlines()  # after init, import, ask
    env = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    script = "set -e\n" + "".join(shell[:3])
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert [line for line in printed if line not in done.stdout.splitlines()] == []
    env |= {"GENOME_DB": str(tmp_path / "genome_db"), "GENOME_ASSEMBLY": "toy"}
    failed = subprocess.run(
        ["bash", "-c", shell[4]], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert (failed.returncode, failed.stderr) == (1, shell[5])
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    told = [
        line.split("  # ")[1].split(": ")[0]
        for line in code.splitlines()
        if "print(" in line and "  # " in line
    ]
    assert done.stdout.splitlines() == told
