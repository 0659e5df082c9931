"""The survey of one array, and the samples of an error model that are drawn from it."""

from __future__ import annotations

import numpy as np
import pytest

from archsim.crossbar.look import Question, bytes_of, grid_of, in_use, looked
from archsim.crossbar.samples import simulated_samples
from archsim.errors import ArchsimError
from archsim.spec import load_chip
from archsim.spec.arrays import array_spec

WEIGHTS = np.random.default_rng(0).normal(size=(20, 6))


def chip(root_dir, *options: str):
    small = "crossbar.rows=16", "crossbar.columns=16", "write.parallel_cells=16"
    return load_chip(root_dir / "arch_specs" / "wearable_rram.yaml", [*small, *options])


def question(**changes: object) -> Question:
    return Question(**{"place": (0, 0), "seed": 3, "n_vectors": 40, "density": 0.5, "input_bits": 1, **changes})


def test_an_ideal_chip_gives_the_exact_products(root_dir):
    said: list[str] = []
    look = looked(chip(root_dir, "ideal=true"), WEIGHTS, question(), said.append)
    assert look.output == pytest.approx(look.ideal, abs=1e-9)
    assert look.stored == pytest.approx(look.ideal, abs=1e-9)
    assert look.converter is None
    assert look.range_ends is None
    assert look.faulty == {"stuck_on": 0, "stuck_off": 0, "open": 0}
    assert len(said) == 2


def test_stuck_cells_are_counted_and_the_converter_is_shown(root_dir):
    found = looked(chip(root_dir, "device.errors.faults={stuck_on: 1.0}"), WEIGHTS, question(place=(1, 0)))
    assert found.faulty == {"stuck_on": found.array.fault_codes.size, "stuck_off": 0, "open": 0}
    assert found.place == (1, 0)
    assert found.range_ends == (found.converter.lowest, found.converter.highest)
    low, high = found.range_ends
    assert low <= np.percentile(found.sums, 1)
    assert np.percentile(found.sums, 99) <= high * 1.5


@pytest.mark.parametrize("bits", [0, 1, 4])
def test_as_many_inputs_are_driven_as_the_density_says(root_dir, bits):
    found = looked(chip(root_dir, "ideal=true"), WEIGHTS, question(input_bits=bits, n_vectors=400, density=0.25))
    active = found.array.counters.active_rows
    most = 400 * len(WEIGHTS) * found.array.grid[1] * max(1, bits)
    assert 0.05 * most < active < 0.35 * most


def test_what_is_not_modelled_is_not_drawn(root_dir):
    gated = "crossbar.cell=gated", "crossbar.wires={row: 1 ohm, column: 1 ohm}"
    assert looked(chip(root_dir, *gated), WEIGHTS[:4, :2], question(n_vectors=2)).drop_frac is None
    plain = looked(chip(root_dir, gated[1]), WEIGHTS[:4, :2], question(n_vectors=2))
    assert 0 < np.nanmax(plain.drop_frac) < 1


def test_the_last_arrays_of_a_grid_are_not_full(root_dir):
    spec = array_spec(chip(root_dir))
    assert grid_of(spec, WEIGHTS.shape) == (2, 2)
    used = in_use(spec, WEIGHTS.shape, (1, 1))
    assert used.sum() == (20 - 16) * (6 - spec.n_weights_per_row) * spec.n_columns_per_weight
    assert bytes_of(spec, 10, WEIGHTS.shape) < bytes_of(spec, 11, WEIGHTS.shape)


def test_samples_of_an_ideal_chip_have_no_errors(root_dir):
    found = simulated_samples(chip(root_dir, "ideal=true"), WEIGHTS, "weights", question())
    assert found.names[0] == "ideal"
    assert found.error == pytest.approx(0, abs=1e-9)
    assert len(np.unique(found.features[:, 0].round(6))) > 10
    assert "seed 3" in found.source


def test_a_learned_chip_has_no_samples_of_its_own(root_dir):
    learned = chip(root_dir)
    learned = learned.model_copy(
        update={"device": learned.device.model_copy(
            update={"errors": learned.device.errors.model_copy(update={"learned": "model.json"})}
        )}
    )  # fmt: skip
    with pytest.raises(ArchsimError, match="learned model already"):
        simulated_samples(learned, WEIGHTS, "weights", question())
