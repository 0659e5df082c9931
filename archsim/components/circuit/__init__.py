"""Arrays composed of transistors and wires: costs of ``model: circuit``, worked out for a chip's own array."""

from archsim.components.circuit.price import circuit_faults, with_circuits

__all__ = ["circuit_faults", "with_circuits"]
