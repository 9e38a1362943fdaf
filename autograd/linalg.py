"""Linear algebra in scalars: solve, inv, det, cholesky and norm of Values and numbers.

NumPy's own call LAPACK, which knows floats alone. These are written with the operations
of the table, so they can be differentiated to any order, and compiled. A matrix is a
list of rows or an array, and where one is given as an array the result is one. Plain
numbers alone give plain numbers.

    >>> from autograd import grad
    >>> solve([[2.0, 0.0], [1.0, 4.0]], [3.0, 3.5])
    [1.5, 0.5]
    >>> [[round(d, 12) for d in row] for row in grad(det)([[2.0, 1.0], [1.0, 3.0]])]
    [[3.0, -1.0], [-1.0, 2.0]]

Nothing is decided by a number. Elimination would choose its pivots by their size, and
a compiled program would keep the choice of one example for all of them; so a matrix is
made triangular by reflections instead, which need no choice and are as accurate for any
matrix (Householder, 1958; Golub & Van Loan, Matrix Computations, 2013, section 5.2).
Inner products are single nodes, of which the compiler makes matrix products.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable
from itertools import combinations
from typing import Any, TypeAlias

from autograd.errors import DomainError, to_float
from autograd.functions import dot, sqrt, step, where
from autograd.leaves import is_traced
from autograd.trees import as_array, flatten
from autograd.value import Value

__all__ = ["cholesky", "det", "inv", "norm", "solve"]

Matrix: TypeAlias = list[list[Any]]
"""Rows of Values and floats."""

LARGEST_EXPANDED = 12
"""Up to this many rows a singular determinant is expanded into its minors."""


class SingularError(DomainError):
    """A matrix has no inverse, or none that floats can tell from none."""


def solve(a: Any, b: Any) -> Any:
    """The x with a · x = b, for a square matrix (n, n) and b (n,) or (n, k).

    DomainError for a matrix that is singular to rounding, ValueError for other shapes.

    >>> solve([[0.0, 2.0], [-1.0, 0.0]], [[2.0], [3.0]])
    [[-3.0], [1.0]]
    """
    matrix, right = _square("solve", a), _rows("solve", b)
    if len(right) != len(matrix):
        raise ValueError(
            f"solve: the matrix has {len(matrix)} rows and the right side {len(right)}."
        )
    is_vector = not isinstance(right[0], list)
    found = _solved("solve", matrix, [[x] for x in right] if is_vector else right)
    return _like([x for (x,) in found] if is_vector else found, a, b)


def inv(a: Any) -> Any:
    """The inverse of a square matrix, (n, n). Errors as for `solve`.

    >>> inv([[0.0, 2.0], [4.0, 0.0]])
    [[0.0, 0.25], [0.5, 0.0]]
    """
    matrix = _square("inv", a)
    return _like(_solved("inv", matrix, _unit(len(matrix))), a)


def det(a: Any) -> Any:
    """The determinant of a square matrix, (n, n).

    Where the matrix is singular to rounding it is the sum over minors, so that it has
    its derivatives there too; DomainError for more than 12 rows, and while compiling,
    where the numbers have no say.

    >>> det([[1.0, 2.0], [2.0, 4.0]])
    0.0
    """
    matrix = _square("det", a)
    try:
        triangle, _ = _triangular("det", matrix, [[] for _ in matrix])
    except SingularError:
        values = [v for row in matrix for v in row if isinstance(v, Value)]
        if is_traced(*values) or len(matrix) > LARGEST_EXPANDED:
            raise
        return _by_minors(matrix)
    # Each of the n - 1 reflections turns the sign.
    product = 1.0 if len(matrix) % 2 else -1.0
    for i, row in enumerate(triangle):
        product = product * row[i]
    return product


def cholesky(a: Any) -> Any:
    """The lower triangular L with L · Lᵀ = a, for a symmetric positive definite a.

    As NumPy's it reads the lower triangle alone, and gradients go there. DomainError
    for a matrix that is not positive definite.

    >>> cholesky([[4.0, 2.0], [2.0, 5.0]])
    [[2.0, 0.0], [1.0, 2.0]]
    """
    matrix = _square("cholesky", a)
    n = len(matrix)
    lower: Matrix = []
    for i, row in enumerate(matrix):
        made: list[Any] = []
        for j, above in enumerate([*lower, made]):
            left = row[j] - dot(made[:j], above[:j]) if j else row[j]
            if j < i:
                made.append(left / above[j])
                continue
            if not _number(left) > 0.0:
                raise DomainError(
                    f"cholesky: the matrix is not positive definite: row {i} leaves "
                    f"{_number(left)!r} on the diagonal, and must leave more than 0. "
                    f"Add a small number to the diagonal."
                )
            made.append(sqrt(left))
        lower.append(made)
    return _like([row + [0.0] * (n - len(row)) for row in lower], a)


def norm(x: Any) -> Any:
    """The root of the sum of squares of a vector or of a matrix, of any shape.

    At 0 it has no derivative, and asking for it is a DerivativeError.

    >>> norm([[3.0, 0.0], [0.0, 4.0]])
    5.0
    """
    numbers, _ = flatten(x, "norm")
    return sqrt(dot(numbers, numbers))


def _solved(name: str, matrix: Matrix, right: Matrix) -> Matrix:
    """Back substitution, from the last row up."""
    triangle, right = _triangular(name, matrix, right)
    found: Matrix = []
    for i in reversed(range(len(triangle))):
        known = triangle[i][i + 1 :]
        rests = [
            y - dot(known, [row[k] for row in found]) if found else y
            for k, y in enumerate(right[i])
        ]
        found.insert(0, [rest / triangle[i][i] for rest in rests])
    return found


def _triangular(name: str, matrix: Matrix, right: Matrix) -> tuple[Matrix, Matrix]:
    """R and Q · right, for the Q = Hₙ₋₁ ... H₁ by which Q · matrix = R is triangular.

    H = 1 - v vᵀ / (‖x‖ |v₀|) takes the rest x of a column to its first axis, where
    v is x with ±‖x‖ added to its first number, the sign such that nothing cancels.
    """
    n = len(matrix)
    columns = [list(column) for column in zip(*matrix, strict=True)]
    columns += [list(column) for column in zip(*right, strict=True)]
    for k in range(n):
        x = columns[k][k:]
        # So much of a column is noise, where it is a combination of those before it.
        noise = n * sys.float_info.epsilon * math.hypot(*map(_number, columns[k]))
        if not math.hypot(*map(_number, x)) > noise:
            raise SingularError(
                f"{name}: the matrix is singular to rounding: its column {k} is a "
                f"combination of those before it. Add a small number to the diagonal, "
                f"or scale the rows to a like size."
            )
        if k == n - 1:
            break
        length = sqrt(dot(x, x))
        sign = where(step(x[0]), 1.0, -1.0)
        v = [x[0] + sign * length, *x[1:]]
        scale = sign / (length * v[0])
        columns[k][k:] = [-sign * length] + [0.0] * (n - k - 1)
        for column in columns[k + 1 :]:
            share = scale * dot(v, column[k:])
            column[k:] = [c - share * w for c, w in zip(column[k:], v, strict=True)]
    rows = [list(row) for row in zip(*columns, strict=True)]
    return [row[:n] for row in rows], [row[n:] for row in rows]


def _by_minors(matrix: Matrix) -> Any:
    """The determinant, without a division: each row by the minors of those below."""
    minors: dict[tuple[int, ...], Any] = {(): 1.0}
    for size, row in enumerate(reversed(matrix), start=1):
        below = minors
        minors = {}
        for chosen in combinations(range(len(matrix)), size):
            rests = [below[chosen[:i] + chosen[i + 1 :]] for i in range(size)]
            signed = [-m if i % 2 else m for i, m in enumerate(rests)]
            minors[chosen] = dot([row[j] for j in chosen], signed)
    (determinant,) = minors.values()
    return determinant


def _unit(n: int) -> Matrix:
    """The unit matrix."""
    return [[float(i == j) for j in range(n)] for i in range(n)]


def _number(x: Any) -> float:
    """The number, which decides of errors alone."""
    data: float = x.data if isinstance(x, Value) else x
    return data


def _square(name: str, a: Any) -> Matrix:
    """A matrix as rows; ValueError unless it is square."""
    rows = _rows(name, a)
    if not all(isinstance(row, list) and len(row) == len(rows) for row in rows):
        shape = [len(row) if isinstance(row, list) else "no row" for row in rows]
        raise ValueError(
            f"{name}: a square matrix is needed, not {len(rows)} rows of {shape}."
        )
    return rows


def _rows(name: str, a: Any) -> list[Any]:
    """A matrix as rows, or a vector as numbers, all Values and floats."""
    items = a.tolist() if hasattr(a, "tolist") else a
    if isinstance(items, (str, dict)) or not isinstance(items, Iterable):
        raise TypeError(f"{name}: a list or an array is needed, not {a!r:.100}.")

    def taken(item: Any) -> Any:
        if isinstance(item, Value):
            return item
        item = item.tolist() if hasattr(item, "tolist") else item
        if isinstance(item, (list, tuple)):
            return [x if isinstance(x, Value) else to_float(x, name) for x in item]
        return to_float(item, name)

    rows = list(map(taken, items))
    if not rows:
        raise ValueError(f"{name}: there are no rows.")
    if len({len(row) if isinstance(row, list) else None for row in rows}) > 1:
        raise ValueError(f"{name}: the rows differ in length: {rows!r:.100}.")
    return rows


def _like(result: Any, *given: Any) -> Any:
    """The result, as an array where something was given as one."""
    if not any(hasattr(part, "tolist") for part in given):
        return result
    numbers, _ = flatten(result, "the result")
    is_matrix = isinstance(result[0], list)
    return as_array(numbers, (len(result), len(result[0])) if is_matrix else (-1,))
