"""Mistakes, and what is said about them: the operation, the operands, the remedy."""

from __future__ import annotations

import decimal
import fractions
import math
import operator
import re
import statistics
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import (
    DerivativeError,
    DomainError,
    TraceError,
    Value,
    compile_function,
    gradients,
    tracing,
)
from autograd.errors import describe
from autograd.modes import infinities
from autograd.ops import TABLE
from tests.strategies import OPERATORS, PUBLIC

# Things that are no real numbers

WRONG = {
    "str": ("2.0", "str '2.0'", "Convert it with float() first"),
    "None": (None, "NoneType None", "Convert it to a float first"),
    "complex": (1 + 2j, "complex (1+2j)", "real and imaginary parts"),
    "list": ([1.0, 2.0], "list [1.0, 2.0]", "one Value per element: [Value(x)"),
    "tuple": ((1.0,), "tuple (1.0,)", "one Value per element: [Value(x)"),
    "ndarray": (np.ones(2), "ndarray array([1., 1.])", "one Value per element: np.arr"),
    "object": (object(), "object <object", "Convert it to a float first"),
}

BINARY = {name: f for name, f in OPERATORS.items() if TABLE[name].arity == 2}


def message(wanted: str) -> str:
    """A pattern that finds the text anywhere in a message."""
    return f"(?s).*{re.escape(wanted)}"


@pytest.mark.parametrize("kind", WRONG)
def test_value_of_what_is_no_number_is_refused(kind: str) -> None:
    thing, given, remedy = WRONG[kind]
    with pytest.raises(TypeError, match=message(given)) as caught:
        Value(thing)
    assert str(caught.value).startswith("Value: a real number is needed")
    assert remedy in str(caught.value)


@pytest.mark.parametrize("kind", WRONG.keys() - {"ndarray"})
@pytest.mark.parametrize("name", BINARY)
def test_operator_refuses_what_is_no_number_on_its_right(name: str, kind: str) -> None:
    thing, given, remedy = WRONG[kind]
    with pytest.raises(TypeError, match=message(given)) as caught:
        BINARY[name](Value(1.0), thing)
    assert str(caught.value).startswith(f"{name}: a real number or a Value is needed")
    assert remedy in str(caught.value)


@pytest.mark.parametrize("kind", WRONG.keys() - {"ndarray"})
@pytest.mark.parametrize("name", BINARY)
def test_operator_refuses_what_is_no_number_on_its_left(name: str, kind: str) -> None:
    thing, given, remedy = WRONG[kind]
    with pytest.raises(TypeError, match=message(given)) as caught:
        BINARY[name](thing, Value(1.0))
    assert str(caught.value).startswith(f"{name}: a real number or a Value is needed")
    assert remedy in str(caught.value)


@pytest.mark.parametrize("true", [True, np.bool_(True)])
@pytest.mark.parametrize("name", BINARY)
def test_a_bool_is_one_or_zero_as_in_python(name: str, true: Any) -> None:
    f = BINARY[name]
    assert f(true, Value(2.0)).data == f(1.0, Value(2.0)).data
    assert f(Value(2.0), true).data == f(Value(2.0), 1.0).data
    assert Value(true).data == 1.0


@pytest.mark.parametrize("kind", WRONG)
@pytest.mark.parametrize("name", sorted(n for n in PUBLIC if TABLE[n].arity))
def test_function_refuses_what_is_no_number(name: str, kind: str) -> None:
    thing, given, remedy = WRONG[kind]
    function = getattr(autograd.functions, name)
    arity = TABLE[name].arity
    assert arity
    for place in range(arity):
        for other in (0.5, Value(0.5)):
            arguments = [thing if i == place else other for i in range(arity)]
            with pytest.raises(TypeError, match=message(given)) as caught:
                function(*arguments)
            assert str(caught.value).startswith(f"{name}: ")
            assert remedy in str(caught.value)


@pytest.mark.parametrize("name", ["sum", "max", "min", "logsumexp"])
@pytest.mark.parametrize("kind", WRONG)
def test_function_of_a_list_refuses_what_is_no_number(name: str, kind: str) -> None:
    thing, given, remedy = WRONG[kind]
    with pytest.raises(TypeError, match=message(given)) as caught:
        getattr(autograd, name)([Value(1.0), thing])
    assert str(caught.value).startswith(f"{name}: ")
    assert remedy in str(caught.value)


