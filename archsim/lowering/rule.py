"""What lowering asks of a learning rule; :class:`archsim.rules.base.Rule` says what each answer means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from archsim.mapping.rule import MappedRule

if TYPE_CHECKING:
    from archsim.lowering.context import Context
    from archsim.lowering.forward import Forward
    from archsim.lowering.update import Gradients


class LoweredRule(MappedRule, Protocol):
    """A learning rule, as far as it decides which tasks a chip does."""

    @property
    def error_phase(self) -> str: ...

    @property
    def reads_transposed(self) -> bool: ...

    @property
    def writes_layer_by_layer(self) -> bool: ...

    def lay_down(self, ctx: Context, forward: Forward, gradients: Gradients) -> None: ...
