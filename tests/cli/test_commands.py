"""The installed program, as a user and a pipeline call it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import genomearray as ga

PROGRAM = Path(sys.executable).with_name("genomearray")


@pytest.fixture
def run(tmp_path):
    """The program in a folder, with a database named by the environment."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GENOME_")}
    environment |= {"GENOME_DB": str(tmp_path / "db"), "GENOME_ASSEMBLY": "toy"}

    def call(*words, status=0, stdin=None, env=None):
        done = subprocess.run(
            [PROGRAM, *map(str, words)],
            cwd=tmp_path,
            env=environment | (env or {}),
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    (tmp_path / "toy.sizes").write_text(
        "chr2\t500\nchr1\t1000\nchrX\t300\nchrY\t80\nchrM\t60\nchr1_random\t40\n"
    )
    (tmp_path / "a.wig").write_text("track name=x\nfixedStep chrom=chr1 start=10 step=1\n1.5\n2\n")
    (tmp_path / "seq.fa").write_text(">chr1\n" + "acgtNNRYAC" * 100 + "\n")
    return call


@pytest.fixture
def ready(run):
    run("init", "toy", "toy.sizes")
    run("import", "wig", "sub/scores", "a.wig")
    run("import", "fasta", "seq", "seq.fa")
    return run


def test_from_nothing_to_an_answer(ready):
    assert ready("tracks").stdout == "seq\nsub/scores\n"
    assert ready("tracks", "sub").stdout == "sub/scores\n"
    assert ready("tracks", "--paths").stdout.splitlines()[0].endswith("/db/toy/seq.h5")
    assert ready("get", "sub/scores", "chr1:10-12").stdout == "chr1\t10\t1.5\nchr1\t11\t2.0\nchr1\t12\tnan\n"
    assert ready("get", "seq", "chr1:1-2").stdout == "chr1\t1\ta\nchr1\t2\tc\n"
    assert ready("seq", "chr1", "1", "1,0").stdout == ">chr1:1-10\nACGTNNRYAC\n"
    assert ready("seq", "chr1", "1", "10", "-").stdout == ">chr1:1-10(-)\nGTRYNNACGT\n"
    reported = dict(line.split("\t") for line in ready("info", "sub/scores").stdout.splitlines())
    assert (reported["bases"], reported["missing"], reported["sum"], reported["mean"], reported["max"]) == (
        "1980",
        "1978",
        "3.5",
        "1.75",
        "2.0",
    )
    assert reported["dtype"] == "float32"
    assert (
        ready("info", "sub/scores", "--chromosomes")
        .stdout.splitlines()[-6]
        .startswith("chr1\t1000\t998\t3.5")
    )


def test_chromosomes_by_flags(ready):
    assert ready("chromosomes").stdout == "chr1\t1000\nchr2\t500\nchrX\t300\n"
    assert ready("chromosomes", "--all", "--ids").stdout.splitlines()[-1] == "6\tchr1_random\t40"
    assert ready("chromosomes", "--no-x", "--y", "--mito", "--rand").stdout.split()[::2] == [
        "chr1",
        "chr2",
        "chrY",
        "chrM",
        "chr1_random",
    ]


def test_database_and_assembly_before_or_after_the_subcommand(ready, tmp_path):
    nowhere = {"GENOME_DB": "", "GENOME_ASSEMBLY": ""}
    folder = str(tmp_path / "db")
    assert ready("--db", folder, "--assembly", "toy", "tracks", env=nowhere).stdout == "seq\nsub/scores\n"
    assert ready("tracks", "--db", folder, "--assembly", "toy", env=nowhere).stdout == "seq\nsub/scores\n"
    assert ready("--assembly", "wrong", "tracks", "--assembly", "toy").stdout == "seq\nsub/scores\n"


def test_standard_input_and_options(ready):
    reported = ready(
        "import",
        "bedgraph",
        "depth",
        "-",
        "--dtype",
        "uint8",
        "--store",
        "zarr",
        stdin="chr1\t0\t2\t300\n1\t5\t6\t7\n".replace("1\t5", "chr1\t5"),
    )
    assert reported.stdout == ""
    assert reported.stderr.splitlines() == [
        "track depth: 3 bases on 1 chromosomes, uint8",
        "1 values did not fit uint8 and were set to its least or greatest value",
    ]
    assert ready("get", "depth", "chr1:-3").stdout == "chr1\t1\t255\nchr1\t2\t255\nchr1\t3\t0\n"
    ready("import", "text", "t", "-", "--pos-col", 0, "--val-col", 1, "--chrom", "chr2", stdin="5 9\n")
    assert ready("get", "t", "chr2:5-5").stdout == "chr2\t5\t9.0\n"


def test_help_is_there_for_every_command(run):
    for words in ([], ["import"], *[["import", f] for f in ("fasta", "wig", "bedgraph", "bigwig", "text")]):
        assert "Usage: genomearray" in run(*words, "--help").stdout
    for command in ("init", "tracks", "chromosomes", "info", "get", "seq"):
        assert f"Usage: genomearray {command}" in run(command, "--help").stdout
    assert run("--version").stdout.split()[-1] == ga.__version__


WRONG = [
    (["tracks", "--assembly", "nope"], 1, "assembly 'nope' is not in the database"),
    (["tracks", "nofolder"], 1, "no folder 'nofolder'"),
    (["tracks", "--db", "nowhere"], 1, "nowhere is not there"),
    (["init", "toy", "toy.sizes"], 1, "assembly 'toy' is in the database already"),
    (["init", "new", "missing.sizes"], 1, "missing.sizes is not there"),
    (["init", "new", "a.wig"], 1, "a.wig:1: length 'name=x' of 'track' is not a whole number"),
    (["import", "wig", "sub/scores", "a.wig"], 1, "track 'sub/scores' exists"),
    (["import", "wig", "x", "missing.wig"], 1, "missing.wig is not there"),
    (["import", "wig", "../x", "a.wig"], 1, "track name '../x'"),
    (["import", "wig", "/x", "a.wig"], 1, "absolute path"),
    (["import", "wig", "", "a.wig"], 1, "track name '' is empty"),
    (["import", "bedgraph", "x", "a.wig"], 1, "a.wig:2:"),
    (["import", "wig", "x", "seq.fa"], 1, "seq.fa:1:"),
    (["import", "fasta", "x", "a.wig"], 1, "a.wig:1:"),
    (["import", "bigwig", "x", "a.wig"], 1, "a.wig is not a bigWig file"),
    (["import", "wig", "x"], 2, "Missing argument"),
    (["import", "wig", "x", "a.wig", "--dtype", "float16"], 2, "'float16'"),
    (["import", "text", "x", "a.wig", "--pos-col", "0", "--val-col", "1"], 2, "--chrom-col"),
    (["import", "wig", "x", "a.wig", "--threads", "0"], 2, "--threads"),
    (["get", "scores", "chr1:1-5"], 1, "nearest names: 'sub/scores'"),
    (["get", "sub/scores", "chr7:1-5"], 1, "chromosome 'chr7' is not in assembly 'toy'; nearest names:"),
    (["get", "sub/scores", "chr1:0-5"], 1, "position 0 is outside 'chr1'; its positions are 1 to 1000"),
    (["get", "sub/scores", "chr1:5-1001"], 1, "position 1001"),
    (["get", "sub/scores", "chr1:9-5"], 1, "reversed"),
    (["get", "sub/scores", "chr1:5"], 1, "chr1:5-5 or chr1:5-"),
    (["seq", "chr1", "0", "5"], 1, "position 0"),
    (["seq", "chr1", "a", "5"], 2, "'a' is not a whole number"),
    (["seq", "chr1", "1", "5", "x"], 1, "strand 'x'"),
    (["seq", "chr1", "1", "5", "--track", "sub/scores"], 1, "holds a signal, not a sequence"),
    (["frobnicate"], 2, "No such command"),
]


@pytest.mark.parametrize(("words", "status", "message"), WRONG)
def test_wrong_input_is_one_clear_line(ready, words, status, message):
    done = ready(*words, status=status)
    assert message in done.stderr
    assert done.stdout == ""
    if status == 1:
        assert len(done.stderr.splitlines()) == 1
    assert ready("tracks").stdout == "seq\nsub/scores\n"


def test_no_database_is_named(run):
    assert "GENOME_DB" in run("tracks", status=1, env={"GENOME_DB": ""}).stderr
    assert "GENOME_ASSEMBLY" in run("tracks", status=1, env={"GENOME_ASSEMBLY": "", "GENOME_DB": "."}).stderr


def test_a_reader_that_stops_early_is_no_error(ready):
    command = f"{PROGRAM} get seq chr1 | head -n 1"
    environment = os.environ | {"GENOME_DB": "db", "GENOME_ASSEMBLY": "toy"}
    cwd = Path(ready("tracks", "--paths").stdout.splitlines()[0]).parents[2]
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "chr1\t1\ta\n"
    assert done.stderr == ""


def test_everyday_commands_load_nothing_heavy(ready, tmp_path):
    for words in (
        ["tracks"],
        ["get", "sub/scores", "chr1:1-5"],
        ["seq", "chr1", "1", "5"],
        ["info", "seq"],
        ["--help"],
    ):
        code = f"import sys; sys.argv = ['genomearray', *{words!r}]\nfrom genomearray.cli.main import main\ntry: main()\nexcept SystemExit: pass\nprint(*sys.modules, file=sys.stderr)"
        environment = os.environ | {"GENOME_DB": str(tmp_path / "db"), "GENOME_ASSEMBLY": "toy"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
        )
        assert not set(done.stderr.split()) & {"xarray", "pandas", "zarr", "dask", "numba"}


# -- the whole genome at once ----------------------------------------------------------------


@pytest.fixture
def counts(ready, tmp_path):
    (tmp_path / "c.bedgraph").write_text("chr1\t0\t10\t5\nchr1\t10\t20\t250\nchr2\t0\t5\t7\n")
    ready("import", "bedgraph", "c", "c.bedgraph", "--dtype", "uint8")
    ready("import", "bedgraph", "f", "c.bedgraph")
    return ready


def test_stats_of_all_and_of_each_chromosome(counts):
    reported = dict(line.split("\t") for line in counts("stats", "c").stdout.splitlines())
    assert (reported["n"], reported["n_nan"], reported["sum"], reported["max"]) == (
        "1980",
        "0",
        "2585",
        "250",
    )
    table = [line.split("\t") for line in counts("stats", "c", "--by-chrom").stdout.splitlines()]
    assert table[0] == ["chrom", "n", "n_nan", "sum", "mean", "std", "var", "min", "max"]
    assert table[1][:4] == ["chr1", "1000", "0", "2550"]
    assert (
        dict(line.split("\t") for line in counts("stats", "c", "--chrom", "chr2").stdout.splitlines())["sum"]
        == "35"
    )
    assert counts("stats", "c", "--compute").stderr == "track c: the stored statistics are right\n"
    assert counts("stats", "seq", status=1).stderr.startswith("genomearray: the track holds a sequence")


def test_wrong_statistics_are_found_and_repaired(counts, tmp_path):
    import h5py

    path = counts("tracks", "--paths").stdout.splitlines()[0]
    with h5py.File(path, "r+", locking=False) as file:
        file["sequences/sum"][0] += 5
    assert "not whole" in counts("verify", "c", status=1).stderr
    repaired = counts("stats", "c", "--compute")
    assert "published anew" in repaired.stderr
    assert "sum\t2585\n" in repaired.stdout
    assert "statistics agree" in counts("verify", "c").stdout


def test_combine_tells_what_saturated(counts):
    assert "10 values did not fit uint8" in counts("combine", "twice", "c", "c").stderr
    assert counts("get", "twice", "chr1:9-11").stdout.split()[2::3] == ["10", "10", "255"]
    counts("combine", "mean", "c", "twice", "--how", "mean", "--weights", "1,3", "--store", "zarr")
    assert counts("get", "mean", "chr1:1-1").stdout.split()[2] == "8.75"
    counts("combine", "wide", "c", "c", "--overflow", "widen")
    assert counts("get", "wide", "chr1:11-11").stdout.split()[2] == "500"
    assert "has a fraction" in counts("combine", "no", "mean", "f", "--dtype", "uint16", status=1).stderr
    counts("combine", "yes", "mean", "f", "--dtype", "uint16", "--round")
    for words, match in (
        (("combine", "c", "c", "f"), "exists"),
        (("combine", "c", "c", "f", "--overwrite"), "an input and the output"),
        (("combine", "x", "c", "seq"), "holds a sequence"),
        (("combine", "x", "c", "nothing"), "not in the database"),
        (("combine-strands", "c", "f", "x"), "do not agree at any shift"),
        (("combine-strands", "c", "f", "x", "--shift", "9999"), "moves every base"),
    ):
        assert match in counts(*words, status=1).stderr
    assert "x" not in counts("tracks").stdout.split()
    assert "not a list of numbers" in counts("combine", "x", "c", "--weights", "a", status=2).stderr


def test_combine_strands_on_the_command_line(counts):
    reported = counts("combine-strands", "c", "c", "both", "--shift", "2")
    assert reported.stderr.startswith("shift: 2 bp\n")
    assert counts("get", "both", "chr1:1-3").stdout.split()[2::3] == ["5", "5", "10"]


def test_liftover_tells_and_keeps_a_report(counts, tmp_path):
    (tmp_path / "new.sizes").write_text("chr1\t1100\nchr2\t500\n")
    (tmp_path / "a.chain").write_text(
        "chain 9 chr1 1000 + 0 1000 chr1 1100 + 100 1100 1\n1000\n\nchain 5 chrY 80 + 0 80 gone 90 - 0 80 2\n80\n"
    )
    counts("init", "new", "new.sizes", env={"GENOME_ASSEMBLY": ""})
    reported = counts("liftover", "toy", "new", "a.chain", "c", "--report", "lift.tsv").stderr
    assert "source: 1,000 of 1,980 bases map (50.51 %), 980 do not\n" in reported
    assert "signal: 2,550 of 2,585 maps (98.65 %), 35 does not\n" in reported
    assert "skipped: 1 chains, because their chromosome is not in new\n" in reported
    assert counts("--assembly", "new", "get", "c", "chr1:100-102").stdout.split()[2::3] == ["0", "5", "5"]
    assert "source: 1,000 of 1,980 bases" in counts("--assembly", "new", "info", "c").stdout
    assert "source\tchr1\t1000\t1000\t0\t\t2550\t2550\n" in (tmp_path / "lift.tsv").read_text()
    counts(
        "liftover",
        "toy",
        "new",
        "a.chain",
        "c",
        "--as",
        "fwd",
        "--reverse-track",
        "f",
        "--reverse-as",
        "rev",
        status=1,
    )
    counts(
        "liftover", "toy", "new", "a.chain", "f", "--as", "fwd", "--reverse-track", "f", "--reverse-as", "rev"
    )
    wide = counts(
        "liftover", "toy", "new", "a.chain", "f", "--as", "wide", "--dtype", "int8", "--overflow", "widen"
    )
    assert "track wide: 1,600 bases, int16\n" in wide.stderr
    for words, match in (
        (("liftover", "toy", "new", "a.chain", "c"), "exists"),
        (("liftover", "new", "toy", "a.chain", "c", "--as", "x"), "wrong way round"),
        (("liftover", "toy", "toy", "a.chain", "c"), "--as NAME"),
        (("liftover", "toy", "new", "c.bedgraph", "c", "--as", "x"), "not a chain file"),
        (("liftover", "toy", "old", "a.chain", "c"), "assembly 'old' is not in the database"),
    ):
        assert match in counts(*words, status=1).stderr
    (tmp_path / "a.bed").write_text("chr1\t0\t10\n")
    assert counts("lift-bed", "a.chain", "a.bed").stdout == "chr1\t100\t110\n"
    assert (
        "cannot become itself"
        in counts("lift-bed", "a.chain", "a.bed", "a.bed", "--overwrite", status=1).stderr
    )


def test_exports_to_files_and_standard_output(counts, tmp_path):
    assert (
        counts("export", "bedgraph", "f", "-").stdout == "chr1\t0\t10\t5\nchr1\t10\t20\t250\nchr2\t0\t5\t7\n"
    )
    counts("export", "bigwig", "c", "c.bw")
    counts("import", "bigwig", "again", "c.bw", "--dtype", "uint8")
    assert counts("stats", "again").stdout == counts("stats", "c").stdout
    counts("export", "wig", "c", "c.wig.gz", "--region", "chr1:1-30")
    counts("export", "zarr", "c", "c.zarr")
    counts("export", "h5", "c", "c.h5")
    counts("export", "npy", "c", "c.npy", "--chrom", "chr2")
    counts("export", "fasta", "seq", "s.fa", "--chrom", "chr1")
    assert "--above or --below" in counts("export", "bed", "c", "-", status=2).stderr
    assert counts("export", "bed", "c", "-", "--above", "100").stdout == (
        "#chrom\tstart\tend\tname\tscore\tstrand\tmean\tmax\nchr1\t10\t20\t.\t0\t.\t250\t250\n"
    )
    assert (tmp_path / "s.fa").read_text().startswith(">chr1\nacgtNNRYACacgt")
    for words, match in (
        (("export", "bigwig", "c", "c.bw"), "exists"),
        (("export", "bigwig", "seq", "d.bw"), "holds a sequence"),
        (("export", "wig", "c", "no/where.wig"), "is not there"),
        (("export", "npy", "c", "d.npy"), "would be one array"),
    ):
        assert match in counts(*words, status=1).stderr
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []
