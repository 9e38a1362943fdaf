"""Everything public may be used from several threads; what must, takes turns."""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest import mock

import numpy as np
import pytest

import autograd
import nn
from autograd import (
    TraceError,
    Value,
    check_gradient,
    compile,
    compile_function,
    no_grad,
    operation,
    sqrt,
    sum,
    tracing,
    where,
)
from autograd.checking.digits import MultiprecisionGraph
from autograd.leaves import floats_of
from autograd.ops import TABLE
from tests.threads import together

# Passes


def test_no_pass_over_a_shared_leaf_is_lost() -> None:
    w = Value(1.0)

    def work() -> None:
        for _ in range(5000):
            (w * 3.0).backward()

    together(*[work] * 4)
    assert w.grad == 60000.0


def test_passes_over_one_graph_are_each_whole() -> None:
    x = Value(2.0)
    y = sum([x * float(i) for i in range(40)])

    def work() -> None:
        for _ in range(500):
            y.backward()

    together(*[work] * 4)
    assert x.grad == 2000 * 780.0


def test_a_gradient_is_forgotten_between_two_passes_and_not_within_one() -> None:
    x = Value(2.0)
    y = sum([x * 1.0 for _ in range(50)])
    done = threading.Event()

    def passes() -> set[float]:
        found = set()
        for _ in range(1000):
            y.backward()
            found.add(x.grad % 50.0)
        done.set()
        return found

    def zeros() -> None:
        while not done.is_set():
            x.zero_grad()

    assert together(passes, zeros)[0] == {0.0}


def test_a_hook_may_start_a_pass() -> None:
    x, z = Value(2.0), Value(3.0)
    x.register_hook(lambda gradient: (z * z).backward())

    def work() -> None:
        for _ in range(500):
            (x * 5.0).backward()

    together(*[work] * 4)
    assert (x.grad, z.grad) == (2000 * 5.0, 2000 * 6.0)


def test_a_pass_that_fails_gives_the_turn_back() -> None:
    x = Value(0.0)
    with pytest.raises(autograd.DerivativeError):
        x.sqrt().backward()
    assert together((x * 2.0).backward, (x * 2.0).backward) == [None, None]
    assert x.grad == 4.0


def test_no_hook_is_lost_and_each_is_removed() -> None:
    x = Value(2.0)

    def register() -> list[Any]:
        return [x.register_hook(lambda gradient: gradient + 1.0) for _ in range(200)]

    handles = together(*[register] * 4)
    (x * 1.0).backward()
    assert x.grad == 801.0
    together(*[lambda of=of: [handle.remove() for handle in of] for of in handles])
    x.zero_grad()
    (x * 1.0).backward()
    assert x.grad == 1.0


