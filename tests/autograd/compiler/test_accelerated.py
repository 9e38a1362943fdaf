"""The passes in C and in Python make the same tapes, to the bit."""

import os
import random
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.compiler import accelerated
from autograd.compiler.differentiate import (
    differentiate,
    gradient,
    lower,
    pullback,
    pushforward,
)
from autograd.compiler.group import layers
from autograd.compiler.simplify import collect_sums, fold, simplify
from autograd.compiler.tape import Tape
from autograd.compiler.trace import trace
from autograd.ops import TABLE
from tests.executors import without_native_passes
from tests.programs import random_program
from tests.strategies import graphs

pytestmark = pytest.mark.skipif(
    accelerated.NATIVE is None, reason="the passes in C are not there, or not wanted"
)

PASSES = {
    "fold": fold,
    "collect_sums": collect_sums,
    "simplify": simplify,
    "lower": lower,
    "differentiate": differentiate,
    "gradient": lambda tape: gradient(tape, parameters_of(tape)),
    "pullback": lambda tape: pullback(tape, parameters_of(tape)),
    "pushforward": lambda tape: pushforward(tape, parameters_of(tape)),
    "pushforward of one": lambda tape: pushforward(tape, parameters_of(tape), [0]),
    "by inputs": lambda tape: gradient(tape, range(tape.n_inputs)),
}


def parameters_of(tape):
    return range(tape.n_inputs, tape.n_inputs + tape.n_parameters)


def content(tape):
    """All that a tape holds, its numbers as bits."""
    arrays = (tape.codes, tape.starts, tape.operands, tape.outputs, tape.constants)
    return (
        tape.n_inputs,
        tape.n_parameters,
        [str(op) for op in tape.table],
        [(array.dtype, array.tobytes()) for array in arrays],
        None if tape.guards is None else tape.guards.tolist(),
    )


def twins(rewrite, tape):
    """What both make of a tape, an error by its name; and the tape of C, if any."""
    found = []
    made = None
    for native in (True, False):
        try:
            if native:
                made = rewrite(tape)
                made.verify()
                found.append(content(made))
            else:
                with without_native_passes():
                    found.append(content(rewrite(tape)))
        except ArithmeticError as error:
            found.append(type(error).__name__)
    return found, made


def same_layers(tape):
    """Whether both find the same depths, and the same numbers that vary."""
    native = layers(tape, tape.n_inputs)
    with without_native_passes():
        python = layers(tape, tape.n_inputs)
    return all(
        a.dtype == b.dtype and a.tolist() == b.tolist()
        for a, b in zip(native, python, strict=True)
    )


def check_all(tape):
    """Hold each pass to its twin, also over a simplified tape and a derivative."""
    simple = simplify(tape)
    second = simplify(gradient(simple, parameters_of(tape)))
    for given_tape in (tape, simple, second):
        assert same_layers(given_tape)
        for name, rewrite in PASSES.items():
            (native, python), _ = twins(rewrite, given_tape)
            assert native == python, name


def traced_alike(outputs, inputs, parameters):
    """A tape, which is recorded alike with C and without."""
    tape = trace(outputs, inputs, parameters)
    with without_native_passes():
        assert content(trace(outputs, inputs, parameters)) == content(tape)
    return tape


@given(graphs(), st.data())
def test_a_random_graph_goes_through_all_passes_alike(graph, data):
    roles = [data.draw(st.sampled_from("ipc")) for _ in graph.leaves]
    inputs = [v for v, role in zip(graph.leaves, roles, strict=True) if role == "i"]
    parameters = [v for v, role in zip(graph.leaves, roles, strict=True) if role == "p"]
    nodes = [step.node for step in graph.steps]
    outputs = [graph.root, *data.draw(st.lists(st.sampled_from(nodes), max_size=3))]
    check_all(traced_alike(outputs, inputs, parameters))


@pytest.mark.parametrize("seed", range(200))
def test_a_random_program_goes_through_all_passes_alike(seed):
    program = random_program(random.Random(seed), "float64")
    leaves = [Value(x) for x in program.numbers]
    nodes = program.run(leaves)
    outputs = [nodes[i] for i in program.outputs if isinstance(nodes[i], Value)]
    if outputs:
        inputs, parameters = (
            [leaves[i] for i in program.places(role)] for role in "ip"
        )
        check_all(traced_alike(outputs, inputs, parameters))


def test_a_graph_that_is_cut_is_recorded_alike():
    x, w = Value(2.0), Value(3.0)
    with autograd.tracing():
        root = (w * x).sqrt().detach() * w + autograd.maximum(x, 1.0)
    check_all(traced_alike([root, w * x], [x], [w]))


def test_outputs_that_are_leaves_and_operations_of_three_are_recorded_alike():
    x, w = Value(2.0), Value(3.0)
    chosen = autograd.where(x, w, 2.0)
    traced_alike([w, chosen, autograd.polygamma(x, 2), x, chosen], [x], [w])


