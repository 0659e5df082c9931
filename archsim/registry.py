"""Kinds by name: those of the package, those of other packages, those that a script registers.

Whatever comes in kinds has one `Registry`. A kind is a class: a subclass of the registry's base with its name as
the class attribute ``kind`` (where the class is what a file is read into: as the field ``kind: Literal["name"]``).
The package's own kinds stand one in a file, in the folder of the registry; another package brings kinds by an
entry point in the group of the registry; a script calls :func:`register`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pkgutil import iter_modules
from typing import Any, Generic, TypeVar, get_args

from archsim.errors import ArchsimError, PluginError

T = TypeVar("T")
C = TypeVar("C", bound=type)
FAMILIES: dict[str, Registry[Any]] = {}
"""Every registry by its group."""
FROM_SCRIPTS: list[str] = []
"""Kinds that were registered and are not archsim's own: a fresh process does not know them."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")


class Registry(Mapping[str, "type[T]"], Generic[T]):
    """The kinds of one family, by name, in the order of their names; filled when it is first asked.

    Parameters
    ----------
    family : str
        What a kind is, for messages: "ADC kind".
    group : str
        The group of entry points that bring kinds: "archsim.adcs".
    base : type or str
        What every kind derives from; or where it stands, ``"module:Class"``.
    folder : str, optional
        The package that holds archsim's own kinds, each in a module that registers it.

    Examples
    --------
    >>> class Shape:
    ...     kind = ""
    >>> shapes = Registry("shape", "archsim.doctest_shapes", Shape)
    >>> @shapes.register
    ... class Square(Shape):
    ...     kind = "square"
    >>> list(shapes), shapes["square"].__name__
    (['square'], 'Square')
    """

    def __init__(self, family: str, group: str, base: type[T] | str, folder: str | None = None) -> None:
        self.family, self.group, self._base = family, group, base
        self.changed: list[Callable[[], None]] = []
        """Called after a kind has been added to a registry that was read already."""
        self._folder = folder
        self._kinds: dict[str, type[T]] = {}
        self._is_filled = False
        FAMILIES[group] = self

    @property
    def base(self) -> type[T]:
        """The base class of every kind."""
        if not isinstance(self._base, str):
            return self._base
        module, name = self._base.split(":")
        found: type[T] = getattr(import_module(module), name)
        self._base = found
        return found

    def register(self, kind: C) -> C:
        """Add a kind; returns it, so that it can decorate the class.

        Raises
        ------
        PluginError
            It is no complete subclass of the base, or its name is missing or taken.
        """
        wrong = self._wrong(kind)
        if wrong:
            raise PluginError(f"{self.family} {_named(kind)}: {wrong}")
        self._kinds[_name_of(kind)] = kind
        if not kind.__module__.startswith("archsim."):
            FROM_SCRIPTS.append(f"{kind.__module__}.{kind.__qualname__}")
        if self._is_filled:
            for tell in self.changed:
                tell()
        return kind

    def __getitem__(self, name: str) -> type[T]:
        self._fill()
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        self._fill()
        return iter(sorted(self._kinds))

    def __len__(self) -> int:
        self._fill()
        return len(self._kinds)

    def names(self) -> tuple[str, ...]:
        """The names of all kinds, sorted."""
        return tuple(self)

    @contextmanager
    def calling(self, name: str) -> Iterator[type[T]]:
        """The kind of this name, while it is used: what goes wrong in a plug-in carries the plug-in's name.

        Raises
        ------
        PluginError
            A kind from outside archsim raised anything but an `ArchsimError`.
        """
        kind = self[name]
        try:
            yield kind
        except (ArchsimError, MemoryError):
            raise
        except Exception as cause:  # whatever foreign code raises
            if kind.__module__.startswith("archsim."):
                raise
            where = f"{kind.__module__}.{kind.__qualname__}"
            raise PluginError(f"{self.family} {name!r} ({where}): {type(cause).__name__}: {cause}") from cause

    def _fill(self) -> None:
        if self._is_filled:
            return
        self._is_filled = True
        try:
            if self._folder is not None:
                for module in iter_modules(import_module(self._folder).__path__):
                    import_module(f"{self._folder}.{module.name}")
            for point in sorted(entry_points(group=self.group), key=lambda point: point.name):
                self._plug_in(point)
        except BaseException:
            self._is_filled = False
            raise

    def _plug_in(self, point: EntryPoint) -> None:
        where = self._where(point)
        try:
            kind = point.load()
        except Exception as cause:  # whatever a foreign module raises while it is imported
            raise PluginError(f"{where} cannot be loaded: {type(cause).__name__}: {cause}") from cause
        wrong = self._wrong(kind)
        if wrong:
            raise PluginError(f"{where}: {wrong}")
        self._kinds[_name_of(kind)] = kind

    def _where(self, point: EntryPoint) -> str:
        return f"{self.family} {point.name!r} of the plug-in {_package_of(point)} ({point.value})"

    def _wrong(self, kind: Any) -> str:
        """The errors of a kind; empty if there are none."""
        if not (isinstance(kind, type) and issubclass(kind, self.base)):
            return f"must be a subclass of {self.base.__module__}.{self.base.__qualname__}"
        name = _name_of(kind)
        if not (isinstance(name, str) and _NAME.fullmatch(name)):
            return f"its class attribute 'kind' must be a name of a-z, 0-9 and _; got {name!r}"
        if inspect.isabstract(kind):
            return f"lacks {', '.join(sorted(getattr(kind, '__abstractmethods__')))}"  # noqa: B009  # set at run time
        taken = self._kinds.get(name)
        if taken is not None and (taken.__module__, taken.__qualname__) != (kind.__module__, kind.__qualname__):
            return f"the name {name!r} is taken by {taken.__module__}.{taken.__qualname__}"
        return ""


