"""Each form means the same: tape, simplified tape, program, re-rolled program."""

import math
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, topological_order
from autograd.arithmetic import Floats
from autograd.compiler import NumericalError, compile
from autograd.compiler.adjoint import adjoint
from autograd.compiler.costs import LONG
from autograd.compiler.differentiate import (
    differentiate,
    gradient,
    lower,
    pullback,
    pushforward,
)
from autograd.compiler.group import group
from autograd.compiler.products import reroll
from autograd.compiler.program import Index, Product, Reduction
from autograd.compiler.run_python import source
from autograd.compiler.simplify import collect_sums, fold, simplify
from autograd.compiler.tape import OPERATORS
from autograd.compiler.trace import trace
from autograd.linearize import Linearization
from tests.executors import without_native_passes
from tests.strategies import graphs

# A pass may reassociate sums of at most some 60 terms of size 3: each form's outputs
# differ by rounding, 60 · 2⁻⁵³ relative, amplified by the graph's condition; 1e-10 is
# what the compiler promises.
RTOL = 1e-10


@st.composite
def tapes(draw, single=False, values=False):
    """A random graph as a tape, its leaves cast as inputs, parameters or constants.

    With its inputs, parameters and outputs; for a `single` output, and with `values`,
    the Values of the parameters too.
    """
    graph = draw(graphs())
    roles = [draw(st.sampled_from("ipc")) for _ in graph.leaves]
    inputs = [v for v, role in zip(graph.leaves, roles, strict=True) if role == "i"]
    parameters = [v for v, role in zip(graph.leaves, roles, strict=True) if role == "p"]
    nodes = [step.node for step in graph.steps]
    outputs = [graph.root, *draw(st.lists(st.sampled_from(nodes), max_size=3))]
    outputs = outputs[:1] if single else outputs
    tape = trace(outputs, inputs, parameters)
    numbers = [v.data for v in inputs], [v.data for v in parameters]
    return (tape, *numbers, outputs, parameters)[: 5 if single or values else 4]


def agrees(form, inputs, parameters, outputs):
    form.verify()
    expected = [pytest.approx(v.data, rel=RTOL, abs=RTOL) for v in outputs]
    return form.run(inputs, parameters) == expected


@given(tapes())
def test_a_tape_computes_what_the_graph_computed(drawn):
    tape, inputs, parameters, outputs = drawn
    tape.verify()
    assert tape.run(inputs, parameters) == [v.data for v in outputs]


@pytest.mark.parametrize("rewrite", [fold, collect_sums, simplify])
@given(drawn=tapes())
def test_a_rewrite_of_the_tape_keeps_its_meaning(rewrite, drawn):
    tape, *rest = drawn
    assert agrees(rewrite(tape), *rest)


@given(tapes())
def test_grouping_keeps_the_meaning(drawn):
    tape, *rest = drawn
    assert agrees(group(simplify(tape)), *rest)


@given(tapes())
def test_rerolling_keeps_the_meaning(drawn):
    tape, *rest = drawn
    assert agrees(reroll(group(simplify(tape))), *rest)


@given(tapes())
def test_lowering_keeps_the_meaning_and_leaves_primitives(drawn):
    tape, *rest = drawn
    lowered = lower(tape)
    assert all(op.primitive or op in OPERATORS for op in lowered.table)
    assert agrees(lowered, *rest)


# Sums of the ways to a parameter cancel where they are of the size of the terms, up to
# 1e3 in graphs of numbers up to 3; what is relative to them is lost by as much.
GRADIENT_ATOL = 1e-7


@given(tapes(single=True))
def test_the_derivative_of_a_tape_is_that_of_the_graph(drawn):
    tape, inputs, numbers, (root,), parameters = drawn
    both = differentiate(simplify(tape))
    both.verify()
    assert all(op.primitive or op in OPERATORS for op in both.table)
    value, *slopes = both.run(inputs, numbers)
    assert value == pytest.approx(root.data, rel=RTOL, abs=RTOL)
    assert slopes == pytest.approx(eager(root, parameters), rel=1e-9, abs=GRADIENT_ATOL)


@given(tapes(single=True))
def test_the_adjoint_of_a_program_is_the_derivative_of_the_graph(drawn):
    tape, inputs, numbers, (root,), parameters = drawn
    both = adjoint(reroll(group(simplify(tape))))
    both.verify()
    for n_examples in (1, 3):  # of equal examples the mean is that of one
        value, *slopes = both.run_batch([inputs] * n_examples, numbers)[0]
        assert value == pytest.approx(root.data, rel=RTOL, abs=RTOL)
        expected = eager(root, parameters)
        assert slopes == pytest.approx(expected, rel=1e-9, abs=GRADIENT_ATOL)


