"""A compiled Python function has the value and the gradient of the eager one."""

import itertools

import numpy as np
import pytest

import autograd
from autograd import Value, compile_function
from autograd.compiler import NumericalError
from autograd.errors import TraceError


def rosenbrock(x):
    terms = [
        100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)
    ]
    return autograd.sum(terms)


def eager(f, point):
    leaves = [Value(number) for number in point]
    root = f(leaves)
    root.backward()
    return root.data, np.array([leaf.grad for leaf in leaves])


@pytest.mark.parametrize("n", [2, 5, 300])
def test_value_and_gradient_are_the_eager_ones_at_any_point(n):
    f = compile_function(rosenbrock, n)
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=n)
        value, gradient = eager(rosenbrock, x)
        found, slope = f.value_and_grad(x)
        assert found == pytest.approx(value, rel=1e-12)
        assert slope == pytest.approx(gradient, rel=1e-10, abs=1e-9)
        assert f(x) == found
        assert (f.grad(x) == slope).all()


def test_scipy_minimises_it():
    optimize = pytest.importorskip("scipy.optimize")
    f = compile_function(rosenbrock, 10)
    result = optimize.minimize(f.value_and_grad, np.zeros(10), jac=True)
    assert result.x == pytest.approx(np.ones(10), abs=1e-4)


def test_a_python_branch_is_refused():
    with pytest.raises(TraceError, match="where"):
        compile_function(lambda x: x[0] if x[0] > 0 else -x[0], 1)


def test_a_point_outside_the_domain_can_be_replaced():
    def f(x):
        return (x[0] - 5.0).log()

    with pytest.raises(ValueError, match="at="):
        compile_function(f, 1)
    assert compile_function(f, 1, at=[6.0])([6.0]) == 0.0


def test_a_point_outside_the_domain_is_named_when_it_is_met():
    f = compile_function(lambda x: x[0].log(), 1)
    with pytest.raises(NumericalError, match="log"):
        f.value_and_grad([-1.0])
    assert f([1.0]) == 0.0


@pytest.mark.parametrize(
    "x", [[1.0], [[1.0]], [[[1.0, 2.0]]], 1.0, [1.0, 2.0, 3.0], [], [[]]]
)
def test_a_point_of_the_wrong_shape_is_refused(x):
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        compile_function(lambda x: x[0] * x[1], 2)(x)


def test_a_point_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match=r"x\[1\] is not finite"):
        compile_function(lambda x: x[0] * x[1], 2)([1.0, np.nan])


def test_a_function_that_returns_a_plain_number_is_refused():
    with pytest.raises(TypeError, match="f must return a Value, .* not float"):
        compile_function(lambda x: 3.0, 1)


def test_a_function_of_more_numbers_than_it_is_given_is_refused():
    with pytest.raises(IndexError, match="more than the 1 numbers of n_inputs"):
        compile_function(lambda x: x[0] + x[1], 1)
