"""Cells for tests, and checks of samples against a law: four standard errors, and these tighter than 5 %."""

from __future__ import annotations

import numpy as np

from archsim.crossbar.cells import Cells
from archsim.spec.cells import CellErrors

G_MIN, G_MAX = 1e-6, 101e-6
WIDTH = G_MAX - G_MIN
MIDDLE = 51e-6
N = 100_000


def make(
    shape=N, *, g_min=G_MIN, g_max=G_MAX, seed=1, read_pulse_ps=10_000, read_voltage_v=None, on_time_ps=None,
    **errors,
):  # fmt: skip
    return Cells(
        shape if isinstance(shape, tuple) else (shape,),
        g_min_siemens=g_min,
        g_max_siemens=g_max,
        errors=CellErrors(**errors),
        read_pulse_ps=read_pulse_ps,
        on_time_ps=on_time_ps,
        seed=seed,
        read_voltage_v=read_voltage_v,
    )


def programmed(target=MIDDLE, shape=N, **kwargs):
    cells = make(shape, **kwargs)
    cells.program(target)
    return cells


def _is(found, right, error):
    assert 4 * error < 0.05 * abs(right), "the sample is too small to notice 5 %"
    assert abs(found - right) < 4 * error, f"{found:g} is not {right:g} +- {error:g}"


def mean_is(samples, right):
    samples = np.asarray(samples, dtype=float)
    _is(samples.mean(), right, samples.std() / np.sqrt(samples.size))


def std_is(samples, right):
    deviation = np.asarray(samples) - np.mean(samples)
    variance = np.mean(deviation**2)
    error_of_variance = np.sqrt((np.mean(deviation**4) - variance**2) / deviation.size)
    _is(np.sqrt(variance), right, error_of_variance / (2 * np.sqrt(variance)))


def share_is(chosen, right):
    _is(np.mean(chosen), right, np.sqrt(right * (1 - right) / np.size(chosen)))
