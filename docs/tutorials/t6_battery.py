"""
How long a battery lasts
========================

A watch infers every few seconds and adapts a few times a day. Energy of a run, the chip's leakage while it sleeps,
and the charge of a coin cell give days.
"""

import matplotlib.pyplot as plt

import archsim
from archsim.metrics.budget import CELLS, Load, day_of

chip = archsim.load_chip("wearable_rram")
work = archsim.load_workload("watch_mlp", ["timesteps=16", "samples=1", "batch=1"])
loads = {}
for phase in ("inference", "dfa"):
    run = archsim.simulate(chip, work, phase=phase, engine="compiled")
    loads[phase] = Load(phase, run.energy_pj, run.latency_ps, run.peak_power_uw, run.leakage_uw)
    print(phase, f"{run.energy_pj / 1e3:.1f} nJ")

# %%
# Days of a CR2032 by inferences a second, with 24 adaptations a day:

rates = [0.1, 0.4, 1, 4, 10, 40]
days = [day_of(loads["inference"], loads["dfa"], rate, 24, cell=CELLS["cr2032"]).life_s / 86400 for rate in rates]
plt.loglog(rates, days, marker="o")
plt.xlabel("inferences a second")
plt.ylabel("days")
plt.tight_layout()
