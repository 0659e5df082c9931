"""A workload around any network."""

from __future__ import annotations

from dataclasses import replace

import pytest

import archsim


@pytest.fixture
def work_of(root_dir):
    """A workload with a network, and what is said of learning."""

    def made(network, *said: str):
        work = archsim.load_workload(root_dir / "workloads" / "watch_mlp.yaml", said)
        return replace(work, network=network)

    return made
