"""What a picture of a graph shows: its boxes and the arrows between them.

Values -> boxes and arrows, before any word about how they look. Boxes are in
topological order, and a box is known by its place in it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autograd import Constant, DerivativeError, Value, topological_order
from autograd.arithmetic import Floats
from viz.collapse import Use, uses_of_neurons
from viz.structure import Layer


@dataclass(frozen=True, slots=True)
class Box:
    """One Value or several, drawn as one thing.

    `uses` are the neurons that the box stands for, one per value, or empty. Several
    values without any are the inputs of a layer.
    """

    values: tuple[Value, ...]
    uses: tuple[Use, ...]


class Arrow(NamedTuple):
    """From a box to one that was computed from it, both by their places.

    `partial` is ∂head/∂tail; None where it does not exist. Of a constant, and between
    boxes of many values, none is told: then `has_partial` is False. `n_values` is how
    many of the tail's values go into the head.
    """

    tail: int
    head: int
    partial: float | None = None
    has_partial: bool = False
    n_values: int = 1


def boxes_of(root: Value, layers: Sequence[Layer], by_layer: bool) -> list[Box]:
    """The boxes of all that a Value was computed from, in topological order.

    The neurons of `layers` are one box each, or one for each layer and pass.
    """
    order = topological_order(root)
    uses = {use.output: use for use in uses_of_neurons(order, layers)}
    order = _still_seen(root, order, uses)
    keys = _layer_keys(order, uses) if by_layer else {node: node for node in order}
    members = defaultdict(list)
    for node in order:
        members[keys[node]].append(node)
    return [
        Box(tuple(values), tuple(uses[node] for node in values if node in uses))
        for values in members.values()
    ]


def operands(node: Value, uses: Mapping[Value, Use]) -> tuple[Value, ...]:
    """What a node is drawn as computed from: of a neuron, its inputs alone."""
    return uses[node].inputs if node in uses else node.parents


def _still_seen(
    root: Value, order: Sequence[Value], uses: Mapping[Value, Use]
) -> list[Value]:
    """The order without the nodes that are inside of neurons, and their parameters."""
    seen = {root}
    for node in reversed(order):
        if node in seen:
            seen.update(operands(node, uses))
    return [node for node in order if node in seen]


def _layer_keys(
    order: Sequence[Value], uses: Mapping[Value, Use]
) -> dict[Value, Hashable]:
    """For each node what it shares with the others of its box, boxes being layers.

    Neurons of one layer are together where they have the same inputs; for constants
    that is the same numbers. A neuron that is there twice is so in two boxes. Leaves
    that go into a single layer, and nowhere else, are together as its inputs.
    """
    keys: dict[Value, Hashable] = {}
    times: Counter[Hashable] = Counter()
    readers: dict[Value, set[Hashable]] = defaultdict(set)
    for node in order:
        keys[node] = node
        if node in uses:
            use = uses[node]
            inputs = tuple(i.data if isinstance(i, Constant) else i for i in use.inputs)
            same_neuron = (use.neuron.name, inputs)
            keys[node] = (use.neuron.layer, inputs, times[same_neuron])
            times[same_neuron] += 1
        for parent in operands(node, uses):
            readers[parent].add(keys[node] if node in uses else None)
    for node in order:
        if node.op is None and len(readers[node]) == 1:
            (reader,) = readers[node]
            if reader is not None:
                keys[node] = ("inputs", reader)
    return keys


def arrows_between(boxes: Sequence[Box]) -> list[Arrow]:
    """The arrows into each box in turn; between boxes of many values, one for all."""
    places = {value: i for i, box in enumerate(boxes) for value in box.values}
    arrows = []
    for head, box in enumerate(boxes):
        shared: dict[int, set[Value]] = defaultdict(set)
        for parent, partial in _operands_and_partials(box):
            tail = places[parent]
            if len(box.values) > 1 or len(boxes[tail].values) > 1:
                shared[tail].add(parent)
            else:
                known = not isinstance(parent, Constant)
                arrows.append(Arrow(tail, head, partial if known else None, known))
        arrows += [
            Arrow(tail, head, n_values=len(values)) for tail, values in shared.items()
        ]
    return arrows


def _operands_and_partials(box: Box) -> Iterable[tuple[Value, float | None]]:
    """What a box's values were computed from, each with its partial."""
    for use in box.uses:
        yield from zip(use.inputs, _neuron_partials(use), strict=True)
    if not box.uses:
        for node in box.values:
            yield from zip(node.parents, local_partials(node), strict=True)


def local_partials(node: Value) -> list[float | None]:
    """∂node/∂parent for each parent, None where it does not exist."""
    op = node.op
    if op is None:
        return []
    try:
        return [_known(partial) for partial in node.partials()]
    except DerivativeError:
        if op.arity is None:
            return [None] * len(node.parents)
    # One of them does not exist; the others may.
    data = [parent.data for parent in node.parents]
    found: list[float | None] = []
    for partial in op.partials:
        try:
            found.append(_known(partial(Floats, *data, node.data)))
        except (ValueError, ArithmeticError):
            found.append(None)
    return found


def _neuron_partials(use: Use) -> list[float | None]:
    try:
        return [_known(partial) for partial in use.partials()]
    except DerivativeError:
        return [None] * len(use.inputs)


def _known(partial: float) -> float | None:
    """The partial, None for one that is no number."""
    return None if math.isnan(partial) else partial
