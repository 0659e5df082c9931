"""Where a replay answers for a chip with more of something it is what that chip gives; elsewhere it says so."""

from __future__ import annotations

from pathlib import Path

import pytest

import archsim
from archsim.metrics import Result, kind_of
from archsim.whatif import Change, what_if
from archsim.whatif.unseen import UNSEEN

# a chip on which converters, banks and registers are scarce
SCARCE = ["adc.rate=20 MS/s", "sample_hold.banks=1", "shift_add.registers=1", "shift_add.cycle=200 ns"]


def run(root_dir: Path, *more: str) -> Result:
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", [*more])
    short = ["timesteps=6", "samples=1", "batch=1"]
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", short)
    return archsim.simulate(chip, work, "compiled", phase="inference")


def ways(root_dir: Path, change: str, key: str) -> tuple[int, int | None, int, list[str]]:
    """Makespan as it is, played out again with the change, simulated with the key; and what is not seen."""
    others = [assignment for assignment in SCARCE if assignment.split("=")[0] != key.split("=")[0]]
    base, other = run(root_dir, *SCARCE), run(root_dir, *others, key)
    [outcome] = what_if(base.graph, base.trace, [Change.parse("capacity", change)], base.actions)
    return base.latency_ps, outcome.latency_ps, other.latency_ps, list(outcome.not_seen)


@pytest.mark.parametrize(
    ("change", "key"), [("sample_hold=2", "sample_hold.banks=2"), ("output_register=2", "shift_add.registers=2")]
)
def test_more_of_what_is_only_counted_is_played_out_as_it_is_simulated(root_dir: Path, change: str, key: str):
    before, played, simulated, unseen = ways(root_dir, change, key)
    assert played == simulated
    assert before >= simulated
    assert unseen == []


def test_more_converters_are_not_what_the_replay_sees_and_it_says_so(root_dir: Path):
    before, played, simulated, unseen = ways(root_dir, "tile.*.adc=2", "adc.columns_per_adc=32")
    assert (played, unseen) == (before, ["adc"])
    assert simulated < before


def test_every_kind_of_resource_is_only_counted_or_is_said(root_dir: Path):
    counted = {"sample_hold", "output_register", "sets"}  # sets of accumulators for sums of errors
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", "power.max=1 W")
    chip = chip.model_copy(update={"write": chip.write.model_copy(update={"max_power_uw": 1e6})})
    short = ["timesteps=2", "samples=1", "batch=1"]
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", short)
    kinds = set()
    for phase in ("bp", "dfa"):
        names = archsim.simulate(chip, work, "compiled", phase=phase).graph.resource_names
        kinds |= {kind_of(name).removesuffix(".transposed").split("[")[0] for name in names}
    counted |= {kind for kind in kinds if kind.endswith((".space", "issue"))} | {"power", "write_power"}
    assert kinds - counted <= set(UNSEEN)
