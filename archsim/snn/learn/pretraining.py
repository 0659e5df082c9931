"""Pre-training off the chip: labelled data, hyperparameters, and training in ideal arithmetic (the "cloud")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from archsim.errors import WorkloadError
from archsim.registry import OPTIMIZERS, RULES
from archsim.snn.data import LearningData, Samples, load_data, windows_of
from archsim.snn.learn.epochs import Progress, evaluate, train_epochs
from archsim.snn.learn.feedbacks import Draw, FeedbackKind
from archsim.snn.learn.one_thread import one_thread
from archsim.snn.learn.optimizers import Optimizer, OptimizerKind
from archsim.snn.learn.products import PlainProducts
from archsim.snn.learn.surrogates import Surrogate
from archsim.snn.learn.trainer import LearnedRule, Recipe
from archsim.snn.weights import initialise
from archsim.workload import Workload
from archsim.workload.network import Network

Tell = Callable[[str, Progress], None]


def optimizer_of(model: OptimizerKind) -> Optimizer:
    """The optimizer that a workload file describes, without any state yet."""
    with OPTIMIZERS.calling(model.kind):
        made: Optimizer = model.optimizer()
    return made


def data_of(work: Workload, seed: int) -> LearningData:
    """The labelled data of a workload, split and encoded.

    Raises
    ------
    WorkloadError
        No data named, data missing, or channels, classes or timesteps that disagree with the network.
    """
    given = work.learning.data
    if given is None:
        raise WorkloadError(f"{work.name}: learning.data is missing: which labelled recordings to learn from")
    windows = windows_of(work, given.set, given.folder, work.n_timesteps * given.decimation, given.step)
    data = load_data(
        windows, given.split, given.encoding, decimation=given.decimation, adapt=given.adapt, order=given.order,
        seed=seed,
    )  # fmt: skip
    _check(work, data)
    return replace(data, adapt=_first_windows(work, data))


def _first_windows(work: Workload, data: LearningData) -> Samples | None:
    """Windows for the adaptation: the whole part, or its first ones where the workload says how many."""
    plan = work.learning.adapt
    if plan is None or plan.n_windows is None or data.adapt is None:
        return data.adapt
    if plan.n_windows > len(data.adapt):
        raise WorkloadError(
            f"{work.name}: learning.adapt.windows asks for {plan.n_windows}; the split {data.split!r} leaves "
            f"{len(data.adapt)}, so say {len(data.adapt)} or fewer"
        )
    return data.adapt.first(plan.n_windows)


def _check(work: Workload, data: LearningData) -> None:
    last, errors = work.network.layers[-1], []
    if data.input_shape != work.network.input_shape:
        wanted = work.network.input_shape
        errors.append(f"data have {data.input_shape} values per timestep, network.input is {wanted}")
    if last.n_neurons != data.n_classes:
        errors.append(f"the last layer has {last.n_neurons} outputs, the data {data.n_classes} classes")
    if data.n_timesteps != work.n_timesteps:
        errors.append(f"the data have {data.n_timesteps} timesteps, the workload {work.n_timesteps}")
    if errors:
        raise WorkloadError("\n".join(f"{work.name}: {error}" for error in errors))


@dataclass(frozen=True)
class Pretrained:
    """A network that was trained in ideal arithmetic, and how good it is.

    Parameters
    ----------
    network : Network
    losses : tuple of float
        Mean loss of every epoch.
    train_accuracy : float
        On what it was trained with.
    test_accuracy : float
        On the test part, in ideal arithmetic: before any adaptation.
    """

    network: Network
    losses: tuple[float, ...]
    train_accuracy: float
    test_accuracy: float


def recipe_of(
    work: Workload, model: OptimizerKind | None, rule: str, network: Network, seed: int, draw: Draw | None = None
) -> Recipe:
    """How to learn, as the workload says; a rule's matrices are drawn with the seed (from devices: by `draw`)."""
    learning = work.learning
    learned: LearnedRule = RULES[rule]()
    if model is None:
        raise WorkloadError(f"{work.name}: learning.adapt, or learning.rules.{rule}, names no optimizer")
    return Recipe(
        optimizer_of(model),
        rule=rule,
        feedback=learned.feedback(work, network, seed, draw),
        loss=learning.loss,
        surrogate=Surrogate(learning.surrogate.kind, learning.surrogate.width),
        reset_path=learning.reset_path,
        error=learning.error,
        settings=learned.settings(work),
        seed=seed,
    )


def _check_alignment(work: Workload, rule: str) -> None:
    """Matrices that are made of weights, or of cells, are not there before there are such."""
    given = getattr(RULES[rule]().settings(work), "feedback", None)
    if isinstance(given, FeedbackKind) and (given.of_weights or given.of_devices):
        made_of = "the pre-trained weights" if given.of_weights else "the chip's cells"
        raise WorkloadError(
            f"{work.name}: learning.pretrain.rule: {rule} needs its fixed matrices before training, and those of "
            f"kind {given.kind} are made of {made_of}; take gaussian, uniform, ternary or sparse feedback"
        )


@one_thread()
def pretrain(work: Workload, data: LearningData, seed: int, tell: Tell | None = None) -> Pretrained:
    """Train on the source domain in ideal arithmetic, with BP if the workload names no other rule.

    Raises
    ------
    WorkloadError
        The workload has no `learning.pretrain`, its rule needs matrices that are made later, or training diverges.
    """
    plan = work.learning.pretrain
    if plan is None:
        raise WorkloadError(f"{work.name}: learning.pretrain is missing: epochs, batch and optimizer")
    network = initialise(work.network, work.init.seed + seed, work.init.gain, n_timesteps=work.n_timesteps)
    losses: tuple[float, ...] = ()
    products = PlainProducts.of(network)
    if plan.epochs:
        rule = plan.rule or "bp"
        _check_alignment(work, rule)
        recipe = recipe_of(work, plan.optimizer, rule, network, seed)
        done = train_epochs(
            network, data.train.inputs, data.train.labels, products, recipe, n_epochs=plan.epochs,
            batch=plan.n_batch, seed=seed, progress=None if tell is None else partial(tell, "pre-training"),
        )  # fmt: skip
        network, losses = done.network, done.losses
    train, test = (
        evaluate(network, part.inputs, part.labels, products, loss=work.learning.loss).accuracy_frac
        for part in (data.train, data.test)
    )
    return Pretrained(network, losses, train, test)
