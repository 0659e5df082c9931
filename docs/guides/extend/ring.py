"""A ring: each place is joined to the next, the last to the first; messages take the shorter way round."""

from math import cos, pi, sin

import archsim
from archsim.interconnect import IO, Hop, Interconnect, Link, Node, Point, link_name


@archsim.register
class Ring(Interconnect):
    kind = "ring"
    n_vc_classes = 2  # from the link between the last place and the first on, a packet takes the second

    def links(self) -> tuple[Link, ...]:
        around = [(i, (i + 1) % self.n_tiles) for i in range(self.n_tiles) if self.n_tiles > 1]
        both = [(IO, 0), (0, IO), *around, *((b, a) for a, b in around)]
        return tuple(Link(link_name(a, b), a, b) for a, b in dict.fromkeys(both))

    def path(self, here: int, there: int) -> tuple[Hop, ...]:
        at, end, vc_class = max(here, 0), max(there, 0), 0  # the global buffer is beside place 0
        step = 1 if (end - at) % self.n_tiles <= self.n_tiles / 2 else -1
        hops = [Hop(link_name(IO, 0), 1.0)] if here == IO else []
        while at != end:
            after = (at + step) % self.n_tiles
            vc_class |= abs(after - at) > 1
            hops.append(Hop(link_name(at, after), 1.0, vc_class))
            at = after
        return (*hops, Hop(link_name(0, IO), 1.0)) if there == IO else tuple(hops)

    def position(self, node: Node) -> Point:
        radius, turn = self.n_tiles / 4, 2 * pi * max(node, 0) / self.n_tiles
        return (-radius - 1, 0.0) if node == IO else (-radius * cos(turn), -radius * sin(turn))


if __name__ == "__main__":
    work = archsim.load_workload("workloads/watch_mlp.yaml", ["samples=1", "batch=1", "timesteps=4"])
    small = ["interconnect.kind=ring", "tile.pes=1", "pe.crossbars=1"]
    run = archsim.simulate(archsim.load_chip("arch_specs/wearable_rram.yaml", small), work)
    print(run.latency_ps, sorted(run.link_load()))
