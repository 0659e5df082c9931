"""Where contenders meet: depth of the network, bits and quantiser of errors, passes over the data, other cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from archsim.errors import ExploreError
from archsim.study.configurations import Assignments, Configuration
from archsim.workload import Workload


@dataclass(frozen=True)
class Case:
    """Anything else that is set in the two files, such as the spread of cells or the number of windows.

    Parameters
    ----------
    name : str
        In tables.
    for_chip, for_workload : tuple of str
        Assignments, as ``--set`` takes them.
    """

    name: str
    for_chip: Assignments = ()
    for_workload: Assignments = ()


AS_IT_IS = Case("-")
"""Nothing else is set."""


@dataclass(frozen=True)
class Cross:
    """Every depth with every number of bits, quantiser, number of passes and case, for some contenders.

    Parameters
    ----------
    depths, bits, passes : tuple of int
        Hidden layers, bits of an error, passes over the adaptation windows.
    quantisers : tuple of str
        Of `QUANTISERS`.
    cases : tuple of Case
    contenders : tuple of str
        By name; all of the study if empty.
    n_seeds, n_priced : int, optional
        How many seeds it runs with, and how many of them go through the event simulation (0: accuracies alone);
        as many as the study says if not given.
    """

    depths: tuple[int, ...] = (2,)
    bits: tuple[int, ...] = (8,)
    quantisers: tuple[str, ...] = ("vector_maximum",)
    passes: tuple[int, ...] = (1,)
    cases: tuple[Case, ...] = (AS_IT_IS,)
    contenders: tuple[str, ...] = ()
    n_seeds: int | None = None
    n_priced: int | None = None

    def cells(self, work: Workload) -> Iterator[Configuration]:
        """All of them, as assignments to chip and workload.

        Raises
        ------
        ExploreError
            A number below 1, a quantiser that does not exist, or a network whose depth cannot be varied.
        """
        if min((*self.depths, *self.bits, *self.passes, 1 if self.n_seeds is None else self.n_seeds)) < 1:
            raise ExploreError("depths, bits, passes and seeds must be 1 or more")
        crossed = product(self.depths, self.bits, self.quantisers, self.passes, self.cases)
        for depth, n_bits, quantiser, n, case in crossed:
            yield Configuration.crossed([deep(work, depth), coarse(n_bits, quantiser), _passes(n), _in(case)])


def _in(case: Case) -> Configuration:
    return Configuration(f"case={case.name}", {"case": case.name}, case.for_chip, case.for_workload)


def _passes(n: int) -> Configuration:
    return Configuration(f"passes={n}", {"passes": n}, (), (f"learning.adapt.passes={n}",))


def deep(work: Workload, n_hidden: int) -> Configuration:
    """The workload's network with so many hidden layers, copies of its first one.

    Raises
    ------
    ExploreError
        The network is no chain of dense layers.
    """
    network: Any = work.described.get("network")
    layers = network.get("layers") if isinstance(network, dict) else None
    if not layers or any(layer["kind"] != "dense" or layer.get("inputs") for layer in layers):
        raise ExploreError(f"{work.name}: depth is varied on chains of dense layers only; leave --depths out")
    first, last = ({k: v for k, v in layer.items() if v is not None} for layer in (layers[0], layers[-1]))
    made = [{**first, "name": f"fc{k + 1}"} for k in range(n_hidden)]
    text = json.dumps({**network, "layers": [*made, last]}, allow_nan=False)
    return Configuration(f"depth={n_hidden}", {"depth": n_hidden}, (), (f"network={text}",))


QUANTISERS: Final = {
    "vector_maximum": "{kind: vector_maximum}",
    "power_of_two": "{kind: power_of_two}",
    "stochastic": "{kind: power_of_two, rounding: stochastic}",
}
"""How errors become codes: `execution.errors` of the chip."""


def coarse(n_bits: int, quantiser: str) -> Configuration:
    """Errors of so many bits, scaled and rounded in one of `QUANTISERS`."""
    if quantiser not in QUANTISERS:
        raise ExploreError(f"no quantiser is called {quantiser}; there are: {', '.join(QUANTISERS)}")
    chip = (f"execution.error_resolution={n_bits} bit", f"execution.errors={QUANTISERS[quantiser]}")
    return Configuration(f"{n_bits} bit, {quantiser}", {"bits": n_bits, "quantiser": quantiser}, chip)
