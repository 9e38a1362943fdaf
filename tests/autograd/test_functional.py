"""Derivatives of functions: against mpmath and PyTorch, nested, and of any shape."""

from __future__ import annotations

import array
import copy
import gc
import itertools
import math
import random
import statistics
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from mpmath import mp

import autograd
from autograd import Value, sin, tanh, topological_order
from autograd.functional import (
    derivative,
    directional_derivative,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    value_and_grad,
    vjp,
)
from autograd.modes import differentiated_by
from autograd.ops import TABLE, Interval
from tests import counts
from tests.counts import count_values
from tests.oracles import ORACLES
from tests.strategies import PUBLIC, Graph, Step, apply, distance_to_kink, graphs

UNIT_ROUNDOFF = 2.0**-53

# --- random functions of the whole table ---------------------------------------------

COUNTS = {"dot": 4, "sum": 3, "max": 3, "min": 3, "logsumexp": 3}
NAMES = PUBLIC
DISTANCE = 0.05
"""How far operands stay from kinks and from the ends of a domain."""


@cache
def random_graph(seed: int) -> Graph:
    """A graph of some 10 to 30 nodes over all rows, of two or three leaves.

    As in `tests.strategies`, operands are brought into the domain and large results are
    squashed by further nodes; but every leaf is of ordinary size and matters.
    """
    rng = random.Random(seed)
    signs = [rng.choice([-1.0, 1.0]) for _ in range(rng.choice([2, 3]))]
    leaves = [Value(sign * rng.uniform(0.3, 2.0)) for sign in signs]
    steps: list[Step] = []
    pool = list(leaves)

    def make(name: str, *operands: Value | float) -> Value:
        node = apply(name, operands)
        steps.append(Step(name, operands, node))
        return node

    def fit(operand: Value, interval: Interval) -> Value:
        inside = interval.low + DISTANCE <= operand.data <= interval.high - DISTANCE
        if inside and (interval.zero or abs(operand.data) >= DISTANCE):
            return operand
        if not interval.zero:
            return make("add", make("mul", operand, operand), 0.5)
        if interval.high == math.inf:
            return make("add", make("softplus", operand), interval.low + 0.5)
        return make("mul", 0.75, make("tanh", operand))

    for name in rng.choices(NAMES, k=rng.randint(4, 10)):
        op = TABLE[name]
        intervals = op.domain if op.arity else (Interval(),) * COUNTS[name]
        operands = [fit(rng.choice(pool), interval) for interval in intervals]
        if distance_to_kink(name, [x.data for x in operands]) < DISTANCE:
            continue
        node = make(name, *operands)
        while abs(node.data) > 3.0:
            node = make(rng.choice(["tanh", "sin", "atan"]), node)
        pool.append(node)
    make("dot", *pool, *[make("sin", node) for node in reversed(pool)])
    return Graph(leaves, steps)


def function_of(graph: Graph, call: Callable[..., Any] = apply) -> Callable[..., Any]:
    """The graph as a function of a list of numbers of any arithmetic."""

    def f(xs: Sequence[Any]) -> Any:
        at: dict[Any, Any] = dict(zip(graph.leaves, xs, strict=True))
        for step in graph.steps:
            at[step.node] = call(step.name, [at.get(x, x) for x in step.operands])
        return at[graph.root]

    return f


def point_of(graph: Graph) -> list[float]:
    return [leaf.data for leaf in graph.leaves]


def direction_for(x: Sequence[float]) -> list[float]:
    return [1.0 - 0.6 * i for i in range(len(x))]


def exact(graph: Graph, directions: Sequence[Sequence[float]]) -> float:
    """A mixed directional derivative, by central differences of the oracles.

    With 120 digits and a step h of 1e-25, up to the third order: the error of the
    formula is a few h² = 1e-50, that of rounding 1e-120 / h³ = 1e-45.
    """

    def definition(name: str, operands: Sequence[Any]) -> Any:
        return ORACLES[name].definition(*[mp.mpf(x) for x in operands])

    f = function_of(graph, definition)
    with mp.workdps(120):
        h, total = mp.mpf(10) ** -25, mp.mpf(0)
        for signs in itertools.product((1, -1), repeat=len(directions)):
            xs = [mp.mpf(x) for x in point_of(graph)]
            for sign, direction in zip(signs, directions, strict=True):
                xs = [x + sign * h * v for x, v in zip(xs, direction, strict=True)]
            total += math.prod(signs) * mp.re(f(xs))
        return float(total / (2 * h) ** len(directions))


def unit_vectors(n: int) -> list[list[float]]:
    return [[float(i == j) for j in range(n)] for i in range(n)]


def assert_close(found: Sequence[float], expected: Sequence[float]) -> None:
    """Compare to twelve digits of the largest.

    Some 30 nodes of a few roundings of 1e-16 each, amplified by what cancels in sums:
    a factor of 100 leaves 1e-12. Measured over all seeds: 1e-14.
    """
    size = max(map(abs, expected))
    assert size > 0.0
    assert found == pytest.approx(expected, rel=1e-12, abs=1e-12 * size)


def test_the_random_functions_use_every_row() -> None:
    graphs = [random_graph(seed) for seed in range(200)]
    assert {step.name for graph in graphs for step in graph.steps} == {*NAMES}
    assert max(len(graph.steps) for graph in graphs) > 20


@pytest.mark.parametrize("block", range(8))
def test_200_random_functions_have_the_derivatives_that_mpmath_finds(
    block: int,
) -> None:
    for seed in range(25 * block, 25 * block + 25):
        graph = random_graph(seed)
        f, x = function_of(graph), point_of(graph)
        v, units = direction_for(x), unit_vectors(len(x))
        first = [exact(graph, [e]) for e in units]
        assert_close(grad(f)(x), first)
        slope = sum(a * b for a, b in zip(first, v, strict=True))
        assert jvp(f, (x,), (v,))[1] == pytest.approx(
            slope, rel=1e-12, abs=1e-12 * max(map(abs, first))
        )
        pairs = itertools.combinations_with_replacement(units, 2)
        second = [exact(graph, [a, b]) for a, b in pairs]
        rows = hessian(f)(x)
        upper = [row[j] for i, row in enumerate(rows) for j in range(i, len(x))]
        assert_close(upper, second)
        third = exact(graph, [v, v, v])
        assert directional_derivative(f, x, v, order=3) == pytest.approx(
            third, rel=1e-12, abs=1e-12 * max(map(abs, second))
        )


