"""The gradient checker, checked: right ones pass, and errors of 0.1 % do not."""

import itertools
import math
import re
import sys
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
from autograd.apply import variadic
from autograd.checking.digits import MultiprecisionGraph
from autograd.checking.verdict import VERDICTS
from autograd.ops import TABLE
from tests.oracles import ORACLES

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
    with pytest.raises(GradientMismatch, match=r"backward\(\) gives 0\.0\n"):
        check_gradient(lambda x: x.data**2, 3.0)


def test_a_relu_at_its_kink_is_a_mismatch() -> None:
    with pytest.raises(GradientMismatch, match="x is at a kink"):
        check_gradient(lambda x: x.relu(), 0.0)


def wrong_coordinates(mismatch: GradientMismatch) -> list[int]:
    """The coordinates that the report of a mismatch finds fault with."""
    names = [fault.where for fault in mismatch.report.faults]  # type: ignore[attr-defined]
    return [int(re.match(r"x\[(\d+)\] = ", name)[1]) for name in names]


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
    if name == "acosh":
        return [1.6]
    return [[0.6], [0.7, 1.3], [1.0, 0.7, 1.3], [0.3, 0.9, -0.4, 1.5]][count - 1]


def partials_at(name: str) -> list[tuple[str, int]]:
    """The partials of an operation that are not 0 at its point, by index."""
    node = variadic(name)(*[Value(x) for x in point_for(name)])
    return [(name, i) for i, partial in enumerate(node.partials()) if partial]


NAMES = sorted(TABLE.keys() & ORACLES.keys())
PARTIALS = [pair for name in NAMES for pair in partials_at(name)]


