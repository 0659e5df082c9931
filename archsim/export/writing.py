"""Text files that are written whole or not at all, compressed where their name ends in .gz."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from archsim.errors import ArchsimError


@contextmanager
def fresh_file(path: str | Path) -> Iterator[IO[bytes]]:
    """A file beside `path` to write bytes into, which takes its place if the block ends well.

    Raises
    ------
    ArchsimError
        It cannot be written; what was there before is as it was.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> with fresh_file(place / "a.txt.gz") as file:
    ...     n = file.write(b"spans")
    >>> gzip.decompress((place / "a.txt.gz").read_bytes())
    b'spans'
    """
    target = Path(path).expanduser().absolute()
    if target.is_dir():
        raise ArchsimError(f"{path}: is a folder; name a file")
    beside = target.parent / f".{target.name[:100]}.{secrets.token_hex(4)}.tmp"
    try:
        with beside.open("wb") as raw:
            if target.suffix == ".gz":
                # no name and no time within: the same run gives the same bytes
                with gzip.GzipFile("", "wb", 1, raw, mtime=0) as packed:
                    yield packed  # type: ignore[misc]  # GzipFile writes bytes like any file
            else:
                yield raw
        os.replace(beside, target)
    except OSError as cause:
        raise ArchsimError(f"{path}: cannot be written: {cause.strerror or cause}") from None
    finally:
        beside.unlink(missing_ok=True)
