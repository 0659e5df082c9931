"""Published ranges of a chip's values: the range of each figure that a slip of a unit would make absurd."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from archsim.units import Usual, file_key

if TYPE_CHECKING:
    from archsim.spec.chip import Chip

USUAL = (
    Usual(
        "technology.node", "node", "14 nm", "130 nm",
        "RRAM cells of 14 nm, ISSCC 2021, and of 130 nm, Liu et al., ISSCC 2020",
    ),
    Usual(
        "device.read_voltage", "voltage", "0.2 V", "0.7 V",
        "28 nm, Yao et al., ESSERC 2024; 22 nm, Jain et al., ISSCC 2019",
    ),
    Usual(
        "device.read_pulse", "time", "1 ns", "100 ns",
        "NeuroSim V1.3, 22 nm with flash converters; ISAAC, Shafiee et al., ISCA 2016",
    ),
    Usual(
        "device.on_time", "time", "1 ns", "50 ns",
        "NeuroSim V1.3, 22 nm with flash converters; 130 nm macro, Liu et al., ISSCC 2020, whole read of 51 ns",
    ),
    Usual(
        "device.g_max", "conductance", "4 uS", "225 uS",
        "250 kohm, CiMLoop's NeuRRAM cell; Milo et al., IRPS 2021",
    ),
    Usual(
        "device.g_min", "conductance", "0.1 uS", "50 uS",
        "NeuRRAM, Wan et al., Nature 2022; Milo et al., IRPS 2021",
    ),
    Usual(
        "device.errors.endurance.cycles", None, "1e3", "1e8",
        "40 nm RRAM, ISSCC 2018; HfO2 devices of NVMExplorer's survey",
    ),
    Usual(
        "device.errors.temperature", "temperature", "300 K", "400 K",
        "NeuroSim's technology tables", far=1.5,
    ),
    Usual(
        "write.pulse", "time", "10 ns", "10 us",
        "NVSim's cell; 22 nm, Jain et al., ISSCC 2019",
    ),
    Usual(
        "write.pulses_per_cell", None, "1", "136",
        "ISAAC and PUMA; 3 bit per cell, RADAR, Le et al., IEEE TED 2021",
    ),
    Usual(
        "write.cost.energy", "energy", "0.589 pJ", "681 pJ",
        "hwcomponents-neurosim; a RESET of HfO2, NVMExplorer's survey",
    ),
    Usual(
        "crossbar.cost.cell_area", "area", "0.022 um2", "3.38 um2",
        "14 nm RRAM, ISSCC 2021; 2T2R of 130 nm, Liu et al., ISSCC 2020",
    ),
    Usual(
        "adc.rate", "frequency", "1 kS/s", "5 GS/s",
        "Zhang et al., 10 bit SAR in 130 nm; Murmann's ADC survey",
    ),
)  # fmt: skip
"""Ends as in the price list's records (docs/models/spec.md); values ten times beyond them are warned about."""


def unusual(chip: Chip) -> tuple[str, ...]:
    """Values that are far outside of published ranges, one message each.

    Examples
    --------
    >>> from archsim import load_chip
    >>> chip = load_chip("arch_specs/wearable_rram.yaml")
    >>> unusual(chip)
    ()
    """
    found = ((usual, _value(chip, usual.what)) for usual in USUAL)
    told = (usual.told(value) for usual, value in found if isinstance(value, int | float))
    return tuple(message for message in told if message)


def _value(chip: Chip, path: str) -> Any:
    """The value at a path of the file; None where this chip has no such key."""
    return reduce(_part, path.split("."), chip)


def _part(model: Any, key: str) -> Any:
    fields = type(model).model_fields if hasattr(type(model), "model_fields") else {}
    return next((getattr(model, name) for name in fields if file_key(name) == key), None)
