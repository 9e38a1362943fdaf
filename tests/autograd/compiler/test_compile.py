"""Compiled programs compute what the eager graph computes, and its gradient."""

import gc
import re
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
import nn
from autograd import Value, gradients
from autograd.compiler import NumericalError, compile
from autograd.compiler.compiled import CompiledProgram
from autograd.compiler.costs import KEPT_BINDINGS
from autograd.compiler.program import Product, arguments
from autograd.compiler.run_arrays import ArrayExecutor
from autograd.compiler.run_python import PythonExecutor
from autograd.compiler.run_tape import machine
from autograd.ops import TABLE
from tests.executors import KINDS, executors, without_native
from tests.strategies import graphs

# What the compiler promises: sums are reassociated, so a result differs by rounding,
# which the condition of a graph of 60 nodes amplifies.
RTOL = 1e-10


@st.composite
def cases(draw):
    """A random graph, compiled, with its leaves as inputs, parameters or constants."""
    graph = draw(graphs())
    roles = [draw(st.sampled_from("ipc")) for _ in graph.leaves]
    inputs = [v for v, role in zip(graph.leaves, roles, strict=True) if role == "i"]
    parameters = [v for v, role in zip(graph.leaves, roles, strict=True) if role == "p"]
    return graph, inputs, parameters


@pytest.mark.parametrize("kind", KINDS)
@given(case=cases())
def test_values_and_gradients_are_those_of_the_eager_graph(kind, case):
    graph, inputs, parameters = case
    for leaf in graph.leaves:
        leaf.zero_grad()
    graph.root.backward()
    executor = executors([graph.root], inputs, parameters)[kind]
    batch = np.array([[v.data for v in inputs]] * 3).reshape(3, len(inputs))
    value, gradient = executor.value_and_grad(batch)
    expected = np.array([v.grad for v in parameters])
    # Cancellation leaves an error relative to the terms, which are of size 1 to 1e3.
    scale = max([1.0, *np.abs(expected)])
    assert value == pytest.approx(graph.root.data, rel=RTOL, abs=RTOL)
    assert np.abs(gradient - expected).max(initial=0.0) <= RTOL * scale


@pytest.mark.parametrize("kind", KINDS)
@given(case=cases())
def test_several_outputs_are_those_of_the_eager_graph(kind, case):
    graph, inputs, parameters = case
    nodes = [step.node for step in graph.steps]
    batch = np.array([[v.data for v in inputs]] * 2).reshape(2, len(inputs))
    executor = executors([graph.root, *nodes[:3]], inputs, parameters)[kind]
    outputs = executor.outputs(batch)
    expected = [[v.data for v in [graph.root, *nodes[:3]]]] * 2
    assert outputs == pytest.approx(np.array(expected), rel=RTOL, abs=RTOL)


def recorded(X, y, model, loss=nn.cross_entropy):
    """The loss of the first example, and the leaves that stand for all."""
    inputs = [Value(x) for x in X[0]]
    targets = [Value(t) for t in y[0]]
    return loss(model(inputs), targets), [*inputs, *targets]


def rounding(root):
    """What rounding to single precision can move a Value by, to first order.

    Every node on the way moves the root by its derivative times its own error. That is
    at most a few roundings of 2⁻²⁴ of its result and of its operands: NumPy's functions
    are within 4 units in the last place, which is 8 roundings.
    """
    nodes = autograd.topological_order(root)
    for node in nodes:
        node.zero_grad()
    root.backward()
    total = 0.0
    for node in nodes:
        terms = zip(node.partials(), node.parents, strict=True)
        operands = sum(abs(partial * v.data) for partial, v in terms if node.op)
        total += abs(node.grad) * (abs(node.data) + operands)
    # Below 1e-35 single precision has few digits left, or none.
    return 8 * 2.0**-24 * total + 1e-35


