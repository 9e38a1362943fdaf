"""An operation of one's own is a row like any other, if its rules are right."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autograd import (
    GradientMismatch,
    TraceError,
    Value,
    check_gradient,
    compile,
    gradients,
    operation,
)
from autograd.ops import TABLE


@pytest.fixture(autouse=True)
def _table_as_before() -> Iterator[None]:
    before = dict(TABLE)
    yield
    for name in TABLE.keys() - before.keys():
        del TABLE[name]


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
