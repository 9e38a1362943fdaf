"""Standardisation: fitted on one set, applied to others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn import StandardScaler

U = 2.0**-53

numbers = st.one_of(
    st.floats(-1e6, 1e6, allow_subnormal=False), st.sampled_from([0.0, 0.1, -3.0])
)


@st.composite
def matrices(draw: st.DrawFn) -> npt.NDArray[np.float64]:
    """Finite matrices, some of whose columns are constant."""
    n, width = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    columns = [
        draw(
            st.one_of(
                st.lists(numbers, min_size=n, max_size=n),
                numbers.map(lambda x: [x] * n),
            )
        )
        for _ in range(width)
    ]
    return np.array(columns).T


@given(matrices())
def test_the_training_set_gets_the_mean_0_and_the_deviation_1(
    X: npt.NDArray[np.float64],
) -> None:
    scaler = StandardScaler().fit(X)
    Z = scaler.transform(X)
    # An entry carries some roundings of x and of the mean, divided by the scale.
    error = 32 * U * (1.0 + np.abs(X).max(axis=0) / scaler.scale)
    assert (np.abs(Z.mean(axis=0)) <= error).all()
    varies = scaler.scale != 1.0
    deviation = Z.std(axis=0)
    assert (np.abs(deviation - 1.0) <= error)[varies].all()


@given(matrices(), st.sampled_from([0.1, 1e300, -7.0, 0.0]))
def test_a_constant_column_becomes_0_and_nothing_is_divided_by_0(
    X: npt.NDArray[np.float64], constant: float
) -> None:
    X = np.column_stack([X, np.full(len(X), constant)])
    scaler = StandardScaler().fit(X)
    assert (scaler.scale > 0.0).all()
    assert (scaler.transform(X)[:, -1] == 0.0).all()
    assert (scaler.mean[-1], scaler.scale[-1]) == (constant, 1.0)


@given(matrices())
def test_the_inverse_gives_the_examples_back(X: npt.NDArray[np.float64]) -> None:
    scaler = StandardScaler().fit(X)
    back = scaler.inverse_transform(scaler.transform(X))
    # A difference, a quotient, a product and a sum of numbers of the size of X.
    assert back == pytest.approx(X, rel=0, abs=8 * U * np.abs(X).max() + 1e-300)


def test_other_examples_are_measured_by_those_it_was_fitted_on() -> None:
    scaler = StandardScaler().fit([[1.0, 10.0], [3.0, 30.0]])
    assert scaler.transform([[2.0, 20.0], [5.0, 0.0]]).tolist() == [
        [0.0, 0.0],
        [3.0, -2.0],
    ]


def test_it_does_what_scikit_learns_does() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    X = np.random.default_rng(0).normal(3.0, [0.01, 1.0, 100.0], size=(50, 3))
    X = np.column_stack([X, np.full(50, 0.1)])
    ours, theirs = StandardScaler().fit(X), preprocessing.StandardScaler().fit(X)
    assert ours.mean == pytest.approx(theirs.mean_, rel=1e-14)
    assert ours.scale == pytest.approx(theirs.scale_, rel=1e-13)
    assert ours.transform(X) == pytest.approx(theirs.transform(X), abs=1e-11)


def test_the_examples_are_left_as_they_are() -> None:
    X = np.array([[1.0], [3.0]])
    scaler = StandardScaler().fit(X)
    scaler.transform(X)
    scaler.inverse_transform(X)
    assert X.tolist() == [[1.0], [3.0]]


def test_integers_are_taken() -> None:
    images = np.array([[0, 255], [255, 255]], dtype=np.uint8)
    assert StandardScaler().fit(images).transform(images).tolist() == [[-1, 0], [1, 0]]


def test_single_precision_is_measured_in_double() -> None:
    X = np.random.default_rng(0).random((1000, 2), np.float32)
    single, double = StandardScaler().fit(X), StandardScaler().fit(X.astype(float))
    assert single.mean.tolist() == double.mean.tolist()
    assert single.transform(X).tolist() == double.transform(X.astype(float)).tolist()


def test_a_state_makes_another_scaler_the_same() -> None:
    scaler = StandardScaler().fit([[1.0, 10.0], [3.0, 30.0]])
    state = scaler.state_dict()
    other = StandardScaler()
    other.load_state_dict(state)
    state["mean"][:] = 9.0  # a copy, that neither of them holds
    assert other.transform([[2.0, 0.0]]).tolist() == [[0.0, -2.0]]
    assert scaler.transform([[2.0, 0.0]]).tolist() == [[0.0, -2.0]]


@pytest.mark.parametrize(
    ("state", "error"),
    [
        ({"mean": [0.0]}, KeyError),
        ({"mean": [0.0], "scale": [1.0], "n": [1.0]}, KeyError),
        ({"mean": [0.0], "scale": [1.0, 1.0]}, ValueError),
        ({"mean": 0.0, "scale": 1.0}, ValueError),
        ({"mean": [0.0], "scale": [0.0]}, ValueError),
        ({"mean": [np.inf], "scale": [1.0]}, ValueError),
        ({"mean": [0.0], "scale": [np.nan]}, ValueError),
    ],
)
def test_a_state_that_is_none_is_refused_and_changes_nothing(
    state: dict[str, Any], error: type[Exception]
) -> None:
    scaler = StandardScaler().fit([[1.0], [3.0]])
    with pytest.raises(error, match=r"load_state_dict: .*mean.*scale"):
        scaler.load_state_dict(state)
    assert (scaler.mean.tolist(), scaler.scale.tolist()) == ([2.0], [1.0])


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_a_matrix_of_another_width_is_refused(method: str) -> None:
    scaler = StandardScaler().fit([[1.0, 2.0], [3.0, 4.0]])
    with pytest.raises(ValueError, match=rf"{method}: X has 3 columns.* on 2\."):
        getattr(scaler, method)([[1.0, 2.0, 3.0]])


@pytest.mark.parametrize("method", ["transform", "inverse_transform"])
def test_before_it_is_fitted_it_says_so(method: str) -> None:
    with pytest.raises(ValueError, match=rf"{method}: call fit\(X_train\) first"):
        getattr(StandardScaler(), method)([[1.0]])


@pytest.mark.parametrize("X", [[], [1.0], [[np.nan]], [["a"]], [[1.0], [2.0, 3.0]]])
def test_what_is_no_matrix_of_numbers_is_refused(X: Any) -> None:
    with pytest.raises(ValueError, match=r"StandardScaler\.fit: X"):
        StandardScaler().fit(X)


def test_numbers_whose_squares_overflow_are_refused_by_their_column() -> None:
    scaler = StandardScaler().fit([[1.0, 2.0]])
    with pytest.raises(ValueError, match="column 1 of X are too large"):
        scaler.fit([[1.0, -1e300], [2.0, 1e300]])
    assert scaler.mean.tolist() == [1.0, 2.0]


def test_numbers_whose_squares_underflow_are_not_divided_by_0() -> None:
    X = [[0.0], [1e-200]]
    assert np.isfinite(StandardScaler().fit(X).transform(X)).all()
