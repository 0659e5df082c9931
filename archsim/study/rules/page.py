"""The study as a record, a table, a page and pictures, all from the record; the words are in ``page.md.j2``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from archsim.files import fresh_folder
from archsim.learn import Estimate
from archsim.plot.study_rules import (
    accuracy_by_errors,
    difference_by_depth,
    energy_against_accuracy,
    saving_by_share,
)
from archsim.report import csv_text, from_template, json_text, text_table, write_texts
from archsim.study.crossings import PUBLISHED
from archsim.study.rules.contenders import BP_READOUT, REFERENCE, SHIPPED
from archsim.study.rules.judge import CELL, FIGURES, differences, savings, to_reach
from archsim.study.rules.published import Pair, answers, pairs_of, saving_lines
from archsim.study.rules.run import OWN
from archsim.study.rules.tables import (
    Curve,
    Grid,
    accuracy_grids,
    against,
    by_cell,
    clear_rows,
    curves,
    n_passes,
    percent,
    plain,
    turn_rows,
    where_of,
)
from archsim.units import format_quantity

RECORD, TABLE, PAGE = "rules.json", "rules.csv", "rules.md"
PICTURES = {name: f"rules_{name}.png" for name in ("errors", "depth", "energy", "shares")}
SHARED_PARTS = ("write_circuits", "adc")
"""Components whose prices differ most between sources: how much of the energy they are decides what DFA saves."""
COLUMNS = ("rule", "hidden layers", "errors", "passes", "case", "rate", "seeds (priced)", "after (%)",
           "against BP (points)", "ideal (%)", "energy", "saves (%)", "time", "area", "cells written")  # fmt: skip
KINDS = {"energy_pj": "energy", "latency_ps": "time", "area_um2": "area"}
Study = Mapping[str, Any]


def write_study(folder: Path, study: Study, command: str) -> None:
    """Record, table, page and pictures, all of them or none.

    Raises
    ------
    ArchsimError
        The folder cannot be written.
    """
    texts = {RECORD: json_text(study), TABLE: table_csv(study), PAGE: page(study, command)}
    with fresh_folder(folder) as place:
        write_texts(place, texts)
        accuracy_by_errors(own(study), place / PICTURES["errors"])
        difference_by_depth(_curves(study), place / PICTURES["depth"])
        energy_against_accuracy(own(study), place / PICTURES["energy"])
        lines, published = saving_lines(_by_depth(study), SHARED_PARTS), (PUBLISHED[0].value, PUBLISHED[0].text)
        saving_by_share(lines, SHARED_PARTS, published, place / PICTURES["shares"])


def own(study: Study) -> list[Mapping[str, Any]]:
    """Lines in which every rule has its own rate."""
    return [line for line in study["lines"] if line["rates"] == OWN]


def table_csv(study: Study) -> str:
    """One line for each contender in each cell."""
    spread = [(figure, part) for figure in FIGURES for part in ("mean", "half_width")]
    head = [*CELL, "contender", "rate", "n", *(f"{figure}_{part}" for figure, part in spread)]
    plain = head[: len(CELL) + 3]
    return csv_text(
        [
            head,
            *(
                [*(line[n] for n in plain), *((line[f] or {}).get(p) for f, p in spread)]
                for line in study["lines"]
            ),
        ]
    )


def detailed(study: Study) -> list[Mapping[str, Any]]:
    """Lines with prices, and those that no table of accuracies shows."""
    shown = {grid.depth for grid in _grids(study)}
    in_grids = {id(line) for line in plain(own(study)) if line["depth"] in shown}
    return [line for line in own(study) if line["energy_pj"] or id(line) not in in_grids]


def rows(study: Study, lines: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Lines as people read them."""
    apart, saved = by_cell(study["differences"]), savings(study["runs"])
    for line in lines:
        at = (*(line[n] for n in CELL), line["contender"])
        yield [
            line["contender"], str(line["depth"]), f"{line['bits']} bit, {line['quantiser']}", str(line["passes"]),
            line["case"], f"{line['rate']:g}", _seeds(line), percent(line["after"]), against(apart.get(at)),
            percent(line["ideal_after"]), _figure(line, "energy_pj"), _saved(saved.get(at)),
            _figure(line, "latency_ps"), _figure(line, "area_um2"),
            f"{line['cells_written']['mean']:.4g}" if line["cells_written"] else "",
        ]  # fmt: skip


def _figure(line: Mapping[str, Any], name: str) -> str:
    return format_quantity(line[name]["mean"], KINDS[name]) if line[name] else ""


def _saved(saving: Estimate | None) -> str:
    """Energy that a rule saves against BP, in percent."""
    if saving is None:
        return ""
    return f"{saving.mean:+.1f}" + ("" if saving.half_width is None else f" ± {saving.half_width:.1f}")


def _seeds(line: Mapping[str, Any]) -> str:
    """How many seeds there are, and how many of them were priced."""
    return f"{line['n']} ({line['energy_pj']['n'] if line['energy_pj'] else 0})"