@given(graph=graphs(30, width=32), data=st.data())
def test_single_precision_is_within_the_rounding_of_every_operation(graph, data):
    roles = [data.draw(st.booleans()) for _ in graph.leaves]
    inputs = [v for v, role in zip(graph.leaves, roles, strict=True) if role]
    parameters = [v for v, role in zip(graph.leaves, roles, strict=True) if not role]
    slopes = gradients(graph.root, parameters)
    executor = executors([graph.root], inputs, parameters, np.float32)["native"]
    batch = np.array([[v.data for v in inputs]] * 2, np.float32).reshape(2, len(inputs))
    value, gradient = executor.value_and_grad(batch)
    assert abs(value - graph.root.data) <= rounding(graph.root)
    for p, slope, found in zip(parameters, slopes, gradient.tolist(), strict=True):
        # A slope that is the same everywhere has no graph: it is a sum over the paths,
        # of products of 30 numbers at most.
        constant = 30 * 8 * 2.0**-24 * graph.root.explain(p).size + 1e-35
        assert abs(found - slope.data) <= (rounding(slope) if slope.op else constant)


def network(X, y, model, loss=nn.cross_entropy):
    """A loss compiled from its first example, and the batch of all."""
    out, leaves = recorded(X, y, model, loss)
    return compile(out, leaves, model.parameters()), np.hstack([X, y])


def eager(X, y, model, loss=nn.cross_entropy):
    """The mean loss and its gradient, example by example."""
    model.zero_grad()
    total = 0.0
    for row, target in zip(X.tolist(), y.tolist(), strict=True):
        value = loss(model(row), target)
        (value / len(X)).backward()
        total += value.data / len(X)
    return total, np.array([p.grad for p in model.parameters()])


@pytest.mark.parametrize("activation", sorted(set(nn.layers.ACTIVATIONS) - {"step"}))
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_gives_the_mean_of_its_examples(kind, activation):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(7, 4)), np.eye(3)[rng.integers(0, 3, 7)]
    model = nn.MLP(4, [5, 3], activation, seed=0)
    out, leaves = recorded(X, y, model)
    executor = executors([out], leaves, model.parameters())[kind]
    value, gradient = executor.value_and_grad(np.hstack([X, y]))
    expected, slope = eager(X, y, model)
    assert value == pytest.approx(expected, rel=1e-12)
    assert gradient == pytest.approx(slope, rel=1e-12, abs=1e-14)


def test_a_penalty_that_does_not_vary_is_counted_once_and_not_per_example():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 4)), np.eye(3)[rng.integers(0, 3, 5)]
    model = nn.MLP(4, [3], seed=0)

    def loss(outputs, target):
        parameters = model.parameters()
        penalty = 0.1 * autograd.dot(parameters, parameters)
        return nn.cross_entropy(outputs, target) + penalty

    program, batch = network(X, y, model, loss)
    value, gradient = program.value_and_grad(batch)
    expected, slope = eager(X, y, model, loss)
    assert value == pytest.approx(expected, rel=1e-12)
    assert gradient == pytest.approx(slope, rel=1e-12)


def test_single_precision_agrees_to_its_own_rounding():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 40)), np.eye(3)[rng.integers(0, 3, 5)]
    model = nn.MLP(40, [8, 3], "tanh", seed=0)
    out, leaves = recorded(X, y, model)
    program = compile(out, leaves, model.parameters(), np.float32)
    value, gradient = program.value_and_grad(np.hstack([X, y]))
    expected, slope = eager(X, y, model)
    assert gradient.dtype == np.float32
    # Sums of 40 terms of size 1: about 40 roundings of 6e-8 each.
    assert value == pytest.approx(expected, rel=40 * 6e-8)
    assert gradient == pytest.approx(slope, rel=1e-4, abs=40 * 6e-8)


def count(program):
    """How many instructions of each kind a program has."""
    kinds = [type(it).__name__ for it in program._run.program.instructions]
    return len(kinds), kinds.count("Product")


