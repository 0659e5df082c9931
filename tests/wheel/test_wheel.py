"""A wheel holds all that archsim needs: in a new environment and an empty folder it works as a clone does."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from archsim import examples

pytest.importorskip("hatchling")
pytest.importorskip("hatch_fancy_pypi_readme")

from wheel_walk import FIRST, built, called, of_pages  # a script beside this file


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return built(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def binaries(wheel, tmp_path_factory) -> Path:
    """An environment with archsim from the wheel; all other packages are those of these tests."""
    place = tmp_path_factory.mktemp("new")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(place)], check=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(place)}))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "others.pth").write_text(sysconfig.get_path("purelib"))
    script = place / "bin" / "archsim"
    script.write_text(f"#!{place}/bin/python\nfrom archsim.cli.main import main\nmain()\n")
    script.chmod(0o755)
    return place / "bin"


@pytest.mark.slow
def test_in_an_empty_folder_examples_are_there_by_name_and_by_init(binaries, tmp_path):
    said = {command: called(command, binaries, tmp_path) for command in FIRST}
    by_name, by_file = (out for command, out in said.items() if " run " in command)
    assert by_name == by_file
    assert str(binaries.parent) in said[FIRST[-1]]


def test_the_wheel_carries_every_example_and_nothing_that_a_run_leaves_behind(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for kind in examples.KINDS:
        for name in examples.names(kind):
            place = examples.path(name, kind).relative_to(examples.root())
            assert f"archsim/examples/{place.as_posix()}" in names
    assert "archsim/py.typed" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith((".nbi", ".nbc", ".pyc"))]


def test_the_wheel_carries_every_file_of_the_package(wheel, root_dir):
    names = set(zipfile.ZipFile(wheel).namelist())
    command = ["git", "ls-files", "archsim"]
    tracked = subprocess.run(command, cwd=root_dir, capture_output=True, text=True, check=False)
    assert set(tracked.stdout.split()) <= names


def test_the_readme_of_the_wheel_has_links_that_lead_somewhere_from_anywhere(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("METADATA")]
        text = archive.read(name).decode()
    assert "](https://" in text
    assert "](docs/" not in text


def test_commands_of_the_pages_name_no_file_that_a_stranger_lacks():
    told = of_pages()
    assert len(told) > 9
    made = [command.split()[-1] + "/" for command in told if " init " in command]  # what a stranger has by then
    lacking = re.compile(rf"(?<!{')(?<!'.join(made)})(arch_specs|workloads)/")
    assert not [command for command in told if lacking.search(command)]