@pytest.mark.parametrize("symbol", ["<", "<=", ">", ">="])
def test_comparison_refuses_what_is_no_number(symbol: str) -> None:
    compare = {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }[symbol]
    with pytest.raises(TypeError, match=f"^{symbol}: a real number.*not str 'a'"):
        compare(Value(1.0), "a")


def test_label_must_be_a_string() -> None:
    with pytest.raises(TypeError, match="label must be a str, not int"):
        Value(1.0, 2)  # type: ignore[arg-type]


def test_long_things_are_cut_in_messages() -> None:
    with pytest.raises(TypeError) as caught:
        Value([0.0] * 10_000)  # type: ignore[arg-type]
    assert len(str(caught.value)) < 400


# Numbers that cannot be computed


def test_nan_is_refused_where_it_enters() -> None:
    with pytest.raises(ValueError, match="Value: the number given is NaN"):
        Value(math.nan)
    with pytest.raises(ValueError, match="mul: the number given is NaN"):
        Value(1.0) * math.nan
    with pytest.raises(ValueError, match="add: the number given is NaN"):
        math.nan + Value(1.0)
    with pytest.raises(ValueError, match="exp: the number given is NaN"):
        autograd.exp(math.nan)
    with pytest.raises(ValueError, match="<: the number given is NaN"):
        assert Value(1.0) < math.nan


def test_integer_beyond_floats_is_refused_with_the_operation_named() -> None:
    with pytest.raises(OverflowError, match=r"Value: .*too large for a float"):
        Value(10**400)
    with pytest.raises(OverflowError, match=r"add: .*too large for a float"):
        Value(1.0) + 10**400


def test_logarithm_of_a_negative_number_is_a_domain_error() -> None:
    with pytest.raises(
        DomainError,
        match=r"log\(z=-1.0\) is not defined: log takes operands in \(0, ∞\)",
    ):
        Value(-1.0, label="z").log()


def test_domain_error_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"sqrt\(-1.0\) is not defined.*\[0, ∞\)"):
        autograd.sqrt(-1.0)


@pytest.mark.parametrize(
    ("name", "x", "domain"),
    [
        ("log", 0.0, "(0, ∞)"),
        ("log1p", -1.0, "(-1, ∞)"),
        ("sqrt", -1e-300, "[0, ∞)"),
        ("asin", 1.5, "[-1, 1]"),
        ("acos", -1.5, "[-1, 1]"),
        ("sin", math.inf, "(-∞, ∞)"),
    ],
)
def test_message_outside_the_domain_names_the_domain(
    name: str, x: float, domain: str
) -> None:
    with pytest.raises(DomainError, match=re.escape(f"{name}({x!r})")) as caught:
        getattr(autograd, name)(Value(x))
    assert f"{name} takes operands in {domain}." in str(caught.value)


def test_division_by_zero_names_both_operands_and_a_remedy() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        Value(1.0) / Value(0.0, label="b")
    assert str(caught.value).startswith("div(1.0, b=0.0): division by zero.")
    assert "adding a small number" in str(caught.value)
    with pytest.raises(ZeroDivisionError, match=r"div\(1.0, 0.0\)"):
        1 / Value(0.0)


def test_zero_to_a_negative_power_is_a_division_by_zero() -> None:
    with pytest.raises(ZeroDivisionError, match=r"pow\(0.0, -1.0\)"):
        Value(0.0) ** -1


def test_fractional_power_of_a_negative_number_is_a_domain_error() -> None:
    with pytest.raises(DomainError, match=r"pow\(-1.0, 0.5\).*a base above 0"):
        Value(-1.0) ** 0.5
    with pytest.raises(DomainError, match=r"pow\(-1.0, 0.5\)"):
        (-1) ** Value(0.5)


def test_overflow_of_exp_names_the_operand_and_a_remedy() -> None:
    with pytest.raises(OverflowError) as caught:
        Value(1000.0, label="x").exp()
    assert str(caught.value).startswith("exp(x=1000.0) is too large for a float")
    assert "logarithms" in str(caught.value)
    with pytest.raises(OverflowError, match=r"exp\(1000.0\)"):
        autograd.exp(1000.0)