def test_an_mlp_is_one_product_per_layer():
    model = nn.MLP(20, [16, 8, 4], "tanh", seed=0)
    X = np.zeros((1, 20))
    program, _ = network(X, np.eye(4)[:1], model)
    assert count(program) == (9, 3)


def test_a_network_written_by_hand_compiles_to_the_same_instructions():
    model = nn.MLP(20, [16, 8, 4], "tanh", seed=0)
    inputs = [Value(0.1 * i) for i in range(20)]
    signal = inputs
    for depth, layer in enumerate(model.layers):
        totals = [
            sum((w * x for w, x in zip(n.weights, signal, strict=True)), n.bias)
            for n in layer.neurons
        ]
        signal = [t.tanh() for t in totals] if depth < 2 else totals
    by_hand = compile(signal, inputs, model.parameters())
    by_nn = compile(model(inputs), inputs, model.parameters())
    assert str(by_hand._run.program) == str(by_nn._run.program)


def moons(n):
    """micrograd's demo with n examples recorded as one graph."""
    model = nn.MLP(2, [16, 16, 1], seed=0)
    X, y = nn.data.moons(n, 0.1, 0)
    signs = 2 * y - 1
    scores = [model([Value(a), Value(b)]) for a, b in X]
    losses = [(1 + -s * v).relu() for s, v in zip(signs, scores, strict=True)]
    penalty = 1e-4 * sum(p * p for p in model.parameters())
    return compile(sum(losses) * (1.0 / n) + penalty, parameters=model.parameters())


def test_a_recorded_batch_has_as_many_instructions_whatever_its_size():
    assert count(moons(20)) == count(moons(100))
    assert count(moons(100)) == (14, 5)


def test_a_convolution_with_shared_weights_is_one_product():
    rng = np.random.default_rng(0)
    image = [[Value(x) for x in row] for row in rng.normal(size=(8, 8))]
    kernels = [
        [[Value(x) for x in row] for row in k] for k in rng.normal(size=(2, 3, 3))
    ]
    maps = [
        [
            sum(
                kernel[a][b] * image[i + a][j + b] for a in range(3) for b in range(3)
            ).relu()
            for i in range(6)
            for j in range(6)
        ]
        for kernel in kernels
    ]
    pooled = [
        autograd.max(
            [m[6 * i + j], m[6 * i + j + 1], m[6 * i + j + 6], m[6 * i + j + 7]]
        )
        for m in maps
        for i in range(0, 6, 2)
        for j in range(0, 6, 2)
    ]
    weights = [w for k in kernels for row in k for w in row]
    program = compile(pooled, [x for row in image for x in row], weights)
    convolution, relu, pooling = program._run.program.instructions
    assert isinstance(convolution, Product)
    assert convolution.left.rows.shape == (2, 9)
    assert convolution.right.rows.shape == (9, 36)
    assert relu.size == 72
    assert pooling.size == 18


def test_a_recurrent_cell_takes_a_few_instructions_per_step():
    cell = nn.Layer(3 + 5, 5, "tanh", seed=0)
    inputs = [Value(0.1 * i) for i in range(60)]
    state = [0.0] * 5
    for step in range(20):
        state = cell([*inputs[3 * step : 3 * step + 3], *state])
    program = compile(state, inputs, cell.parameters())
    assert count(program) == (60, 20)


def test_a_recurrence_without_width_runs_on_scalars():
    x = start = Value(0.5)
    rate = Value(3.1)
    for _ in range(200):
        x = rate * x * (1.0 - x)
    program = compile(x, parameters=[start, rate])
    how = "as straight-line Python" if machine is None else "natively as a tape"
    assert f"runs {how} (600 operations)" in str(program)
    x.backward()
    value, gradient = program.value_and_grad()
    assert value == pytest.approx(x.data, rel=1e-12)
    assert gradient == pytest.approx([start.grad, rate.grad], rel=1e-9)


