"""Where each layer sits on a chip: as plain data, and as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from archsim.mapping import IO, Block, LayerPlan, Mapping, link_bits
from archsim.report.activity import activity_table
from archsim.report.summary import percent
from archsim.report.table import text_table
from archsim.units import format_quantity
from archsim.workload import Workload
from archsim.workload.layer_graph import minimax_fidelity, mixing_time, normalised_fidelity


def mapping_record(mapping: Mapping, work: Workload) -> dict[str, Any]:
    """Everything that ``archsim map`` tells, as plain data."""
    return {
        "phase": mapping.phase,
        "crossbars": {"used": mapping.n_crossbars, "available": mapping.n_crossbars_available},
        "interconnect": mapping.interconnect.kind,
        "layers": [_layer(mapping, plan) for plan in mapping.plans.values()],
        "tiles": _tiles(mapping),
        "buffers": _buffers(mapping),
        "links": _links(mapping, work),
        "layer_graph": _layer_graph(work),
    }


def mapping_text(name: str, found: dict[str, Any]) -> str:
    """Tables of layers, tiles, buffers and links, made of :func:`mapping_record`."""
    crossbars, shape, n_tiles = found["crossbars"], found["layer_graph"], len(found["tiles"])
    lines = [
        f"{name}, {found['phase']}: {crossbars['used']} of {crossbars['available']} crossbars on {n_tiles} "
        f"tile{'s' if n_tiles != 1 else ''} ({found['interconnect']})",
        f"layer graph: mixing time {shape['mixing_time']} steps, minimax fidelity {shape['minimax_fidelity']:.3g} "
        f"({shape['normalised_fidelity']:.3g} of all connected to all)\n",
        text_table(_LAYER_COLUMNS, [_layer_row(layer) for layer in found["layers"]]) + "\n",
        text_table(_TILE_COLUMNS, [_tile_row(tile) for tile in found["tiles"]]) + "\n",
        text_table(_BUFFER_COLUMNS, [_buffer_row(buffer) for buffer in found["buffers"]]),
    ]
    if links := found["links"][:_N_LINKS]:
        rows = [[link["link"], str(link["bits_per_sample"])] for link in links]
        lines.append("\n" + text_table(("most loaded links", "bits per sample"), rows))
    if (table := activity_table(found)) is not None:
        lines.append(f"\nactivity, {found['activity_source']}:\n{text_table(*table)}")
        lines += [f"warning: {warning['text']}" for warning in found["warnings"]]
    return "\n".join(lines)


def _layer_graph(work: Workload) -> dict[str, Any]:
    return {
        "mixing_time": mixing_time(work.network),
        "minimax_fidelity": minimax_fidelity(work.network),
        "normalised_fidelity": normalised_fidelity(work.network),
    }


_LAYER_COLUMNS = (
    "layer", "kind", "rows x columns", "blocks", "replicas", "copy", "feedback", "crossbars", "PEs", "tiles",
    "homes", "cells in use",
)  # fmt: skip


def _layer(mapping: Mapping, plan: LayerPlan) -> dict[str, Any]:
    blocks = (*plan.forward, *plan.copy, *plan.feedback)
    n_cells = mapping.chip.crossbar.n_rows * mapping.chip.crossbar.n_columns
    places = {(b.tile, b.pe, b.crossbar + i) for b in blocks for i in range(b.n_crossbars)}
    cells = sum(b.n_rows * b.n_columns for b in blocks) * mapping.chip.crossbar.n_columns_per_weight
    return {
        "layer": plan.layer.name,
        "kind": type(plan.layer.op).__name__.lower(),
        "n_rows": plan.n_rows,
        "n_columns": plan.layer.n_columns if plan.forward else 0,
        "n_blocks": len(plan.forward),
        "n_replicas": len({b.replica for b in plan.forward}),
        "n_copy_blocks": len(plan.copy),
        "n_feedback_blocks": len(plan.feedback),
        "n_crossbars": len(places),
        "n_pes": len({(tile, pe) for tile, pe, _ in places}),
        "tiles": sorted({tile for tile, _, _ in places}),
        "homes": [home.tile for home in plan.homes],
        "cell_utilisation": cells / (len(places) * n_cells) if places else None,
    }


def _layer_row(layer: dict[str, Any]) -> list[str]:
    used = layer["cell_utilisation"]
    counts = ("n_blocks", "n_replicas", "n_copy_blocks", "n_feedback_blocks", "n_crossbars", "n_pes")
    return [
        layer["layer"],
        layer["kind"],
        f"{layer['n_rows']} x {layer['n_columns']}" if layer["n_rows"] else "-",
        *(str(layer[key]) for key in counts),
        _spans(layer["tiles"]) or "-",
        _spans(layer["homes"]),
        "-" if used is None else percent(used),
    ]


def _spans(numbers: Sequence[int]) -> str:
    """Whole numbers as ranges.

    Examples
    --------
    >>> _spans([0, 1, 2, 5])
    '0-2, 5'
    """
    runs: list[list[int]] = []
    for number in sorted(set(numbers)):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


_N_LINKS = 5  # of the table; JSON has all


def _links(mapping: Mapping, work: Workload) -> list[dict[str, Any]]:
    """Bits over each link in a forward pass, the most loaded first."""
    loads = sorted(link_bits(mapping, work).items(), key=lambda pair: (-pair[1], pair[0]))
    return [{"link": link, "bits_per_sample": n_bits} for link, n_bits in loads]


_TILE_COLUMNS = ("tile", "place", "crossbars in use", "of", "layers")


def _tiles(mapping: Mapping) -> list[dict[str, Any]]:
    per_tile = mapping.chip.tile.n_pes * mapping.chip.pe.n_crossbars
    blocks: dict[int, list[Block]] = {tile: [] for tile in range(mapping.n_tiles)}
    for block in mapping.blocks:
        blocks[block.tile].append(block)
    used = {
        tile: len({(b.pe, b.crossbar + i) for b in here for i in range(b.n_crossbars)})
        for tile, here in blocks.items()
    }
    return [
        {
            "tile": tile,
            "place": mapping.interconnect.places[tile],
            "n_crossbars": used[tile],
            "n_available": used[tile] if mapping.is_tailored else per_tile,
            "layers": list(dict.fromkeys(b.layer for b in here)),
        }
        for tile, here in blocks.items()
    ]


def _tile_row(tile: dict[str, Any]) -> list[str]:
    keys = ("tile", "place", "n_crossbars", "n_available")
    return [*(str(tile[key]) for key in keys), ", ".join(tile["layers"]) or "-"]


_BUFFER_COLUMNS = (
    "buffer", "size", "runs with", "overlaps with", "shared out", "on", "users", "largest share", "of",
)  # fmt: skip


def _buffers(mapping: Mapping) -> list[dict[str, Any]]:
    """Size of each buffer, what its users need, and how much they have on the tile where they have most.

    Of tailored tiles it is the largest size, and `tile_bytes` has them all.
    Least: nothing goes on with less. Overlap: the schedule never waits for space if every stage takes as long.
    """
    rows = []
    for name, size in mapping.buffers.size_bytes.items():
        shares: dict[int, dict[str, int]] = {}
        for (buffer, tile, user), n_bytes in mapping.buffers.share_bytes.items():
            if buffer == name:
                shares.setdefault(tile, {})[user] = n_bytes
        fullest = max(shares, key=lambda tile: (sum(shares[tile].values()), -tile), default=IO)
        users = shares.get(fullest, {})
        rows.append(
            {
                "buffer": name,
                "size_bytes": size,
                "tile_bytes": {tile: n for (of, tile), n in mapping.buffers.built_bytes.items() if of == name},
                "shared_bytes": sum(users.values()),
                "tile": None if fullest == IO else fullest,
                "users": users,
                "least_bytes": _most(mapping, name, "least_bytes"),
                "overlap_bytes": _most(mapping, name, "liked_bytes"),
                "demands": [
                    {
                        "tile": None if demand.tile == IO else demand.tile,
                        "user": demand.user,
                        "least_bytes": demand.least_bytes,
                        "overlap_bytes": demand.liked_bytes,
                        "share_bytes": mapping.buffers.share_bytes[name, demand.tile, demand.user],
                    }
                    for demand in mapping.buffers.demands
                    if demand.buffer == name
                ],
            }
        )
    return rows


def _most(mapping: Mapping, buffer: str, what: str) -> int:
    """Bytes that the users of a buffer need together, on the tile where it is most."""
    sums: dict[int, int] = {}
    for demand in mapping.buffers.demands:
        if demand.buffer == buffer:
            sums[demand.tile] = sums.get(demand.tile, 0) + getattr(demand, what)
    return max(sums.values(), default=0)


def _buffer_row(buffer: dict[str, Any]) -> list[str]:
    users = buffer["users"]
    largest = max(users, key=users.__getitem__, default=None)
    return [
        buffer["buffer"],
        ("up to " if len(set(buffer["tile_bytes"].values())) > 1 else "")
        + format_quantity(buffer["size_bytes"], "bytes"),
        *(f"{buffer[key]} B" for key in ("least_bytes", "overlap_bytes", "shared_bytes")),
        "chip" if buffer["tile"] is None else f"tile {buffer['tile']}",
        str(len(users)),
        f"{users[largest]} B" if largest else "-",
        largest or "-",
    ]
