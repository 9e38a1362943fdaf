"""ADBench's objectives as the benchmark has them, at small sizes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from autograd import check_gradient, grad
from benchmarks import adbench, objectives

SMALL: dict[str, Callable[[], objectives.Problem]] = {
    "a mixture through inputs": lambda: objectives.mixture(3, 2, 5, True),
    "a mixture in one graph": lambda: objectives.mixture(3, 2, 5, False),
    "bundle adjustment": lambda: objectives.bundle(4),
    "an LSTM": lambda: objectives.lstm(4, 2),
}

EACH = pytest.mark.parametrize("name", SMALL)


@EACH
def test_an_objective_and_its_derivative_are_those_of_pytorch(name):
    pytest.importorskip("torch")
    problem = SMALL[name]()
    error = adbench.difference(problem.compiled(), adbench.torch_engine(problem))
    assert error <= adbench.CLOSE


@EACH
def test_an_objective_and_its_derivative_are_those_of_jax(name):
    pytest.importorskip("jax")
    problem = SMALL[name]()
    error = adbench.difference(problem.compiled(), adbench.jax_engine(problem))
    assert error <= adbench.CLOSE


@EACH
def test_the_derivative_of_an_objective_is_that_of_its_scalar_code(name):
    problem = SMALL[name]()
    _, derivative = problem.compiled().derivative()
    if name == "bundle adjustment":
        row, expected = problem.point[1].tolist(), derivative[1]
        outputs = [lambda x, j=j: problem.scalar(x)[j] for j in range(3)]
    else:
        row, expected = problem.point.tolist(), derivative[None]
        outputs = [problem.scalar]
    for f, slopes in zip(outputs, expected, strict=True):
        # Finite differences of some hundred roundings keep 6 digits of the largest.
        check_gradient(f, row, orders=(1,), rtol=1e-6, atol=1e-6)
        found = np.array(grad(f)(row))[: len(slopes)]
        assert np.abs(found - slopes).max() <= adbench.CLOSE * np.abs(slopes).max()


def test_a_derivative_that_differs_in_the_eleventh_digit_is_told():
    ours = objectives.bundle(2).compiled()
    values, slopes = ours.derivative()
    theirs = ours._replace(derivative=lambda: (values, slopes * (1.0 + 1e-11)))
    assert adbench.difference(ours, ours) == 0.0
    assert adbench.difference(ours, theirs) > adbench.CLOSE