def test_the_program_of_a_network_can_be_read():
    model = nn.MLP(784, [16, 16, 10], "sigmoid", seed=0)
    program, _ = network(np.zeros((1, 784)), np.eye(10)[:1], model)
    text = str(program)
    assert len(text.splitlines()) <= 24
    assert "(16, 784) @ (784, 1)" in text
    assert "sigmoid" in text


def small():
    x, w = Value(2.0, label="x"), Value(3.0, label="w")
    return compile(x.log() * w, [x], [w])


def test_write_back_puts_the_numbers_into_the_values():
    x, w = Value(2.0), Value(3.0)
    program = compile(w * x, [x], [w])
    program.parameters[:] = 5.0
    assert w.data == 3.0
    program.write_back()
    assert w.data == 5.0


@pytest.mark.parametrize(
    "batch", [None, [], [[1.0, 2.0]], [1.0], np.zeros((0, 1)), np.zeros((1, 1, 1))]
)
def test_a_batch_of_the_wrong_shape_is_refused(batch):
    with pytest.raises(ValueError, match=r"\(batch, 1\) is needed"):
        small().value_and_grad(batch)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_batch_with_a_number_not_finite_is_refused_by_place(bad):
    with pytest.raises(ValueError, match="at row 1, column 0"):
        small().value_and_grad([[1.0], [bad]])


@pytest.mark.parametrize("batch", [["a"], [[1.0], [1.0, 2.0]], [["1.5 kg"]]])
def test_a_batch_that_is_no_matrix_of_numbers_is_refused(batch):
    with pytest.raises(ValueError, match=r"a batch is a matrix of numbers|is needed"):
        small().value_and_grad(batch)


def test_a_batch_of_complex_numbers_is_refused():
    with pytest.raises(ValueError, match="real numbers"):
        small().value_and_grad(np.ones((1, 1), complex))


def test_a_batch_with_masked_numbers_is_refused():
    batch = np.ma.masked_array([[1.0], [2.0]], mask=[[False], [True]])
    with pytest.raises(ValueError, match="masked"):
        small().value_and_grad(batch)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("column", [0, 1, 2])
def test_a_number_not_finite_is_refused_whatever_reads_it(kind, column):
    a, b, idle = Value(1.0), Value(2.0), Value(3.0)
    weights = [Value(0.0), Value(0.5)]
    out = autograd.dot(weights, [a, b]) + b.tanh()
    executor = executors([out], [a, b, idle], weights)[kind]
    batch = np.ones((4, 3))
    batch[2, column] = np.inf
    with pytest.raises(ValueError, match=f"inf at row 2, column {column}"):
        executor.value_and_grad(batch)
    with pytest.raises(ValueError, match=f"inf at row 2, column {column}"):
        executor.outputs(batch)


def test_a_parameter_not_finite_is_refused():
    program = small()
    program.parameters[:] = np.inf
    with pytest.raises(NumericalError, match="parameter 0 of the program is inf"):
        program.value_and_grad(np.ones((100, 1)))


@pytest.mark.parametrize("kind", KINDS)
def test_one_example_that_is_undefined_has_no_row(kind):
    x, w = Value(2.0), Value(3.0)
    executor = executors([x.log() * w], [x], [w])[kind]
    with pytest.raises(NumericalError, match=r"^log\(-1.0\) is not defined: log takes"):
        executor.value_and_grad(np.array([[-1.0]]))


def test_what_is_too_large_for_single_precision_alone_says_so():
    x, w = Value(2.0), Value(3.0)
    program = compile((x * w).exp(), [x], [w], dtype="float32")
    with pytest.raises(NumericalError, match=r"row 1 of the batch: exp\(.*float64"):
        program.value_and_grad(np.array([[1.0], [100.0]] * 100))


