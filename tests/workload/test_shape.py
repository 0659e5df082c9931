"""Networks by their shape: which layers see which, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from archsim import load_chip, simulate
from archsim.errors import WorkloadError
from archsim.workload import load_workload
from archsim.workload.layer_graph import minimax_fidelity, mixing_time

WORK = "workloads/watch_shape.yaml"


def inputs(connect: str, hidden: int = 4) -> list[tuple[str, ...]]:
    work = load_workload(WORK, [f"network.connect={connect}", f"network.hidden={hidden}"])
    return [layer.inputs for layer in work.network.layers]


def test_a_line_sees_the_layer_before():
    assert inputs("{kind: line}") == [("input",), ("h1",), ("h2",), ("h3",), ("h4",)]


def test_a_window_sees_as_many_layers_as_it_reaches():
    assert inputs("{kind: window, reach: 2}", 2) == [("input",), ("input", "h1"), ("h1", "h2")]


def test_full_sees_everything_before():
    assert inputs("{kind: full}", 2) == [("input",), ("input", "h1"), ("input", "h1", "h2")]


def test_powers_see_one_two_four_back():
    assert inputs("{kind: powers}")[-1] == ("h1", "h3", "h4")


def test_random_edges_follow_their_seed_and_never_lose_a_layer():
    drawn = [inputs(f"{{kind: random, probability: 0.5, seed: {seed}}}", 6) for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    assert all(f"h{k}" in sources for k, sources in enumerate(drawn[0]) if k > 0)
    assert inputs("{kind: random, probability: 0}") == inputs("{kind: line}")
    assert inputs("{kind: random, probability: 1}") == inputs("{kind: full}")


def test_more_skips_mix_sooner_and_are_heard_less_sharply():
    graphs = [
        load_workload(WORK, ["network.hidden=8", f"network.connect={connect}"]).network
        for connect in ("{kind: line}", "{kind: window, reach: 2}", "{kind: full}")
    ]
    times, fidelities = [mixing_time(g) for g in graphs], [minimax_fidelity(g) for g in graphs]
    assert times == sorted(times, reverse=True)
    assert len(set(times)) == 3
    assert fidelities[2] == min(fidelities)


@pytest.mark.parametrize("phase", ["inference", "bp", "dfa"])
def test_a_network_with_skips_runs_in_every_phase(phase):
    work = load_workload(WORK, ["timesteps=4", "network.width=8", "samples=1", "batch=1"])
    result = simulate(load_chip("tests/chips/wearable_rram.yaml"), work, engine="heap", phase=phase)
    assert set(result.breakdown("layer")) >= {"h1", "h4", "out"}


def test_errors_of_a_shape_are_told_at_their_lines(tmp_path: Path):
    text = Path(WORK).read_text()
    bad = tmp_path / "bad.yaml"
    bad.write_text(text.replace("width: 32", "width: 0").replace("reach: 2", "reach: -1"))
    with pytest.raises(WorkloadError, match=r"(?s)network\.width: must be at least 1.*network\.connect\.reach"):
        load_workload(bad)
