"""Plot: a matplotlib Figure in the style of all pictures, which a notebook shows.

Importing this module imports matplotlib. A bare Figure is shown by a notebook only
after pyplot has been imported there; a Plot brings its own image.
"""

from __future__ import annotations

import io
from typing import Any

from matplotlib.figure import Figure

from viz.style import INK, MUTED

STYLE: Any = {
    "axes.edgecolor": MUTED,
    "axes.grid": False,
    "axes.labelcolor": INK,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "figure.facecolor": "white",
    "font.family": ["sans-serif"],
    "font.size": 11,
    "legend.frameon": False,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
}
"""matplotlib's names for what `viz.style` says; in force while a plot is made."""


class Plot(Figure):
    """A figure that is shown where it is returned."""

    def image(self, format: str) -> bytes:  # noqa: A002
        """The figure as the bytes of an svg, png or pdf file."""
        file = io.BytesIO()
        self.savefig(file, format=format, dpi=150)
        return file.getvalue()

    def _repr_png_(self) -> bytes:
        return self.image("png")
