"""
An ADC of your own
==================

archsim's ADCs are kinds: classes with one base, found by their name. This page adds one from outside the package,
a ramp that grows exponentially, puts it on a chip, and sees what it brings and what it does not.
"""

import matplotlib.pyplot as plt

import archsim
from archsim.components.adc import AdcKind

# %%
# The chip to start from converts with a linear ramp: a conversion to 8 bit takes 256 steps of 300 ns. On a network
# of a smart watch that is most of the time.

RAMP = ["adc.kind=ramp", "adc.cost.per=step"]
chip = archsim.load_chip("neurram_130nm", RAMP)
work = archsim.load_workload("watch_mlp", ["timesteps=2", "samples=2", "batch=2"])
ramp = archsim.simulate(chip, work, phase="inference", engine="compiled")
busiest = ramp.busiest_resource
print(f"ramp: {ramp.latency_ps / 1e9:.2f} ms; {busiest.name} is busy for {busiest.utilisation:.1%} of it")

# %%
# A kind says how many steps a conversion takes; all else has a default. Here ``bits`` doublings of the smallest
# value, four steps in each; the energy is a comparison for each step and one for the reset; and a chip file that
# does not fit is told in a sentence.


@archsim.register
class LogRamp(AdcKind):
    """Codes that are spaced evenly in the logarithm."""

    kind = "log_ramp"

    def n_steps(self, bits):
        """Four in each doubling."""
        return 4 * bits

    def energy_pj(self, bits):
        """A cited energy is that of one comparison."""
        if self.adc.cost.model != "cited" or not bits:
            return super().energy_pj(bits)
        return self.adc.cost.energy_pj * (self.n_steps(bits) + 1)

    def errors(self):
        """What in the chip file does not go with it."""
        if self.adc.step_ps is None:
            return ["adc.rate: a log_ramp takes step, the time of one of its steps"]
        return super().errors()


# %%
# From here on it is a kind like any other: one key of the chip.

own = archsim.load_chip("neurram_130nm", ["adc.kind=log_ramp", "adc.cost.per=step"])
log_ramp = archsim.simulate(own, work, phase="inference", engine="compiled")
runs = {"ramp": ramp, "log_ramp": log_ramp}
figure, axes = plt.subplots(1, 2, figsize=(8, 3))
axes[0].bar(list(runs), [run.latency_ps / 1e9 for run in runs.values()])
axes[0].set_ylabel("latency in ms")
axes[1].bar(list(runs), [run.breakdown("component")["adc"]["energy_pj"] / 1e3 for run in runs.values()])
axes[1].set_ylabel("energy of the ADCs in nJ")
figure.tight_layout()
for name, run in runs.items():
    print(f"{name}: {run.latency_ps / 1e9:.2f} ms, {run.energy_pj / 1e3:.1f} nJ")

# %%
# A sweep over its bits: steps grow with the bits, not with two to their power.

bits = range(4, 11)
for kind in ("ramp", "log_ramp"):
    chips = [archsim.load_chip("neurram_130nm", [f"adc.kind={kind}", f"adc.resolution={n} bit"]) for n in bits]
    times = [archsim.simulate(one, work, phase="inference", engine="compiled").latency_ps / 1e9 for one in chips]
    plt.semilogy(bits, times, marker="o", label=kind)
plt.xlabel("bits")
plt.ylabel("latency in ms")
plt.legend()
plt.tight_layout()

# %%
# A chip that does not go with it is refused with the kind's own words:

wrong = archsim.load_chip("neurram_130nm", ["adc.kind=log_ramp", "adc.step=null", "adc.rate=10 MHz"])
try:
    archsim.simulate(wrong, work, phase="inference")
except archsim.SpecError as error:
    print(error)

# %%
# What this kind does not change: the numbers. Sums of an array are rounded as ``adc.resolution`` says, in even
# steps, whatever the kind, so the accuracy of a logarithmic code is not in ``archsim learn`` yet.
#
# A script's kind lives in its process. For the command line and for studies on several machines a package names
# the class as an entry point, and ``adc.kind: log_ramp`` is then good in every chip file:
#
# .. code-block:: toml
#
#     [project.entry-points."archsim.adcs"]
#     log_ramp = "my_package.converters:LogRamp"
#
# Optimizers, neurons, interconnects, learning rules, metrics, commands and more are kinds too; the guide "Kinds of
# your own" has an example of each.
