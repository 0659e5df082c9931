"""Whether what a kind says of its links and routes fits together: kinds come from other packages too."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from archsim.errors import PluginError
from archsim.interconnect.base import IO, Interconnect, Link


def checked(wires: Interconnect) -> Interconnect:
    """The interconnect, after a look at all of its links and a few of its routes.

    Raises
    ------
    PluginError
        The first thing that does not fit, with the name of the kind.
    """
    error = next(_errors(wires), None)
    if error:
        raise PluginError(f"interconnect {wires.kind!r}: {error}")
    return wires


def _errors(wires: Interconnect) -> Iterator[str]:
    links: dict[str, Link] = {}
    for link in wires.links():
        if link.name in links:
            yield f"links() has {link.name} twice"
        # else sums of lengths are not exact, and a search for places might never end
        if link.length < 0 or not float(2 * link.length).is_integer():
            yield f"{link.name} is {link.length} tile pitches long; it must be a whole multiple of half a pitch"
        links[link.name] = link
    some = {0, wires.n_tiles // 2, wires.n_tiles - 1} if wires.n_tiles else set()
    for here, there in permutations(sorted({IO, *some}), 2):
        yield from _errors_of_route(wires, links, here, there)


def _errors_of_route(wires: Interconnect, links: dict[str, Link], here: int, there: int) -> Iterator[str]:
    hops, what = wires.path(here, there), f"path({here}, {there})"
    if not hops:
        yield f"{what} has no hop"
    for hop in hops:
        if hop.link not in links:
            yield f"{what} takes {hop.link}, which links() lacks"
        elif hop.length != links[hop.link].length:
            yield f"{what} says that {hop.link} is {hop.length} long, links() says {links[hop.link].length}"
        if not 0 <= hop.vc_class < wires.n_vc_classes:
            yield f"{what} takes class {hop.vc_class} of virtual channels; there are {wires.n_vc_classes}"
