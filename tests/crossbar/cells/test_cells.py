"""Cells as a whole: seeds, independent streams, everything together."""

from __future__ import annotations

import numpy as np
import pytest
from cells_support import G_MAX, G_MIN, MIDDLE, N, make, programmed
from hypothesis import given, settings
from hypothesis import strategies as st

from archsim.crossbar.cells import Fault

EFFECTS = {
    "programming": {"kind": "constant", "sigma": 0.05},
    "relaxation": {"kind": "proportional", "sigma": 0.02},
    "device_spread": 0.1,
    "read_noise": {"kind": "constant", "sigma": 0.01},
    "telegraph": {"amplitude": 0.2, "mean_high": "3 us", "mean_low": "1 us"},
    "drift": {"kind": "power_law", "nu": 0.05, "nu_spread": 0.02, "start": "1 s"},
    "faults": {"stuck_on": 0.05, "stuck_off": 0.05, "open": 0.05},
    "update": {"pulses": 50, "potentiation": 2.4, "depression": -4.88, "cycle_spread": 0.02},
    "endurance": {"cycles": 60, "spread": 0.5, "fails": "off"},
}
VERIFY = {"write_verify": {"band": 0.03, "max_pulses": 5}}


def life(cells):
    """A history that uses everything; the conductances after each step."""
    rng = np.random.default_rng(9)
    n = cells.writes.shape
    seen = []
    for _ in range(3):
        cells.program(rng.uniform(G_MIN, G_MAX, n), where=rng.random(n) < 0.7)
        seen.append(cells.conductance_siemens)
        if cells.errors.update is not None:
            cells.pulse(rng.integers(-30, 31, n))
        seen.append(cells.conductance_siemens)
        cells.age(1e3)
        cells.pass_reads(100)
        seen.append(cells.conductance_siemens)
    return np.array(seen)


@pytest.mark.parametrize("verify", [{}, VERIFY], ids=["open loop", "write-verify"])
def test_the_same_seed_gives_the_same_bits_and_another_gives_others(verify):
    one, same, other = (life(make((30, 20), seed=seed, **EFFECTS, **verify)) for seed in (5, 5, 6))
    assert np.array_equal(one, same)
    assert (one != other).mean() > 0.8


def test_a_seed_sequence_is_used_and_left_alone():
    parent = np.random.SeedSequence(5)
    a, b = (programmed(shape=50, seed=parent, **EFFECTS).conductance_siemens for _ in range(2))
    assert np.array_equal(a, b)
    assert parent.n_children_spawned == 0
    assert np.array_equal(a, programmed(shape=50, seed=5, **EFFECTS).conductance_siemens)
    assert not np.array_equal(a, programmed(shape=50, seed=parent.spawn(1)[0], **EFFECTS).conductance_siemens)


# verify reads see the cells' own factors: with these, other cells are written again
ADDED = ["relaxation", "telegraph", "drift", "faults", "endurance", "update"]


@pytest.mark.parametrize(
    ("added", "verify"), [(name, verify) for name in ADDED for verify in ({}, VERIFY)] + [("device_spread", {})]
)
def test_switching_an_effect_on_leaves_the_draws_of_the_others(added, verify):
    alone = programmed(shape=2000, **verify, programming=EFFECTS["programming"])
    both = make(2000, **verify, programming=EFFECTS["programming"], **{added: EFFECTS[added]})
    only = make(2000, **{added: EFFECTS[added]})
    for cells in (both, only):
        cells.program(MIDDLE)
    ratio = only.conductance_siemens / MIDDLE
    healthy = only.fault_codes == Fault.NONE
    if added == "relaxation":
        expected = alone.conductance_siemens + only.conductance_siemens - MIDDLE
    else:
        expected = alone.conductance_siemens * ratio
    assert both.conductance_siemens[healthy] == pytest.approx(expected[healthy], rel=1e-12)
    assert np.array_equal(both.fault_codes, only.fault_codes)


def test_a_second_write_draws_the_same_whatever_the_first_took():
    cells = [
        make(500, programming=EFFECTS["programming"], faults=faults, **VERIFY) for faults in ({}, {"open": 0.3})
    ]
    for one in cells:
        one.program(MIDDLE)
        one.program(0.5 * MIDDLE)
    healthy = cells[1].fault_codes == Fault.NONE
    assert np.array_equal(*(one.conductance_siemens[healthy] for one in cells))


def test_different_effects_of_one_seed_are_independent():
    factors = programmed(device_spread=0.1).conductance_siemens
    written = programmed(programming=EFFECTS["programming"]).conductance_siemens
    drifting = programmed(drift=EFFECTS["drift"])
    drifting.age(1e3)
    stuck = make(N, faults=EFFECTS["faults"]).fault_codes
    draws = np.array([factors, written, drifting.conductance_siemens, stuck])
    correlation = np.corrcoef(draws) - np.eye(4)
    assert np.abs(correlation).max() < 4 / np.sqrt(N)


def test_successive_writes_are_independent():
    cells = programmed(programming=EFFECTS["programming"])
    first = cells.conductance_siemens
    cells.program(MIDDLE)
    assert abs(np.corrcoef(first, cells.conductance_siemens)[0, 1]) < 4 / np.sqrt(N)


@settings(max_examples=40)
@given(
    st.sets(st.sampled_from(sorted(EFFECTS))),
    st.booleans(),
    st.integers(0, 2**32),
    st.lists(st.integers(1, 6), min_size=1, max_size=4),
)
def test_whatever_happens_conductances_are_numbers_of_zero_or_more(names, verify, seed, shape):
    chosen = {name: EFFECTS[name] for name in names}
    if verify and "programming" in names:
        chosen |= VERIFY
    cells = make(tuple(shape), seed=seed, **chosen)
    seen = life(cells)
    assert seen.shape[1:] == tuple(shape)
    assert np.isfinite(seen).all()
    assert (seen >= 0).all()
    # exponents of drift are normal over the cells: those of a negative one grow
    if not names & {"programming", "relaxation", "device_spread", "drift"}:
        assert seen.max() <= G_MAX * (1 + 1e-9)
    assert cells.n_pulses == cells.writes.sum()
    variance = cells.read_variance
    assert (variance is None) == ("read_noise" not in names)
    assert variance is None or (variance >= 0).all()


def test_what_is_shown_cannot_be_written_to_and_is_kept_until_it_changes():
    cells = programmed(shape=5, programming=EFFECTS["programming"])
    shown = cells.conductance_siemens
    assert cells.conductance_siemens is shown
    with pytest.raises(ValueError, match="read-only"):
        shown[0] = 1.0
    version = cells.version
    cells.program(MIDDLE)
    assert cells.version > version
    assert cells.conductance_siemens is not shown


def test_the_callers_targets_are_left_alone():
    target = np.full(5, MIDDLE)
    cells = programmed(target, 5, update={"pulses": 10})
    cells.pulse(np.full(5, 3))
    assert (target == MIDDLE).all()
