"""Published ranges of a run's figures: ends, beyond which a figure is most likely a slip of a unit."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from archsim.errors import UnusualWarning
from archsim.units import Usual

if TYPE_CHECKING:
    from archsim.metrics.long_result import LongResult
    from archsim.metrics.result import Result

_ISAAC = "all of ISAAC, 65.8 W on 85.4 mm², Shafiee et al., ISCA 2016"

ENERGY = Usual(
    "energy of the run", "energy", None, "2430 J", "a whole CR2032 cell: 225 mAh at 3 V, IEC 60086", far=1.0
)
POWER = Usual("average power", "power", None, "65.8 W", _ISAAC)
POWER_OF_MM2 = Usual("average power of 1 mm²", "power", None, "0.77 W", _ISAAC)
AREA = Usual("area", "area", None, "858 mm2", "one field of a lithography scanner, 26 mm x 33 mm")


def unusual_run(result: Result | LongResult) -> tuple[str, ...]:
    """Figures of a run that are far beyond those of chips, one message each."""
    power, area = result.average_power_uw, result.area_um2
    found = (
        (ENERGY, result.energy_pj),
        (POWER, power),
        (POWER_OF_MM2, power / area * 1e6 if area else 0.0),
        (AREA, area),
    )
    return tuple(message for usual, value in found if (message := usual.told(value)))


def tell_unusual(result: Result | LongResult, of_chip: tuple[str, ...]) -> None:
    """Warn of a run, and note in its provenance what is unusual of it and of its chip."""
    of_run = unusual_run(result)
    if of_chip or of_run:
        result.provenance["unusual"] = [*of_chip, *of_run]
    for message in of_run:
        warnings.warn(f"{result.phase}: {message}", UnusualWarning, stacklevel=3)
