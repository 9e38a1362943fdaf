"""An operation of one's own is a row like any other, if its rules are right."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autograd import (
    GradientMismatch,
    TraceError,
    Value,
    check_gradient,
    compile,
    compile_function,
    derivative,
    grad,
    gradients,
    hessian,
    hvp,
    jvp,
    opaque,
    operation,
    topological_order,
    value_and_grad,
)
from autograd.compiler.trace import trace
from autograd.ops import TABLE


def swish() -> Any:
    """a · σ(βa) of two arguments, with rules that are right."""
    return operation(
        "swish",
        lambda xp, a, b: a * xp.sigmoid(a * b),
        [
            lambda xp, a, b, out: (
                xp.sigmoid(a * b) * (1.0 + a * b * xp.sigmoid(-a * b))
            ),
            lambda xp, a, b, out: a * a * xp.sigmoid(a * b) * xp.sigmoid(-a * b),
        ],
        symbol="swish",
    )


def test_it_computes_and_differentiates_to_any_order() -> None:
    f = swish()
    check_gradient(lambda x: f(x[0], x[1]), [0.7, -1.3])
    a, b = Value(0.7), Value(-1.3)
    (slope,) = gradients(f(a, b), [a])
    check_gradient(lambda x: gradients(f(x, b), [x])[0], 0.7)
    s = 1 / (1 + math.exp(0.91))
    assert slope.data == pytest.approx(s * (1 - 0.91 * (1 - s)), rel=1e-14)


def test_it_takes_plain_numbers_and_gives_plain_numbers() -> None:
    assert swish()(0.0, 2.0) == 0.0


@pytest.mark.parametrize("n", [1, 200])
def test_it_runs_in_compiled_programs(n: int) -> None:
    f = swish()
    x, b = Value(0.5), Value(1.5)
    program = compile(f(x, b), [x], [b])
    batch = np.linspace(-2.0, 2.0, n)[:, None]
    value, gradient = program.value_and_grad(batch)
    total = Value(0.0)
    for number in batch[:, 0].tolist():
        total = total + f(number, b)
    total.backward()
    assert value == pytest.approx(total.data / n, rel=1e-12)
    assert gradient[0] == pytest.approx(b.grad / n, rel=1e-12)


def test_its_symbol_is_in_the_graph() -> None:
    node = swish()(Value(1.0), 2.0)
    assert node.op is TABLE["swish"]
    assert node.op.symbol == "swish"


def test_a_wrong_partial_is_refused_and_nothing_is_added() -> None:
    with pytest.raises(GradientMismatch, match=r"partial 0 is .* and should be"):
        operation(
            "third_power", lambda xp, a: a * a * a, [lambda xp, a, out: 2.99 * a * a]
        )
    assert "third_power" not in TABLE


def test_a_partial_times_the_incoming_gradient_is_refused() -> None:
    with pytest.raises(TypeError):
        operation("twice", lambda xp, a: 2.0 * a, [lambda xp, a, out, g: 2.0 * g])


def test_a_rule_that_branches_on_a_number_is_refused() -> None:
    with pytest.raises(TraceError, match="where"):
        operation(
            "ramp",
            lambda xp, a: a if a > 0.0 else 0.0 * a,
            [lambda xp, a, out: 1.0 if a > 0.0 else 0.0],
            kink=lambda a: a,
        )


def test_a_rule_of_pythons_math_is_refused() -> None:
    with pytest.raises(TypeError, match=r"arrays|float\(\)"):
        operation(
            "sine",
            lambda xp, a: math.sin(a),
            [lambda xp, a, out: math.cos(a)],
        )


def test_a_partial_that_cannot_be_differentiated_in_turn_is_refused() -> None:
    with pytest.raises(TraceError, match="sine"):
        operation(
            "sine",
            lambda xp, a: xp.sin(a),
            [lambda xp, a, out: math.cos(a)],
        )


def test_a_domain_that_is_too_wide_is_refused() -> None:
    def rule(xp: Any, a: Any) -> Any:
        return xp.log(a + 1.0)

    def slope(xp: Any, a: Any, out: Any) -> Any:
        return 1.0 / (a + 1.0)

    with pytest.raises(ValueError, match="Say in `domain` where"):
        operation("log_1", rule, [slope])
    f = operation("log_1", rule, [slope], domain=[(-1.0, math.inf)])
    assert f(math.e - 1.0) == pytest.approx(1.0, rel=1e-15)


def test_a_domain_far_from_zero_is_tried_inside() -> None:
    f = operation(
        "far",
        lambda xp, a: xp.sqrt(a - 100.0),
        [lambda xp, a, out: 0.5 / out],
        domain=[(100.0, math.inf)],
    )
    assert f(104.0) == 2.0


def test_the_name_of_a_row_is_taken() -> None:
    with pytest.raises(ValueError, match="'tanh' is an operation of the table"):
        operation("tanh", lambda xp, a: a, [lambda xp, a, out: 1.0])


def test_ones_own_operation_can_be_registered_again() -> None:
    first = operation("mine", lambda xp, a: 2.0 * a, [lambda xp, a, out: 2.0])
    second = operation("mine", lambda xp, a: 3.0 * a, [lambda xp, a, out: 3.0])
    assert (first(1.0), second(1.0)) == (2.0, 3.0)
    with pytest.raises(GradientMismatch):
        operation("mine", lambda xp, a: 4.0 * a, [lambda xp, a, out: 3.0])
    assert TABLE["mine"] is second(Value(1.0)).op


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        (("2 words", abs, [abs]), ValueError, "identifier"),
        (("nothing", abs, []), TypeError, "one per argument"),
        (("nothing", 3.0, [abs]), TypeError, "must be a function"),
        (("nothing", abs, abs), TypeError, "one per argument"),
        (("nothing", abs, [abs]), TypeError, r"forward\(xp, \*arguments\)"),
    ],
)
def test_what_is_no_row_is_refused(arguments: Any, error: Any, text: str) -> None:
    with pytest.raises(error, match=text):
        operation(*arguments)


def test_one_interval_per_argument_is_needed() -> None:
    with pytest.raises(ValueError, match="1 partials and 2 intervals"):
        operation(
            "one",
            lambda xp, a: a,
            [lambda xp, a, out: 1.0],
            domain=[(0.0, 1.0), (0.0, 1.0)],
        )


# Any number of arguments, and whole numbers


def mean(partials: Any = lambda xp, args, out: [1.0 / len(args)] * len(args)) -> Any:
    """The mean of any number of arguments, with rules that are right unless given."""
    return operation(
        "mean", lambda xp, *args: xp.sum(args) / len(args), [partials], variadic=True
    )


def scaled(partial: Any = lambda xp, a, n, out: n * xp.pow(a, n - 1.0)) -> Any:
    """The whole power of a number, with a rule that is right unless given."""
    return operation("whole_power", lambda xp, a, n: a**n, [partial], static=1)


@pytest.mark.parametrize("n", [1, 3, 40])
@pytest.mark.parametrize("batch", [1, 200])
def test_an_operation_of_any_number_of_arguments(n: int, batch: int) -> None:
    f = mean()
    xs = [Value(float(i)) for i in range(n)]
    assert f(xs).data == (n - 1) / 2
    root = f(xs) * f(*xs)
    program = compile(root, xs[:0], xs)
    value, gradient = program.value_and_grad()
    root.backward()
    assert value == pytest.approx(root.data, rel=1e-14)
    assert gradient.tolist() == pytest.approx([x.grad for x in xs], rel=1e-14)
    rows = np.tile([x.data for x in xs], (batch, 1))
    outputs = compile(root, xs)(rows)
    assert outputs[:, 0].tolist() == pytest.approx([root.data] * batch, rel=1e-14)


def test_a_sum_of_two_in_a_partial_is_the_sum_of_these_two() -> None:
    f = operation(
        "a_log",
        lambda xp, a, b: a * xp.log(a + b),
        [
            lambda xp, a, b, out: xp.log(a + b) + a / xp.sum([a, b]),
            lambda xp, a, b, out: a / xp.sum([a, b]),
        ],
        domain=[(0.0, math.inf), (0.0, math.inf)],
    )
    x, b = Value(2.0), Value(3.0)
    f(x, b).backward()
    for batch in (1, 5, 200):
        program = compile(f(x, b), [x], [b])
        _, gradient = program.value_and_grad(np.full((batch, 1), 2.0))
        assert gradient[0] == pytest.approx(b.grad, rel=1e-14)


def test_an_operation_with_a_whole_number() -> None:
    f = scaled()
    assert f(2.0, 5) == 32.0
    x = Value(2.0)
    (slope,) = gradients(f(x, 5), [x])
    assert (slope.data, gradients(slope, [x])[0].data) == (80.0, 160.0)
    with pytest.raises(TypeError, match="whole numbers are needed"):
        f(x, 2.5)


def test_a_whole_number_may_come_after_any_number_of_arguments() -> None:
    f = operation(
        "power_sum",
        lambda xp, *args: xp.sum([a ** args[-1] for a in args[:-1]]),
        [lambda xp, args, n, out: xp.each(lambda a: n * xp.pow(a, n - 1.0), args)],
        variadic=True,
        static=1,
    )
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    y = f(*xs, 3)
    y.backward()
    assert y.data == 36.0
    assert [x.grad for x in xs] == [3.0, 12.0, 27.0]


def test_a_number_of_arguments_that_makes_no_sense_is_left_out() -> None:
    f = operation(
        "variance_of_two",
        lambda xp, *args: 0.5 * (args[0] - args[1]) ** 2 if len(args) < 3 else 1 / 0,
        [lambda xp, args, out: [args[0] - args[1], args[1] - args[0]]],
        variadic=True,
    )
    assert f(3.0, 1.0) == 2.0


def test_rules_may_use_what_eager_mode_accepts() -> None:
    f = operation(
        "odds",
        lambda xp, a, b: +(abs(a) ** 1.5) + xp.minimum(b, math.inf) % 7.0 + 2**b,
        [
            lambda xp, a, b, out: 1.5 * abs(a) ** 0.5 * (xp.step(a) - xp.step(-a)),
            lambda xp, a, b, out: 1 + math.log(2) * 2**b,
        ],
        kink=lambda a, b: a * b,
    )
    x, b = Value(-2.0), Value(1.25)
    y = f(x, b)
    y.backward()
    for batch in (1, 200):
        program = compile(y, [x], [b])
        value, gradient = program.value_and_grad(np.full((batch, 1), -2.0))
        assert value == pytest.approx(y.data, rel=1e-14)
        assert gradient[0] == pytest.approx(b.grad, rel=1e-14)


# What registration catches


@pytest.mark.parametrize(
    "wrong",
    [
        lambda xp, args, out: [1.0] * len(args),
        lambda xp, args, out: [1.001 / len(args)] * len(args),
        lambda xp, args, out: [1.0 / len(args), *[0.5] * (len(args) - 1)],
    ],
)
def test_a_wrong_partial_of_a_list_is_refused(wrong: Any) -> None:
    with pytest.raises(GradientMismatch, match="operation mean: partial"):
        mean(wrong)
    assert "mean" not in TABLE


def test_another_number_of_partials_than_of_arguments_is_refused() -> None:
    with pytest.raises(TypeError, match="gives 1 numbers for 2 arguments"):
        mean(lambda xp, args, out: [1.0])


def test_a_partial_that_is_wrong_for_one_whole_number_is_refused() -> None:
    with pytest.raises(GradientMismatch, match="whole_power: partial 0"):
        scaled(lambda xp, a, n, out: n * a ** (n - 1.0) if n < 3 else 3.1 * a * a)


@pytest.mark.parametrize(
    ("rule", "name"),
    [(0, "the forward rule on float64 arrays"), (1, "partial 0 on float64 arrays")],
)
def test_a_rule_that_is_wrong_on_arrays_alone_is_refused(rule: int, name: str) -> None:
    def factor(here: int, a: Any) -> float:
        return 1.01 if here == rule and hasattr(a, "dtype") else 1.0

    with pytest.raises(GradientMismatch, match=name):
        operation(
            "double",
            lambda xp, a: 2.0 * a * factor(0, a),
            [lambda xp, a, out: 2.0 * factor(1, a) + 0.0 * a],
        )


@pytest.mark.parametrize("where", ["Value", "ndarray"])
@pytest.mark.parametrize(("rule", "name"), [(0, "the forward rule"), (1, "partial 0")])
def test_what_a_rule_raises_elsewhere_names_the_operation_and_the_rule(
    where: str, rule: int, name: str
) -> None:
    def fails(here: int, a: Any) -> float:
        if here == rule and type(a).__name__ == where:
            raise KeyError("no such key")
        return 0.0

    with pytest.raises(TypeError, match=rf"operation double: {name} fails on .*Key"):
        operation(
            "double",
            lambda xp, a: 2.0 * a + fails(0, a),
            [lambda xp, a, out: 2.0 + fails(1, a) + 0.0 * a],
        )
    assert "double" not in TABLE


def test_a_rule_that_fails_in_a_program_alone_is_refused() -> None:
    def fails(a: Any) -> float:
        if type(a).__name__ not in ("float", "Value", "ndarray"):
            raise KeyError("no such key")
        return 0.0

    with pytest.raises(TypeError, match=r"operation double: .* program: KeyError"):
        operation(
            "double",
            lambda xp, a: 2.0 * a + fails(a),
            [lambda xp, a, out: 2.0 + 0.0 * a],
        )


@pytest.mark.parametrize("rule", [0, 1])
def test_a_rule_that_is_wrong_in_a_program_alone_is_refused(rule: int) -> None:
    def factor(here: int, a: Any) -> float:
        eager = type(a).__name__ in ("float", "Value", "ndarray")
        return 1.0 if eager or here != rule else 1.01

    with pytest.raises(GradientMismatch, match="in a float64 program"):
        operation(
            "double",
            lambda xp, a: 2.0 * a * factor(0, a),
            [lambda xp, a, out: 2.0 * factor(1, a)],
        )


def test_a_narrow_domain_beyond_single_precision_is_tried_in_double() -> None:
    f = operation(
        "beside",
        lambda xp, a: xp.sqrt((a - 1e8) * (1e8 + 1.0 - a)),
        [lambda xp, a, out: (1e8 + 0.5 - a) / out],
        domain=[(1e8, 1e8 + 1.0)],
    )
    assert f(1e8 + 0.5) == 0.5


@pytest.mark.parametrize("static", [-1, 1.0, True])
def test_static_is_a_count(static: Any) -> None:
    with pytest.raises(ValueError, match="static is how many"):
        operation("none", lambda xp, a: a, [lambda xp, a, out: 1.0], static=static)


def test_a_variadic_operation_has_one_rule_of_partials() -> None:
    rules = [lambda xp, args, out: args] * 2
    with pytest.raises(ValueError, match=r"has one rule, \(xp, arguments, out\)"):
        operation("two", lambda xp, *args: xp.sum(args), rules, variadic=True)
    with pytest.raises(ValueError, match=r"has one rule, \(arguments, out\)"):
        opaque("two", math.fsum, rules, variadic=True)


def test_where_registration_fails_the_table_stays_as_it_was() -> None:
    first = mean()
    before = dict(TABLE)
    for wrong in (lambda xp, args, out: [2.0] * len(args), lambda xp, args, out: None):
        with pytest.raises((GradientMismatch, TypeError)):
            mean(wrong)
    assert before == TABLE
    assert first(Value(1.0), 2.0).op is TABLE["mean"]


# Unchecked: a derivative that is deliberately none


def straight_through() -> Any:
    """Binary in value, the identity in derivative (Bengio et al., 2013)."""
    return operation(
        "binary", lambda xp, a: xp.step(a), [lambda xp, a, out: 1.0], check=False
    )


def test_an_unchecked_operation_has_the_derivative_that_it_says() -> None:
    f = straight_through()
    assert value_and_grad(lambda x: 3.0 * f(x) * x)(0.5) == (1.5, 4.5)
    assert hessian(lambda x: f(x) * x)(0.5) == 2.0
    x, w = Value(0.5), Value(0.25)
    program = compile(f(w * x) * 3.0, [x], [w])
    value, gradient = program.value_and_grad([[2.0], [-4.0]])
    assert (value, gradient.tolist()) == (1.5, [3.0 * (2.0 - 4.0) / 2.0])


def test_an_unchecked_operation_is_marked_wherever_it_is_printed() -> None:
    x = Value(0.5, label="x")
    y = straight_through()(x)
    assert repr(y.op) == "<operation binary (unchecked)>"
    assert "(binary) (unchecked)" in str(y.explain(x))
    traced = trace([y], [x], [])
    assert "binary 0 (unchecked)" in str(traced)
    assert "binary (unchecked)" in str(compile(y, [x]))
    checked = swish()(x, 1.0)
    assert "unchecked" not in f"{checked.op} {checked.explain(x)} {compile(checked)}"


def test_check_gradient_says_that_an_unchecked_derivative_may_be_meant() -> None:
    with pytest.raises(GradientMismatch, match=r"made with check=False"):
        check_gradient(straight_through(), 0.5)


# Opaque: rules on floats


def bessel(partial: Any = lambda a, out: -bessel_j(1, a), **options: Any) -> Any:
    return opaque("bessel", lambda a: bessel_j(0, a), [partial], **options)


def bessel_j(n: int, a: float) -> float:
    """Jₙ(a) by Bessel's integral, whose periodic integrand needs few points."""
    if not isinstance(a, float):
        raise TypeError("a float is needed")
    points = [math.pi * (k + 0.5) / 64 for k in range(64)]
    return math.fsum(math.cos(n * t - a * math.sin(t)) for t in points) / 64


