"""X and y as arrays, and what is refused on the way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from nn.examples import as_examples, as_inputs


@pytest.mark.parametrize("kind", [bool, np.uint8, np.int64, np.float32, np.float64])
def test_real_numbers_of_any_type_become_floats(kind: Any) -> None:
    found = as_inputs(np.array([[0, 1], [1, 0]], dtype=kind), "here")
    assert found.dtype == (np.float32 if kind is np.float32 else np.float64)
    assert found.tolist() == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_matrix_of_floats_is_not_copied(dtype: Any) -> None:
    X = np.ones((2, 3), dtype)
    assert as_inputs(X, "here") is X


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([], "must be a matrix"),
        ([1.0, 2.0], r"not float64 of \(2,\)"),
        (np.ones((2, 0)), r"of \(2, 0\)"),
        (np.ones((2, 2, 2)), r"of \(2, 2, 2\)"),
        ([[1.0], [2.0, 3.0]], "must be a matrix"),
        ([["a"]], "real numbers"),
        ([[1j]], "not complex128"),
        ([[1.0, 2.0], [3.0, np.inf]], r"X\[1, 1\] is inf"),
        ([[1.0, np.nan]], r"X\[0, 1\] is nan"),
    ],
)
def test_inputs_that_are_no_finite_matrix_are_refused(X: Any, message: str) -> None:
    for check in (as_inputs, lambda X, where: as_examples(X, [0], where)):
        with pytest.raises(ValueError, match=f"here: .*{message}"):
            check(X, "here")


@pytest.mark.parametrize(
    ("y", "kind"),
    [([0, 1], np.int64), ([False, True], np.int64), ([0.0, 1.0], np.float64)],
)
def test_targets_keep_their_type_but_for_truth(y: list[Any], kind: Any) -> None:
    _, targets = as_examples([[1.0], [2.0]], y, "here")
    assert targets.dtype == kind
    assert targets.tolist() == y


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0], "X has 2 examples and y has 1"),
        (1.0, "y has 0"),
        ([0.0, np.nan], "y must hold finite numbers"),
        (["a", "b"], "y must hold"),
        ([None, 1], "y must hold"),
    ],
)
def test_targets_that_do_not_fit_are_refused(y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"here: .*{message}"):
        as_examples([[1.0], [2.0]], y, "here")
