"""Errors on their way: as codes of the chip's bits, and what the largest code stands for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from archsim.crossbar.quantisers import Scaler
from archsim.crossbar.quantisers.kind import RANDOM_BITS, rounded
from archsim.names import FEEDBACK, RECURRENT
from archsim.snn.codes import Codes
from archsim.spec import Chip
from archsim.workload.network import Floats


@dataclass(frozen=True)
class Sent:
    """Errors (n, columns) in parts of the largest code, -1 to 1, and what that stands for, (n, 1)."""

    unit: Floats
    largest: Floats


class SentErrors:
    """Quantises the errors of a network as a chip does, those of each layer on their own.

    Parameters
    ----------
    chip : Chip
        Its `execution.errors` says how, `execution.error_resolution` to how many bits.
    seed : int
        Each layer's random bits come from a stream of their own.
    positions : mapping of str to int
        How many vectors each layer has in a timestep of a sample, one if it is not named.

    Notes
    -----
    The error that a rule multiplies by fixed matrices is sent once to all of them: it is one more layer here. What
    is asked for twice in a row is sent once.
    """

    def __init__(self, chip: Chip, seed: int, positions: Mapping[str, int] = MappingProxyType({})) -> None:
        self._quantiser, self._seed = chip.execution.quantiser, seed
        self._largest_code = 2 ** max(1, chip.execution.error_resolution_bits - 1) - 1
        self._is_rounded = not chip.without.drivers
        self._is_stochastic = self._quantiser.is_stochastic and not chip.without.drivers
        self._scalers: dict[str, Scaler] = {}
        self._streams: dict[str, Callable[[int], NDArray[np.integer[Any]]]] = {}
        self._last: dict[str, tuple[Floats, Sent]] = {}
        self._n_positions = positions
        self.n_samples = self.n_together = 1

    def scaler(self, key: str) -> Scaler:
        """That of a layer, or of the error for fixed matrices."""
        key = _layer(key)
        if key not in self._scalers:
            self._scalers[key] = self._quantiser.scaler()
        return self._scalers[key]

    def meet(self, errors: Mapping[str, Floats], n_samples: int) -> None:
        """Tell all layers of typical errors, those of a mean over so many samples."""
        fed_back = [found for key, found in errors.items() if key.endswith(FEEDBACK)]
        own = {key: found for key, found in errors.items() if not key.endswith(FEEDBACK)}
        together = {FEEDBACK: np.concatenate(fed_back)} if fed_back else {}
        for key, found in (own | together).items():
            self.scaler(key).meet(n_samples * found)

    def begin(self, n_samples: int) -> None:
        """A batch of so many samples begins, and the one before is over."""
        self.n_samples = self.n_together = n_samples
        self._last.clear()
        for scaler in self._scalers.values():
            scaler.end()

    def of(self, key: str, errors: Floats) -> Sent:
        """Errors (n, columns) of a layer as they are sent."""
        key = _layer(key)
        before = self._last.get(key)
        if before is not None and np.array_equal(before[0], errors):
            return before[1]
        sent = self._made(key, errors)
        self._last[key] = errors.copy(), sent
        return sent

    def received(self, key: str, errors: Floats) -> Floats:
        """The same times what the codes stand for: what whoever gets them knows of the errors."""
        sent = self.of(key, errors)
        if not self._is_rounded:
            return np.asarray(sent.unit * sent.largest)
        found: Floats = sent.unit * self._largest_code
        np.rint(found, out=found)
        found /= self._largest_code
        found *= sent.largest
        return found

    def codes(self, key: str, errors: Floats) -> Codes:
        """The same as whole numbers."""
        return np.asarray(np.rint(self.of(key, errors).unit * self._largest_code), dtype=np.int32)

    def looked_at(self, key: str, errors: Floats) -> Codes:
        """The codes of errors for whoever only watches: what was not sent last is counted and drawn nowhere."""
        before = self._last.get(_layer(key))
        if before is not None and np.array_equal(before[0], errors):
            return self.codes(key, errors)
        kept = self._scalers, self._streams
        self._scalers, self._streams = deepcopy(self._scalers), {}
        found = np.asarray(np.rint(self._made(_layer(key), errors).unit * self._largest_code), dtype=np.int32)
        self._scalers, self._streams = kept
        return found

    def _made(self, key: str, errors: Floats) -> Sent:
        largest = self._largest(key, errors)
        unit = errors / np.where(largest > 0, largest, 1.0)
        if not self._quantiser.looks_first:
            unit = np.clip(unit, -1.0, 1.0)
        if self._is_stochastic:
            unit = rounded(unit, self._largest_code, self._stream(key))
        return Sent(unit, largest)

    def _largest(self, key: str, errors: Floats) -> Floats:
        """What the largest code of each vector stands for, (n, 1)."""
        if not self._quantiser.waits_for_sample:
            return self.scaler(key).largest(errors, self.n_samples)
        # vectors come timestep by timestep, sample by sample, position by position
        n_positions = self._n_positions.get(key, 1)
        by_sample = errors.reshape(-1, self.n_together, n_positions * errors.shape[1]).swapaxes(0, 1)
        found = self.scaler(key).largest(by_sample.reshape(self.n_together, -1), self.n_samples)
        of_timestep = np.repeat(found, n_positions, axis=0)
        return np.tile(of_timestep, (len(errors) // len(of_timestep), 1))

    def _stream(self, key: str) -> Callable[[int], NDArray[np.integer[Any]]]:
        if key not in self._streams:
            rng = np.random.default_rng(np.random.SeedSequence([self._seed, *key.encode()]))
            self._streams[key] = lambda n: rng.integers(0, 1 << RANDOM_BITS, n)
        return self._streams[key]


def _layer(key: str) -> str:
    """Whose errors they are: those for all fixed matrices are one."""
    return FEEDBACK if key.endswith(FEEDBACK) else key.removesuffix(RECURRENT)
