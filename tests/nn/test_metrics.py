"""Classes, confusions, precision and recall, against scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value
from nn.metrics import classes_of, share_right

TINY = 4 * 2**-53
"""Some roundings of a quotient of counts."""

counts = st.integers(1, 5).flatmap(
    lambda n: st.lists(
        st.lists(st.integers(0, 9), min_size=n, max_size=n), min_size=n, max_size=n
    )
)
labels = st.integers(2, 5).flatmap(
    lambda n: st.lists(
        st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), min_size=1, max_size=30
    ).map(lambda pairs: (n, pairs))
)


class Same(nn.Module):
    """Its outputs are its inputs: a list, or the single one."""

    def __call__(self, inputs: Any) -> Any:
        outputs = [Value(0.0) + x for x in inputs]
        return outputs if len(outputs) > 1 else outputs[0]


def scores(classes: list[int], n: int) -> npt.NDArray[np.float64]:
    """Rows whose largest entry is that of the class."""
    return np.eye(n)[classes] + 0.1


def true_and_predicted(matrix: Any) -> tuple[list[int], list[int]]:
    """Examples, one by one, that have a confusion matrix."""
    cells = [
        (i, j)
        for i, row in enumerate(matrix)
        for j, n in enumerate(row)
        for _ in range(n)
    ]
    return [i for i, _ in cells], [j for _, j in cells]


# --- the confusion matrix ------------------------------------------------------------


@given(labels)
def test_the_confusion_matrix_is_that_of_scikit_learn(
    drawn: tuple[int, list[tuple[int, int]]],
) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    n, pairs = drawn
    true, predicted = [list(side) for side in zip(*pairs, strict=True)]
    found = nn.confusion_matrix(Same(), scores(predicted, n), true)
    theirs = metrics.confusion_matrix(true, predicted, labels=range(n))
    assert found.dtype == np.int64
    assert (found == theirs).all()


def test_rows_are_the_true_classes_and_columns_the_predicted_ones() -> None:
    X, y = scores([2, 2, 0], 3), [1, 1, 0]
    assert nn.confusion_matrix(Same(), X, y).tolist() == [
        [1, 0, 0],
        [0, 0, 2],
        [0, 0, 0],
    ]


@given(labels)
def test_the_diagonals_share_is_the_accuracy(
    drawn: tuple[int, list[tuple[int, int]]],
) -> None:
    n, pairs = drawn
    true, predicted = [list(side) for side in zip(*pairs, strict=True)]
    X = scores(predicted, n)
    matrix = nn.confusion_matrix(Same(), X, true)
    assert matrix.sum() == len(pairs)
    assert np.trace(matrix) / len(pairs) == nn.accuracy(Same(), X, true)


@pytest.mark.parametrize("compiled", [True, False])
def test_one_hot_rows_are_counted_like_indices(compiled: bool) -> None:
    y, X = [0, 1, 2] * 4, scores([0, 2, 1] * 4, 3)
    expected = nn.confusion_matrix(Same(), X, y)
    one_hot = nn.confusion_matrix(Same(), X, np.eye(3)[y], compiled=compiled)
    assert (one_hot == expected).all()


@pytest.mark.parametrize(
    ("X", "y", "threshold", "expected"),
    [
        ([0.2, 0.7, 0.4, 0.9], [0, 0, 1, 1], None, [[1, 1], [1, 1]]),
        ([0.2, 0.7, 0.4, 0.9], [0, 0, 1, 1], 0.3, [[1, 1], [0, 2]]),
        ([-2.0, 0.1, 3.0, 1.0], [-1, -1, 1, 1], None, [[1, 1], [0, 2]]),
        ([0.2, 0.3], [False, False], None, [[2, 0], [0, 0]]),
    ],
)
def test_a_single_output_tells_two_classes_apart(
    X: list[float], y: list[Any], threshold: float | None, expected: list[list[int]]
) -> None:
    rows = [[x] for x in X]
    found = nn.confusion_matrix(Same(), rows, y, threshold=threshold)
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("y", "message"),
    [
        ([0, 3, 1], r"y\[1\] is 3, which is not .* 3 classes, 0 to 2"),
        ([0, 1, -1], r"y\[2\] is -1"),
        ([0.0, 0.5, 1.0], r"y\[1\] is 0.5"),
        ([0, 1], "X has 3 examples and y has 2"),
    ],
)
def test_a_target_that_is_no_class_is_refused(y: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"confusion_matrix: {message}"):
        nn.confusion_matrix(Same(), scores([0, 1, 2], 3), y)


# --- the classes ---------------------------------------------------------------------


def test_a_column_of_outputs_or_targets_is_taken_for_a_row_of_them() -> None:
    column, flat = np.array([[0.2], [0.9]]), np.array([0.2, 0.9])
    for outputs in (column, flat):
        for y in (np.array([[1], [1]]), np.array([1, 1])):
            predicted, true = classes_of(outputs, y)
            assert (predicted.tolist(), true.tolist()) == ([0, 1], [1, 1])
            assert share_right(outputs, y) == 0.5


@pytest.mark.parametrize("shape", [(2, 2), (2, 4), (2, 3, 1)])
def test_targets_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 3\), and y has"):
        classes_of(np.zeros((2, 3)), np.zeros(shape))


# --- precision and recall ------------------------------------------------------------


@given(counts.filter(lambda rows: any(map(any, rows))))
def test_precision_recall_and_f1_are_those_of_scikit_learn(
    matrix: list[list[int]],
) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    true, predicted = true_and_predicted(matrix)
    theirs = metrics.precision_recall_fscore_support(
        true, predicted, labels=range(len(matrix)), zero_division=0.0
    )
    ours = nn.precision_recall(matrix)
    for found, expected in zip(
        (ours.precision, ours.recall, ours.f1, ours.support), theirs, strict=True
    ):
        assert found == pytest.approx(expected, rel=TINY, abs=0)


def test_a_share_of_nothing_is_zero() -> None:
    # Class 0 is never predicted, class 1 never occurs, class 2 does neither.
    found = nn.precision_recall([[0, 3, 0], [0, 0, 0], [0, 0, 0]])
    for shares in (found.precision, found.recall, found.f1):
        assert shares.tolist() == [0.0, 0.0, 0.0]
    assert found.support.tolist() == [3, 0, 0]


def test_printed_it_is_a_table() -> None:
    lines = str(nn.precision_recall([[8, 2], [1, 1989]])).splitlines()
    assert [line.split() for line in lines] == [
        ["class", "precision", "recall", "F1", "support"],
        ["0", "0.8889", "0.8000", "0.8421", "10"],
        ["1", "0.9990", "0.9995", "0.9992", "1990"],
        [],
        ["1997", "of", "2000", "right:", "accuracy", "0.9985"],
    ]
    assert len({len(line) for line in lines[:3]}) == 1


def test_a_table_of_no_examples_can_be_printed() -> None:
    assert "0 of 0 right: accuracy 0.0000" in str(nn.precision_recall([[0]]))


@pytest.mark.parametrize(
    "matrix", [[], [1, 2], [[1, 2]], [[0.5]], [[1, -1], [0, 1]], [[True]], [["a"]]]
)
def test_what_is_no_matrix_of_counts_is_refused(matrix: Any) -> None:
    with pytest.raises(ValueError, match="precision_recall: a square matrix of counts"):
        nn.precision_recall(matrix)