@pytest.mark.parametrize("seed", range(40))
def test_directions_and_nesting_give_one_and_the_same_third_derivative(
    seed: int,
) -> None:
    graph = random_graph(seed)
    f, x = function_of(graph), point_of(graph)
    v = direction_for(x)

    def along(g: Callable[..., Any]) -> Callable[..., Any]:
        return lambda y: jvp(g, (y,), (v,))[1]

    def slope(y: list[Value]) -> Any:
        return autograd.dot(grad(f)(y), v)

    third = directional_derivative(f, x, v, order=3)
    size = max(abs(third), *map(abs, itertools.chain(*hessian(f)(x))))
    allowed = pytest.approx(third, rel=1e-12, abs=1e-12 * size)
    assert along(along(along(f)))(x) == allowed
    assert along(along(slope))(x) == allowed
    assert autograd.dot(grad(along(along(f)))(x), v) == allowed
    assert directional_derivative(slope, x, v, order=2) == allowed
    assert autograd.dot(
        grad(lambda y: directional_derivative(f, y, v, order=2))(x), v
    ) == (allowed)


@pytest.mark.parametrize("seed", range(40))
def test_hessians_are_symmetric_and_hvp_is_their_product(seed: int) -> None:
    graph = random_graph(seed)
    f, x = function_of(graph), point_of(graph)
    v, n = direction_for(x), len(x)
    rows = np.array(hessian(f)(x))
    # Sums over the same paths in another order: a few roundings for each of some 30
    # nodes, of terms that may be 100 times the result.
    allowed = 30 * 100 * 4 * UNIT_ROUNDOFF * np.abs(rows).max()
    assert np.abs(rows - rows.T).max() <= allowed
    product = hvp(f, x, v)
    assert np.abs(rows @ v - product).max() <= 2 * n * allowed
    assert directional_derivative(f, x, v, order=2) == pytest.approx(
        np.dot(v, product), abs=4 * n * allowed
    )


@pytest.mark.parametrize("seed", range(40))
def test_forward_and_reverse_mode_are_adjoint(seed: int) -> None:
    f, g = function_of(random_graph(seed)), function_of(random_graph(seed + 1))
    numbers = point_of(random_graph(seed)), point_of(random_graph(seed + 1))

    def several(a: list[Value], b: list[Value]) -> dict[str, Any]:
        left, right = f(a), g(b)
        return {"product": left * right, "rest": [left - right, a[0], 2.0]}

    u: dict[str, Any] = {"product": 0.7, "rest": [-1.3, 0.4, 5.0]}
    v = (direction_for(numbers[0]), direction_for(numbers[1]))
    _, moved = jvp(several, numbers, v)
    _, pullback = vjp(several, *numbers)
    pulled = pullback(u)
    assert [len(part) for part in pulled] == [len(part) for part in numbers]
    forward = [u["product"] * moved["product"]]
    forward += [a * b for a, b in zip(u["rest"], moved["rest"], strict=True)]
    terms = [
        a * b for p, q in zip(pulled, v, strict=True) for a, b in zip(p, q, strict=True)
    ]
    # The same products of the same partials, summed in another order.
    size = sum(map(abs, forward)) + sum(map(abs, terms))
    assert sum(forward) == pytest.approx(sum(terms), abs=1e3 * UNIT_ROUNDOFF * size)


# --- PyTorch -------------------------------------------------------------------------


