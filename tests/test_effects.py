"""Every value of a shipped file counts: changed by itself it changes a result, or a reason stands here why not.

The whole matrix of chips and workloads takes minutes: ``ARCHSIM_EFFECTS=all``. The rest of the suite tries every
value of one chip and one workload, and the notes of all chips.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from effects_support import TEXTS, Keys, changed, kinds_of, leaves, replaced

import archsim
from archsim.components import check, without_effect
from archsim.crossbar import CrossbarArray
from archsim.errors import ArchsimError, SpecError, WorkloadError
from archsim.learn import learn
from archsim.snn import measure
from archsim.spec import Chip
from archsim.spec.arrays import array_spec
from archsim.spec.library import with_library
from archsim.workload import Phase, Workload
from archsim.workload.models import WorkloadModel
from archsim.workload.notes import without_effect as without_effect_of_work
from archsim.workload.workload import workload_of
from archsim.yaml_reader import Document, fill, read_yaml

ROOT = Path(__file__).resolve().parent.parent
ALL = os.environ.get("ARCHSIM_EFFECTS") == "all"
CHIPS = sorted(path.stem for path in (ROOT / "arch_specs").glob("*.yaml"))
WORKLOADS = sorted(path.stem for path in (ROOT / "workloads").glob("*.yaml"))
NEURON = "neuron: {kind: lif, leak: 0.5, threshold: 0.5}"
DENSE = f"""
version: 1
name: dense
network:
  input: [300]
  layers:
    - {{name: a, kind: dense, outputs: 9, {NEURON}}}
    - {{name: b, kind: dense, outputs: 70, {NEURON}}}
    - {{name: c, kind: dense, outputs: 3, {NEURON}}}
timesteps: 3
input_resolution: 8 bit
activity: {{kind: rates, input: 0.6, default: 0.1}}
phases: [inference, bp, dfa]
samples: 2
batch: 2
"""
CONVOLUTIONS = f"""
version: 1
name: convolutions
network:
  input: [2, 6, 6]
  layers:
    - {{name: a, kind: conv2d, channels: 3, kernel: 3, padding: 1, {NEURON}}}
    - {{name: b, kind: conv2d, channels: 2, kernel: 3, {NEURON}}}
