"""The narrow waist, going in: tasks and resources as columns of whole numbers, and how to build them."""

from archsim.taskgraph.builder import TaskGraphBuilder
from archsim.taskgraph.graph import Claims, TaskGraph
from archsim.taskgraph.template import Run, TaskTemplate

__all__ = ["Claims", "Run", "TaskGraph", "TaskGraphBuilder", "TaskTemplate"]
