"""E-prop with fixed feedback: errors of each timestep meet traces of synapses (doi:10.1038/s41467-020-17236-y)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from archsim.registry import RULES
from archsim.rules.dfa import DFA
from archsim.rules.settings import DFASettings, EPropSettings
from archsim.units import FileModel

if TYPE_CHECKING:
    from archsim.snn.learn.trainer import Recipe
    from archsim.workload import Workload


@RULES.register
class EProp(DFA):
    """Random e-prop: the output's error goes through fixed matrices to all layers, and nothing waits for the end.

    Each synapse keeps a trace of its input, its neuron's slope and the leaks of neuron and output. That is DFA
    with ``time_path: full`` and ``time_form: traces``. With ``feedback: {kind: product}`` the matrices are the
    weights downstream as they are when the rule begins (symmetric e-prop, but for what is learned after that).
    """

    kind = "eprop"
    title = "e-prop"
    colour = 4
    hatch = "oo"
    runs_unasked = False
    Settings: ClassVar[type[FileModel]] = EPropSettings

    def read_settings(self, work: Workload) -> DFASettings:
        """Those of the DFA that it is."""
        read = self.Settings.model_validate((work.learning.rules or {}).get(self.kind, {}))
        given = cast("EPropSettings", read)
        said = {name: getattr(given, name) for name in type(given).model_fields}
        said["feedback"] = work.learning.feedback if given.feedback is None else given.feedback
        return _as_dfa().model_copy(update=said)

    def set_for(self, recipe: Recipe) -> DFASettings:
        """The settings that a recipe was made with."""
        return _as_dfa() if recipe.settings is None else recipe.settings


def _as_dfa() -> DFASettings:
    return DFASettings(time_path="full", time_form="traces")
