"""Formulas: what they say, read by the usual precedence, is what they are worth."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from autograd.reading.formulas import (
    Formulas,
    number,
    partials,
    result,
    symbol,
    symbols,
)
from tests.formulas import evaluated
from tests.oracles import ORACLES
from tests.strategies import apply, row_of, tame_arguments

NAMES = "abcdefghij"


@pytest.mark.parametrize("name", ORACLES)
@given(data=st.data())
def test_the_formulas_of_every_row_say_what_the_row_computes(
    name: str, data: st.DataObject
) -> None:
    op = row_of(name)
    numbers = data.draw(tame_arguments(name, 1 / 16))
    leaves = [Value(x, label=c) for x, c in zip(numbers, NAMES, strict=False)]
    node = apply(name, leaves)
    if node.op is not op or len(leaves) < len(numbers):
        return
    operands = [symbol(leaf.label, leaf.data) for leaf in leaves]
    out = symbol("y", node.data)
    known = {**dict(zip(NAMES, numbers, strict=False)), "y": node.data}
    found = partials(op, operands, out)
    assert [partial and partial.value for partial in found] == list(node.partials())
    for formula in [result(op, operands), *found]:
        assert formula is not None
        # Every formula is right to rounding, but 1 - tanh² and 1 - σ cancel: by tame
        # arguments, 1 - 0.995² and 1 - 0.95 at worst, to 1e-14.
        for written in (formula.text, formula.latex):
            assert evaluated(written, **known) == pytest.approx(
                formula.value, rel=1e-13, abs=1e-13
            )


def trees(depth: int) -> st.SearchStrategy[Any]:
    leaf = st.sampled_from([symbol("a", 2.0), symbol("b", -3.0), 4.0, -0.5, 1.0, 0.0])
    if not depth:
        return leaf
    inner = trees(depth - 1)
    operations = st.sampled_from(["+", "-", "*", "/", "^", "neg", "exp", "|"])
    return leaf | st.tuples(operations, inner, inner)


def built(tree: Any) -> Any:
    """The formula of a tree; what is not defined or has no exact digits is left out."""
    if not isinstance(tree, tuple):
        return tree if not isinstance(tree, float) else number(tree)
    operation, left, right = tree
    a, b = built(left), built(right)
    found = {
        "+": lambda: a + b,
        "-": lambda: a - b,
        "*": lambda: a * b,
        "/": lambda: a / b if b.value else a,
        "neg": lambda: -a,
        "|": lambda: Formulas.abs(a),
        "exp": lambda: Formulas.exp(a) if abs(a.value) < 10.0 else a,
        "^": lambda: a ** symbol("c", 3.0) if abs(a.value) < 10.0 else a,
    }[operation]()
    return a if found.literal and float(found.text) != found.value else found


@given(tree=trees(4))
def test_a_formula_says_its_value_however_it_is_composed(tree: Any) -> None:
    found = built(tree)
    for written in (found.text, found.latex):
        said = evaluated(written, a=2.0, b=-3.0, c=3.0)
        # Folding and leaving out reorders a few roundings, of numbers up to
        # (15 · e^10)² or so where they are multiplied.
        assert math.isclose(said, found.value, rel_tol=1e-9, abs_tol=1e-4), written


def test_brackets_are_there_where_they_change_the_meaning_and_nowhere_else() -> None:
    a, b, c = (symbol(name, 2.0) for name in "abc")
    assert str(a - (b - c)) == "a - (b - c)"
    assert str(a - b - c) == "a - b - c"
    assert str(a + (b + c)) == "a + b + c"
    assert str(a / (b * c)) == "a / (b · c)"
    assert str(a * (b + c)) == "a · (b + c)"
    assert str(-(a + b)) == "-(a + b)"
    assert str(a * -b) == "a · (-b)"
    assert str((-a) ** b) == "(-a)^b"
    assert str(-(a**b)) == "-a^b"
    assert str((a / b) ** c) == "(a / b)^c"
    assert (a / b * c).latex == r"\frac{a}{b} \cdot c"
    assert ((a / b) ** c).latex == r"\left(\frac{a}{b}\right)^{c}"


def test_what_a_reader_would_leave_out_is_left_out() -> None:
    a = symbol("a", 2.0)
    assert str(1.0 * a + 0.0) == "a"
    assert str(a**1.0 / 1.0) == "a"
    assert str(a ** (number(2.0) - 1.0)) == "a"
    assert str(3.0 * a ** (number(3.0) - 1.0)) == "3 · a^2"


def test_numbers_are_short_and_those_of_the_table_have_their_names() -> None:
    assert [number(x).text for x in (0.123456, -0.0, 1e-7, math.inf)] == [
        "0.1235",
        "0",
        "1e-07",
        "inf",
    ]
    assert number(1.25e-7).latex == r"1.25 \cdot 10^{-7}"
    assert number(-2.0 / math.sqrt(math.pi)).text == "-2/√π"


def test_only_the_names_asked_for_are_told_and_they_are_those_of_the_whole() -> None:
    x = Value(2.0)
    order = [x, x * 3.0, x * 2.0]
    assert {n: f.text for n, f in symbols(order, {order[2]}).items()} == {
        order[2]: symbols(order)[order[2]].text
    }
    assert symbols(order)[order[2]].text == "v3"
