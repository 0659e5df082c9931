"""The array model's own write-verify: pulses that land within a band around the target with one chance each."""

from __future__ import annotations

from typing import Literal, Self

import numpy as np
from pydantic import PrivateAttr

from archsim.crossbar.cells.landing import landing_chance
from archsim.crossbar.cells.pulses.kind import Floats, PulseLaw
from archsim.errors import SpecError
from archsim.registry import PULSES
from archsim.spec.chip import Device


@PULSES.register
class WriteVerifyPulses(PulseLaw):
    """Pulses of `device.errors.write_verify`: geometric counts, cut at its `max_pulses`.

    ``F(k) = 1 - (1 - p)^k`` with the chance p that one pulse lands, see
    :func:`archsim.crossbar.cells.landing.landing_chance`; ``(1 - p)^N`` of the cells have not landed after N.
    """

    kind: Literal["write_verify"]
    _device: Device | None = PrivateAttr(None)

    def ready(self, device: Device) -> Self:
        found = self.model_copy()
        found._device = device
        return found

    def errors(self, device: Device) -> list[str]:
        if device.errors.write_verify is None:
            return ["kind write_verify needs device.errors.write_verify; give that, or choose kind lognormal"]
        return []

    @property
    def by_level(self) -> bool:
        return True

    def at_most(self, place: float) -> Floats:
        misses, most = self._misses(place)
        chances = 1.0 - misses ** np.arange(most + 1)
        chances[-1] = 1.0
        return np.asarray(chances, dtype=np.float64)

    def failed_at(self, place: float) -> float:
        misses, most = self._misses(place)
        return float(misses**most)

    def _misses(self, place: float) -> tuple[float, int]:
        """Chance that a pulse does not land, and the most pulses."""
        device = self._device
        if device is None or device.errors.write_verify is None:
            raise SpecError("write.pulses_per_cell: archsim.crossbar.cells.with_expected_pulses makes it ready")
        target = device.g_min_siemens + place * (device.g_max_siemens - device.g_min_siemens)
        lands = float(landing_chance(device, np.array([target]))[0])
        return 1.0 - lands, device.errors.write_verify.n_max_pulses