def test_almost_every_operation_has_a_partial_to_spoil() -> None:
    assert {*NAMES} - {name for name, _ in PARTIALS} == {
        "ceil",
        "floor",
        "floor_divide",
        "greater",
        "sign",
        "step",
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_operation_of_the_table_passes(name: str) -> None:
    check_gradient(plant(name, 0, 1.0), point_for(name))


@pytest.mark.parametrize(("name", "index"), PARTIALS)
@pytest.mark.parametrize("factor", [1.001, 0.999, -1.0, 0.0])
def test_an_error_of_a_thousandth_in_a_partial_is_caught_and_blamed_on_its_row(
    name: str, index: int, factor: float
) -> None:
    with pytest.raises(GradientMismatch) as caught:
        check_gradient(plant(name, index, factor), point_for(name))
    report = caught.value.report
    assert wrong_coordinates(caught.value) == [index]
    assert report.against == ("finite differences", "mpmath")
    assert report.blamed == "a row"
    assert [suspect.row for suspect in report.suspects] == [name]
    assert f"by operand {index} is" in report.suspects[0].text
    assert str(caught.value) == str(report)


def test_an_error_deep_inside_an_expression_is_caught() -> None:
    tanh = plant("tanh", 0, 1.001)

    def f(x: list[Value]) -> Any:
        return (tanh([x[0] * x[1]]) + x[2]).exp() * x[1]

    with pytest.raises(GradientMismatch) as caught:
        check_gradient(f, [0.5, 0.8, 0.1])
    assert wrong_coordinates(caught.value) == [0, 1]
    (suspect,) = caught.value.report.suspects
    assert (suspect.row, suspect.call) == ("tanh", "tanh(0.4)")


def test_a_mismatch_names_the_coordinate_and_what_everyone_says() -> None:
    with pytest.raises(GradientMismatch) as caught:
        check_gradient(plant("mul", 1, 1.001), [4.0, 0.5])
    lines = str(caught.value).splitlines()
    place = lines.index("  x[1] = 0.5: backward() gives 4.004")
    said = [re.split(r" {2,}", line.strip()) for line in lines[place + 1 : place + 4]]
    assert said[0] == ["forward mode", "4.004", "agrees to 0.0e+00"]
    assert said[1][0].startswith("finite differences 4.0 ± ")
    assert said[1][1] == "differs by 4.0e-03"
    assert said[2] == ["mpmath", "4.0", "differs by 4.0e-03"]


def test_a_mismatch_of_a_number_is_not_given_an_index() -> None:
    with pytest.raises(GradientMismatch, match=r"  x = 3\.0: backward\(\) gives"):
        check_gradient(lambda x: x.data**2, 3.0)


def test_every_wrong_coordinate_is_listed() -> None:
    def f(x: list[Value]) -> float:
        return sum(v.data**2 for v in x)

    with pytest.raises(GradientMismatch) as caught:
        check_gradient(f, [1.0, 0.0, 3.0])
    assert wrong_coordinates(caught.value) == [0, 2]


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


# --- judges and verdicts -------------------------------------------------------------


def report_of(f: Callable[[Any], Any], x: Any, **options: Any) -> Any:
    """The report of a check that fails."""
    with pytest.raises(GradientMismatch) as caught:
        check_gradient(f, x, **options)
    return caught.value.report


def cut(name: str, rule: Callable[..., Any]) -> Callable[[Any], Any]:
    """The operation of one argument, with another rule for its partial."""

    def f(x: Any) -> Any:
        node = getattr(x[0], name)()
        node.op = replace(node.op, partials=(rule,))
        return node * x[1]

    return f


def test_an_error_in_a_second_derivative_is_caught_and_blamed_on_its_row() -> None:
    # The partial of the sine is right, but cut from its argument.
    f = cut("sin", lambda xp, a, out: xp.cos(float(a)))
    assert not check_gradient(f, [0.5, 2.0], orders=[1]).faults
    report = report_of(f, [0.5, 2.0])
    assert [finding.order for finding in report.faults] == [2]
    assert report.faults[0].where == "x[0] = 0.5"
    assert report.blamed == "a row"
    assert [suspect.row for suspect in report.suspects] == ["sin"]
    assert "second derivative by operand 0 is 0.0" in report.suspects[0].text


def test_right_second_derivatives_pass_and_orders_can_be_chosen() -> None:
    def f(x: list[Value]) -> Any:
        return x[0] ** 3 * x[1].exp() + (x[2] * x[0]).sin()

    report = check_gradient(f, [1.5, -0.5, 0.8])
    assert [finding.order for finding in report.findings] == [1, 1, 1, 2, 2, 2]
    assert [
        f.order for f in check_gradient(f, [1.0, 2.0, 3.0], orders=[2]).findings
    ] == [
        2,
        2,
        2,
    ]
    for finding in report.findings:
        assert finding.estimates.keys() == {
            "forward mode",
            "finite differences",
            "mpmath",
        }
        assert not finding.against
        # mpmath's is exact, backward() a sum of a few rounded products.
        exact = finding.estimates["mpmath"].derivative
        assert finding.found == pytest.approx(exact, rel=1e-14)
    assert str(report) == (
        "3 derivatives of order 1 and 3 derivatives of order 2: all judges agree"
    )


@pytest.mark.parametrize("orders", [(), (3,), (0, 1), 2])
def test_orders_are_one_and_two(orders: Any) -> None:
    with pytest.raises(ValueError, match="orders must be"):
        check_gradient(lambda x: x, 1.0, orders)


def spoiled(monkeypatch: pytest.MonkeyPatch, *, forward: bool, reverse: bool) -> None:
    """Make the sweeps of the first order wrong by 0.1 %, with all rows right."""
    # Of the modules, however they were imported.
    checked = check_gradient.__globals__
    names = checked["Trial"].findings.__globals__
    linearize, by_backward = names["linearize"], names["_by_backward"]

    def wrong_linearize(f: Any, x: Any) -> Any:
        value, push = linearize(f, x)
        return value, lambda v: 1.001 * float(push(v))

    def wrong_backward(*arguments: Any) -> list[float]:
        return [1.001 * number for number in by_backward(*arguments)]

    if forward:
        monkeypatch.setitem(names, "linearize", wrong_linearize)
    if reverse:
        monkeypatch.setitem(names, "_by_backward", wrong_backward)
    monkeypatch.setitem(checked, "suspects", lambda *arguments: ())


@pytest.mark.parametrize(
    ("forward", "reverse", "blamed", "against"),
    [
        (True, False, "forward mode", ("forward mode",)),
        (
            False,
            True,
            "backward()",
            ("forward mode", "finite differences", "mpmath"),
        ),
        (True, True, "the sweeps", ("finite differences", "mpmath")),
    ],
)
def test_a_wrong_sweep_is_told_from_a_wrong_row(
    forward: bool,
    reverse: bool,
    blamed: str,
    against: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spoiled(monkeypatch, forward=forward, reverse=reverse)
    report = report_of(lambda x: x[0] * x[1].sin(), [2.0, 0.5])
    assert (report.blamed, report.against) == (blamed, against)
    assert VERDICTS[blamed] in str(report)


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x * math.sin(x.data), 0.7),
        (lambda x: x * x.detach(), 0.7),
        (lambda x: x if x < 0.7 else 2.0 * x, 0.7),
    ],
)
def test_what_leaves_the_graph_is_blamed_on_f(
    f: Callable[[Any], Any], x: float
) -> None:
    report = report_of(f, x)
    assert (report.blamed, report.against) == ("f", ("finite differences",))
    assert not report.suspects