@pytest.mark.parametrize(
    ("compute", "call"),
    [
        (lambda: Value(1e308) * 10.0, "mul(1e+308, 10.0)"),
        (lambda: Value(1e308) + 1e308, "add(1e+308, 1e+308)"),
        (lambda: Value(-1e308) - 1e308, "sub(-1e+308, 1e+308)"),
        (lambda: Value(1e308) / 0.1, "div(1e+308, 0.1)"),
        (lambda: Value(1e200) ** 2, "pow(1e+200, 2.0)"),
        (lambda: Value(1000.0).expm1(), "expm1(1000.0)"),
        (lambda: Value(-1000.0).sinh(), "sinh(-1000.0)"),
        (lambda: Value(1000.0).cosh(), "cosh(1000.0)"),
        (lambda: autograd.sum([Value(1e308), 1e308]), "sum(1e+308, 1e+308)"),
        (lambda: autograd.dot([Value(1e308)], [10.0]), "dot(1e+308, 10.0)"),
        (lambda: Value(-1e308).leaky_relu(10.0), "leaky_relu(-1e+308, 10.0)"),
        (lambda: autograd.hypot(Value(1.7e308), 1.7e308), "hypot(1.7e+308, 1.7e+308)"),
    ],
)
def test_result_beyond_floats_is_an_overflow_error(
    compute: Callable[[], Value], call: str
) -> None:
    with pytest.raises(OverflowError) as caught:
        compute()
    assert str(caught.value).startswith(f"{call} is too large for a float")


@pytest.mark.parametrize(
    ("compute", "call"),
    [
        (lambda: Value(math.inf) - math.inf, "sub(inf, inf)"),
        (lambda: Value(math.inf) * 0.0, "mul(inf, 0.0)"),
        (lambda: Value(math.inf) / math.inf, "div(inf, inf)"),
        (lambda: autograd.sum([Value(math.inf), -math.inf]), "sum(inf, -inf)"),
    ],
)
def test_result_that_is_no_number_names_the_infinite_operand(
    compute: Callable[[], Value], call: str
) -> None:
    with pytest.raises(DomainError, match="an operand is infinite") as caught:
        compute()
    assert str(caught.value).startswith(f"{call} is not a number")


def test_long_lists_of_operands_are_shortened() -> None:
    xs = [Value(1e308, label=f"x{i}") for i in range(100)]
    with pytest.raises(OverflowError, match=r"^sum\(x0=1e\+308, .*, \.\.\., .*x99=1e"):
        autograd.sum(xs)


def test_dot_of_lists_of_different_lengths_is_refused() -> None:
    with pytest.raises(ValueError, match=r"dot: the lengths differ, 2 and 1\."):
        autograd.dot([1.0, Value(2.0)], [Value(3.0)])


@pytest.mark.parametrize("name", ["max", "min", "logsumexp", "log_softmax"])
def test_function_of_no_values_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name}: there are no values"):
        getattr(autograd, name)([])


def test_max_of_no_arguments_is_refused() -> None:
    with pytest.raises(ValueError, match="max: there are no values"):
        autograd.max()


# Derivatives that do not exist, or are too large


def check_backward_fails(
    build: Callable[[Value, Value], Value], x: float, wanted: str
) -> None:
    """Assert the message, and that no leaf has changed, fresh or not."""
    for grad in (None, 7.0):
        leaf, other = Value(x, label="x"), Value(0.5, label="other")
        if grad is not None:
            leaf.grad = other.grad = grad
        root = build(leaf, other)
        with pytest.raises(DerivativeError, match=re.escape(wanted)) as caught:
            root.backward()
        assert "No gradient was changed" in str(caught.value)
        for unchanged in (leaf, other):
            assert unchanged.grad == (grad or 0.0)
            assert unchanged.has_grad is (grad is not None)


def test_backward_through_a_root_at_zero_fails() -> None:
    check_backward_fails(lambda x, w: w * x.sqrt(), 0.0, "derivative of sqrt(x=0.0)")


def test_backward_through_hypot_at_the_origin_fails() -> None:
    check_backward_fails(
        lambda x, w: autograd.hypot(x, x) * w, 0.0, "derivative of hypot(x=0.0, x=0.0)"
    )


