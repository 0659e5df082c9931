"""A saved result is made again: the same bits, or which input or version is another one."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

import archsim
from archsim.cli.app import app
from archsim.errors import ArchsimError

SHORT = ["--set", "timesteps=2", "--set", "samples=1", "--set", "batch=1", "--engine", "compiled"]


def called(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    """Two phases of a network in a file."""
    folder = tmp_path_factory.mktemp("runs") / "run"
    done = called("run", "wearable_rram", "recurrent_cuba", "--phase", "inference", "--phase", "dfa", *SHORT,
                  "--seed", 3, "-o", folder)  # fmt: skip
    assert done.exit_code == 0, done.stderr
    return folder


def test_a_result_with_advice_is_made_again_with_the_advice(tmp_path):
    asked = ["--move", "columns_per_adc", "--move", "adc_bits", "--goal", "edp", "--budget", "area<1mm2"]
    done = called("advise", "wearable_rram", "recurrent_cuba", *SHORT[:-2], *asked, "-o", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert archsim.rerun(tmp_path / "out").runs == {"inference": ()}
    changed(tmp_path / "out", lambda record: record["results"]["inference"]["advice"][0].update(title="another"))
    ((differs,),) = archsim.rerun(tmp_path / "out").runs.values()
    assert differs.startswith("advice.0.title was another, is")


@pytest.fixture
def copy(result, tmp_path):
    shutil.copytree(result, tmp_path / "run")
    return tmp_path / "run"


def changed(folder, change):
    file = folder / "result.json"
    record = json.loads(file.read_text())
    change(record)
    file.write_text(json.dumps(record))


def test_every_figure_of_every_phase_is_the_same_again(result):
    again = archsim.rerun(result)
    assert again.runs == {"inference": (), "dfa": ()}
    assert again.inputs == again.versions == ()
    done = called("rerun", result)
    assert done.exit_code == 0
    assert done.stdout.splitlines()[1:] == [
        "inference: the same to the last bit", "dfa: the same to the last bit",
    ]  # fmt: skip


def test_a_figure_that_differs_is_named_and_so_is_the_version_that_may_be_why(copy):
    def other(record):
        record["results"]["inference"]["totals"]["n_tasks"] += 1
        record["provenance"]["versions"]["numpy"] = "1.0"

    changed(copy, other)
    done = called("rerun", copy, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert not found["same"]
    assert found["runs"]["dfa"] == []
    (line,) = found["runs"]["inference"]
    assert line.startswith("totals.n_tasks was ")
    (version,) = found["versions"]
    assert version.startswith("numpy was 1.0, is ")


def test_a_network_that_has_changed_since_is_named(copy, tmp_path, root_dir):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(root_dir / "workloads" / "recurrent_cuba.nir", other)
    assert archsim.rerun(copy, other).inputs == ()
    changed(copy, lambda record: record["provenance"]["files"].update({"network.nir": "0" * 64}))
    (said,) = archsim.rerun(copy, other).inputs
    assert said.startswith(f"network.nir was {'0' * 64}, is ")


def test_a_file_that_is_gone_is_told(copy, tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArchsimError, match=r"network.nir: recurrent_cuba.nir: not found; say where with --folder"):
        archsim.rerun(copy, tmp_path / "empty")


def test_a_result_that_does_not_say_what_it_was_made_from_is_told(copy, tmp_path):
    changed(copy, lambda record: record["provenance"].pop("chip"))
    with pytest.raises(ArchsimError, match="does not say which chip it was made from"):
        archsim.rerun(copy)
    with pytest.raises(ArchsimError, match=r"nowhere"):
        archsim.rerun(tmp_path / "nowhere")
    with pytest.raises(ArchsimError, match="result is 5; it must be the path"):
        archsim.rerun(5)


@pytest.mark.slow
def test_a_learning_run_is_the_same_again(tmp_path):
    sets = ("learning.pretrain.epochs=1", "learning.adapt.passes=1", "learning.data.step=256", "samples=1",
            "learning.adapt.simulated=4")  # fmt: skip
    words = [word for one in (*sets, "batch=1") for word in ("--set", one)]
    done = called("learn", "wearable_rram", "watch_adapt", "--rule", "dfa", *words, "-o", tmp_path / "learned")
    assert done.exit_code == 0, done.stderr
    again = archsim.rerun(tmp_path / "learned")
    assert again.runs == {"learning": ()}
