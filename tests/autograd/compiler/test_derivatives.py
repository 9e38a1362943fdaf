"""Derivatives of compiled programs, by example, are the eager ones, or are named."""

import random
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import autograd
from autograd import Value, compile, dot, topological_order
from autograd.arithmetic import Floats
from autograd.compiler import NumericalError, derivatives
from autograd.compiler.derivatives import Derivatives
from autograd.compiler.executable import Executable
from autograd.compiler.program import Product
from autograd.compiler.trace import trace
from autograd.linearize import Linearization
from tests.executors import without_native

# Sums in another order differ by some roundings of a dozen terms of size 1.
NEAR = {"rel": 1e-12, "abs": 1e-13}

BATCH = np.random.default_rng(0).normal(size=(5, 3))


def network(example, n_hidden=4, n_outputs=2):
    """A network written by hand, at an example: its outputs, inputs and parameters."""
    rng = random.Random(0)
    x = [Value(number) for number in example]
    hidden, last = (
        [[Value(rng.uniform(-1.0, 1.0)) for _ in range(n)] for _ in range(m)]
        for m, n in ((n_hidden, len(x)), (n_outputs, n_hidden))
    )
    h = [dot(w, x).tanh() for w in hidden]
    outputs = [dot(w, h).exp() for w in last]
    return outputs, x, [v for w in [*hidden, *last] for v in w]


def eager_jacobians(wrt, n_outputs):
    """For each example the derivatives of its outputs, (batch, n_outputs, n)."""
    found = []
    for example in BATCH.tolist():
        outputs, x, parameters = network(example, n_outputs=n_outputs)
        leaves = {"inputs": x, "parameters": parameters}[wrt]
        at = Linearization(topological_order(*outputs), outputs, leaves, Floats)
        found.append([at.reverse(unit) for unit in np.eye(n_outputs).tolist()])
    return np.array(found)


@pytest.mark.parametrize("wrt", ["inputs", "parameters"])
@pytest.mark.parametrize("n_outputs", [1, 2, 6])
def test_a_jacobian_by_example_is_the_eager_one(wrt, n_outputs):
    program = compile(*network(BATCH[0], n_outputs=n_outputs))
    expected = eager_jacobians(wrt, n_outputs)
    for _ in range(2):
        found = program.jacobian(BATCH, wrt=wrt)
        assert found.shape == expected.shape
        assert found == pytest.approx(expected, **NEAR)
    assert program.jacobian(BATCH[:1], wrt)[0] == pytest.approx(expected[0], **NEAR)
    with without_native():
        program = compile(*network(BATCH[0], n_outputs=n_outputs))
        assert program.jacobian(BATCH, wrt) == pytest.approx(expected, **NEAR)


@pytest.mark.parametrize("wrt", ["inputs", "parameters"])
def test_per_example_gradients_are_the_eager_ones(wrt):
    program = compile(*network(BATCH[0], n_outputs=1))
    expected = eager_jacobians(wrt, 1)[:, 0]
    assert program.per_example_gradients(BATCH, wrt) == pytest.approx(expected, **NEAR)


def test_per_example_gradients_have_the_gradient_of_the_mean_as_their_mean():
    program = compile(*network(BATCH[0], n_outputs=1))
    for scale in (1.0, 0.5):
        program.parameters *= scale
        found = program.per_example_gradients(BATCH)
        _, gradient = program.value_and_grad(BATCH)
        assert found.mean(axis=0) == pytest.approx(gradient, **NEAR)


def test_single_precision_stays_single():
    program = compile(*network(BATCH[0]), dtype="float32")
    found = program.jacobian(BATCH.astype(np.float32))
    assert found.dtype == np.float32
    # 8 roundings of 2⁻²⁴ for each of some ten operations.
    expected = eager_jacobians("parameters", 2)
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-5)


def test_the_pullback_of_layers_is_made_of_matrix_products():
    outputs, x, parameters = network(range(30), n_hidden=20, n_outputs=10)
    tape = trace(outputs, x, parameters)
    at = Derivatives(tape, range(30))
    run = at._executable("pullback")
    products = [it for it in run.program.instructions if isinstance(it, Product)]
    assert len(products) == 4  # two there, two back
    assert len(run.program) < 20


def test_the_pushforward_of_layers_is_made_of_matrix_products():
    outputs, x, parameters = network(range(20), n_hidden=20, n_outputs=40)
    at = Derivatives(trace(outputs, x, parameters), range(20))
    run = at._executable("pushforward")
    products = [it for it in run.program.instructions if isinstance(it, Product)]
    assert len(products) == 3  # the first layer, of values and speeds, is one
    assert len(run.program) < 20


def test_many_directions_are_taken_a_few_at_a_time(monkeypatch):
    module = "autograd.compiler.derivatives.DIRECTIONS_BYTES"
    program = compile(*network(BATCH[0], n_outputs=6))
    expected = program.jacobian(BATCH, "inputs")
    monkeypatch.setattr(module, 4000)
    assert (compile(*network(BATCH[0], n_outputs=6)).jacobian(BATCH, "inputs")) == (
        pytest.approx(expected, **NEAR)
    )


def test_a_derivative_that_does_not_exist_names_the_operation_and_the_example():
    x, w = Value(4.0), Value(1.0)
    program = compile([(w * x).sqrt(), w + x], [x], [w])
    batch = [[1.0], [4.0], [0.0]]
    assert program(batch)[2].tolist() == [0.0, 1.0]
    for wrt in ("inputs", "parameters"):
        with pytest.raises(NumericalError, match=r"row 2 .*derivative of sqrt\(0.0\)"):
            program.jacobian(batch, wrt)
    assert program.jacobian(batch[:2], "inputs")[:, 0, 0].tolist() == [0.5, 0.25]


