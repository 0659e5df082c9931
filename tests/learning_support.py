"""A learning run that takes a second or two."""

from __future__ import annotations

from pathlib import Path

from archsim.spec import Chip, load_chip
from archsim.workload import Workload, load_workload

ROOT = Path(__file__).resolve().parent.parent
CHIP_FILE = ROOT / "tests" / "chips" / "wearable_rram.yaml"
WORK_FILE = ROOT / "workloads" / "watch_adapt.yaml"
SHORT = (
    "timesteps=16",
    "learning.data.decimation=8",
    "learning.data.step=128",
    "network.layers.0.outputs=24",
    "network.layers.1.outputs=16",
    "learning.pretrain.epochs=5",
    "learning.pretrain.batch=16",
    "learning.pretrain.optimizer.rate=0.01",
    "learning.adapt.passes=2",
    "learning.adapt.optimizer.rate=0.01",
    "learning.adapt.batch=4",
    "learning.adapt.simulated=4",
    "samples=4",
    "batch=4",
)
NOISE = ("device.errors.programming={kind: constant, sigma: 0.03}",)


def chip(*overrides: str) -> Chip:
    return load_chip(CHIP_FILE, [*NOISE, *overrides])


def work(*overrides: str) -> Workload:
    return load_workload(WORK_FILE, [*SHORT, *overrides])


def assignments(*overrides: str) -> list[str]:
    """The same for the command line."""
    return [part for given in (*NOISE, *SHORT, *overrides) for part in ("--set", given)]
