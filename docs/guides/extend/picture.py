"""A picture of a result: time that each component is busy; `result.plot` and `archsim plot` draw it."""

from __future__ import annotations

from pathlib import Path

import archsim
from archsim.plot import Picture, figure, save_figure


@archsim.register
class Busy(Picture):
    kind = "busy"

    @staticmethod
    def draw(result: archsim.Result, path: str | Path) -> dict[str, int]:
        busy = {name: part["busy_ps"] for name, part in result.breakdown("component").items() if part["busy_ps"]}
        fig = figure(7, 1 + 0.3 * len(busy))
        axes = fig.add_subplot()
        axes.barh(list(busy), [ps / 1e6 for ps in busy.values()])
        axes.set_xlabel("busy (µs)")
        save_figure(fig, path)
        return busy


if __name__ == "__main__":
    work = archsim.load_workload("workloads/watch_mlp.yaml", ["timesteps=2", "samples=1", "batch=1"])
    run = archsim.simulate(archsim.load_chip("arch_specs/wearable_rram.yaml"), work)
    shown = run.plot("busy")
    print(shown.png[1:4], sum(shown.data.values()) == run.busy_ps)