def page(study: Study, command: str) -> str:
    """The study in Markdown."""
    to_bp = [one for one in study["differences"] if one["rates"] == OWN]
    return from_template(
        (files("archsim") / "study" / "rules" / "page.md.j2").read_text(encoding="utf-8"),
        n_seeds=" to ".join(map(str, sorted({line["n"] for line in study["lines"]}))),
        study=study, command=command, n_passes=n_passes(study["lines"][0]), columns=COLUMNS,
        files={"table": TABLE, "record": RECORD, **PICTURES},
        rows=list(rows(study, detailed(study))), grids=_grids(study), turns=turn_rows(_curves(study)),
        shared=list(rows(study, [line for line in study["lines"] if line["rates"] != OWN])),
        reach=_reach_rows(study), same_path=same_path_rows(study), clear=clear_rows(to_bp),
        shares=_share_rows(study),
        answers=[_answer(one) for one in answers(study["runs"], study["contenders"], study["differences"])],
        rates=[
            [name, f"{found['rate']:g}" + (" (end of its row)" if found["at_end"] else ""),
             "; ".join(f"{rate}: {100 * mean:.1f}" for rate, mean in found["means"].items())]
            for name, found in study["tuning"]["rates"].items()
        ],
    )  # fmt: skip


def _grids(study: Study) -> list[Grid]:
    return accuracy_grids(own(study), study["differences"])


def _curves(study: Study) -> list[Curve]:
    """Of DFA in its kinds: the rules whose figures were published."""
    kinds = [one["name"] for one in study["contenders"] if one["rule"] == "dfa"]
    return curves([one for one in study["differences"] if one["rates"] == OWN], kinds)


def _by_depth(study: Study) -> list[Pair]:
    """Pairs of BP and DFA as shipped that differ in depth alone from the first cell."""
    pairs = [
        pair for pair in pairs_of(study["runs"], study["contenders"])
        if pair.bp == REFERENCE and pair.dfa == SHIPPED and pair.cell[-1] == OWN
    ]  # fmt: skip
    return [pair for pair in pairs if pair.cell[1:] == pairs[0].cell[1:]]


def _share_rows(study: Study) -> list[list[str]]:
    saving = PUBLISHED[0].value
    return [
        [str(line.depth), line.component, percent_of(line.share), f"{line.at(line.share):.1f} %",
         f"{line.without:.1f} %", f"{line.alone:.1f} %",
         "at none" if (share := line.reaches(saving)) is None else percent_of(share)]
        for line in saving_lines(_by_depth(study), SHARED_PARTS)
    ]  # fmt: skip


def percent_of(share: float) -> str:
    """A part of 1.

    Examples
    --------
    >>> percent_of(0.256)
    '25.6 %'
    """
    return f"{100 * share:.1f} %"


def same_path_rows(study: Study) -> list[list[str]]:
    """Kinds of DFA whose errors go back in time through the read-out alone, against BP on that path."""
    same = {
        one["name"]
        for one in study["contenders"]
        if one["name"] == BP_READOUT or (one["rule"] == "dfa" and "time_path: readout" in " ".join(one["choices"]))
    }
    runs = [run for run in study["runs"] if run["contender"] in same and run["rates"] == OWN]
    found = differences(runs, reference=BP_READOUT)
    return [[one["contender"], where_of(one), str(one["difference"]["n"]), against(one)] for one in found]


def _reach_rows(study: Study) -> list[list[str]]:
    """Cost of each rule to reach BP's accuracy, less two points, on the first cell."""
    lines = own(study)
    if not lines:
        return []
    fixed = [n for n in CELL if n != "passes"]
    first = [lines[0][n] for n in fixed]
    here = [line for line in lines if [line[n] for n in fixed] == first]
    best = max(line["after"]["mean"] for line in here if line["contender"] == REFERENCE)
    found = []
    for name in dict.fromkeys(line["contender"] for line in here):
        reached = to_reach([line for line in here if line["contender"] == name], best - 0.02)
        found.append([name, *_reached(reached)])
    return found


def _reached(found: Mapping[str, float] | None) -> list[str]:
    if found is None:
        return ["not reached", "", "", ""]
    return [
        f"{found['passes']:.1f}", format_quantity(found["energy_pj"], "energy"),
        format_quantity(found["latency_ps"], "time"), f"{found['cells_written']:.4g}",
    ]  # fmt: skip


def _answer(one: Mapping[str, Any]) -> list[str]:
    unit = "x" if one["figure"] == "speedup" else " %"
    half = one["found"]["half_width"]
    found = f"{one['found']['mean']:.2f}" + ("" if half is None else f" ± {half:.2f}") + unit
    cell = f"{where_of(dict(zip(CELL, one['cell'], strict=True)))}, {one['cell'][-1]} rates"
    where = f"{one['dfa']} against {one['bp']}; {cell}"
    brought = ", ".join(f"{part['component']} {part['points']:+.1f}" for part in one["brought_by"]) or "-"
    reached = "reached" if one["reached"] else "not reached"
    if one["reached"] and one["clear"] is False:
        reached = "reached, but no clear difference after the correction"
    gain = f"{one['accuracy_gain_pct']['mean']:+.1f}"
    return [one["text"], reached, found, percent_of(one["probability"]), where, brought, gain]


def summary_text(study: Study) -> str:
    """For the terminal."""
    parts = [text_table(COLUMNS, list(rows(study, own(study))))]
    if study["gaps"]:
        names = dict.fromkeys(f"{run['contender']}: {run['why_not']}" for run in study["gaps"])
        parts += ["left out:", *names]
    return "\n".join(parts)
