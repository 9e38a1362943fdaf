r"""A worksheet: a computation and its gradients, step by step, as one does it by hand.

First each value from its operands, then the local partials, then the reverse sweep: the
gradient of a node is the sum, over all nodes that use it, of their gradient times the
local partial. With blanks in place of the numbers it is an exercise, with its key.

The formulas come from the table, by the arithmetic of `formulas`; the numbers are those
of the engine, all computed in full and shown to 4 digits.

    >>> from autograd import Value
    >>> x, y = Value(3.0, label="x"), Value(2.0, label="y")
    >>> print(derivation(x * y + x))
    1. Given (numbers are shown to 4 digits)
       x = 3
       y = 2
    <BLANKLINE>
    2. Forward: each value from its operands
       v1 = x · y = 3 · 2 = 6
       v2 = v1 + x = 6 + 3 = 9
    <BLANKLINE>
    3. Local derivatives: each value by each of its operands, the others fixed
       ∂v1/∂x = y = 2
       ∂v1/∂y = x = 3
       ∂v2/∂v1 = 1
       ∂v2/∂x = 1
    <BLANKLINE>
    4. Backward: add up, over a value's uses, the user's grad times local derivative
       v2.grad = 1
       v1.grad = v2.grad · ∂v2/∂v1 = 1 · 1 = 1
       y.grad = v1.grad · ∂v1/∂y = 1 · 3 = 3
       x.grad = v2.grad · ∂v2/∂x + v1.grad · ∂v1/∂x = 1 · 1 + 1 · 2 = 3
    <BLANKLINE>
    5. The gradients
       dv2/dx = x.grad = 3
       dv2/dy = y.grad = 3
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import NamedTuple

from autograd.reading.formulas import (
    Formula,
    number,
    opaque,
    partials,
    result,
    symbols,
)
from autograd.reading.notation import Latex, Piece, Text
from autograd.reading.paths import gradients_of
from autograd.value import Constant, Value, topological_order

LONGEST_FORMULA = 100
"""A formula of more characters is left out of the worksheet, and its number told."""

PER_ROW = 6
"""How many answers of the key are in a row."""

SUPERSCRIPTS = str.maketrans("()0123456789", "⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹")

LONGEST_LINE = 72
"""A line of more characters has each of its sides on a line of its own."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a worksheet: a name, how its number comes about, and the number.

    `formulas` are equal to the number, and `unfilled` are the same with blanks where
    numbers are put in. A number that is `given` is told in an exercise too.
    """

    name: Formula
    formulas: tuple[Formula, ...]
    unfilled: tuple[Formula, ...]
    number: float
    given: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a worksheet. `first_blank` is the number of its first blank, or 0."""

    title: str
    lines: tuple[Line, ...]
    first_blank: int = 0

    def rows(self) -> Iterator[list[Formula]]:
        """The sides of each line's equation: the name, then what it is equal to."""
        place = self.first_blank
        for line in self.lines:
            if self.first_blank and not line.given:
                yield [line.name, *line.unfilled, blank(line.number, place)]
                place += 1
            else:
                yield [line.name, *line.formulas, number(line.number)]

    def __str__(self) -> str:
        rows = [[side.text for side in row] for row in self.rows()]
        text = [self.title]
        for name, *sides in rows:
            for i, side in enumerate(_broken(sides)):
                text.append(f"   {' ' * len(name) if i else name} = {side}")
        return "\n".join(text)

    def latex(self) -> str:
        """The section as an align* with its title as the first line."""
        rows = [rf"& \textbf{{{self.title}}}"]
        for name, *sides in self.rows():
            short = len(_broken([side.text for side in sides])) == 1
            written = [side.latex for side in sides]
            for i, side in enumerate([" = ".join(written)] if short else written):
                rows.append(f"{'' if i else name.latex} &= {side}")
        return _aligned(rows)