def test_a_parameter_that_is_not_finite_is_not_written_back():
    x, w = Value(2.0), Value(3.0)
    program = compile(x * w, [x], [w])
    program.parameters[0] = np.nan
    with pytest.raises(NumericalError, match="parameter 0 of the program is nan"):
        program.write_back()
    assert w.data == 3.0


def test_small_batches_run_on_scalars_and_large_ones_as_arrays():
    inputs, rate = [Value(0.5), Value(0.3)], Value(0.9)
    x, y = inputs
    for _ in range(200):
        x, y = rate * x * y, (x - y).tanh()
    program = compile(x + y, inputs, [rate])
    found = re.search(
        r"runs .* operations\) for a batch of up to (\d+), (natively )?as", str(program)
    )
    assert found
    n = int(found[1])
    assert 1 <= n < 1000
    X = np.random.default_rng(0).uniform(size=(n + 1, 2))
    small, large = program._run.executor(n), program._run.executor(n + 1)
    assert isinstance(small, PythonExecutor)
    assert isinstance(large, ArrayExecutor)
    assert program(X)[:n] == pytest.approx(program(X[:n]), rel=1e-12)
    program.parameters *= 0.5
    assert program(X)[:n] == pytest.approx(program(X[:n]), rel=1e-12)


def test_buffers_are_kept_for_a_few_batch_sizes_only():
    x, w = Value(2.0), Value(3.0)
    executor = executors([w * x], [x], [w])["native"]
    for n in range(1, 50):
        assert executor.value_and_grad(np.ones((n, 1)))[0] == 3.0
    assert len(executor.executor._buffers) == KEPT_BINDINGS


@pytest.mark.parametrize("kind", KINDS)
def test_threads_take_turns(kind):
    rng = np.random.default_rng(0)
    model = nn.MLP(40, [30, 3], "tanh", seed=0)
    inputs = [Value(0.5) for _ in range(40)]
    loss = nn.cross_entropy(model(inputs), 1)
    # What patches while it runs cannot be used by several threads: patch around it all.
    used = {"calls": "native"}.get(kind, kind)
    executor = executors([loss], inputs, model.parameters())[used]
    batches = [rng.normal(size=(20, 40)) for _ in range(4)]

    def values(batch):
        return [executor.value_and_grad(batch.copy())[0] for _ in range(50)]

    patched = without_native() if kind == "calls" else nullcontext()
    with patched, ThreadPoolExecutor(4) as threads:
        expected = [executor.value_and_grad(batch)[0] for batch in batches]
        found = [*threads.map(values, batches)]
    assert found == [[value] * 50 for value in expected]


@pytest.mark.parametrize("kind", KINDS)
def test_an_operation_outside_its_domain_names_itself_and_the_row(kind):
    x, w = Value(2.0), Value(3.0)
    executor = executors([x.log() * w], [x], [w])[kind]
    with pytest.raises(
        NumericalError, match=r"row 2 of the batch: log\(-1.0\) is not d"
    ):
        executor.value_and_grad(np.array([[1.0], [2.0], [-1.0]]))
    value, _ = executor.value_and_grad(np.array([[1.0]]))
    assert value == 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_an_infinite_derivative_is_refused(kind):
    w = Value(1.0)
    executor = executors([w.sqrt()], [], [w])[kind]
    executor.parameters[:] = 0.0
    with pytest.raises(NumericalError, match="derivative"):
        executor.value_and_grad(np.empty((1, 0)))


def test_a_parameter_that_the_loss_does_not_need_has_the_gradient_zero():
    x, w, idle = Value(2.0), Value(3.0), Value(4.0)
    _, gradient = compile(w * x, [x], [w, idle]).value_and_grad([[5.0]])
    assert gradient.tolist() == [5.0, 0.0]


def test_a_leaf_given_twice_is_refused():
    x = Value(2.0)
    with pytest.raises(ValueError, match="parameter 0 is the same Value as input 0"):
        compile(x * x, [x], [x])


