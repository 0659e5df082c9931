"""The network's shape in a study: its layer graph beside what it costs on the chip."""

from __future__ import annotations

import pytest
from explore_support import ROOT, HerePool

import archsim
from archsim.errors import ExploreError
from archsim.explore import read_study, run, sweep
from archsim.workload.layer_graph import minimax_fidelity, mixing_time

STUDY = ROOT / "workloads/studies/watch_shapes.yaml"


def write(folder, old="", new=""):
    text = STUDY.read_text().replace("../../", f"{ROOT}/").replace("../watch", f"{ROOT}/workloads/watch")
    text = text.replace("set: [", "set: [workload.timesteps=2, ").replace("[2, 4, 8]", "[2, 3]")
    path = folder / "study.yaml"
    path.write_text(text.replace(old, new))
    return path


def test_a_study_trades_topology_against_hardware(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "pool_of", lambda *_: HerePool())
    study = read_study(write(tmp_path))
    found = sweep(study, tmp_path / "out")
    assert len(found.records) == 10
    for record in found.records:
        metrics, resolved = record["metrics"], study.resolve(record["parameters"])
        network = resolved.work.network
        assert metrics["mixing_time"] == mixing_time(network)
        assert metrics["minimax_fidelity"] == minimax_fidelity(network)
        result = archsim.simulate(resolved.chip, resolved.work, phase="inference")
        assert metrics["latency_ps"] == result.latency_ps
    shapes = {record["parameters"]["shape"] for record in found.front}
    assert {"line", "full"} <= shapes  # the cheapest, and the quickest to mix


def test_the_shape_can_be_bounded_and_traced_metrics_stand_beside_it(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "pool_of", lambda *_: HerePool())
    more = "constraints: {mixing_time: {at_most: 8}}\nrecord: [peak_power_uw]\nobjectives:"
    found = sweep(write(tmp_path, "objectives:", more), tmp_path / "out")
    mixed = {record["metrics"]["mixing_time"] <= 8: record["state"] for record in found.records}
    assert mixed == {True: "done", False: "pruned"}
    assert all("peak_power_uw" in record["metrics"] for record in found.records if record["state"] == "done")


def test_a_bound_with_a_unit_on_a_plain_number_is_refused(tmp_path):
    with pytest.raises(ExploreError, match=r"mixing_time\.at_most: must be a plain number"):
        read_study(write(tmp_path, "objectives:", "constraints: {mixing_time: {at_most: 8 ns}}\nobjectives:"))
