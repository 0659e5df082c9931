"""The links that a message to several tiles takes: the tree of their routes, each link once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from archsim.interconnect import Hop


@dataclass
class Branch:
    """A link of the tree, what follows it, and the tiles that are reached there."""

    hop: Hop | None = None
    next: dict[Hop, Branch] = field(default_factory=dict)
    targets: list[int] = field(default_factory=list)


def tree(ways: Mapping[int, Iterable[Hop]]) -> Branch:
    """The root of the tree of some ways, by target.

    Examples
    --------
    >>> a, b, c = Hop("a", 1.0), Hop("b", 1.0), Hop("c", 1.0)
    >>> root = tree({1: [a, b], 2: [a, c]})
    >>> [hop.link for hop in root.next], [hop.link for hop in root.next[a].next], root.next[a].next[c].targets
    (['a'], ['b', 'c'], [2])
    """
    root = Branch()
    for target, hops in ways.items():
        here = root
        for hop in hops:
            here = here.next.setdefault(hop, Branch(hop))
        here.targets.append(target)
    return root
