"""The recording of a model: a network with its weights, and its spikes; as a workload, or as files of one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from archsim.bridge.differences import Difference
from archsim.bridge.written import written_out
from archsim.errors import WorkloadError
from archsim.files import AnyPath, inside, make_folder, write_text
from archsim.snn import Activity
from archsim.workload import Network, Workload, load_workload
from archsim.workload.nir_writer import nir_errors, write_nir

NETWORK, ACTIVITY, WORKLOAD = "network.nir", "activity.npz", "workload.yaml"


@dataclass(frozen=True, eq=False)
class Recording:
    """A model as archsim sees it.

    Parameters
    ----------
    network : Network
        With weights; normalisations are folded into them.
    activity : Activity
        The spikes that flowed in the model, not those of a forward pass of archsim.
    differences : tuple of Difference
        Layers of which archsim's own forward pass gives other spikes; empty if all are equal.
    input_bits : int
        1 if the input is spikes.
    notes : tuple of str
        How the model was read.
    """

    network: Network
    activity: Activity
    differences: tuple[Difference, ...]
    input_bits: int
    notes: tuple[str, ...] = ()

    def workload(self, phases: Sequence[str] = ("inference",), **more: object) -> Workload:
        """A workload of all recorded samples, for :func:`archsim.simulate`.

        Parameters
        ----------
        phases : sequence of str
        **more
            Further keys of a workload file: ``batch=2``, ``schedule="sequential"``, ``learning={...}``.

        Raises
        ------
        WorkloadError
            A key or value is wrong.
        """
        described = self._described(phases, more)
        described["network"] = written_out(self.network)
        described["activity"] = {"kind": "measured", "file": f"sha256:{self._sha256()}"}
        work = load_workload(described)
        network = replace(self.network, notes=(*self.notes, *(f"recorded: {one}" for one in self.differences)))
        return replace(work, network=network, recorded=self.activity)

    def save(self, folder: AnyPath, phases: Sequence[str] = ("inference",), **more: object) -> Path:
        """Write a workload file with its network (.nir) and activity, for `archsim run` and for studies.

        A network that NIR cannot express (max pooling, several ways to reset) is written out in the workload file,
        without its weights.

        Returns
        -------
        Path
            The workload file.

        Raises
        ------
        WorkloadError
            A key or value is wrong.
        WriteError
            The folder cannot be written.
        """
        described = self._described(phases, more)
        described |= {"network": written_out(self.network), "activity": {"kind": "measured", "file": ACTIVITY}}
        place = make_folder(folder)
        kept = self.activity
        if not nir_errors(self.network):
            write_nir(self.network, inside(place, NETWORK))
            described["network"] = {"nir": NETWORK}
            as_read = load_workload({**described, "network": {"nir": str(place / NETWORK)}})
            kept = replace(kept, network=as_read.network)
        kept.save(inside(place, ACTIVITY))
        file = inside(place, WORKLOAD)
        write_text(file, json.dumps(described, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
        load_workload(file)
        return file

    def _described(self, phases: Sequence[str], more: dict[str, object]) -> dict[str, Any]:
        n_samples = self.activity.n_samples
        described: dict[str, Any] = {
            "version": 1, "name": self.network.name, "timesteps": self.activity.n_timesteps,
            "input_resolution": f"{self.input_bits} bit", "phases": list(phases), "samples": n_samples,
            "batch": n_samples,
        }  # fmt: skip
        own = ("version", "network", "activity", "timesteps")
        if wrong := [key for key in more if key in own]:
            raise WorkloadError(f"{', '.join(wrong)}: what was recorded says it")
        return {**described, **more}

    def _sha256(self) -> str:
        found = hashlib.sha256()
        for name, spikes in self.activity.spikes.items():
            found.update(name.encode() + str(spikes.shape).encode() + np.ascontiguousarray(spikes).tobytes())
        return found.hexdigest()
