"""Gradient unit, gradient buffer, neuron unit and transposer: time and energy worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from archsim.components import Parts
from archsim.components.operations import Operations

ONE = Operations(1)
TURNING = {
    "model": "cited",
    "energy": "0.1 pJ",
    "area": "10 um2",
    "leakage": "1 uW",
    "source": "made up for a test",
}
# two lanes of 1 ns and 0.7 pJ, done 3 ns after they begin; eight of 0.3 pJ; memories of 64 bit, 1 ns, 2 pJ a read,
# 3 pJ a write; a bus of 48 bit, 1 ns and 0.5 pJ; gradients of 32 bit, potentials of 16
JOBS: dict[str, tuple[Any, int, int, int, dict[str, float]]] = {
    "five sums, three rounds of two lanes": (
        lambda parts: parts.gradient_unit.compute("sum", 5, ONE), 5, 3_000, 5_000, {"gradient_unit": 0.7}),
    "a spike lets an error pass": (
        lambda parts: parts.gradient_unit.outer(4, 1, 8), 4, 2_000, 4_000, {"gradient_unit": 0.7}),
    "states of 16 bit, 4 words in and out": (
        lambda parts: parts.gradient_unit.states("decay", 8, 2, ONE), 8, 8_000, 8_000,
        {"gradient_unit": 0.7, "membrane_buffer": 5 * 32 / 64}),
    "a step of the optimizer that reads one gradient": (
        lambda parts: parts.gradient_unit.optimize("sgd", 4, ONE, 1, 0), 4, 4_000, 4_000,
        {"gradient_unit": 0.7, "gradient_buffer": 2 * 32 / 64}),
    "norms, held up by their reads": (
        lambda parts: parts.gradient_unit.normalise("row", 40, ONE), 40, 22_000, 22_000,
        {"gradient_unit": 0.7, "gradient_buffer": 2 * 32 / 64}),
    "two accesses of two beats each": (
        lambda parts: parts.gradient_buffer.load_gradient(128), 2, 4_000, 4_000,
        {"gradient_buffer": 2.0, "tile_bus": 1.0}),
    "gradients in words of their own, packed on the bus": (
        lambda parts: parts.gradient_buffer.load_strided(3), 3, 3_000, 3_000,
        {"gradient_buffer": 2.0, "tile_bus": 0.5 * 32 / 48}),
    "from the transposer, over the bus alone": (
        lambda parts: parts.gradient_buffer.load_transposed(128), 2, 4_000, 4_000, {"tile_bus": 1.0}),
    "nine neurons of two states, 5 words in and out": (
        lambda parts: parts.neuron_unit.update(9, 2), 9, 10_000, 10_000,
        {"neuron_unit": 0.3, "membrane_buffer": 5 * 32 / 64}),
    "three words turned round, 2 ns each": (
        lambda parts: parts.transposer.transpose(3), 3, 6_000, 6_000, {"transposer": 0.1, "gradient_buffer": 2.0}),
}  # fmt: skip


@pytest.fixture(scope="module")
def parts(make_parts: Any) -> Parts:
    made: Parts = make_parts({"tile.transposer": {"cycle": "2 ns", "cost": TURNING}})
    return made


@pytest.mark.parametrize(("work", "count", "held_ps", "latency_ps", "energy_pj"), JOBS.values(), ids=JOBS)
def test_a_job_takes_what_its_slowest_part_takes(
    parts: Parts, work: Any, count: int, held_ps: int, latency_ps: int, energy_pj: dict[str, float]
) -> None:
    job = work(parts)
    assert (job.count, job.occupancy_ps, job.latency_ps) == (count, held_ps, latency_ps)
    spent = {charge.component: charge.energy_pj for charge in job.action.charges if charge.energy_pj}
    assert spent == pytest.approx(energy_pj)
