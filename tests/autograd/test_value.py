"""What a Value is: a number, a place in a graph, and a guest of Python's protocols."""

from __future__ import annotations

import builtins
import copy
import fractions
import math
import operator
import pickle
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Constant, Value, as_values, gradients, no_grad, value_and_grad
from autograd.ops import TABLE

numbers = st.floats(-1e100, 1e100)


# Numbers and fields


def test_new_value_is_a_leaf_without_gradient() -> None:
    x = Value(3, label="x")
    assert (x.data, x.grad, x.op, x.parents, x.label) == (3.0, 0.0, None, (), "x")
    assert not x.has_grad


@pytest.mark.parametrize("number", [2, 2.0, fractions.Fraction(4, 2)])
def test_data_is_a_float_whatever_the_number(number: Any) -> None:
    assert type(Value(number).data) is float
    assert type((Value(1.0) + number).data) is float
    assert Value(number).data == 2.0


def test_infinity_is_a_number() -> None:
    assert Value(math.inf).data == math.inf
    assert (Value(math.inf) + 1.0).data == math.inf
    assert (1.0 / Value(-math.inf)).data == 0.0
    assert Value(-math.inf).exp().data == 0.0


def test_value_has_no_room_for_other_attributes() -> None:
    with pytest.raises(AttributeError):
        Value(1.0).gradient = 2.0  # type: ignore[attr-defined]


def test_repr_shows_data_gradient_and_label() -> None:
    x = Value(2)
    assert repr(x) == "Value(data=2.0, grad=0.0)"
    x.label = "it's"
    (x * 3).backward()
    assert repr(x) == 'Value(data=2.0, grad=3.0, label="it\'s")'


def test_repr_of_a_constant_says_so() -> None:
    assert repr((Value(1.0) + 2).parents[1]) == "Constant(data=2.0)"


def test_format_is_that_of_the_number() -> None:
    assert f"{Value(2.0):.2f}" == "2.00"
    assert f"{Value(2.0)}" == repr(Value(2.0))


def test_label_may_be_set_later_on_any_node() -> None:
    y = Value(1.0) + Value(2.0)
    y.label = "y"
    assert "label='y'" in repr(y)


# Operators

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "mod": operator.mod,
    "floor_divide": operator.floordiv,
}


@pytest.mark.parametrize("name", BINARY)
@given(a=st.floats(0.1, 9.0), b=st.floats(0.1, 9.0) | st.integers(1, 9))
def test_operator_computes_what_python_does(name: str, a: float, b: Any) -> None:
    apply = BINARY[name]
    for left, right in ((Value(a), Value(b)), (Value(a), b), (a, Value(b))):
        node = apply(left, right)
        assert node.data == apply(a, b)
        assert node.op is TABLE[name]
        assert [parent.data for parent in node.parents] == [a, b]


@pytest.mark.parametrize("name", BINARY)
def test_operator_records_its_operands_in_order(name: str) -> None:
    x = Value(2.0)
    left, right = BINARY[name](x, 3.0), BINARY[name](3.0, x)
    assert left.parents[0] is x
    assert isinstance(left.parents[1], Constant)
    assert right.parents[1] is x
    assert isinstance(right.parents[0], Constant)


@pytest.mark.parametrize(
    ("name", "apply"), [("neg", operator.neg), ("pos", operator.pos), ("abs", abs)]
)
def test_sign_operator_is_an_operation_of_its_own(
    name: str, apply: Callable[[Any], Any]
) -> None:
    x = Value(-2.0)
    node = apply(x)
    assert node is not x
    assert node.op is TABLE[name]
    assert node.data == apply(-2.0)


def test_value_to_the_power_of_a_value_has_both_derivatives() -> None:
    a, b = Value(2.0), Value(3.0)
    (a**b).backward()
    assert a.grad == 12.0
    assert b.grad == pytest.approx(8.0 * math.log(2.0), rel=1e-15)


def test_number_to_the_power_of_a_value_is_an_exponential() -> None:
    b = Value(3.0)
    (2**b).backward()
    assert b.grad == pytest.approx(8.0 * math.log(2.0), rel=1e-15)


def test_augmented_assignment_makes_a_new_node() -> None:
    x = Value(2.0)
    y = x
    y += 1.0
    y *= 3.0
    assert (x.data, y.data) == (2.0, 9.0)


def test_builtin_sum_adds_values_up() -> None:
    xs = [Value(1.0), Value(2.0), Value(3.0)]
    total = builtins.sum(xs)
    assert isinstance(total, Value)
    total.backward()
    assert total.data == 6.0
    assert [x.grad for x in xs] == [1.0, 1.0, 1.0]