def test_backward_through_atan2_at_the_origin_fails() -> None:
    check_backward_fails(
        lambda x, w: autograd.atan2(x, 0.0) + w, 0.0, "derivative of atan2(x=0.0, 0.0)"
    )


def test_backward_through_asin_at_its_end_fails() -> None:
    check_backward_fails(lambda x, w: x.asin() + w, 1.0, "derivative of asin(x=1.0)")


def test_backward_to_the_exponent_of_a_negative_base_fails() -> None:
    check_backward_fails(
        lambda x, w: (-2) ** x * w, 3.0, "derivative of pow(-2.0, x=3.0)"
    )


def test_backward_through_a_fractional_power_of_zero_fails() -> None:
    check_backward_fails(lambda x, w: x**0.5 * w, 0.0, "derivative of pow(x=0.0, 0.5)")


def test_partial_beyond_floats_is_named() -> None:
    check_backward_fails(
        lambda x, w: w + 1e-100 / x, 1e-300, "derivative of div(1e-100"
    )


def test_no_number_is_nan_where_partials_may_be_infinite() -> None:
    x = Value(math.inf)
    with infinities():
        assert (Value(1e308) * 10.0).data == math.inf
        with pytest.raises(DomainError, match=r"sub\(inf, inf\) is not a number"):
            x - x


def test_zero_times_infinity_in_a_partial_is_named() -> None:
    check_backward_fails(
        lambda x, w: x.silu() + w, math.inf, "derivative of silu(x=inf)"
    )


def test_product_of_partials_beyond_floats_names_the_first_node() -> None:
    # The derivative by x is 1e200 * 1e200; both partials are finite.
    check_backward_fails(
        lambda x, w: x * 1e200 * 1e200 + w,
        1e-300,
        "derivative of mul(x=1e-300",
    )


def test_node_is_named_with_its_own_label() -> None:
    x = Value(0.0, label="x")
    root = x.sqrt()
    root.label = "distance"
    with pytest.raises(DerivativeError, match=r"sqrt\(x=0.0\) \(label 'distance'\)"):
        root.backward()


def test_sum_of_gradients_beyond_floats_in_one_pass_is_refused() -> None:
    check_backward_fails(
        lambda x, w: x * 1e308 + x * 1e308 + w, 1e-300, "add up to more than a float"
    )


def test_sum_of_gradients_over_passes_beyond_floats_names_the_leaf() -> None:
    first, x = Value(1.0, label="first"), Value(1.0, label="x")
    x.grad = 1.7e308
    first.grad = 5.0
    with pytest.raises(DerivativeError, match=r"leaf 'x'.*zero_grad\(\)") as caught:
        (first + x * 1e308).backward()
    assert "No gradient was changed" in str(caught.value)
    assert (first.grad, x.grad) == (5.0, 1.7e308)


def test_derivative_that_is_not_needed_may_be_infinite() -> None:
    x = Value(0.0)
    (x + x.sqrt().detach()).backward()
    assert x.grad == 1.0


def test_backward_works_again_after_a_failure() -> None:
    x, w = Value(0.0), Value(3.0)
    good = x * w
    bad = good.sqrt()
    with pytest.raises(DerivativeError):
        bad.backward()
    good.backward()
    assert (x.grad, w.grad, good.grad) == (3.0, 0.0, 1.0)


def test_partials_that_do_not_exist_are_named() -> None:
    with pytest.raises(DerivativeError, match=r"derivative of sqrt\(0.0\)"):
        Value(0.0).sqrt().partials()


def test_gradients_name_the_operation_without_a_derivative() -> None:
    x = Value(0.0, label="x")
    with pytest.raises(DerivativeError, match=r"derivative of sqrt\(x=0.0\)"):
        gradients(x.sqrt(), [x])


@pytest.mark.parametrize("inputs", [Value(1.0), [1.0], [Value(1.0), None]])
def test_gradients_by_what_is_no_value_are_refused(inputs: Any) -> None:
    with pytest.raises(TypeError, match=r"gradients: the inputs must be Values"):
        gradients(Value(1.0) * 2.0, inputs)


