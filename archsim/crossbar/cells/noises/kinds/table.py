"""Measured, by target."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import PrivateAttr

from archsim.crossbar.cells.noises.kind import Floats, NoiseKind, Window
from archsim.crossbar.cells.tables import DeviceTable, device_table
from archsim.errors import SpecError
from archsim.registry import NOISES


@NOISES.register
class TableNoise(NoiseKind):
    """Measured standard deviation against target: a named device of the package, or a JSON file of that form.

    `scale`: "absolute" takes microsiemens as measured, so the window must lie inside the table; "window"
    stretches the table's window over the cell's, and its standard deviations by the same factor::

        s * table(t0 + (target - g_min) / s),   s = (g_max - g_min) / (t1 - t0)
    """

    kind: Literal["table"]
    device: str = "wan"
    scale: Literal["absolute", "window"] = "absolute"
    _table: DeviceTable | None = PrivateAttr(None)

    def ready(self, window: Window, where: str) -> Self:
        table = device_table(self.device)
        low, high = table.window_siemens
        slack = 1e-9 * window.width_siemens
        covered = low - slack <= window.g_min_siemens and window.g_max_siemens <= high + slack
        if self.scale == "absolute" and not covered:
            raise SpecError(
                f"errors.{where}: the cells' window, {window.g_min_siemens * 1e6:g} to "
                f"{window.g_max_siemens * 1e6:g} µS, is not inside the table of '{self.device}', "
                f"{low * 1e6:g} to {high * 1e6:g} µS; move g_min and g_max inside it, "
                "or set scale: window to stretch the table"
            )
        found = self.model_copy()
        found._table = table
        return found

    def sigma_siemens(self, conductance_siemens: Floats, window: Window) -> Floats | float:
        table = self._table or device_table(self.device)
        points, sigma = table.target_siemens, table.sigma_siemens
        if self.scale == "window":
            stretch = window.width_siemens / (points[-1] - points[0])
            points, sigma = window.g_min_siemens + (points - points[0]) * stretch, sigma * stretch
        return np.interp(conductance_siemens, points, sigma)

    def spread_pct(self, window: Window) -> float:
        table = device_table(self.device)
        own = (window.g_min_siemens, window.g_max_siemens)
        first, last = table.window_siemens if self.scale == "window" else own
        at = np.linspace(first, last, 1001)
        return 100 * float(np.mean(np.interp(at, table.target_siemens, table.sigma_siemens))) / (last - first)
