"""What training asks of a learning rule; :class:`archsim.rules.base.Rule` says what each answer means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from archsim.workload.network import Floats, Network

if TYPE_CHECKING:
    from archsim.snn.learn.feedback import Draw
    from archsim.snn.learn.gradients import Gradients
    from archsim.snn.learn.products import Products
    from archsim.snn.learn.run import Tape
    from archsim.snn.learn.trainer import Recipe
    from archsim.workload import Workload


class LearnedRule(Protocol):
    """A learning rule, as far as it decides how weights change."""

    @property
    def reads_transposed(self) -> bool: ...

    def feedback(self, work: Workload, network: Network, seed: int, draw: Draw | None) -> dict[str, Floats]: ...

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients: ...
