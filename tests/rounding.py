"""How far rounding may move what a program computes: numbers with an error bound.

A `Rounded` is a double and a bound of how far any executor of the given precision may
be from it. It is one more arithmetic for the rules of the table: run over it, forward
and partials, a program gives the bound of its values and of its gradient. That is the
running error analysis of Wilkinson (Rounding Errors in Algebraic Processes, 1963) and
Higham (Accuracy and Stability of Numerical Algorithms, 2002, chapter 3):

    error(f(a, b)) <= |f(a ± error(a), b) - f(a, b)| + ... + K u |f(a, b)| + K η

with u the unit roundoff, and η the smallest number, where the result is subnormal.
Errors are added and never cancel. What chooses, such as max or step, adds none of its
own; zeros are exact, with their sign.

- K = 8: NumPy's functions are within 4 units in the last place, of 2 u each.
- The error of a sum is relative to the sum of the absolute terms, since terms may be
  added in any order, and K + n times u for n of them.
- log Σ exp adds to that the error of its exponents, of which each counts by its share.
- Cotangents of a batch of n start at 1/n, so they are subnormal n times earlier: η is
  multiplied by the largest batch.

Where an error reaches the end of a domain, whether there is a result at all depends on
rounding, and where it is a good part of a period, what it is: that is `Unsettled`.
Beyond the largest number of the precision an executor may refuse, and `may_overflow` is
set.

    >>> xp = Rounding("float32")
    >>> a = xp.log(xp.number(2.0)) - xp.log(xp.number(1.9999))
    >>> a.value < 1e-4 < 100 * a.error < 1e-3
    True
"""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable, Sequence
from typing import Any

from autograd.arithmetic import Floats
from autograd.ops import TABLE, Operation

K = 8.0
"""How many roundings an operation may take."""

LARGEST_BATCH = 70
"""How many examples a batch of the tests has at most."""

EXACT = {"abs", "step", "greater", "where", "floor", "ceil"}
"""Primitives that round nothing: they choose, or give whole numbers."""

SHARED = {
    "sinc_derivative",
    "polygamma",
    "lgamma",
    "pow_derivative",
    "logaddexp",
    "gaussian",
}
"""Primitives that round what is proportional to an argument on their way: the angle of
a sine, the exponent of exp(-a²), terms that cancel next to a zero. Their roundings are
relative to the shares |∂out/∂argument · argument| as well."""

PERIODIC = {"sin", "cos", "tan", "sinc_derivative"}
"""Primitives that an error of a quarter takes too far to be bounded by it."""

UNITS = {  # unit roundoff, smallest, smallest with all its digits, largest
    "float64": (2.0**-53, 2.0**-1074, 2.0**-1022, (2.0 - 2.0**-52) * 2.0**1023),
    "float32": (2.0**-24, 2.0**-149, 2.0**-126, (2.0 - 2.0**-23) * 2.0**127),
}


class Unsettled(Exception):
    """Whether there is a result here depends on rounding."""


class Rounded:
    """A number, and how far from it that of an executor may be."""

    __slots__ = ("error", "value", "xp")

    def __init__(self, xp: Rounding, value: float, error: float = 0.0) -> None:
        self.xp = xp
        self.value = value
        self.error = error

    def __repr__(self) -> str:
        return f"{self.value!r} ± {self.error:.2g}"

    def __neg__(self) -> Rounded:
        return Rounded(self.xp, -self.value, self.error)

    def __add__(self, other: Any) -> Rounded:
        a, b = self, self.xp.number(other)
        if a.value == -b.value and not a.error and not b.error:
            return Rounded(self.xp, a.value + b.value)
        size = abs(a.value) + abs(b.value)
        return self.xp.summed(a.value + b.value, a.error + b.error, size, 2)

    def __sub__(self, other: Any) -> Rounded:
        # The same number less itself is 0, whatever its error is.
        if other is self and self.value - self.value == 0.0:
            return Rounded(self.xp, 0.0)
        return self + -self.xp.number(other)

    def __rsub__(self, other: Any) -> Rounded:
        return self.xp.number(other) - self

    def __mul__(self, other: Any) -> Rounded:
        a, b = self, self.xp.number(other)
        value = a.value * b.value
        exact = _is_zero(a) or _is_zero(b)
        return self.xp.finished(value, _product_error(a, b), exact)

    def __truediv__(self, other: Any) -> Rounded:
        a, b = self, self.xp.number(other)
        if b.error and b.error >= abs(b.value):
            raise Unsettled(f"{a} / {b}")
        value = a.value / b.value
        error = a.error + _times(abs(value), b.error)
        error = error / (abs(b.value) - b.error) if error else 0.0
        return self.xp.finished(value, error, _is_zero(a) or math.isinf(b.value))

    def __rtruediv__(self, other: Any) -> Rounded:
        return self.xp.number(other) / self

    __radd__ = __add__
    __rmul__ = __mul__


