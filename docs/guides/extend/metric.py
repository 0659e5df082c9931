"""A metric: what part of the energy is spent on converting, which a study can bound, optimise or record."""

from pathlib import Path

import archsim
from archsim.explore import sweep
from archsim.metrics import Metric

STUDY = """\
version: 1
name: converting
chip: {top}/arch_specs/wearable_rram.yaml
workload: {top}/workloads/watch_mlp.yaml
set: [workload.timesteps=4, workload.samples=2]
phase: inference
parameters: {{chip.adc.columns_per_adc: [16, 64]}}
objectives: {{latency_ps: minimize, converting_frac: minimize}}
constraints: {{converting_frac: {{at_most: 90 %}}}}
"""


@archsim.register
class Converting(Metric):
    """Energy of the ADCs over that of the run."""

    kind = "converting_frac"
    is_fraction = True

    @staticmethod
    def of(result: archsim.Result) -> float:
        return result.breakdown("component")["adc"]["energy_pj"] / result.energy_pj


if __name__ == "__main__":
    Path("converting.yaml").write_text(STUDY.format(top=Path.cwd()))
    for record in sweep("converting.yaml", "converting").records:
        print(record["parameters"], f"{record['metrics']['converting_frac']:.1%}")
