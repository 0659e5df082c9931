"""A noise source: a write is least certain in the middle of the window, where filaments begin to form."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

import archsim
from archsim.crossbar import CrossbarArray
from archsim.crossbar.cells.noises import NoiseKind, Window
from archsim.spec import ArraySpec

Part = Annotated[float, Field(ge=0, le=1)]


@archsim.register
class MiddleNoise(NoiseKind):
    """`sigma` of the window at its middle, falling to zero at both ends as a parabola does."""

    kind: Literal["middle"]
    sigma: Part

    def sigma_siemens(self, conductance_siemens: np.ndarray, window: Window) -> np.ndarray:
        at = (conductance_siemens - window.g_min_siemens) / window.width_siemens
        return np.maximum(4 * at * (1 - at), 0.0) * self.sigma * window.width_siemens


if __name__ == "__main__":
    weights = np.random.default_rng(0).uniform(-1, 1, (64, 32))
    for noise in ({"kind": "constant", "sigma": 0.05}, {"kind": "middle", "sigma": 0.05}):
        spec = ArraySpec(rows=64, columns=64, errors={"programming": noise})
        error = CrossbarArray(spec, weights, seed=0).mvm(np.eye(64)) - weights
        print(f"{noise['kind']}: weights off by {error.std():.3f}")