FORKING = """
import os, threading, time, warnings
from autograd import Value

warnings.simplefilter("ignore")  # Python warns of forks among threads
x, entered = Value(2.0), threading.Event()
y = x * 3.0
y.register_hook(lambda gradient: entered.set() or time.sleep(0.2))
thread = threading.Thread(target=y.backward)
thread.start()
entered.wait()
child = os.fork()
if not child:
    (Value(1.0) * x).backward()
    other = threading.Thread(target=(x * 5.0).backward, daemon=True)
    other.start()
    other.join(5.0)
    os._exit(8 if other.is_alive() else 7)
thread.join()
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_a_forked_process_has_its_turn() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKING], capture_output=True, text=True, timeout=30
    )
    assert (done.stdout, done.stderr) == ("7\n", "")


def test_a_check_takes_no_pass_of_another_thread_back() -> None:
    w = Value(2.0)
    other = threading.Thread(target=(w * 3.0).backward)

    def meanwhile(gradient: float) -> None:
        handle.remove()
        other.start()
        other.join(0.05)  # in vain, where it waits for its turn

    handle = w.register_hook(meanwhile)
    check_gradient(lambda x: w * x * x, 3.0)
    other.join()
    assert w.grad == 3.0


def test_the_digits_of_a_check_are_those_of_its_thread_alone() -> None:
    mpmath = pytest.importorskip("mpmath")
    x = Value(0.7)
    usual, graph = mpmath.mp.dps, MultiprecisionGraph(x.exp(), [x])
    with graph.mp.workdps(usual + 40):
        assert mpmath.mp.dps == MultiprecisionGraph(x.exp(), [x]).mp.dps == usual


# Threads that work for a derivative, or for code that is compiled


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    """A thread that was there before whatever it works for."""
    with ThreadPoolExecutor(1) as executor:
        executor.submit(int).result()
        yield executor


@pytest.mark.parametrize("escape", [float, int, round, math.sin, np.float64])
def test_no_number_leaves_the_graph_by_another_thread(
    escape: Callable[[Any], Any], pool: ThreadPoolExecutor
) -> None:
    def f(x: Any) -> Any:
        return x * pool.submit(escape, x * 2.0).result()

    for ask in (
        lambda: autograd.grad(f)(1.0),
        lambda: autograd.jacobian(f)(1.0),
        lambda: autograd.jvp(f, (1.0,), (1.0,)),
        lambda: check_gradient(f, 1.0),
        lambda: autograd.grad(lambda y: autograd.grad(f)(y) * y)(1.0),
    ):
        with pytest.raises(TypeError, match="makes a plain number of a Value"):
            ask()


def test_a_refusal_in_another_thread_is_raised_though_nobody_asks_for_it(
    pool: ThreadPoolExecutor,
) -> None:
    def f(x: Any) -> Any:
        return x if pool.submit(float, x).exception() else 2.0 * x

    with pytest.raises(TypeError, match="grad differentiates by"):
        autograd.grad(f)(1.0)


def test_what_stands_for_a_number_is_not_differentiated_in_another_thread(
    pool: ThreadPoolExecutor,
) -> None:
    inner = autograd.grad(autograd.log, on_domain_error="inf")
    with pytest.raises(autograd.DomainError, match="inf has no derivative"):
        autograd.grad(lambda x: pool.submit(inner, x).result())(-1.0)


def test_the_numbers_of_other_threads_are_their_own(pool: ThreadPoolExecutor) -> None:
    w = Value(2.0)
    y = w * 3.0

    def f(x: Any) -> Any:
        assert pool.submit(float, y).result() == 6.0
        assert pool.submit(lambda: y > 1.0).result() is True
        return x * y

    assert autograd.grad(f)(1.0).data == 6.0
    assert compile_function(f, 1)([1.0]) == 6.0
    assert pool.submit(float, y).result() == 6.0


def unrecorded(v: Any) -> Any:
    with no_grad():
        return v * v


IN_A_POOL: dict[str, Callable[[Any], Any]] = {
    "a comparison": lambda v: where(v > 0.4, v, -v),
    "an equality": lambda v: where(v == 0.5, v, -v),
    "a comparison with an array": lambda v: (np.array([0.4, 1.0]) >= v).sum() * v,
    "a ufunc": lambda v: np.where(np.greater(v, 0.4), v, -v),
    "sides": lambda v: where(v > 0, lambda: sqrt(v), 0.0),
    "detach": lambda v: v * v.detach(),
    "after detach": lambda v: where(v.detach() > 0.4, v, -v),
    "no_grad": lambda v: v * unrecorded(v),
}


@pytest.mark.parametrize("name", IN_A_POOL)
def test_what_is_recorded_in_another_thread_is_recorded_as_in_this_one(
    name: str, pool: ThreadPoolExecutor
) -> None:
    part = IN_A_POOL[name]
    f = compile_function(lambda x: pool.submit(part, x[0]).result(), 1)
    here = compile_function(lambda x: part(x[0]), 1)
    for x in ([0.5], [2.0], [-3.0]):
        assert f(x) == here(x)
        assert f.grad(x) == here.grad(x)


@pytest.mark.parametrize("look", [bool, float, lambda v: v if v > 0 else -v])
def test_code_that_is_compiled_looks_at_no_number_by_another_thread(
    look: Callable[[Any], Any], pool: ThreadPoolExecutor
) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            self.w = Value(2.0)

        def __call__(self, inputs: Any) -> Any:
            return inputs[0] * pool.submit(look, inputs[0] * self.w).result()

    model, X = Model(), np.linspace(1.0, 2.0, 10)[:, None]
    optimizer = nn.SGD(model.parameters(), 0.1)
    for ask in (
        lambda: compile_function(model, 1),
        lambda: nn.predict(model, X),
        lambda: nn.fit(model, X, X, loss=nn.mse, optimizer=optimizer, epochs=1),
    ):
        with pytest.raises(TraceError, match=r"\(\) asks a Value for its number"):
            ask()


def test_other_threads_know_what_a_tracing_begins_with(
    pool: ThreadPoolExecutor,
) -> None:
    x, w = Value(2.0), Value(3.0)
    with tracing([x]):
        assert isinstance(pool.submit(lambda: x * w > 1.0).result(), Value)
        assert pool.submit(lambda: w > 1.0).result() is True
    assert pool.submit(lambda: x * w > 1.0).result() is True


# The table


def test_an_operation_with_its_whole_numbers_is_one_object_for_all_threads() -> None:
    op = TABLE["polygamma"]
    found = together(*[lambda: [op.at(n) for n in range(1000, 4000)]] * 4)
    assert all(len(set(ops)) == 1 for ops in zip(*found, strict=True))


def test_the_table_is_read_while_it_grows() -> None:
    done = threading.Event()

    def grow() -> None:
        for i in range(1500):
            operation(f"row_{i}", lambda xp, a: a + a, [lambda xp, a, out: 2.0])
        done.set()

    def read() -> None:
        x, y = Value(3.0), np.float64(4.0)
        while not done.is_set():
            assert np.hypot(x, y).data == 5.0

    # The checks of a row take most of the time, and do not matter here.
    module = sys.modules["autograd.operation"]  # the package has a function of its name
    with mock.patch.object(module, "check_row"):
        together(grow, read)


def test_a_row_that_fails_takes_no_row_of_another_thread_with_it() -> None:
    checking, other_is_done = threading.Event(), threading.Event()

    def wrong(xp: Any, a: Any) -> Any:
        checking.set()
        other_is_done.wait(0.2)  # in vain, where it waits for its turn
        raise TypeError("no such rule")

    def fail() -> None:
        with pytest.raises(TypeError, match="no such rule"):
            operation("twice", wrong, [lambda xp, a, out: 2.0])

    def succeed() -> None:
        checking.wait()
        operation("twice", lambda xp, a: a + a, [lambda xp, a, out: 2.0])
        other_is_done.set()

    together(fail, succeed)
    assert TABLE["twice"].forward(None, 3.0) == 6.0


# Compiled programs


def chain(x: Value, w: Value) -> Value:
    """What runs as straight-line Python."""
    for _ in range(30):
        x = (x * w).sin()
    return x


def network(x: Value, w: Value) -> Value:
    """What runs on arrays."""
    return sum([(x * (w + float(i))).tanh() * w for i in range(60)])


def huge(x: Value, w: Value) -> Value:
    """What overflows in the order of the program, so that the reference computes it."""
    return w * (x * 1e308) - 1e308 - 1e308


@pytest.mark.parametrize("f", [chain, network, huge])
def test_parameters_are_assigned_between_two_runs(f: Any) -> None:
    x, w = Value(1.0), Value(0.5)
    unused = [Value(0.0) for _ in range(200)]
    program = compile(f(x, w), [x], [w, *unused])
    batch = np.linspace(1.5, 1.7, 20)[:, None]
    sets = [np.full(201, number) for number in (0.5, 1.0)]
    expected = []
    for numbers in sets:
        program.parameters = numbers
        value, gradient = program.value_and_grad(batch)
        expected.append((program(batch).tobytes(), value, gradient.tobytes()))
    done = threading.Event()

    def run() -> set[Any]:
        found = set()
        for _ in range(150):
            found.add(program(batch).tobytes())
            value, gradient = program.value_and_grad(batch)
            found.add((value, gradient.tobytes()))
        done.set()
        return found

    def assign() -> None:
        while not done.is_set():
            for numbers in sets:
                program.parameters = numbers

    whole = {found[0] for found in expected} | {found[1:] for found in expected}
    assert together(run, assign)[0] <= whole


def test_what_is_written_back_is_read_as_one() -> None:
    leaves = [Value(0.0) for _ in range(100)]
    programs = [compile(sum(leaves), parameters=leaves) for _ in range(2)]
    for number, program in enumerate(programs):
        program.parameters = np.full(100, float(number))
    done = threading.Event()

    def write(program: Any) -> None:
        while not done.is_set():
            program.write_back()

    def read() -> set[int]:
        found = {len(set(floats_of(leaves, "read"))) for _ in range(1000)}
        done.set()
        return found

    works = [lambda program=program: write(program) for program in programs]
    assert together(read, *works)[0] == {1}
