"""`where` of functions, comparisons and cuts: eagerly, and as programs have them."""

from __future__ import annotations

import gc
import itertools
import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import (
    DerivativeError,
    DomainError,
    TraceError,
    Value,
    compile,
    compile_function,
    exp,
    grad,
    log,
    no_grad,
    sqrt,
    tracing,
    where,
)
from autograd.compiler.trace import trace
from tests.executors import KINDS, executors
from tests.strategies import Graph, apply, graphs

# A side may be a plain number, which depends on nothing.
pytestmark = pytest.mark.filterwarnings("ignore:grad. the result:UserWarning")

POINTS = [-3.0, -1.0, -0.25, 0.0, 0.5, 1.0, 2.0]


def fail() -> Any:
    raise AssertionError("the side that was not chosen was called")


# Eagerly


def test_only_the_side_that_is_chosen_is_called() -> None:
    x = Value(4.0)
    assert where(x > 0, lambda: sqrt(x), fail).data == 2.0
    assert where(x < 0, fail, 0.0) == 0.0
    assert where(x - 4.0, fail, lambda: x * 2.0).data == 8.0
    assert where(0.0, fail, 5.0) == 5.0
    assert where(True, lambda: 3.0, fail) == 3.0


def test_the_slope_is_that_of_the_side_that_is_chosen() -> None:
    f = grad(lambda x: where(x > 0, lambda: sqrt(x), lambda: -3.0 * x))
    assert [f(4.0), f(-4.0)] == [0.25, -3.0]
    g = grad(lambda x: where(autograd.step(x), lambda: sqrt(x), lambda: -3.0 * x))
    assert [g(4.0), g(-4.0)] == [0.25, -3.0]
    assert grad(g)(4.0) == -1 / 32


UNDEFINED_HERE: dict[str, Callable[[Any], Any]] = {
    r"lambda: sqrt\(d\)": sqrt,
    r"lambda: log\(d\)": log,
    r"lambda: acos\(d\)": autograd.acos,
    r"lambda: x / d": lambda d: 1.0 / (d + 2.0),
    r"lambda: pow\(d, x\)": lambda d: d**0.5,
}


@pytest.mark.parametrize("remedy", UNDEFINED_HERE)
def test_what_is_undefined_names_where_of_functions_as_the_remedy(remedy: str) -> None:
    f = UNDEFINED_HERE[remedy]
    with pytest.raises((ValueError, ArithmeticError), match=remedy.replace("d", ".*")):
        where(autograd.step(Value(-2.0)), f(Value(-2.0, label="d")), 0.0)
    g = compile_function(lambda x: where(autograd.step(x[0]), f(x[0]), 0.0), 1)
    with pytest.raises(autograd.NumericalError, match="one side of a choice"):
        g([-2.0])


def test_a_derivative_that_does_not_exist_names_where_of_functions_too() -> None:
    def f(x: Any) -> Any:
        return where(autograd.step(x[0]), sqrt(x[0]), 0.0)

    with pytest.raises(DerivativeError, match=r"where\(condition, lambda: sqrt\(x\)"):
        grad(f)([0.0])
    with pytest.raises(autograd.NumericalError, match=r"lambda: sqrt\(x\), other"):
        compile_function(f, 1).grad([0.0])


# Compiled

