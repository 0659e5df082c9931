"""A small chip that every test varies. Its figures are round numbers, easy to follow by hand."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from archsim.components import Parts, buffer_kinds
from archsim.spec import Chip


def cited(energy: str, area: str = "10 um2", leakage: str = "1 uW") -> dict[str, Any]:
    return {"model": "cited", "energy": energy, "area": area, "leakage": leakage, "source": "made up for a test"}


def memory(width: str = "64 bit", **more: Any) -> dict[str, Any]:
    cost = {
        "model": "cited",
        "read_energy": "2 pJ",
        "write_energy": "3 pJ",
        "area": "500 um2",
        "leakage": "2 uW",
        "source": "made up for a test",
    }
    return {"size": "4 KiB", "width": width, "cycle": "1 ns", "cost": cost, **more}


def unit(lanes: int, energy: str) -> dict[str, Any]:
    return {"lanes": lanes, "cycle": "1 ns", "latency": "3 ns", "cost": cited(energy)}


SMALL: dict[str, Any] = {
    "version": 1,
    "name": "small",
    "technology": {"node": "65 nm"},
    "tiles": 2,
    "tile": {
        "pes": 3,
        "bus": {"broadcast": True, "width": "48 bit", "cycle": "1 ns", "cost": cited("0.5 pJ")},
        "input_buffer": memory(),
        "output_buffer": memory(),
        "membrane_buffer": memory(potential="16 bit"),
        "history_buffer": memory(),
        "gradient_buffer": memory(gradient="32 bit"),
        "accumulator": unit(4, "0.2 pJ"),
        "neuron_unit": unit(8, "0.3 pJ"),
        "gradient_unit": unit(2, "0.7 pJ"),
    },
    "pe": {"crossbars": 2},
    "crossbar": {
        "rows": 128,
        "columns": 128,
        "cells_per_weight": 1,
        "signed": "differential",
        "transpose": "none",
        "cost": {"model": "ohmic", "cell_area": "0.1 um2", "leakage": "0 uW", "source": "made up for a test"},
    },
    "device": {
        "g_min": "1 uS",
        "g_max": "41 uS",
        "levels": 4,
        "read_voltage": "0.2 V",
        "read_pulse": "10 ns",
        "source": "made up for a test",
    },
    "write": {
        "pulse": "100 ns",
        "pulses_per_cell": 2.5,
        "verify": True,
        "parallel_cells": 32,
        "source": "made up for a test",
        "cost": {
            "model": "cited",
            "energy": "4 pJ",
            "row_energy": "8 pJ",
            "area": "30 um2",
            "leakage": "1 uW",
            "source": "made up for a test",
        },
    },
    "drivers": {
        "kind": "levels",
        "resolution": "1 bit",
        "signed_input": "two_phase",
        "latency": "2 ns",
        "cost": {
            "model": "cited",
            "energy": "0.4 pJ",
            "energy_per_bit": "0.1 pJ",
            "area": "20 um2",
            "leakage": "1 uW",
            "source": "made up for a test",
        },
    },
    "sample_hold": {"banks": 2, "held_until": "converted", "cost": cited("0.001 pJ", "0.03 um2", "0 uW")},
    "adc": {
        "kind": "sar",
        "resolution": "8 bit",
        "rate": "1.28 GS/s",
        "columns_per_adc": 128,
        "scope": "crossbar",
        "cost": {**cited("1.5 pJ", "1200 um2", "5 uW"), "per": "conversion"},
    },
    "shift_add": {**unit(1, "0.02 pJ"), "registers": 128},
    "global_buffer": memory(),
    "interconnect": {
        "kind": "mesh",
        "width": "32 bit",
        "frequency": "1 GHz",
        "router_latency": "2 ns",
        "cost": cited("6 pJ"),
    },
    "execution": {
        "spike_format": "bitmap",
        "skip_idle_blocks": True,
        "feedback": "copy",
        "error_resolution": "8 bit",
    },
}


def _put(into: dict[str, Any], path: str, value: Any) -> None:
    *parents, last = path.split(".")
    for parent in parents:
        into = into[parent]
    if value is None:
        into.pop(last)
    else:
        into[last] = value


@pytest.fixture(scope="session")
def make_chip() -> Callable[..., Chip]:
    """A small chip; keys of `changes` are paths of a chip file, None takes a key away."""

    def make(changes: dict[str, Any] | None = None) -> Chip:
        data = copy.deepcopy(SMALL)
        for path, value in (changes or {}).items():
            _put(data, path, value)
        return Chip.model_validate(data)

    return make


@pytest.fixture(scope="session")
def make_parts(make_chip: Callable[..., Chip]) -> Callable[..., Parts]:
    """The price list of such a chip with two tiles and buffers of 4 KiB."""

    def make(changes: dict[str, Any] | None = None, **sizes: int) -> Parts:
        return Parts(make_chip(changes), 2, {**dict.fromkeys(buffer_kinds(), 4096), **sizes})

    return make
