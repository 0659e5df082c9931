"""How far off the price list may be: for each component a factor on its energy, area, leakage and time.

A factor F is one standard deviation of a log-normal law: the true value is the listed one times ``F**z``, z
standard normal, so two of three lie within ÷F to ×F. A chip file says it (``uncertainty:`` in a cost, with its
source): in the component libraries the spread between families of sources. Else the defaults below hold, by the
kind of cost model.

========  ======  =====  =======  =====  ==================================================================
model     energy  area   leakage  time   source
========  ======  =====  =======  =====  ==================================================================
cited,    1.12    1.28   1.12     1      a default: McPAT against the silicon of Niagara, −10.84 % power,
bit_cell,                                −21.8 % area (Li et al., MICRO 2009); no check of these components
wire,                                    was found
ohmic
cacti     1.12    1.12   1.12     1.12   CACTI within 12 % of SPICE (Muralimanohar et al., in "Processor and
                                         System-on-Chip Simulation", Springer 2010, ch. 14)
router    2.5     5.4    6        1      spread between DSENT, Loihi's silicon, PUMA, ISAAC (Orion 2): energy of a
                                         32-bit flit 0.58 to 3.6 pJ at 22 nm, area 3769 to 51910 um²; leakage from
                                         DSENT's gates or by area, 0.5 to 3.4 uW
sram      1.5     1.6    1.3      1.12   spread between CACTI 7, NeuroSim V1.3, PUMA and the retention
                                         current of a 22 nm microcontroller (nRF54L15)
law       3.1     2.6    4.1      1      spread between families of sources of ADCs of 5 bit at 22 nm
                                         (docs/models/components.md)
circuit   1.22    1.62   2.2      1      NeuroSim V1.3 against V1.5, one sub-array: 45.4 / 37.2 pJ, 11,788 / 7,284
                                         um2, 0.162 / 0.073 uW
wires     1.75    1.75   1.75     1      spread between NeuroSim, DSENT, CiMLoop's C V^2 and Keckler et al., 24 to
                                         87 fJ per bit and mm at 22 nm
survey    1.18    5.3    1.18     1      ISAAC's ADC (ISCA 2016): 1.5625 pJ and 1200 um² where the regression
                                         gives 1.8486 pJ and 6313 um²
========  ======  =====  =======  =====  ==================================================================

Times of all but memories are settings of a design (clocks, pulses, rates), hence 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from archsim.components.parts import part_kinds
from archsim.spec.chip import Chip
from archsim.spec.costs import Priced

QUANTITIES = ("energy", "area", "leakage", "time")

_SILICON = "default: McPAT against Niagara, power -10.84 %, area -21.8 % (Li et al., MICRO 2009)"
_SPICE = "default: CACTI within 12 % of SPICE (Springer 2010, doi 10.1007/978-1-4419-6175-4_14)"
_FAMILIES = "default: spread between CACTI 7, NeuroSim V1.3, PUMA and nRF54L15's retention current"
_SURVEY = "default: the survey's regression against ISAAC's ADC (ISCA 2016): 1.8486 / 1.5625 pJ, 6313 / 1200 µm²"
_ADCS = "default: spread between families of sources of ADCs of 5 bit at 22 nm (docs/models/components.md)"
_VERSIONS = "default: NeuroSim V1.3 against V1.5, a sub-array: 45.4 / 37.2 pJ, 11788 / 7284 µm², 0.162 / 0.073 µW"
_ROUTERS = "default: DSENT, Loihi, PUMA, ISAAC apart: 0.58 to 3.6 pJ per 32-bit flit, 3769 to 51910 µm² (22 nm)"
_WIRES = "default: NeuroSim, DSENT, CiMLoop, Keckler et al. apart: 24 to 87 fJ per bit and mm (22 nm)"
_DEFAULTS: dict[str, tuple[tuple[float, float, float, float], str]] = {
    "cacti": ((1.12, 1.12, 1.12, 1.12), _SPICE),
    "law": ((3.1, 2.6, 4.1, 1.0), _ADCS),
    "circuit": ((1.22, 1.62, 2.2, 1.0), _VERSIONS),
    "router": ((2.5, 5.4, 6.0, 1.0), _ROUTERS),
    "sram": ((1.5, 1.6, 1.3, 1.12), _FAMILIES),
    "wires": ((1.75, 1.75, 1.75, 1.0), _WIRES),
    "survey": ((1.18, 5.3, 1.18, 1.0), _SURVEY),
}
_OTHERS = ((1.12, 1.28, 1.12, 1.0), _SILICON)


@dataclass(frozen=True)
class Spread:
    """One number of the price list that may be off.

    Attributes
    ----------
    component, quantity : str
        A name as in the price list; "energy", "area", "leakage" or "time".
    factor : float
        One standard deviation, 1 or more.
    of : str
        What the number itself comes from: the `cause` that its cost says, or its source. Numbers of one kind from
        one cause share their error, on one chip and between chips.
    source : str
        Where the factor comes from.
    """

    component: str
    quantity: str
    factor: float
    of: str
    source: str

    @property
    def name(self) -> str:
        """``adc.energy``."""
        return f"{self.component}.{self.quantity}"


def spreads(chip: Chip) -> tuple[Spread, ...]:
    """Every number of a chip's price list that may be off, in the order of the list.

    Returns
    -------
    tuple of Spread
        Only factors above 1.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> found = {spread.name: spread.factor for spread in spreads(load_chip("arch_specs/wearable_rram.yaml"))}
    >>> found["adc.area"], found["accumulator.energy"], "accumulator.time" in found
    (2.6, 1.5, False)
    """
    return tuple(spread for name, cost in costs_of(chip).items() for spread in _spreads(name, cost))


def _spreads(component: str, cost: Priced) -> list[Spread]:
    model = str(getattr(cost, "model", "cited"))
    factors, source = _DEFAULTS.get(model, _OTHERS)
    found = []
    for quantity, default in zip(QUANTITIES, factors, strict=True):
        said = None if cost.uncertainty is None else getattr(cost.uncertainty, quantity)
        factor = default if said is None else said
        from_ = source if said is None or cost.uncertainty is None else cost.uncertainty.source
        if factor > 1:
            found.append(Spread(component, quantity, factor, _cause(cost), from_))
    return found


def _cause(cost: Priced) -> str:
    """Group of figures that share one error: as the cost says, or their source, or their model."""
    said = cost.uncertainty.cause if cost.uncertainty is not None else None
    return said or str(getattr(cost, "source", getattr(cost, "model", "cited")))


def costs_of(chip: Chip) -> dict[str, Priced]:
    """The cost model of every part that a chip has, by the names of the price list."""
    found = {name: kind.cost_of(chip) for name, kind in part_kinds().items()}
    return {name: cost for name, cost in found.items() if cost is not None}
