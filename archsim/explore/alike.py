"""Chips that differ in few of their parts: what a file says of the others is read and checked once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from archsim.spec import Chip
from archsim.units import FileModel
from archsim.yaml_reader import Document, fill

MOST_KEPT = 1024


@dataclass
class ChipsAlike:
    """Sections of chip files, by what they say.

    Examples
    --------
    >>> from archsim.spec.library import read_chip
    >>> base, known = read_chip("arch_specs/wearable_rram.yaml"), ChipsAlike()
    >>> one, other = (known.of(base.override([f"adc.resolution={n} bit"])) for n in (5, 6))
    >>> one.tile is other.tile, one.adc.resolution_bits, other.adc.resolution_bits
    (True, 5, 6)
    """

    _known: dict[tuple[str, str], FileModel] = field(default_factory=dict)

    def of(self, document: Document) -> Chip:
        """The chip of a document, as :func:`archsim.yaml_reader.fill` gives it; what is wrong is told as there.

        A section is valid or not whatever the others say; rules between sections are checked for each chip.
        """
        said = {key: (key, repr(section)) for key, section in document.data.items() if isinstance(section, dict)}
        known = {key: self._known[what] for key, what in said.items() if what in self._known}
        try:
            chip = Chip.model_validate({**document.data, **known})
        except ValueError:
            return fill(Chip, document)
        while len(self._known) >= MOST_KEPT:
            del self._known[next(iter(self._known))]
        self._known.update((what, section) for key, what in said.items() if (section := _section(chip, key)))
        return chip


def _section(chip: Chip, key: str) -> FileModel | None:
    """A part of a chip that is a model of its own, by its key in the file."""
    found: Any = getattr(chip, key, None)
    return found if isinstance(found, FileModel) else None
