"""Picture: a graphviz.Digraph that shows itself in a notebook, with `dot` or without.

graphviz.Digraph asks the command `dot` for the image. A Picture asks whichever Graphviz
there is, and where there is none it shows the remedy and its DOT source as text.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import graphviz

from viz.renderers import RendererNotFound, image
from viz.style import EDGE, GRAPH, NODE

FORMATS = {"image/svg+xml": "svg", "image/png": "png"}


class Picture(graphviz.Digraph):  # type: ignore[misc]
    """A drawing in the DOT language, which Jupyter shows."""

    def _repr_mimebundle_(
        self,
        include: Iterable[str] | None = None,
        exclude: Iterable[str] | None = None,
        **_: Any,
    ) -> dict[str, str | bytes]:
        """The image by media type: svg, unless others are asked for."""
        wanted = set(include or ["image/svg+xml"]) - set(exclude or [])
        try:
            drawn = {
                kind: image(self.source, FORMATS[kind], self.engine)
                for kind in FORMATS
                if kind in wanted
            }
        except RendererNotFound as error:
            return {"text/plain": f"{error}\n\n{self.source}"}
        return {
            kind: data.decode("utf-8") if kind == "image/svg+xml" else data
            for kind, data in drawn.items()
        }


def blank(comment: str, **graph_attributes: str) -> Picture:
    """A picture with nothing in it yet, in the style that all pictures share."""
    return Picture(
        comment=comment,
        graph_attr={**GRAPH, **graph_attributes},
        node_attr=NODE,
        edge_attr=EDGE,
    )
