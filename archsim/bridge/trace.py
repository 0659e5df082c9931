"""Values that flow through a model while it runs: hooks on its parts, nothing of it is changed."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from archsim.bridge.modules import Part, Same
from archsim.errors import WorkloadError
from archsim.workload.network import INPUT

Array = NDArray[Any]
Layout = Literal["time_first", "batch_first", "repeated"]
Run = Callable[[Any, Any], Any]


@dataclass
class Traced:
    """One batch.

    Parameters
    ----------
    before : dict of str to str
        By part, the part whose output it takes, or "input"; what only passes on is left out.
    values : dict of str to list of array
        By part the outputs of its calls; and what parts took from the input, as "input".
    order : list of str
        Parts in the order of their first calls.
    """

    before: dict[str, str] = field(default_factory=dict)
    values: dict[str, list[Array]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)


def traced(model: Any, parts: Sequence[Part], x: Any, run: Run) -> Traced:
    """Run a batch through a model and note what its parts take and give.

    Raises
    ------
    WorkloadError
        A part takes what no part has given: it was computed by a function, not by a module.
    """
    found = Traced()
    made: dict[int, str] = {}  # by storage, the part that wrote it last
    kept: list[Any] = []  # so that no storage is used twice
    roots: set[int] = set()

    def noted(part: Part) -> Callable[..., None]:
        def hook(_module: Any, given: tuple[Any, ...], returned: Any) -> None:
            taken = given[0]
            output = part.library.spikes(returned) if part.library else returned
            source = made.get(_storage(taken))
            if source is None and (not found.order or _storage(taken) in roots or _starts(part.name, found)):
                source = INPUT
                roots.add(_storage(taken))
            if part.name not in found.before:
                if source is None:
                    raise WorkloadError(
                        f"model: {part.name} takes what no module gives; a function stands before it (a sum, "
                        "torch.relu, F.max_pool2d, …): write it as a module, or leave it out"
                    )
                found.before[part.name] = source
                found.order.append(part.name)
            if source == INPUT and found.before[part.name] == INPUT and _first(part.name, found):
                found.values.setdefault(INPUT, []).append(_array(taken))
            if isinstance(part.meaning, Same):
                made[_storage(output)] = found.before[part.name]
            else:
                made[_storage(output)] = part.name
                found.values.setdefault(part.name, []).append(_array(output))
            kept.extend((taken, output))

        return hook

    with ExitStack() as hooks:
        for part in parts:
            hooks.callback(part.module.register_forward_hook(noted(part)).remove)
        hooks.enter_context(as_used(model))
        for part in parts:
            if part.library is not None:
                part.library.reset(part.module)
        run(model, x)
    return found


def _starts(name: str, found: Traced) -> bool:
    """Whether a part that takes something of its own has begun with the input: each timestep may be made anew."""
    return found.before.get(name) == INPUT


def _first(name: str, found: Traced) -> bool:
    """Whether a part is the first of those that take the input."""
    return next(other for other in found.order if found.before[other] == INPUT) == name


@contextmanager
def as_used(model: Any) -> Iterator[None]:
    """Without gradients, and as the model acts once training is over; it is left as it was."""
    were_training = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with sys.modules["torch"].no_grad():  # the user's, which has made the model
            yield
    finally:
        for module, was_training in were_training:
            module.training = was_training


def _storage(tensor: Any) -> int:
    return int(tensor.untyped_storage().data_ptr())


def _array(tensor: Any) -> Array:
    return np.array(tensor.detach().cpu().numpy())


def in_samples(calls: Sequence[Array], n_samples: int, n_steps: int | None, layout: Layout, name: str) -> Array:
    """Outputs of a part's calls as (samples, timesteps, ...), whichever way the model counts them.

    Raises
    ------
    WorkloadError
        Their number and shapes do not tell which axes are samples and timesteps.
    """
    shape = calls[0].shape
    each = n_steps is None or len(calls) == n_steps  # a call for each timestep
    if each and shape[:1] == (n_samples,) and all(call.shape == shape for call in calls):
        return np.stack(calls, axis=1)
    if len(calls) == 1 and n_steps is not None:
        both = (n_samples, n_steps) if layout == "batch_first" else (n_steps, n_samples)
        if shape[:1] == (n_samples * n_steps,) and shape[:2] != both:
            calls = [calls[0].reshape(*both, *shape[1:])]
        if calls[0].shape[:2] == both:
            return calls[0] if layout == "batch_first" else np.swapaxes(calls[0], 0, 1)
    raise WorkloadError(
        f"model: {name} was called {len(calls)} times with shape {shape}, which is not {n_samples} samples of "
        f"{n_steps or 'so many'} timesteps; say how x is laid out (layout), or run timestep by timestep (run)"
    )