def by_parameters(tape):
    return range(tape.n_inputs, tape.n_inputs + tape.n_parameters)


def directions(n):
    """Numbers of ordinary size, all different, some of them negative."""
    return [0.5 + 0.25 * i if i % 2 else -1.0 - 0.125 * i for i in range(n)]


@given(tapes(values=True))
def test_the_pullback_of_a_tape_is_that_of_the_graph(drawn):
    tape, inputs, numbers, outputs, parameters = drawn
    form = pullback(simplify(tape), by_parameters(tape))
    form.verify()
    weights = directions(len(outputs))
    found = form.run([*weights, *inputs], numbers)
    at = Linearization(topological_order(*outputs), outputs, parameters, Floats)
    n = len(parameters)
    expected = at.reverse(weights)
    assert found[:n] == pytest.approx(expected, rel=1e-9, abs=GRADIENT_ATOL)
    data = [v.data for v in outputs]
    assert found[n : n + len(data)] == pytest.approx(data, rel=RTOL, abs=RTOL)


@given(tapes(values=True))
def test_the_pushforward_of_a_tape_is_that_of_the_graph(drawn):
    tape, inputs, numbers, outputs, parameters = drawn
    form = pushforward(simplify(tape), by_parameters(tape))
    form.verify()
    speeds = directions(len(parameters))
    found = form.run([*speeds, *inputs], numbers)
    at = Linearization(topological_order(*outputs), outputs, parameters, Floats)
    m = len(outputs)
    expected = at.forward(speeds)
    assert found[:m] == pytest.approx(expected, rel=1e-9, abs=GRADIENT_ATOL)


@given(tapes(values=True))
def test_the_pushforward_of_some_outputs_is_that_of_these(drawn):
    tape, inputs, numbers, outputs, parameters = drawn
    by, speeds = by_parameters(tape), directions(len(parameters))
    whole = pushforward(tape, by).run([*speeds, *inputs], numbers)
    last = len(outputs) - 1
    part = pushforward(tape, by, of=[last, 0])
    part.verify()
    assert part.run([*speeds, *inputs], numbers)[:2] == [whole[last], whole[0]]


@pytest.mark.parametrize("derive", [gradient, pullback, pushforward])
def test_what_multiplies_zero_is_an_output_too_so_that_no_pass_drops_it(derive):
    x = Value(-2.0)
    tape = trace([autograd.step((x + 2.0).sqrt()) + x], [], [x])
    new = {gradient: [], pullback: [1.0], pushforward: [1.0]}[derive]
    form = simplify(derive(tape, by_parameters(tape)))
    assert form.run(new, [2.0]) == pytest.approx([1.0, 3.0, *form.run(new, [2.0])[2:]])
    with pytest.raises((ArithmeticError, ValueError)):
        form.run(new, [-2.0])  # the root has no derivative there


@pytest.mark.parametrize("derive", [gradient, pullback, pushforward])
def test_a_slope_that_is_multiplied_by_zero_has_to_exist(derive):
    x = Value(2.0)
    tape = trace([autograd.step(x).sqrt() + x], [], [x])
    new = {gradient: [], pullback: [1.0], pushforward: [1.0]}[derive]
    form = simplify(derive(tape, by_parameters(tape)))
    assert form.run(new, [2.0])[0] == 1.0
    if derive is not pushforward:  # forwards the 0 comes before the slope
        with pytest.raises((ArithmeticError, ValueError)):
            form.run(new, [-2.0])


@pytest.mark.parametrize("batch", [[[1.0]], [[1.0]] * 5000])
def test_constants_whose_product_is_infinite_have_no_product_with_zero(batch):
    x, w = Value(1.0), Value(-1.0)
    root = 1e200 * (1e200 * autograd.step(w * x))
    with pytest.raises(autograd.DerivativeError):
        root.backward()
    with pytest.raises(NumericalError):
        compile(root, [x], [w]).value_and_grad(batch)
    with pytest.raises(NumericalError):
        compile(root, [x], [w]).per_example_gradients(batch)


def test_no_number_of_the_way_back_is_computed_behind_a_cut():
    x, w = Value(1.0), Value(2.0)
    with autograd.tracing():
        out = (w * x).sqrt().detach() * w
    both = adjoint(reroll(group(simplify(trace([out], [x], [w])))))
    assert both.run([0.0], [2.0]) == [0.0, 0.0]  # the root has no derivative there


