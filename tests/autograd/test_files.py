"""Files that are there whole or not at all, whenever the writer ends."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from autograd import files
from autograd.files import probe, write_whole

ROOT = Path(__file__).parents[2]
OLD, NEW = b"what was there", b"what is new" * 1000


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    for content in (OLD, NEW, b""):
        assert write_whole(path, content) == path
        assert path.read_bytes() == content
    assert names(tmp_path) == ["run.npz"]


def test_a_new_file_has_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    usual = tmp_path / "usual"
    usual.write_bytes(NEW)
    write_whole(tmp_path / "whole", NEW)
    assert (tmp_path / "whole").stat().st_mode == usual.stat().st_mode


def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(OLD)
    path.chmod(0o640)
    write_whole(path, NEW)
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_keeps_pointing_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to("run.npz")
    write_whole(tmp_path / "latest", NEW)
    assert (tmp_path / "latest").is_symlink()
    assert (tmp_path / "run.npz").read_bytes() == NEW


@pytest.mark.parametrize("act", [write_whole, probe])
@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        (".", IsADirectoryError, "is a folder"),
        ("nowhere/run.npz", FileNotFoundError, "there is no folder .*nowhere"),
    ],
)
def test_what_cannot_be_a_file_is_refused(
    act: Callable[..., Any],
    name: str,
    error: type[OSError],
    message: str,
    tmp_path: Path,
) -> None:
    with pytest.raises(error, match=message):
        act(tmp_path / name, NEW)
    assert names(tmp_path) == []


def test_probing_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    probe(path, NEW)
    assert names(tmp_path) == []
    path.write_bytes(OLD)
    probe(path, NEW)
    assert (names(tmp_path), path.read_bytes()) == (["run.npz"], OLD)


# --- a writer that fails, and a writer that is killed ---------------------------------

STEPS = ["open", "write", "fsync", "close", "replace"]


@pytest.mark.parametrize("step", STEPS)
def test_a_step_that_fails_leaves_what_was_there_and_nothing_else(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(OLD)
    real_close = os.close

    def failing(*args: Any, **kwargs: Any) -> Any:
        if step == "close":  # a close that fails has closed all the same
            real_close(*args)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, step, failing)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, NEW)
    monkeypatch.undo()
    assert (names(tmp_path), path.read_bytes()) == (["run.npz"], OLD)


def test_a_write_that_takes_a_part_is_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.write
    monkeypatch.setattr(files.os, "write", lambda fd, rest: real(fd, rest[:1000]))
    write_whole(tmp_path / "run.npz", NEW)
    assert (tmp_path / "run.npz").read_bytes() == NEW


KILLED = """
import os, runpy, sys
files = runpy.run_path("autograd/files.py")  # alone: the quickest start
path, step, after = sys.argv[1], sys.argv[2], sys.argv[3] == "after"
real = getattr(os, step)
def dying(*args, **kwargs):
    if step == "write":  # half of it gets through
        real(args[0], args[1][: len(args[1]) // 2])
    elif after:
        real(*args, **kwargs)
    os._exit(9)
setattr(os, step, dying)
files["write_whole"](path, b"what is new" * 1000)
"""


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_writer_killed_at_any_step_leaves_the_old_file_or_the_new_one(
    step: str, moment: str, tmp_path: Path
) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(OLD)
    done = subprocess.run(
        [sys.executable, "-S", "-c", KILLED, path, step, moment],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 9, done.stderr
    replaced = (step, moment) == ("replace", "after")
    assert path.read_bytes() == (NEW if replaced else OLD)
