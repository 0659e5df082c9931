"""Costs of a run: latency, throughput, energy, area and power, and their breakdown."""

from archsim.metrics.activity import ActivityWarning, LayerActivity, RunActivity, activity_record
from archsim.metrics.blocking import GROUPINGS, Blocking, bare_name, blocking, kind_of, path_shares
from archsim.metrics.critical import Segment, critical_path
from archsim.metrics.figures import Busiest
from archsim.metrics.ledger import Part, action_of_name, busy_component
from archsim.metrics.links import LinkLoad, link_load
from archsim.metrics.long_result import LongResult
from archsim.metrics.metric import Metric
from archsim.metrics.power import power_over_time
from archsim.metrics.result import Result
from archsim.metrics.run_file import phase_file, run_file, write_run
from archsim.metrics.run_reader import read_run
from archsim.metrics.spans import Spans
from archsim.metrics.tally import Tally
from archsim.metrics.waits import CAUSES, Waits, waits
from archsim.names import BREAKDOWNS

__all__ = [
    "BREAKDOWNS",
    "CAUSES",
    "GROUPINGS",
    "ActivityWarning",
    "Blocking",
    "Busiest",
    "LayerActivity",
    "LinkLoad",
    "LongResult",
    "Metric",
    "Part",
    "Result",
    "RunActivity",
    "Segment",
    "Spans",
    "Tally",
    "Waits",
    "action_of_name",
    "activity_record",
    "bare_name",
    "blocking",
    "busy_component",
    "critical_path",
    "kind_of",
    "link_load",
    "path_shares",
    "phase_file",
    "power_over_time",
    "read_run",
    "run_file",
    "waits",
    "write_run",
]
