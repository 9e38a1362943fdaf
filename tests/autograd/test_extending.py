"""What is added to the table works everywhere, and needs no other line anywhere.

A primitive, sech(a) = 1 / cosh(a), is one row and one line for each arithmetic. Rows of
one argument, of two, of any number and with a whole number are made of rules alone. All
of them are then used in all ways in which an operation is used.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import (
    Value,
    check_gradient,
    derivative,
    functions,
    gradients,
    operation,
)
from autograd.apply import variadic
from autograd.arithmetic import Floats
from autograd.checking.rules import check_row
from autograd.compiler.arrays import Arrays
from autograd.ops import TABLE, row
from tests.executors import KINDS, executors

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _new_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lines that a primitive takes, and four rows.

    mpmath has a function of this name, so that it needs no line there.
    """
    on_floats = staticmethod(lambda a: 1.0 / math.cosh(a))
    on_arrays = staticmethod(lambda a: np.reciprocal(np.cosh(a)))
    monkeypatch.setattr(Floats, "sech", on_floats, raising=False)
    monkeypatch.setattr(Arrays, "sech", on_arrays, raising=False)
    row(
        "sech",
        "sech",
        "1 / cosh(a)",
        None,
        lambda xp, a, out: -out * xp.tanh(a),
    )
    operation(
        "bell",
        lambda xp, a: 1.0 + xp.sech(3.0 * a),
        [lambda xp, a, out: -3.0 * xp.sech(3.0 * a) * xp.tanh(3.0 * a)],
    )
    operation(
        "damped",
        lambda xp, a, b: a * xp.sech(b),
        [
            lambda xp, a, b, out: xp.sech(b),
            lambda xp, a, b, out: -out * xp.tanh(b),
        ],
        symbol="~",
    )
    operation(
        "rms",
        lambda xp, *args: xp.sqrt(xp.sum([a * a for a in args]) / len(args)),
        [lambda xp, args, out: xp.each(lambda a: a / (out * len(args)), args)],
        variadic=True,
    )
    operation(
        "monomial",
        lambda xp, a, n: 2.0 * a**n,
        [lambda xp, a, n, out: 2.0 * n * xp.pow(a, n - 1.0)],
        static=1,
    )


CALLS: dict[str, Callable[[list[Any]], Any]] = {
    "sech": lambda x: functions.sech(x[0] * x[1]),
    "bell": lambda x: functions.bell(x[0] - x[1]),
    "damped": lambda x: functions.damped(x[0], x[1]),
    "rms": lambda x: functions.rms([x[0], x[1], x[2], x[0] * x[1]]),
    "monomial": lambda x: functions.monomial(x[0], 3) - functions.monomial(x[1], 2),
}
"""Each new operation, of three numbers."""

POINT = [0.7, -0.4, 1.3]

everywhere = pytest.mark.parametrize("name", CALLS)


def test_the_rules_of_the_primitive_agree() -> None:
    check_row(TABLE["sech"])


@everywhere
def test_gradients_and_second_derivatives_are_those_of_all_judges(name: str) -> None:
    report = check_gradient(CALLS[name], POINT)
    for finding in report.findings:
        assert all(estimate is not None for estimate in finding.estimates.values())


@everywhere
def test_plain_numbers_give_a_plain_number(name: str) -> None:
    found = CALLS[name](POINT)
    assert type(found) is float
    assert found == CALLS[name]([Value(x) for x in POINT]).data


