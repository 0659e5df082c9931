"""The whole way from a chip and a workload to a result: the first file to read."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import overload

from archsim.engine import run_tasks
from archsim.long_simulation import check_run, simulate_long
from archsim.metrics import LongResult, Result
from archsim.metrics.usual import tell_unusual
from archsim.prepare import Prepared, prepare
from archsim.provenance import provenance
from archsim.sight import in_sight_of
from archsim.spec import Chip, unusual
from archsim.taskgraph.memory import give_back
from archsim.verify import verify
from archsim.workload import PROGRAM, Phase, Workload
from archsim.workload.drawn import layers_of_file


@overload
def simulate(
    chip: Chip,
    work: Workload,
    engine: str = "simpy",
    seed: int = 0,
    phase: Phase | None = None,
    *,
    policy: str = "fifo",
    timesteps: None = None,
    max_memory_bytes: int | None = None,
) -> Result: ...


@overload
def simulate(
    chip: Chip,
    work: Workload,
    engine: str = "simpy",
    seed: int = 0,
    phase: Phase | None = None,
    *,
    policy: str = "fifo",
    timesteps: int | None,
    max_memory_bytes: int | None = None,
) -> Result | LongResult: ...


def simulate(
    chip: Chip,
    work: Workload,
    engine: str = "simpy",
    seed: int = 0,
    phase: Phase | None = None,
    *,
    policy: str = "fifo",
    timesteps: int | None = None,
    max_memory_bytes: int | None = None,
) -> Result | LongResult:
    """Evaluate a workload on a chip: latency, energy and area from one event simulation.

    Parameters
    ----------
    chip : Chip
        From :func:`archsim.load_chip`.
    work : Workload
        From :func:`archsim.load_workload`.
    engine : "simpy", "heap" or "compiled"
        They give the same result to the last bit.
    seed : int
        Draws which recordings or spikes drive the network.
    phase : str, optional
        "inference", "program" (the first programming of all arrays), or a learning rule such as "bp" or "dfa";
        the first of the workload's phases if not given.
    policy : "fifo" or "static"
        Order of service at a resource: first come, first served ("fifo"), or program order ("static").
    timesteps : int, optional
        How many, where not those of the workload. The activity of the workload's own timesteps is repeated. For
        inference the chip is mapped for the workload as it is; for a learning rule, which keeps the history of a
        sample, for samples of that length, and its batches are played one after the other with memory for one.
    max_memory_bytes : int, optional
        What the run may take; half of the free memory if not given.

    Returns
    -------
    Result or LongResult
        A `LongResult`, without graph and trace, where `timesteps` make the graph large. ``provenance["way"]`` says
        which way it went.

    Raises
    ------
    DoesNotFitError
        If the chip has too little of something.
    ArchsimError
        If something is of another type or kind than said here.
    SpecError, WorkloadError
        If a cost model does not hold for the chip, or data are missing.
    EngineError
        If the run would need more memory than allowed.
    DeadlockError
        If buffers are so small that nothing can go on.

    Warns
    -----
    UnusualWarning
        Energy, power or area are far beyond what chips do; ``provenance["unusual"]`` keeps it, with what is
        unusual of the chip.

    Examples
    --------
    >>> import archsim
    >>> chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> work = archsim.load_workload("workloads/nmnist_mlp.yaml", ["samples=1", "batch=1", "timesteps=10"])
    >>> result = archsim.simulate(chip, work)
    >>> result.latency_ps > 0 and result.energy_pj > 0
    True
    """
    check_run(chip, work, engine, seed, phase, policy)
    phase = phase or work.phases[0]
    if timesteps is not None:
        long = simulate_long(chip, work, timesteps, engine, seed, phase, policy, max_memory_bytes)
        tell_unusual(long, unusual(chip))
        return long
    ready = prepare(chip, work, seed, phase, max_memory_bytes)
    result = played(ready, engine, policy)
    tell_unusual(result, unusual(ready.chip))
    return result


def played(ready: Prepared, engine: str, policy: str = "fifo") -> Result:
    """A prepared run, laid down, played, verified and evaluated; nothing unusual is told."""
    chip, work, mapping, phase = ready.chip, ready.work, ready.mapping, ready.mapping.phase
    lowered = ready.lowered()
    give_back(lowered.graph.n_tasks)
    trace = run_tasks(lowered.graph, engine=engine, policy=policy)
    give_back(lowered.graph.n_tasks)
    verify(lowered.graph, trace, policy=policy)
    give_back(lowered.graph.n_tasks)
    made = provenance(chip, work, engine, ready.seed, phase, **({} if policy == "fifo" else {"policy": policy}))
    result = Result.of(
        lowered.graph,
        trace,
        lowered.actions,
        lowered.parts.items(),
        mapping.crossbars_by_layer,
        mapping.n_crossbars_available,
        n_samples=1 if phase == PROGRAM else work.n_samples,
        phase=phase,
        name=f"{chip.name}/{work.name}",
        provenance={
            **made,
            "tile_places": list(mapping.interconnect.places),
            **lowered.writes(),
            **layers_of_file(work),
        },
        policy=policy,
    )
    return replace(result, seen=partial(in_sight_of, chip, work, mapping, ready.activity, ready.seed))
