"""Ranges that have been published, and values far outside of them: what is most likely a slip of a unit."""

from __future__ import annotations

from dataclasses import dataclass

from archsim.units.quantities import format_quantity, parse_quantity


@dataclass(frozen=True)
class Usual:
    """The published range of one figure.

    Parameters
    ----------
    what : str
        The key in a chip file, or the name of a metric.
    kind : str or None
        As in `parse_quantity`; None for plain numbers.
    low, high : str or None
        Ends of the range as a file writes them; None where there is no end.
    source : str
        Where the ends come from.
    far : float
        Values beyond an end by more than this factor are told.

    Examples
    --------
    >>> usual = Usual("device.read_voltage", "voltage", "0.2 V", "0.7 V", "two macros")
    >>> usual.told(0.5), usual.told(0.0)
    ('', '')
    >>> print(usual.told(200.0))
    device.read_voltage: 200 V is far from what is usual, 200 mV to 700 mV (two macros)
    """

    what: str
    kind: str | None
    low: str | None
    high: str | None
    source: str
    far: float = 10.0

    def told(self, value: float) -> str:
        """The warning about a value, in the unit used inside; empty if it is usual. Zero stands for none of it."""
        low, high = self._number(self.low), self._number(self.high)
        too_low = low is not None and abs(value) * self.far < low
        too_high = high is not None and abs(value) > high * self.far
        if not value or not (too_low or too_high):
            return ""
        usual = f"{self._range(low, high)} ({self.source})"
        return f"{self.what}: {self._said(value)} is far from what is usual, {usual}"

    def _number(self, text: str | None) -> float | None:
        if text is None:
            return None
        return float(parse_quantity(text, self.kind) if self.kind else text)

    def _said(self, value: float) -> str:
        return format_quantity(value, self.kind) if self.kind else f"{value:.4g}"

    def _range(self, low: float | None, high: float | None) -> str:
        if low is None:
            return f"up to {self._said(high or 0.0)}"
        return f"{self._said(low)} to {self._said(high)}" if high is not None else f"{self._said(low)} and more"