def test_a_computed_value_is_no_input():
    x = Value(2.0)
    with pytest.raises(ValueError, match="input 0 was computed by exp"):
        compile(x.exp() * 2.0, [x.exp()])


def test_a_number_is_no_parameter():
    with pytest.raises(TypeError, match="parameter 0 is a float"):
        compile(Value(1.0), [], [2.0])


def test_the_gradient_of_several_outputs_is_refused():
    x = Value(2.0)
    program = compile([x.exp(), x.sin()], parameters=[x])
    with pytest.raises(ValueError, match="2 outputs"):
        program.value_and_grad()


def test_a_leaf_is_its_own_program():
    x = Value(2.0)
    program = compile(x, parameters=[x])
    assert isinstance(program, CompiledProgram)
    assert program.value_and_grad()[1].tolist() == [1.0]


def computed_values():
    """How many Values that were computed are alive."""
    gc.collect()
    values = [thing for thing in gc.get_objects() if isinstance(thing, Value)]
    return sum(value.op is not None for value in values)


def test_the_recorded_graph_is_freed_once_it_is_compiled():
    model = nn.MLP(20, [16, 4], "tanh", seed=0)
    others = computed_values()  # that earlier tests left behind
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    program, _ = network(np.zeros((1, 20)), np.eye(4)[:1], model)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(program) < 20
    assert computed_values() == others
    # What stays is in proportion to parameters and rows: some 400 of each here.
    assert after - before < 200_000


def test_an_error_leaves_the_parameters_as_they_were():
    program = small()
    with pytest.raises(NumericalError):
        program.value_and_grad([[-1.0]])
    assert program.parameters.tolist() == [3.0]
    assert program.value_and_grad([[1.0]])[0] == 0.0


def test_a_factor_left_out_of_the_way_back_is_caught():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(5, 4)), np.eye(3)[rng.integers(0, 3, 5)]
    model = nn.MLP(4, [5, 3], "tanh", seed=0)
    out, leaves = recorded(X, y, model)
    _, slope = eager(X, y, model)
    batch = np.hstack([X, y])
    right = executors([out], leaves, model.parameters())["native"].executor
    expected = right.value_and_grad(batch)
    assert expected[1] == pytest.approx(slope, rel=1e-12)
    n = len(right.program)
    for i in range(n, len(right.way_back)):
        it = right.way_back.instructions[i]
        # What shifts all exponents of a softmax alike does not matter.
        if getattr(it, "op", None) is not TABLE["mul"] or len(arguments(it)) < 2:
            continue
        wrong = executors([out], leaves, model.parameters())["native"].executor
        # The first operand alone: a factor of the chain rule is left out.
        wrong.way_back.instructions[i] = replace(
            it, op=TABLE["pos"], args=arguments(it)[:1]
        )
        found = np.append(*wrong.value_and_grad(batch)[::-1])
        assert found != pytest.approx(np.append(*expected[::-1]), rel=1e-6)


def agrees_with_eager(root, inputs, parameters):
    """Whether both executors give the eager value and gradient, twice in a row."""
    for parameter in parameters:
        parameter.zero_grad()
    root.backward()
    slope = [p.grad for p in parameters]
    batch = np.array([[v.data for v in inputs]] * 2).reshape(2, len(inputs))
    for executor in executors([root], inputs, parameters).values():
        for _ in range(2):
            value, gradient = executor.value_and_grad(batch)
            assert value == pytest.approx(root.data, rel=1e-12)
            assert gradient == pytest.approx(slope, rel=1e-10, abs=1e-13)
    return True


@pytest.mark.parametrize("name", ["max", "min", "logsumexp"])
@pytest.mark.parametrize("size", [2, 4])
def test_reductions_over_neighbouring_rows_pass_their_gradient_on(name, size):
    ws = [Value(0.1 + 0.01 * i) for i in range(40)]
    x = Value(1.0)
    rows = [(w * x).tanh() for w in ws]
    reduce = getattr(autograd, name)
    root = autograd.sum([reduce(rows[i : i + size]) for i in range(0, 40, size)])
    assert agrees_with_eager(root * root, [x], ws)


