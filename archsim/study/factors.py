"""What is varied: factors around a base configuration, each setting as assignments to the two files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from archsim.components.write_circuits import pulses_per_cell
from archsim.spec import Chip
from archsim.workload import INPUT, Workload

BASE = "base"
Setting = float | int | str
Assignments = tuple[str, ...]


@dataclass(frozen=True)
class Configuration:
    """One chip with one workload.

    Parameters
    ----------
    name : str
        "base", or ``factor=setting`` for all that differs, with commas between.
    settings : dict of str to number or str
        What differs from the base, by factor.
    for_chip, for_workload : tuple of str
        Assignments to the two files, as ``--set`` takes them.
    """

    name: str
    settings: dict[str, Setting] = field(default_factory=dict)
    for_chip: Assignments = ()
    for_workload: Assignments = ()

    @staticmethod
    def crossed(parts: Sequence[Configuration]) -> Configuration:
        """All of them at once.

        Examples
        --------
        >>> deep, long = Configuration("depth=4", {"depth": 4}), Configuration("timesteps=64", {"timesteps": 64})
        >>> Configuration.crossed([deep, long]).name
        'depth=4, timesteps=64'
        """
        return Configuration(
            ", ".join(part.name for part in parts),
            {key: value for part in parts for key, value in part.settings.items()},
            tuple(item for part in parts for item in part.for_chip),
            tuple(item for part in parts for item in part.for_workload),
        )


@dataclass(frozen=True)
class Factor:
    """What is varied, and its settings in order; one of them is the base's.

    Parameters
    ----------
    name, title : str
        For tables; for people.
    base : number or str
        The setting of the base.
    configurations : tuple of Configuration
        Of every other setting.
    """

    name: str
    title: str
    base: Setting
    configurations: tuple[Configuration, ...]

    @property
    def is_number(self) -> bool:
        """Whether its settings have an order in which figures can be interpolated."""
        return not isinstance(self.base, str)

    def settings(self) -> list[Setting]:
        """All settings, the base's too; numbers in order.

        Examples
        --------
        >>> Factor("batch", "", 2, (Configuration("batch=1", {"batch": 1}),)).settings()
        [1, 2]
        """
        found = [self.base, *(c.settings[self.name] for c in self.configurations)]
        return sorted(found, key=float) if self.is_number else found

    def name_of(self, setting: Setting) -> str:
        """The configuration with this setting."""
        return BASE if setting == self.base else f"{self.name}={setting}"


def factors_of(chip: Chip, work: Workload, quick: bool = False) -> tuple[list[Factor], list[str]]:
    """The factors of the study around a base, and notes on those that the base cannot have.

    Parameters
    ----------
    chip, work
        The base.
    quick : bool
        Few factors with few settings.
    """
    factors, notes = [], []
    hidden = _hidden(work)
    if hidden is None:
        notes.append("depth and width are not varied: the network is no chain of dense layers with neurons")
    else:
        factors += [_depth(work, hidden, (1, 3) if quick else (1, 2, 3, 4, 6))]
        factors += [] if quick else [_width(work, hidden, (32, 64, 128, 256))]
    factors += [_timesteps(work, (8,) if quick else (8, 16, 32, 64, 128))]
    factors += [_batch(work, (1,) if quick else (1, 2, 4, 8, 16))]
    factors += [] if quick else [_size(chip, (32, 64, 128, 256)), _adc_share(chip, (8, 16, 32, 64, 128))]
    factors += [_feedback(chip)]
    factors += [] if quick else [_few_rows(chip), _pes(chip), *_writes(chip)]
    factors += [_schedule(work)]
    factors += [] if quick else [_error(work), _error_bits(chip), *_optimizer(work)]
    return [factor for factor in factors if factor.configurations], notes


def chip_for(rule: str) -> Assignments:
    """What a chip for a rule leaves out: DFA reads no weights backwards, so it needs no transposable arrays."""
    return ("crossbar.transpose=none", "execution.feedback=copy") if rule == "dfa" else ()


def _factor(
    name: str, title: str, base: Setting, choices: dict[Setting, tuple[Assignments, Assignments]]
) -> Factor:
    """A factor of all choices but the base's."""
    others = {setting: given for setting, given in choices.items() if setting != base}
    made = [Configuration(f"{name}={s}", {name: s}, *given) for s, given in others.items()]
    return Factor(name, title, base, tuple(made))


# ---- the network and its use ----


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
    return (f"network.layers={json.dumps(layers)}",)


def _depth(work: Workload, hidden: list[dict[str, Any]], settings: Sequence[int]) -> Factor:
    choices: dict[Setting, tuple[Assignments, Assignments]] = {}
    for depth in settings:
        more = [hidden[-1]] * max(0, depth - len(hidden))
        choices[depth] = ((), _layers(work, [*hidden[:depth], *more]))
    return _factor("depth", "hidden layers", len(hidden), choices)


def _width(work: Workload, hidden: list[dict[str, Any]], settings: Sequence[int]) -> Factor:
    widths = {layer["outputs"] for layer in hidden}
    base: Setting = widths.pop() if len(widths) == 1 else "mixed"
    if base == "mixed":
        return Factor("width", "neurons of a hidden layer", base, ())
    choices: dict[Setting, tuple[Assignments, Assignments]] = {
        width: ((), _layers(work, [{**layer, "outputs": width} for layer in hidden])) for width in settings
    }
    return _factor("width", "neurons of a hidden layer", base, choices)


def _timesteps(work: Workload, settings: Sequence[int]) -> Factor:
    return _factor("timesteps", "timesteps", work.n_timesteps, {n: ((), (f"timesteps={n}",)) for n in settings})


