"""How loaded each link of the interconnect is: the share of the run that it carries, flits and energy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from archsim.components import Action
from archsim.errors import EngineError
from archsim.metrics.ledger import action_of_name
from archsim.taskgraph import TaskGraph
from archsim.taskgraph.whole import products, sums_by
from archsim.trace import Trace

HOP = "hop"


class LinkLoad(NamedTuple):
    """One link in a run.

    Attributes
    ----------
    busy_frac : float
        Time that it was held within the run / length of the run; 0 if the run took no time.
    flits : int
        Flits that it carried.
    energy_pj : float
        Their dynamic energy: of the link and of the router that they pass.
    """

    busy_frac: float
    flits: int
    energy_pj: float


def link_load(graph: TaskGraph, trace: Trace, actions: Mapping[str, Action]) -> dict[str, LinkLoad]:
    """Load of every link that carried something, by name, in the order of the graph's resources.

    A link is the first resource that a `hop` uses; a port of a router's crossbar comes behind it. Flits of all
    links together are the count of all hops.

    Parameters
    ----------
    graph, trace
        A finished run.
    actions : mapping of str to Action
        The price of every hop.

    Returns
    -------
    dict of str to LinkLoad

    Raises
    ------
    EngineError
        A hop has no price.

    Examples
    --------
    >>> from archsim.components import Charge
    >>> from archsim.engine import run_tasks
    >>> from archsim.taskgraph import TaskGraphBuilder
    >>> b = TaskGraphBuilder()
    >>> link = b.resource("link[0 to 1]")
    >>> hop = b.task(action="hop@1.0mm", count=4, uses=[(link, 1)], occupancy_ps=4000, latency_ps=8000)
    >>> graph = b.build()
    >>> link_load(graph, run_tasks(graph), {"hop@1.0mm": Action("hop@1.0mm", (Charge("interconnect", 2.5),))})
    {'link[0 to 1]': LinkLoad(busy_frac=0.5, flits=4, energy_pj=10.0)}
    """
    hops = [i for i, name in enumerate(graph.action_names) if action_of_name(name) == HOP]
    missing = [graph.action_names[i] for i in hops if graph.action_names[i] not in actions]
    if missing:
        raise EngineError(f"no price for the hops {', '.join(missing)}")
    task = np.flatnonzero(np.isin(graph.action, hops) & (np.diff(graph.uses_ptr) > 0))
    link = graph.uses_resource[graph.uses_ptr[task]]
    held = np.minimum(graph.occupancy_ps[task], trace.makespan_ps - trace.start_ps[task])
    busy = sums_by(link, products(held), graph.n_resources)
    flits = sums_by(link, products(graph.count[task]), graph.n_resources)
    energy = np.zeros(graph.n_resources)
    for hop in hops:
        price = actions[graph.action_names[hop]].energy_pj
        of_hop = graph.action[task] == hop
        # whole flits of one price are summed before they are multiplied: no order of additions
        n = sums_by(link[of_hop], products(graph.count[task[of_hop]]), graph.n_resources)
        energy += n.astype(float) * price
    length = trace.makespan_ps
    return {
        graph.resource_names[r]: LinkLoad(
            int(busy[r]) / length if length else 0.0, int(flits[r]), float(energy[r])
        )
        for r in np.unique(link).tolist()
    }
