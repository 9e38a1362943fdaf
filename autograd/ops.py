"""The table: one row per primitive operation, and nothing about it anywhere else.

A row holds the operation's forward rule and its local partial derivatives, written
once over an arithmetic `xp`. On plain floats the row evaluates and differentiates;
on Values it gives derivatives of derivatives. A partial is local: ∂out/∂argument,
never "times the incoming gradient". It may use the result, `out`.

Invariant: the table is closed under differentiation. Every `xp.name` that a partial
uses is itself a row, so any derivative of any order is an expression of rows.

    >>> from autograd.arithmetic import Floats
    >>> mul = TABLE["mul"]
    >>> mul.forward(Floats, 3.0, 4.0)
    12.0
    >>> [partial(Floats, 3.0, 4.0, 12.0) for partial in mul.partials]
    [4.0, 3.0]

Where a textbook form would lose digits, the row uses an equal form that does not:
1 - tanh² is 4 σ(2a) σ(-2a), which is not 0 where tanh has rounded to 1. At kinks the
rows follow PyTorch: relu'(0) = abs'(0) = 0, ties of maximum share the derivative.
The formulas are those of Abramowitz & Stegun, Handbook of Mathematical Functions
(1964), chapters 4 and 7; GELU is from Hendrycks & Gimpel (2016), ELU from Clevert,
Unterthiner & Hochreiter (2015), SiLU from Elfwing, Uchibe & Doya (2017).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from autograd.arithmetic import Floats

Rule = Callable[..., Any]
"""A rule over an arithmetic: it takes `xp` first, and numbers of that arithmetic."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The numbers at which an operation is defined, for one of its arguments."""

    low: float = -math.inf
    high: float = math.inf
    ends: bool = False
    """Whether the finite ends belong to it."""
    zero: bool = True
    """Whether 0 belongs to it."""

    def __contains__(self, x: float) -> bool:
        inside = self.low <= x <= self.high if self.ends else self.low < x < self.high
        return inside and (self.zero or x != 0.0)

    def __str__(self) -> str:
        left, right = ("[", "]") if self.ends else ("(", ")")
        left = "(" if self.low == -math.inf else left
        right = ")" if self.high == math.inf else right
        text = f"{left}{self.low:g}, {self.high:g}{right}".replace("inf", "∞")
        return text if self.zero else f"{text} without 0"


@dataclass(frozen=True, slots=True, eq=False)
class Operation:
    """One row of the table.

    `doc` is what it computes, in a line. `arity` is the number of arguments, or None
    for any number of them. `partials` has one rule per argument,
    `(xp, *arguments, out)`. Where the arity is None it has a single rule,
    `(xp, arguments, out)`, which returns all partials; `xp.each(f, arguments)` is
    f(a) for each of them. A `primitive` is what arithmetics know by its name: its
    forward rule is xp.name.

    `n_static` is how many whole numbers the operation takes after its arguments, such
    as the order of polygamma: they are never differentiated by. `at` puts them in, and
    they are `static` then; rules get them after the arguments. `defaults` are those of
    the last arguments, which may be left out, or named as the rules name them.

    `kink(*arguments)` is a number whose zero marks the points where the operation is
    not differentiable; it is None for a smooth operation. `domain` has one interval per
    argument, or a single one for all; `remark` says in words what it cannot.
    """

    name: str
    symbol: str
    doc: str
    arity: int | None
    forward: Rule
    partials: tuple[Rule, ...]
    domain: tuple[Interval, ...]
    kink: Callable[..., float] | None = None
    remark: str = ""
    primitive: bool = False
    n_static: int = 0
    static: tuple[int, ...] = ()
    defaults: tuple[float, ...] = ()

    @property
    def defined(self) -> str:
        """The numbers at which the operation is defined, in words."""
        return self.remark or f"operands in {self.domain[0]}"

    def partials_of(
        self,
        xp: Any,
        arguments: Sequence[Any],
        out: Any,
        wanted: Sequence[bool] | None = None,
    ) -> Sequence[Any]:
        """∂out/∂argument for each argument, over an arithmetic, in their order.

        What is not `wanted` may be 0.0. What the rules raise is passed on.
        """
        if self.arity is None:
            every: Sequence[Any] = self.partials[0](xp, arguments, out)
            return every
        if wanted is None:
            return [rule(xp, *arguments, out) for rule in self.partials]
        return [
            rule(xp, *arguments, out) if is_wanted else 0.0
            for rule, is_wanted in zip(self.partials, wanted, strict=True)
        ]

    def at(self, *static: int) -> Operation:
        """The operation with its whole numbers put in: always the same object.

        TypeError for another count of them, or for what is no whole number.
        """
        if len(static) != self.n_static or not all(
            isinstance(number, int) and not isinstance(number, bool)
            for number in static
        ):
            raise TypeError(
                f"{self.name}: {self.n_static} whole numbers are needed after its "
                f"arguments, not {static}"
            )
        return _bound(self, static) if static else self

    def __repr__(self) -> str:
        static = "".join(f" {number}" for number in self.static)
        return f"<operation {self.name}{static}>"

    def __reduce__(self) -> tuple[Rule, tuple[Any, ...]]:
        return _row_named, (self.name, *self.static)


