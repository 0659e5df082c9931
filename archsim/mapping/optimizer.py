"""Needs of a workload's optimizer on the chip, for each weight: states to keep, reads, writes, operations.

The value side has the same facts (`archsim.snn.learn.optimizers`); a test holds both equal. One multiplication
turns every gradient into the step to write: it belongs to the write circuits, which count pulses, and one reading
of the gradient is the one that feeds them. What is counted here comes on top: for plain gradient descent nothing.
"""

from __future__ import annotations

from archsim.mapping.plan import LayerPlan
from archsim.mapping.rule import MappedRule
from archsim.registry import OPTIMIZERS
from archsim.spec import Chip
from archsim.workload import Workload
from archsim.workload.update_needs import UpdateNeeds


def needs_of(work: Workload, rule: MappedRule | None = None) -> UpdateNeeds:
    """Needs of the optimizer of a rule, or of ``learning.adapt``; plain gradient descent where none is named.

    SGD: nothing. Momentum: m, a multiplication and an addition. Adam: m and v, 6 multiplications, 3 additions, a
    division, a root. SinkGD: for each half iteration 2 multiplications and an addition, and a multiplication by
    the second factor at the end. A `residual` is one more state, and an addition.

    Examples
    --------
    >>> from archsim.workload import load_workload
    >>> needs_of(load_workload("workloads/watch_mlp.yaml")).is_plain
    True
    """
    adapt = work.learning.adapt
    of_adapt = None if adapt is None else adapt.optimizer
    optimizer = of_adapt if rule is None else rule.optimizer(work)
    if optimizer is None:
        return UpdateNeeds("sgd")
    with OPTIMIZERS.calling(optimizer.kind):
        needs: UpdateNeeds = optimizer.needs()
    if adapt is None or not adapt.residual:
        return needs
    return needs.with_one_more("residual")


def needs_of_layer(chip: Chip, work: Workload, plan: LayerPlan, rule: MappedRule | None = None) -> UpdateNeeds:
    """The same for the weights of a layer: what waits for its copy is one more number, and an addition."""
    needs = needs_of(work, rule)
    if chip.execution.n_copy_every > 1 and plan.copy:
        needs = needs.with_one_more("copy waits")
    return needs if rule is None else rule.needs(chip, work, plan, needs)
