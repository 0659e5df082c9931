"""NeuroSim V1.3 (Peng et al., IEDM 2019), its sub-array run alone: every record of ``prices.json``."""

from __future__ import annotations

from typing import Any

from archsim.lowering.one_read import price_one_read
from archsim.spec import load_chip
from peers.compared import Compared, Line
from peers.runs import ROOT, reference

UNITS = {"energy_pj": "pJ", "area_um2": "µm²", "leakage_uw": "µW"}
DECODER = "about 0.7 nW and 8 µm² of NeuroSim's do not grow with the array: a decoder that is no part here"


def keys_of(conditions: dict[str, Any]) -> tuple[int, list[str]]:
    """Active rows, and the keys of the chip for the conditions of a record."""
    rows = conditions["rows"]
    on, _, off = conditions.get("R_on_off_ohm", conditions.get("device", "6k/900k").split()[0]).partition("/")
    ohms = [float(text.replace("k", "e3").replace("M", "e6")) for text in (on, off)]
    sets = [
        f"technology.node={conditions['node_nm']} nm", f"crossbar.rows={rows}",
        f"crossbar.columns={conditions['columns']}", f"adc.resolution={conditions['adc'].split()[0]} bit",
        f"device.g_max={1e6 / ohms[0]!r} uS", f"device.g_min={1e6 / ohms[1]!r} uS",
    ]  # fmt: skip
    return round(conditions["active_row_fraction"] * rows), sets


def records() -> list[dict[str, Any]]:
    """Whole sub-arrays with flash converters."""
    found = [r for r in reference("prices.json") if r["component"] == "array_full_read"]
    found = [r for r in found if "NeuroSim V1.3" in r["source"] and "node_nm" in r["conditions"]]
    return [r for r in found if "SAR" not in r["conditions"]["adc"]]


def line(record: dict[str, Any]) -> Line:
    """One record and the chip of its conditions."""
    about, quantity = record["conditions"], record["quantity"]
    n_active, sets = keys_of(about)
    chip = load_chip(ROOT / "arch_specs/neurosim_22nm.yaml", sets)
    ours = getattr(price_one_read(chip, n_active), quantity)["total"]
    what = f"{about['node_nm']} nm, {about['rows']}x{about['columns']}, {about['adc']}"
    if quantity == "energy_pj":
        what += f", {about['active_row_fraction']:.2g} of the rows, {sets[-2].partition('=')[2][:5]} µS"
    return Line(what, ours, record["value"], UNITS[quantity], _why(record, n_active))


def _why(record: dict[str, Any], n_active: int) -> str:
    about = record["conditions"]
    asked = about["active_row_fraction"] * about["rows"]
    if record["quantity"] == "energy_pj" and n_active != asked:
        return f"{asked:.1f} rows are asked for, and {n_active} whole ones are read"
    return DECODER if record["quantity"] == "leakage_uw" and about["rows"] <= 64 else ""


def compared() -> Compared:
    """Energy of one input bit, area and leakage."""
    titles = {"energy_pj": "Energy of one input bit", "area_um2": "Area", "leakage_uw": "Leakage"}
    parts = [(title, [line(r) for r in records() if r["quantity"] == q]) for q, title in titles.items()]
    return Compared(
        "neurosim", "one array with its periphery", "NeuroSim V1.3, run stand-alone", parts,
        "converters of other kinds than current-mode flash are not composed of transistors here",
    )  # fmt: skip
