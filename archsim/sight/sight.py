"""Activity of a mapped workload, layer by layer: the entry point of this room."""

from __future__ import annotations

from typing import assert_never

from archsim.lowering import parts_of
from archsim.lowering.context import Context
from archsim.mapping import Mapping
from archsim.metrics.activity import RunActivity
from archsim.sight.causes import warnings_of
from archsim.sight.raster import raster
from archsim.sight.table import layer_rows
from archsim.snn import Activity
from archsim.spec import Chip
from archsim.workload import Workload
from archsim.workload.models import (
    ActivityModel,
    ConstantActivity,
    DatasetActivity,
    FileActivity,
    RandomActivity,
    RatesActivity,
)


def in_sight_of(chip: Chip, work: Workload, mapping: Mapping, activity: Activity, seed: int = 0) -> RunActivity:
    """Activity of the layers of a mapped workload.

    Parameters
    ----------
    chip, work, activity : Chip, Workload, Activity
        As they are lowered, see :func:`archsim.prepare.prepare`.
    mapping : Mapping
        Says which phase.
    seed : int
        With which the activity was measured.

    Examples
    --------
    >>> import archsim
    >>> from archsim.prepare import prepare
    >>> chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> work = archsim.load_workload("workloads/nmnist_mlp.yaml")
    >>> ready = prepare(chip, work, seed=0, phase="inference")
    >>> seen = in_sight_of(ready.chip, ready.work, ready.mapping, ready.activity)
    >>> [(row.layer, round(row.firing_rate, 2)) for row in seen.layers], seen.source
    ([('input', 0.05), ('fc1', 0.1), ('out', 0.09)], 'drawn from the rates of the workload')
    """
    return in_sight(Context(chip, work, mapping, parts_of(chip, mapping), activity, seed=seed))


def in_sight(ctx: Context) -> RunActivity:
    """The same of a context, with what it knows already."""
    rows = layer_rows(ctx)
    return RunActivity(rows, warnings_of(ctx, rows), raster(ctx.activity.spikes), _source(ctx.work))


def _source(work: Workload) -> str:
    activity: ActivityModel = work.activity
    if work.recorded is not None:
        return "recorded by the model that the workload was made of"
    if isinstance(activity, RatesActivity):
        return "drawn from the rates of the workload"
    if isinstance(activity, ConstantActivity):
        return "spread evenly, by the rates of the workload"
    if isinstance(activity, FileActivity):
        return "recorded, from a file"
    if isinstance(activity, RandomActivity):
        return "measured by a forward pass on random spikes"
    if isinstance(activity, DatasetActivity):
        return "measured by a forward pass on recordings"
    assert_never(activity)
