"""Sample-and-hold circuits: a capacitor's energy and noise, and areas that hold none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from archsim.components import Parts, price_rows
from archsim.errors import SpecError
from archsim.spec import load_chip

MakeParts = Callable[..., Parts]


def capacitor(capacitance: str = "10 fF", area: str = "8 um2") -> dict[str, Any]:
    return {
        "model": "capacitor", "capacitance": capacitance, "swing": "0.8 V", "area": area, "leakage": "0 uW",
        "source": "prices.md: 10 fF",
    }  # fmt: skip


def scaling(parts: Parts) -> str:
    return next(item.scaling for item in parts.items() if item.component == "sample_hold")


def test_a_held_value_takes_the_charge_of_its_capacitor(make_parts: MakeParts) -> None:
    parts = make_parts({"sample_hold.cost": capacitor()})
    assert parts.sample_hold.energy_pj == pytest.approx(6.4e-3, rel=1e-12)  # prices.json: 6.4 fJ at 0.8 V


def test_ten_femtofarad_are_quiet_enough_for_five_bit(make_parts: MakeParts) -> None:
    parts = make_parts({"sample_hold.cost": capacitor(), "adc.resolution": "5 bit"})
    # prices.md: kT/C 0.64 mV rms, 1/40 of a step of 5 bit
    assert parts.sample_hold._noise_v(10) == pytest.approx(0.64e-3, rel=0.01)
    assert 0.8 / 2**5 / parts.sample_hold._noise_v(10) == pytest.approx(40, rel=0.03)
    assert scaling(parts) == ""


def test_a_small_capacitor_is_told_to_be_noisy(make_parts: MakeParts) -> None:
    parts = make_parts({"sample_hold.cost": capacitor("1 fF"), "adc.resolution": "8 bit"})
    assert scaling(parts) == "1 fF, kT/C noise 2 mV rms beside steps of 3.1 mV"


def test_isaacs_area_is_told_to_hold_no_capacitor(root_dir: Path) -> None:
    rows = price_rows(load_chip(root_dir / "arch_specs" / "isaac_32nm.yaml"))
    (said,) = (row["scaling"] for row in rows if row["component"] == "sample_hold")
    assert said.startswith("no sampling capacitor: 0.02 µm² hold 0.039 fF at most")


def test_a_circuit_whose_area_stands_elsewhere_is_left_alone(root_dir: Path) -> None:
    rows = price_rows(load_chip(root_dir / "arch_specs" / "neurram_130nm.yaml"))
    assert [row["scaling"] for row in rows if row["component"] == "sample_hold"] == [""]


def test_an_area_too_small_for_its_capacitor_is_refused(make_parts: MakeParts) -> None:
    with pytest.raises(SpecError, match=r"sample_hold\.cost\.area: 10 fF take 5 µm² at least"):
        make_parts({"sample_hold.cost": capacitor(area="4 um2")})
