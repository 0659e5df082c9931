"""How well a network's shape passes information on: mixing time and minimax fidelity of its layer graph.

The layer graph has a node for the input and one for each layer, and an edge from each input of a layer to it;
every node also sees itself, as its neurons keep their state. Both measures are those of Vitvitskyi, Araújo,
Lackenby and Veličković, "What makes a good feedforward computational graph?" (ICML 2025, arXiv 2502.06751).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from archsim.errors import WorkloadError
from archsim.workload.network import INPUT, Network

Floats = NDArray[np.float64]

DISTANCE = 0.25
"""How near to the sink counts as mixed; the paper's choice, "any fixed 0 < ε < 1/2 would work" (section 4.3)."""


def mixing_time(network: Network) -> int:
    """How many steps it takes until information from everywhere has come to the last layer.

    A walker goes from a node along its outgoing edges, its own loop among them, with equal probability. With W the
    matrix of these probabilities (column: from, row: to) and π all on the last layer::

        mixing time = min { t : ||W^t x - π||_1 < 1/4 for every start x }

    Parameters
    ----------
    network : Network
        Its last layer must be reached from every layer, as in every workload.

    Returns
    -------
    int
        1 or more; lower is quicker. n nodes in a line: about 2 n; all connected to all: O(log n).

    Raises
    ------
    WorkloadError
        If information from some layer never reaches the last one.

    Examples
    --------
    >>> import archsim
    >>> mixing_time(archsim.load_workload("workloads/watch_mlp.yaml").network)
    9
    """
    sees = _reached(network)
    walk = sees / sees.sum(axis=0)
    missing = np.ones(len(sees))  # probability that a walker who started here has not arrived yet
    missing[-1] = 0.0
    steps = 0
    while 2 * missing.max() >= DISTANCE:  # ||x - π||_1 of a distribution is twice what is not on the sink
        missing = missing @ walk
        steps += 1
    return max(steps, 1)


def minimax_fidelity(network: Network) -> float:
    """How undiluted the least audible layer is heard at the last one, at its best moment.

    Every node takes the mean of what it sees, itself among it. With Δ the matrix of these means (row: who takes
    the mean) and τ the last layer::

        fidelity of i    = max over t of (Δ^t)[τ, i]
        minimax fidelity = min over i != τ of the fidelity of i

    The paper's normalised measure is this times the number of nodes, see `normalised_fidelity`.

    Returns
    -------
    float
        Above 0 up to 1; higher is sharper. All n nodes connected to all later ones: 1 / n. The input is the one
        node that sees nothing else: all that is heard in the end is its voice, and its fidelity is 1.

    Raises
    ------
    WorkloadError
        If information from some layer never reaches the last one.

    Examples
    --------
    >>> import archsim
    >>> minimax_fidelity(archsim.load_workload("workloads/watch_mlp.yaml").network)
    0.375
    """
    sees = _reached(network)
    mean = sees / sees.sum(axis=1, keepdims=True)
    heard = np.zeros(len(sees))
    heard[-1] = 1.0
    best, hidden = np.zeros(len(sees)), slice(1, len(sees) - 1)
    # no share grows beyond what is not yet the input's: once that is below the least, the best moments are over
    while (1 - heard[0]) > best[hidden].min(initial=1.0):
        heard = heard @ mean
        best = np.maximum(best, heard)
    return float(best[hidden].min(initial=1.0))


def normalised_fidelity(network: Network) -> float:
    """Minimax fidelity times the number of nodes: 1 where all are connected to all.

    Examples
    --------
    >>> import archsim
    >>> normalised_fidelity(archsim.load_workload("workloads/watch_mlp.yaml").network)
    1.5
    """
    return minimax_fidelity(network) * (len(network.layers) + 1)


def _reached(network: Network) -> Floats:
    """Who sees whom (row sees column), itself included; refused if the last layer does not hear all."""
    names = (INPUT, *network.names)
    sees = np.eye(len(names))
    for row, layer in enumerate(network.layers, start=1):
        for source in layer.inputs:
            sees[row, names.index(source)] = 1.0
    heard = {names[-1]}
    for layer in reversed(network.layers):
        if layer.name in heard:
            heard.update(layer.inputs)
    lost = [name for name in names if name not in heard]
    if lost:
        raise WorkloadError(
            f"network {network.name!r}: nothing of {', '.join(lost)} reaches the last layer, {names[-1]!r}; "
            "mixing time and fidelity need one sink"
        )
    return sees
