"""Code as people write it for NumPy's arrays of floats, differentiated as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import (
    Value,
    compile_function,
    grad,
    jacobian,
    linalg,
    value_and_grad,
)

T = np.linspace(0.0, 3.0, 8)

# Models of curves: functions of an array and of some parameters

MODELS: dict[str, tuple[Callable[..., Any], list[float]]] = {
    "decay": (lambda t, a, b: a * np.exp(-b * t), [2.0, 0.7]),
    "with the array first": (lambda t, a, b: t * a - t**b + t / a, [2.0, 0.7]),
    "a power of the array": (lambda t, a, b: (1.0 + t) ** a * b, [1.5, 2.0]),
    "a logistic": (
        lambda t, a, b, c: a / (1.0 + np.exp(-(t - b) / c)),
        [2.0, 1.0, 0.5],
    ),
    "two peaks": (
        lambda t, a, b, c: a * np.exp(-0.5 * ((t - b) / c) ** 2) + np.sqrt(c + t),
        [1.0, 2.0, 0.3],
    ),
    "a choice": (lambda t, a, b: np.where(t < 1.4, a * t, b + t), [2.0, 0.7]),
    "clipped": (lambda t, a, b: np.log1p(np.clip(a * t, 0.0, 4.1)) + b, [2.0, 0.7]),
    "a hinge": (lambda t, a, b: np.exp(np.maximum(0.0, t - a)) * b, [1.4, 0.7]),
    "a polynomial": (lambda t, *p: np.polyval(p, t), [1.0, -2.0, 0.5]),
    "numbers of all kinds": (
        lambda t, a, b: (
            np.float64(2.0) * a * np.arange(8) + np.int64(3) * b * (t > 1.4)
        ),
        [2.0, 0.7],
    ),
    "made in place": (lambda t, a, b: in_place(t, a, b), [2.0, 0.7]),
}


def in_place(t: Any, a: Any, b: Any) -> Any:
    out = np.multiply(a, t)
    out += b
    out[2:4] *= a
    out[0] = 1.0
    return np.tanh(out)


def by_differences(f: Callable[[Any], Any], x: Any) -> Any:
    """The Jacobian by central differences, good to 1e-9 or so."""
    columns = []
    for unit in np.eye(len(x)) * 1e-6:
        columns.append((np.asarray(f(x + unit)) - np.asarray(f(x - unit))) / 2e-6)
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", [list, np.array])
def test_a_model_of_a_curve_has_its_jacobian(name: str, kind: Any) -> None:
    model, point = MODELS[name]
    found = jacobian(lambda p: model(T, *p))(kind(point))
    expected = by_differences(lambda p: model(T, *p), np.array(point))
    # For a list of parameters it is a list of columns.
    found = np.stack(found, axis=-1) if kind is list else found
    assert np.allclose(found, expected, atol=1e-7)


@pytest.mark.parametrize("name", MODELS)
def test_a_model_of_a_curve_is_compiled_as_written(name: str) -> None:
    model, point = MODELS[name]

    def f(p: Any) -> Any:
        return np.sum(model(T, *p) ** 2)

    program = compile_function(f, len(point))
    value, slopes = value_and_grad(f)(np.array(point))
    # Sums of some dozens of squares, in another order.
    assert program(point) == pytest.approx(value, rel=1e-13)
    assert program.grad(point) == pytest.approx(slopes, rel=1e-12, abs=1e-12)


MASKS: dict[str, Callable[[Any], Any]] = {
    "a choice": lambda x: np.where(x > 0.5, x**2, 0.0),
    "a product": lambda x: (x <= 0.5) * x,
    "both": lambda x: np.where(np.logical_and(x > 0.2, x < 0.8), x**2, x),
    "either": lambda x: np.where(np.logical_or(x < 0.2, x >= 0.8), x**2, x),
    "one of the two": lambda x: np.where(np.logical_xor(x > 0.2, x > 0.8), x**2, x),
    "neither": lambda x: np.where(np.logical_not(x > 0.2), x**2, x),
    "a number": lambda x: np.where(x == 0.25, x**2, x),
    "another": lambda x: np.where(x != 0.25, x**2, x),
    "two arrays": lambda x: np.where(x == x[::-1], x**2, x),
    "finite ones": lambda x: np.where(np.isfinite(x), x**2, x),
    "the largest": lambda x: np.where(x == np.max(x), x**2, x),
    "all": lambda x: np.where(np.all(x > 0.2), x[0], x[1] ** 2),
    "any": lambda x: np.where(np.any(x > 0.8), x[0], x[1] ** 2),
}


@pytest.mark.parametrize("name", MASKS)
def test_masks_are_recorded_in_compiled_code(name: str) -> None:
    def f(x: Any) -> Any:
        return np.sum(MASKS[name](x)) + x[0]

    program = compile_function(f, 3)
    for point in ([0.25, 0.9, 0.1], [0.7, 0.25, 0.7], [0.05, 0.6, 0.9], [0.3] * 3):
        value, slopes = value_and_grad(f)(np.array(point))
        # A few operations on numbers of size 1, each with a rounding or two.
        assert value == pytest.approx(f(np.array(point)), rel=1e-14)
        assert program(point) == pytest.approx(value, rel=1e-14)
        assert program.grad(point) == pytest.approx(slopes, rel=1e-13)


@pytest.mark.parametrize("name", ["decay", "a logistic", "two peaks"])
def test_a_curve_is_fitted_with_its_jacobian(name: str) -> None:
    optimize = pytest.importorskip("scipy.optimize")
    model, point = MODELS[name]

    def jac(t: Any, *p: float) -> Any:
        return np.array(jacobian(lambda p: model(t, *p))(np.array(p)))

    found, _ = optimize.curve_fit(
        model, T, model(T, *point), p0=[1.2 * x for x in point], jac=jac
    )
    # The data have no noise, and least squares stop at 1e-8.
    assert found == pytest.approx(point, rel=1e-6)


# A Kalman filter, a matrix at a time


def kalman(p: Any, data: Any, inv: Callable[[Any], Any]) -> Any:
    """-log likelihood of a walk with a velocity, by noise p[0] and p[1]."""
    F, H = np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[1.0, 0.0]])
    Q, R = np.exp(p[0]) * np.eye(2), np.exp(p[1]) * np.eye(1)
    state, P, total = np.zeros(2), np.eye(2), 0.0
    for z in data:
        state, P = F @ state, F @ P @ F.T + Q
        S = H @ P @ H.T + R
        K = P @ H.T @ inv(S)
        residual = z - H @ state
        total = total + 0.5 * (residual @ inv(S) @ residual + np.log(S[0, 0]))
        state = state + K @ residual
        P = (np.eye(2) - K @ H) @ P
    return total


@pytest.mark.parametrize("kind", [list, np.array])
def test_a_kalman_filter_runs_as_written(kind: Any) -> None:
    data, point = np.sin(T), np.array([-1.0, 0.3])
    program = compile_function(lambda p: kalman(p, data, linalg.inv), 2)
    # A thousand roundings, here and in LAPACK's inverse.
    assert program(point) == pytest.approx(
        kalman(point, data, np.linalg.inv), rel=1e-12
    )
    found, slopes = value_and_grad(lambda p: kalman(p, data, linalg.inv))(kind(point))
    expected = kalman(point, data, np.linalg.inv)
    assert found == pytest.approx(expected, rel=1e-12)
    numeric = by_differences(lambda p: kalman(p, data, np.linalg.inv), point)
    assert np.allclose(slopes, numeric, atol=1e-7)
    assert np.allclose(
        jacobian(grad(lambda p: kalman(p, data, linalg.inv)))(point),
        by_differences(grad(lambda p: kalman(p, data, linalg.inv)), point),
        atol=1e-6,
    )


# A Gaussian process


def marginal(p: Any, x: Any, y: Any, algebra: Any) -> Any:
    """-log marginal likelihood, by log amplitude, length and noise."""
    squares = (x[:, None] - x[None, :]) ** 2
    K = np.exp(2.0 * p[0]) * np.exp(-0.5 * squares / np.exp(p[1]) ** 2)
    K = K + np.exp(2.0 * p[2]) * np.eye(len(x))
    L = algebra.cholesky(K)
    alpha = algebra.solve(L, y)
    return 0.5 * alpha @ alpha + np.sum(np.log(np.diag(L))) + np.log(2 * np.pi) * 4.0


@pytest.mark.parametrize("kind", [list, np.array])
def test_a_gaussian_process_runs_as_written(kind: Any) -> None:
    y, point = np.cos(T), np.array([0.1, -0.2, -1.0])
    program = compile_function(lambda p: marginal(p, T, y, linalg), 3)
    # As for the Kalman filter.
    assert program(point) == pytest.approx(marginal(point, T, y, np.linalg), rel=1e-12)
    found, slopes = value_and_grad(lambda p: marginal(p, T, y, linalg))(kind(point))
    assert found == pytest.approx(marginal(point, T, y, np.linalg), rel=1e-12)
    numeric = by_differences(lambda p: marginal(p, T, y, np.linalg), point)
    assert np.allclose(slopes, numeric, atol=1e-7)


# Numbers that come from arrays


def test_a_result_in_an_array_without_axes_is_a_number() -> None:
    assert grad(lambda x: np.array(x) * np.array(2.0))(3.0) == 2.0
    assert grad(lambda x: np.array(x * x))(3.0) == 6.0
    assert grad(lambda x: np.where(x > 0.0, x * x, 0.0))(3.0) == 6.0
    assert grad(lambda x: np.exp(x))(np.array(0.0)) == 1.0


@pytest.mark.parametrize("name", ["torch", "jax.numpy"])
def test_arrays_of_other_libraries_are_named(name: str) -> None:
    library = pytest.importorskip(name)
    ones = library.ones(2)
    package = type(ones).__module__.partition(".")[0]
    for ask in (lambda: Value(1.0) * ones, lambda: ones * Value(1.0)):
        with pytest.raises(TypeError, match=rf"not {package}\.\w+.*np\.asarray\(a\)"):
            ask()
    with pytest.raises(TypeError, match=rf"not {package}\.\w+.*x\.item\(\)"):
        ones.sum() * Value(1.0)


def test_a_series_of_pandas_is_multiplied_element_by_element() -> None:
    pandas = pytest.importorskip("pandas")
    series, x = pandas.Series([1.0, 2.0]), Value(3.0)
    for found in (
        series * x,
        x * series,
        np.exp(series * x - series * x) * 3.0 * series,
    ):
        assert isinstance(found, pandas.Series)
        assert [v.data for v in found] == [3.0, 6.0]
    for product in (np.multiply(series, x), np.multiply(x, series)):
        assert isinstance(product, pandas.Series)
    assert (series * x).sum().data == 9.0
    assert list(series < x) == [True, True]
    assert grad(lambda v: (series * v).sum())(3.0) == 3.0
    with pytest.raises(TypeError, match="grad differentiates by"):
        grad(lambda v: (series * v).mean())(3.0)
