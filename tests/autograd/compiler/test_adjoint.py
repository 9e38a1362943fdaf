"""The derivative of a program is a program: it runs, verifies itself and prints."""

from dataclasses import replace

import numpy as np
import pytest

import autograd
import nn
from autograd import NumericalError, Value
from autograd.compiler.adjoint import adjoint
from autograd.compiler.differentiate import differentiate
from autograd.compiler.group import group
from autograd.compiler.products import reroll
from autograd.compiler.program import (
    UNIFORM,
    VARYING,
    Accumulate,
    Count,
    Elementwise,
    Index,
    Outer,
    Part,
    Product,
    Spread,
    Total,
    arguments,
)
from autograd.compiler.simplify import simplify
from autograd.compiler.trace import trace
from autograd.ops import TABLE
from tests.executors import executors


def program_of(root, inputs, parameters):
    return reroll(group(simplify(trace([root], inputs, parameters))))


def network():
    """A loss that has all kinds of instructions on its way back, and its leaves."""
    model = nn.MLP(4, [5, 3], "tanh", seed=0)
    inputs = [Value(0.1 * i - 0.2) for i in range(4)]
    outputs = model(inputs)
    shared = autograd.dot(model.parameters()[:4], inputs)
    penalty = autograd.logsumexp([p * p for p in model.parameters()])
    root = nn.cross_entropy(outputs, 1) + penalty * shared + shared**2
    return root, inputs, model.parameters()


def gradient_of(both, inputs, parameters):
    batch = [[v.data for v in inputs], [0.5 * v.data + 0.1 for v in inputs]]
    return np.array(both.run_batch(batch, [v.data for v in parameters])[0])


def test_the_way_back_has_each_kind_of_instruction():
    both = adjoint(program_of(*network()))
    kinds = {type(it) for it in both.instructions}
    assert {Count, Spread, Total, Outer, Accumulate, Elementwise, Product} <= kinds
    both.verify()


def test_the_way_forward_is_the_program_itself():
    program = program_of(*network())
    both = adjoint(program)
    assert both.instructions[: len(program)] == program.instructions
    assert len(program.outputs) == 1


def test_what_no_output_needs_is_not_on_the_way_back():
    x, w = Value(2.0), Value(3.0)
    idle = Value(1.0)
    root = autograd.where(autograd.step(x), w * x, idle.exp())
    both = adjoint(program_of(root, [x], [w]))
    read = {VARYING: set(), UNIFORM: set()}
    for it in both.instructions:
        for arg in arguments(it):
            read[arg.varying] |= set(arg.rows.ravel().tolist())
    for it in both.instructions:
        rows = set(range(it.first, it.first + it.size))
        for output in both.outputs:
            if output.varying == it.varying:
                read[it.varying] |= set(output.rows.tolist())
        assert rows & read[it.varying]


def test_a_derivative_by_no_parameter_is_the_value_alone():
    x = Value(2.0)
    both = adjoint(program_of(x.exp(), [x], []))
    assert both.run([0.0], []) == [1.0]


def test_it_can_be_read():
    x, w = Value(2.0), Value(3.0)
    text = str(adjoint(program_of((w * x).exp() + w, [x], [w])))
    assert "the number of examples" in text
    assert "total" in text
    assert "accumulate" in text
    assert text.splitlines()[-1].startswith("outputs u[")


@pytest.mark.parametrize("kind", [Elementwise, Outer, Total, Accumulate, Product])
def test_an_instruction_of_the_way_back_that_is_wrong_is_caught(kind):
    root, inputs, parameters = network()
    program = program_of(root, inputs, parameters)
    both = adjoint(program)
    right = gradient_of(both, inputs, parameters)
    caught = 0
    for i in range(len(program), len(both)):
        it = both.instructions[i]
        # Only a factor of the chain rule surely matters: what shifts all exponents of
        # a softmax alike does not.
        is_factor = getattr(it, "op", None) in (None, TABLE["mul"])
        if type(it) is kind and is_factor and it.size > 1:
            wrong = replace(both, instructions=list(both.instructions))
            wrong.instructions[i] = spoilt(it)
            wrong.verify()
            found = gradient_of(wrong, inputs, parameters)
            assert found != pytest.approx(right, rel=1e-6)
            caught += 1
    assert caught


