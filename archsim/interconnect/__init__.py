"""The wires between tiles: where tiles sit, which links a message takes, and how long they are."""

from archsim.interconnect.base import IO, Hop, Topology

__all__ = ["IO", "Hop", "Topology"]