@cache
def _bound(op: Operation, static: tuple[int, ...]) -> Operation:
    """The operation whose rules have their whole numbers."""

    def forward(xp: Any, *arguments: Any) -> Any:
        return op.forward(xp, *arguments, *static)

    def with_static(rule: Rule) -> Rule:
        def bound(xp: Any, *arguments: Any) -> Any:
            return rule(xp, *arguments[:-1], *static, arguments[-1])

        return bound

    return replace(
        op,
        forward=forward,
        partials=tuple(map(with_static, op.partials)),
        n_static=0,
        static=static,
    )


PRIMITIVES = {*vars(Floats)}
"""The names that arithmetics know."""

REALS = Interval()
NONZERO = Interval(zero=False)
POSITIVE = Interval(low=0.0)
NOT_NEGATIVE = Interval(low=0.0, ends=True)
ABOVE_MINUS_ONE = Interval(low=-1.0)
UNIT = Interval(low=-1.0, high=1.0, ends=True)

TABLE: dict[str, Operation] = {}
"""All rows, by name, in the order in which they are written below."""


def _row_named(name: str, *static: int) -> Operation:
    return TABLE[name].at(*static)


def row(
    name: str,
    symbol: str,
    doc: str,
    forward: Rule | None,
    *partials: Rule,
    domain: tuple[Interval, ...] = (),
    kink: Callable[..., float] | None = None,
    variadic: bool = False,
    n_static: int = 0,
    remark: str = "",
    defaults: tuple[float, ...] = (),
) -> None:
    """Add an operation to the table: as many arguments as partials, or `variadic`.

    Without a forward rule it is a primitive, which arithmetics know by its name.
    """
    arity = None if variadic else len(partials)
    domain = domain or (REALS,) * len(partials)
    TABLE[name] = Operation(
        name,
        symbol,
        doc,
        arity,
        forward or _by_name(name, variadic),
        partials,
        domain,
        kink,
        remark,
        primitive=forward is None or name in PRIMITIVES,
        n_static=n_static,
        defaults=defaults,
    )


def _by_name(name: str, variadic: bool) -> Rule:
    """The rule xp.name, which takes a variable number of arguments as one sequence."""
    if variadic:
        return lambda xp, *arguments: getattr(xp, name)(arguments)
    return lambda xp, *arguments: getattr(xp, name)(*arguments)


# The four operations, signs and powers