class Rounding:
    """The arithmetic of rounded numbers, of one precision."""

    def __init__(self, dtype: str) -> None:
        self.unit, smallest, self.normal, self.largest = UNITS[dtype]
        self.underflow = K * smallest * LARGEST_BATCH
        self.normal *= LARGEST_BATCH
        self.may_overflow = False

    def number(self, thing: Any) -> Rounded:
        """A rounded number as it is; a float as one that is exact."""
        return thing if isinstance(thing, Rounded) else Rounded(self, float(thing))

    def finished(self, value: float, error: float, exact: bool = False) -> Rounded:
        """A result with the error that it inherits, and its own rounding added."""
        size = abs(value)
        if not exact:
            error += K * self.unit * size if size < math.inf else 0.0
            if size < self.normal:
                error += self.underflow
        if not size + error <= self.largest:
            self.may_overflow = True
        return Rounded(self, value, 0.0 if math.isinf(value) else error)

    def summed(self, value: float, error: float, size: float, n: int) -> Rounded:
        """A sum of n terms, `size` in all, with the error that it inherits."""
        if math.isinf(value) and size < math.inf:  # in another order it may be finite
            raise Unsettled(f"a sum of {n} terms overflows")
        if not size + error <= self.largest:
            self.may_overflow = True
        roundings = K if n == 2 else K + n
        rounding = roundings * self.unit * size if size < math.inf else 0.0
        return Rounded(self, value, error + rounding)

    def __getattr__(self, name: str) -> Callable[..., Rounded]:
        row = TABLE[name]

        def apply(*arguments: Any) -> Rounded:
            op, given = row, arguments
            if row.n_static:
                op = row.at(*arguments[-row.n_static :])
                given = arguments[: -row.n_static]
            if not hasattr(Floats, name):  # made of others
                return self.number(op.forward(self, *given))
            if row.arity is None:
                given = given[0]
            numbers = [self.number(a) for a in given]
            reduction = REDUCTIONS.get(name)
            return reduction(self, numbers) if reduction else self._of(op, numbers)

        return apply

    each = staticmethod(Floats.each)
    joined = staticmethod(Floats.joined)

    def _of(self, op: Operation, arguments: Sequence[Rounded]) -> Rounded:
        """A primitive of a fixed number of arguments."""
        if op.name in ("maximum", "minimum"):
            return _chosen(self, arguments, -1.0 if op.name == "minimum" else 1.0)
        if op.name == "greater" and arguments[0] is arguments[1]:
            return Rounded(self, 0.0)
        if op.name in PERIODIC and arguments[0].error > 0.25:
            raise Unsettled(f"{op.name} {arguments}")
        floats = [a.value for a in arguments]
        nearby = [
            [*floats[:i], x, *floats[i + 1 :]]
            for i, a in enumerate(arguments)
            if a.error
            for x in _ends(op, i, a)
        ]
        try:
            value = op.forward(Floats, *floats)
        except (ValueError, ArithmeticError):
            if any(_result(op, numbers) is not None for numbers in nearby):
                raise Unsettled(f"{op.name} {arguments}") from None
            raise
        results = [_result(op, numbers) for numbers in nearby]
        if None in results:
            raise Unsettled(f"{op.name} {arguments}")
        moved = [abs(x - value) if x != value else 0.0 for x in results]
        steps = iter(map(max, moved[::2], moved[1::2]))
        slopes = _slopes(op, arguments, floats, value)
        error = sum(
            max(next(steps), abs(slope) * a.error)
            for slope, a in zip(slopes, arguments, strict=True)
            if a.error
        )
        if op.name == "mod" and error:
            quotients = [_result(TABLE["floor_divide"], x) for x in (floats, *nearby)]
            if len({*quotients}) > 1:
                raise Unsettled(f"{op.name} {arguments}")
        if op.name in SHARED:
            shares = [abs(p * x) for p, x in zip(slopes, floats, strict=True)]
            error += K * self.unit * sum(shares)
        exact = op.name in EXACT or not (value or any(floats) or error)
        return self.finished(value, error, exact)