SIDES: dict[str, Callable[[Any], Any]] = {
    "sqrt": lambda x: where(x[0] > 0, lambda: sqrt(x[0]), 0.0),
    "the other side": lambda x: where(x[0] <= 0, 0.0, lambda: sqrt(x[0])),
    "a number": lambda x: where(x[0], lambda: 1.0 / x[0], 7.0),
    "of what was computed": lambda x: where(
        x[0] * x[0] > 1, lambda: log(x[0] * x[0] - 1.0), -x[0]
    ),
    "both": lambda x: where(
        x[0] > 0, lambda: log(x[0]) * x[1], lambda: sqrt(-x[0] + 0.5) + x[1]
    ),
    "nested": lambda x: where(
        x[0] > 0, lambda: where(x[0] > 1, lambda: sqrt(x[0] - 1.0), lambda: x[0]), x[1]
    ),
    "beside": lambda x: x[1] * where(x[0] > 0, lambda: x[0] ** 1.5, x[1]) + x[0],
    "exp": lambda x: where(x[0] < 1, lambda: exp(400.0 * x[0]), lambda: 1.0 / x[0]),
    "a side itself": lambda x: where(x[0] > 0, lambda: x[0], lambda: x[1]),
    "without graph": lambda x: where(x[0] > 0, lambda: 1.0, lambda: 2.0) * x[1],
    "atanh": lambda x: where(
        (x[0] > -1) * (x[0] < 1), lambda: autograd.atanh(x[0]), lambda: x[1]
    ),
    "a narrow domain": lambda x: where(
        x[0] > 1.5, lambda: autograd.acosh(10.0 * x[0] - 14.0), 0.0
    ),
    "defined far away alone": lambda x: where(
        (x[0] > 41) * (x[0] < 59), lambda: autograd.acos((x[0] - 50.0) / 9.0), x[1]
    ),
    "steps": lambda x: (x[0] > 0) * x[1] + (x[0] >= 1) * 3.0 - (x[0] == 0.5) * x[0],
    "not equal": lambda x: where(x[0] != 0.5, x[0], 10.0 * x[0]) + (x[0] < 1) * x[1],
    "less": lambda x: where(x[0] <= 0.5, x[0] * x[0], x[1]),
}


def eagerly(f: Callable[[Any], Any], x: list[float], order: int) -> Any:
    try:
        if order == 0:
            found = f(x)
            return found.data if isinstance(found, Value) else found
        kind = grad if order == 1 else autograd.hessian
        return np.array(kind(f)(x), float)
    except (ValueError, ArithmeticError):
        return None


@pytest.mark.parametrize("at", [[0.75, 0.5], [-0.5, 0.25], [2.5, 1.0], [-2.5, 2.0]])
@pytest.mark.parametrize("name", SIDES)
def test_a_program_takes_nothing_from_the_side_that_is_not_chosen(
    name: str, at: list[float]
) -> None:
    f = SIDES[name]
    g = compile_function(f, 2, at=at)
    points = [[x, 1.25] for x in POINTS]
    for ask, order in ((g, 0), (g.grad, 1), (g.hessian, 2)):
        expected = [eagerly(f, x, order) for x in points]
        for x, wanted in zip(points, expected, strict=True):
            if wanted is None:
                with pytest.raises((ValueError, ArithmeticError)):
                    ask(np.array(x))
            else:
                # One operation after the other: a few roundings of each.
                assert ask(np.array(x)) == pytest.approx(wanted, rel=1e-13), x
        rows = [x for x, w in zip(points, expected, strict=True) if w is not None]
        found = ask(np.array(rows))
        wanted = np.array([w for w in expected if w is not None])
        assert found == pytest.approx(wanted, rel=1e-13)


UNDEFINED = [
    "sqrt",
    "log",
    "acosh",
    "atanh",
    "asin",
    "acos",
    "lgamma",
    "log1p",
    "log10",
]


@given(
    name=st.sampled_from(UNDEFINED),
    scale=st.sampled_from([1.0, -3.0, 0.1]),
    shift=st.sampled_from([0.0, 2.0, -5.0]),
    at=st.sampled_from([-40.0, -4.5, -0.75, 0.3, 2.5, 17.0]),
)
def test_a_side_that_is_not_defined_where_it_is_recorded_is_computed_where_it_is(
    name: str, scale: float, shift: float, at: float
) -> None:
    function = getattr(autograd, name)
    domain = autograd.ops.TABLE[name].domain[0]
    low, high = max(domain.low, -1e3), min(domain.high, 1e3)

    def f(x: Any) -> Any:
        inside = scale * x[0] + shift
        return where((inside > low) * (inside < high), lambda: function(inside), x[0])

    g = compile_function(f, 1, at=[at])
    for x in (-30.0, -1.7, -0.6, 0.2, 1.1, 3.0, 25.0):
        wanted = f([Value(x)])
        assert g([x]) == pytest.approx(wanted.data, rel=1e-12)
        assert g.grad([x]) == pytest.approx(grad(f)([x]), rel=1e-12)


