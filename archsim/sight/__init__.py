"""Activity in sight: what runs through each layer of a chip, and what looks wrong with it.

What comes out is plain data, :class:`archsim.metrics.activity.RunActivity`: ``result.activity`` of every run, in
``result.json`` as ``activity`` (a row for each layer) and ``warnings``, in the saved run and on the page with the
``raster`` of the first sample.
"""

from archsim.sight.sight import in_sight, in_sight_of

__all__ = ["in_sight", "in_sight_of"]
