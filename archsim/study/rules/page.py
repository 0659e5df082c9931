"""The study as a record, a table, a page and pictures, all from the record; the words are in ``page.md.j2``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from archsim.files import fresh_folder
from archsim.plot.study_rules import accuracy_by_errors, energy_against_accuracy, saving_by_share
from archsim.report import csv_text, from_template, json_text, text_table, write_texts
from archsim.study.crossings import PUBLISHED
from archsim.study.rules.cells import AS_IT_IS
from archsim.study.rules.contenders import REFERENCE, SHIPPED
from archsim.study.rules.judge import CELL, FIGURES, to_reach
from archsim.study.rules.published import Pair, answers, pairs_of, saving_lines
from archsim.study.rules.run import OWN
from archsim.units import format_quantity

RECORD, TABLE, PAGE = "rules.json", "rules.csv", "rules.md"
PICTURES = {"errors": "rules_errors.png", "energy": "rules_energy.png", "shares": "rules_shares.png"}
SHARED_PARTS = ("write_circuits", "adc")
"""Components whose prices differ most between sources: how much of the energy they are decides what DFA saves."""
COLUMNS = ("rule", "hidden layers", "errors", "passes", "case", "rate", "after (%)", "against BP (points)",
           "ideal (%)", "energy", "time", "area", "cells written")  # fmt: skip
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


def rows(study: Study, lines: Sequence[Mapping[str, Any]]) -> Iterator[list[str]]:
    """Lines as people read them."""
    apart = {(*(one[n] for n in CELL), one["contender"]): one for one in study["differences"]}
    for line in lines:
        other = apart.get((*(line[n] for n in CELL), line["contender"]))
        yield [
            line["contender"], str(line["depth"]), f"{line['bits']} bit, {line['quantiser']}", str(line["passes"]),
            line["case"], f"{line['rate']:g}", percent(line["after"]), against(other),
            percent(line["ideal_after"]),
            *(format_quantity(line[f]["mean"], kind) if line[f] else "" for f, kind in KINDS.items()),
            f"{line['cells_written']['mean']:.4g}" if line["cells_written"] else "",
        ]  # fmt: skip


def percent(mean: Mapping[str, Any]) -> str:
    """A mean accuracy with its interval.

    Examples
    --------
    >>> percent({"mean": 0.912, "half_width": 0.01})
    '91.2 ± 1.0'
    """
    half = mean["half_width"]
    return f"{100 * mean['mean']:.1f}" + ("" if half is None else f" ± {100 * half:.1f}")


def against(line: Mapping[str, Any] | None) -> str:
    """A difference to BP, in bold where it is clear after the correction."""
    if line is None:
        return ""
    found, half = line["difference"]["mean"], line["difference"]["half_width"]
    said = f"{100 * found:+.1f}" + ("" if half is None else f" ± {100 * half:.1f}")
    return f"**{said}**" if line["clear"] else said


def page(study: Study, command: str) -> str:
    """The study in Markdown."""
    return from_template(
        (files("archsim") / "study" / "rules" / "page.md.j2").read_text(encoding="utf-8"),
        n_priced=study["lines"][0]["energy_pj"]["n"],
        study=study, command=command, files={"table": TABLE, "record": RECORD, **PICTURES}, columns=COLUMNS,
        rows=list(rows(study, own(study))),
        shared=list(rows(study, [line for line in study["lines"] if line["rates"] != OWN])),
        reach=_reach_rows(study), clear=_clear(study), shares=_share_rows(study),
        answers=[_answer(one) for one in answers(study["runs"], study["contenders"], study["differences"])],
        rates=[
            [name, f"{found['rate']:g}" + (" (end of its row)" if found["at_end"] else ""),
             "; ".join(f"{rate}: {100 * mean:.1f}" for rate, mean in found["means"].items())]
            for name, found in study["tuning"]["rates"].items()
        ],
    )  # fmt: skip


def _clear(study: Study) -> dict[str, list[str]]:
    """Contenders and cells whose difference to BP is clear, better and worse apart."""
    found: dict[str, list[str]] = {"above": [], "below": []}
    for one in study["differences"]:
        if one["clear"] and one["rates"] == OWN:
            side = "above" if one["difference"]["mean"] > 0 else "below"
            found[side].append(f"{one['contender']} ({where_of(one)}: {against(one).strip('*')})")
    return found


def where_of(line: Mapping[str, Any]) -> str:
    """A cell in words.

    Examples
    --------
    >>> where_of({"depth": 2, "bits": 8, "quantiser": "stochastic", "passes": 1, "case": "-"})
    '2 hidden layers, 8 bit stochastic, 1 pass'
    """
    passes = f"{line['passes']} pass" + ("" if line["passes"] == 1 else "es")
    cell = f"{line['depth']} hidden layers, {line['bits']} bit {line['quantiser']}, {passes}"
    return cell if line["case"] == AS_IT_IS.name else f"{cell}, {line['case']}"


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
