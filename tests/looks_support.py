"""Whether the texts of a page overlap, are cut, or lie outside: by structure, not by pixels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

WATCH = Path(__file__).with_name("looks_watch.js").read_text(encoding="utf-8")
"""A script that a page must begin with, so that texts on its canvases are known."""
LOOKS = Path(__file__).with_name("looks_errors.js").read_text(encoding="utf-8")
WIDTHS = (800, 1280, 2560)


def errors(opened: object, redraw: str, widths: Sequence[int] = WIDTHS) -> list[str]:
    """What is wrong at every width, light and dark; `redraw` is a script that draws all canvases anew."""
    found = []
    for width in widths:
        opened.page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            opened.page.emulate_media(color_scheme=scheme)
            opened.page.wait_for_timeout(80)
            opened.tell(f"() => {{ clearTexts(); {redraw} }}")
            opened.rest()
            found += [f"{width} {scheme}: {one}" for one in opened.tell(LOOKS)]
    return found
