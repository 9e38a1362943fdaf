"""Linear algebra in scalars: NumPy's numbers, and derivatives that are right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import DerivativeError, DomainError, Value, compile_function, linalg

SIZES = [1, 2, 3, 4, 7]


def matrix(n: int) -> Any:
    return np.random.default_rng(n).normal(size=(n, n))


def positive(n: int) -> Any:
    return matrix(n) @ matrix(n).T + np.eye(n)


CALLS: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "solve": (
        lambda a: linalg.solve(a, [1.0, *range(len(a) - 1)]),
        lambda a: np.linalg.solve(a, [1.0, *range(len(a) - 1)]),
        matrix,
    ),
    "solve for a matrix": (
        lambda a: linalg.solve(a, np.ones((len(a), 3))),
        lambda a: np.linalg.solve(a, np.ones((len(a), 3))),
        matrix,
    ),
    "inv": (linalg.inv, np.linalg.inv, matrix),
    "det": (linalg.det, np.linalg.det, matrix),
    "cholesky": (linalg.cholesky, np.linalg.cholesky, positive),
    "norm": (linalg.norm, np.linalg.norm, matrix),
}


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", CALLS)
def test_the_numbers_are_numpys(name: str, n: int) -> None:
    ours, numpys, make = CALLS[name]
    a = make(n)
    for found in (ours(a), ours(a.tolist())):
        # Condition numbers are below 100 here.
        assert np.allclose(found, numpys(a), rtol=1e-12, atol=1e-12)
    values = [[Value(x) for x in row] for row in a]
    assert np.shape(ours(values)) == np.shape(numpys(a))
    plain = np.array(ours(values), dtype=object).ravel()
    assert all(isinstance(x, Value) or x == 0.0 for x in plain)


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("name", CALLS)
def test_first_and_second_derivatives_are_right(name: str, n: int) -> None:
    ours, _, make = CALLS[name]
    weights = np.random.default_rng(5).normal(size=(n, max(n, 3)))

    def f(x: Any) -> Any:
        result = ours([list(x[i * n : (i + 1) * n]) for i in range(n)])
        flat = np.ravel(np.array(result, dtype=object))
        return autograd.dot(weights.ravel()[: len(flat)], flat)

    autograd.check_gradient(f, make(n).ravel().tolist(), orders=[1, 2])


@pytest.mark.parametrize("n", [2, 3, 6])
@pytest.mark.parametrize("name", CALLS)
def test_compiled_code_agrees_at_other_points(name: str, n: int) -> None:
    ours, numpys, make = CALLS[name]

    def f(x: Any) -> Any:
        return autograd.sum(np.ravel(ours(np.reshape(list(x), (n, n)))))

    program = compile_function(f, n * n, at=make(n).ravel())
    # These have other pivots: their rows are in another order.
    other = make(n) * 2.0 if name == "cholesky" else make(n)[::-1] * 2.0
    # Condition numbers are below 100, and derivatives have their square.
    assert program(other.ravel()) == pytest.approx(np.sum(numpys(other)), rel=1e-11)
    gradient = autograd.grad(f)(other.ravel())
    assert program.grad(other.ravel()) == pytest.approx(gradient, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(
    ("f", "most"),
    [(linalg.det, 14), (linalg.inv, 22), (linalg.cholesky, 5)],
)
def test_it_compiles_to_a_number_of_instructions_for_each_row(
    f: Callable[..., Any], most: int
) -> None:
    def instructions(n: int) -> int:
        def total(x: Any) -> Any:
            return autograd.sum(np.ravel(f(np.reshape(list(x), (n, n)))))

        point = (matrix(n) @ matrix(n).T + np.eye(n)).ravel()
        return len(str(compile_function(total, n * n, at=point)).splitlines())

    assert instructions(12) - instructions(8) <= 4 * most


def test_what_needs_pivots_is_as_accurate_without_numbers_that_choose() -> None:
    a = [[1e-20, 1.0], [1.0, 1.0]]
    program = compile_function(
        lambda x: linalg.solve([[x[0], 1.0], [1.0, 1.0]], [1.0, 2.0])[0], 1, at=[1.5]
    )
    assert linalg.solve(a, [1.0, 2.0]) == pytest.approx([1.0, 1.0], rel=1e-15)
    assert program([1e-20]) == pytest.approx(1.0, rel=1e-15)


def test_nothing_cancels_where_a_column_is_small_below_the_diagonal() -> None:
    # The first column has the length 1 to the last bit.
    found = linalg.solve([[1.0, 2.0], [1e-9, 3.0]], [1.0, 1.0])
    assert found == pytest.approx([1.0 - 2.0 * found[1], (1.0 - 1e-9) / 3.0], rel=1e-8)
    assert linalg.solve([[2.0, 1.0], [0.0, 4.0]], [3.0, 4.0]) == [1.0, 1.0]


def test_cholesky_reads_the_lower_triangle_alone() -> None:
    a = [[4.0, 99.0, 99.0], [2.0, 5.0, 99.0], [2.0, 3.0, 6.0]]
    assert linalg.cholesky(a) == [[2.0, 0.0, 0.0], [1.0, 2.0, 0.0], [1.0, 1.0, 2.0]]


def test_one_array_among_the_arguments_makes_the_result_one() -> None:
    a, b = [[2.0, 0.0], [0.0, 4.0]], [2.0, 4.0]
    assert linalg.solve(a, b) == [1.0, 1.0]
    for found in (linalg.solve(np.array(a), b), linalg.solve(a, np.array(b))):
        assert isinstance(found, np.ndarray)
        assert found.tolist() == [1.0, 1.0]


SINGULAR = {
    "two rows alike": [[1.0, 2.0], [2.0, 4.0]],
    "not by the last column alone": [[1.0, 1.0, 5.0], [1.0, 1.0, 6.0], [1.0, 1.0, 7.0]],
    "rank one": [[0.1, 0.3, 0.2], [0.2, 0.6, 0.4], [0.3, 0.9, 0.6]],
    "zero": [[0.0, 0.0], [0.0, 0.0]],
    "one zero": [[0.0]],
}


@pytest.mark.parametrize("name", SINGULAR)
def test_a_singular_matrix_is_refused_by_name(name: str) -> None:
    a = SINGULAR[name]
    with pytest.raises(DomainError, match="inv: the matrix is singular to rounding"):
        linalg.inv(a)
    with pytest.raises(DomainError, match=r"solve: .* its column"):
        linalg.solve([[Value(x) for x in row] for row in a], [1.0] * len(a))


@pytest.mark.parametrize("name", SINGULAR)
def test_a_singular_determinant_has_the_cofactors_for_derivatives(name: str) -> None:
    a = np.array(SINGULAR[name])
    n = len(a)
    assert linalg.det(a) == pytest.approx(0.0, abs=1e-15)
    minors = [
        np.linalg.det(np.delete(np.delete(a, i, 0), j, 1)) * (-1) ** (i + j)
        for i in range(n)
        for j in range(n)
    ]
    assert np.allclose(autograd.grad(linalg.det)(a).ravel(), minors, atol=1e-14)


@pytest.mark.parametrize("make", [np.ones, lambda shape: np.diag(np.arange(shape[0]))])
def test_a_singular_determinant_of_up_to_twelve_rows_is_expanded(make: Any) -> None:
    assert linalg.det(np.array(make((12, 12)), float)) == 0.0
    with pytest.raises(DomainError, match="det: the matrix is singular to rounding"):
        linalg.det(np.array(make((13, 13)), float))


def test_no_determinant_is_expanded_for_the_numbers_of_one_example() -> None:
    with pytest.raises(ValueError, match="det: the matrix is singular to rounding"):
        compile_function(lambda x: linalg.det([[x[0], x[1]]] * 2), 2)


def test_columns_that_are_nearly_alike_are_not_taken_for_singular() -> None:
    # The error is the condition number, 4e8, times some roundings.
    found = linalg.solve([[1.0, 1.0], [1.0, 1.0 + 1e-8]], [2.0, 2.0 + 1e-8])
    assert found == pytest.approx([1.0, 1.0], abs=1e-6)


def test_a_matrix_that_is_not_positive_definite_is_refused_by_name() -> None:
    for a in ([[1.0, 2.0], [2.0, 1.0]], [[0.0]], [[1.0, 1.0], [1.0, 1.0]]):
        with pytest.raises(DomainError, match=r"cholesky: .* not positive definite"):
            linalg.cholesky([[Value(x) for x in row] for row in a])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: linalg.det([[1.0, 2.0]]), ValueError, "det: a square matrix"),
        (lambda: linalg.inv(np.ones((2, 3))), ValueError, "inv: a square matrix"),
        (lambda: linalg.inv([1.0]), ValueError, "inv: a square matrix"),
        (lambda: linalg.inv([[1.0, 2.0], [3.0]]), ValueError, "rows differ in length"),
        (lambda: linalg.inv([[1.0], 2.0]), ValueError, "rows differ in length"),
        (lambda: linalg.cholesky([]), ValueError, "cholesky: there are no rows"),
        (lambda: linalg.solve([[1.0]], [1.0, 2.0]), ValueError, "right side 2"),
        (lambda: linalg.det(2.0), TypeError, "det: a list or an array"),
        (lambda: linalg.det([["a"]]), TypeError, "det: a real number"),
        (lambda: linalg.norm(["a"]), TypeError, "norm"),
    ],
)
def test_what_is_no_such_matrix_is_refused(
    call: Callable[[], Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        call()


def test_the_norm_has_no_derivative_at_zero() -> None:
    assert linalg.norm([0.0, 0.0]) == 0.0
    with pytest.raises(DerivativeError, match="sqrt"):
        autograd.grad(linalg.norm)([0.0, 0.0])


@pytest.mark.parametrize(
    "f",
    [
        np.linalg.det,
        np.linalg.inv,
        np.linalg.cholesky,
        np.linalg.eigvalsh,
        np.linalg.svd,
        np.linalg.qr,
        np.linalg.pinv,
        lambda a: np.linalg.solve(a, np.ones(2)),
        lambda a: np.linalg.solve(np.eye(2), a),
        lambda a: np.linalg.lstsq(a, np.ones(2), rcond=None),
        lambda a: np.linalg.norm(a, 2),
    ],
)
def test_numpys_own_is_refused_and_the_message_says_what_there_is(f: Any) -> None:
    with pytest.raises(TypeError, match=r"np\.linalg\.\w+ does .*autograd\.linalg has"):
        f(Value(2.0) * np.eye(2))
