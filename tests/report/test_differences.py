"""Where two results differ: signs, shares, and sums without a rest."""

from __future__ import annotations

import random
from fractions import Fraction
from typing import Any

import pytest

from archsim.errors import ArchsimError
from archsim.report.differences import FIGURES, as_data, difference_table, differences


def record(**parts: tuple[float, float]) -> dict[str, Any]:
    """A record whose parts have some energy (pJ) and time (ps)."""
    lines = {name: {"energy_pj": pj, "latency_ps": ps, "area_um2": 0.0} for name, (pj, ps) in parts.items()}
    totals = {key: sum(line[key] for line in lines.values()) for key in ("energy_pj", "latency_ps", "area_um2")}
    return {"totals": totals, "breakdown": {"component": lines}}


def test_changes_have_a_sign_and_a_share_and_new_parts_start_from_nothing():
    found = differences(record(adc=(8.0, 100), bus=(1.0, 20)), record(adc=(2.0, 90), noc=(3.0, 50)))
    energy = found["energy_pj"]
    assert [(part.part, part.change) for part in energy.parts] == [("adc", -6), ("noc", 3), ("bus", -1)]
    assert (energy.before, energy.after, energy.change) == (9.0, 5.0, -4)
    assert [energy.share(part) for part in energy.parts] == [Fraction(3, 2), Fraction(-3, 4), Fraction(1, 4)]
    assert [(part.part, part.change) for part in found["latency_ps"].parts] == [
        ("noc", 50),
        ("bus", -20),
        ("adc", -10),
    ]
    assert found["area_um2"].share(found["area_um2"].parts[0]) is None


def test_changes_of_real_results_sum_to_the_whole_change_exactly(root_dir):
    import archsim

    work = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", ["timesteps=3", "samples=1", "batch=1"])
    chips = [
        archsim.load_chip(root_dir / "tests/chips/wearable_rram.yaml", [change])
        for change in ("adc.rate=1 GS/s", "adc.rate=0.3 GS/s", "crossbar.rows=32")
    ]
    records = [archsim.simulate(chip, work, "heap").to_dict() for chip in chips]
    for after in records[1:]:
        for by in ("component", "layer", "stage", "action"):
            found = differences(records[0], after, by)
            for figure in FIGURES:
                one = found[figure]
                assert sum(part.change for part in one.parts) == Fraction(after["totals"][figure]) - Fraction(
                    records[0]["totals"][figure]
                )
                if one.change:
                    assert sum(one.share(part) for part in one.parts) == 1


def test_parts_that_do_not_sum_to_their_total_are_refused():
    wrong = record(adc=(8.0, 1))
    wrong["totals"]["energy_pj"] = 9.0
    with pytest.raises(ArchsimError, match="energy_pj by component: the parts of a result do not sum"):
        differences(record(adc=(1.0, 1)), wrong)
    with pytest.raises(ArchsimError, match="unknown breakdown 'colour'; there are: component"):
        differences(record(), record(), "colour")
    with pytest.raises(ArchsimError, match="no result of archsim: KeyError"):
        differences({}, record())


def test_the_table_shows_the_largest_changes_and_one_line_for_the_rest():
    before = record(**{f"part{k}": (100.0, 100) for k in range(6)})
    after = record(**{f"part{k}": (100.0 + 2**k, 100) for k in range(6)})
    lines = difference_table(differences(before, after), "component", top=2).splitlines()
    assert [line.split()[0] for line in lines] == ["component", "part5", "part4", "4", "all"]
    assert "+32 pJ  50.8 %" in lines[1]
    assert "+15 pJ  23.8 %" in lines[3]
    assert "+63 pJ   100 %" in lines[4]
    assert difference_table(differences(before, after), "component", 2, as_markdown=True).startswith(
        "| component |"
    )


def test_the_rounding_of_cells_is_told_as_no_change():
    before, after = record(adc=(1e6, 1), bus=(1.0, 1)), record(adc=(1e6 + 2**-30, 1), bus=(2.0, 1))
    lines = difference_table(differences(before, after), "component", top=9).splitlines()
    assert [line.split()[0] for line in lines] == ["component", "bus", "all"]


def test_json_says_what_the_table_says():
    rng = random.Random(1)
    before, after = (record(**{n: (rng.random(), rng.randrange(99)) for n in "abc"}) for _ in "ab")
    data: Any = as_data(differences(before, after))
    assert data["latency_ps"]["change"] == sum(part["change"] for part in data["latency_ps"]["parts"])
    assert sum(part["share"] for part in data["energy_pj"]["parts"]) == pytest.approx(1)
