"""A slow, obvious second opinion on derivatives: dual numbers, and finite differences.

A dual number carries its tangents, one per leaf, forward through the graph by the chain
rule. The local derivatives are those of the oracles, taken at the numbers that the
engine computed: so each step is held to the mathematics from where the engine stood,
and rounding does not add up along the way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from autograd import Value
from tests.oracles import ORACLES
from tests.strategies import Graph, Step

ACCURACY = 1e-13
"""What a local derivative of the engine may be off, relative to 1 + |itself|."""


@dataclass(frozen=True)
class Dual:
    """A number, with its derivative by each leaf.

    `sizes` are sums over all paths of the absolute products of partials, what the
    derivative would be if nothing cancelled; `errors` bounds the engine's rounding.
    """

    value: float
    tangents: Sequence[float]
    sizes: Sequence[float]
    errors: Sequence[float]


def derivatives(graph: Graph) -> Dual:
    """The root of a graph, with its derivative by each leaf in turn."""
    n = len(graph.leaves)
    units = [[float(i == j) for j in range(n)] for i in range(n)]
    zeros = [0.0] * n
    duals = {
        leaf: Dual(leaf.data, unit, unit, zeros)
        for leaf, unit in zip(graph.leaves, units, strict=True)
    }
    for step in graph.steps:
        operands = [
            duals[x] if isinstance(x, Value) else Dual(x, zeros, zeros, zeros)
            for x in step.operands
        ]
        duals[step.node] = _apply(step, operands)
    return duals[graph.root]


def _apply(step: Step, operands: Sequence[Dual]) -> Dual:
    """The chain rule: each tangent is Σ ∂out/∂operand · (tangent of the operand)."""
    oracle = ORACLES[step.name]
    numbers = [operand.value for operand in operands]
    exact = float(oracle.derivative(numbers, ()))
    assert abs(step.node.data - exact) <= ACCURACY * (1.0 + abs(exact)), step
    partials = [float(oracle.derivative(numbers, (i,))) for i in range(len(numbers))]
    leaves = range(len(operands[0].tangents))
    pairs = list(zip(partials, operands, strict=True))
    return Dual(
        step.node.data,
        [sum(p * x.tangents[j] for p, x in pairs) for j in leaves],
        [sum(abs(p) * x.sizes[j] for p, x in pairs) for j in leaves],
        [
            sum(
                abs(p) * x.errors[j] + ACCURACY * (1.0 + abs(p)) * x.sizes[j]
                for p, x in pairs
            )
            for j in leaves
        ],
    )


def finite_difference(
    f: Callable[..., float], xs: Sequence[float], index: int
) -> float:
    """∂f/∂x_index by the five-point stencil, with an error of h⁴ f⁽⁵⁾ / 30."""
    step = 2.0**-10

    def at(steps: int) -> float:
        moved = list(xs)
        moved[index] += steps * step
        return f(*moved)

    return (8.0 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12.0 * step)
