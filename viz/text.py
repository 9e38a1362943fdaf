"""Text for pictures: numbers in short, and labels that stay text whatever they hold.

A label is data. Graphviz reads `<b>`, `{x|y}`, `&amp;`, backslashes and line ends in
its strings as instructions; SVG cannot hold control characters at all. Invariant: what
leaves this module is drawn as the characters that came in, and a character that cannot
be drawn is drawn as `�`.

    >>> number(0.123456), number(-0.0)
    ('0.1235', '0')
    >>> print(cell("<b> & co"))
    &lt;b&gt; &amp; co
"""

from __future__ import annotations

import html
import re

from graphviz import nohtml

_FORBIDDEN = re.compile(
    # what XML 1.0 forbids or discourages: control characters, halves of surrogate
    # pairs, noncharacters
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"
)
LONGEST_LINE = 40
MOST_LINES = 4


def number(x: float) -> str:
    """A number to 4 significant digits, never "-0"."""
    return f"{x + 0.0:.4g}"


def drawable(text: str) -> str:
    """The text with `�` for what cannot be drawn, plain spaces and one line end."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    return _FORBIDDEN.sub("�", text)


def shortened(text: str) -> str:
    """The text's beginning and "…", where it is too long for a box in a drawing."""
    lines = drawable(text).split("\n")
    if len(lines) > MOST_LINES:
        lines[MOST_LINES - 1 :] = ["…"]
    return "\n".join(
        line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
        for line in lines
    )


def cell(text: str) -> str:
    """The text as the content of a table's cell in Graphviz's HTML-like labels.

    There the backslash is an escape of Graphviz's own, once the HTML has been read.
    """
    escaped = html.escape(drawable(text)).replace("\\", "\\\\")
    return escaped.replace("\n", '<BR ALIGN="LEFT"/>')


def tooltip(text: str) -> str:
    """The text as a tooltip, at full length.

    Graphviz reads escapes in a tooltip twice over, so a backslash is written as four.
    """
    escaped = html.escape(drawable(text)).replace("\\", "\\\\\\\\")
    quoted: str = nohtml(escaped.replace("\n", "\\n"))
    return quoted
