"""Worksheets: each line is true, as text and as LaTeX; an exercise has its key."""

from __future__ import annotations

import math

import pytest
from hypothesis import given

import autograd
from autograd import DerivativeError, Value
from autograd.apply import unary
from autograd.ops import row
from autograd.reading.derivation import Derivation, Line
from tests.formulas import evaluated, parsed
from tests.oracles import ORACLES
from tests.strategies import Graph, apply, graphs, row_of


def sheet_of(graph: Graph) -> Derivation:
    return graph.root.derivation()


def names_of(sheet: Derivation) -> dict[str, float]:
    lines = [line for section in sheet.sections[:2] for line in section.lines]
    return {line.name.text: line.number for line in lines}


def neuron() -> Value:
    x, w, b = (
        Value(number, label=label)
        for number, label in ((2.0, "x"), (-3.0, "w"), (6.9, "b"))
    )
    out = (x * w + b).tanh()
    out.label = "out"
    return out


def close(found: float, line: Line) -> bool:
    """Whether a formula gives the line's number to what its constants' digits allow.

    Constants are written to 4 digits, so that each is off by 5e-5 of itself; graphs
    this small multiply or add no more than a few of them, and are tame.
    """
    return math.isclose(found, line.number, rel_tol=5e-3, abs_tol=5e-3)


@given(graph=graphs(most=16))
def test_the_symbolic_formulas_of_a_worksheet_are_true(graph: Graph) -> None:
    sheet = sheet_of(graph)
    names = names_of(sheet)
    for section in sheet.sections[1:3]:
        for line in section.lines:
            for formula in line.formulas[:1]:
                assert close(evaluated(formula.text, **names), line), line
                assert close(evaluated(formula.latex, **names), line), line


@given(graph=graphs(most=24))
def test_the_gradients_of_a_worksheet_are_those_of_backward(graph: Graph) -> None:
    sheet = sheet_of(graph)
    found = [line.number for line in sheet.sections[-1].lines]
    graph.root.backward()
    reached = {leaf for leaf in graph.leaves if leaf.has_grad}
    assert len(found) == len(reached)
    assert sorted(found) == sorted(leaf.grad for leaf in reached)


@given(graph=graphs(most=24))
def test_the_sums_of_the_reverse_sweep_add_up(graph: Graph) -> None:
    for line in sheet_of(graph).sections[-2].lines[1:]:
        # In full: the numbers that are put in, before they are written to 4 digits.
        assert line.formulas[1].value == pytest.approx(
            line.number, rel=1e-12, abs=1e-300
        )


@pytest.mark.parametrize("name", ORACLES)
def test_matplotlib_reads_the_formulas_of_every_row(name: str) -> None:
    counts = {None: 4, **{n: n for n in range(1, 4)}}
    first = 1.25 if name == "acosh" else 0.25
    leaves = [Value(first + 0.2 * i, label=c) for i, c in enumerate("abcd")]
    sheet = apply(name, leaves[: counts[row_of(name).arity]]).derivation()
    values, local = sheet.sections[1:3]
    for line in (*values.lines, *local.lines):
        for side in (line.name, *line.formulas, *line.unfilled[1:]):
            assert parsed(side.latex)


def test_matplotlib_reads_a_whole_worksheet_and_its_exercise() -> None:
    sheet = neuron().derivation()
    for formula in [*sheet.formulas(), *sheet.blanks().formulas()]:
        assert parsed(formula)


@given(graph=graphs(most=24))
def test_an_exercise_tells_no_number_that_it_asks_for(graph: Graph) -> None:
    exercise = sheet_of(graph).blanks()
    asked = [
        row[-1].text
        for section in exercise.sections
        for row in section.rows()
        if "____" in row[-1].text
    ]
    assert asked == [f"____ ({i})" for i in range(1, len(exercise.answers) + 1)]
    for section in exercise.sections:
        for line, sides in zip(section.lines, section.rows(), strict=True):
            if not line.given:
                assert line.number in exercise.answers
                # The formula may be there, never with the numbers put in.
                told = [side.text for side in sides[1:-1]]
                assert all("____" in text for text in told[1:])


def test_a_constant_that_was_chosen_is_given() -> None:
    sheet = autograd.where(Value(1.0, label="x"), 2.0, 3.0).derivation(blanks=True)
    assert "   v1 = 2\n" in str(sheet)


def test_the_worksheet_of_a_neuron() -> None:
    assert str(neuron().derivation()) == (
        """\
1. Given (numbers are shown to 4 digits)
   x = 2
   w = -3
   b = 6.9

2. Forward: each value from its operands
   v1 = x · w = 2 · (-3) = -6
   v2 = v1 + b = -6 + 6.9 = 0.9
   out = tanh(v2) = tanh(0.9) = 0.7163

3. Local derivatives: each value by each of its operands, the others fixed
   ∂v1/∂x = w = -3
   ∂v1/∂w = x = 2
   ∂v2/∂v1 = 1
   ∂v2/∂b = 1
   ∂out/∂v2 = 1 - out^2 = 0.4869

4. Backward: add up, over a value's uses, the user's grad times local derivative
   out.grad = 1
   v2.grad = out.grad · ∂out/∂v2 = 1 · 0.4869 = 0.4869
   b.grad = v2.grad · ∂v2/∂b = 0.4869 · 1 = 0.4869
   v1.grad = v2.grad · ∂v2/∂v1 = 0.4869 · 1 = 0.4869
   w.grad = v1.grad · ∂v1/∂w = 0.4869 · 2 = 0.9738
   x.grad = v1.grad · ∂v1/∂x = 0.4869 · (-3) = -1.461

5. The gradients
   dout/dx = x.grad = -1.461
   dout/dw = w.grad = 0.9738
   dout/db = b.grad = 0.4869"""
    )


