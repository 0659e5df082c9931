"""A learned stand-in for an array: Gaussian-process regression of its output error.

Equations and sources: ``docs/models/crossbar.md``.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from archsim.crossbar.learned.file import read_model, versions, write_model
from archsim.crossbar.learned.posterior import Floats, Lookup, Posterior, group
from archsim.crossbar.learned.samples import ErrorSamples
from archsim.errors import ArchsimWarning, SpecError

Outside = Literal["warn", "raise"]

_BLOCK = 2**16  # outputs at once in apply: a few MB whatever the batch
_LEAST = 8  # residuals a cell needs before its variance counts
_ROUNDS = 3  # mean and spread each wait for the other; a fourth moves them far less than they are uncertain
_JITTER = 1e-10
# spread below 1e-9 of the errors' own is the rounding of the regression, not of the array
_FLOOR = 1e-18


class OutOfRangeWarning(ArchsimWarning):
    """An error model was asked about an operating point outside those it was fitted on."""


@dataclass(eq=False)
class ErrorModel:
    """Mean and spread of an array's output error, learned from samples.

    The error (real − ideal output) at an operating point x is ``μ(x) + σ(x) ξ``, ξ standard normal. μ is a
    Gaussian process with noise σ²(x); log σ² is a second one, fitted to the residuals of the first (K. Kersting
    et al., "Most likely heteroscedastic Gaussian process regression", ICML 2007, after P. W. Goldberg et al.,
    NIPS 1998). Fitting needs scikit-learn (``pip install "archsim[learned]"``), using a model does not.

    Made by :meth:`fit` or :meth:`load`.

    Attributes
    ----------
    names : tuple of str
        The features; the first is ``ideal``.
    low, high : array (k,)
        Range of each feature in the samples: where the model is valid.
    n_samples, seed, source, versions
        What the model was made from.
    outside_count : int
        Operating points outside the range that this object was asked about so far.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> ideal = np.linspace(0.0, 10.0, 400)
    >>> error = -0.05 * ideal + rng.normal(0.0, 0.2, 400)
    >>> model = ErrorModel.fit(ErrorSamples(("ideal",), ideal[:, None], error), max_points=32)
    >>> mean, spread = model.predict([[0.0], [10.0]])
    >>> abs(mean - [0.0, -0.5]).max() < 0.1, abs(spread - 0.2).max() < 0.05
    (np.True_, np.True_)
    >>> model.apply(np.full((1000, 8), 5.0), None, rng).shape
    (1000, 8)
    """

    names: tuple[str, ...]
    low: Floats
    high: Floats
    shift: float
    scale: float
    mean_process: Posterior
    log_variance_process: Posterior
    n_samples: int
    seed: int
    source: str
    versions: dict[str, str]
    outside_count: int = field(default=0, init=False)

    @classmethod
    def fit(cls, samples: ErrorSamples, *, seed: int = 0, max_points: int = 256, restarts: int = 2) -> ErrorModel:
        """Learn mean and spread of the error.

        Exact regression costs O(m³), so samples are first gathered into at most `max_points` compact cells
        (mean, count; cells of at least 8 for the spread). That the curves bend within a cell is allowed for:
        from the second round on cells average what the last round did not explain. Kernel: constant × RBF with
        one length per feature + white noise; parameters by maximum marginal likelihood from 1 + `restarts` starts.

        Parameters
        ----------
        samples : ErrorSamples
            At least 20; some hundreds for a spread within 10 %.
        seed : int
            Of the starting points. Same samples and seed: the same model, bit by bit, on one machine.
        max_points : int
            Training points of each process, 16 to 4,096. Time grows with the cube, detail with the count.
        restarts : int
            Further starts of the search, 0 or more.

        Raises
        ------
        SpecError
            If an option is out of range or scikit-learn is not installed.
        """
        errors = []
        bounds = {"max_points": (max_points, 16, 4096), "restarts": (restarts, 0, 1000), "seed": (seed, 0, 2**31)}
        for name, (value, least, most) in bounds.items():
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= most:
                errors.append(f"{name} is {value!r}, must be a whole number from {least} to {most}")
        if errors:
            raise SpecError("\n".join(errors))
        low, high = samples.features.min(axis=0), samples.features.max(axis=0)
        shift, scale = float(samples.error.mean()), float(samples.error.std())
        z = _unit(samples.features, low, high)
        y = (samples.error - shift) / (scale or 1.0)
        mean, log_variance = _fit_both(z, y, int(max_points), int(seed), int(restarts))
        return cls(
            samples.names,
            low,
            high,
            shift,
            scale,
            mean,
            log_variance,
            len(y),
            int(seed),
            samples.source,
            versions("archsim", "scikit-learn"),
        )

    def predict(self, features: ArrayLike, *, outside: Outside = "warn") -> tuple[Floats, Floats]:
        """Mean and spread (standard deviation) of the error at (n, k) operating points, exactly.

        Parameters
        ----------
        features : array (n, k)
            Columns as in `names`.
        outside : {"warn", "raise"}
            What to do when a point is outside the range of the samples: warn once with
            :class:`OutOfRangeWarning` and answer for the nearest point of the range, or raise.

        Returns
        -------
        mean, std : array (n,)
            In the unit of the samples' error. `std` is the scatter of single errors; how well the mean itself
            is known is :meth:`uncertainty`.

        Raises
        ------
        SpecError
            If the shape is wrong, a number is not finite, or a point is outside with ``outside="raise"``.
        """
        z = self._inside(self._columns(features), outside)
        mean, spread = self._curves(z)
        return self.shift + self.scale * mean, self.scale * spread

    def uncertainty(self, features: ArrayLike, *, outside: Outside = "warn") -> Floats:
        """Standard deviation of the model's mean itself: small where there were samples, large in holes between.

        Parameters, errors and warnings as in :meth:`predict`.
        """
        z = self._inside(self._columns(features), outside)
        return self.scale * self.mean_process.std(z)

    def apply(
        self,
        ideal: ArrayLike,
        active_rows: ArrayLike | None,
        rng: np.random.Generator,
        *,
        further: Mapping[str, ArrayLike] | None = None,
        outside: Outside = "warn",
    ) -> Floats:
        """Ideal outputs made real: ideal + mean + spread × a normal draw per output.

        Both curves are read from a grid that is within 1 % of the local spread (or 1e-4 of the spread of all
        errors, if that is more) of :meth:`predict`; where no grid of 2¹⁸ nodes is, they are calculated.
        Outputs are handled in blocks, so memory stays near that of the result.

        Parameters
        ----------
        ideal : array (n, cols)
            Ideal outputs.
        active_rows : array (n,) or None
            Active rows of each input vector; None if the model has no such feature.
        rng : numpy.random.Generator
            Where the draws come from, row by row.
        further : mapping of name to array
            The model's other features, each of a shape that broadcasts to (n, cols).
        outside : {"warn", "raise"}
            As in :meth:`predict`; with "raise" nothing is drawn.

        Returns
        -------
        array (n, cols)

        Raises
        ------
        SpecError
            If a feature is missing or unknown, a shape is wrong, a number is not finite, or one is outside with
            ``outside="raise"``.
        """
        columns = self._named(ideal, active_rows, dict(further or {}))
        shape = columns[0].shape
        self._report(columns, outside, level=3)
        result = np.empty(shape)
        step = max(1, _BLOCK // max(1, shape[1]))
        curves = self._lookup if self._lookup.good else self._curves
        for start in range(0, shape[0], step):
            rows = slice(start, start + step)
            block = np.stack([column[rows].ravel() for column in columns], axis=1)
            self._count(block)
            mean, spread = curves(_unit(block, self.low, self.high))
            spread *= rng.standard_normal(len(mean))
            mean += spread
            mean *= self.scale
            mean += block[:, 0] + self.shift
            result[rows] = mean.reshape(-1, shape[1])
        return result

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model as JSON: kernel parameters, training points, range, versions, seed, source, checksum.

        The file is written beside and then renamed, so it is never half there.

        Raises
        ------
        WriteError
            If the file cannot be written.
        """
        write_model(path, self)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> ErrorModel:
        """Read what :meth:`save` wrote: the same predictions bit by bit on one machine, without fitting again.

        Raises
        ------
        SpecError
            If the file cannot be read, is no error model, has another version, or was damaged.
        """
        return cls(**read_model(path))

    def _curves(self, z: Floats) -> tuple[Floats, Floats]:
        """Mean and spread in units of `scale`."""
        spread: Floats = np.exp(0.5 * self.log_variance_process.mean(z))
        return self.mean_process.mean(z), spread

    @cached_property
    def _lookup(self) -> Lookup:
        def allowed(_mean: Floats, spread: Floats) -> tuple[Floats, Floats]:
            limit = np.maximum(0.01 * spread, 1e-4)
            return limit, limit

        return Lookup(self._curves, self.high > self.low, allowed)

    def _columns(self, features: ArrayLike) -> Floats:
        table = _numbers("features", features)
        if table.ndim != 2 or table.shape[1] != len(self.names):
            raise SpecError(
                f"features has shape {table.shape}, must be (n, {len(self.names)}): one column each for "
                + ", ".join(self.names)
            )
        return table

    def _named(self, ideal: ArrayLike, active: ArrayLike | None, further: dict[str, ArrayLike]) -> list[Floats]:
        """One array per feature, each a view of shape (n, cols)."""
        outputs = _numbers("ideal", ideal)
        if outputs.ndim != 2:
            raise SpecError(f"ideal has shape {outputs.shape}, must be (n, cols)")
        given = {name: _numbers(name, values) for name, values in further.items()}
        if active is not None:
            rows = _numbers("active_rows", active)
            if rows.shape != outputs.shape[:1]:
                raise SpecError(f"active_rows has shape {rows.shape}, must be {outputs.shape[:1]}: one per vector")
            given["active_rows"] = rows[:, None]
        if active is not None and "active_rows" not in self.names:
            del given["active_rows"]  # a model without that feature serves every input
        wanted = set(self.names[1:])
        if set(given) != wanted:
            missing, unknown = sorted(wanted - set(given)), sorted(set(given) - wanted)
            raise SpecError(
                f"this model wants {', '.join(self.names)}"
                + (f"; missing: {', '.join(missing)}" if missing else "")
                + (f"; unknown: {', '.join(unknown)}" if unknown else "")
            )
        try:
            return [outputs, *(np.broadcast_to(given[name], outputs.shape) for name in self.names[1:])]
        except ValueError:
            shapes = ", ".join(f"{name} {values.shape}" for name, values in given.items())
            raise SpecError(f"shapes do not fit ideal's {outputs.shape}: {shapes}") from None

    def _inside(self, table: Floats, outside: Outside) -> Floats:
        self._report([table[:, i] for i in range(len(self.names))], outside, level=4)
        self._count(table)
        return _unit(table, self.low, self.high)

    def _count(self, table: Floats) -> None:
        self.outside_count += int(((table < self.low) | (table > self.high)).any(axis=1).sum())

    def _report(self, columns: list[Floats], outside: Outside, level: int) -> None:
        """Say once which features leave their range, and by how many points."""
        if outside not in ("warn", "raise"):
            raise SpecError(f"outside is {outside!r}, must be 'warn' or 'raise'")
        said = []
        for name, values, low, high in zip(self.names, columns, self.low, self.high, strict=True):
            n_outside = int(np.count_nonzero(values < low) + np.count_nonzero(values > high))
            if n_outside:
                said.append(
                    f"{name}: {100 * n_outside / values.size:.3g} % of {values.size} outside the fitted range "
                    f"{low:.6g} to {high:.6g} (asked: {values.min():.6g} to {values.max():.6g})"
                )
        if said and outside == "raise":
            raise SpecError("\n".join([*said, "fit the error model on samples that reach this far"]))
        if said:
            message = "; ".join([*said, "the error at the edge of the range is used there"])
            warnings.warn(message, OutOfRangeWarning, stacklevel=level)


