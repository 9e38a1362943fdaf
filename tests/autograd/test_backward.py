"""The reverse sweep: gradients of whole graphs, once, twice, deep, and freed."""

from __future__ import annotations

import gc
import itertools
import math
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, gradients, topological_order
from autograd.ops import TABLE
from tests import naive
from tests.counts import count_values
from tests.naive import Dual
from tests.strategies import DRAWN, Graph, Step, graphs

UNIT_ROUNDOFF = 2.0**-53


def check_gradients(found: Sequence[float], expected: Dual) -> None:
    """Compare the gradient of all leaves with that of the naive engine.

    The naive engine bounds what the rounding of partials does. The sweep itself adds
    and multiplies: each path through 60 nodes is rounded at most 2 · 60 times, and so
    is the naive engine's sum of paths; together 240 u of the sum of their sizes.
    """
    for i, gradient in enumerate(found):
        allowed = expected.errors[i] + 240 * UNIT_ROUNDOFF * expected.sizes[i]
        difference = abs(gradient - expected.tangents[i])
        assert difference <= allowed, (
            f"leaf {i}: {gradient!r}, not {expected.tangents[i]!r} ± {allowed:.1e}"
        )


# Random graphs over all rows

MANY = settings(max_examples=6 * settings.default.max_examples)


@MANY
@given(graph=graphs())
def test_gradients_of_random_graphs_are_those_of_the_naive_engine(graph: Graph) -> None:
    graph.root.backward()
    check_gradients([leaf.grad for leaf in graph.leaves], naive.derivatives(graph))


@given(graph=graphs())
def test_recorded_gradients_of_random_graphs_are_those_of_the_naive_engine(
    graph: Graph,
) -> None:
    found = gradients(graph.root, graph.leaves)
    check_gradients([leaf.data for leaf in found], naive.derivatives(graph))


@given(graph=graphs(most=30))
def test_second_derivatives_of_random_graphs_are_symmetric(graph: Graph) -> None:
    firsts = gradients(graph.root, graph.leaves)
    hessian = [[s.data for s in gradients(first, graph.leaves)] for first in firsts]
    for (i, row), (j, other) in itertools.combinations(enumerate(hessian), 2):
        # Both are the same sum of paths, rounded in another order. How much cancels
        # in it is not known here, so this is a check of the rules, not of the rounding.
        size = 1.0 + max(map(abs, (*row, *other)))
        assert row[j] == pytest.approx(other[i], abs=1e-6 * size)


@given(graph=graphs())
def test_random_graphs_stay_small_and_tame(graph: Graph) -> None:
    assert len(graph.leaves) + len(graph.steps) <= 60
    assert all(abs(step.node.data) <= 200.0 for step in graph.steps)


def test_random_graphs_use_every_row_and_share_nodes() -> None:
    used: set[str] = set()
    shared = repeated = False

    @MANY
    @given(graph=graphs())
    def collect(graph: Graph) -> None:
        nonlocal shared, repeated
        for step in graph.steps:
            used.add(step.name)
            nodes = [x for x in step.operands if isinstance(x, Value)]
            repeated |= len(nodes) > len(set(nodes))
        parents = [x for s in graph.steps for x in s.operands if isinstance(x, Value)]
        shared |= len(parents) > len(set(parents))

    collect()
    assert used == {*DRAWN}
    assert shared
    assert repeated


def test_wrong_gradient_of_a_random_graph_is_found() -> None:
    x = Value(0.5)
    node = x * x
    node.backward()
    expected = naive.derivatives(Graph([x], [Step("mul", (x, x), node)]))
    check_gradients([x.grad], expected)
    with pytest.raises(AssertionError):
        check_gradients([x.grad / 2.0], expected)
    with pytest.raises(AssertionError):
        check_gradients([x.grad * 1.001], expected)


# What a pass does to gradients


def test_gradients_of_shared_nodes_add_up() -> None:
    a = Value(1.0)
    b = a + a
    c = b + b
    c.backward()
    assert (c.grad, b.grad, a.grad) == (1.0, 2.0, 4.0)


