"""What queueing and scheduling theory say must come out, on every engine."""

from __future__ import annotations

from itertools import permutations

import networkx as nx
import numpy as np
import pytest

from archsim.taskgraph import TaskGraphBuilder

UNIT_PS = 1_000_000  # one unit of time; rounding to whole ps is then far below the stated errors


def arrivals(b, gaps):
    """A chain of tasks without resources, one done at each arrival."""
    at, last = [], []
    for gap in gaps:
        last = [b.task(action="arrive", latency_ps=int(gap), after=last)]
        at.append(last[0])
    return at


def queue(gaps, services, servers=1):
    """One line before the servers: mean wait is over the returned tasks."""
    b = TaskGraphBuilder()
    server = b.resource("server", servers)
    at = arrivals(b, gaps)
    served = [
        b.task(action="serve", uses=[(server, 1)], occupancy_ps=int(s), after=[a])
        for a, s in zip(at, services, strict=True)
    ]
    return b.build(), served


@pytest.mark.parametrize(("load", "expected"), [(0.5, 0.5), (0.8, 2.0)])
def test_mean_wait_of_an_m_d_1_queue_is_that_of_pollaczek_and_khinchine(run, load, expected):
    """Wq = ρD / 2(1−ρ) (Pollaczek-Khinchine without variance; Kleinrock, Queueing Systems I, 1975). Error: 5 %."""
    n = 40_000
    gaps = np.random.default_rng(7).exponential(UNIT_PS / load, n).round()
    graph, served = queue(gaps, [UNIT_PS] * n)
    trace = run(graph)
    wait = (trace.start_ps - trace.ready_ps)[served].mean() / UNIT_PS
    assert wait == pytest.approx(load / (2 * (1 - load)), rel=0.05)
    assert wait == pytest.approx(expected, rel=0.05)


def test_mean_wait_with_two_service_times_is_that_of_pollaczek_and_khinchine(run):
    """λ = 0.4, service 1 or 3: Wq = λE[S²] / 2(1−ρ) = 0.4·5 / 0.4 = 5. Error: 10 %."""
    n, rng = 40_000, np.random.default_rng(11)
    graph, served = queue(rng.exponential(UNIT_PS / 0.4, n).round(), rng.choice([1, 3], n) * UNIT_PS)
    trace = run(graph)
    wait = (trace.start_ps - trace.ready_ps)[served].mean() / UNIT_PS
    assert wait == pytest.approx(5.0, rel=0.10)


def wait_in_m_d_c(load, servers):
    """Mean wait in units of the service time, from Crommelin's equations (Post Office Electrical Engineers'
    Journal 25, 1932; Tijms, A First Course in Stochastic Models, 2003, section 9.6).

    Whoever is served now is gone one service time later, and nobody else: N becomes max(N − c, 0) plus a
    Poisson number of arrivals. Its stationary mean is Little's L.
    """
    rate, size = load * servers, 400
    arrivals = np.exp(-rate + np.arange(size) * np.log(rate) - np.cumsum(np.log(np.maximum(1, np.arange(size)))))
    p = np.eye(1, size)[0]
    for _ in range(3_000):
        left = np.append(p[: servers + 1].sum(), p[servers + 1 :])
        p = np.convolve(left, arrivals)[:size]
        p /= p.sum()
    return float(np.arange(size) @ p) / rate - 1


@pytest.mark.parametrize("load", [0.5, 0.8, 0.9])
def test_crommelins_equations_with_one_server_are_pollaczek_and_khinchine(load):
    assert wait_in_m_d_c(load, 1) == pytest.approx(load / (2 * (1 - load)), rel=1e-6)


@pytest.mark.parametrize(("servers", "load"), [(2, 0.7), (4, 0.8)])
def test_mean_wait_of_an_m_d_c_queue_is_crommelins(run, servers, load):
    """Error: 7 %, of the mean of 30,000 waits that hang together."""
    n = 30_000
    gaps = np.random.default_rng(7).exponential(UNIT_PS / (load * servers), n).round()
    graph, served = queue(gaps, [UNIT_PS] * n, servers)
    trace = run(graph)
    wait = (trace.start_ps - trace.ready_ps)[served].mean() / UNIT_PS
    assert wait == pytest.approx(wait_in_m_d_c(load, servers), rel=0.07)