def _numbers(name: str, values: ArrayLike) -> Floats:
    try:
        array: NDArray[Any] = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise SpecError(f"{name} must be an array of real numbers") from None
    if not np.isfinite(array).all():
        raise SpecError(f"{name}: {np.count_nonzero(~np.isfinite(array))} number(s) are not finite")
    return array


def _unit(features: Floats, low: Floats, high: Floats) -> Floats:
    """Clamp to the range and map it to the unit box; an axis that never moved maps to 0."""
    width = high - low
    z: Floats = (np.clip(features, low, high) - low) / np.where(width > 0, width, 1.0)
    return z


def _fit_both(z: Floats, y: Floats, max_points: int, seed: int, restarts: int) -> tuple[Posterior, Posterior]:
    """Mean and log variance by turns: each needs the other."""
    fine, coarse = group(z, max_points, 1), group(z, max_points, _LEAST)
    centre, spread_centre = _averages(fine, z), _averages(coarse, z)
    count, spread_count = np.bincount(fine), np.bincount(coarse)
    target, noise = _averages(fine, y), np.full(len(count), _JITTER)
    log_variance_at, log_variance_of = np.zeros(len(z)), np.zeros(len(spread_count))
    guess = spread_guess = _Guess(1.0, np.full(z.shape[1], 0.5), 1e-2, restarts)
    for _ in range(_ROUNDS):
        mean = _regress(centre, target, noise, 1e-8, seed, guess)
        residual = y - mean.mean(z)
        # the mean has used up some of the data: the rest is what the residuals can tell
        free = max(1.0 - mean.degrees_of_freedom() / len(y), 0.1)
        ratio = _averages(coarse, (residual**2 + _FLOOR) / free / np.exp(log_variance_at))
        half = spread_count * free / 2
        # log of a chi-square average of ν: expectation ψ(ν/2) − log(ν/2), variance ψ′(ν/2)
        target = np.log(ratio) - scipy.special.digamma(half) + np.log(half) + log_variance_of
        log_variance = _regress(spread_centre, target, scipy.special.polygamma(1, half), 1e-6, seed, spread_guess)
        log_variance_at, log_variance_of = log_variance.mean(z), log_variance.mean(spread_centre)
        target = _averages(fine, residual) + mean.mean(centre)
        noise = np.exp(log_variance.mean(centre)) / count + _JITTER
        guess = _Guess(mean.constant, mean.lengths, mean.white)
        spread_guess = _Guess(log_variance.constant, log_variance.lengths, log_variance.white)
    return mean, log_variance


