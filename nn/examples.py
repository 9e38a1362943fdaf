"""Examples as arrays: what everything that takes X and y makes of them first.

Invariant: X is float64 or float32, (n, n_inputs), and all of it is finite; y has one
entry per row of X. What is not so is refused, with the name of the function that was
given it.

    >>> X, y = as_examples([[0, 1], [1, 0]], [True, False], "fit")
    >>> X.dtype, y.tolist()
    (dtype('float64'), [1, 0])
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Matrix: TypeAlias = npt.NDArray[np.floating[Any]]


def as_inputs(X: npt.ArrayLike, where: str) -> Matrix:
    """X as floats, (n, n_inputs); single or double precision is kept, and not copied.

    ValueError unless it is a finite, non-empty matrix; `where` names who was given it.
    """
    try:
        given = np.asarray(X)
    except ValueError:  # ragged
        given = np.empty(0)
    if given.dtype.kind not in "biuf":
        matrix = np.empty(0)
    elif given.dtype == np.float32:
        matrix = given
    else:
        matrix = given.astype(np.float64, copy=False)
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(
            f"{where}: X must be a matrix of real numbers, (n, n_inputs), with at "
            f"least one example and one input, not {given.dtype} of {given.shape}."
        )
    finite = np.isfinite(matrix)
    if not finite.all():
        row, column = np.argwhere(~finite)[0]
        raise ValueError(
            f"{where}: X[{row}, {column}] is {matrix[row, column]}, not a finite "
            f"number. Leave the example out, or replace what is missing."
        )
    return matrix


def as_examples(
    X: npt.ArrayLike, y: npt.ArrayLike, where: str
) -> tuple[Matrix, npt.NDArray[Any]]:
    """X and y as arrays of the same length; y holds numbers, of the type it came with.

    ValueError for what `as_inputs` refuses, for targets that are not finite numbers,
    and for lengths that differ.
    """
    inputs = as_inputs(X, where)
    array = np.asarray(y)
    if array.dtype == bool:
        array = array.astype(np.int64)
    if array.dtype.kind not in "iuf" or not np.isfinite(array).all():
        given = f"{array.dtype} of the shape {array.shape}"
        raise ValueError(f"{where}: y must hold finite numbers; it is {given}.")
    targets = array if array.ndim else np.empty(0)
    if len(inputs) != len(targets):
        raise ValueError(
            f"{where}: X has {len(inputs)} examples and y has {len(targets)}. There "
            f"must be one target per example."
        )
    return inputs, targets
