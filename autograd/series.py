"""Derivatives of high order: Taylor series through a recorded graph.

Along a line through the inputs, each node is a series c₀ + c₁t + c₂t² + ... There is no
rule per operation here. By the chain rule node' = Σ ∂node/∂parent · parent', and the
partials in it are expressions of the table's rows, so they are series too:

    k cₖ = Σ over parents a, Σ over j = 1...k, of j aⱼ pₖ₋ⱼ,   p = ∂node/∂a

Coefficient k needs those of the partials up to k - 1 only, so they can be computed one
after the other, each when it is asked for (Karczmarczuk, Functional differentiation of
computer programs, 2001). The cost grows with a small power of the order, where
differentiating a recorded derivative again and again would about triple it each time.

    >>> x = Value(0.0)
    >>> y = x.exp()
    >>> taylor([x, y], [y], [x], [1.0], 3, recorded=False)
    [[1.0, 1.0, 0.5, 0.16666666666666666]]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import compress
from typing import Any

from autograd.apply import variadic
from autograd.errors import derivative_error
from autograd.linearize import is_finite, is_number, plus
from autograd.modes import infinities
from autograd.ops import Operation
from autograd.symbol import Arithmetic, Symbol
from autograd.value import Constant, Value


def taylor(
    order: Sequence[Value],
    roots: Sequence[Any],
    inputs: Sequence[Value],
    direction: Sequence[Any],
    degree: int,
    recorded: bool,
) -> list[list[Any]]:
    """The coefficients c₀ ... c_degree of each root at inputs + t · direction, in t.

    `order` has all nodes of the roots, parents first. The inputs are leaves, and a root
    that is no Value is a constant. The coefficients are floats, or Values where they
    are to be `recorded`. DerivativeError where one does not exist or is not finite.
    """
    xp = SeriesArithmetic()
    series = {
        node: Series(xp, [node if recorded else node.data, speed])
        for node, speed in zip(inputs, direction, strict=True)
    }
    for node in order:
        op, parents = node.op, node.parents
        if op is None or not any(parent in series for parent in parents):
            continue
        arguments = [
            series[p] if p in series else xp.constant(p if recorded else p.data)
            for p in parents
        ]
        made = Series(xp, [node if recorded else node.data], op, arguments)
        # What the partials compute again is found here.
        series[node] = xp.made.setdefault((op, *arguments), made)
        try:
            # As on floats, a partial may be finite by way of infinity.
            with infinities():
                found = series[node].up_to(degree)
        except (ValueError, ArithmeticError) as error:
            raise derivative_error(node) from error
        if not all(map(is_finite, found)):
            raise derivative_error(node)
    rest = [0.0] * degree
    found = [series[r].up_to(degree) if r in series else [r, *rest] for r in roots]
    xp.forget()
    return found


class Series(Symbol):
    """A power series whose coefficients, floats or Values, are computed when asked for.

    `op` and `arguments` say how it was made; without them it is a polynomial, of the
    given coefficients. Its operators are rows of the table.
    """

    __slots__ = ("arguments", "coefficients", "op", "slopes", "xp")

    def __init__(
        self,
        xp: SeriesArithmetic,
        coefficients: list[Any],
        op: Operation | None = None,
        arguments: Sequence[Any] = (),
    ) -> None:
        self.xp = xp
        self.coefficients = coefficients
        self.op = op
        self.arguments = arguments
        self.slopes: list[tuple[Series, Any]] | None = None

    @property
    def varies(self) -> bool:
        """Whether it has more than its first coefficient."""
        return self.op is not None or len(self.coefficients) > 1

    def up_to(self, degree: int) -> list[Any]:
        """The coefficients c₀ ... c_degree."""
        return [self.coefficient(k) for k in range(degree + 1)]

    def coefficient(self, k: int) -> Any:
        """The coefficient of tᵏ."""
        while len(self.coefficients) <= k:
            self.coefficients.append(self._next())
        return self.coefficients[k]

    def _next(self) -> Any:
        """The first coefficient that is not known yet, by the formula at the head."""
        if self.slopes is None:
            self.slopes = self._partials()
        k, total = len(self.coefficients), 0.0
        for argument, slope in self.slopes:
            for j in range(1, k + 1):
                speed = argument.coefficient(j)
                factor = 0.0 if is_number(speed, 0.0) else _coefficient(slope, k - j)
                if not is_number(factor, 0.0):
                    share = speed * factor
                    total = plus(total, share if j == k else share * (j / k))
        return total

    def _partials(self) -> list[tuple[Series, Any]]:
        """The arguments that vary, each with the partial by it."""
        op, arguments, xp = self.op, self.arguments, self.xp
        if op is None:
            return []
        wanted = list(map(_varies, arguments))
        partials = op.partials_of(xp, arguments, self, wanted)
        return list(compress(zip(arguments, partials, strict=True), wanted))


class SeriesArithmetic(Arithmetic):
    """The arithmetic `xp` of series and floats. Equal expressions are one series."""

    def __init__(self) -> None:
        self.made: dict[tuple[Any, ...], Series] = {}

    def apply(self, op: Operation, *arguments: Any) -> Any:
        """A row of the table, of series and floats."""
        key = (op, *arguments)
        if key not in self.made:
            head = _row(op)(*[_coefficient(a, 0) for a in arguments])
            if not any(map(_varies, arguments)):
                return self.constant(head)
            self.made[key] = Series(self, [head], op, arguments)
        return self.made[key]

    def forget(self) -> None:
        """Undo the references of series to each other, so that they are freed."""
        for series in self.made.values():
            series.slopes = None
        self.made.clear()

    def constant(self, number: Any) -> Any:
        """A number as the rules take it: a float, or a series of a single Value."""
        if isinstance(number, Constant):
            return number.data
        if isinstance(number, Value):
            return self.made.setdefault((number,), Series(self, [number]))
        return number


@cache
def _row(op: Operation) -> Callable[..., Any]:
    """The function that evaluates a row, and records it on Values."""
    apply = variadic(op.name)
    return lambda *arguments: apply(*arguments, *op.static)


def _coefficient(thing: Any, k: int) -> Any:
    """The coefficient of tᵏ of a series, or of a number."""
    if isinstance(thing, Series):
        return thing.coefficient(k)
    return thing if k == 0 else 0.0


def _varies(thing: Any) -> bool:
    return isinstance(thing, Series) and thing.varies
