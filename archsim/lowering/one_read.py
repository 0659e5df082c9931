"""One read of one array: the tasks that lowering lays down for it, part by part.

There is no second cost model here: the read is that of :func:`archsim.lowering.arrays.read_array`, charged with
the prices of its actions; areas and leakage are those of the parts that stand at an array.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from archsim.components import Parts
from archsim.errors import ArchsimError
from archsim.given import refuse, wrong_type
from archsim.lowering.arrays import Product, counts_of, read_array
from archsim.lowering.context import Context, Label
from archsim.mapping import Mapping, map_workload
from archsim.spec import Chip
from archsim.spec.choices import MappingRules
from archsim.spec.costs import CircuitAdc
from archsim.workload import INFERENCE, INPUT, Dense, Layer, Network, Workload
from archsim.workload.models import ConstantActivity, InitModel

TOTAL = "total"


@dataclass(frozen=True)
class ArrayPrices:
    """Energy of one read, area and leakage of one array with its periphery, by part; the last entry is the total.

    Parameters
    ----------
    n_active_rows : int
    energy_pj, area_um2, leakage_uw : dict of str to float
        By the names of the price list, and ``total``.
    """

    n_active_rows: int
    energy_pj: dict[str, float]
    area_um2: dict[str, float]
    leakage_uw: dict[str, float]


def price_one_read(chip: Chip, n_active_rows: int | None = None) -> ArrayPrices:
    """Price one read of one bit on one array of a chip, all of whose columns hold weights.

    The weights are spread evenly, as everywhere where they are not known. Part by part: what stands in a
    crossbar, and a crossbar's share of what its PE holds for all of them. Buses, buffers and accumulators of the
    tile are not the array's.

    Parameters
    ----------
    chip : Chip
    n_active_rows : int, optional
        Word lines with a 1, from 0 to the rows of the array; all if not given. With 0 the read is made all the
        same (``execution.skip_idle_blocks`` saves it in a run).

    Returns
    -------
    ArrayPrices

    Raises
    ------
    ArchsimError
        `n_active_rows` is below 0 or above the rows of the array.
    SpecError
        A cost model does not hold for the chip.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> found = price_one_read(load_chip("arch_specs/wearable_rram.yaml"), 32)
    >>> round(found.energy_pj["drivers"], 4), found.energy_pj["total"] > found.energy_pj["crossbar"]
    (0.4, True)
    """
    refuse([wrong_type("chip", chip, Chip, "archsim.load_chip")])
    n_active = chip.crossbar.n_rows if n_active_rows is None else n_active_rows
    if not 0 <= n_active <= chip.crossbar.n_rows:
        rows = f"0 to {chip.crossbar.n_rows}, the rows of an array of {chip.name}"
        raise ArchsimError(f"active rows: must be {rows}; got {n_active}")
    chip = _clocked_for(chip.model_copy(update={"mapping": MappingRules()}), n_active)
    work = _full_array(chip)
    mapping = map_workload(chip, work, INFERENCE)
    parts = Parts(chip, mapping.n_tiles, mapping.buffers.size_bytes)
    area_um2, leakage_uw = _at_one_array(parts)
    energy_pj = _energy_of_read(chip, work, mapping, parts, n_active)
    return ArrayPrices(
        n_active, _with_total({**dict.fromkeys(area_um2, 0.0), **energy_pj}), _with_total(area_um2),
        _with_total(leakage_uw),
    )  # fmt: skip


def _clocked_for(chip: Chip, n_active: int) -> Chip:
    """Where the time of a conversion is worked out, too, it is that of the read that is asked for."""
    if not isinstance(chip.adc.cost, CircuitAdc):
        return chip
    share = {"active_rows_frac": n_active / chip.crossbar.n_rows}
    adc = chip.adc.model_copy(update={"cost": chip.adc.cost.model_copy(update=share)})
    return chip.model_copy(update={"adc": adc})


@dataclass(frozen=True)
class _FirstRows:
    """One timestep of one sample, in which the first of the inputs spike."""

    n_active: int
    n_rows: int

    @property
    def spikes(self) -> dict[str, NDArray[np.uint8]]:
        return {INPUT: self.active_rows(INPUT, 0)}

    def active_rows(self, layer: str, sample: int) -> NDArray[np.uint8]:
        del layer, sample  # there is one of each
        return (np.arange(self.n_rows) < self.n_active).astype(np.uint8)[None, None]

    def error_lines(self, layer: str, sample: int) -> None:
        """Nothing is learned."""

    def row_codes(self, layer: str, sample: int, *, input_spikes: bool = False) -> None:
        """One bit is no number."""

    def column_codes(self, layer: str, sample: int) -> None:
        """Nothing is learned."""

    def fed_back_codes(self, sample: int, error: int) -> None:
        """Nothing is learned."""

    def written_cells(self, layer: str, update: int, *, of_copy: bool = False) -> None:
        """Nothing is written."""

    def pulses_of_cells(self, layer: str, update: int, *, of_copy: bool = False) -> None:
        """Nothing is written."""


def _full_array(chip: Chip) -> Workload:
    """A layer whose weights fill one array."""
    n_in, n_out = chip.crossbar.n_rows, chip.crossbar.n_weights_per_row
    layer = Layer("array", Dense(n_out), (INPUT,), (n_in,), (n_out,))
    activity = ConstantActivity(kind="constant", input=0.0, default=0.0)
    return Workload("one read", Network("array", (n_in,), (layer,)), 1, 1, activity, InitModel(), (INFERENCE,))


def _energy_of_read(chip: Chip, work: Workload, mapping: Mapping, parts: Parts, n_active: int) -> dict[str, float]:
    """By part, what the tasks of one read spend."""
    ctx = Context(chip, work, mapping, parts, _FirstRows(n_active, chip.crossbar.n_rows))
    product = Product(mapping.blocks[0], n_vectors=1, n_bits=1, signed=False)
    [counts] = counts_of(ctx, product, [n_active]).tolist()
    read_array(ctx, Label("forward", "array", 0, 0), product, counts, [])
    graph = ctx.graph.build()
    found: dict[str, float] = {}
    for task in range(graph.n_tasks):
        action = ctx.actions[graph.action_names[graph.action[task]]]
        for charge in (charge for charge in action.charges if charge.energy_pj):  # tasks that only order cost none
            spent = int(graph.count[task]) * charge.energy_pj
            found[charge.component] = found.get(charge.component, 0.0) + spent
    return found


def _at_one_array(parts: Parts) -> tuple[dict[str, float], dict[str, float]]:
    """Areas and leakages by part: those of a crossbar, and its share of those of a PE."""
    shares = {"crossbar": 1.0, "pe": 1 / parts.chip.pe.n_crossbars}
    here = [(item, item.n_per_parent * shares[item.where]) for item in parts.items() if item.where in shares]
    return (
        {item.component: n * item.area_um2 for item, n in here},
        {item.component: n * item.leakage_uw for item, n in here},
    )


def _with_total(by_part: dict[str, float]) -> dict[str, float]:
    return {**by_part, TOTAL: math.fsum(by_part.values())}
