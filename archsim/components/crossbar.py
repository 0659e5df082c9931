"""The crossbar and its row drivers: cycles of an input, energy of a read.

Equations
---------
ohmic
    ``E = V_read^2 G t_read`` for each active cell, G the mean conductance of the cells (Ohm's law). All
    pulses of a cycle are charged, so an input of several bits is an upper bound.
cited
    A published energy per cell or per read of the whole array; with ``per_input_bit`` once for each bit.
"""

from __future__ import annotations

from archsim.components.records import Figures, ReadCycle
from archsim.spec.chip import Adc, Crossbar, Device, Drivers
from archsim.spec.costs import CitedArray, CitedDrivers, OhmicArray


def read_cycles(drivers: Drivers, device: Device, adc: Adc, n_bits: int, signed: bool) -> tuple[ReadCycle, ...]:
    """The cycles that an input of `n_bits` takes.

    Parameters
    ----------
    n_bits : int
        Bits of the input, its sign included; a spike has one.
    signed : bool
        Whether the input has a sign.

    Returns
    -------
    tuple of ReadCycle
        "levels": one read pulse for every `resolution` bits; the sign of "bipolar" drivers is one of them (two's
        complement: ISAAC), that of "two_phase" is the phase. "pulse_train": 2^p - 1 pulses for p magnitude
        bits, split over two cycles as ``drivers.max_cycles`` says; the converter gives what the earlier
        cycles did not (NeuRRAM: Wan et al., Nature 2022). A signed input of more than one bit takes them
        twice if the drivers are "two_phase".

    Raises
    ------
    ValueError
        `n_bits` is below one.
    """
    if n_bits < 1:
        raise ValueError(f"an input has at least one bit, not {n_bits}")
    phases = 2 if takes_two_phases(drivers, n_bits, signed) else 1
    if drivers.kind == "pulse_train":
        return _train(drivers, device, adc, n_bits, signed) * phases
    return _levels(drivers, device, adc, n_bits - (phases - 1)) * phases


def takes_two_phases(drivers: Drivers, n_bits: int, signed: bool) -> bool:
    """Whether positive and negative inputs are driven one after the other."""
    return signed and n_bits > 1 and drivers.signed_input == "two_phase"


def _levels(drivers: Drivers, device: Device, adc: Adc, n_bits: int) -> tuple[ReadCycle, ...]:
    step = drivers.resolution_bits
    return tuple(
        ReadCycle(min(step, n_bits - done), 1, device.read_pulse_ps, adc.resolution_bits)
        for done in range(0, n_bits, step)
    )


def _train(drivers: Drivers, device: Device, adc: Adc, n_bits: int, signed: bool) -> tuple[ReadCycle, ...]:
    magnitude = max(1, n_bits - 1) if signed else n_bits
    split = drivers.max_cycles == 2 and magnitude > 3
    parts = (magnitude - magnitude // 2, magnitude // 2) if split else (magnitude,)
    cycles = []
    for i, bits in enumerate(parts):
        n_pulses = 2**bits - 1
        adc_bits = max(adc.resolution_bits - sum(parts[:i]), 0)
        cycles.append(ReadCycle(bits, n_pulses, n_pulses * device.read_pulse_ps, adc_bits))
    return tuple(cycles)


def drive_energy_pj(cost: CitedDrivers, n_bits: int) -> float:
    """Energy of one active row in one cycle of `n_bits`, in pJ."""
    return cost.energy_pj + n_bits * cost.energy_per_bit_pj


def read_energy_pj(
    cost: CitedArray | OhmicArray,
    device: Device,
    cycle: ReadCycle,
    mean_conductance_siemens: float,
    n_repeats: int = 1,
) -> float:
    """Energy in pJ of reading one active cell (or the whole array, if the cited figure is per read).

    Parameters
    ----------
    cycle : ReadCycle
        How long the cells conduct, or how many bits they are read for.
    mean_conductance_siemens : float
        Mean over the cells that are active; not used by cited figures.
    n_repeats : int
        How often the cycle is read, see `ChipCosts.reads_per_vector`.
    """
    if isinstance(cost, CitedArray):
        return cost.energy_pj * (cycle.n_bits if cost.per_input_bit else 1) * n_repeats
    power_w = device.read_voltage_v**2 * mean_conductance_siemens
    return power_w * cycle.read_ps * n_repeats  # W x ps = pJ


def crossbar_figures(crossbar: Crossbar) -> Figures:
    """Area and leakage of the cells of one crossbar."""
    cost = crossbar.cost
    if isinstance(cost, CitedArray):
        return Figures(cost.area_um2, cost.leakage_uw, cost.source)
    n_cells = crossbar.n_rows * crossbar.n_columns
    return Figures(
        n_cells * cost.cell_area_um2, cost.leakage_uw, cost.source, f"area of one cell x {n_cells} cells"
    )