def _batch(work: Workload, settings: Sequence[int]) -> Factor:
    choices: dict[Setting, tuple[Assignments, Assignments]] = {
        n: ((), (f"samples={n}", f"batch={n}")) for n in settings
    }
    return _factor("batch", "samples for each update", work.n_batch, choices)


def _schedule(work: Workload) -> Factor:
    kinds = ("sequential", "pipelined", "layer_parallel")
    return _factor("schedule", "schedule", work.schedule, {kind: ((), (f"schedule={kind}",)) for kind in kinds})


def _error(work: Workload) -> Factor:
    kinds = ("per_timestep", "mean_rate")
    return _factor("error", "error", work.error, {kind: ((), (f"learning.error={kind}",)) for kind in kinds})


def _optimizer(work: Workload) -> list[Factor]:
    plan = work.learning.adapt
    if plan is None:
        return []
    rate = plan.optimizer.rate
    choices: dict[Setting, tuple[Assignments, Assignments]] = {
        kind: ((), (f"learning.adapt.optimizer={{kind: {kind}, rate: {rate!r}}}",))
        for kind in ("sgd", "momentum", "adam", "sink")
    }
    return [_factor("optimizer", "optimizer", plan.optimizer.kind, choices)]


# ---- the chip ----


def _size(chip: Chip, settings: Sequence[int]) -> Factor:
    """Square arrays; converters serve as many columns as before, where the array has as many."""
    crossbar = chip.crossbar
    choices: dict[Setting, tuple[Assignments, Assignments]] = {}
    for n in settings:
        share, parallel = min(chip.adc.n_columns_per_adc, n), min(chip.write.n_parallel_cells, n)
        if n % share == 0 and n > chip.crossbar.n_columns_per_weight:
            choices[n] = (
                (
                    f"crossbar.rows={n}", f"crossbar.columns={n}", f"adc.columns_per_adc={share}",
                    f"write.parallel_cells={parallel}",
                ),
                (),
            )  # fmt: skip
    base: Setting = crossbar.n_rows if crossbar.n_rows == crossbar.n_columns else "not square"
    if base == "not square":
        return Factor("crossbar", "rows and columns of an array", base, ())
    return _factor("crossbar", "rows and columns of an array", base, choices)


def _adc_share(chip: Chip, settings: Sequence[int]) -> Factor:
    fits = [n for n in settings if chip.crossbar.n_columns % n == 0]
    choices: dict[Setting, tuple[Assignments, Assignments]] = {
        n: ((f"adc.columns_per_adc={n}",), ()) for n in fits
    }
    return _factor("adc_share", "columns for each ADC", chip.adc.n_columns_per_adc, choices)


def _feedback(chip: Chip) -> Factor:
    def kind(feedback: str, transpose: str) -> tuple[Assignments, Assignments]:
        return (f"execution.feedback={feedback}", f"crossbar.transpose={transpose}"), ()

    choices: dict[Setting, tuple[Assignments, Assignments]] = {
        "copy": kind("copy", "none"),
        "transposable": kind("transposable", "duplicated"),
        "transposable_shared": kind("transposable", "shared"),
    }
    base = chip.execution.feedback
    named = base if base == "copy" or chip.crossbar.transpose == "duplicated" else f"{base}_shared"
    return _factor("feedback", "how BP reads backwards", named, choices)


def _few_rows(chip: Chip) -> Factor:
    choices: dict[Setting, tuple[Assignments, Assignments]] = {
        kind: ((f"mapping.few_rows={kind}",), ()) for kind in ("spread", "stacked")
    }
    return _factor("few_rows", "blocks of few rows", chip.mapping.few_rows, choices)


def _pes(chip: Chip) -> Factor:
    choices: dict[Setting, tuple[Assignments, Assignments]] = {n: ((f"tile.pes={n}",), ()) for n in (1, 2, 4, 8)}
    return _factor("pes", "PEs of a tile", chip.tile.n_pes, choices)


def _writes(chip: Chip) -> list[Factor]:
    n_columns = chip.crossbar.n_columns
    cells: dict[Setting, tuple[Assignments, Assignments]] = {
        n: ((f"write.parallel_cells={n}",), ()) for n in (1, 8, 32, 128) if n <= n_columns
    }
    pulses: dict[Setting, tuple[Assignments, Assignments]] = {
        n: ((f"write.pulses_per_cell={n}",), ()) for n in (1, 2, 5, 10, 20)
    }
    verify: dict[Setting, tuple[Assignments, Assignments]] = {
        said: ((f"write.verify={value}",), ()) for said, value in (("yes", "true"), ("no", "false"))
    }
    return [
        _factor("parallel_cells", "cells written at once", chip.write.n_parallel_cells, cells),
        _factor("pulses_per_cell", "pulses for each cell", float_or_int(pulses_per_cell(chip.write)), pulses),
        _factor("verify", "verify reads", "yes" if chip.write.verify else "no", verify),
    ]


def _error_bits(chip: Chip) -> Factor:
    choices: dict[Setting, tuple[Assignments, Assignments]] = {
        n: ((f"execution.error_resolution={n} bit",), ()) for n in (2, 4, 8)
    }
    return _factor("error_bits", "bits of an error", chip.execution.error_resolution_bits, choices)


def float_or_int(value: float | str) -> Setting:
    """A whole number as one; a word as it is.

    Examples
    --------
    >>> float_or_int(2.0), float_or_int(2.5), float_or_int("auto")
    (2, 2.5, 'auto')
    """
    return int(value) if isinstance(value, float) and value == int(value) else value
