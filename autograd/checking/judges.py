"""The judges of a derivative: forward mode, finite differences, mpmath.

They do not know each other: forward mode has the rows of the table in common with what
is on trial, finite differences only the function, and mpmath (see `digits`) only the
forward rules.

    >>> trial = Trial(lambda x: x**3, [2.0], scalar=True, rtol=1e-6, atol=1e-9)
    >>> [finding.against for finding in trial.findings(1)]
    [()]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import Any

from autograd.apply import operand
from autograd.checking.differences import (
    EPSILON,
    Estimate,
    Function,
    by_coordinate,
    extrapolated,
)
from autograd.checking.digits import MultiprecisionGraph
from autograd.checking.verdict import Finding
from autograd.functional import grad, hvp, linearize, result_of
from autograd.functions import dot
from autograd.leaves import turn
from autograd.modes import differentiated_by
from autograd.value import Value, topological_order


class Trial:
    """The derivatives of f at a point, as everyone finds them."""

    def __init__(
        self, f: Function, point: list[float], scalar: bool, rtol: float, atol: float
    ) -> None:
        self.point, self.scalar = point, scalar
        # A plain number is a constant that is meant: the judges see that it does not
        # move, and nobody has to be warned of it.
        self.f = lambda x: operand(f(x), "check_gradient")
        self.x: Any = point[0] if scalar else point
        self.rtol, self.atol = rtol, atol
        self.direction = _generic_direction(point)
        self.leaves = [Value(number) for number in point]
        given = self.leaves[0] if scalar else self.leaves
        with differentiated_by(self.leaves, "check_gradient") as own:
            self.root = result_of(f, [given], {}, own)
        float(self.root)  # TypeError or ValueError for what is no number
        roots = [self.root] if isinstance(self.root, Value) else []
        self.order = topological_order(*roots)

    def findings(self, order: int) -> list[Finding]:
        """What everyone says of each coordinate."""
        estimates: dict[str, Sequence[Estimate | None]]
        if order == 1:
            found = _by_backward(self.f, self.point, self.scalar)
            estimates = {
                "forward mode": self.by_forward_mode(),
                "finite differences": self.by_differences(),
                "mpmath": self.by_mpmath([]),
            }
        else:
            found = self.twice_by_reverse_mode()
            estimates = {
                "forward mode": self.forward_over_reverse(),
                "finite differences": self.by_differences_of_the_gradient(),
                "mpmath": self.by_mpmath([self.direction]),
            }
        findings = []
        for i, (name, number) in enumerate(zip(self.names(), found, strict=True)):
            said = {judge: every[i] for judge, every in estimates.items()}
            against = [judge for judge in said if self.differs(number, said[judge])]
            findings.append(Finding(order, name, number, said, tuple(against)))
        return findings

    def names(self) -> list[str]:
        """Each coordinate, for people."""
        if self.scalar:
            return [f"x = {self.point[0]!r}"]
        return [f"x[{i}] = {number!r}" for i, number in enumerate(self.point)]

    def differs(self, found: float, estimate: Estimate | None) -> bool:
        """Whether a judge differs by more than it may."""
        if estimate is None:
            return False
        allowed = self.rtol * math.fabs(estimate.derivative) + self.atol
        return not math.fabs(found - estimate.derivative) <= allowed + estimate.error

    # First derivatives

    def by_forward_mode(self) -> list[Estimate]:
        """The gradient, by one tangent for each coordinate."""
        n = len(self.point)
        _, push = linearize(self.f, self.x)
        units = [[float(i == j) for j in range(n)] for i in range(n)]
        return [Estimate(float(push(e[0] if self.scalar else e))) for e in units]

    def by_differences(self) -> list[Estimate]:
        """The gradient, by differences of f."""
        return [
            by_coordinate(self.f, self.point, i, None, self.scalar)
            for i in range(len(self.point))
        ]

    def by_mpmath(self, along: list[list[float]]) -> list[Estimate | None]:
        """The derivative by each coordinate, of that in the directions `along`."""
        n = len(self.point)
        try:
            graph = MultiprecisionGraph(self.root, self.leaves)
        except ImportError:
            return [None] * n
        found = [
            graph.derivative([*along, [float(i == j) for j in range(n)]])
            for i in range(n)
        ]
        return [None if number is None else Estimate(number) for number in found]

    # Second derivatives along the direction: H · v

    def twice_by_reverse_mode(self) -> list[float]:
        """What is on trial: the gradient of the slope, ∂f/∂x · v."""
        v = self.direction

        def slope(x: Any) -> Any:
            gradient = grad(self.f)(x)
            return dot([gradient] if self.scalar else gradient, v)

        found = grad(slope)(self.x)
        return [float(second) for second in ([found] if self.scalar else found)]

    def forward_over_reverse(self) -> list[Estimate]:
        """Forward mode through the recorded gradient."""
        v: Any = self.direction[0] if self.scalar else self.direction
        found = hvp(self.f, self.x, v)
        return [Estimate(float(s)) for s in ([found] if self.scalar else found)]

    def by_differences_of_the_gradient(self) -> list[Estimate]:
        """Differences of the gradient by backward(), along the direction."""
        point, direction = self.point, self.direction
        known: dict[float, list[float]] = {}

        def gradient_at(i: int, first: float) -> float:
            """∂f/∂xᵢ where the first coordinate has come to this number."""
            if first not in known:
                t = first - point[0]
                moved = [x + t * v for x, v in zip(point, direction, strict=True)]
                known[first] = _by_backward(self.f, moved, self.scalar)
            return known[first][i]

        # The other coordinates are rounded when they move: by so much of the direction.
        pairs = list(zip(point, direction, strict=True))[1:]
        blur = EPSILON * max((math.fabs(x / v) for x, v in pairs), default=0.0)
        return [
            extrapolated(partial(gradient_at, i), point[0], None, blur)
            for i in range(len(point))
        ]


def _generic_direction(point: Sequence[float]) -> list[float]:
    """A direction in which each coordinate moves by a share of its size.

    The shares, between 1 and 2, have no common measure, so that errors in several
    second derivatives do not cancel. The first is 1 where there is no other.
    """
    if not point:
        return []
    sizes = [max(1.0, math.fabs(x)) / max(1.0, math.fabs(point[0])) for x in point]
    golden = (math.sqrt(5.0) - 1.0) / 2.0
    return [size * (1.0 + (golden * i) % 1.0) for i, size in enumerate(sizes)]


def _by_backward(f: Function, point: Sequence[float], scalar: bool) -> list[float]:
    """The gradient of f by backward()."""
    leaves = [Value(number) for number in point]
    root = f(leaves[0] if scalar else leaves)
    if isinstance(root, Value):
        with turn:
            before = [(node, node.grad) for node in topological_order(root)]
            try:
                root.backward()
                return [leaf.grad for leaf in leaves]
            finally:
                for node, grad in before:
                    node.grad = grad
    return [0.0] * len(leaves)