@dataclass(frozen=True, eq=False)
class _Guess:
    """Where the search for kernel parameters starts, and how many random starts come on top."""

    constant: float
    lengths: Floats
    white: float
    restarts: int = 0


def _averages(cells: NDArray[np.intp], values: Floats) -> Floats:
    """Average of the values (n,) or (n, k) in each cell."""
    if values.ndim == 1:
        means: Floats = np.bincount(cells, weights=values) / np.bincount(cells)
        return means
    return np.stack([_averages(cells, column) for column in values.T], axis=1)


def _regress(z: Floats, y: Floats, noise: Floats, least_white: float, seed: int, guess: _Guess) -> Posterior:
    """One Gaussian process by scikit-learn, kernel parameters at the maximum of the marginal likelihood."""
    try:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, ConstantKernel, WhiteKernel
    except ImportError:
        raise SpecError(
            'fitting an error model needs scikit-learn: pip install "archsim[learned]" (a saved one does not)'
        ) from None
    kernel = ConstantKernel(guess.constant, (1e-4, 1e3)) * RBF(guess.lengths, (0.02, 1e2))
    kernel += WhiteKernel(guess.white, (least_white, 1e1))
    offset = float(y.mean())
    process = GaussianProcessRegressor(kernel, alpha=noise, n_restarts_optimizer=guess.restarts, random_state=seed)
    with warnings.catch_warnings():
        # a parameter at its bound has a meaning here: a feature without effect, no scatter left unexplained;
        # and a start of the search that ends early loses against the others by its likelihood
        warnings.simplefilter("ignore", ConvergenceWarning)
        process.fit(z, y - offset)
    smooth, white = process.kernel_.k1, float(process.kernel_.k2.noise_level)
    lengths = np.atleast_1d(smooth.k2.length_scale)
    return Posterior(z, process.alpha_, noise, lengths, float(smooth.k1.constant_value), white, offset)
