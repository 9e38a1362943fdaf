"""Finite differences, and the gradient checked against them.

The central difference D(h) = (f(x + h) - f(x - h)) / 2h has an error series in even
powers of h, so differences at h, h/2, h/4, ... can be combined to cancel one power
after the other (Richardson 1911; Ridders 1982). The estimate kept is the one whose two
neighbours in the table agree best, which is also the estimate of its error.

    >>> finite_difference(lambda x: x**3, 2.0)
    12.0
    >>> check_gradient(lambda x: x[0] * x[1].exp(), [2.0, 0.5])
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, overload

from autograd.errors import GradientMismatch
from autograd.value import Value

Function = Callable[[Any], Any]
"""A function of one number, or of a list of numbers, that returns one number."""

ROWS = 8
"""How many step sizes, each half the one before, the Richardson table has."""


class Estimate(NamedTuple):
    """A derivative by finite differences, and how far off it may be."""

    derivative: float
    error: float


@overload
def finite_difference(f: Function, x: float, *, step: float | None = None) -> float: ...
@overload
def finite_difference(
    f: Function, x: Sequence[float], *, step: float | None = None
) -> list[float]: ...
def finite_difference(
    f: Function, x: float | Sequence[float], *, step: float | None = None
) -> float | list[float]:
    """The derivative of f at x by central differences with Richardson extrapolation.

    `x` is a number or a sequence of n numbers; f is called with a Value, or a list of
    n Values, and returns a Value or a number. The result is a float or a list of n
    floats. `step` is the largest step tried, by default 1/16 of the size of the
    coordinate, or 1/16 where it is smaller than 1; it is halved until f is defined on
    both sides. Where it never is, the error that f raised is raised.
    """
    if isinstance(x, (int, float)):
        return _estimate(f, [x], 0, step, scalar=True).derivative
    return [_estimate(f, x, i, step, scalar=False).derivative for i in range(len(x))]


def check_gradient(
    f: Function,
    x: float | Sequence[float],
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
) -> None:
    """Compare the gradient of f at x by backward() with finite differences.

    Each coordinate may differ by rtol · |derivative| + atol, plus the finite
    difference's own estimate of its error. GradientMismatch lists every coordinate that
    differs by more. `x` and `f` are as in `finite_difference`.
    """
    scalar = isinstance(x, (int, float))
    point: Sequence[float] = [x] if isinstance(x, (int, float)) else x
    leaves = [Value(number) for number in point]
    root = f(leaves[0] if scalar else leaves)
    if isinstance(root, Value):
        root.backward()
    faults = []
    for i, leaf in enumerate(leaves):
        estimate = _estimate(f, point, i, None, scalar)
        allowed = rtol * math.fabs(estimate.derivative) + atol + estimate.error
        if not math.fabs(leaf.grad - estimate.derivative) <= allowed:
            where = "x" if scalar else f"x[{i}]"
            faults.append(
                f"  {where} = {point[i]!r}: backward() gives {leaf.grad!r}, finite "
                f"differences {estimate.derivative!r} ± {estimate.error:.1e}"
            )
    if faults:
        raise GradientMismatch(
            "the gradient differs from finite differences:\n"
            + "\n".join(faults)
            + "\nA partial in the table is wrong, or x is near a kink or a pole of f."
        )


def _estimate(
    f: Function, x: Sequence[float], i: int, step: float | None, scalar: bool
) -> Estimate:
    """∂f/∂xᵢ, from the entry of the Richardson table that its neighbours confirm."""

    def at(coordinate: float) -> float:
        point = [Value(number) for number in x]
        point[i] = Value(coordinate)
        return float(f(point[0] if scalar else point))

    h = step if step is not None else max(1.0, math.fabs(x[i])) / 16.0
    best = Estimate(math.nan, math.inf)
    previous: list[float] = []
    while len(previous) < ROWS:
        up, down = x[i] + h, x[i] - h
        h /= 2.0
        try:
            row = [(at(up) - at(down)) / (up - down)]
        except (ValueError, ArithmeticError):
            # Outside the domain: start again nearer to x, until no step is left.
            previous = []
            if x[i] + h == x[i]:
                raise
            continue
        for k, coarse in enumerate(previous, start=1):
            fine = row[-1]
            row.append(fine + (fine - coarse) / (4.0**k - 1.0))
            error = max(math.fabs(row[-1] - fine), math.fabs(row[-1] - coarse))
            if error <= best.error:
                best = Estimate(row[-1], error)
        previous = row
    return best
