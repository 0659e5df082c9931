"""Errors of a study, found before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from archsim.errors import ArchsimError
from archsim.explore.measures import error_of, limit_of, needs_learning, split_breakdown
from archsim.explore.models import Options, Parameter, Range
from archsim.explore.space import drawn
from archsim.explore.study import Study, listed
from archsim.registry import RULES
from archsim.spec import Chip
from archsim.units import FileModel, close_match, errors_of, paths_to
from archsim.workload import phases
from archsim.workload.models import WorkloadModel
from archsim.yaml_reader import Document, Keys, with_dots

Error = tuple[Keys, str]
MODELS: dict[str, type[FileModel]] = {"chip": Chip, "workload": WorkloadModel}
N_TRIED = 64


def errors_of_study(study: Study) -> list[Error]:
    """Every error, with its path in the study file."""
    return errors_alone(study) or [*_base(study), *_together(study)]


def errors_alone(study: Study) -> list[Error]:
    """Errors that show without making any chip or workload."""
    return [*_parameters(study), *_clashes(study), *_metrics(study), *_constraints(study), *_schedule(study)]


def _parameters(study: Study) -> Iterator[Error]:
    before: list[str] = []
    for name, item in study.parameters.items():
        here: Keys = ("parameters", name)
        yield from (((*here, "when", *path), said) for path, said in _conditions(study, before, item.when))
        before.append(name)
        is_plain = name in ("phase", "seed")
        if item.also and (is_plain or isinstance(item, Options)):
            yield (*here, "also"), "only a path of the chip or the workload gives its value to others, too"
        if isinstance(item, Options):
            if is_plain:
                yield here, f"options set paths of chip and workload; give {name} its values: [..., ...]"
                continue
            for option, assignments in item.options.items():
                yield from (((*here, "options", option), said) for said in _option(study, assignments))
            continue
        if is_plain:
            yield from ((here, said) for said in _plain_choice(name, listed(item)))
            continue
        for path in (name, *item.also):
            at = here if path == name else (*here, "also", item.also.index(path))
            yield from ((at, said) for said in _path_errors(study, path, item))


def _clashes(study: Study) -> Iterator[Error]:
    """Paths that two parameters set in one configuration: the later one would win without a word."""
    for name, item in study.parameters.items():
        for where, set_together in _settings(name, item):
            twice = sorted({path for path in set_together if set_together.count(path) > 1})
            yield from (((("parameters", name, *where)), f"sets {path} twice") for path in twice)
    paths = [(name, path) for name, item in study.parameters.items() for path in sorted(_paths(name, item))]
    for i, (name, path) in enumerate(paths):
        for other, earlier in paths[:i]:
            if other == name or not (f"{path}.".startswith(f"{earlier}.") or f"{earlier}.".startswith(f"{path}.")):
                continue
            if not _exclude_each_other(study.parameters[name].when, study.parameters[other].when):
                does = "so does" if path == earlier else f"{earlier} is set by"
                said = f"sets {path}, and {does} the parameter {other}"
                yield ("parameters", name), f"{said}; let one of them do it, or tell them apart by when"


def _paths(name: str, item: Parameter) -> set[str]:
    return {path for _, set_together in _settings(name, item) for path in set_together}


def _settings(name: str, item: Parameter) -> Iterator[tuple[Keys, list[str]]]:
    """Paths that a parameter sets together, and where that stands."""
    if isinstance(item, Options):
        for option, assignments in item.options.items():
            yield ("options", option), [text.partition("=")[0].strip() for text in assignments]
    else:
        yield (), [name, *item.also]


def _exclude_each_other(first: Mapping[str, Sequence[object]], second: Mapping[str, Sequence[object]]) -> bool:
    """Whether two conditions never hold together."""
    return any(not set(values) & set(second[name]) for name, values in first.items() if name in second)


def _conditions(study: Study, before: list[str], when: Mapping[str, Sequence[object]]) -> Iterator[Error]:
    for other, values in when.items():
        if other not in before:
            known = ", ".join(before) or "none"
            yield (other,), f"no parameter above this one is called so; above it: {known}"
            continue
        possible = listed(study.parameters[other])
        missing = [value for value in values if possible is not None and value not in possible]
        if missing:
            shown = ", ".join(map(str, possible or []))
            yield (other,), f"never takes {', '.join(map(str, missing))}; its values are: {shown}"
    if all(other in before for other in when):
        yield from (((), said) for said in _never_together(study, when))


def _never_together(study: Study, when: Mapping[str, Sequence[object]]) -> Iterator[str]:
    """Conditions of which one rules out another: what a parameter needs, it needs of all above it."""
    needed: dict[str, set[object]] = {}
    waiting = list(when.items())
    while waiting:
        name, values = waiting.pop()
        allowed = needed.get(name, set(values)) & set(values)
        if not allowed:
            yield f"never holds: {name} would have to take two values at once"
            return
        needed[name] = allowed
        waiting += study.parameters[name].when.items()


def _plain_choice(name: str, values: Sequence[object] | None) -> Iterator[str]:
    if name == "phase":
        wrong = [value for value in values or [] if value not in phases()]
        if wrong or values is None:
            yield f"must be of {', '.join(phases())}; got {', '.join(map(str, wrong)) or 'a range'}"
    elif values is None or any(isinstance(v, bool) or not isinstance(v, int) or v < 0 for v in values):
        yield "must be whole numbers, 0 or more"


def errors_of_set(study: Study) -> Iterator[Error]:
    """Errors of each assignment for all configurations, on files without them."""
    for i, assignment in enumerate(study.model.set):
        yield from ((("set", i), said) for said in _option(study, [assignment]))


def _option(study: Study, assignments: Sequence[str]) -> Iterator[str]:
    for assignment in assignments:
        path, equals, text = assignment.partition("=")
        if not equals:
            yield f"{assignment}: write it as PATH=value"
        else:
            yield from (f"{assignment}: {said}" for said in _errors_at(study, path.strip(), text))


def _path_errors(study: Study, path: str, item: object) -> Iterator[str]:
    """Errors of a path and its values, each once."""
    from json import dumps

    values = listed(item)  # type: ignore[arg-type]  # values or a range
    if values is None:
        assert isinstance(item, Range)
        values = [item.value_of(end) for end in item.ends]
    said: dict[str, None] = {}
    for value in values:
        said.update(dict.fromkeys(_errors_at(study, path, dumps(value, allow_nan=False))))
    yield from islice(said, 5)


def _errors_at(study: Study, path: str, text: str) -> Iterator[str]:
    """Error of one value at a path by the file's model, apart from how it goes with others."""
    side, _, rest = path.partition(".")
    if dotted := with_dots(path):
        yield f"write it as {dotted}"
        return
    if side not in MODELS or not rest:
        yield f"starts with chip. or workload., or is phase or seed{_where_it_stands(path)}"
        return
    if (side, rest) == ("chip", "library"):
        yield "is chosen in the chip file, before anything is set there; write a chip file for each library"
        return
    document: Document = study.chip if side == "chip" else study.workload
    try:
        changed = document.override([f"{rest}={text}"])
    except ArchsimError as error:
        yield str(error).partition(": ")[2]
        return
    try:
        MODELS[side].model_validate(changed.data)
    except ValueError as cause:
        keys = tuple(rest.split("."))
        for at, message in errors_of(cause, MODELS[side], single=True):
            where = tuple(map(str, at))
            if where[: len(keys)] == keys or keys[: len(where)] == where:
                yield message if where == keys else f"{'.'.join(where)}: {message}"


