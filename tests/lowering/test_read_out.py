"""Arrays that are held or read again: who holds them and the converters how long, and what a read takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest
from causality_support import check_causality
from lowering_support import NETWORKS

from archsim.engine import run_tasks
from archsim.lowering import Lowered
from archsim.lowering.one_read import price_one_read
from archsim.spec import load_chip
from archsim.verify import verify

READ = ["device.read_pulse=10 ns", "device.on_time=5 ns", "drivers.latency=2 ns", "adc.rate=250 MS/s"]
HOLD = [*READ, "sample_hold=null", "crossbar.read_out=hold"]
REREAD = [*READ, "sample_hold=null", "crossbar.read_out=reread"]


def reads(low: Lowered) -> Iterator[tuple[int, int]]:
    """Each read and its conversion."""
    graph = low.graph
    names = [graph.action_names[action].partition("@")[0] for action in graph.action]
    for task, name in enumerate(names):
        if name == "convert":
            before = graph.after_idx[graph.after_ptr[task] : graph.after_ptr[task + 1]].tolist()
            (read,) = (t for t in before if names[t] == "read")
            yield read, task


@pytest.mark.parametrize("scope", ["crossbar", "pe"])
@pytest.mark.parametrize("options", [HOLD, REREAD], ids=["hold", "reread"])
@pytest.mark.parametrize(
    ("network", "phase"), [*product(NETWORKS, ["inference"]), ("dense", "bp"), ("dense", "dfa")]
)
def test_cells_conduct_only_while_their_converters_are_free_for_them(lowered, network, phase, options, scope):
    low = lowered(network, phase, [*options, f"adc.scope={scope}"])
    trace = run_tasks(low.graph)
    verify(low.graph, trace)
    check_causality(low, lowered.work, trace)
    held = low.graph.occupancy_ps
    besides_ps = 5_000  # the rest of the read pulse
    for read, convert in reads(low):
        assert trace.start_ps[convert] == trace.done_ps[read]
        assert trace.start_ps[convert] + held[convert] + besides_ps == trace.start_ps[read] + held[read]


def full_array(*options: str, rows: int) -> dict[str, float]:
    chip = load_chip("tests/chips/wearable_rram.yaml", [*READ, "crossbar.cost.word_line_energy=0.3 fJ", *options])
    return price_one_read(chip, rows).energy_pj


@pytest.mark.parametrize("options", [[], HOLD, REREAD], ids=["sampled", "hold", "reread"])
def test_energy_of_a_read_is_linear_in_active_rows_and_zero_without_any(options):
    found = {rows: full_array(*options, rows=rows) for rows in (0, 1, 32, 128)}
    for part in ("crossbar", "drivers"):
        assert found[0][part] == 0
        assert found[32][part] == pytest.approx(32 * found[1][part], rel=1e-12)
        assert found[128][part] == pytest.approx(128 * found[1][part], rel=1e-12)
    assert found[0]["adc"] == found[128]["adc"] > 0


def test_energy_of_cells_is_linear_in_the_columns_that_are_connected():
    # of 128 columns half hold weights of one column more: 3 cells a pair leave 126 of 128 columns connected
    line_pj = 0.3e-3 * 128
    cell_pj = {}
    for n_cells in (1, 3):
        found = full_array("device.levels=4", f"crossbar.cells_per_weight={n_cells}", rows=1)["crossbar"]
        cell_pj[n_cells] = found - line_pj
    assert cell_pj[1] == pytest.approx(128 * 0.25 * 1.75e-6 * 5_000, rel=1e-12)  # pairs: mean of 1 and 2.5 uS
    assert cell_pj[3] == pytest.approx(126 / 128 * cell_pj[1], rel=1e-12)


def test_lines_are_raised_for_every_slot_of_a_reread_alone():
    once, again = (full_array(*options, rows=10)["drivers"] for options in (HOLD, REREAD))
    assert again == pytest.approx(64 * once, rel=1e-12)  # 64 columns share an ADC
