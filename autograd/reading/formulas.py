r"""The arithmetic of formulas: the rules of the table, written out for a reader.

A `Formula` is a number together with how it came about, as plain text and as LaTeX.
`Formulas` is an arithmetic `xp` like that of floats, so a row's rule that is run over
it says what it computes. Invariant: the formula's `value` is what the rule gives on
floats, and reading its text, or its LaTeX, by the usual precedence gives that too.

    >>> from autograd.ops import TABLE
    >>> x, y = symbol("x", 3.0), symbol("y", 2.0)
    >>> print(TABLE["div"].partials[0](Formulas, x, y, x / y))
    1 / y
    >>> print((x + y) * 2.0, "=", ((x + y) * 2.0).value)
    (x + y) · 2 = 10.0
    >>> print(Formulas.exp(-x / y).latex)
    \exp\left(\frac{-x}{y}\right)

What a reader would leave out is left out: factors of 1, terms of 0, exponents of 1. And
a `where` is written as the branch that the numbers choose, as its derivative is that
branch's.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Container, Sequence
from functools import partial
from typing import Any

from autograd.arithmetic import Floats
from autograd.ops import TABLE, Operation, Rule
from autograd.reading.notation import ATOM, PRODUCT, SIGN, Latex, Piece, Text
from autograd.value import Constant, Value

CONSTANTS = {
    2.0 / math.sqrt(math.pi): ("2/√π", r"\frac{2}{\sqrt{\pi}}", PRODUCT, SIGN),
    math.sqrt(0.5): ("1/√2", r"\frac{1}{\sqrt{2}}", PRODUCT, SIGN),
    math.log(2.0): ("log(2)", r"\log\left(2\right)", ATOM, ATOM),
    math.log(10.0): ("log(10)", r"\log\left(10\right)", ATOM, ATOM),
    math.sqrt(2.0 * math.pi): ("√(2π)", r"\sqrt{2 \pi}", ATOM, ATOM),
}
"""Numbers of the table that are known by another name."""


class Formula:
    """A number and how it came about.

    `value` is the number, `text` and `latex` say where it is from. A `literal` is a
    plain number of a rule, not something that has a name.
    """

    __slots__ = ("_latex", "_text", "literal", "value")

    def __init__(
        self, value: float, text: Piece, latex: Piece, literal: bool = False
    ) -> None:
        self.value = value
        self._text = text
        self._latex = latex
        self.literal = literal

    @property
    def text(self) -> str:
        """The formula as plain text."""
        return self._text.text

    @property
    def latex(self) -> str:
        """The formula in LaTeX's mathematics, without dollars."""
        return self._latex.text

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"<formula {self.text} = {self.value!r}>"

    def is_number(self, x: float) -> bool:
        """Whether this is a literal of the given value."""
        return self.literal and self.value == x

    def __add__(self, other: Any) -> Formula:
        return _add(self, formula(other))

    def __radd__(self, other: Any) -> Formula:
        return _add(formula(other), self)

    def __sub__(self, other: Any) -> Formula:
        return _sub(self, formula(other))

    def __rsub__(self, other: Any) -> Formula:
        return _sub(formula(other), self)

    def __mul__(self, other: Any) -> Formula:
        return _mul(self, formula(other))

    def __rmul__(self, other: Any) -> Formula:
        return _mul(formula(other), self)

    def __truediv__(self, other: Any) -> Formula:
        return _div(self, formula(other))

    def __rtruediv__(self, other: Any) -> Formula:
        return _div(formula(other), self)

    def __pow__(self, other: Any) -> Formula:
        return _pow(self, formula(other))

    def __rpow__(self, other: Any) -> Formula:
        return _pow(formula(other), self)

    def __neg__(self) -> Formula:
        return _neg(self)

    def __pos__(self) -> Formula:
        return self

    def __abs__(self) -> Formula:
        return _written(abs(self.value), "size", self)


def number(x: float) -> Formula:
    """A plain number as a formula."""
    if abs(x) in CONSTANTS:
        text, latex, text_level, latex_level = CONSTANTS[abs(x)]
        pieces = Piece(text, text_level), Piece(latex, latex_level)
        if x < 0.0:
            pieces = Text.negative(pieces[0]), Latex.negative(pieces[1])
        return Formula(x, *pieces, literal=True)
    return Formula(x, Text.number(x), Latex.number(x), literal=True)


def symbol(name: str, value: float) -> Formula:
    """A name that stands for a number; what LaTeX would misread in it is escaped."""
    return Formula(value, Piece(Text.name(name)), Piece(Latex.name(name)))


def opaque(value: float) -> Formula:
    """A number put in for a name: nothing is left out for its being 0 or 1."""
    return Formula(value, Text.number(value), Latex.number(value))


def formula(thing: Any) -> Formula:
    """A formula as it is, a plain number as a literal."""
    return thing if isinstance(thing, Formula) else number(float(thing))


def _written(value: float, notation: str, *operands: Formula) -> Formula:
    """The formula that applies a notation of both dialects to its operands."""
    if all(operand.literal for operand in operands):
        return number(value)
    return Formula(
        value,
        getattr(Text, notation)(*[operand._text for operand in operands]),
        getattr(Latex, notation)(*[operand._latex for operand in operands]),
    )


def _add(a: Formula, b: Formula) -> Formula:
    if a.is_number(0.0) or b.is_number(0.0):
        return b if a.is_number(0.0) else a
    return _written(a.value + b.value, "plus", a, b)


def _sub(a: Formula, b: Formula) -> Formula:
    if b.is_number(0.0):
        return a
    return _written(a.value - b.value, "minus", a, b)


def _mul(a: Formula, b: Formula) -> Formula:
    if a.is_number(1.0) or b.is_number(1.0):
        return b if a.is_number(1.0) else a
    return _written(a.value * b.value, "times", a, b)


