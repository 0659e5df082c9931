"""What a tile sends to itself goes over its own bus, with time and energy like anything else there."""

from __future__ import annotations

import pytest
from lowering_support import counts, n_tasks

ONE_TILE = ["tile.pes=8", "pe.crossbars=8"]
STEPS = 2 * 6  # samples, timesteps


def test_spikes_for_the_next_layer_on_the_same_tile_take_beats_of_its_bus(lowered):
    low = lowered("dense", "inference", ONE_TILE)
    assert low.mapping.n_tiles == 1
    for layer in ("a", "b"):  # 12 and 9 spikes are two bytes, one beat of 64 bit
        assert counts(low, layer=layer)["move"] == n_tasks(low, "move", layer=layer) == STEPS
    assert counts(low, layer="out")["move"] == counts(low, layer="input")["move"] == 0
    narrow = lowered("dense", "inference", [*ONE_TILE, "tile.bus.width=8 bit"])
    assert counts(narrow, layer="a")["move"] == 2 * STEPS
    (price,) = [low.actions[name] for name in low.actions if name == "move"]
    assert [(charge.component, charge.energy_pj) for charge in price.charges] == [("tile_bus", 3.456)]


def test_what_goes_to_another_tile_takes_links_and_no_bus(lowered):
    low = lowered("dense", "inference", ["tile.pes=1", "pe.crossbars=64"])
    assert low.mapping.n_tiles == 1
    apart = lowered("dense", "inference", ["tile.pes=1", "pe.crossbars=6"])  # a takes 3 crossbars, b 6, out 2
    a, b = (apart.mapping.plans[name] for name in "ab")
    assert {home.tile for home in a.homes} | set(b.tiles) == {0, 1}
    sent = {tile for tile in b.tiles if tile not in {home.tile for home in a.homes}}
    kept = set(b.tiles) - sent
    assert (len(sent), len(kept)) == (1, 1)
    assert counts(apart, layer="a")["move"] == STEPS
    assert n_tasks(apart, "receive", layer="a") == 2 * STEPS


@pytest.mark.parametrize(("phase", "per_step"), [("bp", 1), ("dfa", 1)])
def test_errors_take_the_bus_too(lowered, phase, per_step):
    """12 errors of 8 bit are two beats, 9 are two, 3 are one; DFA sends the last also to both layers below."""
    low = lowered("dense", phase, ONE_TILE)
    where = {"stage": {"bp": "backward", "dfa": "feedback"}[phase]}
    moved = {layer: counts(low, layer=layer, **where)["move"] for layer in ("a", "b", "out")}
    to_feedback = 2 * STEPS if phase == "dfa" else 0
    assert moved == {"a": 2 * STEPS, "b": 2 * STEPS, "out": per_step * STEPS + to_feedback}
