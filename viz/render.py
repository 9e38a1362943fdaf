"""render: a picture -> a file, whole or not at all.

>>> from autograd import Value
>>> from tempfile import TemporaryDirectory
>>> with TemporaryDirectory() as folder:
...     render(Value(2.0) * 3.0, f"{folder}/graph.svg").name
'graph.svg'
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import graphviz

from autograd import Value
from autograd.files import probe, write_whole
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
    return write_drawn(path, lambda: image(source, format, engine))


def format_of(path: Path) -> str:
    """The image format that a path's suffix names. ValueError for any other suffix."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        raise ValueError(
            f"{path}: the suffix says the format, and it must be .svg, .png or .pdf."
        )
    return suffix


def write_drawn(path: Path, draw: Callable[[], bytes]) -> Path:
    """Write what `draw` returns, whole or not at all; on any error nothing changes.

    That the path can be written is found out before anything is drawn.
    """
    probe(path, b"")
    return write_whole(path, draw())
