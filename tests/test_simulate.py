"""From files to a result: real network files, every chip, the same bits."""

from __future__ import annotations

import pytest

import archsim

GOOD_NIR_FILES = [
    "lif_norse.nir",
    "two_lif_neurons.nir",
    "braille__a7c67c3a.nir",
    "braille_flattened__19004303.nir",
    "braille_noDelay_bias_zero.nir",
    "braille_noDelay_bias_zero_subgraph.nir",
    "braille_noDelay_noBias_subtract.nir",
    "cnn_sinabs.nir",
    "scnn_mnist__669fbfad.nir",
]
CHIPS = ["wearable_rram", "spikesim_65nm", "isaac_32nm", "puma_32nm", "neurram_130nm"]
BREAKDOWNS = ("component", "layer", "stage", "action")


@pytest.mark.reference
@pytest.mark.parametrize("name", GOOD_NIR_FILES)
def test_a_real_nir_file_is_evaluated_in_every_phase(name, reference_dir, root_dir):
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    work = archsim.load_workload(reference_dir / "data" / "nir" / name, ["timesteps=2", "activity.rate=0.5"])
    energy = {}
    for phase in ("inference", "bp", "dfa"):
        result = archsim.simulate(chip, work, phase=phase)
        assert result.phase == phase
        energy[phase] = result.energy_pj
    assert energy["inference"] < min(energy["bp"], energy["dfa"])


@pytest.mark.reference
def test_a_file_that_is_no_network_is_refused(reference_dir):
    path = reference_dir / "data" / "nir" / "Braille_snntorch__3049cfa1.nir"
    with pytest.raises(archsim.WorkloadError, match="not a NIR file but a zip archive"):
        archsim.load_workload(path)


@pytest.mark.parametrize("phase", ["inference", "bp", "dfa"])
@pytest.mark.parametrize("chip_name", CHIPS)
def test_every_chip_evaluates_every_phase_and_its_parts_sum_to_the_whole(chip_name, phase, root_dir):
    chip = archsim.load_chip(root_dir / "arch_specs" / f"{chip_name}.yaml")
    options = ["timesteps=6", "samples=1", "batch=1"]
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", options)
    result = archsim.simulate(chip, work, phase=phase)
    for by in BREAKDOWNS:
        parts = result.breakdown(by).values()
        assert sum(part["energy_pj"] for part in parts) == result.energy_pj
        assert sum(part["area_um2"] for part in parts) == result.area_um2
        assert sum(part["busy_ps"] for part in parts) == result.busy_ps
        assert sum(part["latency_ps"] for part in parts) == result.latency_ps
    assert result.average_power_uw <= result.peak_power_uw


def test_the_same_seed_gives_the_same_bits_and_another_seed_other_recordings(root_dir):
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", ["timesteps=32"])
    first, again, other = (archsim.simulate(chip, work, seed=seed) for seed in (3, 3, 4))
    assert first.to_dict() == again.to_dict()
    assert first.energy_pj != other.energy_pj


def test_more_spikes_take_more_energy(root_dir):
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml")
    path = root_dir / "workloads" / "nir_braille_like.yaml"
    energies = [
        archsim.simulate(chip, archsim.load_workload(path, [f"activity.rate={rate}"]), seed=0).energy_pj
        for rate in (0.05, 0.2, 0.8)
    ]
    assert energies == sorted(energies)
    assert energies[0] < energies[2]


def test_a_result_holds_what_made_it(root_dir):
    chip = archsim.load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", ["crossbar.rows=64"])
    work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", ["timesteps=4"])
    made_by = archsim.simulate(chip, work, seed=5, engine="heap").provenance
    assert made_by["chip"]["crossbar"]["rows"] == 64
    assert made_by["workload"]["timesteps"] == 4
    assert (made_by["seed"], made_by["engine"], made_by["phase"]) == (5, "heap", "inference")
    assert set(made_by["versions"]) >= {"archsim", "python", "numpy", "simpy"}


@pytest.mark.parametrize("schedule", ["sequential", "pipelined", "layer_parallel", "within_batch"])
def test_many_samples_learn_at_once_without_waiting_for_each_other_in_a_circle(root_dir, schedule):
    # a later sample's product, ready first, once took the register that an earlier one needed to be read before it
    chip = archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml")
    wanted = ["samples=8", "batch=8", "timesteps=32", f"schedule={schedule}"]
    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", wanted)
    assert archsim.simulate(chip, work, phase="bp", engine="compiled").latency_ps > 0
