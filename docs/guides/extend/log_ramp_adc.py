"""A kind of ADC: a ramp that grows exponentially, so that its codes are spaced evenly in the logarithm."""

from __future__ import annotations

import archsim
from archsim.components.adc import AdcKind

CODES_PER_DOUBLING = 4


@archsim.register
class LogRamp(AdcKind):
    """`bits` doublings of the smallest value, each in four steps, where a linear ramp takes 2^bits."""

    kind = "log_ramp"

    def n_steps(self, bits: int) -> int:
        return CODES_PER_DOUBLING * bits

    def energy_pj(self, bits: int) -> float:
        """A comparison for each step, and the reset of the ramp, taken as one more."""
        if self.adc.cost.model != "cited" or not bits:
            return super().energy_pj(bits)
        return self.adc.cost.energy_pj * (self.n_steps(bits) + 1)

    def errors(self) -> list[str]:
        if self.adc.step_ps is None:
            return ["adc.rate: a log_ramp takes step, the time of one of its steps"]
        return super().errors()


if __name__ == "__main__":
    work = archsim.load_workload("workloads/watch_mlp.yaml", ["timesteps=2", "samples=2"])
    for kind in ("ramp", "log_ramp"):
        changes = [f"adc.kind={kind}", "adc.cost.per=step"]
        chip = archsim.load_chip("arch_specs/neurram_130nm.yaml", changes)
        run = archsim.simulate(chip, work, phase="inference")
        print(
            f"{kind}: {run.latency_ps / 1e9:.2f} ms, ADCs {run.breakdown('component')['adc']['energy_pj']:.0f} pJ"
        )
