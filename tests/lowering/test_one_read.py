"""One read of one array costs what the tasks of a run charge for it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

import archsim
from archsim.lowering import Lowered
from archsim.lowering.one_read import price_one_read
from archsim.prepare import prepare
from archsim.spec import Chip
from archsim.workload import Dense, Layer, Network, Workload
from archsim.workload.models import ConstantActivity, InitModel

SPECS = Path(__file__).parents[2] / "arch_specs"
CHIPS = sorted(path.stem for path in SPECS.glob("*.yaml"))


def chip_of(name: str) -> Chip:
    return archsim.load_chip(SPECS / f"{name}.yaml")


def run_of(chip: Chip, n_active: int) -> Lowered:
    """One timestep of a layer that fills one array, so many of whose inputs spike."""
    n_rows, n_weights = chip.crossbar.n_rows, chip.crossbar.n_weights_per_row
    layer = Layer("fc", Dense(n_weights), ("input",), (n_rows,), (n_weights,))
    activity = ConstantActivity(kind="constant", input=n_active / n_rows, default=0.0)
    network = Network("fc", (n_rows,), (layer,))
    work = Workload("fc", network, 1, 1, activity, InitModel(), ("inference",))
    return prepare(chip, work, 0, "inference").lowered()


@pytest.mark.parametrize("name", CHIPS)
def test_a_read_costs_what_a_run_of_one_timestep_charges(name):
    chip = chip_of(name)
    lowered, spent = run_of(chip, 9), Counter[str]()
    for action, count in zip(lowered.graph.action, lowered.graph.count, strict=True):
        for charge in lowered.actions[lowered.graph.action_names[action]].charges:
            spent[charge.component] += int(count) * charge.energy_pj
    found = price_one_read(chip, 9).energy_pj
    assert {"crossbar", "drivers", "adc", "shift_add"} <= set(found)
    for part, energy_pj in found.items():
        if part != "total":
            assert energy_pj == pytest.approx(spent[part], rel=1e-12), part


@pytest.mark.parametrize("name", CHIPS)
def test_all_arrays_of_a_chip_make_its_areas_and_leakages(name):
    chip = chip_of(name)
    lowered, found = run_of(chip, 0), price_one_read(chip)
    n_arrays = lowered.mapping.n_crossbars_available
    for item in lowered.parts.items():
        if item.component in found.area_um2:
            assert n_arrays * found.area_um2[item.component] == pytest.approx(item.n * item.area_um2)
            assert n_arrays * found.leakage_uw[item.component] == pytest.approx(item.n * item.leakage_uw)
        else:
            assert item.where in ("tile", "chip")


def test_without_an_active_row_only_what_is_always_done_costs():
    found = price_one_read(chip_of("wearable_rram"), 0)
    assert found.energy_pj["crossbar"] == found.energy_pj["drivers"] == 0
    assert found.energy_pj["adc"] > 0


@pytest.mark.parametrize("name", CHIPS)
def test_the_total_is_the_sum_of_the_parts(name):
    found = price_one_read(chip_of(name))
    for table in (found.energy_pj, found.area_um2, found.leakage_uw):
        assert table["total"] == pytest.approx(sum(value for part, value in table.items() if part != "total"))


def test_replicas_of_layers_do_not_matter():
    chip = chip_of("wearable_rram")
    rules = chip.mapping.model_copy(update={"replicas": {"fc": 2}})
    assert price_one_read(chip.model_copy(update={"mapping": rules}), 7) == price_one_read(chip, 7)


@pytest.mark.parametrize("n_active", [-1, 129])
def test_rows_that_there_are_not_are_refused(n_active):
    with pytest.raises(archsim.ArchsimError, match="must be 0 to 128, the rows of an array of wearable_rram; got"):
        price_one_read(chip_of("wearable_rram"), n_active)
