"""What writing is expected to cost equals what writing cells costs on average."""

import numpy as np
import pytest

import archsim
from archsim.crossbar.cells import Cells, expected_pulses, with_expected_pulses
from archsim.errors import SpecError

CHIP = "arch_specs/neurram_130nm.yaml"
SPREADS = {
    "constant": "{kind: constant, sigma: 0.05}",
    "proportional": "{kind: proportional, sigma: 0.1}",
    "wan": "{kind: table, scale: window}",
}


def chip_with(root_dir, spread, max_pulses, *more):
    rule = f"write_verify: {{band: 0.04, max_pulses: {max_pulses}}}"
    return archsim.load_chip(root_dir / CHIP, [f"device.errors={{programming: {SPREADS[spread]}, {rule}}}", *more])


@pytest.mark.parametrize("max_pulses", [3, 1000])
@pytest.mark.parametrize("spread", SPREADS)
def test_pulses_that_cells_take_agree_with_the_expected_ones(root_dir, spread, max_pulses):
    device = chip_with(root_dir, spread, max_pulses).device
    levels = np.linspace(device.g_min_siemens, device.g_max_siemens, device.n_levels)
    cells = Cells(
        (device.n_levels, 20_000),
        g_min_siemens=device.g_min_siemens,
        g_max_siemens=device.g_max_siemens,
        errors=device.errors,
        read_pulse_ps=device.read_pulse_ps,
        seed=1,
    )
    cells.program(np.broadcast_to(levels[:, None], cells.shape))
    measured = cells.writes.mean(axis=1)
    error = 4 * cells.writes.std(axis=1).mean() / np.sqrt(cells.writes.size)
    assert error < 0.02 * measured.mean()  # a law that is wrong by 5 % would be seen
    assert expected_pulses(device) == pytest.approx(measured.mean(), abs=error)


def test_cells_that_are_not_verified_take_one_pulse(root_dir):
    assert expected_pulses(archsim.load_chip(root_dir / CHIP).device) == 1.0


def test_auto_prices_writing_with_the_expected_pulses(root_dir):
    auto = chip_with(root_dir, "constant", 100, "write.pulses_per_cell=auto")
    by_hand = auto.write.model_copy(update={"pulses_per_cell": expected_pulses(auto.device)})
    assert with_expected_pulses(auto).write == by_hand
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", ["samples=1", "batch=1", "timesteps=4"])
    found = archsim.simulate(auto, work, phase="bp")
    same = archsim.simulate(auto.model_copy(update={"write": by_hand}), work, phase="bp")
    once = archsim.simulate(chip_with(root_dir, "constant", 100, "write.pulses_per_cell=1"), work, phase="bp")
    assert (found.latency_ps, found.energy_pj) == (same.latency_ps, same.energy_pj)
    assert found.latency_ps > once.latency_ps


def test_a_given_number_of_pulses_stays(root_dir):
    chip = archsim.load_chip(root_dir / CHIP)
    assert with_expected_pulses(chip) is chip


def test_nothing_is_priced_before_auto_is_resolved(root_dir):
    from archsim.components.write_circuits import pulses_per_cell

    with pytest.raises(SpecError, match="with_expected_pulses"):
        pulses_per_cell(chip_with(root_dir, "constant", 100, "write.pulses_per_cell=auto").write)