def test_littles_law_holds_from_the_first_arrival_to_the_last_departure(run):
    """L = λW (Little, Operations Research 9, 1961), exactly, for the line and for the system, several servers."""
    n, rng = 4_000, np.random.default_rng(13)
    graph, served = queue(rng.exponential(UNIT_PS / 1.7, n).round(), rng.integers(1, 2 * UNIT_PS, n), 2)
    trace = run(graph)
    came, started, left = (column[served].tolist() for column in (trace.ready_ps, trace.start_ps, trace.done_ps))
    for leaves in started, left:
        changes = sorted([(t, 1) for t in came] + [(t, -1) for t in leaves])
        area = inside = before = 0
        for now, change in changes:
            area += inside * (now - before)
            inside, before = inside + change, now
        assert area == sum(leaves) - sum(came)  # L·T = λT·W
        assert area > 0


def flow_shop(jobs, buffer=None):
    """Every job passes machine 0, 1, … in order; `buffer` places between machines, or no limit.

    With a limit, a job stays on its machine until there is a place: "load" takes the machine and leaves
    the place before it, "unload" takes the place behind and leaves the machine; both take no time.
    """
    b = TaskGraphBuilder()
    stages = len(jobs[0])
    machine = [b.resource(f"machine[{i}]") for i in range(stages)]
    place = [b.resource(f"place[{i}]", buffer or len(jobs)) for i in range(stages - 1)]
    for job in jobs:
        last = []
        for i, length in enumerate(job):
            if buffer is None:
                last = [b.task(action="work", uses=[(machine[i], 1)], occupancy_ps=int(length), after=last)]
                continue
            before, behind = [(p, 1) for p in place[i - 1 : i]], [(p, 1) for p in place[i : i + 1]]
            load = b.task(action="load", reserves=[(machine[i], 1)], frees=before, after=last)
            work = b.task(action="work", occupancy_ps=int(length), after=[load])
            last = [b.task(action="unload", reserves=behind, frees=[(machine[i], 1)], after=[work])]
    return b.build()


@pytest.mark.parametrize("buffer", [None, 1, 2])
@pytest.mark.parametrize(("times", "n", "makespan"), [([3, 5, 2, 4], 10, 59), ([4, 4, 4], 7, 36), ([9], 3, 27)])
def test_identical_jobs_take_the_sum_of_stages_and_the_slowest_for_each_further_job(
    run, times, n, makespan, buffer
):
    """Σt + (n−1)·max t, for any buffer of one or more."""
    assert sum(times) + (n - 1) * max(times) == makespan
    assert run(flow_shop([times] * n, buffer)).makespan_ps == makespan


def test_tandem_queues_follow_their_recursion_job_by_job(run):
    """C[j][i] = max(C[j−1][i], C[j][i−1]) + p[j][i], exactly."""
    p = np.random.default_rng(5).integers(1, 30, (200, 4))
    done = np.zeros((201, 5), int)
    for j in range(200):
        for i in range(4):
            done[j + 1, i + 1] = max(done[j, i + 1], done[j + 1, i]) + p[j, i]
    assert run(flow_shop(p)).done_ps.reshape(200, 4).tolist() == done[1:, 1:].tolist()