def test_as_values_keeps_values_and_wraps_numbers() -> None:
    x = Value(1.0)
    first, second = as_values([x, 2])
    assert first is x
    assert isinstance(second, Constant)
    assert second.data == 2.0


# Comparisons and conversions


@given(a=numbers, b=numbers)
def test_ordering_is_that_of_the_numbers(a: float, b: float) -> None:
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        assert compare(Value(a), Value(b)) is compare(a, b)
        assert compare(Value(a), b) is compare(a, b)
        assert compare(a, Value(b)) is compare(a, b)


def test_sorted_and_max_of_python_order_values_by_their_numbers() -> None:
    xs = [Value(3.0), Value(1.0), Value(2.0)]
    assert [x.data for x in sorted(xs)] == [1.0, 2.0, 3.0]
    assert builtins.max(xs) is xs[0]


def test_values_are_equal_if_they_are_the_same_one() -> None:
    x, twin = Value(1.0), Value(1.0)
    assert x == x
    assert x != twin
    assert not x == twin  # noqa: SIM201
    assert len({x, twin}) == 2
    assert {x: "x"}[x] == "x"
    assert twin not in [x]
    assert [x, twin].index(twin) == 1


ONES = [1.0, 1, True, fractions.Fraction(1), np.float32(1), np.int64(1), np.bool_(True)]


@pytest.mark.parametrize("one", ONES, ids=lambda one: type(one).__name__)
def test_a_value_equals_what_has_its_number(one: Any) -> None:
    x, other = Value(1.0), Value(2.0)
    assert x == one
    assert one == x
    assert not x != one  # noqa: SIM202
    assert other != one
    assert one != other
    assert [other, x].count(one) == 1
    assert x in (0.0, one)
    assert one in [other, x]


@pytest.mark.parametrize("thing", [None, "1.0", [1.0], math.nan, 1j, object()])
def test_a_value_equals_nothing_that_is_no_number(thing: Any) -> None:
    assert Value(1.0) != thing
    assert not Value(1.0) == thing  # noqa: SIM201


def test_a_value_as_a_key_is_itself_and_not_its_number() -> None:
    x = Value(1.0)
    numbers: dict[Any, str] = {1.0: "number"}
    assert numbers.get(x) is None
    assert {x: "value"}.get(1.0) is None  # type: ignore[call-overload]
    assert x not in numbers


def test_a_branch_on_equality_is_taken_as_in_plain_python() -> None:
    f = value_and_grad(lambda x: 10 * x if x == 1.0 else x)
    assert [f(x) for x in (1.0, 2.0)] == [(10.0, 10.0), (2.0, 1.0)]
    g = value_and_grad(lambda x: x if x != 1.0 else 10 * x)
    assert [g(x) for x in (1.0, 2.0)] == [(10.0, 10.0), (2.0, 1.0)]
    h = value_and_grad(lambda x: np.where(x == 1.0, 10 * x, x).sum())
    found, slopes = h(np.array([1.0, 2.0]))
    assert (found, slopes.tolist()) == (12.0, [10.0, 1.0])


def test_truth_is_being_other_than_zero() -> None:
    assert Value(0.5)
    assert not Value(0.0)
    assert not Value(-0.0)


def test_float_and_int_give_the_number() -> None:
    assert float(Value(2.5)) == 2.5
    assert int(Value(-2.5)) == -2
    assert math.sqrt(Value(4.0)) == 2.0


# Gradients of a leaf


def test_has_grad_tells_whether_backward_has_been_here() -> None:
    x = Value(1.0)
    y = x * 0.0
    y.backward()
    assert (x.grad, x.has_grad, y.has_grad) == (0.0, True, True)
    x.zero_grad()
    assert (x.grad, x.has_grad) == (0.0, False)


def test_zero_grad_starts_the_sum_anew() -> None:
    x = Value(1.0)
    (x * 2.0).backward()
    x.zero_grad()
    (x * 3.0).backward()
    assert x.grad == 3.0


def test_gradient_set_by_the_user_is_added_to() -> None:
    x = Value(1.0)
    x.grad = 10.0
    (x * 2.0).backward()
    assert x.grad == 12.0


def test_data_set_by_the_user_is_used_from_then_on() -> None:
    x = Value(1.0)
    x.data = 5.0
    y = x * x
    y.backward()
    assert (y.data, x.grad) == (25.0, 10.0)


