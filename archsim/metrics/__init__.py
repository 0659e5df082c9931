"""What a run cost: latency, throughput, energy, area and power, and who took how much of it."""

from archsim.metrics.critical import Segment, critical_path
from archsim.metrics.folder import fresh_folder
from archsim.metrics.ledger import BREAKDOWNS, Part, action_of_name
from archsim.metrics.power import power_over_time
from archsim.metrics.result import Busiest, Result

__all__ = [
    "BREAKDOWNS",
    "Busiest",
    "Part",
    "Result",
    "Segment",
    "action_of_name",
    "critical_path",
    "fresh_folder",
    "power_over_time",
]
