"""
Ten minutes to the first chip
=============================

A chip, a network with recorded activity, one simulation; then the same with arrays of half the size.
"""

import matplotlib.pyplot as plt

import archsim

# %%
# A chip is a YAML file. This one is a wearable-class chip at 22 nm; everything that it does not say comes from the
# component library of that node, each price with its sources. ``archsim new chip`` writes one for you.

chip = archsim.load_chip("wearable_rram")
print(chip)

# %%
# A workload is a network and what drives it: here a window of a smart-watch recording, 16 timesteps of it.

work = archsim.load_workload("watch_mlp", ["timesteps=16", "samples=1", "batch=1"])
result = archsim.simulate(chip, work, phase="inference", engine="compiled")
print(f"{result.latency_ps / 1e6:.2f} µs, {result.energy_pj / 1e3:.2f} nJ, {result.area_um2 / 1e6:.3f} mm²")
print("busiest:", result.busiest_resource.name)

# %%
# Every picojoule belongs to a component, a layer, a stage and an action; the parts sum to the whole exactly.

parts = sorted(result.breakdown("component").items(), key=lambda part: part[1]["energy_pj"])[-8:]
plt.barh([name for name, _ in parts], [part["energy_pj"] / 1e3 for _, part in parts])
plt.xlabel("energy in nJ")
plt.tight_layout()

# %%
# Change something: arrays of half the size, and an ADC for every sixteen columns. Every key can be set.

smaller = archsim.load_chip(
    "wearable_rram",
    ["crossbar.rows=64", "crossbar.columns=64", "write.parallel_cells=64", "adc.columns_per_adc=16"],
)
other = archsim.simulate(smaller, work, phase="inference", engine="compiled")
for name, run in (("128 x 128", result), ("64 x 64", other)):
    print(f"{name}: {run.latency_ps / 1e6:.2f} µs, {run.energy_pj / 1e3:.2f} nJ, {run.area_um2 / 1e6:.3f} mm²")
