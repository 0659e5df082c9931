"""An export format: folded stacks, which flamegraph.pl and speedscope.app draw as a flame graph."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import archsim
from archsim.export import Format, export
from archsim.export.writing import packed_file


@archsim.register
class Folded(Format):
    """For flame graphs: a line "stage;layer;action picoseconds" for each action of a layer."""

    kind = "folded"
    suffixes = (".folded",)
    writes = "stacks"

    def write(self, result: archsim.Result, path: str | Path) -> int:
        spans = result.spans()
        time_ps: Counter[str] = Counter()
        for stage, layer, action, start, end in zip(
            spans.stage, spans.layer, spans.action, spans.start_ps, spans.end_ps, strict=True
        ):
            names = spans.stage_names[stage], spans.layer_names[layer] or "chip", spans.action_names[action]
            time_ps[";".join(names)] += int(end - start)
        with packed_file(path) as file:
            file.writelines(f"{stack} {ps}\n".encode() for stack, ps in sorted(time_ps.items()))
        return len(time_ps)


if __name__ == "__main__":
    work = archsim.load_workload("workloads/watch_mlp.yaml", ["timesteps=2", "samples=2"])
    run = archsim.simulate(archsim.load_chip("arch_specs/wearable_rram.yaml"), work)
    print(export(run, "watch.folded"), "stacks of", run.name)
