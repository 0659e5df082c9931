"""Chips, workloads and studies that come with archsim: by name wherever a file is wanted, or copied."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

import archsim
from archsim import examples
from archsim.cli.app import app
from archsim.errors import ArchsimError, ExploreError, SpecError, WorkloadError
from archsim.explore import read_study


def called(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.parametrize("name", examples.chips())
def test_every_chip_is_read_by_its_name(name, root_dir):
    by_name = archsim.load_chip(name)
    assert by_name == archsim.load_chip(root_dir / "arch_specs" / f"{name}.yaml")


def test_workloads_networks_and_studies_are_read_by_their_names(root_dir):
    assert archsim.load_workload("recurrent_cuba").network.names
    by_file = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml")
    assert archsim.load_workload("watch_mlp").described == by_file.described
    assert read_study("tiny").name == "tiny"


def test_a_file_of_that_name_wins(tmp_path, monkeypatch, root_dir):
    text = (root_dir / "arch_specs" / "wearable_rram.yaml").read_text()
    (tmp_path / "wearable_rram").write_text(text.replace("name: wearable_rram", "name: mine"))
    monkeypatch.chdir(tmp_path)
    assert archsim.load_chip("wearable_rram").name == "mine"


def test_a_folder_of_that_name_is_no_file(tmp_path, monkeypatch):
    (tmp_path / "wearable_rram").mkdir()
    monkeypatch.chdir(tmp_path)
    assert archsim.load_chip("wearable_rram").name == "wearable_rram"


@pytest.mark.parametrize(("load", "given", "error", "said"), [
    (archsim.load_chip, "wearable_ram", SpecError, "did you mean wearable_rram?"),
    (archsim.load_chip, "specs/wearable_rram.yaml", SpecError, "archsim has wearable_rram, by this name alone"),
    (archsim.load_workload, "watch_mpl", WorkloadError, "did you mean watch_mlp"),
    (archsim.sweep, "tinny", ExploreError, "did you mean tiny?"),
])  # fmt: skip
def test_a_wrong_name_lists_near_ones(load, given, error, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=said.replace("?", r"\?")):
        load(given)


def test_commands_take_names_and_tell_one_of_another_kind(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert called("check", "wearable_rram", "watch_mlp", "recurrent_cuba", "tiny").exit_code == 0
    swapped = called("run", "watch_mlp", "wearable_rram")
    assert swapped.exit_code == 2
    assert "watch_mlp is a workload, not a chip; are the arguments swapped?" in swapped.stderr
    near = called("compare", "wearable_ram", "neurram_130nm", "--workload", "watch_mlp")
    assert "did you mean wearable_rram?" in near.stderr


def test_init_copies_what_runs_there_and_replaces_nothing_unasked(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert called("init", "my").exit_code == 0
    assert read_study("my/workloads/studies/tiny.yaml").chip.path.resolve().is_relative_to(tmp_path)
    mine = tmp_path / "my" / "arch_specs" / "wearable_rram.yaml"
    mine.write_text("mine")
    again = called("init", "my")
    assert again.exit_code == 2
    assert "would be replaced; name a new folder, or give --force" in again.stderr
    assert mine.read_text() == "mine"
    assert called("init", "my", "--force").exit_code == 0
    assert archsim.load_chip(mine) == archsim.load_chip("wearable_rram")


def test_an_unknown_example_is_told():
    with pytest.raises(ArchsimError, match="'xyz' is no workload of archsim's; archsim brings nir_braille_like, "):
        examples.path("xyz", "workload")


def test_the_package_is_found_from_the_parent_folder_of_a_clone(root_dir, tmp_path):
    """A folder called archsim, without an __init__.py, must not hide the package that is installed."""
    (tmp_path / "archsim" / "archsim").mkdir(parents=True)
    code = f"import sys; sys.path.append({str(root_dir)!r}); import archsim; print(archsim.load_chip.__name__)"
    said = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, ''); {code}"],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert said.stdout == "load_chip\n"


EXTRAS = ("SALib", "distributed", "moocore", "networkx", "numba", "optuna", "pandas", "pyarrow", "seglearn")


def test_what_ships_is_read_without_any_extra():
    names = [*examples.chips(), *examples.workloads(), *examples.studies()]
    code = f"import sys; sys.modules.update(dict.fromkeys({EXTRAS})); sys.argv = ['archsim', 'check', *{names}]"
    code += "; from archsim.cli.main import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("ok: ") == len(names)
