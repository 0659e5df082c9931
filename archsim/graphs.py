"""Small directed graphs: parts that are cycles, orders; the only module that imports networkx, an extra."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from archsim.errors import ArchsimError

if TYPE_CHECKING:
    import networkx as nx

Edge = tuple[str, str]


def strong_parts(nodes: Iterable[str], edges: Sequence[Edge]) -> list[set[str]]:
    """The parts of which every node is reached from every other one (Kosaraju's algorithm).

    A node in no cycle is a part alone. A part stands before those that it leads to.

    Examples
    --------
    >>> [sorted(part) for part in strong_parts("abc", [("a", "b"), ("b", "a"), ("b", "c")])]
    [['a', 'b'], ['c']]
    """
    forward, backward = _following(edges), _following((b, a) for a, b in edges)
    last: dict[str, None] = {}  # by when a walk leaves them
    seen: set[str] = set()
    for node in nodes:
        last.update(dict.fromkeys(_walked(node, forward, seen)))
    seen.clear()
    return [set(part) for node in reversed(last) if (part := _walked(node, backward, seen))]


def _following(edges: Iterable[Edge]) -> Mapping[str, list[str]]:
    found = defaultdict(list)
    for a, b in edges:
        found[a].append(b)
    return found


def _walked(start: str, following: Mapping[str, list[str]], seen: set[str]) -> list[str]:
    """Nodes that are reached and not seen yet, in the order in which a walk leaves them."""
    if start in seen:
        return []
    seen.add(start)
    left, stack = [], [(start, iter(following.get(start, ())))]
    while stack:
        node, rest = stack[-1]
        new = next((other for other in rest if other not in seen), None)
        if new is None:
            left.append(node)
            stack.pop()
        else:
            seen.add(new)
            stack.append((new, iter(following.get(new, ()))))
    return left


def in_order(nodes: Iterable[str], edges: Iterable[Edge], key: Callable[[str], int]) -> list[str]:
    """Each node behind those that lead to it, else by its key; nodes of a cycle, and behind one, are left out.

    Examples
    --------
    >>> in_order("cab", [("b", "a")], ord)
    ['b', 'a', 'c']
    """
    following: dict[str, set[str]] = {node: set() for node in nodes}
    for a, b in edges:
        following[a].add(b)
    waits = dict.fromkeys(following, 0)
    for others in following.values():
        for node in others:
            waits[node] += 1
    ready = [(key(node), node) for node, n in waits.items() if n == 0]
    heapq.heapify(ready)
    found = []
    while ready:
        _, node = heapq.heappop(ready)
        found.append(node)
        for other in following[node]:
            waits[other] -= 1
            if waits[other] == 0:
                heapq.heappush(ready, (key(other), other))
    return found


def digraph() -> nx.DiGraph[Any]:
    """An empty graph of networkx, for people.

    Raises
    ------
    ArchsimError
        networkx is not installed.
    """
    try:
        import networkx as nx
    except ImportError:
        raise ArchsimError("this graph needs networkx: pip install 'archsim[graphs]'") from None
    return nx.DiGraph()
