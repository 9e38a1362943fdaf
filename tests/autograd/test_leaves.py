"""What a user sets is made a float, or refused by name, before anything uses it."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from autograd import DerivativeError, Value, compile, gradients
from autograd.apply import function_of
from autograd.leaves import turn
from autograd.ops import TABLE
from autograd.value import Constant
from tests.strategies import PUBLIC

NUMBERS: list[Any] = [
    np.float32(0.3),
    np.float16(0.3),
    np.float64(0.3),
    np.int8(1),
    1,
    Fraction(1, 3),
]
"""What Value() takes and makes a float."""

NO_NUMBERS: list[Any] = [
    "0.3",
    None,
    Decimal("0.3"),
    0.3 + 0j,
    np.array(0.3),
    np.array([0.3]),
    [0.3],
    Value(0.3),
]
"""What Value() refuses."""


def leaf(data: Any) -> Value:
    """A leaf whose data was set."""
    w = Value(0.3, label="w")
    w.data = data
    return w


def is_float_and_equal(found: object, expected: float) -> bool:
    return type(found) is float and found == expected


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: type(n).__name__)
def test_every_operation_takes_a_number_that_was_set_as_the_float_it_is(
    name: str, number: Any
) -> None:
    def results(data: Any) -> list[float]:
        function, n = function_of(name), TABLE[name].arity or 4
        found: list[float] = []
        for place in range(n):
            operands = [Value(0.7 + 0.1 * i) for i in range(n)]
            operands[place] = leaf(data)
            try:
                y = function(*operands)
                y.backward()
            except (ArithmeticError, ValueError):  # a jump or no domain, for both
                continue
            found += [y.data, *[x.grad for x in operands], operands[place].data]
        return found

    found, expected = results(number), results(float(number))
    assert [type(x) for x in found] == [float] * len(expected)
    assert found == expected


@pytest.mark.parametrize("name", PUBLIC)
@pytest.mark.parametrize("thing", NO_NUMBERS, ids=repr)
def test_every_operation_refuses_what_is_no_number_by_the_name_of_the_leaf(
    name: str, thing: Any
) -> None:
    n = TABLE[name].arity or 4
    for place in range(n):
        operands = [Value(0.7) for i in range(n)]
        operands[place] = leaf(thing)
        with pytest.raises(TypeError, match=rf"{name}: .* 'w' was set .*Write w.data"):
            function_of(name)(*operands)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_operation_refuses_a_nan_that_was_set(name: str) -> None:
    n = TABLE[name].arity or 4
    for place in range(n):
        operands = [Value(0.7) for i in range(n)]
        operands[place] = leaf(math.nan)
        with pytest.raises(ValueError, match=r"w=nan.* NaN"):
            function_of(name)(*operands)


def test_a_number_that_was_set_and_is_too_large_for_a_float_is_refused() -> None:
    with pytest.raises(OverflowError, match=r"the data of the leaf 'w'.*too large"):
        leaf(10**400).log()


def test_a_leaf_without_a_label_is_refused_as_that() -> None:
    w = Value(1.0)
    w.data = "1"  # type: ignore[assignment]
    with pytest.raises(TypeError, match=r"an unnamed leaf .*Write leaf.data ="):
        w + 1.0


def test_a_value_as_data_is_refused_with_the_number_that_was_meant() -> None:
    with pytest.raises(TypeError, match=r"Write w.data = other.data\."):
        leaf(Value(1.0)) + 1.0


def test_the_data_of_a_computed_value_is_refused_as_that() -> None:
    y = Value(1.0) * 2.0
    y.data = None  # type: ignore[assignment]
    with pytest.raises(TypeError, match="the data of the Value that mul computed was"):
        y + 1.0


USES: dict[str, Callable[[Value, Value], Any]] = {
    "backward of the leaf": lambda w, y: w.backward(),
    "backward": lambda w, y: y.backward(),
    "gradients": lambda w, y: gradients(y, [w]),
    "compile with a constant": lambda w, y: compile(y),
    "compile with a parameter": lambda w, y: compile(y, parameters=[w]),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
@pytest.mark.parametrize("thing", NO_NUMBERS, ids=repr)
def test_a_leaf_that_is_set_after_an_operation_is_refused_where_it_is_used(
    use: Callable[[Value, Value], Any], thing: Any
) -> None:
    w = Value(0.3, label="w")
    y = w * w
    w.data = thing
    with pytest.raises(TypeError, match=r"the data of the leaf 'w' was set"):
        use(w, y)


def test_data_that_is_set_after_its_use_stays_a_float_on_the_way_back() -> None:
    w, x = Value(0.1, label="w"), Value(3.0)
    y = w * x
    w.data = np.float32(0.1)
    (slope,) = gradients(y, [x])
    assert is_float_and_equal(slope.data, float(np.float32(0.1)))
    w.data = np.float32(0.1)
    y.backward()
    assert is_float_and_equal(x.grad, float(np.float32(0.1)))
    assert is_float_and_equal(w.data, float(np.float32(0.1)))


def test_a_root_that_is_a_leaf_set_to_nan_is_refused() -> None:
    with pytest.raises(ValueError, match=r"backward: the data of the leaf 'w': .* NaN"):
        leaf(math.nan).backward()


@pytest.mark.parametrize("before", [np.float32(0.1), np.float64(0.1), 1, Fraction(1)])
def test_a_gradient_that_was_set_is_added_to_as_the_float_it_is(before: Any) -> None:
    w = Value(2.0)
    w.grad = before
    (w * 3.0).backward()
    assert is_float_and_equal(w.grad, float(before) + 3.0)


def test_a_gradient_may_be_set_to_none() -> None:
    w = Value(2.0)
    w.grad = None  # type: ignore[assignment]
    assert not w.has_grad
    (w * 3.0).backward()
    assert w.grad == 3.0


@pytest.mark.parametrize("thing", ["0.0", np.zeros(1), [0.0], Value(0.0)])
def test_a_gradient_that_is_no_number_is_refused_and_changes_no_leaf(
    thing: Any,
) -> None:
    w, x = Value(2.0, label="w"), Value(1.0)
    w.grad = thing
    with pytest.raises(TypeError, match=r"the grad of the leaf 'w' .*Write w.grad ="):
        (w * x).backward()
    assert not x.has_grad


def test_a_gradient_set_to_nan_is_told_as_that() -> None:
    w = Value(2.0, label="w")
    w.grad = math.nan
    with pytest.raises(DerivativeError, match=r"gradients of the leaf 'w' .*nan"):
        (w * 3.0).backward()


def test_a_constant_is_a_leaf_like_others() -> None:
    one = Constant(1.0)
    one.backward()
    one.backward()
    assert one.grad == 2.0


@pytest.mark.parametrize("data", [3, np.float32(3.0), np.int8(3)])
def test_a_leaf_that_was_set_to_another_number_is_a_float_to_python(data: Any) -> None:
    for ask in (float, lambda v: math.sqrt(v) ** 2, lambda v: 3.0 * (v > 2.0), int):
        assert ask(leaf(data)) == pytest.approx(3.0)


def test_who_has_the_turn_may_take_it_again() -> None:
    with turn:
        again = turn.acquire(blocking=False)
        if again:
            turn.release()
    assert again