timesteps: 2
input_resolution: 1 bit
activity: {{kind: rates, input: 0.6, default: 0.5}}
phases: [inference]
"""
Asked = Callable[[Any], object]

ONE_KIND = "the only kind of cost there is for this part, or another one has other keys beside it"
NOT_ALONE = "agrees with other keys, so it cannot be changed by itself"
# keys that change nothing and are no matter for a note, by chip and key
REASONS = {
    ("neurram_130nm", "drivers.resolution"): "pulses follow the input's bits; counts with converters or noise",
    ("neurram_130nm", "adc.scope"): "a PE has one crossbar, so both are the same",
    ("puma_32nm", "tile.input_buffer.size"): "the cited cost is of the whole; it bounds what may wait there",
    ("puma_32nm", "tile.output_buffer.size"): "as above",
    ("spikesim_65nm", "adc.cost.per"): "one step is a conversion for kind: flash",
}
# keys all of whose other values are refused, by chip and key
ONLY = {
    ("neurosim_22nm", "adc.kind"): "its circuits are those of flash converters",
    ("neurosim_22nm", "technology.node"): "its circuits hold at six nodes, and none is twice another",
}
# refused, whatever else they say
FIXED = {"cost.model": ONE_KIND, "control.model": ONE_KIND, "control.energy": "must be 0 pJ"}
FIXED["library"] = "another one is another chip"
FIXED |= {"pulses_per_cell.kind": "another law has other keys, or with the same figures is the same law"}
AGREE = {"execution.feedback": "'transposable' needs crossbar.transpose, 'copy' an array without"}


def outcome(ask: Asked, item: object) -> object:
    """What comes out, or why nothing does."""
    try:
        return ask(item)
    except ArchsimError as error:
        return str(error)


def without_a_trace(
    data: dict[str, Any], kinds: dict[str, set[str]], read: Callable[[dict[str, Any]], object], asks: list[Asked]
) -> Iterator[tuple[str, bool]]:
    """Keys that no change of makes a difference to what is asked, and whether all changes are refused."""
    before: dict[int, object] = {}
    for path, value in leaves(data):
        if path[-1] in TEXTS or path == ("version",):
            continue
        answers = list(_answers(data, path, changed(path[-1], value, kinds), read, asks, before))
        if not any(answers):
            yield ".".join(map(str, path)), not answers


def _answers(
    data: dict[str, Any], path: Keys, values: list[Any], read: Callable[[dict[str, Any]], object],
    asks: list[Asked], before: dict[int, object],
) -> Iterator[bool]:  # fmt: skip
    """For each value that is not refused, up to the first that makes a difference: whether it does."""
    for value in values:
        try:
            item = read(replaced(data, path, value))
        except ArchsimError:
            continue
        found = differs(item, partial(read, data), asks, before)
        yield found
        if found:
            return


def differs(item: object, base: Callable[[], object], asks: list[Asked], before: dict[int, object]) -> bool:
    """Whether one of the answers is another; what the base answers is asked once."""
    for k, ask in enumerate(asks):
        if k not in before:
            before[k] = outcome(ask, base())
        if outcome(ask, item) != before[k]:
            return True
    return False


def simulated(chip: Chip, work: Workload, phase: Phase) -> object:
    result = archsim.simulate(chip, work, "compiled", 0, phase)
    told = result.breakdown("component"), result.provenance.get("writes")
    return result.latency_ps, result.energy_pj, result.area_um2, json.dumps(told)


def computed(chip: Chip) -> object:
    """What comes out of an array of the chip: products of spikes and of signed numbers, both ways."""
    rng = np.random.default_rng(0)
    weights, x, e = rng.normal(size=(12, 6)), rng.random((2, 12)), rng.normal(size=(2, 6))
    array = CrossbarArray(array_spec(chip, input_bits=7, input_maximum=2.0, signed_input=True), weights, seed=3)
    array.calibrate(x, e=e)
    return array.mvm(x).tobytes(), outcome(lambda given: array.mvm_transposed(given).tobytes(), e)


def text_of(folder: Path, text: str) -> Workload:
    file = folder / "work.yaml"
    file.write_text(text, encoding="utf-8")
    return archsim.load_workload(file)


def priced(document: Document, data: dict[str, Any]) -> Chip:
    chip = fill(Chip, with_library(Document(data, document.path, SpecError, document.marks)))
    if errors := check(chip):
        raise SpecError("\n".join(errors))
    return chip


@pytest.mark.parametrize("name", CHIPS if ALL else ["wearable_rram"])
def test_every_value_of_a_chip_changes_a_result_or_has_a_reason(name: str, tmp_path: Path) -> None:
    document = read_yaml(ROOT / "arch_specs" / f"{name}.yaml", SpecError)
    dense, convolutions = text_of(tmp_path, DENSE), text_of(tmp_path, CONVOLUTIONS)
    runs = [(dense, "bp"), (dense, "dfa"), (convolutions, "inference")]
    asks: list[Asked] = [partial(simulated, work=work, phase=phase) for work, phase in runs]
    asks.insert(2, computed)
    idle = dict(without_a_trace(document.data, kinds_of(Chip), partial(priced, document), asks))
    noted = {note.partition(":")[0] for note in without_effect(priced(document, document.data))}
    refused = {key for key, is_refused in idle.items() if is_refused}
    silent = set(idle) - refused
    assert silent == noted | {key for chip, key in REASONS if chip == name}
    refused -= {key for chip, key in ONLY if chip == name}
    assert not {k for k in refused if not (k.endswith(tuple(FIXED)) or k in AGREE or k.endswith("size"))}


# small enough for a run to take a tenth of a second
CUT = {
    "watch_mlp": ["timesteps=8"],
    "watch_adapt": ["timesteps=8", "samples=2", "batch=2", "learning.pretrain.epochs=2", "learning.adapt.passes=2",
                    "learning.data.step=128", "learning.data.decimation=16"],
    "watch_shape": ["timesteps=8"],
    "watch_sfcn": ["timesteps=32"],
    "ucihar_sfcn": ["timesteps=32"],
    "nmnist_mlp": ["timesteps=2", "network.input=[64]"],
    "nir_braille_like": ["timesteps=60", "activity.rate=0.5"],
    "spikesim_vgg9": ["timesteps=1", "network.input=[3, 8, 8]"],
    "vgg9_cifar10": ["timesteps=1", "network.input=[3, 16, 16]"],
}  # fmt: skip
# keys that change nothing and are no matter for a note, by workload and key
ONE_ERROR = "the last layer has one product over all timesteps, so there is one error"
OF_WORK = {("ucihar_sfcn", "learning.error"): ONE_ERROR, ("watch_sfcn", "learning.error"): ONE_ERROR}
NEURONS = ("leak", "threshold", "reset")
# keys of workloads that cannot be changed alone
ALONE = {
    "phases": "another phase would stand there twice",
    "batch": "must divide samples",
    "kind": "other kinds have other keys",
    "nir": "the only file there is",
    "axis": "the layers behind would have inputs of another shape",
    "init": "the only way there is to draw weights",
    "dataset": "the only one that comes with a package",
    "input": "the data have that many channels",
}


def spiking(work: Workload) -> object:
    """Who spikes when, the output too."""
    _, activity = measure(work, 0)
    return {name: spikes.tobytes() for name, spikes in activity.spikes.items()}


def timed(work: Workload, chip: Chip, phase: Phase) -> object:
    return simulated(chip, work, phase) if phase in work.phases else None


@pytest.mark.parametrize("name", WORKLOADS if ALL else ["watch_mlp"])
def test_every_value_of_a_workload_changes_a_result_or_has_a_reason(name: str) -> None:
    chip = archsim.load_chip(ROOT / "tests" / "chips" / "wearable_rram.yaml")
    file = read_yaml(ROOT / "workloads" / f"{name}.yaml", WorkloadError).override(CUT[name])

    def read(data: dict[str, Any]) -> Workload:
        return workload_of(Document(data, file.path, WorkloadError, file.marks), file.path.parent)

    asks: list[Asked] = [partial(timed, chip=chip, phase=phase) for phase in ("inference", "bp", "dfa")]
    asks += [lambda work: work.phases, spiking]
    if read(file.data).learning.pretrain is not None:
        asks.append(lambda work: [repr(run) for run in learn(chip, work).runs])
    idle = dict(without_a_trace(file.data, kinds_of(WorkloadModel), read, asks))
    refused = {key for key, is_refused in idle.items() if is_refused}
    silent = set(idle) - refused
    noted = {key for key in silent if key.endswith(NEURONS)} if without_effect_of_work(read(file.data)) else set()
    assert silent == noted | {key for work, key in OF_WORK if work == name}
    assert not {key for key in refused if not set(key.split(".")) & set(ALONE)}