def smallest(check: bool = True) -> Any:
    """The smallest number by a loop with branches, of any number of arguments."""

    def place(arguments: Any) -> int:
        found = 0
        for i, number in enumerate(arguments):
            if number < arguments[found]:
                found = i
        return found

    return opaque(
        "smallest",
        lambda *arguments: arguments[place(arguments)],
        [lambda a, out: [float(i == place(a)) for i in range(len(a))]],
        variadic=True,
        check=check,
    )


def test_an_opaque_operation_is_differentiated_in_both_directions() -> None:
    f, j1 = bessel(), bessel_j(1, 0.6)
    assert value_and_grad(lambda x: f(2.0 * x))(0.3) == (bessel_j(0, 0.6), -2.0 * j1)
    assert jvp(lambda x: f(2.0 * x), (0.3,), (1.0,))[1] == -2.0 * j1
    x = Value(0.3)
    f(2.0 * x).backward()
    assert x.grad == -2.0 * j1
    check_gradient(lambda x: f(x[0] * x[1]), [0.3, 2.0], orders=[1])
    assert f(0.6) == bessel_j(0, 0.6)
    least = smallest()
    assert grad(lambda x: least(x) * x[0])([3.0, 1.0, 2.0]) == [1.0, 3.0, 0.0]


def test_its_partial_can_be_a_factor_of_what_is_differentiated() -> None:
    f, w = bessel(), Value(3.0)
    slope = grad(lambda x: f(x) * w)(0.6)
    assert slope.data == -3.0 * bessel_j(1, 0.6)
    assert gradients(slope, [w])[0].data == -bessel_j(1, 0.6)


