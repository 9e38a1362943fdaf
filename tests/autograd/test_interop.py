"""Values among NumPy's scalars and arrays."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value
from autograd.interop import ValueArray
from autograd.ops import TABLE

SCALARS = [
    *(np.float64(2.0), np.float32(2.0), np.float16(2.0), np.longdouble(2.0)),
    *(np.int64(2), np.uint8(2)),
]

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


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize(
    "array", [np.array([[3.0, 2.0]]), np.arange(1, 3), np.float32([2.0]), np.array(2.0)]
)
def test_a_value_and_an_array_of_numbers_make_an_array_of_values(
    name: str, array: Any
) -> None:
    apply, x = BINARY[name], Value(3.0)
    for found, expected in (
        (apply(x, array), apply(3.0, array)),
        (apply(array, x), apply(array, 3.0)),
    ):
        assert isinstance(found, ValueArray if array.ndim else Value)
        assert np.shape(found) == array.shape
        # NumPy computes in the precision of its array, 6e-8 in the third.
        assert data_of(found) == pytest.approx(expected, rel=1e-7)


def test_an_array_of_objects_takes_a_value_in_place() -> None:
    array = np.zeros(2).astype(object)
    same = array
    same += Value(1.0)
    same *= Value(3.0)
    assert same is array
    assert [x.data for x in array] == [3.0, 3.0]


@pytest.mark.parametrize(
    "f",
    [
        lambda a, x: a.__iadd__(x),
        lambda a, x: np.multiply(a, x, out=a),
        lambda a, x: np.add.at(a, [0], x),
        lambda a, x: np.exp(x, out=a[0, ...]),
        lambda a, x: np.add(a, x, dtype=float),
        lambda a, x: np.sum(x * a, dtype=np.float32),
    ],
)
def test_no_value_is_put_into_an_array_of_floats(f: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match=r"no Value can be put into an array of float"):
        f(np.zeros(2), Value(1.0))


def test_a_bool_of_numpys_is_one_or_zero() -> None:
    x = Value(3.0)
    assert [v.data for v in np.array([True, False]) * x] == [3.0, 0.0]
    assert (np.bool_(True) * x).data == ((x > 0) * x).data == 3.0
    assert np.maximum(np.bool_(True), x).data == 3.0


WITHOUT_A_ROW = [np.rint, np.trunc, np.heaviside, np.copysign, np.gcd, np.nextafter]


@pytest.mark.parametrize("ufunc", WITHOUT_A_ROW, ids=lambda u: u.__name__)
def test_a_ufunc_without_a_row_is_refused_by_its_name(ufunc: Any) -> None:
    for first in (Value(1.0), Value(1.0) * np.ones(2)):
        with pytest.raises(TypeError, match=rf"np\.{ufunc.__name__} is no row.*row"):
            ufunc(*[first] * ufunc.nin)


@pytest.mark.parametrize("ufunc", [np.isfinite, np.isnan, np.isinf, np.signbit])
def test_questions_are_answered_by_the_numbers(ufunc: Any) -> None:
    numbers = np.array([-1.0, 0.0, math.inf, -math.inf])
    values = array_of(*numbers).view(ValueArray)
    assert ufunc(values).dtype == bool
    assert list(ufunc(values)) == list(ufunc(numbers))
    assert ufunc(np.array([math.nan, Value(2.0)]).view(ValueArray))[0] == ufunc(
        math.nan
    )


@pytest.mark.parametrize(
    "ufunc",
    [
        np.equal,
        np.not_equal,
        np.less,
        np.greater_equal,
        np.logical_and,
        np.logical_or,
        np.logical_xor,
    ],
    ids=lambda u: u.__name__,
)
def test_arrays_are_compared_number_by_number(ufunc: Any) -> None:
    a, b = np.array([0.0, 1.0, 2.0, 0.0]), np.array([0.0, 1.0, 0.0, 3.0])
    values = array_of(*a).view(ValueArray)
    for other in (b, array_of(*b)):
        assert ufunc(values, other).dtype == bool
        assert list(ufunc(values, other)) == list(ufunc(a, b))
        assert list(ufunc(values, other, out=np.ones(4, bool))) == list(ufunc(a, b))
    assert ufunc.reduce(values == a[::-1]) == ufunc.reduce(a == a[::-1])


@pytest.mark.parametrize("top", [np.max, np.min])
def test_the_largest_is_found_by_a_comparison(top: Any) -> None:
    x = array_of(1.0, 3.0, 3.0).view(ValueArray)
    assert list(x == top(x)) == list(np.array([1.0, 3.0, 3.0]) == top([1.0, 3.0, 3.0]))
    assert np.all(x == x)
    assert not np.any(x != x)


@pytest.mark.parametrize("name", ["maximum", "minimum"])
def test_numpys_choice_of_two_is_recorded(name):
    x = Value(2.0)
    y = getattr(np, name)(x, 3.0)
    assert y.op.name == name
    assert y.data == getattr(np, name)(2.0, 3.0)


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


@pytest.mark.parametrize("name", ["maximum", "minimum", "fmax", "fmin"])
def test_choice_along_the_first_axis_is_that_of_numpys_ufunc(name: str) -> None:
    numbers, reduce = np.array([[1.0, 5.0], [4.0, 2.0]]), getattr(np, name).reduce
    values = numbers * Value(1.0)
    assert data_of(reduce(values)).tolist() == reduce(numbers).tolist()
    assert reduce(values, axis=None).data == reduce(numbers, axis=None)


def test_several_results_come_in_the_container_that_numpy_has_for_them() -> None:
    values = np.array([3.0, 1.0]) * Value(1.0)
    assert isinstance(np.split(values, 2), list)
    assert isinstance(np.broadcast_arrays(values, values), tuple)
    quotient = np.divmod(values, 2.0)
    assert isinstance(quotient, tuple)
    # Since NumPy 2.0 there are named ones.
    if hasattr(np, "unique_counts"):
        found = np.unique_counts(values)
        assert isinstance(found.values, ValueArray)
        assert found.counts.tolist() == [1, 1]


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


# Arrays that mix Values and numbers, as np.where, np.clip and np.concatenate make them


MIXED_BINARY = {
    name: getattr(np, op.ufunc)
    for name, op in TABLE.items()
    if op.ufunc and op.arity == 2
}


@pytest.mark.parametrize("name", UFUNCS)
def test_a_ufunc_with_a_row_takes_values_and_numbers_in_one_array(name: str) -> None:
    ufunc, numbers = UFUNCS[name], np.array([*inside(name), *inside(name)])
    mixed = numbers.astype(object).view(ValueArray)
    mixed[:2] = [Value(x) for x in numbers[:2]]
    found = ufunc(mixed)
    assert isinstance(found, ValueArray)
    assert [isinstance(x, Value) for x in found] == [True, True, False, False]
    # NumPy's own loops, and ours, err by some roundings each.
    assert [float(x) for x in found] == pytest.approx(ufunc(numbers), rel=1e-14)


@pytest.mark.parametrize("name", MIXED_BINARY)
def test_a_ufunc_of_two_takes_values_and_numbers_in_one_array(name: str) -> None:
    ufunc = MIXED_BINARY[name]
    a, b = np.array([1.25, 2.5, 3.5, 1.5]), np.array([0.75, 0.5, 1.25, 1.125])
    left, right = (n.astype(object).view(ValueArray) for n in (a, b))
    left[0], left[1], right[1], right[2] = map(Value, (1.25, 2.5, 0.5, 1.25))
    for found in (ufunc(left, right), ufunc(left, b), ufunc(a, right)):
        assert [float(x) for x in found] == pytest.approx(ufunc(a, b), rel=1e-14)
        assert isinstance(found, ValueArray)


@pytest.mark.parametrize(
    "make",
    [
        lambda x: np.where([True, False, True], x, 0.5),
        lambda x: np.clip(x, 0.4, 0.6),
        lambda x: np.concatenate([x, [0.5]]),
        lambda x: np.diag(x) + np.eye(3),
        lambda x: np.maximum(x, np.array([0.0, 0.6, 0.9])),
        lambda x: np.append(x, 0.5),
        lambda x: np.pad(x, 1, constant_values=0.5),
        lambda x: np.split(np.insert(x, 1, 0.5), 2)[1],
    ],
)
def test_what_numpy_makes_of_values_and_numbers_goes_on(make: Any) -> None:
    def f(x: Any) -> Any:
        return np.sum(np.exp(np.sqrt(make(x))))

    point = np.array([0.3, 0.5, 0.8])
    found, slopes = autograd.value_and_grad(f)(point)
    assert found == pytest.approx(f(point), rel=1e-14)
    steps = np.eye(3) * 1e-6
    # Central differences, good to 1e-9 or so.
    assert slopes == pytest.approx(
        [(f(point + h) - f(point - h)) / 2e-6 for h in steps], abs=1e-7
    )


# NumPy's functions that are no ufuncs


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("np.interp", lambda x: np.interp(0.5, [0.0, 1.0], x)),
        ("np.interp", lambda x: np.interp(x[0], [0.0, 1.0], [2.0, 3.0])),
        ("np.gradient", lambda x: np.gradient(x)),
        ("np.bincount", lambda x: np.bincount([0, 1], weights=x)),
        ("np.full_like", lambda x: np.full_like(x, x[0], dtype=float)),
        ("np.copyto", lambda x: np.copyto(np.zeros(2), x)),
        (
            "np.put_along_axis",
            lambda x: np.put_along_axis(np.ones(2), np.r_[0, 1], x, 0),
        ),
        ("np.sum", lambda x: np.sum(x, dtype=float)),
        ("np.i0", lambda x: np.i0(x)),
        ("np.roots", lambda x: np.roots(x)),
        ("np.polyfit", lambda x: np.polyfit([0.0, 1.0], x, 1)),
        ("np.cov", lambda x: np.cov(x)),
        ("np.isin", lambda x: np.isin(x, x)),
        ("np.array_equal", lambda x: np.array_equal(x, x * 1.0)),
        ("np.fft.fft", lambda x: np.fft.fft(x)),
        ("np.linalg.eigvals", lambda x: np.linalg.eigvals(np.outer(x, x))),
    ],
)
def test_a_function_that_would_lose_the_graph_is_refused_by_its_name(
    name: str, call: Any
) -> None:
    with pytest.raises(
        TypeError, match=rf"^{name} (does not take|would look)"
    ) as raised:
        call(Value(1.0) * np.array([1.0, 2.0]))
    assert re.search(r"autograd|dtype|np\.(sign|all)", str(raised.value))


def test_what_is_left_of_values_is_an_array_of_floats_like_any_other() -> None:
    values = Value(2.0) * np.array([3.0, 1.0])
    numbers = values.astype(float)
    for found in (np.exp(numbers), numbers * 2.0, np.trunc(numbers), numbers[:1] + 1):
        assert found.dtype == float
    assert np.interp(1.0, [0.0, 2.0], numbers) == 4.0
    places = values.argsort()
    assert list(places + 1) == [2, 1]
    assert list(np.add(numbers, 1.0, out=numbers)) == [7.0, 3.0]
    assert type(np.zeros_like(values, dtype=int)) is np.ndarray


def test_reductions_take_a_mask() -> None:
    values, mask = Value(2.0) * np.array([3.0, 1.0, 4.0]), np.array([True, False, True])
    assert np.sum(values, where=mask).data == 14.0
    assert np.prod(values, where=mask).data == 48.0
    assert np.mean(values, where=mask).data == 7.0
    assert np.max(values, where=~mask, initial=0.0).data == 2.0


def test_where_and_sinc_are_rows_of_the_table() -> None:
    x, condition = array_of(1.0, 2.0).view(ValueArray), array_of(1.0, 0.0)
    chosen = np.where(condition.view(ValueArray), x, 3.0 * x)
    assert [v.op.name for v in chosen] == ["where"] * 2
    assert [v.data for v in chosen] == [1.0, 6.0]
    curvature = autograd.hessian(lambda x: np.sum(np.sinc(x)))(np.zeros(1))
    assert curvature[0, 0] == pytest.approx(-(math.pi**2) / 3.0, rel=1e-14)


def test_functions_of_arrays_take_bare_values() -> None:
    x, y = Value(2.0), Value(3.0)
    assert isinstance(np.stack([x, y]), ValueArray)
    assert np.where([True, False], x, 0.0)[0] is x
    assert np.sum(x) is x
    assert np.shape(x) == ()


def test_wrong_shapes_are_errors_in_numpys_own_words() -> None:
    with pytest.raises(ValueError, match=r"shape|dimension"):
        np.concatenate([Value(1.0) * np.ones(2), np.ones((2, 2))])
    with pytest.raises(ValueError, match="broadcast"):
        Value(1.0) * np.ones(2) + np.ones(3)


def test_a_branch_inside_a_function_of_numpys_is_a_trace_error() -> None:
    with pytest.raises(autograd.TraceError), autograd.tracing():
        np.sort(array_of(1.0, 2.0).view(ValueArray))


@pytest.mark.parametrize("name", ["erf", "erfc", "expit", "gammaln", "psi", "cbrt"])
def test_a_function_of_scipys_with_a_row_is_that_row(name: str) -> None:
    special = pytest.importorskip("scipy.special")
    ufunc, numbers = getattr(special, name), np.array([0.3, 0.7])
    found = ufunc(Value(1.0) * numbers)
    assert data_of(found) == pytest.approx(ufunc(numbers), rel=1e-13)
    assert isinstance(ufunc(Value(0.3)), Value)
    with pytest.raises(TypeError, match=r"ufunc ndtri is no row .* autograd\.opaque"):
        special.ndtri(Value(1.0) * numbers)


def test_an_array_of_ones_own_is_loud_where_it_mixes_values_and_numbers() -> None:
    with pytest.raises((TypeError, AttributeError)):
        np.exp(np.array([Value(1.0), 2.0], dtype=object))
    array = np.array([Value(1.0), 2.0], dtype=object) * Value(1.0)
    assert isinstance(np.exp(array), ValueArray)


def test_an_extreme_with_options_is_numpys_with_these_options() -> None:
    values = np.array([[1.0, 5.0], [3.0, 2.0]]) * Value(1.0)
    assert np.max(values, initial=4.5).data == 5.0
    assert np.max(values, initial=7.0) == 7.0
    assert np.min(values, initial=0.5) == 0.5
    out = np.zeros(2, dtype=object)
    np.max(values, axis=0, out=out)
    assert data_of(out).tolist() == [3.0, 5.0]
    with pytest.raises(ValueError, match="initial"):  # as of floats
        np.max(values, where=np.eye(2, dtype=bool))


@pytest.mark.parametrize("kind", "gfe")
def test_an_array_of_another_precision_meets_values_as_one_of_floats(kind: str) -> None:
    array, x, xs = np.array([1.0, 2.0], kind), Value(3.0), array_of(3.0, 4.0)
    values = 1.0 * xs.view(ValueArray)
    assert data_of(array * x).tolist() == data_of(x * array).tolist() == [3.0, 6.0]
    assert data_of(array - values).tolist() == [-2.0, -2.0]
    assert (array < x).tolist() == [True, True]
    assert (array @ values).data == np.dot(array, values).data == 11.0
    assert np.where(array > 1, values, 0.0)[1].data == 4.0
    for number in (array[:1] * x)[0].parents:
        assert type(number.data) is float


def test_a_long_double_beyond_the_floats_is_refused() -> None:
    large = np.longdouble(1e308)
    with np.errstate(over="ignore"):
        large = large * 100
    if np.isinf(large):
        pytest.skip("a long double is a float here")
    for call in (lambda x: x * large, lambda x: large * x, lambda x: x < large):
        with pytest.raises(OverflowError, match="too large for a float"):
            call(Value(2.0))
    assert (Value(2.0) * np.longdouble(np.inf)).data == math.inf


NO_NUMBERS = {
    "complex64": (np.complex64(1.0), "real and imaginary parts"),
    "clongdouble": (np.clongdouble(1.0), "real and imaginary parts"),
    "datetime64[ns]": (np.datetime64("2020-01-01", "ns"), r"np.timedelta64\(1, 's'\)"),
    "datetime64[D]": (np.datetime64("2020-01-01", "D"), r"np.timedelta64\(1, 's'\)"),
    "timedelta64[ns]": (np.timedelta64(1, "ns"), r"np.timedelta64\(1, 's'\)"),
    "timedelta64[D]": (np.timedelta64(1, "D"), r"np.timedelta64\(1, 's'\)"),
    "str": (np.str_("2"), r"float"),
    "bytes": (np.bytes_(b"2"), r"float"),
    "record": (np.array([(1, 2.0)], "i4,f8")[0], r"\['name'\]"),
}


INSIDE: dict[str, Callable[[Any], Any]] = {
    "nothing": lambda f: f([Value(2.0)]),
    "grad": lambda f: autograd.grad(f)([2.0]),
    "compile_function": lambda f: autograd.compile_function(f, 1),
}


@pytest.mark.parametrize("inside", INSIDE)
@pytest.mark.parametrize("name", NO_NUMBERS)
def test_what_is_no_real_number_of_numpys_is_refused_by_its_kind(
    name: str, inside: str
) -> None:
    scalar, remedy = NO_NUMBERS[name]
    for thing in (scalar, np.array([scalar, scalar])):
        for call in (
            lambda x, thing=thing: thing * x[0],
            lambda x, thing=thing: x[0] * thing,
            lambda x, thing=thing: (x[0] * np.ones(2)) * thing,
        ):
            with pytest.raises(TypeError, match=remedy) as raised:
                INSIDE[inside](call)
            assert re.search("mul(tiply)?: a real number", str(raised.value))


def test_masked_numbers_are_not_computed_with() -> None:
    masked, x = np.ma.array([1.0, 2.0], mask=[0, 1]), Value(3.0)
    values = x * np.ones(2)
    for call in (
        lambda: values * masked,
        lambda: np.multiply(masked, values),
        lambda: np.exp(values) + masked,
    ):
        with pytest.raises(TypeError, match=r"^np\.\w+: .* masked.*compressed"):
            call()
    with pytest.raises(TypeError, match="masked"):
        autograd.grad(lambda x: x)(np.ma.masked)
    assert np.sum(masked * values).data == np.sum(x * masked).data == 3.0
    assert np.sum(values * masked.compressed()).data == 6.0
    assert data_of(values * np.ma.array([1.0, 2.0])).tolist() == [3.0, 6.0]


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_a_matrix_meets_a_value_on_either_side() -> None:
    matrix, x = np.matrix([[1.0, 2.0]]), Value(3.0)
    assert data_of(matrix * x).tolist() == data_of(x * matrix).tolist() == [[3.0, 6.0]]


def test_a_sparse_matrix_is_refused_with_what_makes_an_array_of_it() -> None:
    sparse = pytest.importorskip("scipy.sparse")
    for matrix in (sparse.csr_array(np.eye(2)), sparse.coo_matrix(np.eye(2))):
        for call in (lambda: matrix * Value(3.0), lambda: Value(3.0) * matrix):  # noqa: B023
            with pytest.raises(
                TypeError, match=r"mul: .*\.\w+_\w+(.|\n)*a\.toarray\(\)"
            ):
                call()


def test_where_of_a_sum_takes_no_recorded_comparison() -> None:
    def f(x: Any) -> Any:
        return np.sum(x, where=x > 0.5)

    with pytest.raises(autograd.TraceError, match=r"np\.add: `where`.*np\.where"):
        autograd.compile_function(f, 2)
    assert autograd.grad(f)(np.array([0.25, 1.0])).tolist() == [0.0, 1.0]