def _where_it_stands(path: str) -> str:
    found = [f"{side}.{known}" for side, model in MODELS.items() for known in paths_to(model, path)]
    return f"; did you mean {', '.join(found[:4])}?" if found else ""


def _metrics(study: Study) -> Iterator[Error]:
    for path, metric in _named(study):
        if said := error_of(metric):
            yield path, said


def _named(study: Study) -> list[tuple[Keys, str]]:
    """All metrics that a study names, and where."""
    model = study.model
    named: list[tuple[Keys, str]] = [(("objectives", metric), metric) for metric in model.objectives]
    named += [(("constraints", metric), metric) for metric in model.constraints]
    return named + [(("record", i), metric) for i, metric in enumerate(model.record)]


def _constraints(study: Study) -> Iterator[Error]:
    for metric, bound in study.model.constraints.items():
        if error_of(metric):
            continue
        limits: dict[str, float] = {}
        for key in ("at_least", "at_most"):
            if (value := getattr(bound, key)) is not None:
                try:
                    limits[key] = limit_of(metric, value)
                except ValueError as error:
                    yield ("constraints", metric, key), str(error)
        if len(limits) == 2 and limits["at_least"] > limits["at_most"]:
            said = f"at_least {bound.at_least} is above at_most {bound.at_most}: nothing can keep to both"
            yield ("constraints", metric), said
        if limits.get("at_most", 1) <= 0:
            yield ("constraints", metric, "at_most"), "nothing can keep to it: the metric is above zero"


