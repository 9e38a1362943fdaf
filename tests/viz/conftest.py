"""What the tests of pictures share: a PATH without `dot`, and one with it."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest

STUB = """#!{python}
# Stands in for Graphviz's command: notes that it was called, and lets pygraphviz draw.
import pathlib, sys
sys.path[:0] = {path!r}
import pygraphviz
options = {{argument[:2]: argument[2:] for argument in sys.argv[1:]}}
with pathlib.Path({log!r}).open("a") as log:
    print(*sys.argv[1:], file=log)
graph = pygraphviz.AGraph(string=sys.stdin.buffer.read().decode("utf-8"))
sys.stdout.buffer.write(graph.draw(format=options["-T"], prog=options["-K"]))
"""


def needs_pygraphviz():
    if importlib.util.find_spec("pygraphviz") is None:
        pytest.skip("pygraphviz draws in this test, and it is not installed")


@pytest.fixture
def without_dot(monkeypatch, tmp_path_factory):
    """No command on the PATH, so that pygraphviz has to draw."""
    needs_pygraphviz()
    monkeypatch.setenv("PATH", str(tmp_path_factory.mktemp("empty")))


@pytest.fixture
def with_dot(monkeypatch, tmp_path_factory):
    """A working `dot` on the PATH; the file in which it notes its calls."""
    needs_pygraphviz()
    folder = tmp_path_factory.mktemp("bin")
    log = folder / "calls.txt"
    put_command(folder, STUB.format(python=sys.executable, path=sys.path, log=str(log)))
    monkeypatch.setenv("PATH", str(folder))
    return log


@pytest.fixture
def with_broken_dot(monkeypatch, tmp_path_factory):
    """A `dot` on the PATH that fails and says why."""
    needs_pygraphviz()
    folder = tmp_path_factory.mktemp("bin")
    put_command(
        folder, f"#!{sys.executable}\nraise SystemExit('Format: not recognized')\n"
    )
    monkeypatch.setenv("PATH", str(folder))


@pytest.fixture
def without_any_renderer(monkeypatch, tmp_path):
    """Neither `dot` nor pygraphviz."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


def put_command(folder: Path, script: str) -> None:
    if os.name == "nt":
        pytest.skip("a script is no command on Windows")
    command = folder / "dot"
    command.write_text(script)
    command.chmod(0o755)
