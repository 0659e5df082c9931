"""The converters: the part, the base of its kinds, and the kinds, one in a file."""

from archsim.components.adc.adc import Adc
from archsim.components.adc.kind import AdcKind

__all__ = ["Adc", "AdcKind"]