def test_derivative_error_is_an_arithmetic_error() -> None:
    assert issubclass(DerivativeError, ArithmeticError)
    assert issubclass(DomainError, ValueError)


def test_a_value_of_a_value_is_refused_with_the_way_to_copy_it() -> None:
    with pytest.raises(TypeError, match=r"It is a Value already; detach\(\)"):
        Value(Value(1.0))


def test_a_leaf_whose_data_was_set_to_nan_is_named_where_it_is_used() -> None:
    x = Value(1.0, label="x")
    x.data = math.nan
    with pytest.raises(DomainError, match=r"mul\(x=nan, 2\.0\): an operand is NaN"):
        x * 2.0


def test_a_branch_on_a_number_is_refused_while_a_computation_is_traced() -> None:
    x = Value(1.0)
    for ask in (bool, float, int, lambda v: v > 0, lambda v: v <= 0):
        with tracing(), pytest.raises(TraceError, match="where"):
            bool(ask(x))
        assert ask(x) in (True, False, 1.0)


# Steps and rounding


@pytest.mark.parametrize("round_", [math.trunc, round, int])
@pytest.mark.parametrize("x", [2.5, -2.5, 3.0])
def test_rounding_gives_the_whole_number_of_the_float(
    round_: Callable[[Any], int], x: float
) -> None:
    assert round_(Value(x)) == round_(x)
    assert type(round_(Value(x))) is int


def test_rounding_to_digits_gives_a_float() -> None:
    assert round(Value(2.567), 1) == 2.6


@pytest.mark.parametrize("round_", [math.trunc, round])
def test_rounding_while_tracing_is_refused(round_: Callable[[Any], int]) -> None:
    with tracing(), pytest.raises(TraceError, match="where"):
        round_(Value(2.5))