def torch_twin(torch: Any) -> Callable[..., Any]:
    """The rows of the table by PyTorch's functions."""
    special = {
        "add": lambda a, b: a + b,
        "sub": lambda a, b: a - b,
        "mul": lambda a, b: a * b,
        "div": lambda a, b: a / b,
        "neg": lambda a: -a,
        "pos": lambda a: a * 1.0,
        "leaky_relu": lambda a, slope: torch.where(a > 0, a, slope * a),
        "elu": lambda a, alpha: torch.where(a > 0, a, alpha * torch.expm1(a)),
        "gelu": torch.nn.functional.gelu,
        "silu": torch.nn.functional.silu,
        "softplus": lambda a: torch.logaddexp(a, torch.zeros_like(a)),
        "cbrt": lambda a: torch.sign(a) * torch.abs(a) ** (1.0 / 3.0),
        "mod": torch.remainder,
        "floor_divide": lambda a, b: torch.floor(a.detach() / b.detach()),
        "step": lambda a: torch.heaviside(a.detach(), torch.zeros_like(a)),
        "where": lambda c, a, b: torch.where(c != 0, a, b),
        "sum": lambda *xs: torch.stack(xs).sum(),
        "max": lambda *xs: torch.stack(xs).amax(),
        "min": lambda *xs: torch.stack(xs).amin(),
        "logsumexp": lambda *xs: torch.logsumexp(torch.stack(xs), 0),
        "dot": lambda *xs: sum(
            a * b for a, b in zip(xs[: len(xs) // 2], xs[len(xs) // 2 :], strict=True)
        ),
    }

    def call(name: str, operands: Sequence[Any]) -> Any:
        tensors = [torch.as_tensor(x, dtype=torch.float64) for x in operands]
        return special.get(name, getattr(torch, name, None))(*tensors)

    return call


@pytest.mark.parametrize("block", range(4))
def test_random_functions_have_the_derivatives_that_pytorch_finds(block: int) -> None:
    torch = pytest.importorskip("torch")
    call = torch_twin(torch)
    for seed in range(300 + 10 * block, 310 + 10 * block):
        graph = random_graph(seed)
        if {"lgamma", "digamma"} & {step.name for step in graph.steps}:
            continue  # PyTorch's own trigamma function is right to ten digits
        f, x = function_of(graph), point_of(graph)
        v = direction_for(x)
        twin = function_of(graph, call)
        tensor = torch.tensor(x, dtype=torch.float64)
        assert_close(grad(f)(x), torch.func.grad(twin)(tensor).tolist())
        expected = torch.autograd.functional.hessian(twin, tensor).flatten().tolist()
        assert_close([*itertools.chain(*hessian(f)(x))], expected)
        moves = torch.tensor(v, dtype=torch.float64)
        (_, product) = torch.autograd.functional.vhp(twin, tensor, moves)
        size = max(map(abs, expected))
        assert hvp(f, x, v) == pytest.approx(product.tolist(), abs=1e-12 * size)


def test_jacobians_are_shaped_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch")
    a, b = np.array([[0.5, -1.0, 2.0], [1.5, 0.1, 0.3]]), np.array([0.7, -0.2, 0.4])

    def ours(x: dict[str, Any], y: Any) -> Any:
        return {"out": np.tanh(x["w"] @ y), "norm": (x["w"][0] * y).sum()}

    def theirs(x: dict[str, Any], y: Any) -> Any:
        return {"out": torch.tanh(x["w"] @ y), "norm": (x["w"][0] * y).sum()}

    tensors = ({"w": torch.tensor(a)}, torch.tensor(b))
    expected = torch.func.jacrev(theirs, argnums=(0, 1))(*tensors)
    found = jacobian(ours, argnums=(0, 1))({"w": a}, b)
    for key, shapes in {"out": ((2, 2, 3), (2, 3)), "norm": ((2, 3), (3,))}.items():
        by_w, by_y = found[key]
        assert (by_w["w"].shape, by_y.shape) == shapes
        assert by_w["w"].dtype == np.float64
        # One product and one tanh: a few roundings.
        np.testing.assert_allclose(by_w["w"], expected[key][0]["w"], rtol=1e-14)
        np.testing.assert_allclose(by_y, expected[key][1], rtol=1e-14)


# --- nesting -------------------------------------------------------------------------


def test_nested_derivatives_do_not_confuse_their_variables() -> None:
    inner = lambda x: x * grad(lambda y: x + y)(1.0)  # noqa: E731
    assert grad(inner)(3.0) == 1.0
    assert derivative(inner)(3.0) == 1.0
    assert grad(lambda x: x * derivative(lambda y: x + y)(x))(3.0) == 1.0
    assert grad(lambda x: x * jvp(lambda y: x + y, (x,), (1.0,))[1])(3.0) == 1.0
    assert derivative(lambda x: x * derivative(lambda y: x * y, 1)(2.0))(3.0) == 6.0
    # Siskind & Pearlmutter, Perturbation confusion (2005): d/dx (x d/dx x) = 1.
    assert grad(lambda x: x * grad(lambda y: y)(x))(5.0) == 1.0


def test_four_levels_of_four_variables_stay_apart() -> None:
    # d/dz z⁴ w, then by y, x and w, each level with the variables of all outer ones.
    def level_z(w: Any, x: Any, y: Any) -> Any:
        return grad(lambda z: w**2 * x**3 * y**4 * z**5)(y)

    def level_y(w: Any, x: Any) -> Any:
        return grad(lambda y: level_z(w, x, y))(x)

    def level_x(w: Any) -> Any:
        return grad(lambda x: level_y(w, x))(w)

    # w² x³ y⁴ 5 z⁴ at z = y is 5 w² x³ y⁸; its derivative at y = x is 40 w² x¹⁰; its
    # derivative at x = w is 400 w¹¹; and its derivative is 4400 w¹⁰.
    assert level_x(1.5) == pytest.approx(400 * 1.5**11, rel=1e-14)
    assert grad(level_x)(1.5) == pytest.approx(4400 * 1.5**10, rel=1e-14)


OPERATORS: list[Callable[..., Any]] = [
    grad,
    derivative,
    lambda f: lambda x: jvp(f, (x,), (1.0,))[1],
    lambda f: lambda x: vjp(f, x)[1](1.0)[0],
    lambda f: lambda x: jacobian(lambda y: [f(y)])(x)[0],
    lambda f: lambda x: value_and_grad(f)(x)[1],
]


@pytest.mark.parametrize("outer", OPERATORS)
@pytest.mark.parametrize("inner", OPERATORS)
def test_all_ways_to_differentiate_nest_in_each_other(
    outer: Callable[..., Any], inner: Callable[..., Any]
) -> None:
    def f(x: Any) -> Any:
        return tanh(x) * x**3

    expected = derivative(f, order=4)(0.8)
    found = outer(inner(outer(inner(f))))(0.8)
    # Sums of some hundred terms of the size of the result, each rounded a few times.
    assert found == pytest.approx(expected, rel=1e-12)
    assert outer(lambda x: x * inner(lambda y: x * y * y)(x))(0.8) == pytest.approx(
        6 * 0.8**2, rel=1e-14
    )


def test_only_the_derivatives_that_are_asked_for_have_to_exist() -> None:
    # The derivative of x² by its exponent is log(x) x², and there is none here.
    assert grad(grad(lambda x: x**2))(-1.5) == 2.0
    assert hessian(lambda x: x[0] ** 3 * x[1])([-1.0, 2.0]) == [[-12.0, 3.0], [3.0, 0]]
    assert grad(lambda x, n: x**n)(-3.0, Value(2.0)).data == -6.0


def test_a_third_derivative_inside_a_gradient_is_right() -> None:
    # d/dx of d³/dy³ sin(xy) = -x³ cos(xy), at y = 0.5.
    x = 0.7
    found = grad(lambda x: derivative(lambda y: sin(x * y), order=3)(0.5))(x)
    expected = -3 * x**2 * math.cos(x / 2) + x**3 * math.sin(x / 2) / 2
    assert found == pytest.approx(expected, rel=1e-14)


def test_the_history_of_an_argument_is_not_walked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    walked = []
    names = grad.__globals__  # of the module, however it was imported
    walk = names["topological_order"]

    def counting(*roots: Value) -> list[Value]:
        order = walk(*roots)
        walked.append(len(order))
        return order

    monkeypatch.setitem(names, "topological_order", counting)

    def f(x: Any) -> Any:
        for _ in range(100):  # a time step of an integrator, say
            x = x - 0.01 * grad(lambda y: y**4)(x)
        return x

    assert 0.0 < grad(f)(1.0) < 1.0
    assert walked[:-1] == [3] * 100


# --- Values, and what surrounds a call -----------------------------------------------


def test_numbers_give_floats_and_values_give_values() -> None:
    assert type(grad(lambda x: x * x)(3)) is float
    x = Value(3.0)
    slope = grad(lambda y: y**3)(x)
    assert isinstance(slope, Value)
    slope.backward()
    assert (slope.data, x.grad) == (27.0, 18.0)
    assert all(isinstance(part, Value) for part in value_and_grad(sin)(x))
    assert isinstance(derivative(sin, 2)(x), Value)
    assert isinstance(jvp(sin, (1.0,), (x,))[1], Value)


def test_a_derivative_can_be_trained_by_its_weights() -> None:
    # The loss asks that d/dx of w x² be 6 at 1: a network trained on an equation.
    w = Value(1.0)
    residual = grad(lambda x: w * x * x)(1.0) - 6.0
    (residual * residual).backward()
    assert (residual.data, w.grad) == (-4.0, -16.0)
    # And the second derivative: sin(w x)'' = -w² sin(w x).
    w.zero_grad()
    derivative(lambda x: sin(w * x), order=2)(0.5).backward()
    expected = -2.0 * math.sin(0.5) - 0.5 * math.cos(0.5)
    assert w.grad == pytest.approx(expected, rel=1e-14)


def test_gradients_that_the_caller_has_are_left_alone() -> None:
    w, x = Value(3.0), Value(2.0)
    (w * x).backward()
    grad(lambda y: w * y * y)(x)
    hessian(lambda y: w * y * y)(x)
    directional_derivative(lambda y: w * y * y, x, 1.0, 2)
    assert (w.grad, x.grad) == (2.0, 3.0)


def test_no_grad_outside_gives_floats_and_inside_cuts() -> None:
    w = Value(3.0)
    with autograd.no_grad():
        found = [grad(lambda x: w * x * x)(2.0), hvp(sin, Value(0.0), 1.0)]
        assert found == [12.0, 0.0]
        assert [type(number) for number in found] == [float, float]
        assert jvp(lambda x: x * x, (2.0,), (w,)) == (4.0, 12.0)
        assert (w * 2.0).op is None
    assert not w.has_grad

    def partly(x: Any) -> Any:
        with autograd.no_grad():
            cut = x * x
        return cut * x

    assert float(grad(partly)(3.0)) == 9.0


def test_a_branch_on_a_value_is_taken_as_in_plain_python() -> None:
    def f(x: Any) -> Any:
        return x**2 if x > 0 else -x

    assert [grad(f)(x) for x in (3.0, -3.0)] == [6.0, -1.0]
    assert [derivative(f, 2)(x) for x in (3.0, -3.0)] == [2.0, 0.0]


def test_a_function_without_a_graph_has_the_derivative_zero_and_is_warned_of() -> None:
    with pytest.warns(UserWarning, match=r"grad: the result of .*<lambda> depends on"):
        assert grad(lambda x: 3)([1.0, 2.0]) == [0.0, 0.0]
    with pytest.warns(UserWarning, match="derivative: the result of"):
        assert derivative(lambda x: 3.0, 4)(1.0) == 0.0
    with pytest.warns(UserWarning, match="value_and_grad|grad: the result") as caught:
        both = value_and_grad(lambda x: Value(2.0))(1.0)
    assert [part.data for part in both] == [2, 0]
    assert [warning.filename for warning in caught] == [__file__]


def test_a_derivative_that_is_zero_among_others_is_not_warned_of() -> None:
    assert hessian(lambda x: x[0])([1.0, 2.0]) == [[0.0, 0.0], [0.0, 0.0]]
    assert jvp(lambda x: [x, 1.0], (2.0,), (5.0,)) == ([2.0, 1.0], [5.0, 0.0])
    assert vjp(lambda x, y: x, 2.0, 3.0)[1](5.0) == (5.0, 0.0)
    assert grad(lambda x: x[1])([1.0, 2.0]) == [0.0, 1.0]


def test_a_derivative_can_be_compiled() -> None:
    def f(x: Any) -> Any:
        return sin(x[0]) * x[1] ** 2

    def steepness(x: list[Value]) -> Any:
        return autograd.dot(*[grad(f)(x)] * 2)

    compiled = autograd.compile_function(steepness, 2)
    found, slope = compiled.value_and_grad([0.5, 2.0])
    # Sums of a few products: a few roundings.
    assert found == pytest.approx(steepness([0.5, 2.0]), rel=1e-14)
    assert slope == pytest.approx(grad(steepness)([0.5, 2.0]), rel=1e-14)


# --- containers ----------------------------------------------------------------------

Point = namedtuple("Point", ["a", "b"])


def test_gradients_come_in_the_containers_of_the_argument() -> None:
    def f(x: Any) -> Any:
        return x["w"][0] * x["p"].a ** 2 + x["p"].b[1] + (x["array"] ** 2).sum()

    array = np.array([[1, 2], [3, 4]])
    found = grad(f)({"w": [3.0, 1], "p": Point(2.0, (0.0, 5.0)), "array": array})
    assert list(found) == ["w", "p", "array"]
    assert (found["w"], found["p"]) == ([4.0, 0.0], Point(12.0, (0.0, 1.0)))
    assert found["array"].dtype == np.float64
    assert found["array"].tolist() == [[2.0, 4.0], [6.0, 8.0]]


def test_arrays_are_given_to_f_as_arrays_and_come_back_as_such() -> None:
    matrix = np.array([[2.0, 1.0], [1.0, 3.0]])
    x = np.array([1.0, -2.0])

    def quadratic(x: Any) -> Any:
        assert isinstance(x, np.ndarray)
        return x @ matrix @ x

    assert grad(quadratic)(x).tolist() == (2 * matrix @ x).tolist()
    assert hessian(quadratic)(x).tolist() == (2 * matrix).tolist()
    assert hvp(quadratic, x, [1.0, 0.0]).tolist() == [4.0, 2.0]
    assert jacobian(lambda x: matrix @ x)(x).tolist() == matrix.tolist()
    value, moved = jvp(lambda x: np.exp(x), (np.zeros(2),), (x,))
    assert (value.tolist(), moved.tolist()) == ([1.0, 1.0], x.tolist())


def test_argnums_choose_the_arguments() -> None:
    def f(a: Any, b: Any, *, scale: Any = 1.0) -> Any:
        return scale * a * b[0] ** 2

    assert grad(f)(3.0, [2.0]) == 4.0
    assert grad(f, 1)(3.0, [2.0], scale=10.0) == [120.0]
    assert grad(f, -1)(3.0, [2.0]) == [12.0]
    assert grad(f, (1, 0))(3.0, [2.0]) == ([12.0], 4.0)
    assert grad(lambda a, b, c: a * b + c, -2)(3.0, 5.0, 7.0) == 3.0
    assert hessian(f, (0, 1))(3.0, [2.0]) == ((0.0, [4.0]), [(4.0, [6.0])])
    seen = []
    grad(lambda a, b: seen.append(b) or a)(1.0, "left alone")
    assert seen == ["left alone"]


def test_jacobians_nest_the_argument_inside_the_result() -> None:
    def f(x: Any) -> Any:
        return {"product": x[0] * x[1], "both": (x[0], 3.0 * x[1])}

    assert jacobian(f)([2.0, 5.0]) == {
        "product": [5.0, 2.0],
        "both": ([1.0, 0.0], [0.0, 3.0]),
    }
    assert jacobian(lambda x: [x, x * x])(3.0) == [1.0, 6.0]
    assert jacobian(lambda x: x[0] * x[1])([2.0, 5.0]) == [5.0, 2.0]
    assert jacobian(lambda x: [])([2.0]) == []
    assert grad(lambda x: 1.0)([]) == []


def test_wide_and_tall_jacobians_agree() -> None:
    def f(x: list[Any]) -> list[Any]:
        return [sin(a) * b for a in x for b in x]

    x = [0.3, 0.7, -1.1]
    tall = jacobian(f)(x)
    wide = [jacobian(lambda x, i=i: f(x)[i])(x) for i in range(9)]
    # Both are sums of two products of the same partials.
    assert np.abs(np.array(tall) - np.array(wide)).max() <= 4 * UNIT_ROUNDOFF


@pytest.mark.parametrize(("n", "m"), [(1, 9), (9, 1), (3, 3)])
def test_a_jacobian_takes_as_many_sweeps_as_its_shorter_side(
    n: int, m: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    linearization = grad.__globals__["Linearization"]
    sweeps = []
    for name in ("forward", "reverse"):
        sweep = getattr(linearization, name)

        def counted(self: Any, numbers: Any, sweep: Any = sweep) -> Any:
            sweeps.append(sweep.__name__)
            return sweep(self, numbers)

        monkeypatch.setattr(linearization, name, counted)
    jacobian(lambda x: [autograd.sum(x) * i for i in range(m)])([1.0] * n)
    assert sweeps == ["forward" if n <= m else "reverse"] * min(n, m)


def test_a_curve_has_a_velocity_and_an_acceleration() -> None:
    curve = derivative(lambda t: {"x": t.cos(), "y": 2.0 * t.sin()}, order=2)(0.5)
    assert curve == {
        "x": pytest.approx(-math.cos(0.5), rel=1e-15),
        "y": pytest.approx(-2.0 * math.sin(0.5), rel=1e-15),
    }


def test_an_output_that_is_there_twice_has_both_cotangents_added() -> None:
    def twice(x: Any) -> Any:
        y = x * x
        return [y, x, y]

    assert vjp(twice, 3.0)[1]([1.0, 10.0, 100.0]) == (616.0,)
    assert linearize(twice, 3.0)[1](1.0) == [6.0, 1.0, 6.0]


def test_linearize_and_vjp_call_f_once() -> None:
    calls = []

    def f(x: Any, y: Any) -> Any:
        calls.append(1)
        return x * y

    value, pushforward = linearize(f, 2.0, 3.0)
    assert value == 6.0
    assert [pushforward(1.0, 0.0), pushforward(0.0, 1.0)] == [3.0, 2.0]
    _, pullback = vjp(f, 2.0, 3.0)
    assert [pullback(1.0), pullback(2.0)] == [(3.0, 2.0), (6.0, 4.0)]
    hessian(lambda x: f(x[0], x[1]))([2.0, 3.0])
    assert len(calls) == 3


# --- cost ----------------------------------------------------------------------------


@pytest.fixture
def recorded() -> Iterator[list[str]]:
    """The names of the operations recorded, as they happen."""
    with counts.recorded() as names:
        yield names


def rosenbrock(x: Sequence[Any]) -> Any:
    pairs = itertools.pairwise(x)
    return autograd.sum([100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairs])


@pytest.mark.parametrize("n", [10, 100])
def test_a_product_with_the_hessian_records_a_few_times_what_f_does(
    n: int, recorded: list[str]
) -> None:
    x = [0.1 * i for i in range(n)]
    rosenbrock([Value(number) for number in x])
    once = len(recorded)
    recorded.clear()
    hvp(rosenbrock, x, [1.0] * n)
    product = len(recorded)
    assert product <= 8 * once
    recorded.clear()
    hessian(rosenbrock)(x)
    assert len(recorded) == product


def test_a_plain_gradient_records_nothing_but_f(recorded: list[str]) -> None:
    for how in (grad, jacobian, lambda f: lambda x: jvp(f, (x,), (1.0,))):
        recorded.clear()
        how(lambda x: sin(x) * x)(2.0)
        assert recorded == ["sin", "mul"]


@pytest.mark.parametrize("name", ["tanh", "silu", "sqrt", "gelu", "asin", "log"])
def test_a_high_derivative_costs_a_power_of_its_order(
    name: str, recorded: list[str]
) -> None:
    def rows(order: int) -> int:
        recorded.clear()
        derivative(lambda x: apply("div", [apply(name, [x]), x]), order)(0.7)
        return len(recorded)

    # Differentiating a recorded derivative again and again takes 3^8 = 6561 times it.
    assert rows(16) <= 8 * rows(8)


def test_deep_graphs_need_no_recursion() -> None:
    def chain(x: Any, length: int) -> Any:
        y = x
        for _ in range(length):
            y = y + 1.0
        return y * x

    assert jvp(lambda x: chain(x, 20_000), (2.0,), (1.0,)) == (40_004.0, 20_004.0)
    assert hvp(lambda x: chain(x, 20_000), 2.0, 1.0) == 2.0
    assert derivative(lambda x: chain(x, 5_000), order=2)(2.0) == 2.0


def test_everything_is_freed_by_reference_counting_alone() -> None:
    w = Value(0.5)
    gc.collect()
    gc.disable()
    try:
        before = count_values()
        derivative(lambda x: (w * x).exp() * tanh(x), order=4)(0.3)
        jacobian(grad(lambda x: w * x[0] * x[1].exp()))([1.0, 2.0])
        vjp(lambda x: w * x, 1.0)[1](2.0)
        assert count_values() == before
    finally:
        gc.enable()


def test_an_operation_of_ones_own_has_all_derivatives() -> None:
    try:
        softsign = autograd.operation(
            "softsign_of_a_test",
            lambda xp, a: a / (1.0 + xp.abs(a)),
            [lambda xp, a, out: (1.0 + abs(a)) ** -2.0],
            kink=lambda a: a,
        )
        found = [derivative(softsign, order=k)(2.0) for k in range(1, 5)]
    finally:
        TABLE.pop("softsign_of_a_test", None)
    # 1 - 1/(1 + x) on the right of 0.
    expected = [
        -((-1.0) ** k) * math.factorial(k) / 3.0 ** (k + 1) for k in range(1, 5)
    ]
    assert found == pytest.approx(expected, rel=1e-14)


def test_hooks_are_left_to_backward() -> None:
    seen: list[float] = []

    def f(x: Any) -> Any:
        y = x * x
        y.register_hook(seen.append)
        return y * 2.0

    assert grad(f)(3.0) == 12.0
    assert grad(grad(f))(3.0) == 4.0
    assert seen == []


# --- derivatives that do not exist ---------------------------------------------------

# ∂²f/∂x∂y of each way to ask for it.
MIXED: dict[str, Callable[..., float]] = {
    "grad of grad": lambda f, x: grad(lambda a: grad(f)(a)[1])(x)[0],
    "hessian": lambda f, x: hessian(f)(x)[0][1],
    "hvp": lambda f, x: hvp(f, x, [0.0, 1.0])[0],
    "jvp of grad": lambda f, x: jvp(grad(f), (x,), ([1.0, 0.0],))[1][1],
    "vjp of grad": lambda f, x: vjp(grad(f), x)[1]([1.0, 0.0])[0][1],
    "grad of jvp": lambda f, x: grad(lambda a: jvp(f, (a,), ([1.0, 0.0],))[1])(x)[1],
    "derivative of grad": lambda f, x: derivative(lambda t: grad(f)([t, x[1]])[1])(
        x[0]
    ),
    "gradients": lambda f, x: _mixed_by_gradients(f, x),
    "series": lambda f, x: (
        (
            directional_derivative(f, x, [1.0, 1.0], 2)
            - directional_derivative(f, x, [1.0, -1.0], 2)
        )
        / 4.0
    ),
}


def _mixed_by_gradients(f: Callable[[Any], Any], x: Sequence[float]) -> float:
    leaves = [Value(number) for number in x]
    (slope,) = autograd.gradients(f(leaves), leaves[:1])
    return autograd.gradients(slope, leaves[1:])[0].data


@pytest.mark.parametrize("way", MIXED)
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda v: (v[0] + v[1]) ** 1.5, [0.0, 0.0]),  # 3/4 (x + y)^(-1/2)
        (lambda v: (v[0] * v[1]).sqrt() * v[0] * v[1], [0.0, 0.0]),
        (lambda v: autograd.hypot(v[0], v[1]) * v[0], [0.0, 0.0]),
        (lambda v: v[0] ** v[1], [0.0, 1.0]),  # x^(y-1) (1 + y log x)
    ],
)
def test_a_mixed_derivative_that_does_not_exist_is_no_number(
    way: str, f: Callable[[Any], Any], x: list[float]
) -> None:
    with pytest.raises(autograd.DerivativeError):
        MIXED[way](f, x)


