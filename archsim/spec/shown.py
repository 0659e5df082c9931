"""A chip in ten lines."""

from __future__ import annotations

from typing import Any

from archsim.spec.buffers import TILE_BUFFERS, Buffer
from archsim.units import format_quantity


def chip_rows(chip: Any) -> list[tuple[str, str]]:
    """Parts of a `Chip` with what an architect asks first, ten of them.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> len(chip_rows(load_chip("arch_specs/isaac_32nm.yaml")))
    10
    """
    return [
        ("chip", f"{chip.name}: {chip.technology.node_nm:g} nm, tiles: {chip.n_tiles}"),
        ("tile", f"{chip.tile.n_pes} PEs of {chip.pe.n_crossbars} crossbars; {_bus(chip)}"),
        ("crossbar", _crossbar(chip)),
        ("device", _device(chip)),
        ("write", _write(chip)),
        ("read-out", _read_out(chip)),
        ("adc", _adc(chip)),
        ("buffers", ", ".join(_buffers(chip))),
        ("interconnect", _interconnect(chip)),
        ("execution", _execution(chip)),
    ]


def chip_text(chip: Any) -> str:
    """The same as text."""
    rows = chip_rows(chip)
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name.ljust(width)}  {said}" for name, said in rows)


def _bus(chip: Any) -> str:
    bus = chip.tile.bus
    return f"bus of {bus.width_bits} bit each {format_quantity(bus.cycle_ps, 'time')}"


def _crossbar(chip: Any) -> str:
    array = chip.crossbar
    weights = f"{array.n_weights_per_row} weights of {array.n_columns_per_weight} columns ({array.signed}) a row"
    return f"{array.n_rows} x {array.n_columns} cells, {weights}, transpose: {array.transpose}"


def _device(chip: Any) -> str:
    device = chip.device
    window = [format_quantity(value, "conductance") for value in (device.g_min_siemens, device.g_max_siemens)]
    read = f"read at {format_quantity(device.read_voltage_v, 'voltage')}"
    times = [format_quantity(ps, "time") for ps in (device.conducting_ps, device.read_pulse_ps)]
    return f"{device.n_levels} levels, {' to '.join(window)}, {read} for {times[0]} of {times[1]}"


def _write(chip: Any) -> str:
    if chip.write is None:
        return "not described"
    verified = ", verified" if chip.write.verify else ""
    pulse = format_quantity(chip.write.pulse_ps, "time")
    return f"pulses of {pulse} on {chip.write.n_parallel_cells} cells at once{verified}"


def _read_out(chip: Any) -> str:
    held = chip.sample_hold
    banks = "no sample-and-hold" if held is None else f"sample-and-hold of {held.n_banks}, until {held.held_until}"
    return f"drivers of {chip.drivers.resolution_bits} bit ({chip.drivers.kind}), {banks}"


def _adc(chip: Any) -> str:
    adc = chip.adc
    if adc.step_ps is not None:
        pace = f"{format_quantity(adc.step_ps, 'time')} a step"
    else:
        pace = format_quantity(adc.rate_mhz or 0.0, "frequency")
    return f"{adc.kind} of {adc.resolution_bits} bit, {pace}, {adc.n_columns_per_adc} columns each, by {adc.scope}"


def _buffers(chip: Any) -> list[str]:
    found: dict[str, Buffer | None] = {name: getattr(chip.tile, name) for name in TILE_BUFFERS}
    found["global_buffer"] = chip.global_buffer
    there = {name.removesuffix("_buffer"): buffer for name, buffer in found.items() if buffer is not None}
    return [f"{name} {_size(buffer)}" for name, buffer in there.items()]


def _size(buffer: Buffer) -> str:
    size = buffer.size_bytes
    return size if isinstance(size, str) else format_quantity(size, "bytes")


def _interconnect(chip: Any) -> str:
    links = chip.interconnect
    speed = format_quantity(links.frequency_mhz, "frequency")
    wide = f"{links.width_bits} bit at {speed}"
    return f"{links.kind}, {wide}, {links.switching}, multicast: {_yes(links.multicast)}"


def _execution(chip: Any) -> str:
    how = chip.execution
    skips = f"idle arrays skipped: {_yes(how.skip_idle_blocks)}"
    return f"spikes as {how.spike_format}, {skips}, feedback: {how.feedback}"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
