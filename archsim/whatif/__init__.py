"""What would help: a run played out again with one thing changed, slack, and the same order of things."""

from archsim.whatif.changes import Change, Names, changed
from archsim.whatif.order import Network, order_of, reordered, slack_ps
from archsim.whatif.rank import Outcome, single_changes, what_if

__all__ = [
    "Change",
    "Names",
    "Network",
    "Outcome",
    "changed",
    "order_of",
    "reordered",
    "single_changes",
    "slack_ps",
    "what_if",
]
