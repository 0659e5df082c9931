"""
BP or DFA on the chip
=====================

A step of back-propagation through time (BP) beside one of direct feedback alignment (DFA): what each costs on the
same chip, and which mechanism the difference comes from.
"""

import matplotlib.pyplot as plt

import archsim

chip = archsim.load_chip("wearable_rram")
work = archsim.load_workload("watch_mlp", ["timesteps=16", "samples=1", "batch=1"])
steps = {rule: archsim.simulate(chip, work, phase=rule, engine="compiled") for rule in ("bp", "dfa")}
for rule, step in steps.items():
    print(f"{rule}: {step.latency_ps / 1e6:.1f} µs, {step.energy_pj / 1e6:.3f} µJ, {step.area_um2 / 1e6:.3f} mm²")

# %%
# What the energy is spent on, by stage of training: on this chip BP keeps a transposed copy of its weights, and
# the writes of that copy are most of the difference.

names = sorted({name for step in steps.values() for name in step.breakdown("stage")})
for number, (rule, step) in enumerate(steps.items()):
    parts = step.breakdown("stage")
    heights = [parts[name]["energy_pj"] / 1e6 if name in parts else 0.0 for name in names]
    plt.bar([at + 0.4 * number for at in range(len(names))], heights, width=0.4, label=rule.upper())
plt.xticks([at + 0.2 for at in range(len(names))], names)
plt.ylabel("energy in µJ")
plt.legend()
plt.tight_layout()

# %%
# On arrays that can be read from both sides there is no copy to write:

both_sides = archsim.load_chip("wearable_rram", ["execution.feedback=transposable", "crossbar.transpose=shared"])
bp = archsim.simulate(both_sides, work, phase="bp", engine="compiled")
print(f"bp, read from both sides: {bp.energy_pj / 1e6:.3f} µJ, {bp.area_um2 / 1e6:.3f} mm²")