def test_a_batch_in_both_precisions_has_nothing_of_what_was_not_chosen() -> None:
    x, w = Value(-1.0), Value(2.0)
    with tracing():
        out = where(x > 0, lambda: sqrt(w * x), lambda: -w)
    for dtype in ("float64", "float32"):
        program = compile(out, [x], [w], dtype)
        batch = [[4.0], [-4.0], [1.0], [0.0]]
        expected = [[8.0**0.5], [-2.0], [2.0**0.5], [-2.0]]
        for _ in range(2):
            assert program(batch) == pytest.approx(np.array(expected), rel=1e-6)
            _, slope = program.value_and_grad(batch)
            rates = [4.0 / (2 * 8.0**0.5), -1.0, 1.0 / (2 * 2.0**0.5), -1.0]
            assert slope == pytest.approx([sum(rates) / 4], rel=1e-6)


def test_what_has_no_derivative_on_the_chosen_side_is_refused() -> None:
    def f(x: Any) -> Any:
        return where(x[0] >= 0, lambda: sqrt(x[0]), 0.0)

    g = compile_function(f, 1)
    assert g([0.0]) == 0.0
    with pytest.raises(DerivativeError):
        grad(f)([0.0])
    with pytest.raises(autograd.NumericalError, match="sqrt"):
        g.grad([0.0])


def test_a_graph_of_one_side_is_not_compiled() -> None:
    x = Value(2.0)
    out = where(autograd.step(x), lambda: sqrt(x), 0.0)
    with pytest.raises(TraceError, match=r"only the side .* was recorded"):
        compile(out, [x])


def test_a_side_that_can_be_computed_nowhere_is_refused_by_name() -> None:
    def f(x: Any) -> Any:
        return where(x[0] > 9, lambda: sqrt(-x[0] * x[0] - 1.0), x[0])

    with pytest.raises(TraceError, match=r"none were found at which .*sqrt"):
        compile_function(f, 1)


@pytest.mark.parametrize("condition", [2.0, -2.0, 0.0])
def test_what_the_chosen_side_raises_while_it_is_recorded_is_its_own_error(
    condition: float,
) -> None:
    chosen, x = Value(condition), Value(3.0)
    sides = [lambda: x * sqrt(-1.0), lambda: x]
    with tracing(), pytest.raises(DomainError, match=r"^sqrt\(-1.0\) is not defined"):
        where(chosen, *(sides if condition else sides[::-1]))


def close_and_different(x: list[Any]) -> Any:
    total = 0.0
    for i in range(1, len(x)):
        total = total + log(0.2 - (x[i] / x[0] - 1.0) ** 2) / (x[i] - x[i - 1])
    return total


FOUND: dict[str, tuple[Callable[[Any], Any], list[float], list[float]]] = {
    "at the example's zero": (lambda x: autograd.acos(1e4 * x[0]), [0.0], [5e-5]),
    "of both signs": (lambda x: sqrt(x[0]) * sqrt(-x[1]), [-1.0, 2.0], [4.0, -9.0]),
    "close and different": (
        close_and_different,
        [1.0] * 7,
        [2.0 + 0.1 * i for i in range(7)],
    ),
}


@pytest.mark.parametrize("name", FOUND)
def test_numbers_are_found_at_which_a_side_can_be_computed(name: str) -> None:
    side, at, point = FOUND[name]
    x, chosen = list(map(Value, at)), Value(-1.0)
    with tracing():
        out = where(chosen > 0, lambda: side(x), 7.0)
    program = compile(out, [*x, chosen])
    wanted = side(list(map(Value, point))).data
    found = program([[*point, 1.0], [*at, -1.0]])
    assert found == pytest.approx(np.array([[wanted], [7.0]]), rel=1e-13)


def test_a_side_is_computed_in_single_precision_wherever_it_was_recorded() -> None:
    x, chosen = Value(1e20), Value(-1.0)
    with tracing():
        out = where(chosen > 0, lambda: x * x, x)
    program = compile(out, [x, chosen], dtype="float32")
    found = program([[2.0, 1.0], [1e20, -1.0]])
    assert found == pytest.approx(np.array([[4.0], [1e20]]), rel=1e-7)


def test_a_side_has_a_finite_slope_wherever_it_was_recorded() -> None:
    # 1 / 5e-324 is infinite, and 0 times that is no slope.
    f = compile_function(
        lambda x: where(x[0] > 1, lambda: log(x[0]), x[0]), 1, [5e-324]
    )
    assert [f.grad([x]).item() for x in (0.5, 4.0)] == [1.0, 0.25]


