"""The totals of a run, and what follows from them: one line each."""

from __future__ import annotations

from collections.abc import Callable

from archsim.metrics.idle import idle_of
from archsim.metrics.metric import Metric
from archsim.metrics.result import Result
from archsim.registry import METRICS


def _figure(name: str, of: Callable[[Result], float], is_fraction: bool = False) -> None:
    about = {"kind": name, "of": staticmethod(of), "is_fraction": is_fraction, "__module__": __name__}
    METRICS.register(type(name, (Metric,), about))


_figure("latency_ps", lambda result: result.latency_ps)
_figure("energy_pj", lambda result: result.energy_pj)
_figure("area_um2", lambda result: result.area_um2)
_figure("idle_area_um2", lambda result: idle_of(result.items)["area_um2"])
_figure("average_power_uw", lambda result: result.average_power_uw)
_figure("peak_power_uw", lambda result: result.peak_power_uw)
_figure("throughput_per_s", lambda result: result.throughput_per_s)
_figure("latency_per_sample_ps", lambda result: result.latency_ps / result.n_samples)
_figure("energy_per_sample_pj", lambda result: result.energy_pj / result.n_samples)
_figure("dynamic_energy_pj", lambda result: result.dynamic_energy_pj)
_figure("leakage_energy_pj", lambda result: result.leakage_energy_pj)
_figure("leakage_uw", lambda result: result.leakage_uw)
_figure("energy_delay_pj_ps", lambda result: result.energy_pj * result.latency_ps)
_figure("busiest_utilisation", lambda result: result.busiest_resource.utilisation, is_fraction=True)
