"""A design move: half the read voltage, tried by `archsim advise` beside its own moves."""

from __future__ import annotations

from collections.abc import Iterator

import archsim
from archsim.advise import Asked, Design, Given, Move, advise


@archsim.register
class ReadVoltage(Move):
    kind = "read_voltage"
    title = "read voltage"
    accuracy = "smaller currents are read with more noise"

    @classmethod
    def tries(cls, given: Given) -> Iterator[tuple[str, ...]]:
        yield (f"device.read_voltage={given.chip.device.read_voltage_v / 2} V",)


if __name__ == "__main__":
    chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    work = archsim.load_workload("workloads/watch_mlp.yaml", ["timesteps=2", "samples=1", "batch=1"])
    found = advise(Design.of(chip, work), Asked(moves=("read_voltage",)))
    for outcome in found.outcomes:
        print(outcome.sets[0], outcome.figures["energy_pj"] < found.figures["energy_pj"])
