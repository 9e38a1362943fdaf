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

Where a textbook form would lose digits, the row uses an equal form that does not, in
the derivative of the derivative too. The derivative of 1 - tanh² is a product that
vanishes with tanh itself only if it was not computed as a difference; so there are rows
that nothing but partials needs, such as `tanh_slope`, 1 / cosh², whose own partial is
-2 tanh(a) times itself. No rule uses |a| or a choice for what is smooth.

At kinks the rows follow PyTorch: relu'(0) = abs'(0) = 0, ties of maximum share the
derivative. The formulas are those of Abramowitz & Stegun, Handbook of Mathematical
Functions (1964), chapters 4, 6 and 7; GELU is from Hendrycks & Gimpel (2016), ELU from
Clevert, Unterthiner & Hochreiter (2015), SiLU from Elfwing, Uchibe & Doya (2017).
"""

from __future__ import annotations

import inspect
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from autograd.arithmetic import log_excess, pow_factor, rest_and_ties
from autograd.remedies import (
    SUMS,
    SUMS_OF_SQUARES,
    Remedy,
    always,
    combines,
    made_by,
)

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

    The arguments of any number are a list, or in other arithmetics what has a length,
    items and slices too. `listed` is the forward rule of such a list, where it is
    written so, `(xp, arguments)`. If `halves`, they are two lists of one length, one
    after the other, and `xp.joined(a, b)` makes such.

    `n_static` is how many whole numbers the operation takes after its arguments, such
    as the order of polygamma: they are never differentiated by. `at` puts them in, and
    they are `static` then; rules get them after the arguments. `defaults` are those of
    the last arguments, which may be left out, or named as the rules name them.

    `kink(*arguments)` is a number whose zero marks the points where the operation is
    not differentiable; it is None for a smooth operation. `domain` has one interval per
    argument, or a single one for all; `remark` says in words what it cannot. A `helper`
    is there for the partials of other rows alone, or for programs. One that `stops`
    lets no derivative through. Where it is not `checked`, nobody has held its partials
    to its forward rule; where it is `opaque`, its rules are functions of floats, and
    run over no other arithmetic.

    What others do with an operation is told here too:

    - `notation` names how formulas write it, as `autograd.reading.notation` knows it;
      without one it is a call of its name, for which LaTeX may have a sign, `latex`.
      `written(xp, *arguments)` is what it is in terms of better known operations.
    - `textbook` has the partials, rules as in `partials`, as a textbook writes them.
    - `remedies` are what to write instead, where it fails.
    - `ufunc` is the name of NumPy's function that means it, `special` that of
      scipy.special's.
    - It is `commutative` if its arguments can be exchanged. `shortcuts` has, for
      numbers that its last argument may be, the rule of the others that it is then.
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
    listed: Rule | None = None
    halves: bool = False
    defaults: tuple[float, ...] = ()
    helper: bool = False
    stops: bool = False
    checked: bool = True
    opaque: bool = False
    notation: str = ""
    latex: str = ""
    written: Rule | None = None
    textbook: tuple[Rule, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    ufunc: str = ""
    special: str = ""
    commutative: bool = False
    shortcuts: Mapping[float, Rule] = field(default_factory=dict)

    @property
    def defined(self) -> str:
        """The numbers at which the operation is defined, in words."""
        return self.remark or f"operands in {self.domain[0]}"

    @property
    def kind(self) -> str:
        """What is unusual about it, in words for people, or ""."""
        marks = [*["on floats"] * self.opaque, *["unchecked"] * (not self.checked)]
        return f"({', '.join(marks)})" if marks else ""

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

    def remedy(self, operands: Sequence[Any]) -> str:
        """What is usually wanted where it fails at these operands, Values, or ""."""
        for applies, remedy in self.remedies:
            if applies(operands):
                return remedy
        return ""

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
        if not static:
            return self
        with _binding:  # a cache alone may hand two threads two objects
            return _bound(self, static)

    def __repr__(self) -> str:
        words = [self.name, *map(str, self.static), *filter(None, [self.kind])]
        return f"<operation {' '.join(words)}>"

    def __reduce__(self) -> tuple[Rule, tuple[Any, ...]]:
        return _row_named, (self.name, *self.static)


_binding = threading.Lock()


@cache
def _bound(op: Operation, static: tuple[int, ...]) -> Operation:
    """The operation whose rules have their whole numbers."""

    def of_arguments(rule: Rule) -> Rule:
        return lambda xp, *arguments: rule(xp, *arguments, *static)

    def of_arguments_and_out(rule: Rule) -> Rule:
        def bound(xp: Any, *arguments: Any) -> Any:
            return rule(xp, *arguments[:-1], *static, arguments[-1])

        return bound

    return replace(
        op,
        forward=of_arguments(op.forward),
        listed=op.listed and of_arguments(op.listed),
        partials=tuple(map(of_arguments_and_out, op.partials)),
        textbook=tuple(map(of_arguments_and_out, op.textbook)),
        written=op.written and of_arguments(op.written),
        n_static=0,
        static=static,
    )


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
    variadic: bool = False,
    **more: Any,
) -> None:
    """Add an operation to the table: as many arguments as partials, or `variadic`.

    Without a forward rule it is a primitive, which arithmetics know by its name. That
    of a variadic one takes its arguments one by one, or as one list. `more` are further
    fields of it.
    """
    arity = None if variadic else len(partials)
    domain = domain or (REALS,) * len(partials)
    primitive = forward is None
    by_name = _of_list(name) if variadic else _by_name(name)
    rule = forward or by_name
    listed = rule if variadic and not _takes_any_number(rule) else None
    TABLE[name] = Operation(
        name,
        symbol,
        doc,
        arity,
        _one_by_one(listed) if listed else rule,
        partials,
        domain,
        primitive=primitive,
        listed=listed,
        **more,
    )


def _by_name(name: str) -> Rule:
    """The rule xp.name."""
    return lambda xp, *arguments: getattr(xp, name)(*arguments)


def _of_list(name: str) -> Rule:
    """The rule xp.name of one list."""
    return lambda xp, arguments: getattr(xp, name)(arguments)


def _takes_any_number(rule: Rule) -> bool:
    """Whether a rule takes its arguments one by one, however many they are."""
    kinds = [p.kind for p in inspect.signature(rule).parameters.values()]
    return inspect.Parameter.VAR_POSITIONAL in kinds


def _one_by_one(listed: Rule) -> Rule:
    """The rule of arguments that are given one by one, from that of their list."""
    return lambda xp, *arguments: listed(xp, arguments)


LOG_2 = math.log(2.0)
LOG_10 = math.log(10.0)

POSITIVE_BASE = Remedy(
    always,
    "Powers that are no whole numbers need a base above 0, and so do derivatives by "
    "the exponent: write (x + 1e-12) ** p or abs(x) ** p.",
)
JUMP = Remedy(
    always,
    "It jumps there: compute with a number that is not whole, or take the number out "
    "of the graph with detach().",
)

# The four operations, signs and powers

row(
    "add",
    "+",
    "a + b",
    lambda xp, a, b: a + b,
    lambda xp, a, b, out: 1.0,
    lambda xp, a, b, out: 1.0,
    notation="plus",
    ufunc="add",
    commutative=True,
)
row(
    "sub",
    "-",
    "a - b",
    lambda xp, a, b: a - b,
    lambda xp, a, b, out: 1.0,
    lambda xp, a, b, out: -1.0,
    notation="minus",
    ufunc="subtract",
)
# A compiler may put the terms of sums together in another order. Where a is close to b,
# and what is added next is smaller still, that would lose it.
row(
    "gap",
    "-",
    "a - b, where no sum that it is a term of may take it apart",
    lambda xp, a, b: a - b,
    lambda xp, a, b, out: 1.0,
    lambda xp, a, b, out: -1.0,
    helper=True,
    notation="minus",
)
row(
    "mul",
    "*",
    "a · b",
    lambda xp, a, b: a * b,
    lambda xp, a, b, out: b,
    lambda xp, a, b, out: a,
    notation="times",
    ufunc="multiply",
    commutative=True,
)
# The second derivative by b is computed from 1/b², not from out/b², which leaves the
# floats much sooner where out is small: 1 / (1 + exp(-t)) can be differentiated twice
# to t = -354. A b below 5.6e-309, whose inverse is no float, has no derivative.
row(
    "div",
    "/",
    "a / b",
    lambda xp, a, b: a / b,
    lambda xp, a, b, out: 1.0 / b,
    lambda xp, a, b, out: -(out * (1.0 / b)),
    domain=(REALS, NONZERO),
    notation="over",
    textbook=(lambda xp, a, b, out: 1.0 / b, lambda xp, a, b, out: -out / b),
    remedies=(
        Remedy(
            made_by(*SUMS),
            "The divisor is a sum that is 0: add a small number to it, or put another "
            "divisor in its place with where() before dividing.",
        ),
    ),
    ufunc="divide",
)
row(
    "pow",
    "**",
    "aᵇ, for a positive base or a whole exponent",
    None,
    lambda xp, a, b, out: xp.pow_derivative(a, b, 1, 0),
    lambda xp, a, b, out: xp.pow_derivative(a, b, 0, 1),
    domain=(POSITIVE, REALS),
    remark="a base above 0 and any exponent, or a negative base and a whole exponent",
    notation="power",
    textbook=(
        lambda xp, a, b, out: b * a ** (b - 1.0),
        lambda xp, a, b, out: out * xp.log(a),
    ),
    remedies=(POSITIVE_BASE,),
    ufunc="power",
    shortcuts={
        0.5: lambda xp, a: xp.sqrt(a),
        1.0: lambda xp, a: a,
        2.0: lambda xp, a: a * a,
    },
)
# At a = 0 it is 0 where b > i, by continuity, and where b is one of 0, ..., i - 1 and
# j = 0, as for any polynomial: so 0 ** 0 has the derivative 0 to its base. Other
# derivatives do not exist there, and are errors.
row(
    "pow_derivative",
    "∂pow",
    "∂ⁱ⁺ʲ aᵇ / ∂aⁱ ∂bʲ",
    None,
    lambda xp, a, b, i, j, out: xp.pow_derivative(a, b, i + 1, j),
    lambda xp, a, b, i, j, out: xp.pow_derivative(a, b, i, j + 1),
    domain=(POSITIVE, REALS),
    remark="what aᵇ takes, and no base 0 where the derivative of aᵇ does not exist",
    n_static=2,
    helper=True,
    remedies=(POSITIVE_BASE,),
    written=lambda xp, a, b, i, j: pow_factor(xp.log, a, b, i, j) * a ** (b - i),
)
row(
    "neg",
    "-",
    "-a",
    lambda xp, a: -a,
    lambda xp, a, out: -1.0,
    notation="negative",
    ufunc="negative",
)
row(
    "pos",
    "+",
    "a itself",
    lambda xp, a: a,
    lambda xp, a, out: 1.0,
    notation="itself",
    ufunc="positive",
)
row(
    "abs",
    "abs",
    "|a|; its derivative at 0 is 0",
    None,
    lambda xp, a, out: xp.step(a) - xp.step(-a),
    kink=lambda a: a,
    notation="size",
    ufunc="absolute",
)
row(
    "sign",
    "sign",
    "-1, 0 or 1, as a is below, at or above 0; its derivative is 0 everywhere",
    lambda xp, a: xp.step(a) - xp.step(-a),
    lambda xp, a, out: 0.0,
    kink=lambda a: a,
    ufunc="sign",
)

# Exponentials, logarithms, roots

row(
    "exp",
    "exp",
    "eᵃ",
    None,
    lambda xp, a, out: out,
    notation="exponential",
    remedies=(
        Remedy(
            always,
            "log(1 + exp(x)) is softplus(x), log(Σ exp(aᵢ)) is logsumexp(a), and "
            "exp(aᵢ) / Σ exp(aⱼ) is softmax(a): none of them overflows.",
        ),
    ),
    ufunc="exp",
)
row("exp2", "exp2", "2ᵃ", None, lambda xp, a, out: LOG_2 * out, ufunc="exp2")
row(
    "expm1",
    "expm1",
    "eᵃ - 1, exact near 0",
    None,
    lambda xp, a, out: xp.exp(a),
    ufunc="expm1",
)
row(
    "log",
    "log",
    "The natural logarithm of a",
    None,
    lambda xp, a, out: 1.0 / a,
    domain=(POSITIVE,),
    latex=r"\log",
    remedies=(
        Remedy(
            combines(SUMS, "exp"),
            "log(1 + exp(x)) is softplus(x), and log(Σ exp(aᵢ)) is logsumexp(a).",
        ),
        Remedy(
            combines(("div",), "exp"), "log(exp(aᵢ) / Σ exp(aⱼ)) is log_softmax(a)[i]."
        ),
        Remedy(made_by("exp"), "log(exp(x)) is x."),
        Remedy(made_by("sigmoid"), "log(sigmoid(x)) is -softplus(-x)."),
        Remedy(combines(SUMS, "sigmoid"), "log(1 - sigmoid(x)) is -softplus(x)."),
    ),
    ufunc="log",
)
row(
    "log1p",
    "log1p",
    "log(1 + a), exact near 0",
    None,
    lambda xp, a, out: 1.0 / (1.0 + a),
    domain=(ABOVE_MINUS_ONE,),
    ufunc="log1p",
)
row(
    "log2",
    "log2",
    "The logarithm of a to the base 2",
    None,
    lambda xp, a, out: 1.0 / LOG_2 / a,
    domain=(POSITIVE,),
    textbook=(lambda xp, a, out: 1.0 / (a * LOG_2),),
    ufunc="log2",
)
row(
    "log10",
    "log10",
    "The logarithm of a to the base 10",
    None,
    lambda xp, a, out: 1.0 / LOG_10 / a,
    domain=(POSITIVE,),
    textbook=(lambda xp, a, out: 1.0 / (a * LOG_10),),
    ufunc="log10",
)
row(
    "sqrt",
    "sqrt",
    "√a",
    None,
    lambda xp, a, out: 0.5 / out,
    domain=(NOT_NEGATIVE,),
    notation="root",
    remedies=(
        Remedy(
            combines(SUMS, *SUMS_OF_SQUARES),
            "The root of a sum of squares has no slope where all of them are 0: write "
            "sqrt(... + 1e-12), or choose another value there with where().",
        ),
        Remedy(always, "sqrt has no finite slope at 0: write sqrt(x + 1e-12)."),
    ),
    ufunc="sqrt",
)
row(
    "cbrt",
    "cbrt",
    "∛a, the real root, negative for a negative a",
    None,
    lambda xp, a, out: 1.0 / (3.0 * out * out),
    remedies=(Remedy(always, "cbrt has no finite slope at 0: keep x away from it."),),
    ufunc="cbrt",
)

# Circular and hyperbolic functions

row(
    "sin",
    "sin",
    "sin a, a in radians",
    None,
    lambda xp, a, out: xp.cos(a),
    latex=r"\sin",
    ufunc="sin",
)
row(
    "cos",
    "cos",
    "cos a, a in radians",
    None,
    lambda xp, a, out: -xp.sin(a),
    latex=r"\cos",
    ufunc="cos",
)
row(
    "tan",
    "tan",
    "tan a, a in radians",
    None,
    lambda xp, a, out: 1.0 + out * out,
    latex=r"\tan",
    textbook=(lambda xp, a, out: 1.0 + out**2.0,),
    ufunc="tan",
)
row(
    "asin",
    "asin",
    "The angle in radians, from -π/2 to π/2, whose sine is a",
    None,
    lambda xp, a, out: xp.asin_slope(a),
    domain=(UNIT,),
    latex=r"\arcsin",
    remedies=(Remedy(always, "asin has no finite slope at -1 and 1: keep x inside."),),
    ufunc="arcsin",
)
row(
    "acos",
    "acos",
    "The angle in radians, from 0 to π, whose cosine is a",
    None,
    lambda xp, a, out: -xp.asin_slope(a),
    domain=(UNIT,),
    latex=r"\arccos",
    remedies=(Remedy(always, "acos has no finite slope at -1 and 1: keep x inside."),),
    ufunc="arccos",
)
row(
    "asin_slope",
    "asin'",
    "1 / √(1 - a²)",
    None,
    lambda xp, a, out: a * (out * out * out),
    domain=(Interval(-1.0, 1.0),),
    helper=True,
    written=lambda xp, a: 1.0 / xp.sqrt(1.0 - a**2.0),
)
row(
    "atan",
    "atan",
    "The angle in radians, from -π/2 to π/2, whose tangent is a",
    None,
    lambda xp, a, out: xp.atan2_slope(a, 1.0),
    latex=r"\arctan",
    ufunc="arctan",
)
row(
    "atan2",
    "atan2",
    "The angle in radians of the point (b, a), from -π to π",
    None,
    lambda xp, a, b, out: xp.atan2_slope(a, b),
    lambda xp, a, b, out: -xp.atan2_slope(b, a),
    kink=math.hypot,
    ufunc="arctan2",
)
row(
    "atan2_slope",
    "atan2'",
    "b / (a² + b²)",
    None,
    lambda xp, a, b, out: -2.0 * (out * xp.atan2_slope(b, a)),
    lambda xp, a, b, out: _square(xp.atan2_slope(b, a)) - _square(out),
    kink=math.hypot,
    helper=True,
    written=lambda xp, a, b: b / (a**2.0 + b**2.0),
)
row(
    "hypot",
    "hypot",
    "√(a² + b²), without overflow",
    None,
    lambda xp, a, b, out: xp.cosine(a, b),
    lambda xp, a, b, out: xp.cosine(b, a),
    kink=math.hypot,
    textbook=(lambda xp, a, b, out: a / out, lambda xp, a, b, out: b / out),
    ufunc="hypot",
    commutative=True,
)
row(
    "cosine",
    "cosine",
    "a / √(a² + b²), the cosine of the angle of the point (a, b)",
    None,
    lambda xp, a, b, out: xp.cosine(b, a) / xp.hypot(a, b) * xp.cosine(b, a),
    lambda xp, a, b, out: -out * (xp.cosine(b, a) / xp.hypot(a, b)),
    kink=math.hypot,
    helper=True,
    written=lambda xp, a, b: a / xp.hypot(a, b),
)
row(
    "sinh",
    "sinh",
    "(eᵃ - e⁻ᵃ) / 2",
    None,
    lambda xp, a, out: xp.cosh(a),
    latex=r"\sinh",
    ufunc="sinh",
)
row(
    "cosh",
    "cosh",
    "(eᵃ + e⁻ᵃ) / 2",
    None,
    lambda xp, a, out: xp.sinh(a),
    latex=r"\cosh",
    ufunc="cosh",
)
row(
    "tanh",
    "tanh",
    "(eᵃ - e⁻ᵃ) / (eᵃ + e⁻ᵃ), from -1 to 1",
    None,
    lambda xp, a, out: xp.tanh_slope(a),
    latex=r"\tanh",
    textbook=(lambda xp, a, out: 1.0 - out**2.0,),
    ufunc="tanh",
)
row(
    "tanh_slope",
    "tanh'",
    "1 / cosh² a = 1 - tanh² a",
    None,
    lambda xp, a, out: -2.0 * (xp.tanh(a) * out),
    helper=True,
    written=lambda xp, a: 1.0 - xp.tanh(a) ** 2.0,
)
row(
    "asinh",
    "asinh",
    "The number whose hyperbolic sine is a",
    None,
    lambda xp, a, out: xp.cosine(1.0, a),
    textbook=(lambda xp, a, out: 1.0 / xp.sqrt(1.0 + a**2.0),),
    ufunc="arcsinh",
)
row(
    "acosh",
    "acosh",
    "The number, not below 0, whose hyperbolic cosine is a",
    None,
    lambda xp, a, out: 1.0 / (xp.sqrt(a - 1.0) * xp.sqrt(a + 1.0)),
    domain=(Interval(low=1.0, ends=True),),
    textbook=(lambda xp, a, out: 1.0 / xp.sqrt(a**2.0 - 1.0),),
    remedies=(Remedy(always, "acosh has no finite slope at 1: keep x above."),),
    ufunc="arccosh",
)
row(
    "atanh",
    "atanh",
    "The number whose hyperbolic tangent is a",
    None,
    lambda xp, a, out: _square(xp.asin_slope(a)),
    domain=(Interval(-1.0, 1.0),),
    textbook=(lambda xp, a, out: 1.0 / (1.0 - a**2.0),),
    ufunc="arctanh",
)

# Activations. A slope or alpha is an ordinary second argument.

row(
    "sigmoid",
    "sigmoid",
    "1 / (1 + e⁻ᵃ), from 0 to 1",
    None,
    lambda xp, a, out: xp.sigmoid_slope(a),
    latex=r"\sigma",
    special="expit",
    textbook=(lambda xp, a, out: out * (1.0 - out),),
)
row(
    "sigmoid_slope",
    "sigmoid'",
    "sigmoid(a) · sigmoid(-a)",
    None,
    lambda xp, a, out: -xp.tanh(0.5 * a) * out,
    helper=True,
    written=lambda xp, a: xp.sigmoid(a) * (1.0 - xp.sigmoid(a)),
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
    textbook=(
        lambda xp, a, out: (
            _normal_cdf(xp, a) + a * xp.exp(-0.5 * a**2.0) / math.sqrt(2.0 * math.pi)
        ),
    ),
)
row(
    "silu",
    "silu",
    "a · sigmoid(a)",
    lambda xp, a: a * xp.sigmoid(a),
    lambda xp, a, out: xp.sigmoid(a) + a * xp.sigmoid_slope(a),
)
row(
    "softplus",
    "softplus",
    "log(1 + eᵃ), without overflow",
    None,
    lambda xp, a, out: xp.sigmoid(a),
)
row(
    "step",
    "step",
    "1 where a > 0, else 0; its derivative is 0 everywhere",
    None,
    lambda xp, a, out: 0.0,
    kink=lambda a: a,
)

# Special functions

row(
    "erf",
    "erf",
    "2/√π · ∫₀ᵃ exp(-t²) dt",
    None,
    lambda xp, a, out: 2.0 / math.sqrt(math.pi) * xp.gaussian(a),
    special="erf",
)
row(
    "erfc",
    "erfc",
    "1 - erf(a), exact for large a",
    None,
    lambda xp, a, out: -2.0 / math.sqrt(math.pi) * xp.gaussian(a),
    special="erfc",
)
row(
    "gaussian",
    "gaussian",
    "exp(-a²)",
    None,
    lambda xp, a, out: -2.0 * (a * out),
    helper=True,
    written=lambda xp, a: xp.exp(-(a**2.0)),
)
row(
    "sinc",
    "sinc",
    "sin(πa) / (πa), and 1 at 0",
    lambda xp, a: xp.sinc_derivative(a, 0),
    lambda xp, a, out: xp.sinc_derivative(a, 1),
)
row(
    "sinc_derivative",
    "∂sinc",
    "dⁿ/daⁿ of sin(πa) / (πa)",
    None,
    lambda xp, a, n, out: xp.sinc_derivative(a, n + 1),
    n_static=1,
    helper=True,
)
row(
    "lgamma",
    "lgamma",
    "log Γ(a)",
    None,
    lambda xp, a, out: xp.polygamma(a, 0),
    domain=(POSITIVE,),
    textbook=(lambda xp, a, out: xp.digamma(a),),
    special="gammaln",
)
row(
    "digamma",
    "digamma",
    "The derivative of log Γ(a)",
    lambda xp, a: xp.polygamma(a, 0),
    lambda xp, a, out: xp.polygamma(a, 1),
    domain=(POSITIVE,),
    special="psi",
)
row(
    "polygamma",
    "polygamma",
    "The derivative of log Γ(a) of the order n + 1, for a whole number n ≥ 0",
    None,
    lambda xp, a, n, out: xp.polygamma(a, n + 1),
    domain=(POSITIVE,),
    n_static=1,
)

# Steps. Between its jumps such a function is flat; at them there is no derivative, and
# the rules divide zero by zero.

row(
    "floor",
    "floor",
    "The largest whole number that is not above a",
    None,
    lambda xp, a, out: 0.0 / (a - out),
    kink=lambda a: math.remainder(a, 1.0),
    textbook=(lambda xp, a, out: 0.0,),
    remedies=(JUMP,),
    ufunc="floor",
)
row(
    "ceil",
    "ceil",
    "The smallest whole number that is not below a",
    None,
    lambda xp, a, out: 0.0 / (out - a),
    kink=lambda a: math.remainder(a, 1.0),
    textbook=(lambda xp, a, out: 0.0,),
    remedies=(JUMP,),
    ufunc="ceil",
)
row(
    "floor_divide",
    "//",
    "The largest whole number that is not above a / b",
    None,
    lambda xp, a, b, out: 0.0 / xp.mod(a, b),
    lambda xp, a, b, out: 0.0 / xp.mod(a, b),
    domain=(REALS, NONZERO),
    kink=math.remainder,
    textbook=(lambda xp, a, b, out: 0.0,) * 2,
    remedies=(JUMP,),
    ufunc="floor_divide",
)
row(
    "mod",
    "%",
    "a - b · floor(a / b), which has the sign of b",
    None,
    lambda xp, a, b, out: 1.0 + 0.0 / out,
    lambda xp, a, b, out: 0.0 / out - xp.floor_divide(a, b),
    domain=(REALS, NONZERO),
    kink=math.remainder,
    textbook=(
        lambda xp, a, b, out: 1.0,
        lambda xp, a, b, out: -xp.floor_divide(a, b),
    ),
    remedies=(JUMP,),
    ufunc="remainder",
)

# Choices

row(
    "maximum",
    "max",
    "The larger of a and b; equal ones share the derivative",
    None,
    lambda xp, a, b, out: _larger(xp, a, b),
    lambda xp, a, b, out: _larger(xp, b, a),
    kink=lambda a, b: a - b,
    latex=r"\max",
    ufunc="maximum",
    commutative=True,
)
row(
    "minimum",
    "min",
    "The smaller of a and b; equal ones share the derivative",
    None,
    lambda xp, a, b, out: _larger(xp, b, a),
    lambda xp, a, b, out: _larger(xp, a, b),
    kink=lambda a, b: a - b,
    latex=r"\min",
    ufunc="minimum",
    commutative=True,
)
row(
    "clip",
    "clip",
    "min(max(a, low), high); equal ones share the derivative",
    lambda xp, a, low, high: xp.minimum(xp.maximum(a, low), high),
    lambda xp, a, low, high, out: (
        _larger(xp, a, low) * _larger(xp, high, xp.maximum(a, low))
    ),
    lambda xp, a, low, high, out: (
        _larger(xp, low, a) * _larger(xp, high, xp.maximum(a, low))
    ),
    lambda xp, a, low, high, out: _larger(xp, xp.maximum(a, low), high),
    kink=lambda a, low, high: min(abs(a - low), abs(max(a, low) - high)),
    ufunc="clip",
)
row(
    "greater",
    ">",
    "1 where a > b, else 0; its derivatives are 0 everywhere",
    None,
    lambda xp, a, b, out: 0.0,
    lambda xp, a, b, out: 0.0,
    kink=lambda a, b: a - b,
    helper=True,
)
row(
    "where",
    "where",
    "a where the condition is not 0, else b",
    None,
    lambda xp, condition, a, b, out: 0.0,
    lambda xp, condition, a, b, out: xp.where(condition, 1.0, 0.0),
    lambda xp, condition, a, b, out: xp.where(condition, 0.0, 1.0),
    kink=lambda condition, a, b: condition,
    notation="choice",
)

row(
    "chosen",
    "where",
    "a, the side of a choice of which only this one was computed",
    lambda xp, condition, a: a,
    lambda xp, condition, a, out: 0.0,
    lambda xp, condition, a, out: 1.0,
    helper=True,
)
row(
    "stop_gradient",
    "detach",
    "its operand, through which no derivative passes",
    None,
    lambda xp, a, out: 0.0,
    helper=True,
    stops=True,
)

# Operations of any number of arguments. `dot` takes both lists, one after the other.

row(
    "sum",
    "sum",
    "Σ aᵢ",
    None,
    lambda xp, args, out: [1.0] * len(args),
    commutative=True,
    variadic=True,
    notation="sum",
)
row(
    "dot",
    "dot",
    "Σ aᵢ bᵢ",
    None,
    lambda xp, args, out: xp.joined(args[len(args) // 2 :], args[: len(args) // 2]),
    halves=True,
    variadic=True,
    notation="sum_of_products",
)
row(
    "max",
    "max",
    "The largest of the arguments; equal ones share the derivative",
    None,
    lambda xp, args, out: _shares(
        xp, xp.each(lambda a: 1.0 - xp.greater(out, a), args)
    ),
    kink=lambda *args: _gap(sorted(args, reverse=True)),
    commutative=True,
    variadic=True,
    latex=r"\max",
)
row(
    "min",
    "min",
    "The smallest of the arguments; equal ones share the derivative",
    None,
    lambda xp, args, out: _shares(
        xp, xp.each(lambda a: 1.0 - xp.greater(a, out), args)
    ),
    kink=lambda *args: _gap(sorted(args)),
    commutative=True,
    variadic=True,
    latex=r"\min",
)
row(
    "logsumexp",
    "logsumexp",
    "log Σ exp(aᵢ), without overflow",
    None,
    lambda xp, args, out: _softmax(xp, args),
    commutative=True,
    variadic=True,
    notation="log_of_sum",
    textbook=(lambda xp, args, out: xp.each(lambda a: xp.exp(a - out), args),),
)
row(
    "logaddexp",
    "logaddexp",
    "log(eᵃ + eᵇ), without overflow",
    None,
    lambda xp, a, b, out: xp.sigmoid(a - b),
    lambda xp, a, b, out: xp.sigmoid(b - a),
    notation="log_of_sum",
    textbook=(
        lambda xp, a, b, out: xp.exp(a - out),
        lambda xp, a, b, out: xp.exp(b - out),
    ),
    ufunc="logaddexp",
    commutative=True,
)
row(
    "cross_entropy",
    "cross_entropy",
    "-Σ yᵢ log pᵢ, with p = softmax(a), of all aᵢ and then all yᵢ, to full accuracy",
    lambda xp, args: _cross_entropy(xp, args),
    lambda xp, args, out: _slopes_of_cross_entropy(xp, args),
    variadic=True,
    halves=True,
    helper=True,
)
row(
    "log_excess",
    "log_excess",
    "log Σ exp(aᵢ) - max a, to full relative accuracy",
    lambda xp, args: log_excess(xp, args),
    lambda xp, args, out: _slopes_of_log_excess(xp, args),
    kink=lambda *args: _gap(sorted(args, reverse=True)),
    commutative=True,
    variadic=True,
    helper=True,
)


def _square(a: Any) -> Any:
    return a * a


def _normal_cdf(xp: Any, a: Any) -> Any:
    """Φ(a), by erfc so that the left tail keeps its digits."""
    return 0.5 * xp.erfc(a * -math.sqrt(0.5))


def _normal_density(xp: Any, a: Any) -> Any:
    """φ(a) = exp(-a²/2) / √(2π)."""
    return xp.gaussian(a * math.sqrt(0.5)) / math.sqrt(2.0 * math.pi)


def _larger(xp: Any, a: Any, b: Any) -> Any:
    """1 where a > b, ½ where they are equal, else 0."""
    return 0.5 * (1.0 + xp.greater(a, b) - xp.greater(b, a))


def _softmax(xp: Any, args: Any) -> Any:
    """exp(aᵢ) / Σ exp(aⱼ), without overflow."""
    largest = xp.max(args)
    return _shares(xp, xp.each(lambda a: xp.exp(a - largest), args))


def _shares(xp: Any, weights: Any) -> Any:
    """Split one whole among the arguments, in proportion to their weights."""
    total = xp.sum(weights)
    return xp.each(lambda weight: weight / total, weights)


def _slopes_of_log_excess(xp: Any, args: Any) -> Any:
    """Those of logsumexp less those of max, which are 1/t for each of t at the top.

    By any other a it is exp(a - max) / T, with T = Σ exp(aᵢ - max) = S + t. At the top
    1/T - 1/t is written as -S / (T t): it would lose all digits of a small S.
    """
    largest = xp.max(args)
    rest, ties = rest_and_ties(xp, args, largest)
    total = rest + ties
    at_top = -rest / (total * ties)

    def slope(a: Any) -> Any:
        is_below = xp.greater(largest, a)
        share = xp.exp(a - largest) / total
        return is_below * share + (1.0 - is_below) * at_top

    return xp.each(slope, args)


def _cross_entropy(xp: Any, args: Any) -> Any:
    """Y log Σ exp(aᵢ - m) - Σ yᵢ (aᵢ - m), with m = max a and Y = Σ yᵢ."""
    logits, shares = args[: len(args) // 2], args[len(args) // 2 :]
    largest, rest, whole = _above_one(xp, logits, shares)
    gaps = xp.each(lambda a, y: y * (a - largest), logits, shares)
    return whole * xp.log1p(rest) - xp.sum(gaps)


def _slopes_of_cross_entropy(xp: Any, args: Any) -> Any:
    """By aᵢ it is Y pᵢ - yᵢ, by yᵢ it is -log pᵢ, with p = softmax(a).

    The derivatives of these, differences of shares, are right to a rounding of 1.

    (Y exp(aᵢ - m) - yᵢ) - yᵢ (Σ - 1) over Σ = Σ exp(aⱼ - m): where yᵢ = 1 and pᵢ is
    close to it the first difference is 0.
    """
    logits, shares = args[: len(args) // 2], args[len(args) // 2 :]
    largest, rest, whole = _above_one(xp, logits, shares)
    total = 1.0 + rest

    def by_logit(a: Any, y: Any) -> Any:
        return ((whole * xp.exp(a - largest) - y) - y * rest) / total

    log_total = log_excess(xp, logits)
    by_share = xp.each(lambda a: log_total - (a - largest), logits)
    return xp.joined(xp.each(by_logit, logits, shares), by_share)


def _above_one(xp: Any, logits: Any, shares: Any) -> tuple[Any, Any, Any]:
    """The largest logit, Σ exp(aᵢ - max a) - 1, and the sum of the shares.

    In the sum of exp(aᵢ - max a) - yᵢ nothing cancels of what is small where the
    largest logit has the share 1. Where it has not, the loss is not small.
    """
    largest, whole = xp.max(logits), xp.sum(shares)
    rest = xp.sum(xp.each(lambda a, y: xp.exp(a - largest) - y, logits, shares))
    return largest, rest + (whole - 1.0), whole


def _gap(ordered: list[float]) -> float:
    """The distance between the extreme value and the next one."""
    return ordered[0] - ordered[1] if len(ordered) > 1 else math.inf
