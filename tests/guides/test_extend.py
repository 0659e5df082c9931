"""Each example of docs/guides/extend runs as a user's script does: a process of its own, outside the package."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from archsim.registry import FAMILIES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "guides"
SAYS = {
    "log_ramp_adc": r"ramp: 0.51 ms, ADCs 466240 pJ\nlog_ramp: 0.10 ms, ADCs 78128 pJ\n",
    "refractory_neuron": r"spikes \[1 0 0 1 0 0 1 0\]\nlif: [\d.]+ nJ, .* µs\nrefractory_lif: [\d.]+ nJ, .* µs\n",
    "noise": r"constant: weights off by 0.061\nmiddle: weights off by 0.036\n",
    "optimizer": r"sgd \[-0.003  0.02 \] .* nJ\nsign \[-0.01  0.01\] .* nJ\nadam \[-0.01  0.01\] .* nJ\n",
    "data_set": r"420 windows to train, 180 to adapt, 180 to test\nwaves\n",
    "learning_numbers": r"0.5\n\[0.0, 0.5\]\n\[1, 0\]\n",
    "read_out": r"\[\[1.0, -1.0, 0.0\], \[1.0, -1.0, 1.0\], \[0.0, 0.0, 0.0\]\]\n",
    "drift": r"relaxation: 0.368\npower_law: 0.708\n",
    "pulses": r"mean: 1.25 pulses\ntwo cells at once: 143.75 ns\n",
    "metric": r"{'chip.adc.columns_per_adc': 16} [\d.]+%\n{'chip.adc.columns_per_adc': 64} [\d.]+%\n",
    "feedback_alignment": "",
    "areas": r"interconnect: 12000 µm²\ntransposer: 10160 µm²\n",
    "exporter": r"\d+ stacks of wearable_rram/watch_mlp\n",
    "design_move": r"device.read_voltage=0.\d+ V True\n",
    "picture": r"b'PNG' True\n",
    "ring": r"\d+ \['link\[0 to 1\]', .*\]\n",
}
"""By example: what it prints."""


def test_every_example_is_run():
    assert {path.stem for path in (FOLDER / "extend").glob("*.py")} == set(SAYS)


@pytest.mark.parametrize("name", SAYS)
def test_an_example_of_at_most_40_lines_runs_from_outside_the_package(name, root_dir, tmp_path):
    script = FOLDER / "extend" / f"{name}.py"
    assert len(script.read_text().splitlines()) <= 40
    for folder in ("arch_specs", "workloads"):
        (tmp_path / folder).symlink_to(root_dir / folder)
    done = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(SAYS[name], done.stdout), done.stdout


def test_the_page_shows_every_example_and_names_every_group_of_entry_points():
    page = (FOLDER / "extend.md").read_text()
    for name in SAYS:
        assert f"(extend/{name}.py)" in page
    for group in FAMILIES:
        if not group.startswith("archsim.doctest"):
            assert f"`{group}`" in page


MEASURED = {
    "ADC kind": "log_ramp_adc", "export format": "exporter", "neuron": "refractory_neuron",
    "optimizer": "optimizer",
    "noise of cells": "noise", "read-out": "read_out", "loss": "learning_numbers", "encoder": "learning_numbers",
    "data set": "data_set", "metric": "metric", "design move": "design_move", "view": "picture",
    "interconnect": "ring", "command": "areas", "learning rule": "feedback_alignment",
}  # fmt: skip
"""By kind of the table of docs/architecture.md with one new file and no edit: the example that is that file."""


def test_the_table_of_what_a_kind_costs_is_that_of_the_examples(root_dir):
    table = (root_dir / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| ([^|]+) \| 1 \| 0 \|$", table, re.MULTILINE)
    assert {kind for row in rows for kind in row.split(", ")} == set(MEASURED)
    assert set(MEASURED.values()) <= set(SAYS)


def archsim_with(folder, value, *arguments):
    """The command line where a package with one entry point is installed."""
    about = folder / "my_converters-1.0.dist-info"
    about.mkdir(exist_ok=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-converters\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[archsim.adcs]\nlog_ramp = {value}\n")
    paths = os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        [sys.executable, "-c", "from archsim.cli.main import main; main()", *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_an_installed_package_brings_a_kind_to_the_command_line(root_dir, tmp_path):
    (tmp_path / "my_converters.py").write_text((FOLDER / "extend" / "log_ramp_adc.py").read_text())
    chip = tmp_path / "chip.yaml"
    text = (root_dir / "arch_specs" / "neurram_130nm.yaml").read_text()
    chip.write_text(text.replace("kind: sar", "kind: log_ramp"))
    done = archsim_with(tmp_path, "my_converters:LogRamp", "check", chip)
    assert done.returncode == 0, done.stderr
    done = archsim_with(tmp_path, "my_converters:Nothing", "check", chip)
    assert done.returncode == 2
    assert "ADC kind 'log_ramp' of the plug-in my-converters 1.0 (my_converters:Nothing)" in done.stderr
    assert "Traceback" not in done.stderr
