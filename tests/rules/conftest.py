"""A workload around any network."""

from __future__ import annotations

from dataclasses import replace

import pytest
from lowering_support import Lowerer

import archsim


@pytest.fixture
def work_of(root_dir):
    """A workload with a network, and what is said of learning."""

    def made(network, *said: str):
        work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", said)
        return replace(work, network=network)

    return made


@pytest.fixture
def lowered(tmp_path, root_dir):
    """Lowers a small network of its own, as the tests of lowering do."""
    return Lowerer(tmp_path, root_dir / "tests" / "chips" / "wearable_rram.yaml")
