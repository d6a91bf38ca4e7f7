"""Old spellings answer as the new ones do, and say what to write."""

import numpy as np
import pytest
from click.testing import CliRunner
from genomearray_converters import import_text

import genomearray as ga
from genomearray.cli.main import cli
from genomearray.errors import ArgumentError


@pytest.fixture
def db(tmp_path):
    sizes = {"chr1": 400, "chr2": 300}
    db = ga.GenomeDB.create(tmp_path / "db", "toy", sizes)
    rng = np.random.default_rng(3)
    for name in ("fwd", "rev"):
        db.save_track(name, {chrom: rng.poisson(2, n).astype("uint16") for chrom, n in sizes.items()})
    return db


@pytest.mark.parametrize("name", ["sum", "mean", "min", "max", "std", "count", "stats"])
def test_chromosomes_by_position(db, name):
    ask = getattr(db["fwd"], name)
    want = ask(chroms="chr2")
    with pytest.warns(FutureWarning, match=f"{name} takes chroms by keyword; write chroms='chr2'"):
        got = ask("chr2")
    np.testing.assert_equal(np.asarray(got), np.asarray(want))


def test_by_position_with_its_second_argument(db):
    with pytest.warns(FutureWarning, match="write chroms=None, by='chrom'"):
        got = db["fwd"].sum(None, "chrom")
    assert got.tolist() == db["fwd"].sum(by="chrom").tolist()


def test_twice_given_is_an_error(db):
    with pytest.raises(TypeError):
        db["fwd"].sum("chr1", chroms="chr2")


def test_a_profile_has_no_positional_arguments(db):
    with pytest.raises(ArgumentError, match="by keyword"):
        db["fwd"].profile([("chr1", 10, 20)], 4)


def test_the_chromosome_of_a_text(db, tmp_path):
    (tmp_path / "x.txt").write_text("5 1\n")
    with pytest.warns(FutureWarning, match="write chrom_name='chr1'"):
        import_text(db, "x", tmp_path / "x.txt", pos_col=0, val_col=1, chrom="chr1")
    assert db["x"].values("chr1", 4, 5).tolist() == [1]


def test_old_options_of_the_command_line(db, tmp_path):
    (tmp_path / "x.txt").write_text("5 1\n")
    run = CliRunner().invoke
    place = ["--db", str(tmp_path / "db"), "--assembly", "toy"]
    columns = [str(tmp_path / "x.txt"), "--pos-col", "0", "--val-col", "1"]
    with pytest.warns(FutureWarning, match="--chrom-name chr2"):
        done = run(cli, ["import", "text", "t", *columns, "--chrom", "chr2", *place])
    assert done.exit_code == 0, done.output
    assert db["t"].sum() == db["t"].sum(chroms="chr2") == 1
    with pytest.warns(FutureWarning, match="--estimate-on chr2"):
        done = run(cli, ["combine-strands", "fwd", "rev", "old", "--chrom", "chr2", *place])
    new = run(cli, ["combine-strands", "fwd", "rev", "new", "--estimate-on", "chr2", *place])
    assert done.exit_code == new.exit_code, (done.output, new.output)
    if not new.exit_code:
        np.testing.assert_array_equal(db["old"].values("chr1"), db["new"].values("chr1"))


def test_the_help_shows_new_spellings_only():
    for words in (["import", "text"], ["combine-strands"]):
        assert "--chrom " not in CliRunner().invoke(cli, [*words, "--help"]).output