def test_square_by_multiplication_has_both_parents() -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    assert y.parents == (x, x)
    assert x.grad == 6.0


def test_backward_of_a_leaf_gives_one() -> None:
    x = Value(3.0)
    x.backward()
    x.backward()
    assert x.grad == 2.0


awkward = st.floats(-1e3, 1e3).filter(lambda x: x not in (0.0, 1.0))


@given(numbers=st.lists(awkward, min_size=2, max_size=5))
def test_backward_twice_exactly_doubles_the_leaves(numbers: list[float]) -> None:
    leaves = [Value(x) for x in numbers]
    root = Value(0.1)
    for leaf in leaves:
        root = (root * leaf + leaf / 3.0).tanh() + leaf * 0.7
    root.backward()
    once = [leaf.grad for leaf in leaves]
    root.backward()
    assert [leaf.grad for leaf in leaves] == [2.0 * grad for grad in once]


@given(graph=graphs())
def test_interior_gradients_are_of_the_last_pass(graph: Graph) -> None:
    graph.root.backward()
    interior = [(step.node, step.node.grad) for step in graph.steps]
    graph.root.backward()
    assert all(node.grad == grad for node, grad in interior)


def test_leaves_add_up_over_different_roots() -> None:
    x = Value(3.0)
    (x * 2.0).backward()
    (x * x).backward()
    assert x.grad == 8.0


def test_interior_gradient_is_that_of_the_root_last_swept() -> None:
    x = Value(3.0)
    y = x * 2.0
    (y * 5.0).backward()
    (y * 7.0).backward()
    assert y.grad == 7.0
    assert x.grad == 24.0


def test_nodes_outside_the_graph_keep_their_gradient() -> None:
    x, other = Value(3.0), Value(4.0)
    (other * 2.0).backward()
    child_of_root = (root := x * 2.0) * 5.0
    root.backward()
    assert other.grad == 2.0
    assert not child_of_root.has_grad


def test_constants_get_no_gradient() -> None:
    x = Value(3.0)
    for y in (x * 2.0, 2.0 * x, autograd.dot([x], [2.0]), autograd.where(1.0, x, 2.0)):
        y.backward()
        assert not any(parent.grad for parent in y.parents if parent is not x)


def test_derivative_by_a_constant_is_never_computed() -> None:
    # It would be the logarithm of -2, 1 / √0, and 1e400.
    base, exponent, x = Value(-2.0), Value(0.5), Value(1e200)
    (base**3).backward()
    assert base.grad == 12.0
    assert (base**3).partials() == (12.0, 0.0)
    (0.0**exponent).backward()
    assert exponent.grad == 0.0
    (autograd.dot([x], [1e-200]) * 1e200).backward()
    assert x.grad == 1.0


def test_every_node_is_visited_once() -> None:
    visits: list[float] = []

    def one(xp: object, a: float, b: float, out: float) -> float:
        visits.append(out)
        return 1.0

    name = "sum_of_a_test"
    plus = autograd.operation(name, lambda xp, a, b: a + b, [one, one], check=False)
    try:
        a = Value(1.0)
        b = plus(a, a)
        c = plus(b, b)
        plus(c, b).backward()
    finally:
        del TABLE[name]
    assert visits == [6.0, 6.0, 4.0, 4.0, 2.0, 2.0]


def test_a_graph_of_exponentially_many_paths_takes_linear_time() -> None:
    x = y = Value(1.0)
    for _ in range(1000):
        y = y + y if y.data < 1e300 else y * 0.5
    y.backward()
    assert x.grad == y.data


# Derivatives of derivatives


def test_third_derivatives_are_right() -> None:
    x = Value(0.5)
    y = x.sin()
    derivatives = []
    for _ in range(3):
        (y,) = gradients(y, [x])
        derivatives.append(y.data)
    # cos, -sin, -cos of one rounded call each.
    expected = [math.cos(0.5), -math.sin(0.5), -math.cos(0.5)]
    assert derivatives == pytest.approx(expected, rel=4 * UNIT_ROUNDOFF)


