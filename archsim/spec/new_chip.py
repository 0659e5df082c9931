"""A chip file to begin with: a component library, whole and with its comments, with some choices of one's own."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from archsim.errors import ArchsimError, SpecError, UnitError
from archsim.reading import input_text
from archsim.registry import ADCS, INTERCONNECTS
from archsim.spec.library import FOLDER, libraries
from archsim.units import close_match, parse_quantity
from archsim.yaml_reader import Document, Keys, read_yaml

_ADC = re.compile(r"\s*([a-z][a-z0-9_]*)\s*:\s*([0-9]{1,4})\s*(?:bits?|b)?\s*/\s*([0-9]{1,6})\s*")
_ARRAY = re.compile(r"\s*([0-9]{1,6})\s*x\s*([0-9]{1,6})\s*")
_PLAIN = re.compile(r"(?!(?i:true|false|null)$)[A-Za-z]\w*")
_NODE = re.compile(r"rram_([0-9]+)nm")
HEAD = """\
# {name}: an RRAM chip at {node:g} nm, written by
#   {command}
#
# All parts stand here with their prices; the choices that were asked for are in technology, crossbar, adc and
# interconnect. Everything may be changed. `archsim check FILE` says what is wrong, `archsim components FILE` what
# each part costs, and `archsim run FILE WORKLOAD` what it does. To keep only what differs in a file of your own,
# name the library instead: `library: {library}`, and leave out all that stays as it is there.
#
# The parts are those of {library}, each with
#   source       who says it
#   at           where the figures hold; at another node or temperature they are scaled by the part's law
#   uncertainty  how far the families of sources lie apart: two of three within ÷ factor to × factor. Prices with
#                the same cause come from the same blocks of the same model, so they are off together
"""


@dataclass(frozen=True)
class Wanted:
    """The choices of a new chip.

    Attributes
    ----------
    node_nm : float
    n_rows, n_columns : int
    adc_kind : str
    adc_bits, n_columns_per_adc : int
    interconnect : str
    """

    node_nm: float
    n_rows: int
    n_columns: int
    adc_kind: str
    adc_bits: int
    n_columns_per_adc: int
    interconnect: str


def nodes_nm() -> dict[str, int]:
    """The node of each library."""
    found = {name: _NODE.fullmatch(name) for name in libraries()}
    return {name: int(match[1]) for name, match in found.items() if match}


def wanted(node: str, array: str | None, adc: str | None, interconnect: str | None) -> Wanted:
    """Read the choices as the command line gives them; what is not given is as in the library of the node.

    Parameters
    ----------
    node : str
        A length, such as ``22nm``, between the smallest and the largest library.
    array : str
        Rows and columns, ``128x128``.
    adc : str
        Kind, bits and columns that share one: ``sar:5bit/8``.
    interconnect : str
        A kind.

    Raises
    ------
    ArchsimError
        Everything that is wrong, one error on each line.

    Examples
    --------
    >>> found = wanted("22nm", "128x64", "sar:5bit/8", "mesh")
    >>> found.n_rows, found.n_columns, found.adc_kind, found.adc_bits, found.n_columns_per_adc
    (128, 64, 'sar', 5, 8)
    >>> wanted("22nm", "128", "sar/8", "mesh")
    Traceback (most recent call last):
    archsim.errors.ArchsimError: --array 128: write it as ROWSxCOLUMNS, such as 128x128
    --adc sar/8: write it as KIND:BITSbit/COLUMNS, such as sar:5bit/8 (one ADC for 8 columns)
    """
    errors: list[str] = []
    node_nm = _node(node, errors)
    chip = read_yaml(FOLDER / f"{library_for(node_nm)}.yaml", SpecError).data
    of_adc, of_array = chip["adc"], chip["crossbar"]
    array = array or f"{of_array['rows']}x{of_array['columns']}"
    adc = adc or f"{of_adc['kind']}:{of_adc['resolution'].replace(' ', '')}/{of_adc['columns_per_adc']}"
    interconnect = interconnect or str(chip["interconnect"]["kind"])
    size, converter = _ARRAY.fullmatch(array), _ADC.fullmatch(adc)
    n_rows, n_columns = (int(size[1]), int(size[2])) if size else (0, 0)
    if size is None:
        errors.append(f"--array {array}: write it as ROWSxCOLUMNS, such as 128x128")
    elif not (n_rows and n_columns):
        errors.append(f"--array {array}: an array has at least one row and one column")
    kind, bits, share = (converter[1], int(converter[2]), int(converter[3])) if converter else ("", 0, 1)
    if converter is None:
        errors.append(f"--adc {adc}: write it as KIND:BITSbit/COLUMNS, such as sar:5bit/8 (one ADC for 8 columns)")
    elif kind not in ADCS:
        errors.append(f"--adc {adc}: no kind of ADC is called {kind!r}; {_there_are(ADCS, kind)}")
    elif n_columns and (not share or n_columns % share):
        errors.append(f"--adc {adc}: {share} columns for each ADC do not divide {n_columns}")
    if interconnect not in INTERCONNECTS:
        said = f"no interconnect is called {interconnect!r}; {_there_are(INTERCONNECTS, interconnect)}"
        errors.append(f"--interconnect {interconnect}: {said}")
    if errors:
        raise ArchsimError("\n".join(errors))
    return Wanted(node_nm, n_rows, n_columns, kind, bits, share, interconnect)


def _there_are(kinds: Mapping[str, object], word: str) -> str:
    return f"there are: {', '.join(kinds)}{close_match(word, kinds)}"


def _node(node: str, errors: list[str]) -> float:
    try:
        node_nm = float(parse_quantity(node, "node"))
    except UnitError as error:
        errors.append(f"--node {node}: {error}")
        return min(nodes_nm().values())
    low, high = float(min(nodes_nm().values())), float(max(nodes_nm().values()))
    if not low <= node_nm <= high:
        there = f"there are prices from {low:g} to {high:g} nm; libraries: {', '.join(libraries())}"
        errors.append(f"--node {node}: {there}")
        return low
    return node_nm


def library_for(node_nm: float) -> str:
    """The library of the nearest node, by the ratio of the two.

    Examples
    --------
    >>> library_for(22), library_for(28)
    ('rram_22nm', 'rram_22nm')
    """
    return min(nodes_nm(), key=lambda name: abs(math.log(nodes_nm()[name] / node_nm)))


def new_chip(choices: Wanted, name: str, command: str, supply_v: float | None = None) -> str:
    """The text of a chip file with all parts, their prices and their comments.

    Parameters
    ----------
    choices : Wanted
    name : str
        Of the chip.
    command : str
        Its first lines say that this made it.
    supply_v : float, optional
        Of the digital logic; that of the library if not given.

    Returns
    -------
    str
        YAML; the parts of `library_for` the node.
    """
    library = library_for(choices.node_nm)
    file = FOLDER / f"{library}.yaml"
    document = read_yaml(file, SpecError)
    values = _values(choices, name)
    if supply_v is not None:
        values["conditions", "supply"] = f"{supply_v:.3g} V"
    if document.data["write"]["parallel_cells"] > choices.n_columns:
        values["write", "parallel_cells"] = str(choices.n_columns)
    lines = _with_values(input_text(file), document, values)
    # from the end of the file on, so that what stands above stays where it is
    if choices.adc_kind != document.data["adc"]["kind"]:
        lines = _with_cost_of(choices.adc_kind, library, lines, document)
    if choices.n_columns_per_adc == 1:
        start, end = _block(lines, document, ("crossbar", "column_mux"))
        del lines[start:end]
    body = "\n".join(lines) + "\n"
    start = body.index("version:")
    head = HEAD.format(name=name, node=choices.node_nm, command=command, library=library)
    return head + body[start:]


def _values(choices: Wanted, name: str) -> dict[Keys, str]:
    """Values of the file that replace those of the library, by path."""
    return {
        ("name",): name if _PLAIN.fullmatch(name) else json.dumps(name, allow_nan=False),
        ("technology", "node"): f"{choices.node_nm:g} nm",
        ("crossbar", "rows"): str(choices.n_rows),
        ("crossbar", "columns"): str(choices.n_columns),
        ("adc", "kind"): choices.adc_kind,
        ("adc", "resolution"): f"{choices.adc_bits} bit",
        ("adc", "columns_per_adc"): str(choices.n_columns_per_adc),
        ("interconnect", "kind"): choices.interconnect,
    }


def _with_cost_of(kind: str, library: str, lines: list[str], document: Document) -> list[str]:
    """The lines with the price of another kind of ADC, if there are figures of it."""
    file = FOLDER / "adcs" / f"{library}.yaml"
    others = read_yaml(file, SpecError)
    if kind not in others.data:
        return lines
    text = input_text(file).splitlines()
    first, last = _block(text, others, (kind,))
    start, end = _block(lines, document, ("adc", "cost"))
    return [*lines[:start], "  cost:", *(f"  {line}" for line in text[first + 1 : last]), *lines[end:]]


def _block(lines: list[str], document: Document, path: Keys) -> tuple[int, int]:
    """First line of a section, and the one behind it."""
    position = document.position(path)
    assert position is not None  # a library has all of them
    start, indent = position[0] - 1, position[1] - 1
    deeper = (k for k in range(start + 1, len(lines)) if not lines[k].startswith(" " * (indent + 1)))
    return start, next(deeper, len(lines))


def _with_values(text: str, document: Document, values: Mapping[Keys, str]) -> list[str]:
    """The lines of a YAML text with other values of some keys; all else, comments too, as it is."""
    lines = text.splitlines()
    for path, value in values.items():
        position = document.position(path)
        assert position is not None  # a library has all of them, as a test holds
        row, column = position[0] - 1, position[1] - 1
        before, after = lines[row][:column], lines[row][column:]
        written = rf"({path[-1]}:\s*)[^,}}#]*?(?=\s*[,}}]|\s+#|$)"
        lines[row] = before + re.sub(written, rf"\g<1>{value}", after, count=1)
    return lines
