"""Finite differences: derivatives by the function alone.

The central difference D(h) = (f(x + h) - f(x - h)) / 2h has an error series in even
powers of h, so differences at h, h/2, h/4, ... can be combined to cancel one power
after the other (Richardson 1911; Ridders 1982). The estimate kept is the one whose two
neighbours in the table agree best, which is also the estimate of its error. Steps are
halved until rounding alone would be worse than that.

    >>> finite_difference(lambda x: x**3, 2.0)
    12.0
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, overload

from autograd.value import Value

Function = Callable[[Any], Any]
"""A function of one number, or of a list of numbers, that returns one number."""

EPSILON = 2.0**-52
"""The relative spacing of floats: what rounding does to the values of f."""

COLUMNS = 7
"""How many powers of the step the Richardson table cancels at most."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A derivative as somebody finds it, and how far off that may be.

    Of finite differences, `steps` are the steps tried and the plain central difference
    of each.
    """

    derivative: float
    error: float = 0.0
    steps: tuple[tuple[float, float], ...] = ()


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
    scalar, point = coordinates(x)
    found = [by_coordinate(f, point, i, step, scalar) for i in range(len(point))]
    return found[0].derivative if scalar else [each.derivative for each in found]


def by_coordinate(
    f: Function, x: Sequence[float], i: int, step: float | None, scalar: bool
) -> Estimate:
    """∂f/∂xᵢ by finite differences."""

    def at(coordinate: float) -> float:
        point = [Value(number) for number in x]
        point[i] = Value(coordinate)
        return float(f(point[0] if scalar else point))

    return extrapolated(at, x[i], step)


def extrapolated(
    f: Callable[[float], float], x: float, step: float | None, blur: float = 0.0
) -> Estimate:
    """The derivative of f at x: the entry of the table that its neighbours confirm.

    `blur` is how far off the arguments of f are: by blur / h of the derivative.
    """
    Value(x)  # refuse what is no number
    if math.isinf(x) or not (step is None or 0.0 < step < math.inf):
        raise ValueError(
            f"finite_difference: x must be finite and step above 0, not {x!r} and "
            f"{step!r}"
        )
    h = step if step is not None else max(1.0, math.fabs(x)) / 16.0
    best = Estimate(math.nan, math.inf)
    previous: list[float] = []
    steps: list[tuple[float, float]] = []
    outside: Exception | None = None
    while x - h < x < x + h:
        up, down = x + h, x - h
        h /= 2.0
        try:
            f_up, f_down = f(up), f(down)
        except (ValueError, ArithmeticError) as error:
            outside, previous = error, []  # start again nearer to x
            continue
        rounding = EPSILON * (math.fabs(f_up) + math.fabs(f_down)) / (up - down)
        row = [(f_up - f_down) / (up - down)]
        rounding += blur / (up - down) * math.fabs(row[0])
        steps.append((2.0 * h, row[0]))
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
            f"finite_difference: no step is left below {step!r} at {x!r}, where "
            f"floats lie {math.ulp(x):.1e} apart. Use a larger step."
        )
    return Estimate(best.derivative, best.error, tuple(steps))


def coordinates(x: float | Sequence[float]) -> tuple[bool, list[float]]:
    """Whether x is a single number, and its coordinates as floats."""
    if isinstance(x, numbers.Real):
        return True, [float(x)]
    return False, [float(number) for number in x]  # type: ignore[union-attr]
