"""The gradient checker, checked: right ones pass, and errors of 0.1 % do not."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import (
    DerivativeError,
    DomainError,
    GradientMismatch,
    Value,
    check_gradient,
    finite_difference,
)
from autograd.ops import TABLE
from autograd.value import variadic

# --- finite differences --------------------------------------------------------------


@given(
    st.lists(st.integers(-9, 9), min_size=1, max_size=6),
    st.floats(-4, 4).map(lambda x: round(x * 16) / 16),
)
def test_finite_differences_of_polynomials_are_exact_to_rounding(
    coefficients: list[int], x: float
) -> None:
    def polynomial(a: Any) -> Any:
        return autograd.sum(c * a**k for k, c in enumerate(coefficients)) + 0.0 * a

    terms = [k * c * x ** (k - 1) for k, c in enumerate(coefficients) if k]
    # After two steps the extrapolation leaves nothing of degree 5 but rounding, of f
    # over a step of 1/16 to 1/4: f is 9 · 4^5 at most, so 16 · 2^-53 · |f| · a few.
    size = sum(abs(c) * max(1.0, abs(x)) ** k for k, c in enumerate(coefficients))
    assert finite_difference(polynomial, x) == pytest.approx(
        sum(terms), abs=200 * 2**-53 * size
    )


KNOWN: list[tuple[Callable[[Any], Any], float, float]] = [
    (lambda x: x.exp(), 1.5, math.exp(1.5)),
    (lambda x: x.log(), 2.0, 0.5),
    (lambda x: x.sin(), 0.3, math.cos(0.3)),
    (lambda x: x.tanh(), 0.7, 1 / math.cosh(0.7) ** 2),
    (lambda x: x**7, 1.5, 7 * 1.5**6),
    (lambda x: 1 / (1 + x * x), 0.5, -1 / 1.25**2),
    # near the edge of a domain, or near a pole
    (lambda x: x.log(), 1e-3, 1e3),
    (lambda x: x.log(), 1e-6, 1e6),
    (lambda x: x.sqrt(), 1e-3, 0.5 / math.sqrt(1e-3)),
    (lambda x: 1 / x, 1e-3, -1e6),
    (lambda x: x.asin(), 0.999, 1 / math.sqrt(1 - 0.999**2)),
    (lambda x: x.log1p(), -0.999, 1 / (1 - 0.999)),
    # near a kink
    (lambda x: x.relu(), 1e-5, 1.0),
    (lambda x: x.relu(), -1e-5, 0.0),
    (lambda x: abs(x), -1e-4, -1.0),
    # many waves within the first step
    (lambda x: x.sin(), 1000.0, math.cos(1000.0)),
    (lambda x: (1000 * x).sin(), 0.3, 1000 * math.cos(300.0)),
    # large and small
    (lambda x: x * x, 1e100, 2e100),
    (lambda x: x.exp(), 700.0, math.exp(700.0)),
    (lambda x: x.sigmoid(), -30.0, math.exp(-30) / (1 + math.exp(-30)) ** 2),
]


@pytest.mark.parametrize(("f", "x", "derivative"), KNOWN)
def test_finite_differences_know_a_derivative_to_nine_digits(
    f: Callable[[Any], Any], x: float, derivative: float
) -> None:
    # Rounding of f over the steps left to it: 1e-13 to 1e-15 relative (measured).
    assert finite_difference(f, x) == pytest.approx(derivative, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(("f", "x", "derivative"), KNOWN)
def test_right_gradients_pass_at_these_points_too(
    f: Callable[[Any], Any], x: float, derivative: float
) -> None:
    check_gradient(f, x)


def test_a_list_gives_a_list_of_partial_derivatives() -> None:
    gradient = finite_difference(lambda x: x[0] * x[1] ** 2 + x[2], [2.0, 3.0, 5.0])
    assert isinstance(gradient, list)
    assert gradient == pytest.approx([9.0, 12.0, 1.0], rel=1e-12)
    assert finite_difference(lambda x: x[0] * x[1], (2, 3)) == pytest.approx([3, 2])
    assert finite_difference(lambda x: 1.0, []) == []


def test_a_number_gives_a_float() -> None:
    for x in (3, 3.0, np.float64(3.0)):
        derivative = finite_difference(lambda a: a * a, x)
        assert isinstance(derivative, float)
        assert derivative == pytest.approx(6.0, rel=1e-12)


def test_a_numpy_vector_is_a_list_of_numbers() -> None:
    point = np.array([2.0, 3.0])
    gradient = finite_difference(lambda x: x[0] * x[1], point)
    assert gradient == pytest.approx([3.0, 2.0], rel=1e-12)
    check_gradient(lambda x: x[0] * x[1], point)


def test_f_is_called_with_values_of_the_same_form() -> None:
    seen: list[Any] = []

    def f(x: Any) -> float:
        seen.append(x)
        return 0.0

    finite_difference(f, 1.0)
    assert all(type(x) is Value for x in seen)
    seen.clear()
    finite_difference(f, [1.0, 2.0])
    assert all([type(v) for v in x] == [Value, Value] for x in seen)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x * x, 0.0),
        (lambda x: abs(x), 0.0),
        (lambda x: x.sin(), 1e6),
        (lambda x: 0.0, 1.0),
        (lambda x: x.log(), 1e-6),
    ],
)
def test_a_derivative_takes_at_most_a_hundred_and_fifty_evaluations(
    f: Callable[[Any], Any], x: float
) -> None:
    calls = []

    def counted(a: Value) -> Any:
        calls.append(a)
        return f(a)

    finite_difference(counted, x)
    assert len(calls) <= 150


def test_functions_that_return_plain_numbers_have_finite_differences() -> None:
    assert finite_difference(lambda x: float(x) ** 2, 3.0) == pytest.approx(
        6, rel=1e-12
    )
    assert finite_difference(lambda x: 3, 1.0) == 0.0


def test_a_constant_function_has_the_derivative_zero() -> None:
    for constant in (0, 3.0, Value(2.0), np.float64(1.0)):
        assert finite_difference(lambda x, c=constant: c, 1.0) == 0.0
        assert finite_difference(lambda x, c=constant: c, [1.0, 2.0]) == [0.0, 0.0]


def test_at_a_kink_the_difference_is_the_mean_of_both_sides() -> None:
    assert finite_difference(lambda x: x.relu(), 0.0) == pytest.approx(0.5, rel=1e-12)
    assert finite_difference(lambda x: abs(x), 0.0) == 0.0


def test_a_given_step_is_the_largest_tried() -> None:
    seen = []

    def f(x: Value) -> Value:
        seen.append(abs(x.data - 1.0))
        return x.sin()

    finite_difference(f, 1.0, step=1e-3)
    assert max(seen) == pytest.approx(1e-3)
    assert finite_difference(lambda x: x.sin(), 1.0, step=1e-3) == pytest.approx(
        math.cos(1.0), rel=1e-9
    )


@pytest.mark.parametrize("step", [0.0, -0.1, math.nan, math.inf])
def test_a_step_that_is_none_is_refused(step: float) -> None:
    with pytest.raises(ValueError, match="step"):
        finite_difference(lambda x: x * x, 1.0, step=step)


@pytest.mark.parametrize("check", [finite_difference, check_gradient])
def test_nan_is_refused_by_its_name(check: Callable[..., Any]) -> None:
    for x in (math.nan, [1.0, math.nan]):
        with pytest.raises(ValueError, match="NaN"):
            check(lambda a: 1.0, x)


@pytest.mark.parametrize("x", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("check", [finite_difference, check_gradient])
def test_a_point_that_is_not_finite_is_refused(
    check: Callable[..., Any], x: float
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of f, or of the check
        check(lambda a: a * 1.0, x)


# --- errors of f ---------------------------------------------------------------------


class FaultError(Exception):
    """An error that nobody else raises."""


def faulty(x: Any) -> Any:
    raise FaultError("of f")


@pytest.mark.parametrize("check", [finite_difference, check_gradient])
def test_an_error_of_f_passes_through(check: Callable[..., Any]) -> None:
    for x in (1.0, [1.0, 2.0]):
        with pytest.raises(FaultError, match="of f"):
            check(faulty, x)


@pytest.mark.parametrize(
    ("f", "x", "error"),
    [
        (lambda x: x.sqrt(), 0.0, DomainError),
        (lambda x: x.log(), -1.0, DomainError),
        (lambda x: 1 / (x - x), 1.0, ZeroDivisionError),
        (lambda x: x.exp(), 1000.0, OverflowError),
    ],
)
def test_where_f_is_never_defined_on_both_sides_its_error_is_raised(
    f: Callable[[Any], Any], x: float, error: type[Exception]
) -> None:
    with pytest.raises(error):
        finite_difference(f, x)


def test_a_derivative_that_does_not_exist_is_named_by_backward() -> None:
    with pytest.raises(DerivativeError, match="sqrt"):
        check_gradient(lambda x: x.sqrt(), 0.0)


@pytest.mark.parametrize("result", [None, "text", [Value(1.0)]])
@pytest.mark.parametrize("check", [finite_difference, check_gradient])
def test_a_function_that_returns_no_number_is_an_error(
    check: Callable[..., Any], result: Any
) -> None:
    with pytest.raises((TypeError, ValueError)):
        check(lambda x: result, 1.0)


# --- the checker ---------------------------------------------------------------------


def test_right_gradients_pass() -> None:
    check_gradient(lambda x: x.tanh() * x, 0.5)
    check_gradient(lambda x: x[0] * x[1].exp() / x[2], [2.0, 0.5, -3.0])
    check_gradient(lambda x: x[0] * x[0] + x[0], [3.0])
    check_gradient(lambda x: x, 3.0)
    check_gradient(lambda x: 3.0, [1.0, 2.0])
    check_gradient(lambda x: x[1], [1.0, 2.0])


def test_gradients_that_the_caller_has_are_left_alone() -> None:
    weight = Value(3.0)
    (weight * weight).backward()
    check_gradient(lambda x: weight * x, 2.0)
    assert weight.grad == 6.0


def test_a_result_that_was_not_recorded_is_a_mismatch() -> None:
    with pytest.raises(GradientMismatch, match=r"backward\(\) gives 0\.0, .* 6\.0"):
        check_gradient(lambda x: float(x) ** 2, 3.0)


def test_a_relu_at_its_kink_is_a_mismatch() -> None:
    with pytest.raises(GradientMismatch, match="near a kink"):
        check_gradient(lambda x: x.relu(), 0.0)


def plant(name: str, index: int, factor: float) -> Callable[[Any], Any]:
    """The operation, with one partial of what it recorded multiplied by a factor."""
    op = TABLE[name]

    def wrong(rule: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments: rule(*arguments) * factor

    def wrong_list(xp: Any, arguments: Any, out: Any) -> Any:
        partials = list(op.partials[0](xp, arguments, out))
        partials[index] *= factor
        return partials

    if op.arity is None:
        partials: tuple[Any, ...] = (wrong_list,)
    else:
        partials = tuple(
            wrong(rule) if i == index else rule for i, rule in enumerate(op.partials)
        )

    def f(x: list[Value]) -> Any:
        node = variadic(name)(*x)
        if isinstance(node, Value) and node.op is not None:
            node.op = replace(node.op, partials=partials)
        return node

    return f


def point_for(name: str) -> list[float]:
    """Arguments inside the domain, away from kinks, at which few partials are 0."""
    count = TABLE[name].arity or 4
    return [[0.6], [0.7, 1.3], [1.0, 0.7, 1.3], [0.3, 0.9, -0.4, 1.5]][count - 1]


def partials_at(name: str) -> list[tuple[str, int]]:
    """The partials of an operation that are not 0 at its point, by index."""
    node = variadic(name)(*[Value(x) for x in point_for(name)])
    return [(name, i) for i, partial in enumerate(node.partials()) if partial]


PARTIALS = [pair for name in TABLE for pair in partials_at(name)]


def test_almost_every_operation_has_a_partial_to_spoil() -> None:
    assert TABLE.keys() - {name for name, _ in PARTIALS} == {"step"}


@pytest.mark.parametrize("name", TABLE)
def test_every_operation_of_the_table_passes(name: str) -> None:
    check_gradient(plant(name, 0, 1.0), point_for(name))


@pytest.mark.parametrize(("name", "index"), PARTIALS)
@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0, 0.0])
def test_an_error_of_a_thousandth_in_a_partial_is_caught(
    name: str, index: int, factor: float
) -> None:
    with pytest.raises(GradientMismatch, match=rf"x\[{index}\] = ") as caught:
        check_gradient(plant(name, index, factor), point_for(name))
    assert str(caught.value).count("backward() gives") == 1


def test_an_error_deep_inside_an_expression_is_caught() -> None:
    tanh = plant("tanh", 0, 1.001)

    def f(x: list[Value]) -> Any:
        return (tanh([x[0] * x[1]]) + x[2]).exp() * x[1]

    with pytest.raises(GradientMismatch) as caught:
        check_gradient(f, [0.5, 0.8, 0.1])
    assert re.findall(r"x\[(\d)\]", str(caught.value)) == ["0", "1"]


def test_a_mismatch_names_the_coordinate_and_both_numbers() -> None:
    with pytest.raises(GradientMismatch) as caught:
        check_gradient(plant("mul", 1, 1.001), [4.0, 0.5])
    (line,) = [text for text in str(caught.value).splitlines() if "backward" in text]
    match = re.fullmatch(
        r"  x\[1\] = 0\.5: backward\(\) gives (\S+), finite differences (\S+) ± \S+",
        line,
    )
    assert match is not None
    assert float(match[1]) == pytest.approx(4.004)
    assert float(match[2]) == pytest.approx(4.0)


def test_a_mismatch_of_a_number_is_not_given_an_index() -> None:
    with pytest.raises(GradientMismatch, match=r"  x = 3\.0: backward\(\) gives"):
        check_gradient(lambda x: float(x) ** 2, 3.0)


def test_every_wrong_coordinate_is_listed() -> None:
    def f(x: list[Value]) -> float:
        return sum(float(v) ** 2 for v in x)

    with pytest.raises(GradientMismatch) as caught:
        check_gradient(f, [1.0, 0.0, 3.0])
    assert re.findall(r"x\[(\d)\]", str(caught.value)) == ["0", "2"]


def test_the_tolerances_are_the_callers_to_choose() -> None:
    f = plant("mul", 0, 1.001)
    check_gradient(f, [2.0, 3.0], rtol=1e-2)
    check_gradient(f, [2.0, 3.0], atol=1e-2)
    with pytest.raises(GradientMismatch):
        check_gradient(f, [2.0, 3.0], rtol=1e-4)
    nearly = plant("mul", 0, 1 + 1e-8)
    check_gradient(nearly, [2.0, 3.0])
    with pytest.raises(GradientMismatch):
        check_gradient(nearly, [2.0, 3.0], rtol=1e-10, atol=0.0)


def test_a_mismatch_is_an_assertion_error() -> None:
    assert issubclass(GradientMismatch, AssertionError)
