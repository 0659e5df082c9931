"""Factors: every setting is a configuration that can be read, and differs from the base in that one thing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archsim.spec import load_chip
from archsim.study.configurations import BASE, Base, Configuration
from archsim.study.dfa_vs_bp.factors import factors_of
from archsim.workload import load_workload


@pytest.fixture(scope="module")
def files(root_dir: Path) -> Base:
    return Base(root_dir / "tests/chips/wearable_rram.yaml", root_dir / "workloads/watch_adapt.yaml")


@pytest.fixture(scope="module")
def factors(files):
    return {factor.name: factor for factor in factors_of(*files.load())[0]}


def test_the_factors_of_the_brief_are_there(factors):
    assert {"depth", "width", "timesteps", "batch", "crossbar", "adc_share", "feedback"} <= set(factors)
    assert {"schedule", "parallel_cells", "pulses_per_cell", "verify"} <= set(factors)


def test_every_configuration_loads_for_both_rules(files, factors):
    for factor in factors.values():
        for configuration in factor.configurations:
            for rule in ("bp", "dfa"):
                files.load(configuration, rule)


def test_depth_repeats_the_last_hidden_layer(files, factors):
    deepest = factors["depth"].configurations[-1]
    network = files.load(deepest)[1].network
    assert len(network.layers) == deepest.settings["depth"] + 1
    assert {layer.n_neurons for layer in network.layers[:-1]} == {128}
    assert network.layers[-1].n_neurons == 7


def test_one_hidden_layer_is_read_into_the_output(files, factors):
    shallow = next(c for c in factors["depth"].configurations if c.settings["depth"] == 1)
    network = files.load(shallow)[1].network
    assert network.names == ("fc1", "out")
    assert network.layers[-1].inputs == ("fc1",)


def test_width_changes_hidden_layers_only(files, factors):
    narrow = factors["width"].configurations[0]
    network = files.load(narrow)[1].network
    assert [layer.n_neurons for layer in network.layers] == [32, 32, 7]


def test_a_batch_is_simulated_whole(files, factors):
    for configuration in factors["batch"].configurations:
        work = files.load(configuration)[1]
        assert work.n_samples == work.n_batch == configuration.settings["batch"]


def test_smaller_arrays_keep_as_many_columns_for_an_adc_where_they_can(files, factors):
    for configuration in factors["crossbar"].configurations:
        chip = files.load(configuration)[0]
        assert chip.crossbar.n_rows == chip.crossbar.n_columns == configuration.settings["crossbar"]
        assert chip.adc.n_columns_per_adc == min(64, chip.crossbar.n_columns)


def test_the_chip_for_dfa_cannot_read_backwards(files, factors):
    transposable = next(c for c in factors["feedback"].configurations if c.settings["feedback"] == "transposable")
    assert files.load(transposable, "bp")[0].crossbar.transpose == "duplicated"
    assert files.load(transposable, "dfa")[0].crossbar.transpose == "none"


def test_the_base_is_no_configuration_of_a_factor_but_one_of_its_settings(factors):
    for factor in factors.values():
        assert factor.base in factor.settings()
        assert factor.base not in [c.settings[factor.name] for c in factor.configurations]
        assert factor.name_of(factor.base) == BASE


def test_numbers_come_in_order_with_the_base_among_them(root_dir):
    chip = load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    work = load_workload(root_dir / "workloads/watch_adapt.yaml", ["timesteps=24"])
    timesteps = next(factor for factor in factors_of(chip, work)[0] if factor.name == "timesteps")
    assert timesteps.settings() == sorted(timesteps.settings())
    assert 24 in timesteps.settings()


def test_a_network_that_is_no_chain_keeps_its_depth_and_says_so(root_dir):
    chip = load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    work = load_workload(root_dir / "workloads/watch_sfcn.yaml")
    factors, notes = factors_of(chip, work)
    assert not {"depth", "width"} & {factor.name for factor in factors}
    assert any("depth and width" in note for note in notes)


def test_crossed_configurations_carry_all_assignments():
    one = Configuration("a=1", {"a": 1}, ("x=1",), ())
    other = Configuration("b=2", {"b": 2}, (), ("y=2",))
    both = Configuration.crossed([one, other])
    assert (both.name, both.for_chip, both.for_workload) == ("a=1, b=2", ("x=1",), ("y=2",))
    assert both.settings == {"a": 1, "b": 2}
    assert replace(both, name="c") != both