@pytest.mark.parametrize("way", MIXED)
@pytest.mark.parametrize(
    ("f", "x", "expected"),
    [
        (lambda v: v[0] * v[1], [0.0, 1.0], 1.0),
        (lambda v: v[0] ** 2 * v[1] ** 2, [0.0, 1.0], 0.0),
        (lambda v: v[0] ** 3 * v[1].exp(), [0.0, 0.0], 0.0),
        (lambda v: (0.0 * v[0]).exp() * v[1], [1.0, 2.0], 0.0),
        (lambda v: v[0].relu() * v[1], [0.0, 2.0], 0.0),  # a kink: by convention
    ],
)
def test_a_mixed_derivative_at_a_zero_is_found_in_every_way(
    way: str, f: Callable[[Any], Any], x: list[float], expected: float
) -> None:
    assert MIXED[way](f, x) == expected


def test_a_number_that_does_not_move_needs_no_derivative() -> None:
    def power(v: Any) -> Any:
        return v[0] ** v[1]

    def half(v: Any) -> Any:
        return v[0] ** 1.5 * v[1]

    assert jvp(power, ([-2.0, 2.0],), ([1.0, 0.0],)) == (4.0, -4.0)
    assert directional_derivative(power, [-2.0, 2.0], [1.0, 0.0], 2) == 2.0
    assert hvp(half, [0.0, 3.0], [0.0, 1.0]) == [0.0, 0.0]
    for wrong in (
        lambda: jvp(power, ([-2.0, 2.0],), ([1.0, 1e-9],)),
        lambda: directional_derivative(power, [-2.0, 2.0], [1.0, 1e-9], 2),
        lambda: hvp(half, [0.0, 3.0], [1e-9, 1.0]),
        lambda: linearize(power, [-2.0, 2.0]),
        lambda: vjp(half, [0.0, 3.0]) and hessian(half)([0.0, 3.0]),
    ):
        with pytest.raises(autograd.DerivativeError):
            wrong()


