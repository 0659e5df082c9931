"""What-if analysis: a run played out again with one thing changed, slack, the same order, mechanisms."""

from archsim.whatif.changes import Change, Names, changed
from archsim.whatif.mechanism_parts import TITLES, mechanisms
from archsim.whatif.order import Network, order_of, reordered, slack_ps
from archsim.whatif.rank import Outcome, single_changes, what_if

__all__ = [
    "TITLES",
    "Change",
    "Names",
    "Network",
    "Outcome",
    "changed",
    "mechanisms",
    "order_of",
    "reordered",
    "single_changes",
    "slack_ps",
    "what_if",
]
