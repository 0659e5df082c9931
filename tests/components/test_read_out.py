"""What a read takes: closed forms of its energy and times, with and without a sample-and-hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from archsim.components import Parts, without_effect
from archsim.spec import Chip

MakeParts = Callable[..., Parts]
MakeChip = Callable[..., Chip]

# a 128x128 array at 22 nm of 2.5 uS cells: the defaults of prices.md
DEFAULT: dict[str, Any] = {
    "device.g_min": "1 uS",
    "device.g_max": "4 uS",
    "device.read_voltage": "0.5 V",
    "device.read_pulse": "10 ns",
    "device.on_time": "5 ns",
    "crossbar.cost.word_line_energy": "0.3 fJ",
    "drivers.latency": "2 ns",
    "adc.columns_per_adc": 8,
    "adc.rate": "250 MS/s",
}


def without_hold(read_out: str | None, **more: Any) -> dict[str, Any]:
    said = {} if read_out is None else {"crossbar.read_out": read_out}
    return {**DEFAULT, "sample_hold": None, **said, **more}


def test_a_cell_conducts_for_the_on_time_and_not_for_the_whole_cycle(make_parts: MakeParts) -> None:
    parts = make_parts(DEFAULT)
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    assert spike.read_ps == 10_000
    # prices.md: (0.5 V)^2 x 2.5 uS x 5 ns = 3.1 fJ
    assert parts.crossbar.read(spike, "fc", 2.5e-6, 128).energy_pj == pytest.approx(3.125e-3, rel=1e-12)


def test_a_word_line_of_128_cells_takes_38_fj(make_parts: MakeParts) -> None:
    parts = make_parts(DEFAULT)
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    of = {c.component: c.energy_pj for c in parts.drivers.drive(spike, 128).charges}
    assert of == {"drivers": 0.5, "crossbar": pytest.approx(38.4e-3, rel=1e-12)}


def test_without_an_on_time_cells_conduct_for_the_whole_read_pulse(make_parts: MakeParts) -> None:
    parts = make_parts({key: value for key, value in DEFAULT.items() if key != "device.on_time"})
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    assert parts.crossbar.read(spike, "fc", 2.5e-6, 128).energy_pj == pytest.approx(6.25e-3, rel=1e-12)


@pytest.mark.parametrize(
    ("read_out", "on_ns", "held_ns", "activations"),
    [
        ("hold", 5 + 7 * 4, 10 + 7 * 4, 1),  # 8 slots of a conversion of 4 ns, the first inside the pulse
        ("reread", 5, 8 * 10 + 7 * 2, 8),  # each column conducts in its own slot; lines settle before each
        (None, 8 * 5, 8 * 10, 1),  # the whole array, once for each column of an ADC
    ],
)
def test_columns_that_share_an_adc_are_held_or_read_again(
    make_parts: MakeParts, read_out: str | None, on_ns: int, held_ns: int, activations: int
) -> None:
    parts = make_parts(without_hold(read_out))
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    cell_pj = parts.crossbar.read(spike, "fc", 2.5e-6, 128).energy_pj
    assert cell_pj == pytest.approx(0.25 * 2.5e-6 * on_ns * 1e3, rel=1e-12)
    assert parts.crossbar.read_ps(spike, 128) == held_ns * 1000
    charges = {c.component: c.energy_pj for c in parts.drivers.drive(spike, 128).charges}
    assert charges == {
        "drivers": pytest.approx(activations * 0.5), "crossbar": pytest.approx(activations * 38.4e-3),
    }  # fmt: skip


def test_a_slow_converter_keeps_cells_conducting(make_parts: MakeParts) -> None:
    # 20 ns a conversion: nothing else keeps the value meanwhile
    parts = make_parts(without_hold("reread", **{"adc.rate": "50 MS/s"}))
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    assert parts.crossbar.conducting_ps(spike, 128) == 20_000
    assert parts.crossbar.read_ps(spike, 128) == 8 * (20_000 + 5_000) + 7 * 2_000
    held = make_parts(without_hold("hold", **{"adc.rate": "50 MS/s"}))
    assert held.crossbar.conducting_ps(spike, 128) == 8 * 20_000
    assert held.crossbar.read_ps(spike, 128) == 8 * 20_000 + 5_000


@pytest.mark.parametrize("rate", ["250 MS/s", "50 MS/s"])
@pytest.mark.parametrize(("read_out", "n_conversions"), [("hold", 8), ("reread", 1)])
def test_cells_conduct_until_the_end_of_their_conversion(
    make_parts: MakeParts, read_out: str, n_conversions: int, rate: str
) -> None:
    crossbar = make_parts(without_hold(read_out, **{"adc.rate": rate})).crossbar
    (spike,) = make_parts(DEFAULT).drivers.read_cycles(1, signed=False)
    one_ps = crossbar.parts.adc.convert_ps(1, 8)
    before_ps = crossbar.before_conversion_ps(spike, 128)
    assert before_ps + n_conversions * one_ps == crossbar.conducting_ps(spike, 128)
    # what a read needs besides comes after the last of them
    assert before_ps + crossbar.converting_ps(spike, 128) + 5_000 == crossbar.read_ps(spike, 128)


@pytest.mark.parametrize("read_out", ["hold", "reread"])
def test_few_columns_take_few_slots(make_parts: MakeParts, read_out: str) -> None:
    parts = make_parts(without_hold(read_out))
    (spike,) = parts.drivers.read_cycles(1, signed=False)
    assert parts.crossbar.read_ps(spike, 16) == 10_000
    assert parts.crossbar.conducting_ps(spike, 16) == 5_000


def test_an_on_time_longer_than_the_pulse_is_refused(make_chip: MakeChip) -> None:
    with pytest.raises(ValueError, match="must be no longer than read_pulse"):
        make_chip({**DEFAULT, "device.on_time": "11 ns"})


def test_a_read_out_beside_a_sample_and_hold_is_told(make_chip: MakeChip) -> None:
    notes = without_effect(make_chip({**DEFAULT, "crossbar.read_out": "hold"}))
    assert any(note.startswith("crossbar.read_out: changes nothing") for note in notes)


def test_columns_with_an_adc_each_have_no_multiplexer(make_parts: MakeParts) -> None:
    mux = {"cost": {"model": "cited", "energy": "1 fJ", "area": "10 um2", "leakage": "0 uW", "source": "prices"}}
    for n_columns, has_mux in ((1, False), (2, True)):
        parts = make_parts({"adc.columns_per_adc": n_columns, "crossbar.column_mux": mux})
        assert ("column_mux" in [part.kind for part in parts]) == has_mux