def _ends(op: Operation, place: int, a: Rounded) -> tuple[float, float]:
    """The two numbers within an argument's error where the result differs most."""
    if op.name == "where" and place == 0 and abs(a.value) <= a.error:
        return 0.0, a.error  # false at 0 alone, such as where exp(-142) underflows
    return a.value - a.error, a.value + a.error


def _result(op: Operation, numbers: Sequence[float]) -> float | None:
    """What an operation computes, or None where it is not defined."""
    try:
        return op.forward(Floats, *numbers)
    except (ValueError, ArithmeticError):
        return None


def _slopes(
    op: Operation, arguments: Sequence[Rounded], floats: Sequence[float], value: float
) -> list[float]:
    """∂out/∂argument by each argument where it matters, and 0 where there is none.

    An error of less than half a unit in the last place is not seen by moving a number:
    what it does is told by the derivative.
    """
    wanted = [a.error > 0.0 or op.name in SHARED for a in arguments]
    try:
        partials = op.partials_of(Floats, floats, value, wanted)
    except (ValueError, ArithmeticError):
        return [0.0] * len(floats)
    return [p if math.isfinite(p) else 0.0 for p in partials]


def _is_zero(a: Rounded) -> bool:
    return a.value == 0.0 and a.error == 0.0


def _times(size: float, error: float) -> float:
    """A product of sizes, in which no error stays none beside infinity."""
    return size * error if error and size else 0.0


def _product_error(a: Rounded, b: Rounded) -> float:
    crossed = _times(abs(a.value), b.error) + _times(abs(b.value), a.error)
    return crossed + a.error * b.error


# Operations of any number of arguments


def _sum(xp: Rounding, terms: Sequence[Rounded]) -> Rounded:
    value = builtins.sum([a.value for a in terms], 0.0)
    error = builtins.sum([a.error for a in terms])
    size = builtins.sum([abs(a.value) for a in terms])
    return xp.summed(value, error, size, len(terms))


def _dot(xp: Rounding, arguments: Sequence[Rounded]) -> Rounded:
    half = len(arguments) // 2
    pairs = zip(arguments[:half], arguments[half:], strict=True)
    return _sum(xp, [a * b for a, b in pairs])


def _chosen(xp: Rounding, arguments: Sequence[Rounded], sign: float) -> Rounded:
    """The largest of the numbers, or the smallest for the sign -1.

    It is the very argument where errors leave no doubt which one.
    """
    best = max(arguments, key=lambda a: sign * a.value)
    near = [
        a
        for a in arguments
        if sign * (best.value - a.value) <= a.error + best.error
        or a.value == best.value
    ]
    error = max(a.error for a in near)
    # Of zeros of both signs any may be the one, and of others it makes no difference.
    if error == 0.0 or all(a is best for a in near):
        return best
    return Rounded(xp, best.value, error)


def _logsumexp(xp: Rounding, arguments: Sequence[Rounded]) -> Rounded:
    floats = [a.value for a in arguments]
    value = Floats.logsumexp(floats)
    top = max(range(len(floats)), key=floats.__getitem__)
    largest = floats[top]
    if math.isinf(largest):
        return xp.finished(value, 0.0)
    error = worst = max(a.error for a in arguments)
    if worst < 0.01:  # else its derivative may change within the errors
        weighted = [math.exp(a.value - value) * a.error for a in arguments]
        error = min(worst, 1.03 * builtins.sum(weighted))
    # The largest and log(1 + the rest), where an exponent's error counts by its share.
    rest = [x for i, x in enumerate(floats) if i != top]
    size = abs(value) + builtins.sum(
        [math.exp(x - largest) * (2.0 + largest - x) for x in rest if x > -math.inf]
    )
    return xp.summed(value, error + xp.underflow, size, len(floats))


REDUCTIONS: dict[str, Callable[[Rounding, Sequence[Rounded]], Rounded]] = {
    "sum": _sum,
    "dot": _dot,
    "max": lambda xp, arguments: _chosen(xp, arguments, 1.0),
    "min": lambda xp, arguments: _chosen(xp, arguments, -1.0),
    "logsumexp": _logsumexp,
}
