"""The picture of a computation: Values as boxes, and arrows from what made them.

A box shows a Value's operation, label, data and gradient, which is "?" until backward()
has reached it; an arrow shows the local partial ∂head/∂tail. Invariant: the same graph
gives the same DOT source, and its boxes are named n0, n1, ... in topological order.

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> graph(x * x).source.count("n0 -> n1")
    2
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from autograd import Constant, Value
from viz.picture import Picture, blank
from viz.scene import Arrow, Box, arrows_between, boxes_of
from viz.structure import layers_of
from viz.style import COLLAPSED, COMPUTED, CONSTANT, LEAF, MUTED, ROOT, Look
from viz.text import cell, number, shortened, tooltip

DIRECTIONS = ("LR", "TB", "RL", "BT")


class GraphTooLarge(ValueError):
    """A graph has more boxes than a person could read."""


def graph(
    value: Value,
    *,
    collapse: Any = None,
    boxes: Literal["neurons", "layers"] = "neurons",
    max_nodes: int = 500,
    direction: str = "LR",
) -> Picture:
    """Draw all that a Value was computed from, as a graphviz.Digraph.

    With `collapse=model` each neuron of the model, from its inputs to its output, is a
    single box and its parameters are not drawn; an arrow into it carries
    ∂output/∂input. With `boxes="layers"` each layer is one box, and so are the leaves
    that go into nothing but that layer. `viz.collapse` says what counts as a neuron.

    `direction` is the way the computation flows: "LR" from left to right, or "TB",
    "RL", "BT". GraphTooLarge, a ValueError, for more than `max_nodes` boxes.
    """
    if not isinstance(value, Value):
        raise TypeError(
            f"graph: a Value is needed, not {type(value).__name__}. Give the result of "
            f"a computation, such as the loss."
        )
    if direction not in DIRECTIONS:
        raise ValueError(f"direction must be one of {DIRECTIONS}, not {direction!r}")
    if boxes not in ("neurons", "layers"):
        raise ValueError(f'boxes must be "neurons" or "layers", not {boxes!r}')
    layers = [] if collapse is None else layers_of(collapse)
    shown = boxes_of(value, layers, by_layer=boxes == "layers")
    if len(shown) > max_nodes:
        raise _too_large(len(shown), max_nodes, boxes if layers else "")
    return drawn(shown, arrows_between(shown), direction)


def _too_large(size: int, limit: int, collapsed: str) -> GraphTooLarge:
    """The refusal, with the ways out that are still open."""
    ways = {
        "": "; collapse the neurons of a model into boxes with graph(value, "
        'collapse=model), or its layers with boxes="layers"',
        "neurons": '; collapse whole layers with boxes="layers"',
        "layers": "",
    }
    after = f" after collapsing the {collapsed}" if collapsed else ""
    return GraphTooLarge(
        f"the graph has {size:,} nodes{after}, more than max_nodes={limit:,}. Draw a "
        f"smaller expression, such as the loss of one example{ways[collapsed]}; or "
        f"raise max_nodes."
    )


def drawn(
    boxes: Sequence[Box],
    arrows: Sequence[Arrow],
    direction: str,
    looks: Sequence[Mapping[str, str]] | None = None,
) -> Picture:
    """Boxes and arrows as a picture; `looks` are each arrow's Graphviz attributes."""
    picture = blank(
        "computation graph", rankdir=direction, nodesep="0.25", ranksep="0.55"
    )
    picture.attr("node", shape="plain", ordering="in")
    for place, box in enumerate(boxes):
        is_root = place == len(boxes) - 1
        picture.node(f"n{place}", _table(box, is_root), tooltip=tooltip(_told(box)))
    names = [_name(box, place) for place, box in enumerate(boxes)]
    for arrow, look in zip(arrows, looks or [{}] * len(arrows), strict=True):
        told = tooltip(_told_of_arrow(arrow, names))
        picture.edge(
            f"n{arrow.tail}",
            f"n{arrow.head}",
            _label(arrow),
            tooltip=told,
            labeltooltip=told,
            **({} if arrow.n_values == 1 else {"penwidth": "2.5"}),
            **look,
        )
    return picture


