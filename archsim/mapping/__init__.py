"""Which layer block sits on which crossbar, PE and tile; placement on the interconnect; shares of the buffers."""

from archsim.mapping.blocks import Block
from archsim.mapping.dataflow import Dataflow
from archsim.mapping.mapping import Home, LayerPlan, Mapping, link_bits, map_workload
from archsim.mapping.memory import all_value_bits, n_bytes, value_bits
from archsim.mapping.optimizer import needs_of
from archsim.mapping.rows import needed_from, rows_of_source, sources_of
from archsim.mapping.topology import IO, Hop, Topology
from archsim.workload.update_needs import UpdateNeeds

__all__ = [
    "IO",
    "Block",
    "Dataflow",
    "Home",
    "Hop",
    "LayerPlan",
    "Mapping",
    "Topology",
    "UpdateNeeds",
    "all_value_bits",
    "link_bits",
    "map_workload",
    "n_bytes",
    "needed_from",
    "needs_of",
    "rows_of_source",
    "sources_of",
    "value_bits",
]
