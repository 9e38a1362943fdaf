"""Inside anomaly() an error says which lines made what."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    DerivativeError,
    DomainError,
    Value,
    anomaly,
    exp,
    grad,
    gradients,
    log,
    no_grad,
    sqrt,
    sum,
    topological_order,
)
from autograd.anomaly import where_made
from autograd.arithmetic import Floats
from autograd.linearize import Linearization
from tests.strategies import Graph, apply, graphs


def line() -> int:
    """The number of the line that calls this."""
    return sys._getframe(1).f_lineno


def test_a_node_remembers_the_line_that_made_it() -> None:
    with anomaly():
        y = Value(2.0) * 3.0; here = line()  # noqa: E702  # fmt: skip
    assert f"test_anomaly.py, line {here}, in test_a_node" in where_made(y)
    assert "y = Value(2.0) * 3.0" in where_made(y)


def test_outside_nothing_is_remembered() -> None:
    with anomaly():
        pass
    assert where_made(Value(2.0) * 3.0) == ""
    with pytest.raises(DomainError) as caught:
        log(Value(-1.0))
    assert "test_anomaly.py" not in str(caught.value)


def test_in_no_grad_nothing_is_recorded_and_errors_still_say_where() -> None:
    with anomaly(), no_grad():
        y = Value(2.0) * 3.0
        with pytest.raises(DomainError, match=r"in test_in_no_grad"):
            log(y - 6.0)
    assert y.parents == ()
    with no_grad(), anomaly():
        assert (Value(2.0) * 3.0).parents == ()


def test_another_thread_is_not_affected() -> None:
    made: list[Value] = []
    with anomaly():
        thread = threading.Thread(target=lambda: made.append(Value(2.0) * 3.0))
        thread.start()
        thread.join()
    assert where_made(made[0]) == ""


def test_an_error_after_the_block_still_says_where_the_node_was_made() -> None:
    with anomaly():
        y = sqrt(Value(0.0, label="x"))
    with pytest.raises(DerivativeError, match=r"(?s)sqrt\(x=0.0\).*sqrt\(Value\(0.0"):
        y.backward()


def test_the_operands_lines_are_shown_with_their_labels() -> None:
    with anomaly():
        p = exp(Value(-800.0, label="x"))
        p.label = "p"
        with pytest.raises(DomainError) as caught:
            log(p)
    text = str(caught.value)
    assert "log(p=0.0) is not defined" in text
    assert "p 0.0 = exp(x=-800.0), at" in text
    assert 'p = exp(Value(-800.0, label="x"))' in text
    assert "    log(p)" in text


def softplus_by_hand() -> Value:
    return log(1.0 + exp(Value(1000.0)))


def logsumexp_by_hand() -> Value:
    return log(sum([exp(Value(-1000.0)), exp(Value(-2000.0))]))


def log_softmax_by_hand() -> Value:
    parts = [exp(Value(-800.0)), exp(Value(0.0))]
    return log(parts[0] / sum(parts))


def root_of_squares() -> None:
    x, y = Value(0.0), Value(0.0)
    sqrt(x * x + y * y).backward()


def root_at_zero() -> None:
    sqrt(Value(0.0) * 2.0).backward()


def share_of_nothing() -> Value:
    a, b = Value(1.0), Value(-1.0)
    return a / (a + b)


def second_derivative_of_a_root() -> None:
    x = Value(0.0)
    (slope,) = gradients(x**1.5, [x])
    gradients(slope, [x])


def second_derivative_of_a_division() -> None:
    x = Value(1e-200)
    (slope,) = gradients(1.0 / x, [x])
    slope.backward()


def log_of_a_sigmoid() -> Value:
    return log(Value(-1000.0).sigmoid())


REMEDIES: list[tuple[Callable[[], object], str, str]] = [
    (softplus_by_hand, "is softplus(x)", "log(1.0 + exp(Value(1000.0)))"),
    (logsumexp_by_hand, "is logsumexp(a)", "log(sum([exp(Value(-1000.0))"),
    (log_softmax_by_hand, "is log_softmax(a)[i]", "log(parts[0] / sum(parts))"),
    (log_of_a_sigmoid, "is -softplus(-x)", "log(Value(-1000.0).sigmoid())"),
    (root_of_squares, "root of a sum of squares", "sqrt(x * x + y * y)"),
    (root_at_zero, "write sqrt(x + 1e-12)", "sqrt(Value(0.0) * 2.0)"),
    (share_of_nothing, "The divisor is a sum that is 0", "return a / (a + b)"),
    (second_derivative_of_a_root, "(x + 1e-12) ** p", "gradients(x**1.5, [x])"),
    (second_derivative_of_a_division, "the derivative of div", "gradients(1.0 / x"),
]


@pytest.mark.parametrize(
    ("provoke", "remedy", "source"), REMEDIES, ids=[f.__name__ for f, _, _ in REMEDIES]
)
def test_the_usual_remedy_and_the_line_are_in_the_message(
    provoke: Callable[[], object], remedy: str, source: str
) -> None:
    with anomaly(), pytest.raises((ValueError, ArithmeticError)) as caught:
        provoke()
    text = str(caught.value)
    assert remedy in text
    assert source in text
    assert f"in {provoke.__name__}" in text


def test_what_f_computes_while_it_is_differentiated_has_its_lines() -> None:
    with anomaly(), pytest.raises(DomainError, match=r"operand -2.0 = mul\(.*, at "):
        grad(lambda x: sqrt(x * -2.0))(1.0)


def test_the_derivative_of_a_derivative_names_the_operation_it_comes_from() -> None:
    with anomaly():
        x = Value(0.0, label="x")
        (slope,) = gradients(x**1.5, [x])
    with pytest.raises(DerivativeError, match=r"at the derivative of pow\(x=0.0, 1.5"):
        gradients(slope, [x])


def test_a_node_made_in_the_block_computes_what_it_always_computes() -> None:
    def f(x: Value) -> Value:
        return (x * x + 1.0).log() * x.tanh()

    x, y = Value(0.7), Value(0.7)
    f(x).backward()
    with anomaly():
        f(y).backward()
        (slope,) = gradients(f(y), [y])
    assert (y.grad, slope.data) == (x.grad, pytest.approx(x.grad, rel=1e-15))


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("value.py", False),
        ("reading/paths.py", False),
        ("checking/judges.py", False),
        ("../autograd_lessons/first.py", True),
        ("../nn/losses.py", True),
    ],
)
def test_lines_of_this_package_and_of_no_other_are_hidden(
    place: str, shown: bool
) -> None:
    root = Path(autograd.__file__).parent
    file = str((root / place).resolve())
    names: dict[str, Any] = {}
    exec(compile("def double(x):\n    return x * 2.0\n", file, "exec"), names)
    with anomaly():
        y = names["double"](Value(3.0))
    line = "in double" if shown else "in test_lines_of_this_package"
    assert line in where_made(y)


# Numbers that change under a graph

SWEEPS: dict[str, Callable[[Value, Value], object]] = {
    "backward": lambda y, x: y.backward(),
    "gradients": lambda y, x: gradients(y, [x]),
    "first derivative": lambda y, x: Linearization(
        topological_order(y), [y], [x], Floats
    ),
}


@pytest.mark.parametrize("sweep", SWEEPS.values(), ids=SWEEPS)
@pytest.mark.parametrize("make", [lambda x, w: x * w, lambda x, w: sum([w, x]) ** 2.0])
def test_a_leaf_that_was_changed_under_a_graph_is_named(
    sweep: Callable[[Value, Value], object], make: Callable[[Value, Value], Value]
) -> None:
    x, w = Value(3.0, label="x"), Value(2.0, label="w")
    with anomaly():
        y = make(x, w)
    w.data = 10.0
    with pytest.raises(RuntimeError) as caught:
        sweep(y, x)
    text = str(caught.value)
    assert "the data of the leaf 'w' was 2.0 when" in text
    assert "and is 10.0 now" in text
    assert "in <lambda>" in text
    assert not x.has_grad
    w.data = 2.0
    sweep(y, x)


def test_a_constant_that_was_changed_under_a_graph_is_not_compiled() -> None:
    x, w = Value(2.0, label="x"), Value(3.0, label="w")
    with anomaly():
        y = x * w + w
    w.data = 5.0
    with pytest.raises(RuntimeError, match=r"leaf 'w' was 3.0 .* the program of mul"):
        autograd.compile(y, [x])
    # An input or a parameter has any number in a program.
    assert autograd.compile(y, [x, w])([[2.0, 5.0]]) == 15.0
    assert autograd.compile(y, [x], [w])([[2.0]]) == 15.0


def test_a_leaf_that_gets_the_number_it_had_is_not_changed() -> None:
    x = Value(3.0)
    with anomaly():
        y = x * x
        x.data = float("3.0")
        y.backward()
    assert x.grad == 6.0


def test_a_zero_of_the_other_sign_is_another_number() -> None:
    x = Value(0.0)
    with anomaly():
        y = x.exp()
    x.data = -0.0
    with pytest.raises(RuntimeError, match=r"was 0\.0 when exp .* is -0\.0 now"):
        y.backward()


def test_a_computed_value_that_was_changed_is_named() -> None:
    with anomaly():
        h = Value(3.0) * 2.0
        h.label = "h"
        y = h.exp()
    h.data = 1.0
    with pytest.raises(RuntimeError, match=r"the Value 'h' that mul computed was 6.0"):
        y.backward()


def test_outside_the_block_a_leaf_may_change_unnoticed() -> None:
    x = Value(3.0)
    y = x * x
    x.data = 10.0
    y.backward()
    assert x.grad == 20.0


def test_a_step_between_two_passes_changes_no_graph() -> None:
    w = Value(3.0)
    with anomaly():
        for _ in range(3):
            w.zero_grad()
            (w * w).backward()
            w.data -= 0.1 * w.grad
    assert w.data == pytest.approx(3.0 * 0.8**3, rel=1e-15)  # three roundings


@settings(max_examples=60, deadline=None)
@given(graph=graphs(20), data=st.data())
def test_whichever_leaf_of_a_graph_is_changed_is_named_and_no_other(
    graph: Graph, data: st.DataObject
) -> None:
    made: dict[Any, Any] = {}
    for i, leaf in enumerate(graph.leaves):
        made[leaf] = Value(leaf.data, label=f"x{i}")
    with anomaly():
        for step in graph.steps:
            operands = [made.get(v, v) for v in step.operands]
            made[step.node] = apply(step.name, operands)
    root = made[graph.root]
    changed = made[data.draw(st.sampled_from(graph.leaves))]
    changed.data += 1.0
    if changed in topological_order(root):
        with pytest.raises(RuntimeError, match=f"the leaf '{changed.label}' was"):
            root.backward()
    else:
        root.backward()
