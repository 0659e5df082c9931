"""One number of all that was laid down, before any column is made of it."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from archsim.taskgraph.places import Places


def digest_of(single: Sequence[array[int]], places: Places, names: Sequence[Mapping[str, int]]) -> bytes:
    """Digest of the columns of single tasks, of places, and of fragments with their names as numbers."""
    digest = blake2b(digest_size=16)
    for column in (*single, *places.columns):
        digest.update(len(column).to_bytes(8))
        digest.update(column)
    for fragment in places.fragments:
        digest.update(fragment.whole())
        for named, numbers in zip((fragment.action, fragment.stage, fragment.layer), names, strict=True):
            digest.update(array("i", [numbers[name] for name in named]))
    return digest.digest()
