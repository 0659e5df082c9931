"""Which layer block sits on which crossbar, PE and tile; placement on the interconnect; shares of the buffers."""

from archsim.interconnect import IO, Hop
from archsim.mapping.blocks import (
    Block,
    copy_blocks,
    feedback_blocks,
    most_copy_blocks,
    most_feedback_blocks,
    neurons_of,
)
from archsim.mapping.dataflow import Dataflow
from archsim.mapping.mapping import Mapping, link_bits, map_workload
from archsim.mapping.memory import (
    all_value_bits,
    error_bytes,
    label_bits,
    n_bytes,
    numbers_of_error,
    value_bits,
)
from archsim.mapping.optimizer import needs_of, needs_of_layer
from archsim.mapping.plan import Home, LayerPlan
from archsim.mapping.rows import error_rows, needed_from, rows_of_source, sources_of, stored_for
from archsim.mapping.rule import TraceNeed, refuse_without_parts, rule_of, rules_of
from archsim.workload.update_needs import UpdateNeeds

__all__ = [
    "IO",
    "Block",
    "Dataflow",
    "Home",
    "Hop",
    "LayerPlan",
    "Mapping",
    "TraceNeed",
    "UpdateNeeds",
    "all_value_bits",
    "copy_blocks",
    "error_bytes",
    "error_rows",
    "feedback_blocks",
    "label_bits",
    "link_bits",
    "map_workload",
    "most_copy_blocks",
    "most_feedback_blocks",
    "n_bytes",
    "needed_from",
    "needs_of",
    "needs_of_layer",
    "neurons_of",
    "numbers_of_error",
    "refuse_without_parts",
    "rows_of_source",
    "rule_of",
    "rules_of",
    "sources_of",
    "stored_for",
    "value_bits",
]
