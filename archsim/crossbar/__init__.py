"""Numeric model of a crossbar: weights on real cells between real wires, read by real converters.

`CrossbarArray` is the entry point: it programs a matrix, multiplies by it and by its transpose, updates it, lets
it age, and counts what it did. Beneath, the exact circuit of one array alone: `column_currents` answers for given
drive voltages, `effective_conductance` gives the whole transfer matrix, `node_voltages` what lies on every node.
Models, equations and what is left out: ``docs/models/crossbar.md``.
"""

from archsim.crossbar.array import CrossbarArray
from archsim.crossbar.counters import Counters
from archsim.crossbar.wires import NodeVoltages, column_currents, effective_conductance, node_voltages

__all__ = [
    "Counters",
    "CrossbarArray",
    "NodeVoltages",
    "column_currents",
    "effective_conductance",
    "node_voltages",
]
