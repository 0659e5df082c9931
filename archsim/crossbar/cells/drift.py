"""Retention: how a written conductance changes with time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.cells.drifts import DriftLaw
from archsim.crossbar.cells.noise import BOLTZMANN_J_PER_K, PS_PER_S
from archsim.registry import DRIFTS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


def arrhenius_factor(activation_energy_pj: float, temperature_k: float, reference_temperature_k: float) -> float:
    """How much faster time passes than at the reference: ``exp(Ea / k (1 / T_reference - 1 / T))``.

    Notes
    -----
    The Arrhenius acceleration factor of JEDEC JEP122, "Failure mechanisms and models for semiconductor devices".

    Examples
    --------
    0.7 eV (1.1215e-7 pJ) at 85 °C against 27 °C:

    >>> round(arrhenius_factor(1.1215e-7, 358.15, 300.15), 1)
    80.1
    """
    inverse = 1 / reference_temperature_k - 1 / temperature_k
    return float(np.exp(activation_energy_pj / 1e12 / BOLTZMANN_J_PER_K * inverse))


class Drifting:
    """The drift clock of every cell and its own rate.

    ``(t / start)^-nu`` (power law) or ``max(0, 1 - loss log10(t / start))`` (log time) of what was written, from
    `start` on; `nu` and `loss` are normal over the cells, drawn once. The clock of a cell starts again when it
    is written. With an activation energy, ``t = t_real exp(Ea / k (1 / T_reference - 1 / T))``.

    Notes
    -----
    Power law: D. Ielmini et al., IEDM (2007), 939; with a spread of exponents: V. Joshi et al., Nat. Commun. 11,
    2473 (2020). Log time: what relaxation over a flat spectrum of activation energies gives, M. R. J. Gibbs,
    J. E. Evetts, J. A. Leake, J. Mater. Sci. 18, 278 (1983).

    Examples
    --------
    >>> from archsim.crossbar.cells.drifts.kinds.power_law import PowerLawDrift
    >>> law = PowerLawDrift(kind="power_law", nu=0.05, start="1 s")
    >>> cells = Drifting(law, (2,), np.random.default_rng(0), 300.0, 300.0)
    >>> cells.age(1000.0)
    >>> cells.factor().round(4).tolist()
    [0.7079, 0.7079]
    """

    def __init__(
        self,
        law: DriftLaw,
        shape: tuple[int, ...],
        rng: np.random.Generator,
        temperature_k: float,
        reference_temperature_k: float,
    ) -> None:
        mean, spread = law.rate
        self._law = law
        self._start_s = law.start_ps / PS_PER_S
        self._rate: Floats | float = mean if spread == 0 else rng.normal(mean, spread, shape)
        self._clock_s: Floats = np.zeros(shape)
        energy = law.activation_energy_pj
        self._speed = 1.0 if energy is None else arrhenius_factor(energy, temperature_k, reference_temperature_k)

    def age(self, seconds: float) -> None:
        """Let time pass for all cells."""
        self._clock_s += seconds * self._speed

    def restart(self, cells: NDArray[np.intp] | Bools) -> None:
        """These cells (flat places) have just been written."""
        self._clock_s.reshape(-1)[cells] = 0.0

    def factor(self) -> Floats:
        """Each written conductance after drift, not below zero."""
        elapsed = np.log(np.maximum(self._clock_s, self._start_s) / self._start_s)
        with DRIFTS.calling(self._law.kind):
            return self._law.factor(self._rate, elapsed)
