"""Size of a page and the time until its first picture: of a run with 100,000 and 1,000,000 spans, of a study.

    python benchmarks/html_report.py [--lanes 300] [--configurations 5000] [--keep FOLDER]

Times are those of `performance.now()` in a headless Chromium: until the first picture of the timeline is drawn,
since the page was opened and since its scripts began, and of one more picture; the best of three.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np

from archsim.components import Action, AreaItem, Charge
from archsim.engine import run_tasks
from archsim.explore import Explored, read_study
from archsim.explore.folder import open_folder
from archsim.explore.page import study_page
from archsim.metrics import Result
from archsim.report import html_report
from archsim.taskgraph import TaskGraphBuilder

PARTS = ("crossbar", "adc", "shift_add", "sample_hold")


def made(n_spans: int, n_lanes: int, seed: int = 0) -> Result:
    """A run of chains of tasks of random length over tiles with PEs and crossbars."""
    rng = np.random.default_rng(seed)
    b = TaskGraphBuilder()
    per_tile, per_pe = 64, 16
    pes = [f"tile[{i // per_tile}].pe[{i % per_tile // per_pe}]" for i in range(n_lanes)]
    places = [f"{pe}.crossbar[{i % per_pe // 4}]" for i, pe in enumerate(pes)]
    units = [b.resource(f"{place}.{PARTS[i % 4]}") for i, place in enumerate(places)]
    space = b.resource("global_buffer.space", 4096)
    length = rng.integers(500, 200_000, n_spans).tolist()
    before: list[int] = []
    for i in range(n_spans):
        lane = i % n_lanes
        after = [before[lane - 1]] if lane and i >= n_lanes else []
        claim = [(space, 1 + i % 7)] if i % 10 == 0 else []
        task = b.task(
            action=("drive@1b", "convert@5b", "shift_add", "hold")[lane % 4], count=1 + i % 64,
            uses=[(units[lane], 1)], reserves=claim, frees=claim, occupancy_ps=length[i],
            latency_ps=length[i] + 500, after=after, layer=f"fc{i // n_lanes % 5}",
            stage=("forward", "update")[i % 17 == 0], timestep=i // n_lanes, sample=0,
        )  # fmt: skip
        if lane < len(before):
            before[lane] = task
        else:
            before.append(task)
    graph = b.build()
    prices = {name: Action(name, (Charge(name.split("@")[0], 0.37),)) for name in graph.action_names}
    items = (AreaItem("crossbar", "crossbar", n_lanes, 400.0, 0.1, "an example", "", 1),)
    trace = run_tasks(graph, engine="compiled")
    return Result.of(graph, trace, prices, items, {}, n_lanes, 1, "inference", f"{n_spans} spans", {"seed": seed})


def made_study(n: int, folder: Path, seed: int = 0) -> Explored:
    """A study of configurations of both rules, whose figures are drawn at random."""
    root = Path(__file__).resolve().parent.parent
    lines = ["version: 1", "name: drawn", f"chip: {root}/arch_specs/wearable_rram.yaml",
             f"workload: {root}/workloads/watch_mlp.yaml", "parameters:", "  phase: [bp, dfa]",
             "  chip.adc.columns_per_adc: [8, 16, 32, 64]", "  chip.device.read_pulse: {from: 1 ns, to: 100 ns}",
             "objectives: {latency_ps: minimize, energy_pj: minimize, area_um2: minimize}"]  # fmt: skip
    file = folder / "study.yaml"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    study, rng = read_study(file), np.random.default_rng(seed)
    records = []
    for i, (latency, energy, area, pulse) in enumerate(rng.lognormal(0, 0.6, (n, 4)).tolist()):
        phase = ("bp", "dfa")[i % 2]
        parameters = {"phase": phase, "chip.adc.columns_per_adc": 8 << i % 4,
                      "chip.device.read_pulse": f"{min(100.0, 10 * pulse):.4g} ns"}  # fmt: skip
        metrics = {"latency_ps": 1e6 * latency, "energy_pj": 1e4 * energy, "area_um2": 1e5 * area}
        records.append({"key": f"{i:032x}", "state": "done", "parameters": parameters, "metrics": metrics,
                        "error": None, "phase": phase, "seed": 0})  # fmt: skip
    with open_folder(study, folder / "out"):
        return Explored(study, folder / "out", records, 0)


def of_study(n: int, keep: Path | None) -> None:
    """A line of the table for a study."""
    with tempfile.TemporaryDirectory() as folder:
        found = made_study(n, Path(folder))
        began = time.process_time()
        text = study_page(found, found.folder)
        wrote = time.process_time() - began
        file = Path(keep or folder) / f"study_{n}.html"
        file.write_text(text, encoding="utf-8")
        opened = sorted(first_picture(file, again="study.draw()"))[0]
    head = f"{n:>9} {'study':>6} {len(text.encode()) / 1e6:>7.2f} {wrote:>8.1f}"
    print(f"{head} {opened[0]:>10.0f} {opened[1]:>11.0f} {opened[2]:>10.1f}")


def first_picture(file: Path, times: int = 3, again: str = "shown.line.drawNow()") -> list[tuple[float, ...]]:
    """Milliseconds since the page was opened, since its scripts began, and of one more picture."""
    from playwright.sync_api import sync_playwright

    found = []
    path = shutil.which("chromium") or shutil.which("google-chrome")
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                 "--disable-background-networking", "--disable-component-update"]  # fmt: skip
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=arguments)
        for _ in range(times):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(file.as_uri())
            page.wait_for_selector("body[data-ready]", timeout=60_000)
            page.evaluate(
                f"() => {{ window.again = performance.now(); {again};"
                " window.again = performance.now() - window.again }"
            )
            since = page.evaluate("[archsimDrawn, archsimDrawn - archsimBegan, again]")
            found.append(tuple(since))
            page.close()
        browser.close()
    return found


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lanes", type=int, default=300)
    parser.add_argument("--spans", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--configurations", type=int, default=5000)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    heads = f"{'spans':>9} {'lanes':>6} {'MB':>7} {'write s':>8}"
    print(f"{heads} {'opened ms':>10} {'scripts ms':>11} {'redraw ms':>10}")
    for n_spans in given.spans:
        result = made(n_spans, given.lanes)
        began = time.process_time()
        text = html_report([result])
        wrote = time.process_time() - began
        with tempfile.TemporaryDirectory() as folder:
            file = Path(given.keep or folder) / f"report_{n_spans}_{given.lanes}.html"
            file.write_text(text, encoding="utf-8")
            opened, scripts, again = (sorted(column)[0] for column in zip(*first_picture(file), strict=True))
        size = len(text.encode()) / 1e6
        row = f"{n_spans:>9} {given.lanes:>6} {size:>7.2f} {wrote:>8.1f}"
        print(f"{row} {opened:>10.0f} {scripts:>11.0f} {again:>10.1f}")
    of_study(given.configurations, given.keep)


if __name__ == "__main__":
    main()
