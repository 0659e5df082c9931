"""Recorded outputs of CrossSim 3.2: the same numbers through our codes and schemes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from archsim.crossbar.mvm import adc_of, map_weights, plain_mvm
from archsim.crossbar.readouts.kinds.adc import AdcReadout
from archsim.spec.values import ArraySpec, FixedClip, WeightRules

pytestmark = pytest.mark.reference
EIGHT_BITS = {"resolution": "8 bit", "per_cycle": "1 bit"}


@pytest.fixture(scope="module")
def recorded(reference_dir: Path) -> dict[str, NDArray[Any]]:
    with np.load(reference_dir / "reference" / "crossbar_cases.npz") as file:
        return {name.removeprefix("cs_adc/"): file[name] for name in file if name.startswith("cs_adc/")}


@pytest.fixture(scope="module")
def cases(reference_dir: Path) -> dict[str, Any]:
    described = json.loads((reference_dir / "reference" / "crossbar_cases.json").read_text())
    return dict(described["adc_cases"]["cases"])


def sliced(readout: dict[str, Any]) -> ArraySpec:
    return ArraySpec(
        rows=64,
        columns=512,
        levels=4,
        cells_per_weight=4,
        g_min="1 uS",
        g_max="50 uS",
        inputs=EIGHT_BITS,
        readout=readout,
    )


def test_bit_slices_without_converter_give_the_recorded_products(recorded: dict[str, NDArray[Any]]) -> None:
    mapped = map_weights(recorded["W_int"] / 255, sliced({"kind": "ideal"}))
    y = plain_mvm(recorded["X_int"] / 255, mapped)
    np.testing.assert_allclose(y, recorded["sliced4x2_noadc"], rtol=0, atol=1e-12)


def test_sign_magnitude_codes_on_bit_slices_give_the_recorded_outputs(
    recorded: dict[str, NDArray[Any]], cases: dict[str, Any]
) -> None:
    name = "sliced4x2_signmag_adc6_R7.87"
    reach = cases[name]["R"]
    spec = sliced(
        {
            "kind": "adc",
            "resolution": f"{cases[name]['bits']} bit",
            "range": {"kind": "fixed", "minimum": -reach, "maximum": reach},
        }
    )
    y = plain_mvm(recorded["X_int"] / 255, map_weights(recorded["W_int"] / 255, spec))
    np.testing.assert_allclose(y, recorded[name], rtol=0, atol=1e-12)


def test_uniform_codes_on_offset_weights_give_the_recorded_outputs(recorded: dict[str, NDArray[Any]]) -> None:
    readout = AdcReadout(kind="adc", resolution="8 bit", code="uniform")
    spec = ArraySpec(
        rows=48, columns=40, g_min="1 uS", g_max="50 uS", signed="unsigned", inputs=EIGHT_BITS, readout=readout
    ).model_copy(update={"weights": WeightRules(clip=FixedClip(kind="fixed", maximum=1.0))})
    # recorded in currents over g_max; a full cell is g_max - g_min
    adc = adc_of(readout, 0.0, 31.87 * 50 / 49)
    y = plain_mvm(recorded["X_int"] / 255, map_weights(recorded["W_int"] / 255, spec), adc=adc)
    np.testing.assert_allclose(y, recorded["offset_DIGITAL_OFFSET_adc8_0_31.87"], rtol=0, atol=1e-12)