@pytest.mark.parametrize(
    "ask",
    [
        lambda f: hessian(f)(0.6),
        lambda f: grad(lambda x: grad(f)(x) * 2.0)(0.6),
        lambda f: hvp(f, 0.6, 1.0),
        lambda f: derivative(f, 2)(0.6),
        lambda f: compile_function(lambda x: f(x[0]), 1),
        lambda f: check_gradient(f, 0.6, orders=[2]),
    ],
)
@pytest.mark.parametrize("make", [bessel, smallest])
def test_what_an_opaque_operation_cannot_is_refused_by_its_name(
    ask: Any, make: Any
) -> None:
    f = make()
    with pytest.raises(TypeError, match=r"(bessel|smallest) is an opaque operation"):
        ask(f)


def operations(root: Value) -> set[str]:
    return {repr(node.op) for node in topological_order(root)}


def test_an_opaque_operation_is_marked_wherever_it_is_printed() -> None:
    x = Value(0.6, label="x")
    y = bessel()(x)
    assert repr(y.op) == "<operation bessel (on floats)>"
    assert "(bessel) (on floats)" in str(y.explain(x))
    assert "bessel(x)" in str(y.derivation())
    slope = gradients(y, [x])[0]
    assert "<operation bessel_partial 0 (on floats)>" in operations(slope)
    unchecked = bessel(check=False)(x)
    both = operations(gradients(unchecked, [x])[0])
    for name in ("bessel", "bessel_partial 0"):
        assert f"<operation {name} (on floats, unchecked)>" in both


