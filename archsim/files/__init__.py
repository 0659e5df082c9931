"""The one room that writes files: whole or not at all, inside their folder, and with errors in words.

A file is written beside its place and renamed, so that a reader never sees half of it and a full disk leaves what
was there before. Into a pipe or a device it is written as it is; through a link that leads out of its folder it is
not. What a process that was killed has left is cleaned up, or brought back, by the next one that writes there.
"""

from __future__ import annotations

from archsim.files.folders import check_folder, fresh_folder, make_folder, scratch_folder
from archsim.files.growing import append, cut, holding, lock_file
from archsim.files.paths import AnyPath, inside, locked, path_of
from archsim.files.whole import fresh_file, remove, write_arrays, write_bytes, write_text

__all__ = [
    "AnyPath",
    "append",
    "check_folder",
    "cut",
    "fresh_file",
    "fresh_folder",
    "holding",
    "inside",
    "lock_file",
    "locked",
    "make_folder",
    "path_of",
    "remove",
    "scratch_folder",
    "write_arrays",
    "write_bytes",
    "write_text",
]
