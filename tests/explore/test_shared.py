"""Configurations that share a graph get what a simulation of each by itself gives, to the last bit."""

from __future__ import annotations

from dataclasses import replace

import pytest
from explore_support import HerePool, one_by_one, write_study
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import archsim
from archsim.explore import played, read_study, run, sweep
from archsim.explore.evaluate import Job, evaluate
from archsim.explore.measures import WITHOUT_TRACE, measure_result
from archsim.explore.shared import BOUND, Shared, graph_key
from archsim.explore.study import Resolved

BASE = "tests/chips/wearable_rram.yaml"
WATCH = ["timesteps=2", "samples=1", "batch=1"]

TIMES = st.integers(1, 300_000).map("{} ps".format)
FREE = {
    "device.read_pulse": TIMES,
    "drivers.latency": TIMES,
    "adc.rate": st.sampled_from(["0.05 GS/s", "0.7 GS/s", "3 GS/s"]),
    "adc.resolution": st.sampled_from(["4 bit", "5 bit", "9 bit"]),
    "adc.kind": st.sampled_from(["sar", "flash", "ramp"]),
    "write.pulse": TIMES,
    "shift_add.cycle": TIMES,
    "shift_add.lanes": st.integers(1, 200),
    "tile.accumulator.latency": TIMES,
    "tile.neuron_unit.lanes": st.integers(1, 200),
    "tile.gradient_unit.cycle": TIMES,
    "tile.bus.cycle": TIMES,
    "tile.membrane_buffer.cycle": TIMES,
    "tile.gradient_buffer.cycle": TIMES,
    "tile.gradient_buffer.banks": st.sampled_from([1, 3, "auto"]),
    "tile.membrane_buffer.cost.model": st.sampled_from(["cacti", "sram"]),
    "interconnect.frequency": st.sampled_from(["50 MHz", "1 GHz", "4 GHz"]),
    "interconnect.router_latency": TIMES,
    "interconnect.cost.energy": st.sampled_from(["0.5 pJ", "40 pJ"]),
    "tile.control.area": st.sampled_from(["10 um2", "1 mm2"]),
    "technology.node": st.sampled_from(["22 nm", "32 nm"]),
}

# times are drawn far beyond what is usual
pytestmark = pytest.mark.filterwarnings("ignore::archsim.errors.UnusualWarning")


@pytest.fixture(scope="module")
def shared() -> Shared:
    return Shared()


@pytest.fixture(scope="module")
def short(root_dir):
    return archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", WATCH)


def resolved(root_dir, work, sets: list[str], phase: str = "inference") -> Resolved:
    return Resolved(archsim.load_chip(root_dir / BASE, sets), work, phase, 0)


def simulated(item: Resolved) -> dict[str, float]:
    result = archsim.simulate(item.chip, item.work, "compiled", item.seed, item.phase)
    return measure_result(result, sorted(WITHOUT_TRACE))


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.fixed_dictionaries({}, optional=FREE), phase=st.sampled_from(["inference", "bp", "dfa"]))
def test_shared_graphs_give_what_simulations_give(root_dir, shared, short, values, phase):
    base = resolved(root_dir, short, [], phase)
    other = resolved(root_dir, short, [f"{path}={value}" for path, value in values.items()], phase)
    assert graph_key(other) == graph_key(base)
    metrics = shared.metrics([base, other], sorted(WITHOUT_TRACE))
    assert metrics[0] == simulated(base)  # what is lowered here is always shared with itself
    assert metrics[1] is None or metrics[1] == simulated(other)
    if phase == "inference" and "drivers.latency" not in values:
        assert metrics[1] is not None


@pytest.mark.parametrize("phase", ["inference", "bp"])
def test_a_configuration_that_comes_alone_has_the_figures_of_its_simulation(root_dir, short, phase):
    item, shared = resolved(root_dir, short, ["tile.pes=2"], phase), Shared()
    wanted = simulated(item)
    assert shared.metrics([item], sorted(WITHOUT_TRACE)) == [wanted]  # laid down for it alone
    assert shared.metrics([item], sorted(WITHOUT_TRACE)) == [wanted]  # by the expressions of its times


