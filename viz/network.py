"""The picture of a network: neurons as circles, weights as lines.

A line's colour and style say the weight's sign, its thickness the weight's size; the
number in a circle is the neuron's bias. All digits are in the tooltips.

    >>> from nn import MLP
    >>> picture = network(MLP(784, [16, 10], seed=0))
    >>> "… 768 more" in picture.source
    True
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from viz.picture import Picture, blank
from viz.structure import Layer, Neuron, layers_of
from viz.style import COLLAPSED, FAINT, LEAF, NEGATIVE, POSITIVE
from viz.text import number, tooltip

THINNEST, THICKEST = 0.4, 4.0
"""The widths of lines, in points."""
DIAMETER, STEP, GAP = 0.5, 0.62, 2.2
"""Of a circle, and from one to the next down and across, in inches."""


class Dot(NamedTuple):
    """A circle: an input of the network, or a neuron."""

    id: str
    name: str
    neuron: Neuron | None = None


def network(model: Any, *, max_neurons: int = 16) -> Picture:
    """Draw a network, a layer or a single neuron, as a graphviz.Digraph.

    Of a layer, or of inputs, with more than `max_neurons` the first ones and the last
    are drawn, and the picture says how many are not. TypeError for a model that has
    neither `layers` nor `neurons` nor `weights`.
    """
    if max_neurons < 2:
        raise ValueError(f"max_neurons must be 2 or more, not {max_neurons!r}")
    layers = layers_of(model)
    inputs = [Dot(f"x{i}", f"x{i}") for i in range(len(layers[0].neurons[0].weights))]
    columns = [inputs] + [
        [
            Dot(f"n{i}_{j}", neuron.name, neuron)
            for j, neuron in enumerate(layer.neurons)
        ]
        for i, layer in enumerate(layers)
    ]
    captions = [f"inputs\n{len(inputs):,}", *map(_caption, layers)]
    shown = [_places(len(column), max_neurons) for column in columns]
    largest = _largest_weight(layers)
    # The places are ours: each circle is pinned, and `neato` only draws.
    picture = blank(
        "network",
        layout="neato",
        splines="line",
        outputorder="edgesfirst",
        labelloc="b",
        label=_legend(largest),
    )
    tallest = max(
        len(places) + (len(places) < len(column))
        for places, column in zip(shown, columns, strict=True)
    )
    top = tallest / 2 * STEP + 0.3
    for i, (column, places) in enumerate(zip(columns, shown, strict=True)):
        pos = f"{i * GAP:g},{top:g}!"
        caption = captions[i]
        picture.node(
            f"caption{i}", caption, pos=pos, tooltip=caption, shape="plaintext"
        )
        _add_column(picture, i, column, places)
    for i in range(len(layers)):
        for to in shown[i + 1]:
            for start in shown[i]:
                _add_weight(picture, columns[i], start, columns[i + 1][to], largest)
    return picture


def _places(size: int, limit: int) -> Sequence[int]:
    """The places in a column that are drawn."""
    return range(size) if size <= limit else [*range(limit - 1), size - 1]


def _caption(layer: Layer) -> str:
    count = len(layer.neurons)
    neurons = f"{count:,} neuron{'s' * (count != 1)}"
    activation = f", {layer.activation}" if layer.activation else ""
    return f"{layer.name}\n{neurons}{activation}"


def _legend(largest: float) -> str:
    return (
        f"\nLines are weights: solid blue above 0, dashed orange below; the thickest "
        f"is {number(largest)}.\nNumbers in circles are biases."
    )


def _largest_weight(layers: Sequence[Layer]) -> float:
    """The largest finite |weight| of all, 0 where there is none."""
    sizes = [
        abs(weight.data)
        for layer in layers
        for neuron in layer.neurons
        for weight in neuron.weights
    ]
    return max(filter(math.isfinite, sizes), default=0.0)


def _add_column(
    picture: Picture, i: int, column: Sequence[Dot], places: Sequence[int]
) -> None:
    """Add a column of circles, top to bottom, with the number of those left out."""
    hidden = len(column) - len(places)
    rows: list[Dot | None] = [column[place] for place in places]
    if hidden:
        rows.insert(-1, None)
    for row, dot in enumerate(rows):
        height = ((len(rows) - 1) / 2 - row) * STEP
        pos = f"{i * GAP:g},{height:g}!"
        if dot is None:
            text = f"… {hidden:,} more"
            picture.node(
                f"more{i}",
                text,
                pos=pos,
                tooltip=text,
                shape="plaintext",
                style="filled",
                fillcolor="white",
                fontsize="11",
                height="0.3",
            )
        else:
            _add_circle(picture, dot, pos)


def _add_circle(picture: Picture, dot: Dot, pos: str) -> None:
    """Add one circle: an input with its name, a neuron with its bias."""
    look = COLLAPSED if dot.neuron else LEAF
    bias = dot.neuron.bias if dot.neuron else None
    if dot.neuron is None:
        text, told = dot.name, dot.name
    elif bias is None:
        text, told = "", f"{dot.name}\nno bias"
    else:
        text, told = f"{bias.data + 0.0:.2g}", f"{dot.name}\nbias {bias.data!r}"
    picture.node(
        dot.id,
        text,
        pos=pos,
        tooltip=tooltip(told),
        shape="circle",
        style="filled",
        fixedsize="true",
        width=f"{DIAMETER:g}",
        fontsize="10",
        color=look.border,
        fillcolor=look.fill,
        penwidth="1.5",
    )


def _add_weight(
    picture: Picture, column: Sequence[Dot], start: int, head: Dot, largest: float
) -> None:
    """Add the line of the weight by which a neuron takes one of its inputs."""
    assert head.neuron is not None
    weight = head.neuron.weights[start].data
    share = min(abs(weight) / largest, 1.0) if largest else 0.0
    told = tooltip(f"{column[start].name} → {head.name}\nweight {weight!r}")
    picture.edge(
        column[start].id,
        head.id,
        color=FAINT if weight == 0.0 else POSITIVE if weight > 0.0 else NEGATIVE,
        style="dashed" if weight < 0.0 else "solid",
        penwidth=f"{THINNEST + share * (THICKEST - THINNEST):.2f}",
        arrowhead="none",
        tooltip=told,
    )
