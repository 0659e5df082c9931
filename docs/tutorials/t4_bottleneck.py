"""
Find the bottleneck
===================

What a run's time is spent on, who waited for whom, and what would help.
"""

import matplotlib.pyplot as plt

import archsim
from archsim.metrics import critical_path, path_shares, waits

chip = archsim.load_chip("wearable_rram", ["adc.columns_per_adc=64"])
work = archsim.load_workload("watch_mlp", ["timesteps=16", "samples=1", "batch=1"])
result = archsim.simulate(chip, work, phase="inference", engine="compiled")

# %%
# The critical path goes back from the last task through what let each task start; its parts sum to the latency.

path = critical_path(result.graph, result.trace)
shares = path_shares(result.graph, path, "kind")
names = sorted(shares, key=shares.get)[-8:]
plt.barh(names, [shares[name] / 1e6 for name in names])
plt.xlabel("time on the critical path in µs")
plt.tight_layout()

# %%
# What tasks waited for, all together:

found = waits(result.graph, result.trace)
print(f"{int(found.wait_ps.sum()) / 1e6:.1f} µs of waiting, of all tasks")

# %%
# The same run with one converter for eight columns, simulated anew, is what the critical path asks for:

shared_less = archsim.load_chip("wearable_rram", ["adc.columns_per_adc=8"])
faster = archsim.simulate(shared_less, work, phase="inference", engine="compiled")
for name, run in (("64 columns per ADC", result), ("8 columns per ADC", faster)):
    print(f"{name}: {run.latency_ps / 1e6:.2f} µs, {run.area_um2 / 1e6:.3f} mm²")