@everywhere
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [1, 3, 200])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_programs_compute_what_eager_mode_does(
    name: str, kind: str, batch: int, dtype: str
) -> None:
    rng = np.random.default_rng(0)
    rows = rng.uniform(0.2, 1.5, (batch, 2)).astype(dtype)
    leaves = [Value(x) for x in POINT]
    # Twice in one graph, of other numbers, so that there is a stack of them; and the
    # derivative too, which a program may compute as any other output.
    root = CALLS[name](leaves) + CALLS[name]([leaves[1], leaves[2], leaves[0]])
    runner = executors([root], leaves[:2], leaves[2:], dtype)[kind]
    # 20 operations or so, of at most 8 roundings each, of numbers up to 10.
    allowed = 20 * 8 * 10 * float(np.finfo(dtype).eps)
    for _ in range(2):
        value, gradient = runner.value_and_grad(rows)
        third = float(runner.parameters[0])
        parameter = Value(third)
        total = Value(0.0)
        for a, b in rows.tolist():
            total = total + CALLS[name]([a, b, parameter])
            total = total + CALLS[name]([b, parameter, a])
        total.backward()
        assert value == pytest.approx(total.data / batch, abs=allowed)
        assert gradient[0] == pytest.approx(parameter.grad / batch, abs=allowed)
        runner.parameters[:] = 0.9


@everywhere
@pytest.mark.parametrize("kind", KINDS)
def test_a_recorded_derivative_is_compiled_too(name: str, kind: str) -> None:
    leaves = [Value(x) for x in POINT]
    (slope,) = gradients(CALLS[name](leaves), leaves[:1])
    runner = executors([slope], leaves[:2], leaves[2:])[kind]
    outputs = runner.outputs(np.array([POINT[:2], POINT[:2]]))
    assert outputs[:, 0].tolist() == pytest.approx([slope.data] * 2, rel=1e-13)


@everywhere
def test_the_fourth_derivative_is_that_of_four_first_ones(name: str) -> None:
    def f(t: Any) -> Any:
        return CALLS[name]([t, t * t, 1.0 - t])

    nested = derivative(derivative(derivative(derivative(f))))
    # Sums of some hundred terms, of up to a thousand.
    assert derivative(f, 4)(0.6) == pytest.approx(nested(0.6), rel=1e-11, abs=1e-10)


@everywhere
def test_it_is_explained_and_written_out(name: str) -> None:
    leaves = [Value(x, label) for x, label in zip(POINT, "xyz", strict=True)]
    root = CALLS[name](leaves)
    (slope,) = gradients(root, leaves[:1])
    explained = root.explain(leaves[0])
    assert explained.total == pytest.approx(slope.data, rel=1e-14)
    assert TABLE[name].symbol in str(explained)
    sheet = root.derivation()
    assert rf"\mathrm{{{name}}}" in sheet.latex()
    assert f"{name}(" in str(sheet)


@everywhere
def test_it_is_in_pictures(name: str) -> None:
    pytest.importorskip("graphviz")
    viz = pytest.importorskip("viz")
    root = CALLS[name]([Value(x) for x in POINT])
    assert TABLE[name].symbol in viz.graph(root).source


# The list of what there is to do


def listed() -> set[str]:
    """The files that CONTRIBUTING.md tells to touch for a new operation."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split("## How to add an operation")[1].split("Nothing else")[0]
    return set(re.findall(r"`((?:\w+/)+\w+\.pyi?)`", section))


def mentions(path: Path) -> set[str]:
    """The names and strings in a source file, docstrings left out."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def test_contributing_lists_the_files_in_which_an_operation_is() -> None:
    """Held by some primitives, of users and of rules, whose names mean nothing else."""
    names = {"acosh", "asinh", "lgamma", "erfc", "tanh_slope", "sinc_derivative"}
    assert all(TABLE[name].primitive for name in names)
    sources = [*ROOT.glob("autograd/**/*.py"), *ROOT.glob("autograd/**/*.pyi")]
    sources.append(ROOT / "tests/oracles.py")
    found = {
        path.relative_to(ROOT).as_posix() for path in sources if mentions(path) & names
    }
    assert found == listed()


def test_a_primitive_without_its_line_is_named_by_the_arithmetic(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    x = Value(0.5)
    y = variadic("sech")(x)
    monkeypatch.delattr(Arrays, "sech")
    with pytest.raises(AttributeError, match="sech"):
        executors([y], [x], [])["calls"].outputs([[0.5]])
