"""The sense branch of a current-mode flash converter: how long it takes, and what it draws meanwhile.

Fits to circuit simulations of a column with a current sense amplifier for each level, low standby power, as
NeuroSim V1.3 holds them (MultilevelSenseAmp.cpp).

Equations
---------
power
    ``P = (2^b - 1) P_level + V_c^2 G``, G the conductance of the active cells of a column. The second term is the
    column current, and is charged to the cells; ``V_c^2`` is proportional to the read voltage.
time
    for each level of reference resistance R_ref: ``T = T_max f(x)``, ``x = R_ref / R``, ``T_max = a ln(R / 1 kohm)
    + b``, f a polynomial below 0.9 and another one above, 1 ns where x is 0.05 or less, or 20 or more. The slowest
    level counts; no time is longer than 10 ns. At 22 nm 1 ns.

The polynomial for 65 nm grows without bound above x = 8, where those of the other nodes fall: with a device of 6
and 900 kohm and a quarter of the rows active x reaches 15, and the 10 ns bound holds instead of about 1 ns.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

LEVEL_UW: Final = {22: 1.7, 32: 3.0875, 45: 6.3162, 65: 8.4147, 90: 12.612, 130: 18.09}
"""Power of one level's comparator while it senses."""
COLUMN_V2: Final = {22: 0.0631, 32: 0.0659, 45: 0.075, 65: 0.0972, 90: 0.1023, 130: 0.138}
"""Power of a column per conductance, at a read voltage of 0.5 V (32 nm: R^-0.9976 at 0.5 kohm, as R^-1)."""
LONGEST_PS: Final = 10_000.0

_Fit = tuple[tuple[float, float], tuple[float, ...], tuple[float, ...]]
_FITS: Final[Mapping[int, _Fit]] = {
    45: (
        (0.0714, 0.7651),
        (0.4807, 2.6492, -5.6685, 3.7949),
        (1.0057, -0.0171, 0.0001, -0.00006, 0.000001),
    ),
    65: ((0.1239, 0.6642), (0.3202, 2.0483, -2.6913, 1.3899), (1.0512, -0.0346, 0.1043, -0.0363, 0.0036)),
    90: ((0.0586, 1.41), (0.3574, 2.8249, -5.651, 3.726), (0.9835, -0.0188, 0.0017, -0.00007, 0.0000008)),
    130: ((0.2679, 0.0478), (0.3856, 2.4653, -5.3996, 3.915), (1.2211, -0.2725, 0.0742, -0.0087, 0.0004)),
}
_FAR_PS: Final = 1000.0


def column_v(node_nm: int, read_v: float) -> float:
    """The voltage V_c at which ``V_c^2 G`` is the power of a column.

    Examples
    --------
    >>> round(column_v(22, 0.5), 3)
    0.251
    """
    return math.sqrt(COLUMN_V2[node_nm] * read_v / 0.5)


def sensing_ps(
    node_nm: int, bits: int, column_ohm: float, references_ohm: tuple[float, float], least_ps: float
) -> float:
    """Time of one conversion.

    Parameters
    ----------
    node_nm, bits : int
    column_ohm : float
        Of the active cells of a column.
    references_ohm : (float, float)
        Resistance of a full column, and what the references grow by from there.
    least_ps : float
        What the clock gives at least.

    Examples
    --------
    >>> sensing_ps(22, 5, 465.0, (46.9, 7031.0), 1000.0)
    1000.0
    >>> sensing_ps(65, 5, 465.0, (46.9, 7031.0), 1000.0)
    10000.0
    """
    times = [least_ps]
    fit = _FITS.get(45 if node_nm == 32 else node_nm)
    if fit is not None:
        start, growth = references_ohm
        n_levels = 1 << bits
        times += [
            _level_ps(fit, column_ohm, (start + (i + 1) * growth / n_levels) / column_ohm)
            for i in range(1, n_levels - 1)
        ]
    return max(least_ps, min(max(times), LONGEST_PS))


def _level_ps(fit: _Fit, column_ohm: float, ratio: float) -> float:
    (slope, offset), below, above = fit
    if not 0.05 < ratio < 20:
        return _FAR_PS
    longest = (slope * math.log(column_ohm / 1000) + offset) * 1000
    return longest * sum(c * ratio**i for i, c in enumerate(below if ratio <= 0.9 else above))