def test_an_operation_without_a_result_is_named_where_only_derivatives_are_asked():
    x, w = Value(4.0), Value(1.0)
    program = compile(w * x + x.log(), [x], [w])
    for ask in (program.per_example_gradients, program.jacobian):
        for wrt in ("inputs", "parameters"):
            with pytest.raises(NumericalError, match=r"row 1 .*log\(-1.0\) is not"):
                ask([[1.0], [-1.0]], wrt)


@pytest.mark.parametrize("kind", ["arrays", "scalars"])
def test_only_rows_that_may_not_be_finite_are_looked_at_one_by_one(kind, monkeypatch):
    x, y = Value(1.0), Value(0.5)
    program = compile([x - y - y, x], [x, y])
    batch = np.ones((1000, 2))
    batch[3] = [1.7e308, 1e308]  # the sum of what is subtracted is too large
    run, looked_at = program._run, []
    values = run.reference._values
    run.reference._values = lambda *given: looked_at.append(1) or values(*given)
    executor = getattr(run, kind)
    monkeypatch.setattr(run, "executor", lambda batch_size: executor)
    found = program(batch)
    assert len(looked_at) == 1
    assert found[3, 0] == 1.7e308 - 1e308 - 1e308
    assert (np.delete(found[:, 0], 3) == -1.0).all()
    assert (found[:, 1] == batch[:, 0]).all()


def test_leaves_that_are_not_there_are_asked_for():
    x, w = Value(2.0), Value(3.0)
    with pytest.raises(ValueError, match=r"no parameters .*parameters=\[\.\.\.\]"):
        compile(x * x, [x]).per_example_gradients([[1.0]])
    with pytest.raises(ValueError, match=r"no inputs .*inputs=\[\.\.\.\]"):
        compile(w * w, [], [w]).jacobian(wrt="inputs")
    with pytest.raises(ValueError, match="'parameters' or 'inputs', not 'weights'"):
        compile(w * x, [x], [w]).jacobian([[1.0]], wrt="weights")
    with pytest.raises(ValueError, match=r"2 outputs: .*jacobian"):
        compile([x, w], [x], [w]).per_example_gradients([[1.0]])


def test_a_program_without_inputs_has_one_example():
    w = [Value(2.0), Value(3.0)]
    program = compile([w[0] * w[1], w[0]], parameters=w)
    assert program.jacobian().tolist() == [[[3.0, 2.0], [1.0, 0.0]]]


def test_a_value_beside_its_gradient_is_that_of_the_first_output():
    x = Value(2.0)
    tape = trace([x.exp() * autograd.step(x) + x, x * x], [x], [])
    value, slope = Derivatives(tape, range(1)).value_and_gradient(
        np.array([[2.0], [-1.0]]), np.empty(0)
    )
    assert value == pytest.approx([np.exp(2.0) + 2.0, -1.0], rel=1e-15)
    assert slope[:, 0] == pytest.approx([np.exp(2.0) + 1.0, 1.0], rel=1e-15)


def test_threads_make_a_derivative_once_and_share_it(monkeypatch):
    made = []

    def slowly(*given):
        made.append(given)
        time.sleep(0.01)
        return Executable(*given)

    monkeypatch.setattr(derivatives, "Executable", slowly)
    program = compile(*network(BATCH[0]))
    expected = compile(*network(BATCH[0])).jacobian(BATCH)
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda _: program.jacobian(BATCH), range(40)))
    assert all((each == expected).all() for each in found)
    assert len(made) == 2  # that which is expected, and one for all threads


def test_derivatives_by_example_of_a_recurrence_run_on_scalars():
    x, rate = Value(0.3), Value(3.1)
    state = x
    for _ in range(100):
        state = rate * state * (1.0 - state)
    program = compile(state, [x], [rate])
    found = program.per_example_gradients([[0.3], [0.3]])
    _, gradient = program.value_and_grad([[0.3]])
    # Roundings grow with the derivative, by as much as it has grown itself.
    assert found == pytest.approx(np.array([gradient, gradient]), rel=1e-9)
    run = program._derivatives["parameters"]._executable("gradient")
    assert run.executor(1) is run.scalars
    assert autograd.compile(state, [x], [rate]).jacobian([[0.3]], "inputs").shape == (
        (1, 1, 1)
    )


@pytest.mark.parametrize("kind", ["inputs", "parameters"])
@pytest.mark.parametrize("n_outputs", [2, 40])
def test_a_jacobian_takes_the_fewer_directions(kind, n_outputs, monkeypatch):
    outputs, x, parameters = network(range(5), n_hidden=3, n_outputs=n_outputs)
    program = compile(outputs, x, parameters)
    n = len(x) if kind == "inputs" else len(parameters)
    taken = []
    along = Derivatives._along
    monkeypatch.setattr(
        Derivatives,
        "_along",
        lambda self, run, units, *rest: (
            taken.append(len(units)) or along(self, run, units, *rest)
        ),
    )
    program.jacobian([range(5)], kind)
    assert taken == [min(n, n_outputs)]


def test_the_parameters_of_now_do_not_change_with_those_of_later():
    w = Value(3.0)
    run = Executable(trace([w.log()], [], [w]))
    run.set_parameters([2.0])
    before = run.parameters_now()
    run.set_parameters([5.0])
    assert before.tolist() == [2.0]
