"""Every tutorial runs as it stands, prints and draws; the site makes its pages from the same scripts."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "tutorials"
INDEX = FOLDER.parent / "index.md"
TUTORIALS = {
    "t1_first_chip": r"64 x 64: [\d.]+ µs",
    "t2_pytorch": r"the same spikes\n",
    "t3_bp_or_dfa": r"bp, read from both sides: [\d.]+ µJ",
    "t4_bottleneck": r"8 columns per ADC: [\d.]+ µs",
    "t5_study": r"24 configurations, \d+ on the front",
    "t6_battery": r"dfa [\d.]+ nJ",
    "t7_own_adc": r"adc.rate: a log_ramp takes step",
}
"""By tutorial: what it prints, among other things."""


@pytest.fixture
def figures():
    plt.switch_backend("agg")
    plt.close("all")
    yield plt.get_fignums
    plt.close("all")


def test_every_tutorial_is_run():
    assert {path.stem for path in FOLDER.glob("*.py")} == set(TUTORIALS)


@pytest.mark.usefixtures("own_kinds")
@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_prints_and_draws(name, figures, capsys):
    if name == "t2_pytorch":  # torch and its libraries are the user's
        pytest.importorskip("snntorch", reason="the tutorial on PyTorch needs snntorch", exc_type=ImportError)
    runpy.run_path(str(FOLDER / f"{name}.py"))
    assert re.search(TUTORIALS[name], capsys.readouterr().out)
    assert figures()


def test_the_site_leads_a_stranger_from_installation_to_a_kind_of_their_own():
    told = re.findall(r"^\d\. .*?\]\(([^)]+)\)", INDEX.read_text(), re.MULTILINE)
    assert told == [
        "guides/install.md", "guides/first_chip.md", "tutorials/t2_pytorch.py", "tutorials/t4_bottleneck.py",
        "tutorials/t5_study.py", "tutorials/t7_own_adc.py",
    ]  # fmt: skip
