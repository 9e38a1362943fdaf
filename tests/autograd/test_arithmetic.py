"""The arithmetics where Python and NumPy need care: far out, and at edges."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp

from autograd.arithmetic import Floats, multiprecision
from autograd.compiler.arrays import Arrays

finite = st.floats(allow_nan=False, allow_infinity=False)


@given(a=finite)
def test_sigmoid_is_a_probability_for_any_number(a: float) -> None:
    assert 0.0 <= Floats.sigmoid(a) <= 1.0


@given(a=finite)
def test_sigmoids_of_opposites_add_up_to_one(a: float) -> None:
    # Each is within 2 u of itself, and the sum rounds once more.
    total = Floats.sigmoid(a) + Floats.sigmoid(-a)
    assert total == pytest.approx(1.0, abs=4 * 2.0**-53)


def test_sigmoid_keeps_the_digits_of_its_tail() -> None:
    assert Floats.sigmoid(-700.0) == pytest.approx(math.exp(-700.0), rel=1e-15)


@given(a=finite)
def test_softplus_lies_above_relu_by_log_two_at_most(a: float) -> None:
    gap = Floats.softplus(a) - max(a, 0.0)
    assert 0.0 <= gap <= math.log(2.0) + abs(a) * 2.0**-52


@pytest.mark.parametrize(
    ("a", "expected"), [(1.0, 1.0), (1e-300, 1.0), (0.0, 0.0), (-0.0, 0.0), (-1.0, 0.0)]
)
def test_step_is_one_above_zero(a: float, expected: float) -> None:
    assert Floats.step(a) == expected


@given(a=finite, b=finite)
def test_maximum_and_minimum_are_those_of_python(a: float, b: float) -> None:
    assert Floats.maximum(a, b) == max(a, b)
    assert Floats.minimum(a, b) == min(a, b)


@given(a=finite, b=finite)
def test_where_looks_at_the_condition_alone(a: float, b: float) -> None:
    assert Floats.where(1.0, a, b) == a
    assert Floats.where(0.0, a, b) == b


@given(base=st.floats(-10.0, 10.0), exponent=st.integers(-5, 5))
def test_pow_is_that_of_python_at_whole_exponents(base: float, exponent: int) -> None:
    if base == 0.0 and exponent < 0:
        with pytest.raises(ZeroDivisionError):
            Floats.pow(base, float(exponent))
    elif abs(base) > 1e-50:  # beyond, the power overflows
        assert Floats.pow(base, float(exponent)) == base ** float(exponent)


def test_pow_of_a_negative_base_is_real_or_an_error() -> None:
    assert Floats.pow(-2.0, 3.0) == -8.0
    with pytest.raises(ValueError, match="domain"):
        Floats.pow(-2.0, 0.5)


def test_pow_of_zero() -> None:
    assert Floats.pow(0.0, 0.0) == 1.0
    assert Floats.pow(0.0, 0.5) == 0.0


@given(values=st.lists(st.floats(-1e100, 1e100), max_size=10))
def test_sum_is_close_to_the_exact_sum(values: list[float]) -> None:
    # n - 1 roundings of partial sums, each at most Σ|a|; Python 3.12 does better.
    allowed = 10 * 2.0**-53 * math.fsum(map(abs, values))
    assert abs(Floats.sum(values) - math.fsum(values)) <= allowed


@given(pairs=st.lists(st.tuples(*[st.floats(-1e100, 1e100)] * 2), max_size=10))
def test_dot_is_the_sum_of_products(pairs: list[tuple[float, float]]) -> None:
    products = [a * b for a, b in pairs]
    values = [a for a, _ in pairs] + [b for _, b in pairs]
    allowed = 10 * 2.0**-53 * math.fsum(map(abs, products))
    assert abs(Floats.dot(values) - math.fsum(products)) <= allowed


@given(values=st.lists(finite, min_size=1, max_size=6))
def test_logsumexp_lies_above_the_largest_by_the_log_of_the_count_at_most(
    values: list[float],
) -> None:
    gap = Floats.logsumexp(values) - max(values)
    rounding = (abs(max(values)) + 2.0) * 2.0**-52
    assert 0.0 <= gap <= math.log(len(values)) + rounding


def test_logsumexp_keeps_a_small_share() -> None:
    assert Floats.logsumexp([0.0, -40.0]) == pytest.approx(math.exp(-40.0), rel=1e-15)


@given(values=st.lists(finite, min_size=1, max_size=6))
def test_max_and_min_are_those_of_python(values: list[float]) -> None:
    assert Floats.max(values) == max(values)
    assert Floats.min(values) == min(values)


@pytest.mark.parametrize("whole", [-4.0, -1.0, 2.0, 3.0, 5.0, 1e5])
def test_cube_roots_of_cubes_are_exact(whole: float) -> None:
    assert Floats.cbrt(whole**3) == whole


@pytest.mark.parametrize("a", [0.0, -0.0, math.inf, -math.inf])
def test_cube_roots_at_the_ends_are_their_arguments(a: float) -> None:
    assert math.copysign(1.0, Floats.cbrt(a)) == math.copysign(1.0, a)
    assert Floats.cbrt(a) == a


def test_logaddexp_of_infinities() -> None:
    assert Floats.logaddexp(-math.inf, -math.inf) == -math.inf
    assert Floats.logaddexp(-math.inf, 3.0) == 3.0


def test_logsumexp_takes_minus_infinity_for_a_share_of_nothing() -> None:
    assert Floats.logsumexp([2.0, -math.inf]) == 2.0
    assert Floats.logsumexp([-math.inf, -math.inf]) == -math.inf


# The functions of arrays that NumPy lacks, over their whole domain

SATURATING = ["sigmoid", "sigmoid_slope", "tanh_slope", "softplus", "gaussian"]
EXACT = multiprecision(mp)


def error_in_units(name: str, x: np.floating, found: np.floating) -> float:
    """The error of a function of arrays, in units in the last place of the result."""
    with mp.workdps(400):
        exact = getattr(EXACT, name)(mp.mpf(float(x)))
        kind = np.finfo(found.dtype)
        unit = max(float(kind.eps) * abs(exact), mp.mpf(float(kind.smallest_subnormal)))
        return float(abs(exact - mp.mpf(float(found))) / unit)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", SATURATING)
def test_functions_of_arrays_are_right_to_rounding_from_end_to_end(
    name: str, dtype: npt.DTypeLike
) -> None:
    edge = 110.0 if dtype == np.float32 else 760.0  # exp(-edge) is 0
    if name == "gaussian":
        edge = math.sqrt(edge)
    sides = np.concatenate([np.linspace(-edge, edge, 301), [1e-30, -1e-30, 0.0, -0.0]])
    xs = np.concatenate([sides, [1e37, -1e37]]).astype(dtype)
    with np.errstate(all="ignore"):
        found = getattr(Arrays, name)(xs)
    assert found.dtype == dtype
    worst = max(map(error_in_units, [name] * len(xs), xs, found))
    # A few operations that round once or twice; a² rounds to a² units besides.
    assert worst <= (4.0 if name != "gaussian" else 4.0 + edge**2 / 2)


@given(a=finite, b=finite)
def test_greater_on_arrays_is_that_on_floats(a: float, b: float) -> None:
    with np.errstate(all="ignore"):
        found = Arrays.greater(np.array([a, b]), np.array([b, b]))
    assert found.tolist() == [Floats.greater(a, b), 0.0]


def test_greater_on_arrays_knows_infinities() -> None:
    low, high = np.array([-np.inf, np.inf]), np.array([np.inf, np.inf])
    with np.errstate(all="ignore"):
        assert Arrays.greater(high, low).tolist() == [1.0, 0.0]
        assert Arrays.greater(low, low).tolist() == [0.0, 0.0]


@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize("j", range(3))
@pytest.mark.parametrize("b", [-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("a", [0.0, 0.5, -2.0])
def test_derivatives_of_powers_on_arrays_are_no_numbers_where_they_do_not_exist(
    a: float, b: float, i: int, j: int
) -> None:
    with np.errstate(all="ignore"):
        found = Arrays.pow_derivative(np.array([a]), np.array([b]), i, j)[0]
    try:
        expected = Floats.pow_derivative(a, b, i, j)
    except (ValueError, ArithmeticError):
        assert not np.isfinite(found)
    else:
        assert found == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("name", ["lgamma", "digamma"])
@pytest.mark.parametrize("a", [0.0, -1.0, -0.5])
def test_gamma_functions_take_positive_numbers(name: str, a: float) -> None:
    functions = {
        "lgamma": (Floats.lgamma, Arrays.lgamma),
        "digamma": (lambda x: Floats.polygamma(x, 0), lambda x: Arrays.polygamma(x, 0)),
    }
    on_floats, on_arrays = functions[name]
    with pytest.raises(ValueError, match="domain"):
        on_floats(a)
    with np.errstate(all="ignore"):
        assert not np.isfinite(on_arrays(np.array([a]))).any()
