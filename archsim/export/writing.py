"""Files that are compressed where their name ends in .gz."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from archsim.files import fresh_file, path_of


@contextmanager
def packed_file(path: str | Path) -> Iterator[IO[bytes]]:
    """`archsim.files.fresh_file`, compressed where the name asks for it.

    Raises
    ------
    WriteError
        It cannot be written; what was there before is as it was.

    Examples
    --------
    >>> from archsim.files import scratch_folder
    >>> with scratch_folder() as place:
    ...     with packed_file(place / "a.txt.gz") as file:
    ...         n = file.write(b"spans")
    ...     gzip.decompress((place / "a.txt.gz").read_bytes())
    b'spans'
    """
    with fresh_file(path) as raw:
        if path_of(path).suffix == ".gz":
            # no name and no time within: the same run gives the same bytes
            with gzip.GzipFile("", "wb", 1, raw, mtime=0) as packed:
                yield packed  # type: ignore[misc]  # GzipFile writes bytes like any file
        else:
            yield raw
