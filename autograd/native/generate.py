"""Write the rules of the table as C: `rules.h` and `primitives.h`.

    python -m autograd.native.generate

Each rule is run over numbers that write down what is done to them. The primitives are
in `arithmetic.h`, once for all of C. A rule returns 0 where any number on its way is
not finite: what that means is decided by the rule in Python, which knows what to raise.

    >>> print(Writer().function("twice", ["a"], lambda xp, a: a + a))
    static int twice(double a, double *result)
    {
        LET(t1, a + a);
        *result = t1;
        return 1;
    }

A rule of a list is run over a list of four numbers, which stands for one of any length:
what is done to each of them is a loop.

A tape that is differentiated has primitives alone: `primitives.h` lists those that C
knows, `tape_arithmetic.h` included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from autograd.ops import TABLE, Operation, Rule
from autograd.symbol import Arithmetic, Symbol

HERE = Path(__file__).parent


def _primitives(name: str) -> list[str]:
    """The primitives that a header has."""
    text = (HERE / name).read_text(encoding="utf-8")
    return re.findall(r"^(?:#define|static (?:inline )?double) (\w+)_\b", text, re.M)


PRIMITIVES = _primitives("arithmetic.h")
"""What C knows: a rule that needs another one is run in Python."""

OF_TAPES = {*PRIMITIVES, *_primitives("tape_arithmetic.h")}
"""What a tape knows in C."""

OPERATORS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
"""How C writes rows that are no functions."""

EXACT = {"neg", "pos", "abs", "step", "greater", "maximum", "minimum", "where"}
"""What is finite where its operands are."""

LENGTHS = {4: "n", 2: "n / 2"}
"""What the lengths of lists stand for: all arguments, or half of them."""


class NotInC(Exception):
    """A rule needs a primitive that C does not know."""


def _check(op: Operation) -> None:
    if op.name not in PRIMITIVES:
        raise NotInC(op.name)


class Number(Symbol):
    """A number of a rule in the making: its name in C."""

    __slots__ = ("name", "xp")

    def __init__(self, writer: Writer, name: str) -> None:
        self.xp = writer
        self.name = name


class Numbers(Sequence[Number]):
    """A list of numbers: an array in C, and a length that stands for another."""

    def __init__(self, writer: Writer, name: str, length: int) -> None:
        self.writer, self.name, self.length = writer, name, length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, place: Any) -> Any:
        if not isinstance(place, slice):
            raise TypeError("a rule of a list does the same to each of its numbers")
        start, stop, _ = place.indices(self.length)
        name = f"({self.name} + {LENGTHS[start]})" if start else self.name
        return Numbers(self.writer, name, stop - start)

    def __iter__(self) -> Iterator[Number]:
        raise TypeError("a rule of a list does the same to each of its numbers")


class Writer(Arithmetic):
    """The arithmetic of `Number`: it writes each operation down, as a line of C."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.n = 0
        self.n_lists = 0
        self.finite: set[str] = set()
        self.indent = "    "

    def each(self, f: Callable[..., Any], *lists: Any) -> Any:
        """The results of a function for each of the arguments: a loop."""
        length = len(lists[0])
        name = self.new_list(length)
        self.write(f"for (Py_ssize_t i = 0; i < {LENGTHS[length]}; i++) {{")
        self.indent += "    "
        items = [Number(self, f"{numbers.name}[i]") for numbers in lists]
        self.write(f"{name}[i] = {self.text(f(*items))};")
        self.indent = self.indent[4:]
        self.write("}")
        return Numbers(self, name, length)

    def joined(self, a: Any, b: Any) -> Any:
        """Two lists, one after the other."""
        name = self.new_list(len(a) + len(b))
        for numbers, place in ((a, name), (b, f"{name} + n / 2")):
            self.write(f"memcpy({place}, {numbers.name}, sizeof(double) * (n / 2));")
        return Numbers(self, name, len(a) + len(b))

    def new_list(self, length: int) -> str:
        """The name of a new list, in the space that the caller has given."""
        self.n += 1
        self.n_lists += 1
        name = f"list{self.n}"
        self.write(f"double *{name} = space;")
        self.write(f"space += {LENGTHS[length]};")
        return name

    def apply(self, op: Operation, *operands: Any) -> Any:
        """A row of numbers: a line, or those of its own rule."""
        if op.name in OPERATORS:
            a, b = map(self.text, operands)
            return self.named(f"{a} {OPERATORS[op.name]} {b}")
        if op.name == "neg":
            return self.named(f"-{self.text(operands[0])}", exact=True)
        if not op.primitive:
            return op.forward(self, *operands)
        _check(op)
        static = map(str, op.static)
        listed = ", ".join([*map(self.text, operands), *static])
        return self.named(f"{op.name}_({listed})", op.name in EXACT)

    def apply_to_list(self, op: Operation, operands: Any) -> Any:
        """A row of one list."""
        if not op.primitive:
            assert op.listed is not None
            return op.listed(self, operands)
        _check(op)
        return self.named(f"{op.name}_({operands.name}, {LENGTHS[len(operands)]})")

    def named(self, expression: str, exact: bool = False) -> Number:
        """A new number."""
        self.n += 1
        name = f"t{self.n}"
        if exact:
            self.write(f"double {name} = {expression};")
        else:
            self.write(f"LET({name}, {expression});")
            self.finite.add(name)
        return Number(self, name)

    def text(self, number: Any) -> str:
        """A number, or a constant, as C writes it."""
        return number.name if isinstance(number, Number) else repr(float(number))

    def write(self, line: str) -> None:
        """Add a line to the function."""
        self.lines.append(self.indent + line)

    def function(self, name: str, arguments: Sequence[str], rule: Rule) -> str:
        """A C function of a rule of single numbers."""
        result = rule(self, *[Number(self, argument) for argument in arguments])
        self.finish(result)
        given = "".join(f"double {argument}, " for argument in arguments)
        return self.complete(f"static int {name}({given}double *result)")

    def of_list(self, name: str, more: Sequence[str], rule: Rule) -> str:
        """A C function of a rule of a list, `a` of the length n, in `space`."""
        found = rule(self, Numbers(self, "a", 4), *[Number(self, m) for m in more])
        if isinstance(found, Numbers):
            self.write(f"memcpy(result, {found.name}, sizeof(double) * n);")
        elif isinstance(found, list):
            (constant,) = set(found)
            self.write("for (Py_ssize_t i = 0; i < n; i++)")
            self.write(f"    result[i] = {constant!r};")
        else:
            self.finish(found)
        given = "".join(f"double {argument}, " for argument in more)
        return self.complete(
            f"static int {name}(const double *a, Py_ssize_t n, {given}double *space,"
            f" double *result)"
        )

    def finish(self, result: Any) -> None:
        """Write the result, which is a number."""
        if isinstance(result, Number) and result.name not in self.finite:
            self.write(f"if (!isfinite({result.name})) return 0;")
        self.write(f"*result = {self.text(result)};")

    def complete(self, head: str) -> str:
        """The function of all lines, with nothing that is not used."""
        body = "\n".join(self.lines)
        return f"{head}\n{{\n{body}\n    return 1;\n}}"


