"""badcrossbar (Joksas and Mehonic, SoftwareX 2020): output currents of arrays with resistive wires.

Where it is not installed, what it gave is read from ``recorded/wires.json``.
"""

from __future__ import annotations

import logging
import warnings
from typing import Any

import numpy as np

from archsim.crossbar import column_currents
from peers.compared import Compared, Line
from peers.runs import recorded

CASES = {
    "8x8, 5 and 2.5 ohm": (8, 8, 5.0, 2.5, 1e-5, 1e-4),
    "48x64, 3 and 2 ohm, RRAM window": (48, 64, 3.0, 2.0, 1e-6, 5e-5),
    "1x17, one word line": (1, 17, 2.0, 3.0, 1e-5, 1e-4),
    "128x128, 1 ohm": (128, 128, 1.0, 1.0, 1e-6, 1e-4),
    "64x64, 20 ohm, most is lost": (64, 64, 20.0, 20.0, 1e-5, 1e-3),
}
"""Word lines, bit lines, ohm per segment of either, smallest and largest conductance (siemens)."""


def array(name: str) -> tuple[Any, Any, float, float]:
    """Conductances, voltages (1, word lines), ohm per segment of word and bit lines."""
    rows, columns, r_row, r_column, low, high = CASES[name]
    rng = np.random.default_rng(sum(map(ord, name)))
    return rng.uniform(low, high, (rows, columns)), rng.uniform(0, 0.5, (1, rows)), r_row, r_column


def theirs() -> dict[str, Any] | None:
    """Output currents of every case; None where badcrossbar is not installed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its plots want a library that is not needed here
        try:
            import badcrossbar
        except ImportError:
            return None
    from importlib.metadata import version

    logging.disable(logging.INFO)
    found: dict[str, Any] = {"version": version("badcrossbar")}
    for name in CASES:
        g, v, r_row, r_column = array(name)
        wires = {"r_i_word_line": r_row, "r_i_bit_line": r_column}
        solved = badcrossbar.compute(v.T, 1 / g, **wires, node_voltages=False, all_currents=False)
        found[name] = np.asarray(solved.currents.output).ravel().tolist()
    return found


def compared() -> Compared:
    """The sum of the currents, and the one that is furthest off."""
    there, lines = theirs() or recorded("wires"), []
    for name in CASES:
        found, expected = column_currents(*array(name)).ravel(), np.array(there[name])
        worst = np.abs(found - expected).argmax()
        lines.append(Line(f"{name}: all currents", 1e6 * found.sum(), 1e6 * expected.sum(), "µA"))
        lines.append(Line("  the bit line that is furthest off", 1e6 * found[worst], 1e6 * expected[worst], "µA"))
    return Compared(
        "wires", "resistive wires", f"badcrossbar {there['version']}", [("Output currents", lines)],
        "capacitance of wires and selectors with a delay are in neither",
    )  # fmt: skip
