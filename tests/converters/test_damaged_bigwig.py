"""Damage in the structure of a bigWig: an error or a note, never another track, never the end of the process."""

import subprocess
import sys

import numpy as np
import pytest
from genomearray_converters import export_bigwig, import_bigwig

from genomearray import GenomeDB
from genomearray.errors import FormatError

SIZES = {"chr1": 5000, "chr2": 3000, "chrM": 700}
MANY = """
import sys
import numpy as np
from genomearray import GenomeDB
from genomearray.errors import GenomeArrayError
from genomearray_converters import import_bigwig
folder, first, last = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
db = GenomeDB(folder + "/db", "toy")
good = open(folder + "/a.bw", "rb").read()
for seed in range(first, last):
    rng = np.random.default_rng(seed)
    bad = bytearray(good)
    at = int(rng.integers(0, len(bad)))
    bad[at] ^= 1 << int(rng.integers(0, 8))
    path = f"{folder}/bad{first}.bw"
    open(path, "wb").write(bad)
    try:
        report = import_bigwig(db, f"bad{first}", path, overwrite=True, allow_empty=True)
    except GenomeArrayError:
        continue
    found = db[f"bad{first}"]
    same = all(np.array_equal(found.values(c), db["t"].values(c), equal_nan=True) for c in ("chr1", "chr2", "chrM"))
    lost = found.count() < db["t"].count()
    print(seed, at, "same" if same else "lost" if lost else "other", any("lost" in note for note in report.notes))
"""


@pytest.fixture
def folder(tmp_path):
    db = GenomeDB.create(tmp_path / "db", "toy", SIZES)
    rng = np.random.default_rng(0)
    db.save_track(
        "t",
        {c: np.where(rng.random(n) < 0.3, np.nan, rng.normal(size=n)).astype("f4") for c, n in SIZES.items()},
    )
    export_bigwig(db["t"], tmp_path / "a.bw")
    return tmp_path


def test_a_flipped_bit_of_the_structure_loses_no_base_without_a_word(folder):
    """What the compressed blocks hold is not guarded by the format; where they lie, and how many bases, is."""
    done = subprocess.run(
        [sys.executable, "-c", MANY, str(folder), "0", "150"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    for line in done.stdout.splitlines():
        seed, at, what, told = line.split()
        assert what != "lost" or told == "True", f"seed {seed}: byte {at}"


@pytest.mark.parametrize("name", ["size of a block", "chromosomes", "offset"])
def test_sizes_beyond_the_file_are_refused(folder, name):
    """Whoever believes them asks for gigabytes."""
    data = bytearray((folder / "a.bw").read_bytes())
    tree, index = (int.from_bytes(data[at : at + 8], "little") for at in (8, 24))
    at = {
        "chromosomes": tree + 20,
        "offset": index + 48 + 4 + 16 + 5,
        "size of a block": index + 48 + 4 + 24 + 4,
    }[name]
    data[at] = 8
    (folder / "b.bw").write_bytes(data)
    with pytest.raises(FormatError, match="cut or damaged"):
        import_bigwig(GenomeDB(folder / "db", "toy"), "x", folder / "b.bw")