def primitives() -> str:
    """The file of the primitives: each kind of them as a list, for a macro of one."""
    kinds: dict[str, list[str]] = {name: [] for name in KINDS.values()}
    for op in TABLE.values():
        if op.primitive and op.name in OF_TAPES:
            kinds[KINDS[op.arity, op.n_static]].append(op.name)
    lists = [
        f"#define {kind}(X) \\\n" + " \\\n".join(f"    X({name})" for name in names)
        for kind, names in kinds.items()
    ]
    head = "/* The primitives of tapes, written by autograd.native.generate. */"
    return "\n\n".join([head, *lists]) + "\n"


KINDS = {
    (1, 0): "UNARY",
    (2, 0): "BINARY",
    (3, 0): "TERNARY",
    (1, 1): "UNARY_AT",
    (2, 2): "BINARY_AT",
    (None, 0): "LISTED",
}
"""What a primitive takes: so many numbers, and whole numbers besides."""


def source() -> str:
    """The file of the rules."""
    listed = [op for op in TABLE.values() if not op.n_static]
    functions: list[str] = []
    cases: dict[str, list[str]] = {head: [] for head in HEADS}
    n_lists = 0
    for op in listed:
        for finder, case, name, given, rule in _rules(op):
            writer = Writer()
            make = writer.function if op.arity else writer.of_list
            try:
                functions.append(make(name, given, rule))
            except NotInC:
                continue
            n_lists = max(n_lists, writer.n_lists)
            arguments = ["a", "n", *given, "space"] if op.arity is None else given
            call = f"{name}({', '.join([*arguments, 'result'])})"
            cases[finder].append(f"{case}: return {call};")
    rules = "".join(f"    RULE_{op.name},\n" for op in listed)
    names = "".join(f'    "{op.name}",\n' for op in listed)
    parts = [
        "/* The rules of the table in C, written by autograd.native.generate.\n\n"
        "   A rule returns 0 where a number on its way is not finite. */",
        '#include "arithmetic.h"',
        f"enum rule {{\n    NO_RULE,\n{rules}    N_RULES\n}};",
        f"static const char *const rule_names[] = {{\n    NULL,\n{names}}};",
        "/* How many lists of its length a rule writes down on its way, at most. */\n"
        f"#define SPACE {n_lists}",
        *functions,
        *[
            _switch(f"{name}({head})", by, cases[name])
            for name, (head, by) in HEADS.items()
        ],
    ]
    return "\n\n".join(parts) + "\n"


def _rules(op: Operation) -> Iterator[tuple[str, str, str, list[str], Rule]]:
    """The rules of a row: who finds it and how, its name, its arguments, itself."""
    number = f"RULE_{op.name}"
    if op.arity is None:
        assert op.listed is not None
        yield "forward_of_list", number, f"{op.name}_forward", [], op.listed
        yield "partials_of_list", number, f"{op.name}_partials", ["out"], op.partials[0]
        return
    arguments = ["a", "b", "c"][: op.arity]
    yield "forward_of", number, f"{op.name}_forward", arguments, op.forward
    for i, rule in enumerate(op.partials):
        name = f"{op.name}_partial{i}"
        yield "partial_of", f"3 * {number} + {i}", name, [*arguments, "out"], rule


HEADS = {
    "forward_of": (
        "int rule, double a, double b, double c, double *result",
        "rule",
    ),
    "partial_of": (
        "int rule, int i, double a, double b, double c, double out, double *result",
        "3 * rule + i",
    ),
    "forward_of_list": (
        "int rule, const double *a, Py_ssize_t n, double *space, double *result",
        "rule",
    ),
    "partials_of_list": (
        "int rule, const double *a, Py_ssize_t n, double out, double *space, "
        "double *result",
        "rule",
    ),
}
"""The functions that find a rule by its number: what they take, and what decides."""


def _switch(head: str, switch: str, cases: Sequence[str]) -> str:
    """A function that finds a rule."""
    body = "".join(f"    case {case}\n" for case in cases)
    return (
        f"static inline int {head}\n{{\n    switch ({switch}) {{\n{body}    }}\n"
        f"    return 0;\n}}"
    )


FILES = {HERE / "rules.h": source, HERE / "primitives.h": primitives}
"""What is written, and how."""


if __name__ == "__main__":
    for path, write in FILES.items():
        path.write_text(write(), encoding="utf-8")
