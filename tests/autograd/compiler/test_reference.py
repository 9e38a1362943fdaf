"""Where numbers end: what eager mode gives is given, what it refuses is named."""

import math

import numpy as np
import pytest

import autograd
from autograd import Value, atan2, compile, dot, logsumexp, where
from autograd.compiler import NumericalError
from autograd.compiler.reference import Reference
from autograd.compiler.trace import trace
from tests.executors import KINDS, executors

INF = math.inf


def agrees(kind, root, parameters, rel=1e-13):
    """Whether an executor gives the eager value and gradient, twice in a row."""
    for parameter in parameters:
        parameter.zero_grad()
    root.backward()
    executor = executors([root], [], parameters)[kind]
    for _ in range(2):
        value, gradient = executor.value_and_grad(np.empty((1, 0)))
        assert value == pytest.approx(root.data, rel=rel, abs=0.0)
        expected = [p.grad for p in parameters]
        assert gradient == pytest.approx(expected, rel=rel, abs=1e-300)
        assert executor.outputs(np.empty((1, 0))).tolist() == [
            [pytest.approx(root.data, rel=rel)]
        ]
    return True


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x, y: logsumexp([x, y, -INF]),
        lambda x, y: autograd.max([x, y, -INF]) * y,
        lambda x, y: autograd.min([x, y, INF]) * y,
        lambda x, y: autograd.maximum(x, -INF) + y,
        lambda x, y: logsumexp([where(autograd.step(x), y, -INF), x]),
        lambda x, y: (x - INF).exp() + y,
        lambda x, y: autograd.tanh(y - INF) * x,
        lambda x, y: 1.0 / (x + INF) + y,
    ],
)
def test_infinite_constants_compile(kind, f):
    x, y = Value(-0.5), Value(1.5)
    assert agrees(kind, f(x, y), [x, y])


@pytest.mark.parametrize("kind", KINDS)
def test_an_infinite_constant_hides_no_overflow(kind):
    x = Value(1.0)
    executor = executors([autograd.max([x.exp(), x * -INF])], [], [x])[kind]
    executor.parameters[:] = 1000.0
    with pytest.raises(NumericalError, match=r"exp\(1000.0\) is too large"):
        executor.outputs(np.empty((1, 0)))
    executor.parameters[:] = 0.0
    with pytest.raises(NumericalError, match="is not a number"):
        executor.outputs(np.empty((1, 0)))
    executor.parameters[:] = 2.0
    assert executor.outputs(np.empty((1, 0))) == pytest.approx(math.exp(2.0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["exp", "square", "sum"])
def test_what_follows_an_infinite_constant_may_not_overflow_by_itself(kind, name):
    x = Value(1.0)
    largest = autograd.max([x, -INF])
    roots = {
        "exp": largest.exp(),
        "square": largest * largest,
        "sum": autograd.sum([largest, largest, x]),
    }
    executor = executors([roots[name]], [], [x])[kind]
    for good in (2.0, 3.0):
        executor.parameters[:] = good
        assert math.isfinite(executor.outputs(np.empty((1, 0)))[0, 0])
        executor.parameters[:] = 1e308
        with pytest.raises(NumericalError, match="too large"):
            executor.outputs(np.empty((1, 0)))


@pytest.mark.parametrize("kind", KINDS)
def test_sums_in_another_order_do_not_overflow(kind):
    x, y = Value(1.7e308), Value(1e308)
    assert agrees(kind, x - 1e308 - 1e308, [x])
    assert agrees(kind, x - y - y, [x, y])
    assert agrees(kind, (x - y) * 2.0 - y + 1.0, [x, y])


@pytest.mark.parametrize("kind", KINDS)
def test_a_mean_of_finite_numbers_is_finite(kind):
    x, w = Value(1.0), Value(1.0)
    executor = executors([w * x], [x], [w])[kind]
    value, gradient = executor.value_and_grad(np.array([[1e308], [1.5e308]]))
    assert value == pytest.approx(1.25e308)
    assert gradient == pytest.approx([1.25e308])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: dot([x], [-1.0]),
        lambda x: -x + x * -1.0,
        lambda x: autograd.sum([-x]),
        lambda x: autograd.sum([-x, -x, x * -1.0]),
        lambda x: dot([x, x], [-1.0, -1.0]),
        lambda x: x * -1.0 - 0.0,
        lambda x: -(x - 0.0),
        lambda x: -x,
        lambda x: 0.0 - x,
    ],
)
def test_the_sign_of_a_zero_is_that_of_eager_mode(kind, f):
    x = Value(0.0)
    assert agrees(kind, atan2(f(x), -1.0), [x])


