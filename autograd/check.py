"""Finite differences, and the gradient checked against them.

The central difference D(h) = (f(x + h) - f(x - h)) / 2h has an error series in even
powers of h, so differences at h, h/2, h/4, ... can be combined to cancel one power
after the other (Richardson 1911; Ridders 1982). The estimate kept is the one whose two
neighbours in the table agree best, which is also the estimate of its error. Steps are
halved until rounding alone would be worse than that.

    >>> finite_difference(lambda x: x**3, 2.0)
    12.0
    >>> check_gradient(lambda x: x[0] * x[1].exp(), [2.0, 0.5])
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, overload

from autograd.errors import GradientMismatch
from autograd.graph import topological_order
from autograd.value import Value

Function = Callable[[Any], Any]
"""A function of one number, or of a list of numbers, that returns one number."""

EPSILON = 2.0**-52
"""The relative spacing of floats: what rounding does to the values of f."""

COLUMNS = 7
"""How many powers of the step the Richardson table cancels at most."""


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
    scalar, point = _point(x)
    found = [_estimate(f, point, i, step, scalar).derivative for i in range(len(point))]
    return found[0] if scalar else found


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
    differs by more. `x` and `f` are as in `finite_difference`. Values that f uses
    besides its arguments keep the gradients that they have.
    """
    scalar, point = _point(x)
    faults = []
    for i, found in enumerate(_by_backward(f, point, scalar)):
        estimate = _estimate(f, point, i, None, scalar)
        allowed = rtol * math.fabs(estimate.derivative) + atol + estimate.error
        if not math.fabs(found - estimate.derivative) <= allowed:
            where = "x" if scalar else f"x[{i}]"
            faults.append(
                f"  {where} = {point[i]!r}: backward() gives {found!r}, finite "
                f"differences {estimate.derivative!r} ± {estimate.error:.1e}"
            )
    if faults:
        raise GradientMismatch(
            "the gradient differs from finite differences:\n"
            + "\n".join(faults)
            + "\nA partial in the table is wrong, or x is near a kink or a pole of f."
        )


def _point(x: float | Sequence[float]) -> tuple[bool, list[float]]:
    """Whether x is a single number, and its coordinates as floats."""
    if isinstance(x, numbers.Real):
        return True, [float(x)]
    return False, [float(number) for number in x]  # type: ignore[union-attr]


def _by_backward(f: Function, point: Sequence[float], scalar: bool) -> list[float]:
    """The gradient of f by backward()."""
    leaves = [Value(number) for number in point]
    root = f(leaves[0] if scalar else leaves)
    if isinstance(root, Value):
        before = [(node, node.grad) for node in topological_order(root)]
        try:
            root.backward()
            return [leaf.grad for leaf in leaves]
        finally:
            for node, grad in before:
                node.grad = grad
    return [0.0] * len(leaves)


def _estimate(
    f: Function, x: Sequence[float], i: int, step: float | None, scalar: bool
) -> Estimate:
    """∂f/∂xᵢ, from the entry of the Richardson table that its neighbours confirm."""

    def at(coordinate: float) -> float:
        point = [Value(number) for number in x]
        point[i] = Value(coordinate)
        return float(f(point[0] if scalar else point))

    Value(x[i])  # refuse what is no number
    if math.isinf(x[i]) or not (step is None or 0.0 < step < math.inf):
        raise ValueError(
            f"finite_difference: x must be finite and step above 0, not {x[i]!r} and "
            f"{step!r}"
        )
    h = step if step is not None else max(1.0, math.fabs(x[i])) / 16.0
    best = Estimate(math.nan, math.inf)
    previous: list[float] = []
    outside: Exception | None = None
    while x[i] - h < x[i] < x[i] + h:
        up, down = x[i] + h, x[i] - h
        h /= 2.0
        try:
            f_up, f_down = at(up), at(down)
        except (ValueError, ArithmeticError) as error:
            outside, previous = error, []  # start again nearer to x
            continue
        rounding = EPSILON * (math.fabs(f_up) + math.fabs(f_down)) / (up - down)
        row = [(f_up - f_down) / (up - down)]
        for k, coarse in enumerate(previous[:COLUMNS], start=1):
            fine = row[-1]
            row.append(fine + (fine - coarse) / (4.0**k - 1.0))
            error_here = max(math.fabs(row[-1] - fine), math.fabs(row[-1] - coarse))
            if error_here + rounding <= best.error:
                best = Estimate(row[-1], error_here + rounding)
        if rounding >= best.error:
            break
        previous = row
    if best.error == math.inf:
        raise outside or ValueError(
            f"finite_difference: no step is left below {step!r} at {x[i]!r}, where "
            f"floats lie {math.ulp(x[i]):.1e} apart. Use a larger step."
        )
    return best