def test_an_infinite_product_of_constants_times_zero_is_no_number_on_the_way_back():
    w = Value(-1.0)
    root = 1e200 * (1e200 * autograd.step(w))
    both = adjoint(group(trace([root], [], [w])))
    assert math.isnan(both.run([], [-1.0])[1])


def eager(root, parameters):
    """The gradient by backward()."""
    for parameter in parameters:
        parameter.zero_grad()
    root.backward()
    return [parameter.grad for parameter in parameters]


def test_the_adjoint_takes_the_mean_over_different_examples():
    x, y, w = Value(1.0), Value(2.0), Value(0.5)
    tape = trace([(w * x).exp() * y + w], [x, y], [w])
    both = adjoint(reroll(group(simplify(tape))))
    batch = [[1.0, 2.0], [0.0, 3.0], [-2.0, 1.0]]
    found = both.run_batch(batch, [0.5])
    expected = [
        sum(y * math.exp(0.5 * x) + 0.5 for x, y in batch) / 3,
        sum(x * y * math.exp(0.5 * x) + 1.0 for x, y in batch) / 3,
    ]
    assert found == [pytest.approx(expected, rel=1e-15)] * 3


def test_a_recurrence_is_differentiated_in_proportion_to_its_length():
    lengths = {}
    for n in (50, 100):
        x = start = Value(0.5)
        states = []
        for _ in range(n):
            x = 3.1 * x * (1.0 - x)
            states.append(x)
        tape = trace([autograd.logsumexp(states)], [], [start])
        lengths[n] = len(source(differentiate(tape)))
    assert lengths[100] < 2.5 * lengths[50]


def test_a_product_with_zero_stays_unless_its_other_factor_is_a_leaf():
    x, y = Value(2.0), Value(3.0)
    tape = simplified(0.0 * x.log() + 0.0 * y + x, parameters=[x, y])
    assert names(tape) == ["log", "mul", "add"]


def test_a_parameter_times_zero_stays_where_no_other_parameter_is():
    x, y = Value(2.0), Value(3.0)
    assert names(simplified(0.0 * x + y, inputs=[y], parameters=[x])) == ["mul", "add"]
    assert names(simplified(0.0 * x + y, inputs=[x], parameters=[y])) == []


def test_a_form_does_not_run_where_a_guard_is_not_finite():
    x, y = Value(0.5), Value(1.0)
    tape = trace([autograd.step(x - 1.0) * y * y], [], [x, y])
    for form in (differentiate(tape), adjoint(group(tape))):
        assert form.run([], [0.5, 2.0]) == [0.0, 0.0, 0.0]
        with pytest.raises(OverflowError, match="is not finite"):
            form.run([], [0.5, 1e200])  # infinity times the slope of step


def test_sums_behind_an_arc_tangent_keep_their_order():
    x, y = Value(0.0), Value(-1.0)
    out = autograd.atan2(x * y + x * 2.0, y)
    assert names(simplified(out, parameters=[x, y])) == ["mul", "mul", "add", "atan2"]


def simplified(*outputs, inputs=(), parameters=()):
    return simplify(trace(outputs, inputs, parameters))


def names(tape):
    return [op.name for op, _ in tape.instructions()]


def test_constants_are_folded():
    x = Value(2.0)
    tape = simplified(x * (Value(3.0) * 4.0 + 1.0), parameters=[x])
    assert names(tape) == ["mul"]
    assert tape.constants.tolist() == [13.0]


def test_equal_instructions_are_merged_whatever_the_order_of_their_operands():
    x, y = Value(2.0), Value(3.0)
    tape = simplified((x * y).exp() / (y * x).exp(), parameters=[x, y])
    assert names(tape) == ["mul", "exp", "div"]


def test_what_no_output_needs_is_dropped():
    x = Value(2.0)
    tape = trace([x.exp(), x.sin()], [], [x])
    tape = replace(tape, outputs=tape.outputs[:1])
    assert names(fold(tape)) == ["exp"]


def test_a_chain_of_products_becomes_one_dot():
    ws = [Value(float(i)) for i in range(5)]
    xs = [Value(float(i)) for i in range(5)]
    total = sum((w * x for w, x in zip(ws, xs, strict=True)), Value(7.0))
    tape = simplified(total, inputs=xs, parameters=ws)
    # The first weight and input are leaves, not constants: no product is dropped.
    assert names(tape) == ["dot", "add"]
    assert np.diff(tape.starts)[0] == 10


