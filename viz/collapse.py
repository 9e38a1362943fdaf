"""Find the neurons of a model in the graph of what it computed.

The graph knows only operations, so a neuron is recognised by its parameters. One use
of a neuron is a tree of

- products of its parameters with anything else (`*` or `dot`),
- sums of those products and of its parameters (`+`, `-` or `sum`), in which each of
  its parameters occurs exactly once,
- and then the operation that is named as its activation, if it has one.

Nothing within may be used by anything outside; the last node is the neuron's output. So
a neuron that is used for each of many examples is found once for each, and one written
by hand, in a loop, is found as well as one of `nn`'s. What does not fit (the squares of
a weight penalty, a neuron whose sum is also used elsewhere) is left as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autograd import Constant, Value
from viz.structure import Layer, Neuron


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a neuron: the nodes from its inputs to its output.

    `interior` is in topological order and ends with the output. `inputs` are the nodes
    that its parameters are multiplied with, each once.
    """

    neuron: Neuron
    interior: tuple[Value, ...]
    inputs: tuple[Value, ...]

    @property
    def output(self) -> Value:
        """The node that the rest of the graph sees."""
        return self.interior[-1]

    def partials(self) -> list[float]:
        """∂output/∂input for each input, by the chain rule within the neuron.

        DerivativeError where one of the partials within does not exist.
        """
        totals = {self.output: 1.0}
        for node in reversed(self.interior):
            for parent, partial in zip(node.parents, node.partials(), strict=True):
                totals[parent] = totals.get(parent, 0.0) + totals[node] * partial
        return [totals[node] for node in self.inputs]


class Part(NamedTuple):
    """What a node holds of one neuron: which parameters, as bits, and the nodes."""

    neuron: Neuron
    parameters: int
    interior: tuple[Value, ...] = ()
    inputs: tuple[Value, ...] = ()

    def is_whole(self) -> bool:
        """Whether all of the neuron's parameters are in it."""
        return self.parameters == (1 << len(self.neuron.parameters)) - 1


def uses_of_neurons(order: Sequence[Value], layers: Iterable[Layer]) -> list[Use]:
    """Every use of the layers' neurons in a graph, in the order of their outputs.

    `order` is the topological order of the graph.
    """
    neurons = [neuron for layer in layers for neuron in layer.neurons]
    parts: dict[Value, Part] = {}
    for neuron in neurons:
        for i, parameter in enumerate(neuron.parameters):
            parts[parameter] = Part(neuron, 1 << i)
    times_used = Counter(parent for node in order for parent in node.parents)
    shared = {node for node, times in times_used.items() if times > 1}
    sums: dict[Value, Part] = {}
    activated: dict[Value, Part] = {}
    for node in order:
        part = _product(node, parts) or _sum(node, parts, shared)
        if part is not None:
            (sums if part.is_whole() else parts)[node] = part
        elif (total := _activated(node, sums)) is not None and total not in shared:
            part = sums.pop(total)
            activated[node] = part._replace(interior=(*part.interior, node))
    found = {**sums, **activated}
    return [
        Use(part.neuron, part.interior, tuple(dict.fromkeys(part.inputs)))
        for part in (found[node] for node in order if node in found)
    ]


def _product(node: Value, parts: dict[Value, Part]) -> Part | None:
    """The part that is a product of parameters with other things, if it is one."""
    if node.op is None or node.op.name not in ("mul", "dot"):
        return None
    half = len(node.parents) // 2
    left, right = node.parents[:half], node.parents[half:]
    for ours, others in ((left, right), (right, left)):
        factors = [parts.get(parent) for parent in ours]
        part = _joined(node, factors)
        if part and not any(factor.interior for factor in factors if factor):
            theirs = [parts[other].neuron for other in others if other in parts]
            if not any(neuron is part.neuron for neuron in theirs):
                return part._replace(inputs=others)
    return None


def _sum(node: Value, parts: dict[Value, Part], shared: set[Value]) -> Part | None:
    """The part that is a sum of smaller parts, if it is one.

    The 0 that Python's sum() starts from may be among them.
    """
    if node.op is None or node.op.name not in ("add", "sub", "sum"):
        return None
    terms = [
        parent
        for parent in node.parents
        if not (isinstance(parent, Constant) and parent.data == 0.0)
    ]
    if any(term in shared and parts[term].interior for term in terms if term in parts):
        return None
    return _joined(node, [parts.get(term) for term in terms])


def _joined(node: Value, given: Sequence[Part | None]) -> Part | None:
    """The parts as one, with `node` on top; None unless they are of one use."""
    parts = [part for part in given if part is not None]
    if not parts or len(parts) < len(given):
        return None
    neuron = parts[0].neuron
    union = 0
    for part in parts:
        if part.neuron is not neuron or part.parameters & union:
            return None
        union |= part.parameters
    interior = tuple(inner for part in parts for inner in part.interior)
    inputs = tuple(node for part in parts for node in part.inputs)
    return Part(neuron, union, (*interior, node), inputs)


def _activated(node: Value, sums: dict[Value, Part]) -> Value | None:
    """The neuron's sum that `node` is the activation of, if it is one."""
    if node.op is None:
        return None
    arguments = [parent for parent in node.parents if not isinstance(parent, Constant)]
    if len(arguments) != 1 or arguments[0] not in sums:
        return None
    (total,) = arguments
    return total if sums[total].neuron.activation == node.op.name else None