row(
    "add",
    "+",
    "a + b",
    lambda xp, a, b: a + b,
    lambda xp, a, b, out: 1.0,
    lambda xp, a, b, out: 1.0,
)
row(
    "sub",
    "-",
    "a - b",
    lambda xp, a, b: a - b,
    lambda xp, a, b, out: 1.0,
    lambda xp, a, b, out: -1.0,
)
row(
    "mul",
    "*",
    "a · b",
    lambda xp, a, b: a * b,
    lambda xp, a, b, out: b,
    lambda xp, a, b, out: a,
)
row(
    "div",
    "/",
    "a / b",
    lambda xp, a, b: a / b,
    lambda xp, a, b, out: 1.0 / b,
    lambda xp, a, b, out: -out / b,
    domain=(REALS, NONZERO),
)
# The `where` give 0 ** 0 the derivative 0 to its base, and 0 ** b the same to b.
row(
    "pow",
    "**",
    "aᵇ, for a positive base or a whole exponent",
    lambda xp, a, b: xp.pow(a, b),
    lambda xp, a, b, out: b * xp.pow(xp.where(b, a, xp.where(a, a, 1.0)), b - 1.0),
    lambda xp, a, b, out: out * xp.log(xp.where(a, a, 1.0)),
    domain=(POSITIVE, REALS),
    remark="a base above 0 and any exponent, or a negative base and a whole exponent",
)
row("neg", "-", "-a", lambda xp, a: -a, lambda xp, a, out: -1.0)
row("pos", "+", "a itself", lambda xp, a: a, lambda xp, a, out: 1.0)
row(
    "abs",
    "abs",
    "|a|; its derivative at 0 is 0",
    lambda xp, a: xp.abs(a),
    lambda xp, a, out: xp.step(a) - xp.step(-a),
    kink=lambda a: a,
)

# Exponentials, logarithms, roots

row("exp", "exp", "eᵃ", lambda xp, a: xp.exp(a), lambda xp, a, out: out)
row(
    "expm1",
    "expm1",
    "eᵃ - 1, exact near 0",
    lambda xp, a: xp.expm1(a),
    lambda xp, a, out: xp.exp(a),
)
row(
    "log",
    "log",
    "The natural logarithm of a",
    lambda xp, a: xp.log(a),
    lambda xp, a, out: 1.0 / a,
    domain=(POSITIVE,),
)
row(
    "log1p",
    "log1p",
    "log(1 + a), exact near 0",
    lambda xp, a: xp.log1p(a),
    lambda xp, a, out: 1.0 / (1.0 + a),
    domain=(ABOVE_MINUS_ONE,),
)
row(
    "sqrt",
    "sqrt",
    "√a",
    lambda xp, a: xp.sqrt(a),
    lambda xp, a, out: 0.5 / out,
    domain=(NOT_NEGATIVE,),
)

# Circular and hyperbolic functions

row(
    "sin",
    "sin",
    "sin a, a in radians",
    lambda xp, a: xp.sin(a),
    lambda xp, a, out: xp.cos(a),
)
row(
    "cos",
    "cos",
    "cos a, a in radians",
    lambda xp, a: xp.cos(a),
    lambda xp, a, out: -xp.sin(a),
)
row(
    "tan",
    "tan",
    "tan a, a in radians",
    lambda xp, a: xp.tan(a),
    lambda xp, a, out: 1.0 + out * out,
)
row(
    "asin",
    "asin",
    "The angle in radians, from -π/2 to π/2, whose sine is a",
    lambda xp, a: xp.asin(a),
    lambda xp, a, out: 1.0 / xp.sqrt((1.0 - a) * (1.0 + a)),
    domain=(UNIT,),
)
row(
    "acos",
    "acos",
    "The angle in radians, from 0 to π, whose cosine is a",
    lambda xp, a: xp.acos(a),
    lambda xp, a, out: -1.0 / xp.sqrt((1.0 - a) * (1.0 + a)),
    domain=(UNIT,),
)
row(
    "atan",
    "atan",
    "The angle in radians, from -π/2 to π/2, whose tangent is a",
    lambda xp, a: xp.atan(a),
    lambda xp, a, out: 1.0 / (1.0 + a * a),
)
row(
    "sinh",
    "sinh",
    "(eᵃ - e⁻ᵃ) / 2",
    lambda xp, a: xp.sinh(a),
    lambda xp, a, out: xp.cosh(a),
)
row(
    "cosh",
    "cosh",
    "(eᵃ + e⁻ᵃ) / 2",
    lambda xp, a: xp.cosh(a),
    lambda xp, a, out: xp.sinh(a),
)
row(
    "tanh",
    "tanh",
    "(eᵃ - e⁻ᵃ) / (eᵃ + e⁻ᵃ), from -1 to 1",
    lambda xp, a: xp.tanh(a),
    lambda xp, a, out: 4.0 * xp.sigmoid(2.0 * a) * xp.sigmoid(-2.0 * a),
)
row(
    "atan2",
    "atan2",
    "The angle in radians of the point (b, a), from -π to π",
    lambda xp, a, b: xp.atan2(a, b),
    lambda xp, a, b, out: b / xp.hypot(a, b) / xp.hypot(a, b),
    lambda xp, a, b, out: -a / xp.hypot(a, b) / xp.hypot(a, b),
    kink=math.hypot,
)
row(
    "hypot",
    "hypot",
    "√(a² + b²), without overflow",
    lambda xp, a, b: xp.hypot(a, b),
    lambda xp, a, b, out: a / out,
    lambda xp, a, b, out: b / out,
    kink=math.hypot,
)