def test_the_exercise_of_a_neuron_has_its_key_at_the_end() -> None:
    exercise = neuron().derivation(blanks=True)
    text = str(exercise)
    assert "   v1 = x · w = ____ · ____ = ____ (1)\n" in text
    assert "   ∂out/∂v2 = 1 - out^2 = ____ (8)\n" in text
    assert "   w.grad = v1.grad · ∂v1/∂w = ____ · ____ = ____ (12)\n" in text
    assert text.endswith(f"Key\n{exercise.key}")
    assert exercise.key.startswith(
        "(1) -6, (2) 0.9, (3) 0.7163, (4) -3, (5) 2, (6) 1,\n"
    )
    assert exercise.answers[11] == pytest.approx(0.97383472)
    assert str(neuron().derivation().blanks()) == text
    assert exercise.blanks().answers == exercise.answers
    assert r"\textbf{Key}" in exercise.latex()
    assert "Key" not in str(neuron().derivation())


def test_an_operand_that_is_there_twice_is_told_apart() -> None:
    x = Value(3.0, label="x")
    text = str((x * x).derivation())
    assert "∂v1/∂x⁽¹⁾ = x = 3" in text
    assert (
        "x.grad = v1.grad · ∂v1/∂x⁽¹⁾ + v1.grad · ∂v1/∂x⁽²⁾ = 1 · 3 + 1 · 3 = 6" in text
    )


def test_the_worksheet_of_a_leaf_has_no_computation() -> None:
    assert str(Value(3.0, label="x").derivation()) == (
        "1. Given (numbers are shown to 4 digits)\n   x = 3\n\n"
        "2. Backward: add up, over a value's uses, the user's grad times local "
        "derivative\n   x.grad = 1\n\n"
        "3. The gradients\n   dx/dx = x.grad = 1"
    )


def test_a_long_equation_is_broken_at_its_signs() -> None:
    leaves = [Value(float(i), label=f"weight{i}") for i in range(8)]
    text = str(autograd.sum(leaves).derivation())
    assert "\n   v1 = weight0 + weight1 +" in text
    assert "\n      = 0 + 1 + 2 + 3 + 4 + 5 + 6 + 7\n      = 28\n" in text


LABELS = {
    "x": "x",
    "x1": "x_{1}",
    "a_1": r"\mathrm{a\_1}",
    "θ2": r"\theta_{2}",
    "Δ": r"\Delta",
    "layers.0.weight[1, 7]": r"\mathrm{layers{.}0{.}weight{[}1{,}\ 7{]}}",
    "100%": r"\mathrm{{''}100\%{''}}",
    "\\": r"\mathrm{{''}{\backslash}{''}}",
    "$x^2$ & {#~}": (r"\mathrm{{''}\$x\hat{\ }2\$\ \&\ \{\#\tilde{\ }\}{''}}"),
    "größe": r"\mathrm{gr\text{ö}\text{ß}e}",
}
"""Labels, and how LaTeX is told to draw them as they are."""


@pytest.mark.parametrize("label", LABELS)
def test_a_label_is_drawn_by_latex_as_it_is(label: str) -> None:
    sheet = Value(3.0, label=label).tanh().derivation()
    assert sheet.formulas()[0] == f"{LABELS[label]} = 3"
    for formula in sheet.formulas():
        assert parsed(formula)


def test_labels_that_are_alike_and_names_that_are_taken_are_told_apart() -> None:
    x, other, taken = (Value(2.0, label=name) for name in ("x", "x", "v1"))
    assert [*names_of((x * other + taken).derivation())] == [
        "x",
        "x#2",
        "v1",
        "v2",
        "v3",
    ]


def test_an_operation_of_ones_own_is_written_by_its_rules() -> None:
    cube = autograd.operation(
        "cube", lambda xp, a: a * a * a, [lambda xp, a, out: 3.0 * a**2], symbol="a³"
    )
    text = str(cube(Value(2.0, label="x")).derivation())
    assert "v1 = cube(x) = cube(2) = 8" in text
    assert "∂v1/∂x = 3 · x^2 = 12" in text


def test_a_rule_that_formulas_cannot_follow_tells_its_number() -> None:
    # A rule that registration would refuse, as it runs on numbers alone.
    row(
        "square", "²", "a²", lambda xp, a: a * a, lambda xp, a, out: 2.0 * a.conjugate()
    )
    square = unary("square")
    assert "∂v1/∂x = 4\n" in str(square(Value(2.0, label="x")).derivation())


def test_a_graph_that_is_too_large_is_refused_with_the_ways_out() -> None:
    total = autograd.sum([Value(1.0) for _ in range(100)])
    with pytest.raises(ValueError, match=r"101 values.*limit=100.*raise the limit"):
        total.derivation()
    assert len(total.derivation(limit=101).sections) == 5


def test_what_backward_refuses_has_no_worksheet() -> None:
    with pytest.raises(DerivativeError, match="sqrt"):
        Value(0.0).sqrt().derivation()


def test_a_worksheet_changes_no_gradient() -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    y.derivation()
    assert (x.grad, y.grad) == (6.0, 1.0)


def test_a_notebook_is_given_latex() -> None:
    shown = neuron().derivation()._repr_latex_()
    assert shown.count(r"\begin{align*}") == shown.count(r"\end{align*}") == 5
    assert "\n\n" not in shown  # LaTeX takes an empty line inside for an error
    assert r"\tanh\left(v_{2}\right) = \tanh\left(0.9\right) = 0.7163" in shown
