"""What runs on the worker processes: one adaptation or one simulation with an optimizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, cast

from archsim import simulate
from archsim.explore import error_in_words
from archsim.mapping import map_workload, needs_of
from archsim.study import NEURRAM, Base, adapted, adapted_ideally


def with_optimizer(base: Base, kind: str, rate: float) -> Base:
    """The base with another optimizer."""
    return base.with_workload(f"learning.adapt.optimizer={{kind: {kind}, rate: {rate!r}}}")


def tuned(base: Base, kind: str, rate: float, rule: str, seed: int, cache: Path) -> dict[str, Any]:
    """Accuracy after an adaptation in ideal arithmetic; or ``why_not``."""
    return adapted_ideally(with_optimizer(base, kind, rate), seed, rule, cache)


def adapted_with(base: Base, kind: str, rate: float, rule: str, seed: int, cache: Path) -> dict[str, Any]:
    """One adaptation on the chip, see `archsim.study.adapted`."""
    found = adapted(with_optimizer(base, kind, rate), NEURRAM, seed, rule, cache)
    return {"optimizer": kind, "rate": rate, **found}


@error_in_words
def priced_with(base: Base, kind: str, rate: float, rule: str, seed: int, cache: Path) -> dict[str, Any]:
    """What one adapted sample costs with an optimizer; or ``why_not``."""
    del cache
    chip, work = with_optimizer(base, kind, rate).load(rule=rule)
    phase = cast("Literal['bp', 'dfa']", rule)
    result = simulate(chip, work, engine="compiled", seed=seed, phase=phase)
    sizes = map_workload(chip, work, phase).buffers.size_bytes
    return {
        "optimizer": kind,
        "rule": rule,
        "n_states": needs_of(work).n_states,
        "energy_pj": result.energy_pj / result.n_samples,
        "update_energy_pj": result.breakdown("stage")["update"]["energy_pj"] / result.n_samples,
        "latency_ps": result.latency_ps / result.n_samples,
        "area_um2": result.area_um2,
        "gradient_buffer_bytes": sizes["gradient_buffer"],
        "gradient_buffer_area_um2": result.breakdown("component")["gradient_buffer"]["area_um2"],
    }