# Activations. A slope or alpha is an ordinary second argument.

row(
    "sigmoid",
    "sigmoid",
    "1 / (1 + e⁻ᵃ), from 0 to 1",
    lambda xp, a: xp.sigmoid(a),
    lambda xp, a, out: out * xp.sigmoid(-a),
)
row(
    "relu",
    "relu",
    "max(0, a); its derivative at 0 is 0",
    lambda xp, a: xp.maximum(a, 0.0),
    lambda xp, a, out: xp.step(a),
    kink=lambda a: a,
)
row(
    "leaky_relu",
    "leaky_relu",
    "a where a > 0, else slope · a",
    lambda xp, a, slope: xp.where(xp.step(a), a, slope * a),
    lambda xp, a, slope, out: xp.where(xp.step(a), 1.0, slope),
    lambda xp, a, slope, out: xp.minimum(a, 0.0),
    kink=lambda a, slope: a,
    defaults=(0.01,),
)
row(
    "elu",
    "elu",
    "a where a > 0, else alpha · (eᵃ - 1)",
    lambda xp, a, alpha: xp.where(xp.step(a), a, alpha * xp.expm1(xp.minimum(a, 0.0))),
    lambda xp, a, alpha, out: xp.where(
        xp.step(a), 1.0, alpha * xp.exp(xp.minimum(a, 0.0))
    ),
    lambda xp, a, alpha, out: xp.expm1(xp.minimum(a, 0.0)),
    kink=lambda a, alpha: a,
    defaults=(1.0,),
)
row(
    "gelu",
    "gelu",
    "a · Φ(a), with the normal distribution function Φ",
    lambda xp, a: a * _normal_cdf(xp, a),
    lambda xp, a, out: _normal_cdf(xp, a) + a * _normal_density(xp, a),
)
row(
    "silu",
    "silu",
    "a · sigmoid(a)",
    lambda xp, a: a * xp.sigmoid(a),
    lambda xp, a, out: xp.sigmoid(a) * (1.0 + a * xp.sigmoid(-a)),
)
row(
    "softplus",
    "softplus",
    "log(1 + eᵃ), without overflow",
    lambda xp, a: xp.softplus(a),
    lambda xp, a, out: xp.sigmoid(a),
)
row(
    "step",
    "step",
    "1 where a > 0, else 0; its derivative is 0 everywhere",
    lambda xp, a: xp.step(a),
    lambda xp, a, out: 0.0,
    kink=lambda a: a,
)
row(
    "erf",
    "erf",
    "2/√π · ∫₀ᵃ exp(-t²) dt",
    lambda xp, a: xp.erf(a),
    lambda xp, a, out: 2.0 / math.sqrt(math.pi) * xp.exp(-a * a),
)
row(
    "erfc",
    "erfc",
    "1 - erf(a), exact for large a",
    lambda xp, a: xp.erfc(a),
    lambda xp, a, out: -2.0 / math.sqrt(math.pi) * xp.exp(-a * a),
)