def test_what_c_writes_is_a_tape_that_python_runs():
    x, w = Value(2.0), Value(3.0)
    tape = differentiate(simplify(trace([(w * x).sin() * 2.0], [x], [w])))
    tape.verify()
    with without_native_passes():
        same = differentiate(simplify(trace([(w * x).sin() * 2.0], [x], [w])))
    assert tape.run([0.5], [0.25]) == same.run([0.5], [0.25])
    assert not tape.operands.flags.writeable


@pytest.mark.parametrize(
    "build",
    [
        lambda x, c: c(1e200) * c(1e200) * x,  # too large: it stays an operation
        lambda x, c: x * (c(1e200) / c(1e-200)),
        lambda x, c: (c(1e300) * x) * c(1e300) * autograd.step(x),
        lambda x, c: autograd.atan2(c(0.0) * x, x) + autograd.atan2(c(-0.0), x),
        lambda x, c: x ** c(-0.0) + x ** c(0.0) + x ** c(2.0) + x ** c(0.5),
        lambda x, c: c(2.0) ** x * c(0.0) + x,
        lambda x, c: autograd.where(c(1.0), x, c(2.0)) + autograd.max([x, c(3.0), x]),
        lambda x, c: autograd.hypot(c(3.0), c(4.0)) * x * x * x,
        lambda x, c: c(1.0) / (c(2.0) * c(3.0)) * x - x / c(4.0),
    ],
)
def test_constants_are_treated_alike(build):
    x = Value(0.75)

    def large(number):
        leaf = Value(0.5)
        constants.append((leaf, number))
        return leaf

    constants = []
    root = build(x, large)
    for leaf, number in constants:  # also where eager mode would refuse the result
        leaf.data = number
    tape = trace([root], [], [x])
    for name, rewrite in PASSES.items():
        (native, python), _ = twins(rewrite, tape)
        assert native == python, name


def test_a_rule_of_constants_without_a_finite_result_is_left_to_python():
    x, tiny = Value(0.0), Value(1.0)
    root = x / tiny * x
    tiny.data = 1e-320  # its inverse is no float
    tape = trace([root], [], [x])
    assert accelerated.derive(accelerated.DIFFERENTIATE, tape, range(1)) is None
    (native, python), made = twins(differentiate, tape)
    assert native == python
    assert np.isinf(made.constants).any()


def test_an_argument_that_stands_in_several_places_has_one_derivative():
    x, y = Value(0.5), Value(0.25)
    root = autograd.logsumexp([x, y, y, x, x * y, x]) * x * x
    tape = trace([root + autograd.dot([x, x, y], [y, x, x])], [], [x, y])
    check_all(tape)


def test_a_choice_of_sixty_five_arguments_is_left_to_python():
    # No mask of arguments that are wanted has as many bits.
    name = "sum_of_many"
    n = 65
    ones = [lambda xp, *a: 1.0] * n
    add = autograd.operation(name, lambda xp, *a: xp.sum(a), ones, check=False)
    try:
        x = Value(0.5)
        tape = trace([add(*[x] * n)], [], [x])
        assert accelerated.derive(accelerated.DIFFERENTIATE, tape, range(1)) is None
        (native, python), _ = twins(differentiate, tape)
        assert native == python
    finally:
        del TABLE[name]


def test_an_error_of_a_rule_comes_through():
    def refuses(xp, a, out):
        raise KeyError("planted")

    name = "refuses"
    op = autograd.operation(name, lambda xp, a: a + 1.0, [refuses], check=False)
    try:
        x = Value(0.5)
        with pytest.raises(KeyError, match="planted"):
            differentiate(trace([op(x)], [], [x]))
    finally:
        del TABLE[name]


def test_what_is_no_tape_is_refused():
    good = trace([Value(0.5).sin()], [], [])
    for field, array in (
        ("operands", np.array([7], np.int32)),
        ("operands", np.array([-1], np.int32)),
        ("outputs", np.array([9], np.int32)),
        ("starts", np.array([0, 2], np.int64)),
    ):
        arrays = {name: getattr(good, name) for name in Tape.__slots__}
        with pytest.raises(ValueError, match="not a tape"):
            fold(Tape(**{**arrays, field: array}))


def test_a_wrong_row_planted_in_c_is_caught(monkeypatch):
    add, sub, *others = accelerated.KNOWN
    x, y = Value(0.5), Value(0.25)
    tape = trace([(x - y * x).sin()], [], [x, y])
    (native, python), _ = twins(collect_sums, tape)
    assert native == python
    monkeypatch.setattr(accelerated, "KNOWN", (sub, add, *others))
    (native, python), _ = twins(collect_sums, tape)
    assert native != python


@pytest.mark.parametrize(("wanted", "expected"), [("0", "None"), ("1", "<module")])
def test_the_environment_chooses(wanted, expected):
    code = "from autograd.compiler import accelerated; print(accelerated.NATIVE)"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "VALUEGRAD_NATIVE": wanted},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.startswith(expected)