def test_digits_that_cancel_are_blamed_on_rounding() -> None:
    # 1e17 swallows x: as computed, f is 0 all around; as written, it is x².
    report = report_of(lambda x: ((x + 1e17) - 1e17) ** 2, 3.0)
    assert (report.blamed, report.against) == ("rounding", ("mpmath",))


@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: abs(x), 0.0),
        (lambda x: autograd.max(x), [1.0, 1.0, 0.5]),
        (lambda x: autograd.maximum(x[0] * x[1], 6.0), [2.0, 3.0]),
    ],
)
def test_a_kink_at_x_is_blamed_and_not_the_row(f: Callable[[Any], Any], x: Any) -> None:
    try:
        report = check_gradient(f, x, rtol=0.0, atol=0.0)
    except GradientMismatch as mismatch:
        report = mismatch.report  # type: ignore[attr-defined]
        assert report.blamed == "a kink"
        assert not report.suspects
    assert report.kink.here


def test_the_nearest_kink_is_measured_in_x() -> None:
    # 3x + 1 reaches the kink of relu when x has moved by 1e-3 to the left.
    report = check_gradient(lambda x: (3.0 * x + 1.0).relu(), -1 / 3 + 1e-3)
    assert report.kink.call.startswith("relu(0.003")
    assert report.kink.distance == pytest.approx(1e-3, rel=1e-6)
    assert not report.kink.here
    assert "about 1.0e-03 away from x" in str(report)
    # A condition that does not move is no kink; x² touches that of relu at 0, where
    # the gradient is 0 on both sides and the second derivative is not.
    smooth = check_gradient(lambda x: autograd.where(1.0, x * x, 2.0), 3.0)
    assert smooth.kink is None
    touching = report_of(lambda x: (x * x).relu(), 0.0)
    assert [fault.order for fault in touching.faults] == [2]
    assert (touching.blamed, touching.kink.here) == ("a kink", True)


def test_the_error_of_a_difference_falls_by_four_with_each_step() -> None:
    report = report_of(cut("exp", lambda xp, a, out: out * 1.001), [1.0, 1.0])
    steps = report.faults[0].estimates["finite differences"].steps
    errors = [difference - math.e for _, difference in steps]
    assert steps[0][0] == 1 / 16
    for (step, _), (half, _) in itertools.pairwise(steps):
        assert step == 2.0 * half
    # h²/6 + h⁴/120 from h = 1/16 on; rounding of f, over h, is below 1e-4 of it.
    for error, smaller in itertools.pairwise(errors[:4]):
        assert error / smaller == pytest.approx(4.0, rel=2e-3)
    text = str(report)
    assert "nearer by a factor of 4" in text
    for step, difference in steps:
        assert re.search(rf"^ +{step:.1e} +{difference:.16g} ", text, re.M)


def test_without_mpmath_the_others_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mpmath", None)
    report = check_gradient(lambda x: x.tanh(), 0.5)
    assert [finding.estimates["mpmath"] for finding in report.findings] == [None, None]
    found = report_of(plant("mul", 1, 1.001), [4.0, 0.5])
    assert found.against == ("finite differences",)
    assert (found.blamed, found.suspects[0].row) == ("a row", "mul")
    assert "by finite differences" in found.suspects[0].text
    assert re.search(r"^    mpmath +abstains$", str(found), re.M)


def test_a_long_list_of_faults_is_cut_short() -> None:
    report = report_of(lambda x: sum(v.data**2 for v in x), [1.0] * 9)
    assert len(report.faults) == 9
    assert str(report).count("backward() gives") == 5
    assert "... and 4 more" in str(report)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("order", [1, 2])
def test_mpmath_finds_the_derivatives_of_every_row(name: str, order: int) -> None:
    point = point_for(name)
    leaves = [Value(x) for x in point]
    found = MultiprecisionGraph(variadic(name)(*leaves), leaves)
    for indices in itertools.product(range(len(point)), repeat=order):
        units = [[float(i == j) for j in range(len(point))] for i in indices]
        exact = float(ORACLES[name].derivative(point, indices))
        assert found.derivative(units) == pytest.approx(exact, rel=1e-15, abs=1e-40)


def test_a_row_that_mpmath_does_not_know_makes_it_abstain() -> None:
    x = Value(0.5)
    node = x.sin()
    node.op = replace(TABLE["sin"], forward=lambda xp, a: xp.unheard_of(a))
    assert MultiprecisionGraph(node, [x]).derivative([[1.0]]) is None
