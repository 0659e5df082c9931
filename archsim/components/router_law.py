"""How the price of a router follows from its size: width of a flit, ports, virtual channels, buffers.

With p ports, v virtual channels of n flits at each and w bits, a router has B = p v n w bits of buffers. Relative
to the reference r, a router of 5 ports, 2 virtual channels of 4 flits and 32 bits::

    area      0.702 B/B_r + 0.244 pw/(pw)_r + 0.054 (pw)^2/(pw)^2_r     buffers, ports, a crossbar of p w lines
    leakage   0.699 B/B_r + 0.215 pw/(pw)_r + 0.086 p^2/p^2_r           buffers, ports, arbiters
    energy    0.116 + (0.477 (vn/8)^0.84 + 0.407 p/5) w/w_r             arbiters; buffers and crossbar, per flit
    clock     0.289 + 0.670 pw/(pw)_r + 0.041 pv/(pv)_r                 per clock, when it is not gated

The shares follow from four routers that DSENT (Sun et al., NOCS 2012; run at 22 nm, 1 GHz) prices: 32 bits with 5
ports and 1 or 2 channels of 4 flits, 128 bits with 5 ports and 2 of 4, 32 bits with 8 ports and 4 of 8. Three
terms for four points: area and clock meet the fourth within 1.3 %, leakage within 0.7 %; energy has an exponent
more and meets all four. The routers that it prices at 32 and 45 nm have these ratios within 5 %.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

CHECKED = "DSENT's routers have 32 to 128 bit, 5 to 8 ports, 1 to 4 virtual channels of 4 to 8 flits"


LIMITS = {"width_bits": (8, 512), "n_ports": (3, 16), "n_virtual_channels": (1, 16), "n_buffer_flits": (1, 32)}
"""From where to where the law may be used: a factor of four from what it was checked at, two in ports."""


@dataclass(frozen=True)
class RouterSize:
    """Sizes on which the price of a router depends; buffers are those of one virtual channel of a port."""

    width_bits: int
    n_ports: int
    n_virtual_channels: int
    n_buffer_flits: int

    def outside(self) -> Iterator[tuple[str, int, tuple[int, int]]]:
        """Fields that the law does not hold for: name, value, limits."""
        for name, limits in LIMITS.items():
            value = getattr(self, name)
            if not limits[0] <= value <= limits[1]:
                yield name, value, limits

    @property
    def _held(self) -> int:
        """Flits that a port holds."""
        return self.n_virtual_channels * self.n_buffer_flits

    @property
    def _lines(self) -> int:
        """Lines on a side of the crossbar."""
        return self.n_ports * self.width_bits

    def area(self) -> float:
        """Relative to the reference of the law.

        Examples
        --------
        >>> round(3769 * RouterSize(32, 8, 4, 8).area())  # um2; DSENT says 19113
        18926
        """
        lines = self._lines / REFERENCE._lines
        return 0.702 * self._bits() + 0.244 * lines + 0.054 * lines**2

    def leakage(self) -> float:
        """Relative to the reference of the law."""
        ports = self.n_ports / REFERENCE.n_ports
        return 0.699 * self._bits() + 0.215 * self._lines / REFERENCE._lines + 0.086 * ports**2

    def energy(self) -> float:
        """Of one flit, relative to the reference of the law."""
        buffers: float = 0.477 * (self._held / REFERENCE._held) ** 0.84
        crossbar = 0.407 * self.n_ports / REFERENCE.n_ports
        return 0.116 + (buffers + crossbar) * self.width_bits / REFERENCE.width_bits

    def clock(self) -> float:
        """Of one clock, relative to the reference of the law."""
        channels = self.n_ports * self.n_virtual_channels
        of_reference = REFERENCE.n_ports * REFERENCE.n_virtual_channels
        return 0.289 + 0.670 * self._lines / REFERENCE._lines + 0.041 * channels / of_reference

    def _bits(self) -> float:
        """Bits of its buffers, relative to the reference of the law."""
        return self._lines * self._held / (REFERENCE._lines * REFERENCE._held)


REFERENCE = RouterSize(32, 5, 2, 4)
