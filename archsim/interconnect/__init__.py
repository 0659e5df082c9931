"""The wires between tiles, one kind in each file: places, links, routes, their lengths, where they are drawn."""

from archsim.interconnect.base import IO, Hop, Interconnect, Link, Node, Point, link_name
from archsim.interconnect.make import interconnect_of, of_run

__all__ = [
    "IO",
    "Hop",
    "Interconnect",
    "Link",
    "Node",
    "Point",
    "interconnect_of",
    "link_name",
    "of_run",
]
