"""A rule recorded as steps computes what the rule computes, in place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.arithmetic import Floats
from autograd.compiler.arrays import Arrays
from autograd.compiler.steps import kernel, product
from autograd.ops import TABLE
from tests.strategies import tame_arguments

FIXED = [op for op in TABLE.values() if op.arity is not None]

# NumPy's functions and Python's `math` differ by a few units in the last place, and a
# rule is a handful of them; rules that cancel (silu', gelu') lose some digits more.
RTOL = 1e-13


@pytest.mark.parametrize("op", FIXED, ids=lambda op: op.name)
@given(data=st.data())
def test_forward_rules_on_arrays_are_those_on_floats(op, data):
    xs = data.draw(tame_arguments(op.name, 1 / 16))
    expected = op.forward(Floats, *xs)
    found = op.forward(Arrays, *[np.array([x]) for x in xs])
    assert np.asarray(found)[0] == pytest.approx(expected, rel=RTOL, abs=RTOL)


@pytest.mark.parametrize("op", FIXED, ids=lambda op: op.name)
@given(data=st.data())
def test_partials_on_arrays_are_those_on_floats(op, data):
    xs = data.draw(tame_arguments(op.name, 1 / 16))
    out = op.forward(Floats, *xs)
    for rule in op.partials:
        expected = rule(Floats, *xs, out)
        found = rule(Arrays, *[np.array([x]) for x in xs], np.array([out]))
        assert np.asarray(found).ravel()[0] == pytest.approx(
            expected, rel=RTOL, abs=RTOL
        )


def test_a_kernel_runs_again_on_new_numbers():
    a = np.array([0.0, 0.0])
    steps, result = kernel(lambda xp, a: xp.where(xp.step(a), xp.exp(a), -a), [a])
    a[:] = 1.0, -2.0
    for step in steps:
        step.call()()
    assert result.tolist() == [np.exp(1.0), 2.0]


def test_a_rule_that_computes_nothing_has_no_steps():
    a = np.array([1.0])
    steps, result = kernel(lambda xp, a: a, [a])
    assert steps == []
    assert result is a


def test_a_kernel_of_the_error_function_writes_floats():
    a = np.array([0.5])
    steps, result = kernel(lambda xp, a: xp.erf(a), [a])
    for step in steps:
        step.call()()
    assert result.dtype == np.float64
    assert result[0] == Floats.erf(0.5)


def test_a_number_negated_twice_is_not_computed():
    a = np.array([3.0])

    def rule(xp, a):
        b = -a
        return xp.exp(-b)

    steps, result = kernel(rule, [a])
    assert len(steps) == 1
    assert result[0] == np.exp(3.0)


def test_what_an_earlier_kernel_computed_is_not_computed_again():
    a, out, computed = np.array([3.0]), np.empty(1), {}
    first, _ = kernel(lambda xp, a: xp.exp(a * 2.0), [a], computed, out)
    again, result = kernel(lambda xp, a: xp.exp(a * 2.0) + 1.0, [a], computed)
    assert (len(first), len(again)) == (2, 1)
    a[:] = 0.0
    for step in [*first, *again]:
        step.call()()
    assert (out[0], result[0]) == (1.0, 2.0)


def test_the_derivative_of_a_sigmoid_uses_what_the_sigmoid_computed():
    sigmoid = TABLE["sigmoid"]
    a, out, computed = np.array([-800.0, -3.0, 0.0, 40.0]), np.empty(4), {}
    forward, _ = kernel(sigmoid.forward, [a], computed, out)
    backward, slope = kernel(sigmoid.partials[0], [a, out], computed)
    for step in [*forward, *backward]:
        step.call()()
    assert len(backward) == 2
    expected = [sigmoid.partials[0](Floats, x, Floats.sigmoid(x)) for x in a[1:]]
    assert slope[1:] == pytest.approx(expected, rel=1e-15)
    assert slope[0] < 1e-300


def test_what_depends_on_constants_alone_is_computed_once():
    a, exponent = np.array([4.0, 9.0]), np.array(0.5)
    rule = TABLE["pow"].partials[0]
    steps, slope = kernel(rule, [a, exponent, a**0.5], constant={id(exponent)})
    # exponent - 1 is known, and so is what the rule's choices of a base come to.
    assert len(steps) == 2
    a[:] = 16.0, 25.0
    for step in steps:
        step.call()()
    assert slope == pytest.approx([0.125, 0.1], rel=RTOL)


def test_a_choice_by_a_condition_that_may_change_is_made_anew():
    a, condition = np.array([1.0, 2.0]), np.array([1.0, 1.0])
    steps, result = kernel(lambda xp, c, a: xp.where(c, a, -a), [condition, a])
    condition[1] = 0.0
    for step in steps:
        step.call()()
    assert result.tolist() == [1.0, -2.0]


@pytest.mark.parametrize("shape", [(3, 2, 4), (3, 1, 1), (1, 2, 1)])
@pytest.mark.parametrize("name", ["sum", "max"])
def test_the_call_of_a_reduction_is_the_reduction(name, shape):
    stack = np.arange(float(np.prod(shape))).reshape(shape)
    steps, result = kernel(lambda xp, a: getattr(xp, name)([a]), [stack])
    stack *= -1.0
    for step in steps:
        step.call()()
    expected = getattr(stack, name)(axis=0)
    assert result.tolist() == expected.tolist()


def test_a_stack_that_is_not_in_one_piece_is_summed():
    stack = np.arange(12.0).reshape(2, 3, 2).swapaxes(0, 1)
    steps, result = kernel(lambda xp, a: xp.sum([a]), [stack])
    result[:] = 0.0
    for step in steps:
        step.call()()
    assert result.tolist() == stack.sum(axis=0).tolist()


@pytest.mark.parametrize("turn", [False, True])
def test_a_product_is_the_same_whichever_way_its_matrices_lie(turn):
    left, right = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    if turn:
        left, right = np.asfortranarray(left), right[:, ::2]
    out = np.empty((2, right.shape[1]))
    product(left, right, out)()
    assert out.tolist() == (left @ right).tolist()