def test_a_side_that_remembers_its_lines_is_gated_as_ever() -> None:
    x = Value(1.0)
    with autograd.anomaly(), tracing():
        out = where(x > 2, lambda: sqrt(x - 2.0), 0.0)
    assert compile(out, [x])([[6.0], [0.0]]).tolist() == [[2.0], [0.0]]


def test_an_error_in_a_side_says_where_its_operands_were_made() -> None:
    def side() -> Any:
        with autograd.anomaly():
            return sqrt(x * -2.0)

    x = Value(1.0)
    with tracing(), pytest.raises(DomainError, match=r"operand -2.0 = mul\(.*, at "):
        where(x > 0, side, 1.0)


# Comparisons


@pytest.mark.parametrize(
    "branch",
    [
        lambda x: 1.0 if x > 0 else 2.0,
        lambda x: 1.0 if x == 1.0 else 2.0,
        lambda x: 1.0 if x != 1.0 else 2.0,
        lambda x: 1.0 if x in (1.0, 2.0) else 2.0,
        lambda x: [1.0, 2.0].count(x),
        lambda x: max(x, 0.0),
        lambda x: sorted([x, 1.0])[0],
        lambda x: np.where(np.array([x]) == 1.0, 1.0, 2.0)[0],
        lambda x: 1.0 if 0.0 < x < 1.0 else 2.0,
        lambda x: math.sin(x),
        lambda x: abs(int(x)),
        lambda x: round(x, 1),
        lambda x: f"{float(x)}",
    ],
)
def test_a_branch_of_python_on_a_traced_number_is_refused(
    branch: Callable[[Any], Any],
) -> None:
    with pytest.raises(TraceError):
        compile_function(lambda x: x[0] * branch(x[0]), 1)


@pytest.mark.parametrize(
    ("ask", "told"), [(int, True), (round, True), (bool, False), (float, False)]
)
def test_classes_are_spoken_of_where_a_whole_number_is_asked_for(
    ask: Callable[[Any], Any], told: bool
) -> None:
    with tracing(), pytest.raises(TraceError) as caught:
        ask(Value(1.0))
    assert ("choose by a class" in str(caught.value)) == told


def test_what_is_no_number_equals_no_traced_value() -> None:
    x = Value(1.0)
    with tracing():
        for other in (None, "1.0", [1.0]):
            assert (x == other, x != other) == (False, True)


@pytest.mark.parametrize(
    "index", [lambda t, v: v[t], lambda t, v: v[int(t)], lambda t, v: v[round(t)]]
)
def test_a_traced_index_is_refused_with_what_works_instead(
    index: Callable[[Any, Any], Any],
) -> None:
    def f(x: Any) -> Any:
        return index(x[0], autograd.log_softmax([x[1], x[2]]))

    with pytest.raises(TraceError, match="where") as caught:
        compile_function(f, 3)
    assert "cross_entropy(logits, t)" in str(caught.value)

    def instead(x: Any) -> Any:
        values = autograd.log_softmax([x[1], x[2]])
        return autograd.sum([where(x[0] - k, 0.0, v) for k, v in enumerate(values)])

    g = compile_function(instead, 3)
    assert g([1.0, 0.5, 2.0]) == pytest.approx(autograd.log_softmax([0.5, 2.0])[1])


def test_a_value_is_no_index() -> None:
    with pytest.raises(TypeError, match="a Value is no index"):
        [1.0, 2.0][Value(1.0)]  # type: ignore[call-overload]


SYMBOLS = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@given(
    symbol=st.sampled_from(sorted(SYMBOLS)),
    a=st.sampled_from([-1.5, -0.0, 0.0, 1e-300, 2.0, 1e308]) | st.floats(-10, 10),
    b=st.sampled_from([-1.5, -0.0, 0.0, 1e-300, 2.0, 1e308]) | st.floats(-10, 10),
    is_turned=st.booleans(),
)
def test_a_comparison_with_a_number_is_that_of_the_numbers_eagerly_and_recorded(
    symbol: str, a: float, b: float, is_turned: bool
) -> None:
    compare = SYMBOLS[symbol]
    x = Value(a)
    expected = compare(b, a) if is_turned else compare(a, b)
    assert (compare(b, x) if is_turned else compare(x, b)) is expected
    with tracing():
        recorded = compare(b, x) if is_turned else compare(x, b)
    assert recorded.data == expected
    program = compile(where(recorded, 3.0, 5.0) + 0.0 * x, [x])
    for other in (a, b, -a):
        wanted = compare(b, other) if is_turned else compare(other, b)
        assert program([[other]])[0, 0] == (3.0 if wanted else 5.0)


