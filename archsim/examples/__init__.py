"""Chips, workloads, networks and studies that come with archsim: by name wherever a file is wanted.

In a clone they are the folders ``arch_specs/`` and ``workloads/``; a wheel carries copies of these in here.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from archsim.errors import ArchsimError
from archsim.files import inside, make_folder, write_bytes
from archsim.reading import input_bytes

Kind = Literal["chip", "workload", "study"]
_PLACES: Final[Mapping[Kind, tuple[str, tuple[str, ...]]]] = MappingProxyType(
    {
        "chip": ("arch_specs", (".yaml",)),
        "workload": ("workloads", (".yaml", ".nir")),
        "study": ("workloads/studies", (".yaml",)),
    }
)
KINDS: Final = tuple(_PLACES)


def root() -> Path:
    """The folder that holds ``arch_specs/`` and ``workloads/``.

    Raises
    ------
    ArchsimError
        They are not there: archsim was copied without them.
    """
    here = Path(__file__).resolve().parent
    for folder in (here, here.parents[1]):
        if all((folder / place).is_dir() for place, _ in _PLACES.values()):
            return folder
    raise ArchsimError(f"{here}: the examples of archsim are not there; install it again")


def names(kind: Kind) -> tuple[str, ...]:
    """Names of all examples of a kind.

    Examples
    --------
    >>> "wearable_rram" in names("chip"), "watch_mlp" in names("workload"), "tiny" in names("study")
    (True, True, True)
    """
    return tuple(sorted(_files(kind)))


def chips() -> tuple[str, ...]:
    """Names of the chips."""
    return names("chip")


def workloads() -> tuple[str, ...]:
    """Names of the workloads, networks (.nir) among them."""
    return names("workload")


def studies() -> tuple[str, ...]:
    """Names of the studies."""
    return names("study")


def path(name: str, kind: Kind | None = None) -> Path:
    """The file of an example; without a kind, of the first kind that has one of this name.

    Raises
    ------
    ArchsimError
        There is none; the message names those that are near.

    Examples
    --------
    >>> path("wearable_rram").name, path("tiny", "study").name
    ('wearable_rram.yaml', 'tiny.yaml')
    >>> path("wearable_ram", "chip")
    Traceback (most recent call last):
    archsim.errors.ArchsimError: 'wearable_ram' is no chip of archsim's; did you mean wearable_rram?
    """
    known = _of_any(kind)
    if name not in known:
        raise ArchsimError(f"{name!r} is no {kind or 'example'} of archsim's{near(name, kind)}")
    return known[name]


def located(given: str | os.PathLike[str], kind: Kind | None = None, folder: Path | None = None) -> Path:
    """The file that is meant: one of this path, else the example of this name, else the path as it is.

    Parameters
    ----------
    given : path
        What stands where a file is wanted.
    kind : "chip", "workload" or "study", optional
        Of any kind if not given.
    folder : Path, optional
        What a path is relative to.

    Examples
    --------
    >>> located("watch_mlp", "workload").name, located("mine.yaml").name
    ('watch_mlp.yaml', 'mine.yaml')
    """
    named = Path(given) if folder is None else folder / given
    if named.exists() and not named.is_dir():
        return named
    return _of_any(kind).get(os.fspath(given), named)


def near(given: str | os.PathLike[str], kind: Kind | None = None) -> str:
    """Words on examples that may be meant where there is no such file; all of them for a bare name like none.

    Examples
    --------
    >>> near("nmnist_mpl", "workload"), near("neurram_130nm.yaml", "chip"), near("/tmp/x.yaml")
    ('; did you mean nmnist_mlp?', '; archsim has neurram_130nm, by this name alone', '')
    >>> near("watch_mlp", "chip")
    '; the example watch_mlp is a workload, no chip'
    >>> near("mine", "study")
    '; archsim brings tiny, watch_shapes, watch_tiles'
    """
    stem, known = Path(given).stem, _of_any(kind)
    other = next((one for one in KINDS if kind and stem in _files(one)), None)
    if other and other != kind and stem not in known:
        return f"; the example {stem} is a {other}, no {kind}"
    if stem in known:
        return f"; archsim has {stem}, by this name alone"
    found = get_close_matches(stem, known, 3)
    if not found and os.fspath(given) == stem:
        return f"; archsim brings {', '.join(sorted(known))}"
    return f"; did you mean {', '.join(found[:-1])}{' or ' if found[1:] else ''}{found[-1]}?" if found else ""


def copied(folder: str | os.PathLike[str], replace: bool = False) -> list[Path]:
    """Copy all examples into a folder, in the same folders as here, so that studies find what they name.

    Returns
    -------
    list of Path
        The files that were written.

    Raises
    ------
    ArchsimError
        Some are there already, and `replace` does not say that they may go; or it is a file.
    WriteError
        The folder cannot be written.
    """
    top = Path(folder)
    if top.is_file():
        raise ArchsimError(f"{top}: is a file; name a folder")
    places = {file: file.relative_to(root()) for kind in KINDS for file in _files(kind).values()}
    there = [str(place) for place in places.values() if (top / place).exists()]
    if there and not replace:
        more = f" and {len(there) - 1} more" if there[1:] else ""
        raise ArchsimError(f"{top}: {there[0]}{more} would be replaced; name a new folder, or give --force")
    written = []
    for file, place in places.items():
        make_folder(top / place.parent)
        target = inside(top, *place.parts)
        write_bytes(target, input_bytes(file))
        written.append(target)
    return written


def _of_any(kind: Kind | None) -> dict[str, Path]:
    kinds = KINDS if kind is None else (kind,)
    return {name: file for one in reversed(kinds) for name, file in _files(one).items()}


def _files(kind: Kind) -> dict[str, Path]:
    place, suffixes = _PLACES[kind]
    return {file.stem: file for file in sorted((root() / place).iterdir()) if file.suffix in suffixes}