def spoilt(it):
    """An instruction that computes something else, of the same form."""
    if isinstance(it, Elementwise):
        return replace(it, op=TABLE["add"], args=(arguments(it)[0], 0.125))
    if isinstance(it, (Outer, Product)):
        return replace(it, right=turned(it.right, -1))
    if isinstance(it, Total):
        return replace(it, arg=Index(True, it.arg.rows[::-1]))
    return replace(it, parts=(*it.parts, replace(it.parts[0], source=0.125)))


def turned(index, axis):
    """The same rows, the last of an axis first; where they are one, another one."""
    rows = np.roll(index.rows, 1, axis=axis)
    if np.array_equal(rows, index.rows):
        rows = np.roll(index.rows, 1, axis=0)
    return Index(index.varying, rows)


def test_verify_refuses_parts_that_go_nowhere():
    both = adjoint(program_of(*network()))
    i = next(i for i, it in enumerate(both.instructions) if isinstance(it, Accumulate))
    it = both.instructions[i]
    beyond = Part(1.0, np.array([it.size]))
    both.instructions[i] = replace(it, parts=(*it.parts, beyond))
    with pytest.raises(AssertionError):
        both.verify()


def test_a_factor_left_out_of_the_derivative_of_a_tape_is_caught():
    root, inputs, parameters = network()
    both = differentiate(simplify(trace([root], inputs, parameters)))
    numbers = [v.data for v in inputs], [v.data for v in parameters]
    right = both.run(*numbers)
    n_wrong = 0
    for number, (op, args) in enumerate(both.instructions(), both.n_leaves):
        if op is TABLE["mul"]:
            operands = both.operands.copy()
            operands[both.starts[number - both.n_leaves] + 1] = args[0]
            found = replace(both, operands=operands).run(*numbers)
            n_wrong += args[0] != args[1] and found != pytest.approx(right, rel=1e-9)
    assert n_wrong > 20


def test_a_gradient_is_the_same_at_the_second_call_where_parts_overlap():
    ws = [Value(0.1 * i + 0.3) for i in range(6)]
    x = Value(0.7)
    # Neighbours overlap by halves, here and there and more than once.
    roots = [autograd.max(ws[i : i + 3]) * ws[-i] for i in range(4)]
    roots += [(ws[i] * x).tanh() * ws[5 - i] for i in (0, 2, 5)]
    root = autograd.sum([r * r for r in roots]) + autograd.dot(ws, ws[::-1]) * x
    root.backward()
    for executor in executors([root], [x], ws).values():
        for n in (1, 3, 1, 2, 3):
            executor.parameters *= 2.0
            executor.value_and_grad(np.full((n, 1), 5.0))
            executor.parameters *= 0.5
            _, gradient = executor.value_and_grad(np.full((n, 1), 0.7))
            assert gradient == pytest.approx([w.grad for w in ws], rel=1e-12)


def agrees(root, inputs, parameters, *batches):
    """Whether all executors give eager gradients for batches, one after the other."""
    for executor in executors([root], inputs, parameters).values():
        for batch in batches:
            program = adjoint(program_of(root, inputs, parameters))
            numbers = [v.data for v in parameters]
            value, *slopes = program.run_batch(batch, numbers)[0]
            found = executor.value_and_grad(np.array(batch))
            assert found[0] == pytest.approx(value, rel=1e-12)
            assert found[1] == pytest.approx(slopes, rel=1e-12, abs=1e-14)
    return True


def test_what_is_read_twice_in_place_of_another_gets_both_gradients():
    # Two rows of one instruction, of which one is read twice, and the other only by
    # what has no derivative.
    a, b, p, q = (Value(x) for x in (0.3, -0.4, 2.0, 3.0))
    t, other = a.tanh(), b.tanh()
    root = (t * p + t * q) * (autograd.step(other) + 1.0)
    root.backward()
    for executor in executors([root], [], [a, b, p, q]).values():
        _, gradient = executor.value_and_grad(np.empty((1, 0)))
        assert gradient == pytest.approx([v.grad for v in (a, b, p, q)], rel=1e-14)


