"""One training step: from samples and labels to changed weights."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.wires.circuit import keep_freed_memory
from archsim.errors import WorkloadError
from archsim.given import refuse, wrong_kind
from archsim.registry import RULES
from archsim.snn.learn.feedbacks import Draw
from archsim.snn.learn.gradients import Gradients, Project
from archsim.snn.learn.losses import one_hot, score
from archsim.snn.learn.optimizers import Optimizer, OptimizerKind
from archsim.snn.learn.products import LearningProducts, Products
from archsim.snn.learn.run import Tape, run_batch
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.windows import Array
from archsim.workload import Workload
from archsim.workload.learning import ErrorRate
from archsim.workload.network import Floats, Network

if TYPE_CHECKING:
    from archsim.snn.learn.chip import ChipProducts

Labels = NDArray[np.int64]
BIAS = ".bias"  # after a layer's name: the optimizer's key of its biases
VALUES_AT_ONCE = 2**17  # of the widest layer: 1 MiB, which stays in the cache


@dataclass(frozen=True)
class Recipe:
    """How to learn.

    Parameters
    ----------
    optimizer : Optimizer
        Keeps its own state; one for each network that learns.
    rule : str
        One of `archsim.registry.RULES`: "bp" is back-propagation through time, "dfa" direct feedback.
    feedback : mapping of str to array
        The rule's fixed matrices; for "dfa" (neurons, classes) by layer, see
        :func:`archsim.snn.learn.feedback.make_feedback`.
    loss : str
        See :func:`archsim.snn.learn.losses.score`.
    surrogate : Surrogate
    reset_path : bool
        Whether errors that go back in time also flow through the reset of the potential.
    error : "per_timestep", "mean_rate" or "last"
        What a rule learns from: each timestep's own error, or the mean or the last one at every timestep.
    compressed : callable (error (n, classes)) -> (n, numbers), optional
        What an error becomes before it is sent to the matrices of a chip; itself if absent.
    settings : model, optional
        What the rule lets a workload set (`Rule.Settings`); its defaults if not given.
    project : callable (name, error (n, columns)) -> (n, rows), optional
        Who multiplies by the matrices of `feedback`, arrays for example; plain arithmetic if absent.
    seed : int
        For what the rule draws while it learns.

    Raises
    ------
    WorkloadError
        Unknown rule.
    """

    optimizer: Optimizer
    rule: str = "bp"
    feedback: Mapping[str, Floats] = field(default_factory=dict)
    loss: str = "count_cross_entropy"
    surrogate: Surrogate = field(default_factory=Surrogate)
    reset_path: bool = False
    error: ErrorRate = "per_timestep"
    compressed: Callable[[Floats], Floats] | None = None
    settings: Any = None
    project: Project | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        refuse([wrong_kind("rule", self.rule, RULES.names())], WorkloadError)


class LearnedRule(Protocol):
    """A learning rule, as far as it decides how weights change; see :class:`archsim.rules.base.Rule`."""

    @property
    def reads_transposed(self) -> bool: ...

    def settings(self, work: Workload) -> Any: ...

    def optimizer(self, work: Workload) -> OptimizerKind | None: ...

    def feedback(self, work: Workload, network: Network, seed: int, draw: Draw | None) -> dict[str, Floats]: ...

    def on_arrays(self, on_chip: ChipProducts, recipe: Recipe) -> Recipe: ...

    def gradients(
        self, network: Network, tape: Tape, error: Floats, products: Products, recipe: Recipe
    ) -> Gradients: ...

    def change(
        self, products: LearningProducts, recipe: Recipe, updates: Mapping[str, Floats], step: int
    ) -> None: ...


@dataclass(frozen=True)
class StepResult:
    """The outcome of one training step.

    Parameters
    ----------
    loss : float
        Before the update, mean over the samples.
    scores : array (B, classes)
        Before the update; the largest is the class.
    gradients : Gradients
        Of weights and biases; its `deltas` are empty (use `observe` to see them).
    updates : dict of str to array
        What the optimizer asked to add, by key of the weights, and by layer name + ".bias".
    network : Network
        With the new biases; its weights are those that it came with, the learned ones are in `products`.
    """

    loss: float
    scores: Floats
    gradients: Gradients
    updates: dict[str, Floats]
    network: Network


Observe = Callable[[Tape, Gradients], None]


def train_step(
    network: Network,
    x: Array,
    labels: Labels,
    products: LearningProducts,
    recipe: Recipe,
    *,
    at_once: int | None = None,
    observe: Observe | None = None,
    step: int = 0,
) -> StepResult:
    """One update from one batch.

    Parameters
    ----------
    network : Network
        Shapes, neurons and biases.
    x : array (T, B, *network.input_shape)
    labels : array of int (B,)
    products : LearningProducts
        Holds the weights and is asked to change them.
    recipe : Recipe
    at_once : int, optional
        Samples that pass through the network together; the gradients of such parts are added up. By default
        as many as keep the largest layer's values in the processor's cache.
    observe : callable, optional
        Sees the tape and the gradients (with all errors) of every part before they are dropped.
    step : int
        The step's number, for messages and for rules that do something with some steps only.

    Returns
    -------
    StepResult

    Raises
    ------
    WorkloadError
        Input or labels do not fit; the loss or an update is not finite (which step, which layer): then
        nothing has been changed.

    Examples
    --------
    >>> from archsim.snn.learn.optimizers import SGD
    >>> from archsim.snn.learn.products import PlainProducts
    >>> from archsim.workload.network import Dense, Layer, Neuron
    >>> out = Layer("out", Dense(2), ("input",), (1,), (2,), neuron=Neuron("li"), weight=np.zeros((2, 1)))
    >>> net = Network("tiny", (1,), (out,))
    >>> products = PlainProducts.of(net)
    >>> done = train_step(net, np.ones((1, 1, 1)), np.array([1]), products, Recipe(SGD(1.0)))
    >>> products.weights["out"].tolist()
    [[-0.5], [0.5]]
    """
    keep_freed_memory()
    labels = np.asarray(labels)
    rule: LearnedRule = RULES[recipe.rule]()
    loss, scores = 0.0, []
    total = Gradients({}, {}, {})
    products.begin(len(labels))
    with np.errstate(over="ignore", invalid="ignore"):  # divergence is reported below, with its layer
        for part in parts_of(network, x, labels, at_once):
            share = len(labels[part]) / len(labels)
            products.part(len(labels[part]))
            tape = run_batch(network, x[:, part], products)
            scored = score(recipe.loss, tape.outputs[network.layers[-1].name], labels[part])
            tape.targets = one_hot(labels[part], scored.error.shape[2]) / len(labels)
            tape.as_sent = products.as_sent
            found = rule.gradients(network, tape, share * scored.error, products, recipe)
            _check_finite(network, tape, scored.value, found, step)
            loss += share * scored.value
            scores.append(scored.scores)
            _add(total.weights, found.weights)
            _add(total.biases, found.biases)
            if observe is not None:
                observe(tape, found)
        updates = {key: recipe.optimizer.step(key, g) for key, g in total.weights.items()}
        updates |= {key + BIAS: recipe.optimizer.step(key + BIAS, g) for key, g in total.biases.items()}
    for key, update in updates.items():
        if not np.isfinite(update).all():
            raise WorkloadError(
                f"learning diverged at step {step}: the update of {key!r} is not finite; a smaller learning "
                "rate, or a wider surrogate, may help"
            )
    rule.change(products, recipe, {key: updates[key] for key in total.weights}, step)
    return StepResult(loss, np.concatenate(scores), total, updates, _with_bias_steps(network, updates))


def parts_of(network: Network, x: Array, labels: Labels, at_once: int | None) -> Iterator[slice]:
    """Samples of a batch that pass through the network together.

    Raises
    ------
    WorkloadError
        Input and labels do not fit, or `at_once` is below 1.
    """
    x = np.asarray(x)
    if x.ndim < 2 or x.shape[1] != len(labels) or len(labels) == 0:
        raise WorkloadError(
            f"a batch of shape {x.shape} (timesteps, samples, …) does not fit {len(labels)} labels; "
            "one label per sample is needed, and at least one sample"
        )
    if at_once is None:
        steps = network.steps(len(x))
        largest = max(layer.n_neurons * steps[layer.name] for layer in network.layers)
        at_once = max(1, VALUES_AT_ONCE // largest)
    if at_once < 1:
        raise WorkloadError(f"at_once is {at_once}; it must be 1 or more")
    for start in range(0, len(labels), at_once):
        yield slice(start, start + at_once)


def _add(total: dict[str, Floats], more: Mapping[str, Floats]) -> None:
    for key, value in more.items():
        if key in total:
            total[key] += value
        else:
            total[key] = value


def _check_finite(network: Network, tape: Tape, loss: float, found: Gradients, step: int) -> None:
    """Raise if anything is not finite, and name the first layer where it is so."""
    broken = [key for key, g in (found.weights | found.biases).items() if not np.isfinite(g).all()]
    if np.isfinite(loss) and not broken:
        return
    help_ = "a smaller learning rate, or a wider surrogate, may help"
    for layer in network.layers:
        values = tape.potentials.get(layer.name, tape.outputs[layer.name])
        if not np.isfinite(values).all():
            raise WorkloadError(
                f"learning diverged at step {step}: the values of layer {layer.name!r} are not finite; {help_}"
            )
    what = f"the gradient of {broken[0]!r} is not finite" if broken else f"the loss is {loss}"
    raise WorkloadError(f"learning diverged at step {step}: {what}; {help_}")


def _with_bias_steps(network: Network, updates: Mapping[str, Floats]) -> Network:
    layers = tuple(
        replace(layer, bias=layer.bias + updates[layer.name + BIAS])
        if layer.bias is not None and layer.name + BIAS in updates
        else layer
        for layer in network.layers
    )
    return replace(network, layers=layers)
