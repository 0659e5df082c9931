"""Keys of a workload that change nothing, reported before they are varied."""

from __future__ import annotations

from archsim.workload.models import ConstantActivity, FileActivity, RatesActivity
from archsim.workload.workload import Workload


def without_effect(work: Workload) -> list[str]:
    """Which keys no time and no price of this workload depends on, and what would make them count.

    Examples
    --------
    >>> from archsim.workload import load_workload
    >>> [note] = without_effect(load_workload("workloads/nmnist_mlp.yaml"))
    >>> note.partition(",")[0]
    'network: leak'
    """
    if not isinstance(work.activity, RatesActivity | ConstantActivity | FileActivity):
        return []
    return [
        "network: leak, threshold and reset of neurons, and weights, change no time and no energy here, for "
        f"activity.kind: {work.activity.kind} says who spikes; they count with kind: random_input or dataset"
    ]
