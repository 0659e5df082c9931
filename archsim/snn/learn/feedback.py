"""The fixed matrices of direct feedback: (neurons of the layer, classes) for each layer but the last."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from archsim.errors import WorkloadError
from archsim.registry import FEEDBACKS
from archsim.snn.learn.feedbacks import Draw, FeedbackKind, Wanted
from archsim.workload.network import Floats, Network

__all__ = ["Draw", "made_feedback", "make_feedback"]


def make_feedback(
    network: Network,
    kind: str = "gaussian",
    *,
    seed: int,
    gain: float = 1.0,
    weights: Mapping[str, Floats] | None = None,
    draw: Draw | None = None,
) -> dict[str, Floats]:
    """The matrices B of all layers with weights but the last.

    With c classes, and every layer drawing from a stream of its own:

    ===============  ====================================================================================
    kind             values, all times `gain`
    ===============  ====================================================================================
    gaussian         normal, standard deviation 1 / sqrt(c), so that B e is as large as e on average
    uniform          in ± sqrt(3 / c): the same standard deviation
    ternary          -1, 0 or 1, half of them 0, the same standard deviation
    sparse           a quarter normal, the others 0, the same standard deviation
    device           from `draw`, divided by the standard deviation of what came back (the gain of the
                     read-out) and sqrt(c): memory cells that spread by themselves, as in PipeSDFA
    sdfa             one normal matrix (c, widest layer) for all layers, divided by the square root of its
                     number of values, cut to the layer's neurons (published code of PipeSDFA,
                     arXiv 2507.15603)
    sign_concordant  absolute values as gaussian, with the signs of the product of the forward weights
                     between the layer and the output: sign concordance of Liao, Leibo, Poggio 2016
                     (arXiv 1510.05067), taken over to direct feedback
    product          that product itself
    weight_mirror    that product as noise shows it (arXiv 1904.05391)
    kolen_pollack    that product, and what is left of a random start (doi:10.1109/ICNN.1994.374486)
    ===============  ====================================================================================

    Parameters
    ----------
    seed : int
        0 or more.
    gain : float
        Positive.
    weights : mapping of str to array (columns, rows), optional
        For kinds that are made of weights; the network's own if absent.
    draw : callable, optional
        For "device": gets the layer's name, the shape (neurons, classes) and a random generator, and gives
        one value per place: the difference of the conductances of a pair of cells that were both programmed
        to the same target.

    Returns
    -------
    dict of str to array (neurons, classes)

    Raises
    ------
    WorkloadError
        Unknown kind, a gain that is not positive, a missing or wrong `draw`, or a network with windows along time
        (kinds that are made of weights).

    Examples
    --------
    >>> from archsim.workload.network import Dense, Layer
    >>> hidden = Layer("hidden", Dense(3), ("input",), (2,), (3,))
    >>> out = Layer("out", Dense(2), ("hidden",), (3,), (2,))
    >>> {name: b.shape for name, b in make_feedback(Network("n", (2,), (hidden, out)), seed=0).items()}
    {'hidden': (3, 2)}
    """
    if kind not in FEEDBACKS:
        raise WorkloadError(f"kind of feedback is {kind!r}; allowed are {', '.join(FEEDBACKS)}")
    if not (np.isfinite(gain) and gain > 0):
        raise WorkloadError(f"gain of the feedback is {gain!r}; it must be a positive number")
    made: FeedbackKind = FEEDBACKS[kind].model_validate({"kind": kind, "scale": float(gain)})
    return made_feedback(network, made, seed=seed, weights=weights, draw=draw)


def made_feedback(
    network: Network,
    kind: FeedbackKind,
    *,
    seed: int,
    weights: Mapping[str, Floats] | None = None,
    draw: Draw | None = None,
    shared: bool = False,
) -> dict[str, Floats]:
    """As `make_feedback`, of a kind that a workload describes; `shared`: a row for each channel, no neuron."""
    hidden = [layer for layer in network.weighted if layer is not network.layers[-1]]
    with FEEDBACKS.calling(kind.kind):
        wanted = [Wanted(network, layer, seed, draw, weights, shared) for layer in hidden]
        return {one.layer.name: kind.matrix(one) for one in wanted}