@pytest.mark.parametrize("kind", KINDS)
def test_a_product_with_zero_does_not_hide_what_has_no_result(kind):
    x = Value(1.0)
    executor = executors([0.0 * x.log() + x], [], [x])[kind]
    executor.parameters[:] = -1.0
    with pytest.raises(NumericalError, match=r"log\(-1.0\) is not defined"):
        executor.outputs(np.empty((1, 0)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_derivative_that_does_not_exist_names_the_operation_and_the_row(kind):
    x, w = Value(1.0), Value(4.0)
    executor = executors([(w * x).sqrt()], [x], [w])[kind]
    batch = np.array([[1.0], [2.0], [0.0]])
    assert executor.outputs(batch)[2, 0] == 0.0
    with pytest.raises(NumericalError, match=r"row 2 .*derivative of sqrt\(0.0\)"):
        executor.value_and_grad(batch)
    assert executor.value_and_grad(batch[:1])[1] == pytest.approx([0.25])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "f",
    [
        lambda x: autograd.step(x).sqrt(),
        lambda x: autograd.ceil(autograd.leaky_relu(0.0, x)) + x,
        lambda x: autograd.floor(where(x, 1.0, 1.0)),
        lambda x: autograd.sign(autograd.floor(x)),
        lambda x: (x + 2.0).sqrt() * 0.0,
        lambda x: where((x + 2.0).sqrt(), 1.0, x),
        lambda x: autograd.step(autograd.logsumexp([(x + 2.0).sqrt(), x])) + x,
        lambda x: autograd.sign(dot([(x + 2.0).sqrt(), x], [x, x])),
        lambda x: autograd.step(autograd.max([x + 1.0, (x + 2.0).sqrt()])),
        lambda x: autograd.cbrt(dot([x, 3.0], [0.0, 0.0])),
        # Two spellings of one number, which are one when compiled.
        lambda x: (
            autograd.logaddexp((x + 2.0).sqrt(), x)
            - autograd.logaddexp(x, (x + 2.0).sqrt())
        ),
    ],
)
def test_zero_times_a_derivative_that_does_not_exist_is_no_zero(kind, f):
    x = Value(-2.0)
    with pytest.raises(autograd.DerivativeError):
        f(x).backward()
    executor = executors([f(x)], [], [x])[kind]
    for _ in range(2):
        assert executor.outputs(np.empty((1, 0))) == f(x).data
        with pytest.raises(NumericalError, match="derivative"):
            executor.value_and_grad(np.empty((1, 0)))


@pytest.mark.parametrize("kind", KINDS)
def test_single_precision_refuses_what_is_beyond_it_on_the_way(kind):
    x = Value(1.0)
    executor = executors([(x.exp() * 1e-20).tanh()], [], [x], np.float32)[kind]
    executor.parameters[:] = 100.0
    with pytest.raises(NumericalError, match=r"exp\(100.0\) is too large .*float64"):
        executor.outputs(np.empty((1, 0)))


def test_a_constant_beyond_single_precision_is_named():
    x = Value(1.0)
    with pytest.raises(ValueError, match=r"constant 1e\+300 is too large for float32"):
        compile(x * 1e300, parameters=[x], dtype="float32")
    program = compile(autograd.max([x, -INF]), parameters=[x], dtype="float32")
    assert program.value_and_grad()[0] == 1.0


def test_the_reference_is_the_tape_as_it_was_recorded():
    x, w = Value(2.0), Value(3.0)
    root = (w * x).sin() + w
    root.backward()
    reference = Reference(trace([root], [x], [w]))
    batch, parameters = np.array([[2.0], [2.0]]), np.array([3.0])
    assert reference.outputs(batch, parameters).tolist() == [[root.data]] * 2
    value, gradient = reference.value_and_grad(batch, parameters)
    assert value == root.data
    assert gradient.tolist() == [w.grad]
