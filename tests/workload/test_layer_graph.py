"""Mixing time and minimax fidelity against closed forms and against brute force by their definitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from archsim.errors import WorkloadError
from archsim.workload.layer_graph import minimax_fidelity, mixing_time, normalised_fidelity
from archsim.workload.network import Dense, Layer, Network


def network(sees: list[list[int]]) -> Network:
    """Layer k (from 1; 0 is the input) sees these places."""
    names = ["input", *(f"h{k}" for k in range(1, len(sees) + 1))]
    layers = [
        Layer(names[k], Dense(1), tuple(names[place] for place in places), (len(places),), (1,))
        for k, places in enumerate(sees, start=1)
    ]
    return Network("graph", (1,), tuple(layers))


def line(n_nodes: int) -> Network:
    return network([[k - 1] for k in range(1, n_nodes)])


def full(n_nodes: int) -> Network:
    return network([list(range(k)) for k in range(1, n_nodes)])


@pytest.mark.parametrize("n_nodes", [2, 3, 4, 10, 40])
def test_a_line_mixes_when_a_walker_from_the_input_has_made_all_its_steps(n_nodes):
    steps = np.arange(1, 500)
    has_not_arrived = binom.cdf(n_nodes - 2, steps, 0.5)  # each step is made with probability 1/2
    assert mixing_time(line(n_nodes)) == steps[2 * has_not_arrived < 0.25][0]


@pytest.mark.parametrize("n_nodes", [3, 4, 10, 40])
def test_a_line_is_heard_worst_from_its_first_hidden_layer(n_nodes):
    distance = n_nodes - 2  # the central binomial coefficient, about 1 / sqrt(pi distance)
    expected = math.comb(2 * distance, distance) / 4**distance
    assert minimax_fidelity(line(n_nodes)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("n_nodes", [3, 4, 10, 40])
def test_all_connected_to_all_has_normalised_fidelity_one_and_mixes_in_logarithmic_time(n_nodes):
    graph = full(n_nodes)
    assert normalised_fidelity(graph) == pytest.approx(1.0, rel=1e-12)
    assert mixing_time(graph) <= 4 + 2 * math.log2(n_nodes)


def test_a_read_out_right_at_the_input_is_heard_in_full():
    assert minimax_fidelity(line(2)) == 1.0


@st.composite
def graphs(draw):
    n_nodes = draw(st.integers(2, 8))
    return network([
        sorted({k - 1, *draw(st.lists(st.integers(0, k - 1), max_size=3))}) for k in range(1, n_nodes)
    ])  # fmt: skip


@given(graphs())
def test_both_measures_follow_their_definitions(graph):
    names = ["input", *graph.names]
    sees = np.eye(len(names))
    for row, layer in enumerate(graph.layers, start=1):
        for source in layer.inputs:
            sees[row, names.index(source)] = 1
    walk, mean, sink = sees / sees.sum(0), sees / sees.sum(1)[:, None], np.eye(len(names))[-1]
    powers = [np.linalg.matrix_power(walk, t) for t in range(1, 200)]
    far = [np.abs(power - sink[:, None]).sum(axis=0).max() for power in powers]
    assert mixing_time(graph) == 1 + next(t for t, distance in enumerate(far) if distance < 0.25)
    heard = np.max([np.linalg.matrix_power(mean, t)[-1] for t in range(1, 200)], axis=0)
    assert minimax_fidelity(graph) == pytest.approx(heard[:-1].min(), rel=1e-9)


def test_a_layer_that_the_last_one_never_hears_is_refused():
    with pytest.raises(WorkloadError, match="nothing of h1 reaches the last layer, 'h2'"):
        mixing_time(network([[0], [0]]))
