"""SpikeSim's five recorded runs (spikesim.json) from its chip file: what is counted the same must be the same."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

RUNS = ("default_vgg9", "vgg9_xbar128", "vgg9_T1", "vgg9_pe16", "one_layer_T1")
OF_SIZE_64 = tuple(name for name in RUNS if name != "vgg9_xbar128")
SAME_ENERGY = ("tile buffer", "H-tree", "ADC and multiplexer", "crossbar", "temporary buffer", "subtractor")
PER_NEURON = ("neuron", "memory fetch")


@pytest.fixture(scope="module")
def bench(root_dir: Path) -> Iterator[ModuleType]:
    """benchmarks/spikesim.py, which makes the tables of the page."""
    spec = importlib.util.spec_from_file_location("spikesim_benchmark", root_dir / "benchmarks/spikesim.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@pytest.fixture(scope="module")
def reference(bench: ModuleType, reference_dir: Path) -> Any:
    return bench.recorded(reference_dir)


@pytest.fixture(scope="module")
def inputs_of(reference: Any) -> dict[str, Any]:
    return {run["name"]: run["inputs"] for run in reference["runs"]}


@pytest.fixture(scope="module")
def compared(bench: ModuleType, reference: Any) -> dict[str, Any]:
    return {run["name"]: bench.compare(run, reference["constants"]) for run in reference["runs"]}


def ratio(pair: tuple[float, float]) -> float:
    theirs, ours = pair
    return ours / theirs


def test_the_recorded_runs_are_the_five_that_are_compared(reference: Any) -> None:
    assert tuple(run["name"] for run in reference["runs"]) == RUNS


@pytest.mark.parametrize("name", RUNS)
def test_taken_apart_spikesims_sums_are_what_it_reported(compared: dict[str, Any], name: str) -> None:
    run = compared[name]
    energy_pj = sum(theirs for theirs, _ in run.energy_pj.values())
    area_um2 = sum(theirs for theirs, _ in run.area_um2.values())
    assert energy_pj == pytest.approx(run.recorded["total_energy_pJ"], rel=1e-9)
    assert area_um2 == pytest.approx(run.recorded["total_area_um2"], rel=1e-9)


@pytest.mark.parametrize("name", RUNS)
def test_the_mapping_takes_as_many_pes_and_tiles(compared: dict[str, Any], name: str) -> None:
    run = compared[name]
    assert run.n_pes == run.recorded["num_pe"]
    assert run.n_tiles == run.recorded["num_tiles"]


@pytest.mark.parametrize("name", OF_SIZE_64)
def test_total_energy_is_within_one_percent(compared: dict[str, Any], name: str) -> None:
    run = compared[name]
    ours_pj = sum(ours for _, ours in run.energy_pj.values())
    assert ours_pj == pytest.approx(run.recorded["total_energy_pJ"], rel=0.01)


@pytest.mark.parametrize("name", OF_SIZE_64)
@pytest.mark.parametrize("part", SAME_ENERGY)
def test_what_a_pe_cycle_costs_is_equal(compared: dict[str, Any], name: str, part: str) -> None:
    assert ratio(compared[name].energy_pj[part]) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("name", OF_SIZE_64)
@pytest.mark.parametrize("part", PER_NEURON)
def test_neurons_are_updated_once_where_spikesim_updates_them_for_every_row_block(
    compared: dict[str, Any], inputs_of: dict[str, Any], bench: ModuleType, name: str, part: str
) -> None:
    layers = list(bench.layers_of(inputs_of[name]))
    outputs = [math.ceil(o / 64) * extent**2 for _, o, _, extent in layers]
    cycles = [math.ceil(i / 64) * n for (i, _, _, _), n in zip(layers, outputs, strict=True)]
    assert ratio(compared[name].energy_pj[part]) == pytest.approx(sum(outputs) / sum(cycles), rel=1e-9)


def test_energy_of_arrays_of_128_differs_as_spikesims_equation_departs_from_its_array(
    compared: dict[str, Any], inputs_of: dict[str, Any], bench: ModuleType
) -> None:
    inputs, energy = inputs_of["vgg9_xbar128"], compared["vgg9_xbar128"].energy_pj
    blocks = [
        (math.ceil(i / 128) * math.ceil(o / 128) * extent**2, min(o, 128), math.ceil(i / 128), o * extent**2)
        for i, o, _, extent in bench.layers_of(inputs)
    ]
    cycles = sum(n for n, *_ in blocks)
    columns = sum(n * used for n, used, *_ in blocks)
    # 16 ADCs: a read for each 16 columns and a conversion for each column in use, not 16 reads and 256 conversions
    assert ratio(energy["crossbar"]) == pytest.approx(columns / 16 / (16 * cycles))
    assert ratio(energy["ADC and multiplexer"]) == pytest.approx(columns / (256 * cycles))
    # parts of a value each: half of the columns are in use where a layer has 64 channels
    assert ratio(energy["temporary buffer"]) == pytest.approx(columns / (128 * cycles))
    assert ratio(energy["subtractor"]) == pytest.approx(columns / (128 * cycles))
    assert ratio(energy["H-tree"]) == pytest.approx((1 + columns / (128 * cycles)) / 2)
    assert ratio(energy["tile buffer"]) == pytest.approx(1)
    # 5.096 pJ stand for 64 outputs on the chip, SpikeSim charges them for 128
    neurons = sum(n for *_, n in blocks)
    for part in PER_NEURON:
        assert ratio(energy[part]) == pytest.approx(neurons / 64 / cycles)


@pytest.mark.parametrize("name", RUNS)
def test_every_area_but_the_neuron_memory_is_equal(compared: dict[str, Any], name: str) -> None:
    for part, pair in compared[name].area_um2.items():
        if part != "neuron memory":
            assert ratio(pair) == pytest.approx(1, rel=1e-9), part


@pytest.mark.parametrize("name", RUNS)
def test_the_neuron_memory_holds_the_potentials_of_all_layers_in_tiles_that_are_alike(
    compared: dict[str, Any], inputs_of: dict[str, Any], bench: ModuleType, reference: Any, name: str
) -> None:
    run, cell_um2 = compared[name], reference["constants"]["area_um2"]["memory_bit_cell"]
    layers = list(bench.layers_of(inputs_of[name]))
    assert run.neuron_bits == 22 * sum(o * extent**2 for _, o, _, extent in layers)
    theirs, ours = run.area_um2["neuron memory"]
    n_inputs = sum(i * extent**2 for i, _, extent, _ in layers)
    n_five = sum(o * extent**2 for _, o, _, extent in layers[:5])
    assert theirs == pytest.approx(22 * cell_um2 * (n_inputs + n_five))
    bits_per_tile = round(ours / cell_um2 / run.n_tiles)
    assert bits_per_tile.bit_count() == 1  # a power of two
    assert bits_per_tile * run.n_tiles >= run.neuron_bits


@pytest.mark.parametrize("name", RUNS)
def test_what_only_archsim_counts_is_listed_by_name(compared: dict[str, Any], name: str) -> None:
    known = {"interconnect", "global_buffer", "output_buffer", "tile_bus (moves)"}
    assert set(compared[name].more_energy_pj) <= known
    # memories that inference does not need have no size
    assert set(compared[name].more_area_um2) == {"interconnect", "global_buffer", "output_buffer", "gradient_unit"}


def test_the_shipped_workload_is_the_recorded_deerror_run(
    bench: ModuleType, inputs_of: dict[str, Any], root_dir: Path
) -> None:
    from archsim.workload import load_workload

    work = load_workload(root_dir / "workloads/spikesim_vgg9.yaml")
    recorded = bench.workload_of("spikesim_vgg9", inputs_of["default_vgg9"])
    assert work.n_timesteps == recorded["timesteps"]
    shapes = [(layer.in_shape, layer.out_shape) for layer in work.network.layers]
    assert shapes == [((i, a, a), (o, b, b)) for i, o, a, b in bench.layers_of(inputs_of["default_vgg9"])]


def test_the_page_holds_the_tables_of_today(bench: ModuleType, reference: Any) -> None:
    page = bench.PAGE.read_text()
    shown = page.split(bench.BEGIN)[1].split(bench.END)[0].strip()
    assert shown == bench.tables(reference).strip(), "run: python benchmarks/spikesim.py --write"
