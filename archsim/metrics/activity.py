"""Activity of the layers of a run, as plain data: rates, reads, errors, writes, a raster, warnings.

:mod:`archsim.sight` makes it; `Result.to_dict` gives ``activity``, a row for each layer, and ``warnings``; the
saved run and the page hold the ``raster``, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class LayerActivity:
    """Activity of one layer, over all samples of a run; a row of ``activity``.

    Attributes
    ----------
    layer : str
        Its name, or "input".
    firing_rate : float or None
        Spikes per neuron and timestep, 0 to 1; None of layers that send numbers.
    sparsity : float
        Part of all outputs that are zero, 0 to 1.
    active_rows_per_read : float or None
        Word lines that are not at rest in one read of an array, on average; a read is one vector of inputs at one
        array. None where no array of the layer is read.
    reads, reads_skipped : int
        Reads of the forward pass; those that were left out because no line was active
        (`execution.skip_idle_blocks`).
    arrays, arrays_never_read : int
        That hold the layer's weights; those that no timestep of any sample reads.
    nonzero_errors_frac : float or None
        Part of the layer's errors that drive a line, 0 to 1; None of a phase without errors.
    errors_recorded : bool
        Whether that is recorded; if not, the run counts all errors.
    cells_written : int
        Cells of RRAM that the run writes for the layer; its replicas, copies, and matrix that learns included.

    Examples
    --------
    >>> row = LayerActivity("out", 0.0, 1.0, None, 0, 0, 1, 1, None, False, 0)
    >>> row.never_fires, row.always_fires
    (True, False)
    """

    layer: str
    firing_rate: float | None
    sparsity: float
    active_rows_per_read: float | None
    reads: int
    reads_skipped: int
    arrays: int
    arrays_never_read: int
    nonzero_errors_frac: float | None
    errors_recorded: bool
    cells_written: int

    @property
    def never_fires(self) -> bool:
        """Whether it sends no spike at all."""
        return self.firing_rate == 0

    @property
    def always_fires(self) -> bool:
        """Whether all of its neurons spike in every timestep."""
        return self.firing_rate == 1


@dataclass(frozen=True)
class ActivityWarning:
    """A warning about a layer's activity.

    Attributes
    ----------
    layer : str
    what : "never fires", "always fires" or "never read"
    cause : str
        The likely cause, by the name of what decides it: "input", "rate", "record", "threshold", "dt", "scale",
        "reset", "replicas".
    text : str
        The sentence for people: what it is, why, and what would help.
    """

    layer: str
    what: str
    cause: str
    text: str


@dataclass(frozen=True)
class RunActivity:
    """Activity of a network in one run.

    Attributes
    ----------
    layers : tuple of LayerActivity
        "input" first, then the layers in computing order.
    warnings : tuple of ActivityWarning
    raster : dict
        Of the first sample, by layer: ``n`` outputs, ``spikes_per_timestep`` (a number for each timestep; of
        layers that send numbers, how many are not zero), and of small layers ``timestep`` and ``neuron``, both of
        the same length: one entry for each spike.
    source : str
        Where it comes from: "measured by a forward pass", "drawn from rates", ...
    """

    layers: tuple[LayerActivity, ...]
    warnings: tuple[ActivityWarning, ...]
    raster: Mapping[str, Mapping[str, Any]]
    source: str

    def rows(self) -> list[dict[str, Any]]:
        """The layers as plain data."""
        return [asdict(layer) for layer in self.layers]

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain data."""
        told = [asdict(warning) for warning in self.warnings]
        return {"layers": self.rows(), "warnings": told, "raster": dict(self.raster), "source": self.source}

    @classmethod
    def of_dict(cls, data: Mapping[str, Any]) -> RunActivity:
        """From what `to_dict` gave.

        Raises
        ------
        KeyError, TypeError
            It is something else.
        """
        layers = tuple(LayerActivity(**row) for row in data["layers"])
        told = tuple(ActivityWarning(**warning) for warning in data["warnings"])
        return cls(layers, told, data["raster"], data["source"])


def activity_record(found: RunActivity | None) -> dict[str, Any]:
    """``activity``, a row for each layer, and ``warnings``, for ``result.json``; nothing where it is not known."""
    if found is None:
        return {}
    data = found.to_dict()
    return {"activity": data["layers"], "activity_source": data["source"], "warnings": data["warnings"]}