class LazyRegistry(Registry[T]):
    """A registry that reads a kind when it is asked for: the module, or the entry point, that bears its name.

    So what one kind needs is not loaded for another, and a wrong plug-in affects no other kind.
    """

    def __getitem__(self, name: str) -> type[T]:
        if name not in self._kinds:
            self._read(name)
        return self._kinds[name]

    def __iter__(self) -> Iterator[str]:
        points, own = self._points(), set(self._modules())
        for name in sorted(own & points.keys()):
            raise PluginError(f"{self._where(points[name])}: the name {name!r} is taken")
        return iter(sorted(own | points.keys() | self._kinds.keys()))

    def __len__(self) -> int:
        return len(list(iter(self)))

    def module_of(self, name: str) -> str | None:
        """The module of one of the package's own kinds, not imported; None for kinds from elsewhere."""
        return f"{self._folder}.{name}" if name in self._modules() else None

    def _read(self, name: str) -> None:
        module = self.module_of(name)
        if module is not None:
            import_module(module)
        elif name in (points := self._points()):
            self._plug_in(points[name])
            if name not in self._kinds:
                where = self._where(points[name])
                raise PluginError(f"{where}: its 'kind' must be {name!r}, as the entry point's")
        else:
            raise KeyError(name)

    def _modules(self) -> list[str]:
        return [] if self._folder is None else [m.name for m in iter_modules(import_module(self._folder).__path__)]

    def _points(self) -> dict[str, EntryPoint]:
        return {point.name: point for point in entry_points(group=self.group)}


def register(kind: C) -> C:
    """Add a kind to the registry of its base; returns it, so that it can decorate the class.

    Raises
    ------
    PluginError
        No registry takes it, or its own does not.
    """
    for family in FAMILIES.values():
        if isinstance(kind, type) and issubclass(kind, family.base):
            return family.register(kind)
    bases = ", ".join(sorted(f"{f.base.__module__}.{f.base.__qualname__}" for f in FAMILIES.values()))
    raise PluginError(f"{_named(kind)} derives from none of the bases that have kinds: {bases}")


def _name_of(kind: Any) -> Any:
    """The class attribute `kind`; of a model that is filled from a file, the one text that its field takes."""
    declared = getattr(kind, "model_fields", {}).get("kind")
    if declared is None:
        return getattr(kind, "kind", None)
    return next(iter(get_args(declared.annotation)), None)


def _named(kind: Any) -> str:
    return repr(getattr(kind, "__qualname__", kind))


def _package_of(point: EntryPoint) -> str:
    return "of an unknown package" if point.dist is None else f"{point.dist.name} {point.dist.version}"


def _own(family: str, group: str, base: str, folder: str | None = None) -> Registry[Any]:
    """The register of one of archsim's families; kinds are in the folder `kinds` beside the base if not said."""
    beside = f"{base.partition(':')[0].rpartition('.')[0]}.kinds"
    return Registry(family, f"archsim.{group}", f"archsim.{base}", f"archsim.{folder or beside}")


ADCS = _own("ADC kind", "adcs", "components.adc.kind:AdcKind")
INTERCONNECTS = _own("interconnect", "interconnects", "interconnect.base:Interconnect", "interconnect")
EXPORTS = _own("export format", "exports", "export.format:Format")
NEURONS = _own("kind of neuron", "neurons", "workload.neurons.kind:NeuronKind")
NOISES = _own("kind of noise", "noises", "crossbar.cells.noises.kind:NoiseKind")
PULSES = _own("law of pulses", "pulses", "crossbar.cells.pulses.kind:PulseLaw")
DATA = _own("data set", "data", "snn.data.kind:DataSet")
METRICS = _own("metric", "metrics", "metrics.metric:Metric")
FEEDBACKS = _own("kind of feedback", "feedbacks", "snn.learn.feedbacks.kind:FeedbackKind")
PLACES = _own("place of fixed matrices", "places", "rules.places.kind:Place")
RULES = _own("learning rule", "rules", "rules.base:Rule", "rules")
OPTIMIZERS = _own("optimizer", "optimizers", "snn.learn.optimizers.kind:OptimizerKind")
LOSSES = _own("loss", "losses", "snn.learn.losses.kind:Loss")
SURROGATES = _own("surrogate derivative", "surrogates", "snn.learn.surrogates.kind:SurrogateKind")
ENCODERS = _own("encoder", "encoders", "snn.encoders.kind:Encoder")
DRIFTS = _own("law of drift", "drifts", "crossbar.cells.drifts.kind:DriftLaw")
QUANTISERS = _own("quantiser", "quantisers", "crossbar.quantisers.kind:Quantiser")
READOUTS = _own("read-out", "readouts", "crossbar.readouts.kind:ReadOut")
SAMPLERS = _own("sampler", "samplers", "explore.samplers.kind:Sampler")
LIBRARIES = _own("library of spiking modules", "libraries", "bridge.library:Library")
MOVES = _own("design move", "moves", "advise.move:Move", "advise.moves")
VIEWS = LazyRegistry[Any]("view of a result", "archsim.views", "archsim.metrics.view:View", "archsim.report.views")
# the last one, whose base imports typer: `register` asks the others first
COMMANDS = LazyRegistry[Any]("command", "archsim.commands", "archsim.cli.command:Command", "archsim.cli.commands")
