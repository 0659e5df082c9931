"""What a chip is: frozen models and the loader of chip files."""

from archsim.spec.chip import AUTO, Buffer, Chip, Unit
from archsim.spec.loader import load_chip

__all__ = ["AUTO", "Buffer", "Chip", "Unit", "load_chip"]
