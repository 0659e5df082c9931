"""The rules of the engine, taken by the word, without any cleverness: the oracle of the tests.

All waiting tasks stand in one list, sorted by (priority, round, id) or by id; each round walks it once.
"""

from __future__ import annotations

from archsim.taskgraph import TaskGraph

Schedule = tuple[list[int], list[int], list[int]]


def play(graph: TaskGraph, policy: str = "fifo") -> Schedule:
    """Ready, start and done of every task; -1 for what never happened."""
    n = graph.n_tasks

    def rows(name: str) -> list[list[tuple[int, int]]]:
        ptr = getattr(graph, f"{name}_ptr")
        return [
            [(int(getattr(graph, f"{name}_resource")[k]), int(getattr(graph, f"{name}_units")[k]))
             for k in range(ptr[i], ptr[i + 1])]
            for i in range(n)
        ]  # fmt: skip

    uses, reserves, frees = rows("uses"), rows("reserves"), rows("frees")
    before = [graph.after_idx[graph.after_ptr[i] : graph.after_ptr[i + 1]].tolist() for i in range(n)]
    free = [int(c) for c in graph.capacity]
    ready, ready_round, start, started_round, done, released = ([-1] * n for _ in range(6))
    now = this_round = 0
    while True:
        # all that ends now
        for i in range(n):
            ran = start[i] >= 0 and started_round[i] < this_round
            if ran and released[i] < 0 and start[i] + graph.occupancy_ps[i] == now:
                released[i] = now
                for r, u in uses[i]:
                    free[r] += u
            if ran and done[i] < 0 and start[i] + graph.latency_ps[i] == now:
                done[i] = now
                for r, u in frees[i]:
                    free[r] += u
        for i in range(n):
            if ready[i] < 0 and all(done[p] >= 0 for p in before[i]):
                ready[i], ready_round[i] = now, this_round
        # one walk along the line
        line = [i for i in range(n) if start[i] < 0 and (ready[i] >= 0 or policy == "static")]
        if policy == "fifo":
            line.sort(key=lambda i: (int(graph.priority[i]), ready_round[i], i))
        blocked: set[int] = set()
        for i in line:
            wanted: dict[int, int] = {}
            for r, u in uses[i] + reserves[i]:
                wanted[r] = wanted.get(r, 0) + u
            fits = all(free[r] >= u for r, u in wanted.items())
            if ready[i] >= 0 and fits and not blocked & wanted.keys():
                start[i], started_round[i] = now, this_round
                for r, u in wanted.items():
                    free[r] -= u
            else:
                blocked |= wanted.keys()
        this_round += 1
        times = [start[i] + int(graph.occupancy_ps[i]) for i in range(n) if start[i] >= 0 > released[i]]
        times += [start[i] + int(graph.latency_ps[i]) for i in range(n) if start[i] >= 0 > done[i]]
        if not times:
            return ready, start, done
        now = min(times)
