"""One list of local partials serves both directions, and changes nothing else."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given

import autograd
from autograd import (
    DerivativeError,
    Value,
    anomaly,
    gradients,
    logsumexp,
    no_grad,
    topological_order,
)
from autograd.anomaly import where_made
from autograd.arithmetic import Floats
from autograd.linearize import Linearization
from autograd.value import Constant
from tests.strategies import Graph, graphs


def chain(x: Value, n: int) -> Value:
    """A recurrence of n states."""
    y = x
    for _ in range(n):
        y = (y * 0.5).sin() + x
    return y


def test_threads_may_take_the_gradients_of_one_graph_at_once() -> None:
    x = Value(0.7)
    y = chain(x, 300)
    expected = gradients(y, [x])[0].data
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: gradients(y, [x])[0].data, range(80)))
    assert found == [expected] * 80


@given(graphs())
def test_gradients_change_no_grad_even_where_they_fail(graph: Graph) -> None:
    order = topological_order(graph.root)
    for i, node in enumerate(order):
        node.grad = float(i)
    gradients(graph.root, graph.leaves)
    assert [node.grad for node in order] == list(range(len(order)))


@given(graphs())
def test_gradients_are_those_of_backward_to_the_last_bit(graph: Graph) -> None:
    found = [g.data for g in gradients(graph.root, graph.leaves)]
    graph.root.backward()
    assert found == [leaf.grad for leaf in graph.leaves]


@given(graphs())
def test_both_directions_are_the_same_linear_map(graph: Graph) -> None:
    order = topological_order(graph.root)
    at = Linearization(order, [graph.root], graph.leaves, Floats)
    n = len(graph.leaves)
    columns = [at.forward([float(i == j) for j in range(n)])[0] for i in range(n)]
    # A product of 60 partials in either order: 120 roundings, and as many of the sums,
    # whose terms may cancel, as far as the paths are longer than their sum.
    sizes = at_sizes(at)
    for forward, reverse, size in zip(columns, at.reverse([1.0]), sizes, strict=True):
        assert abs(forward - reverse) <= 240 * 2.0**-53 * size


def at_sizes(at: Linearization) -> list[float]:
    """Σ|product| over all paths from the root to each input."""
    edges = at.edges
    at.edges = [[(parent, abs(partial)) for parent, partial in e] for e in edges]
    sizes: list[float] = at.reverse([1.0])
    at.edges = edges
    return sizes


# What is asked for, and what is not


def test_a_derivative_that_is_not_asked_for_need_not_exist() -> None:
    base, exponent = Value(-2.0), Value(2.0)
    y = base**exponent
    assert gradients(y, [base])[0].data == -4.0
    with pytest.raises(DerivativeError, match=r"pow\(-2.0, 2.0\)"):
        gradients(y, [exponent])


def test_an_infinite_second_derivative_refuses_no_other_one() -> None:
    x, y = Value(0.0), Value(3.0)
    (slope,) = gradients(x**1.5 * y, [x])
    assert gradients(slope, [y])[0].data == 0.0
    with pytest.raises(DerivativeError):
        gradients(slope, [x])


def test_a_part_of_the_graph_that_leads_elsewhere_is_not_differentiated() -> None:
    x, y = Value(0.0), Value(2.0)
    assert [g.data for g in gradients(x.sqrt() + y * y, [y])] == [4.0]


def test_an_input_may_be_computed_and_given_twice_in_any_order() -> None:
    x = Value(3.0)
    y = x * x
    found = gradients(y * y * x, [y, x, y])
    assert [g.data for g in found] == [54.0, 81.0 + 54.0 * 6.0, 54.0]
    assert gradients(y, [y])[0].data == 1.0


def test_what_the_root_does_not_depend_on_has_the_derivative_0() -> None:
    x, constant = Value(3.0), Constant(2.0)
    found = gradients(x * constant, [Value(1.0), constant, x])
    assert [g.data for g in found] == [0.0, 0.0, 2.0]
    assert all(isinstance(g, Value) for g in found)


@pytest.mark.parametrize("inputs", [Value(1.0), [1.0], [[Value(1.0)]]])
def test_inputs_that_are_no_list_of_values_are_refused(inputs: Any) -> None:
    with pytest.raises(TypeError, match="the inputs must be Values"):
        gradients(Value(1.0) * 2.0, inputs)


def test_inside_no_grad_gradients_are_numbers_without_a_graph() -> None:
    x = Value(3.0)
    y = x**3
    with no_grad():
        (slope,) = gradients(y, [x])
    assert (slope.data, slope.parents) == (27.0, ())


# What backward() answers, gradients() answers


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (autograd.atan, 1e200),
        (autograd.erf, 1e200),
        (autograd.erfc, 1e200),
        (autograd.gelu, 1e200),
        (autograd.gelu, -1e200),
        (autograd.tanh, 1.7e308),
        (autograd.silu, -1.7e308),
        (lambda x: logsumexp([x, -x]), 1.7e308),
        (lambda x: autograd.max(x, -x), 1.7e308),
        (lambda x: autograd.maximum(x, -x), 1.7e308),
        (lambda x: autograd.hypot(x, 1e308), 1e308),
    ],
)
def test_what_is_infinite_on_the_way_to_a_partial_refuses_no_gradient(
    f: Callable[[Any], Any], x: float
) -> None:
    leaf = Value(x)
    y = f(leaf)
    (slope,) = gradients(y, [leaf])
    y.backward()
    assert slope.data == leaf.grad
    # Truly less than 1 / x: nothing, on the scale of the slope.
    assert abs(gradients(slope, [leaf])[0].data) <= 1e-200


def test_a_partial_that_is_infinite_itself_is_refused() -> None:
    x = Value(5e-324)
    with pytest.raises(DerivativeError, match="log"):
        gradients(x.log(), [x])


@pytest.mark.parametrize("xp", [Floats, autograd.functions])
def test_the_node_is_named_where_gradients_become_too_large(xp: Any) -> None:
    x = Value(1e-300, label="x")
    small = x * x
    roots = [(small * 1e200) * 1e200]
    at = Linearization(topological_order(*roots), roots, [x], xp)
    for sweep in (at.forward, at.reverse):
        with pytest.raises(DerivativeError, match=r"mul\(0.0, 1e\+200\)"):
            sweep([1e300])


# Hooks and lines


def test_a_hook_sees_the_derivative_that_is_recorded() -> None:
    x = Value(3.0)
    y = x * x
    seen: list[Any] = []
    y.register_hook(seen.append)
    gradients(y * y, [x])
    (gradient,) = seen
    assert isinstance(gradient, Value)
    assert gradient.data == 18.0


def test_a_hook_that_is_not_on_the_way_to_an_input_is_not_run() -> None:
    x, z = Value(3.0), Value(2.0)
    seen: list[Any] = []
    z.register_hook(seen.append)
    gradients(x * z, [x])
    assert seen == []


def test_a_derivative_belongs_to_the_line_of_what_it_differentiates() -> None:
    x = Value(2.0)
    with anomaly():
        y = x.sin()
        z = y * y * y
        (slope,) = gradients(z, [x])
    lines = [where_made(node) for node in topological_order(slope) if node.op]
    derived = [line for line in lines if line.startswith("the derivative of ")]
    assert len(derived) == len(lines) - 2  # sin(x) and y * y
    assert sum("y = x.sin()" in line for line in derived) == 2
    assert sum("z = y * y * y" in line for line in derived) == len(derived) - 2


def test_a_deep_graph_needs_no_recursion() -> None:
    x = Value(0.5)
    assert math.isfinite(gradients(chain(x, 20_000), [x])[0].data)
