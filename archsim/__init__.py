"""archsim: a discrete-event simulator for spiking networks that learn on RRAM crossbars.

The names here, and those of the rooms that ``dir(archsim)`` lists, are the whole public interface; they are
imported when they are first used, so that ``import archsim`` stays light.
"""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from archsim.advise import advise  # type: ignore[no-redef]  # a room and its function have one name
    from archsim.engine import run_many, run_tasks
    from archsim.errors import (
        ArchsimError,
        ArchsimWarning,
        DeadlockError,
        DoesNotFitError,
        EngineError,
        ExploreError,
        MappingError,
        PluginError,
        SpecError,
        TooLargeError,
        TraceError,
        UnitError,
        UnusualWarning,
        WorkloadError,
        WriteError,
    )
    from archsim.explore import search, sweep
    from archsim.mapping import map_workload
    from archsim.metrics import Result
    from archsim.registry import register
    from archsim.report import load_result
    from archsim.rerun import rerun
    from archsim.simulate import simulate
    from archsim.spec import Chip, load_chip
    from archsim.taskgraph import TaskGraph, TaskGraphBuilder, TaskTemplate
    from archsim.trace import Trace
    from archsim.verify import verify
    from archsim.whatif import what_if
    from archsim.workload import Network, Workload, load_workload

_HOME = {
    "ArchsimError": "errors",
    "ArchsimWarning": "errors",
    "Chip": "spec",
    "DeadlockError": "errors",
    "DoesNotFitError": "errors",
    "EngineError": "errors",
    "ExploreError": "errors",
    "MappingError": "errors",
    "Network": "workload",
    "PluginError": "errors",
    "Result": "metrics",
    "SpecError": "errors",
    "TaskGraph": "taskgraph",
    "TaskGraphBuilder": "taskgraph",
    "TaskTemplate": "taskgraph",
    "TooLargeError": "errors",
    "Trace": "trace",
    "TraceError": "errors",
    "UnitError": "errors",
    "UnusualWarning": "errors",
    "Workload": "workload",
    "WorkloadError": "errors",
    "WriteError": "errors",
    "advise": "advise",
    "load_chip": "spec",
    "load_result": "report",
    "load_workload": "workload",
    "map_workload": "mapping",
    "register": "registry",
    "rerun": "rerun",
    "run_many": "engine",
    "run_tasks": "engine",
    "search": "explore",
    "simulate": "simulate",
    "sweep": "explore",
    "verify": "verify",
    "what_if": "whatif",
}

_ROOMS = ("bridge", "crossbar", "examples", "explore", "export", "learn", "plot", "snn", "whatif", "workload")
"""Rooms with public names of their own, which are imported when they are first used, too."""

__all__ = [
    "ArchsimError",
    "ArchsimWarning",
    "Chip",
    "DeadlockError",
    "DoesNotFitError",
    "EngineError",
    "ExploreError",
    "MappingError",
    "Network",
    "PluginError",
    "Result",
    "SpecError",
    "TaskGraph",
    "TaskGraphBuilder",
    "TaskTemplate",
    "TooLargeError",
    "Trace",
    "TraceError",
    "UnitError",
    "UnusualWarning",
    "Workload",
    "WorkloadError",
    "WriteError",
    "advise",
    "load_chip",
    "load_result",
    "load_workload",
    "map_workload",
    "register",
    "rerun",
    "run_many",
    "run_tasks",
    "search",
    "simulate",
    "sweep",
    "verify",
    "what_if",
]


class _Package(ModuleType):
    """Keeps a submodule from taking the place of the function of the same name (simulate, verify)."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return importlib.import_module(f"archsim.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'archsim' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"archsim.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS])