@dataclass(frozen=True, slots=True)
class Derivation:
    """A worksheet of `value`: print it, or show it in a notebook.

    `sections` are the given numbers, the computation, the local partials, the reverse
    sweep, and the gradients of the leaves. `answers` are what belongs into the numbered
    blanks, in order; empty where there are none.
    """

    value: Value
    sections: tuple[Section, ...]
    answers: tuple[float, ...] = ()

    def blanks(self) -> Derivation:
        """The same with numbered blanks to fill in, and the key at the end."""
        sections: list[Section] = []
        answers: list[float] = []
        for section in self.sections:
            asked = [line.number for line in section.lines if not line.given]
            first = len(answers) + 1
            sections.append(replace(section, first_blank=first))
            answers += asked
        return replace(self, sections=tuple(sections), answers=tuple(answers))

    @property
    def key(self) -> str:
        """The answers, `(1) 6, (2) 0.9951, ...`; empty for a sheet without blanks."""
        return ",\n".join(
            ", ".join(f"({i}) {Text.number(x).text}" for i, x in row)
            for row in self._key_rows()
        )

    def _key_rows(self) -> list[list[tuple[int, float]]]:
        numbered = list(enumerate(self.answers, start=1))
        return [numbered[i : i + PER_ROW] for i in range(0, len(numbered), PER_ROW)]

    def __str__(self) -> str:
        parts = [str(section) for section in self.sections]
        return "\n\n".join([*parts, f"Key\n{self.key}"] if self.answers else parts)

    def latex(self) -> str:
        """The worksheet for LaTeX with amsmath, or for a notebook."""
        parts = [section.latex() for section in self.sections]
        if self.answers:
            rows = [
                "& "
                + r",\quad ".join(rf"({i})\ {Latex.number(x).text}" for i, x in row)
                for row in self._key_rows()
            ]
            parts.append(_aligned([r"& \textbf{Key}", *rows]))
        return "\n".join(parts)

    def formulas(self) -> list[str]:
        """The lines of `latex()`, each as one formula, without titles."""
        return [
            " = ".join(side.latex for side in row)
            for section in self.sections
            for row in section.rows()
        ]

    def _repr_latex_(self) -> str:
        return self.latex()


def derivation(value: Value, blanks: bool = False, limit: int = 100) -> Derivation:
    """Write the worksheet of a value: see Value.derivation."""
    order = topological_order(value)
    size = sum(not isinstance(node, Constant) for node in order)
    if size > limit:
        raise ValueError(
            f"derivation: the graph has {size:,} values, more than limit={limit:,}, "
            f"too many for a worksheet that is read. Take a smaller expression, such "
            f"as one neuron, or raise the limit; value.explain(wrt) takes any graph."
        )
    gradients = gradients_of(order)
    nodes = _Nodes(order)
    leaves = [node for node in nodes.variables if node.op is None]
    computed = [node for node in nodes.variables if node.op is not None]
    parts = {
        "Given (numbers are shown to 4 digits)": [nodes.given(leaf) for leaf in leaves],
        "Forward: each value from its operands": list(map(nodes.forward, computed)),
        "Local derivatives: each value by each of its operands, the others fixed": [
            line for node in computed for line in nodes.local(node)
        ],
        "Backward: add up, over a value's uses, the user's grad times local "
        "derivative": [nodes.backward(n, gradients) for n in nodes.variables[::-1]],
        "The gradients": [nodes.gradient(leaf, value, gradients) for leaf in leaves],
    }
    filled = [(title, tuple(lines)) for title, lines in parts.items() if lines]
    sheet = Derivation(
        value,
        tuple(
            Section(f"{i}. {title}", lines)
            for i, (title, lines) in enumerate(filled, start=1)
        ),
    )
    return sheet.blanks() if blanks else sheet


class _Use(NamedTuple):
    """An operand of a node that is no constant: what the chain rule goes along."""

    user: Value
    operand: Value
    name: Formula
    partial: Formula