@pytest.mark.parametrize("order", [3, 4, 5])
def test_a_series_ends_where_the_derivative_does(order: int) -> None:
    def cube(t: Any) -> Any:
        """|t|³, whose third derivative jumps at 0."""
        return (t * t) ** 1.5

    assert derivative(cube, 2)(0.0) == 0.0
    with pytest.raises(autograd.DerivativeError):
        derivative(cube, order)(0.0)


def test_a_series_may_be_finite_by_way_of_infinity() -> None:
    found = derivative(lambda x: autograd.logsumexp([x, -x]), 2)(1.7e308)
    assert found == 0.0  # -x - x is infinite on the way


# --- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: grad(lambda x: [x, x])(1.0),
            TypeError,
            r"grad: f must .* a list of 2",
        ),
        (lambda: grad(lambda x: None)(1.0), TypeError, "grad: the result: .* None"),
        (lambda: grad(sin)({"a": [1.0, "b"]}), TypeError, r"argument 0\['a'\]\[1\]: "),
        (lambda: grad(sin, 1)(1.0), ValueError, "asks for argument 1, .* with 1 pos"),
        (lambda: grad(sin)(math.nan), ValueError, "grad: argument 0: .* NaN"),
        (lambda: derivative(sin)([1.0]), TypeError, "derivative: .* not a list of 1"),
        (lambda: derivative(sin, 0), ValueError, "order must be .* not 0"),
        (lambda: derivative(sin, True), ValueError, "order must be .* not True"),
        (lambda: derivative(sin, 171), ValueError, "from 1 to 170, not 171"),
        (lambda: directional_derivative(sin, 1.0, 1.0, 1.5), ValueError, "order"),
        (lambda: jvp(sin, 1.0, 1.0), TypeError, r"jvp\(f, \(x,\), \(v,\)\)"),
        (
            lambda: jvp(rosenbrock, ([1.0, 2.0],), ([1.0],)),
            ValueError,
            r"the tangents\[0\]: a list of 2 is needed here, not \[1.0\]",
        ),
        (
            lambda: hvp(lambda x: x["a"], {"a": 1.0}, {"b": 1.0}),
            ValueError,
            "with the keys",
        ),
        (
            lambda: hvp(lambda x: x.sum(), np.ones((2, 2)), np.ones(2)),
            ValueError,
            r"an array of shape \(2, 2\)",
        ),
        (
            lambda: vjp(lambda x: [x, x], 1.0)[1](1.0),
            ValueError,
            "the cotangent: a list of 2",
        ),
    ],
)
def test_what_cannot_be_differentiated_is_refused_by_name(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("how", [*OPERATORS, lambda f: derivative(f, 3)])
@pytest.mark.parametrize(
    ("f", "name"),
    [(lambda x: x.sqrt() + 1.0, "sqrt"), (lambda x: (x * x).sqrt() * 2.0, "sqrt")],
)
def test_a_derivative_that_does_not_exist_is_named(
    how: Callable[..., Any], f: Callable[[Any], Any], name: str
) -> None:
    with pytest.raises(autograd.DerivativeError, match=name):
        how(f)(0.0)
    x = Value(0.0)
    with pytest.raises(autograd.DerivativeError, match=name):
        how(f)(x)


def test_a_derivative_too_large_for_a_float_is_refused() -> None:
    def steep(x: Any) -> Any:
        return (x * 1e200) * 1e200

    for how in OPERATORS:
        with pytest.raises(autograd.DerivativeError, match="mul"):
            how(steep)(1e-200)
        # The derivative of 1/x is -1e400 here, though it is multiplied by 0.
        with pytest.raises(autograd.DerivativeError, match="div"):
            how(lambda x: 0.0 * (1.0 / x))(1e-200)
    with pytest.raises(autograd.DerivativeError, match="mul"):
        derivative(steep, 3)(1e-200)
    with pytest.raises(autograd.DerivativeError, match="order 3"):
        derivative(lambda x: 1e308 * (x * x * x), 3)(0.0)


def test_an_error_of_f_passes_through() -> None:
    with pytest.raises(autograd.DomainError, match="log"):
        grad(lambda x: x.log())(-1.0)
    assert (Value(2.0) * 3.0).op is not None


@pytest.mark.parametrize("name", ["grad", "hessian"])
@pytest.mark.parametrize("point", [2.0, [1.0, 2.0], ()])
def test_a_point_in_the_place_of_argnums_is_refused_at_once(name, point):
    with pytest.raises(TypeError, match=rf"{name}: argnums is .*{name}\(f\)\(x\)"):
        getattr(autograd, name)(lambda x: x, point)


def test_what_is_no_function_has_no_gradient():
    with pytest.raises(TypeError, match=r"grad: f must be a function, not 2\.0"):
        autograd.grad(2.0)


# What leaves the graph


LEAVING: dict[str, Callable[[Any], Any]] = {
    "float": lambda x: float(x[0]) ** 2,
    "int": lambda x: int(x[0]) * x[1],
    "round": lambda x: round(x[0] * x[1], 2),
    "trunc": lambda x: math.trunc(x[0]) * x[1],
    "complex": lambda x: complex(x[0]).real,
    "math.sin": lambda x: math.sin(x[0] + 1.0),
    "math.fsum": lambda x: math.fsum(x),
    "math.hypot": lambda x: math.hypot(x[0], x[1]),
    "statistics": lambda x: statistics.fmean(x),
    "np.float64": lambda x: np.float64(x[0]) * x[1],
    "np.array": lambda x: np.array(list(x), dtype=float).sum(),
    "np.asarray": lambda x: np.asarray(x, dtype=np.float32).sum(),
    "assignment": lambda x: _assigned(x),
    "copy": lambda x: copy.copy(x[0]) * x[1],
    "deepcopy": lambda x: sum(copy.deepcopy(list(x))),
    "array": lambda x: sum(array.array("d", list(x))),
    "nested": lambda x: grad(lambda y: y * float(x[0]))(2.0),
}


def _assigned(x: Any) -> Any:
    z = np.zeros(2)
    z[0] = x[0] * x[0]
    return z.sum()


@pytest.mark.parametrize("transform", [grad, jacobian, hessian, value_and_grad])
@pytest.mark.parametrize("name", LEAVING)
def test_a_number_that_leaves_the_graph_is_refused_at_its_line(
    name: str, transform: Callable[..., Any]
) -> None:
    for point in ([1.0, 2.0], np.array([1.0, 2.0])):
        with pytest.raises(
            TypeError, match=r"(?s)derivative.*test_functional\.py, line"
        ):
            transform(LEAVING[name])(point)


def test_a_number_that_leaves_the_graph_is_refused_in_every_transform() -> None:
    def f(x: Any) -> Any:
        return float(x) * 2.0

    for ask in (
        lambda: jvp(f, (1.0,), (1.0,)),
        lambda: vjp(f, 1.0),
        lambda: linearize(f, 1.0),
        lambda: hvp(f, 1.0, 1.0),
        lambda: derivative(f, 3)(1.0),
        lambda: directional_derivative(f, 1.0, 1.0),
        lambda: autograd.check_gradient(f, 1.0),
    ):
        with pytest.raises(TypeError, match=r"float\(\) makes a plain number"):
            ask()


def swallowed(x: Any) -> Any:
    try:
        return float(x[0]) * x[1]
    except TypeError:
        return x[1]


def misunderstood(x: Any) -> Any:
    try:
        return math.fsum(x)
    except TypeError as error:
        raise ValueError("not a number") from error


@pytest.mark.parametrize("f", [swallowed, misunderstood])
def test_a_refusal_that_a_library_swallows_is_raised_all_the_same(
    f: Callable[[Any], Any],
) -> None:
    with pytest.raises(TypeError, match=r"float\(\) makes .*grad differentiates by"):
        grad(f)([1.0, 2.0])


ESCAPES: list[Callable[[Any], Any]] = [
    float,
    int,
    round,
    math.sin,
    math.trunc,
    complex,
    np.float64,
    copy.copy,
    lambda v: math.hypot(v, 1.0),
    lambda v: array.array("d", [v])[0],
    lambda v: statistics.fmean([v, 1.0]),
    lambda v: np.array([v, 1.0], dtype=float).sum(),
    lambda v: next(iter(np.fromiter([v], float))),
]


@settings(max_examples=60, deadline=None)
@given(graph=graphs(20), escape=st.sampled_from(ESCAPES), data=st.data())
def test_whatever_depends_on_a_variable_cannot_leave_and_nothing_else_is_held(
    graph: Graph, escape: Callable[[Any], Any], data: st.DataObject
) -> None:
    node = data.draw(st.sampled_from([*graph.leaves, *(s.node for s in graph.steps)]))
    variable = data.draw(st.sampled_from(graph.leaves))
    depends = variable in topological_order(node)
    assume(node.op is None or escape is not copy.copy)  # those are refused anyway
    with differentiated_by([variable], "grad"):
        if depends:
            with pytest.raises(TypeError, match="grad differentiates by"):
                escape(node)
        else:
            escape(node)


def test_what_does_not_depend_on_the_variables_may_be_a_number() -> None:
    weight = Value(3.0) * 2.0
    assert grad(lambda x: float(weight) * x)(1.0) == 6.0
    assert grad(lambda x: x.data * x)(2.0) == 2.0
    assert float(grad(lambda x: x * grad(lambda y: y * y)(float(weight)))(1.0)) == 12.0


# What stands for what is undefined


@pytest.mark.parametrize(("word", "number"), [("nan", math.nan), ("inf", math.inf)])
def test_what_is_undefined_is_what_the_caller_says(word: str, number: float) -> None:
    def f(x: Any) -> Any:
        return x[0] - 0.01 * autograd.log(x[1])

    both = value_and_grad(f, on_domain_error=word)
    assert both([1.0, 1.0]) == (1.0, [1.0, -0.01])
    outside = [1.0, -1.0]
    value, gradient = both(outside)
    assert [str(value), *map(str, gradient)] == [str(number)] * 3
    assert str(grad(f, on_domain_error=word)(outside)[0]) == str(number)
    every = jacobian(lambda x: np.array([x[0], f(x)]), on_domain_error=word)
    rows = every(np.array(outside))
    assert rows.shape == (2, 2)
    assert np.isfinite(rows).sum() == 0
    second = hessian(f, on_domain_error=word)(np.array(outside))
    assert second.shape == (2, 2)
    assert np.isfinite(second).sum() == 0


@pytest.mark.parametrize(("word", "number"), [("nan", math.nan), ("inf", math.inf)])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_what_is_asked_at_no_number_is_what_the_caller_says(
    word: str, number: float, bad: float
) -> None:
    functions: list[Callable[[Any], Any]] = [
        lambda x: x[0] * x[0],
        lambda x: 1.0 / x[1],
        lambda x: x[0] if x[1] > 0.0 else 0.0,
    ]
    for f in functions:
        for point in ([1.0, bad], np.array([bad, 1.0])):
            for transform in (grad, jacobian, hessian):
                found = np.array(transform(f, on_domain_error=word)(point))
                assert np.array_equal(
                    found, np.full(found.shape, number), equal_nan=True
                )
            assert str(value_and_grad(f, on_domain_error=word)(point)[0]) == str(number)


def test_a_number_that_is_none_is_refused_by_default() -> None:
    with pytest.raises(ValueError, match="the number given is NaN"):
        grad(lambda x: x * x)(math.nan)


INNER: list[Callable[[str], Callable[[Any], Any]]] = [
    lambda word: grad(autograd.log, on_domain_error=word),
    lambda word: grad(autograd.sqrt, on_domain_error=word),
    lambda word: lambda x: value_and_grad(autograd.log, on_domain_error=word)(x)[0],
    lambda word: jacobian(lambda x: x**0.5, on_domain_error=word),
]


@pytest.mark.parametrize("word", ["nan", "inf"])
@pytest.mark.parametrize("inner", INNER)
def test_what_stands_for_a_number_is_not_differentiated(
    inner: Callable[[str], Callable[[Any], Any]], word: str
) -> None:
    f = inner(word)
    for ask in (grad, jacobian, derivative, lambda f: lambda x: jvp(f, (x,), (1.0,))):
        for point in (-1.0, 0.0):
            with pytest.raises(
                autograd.DomainError,
                match=rf"puts {word} in its place.*Give on_domain_error to the outer",
            ):
                ask(f)(point)
    assert str(grad(f, on_domain_error=word)(-1.0)) == word
    # It is what the innermost derivative says that counts.
    with pytest.raises(autograd.DomainError, match="Give on_domain_error to the outer"):
        grad(lambda x: jvp(f, (x,), (1.0,))[1], on_domain_error=word)(-1.0)


def test_a_value_may_be_infinite_and_never_nan_where_something_stands_for_it() -> None:
    w = Value(2.0)

    def f(x: Any) -> Any:
        return autograd.log(x * w)

    value, slope = value_and_grad(f, on_domain_error="inf")(-1.0)
    assert (value.data, slope.data) == (math.inf, math.inf)
    with pytest.raises(autograd.DomainError, match=r"log\(-2.0\).*inside no_grad\(\)"):
        value_and_grad(f, on_domain_error="nan")(-1.0)
    with autograd.no_grad():
        value, slope = value_and_grad(f, on_domain_error="nan")(-1.0)
    assert math.isnan(value)
    assert math.isnan(slope)


def test_a_value_stays_where_only_its_derivative_does_not_exist() -> None:
    both = value_and_grad(autograd.sqrt, on_domain_error="inf")
    assert both(0.0) == (0.0, math.inf)
    assert both(4.0) == (2.0, 0.25)


def test_an_error_in_a_transform_says_what_an_optimizer_needs() -> None:
    with pytest.raises(
        autograd.DomainError, match=r"grad\(\.\.\., on_domain_error='inf'\)"
    ):
        grad(autograd.log)(-1.0)
    with pytest.raises(ValueError, match="'raise', 'nan' or 'inf', not 'zero'"):
        grad(autograd.log, on_domain_error="zero")


def test_directions_that_are_values_give_floats_inside_no_grad() -> None:
    def along() -> Any:
        return autograd.jvp(lambda x: x * x, (3.0,), (Value(2.0),))[1]

    assert isinstance(along(), Value)
    with autograd.no_grad():
        found = along()
    assert (type(found), found) == (float, 12.0)


def test_derivatives_of_derivatives_are_taken_inside_no_grad_too() -> None:
    with autograd.no_grad():
        assert grad(grad(lambda x: x * x * x))(2.0) == 12.0
        assert grad(lambda x: x * grad(lambda y: x * x * y)(1.0))(2.0) == 12.0


@pytest.mark.parametrize("escape", ESCAPES)
def test_no_way_out_of_the_graph_is_open(escape: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match="grad differentiates by"):
        grad(lambda x: x * 1.5 * escape(x))(2.0)
