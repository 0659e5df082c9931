"""Weights on the arrays of a chip: the record, its text, and four pictures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from archsim.crossbar.cells import priced_pulses, pulses_note
from archsim.crossbar.look import Look, in_use
from archsim.files import inside, write_text
from archsim.plot import (
    ColumnErrors,
    DropMap,
    RangeUse,
    adc_range,
    column_errors,
    conductance_map,
    ir_drop_map,
)
from archsim.provenance import versions
from archsim.report.summary import percent
from archsim.spec.cells import CellErrors
from archsim.spec.errors_on import errors_line, errors_on
from archsim.spec.values import ArraySpec
from archsim.units import file_data

FORMAT = "archsim crossbar 1"
FILE = "crossbar.json"


def crossbar_record(look: Look, source: str, sha256: str) -> dict[str, Any]:
    """Everything that is reported, as plain data; `source` and `sha256` say whose weights these are."""
    spec, question = look.spec, look.question
    return {
        "format": FORMAT,
        "name": look.chip.name,
        "weights": {"file": source, "shape": list(look.values.shape)},
        "arrays": {
            "grid": list(look.array.grid),
            "n_rows": spec.n_rows,
            "n_columns": spec.n_columns,
            "signed": spec.signed,
            "n_cells_per_weight": spec.n_cells_per_weight,
            "n_levels": spec.n_levels,
        },
        "drawn_array": list(look.place),
        "n_vectors": question.n_vectors,
        "density": question.density,
        "input_bits": question.input_bits,
        "errors": errors_on(look.chip),
        "ideal": _ideal_parts(spec),
        "range_used": look.array.weight_map.range_used,
        "n_clipped": look.array.weight_map.n_clipped,
        "cells": _cells(look),
        "error": _error(look),
        "ir_drop": _drop(look),
        "learned": _learned(look),
        "conversions": _conversions(look),
        "notes": [note] if (note := pulses_note(look.chip)) else [],
        "provenance": {
            "chip": file_data(look.chip),
            "weights_sha256": sha256,
            "seed": question.seed,
            "versions": versions("scipy"),
        },
    }


def _ideal_parts(spec: ArraySpec) -> list[str]:
    """Sources of error that this chip does not have."""
    # temperatures change errors, but make none
    temperatures = {"temperature_k": 0.0, "reference_temperature_k": 0.0}
    no_errors = CellErrors().model_copy(update=temperatures) == spec.errors.model_copy(update=temperatures)
    parts = {
        "cells": no_errors and spec.curve is None,
        "wires": spec.wires is None,
        "read-out": not spec.readout.has_codes,
    }
    return [name for name, is_ideal in parts.items() if is_ideal]


def _cells(look: Look) -> dict[str, Any]:
    counters, reference = look.array.counters, look.array.weight_map.reference_siemens
    written = int(np.count_nonzero(look.array.writes)) + (0 if reference is None else reference.size)
    return {
        "n_written": written,
        "n_pulses": counters.pulses,
        "pulses_per_cell": counters.pulses / written if written else 0.0,
        "priced_pulses_per_cell": priced_pulses(look.chip),
        "n_verify_reads": counters.verify_reads,
        "n_failed_writes": counters.failed_writes,
        "n_faulty": look.faulty,
    }


def _error(look: Look) -> dict[str, Any]:
    """Of what came out, and of exact products with the stored weights: the rest is the reading."""
    found = ColumnErrors.of(look.output, look.ideal)
    return {
        "full_output": found.full_output,
        "rms_percent": found.rms_percent,
        "stored_rms_percent": ColumnErrors.of(look.stored, look.ideal).rms_percent,
        "column_mean_percent": found.mean_percent.tolist(),
        "column_spread_percent": found.spread_percent.tolist(),
    }


def _learned(look: Look) -> dict[str, Any] | None:
    model = look.array.error_model
    if model is None:
        return None
    found = {"file": look.spec.errors.learned, "n_samples": model.n_samples, "source": model.source}
    return {**found, "n_outside": model.outside_count}


def _drop(look: Look) -> dict[str, Any] | None:
    if look.drop_frac is None:
        return None
    found = DropMap.of(look.drop_frac)
    return {
        "worst_percent": found.worst_percent,
        "mean_percent": found.mean_percent,
        "worst_cell": list(found.worst_cell),
    }


def _conversions(look: Look) -> dict[str, Any]:
    counters, ends = look.array.counters, look.range_ends
    use = RangeUse.of(look.sums, ends)
    return {
        "n": counters.conversions,
        "n_saturated": counters.saturations,
        "range_full_cells": None if ends is None else list(ends),
        "range_used": None if ends is None else use.used_frac,
    }


def crossbar_text(record: dict[str, Any]) -> str:
    """The record for a terminal."""
    lines = _lines(record)
    width = max(map(len, lines))
    table = "\n".join(f"{what:<{width}}  {said}" for what, said in lines.items())
    n, bits = record["n_vectors"], record["input_bits"]
    kind = "analogue" if bits == 0 else f"{bits}-bit"
    batch = f"{n} random {kind} input{'s' if n != 1 else ''}, {percent(record['density'])} not zero"
    errors = errors_line(record["errors"])
    return f"{record['name']}: seed {record['provenance']['seed']}, {batch}\n{table}\n{errors}{_note(record)}"


def _lines(record: dict[str, Any]) -> dict[str, str]:
    (n_in, n_out), (n_across, n_beside) = record["weights"]["shape"], record["arrays"]["grid"]
    arrays, cells, error, ideal = (record[name] for name in ("arrays", "cells", "error", "ideal"))
    n_cells = arrays["n_cells_per_weight"] * (2 if arrays["signed"] == "differential" else 1)
    levels = f"{arrays['n_levels']} levels" if arrays["n_levels"] else "a continuum of levels"
    each = f"{n_cells} cell{'s' if n_cells != 1 else ''} of {levels} for a weight"
    return {
        "weights": f"{n_in} x {n_out} from {record['weights']['file']}",
        "arrays": f"{n_across} x {n_beside} of {arrays['n_rows']} x {arrays['n_columns']} cells, "
        f"{arrays['signed']}, {each}",
        "range used": percent(record["range_used"]),
        "clipped weights": _share(record["n_clipped"], n_in * n_out),
        "cells written": str(cells["n_written"]),
        "pulses per cell": _pulses_said(record),
        "verify reads": str(cells["n_verify_reads"]),
        **_cell_lines(cells, "cells" in ideal),
        **_learned_line(record),
        "rms error": f"{error['rms_percent']:.3g} % of the full output, {error['full_output']:.4g}",
        "  of stored weights": f"{error['stored_rms_percent']:.3g} %, if they are read exactly",
        "IR drop": _drop_said(record),
        "conversions": _conversions_said(record),
    }


def _cell_lines(cells: dict[str, Any], ideal: bool) -> dict[str, str]:
    """Lines that only some chips have."""
    n_failed, n_faulty = cells["n_failed_writes"], sum(cells["n_faulty"].values())
    failed = {"failed writes": _share(n_failed, cells["n_written"])} if n_failed else {}
    if ideal:
        return {**failed, "errors of cells": "none: each cell lands on its level and stays there"}
    return {**failed, **({"stuck or open cells": _share(n_faulty, cells["n_written"])} if n_faulty else {})}


def _learned_line(record: dict[str, Any]) -> dict[str, str]:
    if (model := record["learned"]) is None:
        return {}
    outside = f"; asked {model['n_outside']} times outside of its range" if model["n_outside"] else ""
    return {"learned errors": f"{model['file']}, from {model['n_samples']} sums{outside}"}


def _pulses_said(record: dict[str, Any]) -> str:
    counted, priced = (record["cells"][name] for name in ("pulses_per_cell", "priced_pulses_per_cell"))
    return f"{counted:.3g}" + (f" counted here; {priced:.3g} in the price of a write" if record["notes"] else "")


def _share(n: int, whole: int) -> str:
    return f"{n} ({percent(n / whole)})" if n else "0"


def _drop_said(record: dict[str, Any]) -> str:
    if "wires" in record["ideal"]:
        return "none: ideal wires"
    drop, (row, column) = record["ir_drop"], record["drawn_array"]
    if drop is None:
        return "not known cell by cell: gated or nonlinear cells between wires, or none that conducts"
    cell = ",".join(map(str, drop["worst_cell"]))
    return (
        f"worst {drop['worst_percent']:.3g} % of the read voltage (cell {cell}), "
        f"mean {drop['mean_percent']:.3g} %; array {row},{column}, all rows driven"
    )


def _conversions_said(record: dict[str, Any]) -> str:
    conversions = record["conversions"]
    if conversions["range_full_cells"] is None:
        return "none: the sums are read as they are"
    low, high = conversions["range_full_cells"]
    saturated = _share(conversions["n_saturated"], conversions["n"])
    return f"{conversions['n']}, saturated {saturated}; range {low:.4g} to {high:.4g} full cells"


def _note(record: dict[str, Any]) -> str:
    notes = "".join(f"\nnote: {note}" for note in record["notes"])
    if len(record["ideal"]) < 3:
        return notes
    return notes + (
        "\n\nEverything is ideal on this chip; what is left is the rounding of weights to levels.\n"
        "Errors, wires and converters stand in device.errors, crossbar.wires and adc of a chip file; ideal "
        "switches them off."
    )


def write_crossbar(folder: Path, look: Look, record: dict[str, Any]) -> None:
    """The record and the four pictures into an existing folder."""
    array, (row, column), spec = look.array, look.place, look.spec
    title = f"{look.chip.name}, array {row},{column}"
    adc = look.converter
    text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(inside(folder, FILE), text + "\n")
    target = None if "cells" in record["ideal"] else array.array_target(row, column)
    conductance_map(
        np.where(in_use(spec, array.shape, look.place), array.array_conductance(row, column), np.nan),
        folder / "crossbar_conductance.png", target_siemens=target, title=f"{title}: conductance",
    )  # fmt: skip
    if look.drop_frac is not None:
        ir_drop_map(look.drop_frac, folder / "crossbar_ir_drop.png", title=f"{title}: IR drop, all rows driven")
    starts = range(spec.n_weights_per_row, look.ideal.shape[1], spec.n_weights_per_row)
    column_errors(
        look.output, look.ideal, folder / "crossbar_error.png", boundaries=starts,
        title=f"{look.chip.name}: error by output",
    )  # fmt: skip
    adc_range(
        look.sums, folder / "crossbar_adc.png", ends=look.range_ends, n_codes=adc.n_codes if adc else None,
        title=f"{title}: sums before conversion",
    )  # fmt: skip
