"""Every chip and workload that is shipped can be read, priced and mapped."""

from __future__ import annotations

from pathlib import Path

import pytest

from archsim.components import check
from archsim.snn.measure import measure
from archsim.spec import load_chip
from archsim.workload import load_workload

ROOT = Path(__file__).resolve().parents[2]
CHIPS = sorted((ROOT / "arch_specs").glob("*.yaml"))
WORKLOADS = sorted((ROOT / "workloads").glob("*.yaml"))


def test_the_chips_and_workloads_that_are_promised_are_there() -> None:
    assert {p.stem for p in CHIPS} >= {
        *("wearable_rram", "spikesim_65nm", "isaac_32nm", "puma_32nm", "neurram_130nm", "neurosim_22nm"),
    }
    assert {p.stem for p in WORKLOADS} >= {
        *("watch_mlp", "watch_sfcn", "ucihar_sfcn", "vgg9_cifar10", "nmnist_mlp", "nir_braille_like"),
        "spikesim_vgg9",
    }


@pytest.mark.parametrize("path", CHIPS, ids=lambda p: p.stem)
def test_every_chip_file_can_be_priced_and_says_where_it_comes_from(path: Path) -> None:
    chip = load_chip(path)
    assert chip.name == path.stem
    assert check(chip) == []
    head = path.read_text().split("version:")[0]
    assert head.startswith("# ")
    assert "Where the numbers come from" in head
    if path.stem != "wearable_rram":
        assert "What is NOT from" in head


@pytest.mark.parametrize("path", WORKLOADS, ids=lambda p: p.stem)
def test_every_workload_can_be_read_and_has_activity(path: Path) -> None:
    work = load_workload(path)
    assert work.name == path.stem
    assert path.read_text().startswith("# ")
    _, activity = measure(work, seed=0)
    assert activity.n_samples == work.n_samples
    assert all(0 < activity.mean_rate(name) <= 1 for name in ("input", *work.network.names))
    if path.stem != "spikesim_vgg9":  # SpikeSim has no learning
        assert work.phases == ("inference", "bp", "dfa")


@pytest.mark.parametrize("path", WORKLOADS, ids=lambda p: p.stem)
def test_a_workload_of_assumed_rates_says_so(path: Path) -> None:
    kind = load_workload(path).activity.kind
    head = path.read_text().split("version:")[0]
    if kind == "rates" and path.stem != "spikesim_vgg9":
        assert "ASSUMED, NOT MEASURED" in head


def test_the_published_shapes_are_those_of_the_paper() -> None:
    sfcn = load_workload(ROOT / "workloads/ucihar_sfcn.yaml")
    steps = sfcn.steps
    assert [steps[n] for n in ("conv1", "pool1", "conv2", "pool2", "conv3", "pool3")] == [129, 65, 66, 34, 35, 18]
    rows = {layer.name: layer.n_rows(steps[layer.inputs[0]]) for layer in sfcn.network.weighted}
    assert rows == {"conv1": 72, "conv2": 256, "conv3": 512, "out": 2304}
    macs = sum(rows[layer.name] * layer.n_columns * steps[layer.name] for layer in sfcn.network.weighted)
    assert macs == 3_686_144  # Li et al., arXiv 2212.02233


def test_the_nir_network_is_what_its_script_writes(tmp_path: Path) -> None:
    import importlib.util

    import nir
    import numpy as np

    spec = importlib.util.spec_from_file_location("make_recurrent_cuba", ROOT / "workloads/make_recurrent_cuba.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    nir.write(str(tmp_path / "again.nir"), script.network())
    again, shipped = nir.read(tmp_path / "again.nir"), nir.read(ROOT / "workloads/recurrent_cuba.nir")
    assert sorted(again.edges) == sorted(shipped.edges)
    for name in ("fc1", "rec", "fc2"):
        np.testing.assert_array_equal(again.nodes[name].weight, shipped.nodes[name].weight)
    for name in ("lif1", "lif2"):
        np.testing.assert_array_equal(again.nodes[name].tau_mem, shipped.nodes[name].tau_mem)
