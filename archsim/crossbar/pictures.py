"""Pictures of one array while it is read."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.wires import node_voltages
from archsim.errors import SpecError
from archsim.spec.values import ArraySpec

Floats = NDArray[np.float64]


def ir_drop(spec: ArraySpec, conductance_siemens: Floats, n_rows: int, x_row: ArrayLike | None) -> Floats:
    """Part of its row's drive that each cell of an array lacks: ``1 - (word line - bit line) / drive``.

    Parameters
    ----------
    spec : ArraySpec
    conductance_siemens : array (rows, columns)
    n_rows : int
        Rows in use.
    x_row : array_like (n_rows,) or None
        Inputs as parts of the full voltage times `spec.inputs.maximum`; None drives all rows fully.

    Returns
    -------
    array (rows, columns)
        NaN where a cell is open or its row is not driven.

    Raises
    ------
    SpecError
        Inputs of another shape or not finite; wired cells that are not linear and passive.
    """
    part = np.zeros(len(conductance_siemens))
    part[:n_rows] = 1.0 if x_row is None else _parts(spec, n_rows, x_row)
    used = (conductance_siemens > 0) & (part != 0)[:, None]
    wires = spec.wires
    if wires is None:
        return np.where(used, 0.0, np.nan)
    if spec.cell != "passive" or spec.curve is not None:
        raise SpecError("ir_drop: is known for passive, linear cells only; leave cell: gated or curve out")
    volts = part * spec.read_voltage_v
    found = node_voltages(
        conductance_siemens,
        volts[None],
        wires.row_ohm,
        wires.column_ohm,
        r_driver_ohm=wires.driver_ohm,
        r_ground_ohm=wires.ground_ohm,
    )
    across = found.word_line_v[0] - found.bit_line_v[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(used, 1.0 - across / volts[:, None], np.nan)


def _parts(spec: ArraySpec, n_rows: int, x_row: ArrayLike) -> Floats:
    try:
        x = np.asarray(x_row, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise SpecError(f"x_row: must be numbers of shape ({n_rows},)") from error
    if x.shape != (n_rows,) or not np.isfinite(x).all():
        said = f"x_row: must be finite numbers of shape ({n_rows},), one for each row in use"
        raise SpecError(f"{said}; got shape {x.shape}")
    return np.clip(x / spec.inputs.maximum, -1.0, 1.0)
