"""What keeps a chip from being priced, all at once."""

from __future__ import annotations

from archsim.components.adc import adc_faults
from archsim.components.buffer import buffer_faults
from archsim.components.noc import interconnect_faults
from archsim.components.programming import write_faults
from archsim.components.records import BUFFERS
from archsim.spec.chip import Buffer, Chip


def buffer_of(chip: Chip, name: str) -> Buffer:
    """The buffer of that name, wherever it sits."""
    buffer: Buffer = chip.global_buffer if name == "global_buffer" else getattr(chip.tile, name)
    return buffer


def path_of(name: str) -> str:
    """Where the chip file holds a buffer."""
    return name if name == "global_buffer" else f"tile.{name}"


def check(chip: Chip) -> list[str]:
    """Every fault that keeps `ChipCosts` from pricing a chip.

    Parameters
    ----------
    chip : Chip
        A chip as the loader gives it: each field is well-formed by itself.

    Returns
    -------
    list of str
        ``path: what is wrong; what would help``; empty if every cost model holds for this chip.
    """
    node_nm = chip.technology.node_nm
    faults = adc_faults(chip.adc, node_nm)
    for name in BUFFERS:
        faults += buffer_faults(path_of(name), buffer_of(chip, name), node_nm)
    faults += interconnect_faults(chip.interconnect)
    faults += write_faults(chip.write)
    controls = {"tile.control": chip.tile.control, "chip_control": chip.chip_control}
    faults += [
        f"{path}.energy: must be 0 pJ, for control has no action that is counted; give its power as leakage"
        for path, cost in controls.items()
        if cost is not None and cost.energy_pj
    ]
    widths = {
        "tile.bus.width": chip.tile.bus.width_bits,
        "drivers.resolution": chip.drivers.resolution_bits,
        "execution.error_resolution": chip.execution.error_resolution_bits,
        "tile.membrane_buffer.potential": chip.tile.membrane_buffer.potential_bits,
        "tile.gradient_buffer.gradient": chip.tile.gradient_buffer.gradient_bits,
    }
    return faults + [f"{path}: must be at least 1 bit" for path, n_bits in widths.items() if n_bits < 1]
