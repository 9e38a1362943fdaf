"""The Values in C do what those in Python do, with the same messages."""

import copy
import difflib
import gc
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

import autograd
from autograd import Constant, Value, anomaly, native, no_grad, topological_order
from autograd.ops import TABLE

ROOT = Path(__file__).parents[3]
SEEDS = int(os.environ.get("VALUEGRAD_PROGRAMS", 300))

pytestmark = pytest.mark.skipif(native.core is None, reason="it was not built")


def lines(backend: str, first: int, last: int) -> list[str]:
    """What the scenarios of some seeds print with a backend."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.autograd.native.scenario", str(first), str(last)],
        cwd=ROOT,
        env={**os.environ, "VALUEGRAD_NATIVE": backend, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_random_programs_do_the_same_with_both_backends() -> None:
    found, expected = lines("1", 0, SEEDS), lines("0", 0, SEEDS)
    assert len(expected) == 40 * SEEDS
    different = list(difflib.unified_diff(expected, found, "python", "native", n=2))
    assert not different, "\n".join(different[:40])


def test_the_backend_is_named() -> None:
    assert autograd.backend == "native"
    named = subprocess.run(
        [sys.executable, "-c", "import autograd; print(autograd.backend)"],
        cwd=ROOT,
        env={**os.environ, "VALUEGRAD_NATIVE": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert named.stdout == "python\n"


def step(w: Value) -> None:
    """What a program may do in a step: it records, sweeps, fails, copies and drops."""
    y = (w * 2.0 + 1).tanh() * [w.exp(), 3][0] - autograd.dot([w, y0], [1.0, w])
    y.backward()
    y.register_hook(lambda gradient: 2.0 * gradient).remove()
    (w.lgamma() + autograd.hypot(y, w)).backward()  # these have no rules in C
    z = autograd.max([y, w, 2.0]).clip(-1.0, w)
    z.register_hook(lambda gradient: None)
    z.backward()
    odd = Value(1.0, f"a label of its own: {y.data}")
    odd.data = f"a text of its own: {y.data}"
    odd.grad = [y.data]
    w.label = f"another one: {y.data}"
    w.grad = None
    w.zero_grad()
    for refused in (
        lambda: (w - w).log(),
        lambda: w + "a",
        lambda: (w - w).sqrt().backward(),
        lambda: w.leaky_relu(1.0, 2.0),
        lambda: Value("b"),
        lambda: Value(1.0, 2),
        lambda: topological_order(w, 3.0),
        lambda: copy.copy(y),
    ):
        with pytest.raises((ArithmeticError, ValueError, TypeError)):
            refused()
    w.data = "d"
    with pytest.raises(TypeError):
        w + 1
    w.data = 0.5
    copy.deepcopy(w)
    with anomaly():
        (w * w).backward()
    with no_grad():
        w * w


y0 = Value(0.25)


def test_steps_leave_nothing_behind() -> None:
    w = Value(0.5)
    n_steps = int(os.environ.get("VALUEGRAD_PROGRAMS", 2000))
    tracemalloc.start()
    for _ in range(1000):  # until Python's own free lists are full
        step(w)
    gc.collect()
    rows = [TABLE[name] for name in ("mul", "tanh", "dot", "clip")]
    values = native.core.count()
    counts = [sys.getrefcount(thing) for thing in [None, *rows, w, y0, Value]]
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(n_steps):
            step(w)
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert native.core.count() == values
    found = [sys.getrefcount(thing) for thing in [None, *rows, w, y0, Value]]
    # None is counted by whatever else is going on.
    assert [b - a for a, b in zip(counts, found, strict=True)][1:] == [0] * 7
    assert abs(found[0] - counts[0]) < n_steps
    # Anything that a step leaves takes 16 bytes or more.
    assert after - before < 8 * n_steps


class Named(Value):
    """A Value with attributes of its own, which may refer to it."""


class Two(Constant):
    def __init__(self) -> None:
        super().__init__(2.0)


def test_subclasses_compute_and_are_freed_by_the_collector() -> None:
    gc.collect()
    before = native.core.count()
    x = Named(3.0)
    x.other = [x]
    y = x * Two() + x
    y.backward()
    assert (y.data, x.grad, type(y)) == (9.0, 3.0, Value)
    del x, y
    gc.collect()
    assert native.core.count() == before


def test_a_value_takes_64_bytes_and_is_not_tracked() -> None:
    assert sys.getsizeof(Value(1.0)) == 64
    assert not gc.is_tracked(Value(1.0) * 2.0)
