"""
A study
=======

Which chip of many? Array size, ADC sharing and PEs in a tile, all combinations; latency, energy and area; and the
configurations that no other one dominates.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

from archsim.explore import sweep

STUDY = """\
version: 1
name: small
chip: wearable_rram
workload: watch_mlp
set: [workload.timesteps=8, workload.samples=1, workload.batch=1]
phase: inference
parameters:
  array:
    options:
      "64": [chip.crossbar.rows=64, chip.crossbar.columns=64, chip.write.parallel_cells=64]
      "128": [chip.crossbar.rows=128, chip.crossbar.columns=128]
  chip.adc.columns_per_adc: [8, 16, 32, 64]
  chip.tile.pes: [1, 2, 4]
objectives: {latency_ps: minimize, energy_pj: minimize, area_um2: minimize}
"""

folder = Path(tempfile.mkdtemp())
study = folder / "small.yaml"
study.write_text(STUDY)
found = sweep(study, folder / "results")
print(len(found.records), "configurations,", len(found.front), "on the front")

# %%
# A study is kept as it goes: the same call again evaluates nothing.

front = {record["key"] for record in found.front}
for record in found.records:
    figures, colour = record["metrics"], "tab:blue" if record["key"] in front else "lightgrey"
    plt.scatter(figures["area_um2"] / 1e6, figures["latency_ps"] / 1e6, color=colour)
plt.xlabel("area in mm²")
plt.ylabel("latency in µs")
plt.tight_layout()

# %%
# The front, from the fastest on:

for record in sorted(found.front, key=lambda one: one["metrics"]["latency_ps"])[:6]:
    print(record["parameters"], round(record["metrics"]["latency_ps"] / 1e6, 2), "µs")