def _schedule(study: Study) -> Iterator[Error]:
    model = study.model
    if model.sweep.kind == "grid" and model.sweep.n_configurations is not None:
        yield ("sweep", "configurations"), "a grid tries them all; leave it out, or use random"
    yield from _first_look(study)


def _first_look(study: Study) -> Iterator[Error]:
    """Only the workload can be made cheaper: another chip would be another question."""
    given = study.model.fidelity
    seen: set[str] = set()
    for i, assignment in enumerate(given.set if given is not None else ()):
        where: Keys = ("fidelity", "set", i)
        path = assignment.partition("=")[0].strip()
        if not path.startswith("workload."):
            yield where, f"write it as workload.PATH=value; got {assignment!r}"
        elif errors := list(_option(study, [assignment])):
            yield from ((where, said) for said in errors)
        elif varied := [name for name, item in study.parameters.items() if path in _paths(name, item)]:
            yield (
                where,
                f"{varied[0]} is a parameter; low-fidelity settings that set it make its values equal",
            )
        elif path in seen:
            yield where, f"{path} stands there twice"
        elif not _is_changed(study.workload, assignment.removeprefix("workload.")):
            yield where, f"{assignment} is what the study says already; a low-fidelity evaluation must take less"
        seen.add(path)


def _is_changed(document: Document, assignment: str) -> bool:
    return document.override([assignment]).data != document.data


def _base(study: Study) -> Iterator[Error]:
    """Whether accuracy can be found at all."""
    wanted = [*study.model.objectives, *study.model.constraints, *study.model.record]
    if needs_learning(wanted):
        learning = study.workload.data.get("learning") or {}
        missing = [part for part in ("data", "pretrain", "adapt") if not learning.get(part)]
        if missing:
            said = f"accuracy needs learning.{', learning.'.join(missing)}, as workloads/watch_adapt.yaml says it"
            yield ("workload",), said
        yield from _rules(study)


def _rules(study: Study) -> Iterator[Error]:
    """Steps of one rule are not priced beside what the other one learns."""
    rule = study.model.learning.rule
    simulated = study.listed["phase"] or [] if "phase" in study.parameters else [study.model.phase]
    others = sorted(str(phase) for phase in simulated if phase in RULES and phase != rule)
    if rule is not None and others:
        said = f"learns by {rule}, but phase {others[0]} is simulated; leave it out, and each learns by its own"
        yield ("learning", "rule"), said


def _together(study: Study) -> Iterator[Error]:
    """One error if of some configurations not one is a chip and a workload; layers that none of them has."""
    wanted = [(path, *split_breakdown(metric)[1:3]) for path, metric in _named(study)]
    layers = [(path, name) for path, by, name in wanted if by == "layer" and not name.startswith("(")]
    first, known = "", {"input"}
    for parameters in islice(drawn(study, N_TRIED), N_TRIED):
        try:
            study.resolve(parameters, study.cheap)
            network = study.resolve(parameters).work.network
        except ArchsimError as error:
            first = first or str(error)
            continue
        known |= {layer.name for layer in network.layers}
        if all(name in known for _, name in layers):
            return
    if known == {"input"}:
        said = " | ".join(first.splitlines()[:3])
        yield ("parameters",), f"no configuration that was tried is a chip with a workload; the first: {said}"
        return
    for path, name in layers:
        if name not in known:
            hint = close_match(name, known)
            yield path, f"no layer is called {name!r}{hint}; there are: {', '.join(sorted(known))}"
