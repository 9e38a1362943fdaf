"""A rule recorded as steps computes what the rule computes, in place."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.arithmetic import Floats
from autograd.compiler.arrays import Arrays, Stack
from autograd.compiler.run_numpy import call
from autograd.compiler.steps import Kind, Step, product, recorded
from tests.oracles import ORACLES
from tests.strategies import row_of, tame_arguments

FIXED = [case for case in ORACLES if row_of(case).arity is not None]

# NumPy's functions and Python's `math` differ by a few units in the last place, and a
# rule is a handful of them; rules that cancel (silu', gelu') lose some digits more.
RTOL = 1e-13


@pytest.mark.parametrize("case", FIXED)
@given(data=st.data())
def test_forward_rules_on_arrays_are_those_on_floats(case, data):
    op, xs = row_of(case), data.draw(tame_arguments(case, 1 / 16))
    expected = op.forward(Floats, *xs)
    found = op.forward(Arrays, *[np.array([x]) for x in xs])
    assert np.asarray(found)[0] == pytest.approx(expected, rel=RTOL, abs=RTOL)


@pytest.mark.parametrize("case", FIXED)
@given(data=st.data())
def test_partials_on_arrays_are_those_on_floats(case, data):
    op, xs = row_of(case), data.draw(tame_arguments(case, 1 / 16))
    out = op.forward(Floats, *xs)
    for rule in op.partials:
        expected = rule(Floats, *xs, out)
        found = rule(Arrays, *[np.array([x]) for x in xs], np.array([out]))
        assert np.asarray(found).ravel()[0] == pytest.approx(
            expected, rel=RTOL, abs=RTOL
        )


def run(steps):
    for step in steps:
        call(step)()


def test_a_rule_runs_again_on_new_numbers():
    a = np.array([0.0, 0.0])
    rule = lambda xp, a: xp.where(xp.step(a), xp.exp(a), -a)  # noqa: E731
    steps, result = recorded(rule, [a])
    a[:] = 1.0, -2.0
    run(steps)
    assert result.tolist() == [np.exp(1.0), 2.0]


def test_a_rule_that_computes_nothing_has_no_steps():
    a = np.array([1.0])
    steps, result = recorded(lambda xp, a: a, [a])
    assert steps == []
    assert result is a


def test_the_result_is_written_where_it_is_wanted():
    a, out = np.array([1.0, 4.0]), np.empty(2)
    steps, result = recorded(lambda xp, a: xp.sqrt(a) + 1.0, [a], None, out)
    run(steps)
    assert out.tolist() == result.tolist() == [2.0, 3.0]


def test_functions_of_pythons_numbers_write_floats():
    a = np.array([0.5])
    steps, result = recorded(lambda xp, a: xp.erf(a), [a])
    run(steps)
    assert result.dtype == np.float64
    assert result[0] == Floats.erf(0.5)


def test_what_an_earlier_rule_computed_is_not_computed_again():
    a, out, known = np.array([3.0]), np.empty(1), {}
    first, _ = recorded(lambda xp, a: xp.exp(a * 2.0), [a], known, out)
    again, result = recorded(lambda xp, a: xp.exp(a * 2.0) + 1.0, [a], known)
    assert (len(first), len(again)) == (2, 1)
    a[:] = 0.0
    run([*first, *again])
    assert (out[0], result[0]) == (1.0, 2.0)


def test_what_is_not_kept_is_computed_again():
    a, out, known = np.array([3.0]), np.empty(1), {}
    recorded(lambda xp, a: xp.exp(a), [a], known, out, keep=False)
    again, _ = recorded(lambda xp, a: xp.exp(a), [a], known)
    assert len(again) == 1


def test_a_choice_by_a_condition_that_may_change_is_made_anew():
    a, condition = np.array([1.0, 2.0]), np.array([1.0, 1.0])
    steps, result = recorded(lambda xp, c, a: xp.where(c, a, -a), [condition, a])
    condition[1] = 0.0
    run(steps)
    assert result.tolist() == [1.0, -2.0]


@pytest.mark.parametrize("shape", [(3, 2, 4), (3, 1, 1), (1, 2, 1)])
@pytest.mark.parametrize("name", ["sum", "max", "min"])
def test_the_call_of_a_reduction_is_the_reduction(name, shape):
    stack = np.arange(float(np.prod(shape))).reshape(shape)
    steps, result = recorded(lambda xp, a: getattr(xp, name)(a), [Stack(stack)])
    stack *= -1.0
    run(steps)
    expected = getattr(stack, name)(axis=0)
    assert result.tolist() == expected.tolist()


def test_a_stack_that_is_not_in_one_piece_is_summed():
    stack = np.arange(12.0).reshape(2, 3, 2).swapaxes(0, 1)
    steps, result = recorded(lambda xp, a: xp.sum(a), [Stack(stack)])
    result[:] = 0.0
    run(steps)
    assert result.tolist() == stack.sum(axis=0).tolist()


def test_a_list_of_arrays_is_a_list_of_numbers_and_a_stack_has_its_own_axis():
    a, b = np.array([1.0, 2.0]), np.array([10.0, 20.0])
    assert Arrays.sum([a, b]).tolist() == [11.0, 22.0]
    assert Arrays.sum(Stack(np.stack([a, b]))).tolist() == [11.0, 22.0]
    assert Arrays.max(Stack(np.stack([a, b]))[:1]).tolist() == [1.0, 2.0]
    assert len(Stack(np.stack([a, b]))) == 2


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize("shape", [(1,), (3, 2), (2, 2)])
def test_a_sum_of_minus_zeros_is_zero(shape, native):
    stack, out = np.full(shape, -0.0), np.empty(shape[1:])
    step = Step(Kind.REDUCE, np.add, (stack,), out)
    if native:
        run_native = pytest.importorskip("autograd.compiler.run_native")
        for each in run_native.joined([step], np.empty(1)):
            each()
    else:
        call(step)()
    assert not np.signbit(out).any()


@pytest.mark.parametrize("turn", [False, True])
def test_a_product_is_the_same_whichever_way_its_matrices_lie(turn):
    left, right = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    if turn:
        left, right = np.asfortranarray(left), right[:, ::2]
    out = np.empty((2, right.shape[1]))
    call(product(left, right, out))()
    assert out.tolist() == (left @ right).tolist()
