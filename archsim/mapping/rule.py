"""The questions of mapping to a learning rule; :class:`archsim.rules.base.Rule` says what each answer means."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any, Protocol

from archsim.errors import MappingError, SpecError
from archsim.mapping.blocks import Block
from archsim.mapping.dataflow import Dataflow
from archsim.registry import RULES
from archsim.spec import Chip
from archsim.spec.chip import HOW_TO_LEARN
from archsim.workload import PROGRAM, Layer, Network, Workload
from archsim.workload.update_needs import UpdateNeeds

if TYPE_CHECKING:
    from archsim.mapping.plan import LayerPlan

RoomNeed = tuple[str, int, str, int]  # buffer, tile, user, bytes of one


@dataclass(frozen=True)
class TraceNeed:
    """Traces that a layer keeps until an error comes.

    Parameters
    ----------
    n_of_row, n_of_synapse : int
        Numbers for each row that an input drives, and for each weight; of a convolution at each position.
    """

    n_of_row: int
    n_of_synapse: int


class MappedRule(Protocol):
    """A learning rule, as far as it decides what a chip must hold."""

    @property
    def reads_transposed(self) -> bool: ...

    @property
    def takes_steps(self) -> bool: ...

    @property
    def writes_feedback(self) -> bool: ...

    @property
    def parts(self) -> Sequence[str]: ...

    def settings(self, work: Workload) -> Any: ...

    def optimizer(self, work: Workload) -> Any: ...

    def errors(self, chip: Chip, work: Workload) -> list[str]: ...

    def blocks(self, chip: Chip, work: Workload, plan: LayerPlan) -> Sequence[Block]: ...

    def most_blocks(self, chip: Chip, work: Workload, layer: Layer, n_rows: int) -> int: ...

    def error_arrays(self, plan: LayerPlan) -> Sequence[Block]: ...

    def keeps_potentials(self, network: Network, layer: Layer) -> bool: ...

    def learns_at_once(self, work: Workload, flow: Dataflow) -> bool: ...

    def goes_back_in_time(self, work: Workload, layer: Layer) -> bool: ...

    def n_timesteps_of_a_piece(self, work: Workload) -> int | None: ...

    def traces(self, work: Workload, layer: Layer) -> TraceNeed | None: ...

    def n_timesteps_under_way(self, n_above: int) -> int: ...

    def n_values_sent(self, work: Workload, last: LayerPlan) -> dict[int, int]: ...

    def needs(self, chip: Chip, work: Workload, plan: LayerPlan, of_weights: UpdateNeeds) -> UpdateNeeds: ...

    def n_errors_sent(self, work: Workload) -> int: ...

    def sends_while_it_runs(self, work: Workload, flow: Dataflow) -> str | None: ...

    def kept_bits(self, chip: Chip, work: Workload, plan: LayerPlan) -> dict[int, int]: ...

    def rooms(
        self, work: Workload, plan: LayerPlan, last: LayerPlan, error_bytes: dict[int, int]
    ) -> Iterable[RoomNeed]: ...


def rule_of(phase: str) -> MappedRule | None:
    """The rule that learns in a phase; None where nothing learns.

    Examples
    --------
    >>> rule_of("bp").n_timesteps_under_way(3), rule_of("inference")
    (6, None)
    """
    return RULES[phase]() if phase in RULES else None


def rules_of(phase: str, work: Workload, chip: Chip) -> tuple[MappedRule, ...]:
    """The rules whose arrays a chip has in a phase.

    Of a phase that learns, its own; of `program`, all among the workload's phases for which the chip has parts.

    Examples
    --------
    >>> from archsim.spec import load_chip
    >>> from archsim.workload import load_workload
    >>> chip, work = load_chip("arch_specs/wearable_rram.yaml"), load_workload("workloads/watch_mlp.yaml")
    >>> [len(rules_of(phase, work, chip)) for phase in ("inference", "bp", "program")]
    [0, 1, 2]
    """
    if phase != PROGRAM:
        return (RULES[phase](),) if phase in RULES else ()
    return tuple(RULES[name]() for name in work.phases if name in RULES and not _missing(chip, RULES[name].parts))


def refuse_without_parts(chip: Chip, phase: str) -> None:
    """Refuse to learn or to program on a chip that leaves out what a phase needs for it.

    Raises
    ------
    SpecError
        With all parts that are missing.
    """
    rule = rule_of(phase)
    needed = rule.parts if rule is not None else ("write",) if phase == PROGRAM else ()
    if missing := _missing(chip, needed):
        said = f"chip {chip.name} leaves out what phase {phase} needs"
        raise SpecError(f"{', '.join(missing)}: {said}; {HOW_TO_LEARN}")


def refuse_impossible(chip: Chip, work: Workload, rules: Iterable[MappedRule]) -> None:
    """Refuse rules that the chip cannot carry out.

    Raises
    ------
    MappingError
        With all reasons, and what would help.
    """
    if errors := [error for rule in rules for error in errors_of_rule(rule, chip, work)]:
        raise MappingError("\n".join(f"{work.name} on {chip.name}: {error}" for error in errors))


def errors_of_rule(rule: MappedRule, chip: Chip, work: Workload) -> list[str]:
    """Why a chip cannot carry a rule out, its own reasons and whether its errors can wait for the sample's end."""
    found = rule.errors(chip, work)
    flow = Dataflow(work.network, work.n_timesteps, work.n_positions_per_burst)
    if found or not chip.execution.quantiser.waits_for_sample:
        return found
    why = rule.sends_while_it_runs(work, flow)
    return [] if why is None else [f"execution.errors.over: sample keeps errors until the sample is over; {why}"]


def _missing(chip: Chip, parts: Iterable[str]) -> list[str]:
    """Those parts, by their paths, that a chip leaves out."""
    return [path for path in parts if reduce(getattr, path.split("."), chip) is None]
