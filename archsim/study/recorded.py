"""The base once more, with the activity of a real adaptation: trained weights, sparse errors, measured writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from archsim.errors import ArchsimError
from archsim.files import scratch_folder
from archsim.learn.checkpoints import with_arrays
from archsim.learn.hardware import timed
from archsim.learn.pretrained import pretrained
from archsim.metrics import Result
from archsim.simulate import simulate
from archsim.snn.learn.adaptation import adapt
from archsim.snn.learn.pretraining import AdaptRule, data_of
from archsim.study.costs import Files, row_of
from archsim.study.factors import Configuration, Factor
from archsim.workload.models import FileActivity

RECORDED = Configuration("activity=recorded", {"activity": "recorded"})
ACTIVITY = Factor("activity", "where spikes, errors and writes come from", "untrained", (RECORDED,))


def price_recorded(files: Files, seed: int, cache: Path) -> dict[str, Any]:
    """The base with both rules, each priced with what its own adaptation did.

    The network is trained, programmed and adapted as in the accuracy part, on the base chip itself; the first
    samples' spikes, which of their errors were not zero and which cells were written go through the event
    simulation.

    Returns
    -------
    dict
        As :func:`archsim.study.costs.price`.
    """
    try:
        runs = {rule: _run(files, rule, seed, cache) for rule in ("bp", "dfa")}
        return row_of(files, RECORDED, runs["bp"], runs["dfa"]).to_dict()
    except ArchsimError as error:  # goes back to another process: as words
        said = str(error).splitlines()[0]
        return {"name": RECORDED.name, "settings": RECORDED.settings, "why_not": said}


def _run(files: Files, rule: str, seed: int, cache: Path) -> Result:
    chip, work = files.load(rule=rule)
    start = with_arrays(work.network, pretrained(work, seed, cache).arrays)
    chosen = cast("AdaptRule", rule)
    n_samples, n_batch = timed(work)
    done = adapt(chip, work, start, data_of(work, seed), chosen, seed, n_activity=n_samples)
    with scratch_folder() as place:
        file = place / "activity.npz"
        done.activity.save(file)
        measured = FileActivity(kind="measured", file=str(file))
        ready = replace(work, network=start, activity=measured, n_samples=n_samples, n_batch=n_batch)
        return simulate(chip, ready, engine="compiled", phase=chosen)