STEPS: dict[str, Callable[[Any], Any]] = {
    "floor": math.floor,
    "ceil": math.ceil,
    "floor_divide": lambda x: x // 1.0,
    "mod": lambda x: x % 1.0,
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_recorded_and_has_a_derivative_between_the_jumps(name: str) -> None:
    x = Value(2.5)
    with tracing():
        node = STEPS[name](x)
    node.backward()
    assert node.op is TABLE[name]
    assert node.data == STEPS[name](2.5)
    assert x.grad == (1.0 if name == "mod" else 0.0)


@pytest.mark.parametrize("name", STEPS)
def test_a_step_has_no_derivative_at_a_jump(name: str) -> None:
    with pytest.raises(DerivativeError, match=rf"{name}\(x=2\.0.*It jumps there"):
        STEPS[name](Value(2.0, label="x")).backward()


@pytest.mark.parametrize("other", [2.0, Value(2.0)])
def test_divmod_is_the_pair_of_both(other: Any) -> None:
    for pair in [(Value(5.5), other), (other, Value(5.5))]:
        quotient, rest = divmod(*pair)
        assert (quotient.data, rest.data) == divmod(*map(float, pair))
        assert (quotient.op.name, rest.op.name) == ("floor_divide", "mod")


def test_only_what_can_be_told_of_an_optimizer_speaks_of_one() -> None:
    def f(x: Any) -> Any:
        return autograd.log(x)

    for call in (
        lambda: autograd.jvp(f, (-1.0,), (1.0,)),
        lambda: autograd.vjp(f, -1.0),
        lambda: autograd.derivative(f, 2)(-1.0),
        lambda: f(Value(-1.0)),
    ):
        with pytest.raises(autograd.DomainError) as caught:
            call()
        assert "on_domain_error" not in str(caught.value)
    with pytest.raises(
        autograd.DomainError, match=r"grad\(\.\.\., on_domain_error='inf'\)"
    ):
        autograd.grad(f)(-1.0)


def test_the_derivative_that_is_too_large_is_that_nearest_to_the_root() -> None:
    x = Value(1e-200)
    root = 1.0 / (x * 0.5).neg()
    with pytest.raises(autograd.DerivativeError, match=r"the derivative of div\(1.0"):
        root.backward()


def test_a_number_that_is_nan_is_not_compared_with() -> None:
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(ValueError, match="is NaN"):
            compare(Value(1.0), math.nan)
        with pytest.raises(TypeError, match="a real number"):
            compare(Value(1.0), "2")


def test_lines_are_told_inside_anomaly_alone() -> None:
    with autograd.anomaly(), pytest.raises(autograd.DomainError) as inside:
        Value(-1.0).log()
    with pytest.raises(autograd.DomainError) as after:
        Value(-1.0).log()
    told = [__file__ in str(caught.value) for caught in (inside, after)]
    assert told == [True, False]


def test_of_many_operands_the_first_and_the_last_are_shown() -> None:
    few, many = ([Value(float(i)) for i in range(n)] for n in (6, 7))
    assert describe(TABLE["sum"], few) == "sum(0.0, 1.0, 2.0, 3.0, 4.0, 5.0)"
    assert describe(TABLE["sum"], many) == "sum(0.0, 1.0, 2.0, ..., 5.0, 6.0)"


def scipys(name: str, *arguments: Any) -> Any:
    module, _, function = name.rpartition(".")
    return getattr(pytest.importorskip(f"scipy.{module}"), function)(*arguments)


def first_of(values: Any) -> Any:
    return next(iter(np.ravel(values)))


OF_LIBRARIES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "mean": (lambda x: statistics.mean(list(x)), r"sum\(values\) / len\(values\)"),
    "variance": (lambda x: statistics.variance(list(x)), r"v\.data"),
    "Decimal": (lambda x: x[0] * float(decimal.Decimal(x[0])), r"v\.data"),
    "Fraction": (lambda x: fractions.Fraction(x[0]), r"fraction"),
    "solve": (
        lambda x: first_of(scipys("linalg.solve", np.eye(2), x)),
        r"autograd\.linalg",
    ),
    "det": (
        lambda x: scipys("linalg.det", [[x[0], 0.0], [1.0, x[1]]]),
        r"autograd\.linalg",
    ),
    "svd": (
        lambda x: first_of(scipys("linalg.svd", x[0] * np.eye(2))),
        r"autograd\.linalg",
    ),
    "sparse": (
        lambda x: first_of(scipys("sparse.csr_array", np.eye(2)) @ np.array(x)),
        r"toarray\(\)",
    ),
    "a key": (lambda x: {0.0: 1.0, 1.0: 2.0}[x[0]] * x[1], r"where\(t - k"),
    "a key of a tuple": (lambda x: {}[x[0]], r"cross_entropy"),
    "an index": (lambda x: np.arange(2.0)[x[0]] * x[1], r"where\(t - k"),
    "shift": (lambda x: x[0] << 1, r"v\.data"),
}


@pytest.mark.parametrize("name", OF_LIBRARIES)
def test_what_a_library_says_of_values_comes_with_what_works_instead(name: str) -> None:
    f, remedy = OF_LIBRARIES[name]
    with pytest.raises(TypeError, match=remedy):
        autograd.grad(f)([1.0, 0.5])
    with pytest.raises(TraceError, match=remedy):
        compile_function(f, 2)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[x > 0.4],
        lambda x: x[x[0] > x[1]],
        lambda x: (x * np.ones(2))[(x > 0) & (x < 1)].sum(),
        lambda x: np.arange(2.0)[x > 0.4] * x[0],
    ],
)
def test_a_recorded_comparison_is_no_mask(f: Callable[[Any], Any]) -> None:
    with pytest.raises(TraceError, match=r"x\[x > 0\] write np\.where"):
        compile_function(f, 2)


def test_errors_that_have_nothing_to_do_with_values_stay_as_they_are() -> None:
    def raising(error: Exception) -> Callable[[Any], Any]:
        def f(x: Any) -> Any:
            raise error

        return f

    for error in (
        KeyError("name"),
        KeyError(),
        IndexError("list index out of range"),
        ValueError("an object of mine"),
        TypeError("it takes 2 positional arguments"),
        RuntimeError("Value"),
    ):
        with pytest.raises(type(error)) as raised:
            autograd.grad(raising(error))([1.0])
        assert raised.value is error


def test_statistics_of_values_are_refused_outside_too() -> None:
    for compute in (statistics.mean, statistics.stdev, statistics.harmonic_mean):
        with pytest.raises(TypeError, match=r"no fraction.*sum\(values\)"):
            compute([Value(1.0), Value(2.0)])