@pytest.mark.parametrize("buffer", [1, 2, 5])
def test_tandem_queues_with_finite_buffers_follow_their_recursion_job_by_job(run, buffer):
    """Blocking after service (Buzacott and Shanthikumar, Stochastic Models of Manufacturing Systems, 1993): a job
    that is through stays on its machine until there is one of b places behind it, exactly:
    begin[j][i] = max(leave[j][i−1], leave[j−1][i]), leave[j][i] = max(begin[j][i] + p[j][i], begin[j−b][i+1]).
    """
    p = np.random.default_rng(buffer).integers(1, 30, (120, 4)).tolist()
    begin, leave = np.zeros((120, 4), int), np.zeros((120, 4), int)
    for j in range(120):
        for i in range(4):
            begin[j, i] = max(leave[j, i - 1] if i else 0, leave[j - 1, i] if j else 0)
            room = begin[j - buffer, i + 1] if i < 3 and j >= buffer else 0
            leave[j, i] = max(begin[j, i] + p[j][i], room)
    done = run(flow_shop(p, buffer)).done_ps.reshape(120, 4, 3)
    assert done[:, :, 0].tolist() == begin.tolist()
    assert done[:, :, 2].tolist() == leave.tolist()
    assert (leave > begin + np.array(p)).any()  # somebody was blocked


def test_a_random_permutation_flow_shop_takes_its_longest_path(run):
    """The makespan is the heaviest staircase from the first job on the first machine to the last on the last
    (Pinedo, Scheduling, section 6.1), here by networkx."""
    p = np.random.default_rng(2).integers(1, 50, (20, 5))
    grid = nx.DiGraph()
    for j, i in np.ndindex(p.shape):
        for before in (j - 1, i), (j, i - 1):
            if min(before) >= 0:
                grid.add_edge(before, (j, i), weight=int(p[j, i]))
    assert run(flow_shop(p)).makespan_ps == p[0, 0] + nx.dag_longest_path_length(grid)


def test_behind_a_slower_deterministic_server_nobody_waits(run):
    n = 2_000
    b = TaskGraphBuilder()
    slow, fast = b.resource("slow"), b.resource("fast")
    second = []
    for a in arrivals(b, np.random.default_rng(3).exponential(1.1 * UNIT_PS, n).round()):
        one = b.task(action="serve", uses=[(slow, 1)], occupancy_ps=UNIT_PS, after=[a])
        second.append(b.task(action="serve", uses=[(fast, 1)], occupancy_ps=UNIT_PS, after=[one]))
    trace = run(b.build())
    assert (trace.start_ps == trace.ready_ps)[second].all()
    assert (trace.start_ps > trace.ready_ps).any()


JOHNSON = [(3, 6), (5, 2), (1, 2), (6, 6), (7, 5)]


def test_two_machines_in_johnsons_order_take_24_and_in_the_given_order_27(run):
    """Johnson's rule (Naval Research Logistics Quarterly 1, 1954): shortest time left or right."""
    left = sorted((job for job in JOHNSON if job[0] < job[1]), key=lambda job: job[0])
    right = sorted((job for job in JOHNSON if job[0] >= job[1]), key=lambda job: -job[1])
    assert run(flow_shop(JOHNSON)).makespan_ps == 27
    assert run(flow_shop(left + right)).makespan_ps == 24


def test_no_order_of_the_jobs_beats_johnsons_rule(run):
    assert min(run(flow_shop(order)).makespan_ps for order in permutations(JOHNSON)) == 24


@pytest.mark.parametrize(("clients", "throughput"), [(4, 4 / 9), (8, 8 / 9), (9, 1), (16, 1)])
def test_a_closed_network_serves_as_many_as_its_clients_or_its_server_allow(run, clients, throughput):
    """Think Z = 8, serve S = 1, no chance: X = min(N / (Z+S), 1/S), exactly once in step."""
    b = TaskGraphBuilder()
    server = b.resource("server")
    last = {c: [] for c in range(clients)}
    served = []
    for _ in range(60):
        for c in range(clients):
            think = b.task(action="think", latency_ps=8, after=last[c])
            last[c] = [b.task(action="serve", uses=[(server, 1)], occupancy_ps=1, after=[think])]
            served += last[c]
    done = np.sort(run(b.build()).done_ps[served])
    first, final = clients * 10, clients * 50
    assert (final - first) / (done[final] - done[first]) == pytest.approx(throughput, rel=1e-12)