def test_what_is_subtracted_is_summed_apart_and_subtracted_once():
    a, b, c, d = (Value(float(i)) for i in range(1, 5))
    tape = simplified(a - b - (c - d), parameters=[a, b, c, d])
    assert names(tape) == ["add", "add", "sub"]


def test_a_sum_that_is_used_twice_is_computed_once():
    a, b = Value(1.0), Value(2.0)
    s = a + b
    tape = simplified(s.exp() + (s + a), parameters=[a, b])
    assert names(tape).count("exp") == 1
    assert sorted(names(tape)) == ["add", "exp", "sum"]


@pytest.mark.parametrize(
    ("exponent", "expected"), [(1.0, []), (2.0, ["mul"]), (0.5, ["sqrt"]), (3, ["pow"])]
)
def test_a_common_power_is_written_without_a_power(exponent, expected):
    x = Value(2.0)
    out = x**exponent
    tape = simplified(out, parameters=[x])
    assert names(tape) == expected
    assert tape.run([], [2.0]) == [out.data]


def test_the_root_of_zero_has_no_derivative_however_it_is_written():
    x = Value(1.0)
    program = compile(x**0.5, parameters=[x])
    program.parameters[:] = 0.0
    assert program().tolist() == [[0.0]]
    with pytest.raises(NumericalError, match="derivative"):
        program.value_and_grad()


def test_squared_errors_are_summed_by_one_dot():
    outputs, targets = [[Value(i + j) for i in range(3)] for j in (0.1, 0.5)]
    errors = [a - b for a, b in zip(outputs, targets, strict=True)]
    loss = sum(error**2 for error in errors)
    tape = simplified(loss, inputs=targets, parameters=outputs)
    assert names(tape) == ["sub", "sub", "sub", "dot"]


def test_minus_zero_and_zero_are_different_constants():
    x = Value(1.0)
    plus = simplified(autograd.atan2(Value(0.0), x), parameters=[x])
    minus = simplified(autograd.atan2(Value(-0.0), x), parameters=[x])
    assert str(plus.constants[0]) == "0.0"
    assert str(minus.constants[0]) == "-0.0"


def test_a_layer_is_one_product():
    xs = [Value(float(i)) for i in range(3)]
    rows = [[Value(float(i + j)) for j in range(3)] for i in range(4)]
    outs = [autograd.dot(row, xs) for row in rows]
    weights = [w for row in rows for w in row]
    program = reroll(group(simplified(*outs, inputs=xs, parameters=weights)))
    (product,) = program.instructions
    assert isinstance(product, Product)
    assert product.left.rows.shape == (4, 3)
    assert product.right.rows.shape == (3, 1)


def test_dot_products_that_are_no_product_stay_a_reduction():
    vectors = [[Value(float(i + j)) for j in range(3)] for i in range(4)]
    outs = [autograd.dot(vectors[i], vectors[i]) for i in range(4)]
    leaves = [v for vector in vectors for v in vector]
    program = reroll(group(simplified(*outs, parameters=leaves)))
    (reduction,) = program.instructions
    assert isinstance(reduction, Reduction)


def test_two_layers_of_one_depth_are_two_products():
    xs = [Value(float(i)) for i in range(3)]
    ys = [Value(float(i)) for i in range(3)]
    rows = [[Value(float(i + j)) for j in range(3)] for i in range(4)]
    outs = [autograd.dot(row, xs) for row in rows[:2]]
    outs += [autograd.dot(row, ys) for row in rows[2:]]
    weights = [w for row in rows for w in row]
    program = reroll(group(simplified(*outs, inputs=xs + ys, parameters=weights)))
    assert [type(it) for it in program.instructions] == [Product, Product]


def layers(count, size):
    """That many layers of `size` neurons on inputs of their own: outputs and leaves."""
    numbers = [0.1 * i for i in range(size)]
    xs = [[Value(x) for x in numbers] for _ in range(count)]
    rows = [[[Value(w) for w in numbers] for _ in range(size)] for _ in range(count)]
    outs = [
        autograd.dot(row, x) for x, layer in zip(xs, rows, strict=True) for row in layer
    ]
    inputs = [x for vector in xs for x in vector]
    return outs, inputs, [w for layer in rows for row in layer for w in row]


@pytest.mark.parametrize(
    ("size", "expected"), [(2, [Reduction]), (32, [Product] * 100)]
)
def test_many_layers_of_one_depth_are_products_if_they_are_large(size, expected):
    outs, inputs, parameters = layers(100, size)
    program = reroll(group(simplified(*outs, inputs=inputs, parameters=parameters)))
    assert [type(it) for it in program.instructions] == expected
    numbers = [v.data for v in inputs], [v.data for v in parameters]
    assert agrees(program, *numbers, outs)