@pytest.mark.parametrize("phase", ["inference", "dfa"])
def test_chips_of_other_arrays_use_what_is_known_of_the_network_and_not_of_each_other(root_dir, short, phase):
    shared, every = (
        Shared(),
        [["crossbar.rows=64"], ["tile.pes=2", "drivers.resolution=2 bit"], ["crossbar.rows=96"]],
    )
    for sets in every:
        item = resolved(root_dir, short, sets, phase)
        assert shared.metrics([item], sorted(WITHOUT_TRACE)) == [simulated(item)]


def test_tiles_that_differ_are_simulated_by_themselves(root_dir, shared, short):
    sets = ["tiles=tailored", "tile.pes=1", "pe.crossbars=4"]
    tailored = [resolved(root_dir, short, [*sets, f"adc.kind={kind}"]) for kind in ("sar", "flash")]
    assert shared.metrics(tailored, ["energy_pj"]) == [None, None]


@pytest.mark.parametrize("phase", ["bp", "program"])
def test_chips_with_a_law_of_pulses_share_their_graphs(root_dir, shared, short, phase):
    law = ["write.pulses_per_cell={kind: levels}", "write.parallel_cells=48", "write.read_before=true"]
    items = [resolved(root_dir, short, [*law, *more], phase) for more in ([], ["write.pulse=300 ns"])]
    assert shared.metrics(items, sorted(WITHOUT_TRACE)) == [simulated(item) for item in items]


@pytest.mark.parametrize("phase", ["inference", "dfa"])
def test_a_graph_of_packets_through_routers_is_shared_too(root_dir, shared, short, phase):
    routers = ["tile.pes=1", "interconnect.buffer_flits=4", "interconnect.virtual_channels=2"]
    slower = ["interconnect.frequency=300 MHz", "interconnect.router_latency=7 ns"]
    base, other = (resolved(root_dir, short, [*routers, *more], phase) for more in ([], slower))
    assert graph_key(other) == graph_key(base)
    metrics = shared.metrics([base, other], sorted(WITHOUT_TRACE))
    assert metrics == [simulated(base), simulated(other)]


@pytest.mark.parametrize("read_out", ["hold", "reread"])
def test_arrays_without_a_sample_and_hold_share_graphs_too(root_dir, shared, short, read_out):
    alike = ["sample_hold=null", f"crossbar.read_out={read_out}", "crossbar.cost.word_line_energy=0.3 fJ"]
    times = {"device.on_time": "5 ns", "device.read_pulse": "20 ns", "adc.rate": "0.3 GS/s"}
    base = resolved(root_dir, short, [*alike, "device.on_time=30 ns"])
    other = resolved(root_dir, short, [*alike, *(f"{path}={value}" for path, value in times.items())])
    assert graph_key(other) == graph_key(base)
    assert shared.metrics([base, other], sorted(WITHOUT_TRACE)) == [simulated(base), simulated(other)]


@pytest.mark.parametrize(
    "change",
    ["tiles=tailored", "tile.input_buffer.size=exact", "crossbar.rows=64", "adc.columns_per_adc=16",
     "drivers.charged=ones", "tile.bus.width=32 bit"],
)  # fmt: skip
def test_what_changes_the_tasks_is_not_shared(root_dir, short, change):
    assert graph_key(resolved(root_dir, short, [change])) != graph_key(resolved(root_dir, short, []))


def test_a_workload_or_seed_of_its_own_is_not_shared(root_dir, short):
    base = resolved(root_dir, short, [])
    longer = archsim.load_workload(root_dir / "workloads/watch_mlp.yaml", ["timesteps=4"])
    assert len({graph_key(item) for item in (base, replace(base, work=longer), replace(base, seed=1))}) == 3


def test_what_cannot_keep_to_a_latency_is_not_played_out(root_dir, short, shared):
    slow = resolved(root_dir, short, ["device.read_pulse=10 us"])
    latency = simulated(slow)["latency_ps"]
    (found,) = shared.metrics([slow], ["latency_ps"], most_ps=latency / 2)
    assert set(found) == {BOUND}
    assert latency / 2 < found[BOUND] <= latency
    assert shared.metrics([slow], ["latency_ps"], most_ps=latency) == [{"latency_ps": latency}]