def test_partials_of_a_leaf_are_none() -> None:
    assert Value(1.0).partials() == ()


# Recording


def test_nothing_is_recorded_inside_no_grad() -> None:
    x = Value(3.0)
    with no_grad():
        y = x * x + 1.0
    assert (y.data, y.op, y.parents) == (10.0, None, ())
    y.backward()
    assert not x.has_grad


def test_no_grad_nests() -> None:
    x = Value(3.0)
    with no_grad():
        with no_grad():
            pass
        inside = x * x
    outside = x * x
    assert inside.parents == ()
    assert outside.parents == (x, x)


def test_no_grad_ends_with_an_exception() -> None:
    x = Value(3.0)
    with pytest.raises(ZeroDivisionError), no_grad():
        x / 0.0
    assert (x * x).parents == (x, x)


def test_no_grad_decorates_a_function() -> None:
    @no_grad()
    def square(x: Value) -> Value:
        return x * x

    assert square(Value(3.0)).parents == ()
    assert square(Value(3.0)).data == 9.0


def in_a_thread(f: Callable[[], Any]) -> Any:
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(f()))
    thread.start()
    thread.join()
    return results[0]


def test_no_grad_of_one_thread_is_not_that_of_another() -> None:
    x = Value(3.0)
    with no_grad():
        assert in_a_thread(lambda: x * x).parents == (x, x)
    entered, checked = threading.Event(), threading.Event()

    def hold() -> None:
        with no_grad():
            entered.set()
            checked.wait(10.0)

    thread = threading.Thread(target=hold)
    thread.start()
    assert entered.wait(10.0)
    assert (x * x).parents == (x, x)
    checked.set()
    thread.join()


def test_backward_and_gradients_work_inside_no_grad() -> None:
    x = Value(3.0)
    y = x * x
    with no_grad():
        y.backward()
        (slope,) = gradients(y, [x])
    assert x.grad == 6.0
    assert (slope.data, slope.parents) == (6.0, ())


def test_detach_cuts_the_graph() -> None:
    x = Value(3.0, label="x")
    y = x * x
    y.label = "y"
    cut = y.detach()
    assert (cut.data, cut.label, cut.parents) == (9.0, "y", ())
    (cut * 2.0).backward()
    assert cut.grad == 2.0
    assert not x.has_grad


# Copy and pickle

COPIERS: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    **{
        f"pickle {protocol}": lambda thing, protocol=protocol: pickle.loads(
            pickle.dumps(thing, protocol)
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
}


@pytest.mark.parametrize("copier", COPIERS)
@given(data=numbers, grad=st.none() | numbers, label=st.text(max_size=5))
def test_copy_of_a_leaf_has_its_data_label_and_gradient(
    copier: str, data: float, grad: float | None, label: str
) -> None:
    leaf = Value(data, label)
    if grad is not None:
        leaf.grad = grad
    twin = COPIERS[copier](leaf)
    assert twin is not leaf
    assert type(twin) is Value
    assert (twin.data, twin.grad, twin.label) == (leaf.data, leaf.grad, leaf.label)
    assert twin.has_grad == leaf.has_grad
    (twin * 2.0).backward()
    assert (leaf.grad, leaf.has_grad) == (grad or 0.0, grad is not None)


def test_deepcopy_keeps_shared_leaves_shared() -> None:
    x = Value(1.0)
    first, second = copy.deepcopy([x, x])
    assert first is second
    assert first is not x


def test_row_is_copied_as_itself() -> None:
    assert copy.deepcopy(TABLE["mul"]) is TABLE["mul"]
    assert pickle.loads(pickle.dumps(TABLE["mul"])) is TABLE["mul"]


@pytest.mark.parametrize("copier", COPIERS)
def test_copy_of_a_computed_value_is_refused(copier: str) -> None:
    with pytest.raises(TypeError, match=r"computed by tanh cannot be copied.*detach\("):
        COPIERS[copier](Value(1.0).tanh())


@pytest.mark.parametrize("copier", COPIERS)
def test_copy_of_a_deep_graph_is_refused_without_recursion(copier: str) -> None:
    y = Value(1.0)
    for _ in range(100_000):
        y = y + 1.0
    with pytest.raises(TypeError, match="computed by add cannot be copied"):
        COPIERS[copier](y)


def test_every_number_but_zero_is_true() -> None:
    numbers = [-1.0, -0.0, 0.0, 5e-324, math.inf]
    assert [bool(Value(x)) for x in numbers] == [bool(x) for x in numbers]
