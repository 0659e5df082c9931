"""Which errors count in the numbers that come out of a chip, in words that every output repeats."""

from __future__ import annotations

from typing import assert_never, get_args

from archsim.spec.arrays import assumed_conversion, backward_inputs
from archsim.spec.cells import CellErrors, LearnedPaths, Path, Wires
from archsim.spec.chip import Chip
from archsim.spec.values import AdcRange, CalibratedRange, FixedRange, FullRange, TrackedRange
from archsim.units import file_data, file_key

SWITCHED_OFF = "ideal: switched off"
NOT_NAMED = "none: the chip file names none"
TEMPERATURES = ("temperature_k", "reference_temperature_k")


def errors_on(chip: Chip) -> dict[str, str]:
    """Sources of error in the numbers of a chip's arrays, by the parts of `ideal`.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> for part, said in errors_on(load_chip("arch_specs/wearable_rram.yaml", ["ideal.drivers=true"])).items():
    ...     print(f"{part}: {said}")
    converters: 5 bit, range calibrated once to 99.9 %
    drivers: ideal: switched off
    levels: 4, 2 cells a weight
    cells: none: the chip file names none
    wires: none: the chip file names none
    """
    crossbar = chip.crossbar
    found = {
        "converters": _converters(chip),
        "drivers": _drivers(chip),
        "levels": f"{chip.device.n_levels}, {_cells(crossbar.n_cells_per_weight)} a weight",
        "cells": ", ".join(_cell_errors(chip)) or NOT_NAMED,
        "wires": NOT_NAMED if crossbar.wires is None else _wires(crossbar.wires),
    }
    said = {part: SWITCHED_OFF if getattr(chip.without, part) else said for part, said in found.items()}
    exact = (path for path in get_args(Path) if getattr(chip.without, path))
    return {**said, **{f"{path} reads": SWITCHED_OFF for path in exact}}


def errors_line(found: dict[str, str]) -> str:
    """The same in one line.

    Examples
    --------
    >>> errors_line({"converters": "5 bit", "cells": NOT_NAMED, "wires": SWITCHED_OFF})
    'Errors that count: converters (5 bit); not named in the chip file: cells; ideal, switched off: wires.'
    """
    on = [f"{part} ({said})" for part, said in found.items() if said not in (NOT_NAMED, SWITCHED_OFF)]
    lists = {
        "Errors that count": on or ["none"],
        "not named in the chip file": [part for part, said in found.items() if said == NOT_NAMED],
        "ideal, switched off": [part for part, said in found.items() if said == SWITCHED_OFF],
    }
    return "; ".join(f"{what}: {', '.join(parts)}" for what, parts in lists.items() if parts) + "."


def _cells(n: int) -> str:
    return f"{n} cell{'s' if n > 1 else ''}"


def _drivers(chip: Chip) -> str:
    kind = chip.execution.quantiser
    rounding = ", rounded at random" if kind.is_stochastic else ""
    return f"errors of {chip.execution.error_resolution_bits} bit {kind.said()}{rounding}"


def _converters(chip: Chip) -> str:
    said = [_converter(chip, of_errors) for of_errors in (False, True)]
    return said[0] if said[0] == said[1] else f"{said[0]}; of errors {said[1]}"


def _converter(chip: Chip, of_errors: bool) -> str:
    adc = chip.adc.of_errors(of_errors)
    conversion = adc.conversion or assumed_conversion(adc, backward_inputs(chip))
    return f"{adc.resolution_bits} bit, range {range_said(conversion.range)}"


def range_said(given: AdcRange) -> str:
    """Where a range comes from.

    Examples
    --------
    >>> range_said(FullRange(kind="full")), range_said(TrackedRange(kind="tracked", percentile=99))
    ('full', 'tracked from batch to batch at 99 %')
    """
    match given:
        case FullRange():
            return "full"
        case FixedRange():
            return f"fixed, {given.minimum:g} to {given.maximum:g} full cells"
        case CalibratedRange():
            return f"calibrated once to {given.percentile:g} %"
        case TrackedRange():
            return f"tracked from batch to batch at {given.percentile:g} %"
        case _:
            assert_never(given)


def _cell_errors(chip: Chip) -> list[str]:
    errors, none = chip.device.errors, CellErrors()
    named = [
        file_key(name)
        for name in CellErrors.model_fields
        if name not in TEMPERATURES and getattr(errors, name) != getattr(none, name)
    ]
    found = [name.replace("_", " ") for name in [*named, *(["curve"] if chip.device.curve else [])]]
    if isinstance(errors.learned, LearnedPaths):
        paths = [path for path in get_args(Path) if errors.learned_of(path) is not None]
        found = [f"learned of {' and '.join(paths)} reads" if name == "learned" else name for name in found]
    return found


def _wires(wires: Wires) -> str:
    given = file_data(wires)
    return f"{given['row']} and {given['column']} a segment, {wires.method}"
