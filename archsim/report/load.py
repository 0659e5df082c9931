"""A result as it was, from the folder it was written to."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from archsim.errors import ArchsimError
from archsim.files import path_of
from archsim.given import refuse, wrong_path
from archsim.report.folder import RESULT_FILE, read_results, refuse_saved
from archsim.report.saved import provenance_errors

if TYPE_CHECKING:
    from archsim.metrics import Result

_CHECKED = ("n_tasks", "latency_ps", "energy_pj", "area_um2", "busy_ps")


def load_result(folder: str | Path, phase: str | None = None) -> Result:
    """Read a result that ``archsim run -o`` or `Result.save` wrote, with its task graph and trace.

    Parameters
    ----------
    folder : str or path
        The result folder, or its ``result.json``.
    phase : str, optional
        Which run of the folder; may be left out where there is only one.

    Returns
    -------
    Result
        Evaluated anew from the saved run, so that it can do whatever a fresh one can.

    Raises
    ------
    ArchsimError
        There is no result, a file of it is missing, damaged or of another version, the phase is not there or
        not said, or the two files of the run do not belong together.

    Examples
    --------
    >>> import archsim, tempfile
    >>> chip = archsim.load_chip("arch_specs/wearable_rram.yaml")
    >>> work = archsim.load_workload("workloads/watch_mlp.yaml", ["timesteps=2", "samples=1", "batch=1"])
    >>> result = archsim.simulate(chip, work)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = result.save(folder)
    ...     again = archsim.load_result(folder)
    >>> again.latency_ps == result.latency_ps, again.breakdown("layer") == result.breakdown("layer")
    (True, True)
    """
    from archsim.metrics import read_run, run_file

    refuse([wrong_path("folder", folder)])
    path = path_of(folder)
    found = read_results(path).results
    if phase is None and len(found) > 1:
        raise ArchsimError(f"{path}: holds several runs ({', '.join(found)}); say which phase")
    chosen = phase if phase is not None else next(iter(found), "")
    if chosen not in found:
        raise ArchsimError(f"{path}: has no {chosen or 'run'}; there are: {', '.join(found) or 'none'}")
    file = (path if path.is_dir() else path.parent) / run_file(chosen)
    result = read_run(file)
    refuse_saved(file, provenance_errors(result.provenance))
    totals = found[chosen].get("totals", {})
    wrong = [key for key in _CHECKED if totals.get(key) != getattr(result, key)]
    if wrong:
        raise ArchsimError(f"{file}: does not belong to {RESULT_FILE} beside it: {', '.join(wrong)} differ")
    return result
