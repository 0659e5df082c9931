"""The budget of a wearable: power against a limit, duty cycle, and how long a cell lasts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archsim.errors import ArchsimError
from archsim.metrics.power import PJ_PER_PS_IN_UW
from archsim.units import format_quantity, parse_quantity

S_PER_DAY = 86_400
UW_PER_W = 1e6
PJ_PER_S_PER_UW = 1e6


@dataclass(frozen=True)
class Cell:
    """A battery cell.

    Parameters
    ----------
    name : str
    charge_c : float
        Nominal capacity in coulombs (1 mAh is 3.6 C).
    voltage_v : float
        Nominal voltage.
    source : str
        Where the figures come from.
    pulse_a : float or None
        What it can give for a moment, if the source says so.
    """

    name: str
    charge_c: float
    voltage_v: float
    source: str
    pulse_a: float | None = None

    @property
    def energy_j(self) -> float:
        """Charge x voltage."""
        return self.charge_c * self.voltage_v


CELLS: Mapping[str, Cell] = {
    "cr2032": Cell(
        "cr2032", 810.0, 3.0,
        "typical capacity 225 mAh, 3.0 V, no pulse current (Wikipedia, CR2032 battery: table of IEC 60086 cells)",
    ),
    "cr2450": Cell(
        "cr2450", 1980.0, 3.0,
        "550 mAh at 0.2 mA and 23 C, 3.0 V, 15 mA in pulses (Atmel, AVR Butterfly user guide, on its cell)",
        0.015,
    ),
}  # fmt: skip
"""Two cells as published; make a `Cell` of the data sheet of the one you use."""


@dataclass(frozen=True)
class Load:
    """One kind of work, as a run measured it.

    Parameters
    ----------
    phase : str
    energy_pj, latency_ps : float
        Of one inference, or of one adaptation, leakage included.
    peak_power_uw : float
    leakage_uw : float
        Of the whole chip.
    """

    phase: str
    energy_pj: float
    latency_ps: float
    peak_power_uw: float
    leakage_uw: float

    @classmethod
    def of(cls, record: Mapping[str, Any], per_sample: bool) -> Load:
        """From what `Result.to_dict` gives.

        Parameters
        ----------
        record : mapping
        per_sample : bool
            Divide energy and latency by the samples of the run (one inference), or not (one whole run).
        """
        totals = record["totals"]
        share = totals["n_samples"] if per_sample else 1
        latency = totals["latency_ps"]
        leakage = totals["leakage_energy_pj"] / latency * PJ_PER_PS_IN_UW if latency else 0.0
        return cls(
            str(record["phase"]), totals["energy_pj"] / share, latency / share, totals["peak_power_uw"], leakage
        )


@dataclass(frozen=True)
class Budget:
    """Energy of a day of use.

    Attributes
    ----------
    duty_cycle : float
        Part of the time in which the chip works, 0 to 1.
    inference_uw, adaptation_uw, sleep_uw, rest_uw : float
        Mean power of each, over the whole day. They sum to `average_power_uw`.
    average_power_uw, peak_power_uw : float
    life_s : float or None
        How long the cell lasts; None without a cell.
    """

    duty_cycle: float
    inference_uw: float
    adaptation_uw: float
    sleep_uw: float
    rest_uw: float
    peak_power_uw: float
    life_s: float | None

    @property
    def average_power_uw(self) -> float:
        """Mean power of the day."""
        return self.inference_uw + self.adaptation_uw + self.sleep_uw + self.rest_uw


def day_of(
    inference: Load | None,
    adaptation: Load | None,
    inferences_per_s: float,
    adaptations_per_day: float,
    *,
    sleep_uw: float | None = None,
    rest_uw: float = 0.0,
    cell: Cell | None = None,
    usable_frac: float = 1.0,
) -> Budget:
    """Mean and peak power of a day of use, and the life of a cell.

    ::

        duty  = r_i t_i + r_a t_a
        power = r_i E_i + r_a E_a + (1 - duty) P_sleep + P_rest
        life  = usable charge voltage / power

    with the rates r in 1/s, the time t and energy E of one inference and one adaptation (leakage included).

    Parameters
    ----------
    inference, adaptation : Load or None
        None where there is none of it.
    inferences_per_s, adaptations_per_day : float
        0 or more.
    sleep_uw : float, optional
        Power between the work; the leakage of the chip if not given: then nothing is switched off.
    rest_uw : float
        Power of everything else that hangs on the cell.
    cell : Cell, optional
    usable_frac : float
        Part of the cell's energy that arrives (converter losses, self-discharge, the voltage at which the device
        stops), above 0 and up to 1.

    Returns
    -------
    Budget

    Raises
    ------
    ArchsimError
        A rate or a part is out of range, work is wanted of which there is no run, or more than a whole day's.

    Examples
    --------
    10 inferences of 1 uJ and 1 ms each second, nothing else, 1 uW asleep: 10 uW + 0.99 uW. A CR2032 has 2430 J:

    >>> load = Load("inference", 1e6, 1e9, 5000.0, 1.0)
    >>> day = day_of(load, None, 10, 0, cell=CELLS["cr2032"])
    >>> round(day.duty_cycle, 6), round(day.average_power_uw, 6), round(day.life_s / 86400, 1)
    (0.01, 10.99, 2559.1)
    """
    errors = _errors(inference, adaptation, inferences_per_s, adaptations_per_day, sleep_uw, rest_uw, usable_frac)
    if errors:
        raise ArchsimError("\n".join(errors))
    rates = ((inference, inferences_per_s), (adaptation, adaptations_per_day / S_PER_DAY))
    loads = [(load, rate) for load, rate in rates if load is not None]
    duty = math.fsum(rate * load.latency_ps / 1e12 for load, rate in loads)
    if duty > 1:
        raise ArchsimError(
            f"the work takes {duty:.3g} times the time there is; lower the rates, or make the chip faster"
        )
    asleep = max((load.leakage_uw for load, _ in loads), default=0.0) if sleep_uw is None else sleep_uw
    power = {load.phase: rate * load.energy_pj / PJ_PER_S_PER_UW for load, rate in loads}
    day = Budget(
        duty,
        power[inference.phase] if inference is not None else 0.0,
        power[adaptation.phase] if adaptation is not None else 0.0,
        (1 - duty) * asleep,
        rest_uw,
        max((load.peak_power_uw for load, rate in loads if rate), default=asleep) + rest_uw,
        None,
    )
    if cell is None:
        return day
    total = day.average_power_uw / UW_PER_W
    life = cell.energy_j * usable_frac / total if total else math.inf
    return Budget(
        day.duty_cycle, day.inference_uw, day.adaptation_uw, day.sleep_uw, day.rest_uw, day.peak_power_uw, life
    )


def _errors(
    inference: Load | None,
    adaptation: Load | None,
    inferences_per_s: float,
    adaptations_per_day: float,
    sleep_uw: float | None,
    rest_uw: float,
    usable_frac: float,
) -> list[str]:
    errors = []
    for what, value in (
        ("inferences per second", inferences_per_s),
        ("adaptations per day", adaptations_per_day),
        ("power asleep", 0.0 if sleep_uw is None else sleep_uw),
        ("power of the rest", rest_uw),
    ):
        if not (math.isfinite(value) and value >= 0):
            errors.append(f"{what}: {value} must be 0 or more")
    if not 0 < usable_frac <= 1:
        errors.append(f"usable part of the cell: {usable_frac} must be above 0 and at most 1")
    if inferences_per_s and inference is None:
        errors.append("inferences per second: no run of the phase inference is there; run it too, or give 0")
    if adaptations_per_day and adaptation is None:
        errors.append("adaptations per day: no run of bp or dfa is there; run one of them too, or give 0")
    return errors


def power_cap_uw(provenance: Mapping[str, Any]) -> float | None:
    """The cap on power under which a result came about, from its provenance; None without one.

    Examples
    --------
    >>> power_cap_uw({"chip": {"power": {"max": "5 mW"}}}), power_cap_uw({})
    (5000.0, None)
    """
    chip = provenance.get("chip")
    rules = chip.get("power") if isinstance(chip, Mapping) else None
    return float(parse_quantity(rules["max"], "power")) if rules else None


def lifetime(seconds: float) -> str:
    """A life for people.

    Examples
    --------
    >>> lifetime(2.2e8), lifetime(86400 * 12.5), lifetime(3600 * 5.0), lifetime(90.0)
    ('6.97 years', '12.5 days', '5 hours', '90 s')
    """
    for size, name in ((365.25 * S_PER_DAY, "years"), (S_PER_DAY, "days"), (3600, "hours")):
        if seconds >= size:
            return f"{seconds / size:.3g} {name}"
    return format_quantity(round(seconds * 1e12), "time")