# Cuts


@settings(max_examples=60, deadline=None)
@given(graph=graphs(20), data=st.data())
def test_a_graph_with_cuts_anywhere_is_compiled_as_it_is_differentiated_eagerly(
    graph: Graph, data: st.DataObject
) -> None:
    cut = data.draw(st.lists(st.booleans(), min_size=20, max_size=40))

    def run(x: Any) -> Any:
        made: dict[Value, Any] = dict(zip(graph.leaves, x, strict=True))
        for step, is_cut in zip(graph.steps, itertools.cycle(cut), strict=False):
            operands = [made.get(v, v) for v in step.operands]  # type: ignore[call-overload]
            node = apply(step.name, operands)
            made[step.node] = node.detach() if is_cut else node
        return made[graph.root] + x[0] * 0.0

    point = [leaf.data for leaf in graph.leaves]
    program = compile_function(run, len(point), at=point)
    assert program(point) == pytest.approx(graph.root.data, rel=1e-9, abs=1e-9)
    expected = [float(v) for v in grad(run)(point)]
    # As in test_passes: at most some 60 roundings, amplified by the condition.
    assert program.grad(point) == pytest.approx(expected, rel=1e-9, abs=1e-9)


def without_gradient(x: Any) -> Any:
    with no_grad():
        return x * x


def root_without_gradient(x: Any) -> Any:
    with no_grad():
        return sqrt(x)


def derivatives_without_gradient(x: Any) -> Any:
    """Derivatives at a Value, by one beside it, and along a direction."""
    with no_grad():
        value, slope = autograd.value_and_grad(lambda y: y * x * y)(x)
        third = autograd.derivative(lambda y: (y * x).sin(), order=3)(0.5)
        _, along = autograd.jvp(lambda y: y * y, (3.0,), (x,))
        operand = grad(lambda y: y * x)(2.0)
    return value + slope * third + along * operand


CUTS: dict[str, Callable[[Any], Any]] = {
    "detach": lambda x: x[0] * x[0].detach(),
    "detach of what was computed": lambda x: x[0] * (x[1] * x[0]).exp().detach(),
    "no_grad": lambda x: without_gradient(x[0]) * x[1],
    "no_grad in a branch": lambda x: where(
        x[0] > 0, lambda: without_gradient(sqrt(x[0])) * x[1], x[1]
    ),
    "derivatives inside no_grad": lambda x: (
        derivatives_without_gradient(x[0] * x[1]) * x[1]
    ),
    "undefined inside no_grad": lambda x: where(
        x[0] > 0, lambda: root_without_gradient(x[0]) * x[1], x[1]
    ),
    "cut twice": lambda x: ((x[0].detach() * x[1]).detach() + x[1]) * x[0],
    "a cut of a cut": lambda x: (x[0].detach() * x[1]).detach().detach() * x[1],
    "undefined behind a cut": lambda x: (x[0] * 0.0).sqrt().detach() * x[1] + x[0],
    "straight through": lambda x: x[0] + (autograd.step(x[0]) - x[0]).detach(),
}


@pytest.mark.parametrize("name", CUTS)
def test_a_cut_is_recorded_as_a_cut(name: str) -> None:
    f = CUTS[name]
    g = compile_function(f, 2)
    for x in ([3.0, 0.5], [-2.0, 1.5]):
        assert g(x) == pytest.approx(f([Value(v) for v in x]).data, rel=1e-13)
        expected = [float(v) for v in grad(f)(x)]
        assert g.grad(x) == pytest.approx(expected, rel=1e-13)
        assert g.grad([x, x])[1] == pytest.approx(expected, rel=1e-13)
        assert [float(v) for v in grad(g)(x)] == pytest.approx(expected, rel=1e-13)
        second = [[float(v) for v in row] for row in autograd.hessian(f)(x)]
        assert g.hessian(x) == pytest.approx(np.array(second), rel=1e-13)


