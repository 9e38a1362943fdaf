"""The picture of an explanation: a gradient's leading paths, drawn on the graph.

An arrow on a path is as thick as the share that the paths over it have of Σ|product|,
solid blue where their products add up to more than 0, dashed orange below. What lies on
no listed path is drawn faint, or left out.

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> picture = explanation((x * x + x.tanh()).explain(x))
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from autograd import Value
from autograd.reading.explanation import Explanation
from viz.dot import DIRECTIONS, GraphTooLarge, drawn
from viz.picture import Picture
from viz.scene import Arrow, Box, arrows_between, boxes_of
from viz.style import FAINT, MUTED, NEGATIVE, POSITIVE
from viz.text import cell, number, tooltip

THINNEST, THICKEST = 1.2, 6.0
"""Widths in points of the arrows on a path, of a share of none and of all."""

Step = tuple[Value, int]
"""A node and the place of one of its operands: an arrow, known by its head."""


def explanation(
    explained: Explanation,
    *,
    only_paths: bool = False,
    max_nodes: int = 500,
    direction: str = "LR",
) -> Picture:
    """Draw the graph of an explained Value with the listed paths in colour.

    With `only_paths` the values on the listed paths are drawn and no others, which
    suits a large graph. `direction` is as in `viz.graph`. GraphTooLarge, a ValueError,
    for more than `max_nodes` boxes.
    """
    if not isinstance(explained, Explanation):
        raise TypeError(
            f"explanation: an Explanation is needed, not {type(explained).__name__}. "
            f"Give what value.explain(wrt) returned."
        )
    if direction not in DIRECTIONS:
        raise ValueError(f"direction must be one of {DIRECTIONS}, not {direction!r}")
    boxes = boxes_of(explained.value, (), by_layer=False)
    arrows = arrows_between(boxes)
    steps = _steps(boxes, arrows)
    if only_paths:
        on_path = {node for path in explained for node in path.nodes}
        boxes, arrows, steps = _within(
            on_path | {explained.value, explained.wrt}, boxes, arrows, steps
        )
    if len(boxes) > max_nodes:
        raise GraphTooLarge(
            f"the graph has {len(boxes):,} nodes, more than max_nodes={max_nodes:,}. "
            f"Draw the listed paths alone with only_paths=True, list fewer paths with "
            f"explain(wrt, k=3), or raise max_nodes."
        )
    flows = _flows(explained)
    looks = [_look(flows.get(step), explained.size) for step in steps]
    picture = drawn(boxes, arrows, direction, looks)
    picture.attr(label=_centred(_caption(explained)), labelloc="b")
    return picture


class _Flow:
    """What goes over one arrow: the products of the listed paths, added up."""

    def __init__(self) -> None:
        self.size = 0.0
        self.total = 0.0


def _flows(explained: Explanation) -> dict[Step, _Flow]:
    flows: dict[Step, _Flow] = defaultdict(_Flow)
    for path in explained:
        for step in zip(path.nodes[1:], path.positions, strict=True):
            flows[step].size += abs(path.product)
            flows[step].total += path.product
    return flows


def _steps(boxes: Sequence[Box], arrows: Sequence[Arrow]) -> list[Step]:
    """Each arrow as a step of a path: a box's arrows are its operands', in order."""
    places: dict[int, int] = defaultdict(int)
    steps = []
    for arrow in arrows:
        steps.append((boxes[arrow.head].values[0], places[arrow.head]))
        places[arrow.head] += 1
    return steps


def _within(
    nodes: set[Value],
    boxes: Sequence[Box],
    arrows: Sequence[Arrow],
    steps: Sequence[Step],
) -> tuple[list[Box], list[Arrow], list[Step]]:
    """The boxes of some nodes, and the arrows between them."""
    kept = [i for i, box in enumerate(boxes) if box.values[0] in nodes]
    places = {old: new for new, old in enumerate(kept)}
    inside = [
        (arrow._replace(tail=places[arrow.tail], head=places[arrow.head]), step)
        for arrow, step in zip(arrows, steps, strict=True)
        if arrow.tail in places and arrow.head in places
    ]
    return (
        [boxes[i] for i in kept],
        [arrow for arrow, _ in inside],
        [step for _, step in inside],
    )


def _look(flow: _Flow | None, size: float) -> Mapping[str, str]:
    """Graphviz's attributes of an arrow, by what goes over it."""
    if flow is None:
        return {"color": FAINT, "fontcolor": MUTED}
    share = flow.size / size if size else 0.0
    color = POSITIVE if flow.total > 0.0 else NEGATIVE if flow.total < 0.0 else MUTED
    told = tooltip(
        f"{100 * share:.4g}% of Σ|product| over all paths\n"
        f"the listed paths over it add up to {flow.total!r}"
    )
    return {
        "color": color,
        "style": "dashed" if flow.total < 0.0 else "solid",
        "penwidth": f"{THINNEST + min(share, 1.0) * (THICKEST - THINNEST):.2f}",
        "fontcolor": color,
        "edgetooltip": told,
    }


def _centred(text: str) -> str:
    """The text as a label of Graphviz's HTML kind, its lines centred."""
    return "<" + "<BR/>".join(map(cell, text.split("\n"))) + ">"


def _caption(explained: Explanation) -> str:
    listed, total = len(explained.paths), explained.n_paths
    if not total:
        return f"The derivative is 0: {explained.reason}."
    which = "all its paths" if listed == total else f"its {listed:,} largest paths"
    above, below = explained.names[explained.value], explained.names[explained.wrt]
    return (
        f"∂({above})/∂({below}) = {number(explained.gradient)}, and {which} in "
        f"colour. The thicker an arrow, the larger their share;\nsolid blue adds to "
        f"the derivative, dashed orange takes away."
    )
