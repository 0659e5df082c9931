"""Weights on their way into cells: programmed, and changed by learning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.cells import Cells, pulses_for
from archsim.crossbar.mvm.weights import WeightMap, level_scale, map_weights, weights_of
from archsim.spec.values import ArraySpec

Floats = NDArray[np.float64]


class Writer:
    """Targets of a grid's cells, and what is done to reach them.

    Parameters
    ----------
    spec : ArraySpec
    cells : Cells of shape (n_in, n_out, S, P)
    beside : Cells of shape (n_in, n_column_blocks), or None
        Reference columns; an update leaves them as they are.
    """

    weight_map: WeightMap

    def __init__(self, spec: ArraySpec, cells: Cells, beside: Cells | None) -> None:
        self.spec, self._cells, self._beside = spec, cells, beside
        self._wanted: Floats = np.empty(0)
        self._believed: Floats = np.empty(0)

    @property
    def wanted(self) -> Floats:
        """(n_in, n_out): weights as they were asked for; of pulses open loop, where they should have led."""
        if self.spec.errors.update is None:
            return self._wanted
        return weights_of(self._believed, self.weight_map.reference_siemens, self.weight_map)

    def program(self, weights: Floats) -> None:
        """Write all cells."""
        self.weight_map = map_weights(weights, self.spec)
        self._cells.program(self.weight_map.target_siemens)
        if self._beside is not None and self.weight_map.reference_siemens is not None:
            self._beside.program(self.weight_map.reference_siemens)
        self._wanted = self._within(weights)
        self._believed = self.weight_map.target_siemens.copy()

    def update(self, delta: Floats) -> None:
        """Change weights, open loop where the spec has update curves."""
        if self.spec.errors.update is not None:
            self._pulse(delta)
            return
        self._wanted = self._within(self._wanted + delta)
        before = self.weight_map
        self.weight_map = map_weights(self._wanted, self.spec, before.w_max)
        changed = self.weight_map.target_siemens != before.target_siemens
        if changed.any():
            self._cells.program(self.weight_map.target_siemens, where=changed)

    def _pulse(self, delta: Floats) -> None:
        """Pulses for the change from where the cells are believed to be."""
        update, spec, m = self.spec.errors.update, self.spec, self.weight_map
        assert update is not None
        believed = weights_of(self._believed, m.reference_siemens, m)
        wanted = self._within(believed + delta)
        target = self._target(wanted)
        unmoved = np.broadcast_to((delta == 0)[:, :, None, None], target.shape)
        change = np.where(unmoved, 0.0, target - self._believed)
        pulses = pulses_for(change, self._believed, update, spec.g_min_siemens, spec.g_max_siemens)
        step = (spec.g_max_siemens - spec.g_min_siemens) / update.n_pulses
        self._believed = np.clip(self._believed + step * pulses, spec.g_min_siemens, spec.g_max_siemens)
        self._cells.pulse(pulses)
        self.weight_map = replace(m, target_siemens=self._believed)

    def _target(self, weights: Floats) -> Floats:
        """Conductances between the levels too, where a weight is not sliced."""
        spec, m = self.spec, self.weight_map
        if spec.n_cells_per_weight > 1:
            return map_weights(weights, spec, m.w_max).target_siemens
        scale, window = level_scale(spec), spec.g_max_siemens - spec.g_min_siemens
        level = weights / self._per_level() + scale.zero_level
        digits = level[:, :, None, None]
        if spec.signed == "differential":
            digits = np.stack([np.maximum(level, 0.0), np.maximum(-level, 0.0)], axis=-1)[:, :, None, :]
        return spec.g_min_siemens + np.clip(digits / scale.digit_max, 0.0, 1.0) * window

    def _per_level(self) -> Floats:
        """(n_in, n_out): weight of one level."""
        unit = self.weight_map.combine().w_unit
        return unit[np.arange(self.weight_map.shape[0]) // self.spec.n_rows]

    def _within(self, weights: Floats) -> Floats:
        """Weights clipped to what the levels reach."""
        scale, unit = level_scale(self.spec), self._per_level()
        lowest = -scale.level_max if self.spec.signed == "differential" else -scale.zero_level
        return np.clip(weights, lowest * unit, (scale.level_max - scale.zero_level) * unit)