@pytest.mark.parametrize("kind", KINDS)
def test_no_executor_passes_a_derivative_through_a_cut(kind: str) -> None:
    x, w = Value(2.0), Value(3.0)
    with tracing():
        out = (w * x) * (w * x).sin().detach() + w.detach()
    executor = executors([out], [x], [w])[kind]
    for batch in ([[2.0]], [[2.0], [-1.0], [0.5]]):
        value, slope = executor.value_and_grad(np.array(batch))
        cut = [math.sin(3.0 * a) for (a,) in batch]
        n = len(batch)
        wanted = sum(3.0 * a * s + 3.0 for (a,), s in zip(batch, cut, strict=True))
        assert value == pytest.approx(wanted / n, rel=1e-14)
        rate = sum(a * s for (a,), s in zip(batch, cut, strict=True)) / n
        assert slope == pytest.approx([rate], rel=1e-14)
    with tracing():
        out = w * x + (0.0 * w).sqrt().detach()  # it has no derivative, and needs none
    executor = executors([out], [x], [w])[kind]
    assert executor.value_and_grad(np.array([[2.0], [4.0]]))[1] == [3.0]


def test_what_was_computed_inside_no_grad_is_not_compiled_as_a_constant() -> None:
    x, w = Value(2.0), Value(3.0)
    with no_grad():
        z = x * w
    for out in (z, z + 1.0, [w * x, z]):
        with pytest.raises(ValueError, match=r"depends on no.*no_grad"):
            compile(out, [x], [w])


# What tracing cannot see


class Counter:
    """A function with a state."""

    calls = 0

    def __call__(self, x: Any) -> Any:
        self.calls += 1
        return x[0] * self.calls


RNG = np.random.default_rng(0)

FIXED: dict[str, Callable[[Any], Any]] = {
    "data": lambda x: x[0] * x[0].data,
    "a branch on data": lambda x: x[0] if x[0].data > 0.9 else 2.0 * x[0],
    "a sign of data": lambda x: x[0] if x[0].data > 0.0 else 0.0 * x[0],
    "a size of data": lambda x: x[0] if x[0].data > -5.0 else 0.0 * x[0],
    "text": lambda x: x[0] * len(f"{x[0]:.17g}"),
    "noise": lambda x: x[0] + RNG.normal(),
    "a counter": Counter(),
    "a dict": lambda x: x[0] * {0.5: 1.0}.get(x[0].data, 3.0),
    "array data": lambda x: x[0] * np.sin([v.data for v in x]).sum(),
}


@pytest.mark.parametrize("name", FIXED)
def test_what_was_fixed_while_recording_is_found_at_another_point(name: str) -> None:
    with pytest.raises(TraceError, match=r"(?s)at x = \[.*Something was fixed"):
        compile_function(FIXED[name], 1)


def test_a_program_is_held_to_what_is_expected_but_for_rounding() -> None:
    x, w = Value(2.0), Value(3.0)
    program = compile([w * x, w + x], [x], [w])
    program.check_again([4.0], [12.0, 7.0])
    program.check_again([4.0], [12.0 * (1.0 + 1e-12), 7.0])
    with pytest.raises(TraceError, match=r"X: output 1 is 7.0000007, and 7.0 by"):
        program.check_again([4.0], [12.0, 7.0000007], "X")
    with pytest.raises(TraceError, match=r"output 0 is 0.0, and 12.0 by"):
        program.check_again([4.0], [0.0, 7.0])


def test_infinite_constants_agree_with_themselves_alone() -> None:
    def f(x: Any) -> Any:
        return where(x[1] > 0, x[0], math.inf)

    g = compile_function(f, 2)
    assert [g([3.0, 1.0]), g([3.0, -1.0])] == [3.0, math.inf]
    program = compile(Value(1.0) * (w := Value(2.0)), parameters=[w])
    with pytest.raises(TraceError, match=r"is inf, and 2\.0 by a program"):
        program.check_again([], [math.inf])


def test_a_chaotic_function_is_not_taken_for_one_that_changes() -> None:
    def f(x: Any) -> Any:
        state = x[0]
        for _ in range(200):
            state = 3.9 * state * (1.0 - state)
        return state

    g = compile_function(f, 1, at=[0.3])
    assert 0.0 < g([0.4]) < 1.0


def test_a_function_that_is_defined_nowhere_else_is_compiled() -> None:
    def f(x: Any) -> Any:
        return autograd.acos(x[0] * 1e8) * 2.0

    assert compile_function(f, 1, at=[0.0])([0.0]) == pytest.approx(math.pi)


