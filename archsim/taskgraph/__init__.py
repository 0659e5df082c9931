"""The narrow waist, going in: tasks and resources as columns of whole numbers, and how to build them."""

from archsim.taskgraph.builder import TaskGraphBuilder
from archsim.taskgraph.fragment import Fragment, Port, opening
from archsim.taskgraph.graph import Claims, TaskGraph
from archsim.taskgraph.places import NOTHING, Known, Many, Mark, Unit
from archsim.taskgraph.recurrence import Recurrence, find_recurrence
from archsim.taskgraph.template import Run, TaskTemplate

__all__ = [
    "NOTHING",
    "Claims",
    "Fragment",
    "Known",
    "Many",
    "Mark",
    "Port",
    "Recurrence",
    "Run",
    "TaskGraph",
    "TaskGraphBuilder",
    "TaskTemplate",
    "Unit",
    "find_recurrence",
    "opening",
]
