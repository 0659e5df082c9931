"""Currents through resistive wires: exact, approximate, of gated cells, or of cells with nonlinear I-V curves."""

from archsim.crossbar.wires.exact import NodeVoltages, column_currents, effective_conductance, node_voltages

__all__ = ["NodeVoltages", "column_currents", "effective_conductance", "node_voltages"]
