"""PUMA's parts (Ankit et al., ASPLOS 2019): the constants of its simulator, as recorded."""

from __future__ import annotations

from peers.compared import Compared, Line
from peers.runs import Run, dense, reference, run


def held_ps(made: Run, action: str) -> int:
    """How long each task of an action holds what it uses; all the same."""
    (found,) = {int(t) for t in made.graph.occupancy_ps[made.tasks(action)]}
    return found


def compared() -> Compared:
    """Times, powers and areas."""
    known, made = reference("component_costs.json")["puma_32nm"], run("puma_32nm", dense(128, 16, 16))
    items = {item.component: item for item in made.lowered.parts.items()}
    spent, seconds = made.energy_pj(), 16 * 100e-9
    parts = made.lowered.parts
    adc_mw = spent["adc"] / 2 / (16 * 50_000) * 1e3 + items["adc"].leakage_uw / 1e3
    dac_mw = (spent["drivers"] * 1e-9 / seconds + items["drivers"].leakage_uw / 1e3) / 128
    array, memory = known["xbar_128"], known["edram_64KB"]
    written_ns = 128 * parts.write_circuits.program_row_ps(128) / 1e3
    times = [
        Line("one inner product", held_ps(made, "read") / 1e3, array["mvm_ip_ns"], "ns"),
        Line("inner products of a 16-bit product", made.count("read", "fc"), 16),
        Line("converting an array's 64 columns on each of two ADCs", held_ps(made, "convert") / 1e3, 50, "ns"),
        Line("writing an array", written_ns, array["serial_write_ns"], "ns"),
        Line("a word of the shared memory", parts.input_buffer.access_ps(1) / 1e3, memory["lat_cycles"], "ns"),
    ]
    powers = [
        Line("a busy ADC of 8 bits", adc_mw, known["adc_8b"]["mW"], "mW"),
        Line("a DAC", dac_mw, known["dac"]["mW"], "mW"),
        Line("a busy array", spent["crossbar"] * 1e-9 / seconds, array["mW"], "mW"),
        Line("an ADC's area", items["adc"].area_um2 / 1e6, known["adc_8b"]["mm2"], "mm²"),
        Line(
            "a word of the shared memory", parts.input_buffer.priced("receive").energy_pj,
            memory["energy_nJ_access"] * 1e3, "pJ",
        ),
    ]  # fmt: skip
    return Compared(
        "puma", "PUMA's parts", "the constants of its simulator", [("Times", times), ("Power and area", powers)],
        "the whole core has an instruction set that archsim does not model: parts only",
    )  # fmt: skip
