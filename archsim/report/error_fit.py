"""Summary of a fitted error model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from archsim.crossbar.learned import ErrorModel, ErrorSamples


def fit_record(model: ErrorModel, samples: ErrorSamples, file: Path) -> dict[str, Any]:
    """Outcome of a fit, as plain data."""
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


def fit_text(record: dict[str, Any]) -> str:
    """The same for people."""
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
