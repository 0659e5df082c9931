"""Arrays composed of transistors and wires: costs of ``model: circuit``, worked out for a chip's own array."""

from archsim.components.circuit.price import circuit_errors, with_circuits

__all__ = ["circuit_errors", "with_circuits"]
