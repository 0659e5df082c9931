"""The cells of an array and their life: written, read, updated, aged, worn."""

from __future__ import annotations

import math
from numbers import Real
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.cells.drift import Drifting
from archsim.crossbar.cells.faults import Fault, draw_faults, draw_limits
from archsim.crossbar.cells.noise import PS_PER_S, Telegraph, read_noise_variance, thermal_current_variance
from archsim.crossbar.cells.noises import Window
from archsim.crossbar.cells.programming import SpreadLaw, spread_around, write_and_verify
from archsim.crossbar.cells.pulses import PulseLaw
from archsim.crossbar.cells.streams import Stream, generator
from archsim.crossbar.cells.updates import after_pulses
from archsim.errors import SpecError
from archsim.spec.cells import CellErrors

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]

# targets may lie outside the window by rounding, as part of the window
_ROUNDING: Final = 1e-9


class Cells:
    """Conductances of an array of any shape. A new one is at g_min, never written.

    Parameters
    ----------
    shape : tuple of int
    g_min_siemens, g_max_siemens : float
        Conductance window.
    errors : CellErrors
        What is absent is ideal and draws no random numbers.
    read_pulse_ps : int
        Length of one read.
    seed : int or numpy.random.SeedSequence
        Each kind of randomness has its own stream: switching one on leaves the others' draws as they are.
    read_voltage_v : float, optional
        Full voltage of a read; needed for thermal noise only.
    on_time_ps : int, optional
        How long cells conduct in a read, which sets the bandwidth of thermal noise; all of it if not given.
    pulses : PulseLaw, optional
        Law of the pulses of a write where `errors.write_verify` is absent; without either a write is one pulse.

    Attributes
    ----------
    n_pulses, n_verify_reads : int
        Pulses (writes and updates) and verify reads of all cells so far.
    n_failed : int
        Writes after which a cell was not within its band; by a law of pulses, the share that it gives up.
    writes : array of int64
        Pulses that each cell was given, also those that a stuck or worn cell ignored.
    version : int
        Grows whenever `conductance_siemens` may have changed.

    Raises
    ------
    SpecError
        Shape, window, pulse or voltage make no sense, a device table is wrong or does not cover the window;
        every error is listed, before any work.

    Notes
    -----
    What conducts is ``written x drift x own factor x telegraph``, unless the cell is stuck, open or worn. The
    equations and their sources are in the modules of this package and in ``docs/models/crossbar.md``.

    Examples
    --------
    >>> errors = CellErrors(programming={"kind": "table", "scale": "window"}, write_verify={
    ...     "band": 0.02, "max_pulses": 50})
    >>> cells = Cells((4, 3), g_min_siemens=1e-6, g_max_siemens=1e-4, errors=errors, read_pulse_ps=10_000, seed=0)
    >>> cells.program(np.full((4, 3), 5e-5))
    >>> bool(abs(cells.conductance_siemens - 5e-5).max() <= 0.02 * 99e-6), cells.n_pulses == cells.writes.sum()
    (True, np.True_)
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        g_min_siemens: float,
        g_max_siemens: float,
        errors: CellErrors,
        read_pulse_ps: int,
        seed: int | np.random.SeedSequence,
        read_voltage_v: float | None = None,
        on_time_ps: int | None = None,
        pulses: PulseLaw | None = None,
    ) -> None:
        self.shape = tuple(shape)
        self.errors, self._law = errors, pulses
        self.window = Window(g_min_siemens, g_max_siemens)
        self._read_pulse_ps, self._read_voltage_v = read_pulse_ps, read_voltage_v
        self._on_time_ps = read_pulse_ps if on_time_ps is None else on_time_ps
        wrong = self._wrong()
        laws: dict[str, SpreadLaw | None] = {}
        for name in ("programming", "relaxation", "read_noise"):
            try:
                spread = getattr(errors, name)
                laws[name] = None if spread is None else SpreadLaw.of(spread, self.window, name)
            except SpecError as error:
                wrong.append(str(error))
        if wrong:
            raise SpecError("\n".join(wrong))
        self._programming, self._relaxation = laws["programming"], laws["relaxation"]
        self._read_noise = laws["read_noise"]
        self._seed = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
        self._n_operations = 0
        self._make()
        self.version = 0
        self._shown: tuple[int, Floats] | None = None

    def _wrong(self) -> list[str]:
        low, high = self.window.g_min_siemens, self.window.g_max_siemens
        wrong = []
        if not self.shape or any(n < 1 for n in self.shape):
            wrong.append(f"shape must be of one cell or more in each direction; got {self.shape}")
        if not (math.isfinite(low) and math.isfinite(high) and 0 <= low < high):
            wrong.append(f"the window must have 0 <= g_min < g_max; got {low:g} to {high:g} S")
        if self._read_pulse_ps <= 0:
            wrong.append(f"read_pulse must be above zero; got {self._read_pulse_ps} ps")
        elif not 0 < self._on_time_ps <= self._read_pulse_ps:
            wrong.append(f"on_time must be above zero and no longer than read_pulse; got {self._on_time_ps} ps")
        if self.errors.thermal_noise and not (self._read_voltage_v or 0) > 0:
            wrong.append(
                "errors.thermal_noise needs read_voltage_v, above zero: a current noise is a conductance only "
                "against a voltage"
            )
        return wrong

    def _make(self) -> None:
        """Properties that manufacturing decides."""
        errors, shape = self.errors, self.shape
        self._written: Floats = np.full(shape, float(self.window.g_min_siemens))
        self._factor: Floats | None = None
        if errors.device_spread_frac > 0:
            drawn = generator(self._seed, Stream.DEVICE).normal(1.0, errors.device_spread_frac, shape)
            self._factor = np.maximum(drawn, 0.0)
        self._fault_codes = draw_faults(errors.faults, shape, generator(self._seed, Stream.FAULTS))
        self._limits = None
        if errors.endurance is not None:
            self._limits = draw_limits(errors.endurance, shape, generator(self._seed, Stream.ENDURANCE))
        self._drift = None
        if errors.drift is not None:
            rng = generator(self._seed, Stream.DRIFT)
            temperatures = errors.temperature_k, errors.reference_temperature_k
            self._drift = Drifting(errors.drift, shape, rng, *temperatures)
        self._telegraph = None
        if errors.telegraph is not None:
            self._telegraph = Telegraph(errors.telegraph, shape, generator(self._seed, Stream.TELEGRAPH))
        self._update_rng = generator(self._seed, Stream.UPDATE)
        self.writes: Ints = np.zeros(shape, dtype=np.int64)
        self.n_pulses = 0
        self.n_verify_reads = 0
        self.n_failed = 0

    # ------------------------------------------------------------------ writing

    def program(self, target_siemens: ArrayLike, where: ArrayLike | None = None) -> None:
        """Write conductances: one pulse each, or as many as the write-verify rule takes.

        Parameters
        ----------
        target_siemens : array
            Of the cells' shape, or one that broadcasts to it.
        where : array of bool, optional
            The cells to write; all if absent. Targets of others are not looked at.

        Raises
        ------
        SpecError
            A target is not finite or outside the window, or a shape disagrees; nothing has changed then.

        Notes
        -----
        The own factor of a cell multiplies what its first pulse reaches; a verify read shows it, so that later
        pulses land around the target. Stuck and worn cells ignore pulses, but get them: under write-verify all
        `n_max_pulses`, unless the value at which they are stuck is in the band. A write in which a cell
        reaches its endurance limit still succeeds.
        """
        places, target = self._targets(target_siemens, where)
        if not places.size:
            return
        self._n_operations += 1
        fixed = self._fixed(places)
        landed, pulses, failed = self._write(places, target)
        rule = self.errors.write_verify
        if rule is not None and fixed is not None:
            off = np.abs(self._conducting()[places[fixed]] - target[fixed])
            failed[fixed] = off > rule.band_frac * self.window.width_siemens
            pulses[fixed] = np.where(failed[fixed], rule.n_max_pulses, 1)
        if rule is not None or self._law is not None:
            self.n_verify_reads += int(pulses.sum())
            self.n_failed += int(failed.sum())
        self._count(places, pulses)
        if self._relaxation is not None:
            rng = generator(self._seed, Stream.RELAXATION, self._n_operations)
            landed = spread_around(target, self._relaxation, rng, around=landed)
        self._store(places, landed, fixed)

    def _targets(self, target_siemens: ArrayLike, where: ArrayLike | None) -> tuple[Places, Floats]:
        """Flat places that are written, and their targets."""
        try:
            target = np.broadcast_to(np.asarray(target_siemens, dtype=np.float64), self.shape)
        except (TypeError, ValueError) as error:
            raise SpecError(f"target_siemens: must be numbers of shape {self.shape}: {error}") from error
        if where is None:
            places, target = np.arange(self.writes.size), target.reshape(-1)
        else:
            mask = np.asarray(where)
            if mask.dtype != np.bool_ or mask.shape != self.shape:
                raise SpecError(
                    f"where: must be truth values of shape {self.shape}; got {mask.dtype} {mask.shape}"
                )
            places, target = np.flatnonzero(mask), target[mask]
        slack = _ROUNDING * self.window.width_siemens
        low, high = self.window.g_min_siemens, self.window.g_max_siemens
        # NaN is on neither side
        bad = ~((target >= low - slack) & (target <= high + slack))
        if bad.any():
            first = np.unravel_index(places[np.argmax(bad)], self.shape)
            raise SpecError(
                f"target_siemens: {int(bad.sum())} targets are no conductances from g_min to g_max, {low:g} to "
                f"{high:g} S; the first at {tuple(map(int, first))}: {target[np.argmax(bad)]:g}"
            )
        return places, target

    def _write(self, places: Places, target: Floats) -> tuple[Floats, Ints, Bools]:
        """Conductances of healthy cells (without their own factors) after the write, pulses, and who failed."""
        programming, rule = self._programming, self.errors.write_verify
        if programming is None or rule is None:
            pulses, failed = self._by_law(target)
            if programming is None:
                return target.copy(), pulses, failed
            rng = generator(self._seed, Stream.PROGRAMMING, self._n_operations)
            return spread_around(target, programming, rng), pulses, failed
        rng = generator(self._seed, Stream.PROGRAMMING, self._n_operations)
        factor = None if self._factor is None else self._factor.reshape(-1)[places]
        landed, pulses = write_and_verify(target, programming, rule, rng, factor)
        failed = np.abs(landed - target) > rule.band_frac * self.window.width_siemens * (1 + 1e-12)
        if factor is not None:
            # a cell with factor 0 conducts nothing, whatever is written
            landed = np.divide(landed, factor, out=landed, where=factor > 0)
        return landed, pulses, failed

    def _by_law(self, target: Floats) -> tuple[Ints, Bools]:
        """Pulses of cells by the law that was given, one each without any; and who failed."""
        if self._law is None:
            return np.ones(target.shape, dtype=np.int64), np.zeros(target.shape, dtype=np.bool_)
        rng = generator(self._seed, Stream.PULSES, self._n_operations)
        return self._law.draw_at((target - self.window.g_min_siemens) / self.window.width_siemens, rng)

    def pulse(self, n_pulses: ArrayLike) -> None:
        """Open-loop update: so many pulses up (positive) or down (negative) on each cell, along its curves.

        Parameters
        ----------
        n_pulses : array of int
            Of the cells' shape, or one that broadcasts to it.

        Raises
        ------
        SpecError
            The chip gives no `errors.update`, or `n_pulses` is no array of whole numbers of the right shape.

        Notes
        -----
        A cell starts where it is now: what was written, drifted. Its drift clock starts again.
        """
        if self.errors.update is None:
            raise SpecError("errors.update is missing: it says how far one pulse moves a conductance")
        asked = np.asarray(n_pulses)
        if asked.dtype.kind not in "iu":
            raise SpecError(f"n_pulses: must be whole numbers; got {asked.dtype}")
        try:
            flat = np.broadcast_to(asked, self.shape).reshape(-1)
        except ValueError as error:
            raise SpecError(f"n_pulses: must be of shape {self.shape}; got {asked.shape}") from error
        places = np.flatnonzero(flat)
        rng = self._update_rng if self.errors.update.cycle_spread_frac > 0 else None
        if not places.size:
            return
        pulses = flat[places].astype(np.int64)
        fixed = self._fixed(places)
        now = self._written.reshape(-1)[places]
        if self._drift is not None:
            now = now * self._drift.factor().reshape(-1)[places]
        landed = after_pulses(now, pulses, self.errors.update, self.window, rng)
        self._count(places, np.abs(pulses))
        self._store(places, landed, fixed)

    def _count(self, places: Places, pulses: Ints) -> None:
        self.n_pulses += int(pulses.sum())
        self.writes.reshape(-1)[places] += pulses

    def _store(self, places: Places, landed: Floats, fixed: Bools | None) -> None:
        """Keep what was written, except in cells that no longer change."""
        if fixed is not None:
            places, landed = places[~fixed], landed[~fixed]
        self._written.reshape(-1)[places] = landed
        if self._drift is not None:
            self._drift.restart(places)
        self.version += 1

    def _fixed(self, places: Places) -> Bools | None:
        """Which of some places have cells that ignore pulses; None if there are none."""
        if self._fault_codes is None and self._limits is None:
            return None
        ignores = self.worn.reshape(-1)[places]
        if self._fault_codes is not None:
            ignores |= self._fault_codes.reshape(-1)[places] != Fault.NONE
        return ignores if ignores.any() else None

    # ------------------------------------------------------------------ time

    def age(self, seconds: float) -> None:
        """Let time pass: conductances drift (faster when hot), traps fill and empty.

        Raises
        ------
        SpecError
            `seconds` is negative or not finite.
        """
        if not (isinstance(seconds, Real) and math.isfinite(seconds) and seconds >= 0):
            raise SpecError(f"seconds: must be zero or more, and finite; got {seconds!r}")
        if seconds == 0:
            return
        changed = False
        if self._drift is not None:
            self._drift.age(seconds)
            changed = True
        if self._telegraph is not None:
            changed |= self._telegraph.evolve(seconds)
        self.version += changed

    def pass_reads(self, n: int) -> None:
        """Let the time of so many read pulses pass for the traps; it is too short for drift.

        Raises
        ------
        SpecError
            `n` is negative.
        """
        if n < 0:
            raise SpecError(f"n: must be zero reads or more; got {n}")
        if self._telegraph is not None:
            self.version += self._telegraph.evolve(n * self._read_pulse_ps / PS_PER_S)

    # ------------------------------------------------------------------ reading

    @property
    def worn(self) -> Bools:
        """Which cells have reached their endurance limit and no longer change."""
        if self._limits is None:
            return np.zeros(self.shape, dtype=np.bool_)
        worn: Bools = self.writes >= self._limits
        return worn

    @property
    def fault_codes(self) -> NDArray[np.int8]:
        """`Fault` of each cell from manufacturing."""
        return np.zeros(self.shape, dtype=np.int8) if self._fault_codes is None else self._fault_codes

    @property
    def conductance_siemens(self) -> Floats:
        """Conductances now; read-only, 0 or more."""
        if self._shown is None or self._shown[0] != self.version:
            shown = self._conducting().reshape(self.shape)
            shown.flags.writeable = False
            self._shown = self.version, shown
        return self._shown[1]

    def _conducting(self) -> Floats:
        """Conductances now, flat."""
        g = self._written.copy()
        if self._drift is not None:
            g *= self._drift.factor()
        if self._factor is not None:
            g *= self._factor
        if self._telegraph is not None:
            g *= self._telegraph.factor()
        low, high = self.window.g_min_siemens, self.window.g_max_siemens
        endurance = self.errors.endurance
        if endurance is not None and endurance.fails != "as_is":
            g[self.worn] = high if endurance.fails == "on" else low
        if self._fault_codes is not None:
            for fault, value in ((Fault.STUCK_ON, high), (Fault.STUCK_OFF, low), (Fault.OPEN, 0.0)):
                g[self._fault_codes == fault] = value
        return g.reshape(-1)

    @property
    def white_variance(self) -> Floats | None:
        """Variance in S^2 of a cell's conductance from read to read; it acts on the driven voltage."""
        if self._read_noise is None or self._read_noise.spread.is_zero:
            return None
        return read_noise_variance(self.conductance_siemens, self._read_noise)

    @property
    def thermal_variance(self) -> Floats | None:
        """Variance in S^2, at the full read voltage, of thermal noise; the same whatever voltage is driven."""
        if not self.errors.thermal_noise or self._read_voltage_v is None:
            return None
        variance = thermal_current_variance(self.conductance_siemens, self.errors.temperature_k, self._on_time_ps)
        return variance / self._read_voltage_v**2

    @property
    def read_variance(self) -> Floats | None:
        """Variance in S^2 of one read of each cell at full voltage, white and thermal; None if there is none."""
        white, thermal = self.white_variance, self.thermal_variance
        if white is None or thermal is None:
            return thermal if white is None else white
        return white + thermal
