"""The fixed matrices of direct rules: of few values, of low rank, and as a chip multiplies by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from archsim.names import FEEDBACK
from archsim.snn.learn.feedback import made_feedback

if TYPE_CHECKING:
    from archsim.rules.settings import DirectSettings
    from archsim.snn.learn.chip import ChipProducts, InputRange
    from archsim.snn.learn.feedbacks import Draw
    from archsim.snn.learn.trainer import Recipe
    from archsim.workload import Network
    from archsim.workload.network import Floats

Project = Callable[[str, "Floats"], "Floats"]


def matrices_of(given: DirectSettings, network: Network, seed: int, draw: Draw | None) -> dict[str, Floats]:
    """(neurons, outputs) of each hidden layer, as the settings say."""
    assert given.feedback is not None  # a rule fills in that of the workload
    made = made_feedback(network, given.feedback, seed=seed, draw=draw, shared=given.shared)
    placed = {
        name: given.place.drawn(values, given.feedback, seed * len(made) + index)
        for index, (name, values) in enumerate(made.items())
    }
    return {name: spread(network, name, values) for name, values in low_rank(placed, given.rank).items()}


def spread(network: Network, name: str, values: Floats) -> Floats:
    """A row for each neuron, of a row for each channel."""
    n_neurons = network.layer(name).n_neurons
    return values if len(values) == n_neurons else np.repeat(values, n_neurons // len(values), axis=0)


def stored(given: DirectSettings, network: Network, matrices: Mapping[str, Floats]) -> dict[str, Floats]:
    """The rows that a chip has of each matrix: all, or one for each channel."""
    if not given.shared:
        return dict(matrices)
    positions = {name: network.layer(name).n_neurons // network.layer(name).out_shape[0] for name in matrices}
    return {name: matrix[:: positions[name]] for name, matrix in matrices.items()}


def low_rank(matrices: Mapping[str, Floats], rank: int | None) -> dict[str, Floats]:
    """The nearest matrices that together have a rank (Eckart, Young 1936), so one factor serves all layers."""
    if rank is None or not matrices:
        return dict(matrices)
    narrow = factor_of(matrices, rank)
    return {name: matrix @ narrow.T @ narrow for name, matrix in matrices.items()}


def factor_of(matrices: Mapping[str, Floats], rank: int) -> Floats:
    """(rank, outputs): what all layers see of an error, as rows of length 1 at right angles."""
    _, _, directions = np.linalg.svd(np.concatenate(list(matrices.values())), full_matrices=False)
    return np.asarray(directions[:rank])


def on_a_chip(
    given: DirectSettings, recipe: Recipe, on_chip: ChipProducts, driven_by: InputRange | None = None
) -> Recipe:
    """The recipe with its matrices where the chip has them: on arrays, or in a place that logic reads.

    `driven_by` says what drives arrays where that is no error: it is sent as it is.
    """
    network, matrices = on_chip.network, recipe.feedback
    rows = stored(given, network, matrices)
    narrow = None if given.rank is None else factor_of(rows, given.rank)
    factors = rows if narrow is None else {name: values @ narrow.T for name, values in rows.items()}
    if given.place.has_arrays:
        on_chip.add_feedback(factors, driven_by)
        product: Project = on_chip.project if driven_by is None else _of_labels(on_chip)
    else:
        held = {name: given.place.rounded(on_chip.chip, values) for name, values in factors.items()}
        product = by_logic(held, None if driven_by else on_chip)

    def brought(error: Floats) -> Floats:
        return error if narrow is None else np.asarray(error @ narrow.T)

    def project(name: str, error: Floats) -> Floats:
        return spread(network, name, product(name, brought(error)).T).T

    return replace(recipe, project=project, compressed=brought)


def _of_labels(on_chip: ChipProducts) -> Project:
    """Labels, which are one or zero times a number that all have, through arrays."""

    def product(name: str, labels: Floats) -> Floats:
        size = np.abs(labels).max()
        return np.asarray(on_chip.arrays[name + FEEDBACK].mvm(labels / size) * size)

    return product


def by_logic(held: Mapping[str, Floats], on_chip: ChipProducts | None) -> Project:
    """Errors as they are sent, in codes of their bits, times the values; without a chip, as they are."""
    if on_chip is None:
        return lambda name, labels: np.asarray(labels @ held[name].T)
    n_steps = 2 ** max(1, on_chip.chip.execution.error_resolution_bits - 1) - 1

    def product(name: str, error: Floats) -> Floats:
        codes = on_chip.sent.codes(name + FEEDBACK, error)
        largest = on_chip.sent.of(name + FEEDBACK, error).largest
        return np.asarray(codes / n_steps * largest @ held[name].T)

    return product
