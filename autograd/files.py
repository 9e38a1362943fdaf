"""Files that are there whole or not at all.

A file is written under another name beside its place, brought to the disk, and renamed:
whoever looks, or loses power, finds the old one whole or the new one whole.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_whole(Path(folder) / "note.txt", b"whole")
    ...     path.read_bytes()
    b'whole'
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import suppress
from pathlib import Path

NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
"""How to open a file that must not be there yet."""


def write_whole(path: str | os.PathLike[str], content: bytes) -> Path:
    """Make `content` the file at `path`, in place of one that may be there.

    A symbolic link keeps pointing to the file. OSError where that fails; then what was
    there is there still, and nothing else is left behind.
    """
    target = _target(path)
    partial = _write_beside(target, content)
    try:
        os.replace(partial, target)
    except BaseException:
        _remove(partial)
        raise
    _bring_folder_to_disk(target.parent)
    return Path(path)


def probe(path: str | os.PathLike[str], content: bytes) -> None:
    """Find out whether `write_whole` would succeed, without changing anything.

    The content is written beside the path and removed. OSError where that fails.
    """
    _remove(_write_beside(_target(path), content))


def _target(path: str | os.PathLike[str]) -> Path:
    """The file that a path leads to. OSError for what no file can take the place of."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Give the name of a file.")
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{path} cannot be written: there is no folder {target.parent}. Make it "
            f"first."
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} is there and may not be written.")
    return target


def _write_beside(target: Path, content: bytes) -> Path:
    """Write a new file in the target's folder, down to the disk. Return its name."""
    partial = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(partial, NEW, 0o666)
    except OSError as error:
        reason = f"{target} cannot be written: {error.strerror}. Choose another folder."
        raise OSError(error.errno, reason) from error
    try:
        try:
            rest = memoryview(content)
            while rest:  # a write may take a part only, as on a disk that fills up
                rest = rest[os.write(descriptor, rest) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if target.exists():
            shutil.copymode(target, partial)
    except BaseException:
        _remove(partial)
        raise
    return partial


def _remove(partial: Path) -> None:
    with suppress(OSError):
        os.unlink(partial)


def _bring_folder_to_disk(folder: Path) -> None:
    """Have the new name survive a loss of power, where the system can be told so."""
    with suppress(OSError, AttributeError):  # Windows opens no folders
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
