"""Outcome of a learning run: accuracies with their intervals, and what the same run costs on the chip."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from archsim.learn.wear import Wear

FORMAT = "archsim learning 1"
_UNITS = {"latency_ps": "ps", "energy_pj": "pj"}
ACCURACIES = ("source", "ideal_before", "before", "after", "ideal_after", "recovered")


@dataclass(frozen=True)
class Estimate:
    """A mean over seeds, and half the width of its 95 % interval (None with fewer than two seeds)."""

    mean: float
    half_width: float | None
    n: int

    def __str__(self) -> str:
        return f"{self.mean:.3f}" if self.half_width is None else f"{self.mean:.3f} ± {self.half_width:.3f}"


def estimate(values: Sequence[float]) -> Estimate:
    """Mean and 95 % interval by Student's t: ``t(0.975, n - 1) s / sqrt(n)``.

    Examples
    --------
    >>> print(estimate([0.80, 0.82, 0.84]))
    0.820 ± 0.050
    """
    from scipy.stats import t

    n, mean = len(values), float(np.mean(values))
    if n < 2:
        return Estimate(mean, None, n)
    half = float(t.ppf(0.975, n - 1)) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return Estimate(mean, half, n)


@dataclass(frozen=True)
class RuleRun:
    """One adaptation with one rule and one seed; accuracies are fractions of the test windows.

    Parameters
    ----------
    seed : int
    rule : str
    source : float
        Of the pre-trained network on its own training windows, in ideal arithmetic.
    ideal_before : float
        Of the same network on the target domain.
    before, after : float
        On the chip, before and after adaptation.
    ideal_after : float
        After the same adaptation in ideal arithmetic.
    n_windows, n_steps : int
        Windows learned from, and updates.
    written_frac : float
        Part of the asked changes that pulsed a cell; 0 where none was asked for.
    wear : Wear
    error_density, spike_rate : dict of str to float
        By layer, of the recorded windows: part of the errors that drive a line, and of the outputs that are
        not zero.
    counters : dict of str to dict
        What every set of arrays did while adapting.
    read_errors : dict of str to dict of str to float
        Relative rms error of what the arrays read after it, by path (forward, backward, feedback) and layer.
    pulses_by_update : dict of str to list of int
        Pulses that cells got, as :class:`archsim.snn.learn.adaptation.Adapted` has them.
    n_simulated : int
        Batches that were recorded for the event simulation; 0 of a seed that is not simulated.
    """

    seed: int
    rule: str
    source: float
    ideal_before: float
    before: float
    after: float
    ideal_after: float
    n_windows: int
    n_steps: int
    written_frac: float
    wear: Wear
    error_density: dict[str, float]
    spike_rate: dict[str, float]
    counters: dict[str, dict[str, int]]
    read_errors: dict[str, dict[str, float]] = field(default_factory=dict)
    pulses_by_update: dict[str, list[int]] = field(default_factory=dict)
    n_simulated: int = 0

    @property
    def recovered(self) -> float:
        """Part of the loss that was won back: (after - before) / (source - before).

        Not a number where nothing was lost.
        """
        lost = self.source - self.before
        return (self.after - self.before) / lost if lost > 0 else math.nan

    def to_dict(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> RuleRun:
        """Back from :meth:`to_dict`."""
        return cls(**{**record, "wear": Wear(**record["wear"])})


@dataclass(frozen=True)
class Unadapted:
    """A seed that was not adapted: the pre-trained network in ideal arithmetic and on the chip."""

    seed: int
    source: float
    ideal_before: float
    before: float


@dataclass(frozen=True)
class LearningResult:
    """All runs of one chip and workload.

    Parameters
    ----------
    name : str
    rules : tuple of str
    seeds : tuple of int
    runs : tuple of RuleRun
        One for each seed and rule.
    unadapted : tuple of Unadapted
        One for each seed.
    hardware : dict of str to dict
        By phase (a rule's name, or "inference"): what :meth:`archsim.metrics.Result.to_dict` gives, of the event
        simulation of the first seed's recorded activity. Of a rule it is the sum over all batches that were
        simulated, and ``adaptation`` tells what they say of the whole (:mod:`archsim.learn.whole`).
    notes : tuple of str
    provenance : dict
    errors : dict of str to str
        Which errors count in the accuracies on the chip, by part (:func:`archsim.spec.errors_on.errors_on`).
    """

    name: str
    rules: tuple[str, ...]
    seeds: tuple[int, ...]
    runs: tuple[RuleRun, ...]
    unadapted: tuple[Unadapted, ...]
    hardware: dict[str, dict[str, Any]]
    notes: tuple[str, ...]
    provenance: dict[str, Any]
    errors: dict[str, str] = field(default_factory=dict)

    def of(self, rule: str) -> list[RuleRun]:
        """The runs of a rule, by seed."""
        return [run for run in self.runs if run.rule == rule]

    def accuracy(self, rule: str, which: str) -> Estimate:
        """Over seeds: "source", "ideal_before", "before", "after", "ideal_after" or "recovered"."""
        return estimate([float(getattr(run, which)) for run in self.of(rule)])

    def unadapted_accuracy(self, which: str) -> Estimate:
        """Over seeds: "source", "ideal_before" or "before" (on the chip)."""
        return estimate([float(getattr(run, which)) for run in self.unadapted])

    @property
    def difference(self) -> Estimate | None:
        """DFA's accuracy after adaptation minus BP's, paired by seed; None without both rules."""
        if not {"bp", "dfa"} <= set(self.rules):
            return None
        pairs = zip(self.of("dfa"), self.of("bp"), strict=True)
        return estimate([dfa.after - bp.after for dfa, bp in pairs])

    def per_sample(self, phase: str) -> dict[str, float]:
        """Mean latency (ps) and energy (pJ) of a sample, and the chip's area (um²), of one phase.

        Of a rule, over the whole adaptation.
        """
        totals = self.hardware[phase]["totals"]
        if adaptation := self.hardware[phase].get("adaptation"):
            each = {name: adaptation[f"window_{unit}"]["value"] for name, unit in _UNITS.items()}
            return {**each, "area_um2": totals["area_um2"]}
        n = totals["n_samples"]
        return {
            "latency_ps": totals["latency_ps"] / n,
            "energy_pj": totals["energy_pj"] / n,
            "area_um2": totals["area_um2"],
        }

    def to_dict(self) -> dict[str, Any]:
        """Every figure, in plain types that JSON can hold; what is not finite is None."""
        summary = {
            rule: {
                **{which: asdict(self.accuracy(rule, which)) for which in ACCURACIES},
                "wear": asdict(self.of(rule)[0].wear),
                "per_sample": self.per_sample(rule) if rule in self.hardware else None,
            }
            for rule in self.rules
        }
        unadapted = {which: asdict(self.unadapted_accuracy(which)) for which in ACCURACIES[:3]}
        difference = self.difference
        record = {
            "format": FORMAT,
            "name": self.name,
            "rules": list(self.rules),
            "seeds": list(self.seeds),
            "errors": self.errors,
            "summary": {
                "unadapted": unadapted,
                **summary,
                "dfa_minus_bp": None if difference is None else asdict(difference),
            },
            "runs": [{**run.to_dict(), "recovered": run.recovered} for run in self.runs],
            "unadapted": [asdict(run) for run in self.unadapted],
            "hardware": self.hardware,
            "notes": list(self.notes),
            "provenance": self.provenance,
        }
        plain: dict[str, Any] = _finite(record)
        return plain


def _finite(value: Any) -> Any:
    """The same with None for what JSON cannot say."""
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
