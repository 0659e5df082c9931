"""Which changes of an update are written: small ones are dropped, or wait in the gradient memory."""

from __future__ import annotations

import numpy as np

from archsim.errors import WorkloadError
from archsim.snn.learn.chip import ChipProducts
from archsim.workload.network import Floats


class ThresholdWriting:
    """Products of a chip whose updates are whole steps of its cells, written only where they are large enough.

    With a change ``d`` of a weight, and what waits for it, ``p`` (zero without `residual`)::

        d' = d + p
        written = step * round(d' / step) where |d'| >= threshold * step, else 0
        p <- d' - written                                                          (with residual)

    `step` is the smallest change that a cell can take. Keeping what waits is what mixed-precision in-memory
    training does (Nandakumar et al. 2020, doi:10.3389/fnins.2020.00406); it costs one number of memory for
    each weight.

    Parameters
    ----------
    products : ChipProducts
    threshold : float
        In steps of a cell; 0 passes everything on.
    residual : bool

    Raises
    ------
    WorkloadError
        A threshold for cells that have no steps (a continuum without update pulses).
    """

    def __init__(self, products: ChipProducts, *, threshold: float, residual: bool) -> None:
        self.products, self._threshold, self.keeps_rest = products, threshold, residual
        self._waiting: dict[str, Floats] = {}
        self._steps: dict[str, Floats] = {}
        self.n_written: dict[str, int] = {}
        self.n_asked: dict[str, int] = {}
        if threshold > 0 and not (products.chip.device.n_levels or products.chip.device.errors.update):
            raise WorkloadError("learning.adapt.threshold counts steps: set device.levels or an update curve")

    @property
    def written_frac(self) -> float:
        """Weights whose cells got a pulse, for each change asked for (not zero); 0 if none was asked for.

        Counted from the cells, as pulses are: a weight at the end of its range gets none.
        """
        asked = sum(self.n_asked.values())
        return sum(self.n_written.values()) / asked if asked else 0.0

    def begin(self, n_samples: int) -> None:
        self.products.begin(n_samples)

    def part(self, n_samples: int) -> None:
        self.products.part(n_samples)

    def as_sent(self, name: str, errors: Floats) -> Floats:
        return self.products.as_sent(name, errors)

    def forward(self, key: str, rows: Floats) -> Floats:
        return self.products.forward(key, rows)

    def backward(self, key: str, error: Floats) -> Floats:
        return self.products.backward(key, error)

    def read(self, key: str) -> Floats:
        return self.products.read(key)

    def put(self, key: str, values: Floats) -> None:
        self.products.put(key, values)

    def asked(self, key: str) -> Floats:
        return self.products.asked(key)

    def update(self, key: str, delta: Floats) -> None:
        """Write what is large enough of a change (columns, rows)."""
        wanted = delta + self._waiting.get(key, 0.0)
        if key not in self._steps:  # ranges stay as they were programmed
            self._steps[key] = self.products.step_of(key)
        step = self._steps[key]
        whole = np.where(step > 0, step * np.rint(wanted / np.where(step > 0, step, 1.0)), wanted)
        written = np.where(np.abs(wanted) >= self._threshold * step, whole, 0.0)
        if self.keeps_rest:
            self._waiting[key] = wanted - written
        self.n_asked[key] = self.n_asked.get(key, 0) + int(np.count_nonzero(delta))
        self.n_written.setdefault(key, 0)
        if written.any() or self.products.has_waiting(key):
            cells = self.products.arrays[key]
            before = cells.writes.copy()
            self.products.update(key, written)
            self.n_written[key] += int(np.count_nonzero((cells.writes != before).any(axis=(2, 3))))
