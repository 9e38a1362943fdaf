"""Values among NumPy's scalars and arrays."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.ops import TABLE

SCALARS = [np.float64(2.0), np.float32(2.0), np.float16(2.0), np.int64(2), np.uint8(2)]

BINARY = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "mod": operator.mod,
    "floor_divide": operator.floordiv,
}


def array_of(*numbers: float) -> Any:
    return np.array([Value(x) for x in numbers], dtype=object)


def data_of(array: Any) -> Any:
    return np.vectorize(lambda value: value.data, otypes=[float])(array)


# Scalars


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: type(s).__name__)
def test_numpy_scalar_makes_a_value(scalar: Any) -> None:
    assert type(Value(scalar).data) is float
    assert Value(scalar).data == 2.0


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: type(s).__name__)
@pytest.mark.parametrize("name", BINARY)
def test_numpy_scalar_is_a_number_on_either_side(name: str, scalar: Any) -> None:
    apply, x = BINARY[name], Value(3.0)
    right, left = apply(x, scalar), apply(scalar, x)
    for node, parents, expected in (
        (right, (3.0, 2.0), apply(3.0, 2.0)),
        (left, (2.0, 3.0), apply(2.0, 3.0)),
    ):
        assert type(node) is Value
        assert node.op is TABLE[name]
        assert tuple(parent.data for parent in node.parents) == parents
        assert node.data == expected


def test_single_precision_scalar_keeps_its_value() -> None:
    assert (Value(0.0) + np.float32(0.1)).data == float(np.float32(0.1))
    assert (np.float32(0.1) + Value(0.0)).data == float(np.float32(0.1))


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: type(s).__name__)
def test_numpy_scalar_is_compared_by_number_on_either_side(scalar: Any) -> None:
    x = Value(3.0)
    assert scalar < x
    assert not scalar > x
    assert scalar <= x
    assert not scalar >= x
    assert x > scalar
    assert not x < scalar


@pytest.mark.parametrize("scalar", SCALARS, ids=lambda s: type(s).__name__)
def test_numpy_scalar_equals_a_value_of_its_number(scalar: Any) -> None:
    x, other = Value(2.0), Value(3.0)
    assert scalar == x
    assert x == scalar
    assert scalar != other
    assert other != scalar
    assert scalar in [other, x]
    assert scalar not in [other]


def test_functions_take_numpy_scalars() -> None:
    assert type(autograd.exp(np.float64(0.0))) is float
    assert autograd.maximum(np.float32(2.0), Value(1.0)).data == 2.0


# Arrays

UFUNCS = {
    name: getattr(np, op.ufunc)
    for name, op in TABLE.items()
    if op.ufunc and op.arity == 1
}


def inside(name: str) -> tuple[float, float]:
    """Two numbers of the domain of a row, at which it is no jump."""
    return (0.25, 0.5) if 0.25 in TABLE[name].domain[0] else (1.25, 1.5)


# On an array of one's own np.sign compares, as np.maximum does.
@pytest.mark.parametrize("name", sorted(UFUNCS.keys() - {"sign"}))
def test_numpy_function_of_an_array_is_that_of_its_values(name: str) -> None:
    array = array_of(*inside(name))
    result = UFUNCS[name](array)
    assert [node.op for node in result] == [TABLE[name]] * 2
    assert [node.parents for node in result] == [(value,) for value in array]


@pytest.mark.parametrize("name", UFUNCS)
def test_numpy_function_of_a_single_value_is_its_method(name: str) -> None:
    x = Value(inside(name)[0])
    node = UFUNCS[name](x)
    assert type(node) is Value
    assert node.op is TABLE[name]
    assert node.parents == (x,)


@pytest.mark.parametrize("name", BINARY)
def test_array_and_value_combine_element_by_element(name: str) -> None:
    array, x = array_of(2.0, 3.0), Value(4.0)
    apply = BINARY[name]
    assert [n.parents for n in apply(array, x)] == [(a, x) for a in array]
    assert [n.parents for n in apply(x, array)] == [(x, a) for a in array]


@pytest.mark.parametrize("name", BINARY)
def test_array_of_values_and_array_of_numbers_combine(name: str) -> None:
    array, numbers = array_of(2.0, 3.0), np.array([4.0, 5.0])
    apply = BINARY[name]
    exact = apply(np.array([2.0, 3.0]), numbers)
    assert data_of(apply(array, numbers)) == pytest.approx(exact, rel=1e-15)
    swapped = apply(numbers, np.array([2.0, 3.0]))
    assert data_of(apply(numbers, array)) == pytest.approx(swapped, rel=1e-15)


@pytest.mark.parametrize(
    ("product", "shape"),
    [
        (lambda A, M, v: A @ A, (2, 2)),
        (lambda A, M, v: M @ A, (2, 2)),
        (lambda A, M, v: A @ M, (2, 2)),
        (lambda A, M, v: A @ v, (2,)),
        (lambda A, M, v: v @ A, (2,)),
        (lambda A, M, v: np.dot(M, A), (2, 2)),
    ],
)
def test_matrix_products_of_arrays_of_values(
    product: Callable[..., Any], shape: tuple[int, ...]
) -> None:
    numbers = np.array([[1.0, 2.0], [3.0, 4.0]])
    matrix, vector = np.array([[0.5, -1.0], [2.0, 8.0]]), np.array([1.0, -2.0])
    values = array_of(*numbers.flat).reshape(2, 2)
    result = product(values, matrix, vector)
    assert result.shape == shape
    # Small whole and binary fractions: exact.
    assert (data_of(result) == product(numbers, matrix, vector)).all()


def test_gradient_flows_through_a_matrix_product() -> None:
    weights = array_of(1.0, 2.0, 3.0, 4.0).reshape(2, 2)
    inputs = np.array([5.0, 6.0])
    (weights @ inputs).sum().backward()
    assert [[w.grad for w in row] for row in weights] == [[5.0, 6.0], [5.0, 6.0]]


def test_sum_and_mean_of_an_array_are_values() -> None:
    array = array_of(1.0, 2.0, 6.0)
    assert isinstance(array.sum(), Value)
    assert array.sum().data == 9.0
    assert array.mean().data == 3.0
    array.mean().backward()
    assert [x.grad for x in array] == pytest.approx([1 / 3] * 3, rel=1e-15)


def test_array_is_sorted_by_number() -> None:
    assert [x.data for x in np.sort(array_of(3.0, 1.0, 2.0))] == [1.0, 2.0, 3.0]
    assert np.argmax(array_of(3.0, 1.0, 2.0)) == 0


def test_array_is_compared_with_a_value_by_number() -> None:
    array, x = array_of(1.0, 3.0), Value(2.0)
    assert list(array < x) == [True, False]
    assert list(x < array) == [False, True]


def test_array_of_numbers_meeting_a_value_is_refused() -> None:
    with pytest.raises(TypeError, match=r"multiply: a Value meets an array of float64"):
        np.ones((2, 3)) * Value(1.0)
    with pytest.raises(TypeError, match=r"(?s)mul: .*not ndarray.*np.array\(\[Value"):
        Value(1.0) * np.ones((2, 3))


def test_numpy_function_without_a_row_is_refused() -> None:
    with pytest.raises(TypeError, match="rint"):
        np.rint(Value(1.0))


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_numpys_choice_of_two_is_recorded(name):
    x = Value(2.0)
    y = getattr(np, name)(x, 3.0)
    assert y.op.name == name
    assert y.data == getattr(np, name)(2.0, 3.0)


def test_a_ufunc_that_would_lose_the_graph_is_refused():
    with pytest.raises(TypeError, match=r"np\.gcd of a Value is a plain number"):
        np.gcd(Value(2.0), 2)


CODE = {
    "norm": lambda x: np.linalg.norm(x),
    "variance": lambda x: x.var(),
    "standard deviation": lambda x: x.std(),
    "root of a sum of squares": lambda x: np.sqrt(np.sum(x**2)),
    "dot": lambda x: np.dot(x, x[::-1]),
    "einsum": lambda x: np.einsum("i,j->", x, x),
    "angle": lambda x: np.arctan2(x, x[::-1] + 1.0)[0],
    "length": lambda x: np.hypot(x, 2.0 * x)[1],
    "product": lambda x: x.prod(),
    "running sum": lambda x: np.cumsum(x)[-2] ** 2,
}


@pytest.mark.parametrize("name", CODE)
def test_gradient_flows_through_code_written_for_arrays(name):
    f, point = CODE[name], [0.5, 2.0, -1.5]
    values = np.array([Value(x) for x in point], dtype=object)
    out = f(values)
    assert out.data == pytest.approx(float(f(np.array(point))), rel=1e-14)
    autograd.check_gradient(lambda xs: f(np.array(xs, dtype=object)), point)


# Ties: equal ones share the derivative, however the choice is spelled

CHOICES: dict[str, Callable[[Any], Any]] = {
    "maximum": lambda x: np.maximum(x, 2.0).sum(),
    "maximum, the array last": lambda x: np.maximum(2.0, x).sum(),
    "minimum": lambda x: np.minimum(x, 2.0).sum(),
    "fmax": lambda x: np.fmax(x, np.full(3, 2.0)).sum(),
    "fmin": lambda x: np.fmin(x, 2.0).sum(),
    "maximum in place": lambda x: np.maximum(x, 2.0, out=x.copy()).sum(),
    "of what is computed": lambda x: np.maximum(np.exp(x) - np.exp(x) + x, 2.0).sum(),
    "bare values": lambda x: sum(np.maximum(v, 2.0) for v in x),
    "clip": lambda x: np.clip(x, 2.0, 5.0).sum(),
    "a value and an array": lambda x: np.maximum(x[0] * 0.0 + 2.0, x).sum(),
}


@pytest.mark.parametrize("name", CHOICES)
def test_numpys_choice_of_two_shares_the_derivative_on_ties(name: str) -> None:
    point = np.array([2.0, 2.0, 2.0])
    assert CHOICES[name](point) == 6.0
    assert list(autograd.grad(CHOICES[name])(point)) == [0.5] * 3


@pytest.mark.parametrize("top", [np.max, np.min, lambda x: x.max(), lambda x: x.min()])
def test_numpys_choice_of_many_shares_the_derivative_on_ties(
    top: Callable[[Any], Any],
) -> None:
    assert list(autograd.grad(top)(np.full(4, 2.0))) == [0.25] * 4


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize("axis", [None, 0, 1, -1, (0, 2), (2, 1)])
def test_choice_along_axes_is_numpys_and_shares_on_ties(
    axis: Any, keepdims: bool
) -> None:
    point = np.array([[[3.0, 3.0], [1.0, 3.0]], [[0.0, 2.0], [3.0, 1.0]]])

    def top(x: Any) -> Any:
        return np.max(x, axis=axis, keepdims=keepdims)

    found, slopes = autograd.value_and_grad(lambda x: np.sum(top(x)))(point)
    assert found == top(point).sum()
    tied = point == np.max(point, axis=axis, keepdims=True)
    assert (slopes == tied / tied.sum(axis=axis, keepdims=True)).all()
    shape = autograd.linearize(top, point)[0]
    assert np.shape(shape) == np.shape(top(point))


def test_array_of_values_stays_one_through_numpys_functions() -> None:
    kinds: list[type] = []

    def f(x: Any) -> Any:
        y = np.sqrt(np.abs(x.reshape(2, 2).T @ np.ones((2, 2)))) + 1.0
        y += x[:2]
        kinds.append(type(y))
        return np.maximum(y, y[::-1]).sum()

    found = autograd.grad(f)(np.array([1.0, 2.0, 3.0, 4.0]))
    plain = array_of(1.0, 2.0, 3.0, 4.0)
    f(plain).backward()
    assert [kind.__name__ for kind in kinds] == ["ValueArray", "ndarray"]
    assert list(found) == [x.grad for x in plain]


def test_array_of_values_may_have_plain_numbers_among_them() -> None:
    def f(x: Any) -> Any:
        x[0] = 1.0
        return np.exp(x).sum()

    assert list(autograd.grad(f)(np.zeros(2))) == [0.0, 1.0]


def test_numpys_choice_from_an_array_of_ones_own_is_a_branch() -> None:
    # NumPy asks neither the array nor its elements which of two equal ones it is.
    largest = np.max(array_of(2.0, 2.0))
    assert largest.op is None
