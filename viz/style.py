"""The one look of all pictures: colours, lines and letters.

The colours are those of Okabe and Ito (Color Universal Design, 2008), which people with
any of the common kinds of colour blindness can tell apart. No difference is told by
colour alone: a line's style, a border's width or a word says it too.
"""

from __future__ import annotations

from typing import NamedTuple

INK = "#1F2933"
"""Text and the axes."""
MUTED = "#56616C"
"""What is said in a lower voice: edges, captions; 6:1 on white."""
FAINT = "#C4CBD2"
"""Grids and what is as good as nothing."""
BLUE = "#0072B2"
ORANGE = "#D55E00"
GREEN = "#009E73"

POSITIVE, NEGATIVE = BLUE, ORANGE
"""The two signs."""

FONT = "Helvetica,Arial,sans-serif"


class Look(NamedTuple):
    """How a box is drawn."""

    border: str
    fill: str
    width: int = 1
    line: str = "ROUNDED"


LEAF = Look(BLUE, "#E4EFF7")
COMPUTED = Look(MUTED, "#FFFFFF")
CONSTANT = Look(MUTED, "#F3F4F5", line="ROUNDED,DASHED")
ROOT = Look(ORANGE, "#FDF0E7", width=3)
COLLAPSED = Look(GREEN, "#E5F4EF", width=2)

GRAPH = {"fontname": FONT, "fontcolor": MUTED, "fontsize": "11", "bgcolor": "white"}
NODE = {"fontname": FONT, "fontcolor": INK, "fontsize": "12"}
EDGE = {
    "fontname": FONT,
    "fontcolor": MUTED,
    "fontsize": "10",
    "color": MUTED,
    "arrowsize": "0.6",
}
