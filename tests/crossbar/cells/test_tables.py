"""Device tables: those of the package equal the recorded ones; wrong files say everything that is wrong."""

from __future__ import annotations

import json

import numpy as np
import pytest

from archsim.crossbar.cells import device_names, device_table
from archsim.errors import SpecError


def write(tmp_path, document):
    path = tmp_path / "device.json"
    path.write_text(json.dumps(document))
    return str(path)


def test_the_devices_of_the_package_are_the_recorded_ones(reference_dir):
    recorded = json.loads((reference_dir / "reference" / "device_noise.json").read_text())
    assert set(device_names()) == set(recorded) - {"note", "unit"}
    for name in device_names():
        table = device_table(name)
        assert np.array_equal(table.target_siemens, np.array(recorded[name]["target"]) / 1e6)
        assert np.array_equal(table.sigma_siemens, np.array(recorded[name]["sigma"]) / 1e6)
        assert table.source == recorded["note"]


def test_a_file_of_the_same_form_is_a_device(tmp_path):
    mine = {"target": [0, 10.0], "sigma": [1, 2.0], "source": "my wafer"}
    table = device_table(write(tmp_path, {"unit": "microsiemens", "mine": mine}))
    assert table.window_siemens == (0.0, pytest.approx(1e-5))
    assert table.sigma_siemens == pytest.approx([1e-6, 2e-6])
    assert table.source == "my wafer"


def test_a_file_may_be_in_siemens_and_hold_several_devices(tmp_path):
    one = {"target": [1e-6, 2e-6], "sigma": [0.0, 1e-7]}
    path = write(tmp_path, {"unit": "siemens", "a": one, "b": {**one, "sigma": [0.0, 3e-7]}})
    assert device_table(f"{path}#b").sigma_siemens[-1] == 3e-7
    with pytest.raises(SpecError, match=r"holds a, b: choose with .*#a"):
        device_table(path)
    with pytest.raises(SpecError, match="no device 'c'; it holds a, b"):
        device_table(f"{path}#c")


def test_every_error_of_a_table_is_said_at_once(tmp_path):
    device = {"target": [1.0, 3.0, 3.0, 2.0], "sigma": [0.1, -0.2, 0.1, 0.1]}
    with pytest.raises(SpecError) as caught:
        device_table(write(tmp_path, {"unit": "microsiemens", "d": device}))
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert "target[2] is 3 after 3: targets must increase" in lines[0]
    assert "target[3] is 2 after 3" in lines[1]
    assert "sigma[1] is -0.2: must not be negative" in lines[2]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            {"unit": "microsiemens", "d": {"target": [1, None, 3], "sigma": [1, 1, 1]}},
            r"target\[1\] is None: the table has a gap",
        ),
        (
            {"unit": "microsiemens", "d": {"target": [1, 2], "sigma": [1, float("nan")]}},
            r"sigma\.1: is nan; a finite number is needed",
        ),
        ({"unit": "microsiemens", "d": {"target": [1, 2], "sigma": [1, True]}}, r"sigma\[1\] is True"),
        ({"unit": "microsiemens", "d": {"target": [1, 2, 3], "sigma": [1, 1]}}, "3 targets but 2 deviations"),
        ({"unit": "microsiemens", "d": {"target": [1], "sigma": [1]}}, "needs two points or more; has 1"),
        ({"unit": "microsiemens", "d": {"target": [-1, 1], "sigma": [1, 1]}}, r"target\[0\] is -1"),
        ({"unit": "microsiemens", "d": {"target": 3, "sigma": [1, 1]}}, "target must be a list of numbers"),
        ({"unit": "microsiemens", "d": {"target": [1, 2]}}, "lists 'target' and 'sigma'"),
        (
            {"unit": "ohm", "d": {"target": [1, 2], "sigma": [1, 1]}},
            "unit must be one of microsiemens, siemens; got 'ohm'",
        ),
        ({"d": {"target": [1, 2], "sigma": [1, 1]}}, "unit must be one of"),
        ({"unit": "siemens"}, "holds no device"),
        ([1, 2], "must hold an object"),
    ],
)
def test_a_table_with_gaps_or_wrong_units_is_refused(tmp_path, document, said):
    with pytest.raises(SpecError, match=said):
        device_table(write(tmp_path, document))


def test_what_is_neither_device_nor_json_is_refused(tmp_path):
    with pytest.raises(SpecError, match=r"'wam': neither a device of the package .wan, milo, joshi. nor a file"):
        device_table("wam")
    path = tmp_path / "broken.json"
    path.write_text("{")
    with pytest.raises(SpecError, match="cannot be read as JSON"):
        device_table(str(path))
