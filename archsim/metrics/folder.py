"""Write a folder of results as one step: into a temporary folder first, then rename."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from archsim.errors import ArchsimError


@contextmanager
def fresh_folder(folder: str | Path) -> Iterator[Path]:
    """A new folder to write into, which becomes `folder` if the block ends well.

    Where `folder` exists already, its files of the same names are replaced, one rename each, and other files
    stay. If the block fails or is interrupted, nothing is left behind and nothing has changed.

    Parameters
    ----------
    folder : str or Path
        Where the files should be in the end; folders above it are made.

    Yields
    ------
    Path
        A temporary folder on the same file system.

    Raises
    ------
    ArchsimError
        The folder cannot be written, or `folder` is a file.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> with fresh_folder(place / "out") as temporary:
    ...     n = (temporary / "note.txt").write_text("done")
    >>> (place / "out" / "note.txt").read_text(), [path.name for path in place.iterdir()]
    ('done', ['out'])
    """
    target = Path(folder).expanduser().absolute()
    if target.exists() and not target.is_dir():
        raise ArchsimError(f"cannot write results to {target}: it is a file; give a folder")
    temporary = None
    try:
        temporary = _make_beside(target)
        yield temporary
        _move(temporary, target)
    except OSError as error:
        message = (
            f"cannot write results to {target}: {error.strerror or error}; give a folder you may write to"
        )
        raise ArchsimError(message) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _make_beside(target: Path) -> Path:
    # the nearest folder that exists: the target itself, or one above it, of the same file system
    nearest = next(path for path in (target, *target.parents) if path.exists())
    temporary = nearest / f".{target.name}.{secrets.token_hex(4)}.tmp"
    temporary.mkdir()
    return temporary


def _move(temporary: Path, target: Path) -> None:
    if not target.exists():
        made = [path for path in target.parents if not path.exists()]
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            temporary.rename(target)
        except OSError:
            for path in made:
                if path.is_dir():
                    path.rmdir()
            raise
        return
    for path in sorted(temporary.rglob("*")):  # a folder comes before what is in it
        place = target / path.relative_to(temporary)
        if path.is_dir():
            place.mkdir(exist_ok=True)
        else:
            os.replace(path, place)
