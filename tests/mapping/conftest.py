"""Small chips and networks written down in the tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from archsim.mapping import Mapping, map_workload
from archsim.spec import Chip, load_chip
from archsim.workload import Workload, load_workload


@pytest.fixture
def chip(root_dir: Path) -> Callable[..., Chip]:
    """The default chip with some values replaced: `chip("crossbar.rows=8")`."""
    return lambda *changes: load_chip(root_dir / "tests" / "chips" / "wearable_rram.yaml", changes)


@pytest.fixture
def workload(tmp_path: Path) -> Callable[..., Workload]:
    """A workload with the given input shape and layers, each a line of YAML."""

    def make(shape: list[int], *layers: str, **changes: object) -> Workload:
        keys = {
            "timesteps": 6,
            "input_resolution": "1 bit",
            "activity": "{kind: random_input, rate: 0.5}",
            "phases": "[inference, bp, dfa]",
        } | changes
        lines = ["version: 1", "name: test", "network:", f"  input: {shape}", "  layers:"]
        lines += [f"    - {{{layer}}}" for layer in layers] + [f"{key}: {value}" for key, value in keys.items()]
        path = tmp_path / "work.yaml"
        path.write_text("\n".join(lines))
        return load_workload(path)

    return make


@pytest.fixture
def mapped(chip, workload) -> Callable[..., Mapping]:
    """Map layers onto a chip of small arrays: 8 rows, 4 weights side by side."""

    def make(shape: list[int], *layers: str, phase="inference", on=(), **changes: object) -> Mapping:
        small = ["crossbar.rows=8", "crossbar.columns=16", "adc.columns_per_adc=4", "write.parallel_cells=16"]
        return map_workload(chip(*small, *on), workload(shape, *layers, **changes), phase)

    return make
