"""Write recurrent_cuba.nir: a small recurrent CubaLIF network with random weights, shaped like a Braille reader.

4 inputs, 40 recurrent CubaLIF neurons, 28 CubaLIF outputs. The time constants and the time step of 0.1 ms are
choices; the weights are drawn from a fixed seed. Run it anywhere: python workloads/make_recurrent_cuba.py
"""

from __future__ import annotations

from pathlib import Path

import nir
import numpy as np

N_INPUT, N_HIDDEN, N_OUTPUT = 4, 40, 28
TAU_SYN_S, TAU_MEM_S, DT_S = 5e-4, 2e-3, 1e-4
SEED = 7


def neurons(n: int) -> nir.CubaLIF:
    """CubaLIF neurons that behave like ``i = a i + x; u = b u + i`` with a step of `DT_S`."""
    ones = np.ones(n)
    return nir.CubaLIF(
        tau_syn=TAU_SYN_S * ones,
        tau_mem=TAU_MEM_S * ones,
        r=ones * TAU_MEM_S / DT_S,
        v_leak=0 * ones,
        v_threshold=ones,
        v_reset=0 * ones,
        w_in=ones * TAU_SYN_S / DT_S,
    )


def network() -> nir.NIRGraph:
    """The graph; the gains are chosen so that few hidden neurons spike, as in trained Braille networks."""
    rng = np.random.default_rng(SEED)

    def weights(n_out: int, n_in: int, gain: float) -> nir.Linear:
        return nir.Linear(weight=gain * rng.normal(size=(n_out, n_in)) / np.sqrt(n_in))

    return nir.NIRGraph(
        nodes={
            "input": nir.Input(np.array([N_INPUT])),
            "fc1": weights(N_HIDDEN, N_INPUT, 0.3),
            "lif1": neurons(N_HIDDEN),
            "rec": weights(N_HIDDEN, N_HIDDEN, 0.3),
            "fc2": weights(N_OUTPUT, N_HIDDEN, 0.5),
            "lif2": neurons(N_OUTPUT),
            "output": nir.Output(np.array([N_OUTPUT])),
        },
        edges=[
            ("input", "fc1"),
            ("fc1", "lif1"),
            ("lif1", "rec"),
            ("rec", "lif1"),
            ("lif1", "fc2"),
            ("fc2", "lif2"),
            ("lif2", "output"),
        ],
    )


if __name__ == "__main__":
    nir.write(str(Path(__file__).with_name("recurrent_cuba.nir")), network())
