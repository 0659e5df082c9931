"""Factors of the study around a base: network, use, arrays, converters, feedback, writes, schedule."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from archsim.spec import Chip
from archsim.study.configurations import Assignments, Factor, Setting
from archsim.workload import INPUT, Workload

Choices = dict[Setting, tuple[Assignments, Assignments]]


def factors_of(chip: Chip, work: Workload, quick: bool = False) -> tuple[list[Factor], list[str]]:
    """The factors of the study around a base, and notes on those that the base cannot have.

    Parameters
    ----------
    chip, work
        The base.
    quick : bool
        Few factors with few settings.
    """
    hidden, notes = _hidden(work), []
    if hidden is None:
        notes.append("depth and width are not varied: the network is no chain of dense layers with neurons")
    steps, batches = ((8,), (1,)) if quick else ((8, 16, 32, 64, 128), (1, 2, 4, 8, 16))
    schedules = ("sequential", "pipelined", "layer_parallel")
    found = [
        *_network_factors(work, hidden or [], quick),
        _each("timesteps", "timesteps", work.n_timesteps, steps, work=("timesteps={}",)),
        _each("batch", "samples for each update", work.n_batch, batches, work=("samples={0}", "batch={0}")),
        *([] if quick else _array_factors(chip)),
        _feedback(chip),
        *([] if quick else _chip_factors(chip)),
        _each("schedule", "schedule", work.schedule, schedules, work=("schedule={}",)),
        *([] if quick else _learning_factors(chip, work)),
    ]
    return [factor for factor in found if factor.configurations], notes


def _each(
    name: str,
    title: str,
    base: Setting,
    settings: Iterable[Setting],
    chip: Assignments = (),
    work: Assignments = (),
) -> Factor:
    """A factor whose settings stand in the place of ``{}`` in the same assignments."""
    choices = {s: (tuple(x.format(s) for x in chip), tuple(x.format(s) for x in work)) for s in settings}
    return Factor.of(name, title, base, choices)


# ---- the network ----


def _hidden(work: Workload) -> list[dict[str, Any]] | None:
    """The hidden layers as they stand in the file; None if the network is no chain of dense layers."""
    network: Any = work.described.get("network")
    layers = network.get("layers") if isinstance(network, dict) else None
    if not layers or len(layers) < 2 or any(layer["kind"] != "dense" for layer in layers):
        return None
    before = [work.network.names[i - 1] if i else INPUT for i in range(len(layers))]
    in_a_row = all(layer.inputs == (name,) for layer, name in zip(work.network.layers, before, strict=True))
    if not in_a_row or not all(layer["neuron"] for layer in layers[:-1]):
        return None
    return [_given(layer) for layer in layers[:-1]]


def _given(value: dict[str, Any]) -> dict[str, Any]:
    return {key: item for key, item in value.items() if item is not None}


def _layers(work: Workload, hidden: Sequence[dict[str, Any]]) -> Assignments:
    network: Any = work.described["network"]
    last = _given(network["layers"][-1])
    seen: dict[str, int] = {}
    named = []
    for layer in hidden:  # a layer that is repeated needs a name of its own
        seen[layer["name"]] = seen.get(layer["name"], 0) + 1
        again = f"_{seen[layer['name']]}" if seen[layer["name"]] > 1 else ""
        named.append({**layer, "name": layer["name"] + again, "inputs": None})
    layers = [_given(layer) for layer in (*named, {**last, "inputs": None})]
    return (f"network.layers={json.dumps(layers, allow_nan=False)}",)


def _network_factors(work: Workload, hidden: list[dict[str, Any]], quick: bool) -> list[Factor]:
    """Depth, where the last hidden layer is left out or repeated, and width of all hidden layers."""

    def deep(n: int) -> list[dict[str, Any]]:
        return [*hidden[:n], *[hidden[-1]] * max(0, n - len(hidden))]

    def wide(n: int) -> list[dict[str, Any]]:
        return [{**layer, "outputs": n} for layer in hidden]

    depths, widths = (1, 3) if quick else (1, 2, 3, 4, 6), {layer["outputs"] for layer in hidden}
    found = []
    if hidden:
        choices: Choices = {n: ((), _layers(work, deep(n))) for n in depths}
        found.append(Factor.of("depth", "hidden layers", len(hidden), choices))
    if len(widths) == 1 and not quick:
        choices = {n: ((), _layers(work, wide(n))) for n in (32, 64, 128, 256)}
        found.append(Factor.of("width", "neurons of a hidden layer", widths.pop(), choices))
    return found


# ---- the chip ----


def _array_factors(chip: Chip) -> list[Factor]:
    """Square arrays, whose converters serve as many columns as before where the array has as many; ADC sharing."""
    crossbar, adc = chip.crossbar, chip.adc
    sizes: Choices = {}
    for n in (32, 64, 128, 256) if crossbar.n_rows == crossbar.n_columns else ():
        share, parallel = min(adc.n_columns_per_adc, n), min(chip.writing.n_parallel_cells, n)
        if n % share == 0 and n > crossbar.n_columns_per_weight:
            size = f"crossbar.rows={n}", f"crossbar.columns={n}"
            sizes[n] = ((*size, f"adc.columns_per_adc={share}", f"write.parallel_cells={parallel}"), ())
    shares = [n for n in (8, 16, 32, 64, 128) if crossbar.n_columns % n == 0]
    return [
        Factor.of("crossbar", "rows and columns of an array", crossbar.n_rows, sizes),
        _each("adc_share", "columns for each ADC", adc.n_columns_per_adc, shares, ("adc.columns_per_adc={}",)),
    ]


def _feedback(chip: Chip) -> Factor:
    kinds = {
        "copy": ("copy", "none"),
        "transposable": ("transposable", "duplicated"),
        "transposable_shared": ("transposable", "shared"),
    }
    choices: Choices = {
        name: ((f"execution.feedback={feedback}", f"crossbar.transpose={transpose}"), ())
        for name, (feedback, transpose) in kinds.items()
    }
    base = chip.execution.feedback
    named = base if base == "copy" or chip.crossbar.transpose == "duplicated" else f"{base}_shared"
    return Factor.of("feedback", "how BP reads backwards", named, choices)


def _chip_factors(chip: Chip) -> list[Factor]:
    write, rows = chip.writing, ("spread", "stacked")
    cells = [n for n in (1, 8, 32, 128) if n <= chip.crossbar.n_columns]
    pulses: Any = write.pulses_per_cell if write.law is None else write.law.kind
    pulses = int(pulses) if isinstance(pulses, float) and pulses == int(pulses) else pulses  # 1, not 1.0
    each_pulse = ("write.pulses_per_cell={}",)
    verify: Choices = {said: ((f"write.verify={v}",), ()) for said, v in (("yes", "true"), ("no", "false"))}
    return [
        _each("few_rows", "blocks of few rows", chip.mapping.few_rows, rows, ("mapping.few_rows={}",)),
        _each("pes", "PEs of a tile", chip.tile.n_pes, (1, 2, 4, 8), ("tile.pes={}",)),
        _each(
            "parallel_cells", "cells written at once", write.n_parallel_cells, cells, ("write.parallel_cells={}",)
        ),
        _each("pulses_per_cell", "pulses for each cell", pulses, (1, 2, 5, 10, 20), each_pulse),
        Factor.of("verify", "verify reads", "yes" if write.verify else "no", verify),
    ]


def _learning_factors(chip: Chip, work: Workload) -> list[Factor]:
    bits, resolution = chip.execution.error_resolution_bits, ("execution.error_resolution={} bit",)
    found = [
        _each("error", "error", work.error, ("per_timestep", "mean_rate"), work=("learning.error={}",)),
        _each("error_bits", "bits of an error", bits, (2, 4, 8), resolution),
    ]
    if (plan := work.learning.adapt) is not None:
        kept = f"learning.adapt.optimizer={{{{kind: {{}}, rate: {plan.optimizer.rate!r}}}}}"
        kinds = ("sgd", "momentum", "adam", "sink")
        found.append(_each("optimizer", "optimizer", plan.optimizer.kind, kinds, work=(kept,)))
    return found