def _look(box: Box, is_root: bool) -> Look:
    if is_root:
        return ROOT
    if box.uses:
        return COLLAPSED
    if isinstance(box.values[0], Constant):
        return CONSTANT
    return LEAF if box.values[0].op is None else COMPUTED


def _table(box: Box, is_root: bool) -> str:
    """A box as a table: the operation at the left, the rest at the right."""
    look = _look(box, is_root)
    symbol, title = _heading(box)
    lines = [f'<TD COLSPAN="2" ALIGN="LEFT"><B>{cell(title)}</B></TD>'] if title else []
    for name, content in _facts(box):
        if name:
            lines.append(
                f'<TD ALIGN="LEFT"><FONT COLOR="{MUTED}">{name}</FONT></TD>'
                f'<TD ALIGN="RIGHT">{content}</TD>'
            )
        else:
            lines.append(f'<TD COLSPAN="2" CELLPADDING="6">{content}</TD>')
    if symbol:
        operation = (
            f'<TD ROWSPAN="{len(lines)}" CELLPADDING="7">'
            f'<FONT POINT-SIZE="14"><B>{cell(symbol)}</B></FONT></TD><VR/>'
        )
        lines[0] = operation + lines[0]
    rows = "".join(f"<TR>{line}</TR>" for line in lines)
    return (
        f'<<TABLE BORDER="{look.width}" CELLBORDER="0" CELLSPACING="0" CELLPADDING="4" '
        f'STYLE="{look.line}" COLOR="{look.border}" BGCOLOR="{look.fill}">{rows}'
        f"</TABLE>>"
    )


def _heading(box: Box) -> tuple[str, str]:
    """The operation's symbol and the title of a box; empty where there is none."""
    first = box.values[0]
    if box.uses:
        neuron = box.uses[0].neuron
        title = neuron.name if len(box.uses) == 1 else neuron.layer
        return neuron.activation or "", title
    if len(box.values) > 1:
        return "", f"{len(box.values):,} inputs"
    return first.op.symbol if first.op else "", shortened(str(first.label))


def _facts(box: Box) -> list[tuple[str, str]]:
    """What a box says below its title: names and numbers."""
    first = box.values[0]
    if len(box.uses) > 1:
        return [("neurons", f"{len(box.uses):,}")]
    if len(box.values) > 1:
        return []
    if isinstance(first, Constant):
        return [("", number(first.data))]
    grad = number(first.grad) if first.has_grad else "?"
    return [("data", number(first.data)), ("grad", grad)]


def _told(box: Box) -> str:
    """What a box says when pointed at: its label in full, its numbers to all digits."""
    first = box.values[0]
    if len(box.values) > 1:
        symbol, title = _heading(box)
        lines = [title, symbol, *(f"{count} {name}" for name, count in _facts(box))]
    elif isinstance(first, Constant):
        lines = ["constant", repr(first.data)]
    else:
        grad = repr(first.grad) if first.has_grad else "? until backward()"
        made = box.uses[0].neuron.name if box.uses else first.op and first.op.name
        lines = [str(first.label), made or "", f"data {first.data!r}", f"grad {grad}"]
    return "\n".join(line for line in lines if line)


def _name(box: Box, place: int) -> str:
    """What a box is called in the tooltips of its arrows."""
    symbol, title = _heading(box)
    return title.replace("\n", " ") or symbol or f"n{place}"


def _label(arrow: Arrow) -> str:
    """What is written at an arrow."""
    if not arrow.has_partial:
        return ""
    return "undefined" if arrow.partial is None else number(arrow.partial)


def _told_of_arrow(arrow: Arrow, names: Sequence[str]) -> str:
    """What an arrow says when pointed at."""
    tail, head = names[arrow.tail], names[arrow.head]
    if arrow.has_partial:
        partial = "undefined" if arrow.partial is None else repr(arrow.partial)
        return f"∂({head})/∂({tail}) = {partial}"
    if arrow.n_values > 1:
        return f"{arrow.n_values:,} values of {tail} go into {head}"
    return f"{tail} goes into {head}"
