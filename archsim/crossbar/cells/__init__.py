"""How real RRAM cells differ from their targets, and how they change: `Cells`.

:mod:`~archsim.crossbar.cells.programming` writes, with tables of measured devices
(:mod:`~archsim.crossbar.cells.tables`); :mod:`~archsim.crossbar.cells.noise` is what differs from read to read;
:mod:`~archsim.crossbar.cells.drift` is retention; :mod:`~archsim.crossbar.cells.faults` are cells that stay;
:mod:`~archsim.crossbar.cells.updates` are the curves of open-loop pulses;
:mod:`~archsim.crossbar.cells.expected` tells the cost side what writing takes. Equations and sources stand
beside the code.
"""

from archsim.crossbar.cells.cells import Cells
from archsim.crossbar.cells.expected import (
    expected_pulses,
    priced_pulses,
    pulses_note,
    with_expected_pulses,
)
from archsim.crossbar.cells.faults import Fault
from archsim.crossbar.cells.tables import DeviceTable, device_names, device_table
from archsim.crossbar.cells.updates import pulses_for

__all__ = [
    "Cells",
    "DeviceTable",
    "Fault",
    "device_names",
    "device_table",
    "expected_pulses",
    "priced_pulses",
    "pulses_for",
    "pulses_note",
    "with_expected_pulses",
]