# Choices

row(
    "maximum",
    "max",
    "The larger of a and b; equal ones share the derivative",
    lambda xp, a, b: xp.maximum(a, b),
    lambda xp, a, b, out: 0.5 * (1.0 + xp.step(a - b) - xp.step(b - a)),
    lambda xp, a, b, out: 0.5 * (1.0 + xp.step(b - a) - xp.step(a - b)),
    kink=lambda a, b: a - b,
)
row(
    "minimum",
    "min",
    "The smaller of a and b; equal ones share the derivative",
    lambda xp, a, b: xp.minimum(a, b),
    lambda xp, a, b, out: 0.5 * (1.0 + xp.step(b - a) - xp.step(a - b)),
    lambda xp, a, b, out: 0.5 * (1.0 + xp.step(a - b) - xp.step(b - a)),
    kink=lambda a, b: a - b,
)
row(
    "where",
    "where",
    "a where the condition is not 0, else b",
    lambda xp, condition, a, b: xp.where(condition, a, b),
    lambda xp, condition, a, b, out: 0.0,
    lambda xp, condition, a, b, out: xp.where(condition, 1.0, 0.0),
    lambda xp, condition, a, b, out: xp.where(condition, 0.0, 1.0),
    kink=lambda condition, a, b: condition,
)

# Operations of any number of arguments. `dot` takes both lists, one after the other.

row(
    "sum",
    "sum",
    "Σ aᵢ",
    lambda xp, *args: xp.sum(args),
    lambda xp, args, out: [1.0] * len(args),
    variadic=True,
)
row(
    "dot",
    "dot",
    "Σ aᵢ bᵢ",
    lambda xp, *args: xp.dot(args),
    lambda xp, args, out: [*args[len(args) // 2 :], *args[: len(args) // 2]],
    variadic=True,
)
row(
    "max",
    "max",
    "The largest of the arguments; equal ones share the derivative",
    lambda xp, *args: xp.max(args),
    lambda xp, args, out: _shares(xp, [1.0 - xp.step(out - a) for a in args]),
    kink=lambda *args: _gap(sorted(args, reverse=True)),
    variadic=True,
)
row(
    "min",
    "min",
    "The smallest of the arguments; equal ones share the derivative",
    lambda xp, *args: xp.min(args),
    lambda xp, args, out: _shares(xp, [1.0 - xp.step(a - out) for a in args]),
    kink=lambda *args: _gap(sorted(args)),
    variadic=True,
)
row(
    "logsumexp",
    "logsumexp",
    "log Σ exp(aᵢ), without overflow",
    lambda xp, *args: xp.logsumexp(args),
    lambda xp, args, out: _softmax(xp, args),
    variadic=True,
)


def _normal_cdf(xp: Any, a: Any) -> Any:
    """Φ(a), by erfc so that the left tail keeps its digits."""
    return 0.5 * xp.erfc(a * -math.sqrt(0.5))


def _normal_density(xp: Any, a: Any) -> Any:
    """φ(a) = exp(-a²/2) / √(2π)."""
    return xp.exp(-0.5 * a * a) / math.sqrt(2.0 * math.pi)


def _softmax(xp: Any, args: Any) -> list[Any]:
    """exp(aᵢ) / Σ exp(aⱼ), without overflow."""
    largest = xp.max(args)
    return _shares(xp, [xp.exp(a - largest) for a in args])


def _shares(xp: Any, weights: list[Any]) -> list[Any]:
    """Split one whole among the arguments, in proportion to their weights."""
    total = xp.sum(weights)
    return [weight / total for weight in weights]


def _gap(ordered: list[float]) -> float:
    """The distance between the extreme value and the next one."""
    return ordered[0] - ordered[1] if len(ordered) > 1 else math.inf