def test_dear_metrics_are_found_only_where_cheap_ones_keep_to_the_limits(tmp_path, monkeypatch):
    from archsim.explore import evaluate as module

    asked = []

    def dear(job: Job, wanted):
        asked.append(job.resolved.chip.crossbar.n_rows)
        return dict.fromkeys(wanted, 0.9)

    monkeypatch.setattr(module, "_learned", dear)
    monkeypatch.setattr(run, "pool_of", lambda *_: HerePool())
    more = "constraints: {accuracy: {at_least: 0.8}, energy_pj: {at_most: 40 nJ}}"
    path = write_study(tmp_path, "chip.crossbar.rows: [32, 64, 128]", more)
    path.write_text(path.read_text().replace("watch_mlp.yaml", "watch_adapt.yaml"))
    study = read_study(path)
    energies = {}
    for rows in (32, 64, 128):
        item = study.resolve({"chip.crossbar.rows": rows})
        energies[rows] = archsim.simulate(item.chip, item.work, phase=item.phase).energy_pj
    limit = sorted(energies.values())[1]
    path.write_text(path.read_text().replace("40 nJ", f"{limit!r} pJ"))
    found = sweep(path, tmp_path / "out")
    assert sorted(asked) == sorted(rows for rows, energy in energies.items() if energy <= limit)
    assert [record["state"] for record in found.records].count("pruned") == 1
    pruned = next(record for record in found.records if record["state"] == "pruned")
    assert "accuracy not looked for: energy_pj out of bounds" in pruned["error"]
    assert pruned["metrics"]["energy_pj"] > limit


def test_together_or_one_by_one_the_records_are_the_same(tmp_path, monkeypatch):
    text = "chip.device.read_pulse: [20 ns, 60 ns, 100 ns]\nchip.adc.resolution: [4 bit, 6 bit]"
    path = write_study(tmp_path, text)
    found = {}
    alone = one_by_one(lambda job: evaluate([job])[0])
    for name, function in (("together", evaluate), ("alone", alone)):
        monkeypatch.setattr(run, "pool_of", lambda *_, f=function: HerePool(f))
        found[name] = [(r["key"], r["metrics"]) for r in sweep(path, tmp_path / name).records]
    assert found["together"] == found["alone"]


@pytest.fixture
def counted(monkeypatch):
    """How often a function of a module is called."""

    def count(module, name: str) -> list[object]:
        calls, function = [], getattr(module, name)

        def call(*given, **named):
            calls.append(given)
            return function(*given, **named)

        monkeypatch.setattr(module, name, call)
        return calls

    return count


def test_tasks_that_were_played_and_verified_are_not_played_again(root_dir, short, counted):
    every = [["tile.pes=4"], ["interconnect.cost.energy=3 pJ"], ["tile.pes=1"]]
    items, shared = [resolved(root_dir, short, sets) for sets in every], Shared()
    runs, checks = counted(played, "run_tasks"), counted(played, "verify")
    for item, n_runs in zip(items, (1, 1, 2), strict=True):
        assert shared.metrics([item], sorted(WITHOUT_TRACE), key=str(item.chip)) == [simulated(item)]
        assert len(runs) == len(checks) == n_runs


def test_a_bound_that_comes_later_is_kept_to_by_what_was_played(root_dir, short):
    item, shared = resolved(root_dir, short, []), Shared()
    alone = Shared().metrics([item], ["energy_pj"], most_ps=1)
    shared.metrics([item], ["energy_pj"])
    again = resolved(root_dir, short, ["tile.control.area=2 um2"])
    assert list(alone[0]) == [BOUND]
    assert shared.metrics([again], ["energy_pj"], most_ps=1, key="another") == alone


def test_prices_alone_need_no_run_of_the_engine(root_dir, short, counted):
    prices = ["interconnect.cost.energy=3 pJ", "tile.control.area=2 mm2", "adc.resolution=5 bit"]
    items, shared = [resolved(root_dir, short, [price]) for price in prices], Shared()
    runs = counted(archsim.explore.shared, "run_many")
    assert shared.metrics(items, sorted(WITHOUT_TRACE)) == [simulated(item) for item in items]
    assert [len(services[0]) for _, services in runs] == [1]
    shared.metrics(items[1:], ["energy_pj"])
    assert len(runs) == 1