def test_powers_run_out_of_derivatives() -> None:
    x = Value(0.0)
    y = x**3
    found = []
    for _ in range(5):
        (y,) = gradients(y, [x])
        found.append(y.data)
    assert found == [0.0, 0.0, 6.0, 0.0, 0.0]


def test_mixed_derivative_of_pow_at_exponent_zero_is_right() -> None:
    a, b = Value(2.0), Value(0.0)
    (by_base,) = gradients(a**b, [a])
    (mixed,) = gradients(by_base, [b])
    assert mixed.data == 0.5


def test_gradients_leave_every_grad_untouched() -> None:
    x, y = Value(2.0), Value(3.0)
    product = x * y
    root = product.exp()
    product.backward()
    before = [(node, node.grad, node.has_grad) for node in (x, y, product, root)]
    gradients(root, [x, y, product])
    for node, grad, has_grad in before:
        assert node.grad == grad
        assert node.has_grad == has_grad


def test_gradients_leave_every_grad_untouched_when_they_fail() -> None:
    x = Value(0.0)
    x.grad = 5.0
    root = x.sqrt()
    with pytest.raises(autograd.DerivativeError):
        gradients(root, [x])
    assert x.grad == 5.0
    assert not root.has_grad


def test_gradient_by_an_input_that_the_root_does_not_depend_on_is_zero() -> None:
    x, other = Value(2.0), Value(3.0)
    other.grad = 5.0
    zero, slope = gradients(x * x, [other, x])
    assert (zero.data, slope.data) == (0.0, 4.0)


def test_gradient_by_an_interior_node_and_by_the_root() -> None:
    x = Value(2.0)
    square = x * x
    root = 3.0 * square
    by_square, by_root = gradients(root, [square, root])
    assert (by_square.data, by_root.data) == (3.0, 1.0)


def test_a_gradient_can_be_part_of_another_expression() -> None:
    x = Value(3.0)
    (slope,) = gradients(x**2, [x])
    (slope * slope).backward()  # (2x)², with derivative 8x
    assert x.grad == 24.0


# Depth, and memory


def chain(length: int, x: Value) -> Value:
    """A graph of `length` operations, one after the other."""
    y = x
    for _ in range(length):
        y = y + 1.0
    return y


def test_a_chain_of_a_million_operations_runs_backward_and_is_freed() -> None:
    x = Value(1.0)
    y = chain(1_000_000, x)
    assert y.data == 1_000_001.0
    y.backward()
    assert x.grad == 1.0
    del y


def test_gradients_of_a_deep_chain_need_no_recursion() -> None:
    x = Value(1.0)
    y = chain(50_000, x) * x
    (slope,) = gradients(y, [x])
    (curvature,) = gradients(slope, [x])
    assert (slope.data, curvature.data) == (50_002.0, 2.0)


@pytest.fixture
def no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.usefixtures("no_garbage_collection")
def test_graph_is_freed_by_reference_counting_alone() -> None:
    x = Value(0.5)
    before = count_values()
    y = autograd.sum([x.tanh() * i + x for i in range(100)])
    y.backward()
    first = gradients(y, [x])
    second = gradients(first[0], [x])
    assert count_values() > before + 300
    del y, first, second
    assert count_values() == before


@pytest.mark.usefixtures("no_garbage_collection")
def test_deep_chain_is_freed_by_reference_counting_alone() -> None:
    x = Value(1.0)
    before = count_values()
    y = chain(100_000, x)
    y.backward()
    del y
    assert count_values() == before


def test_order_of_a_deep_chain_is_its_own() -> None:
    x = Value(1.0)
    order = topological_order(chain(10_000, x))
    assert len(order) == 20_001
    assert [node.data for node in order if node.op] == [i + 2.0 for i in range(10_000)]


def test_a_negative_number_squared_has_a_second_derivative() -> None:
    # The exponent is a constant, and so is what its derivative computes from it: the
    # logarithm of the base, which would not exist, is not asked for.
    x = Value(-1.5)
    (slope,) = gradients(x**2, [x])
    (curvature,) = gradients(slope, [x])
    assert (slope.data, curvature.data) == (-3.0, 2.0)
    slope.backward()
    assert x.grad == 2.0
