"""Each example of docs/guides/extend runs as a user's script does: a process of its own, outside the package."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from archsim.registry import FAMILIES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "guides"
SAYS = {
    "log_ramp_adc": r"ramp: 0.51 ms, ADCs 541688 pJ\nlog_ramp: 0.10 ms, ADCs 84756 pJ\n",
    "refractory_neuron": r"spikes \[1 0 0 1 0 0 1 0\]\nlif: [\d.]+ nJ, .* us\nrefractory_lif: [\d.]+ nJ, .* us\n",
    "noise": r"constant: weights off by 0.061\nmiddle: weights off by 0.036\n",
    "data_set": r"420 windows to train, 180 to adapt, 180 to test\nwaves\n",
    "metric": r"{'chip.adc.columns_per_adc': 16} [\d.]+%\n{'chip.adc.columns_per_adc': 64} [\d.]+%\n",
    "areas": r"interconnect: 47000 um2\ntile_bus: 15000 um2\n",
    "exporter": r"\d+ stacks of wearable_rram/watch_mlp\n",
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
