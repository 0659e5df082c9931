"""The whole error tree of archsim.

::

    ArchsimError
    ├── SpecError(ValueError)        a file in arch_specs/ is wrong
    │   └── UnitError                a quantity has no unit, or the wrong one
    ├── WorkloadError(ValueError)    a network or workload cannot be read, or is not supported
    ├── MappingError                 this network cannot be placed on this chip
    │   └── DoesNotFitError          resource, needed, available, unit, what would help
    ├── EngineError(RuntimeError)    the simulation could not finish
    │   ├── DeadlockError            the waiting cycle
    │   ├── TooLargeError            it would need more memory than allowed
    │   └── TraceError               a trace breaks a rule (which task, which rule)
    ├── ExploreError                 a study cannot be started or resumed
    ├── PluginError                  a kind that a plug-in or a script brings cannot be used
    └── WriteError                   a file or folder cannot be written: no space, not allowed, a link in the way

Warnings are `ArchsimWarning`: something was taken as given that is most likely not meant.

Every message is written for the person who has to act on it: what is wrong, where,
what is allowed, and what would help.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archsim.trace import Trace


class ArchsimError(Exception):
    """Root of everything that archsim raises on purpose. Goes from one process to another whole."""

    def __reduce__(self) -> tuple[object, ...]:
        return _raised_elsewhere, (type(self), self.args, self.__dict__)


def _raised_elsewhere(
    kind: type[ArchsimError], args: tuple[object, ...], state: dict[str, object]
) -> ArchsimError:
    """An error as it was, though its class is made of other arguments than its message."""
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class ArchsimWarning(UserWarning):
    """Something is right as it was asked for, and most likely not meant; the message says what is usual."""


class UnusualWarning(ArchsimWarning):
    """A value lies far outside of what has been published; the message names the usual range and its source."""


class SpecError(ArchsimError, ValueError):
    """A chip file is wrong. The message lists every error, one per line."""


class UnitError(SpecError):
    """A quantity has no unit, or one of the wrong kind."""


class WorkloadError(ArchsimError, ValueError):
    """A network or workload cannot be read, or holds something that is not supported."""


class MappingError(ArchsimError):
    """A network cannot be placed on a chip."""


class DoesNotFitError(MappingError):
    """A chip has too little of something.

    Parameters
    ----------
    resource : str
        What there is too little of.
    needed, available : int
        Demand and bound, both in `unit`.
    unit : str
        What is counted.
    help : str
        The levers: what would make it fit.

    Examples
    --------
    >>> raise DoesNotFitError("crossbars", 12, 8, "crossbars", "raise chip.tiles")
    Traceback (most recent call last):
    archsim.errors.DoesNotFitError: crossbars: needs 12 crossbars, has 8; raise chip.tiles
    """

    def __init__(self, resource: str, needed: int, available: int, unit: str, help: str) -> None:
        super().__init__(f"{resource}: needs {needed} {unit}, has {available}; {help}")
        self.resource = resource
        self.needed = needed
        self.available = available
        self.unit = unit
        self.help = help


class EngineError(ArchsimError, RuntimeError):
    """The simulation could not finish."""


class DeadlockError(EngineError):
    """Tasks wait for each other in a cycle.

    Attributes
    ----------
    cycle : tuple of int
        The task ids that wait for each other; empty if the wait has no cycle
        (a task that wants more than there is).
    trace : Trace
        What ran until then; -1 for what never did.
    """

    def __init__(self, message: str, cycle: tuple[int, ...], trace: Trace) -> None:
        super().__init__(message)
        self.cycle = cycle
        self.trace = trace


class TooLargeError(EngineError):
    """A run would need more memory than allowed; nothing large has been built yet."""


class TraceError(EngineError):
    """A trace breaks a rule of the engine.

    Attributes
    ----------
    task : int or None
        The first task that breaks it.
    rule : str
        The rule, in words.
    """

    def __init__(self, message: str, rule: str, task: int | None = None) -> None:
        super().__init__(message)
        self.rule = rule
        self.task = task


class ExploreError(ArchsimError):
    """A study cannot be started or resumed."""


class PluginError(ArchsimError):
    """A kind that a plug-in or a script brings cannot be used; the message names it."""


class WriteError(ArchsimError):
    """A file or folder cannot be written; what was there before is as it was."""