class _Nodes:
    """The nodes of one graph, and the lines about each."""

    def __init__(self, order: Sequence[Value]) -> None:
        self.names = symbols(order)
        self.variables = [node for node in order if not isinstance(node, Constant)]
        self.operands = {node: self._operands(node) for node in self.variables}
        # In the order in which the reverse sweep comes to them.
        self.uses: dict[Value, list[_Use]] = defaultdict(list)
        for node in reversed(self.variables):
            for use in self.operands[node]:
                self.uses[use.operand].append(use)

    def _operands(self, node: Value) -> list[_Use]:
        if node.op is None:
            return []
        arguments = [self.names[parent] for parent in node.parents]
        found = partials(node.op, arguments, self.names[node])
        return [
            _Use(node, parent, self._partial_name(node, place, partial.value), partial)
            for place, (parent, partial) in enumerate(
                zip(node.parents, found, strict=True)
            )
            if partial is not None
        ]

    def _partial_name(self, node: Value, place: int, partial: float) -> Formula:
        """∂v/∂x; of an operand that is there again, with its place: ∂v/∂x⁽²⁾."""
        parent = node.parents[place]
        out, operand = self.names[node], self.names[parent]
        text, latex = f"∂{out.text}/∂{operand.text}", operand.latex
        if sum(other is parent for other in node.parents) > 1:
            text += f"({place + 1})".translate(SUPERSCRIPTS)
            latex = f"{{{latex}}}^{{({place + 1})}}"
        return Formula(
            partial,
            Piece(text),
            Piece(Latex.derivative(r"\partial", out.latex, latex)),
        )

    def _grad(self, node: Value) -> Formula:
        """What the gradient of a node is called: `x.grad`, and x̄ in LaTeX."""
        name = self.names[node]
        return Formula(
            node.data, Piece(f"{name.text}.grad"), Piece(rf"\overline{{{name.latex}}}")
        )

    def given(self, leaf: Value) -> Line:
        """`x = 3`."""
        return Line(self.names[leaf], (), (), leaf.data, given=True)

    def forward(self, node: Value) -> Line:
        """`v = x · y = 3 · 2 = 6`."""
        assert node.op is not None
        constants = [isinstance(parent, Constant) for parent in node.parents]
        numbers = [opaque(parent.data) for parent in node.parents]
        blanks = [blank(parent.data) for parent in node.parents]
        symbolic, filled, unfilled = (
            result(
                node.op,
                [
                    filled_in if is_constant else operand
                    for is_constant, filled_in, operand in zip(
                        constants, numbers, operands, strict=True
                    )
                ],
            )
            for operands in (
                [self.names[parent] for parent in node.parents],
                numbers,
                blanks,
            )
        )
        by_number = Text.number(node.data).text
        if symbolic.text == by_number:  # a constant was chosen: nothing to compute
            return self.given(node)
        told = filled.text != by_number  # unless it is v = -3 = -3
        return Line(
            self.names[node],
            (symbolic, filled) if told else (symbolic,),
            (symbolic, unfilled),
            node.data,
        )

    def local(self, node: Value) -> list[Line]:
        """`∂v/∂x = y = 2` for each operand."""
        lines = []
        for use in self.operands[node]:
            told = not use.partial.literal and len(use.partial.text) <= LONGEST_FORMULA
            formulas = (use.partial,) if told else ()
            lines.append(Line(use.name, formulas, formulas, use.partial.value))
        return lines

    def backward(self, node: Value, gradients: Mapping[Value, float]) -> Line:
        """`x.grad = v.grad · ∂v/∂x + ... = 1 · 2 + ... = 3`; 1 for the root."""
        uses = self.uses[node]
        if not uses:
            return Line(self._grad(node), (), (), gradients[node], given=True)
        factors = [(gradients[use.user], use.partial.value) for use in uses]
        symbolic = total([self._grad(use.user) * use.name for use in uses])
        filled = total([opaque(a) * opaque(b) for a, b in factors])
        unfilled = total([blank(a) * blank(b) for a, b in factors])
        return Line(
            self._grad(node),
            (symbolic, filled),
            (symbolic, unfilled),
            gradients[node],
        )

    def gradient(
        self, leaf: Value, root: Value, gradients: Mapping[Value, float]
    ) -> Line:
        """`dz/dx = x.grad = 3`."""
        above, below = self.names[root], self.names[leaf]
        name = Formula(
            gradients[leaf],
            Piece(f"d{above.text}/d{below.text}"),
            Piece(
                rf"\frac{{\mathrm{{d}} {above.latex}}}{{\mathrm{{d}} {below.latex}}}"
            ),
        )
        grad = self._grad(leaf)
        return Line(name, (grad,), (grad,), gradients[leaf])


def total(terms: Sequence[Formula]) -> Formula:
    """The sum of one or more formulas."""
    return reduce(operator.add, terms)


def blank(value: float, place: int = 0) -> Formula:
    """A blank in place of a number; one to be filled in has its place in the key."""
    text, latex = "____", r"\_\_\_\_"
    if place:
        text, latex = f"{text} ({place})", rf"{latex}\ {{}}_{{({place})}}"
    return Formula(value, Piece(text), Piece(latex))


def _broken(sides: Sequence[str]) -> list[str]:
    """The sides of an equation in one line, or each in its own where they are long."""
    joined = " = ".join(sides)
    return [joined] if len(joined) <= LONGEST_LINE else list(sides)


def _aligned(rows: Sequence[str]) -> str:
    return "\\begin{align*}\n" + " \\\\\n".join(rows) + "\n\\end{align*}"
