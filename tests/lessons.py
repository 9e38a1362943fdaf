"""Running the lessons for their tests: each once, quickly, in a folder of its own."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.test_examples import EXAMPLES, assert_all_written, complaints, run


def copied(folder: Path, *names: str) -> Path:
    """A folder with these files of the examples."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        shutil.copy(EXAMPLES / name, folder)
    return folder


class Lessons:
    """What each lesson printed and drew; it runs when it is first asked for.

    It is copied, so that its pictures are its alone, and has one thread for products.
    """

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.found: dict[str, tuple[str, Path]] = {}

    def taught(self, name: str) -> tuple[str, Path]:
        """What it prints with --quick, and the folder of its pictures."""
        if name not in self.found:
            folder = copied(self.scratch / name, f"{name}.py", "lesson.py")
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("OPENBLAS_NUM_THREADS", "1")
                result = run(str(folder / f"{name}.py"), "--quick")
            assert complaints(result.stderr) == []
            self.found[name] = result.stdout, folder / "out"
        return self.found[name]


def assert_taught(name: str, output: str, folder: Path, names: Iterable[str]) -> None:
    """The lesson draws these pictures, such as a.png, and ends with a thing to try."""
    assert_all_written(output, folder, {f"{name}_{picture}" for picture in names})
    assert output.splitlines()[-1].startswith("Try: ")
