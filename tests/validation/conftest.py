"""One run of a chip file on a workload, as the validation tests look at it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from peers.runs import Run, run_on
from peers.runs import dense as dense_layer

MakeRun = Callable[..., Run]


@pytest.fixture(scope="session")
def make_run(root_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> MakeRun:
    """Run a chip, a file below the top folder, on a workload of workloads/ or on one that is written out."""
    folder = tmp_path_factory.mktemp("workloads")

    def run(
        chip: str,
        work: str | dict[str, Any],
        *,
        chip_set: tuple[str, ...] = (),
        work_set: tuple[str, ...] = (),
        phase: str = "inference",
    ) -> Run:
        if isinstance(work, str):
            path = root_dir / "workloads" / f"{work}.yaml"
        else:
            path = folder / f"{work['name']}.yaml"
            path.write_text(json.dumps(work))  # JSON is YAML
        return run_on(root_dir / chip, path, chip_set, work_set, phase)

    return run


@pytest.fixture(scope="session")
def dense() -> Callable[..., dict[str, Any]]:
    """A workload of one dense layer whose inputs are all active, in one timestep."""
    return dense_layer
