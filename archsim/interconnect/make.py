"""An interconnect by the name of its kind, and that of a saved run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from archsim.errors import MappingError
from archsim.given import refuse, wrong_kind
from archsim.interconnect.base import Interconnect
from archsim.interconnect.check import checked
from archsim.interconnect.shared import TILES, Shared
from archsim.registry import INTERCONNECTS

WITHOUT_CHIP = "mesh"
"""How tiles are drawn of a run that no chip was given for."""


def interconnect_of(
    kind: str, n_tiles: int, places: Sequence[int] | None = None, tiles_per_router: int = 1
) -> Interconnect:
    """Tiles on an interconnect of a kind, at places or in order; of routers that serve one tile each or four.

    Raises
    ------
    MappingError
        No such kind is known.
    PluginError
        What the kind says of its links and routes does not fit together.

    Examples
    --------
    >>> interconnect_of("htree", 4).distance(0, 1)
    1.0
    """
    refuse([wrong_kind("interconnect.kind", kind, INTERCONNECTS.names())], MappingError)
    at = tuple(range(n_tiles) if places is None else places)
    with INTERCONNECTS.calling(kind) as made:
        if tiles_per_router == 1:
            return checked(made(n_tiles, at))
        n_routers = -(-n_tiles // TILES)
        return checked(Shared(n_tiles, at, made(n_routers, tuple(range(n_routers)))))


def of_run(provenance: Mapping[str, Any], n_tiles: int) -> Interconnect:
    """The interconnect of a run, from what it says of its chip and of the places of its tiles.

    Parameters
    ----------
    provenance : mapping
        Of a run, or of a saved one; its ``tile_places`` count if they are those of this many tiles.
    n_tiles : int
        Tiles that the run has tasks on; there may be more, of a chip or with a place.

    Raises
    ------
    MappingError
        The kind is unknown, such as that of a plug-in that is not installed here.
    """
    chip = _mapping(provenance.get("chip"))
    if isinstance(chip.get("tiles"), int):
        n_tiles = max(n_tiles, chip["tiles"])
    given = provenance.get("tile_places")
    if not (isinstance(given, list) and len(given) >= n_tiles and _is_order(given)):
        given = list(range(n_tiles))
    section = _mapping(chip.get("interconnect"))
    return interconnect_of(
        section.get("kind", WITHOUT_CHIP), len(given), given, section.get("tiles_per_router", 1)
    )


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _is_order(places: list[Any]) -> bool:
    """Whether every place from 0 on is there once."""
    return all(type(place) is int for place in places) and sorted(places) == list(range(len(places)))
