"""The command ``study tiles``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from archsim.cli_options import Json
from archsim.cli_say import say


def tiles(
    costs: Annotated[Path, typer.Argument(metavar="COSTS", help="Folder of the sweep that prices both rules.")],
    bp: Annotated[Path, typer.Argument(metavar="BP", help="Folder of the sweep of BP's accuracy.")],
    dfa: Annotated[Path, typer.Argument(metavar="DFA", help="Folder of the sweep of DFA's accuracy.")],
    write: Annotated[
        Path | None, typer.Option("--write", metavar="FOLDER", help="Page, tables, pictures.")
    ] = None,
    partial: Annotated[
        bool, typer.Option("--partial", help="Join what is done, where a sweep is not finished.")
    ] = False,
    json: Json = False,
) -> None:
    """Which tile: crossbar size, ADC bits and sharing, PEs, feedback; fronts of BP and DFA side by side.

    Joins three finished sweeps, as of workloads/studies/tile_costs.yaml, tile_accuracy_bp.yaml and
    tile_accuracy_dfa.yaml: energy, latency, area, accuracy after adapting.
    """
    from json import dumps

    from archsim.cli_inputs import progress
    from archsim.files import check_folder
    from archsim.report.table import text_table
    from archsim.study.tile_page import summary
    from archsim.study.tiles import TileFolders
    from archsim.study.tiles import tiles as join

    folders = TileFolders(costs, bp, dfa)
    if write is not None:
        check_folder(write)
    study = join(folders, partial, progress)
    if write is not None:
        names = (study["provenance"]["sweeps"][part]["study"]["name"] for part, _ in folders.items())
        places = " ".join(f"results/{name}" for name in names)  # where they lie if they are swept as the page says
        more = " --partial" if partial else ""
        write_study(write, study, f"archsim study tiles {places}{more} --write {shlex.quote(str(write))}")
        say(f"written to {write}", err=True)
    say(dumps(study, indent=1, allow_nan=False) if json else text_table(*summary(study)))


def write_study(folder: Path, study: dict[str, Any], command: str) -> None:
    """Tables, page and pictures, all of them or none.

    Raises
    ------
    ArchsimError
        The folder cannot be written.
    """
    from archsim.files import fresh_folder, write_text
    from archsim.plot.tiles import tile_costs, tile_effects, tile_fronts
    from archsim.study.tile_effects_page import FACTOR_NAMES
    from archsim.study.tile_page import PAGE, PICTURES, page, write_tables

    with fresh_folder(folder) as place:
        write_tables(place, study)
        write_text(place / PAGE, page(study, command))
        tile_fronts(study["lines"], study["fronts"], place / PICTURES["fronts"])
        tile_costs(study["lines"], study["fronts"], place / PICTURES["costs"])
        tile_effects(study["effects"], FACTOR_NAMES, place / PICTURES["effects"])
