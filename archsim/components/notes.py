"""Keys of a chip file that change nothing on this chip, said before anybody varies them."""

from __future__ import annotations

from archsim.components.faults import buffer_of
from archsim.components.records import BUFFERS
from archsim.spec.chip import Chip
from archsim.spec.costs import CactiBuffer, CitedAdc, OhmicArray, SurveyAdc


def without_effect(chip: Chip) -> list[str]:
    """Which keys no time, price or value of this chip depends on, and what would make them count.

    Parameters
    ----------
    chip : Chip
        Without faults (`check`).

    Returns
    -------
    list of str
        ``path: why it changes nothing here; what would make it count``.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> for note in without_effect(load_chip("arch_specs/wearable_rram.yaml")):
    ...     print(note)
    adc.kind: changes nothing here, for rate and cost hold for any kind; give step for its time, or cost.per: step
    """
    steps, cost = _counts_steps(chip), chip.adc.cost
    idle = {
        "adc.kind: changes nothing here, for rate and cost hold for any kind; give step for its time, or "
        "cost.per: step": not steps,
        "adc.resolution: changes nothing here, for rate and cost hold for any, and no adc.conversion says which "
        "sums its codes stand for; give that, step, or a cost of model: survey": (
            not steps and isinstance(cost, CitedAdc) and chip.adc.conversion is None
        ),
        "technology.node: changes nothing here, for no cost has model: survey or cacti": not _has_models(chip),
        "device.read_voltage: changes nothing here, for the array's cost is cited, and no device.curve and no "
        "thermal noise depend on it": not _needs_voltage(chip),
        "drivers.max_cycles: changes nothing here, for kind: levels takes a cycle for each resolution": (
            chip.drivers.kind == "levels" and chip.drivers.max_cycles > 1
        ),
    }
    return [said for said, is_so in idle.items() if is_so]


def _counts_steps(chip: Chip) -> bool:
    """Whether time or energy of a conversion is that of its steps."""
    cost = chip.adc.cost
    return chip.adc.step_ps is not None or (isinstance(cost, CitedAdc) and cost.per == "step")


def _has_models(chip: Chip) -> bool:
    """Whether a cost is scaled to the node."""
    of_buffers = any(isinstance(buffer_of(chip, name).cost, CactiBuffer) for name in BUFFERS)
    return of_buffers or isinstance(chip.adc.cost, SurveyAdc)


def _needs_voltage(chip: Chip) -> bool:
    device, crossbar = chip.device, chip.crossbar
    is_bent = device.curve is not None or (crossbar.wires is not None and crossbar.cell == "gated")
    return isinstance(crossbar.cost, OhmicArray) or is_bent or device.errors.thermal_noise