def _div(a: Formula, b: Formula) -> Formula:
    if b.is_number(1.0):
        return a
    return _written(a.value / b.value, "over", a, b)


def _neg(a: Formula) -> Formula:
    return _written(-a.value, "negative", a)


def _pow(a: Formula, b: Formula) -> Formula:
    value = Floats.pow(a.value, b.value)
    if b.is_number(0.0):
        return number(1.0)
    return a if b.is_number(1.0) else _written(value, "power", a, b)


def _choice(condition: Formula, a: Formula, b: Formula) -> Formula:
    """The branch that the numbers choose."""
    return a if condition.value else b


REDUCED: dict[str, Callable[..., Formula]] = {
    "plus": _add,
    "minus": _sub,
    "times": _mul,
    "over": _div,
    "negative": _neg,
    "power": _pow,
    "choice": _choice,
    "itself": lambda a: a,
}
"""The notations in which something may be left out, and what is left of them."""


def _applied(op: Operation, *arguments: Any) -> Formula:
    """A row applied to formulas, or to one list of them: `tanh(x)`, `e^{x}`."""
    if len(arguments) == 1 and isinstance(arguments[0], (list, tuple)):
        arguments = tuple(arguments[0])
    if op.n_static:
        op, arguments = op.at(*arguments[-op.n_static :]), arguments[: -op.n_static]
    operands = [formula(argument) for argument in arguments]
    if op.notation in REDUCED:
        return REDUCED[op.notation](*operands)
    value = op.forward(Floats, *[operand.value for operand in operands])
    if op.notation:
        return _written(value, op.notation, *operands)
    if all(operand.literal for operand in operands):
        return number(value)
    if op.written:
        return _worth(value, op.written(Formulas, *operands))
    static = [number(x) for x in op.static]
    return Formula(
        value,
        Text.call(op.name, *[operand._text for operand in [*operands, *static]]),
        Latex.call(
            op.latex or Latex.upright(op.name),
            *[operand._latex for operand in [*operands, *static]],
        ),
    )


def _worth(value: float, written: Any) -> Formula:
    """A formula as it is written, with a value that was computed in another way."""
    found = formula(written)
    return Formula(value, found._text, found._latex, found.literal)


class _Arithmetic:
    """The arithmetic of formulas: `xp.name` for each row of the table."""

    each = staticmethod(Floats.each)
    joined = staticmethod(Floats.joined)

    def __getattr__(self, name: str) -> Callable[..., Formula]:
        if name not in TABLE:
            raise AttributeError(f"there is no operation {name!r} in the table")
        return partial(_applied, TABLE[name])


Formulas: Any = _Arithmetic()
"""The arithmetic of formulas, for the rules of the table."""


def result(op: Operation, operands: Sequence[Formula]) -> Formula:
    """How a row computes its result, under its own name or sign: `x · y`, `relu(x)`."""
    return _applied(op, *operands)


def partials(
    op: Operation, operands: Sequence[Formula], out: Formula
) -> list[Formula | None]:
    """The row's local partials, one per operand; None by a literal, as it has none.

    Each is written as in a textbook, and its value is the row's. A rule of one's own
    that does with numbers what cannot be done with formulas gives its number alone.
    """
    numbers = [operand.value for operand in operands]
    exact = _by_rules(op, op.partials, Floats, operands, numbers, out.value)
    try:
        rules = op.textbook or op.partials
        written = _by_rules(op, rules, Formulas, operands, operands, out)
    except (TypeError, AttributeError, ValueError, ArithmeticError):
        written = exact
    return [
        None if operand.literal else _worth(value, shown)
        for operand, value, shown in zip(operands, exact, written, strict=True)
    ]


def _by_rules(
    op: Operation,
    rules: Sequence[Rule],
    xp: Any,
    operands: Sequence[Formula],
    arguments: Any,
    out: Any,
) -> list[Any]:
    """The partials by rules over an arithmetic, 0 by an operand that is a literal.

    There a rule may have no result: the logarithm of a negative base.
    """
    if op.arity is None:
        return list(rules[0](xp, list(arguments), out))
    return [
        0.0 if operand.literal else rule(xp, *arguments, out)
        for rule, operand in zip(rules, operands, strict=True)
    ]


# The names of the nodes of a graph


def symbols(
    order: Sequence[Value], wanted: Container[Value] | None = None
) -> dict[Value, Formula]:
    """What each node of a graph is called: by its label, or v1, v2, ... in order.

    No two have the same name: a label that is there again becomes `x#2`. A label that
    could be mistaken for a formula is put in quotes. A Constant is its number. Those of
    `wanted` are told, or all.
    """
    labels = [_name(str(node.label)) if node.label else "" for node in order]
    taken = set(labels)
    times: Counter[str] = Counter()
    automatic = 0
    found = {}
    for node, label in zip(order, labels, strict=True):
        name = label
        if label:
            times[label] += 1
            while times[label] > 1 and (name := f"{label}#{times[label]}") in taken:
                times[label] += 1
            taken.add(name)
        elif not isinstance(node, Constant):
            automatic += 1
            while (name := f"v{automatic}") in taken:
                automatic += 1
        if wanted is None or node in wanted:
            constant = isinstance(node, Constant)
            found[node] = number(node.data) if constant else symbol(name, node.data)
    return found


def _name(label: str) -> str:
    """A label in one line of at most 40 characters, in quotes unless it is a name."""
    line = " ".join("".join(c if c.isprintable() else " " for c in label).split())
    line = line if len(line) <= 40 else line[:39] + "…"
    is_name = re.fullmatch(r"[^\W\d][\w.]*(\[[\w, ]*\][\w.]*)*", line)
    return line if is_name else f'"{line}"'