def lazily(x: Any) -> Any:
    """A number that is computed where it is first asked for, and kept."""
    kept: list[Any] = []

    def root() -> Any:
        if not kept:
            kept.append(sqrt(x[0] * x[0] + x[1]))
        return kept[0]

    return where(x[0] > 0, lambda: root() * x[1], 1.0) + root()


def lazily_in_two_sides(x: Any) -> Any:
    kept: list[Any] = []

    def root() -> Any:
        if not kept:
            kept.append(sqrt(x[0]))
        return kept[0]

    first = where(x[0] > 0, root, 1.0)
    return first * where(x[0] > 1, lambda: root() * x[1], 2.0)


@pytest.mark.parametrize("f", [lazily, lazily_in_two_sides])
def test_what_a_side_keeps_for_others_is_computed_there_for_all_examples(
    f: Callable[[Any], Any],
) -> None:
    compiled = compile_function(f, 2)
    for point in ([0.5, 0.25], [-0.5, 2.0], [-3.0, 4.0], [1.5, 1.0]):
        value = f([Value(x) for x in point])
        assert compiled(point) == pytest.approx(getattr(value, "data", value))
        assert compiled.grad(point) == pytest.approx(grad(f)(point))


@pytest.mark.parametrize("at", [-1.5, 0.5, 1.5, 2.5])
def test_a_choice_inside_both_sides_of_a_choice_is_recorded_anywhere(at: float) -> None:
    def f(x: Any) -> Any:
        def high() -> Any:
            return where(x[0] > 2, lambda: sqrt(x[0] - 2), lambda: sqrt(x[0] - 1))

        return where(x[0] > 1, high, lambda: where(x[0] > 0, lambda: log(x[0]), 0.5))

    compiled = compile_function(f, 1, at=[at])
    for x in (-2.0, 0.5, 1.25, 3.0):
        value = f([Value(x)])
        assert compiled([x]) == pytest.approx(getattr(value, "data", value))
        assert compiled.grad([x]) == pytest.approx(grad(f)([x]))


def test_a_function_that_takes_derivatives_of_values_is_compiled() -> None:
    def f(x: Any) -> Any:
        return autograd.gradients(x[0] ** 3 * x[1], [x[0]])[0]

    assert compile_function(f, 2)([2.0, 3.0]) == 36.0


def test_a_cut_keeps_what_it_was_cut_from_only_while_tracing() -> None:
    x = Value(3.0)
    with no_grad():
        computed = x * x
    for cut in ((x * x).detach(), computed):
        assert not any(isinstance(held, Value) for held in gc.get_referents(cut))
        assert cut._notes is None
    with tracing():
        cut = (x * x).detach()
    assert cut._notes is not None


def test_a_hook_on_a_parameter_is_refused_beside_a_cut_too() -> None:
    x, w = Value(2.0), Value(3.0)
    w.register_hook(lambda gradient: None)
    with tracing():
        out = w * x + (w * x).detach()
    with pytest.raises(ValueError, match="a Value has a hook"):
        compile(out, [x], [w])


def test_what_an_input_was_cut_from_is_not_computed() -> None:
    with tracing():
        x = (Value(3.0) * 2.0).detach()
        out = x * x.detach()
    assert len(trace([out], [x], [])) == 2


def test_nothing_has_to_be_finite_behind_a_cut_in_any_executor() -> None:
    x, w = Value(1.0), Value(2.0)
    with tracing():
        out = (w * x).sqrt().detach() * w
    program = compile(out, [x], [w])
    for batch in ([[0.0]], [[0.0]] * 5000):
        value, slope = program.value_and_grad(batch)
        assert (value, slope.tolist()) == (0.0, [0.0])


@pytest.mark.parametrize("at", [0.0, -1.0, 1.0])
def test_a_side_that_is_not_chosen_has_derivatives_of_all_orders_where_it_is_replaced(
    at: float,
) -> None:
    # x^1.5 has a slope at 0, and no second derivative.
    g = compile_function(lambda x: where(x[0] > 0, lambda: x[0] ** 1.5, x[0]), 1, [at])
    assert [g.hessian([x]).item() for x in (-1.0, 4.0)] == pytest.approx([0.0, 0.375])