def test_small_dot_products_leave_a_large_layer_a_product():
    outs, inputs, parameters = layers(1, 16)
    for _ in range(20):
        xs, ws = [Value(0.1) for _ in range(16)], [Value(0.2) for _ in range(16)]
        outs.append(autograd.dot(ws, xs))
        inputs, parameters = inputs + xs, parameters + ws
    program = reroll(group(simplified(*outs, inputs=inputs, parameters=parameters)))
    assert [(type(it), it.size) for it in program.instructions] == [
        (Product, 16),
        (Reduction, 20),
    ]


@pytest.mark.parametrize(
    ("name", "wrong"), [("SUB", "ADD"), ("NEG", "ATAN2"), ("DOT", "SUM")]
)
def test_a_wrong_row_planted_in_the_collecting_of_sums_is_caught(
    monkeypatch, name, wrong
):
    module = sys.modules["autograd.compiler.simplify"]
    a, b = Value(1.5), Value(0.5)
    out = -((a * b + a * a + b) - (a - b).exp()).sin()
    drawn = trace([out], [], [a, b]), [1.5, 0.5], [out]
    with without_native_passes():
        assert agrees(collect_sums(drawn[0]), [], *drawn[1:])
        monkeypatch.setattr(module, name, getattr(module, wrong))
        with pytest.raises((AssertionError, TypeError, IndexError, ValueError)):
            assert agrees(collect_sums(drawn[0]), [], *drawn[1:])


def test_a_product_with_two_rows_exchanged_is_caught():
    xs = [Value(float(i)) for i in range(1, 4)]
    rows = [[Value(float(i + j)) for j in range(3)] for i in range(2)]
    outs = [autograd.dot(row, xs).exp() for row in rows]
    weights = [w for row in rows for w in row]
    program = reroll(group(simplified(*outs, inputs=xs, parameters=weights)))
    numbers = [v.data for v in xs], [v.data for v in weights], outs
    assert agrees(program, *numbers)
    product = program.instructions[0]
    left = Index(product.left.varying, product.left.rows[::-1])
    program.instructions[0] = replace(product, left=left)
    assert not agrees(program, *numbers)


def test_operands_exchanged_in_a_grouped_instruction_are_caught():
    a, b = Value(1.5), Value(0.5)
    out = (a / b).exp()
    program = group(simplified(out, parameters=[a, b]))
    assert agrees(program, [], [1.5, 0.5], [out])
    first = program.instructions[0]
    program.instructions[0] = replace(first, args=first.args[::-1])
    assert not agrees(program, [], [1.5, 0.5], [out])


def test_verify_refuses_what_is_read_before_it_is_computed():
    a, b = Value(1.5), Value(0.5)
    tape = simplified((a * b).exp(), parameters=[a, b])
    program = group(tape)
    program.instructions.reverse()
    with pytest.raises(AssertionError):
        program.verify()
    late = tape.operands.copy()
    late[0] = 3
    tape = replace(tape, operands=late)
    with pytest.raises(AssertionError, match="not yet computed"):
        tape.verify()


def dots_in_two_orders():
    a, b = [Value(0.1), Value(0.2)], [Value(0.3), Value(0.5)]
    x = [Value(v) for v in (1.0, 2.0, 3.0, 5.0)]
    dot = autograd.dot
    outputs = [dot(a, x[:2]), dot(a[::-1], x[1::-1]), dot(a, x[2:]), dot(b, x[:2])]
    return outputs, x, a + b


def test_equal_dot_products_in_two_orders_are_merged():
    outputs, inputs, parameters = dots_in_two_orders()
    tape = simplified(*outputs[:2], inputs=inputs, parameters=parameters)
    assert names(tape) == ["dot"]


def test_equal_dot_products_do_not_stand_in_for_a_missing_one():
    outputs, inputs, parameters = dots_in_two_orders()
    program = reroll(group(trace(outputs, inputs, parameters)))
    numbers = [v.data for v in inputs], [v.data for v in parameters]
    assert agrees(program, *numbers, outputs)


def test_a_long_recurrence_is_left_as_it_is():
    x = start = Value(0.5)
    for _ in range(600):
        x = 3.1 * x * (1.0 - x)
    program = group(simplify(trace([x], [], [start])))
    assert len(program) > LONG
    assert reroll(program) is program