def test_weights_that_several_examples_within_one_share_see_each_new_batch():
    # The right matrix of the product has its columns apart in memory.
    xs = [[Value(0.1 * i + j) for i in range(3)] for j in range(2)]
    rows = [[Value(0.2 * i - 0.1 * j) for i in range(3)] for j in range(2)]
    outs = [autograd.dot(row, x).tanh() for x in xs for row in rows]
    root = autograd.sum([out * out for out in outs])
    inputs, weights = [v for x in xs for v in x], [w for row in rows for w in row]
    rng = np.random.default_rng(0)
    batches = [rng.normal(size=(n, 6)).tolist() for n in (2, 3, 2, 2)]
    assert agrees(root, inputs, weights, *batches)


def test_an_input_that_a_product_reads_may_be_an_output():
    x = [Value(0.5), Value(-1.0)]
    rows = [[Value(1.0), Value(2.0)], [Value(3.0), Value(4.0)]]
    outs = [*[autograd.dot(row, x) for row in rows], x[1]]
    for executor in executors(outs, x, [w for row in rows for w in row]).values():
        for batch in ([[1.0, 2.0], [3.0, 5.0]], [[0.0, 7.0], [1.0, 1.0]]):
            expected = [[a + 2 * b, 3 * a + 4 * b, b] for a, b in batch]
            assert executor.outputs(batch).tolist() == expected


def test_large_finite_numbers_need_no_second_look_by_the_reference():
    x, w = Value(1.0), Value(1.0)
    executor = executors([w * x], [x], [w])["native"].executor
    assert executor.outputs(np.array([[1e200], [3.0]])).tolist() == [[1e200], [3.0]]


def test_a_partial_that_is_the_same_for_all_arguments_goes_to_all_of_them():
    def slopes(xp, args, out):
        total = xp.sum(args)
        return xp.each(lambda a: 2.0 * total, args)

    square = autograd.operation(
        "square_of_sum",
        lambda xp, args: xp.sum(args) * xp.sum(args),
        [slopes],
        variadic=True,
    )
    ws = [Value(0.5), Value(1.5), Value(-3.0)]
    root = square(*ws)
    for executor in executors([root], [], ws).values():
        _, gradient = executor.value_and_grad(np.empty((1, 0)))
        assert gradient.tolist() == [-2.0, -2.0, -2.0]


def test_rows_that_nothing_was_added_to_are_zero_in_every_pass():
    # An accumulation in a part of another one, which adds to the rows that it left.
    v0, v1, v2 = (Value(x) for x in (2.0, 0.5, -0.5))
    where = autograd.where
    first, second = v0 - v2, v2 - v1
    chosen = [where(0.0, v1, second), where(0.0, v1, first)]
    root = autograd.sum([first, chosen[0], where(chosen[1], -1.5, 0.0)])
    root.backward()
    for executor in executors([root], [], [v0, v1, v2]).values():
        for _ in range(3):
            _, gradient = executor.value_and_grad(np.empty((1, 0)))
            assert gradient.tolist() == [v.grad for v in (v0, v1, v2)]


def test_what_is_subtracted_where_nothing_varies_has_a_negative_slope():
    w = Value(0.5)
    root = 2.0 - w.exp()
    root.backward()
    for executor in executors([root], [], [w]).values():
        assert executor.value_and_grad(np.empty((1, 0)))[1] == pytest.approx([w.grad])


def test_what_has_to_be_finite_is_looked_at_where_instructions_were_left_out():
    # No parameter is behind the logits: slopes by them are left out. That of the root
    # of 0 does not exist, and the 0 of the step makes nothing of it.
    x = [Value(0.5), Value(-1.0), Value(-2.0)]
    w = Value(1.0)
    root = nn.cross_entropy(x[:2], [autograd.step(w * x[2]).sqrt(), 0.5])
    for executor in executors([root], x, [w]).values():
        with pytest.raises(NumericalError, match=r"derivative of sqrt\(0.0\)"):
            executor.value_and_grad(np.array([[0.5, -1.0, -2.0]]))
