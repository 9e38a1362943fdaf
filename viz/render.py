"""render: a picture -> a file, whole or not at all.

>>> from autograd import Value
>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     render(Value(2.0) * 3.0, f"{folder}/graph.svg").name
'graph.svg'
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import graphviz

from autograd import Value
from viz.dot import graph
from viz.renderers import image

FORMATS = ("svg", "png", "pdf")
Source: TypeAlias = "graphviz.Digraph | graphviz.Graph | graphviz.Source"


def render(picture: Value | Source, path: str | os.PathLike[str]) -> Path:
    """Draw a Value's graph, or a picture, to an svg, png or pdf file; return its path.

    It needs no system program: see `viz.renderers`. A file that is there is replaced
    once the new one is whole. ValueError for another suffix, OSError for a path that
    cannot be written, RendererNotFound where there is no Graphviz.
    """
    path = Path(path)
    format = format_of(path)  # noqa: A001
    if isinstance(picture, Value):
        picture = graph(picture)
    if not isinstance(picture, (graphviz.Digraph, graphviz.Graph, graphviz.Source)):
        raise TypeError(
            f"render: a Value or a picture is needed, not {type(picture).__name__}. "
            f"Give a Value, or what viz.graph or viz.network returned."
        )
    source, engine = picture.source, picture.engine
    return write_whole(path, lambda: image(source, format, engine))


def format_of(path: Path) -> str:
    """The image format that a path's suffix names. ValueError for any other suffix."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise ValueError(
            f"{path}: the suffix says the format, and it must be .svg, .png or .pdf."
        )
    return suffix


def writable(path: Path) -> Path:
    """The file that a path leads to. OSError for one that cannot be written."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder. Give the name of a file.")
    target = Path(os.path.realpath(path))
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"{path} cannot be written: there is no folder {target.parent}. Make it "
            f"first."
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise PermissionError(f"{path} is there and may not be written.")
    return target


def write_whole(path: Path, draw: Callable[[], bytes]) -> Path:
    """Write what `draw` returns, by way of a file beside; on any error nothing changes.

    That the path can be written is found out before anything is drawn.
    """
    target = writable(path)
    folder = _folder_beside(target, path)
    try:
        whole = folder / target.name
        whole.write_bytes(draw())
        if target.exists():
            shutil.copymode(target, whole)
        os.replace(whole, target)
    finally:
        shutil.rmtree(folder)
    return path


def _folder_beside(target: Path, path: Path) -> Path:
    """A new folder on the same disk, so that a file moves out of it in one step."""
    try:
        return Path(tempfile.mkdtemp(prefix=".drawing-", dir=target.parent))
    except OSError as error:
        raise type(error)(
            f"{path} cannot be written: {error.strerror}. Choose a folder that you may "
            f"write to."
        ) from error