def test_the_partials_of_an_opaque_operation_are_checked_on_floats() -> None:
    with pytest.raises(GradientMismatch, match="partial 0"):
        bessel(lambda a, out: bessel_j(1, a))
    with pytest.raises(TypeError, match=r"partial\(\*arguments, out\)"):
        bessel(lambda a: 1.0)
    with pytest.raises(ValueError, match="is an operation of the table already"):
        opaque("tanh", math.tanh, [lambda a, out: 1.0 - out * out])
    assert not {"bessel", "tanh_partial"} & TABLE.keys()
    wrong = bessel(lambda a, out: 7.0, check=False)
    assert grad(wrong)(0.6) == 7.0


def test_what_an_opaque_rule_returns_must_be_a_number() -> None:
    f = opaque("nothing", lambda a: None, [lambda a, out: 1.0], check=False)
    with pytest.raises(TypeError, match="nothing: a real number"):
        f(Value(1.0))
    g = opaque("no_slope", lambda a: 1.0, [lambda a, out: None], check=False)
    with pytest.raises(TypeError, match="no_slope: a real number"):
        g(Value(1.0)).backward()


def test_a_rule_on_floats_is_not_asked_for_more_digits_than_they_have() -> None:
    pytest.importorskip("mpmath")  # whose numbers math.hypot would take as floats
    length = opaque(
        "length", math.hypot, [lambda a, b, out: a / out, lambda a, b, out: b / out]
    )
    check_gradient(lambda x: length(x[0], x[1]) * x[0], [3.0, 2.0], orders=[1])


def test_a_function_of_scipy_is_an_opaque_operation() -> None:
    special = pytest.importorskip("scipy.special")
    f = opaque("bessel_0", special.j0, [lambda a, out: -special.j1(a)])
    assert grad(f)(0.6) == pytest.approx(-special.j1(0.6), rel=1e-15)
    assert grad(f)(0.6) == pytest.approx(-bessel_j(1, 0.6), rel=1e-14)