def test_equal_dot_products_in_another_order_do_not_hide_a_missing_one():
    a, b = [Value(0.1), Value(0.2)], [Value(0.3), Value(0.5)]
    x = [Value(v) for v in (1.0, 2.0, 3.0, 5.0)]
    dot = autograd.dot
    outputs = [dot(a, x[:2]), dot(a[::-1], x[1::-1]), dot(a, x[2:]), dot(b, x[:2])]
    found = compile(outputs, x, a + b)([[1.0, 2.0, 3.0, 5.0]])
    assert found[0] == pytest.approx([v.data for v in outputs], rel=1e-15)
    # Unequal but connected: three of the four pairs of two rows with two.
    scaled = [k * out for k, out in zip((1.0, 3.0, 7.0), outputs[1:], strict=True)]
    assert agrees_with_eager(autograd.sum(scaled), x, a + b)


@pytest.mark.parametrize("kind", KINDS)
def test_an_overflow_on_the_way_is_refused_even_where_the_result_is_finite(kind):
    x, w = Value(1.0), Value(2.0)
    executor = executors([w * (x * x).tanh()], [x], [w])[kind]
    for run in (executor.outputs, executor.value_and_grad):
        with pytest.raises(NumericalError, match="mul"):
            run(np.array([[1e200]]))


def test_a_parameter_that_is_not_finite_is_refused():
    x, w = Value(1.0), Value(2.0)
    for executor in executors([(w * x).tanh()], [x], [w]).values():
        executor.parameters[:] = np.inf
        with pytest.raises(NumericalError, match="parameter 0 of the program is inf"):
            executor.outputs(np.array([[1.0]]))


def test_a_derivative_that_no_parameter_needs_may_be_infinite():
    ws = [Value(1.0) for _ in range(20)]
    x = Value(1.0)
    roots = [(w + x).sqrt() for w in ws] + [(x - 1.0).sqrt() for _ in range(20)]
    root = autograd.sum(roots)
    _, gradient = compile(root, [x], ws).value_and_grad([[1.0], [1.0]])
    assert gradient == pytest.approx([0.5 / 2.0**0.5] * 20)


@pytest.mark.parametrize("dtype", ["float16", "int64"])
def test_only_two_precisions_are_offered(dtype):
    with pytest.raises(TypeError, match="float64 or float32"):
        compile(Value(1.0) * 2.0, dtype=dtype)


def test_a_number_too_large_for_single_precision_is_refused():
    x, w = Value(1.0), Value(1e300)
    with pytest.raises(ValueError, match="too large for float32"):
        compile(w * x, [x], [w], "float32")


@pytest.mark.parametrize("wrong", [3.0, None, "loss"])
def test_what_is_no_value_cannot_be_compiled(wrong):
    with pytest.raises(TypeError, match="output 0 is a"):
        compile(wrong)


def test_a_bare_value_is_no_list_of_inputs():
    x = Value(2.0)
    with pytest.raises(TypeError, match="inputs must be a list"):
        compile(x * x, x)


def test_a_gradient_by_no_parameters_is_refused():
    x = Value(2.0)
    program = compile(x * x, [x])
    assert program([[3.0]]).tolist() == [[9.0]]
    with pytest.raises(ValueError, match=r"no parameters .*parameters=\[\.\.\.\]"):
        program.value_and_grad([[3.0]])


def test_a_batch_for_a_program_without_inputs_is_told_how_to_name_them():
    w = Value(2.0)
    with pytest.raises(ValueError, match=r"Say what varies: .*inputs=\[\.\.\.\]"):
        compile(w * w, parameters=[w]).value_and_grad([[3.0]])
