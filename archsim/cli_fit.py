"""The option ``--fit`` of the command ``crossbar``: an error model of the sums of an array, written to a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.cli_inputs import progress
from archsim.cli_look import Question, array_asked
from archsim.cli_say import say
from archsim.crossbar import CrossbarArray
from archsim.crossbar.learned import ErrorModel, ErrorSamples, read_error_csv, samples_from_array
from archsim.errors import ArchsimError
from archsim.spec.cells import CellErrors
from archsim.spec.values import IdealReadout, InputRules

Floats = NDArray[np.float64]


def fit_errors(question: Question, model_file: Path | None, measured: Path | None, as_json: bool) -> None:
    """Fit an error model, write it, and say what it found."""
    if model_file is None:
        raise ArchsimError("--measured needs --fit MODEL, the file that the error model is written to")
    samples = read_error_csv(measured) if measured is not None else _simulated(question)
    progress(f"fitting {len(samples.error)} samples ...")
    model = ErrorModel.fit(samples, seed=question.seed)
    model.save(model_file)
    record = _record(model, samples, model_file)
    say(json.dumps(record, indent=1, allow_nan=False) if as_json else _text(record))


def _simulated(question: Question) -> ErrorSamples:
    """Sums of one row of arrays with the chip's errors, and without, for spikes of several densities."""
    chip, weights, spec, place = array_asked(question)
    if spec.errors.learned is not None:
        raise ArchsimError("--fit: the chip's device.errors.learned is a learned model already; leave it out")
    spikes = spec.model_copy(update={"inputs": InputRules(), "readout": IdealReadout(kind="ideal")})
    ideal = spikes.model_copy(update={"errors": CellErrors(), "wires": None, "curve": None})
    rows = slice(place[0] * spec.n_rows, (place[0] + 1) * spec.n_rows)
    part = weights.values[rows]
    progress(f"programming {part.shape[0]} x {part.shape[1]} weights ...")
    real, exact = (CrossbarArray(each, part, question.seed) for each in (spikes, ideal))
    progress(f"reading {question.n_vectors} vectors ...")
    source = f"{chip.name}, {weights.source}, seed {question.seed}"
    n_rows, n_vectors = part.shape[0], question.n_vectors
    return samples_from_array(
        lambda x: _sums(real, x), lambda x: _sums(exact, x), n_rows, n_vectors, seed=question.seed, source=source
    )


def _sums(array: CrossbarArray, x: Floats) -> Floats:
    """(n, sums of all lines) of an array of one row block, for spikes."""
    return np.concatenate([sums[0] for sums in array.adc_sums(x, 0)], axis=1)


def _record(model: ErrorModel, samples: ErrorSamples, file: Path) -> dict[str, Any]:
    mean, spread = model.predict(samples.features)
    ends = zip(model.names, model.low.tolist(), model.high.tolist(), strict=True)
    return {
        "format": "archsim error fit 1",
        "model": str(file),
        "source": model.source,
        "n_samples": model.n_samples,
        "range": {name: [low, high] for name, low, high in ends},
        "rms_error_full_cells": float(np.sqrt(np.mean(samples.error**2))),
        "rms_unexplained_full_cells": float(np.sqrt(np.mean((samples.error - mean) ** 2))),
        "mean_spread_full_cells": float(spread.mean()),
        "seed": model.seed,
    }


def _text(record: dict[str, Any]) -> str:
    ranges = ", ".join(f"{name} {low:.4g} to {high:.4g}" for name, (low, high) in record["range"].items())
    lines = {
        "error model": record["model"],
        "learned from": f"{record['n_samples']} sums: {record['source']}",
        "valid for": ranges,
        "rms error": f"{record['rms_error_full_cells']:.3g} full cells",
        "  around mean": f"{record['rms_unexplained_full_cells']:.3g} full cells; the model's spread is "
        f"{record['mean_spread_full_cells']:.3g}",
        "use it": f"--set device.errors.learned={record['model']}",
    }
    return "\n".join(f"{what:<13}  {said}" for what, said in lines.items())
