"""The machine that runs tapes gives what straight-line Python gives, bit for bit."""

import functools
import math
import random
import sys
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import Value, compile
from autograd.apply import variadic
from autograd.arithmetic import Floats
from autograd.compiler.differentiate import differentiate, lower
from autograd.compiler.run_python import StraightLine
from autograd.compiler.run_tape import TapeExecutor, can_run_tape, machine
from autograd.compiler.simplify import simplify
from autograd.compiler.tape import Tape
from autograd.compiler.trace import trace
from autograd.ops import TABLE
from tests.programs import random_program

pytestmark = pytest.mark.skipif(machine is None, reason="it was not built")

APPROXIMATE = {"hypot", "lgamma", "polygamma", "sinc_derivative", "pow_derivative"}
"""What Python computes by algorithms of its own."""


def native(tape: Tape, dtype="float64"):
    return TapeExecutor(tape, np.zeros(tape.n_parameters, dtype)).compiled(tape)


def rows_of(run, tape: Tape, batch, parameters=()):
    """The outputs of each example, as bits; None where they are no result."""
    batch = np.array(batch, np.float64).reshape(len(batch), tape.n_inputs)
    outputs = np.full((len(batch), len(tape.outputs)), math.nan)
    finite = np.empty(len(batch), np.bool_)
    run.rows(batch, np.array(parameters, np.float64), outputs, finite)
    return [
        row.tobytes() if good and np.isfinite(row).all() else None
        for row, good in zip(outputs, finite, strict=True)
    ]


def mean_of(run, tape: Tape, batch, parameters=()):
    batch = np.array(batch, np.float64).reshape(len(batch), tape.n_inputs)
    outputs = np.empty(len(tape.outputs))
    good = run.mean(batch, np.array(parameters, np.float64), outputs)
    return outputs.tobytes() if good and np.isfinite(outputs).all() else None


def assert_same(tape: Tape, batch, parameters=(), dtype="float64"):
    here, there = native(tape, dtype), StraightLine(tape, np.dtype(dtype))
    expected = rows_of(there, tape, batch, parameters)
    assert rows_of(here, tape, batch, parameters) == expected
    assert mean_of(here, tape, batch, parameters) == mean_of(
        there, tape, batch, parameters
    )


BASIC = ["add", "sub", "mul", "neg", "add", "sub", "mul"]
FUNCTIONS = [
    *["div", "sqrt", "exp", "log", "tan", "tanh", "sigmoid", "atan2", "pow"],
    *["maximum", "where", "greater", "step", "abs", "floor", "sum", "dot", "max"],
    *["min", "logsumexp", "tanh_slope", "softplus", "erf", "mod"],
]


@st.composite
def tapes(draw, names, constants=(0.5, 2.0, 0.0)):
    """Tapes in which numbers are used near by, so that much is used once."""
    choose = draw(st.randoms(use_true_random=False))
    first = 3 + len(constants)
    last = first + choose.randint(1, 40)
    instructions = []
    for number in range(first, last):
        op = TABLE[choose.choice(names)]
        arity = op.arity or 2 * choose.randint(1, 4)
        near = [max(0, number - choose.choice((1, 1, 2, 3, 9))) for _ in range(arity)]
        instructions.append((op, tuple(near)))
    outputs = [last - 1, *choose.sample(range(last), choose.randint(0, 3))]
    guards = None
    if choose.random() < 0.5:
        guards = [i for i in range(first, last) if choose.random() < 0.5]
    tape = Tape.of(2, 1, constants, instructions, outputs, guards)
    tape.verify()
    return tape


NUMBERS = st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, 0.5, 3.0, 1e-200, -1e160, 710.0, 1e308]
)
EXAMPLES = st.lists(
    st.tuples(*[NUMBERS | st.floats(-3.0, 3.0)] * 2), min_size=1, max_size=19
)


@settings(max_examples=300)
@given(tapes(BASIC), EXAMPLES, NUMBERS)
def test_sums_and_products_have_the_bits_of_python(tape, batch, parameter):
    assert_same(tape, batch, [parameter])


@settings(max_examples=500)
@given(tapes(BASIC + FUNCTIONS), EXAMPLES, NUMBERS)
def test_functions_have_the_bits_of_python_and_its_refusals(tape, batch, parameter):
    assert_same(tape, batch, [parameter])


@pytest.mark.parametrize(
    ("name", "x"), [("mul", 1e200), ("exp", 1000.0), ("cosh", -1000.0)]
)
@pytest.mark.parametrize("last", ["div", "atan", "maximum", "tanh", "exp"])
def test_what_is_infinite_is_seen_where_what_follows_is_finite(name, x, last):
    first, neg, op = TABLE[name], TABLE["neg"], TABLE[last]
    # 3 is infinite, 4 is it with the other sign, and the last is finite.
    follows = {"div": (2, 3), "maximum": (4, 2), "exp": (4,)}.get(last, (3,))
    instructions = [(first, (0,) * first.arity), (neg, (3,)), (op, follows)]
    if 4 not in follows:
        del instructions[1]
    tape = Tape.of(1, 1, [1.0], instructions, [2 + len(instructions)])
    assert_same(tape, [[x], [0.5], [x]] * 3, [0.0])
    assert rows_of(native(tape), tape, [[x]], [0.0]) == [None]


@pytest.mark.parametrize("wrong", [math.nan, math.inf])
def test_a_number_that_is_not_finite_counts_where_nothing_reads_it(wrong):
    tape = Tape.of(2, 2, [], [(TABLE["mul"], (0, 2))], [4])
    run = native(tape)
    for n in (1, 11):
        batch = [[1.0, 2.0]] * (n - 1) + [[1.0, wrong]]
        found = rows_of(run, tape, batch, [1.0, 1.0])
        assert [row is None for row in found] == [False] * (n - 1) + [True]
        found = rows_of(run, tape, [[1.0, 2.0]] * n, [1.0, wrong])
        assert found == [None] * n


@settings(max_examples=200)
@given(tapes([*BASIC, "sin", "cos", "sin", "cos", "div"]), EXAMPLES, NUMBERS)
def test_sines_and_cosines_have_them_example_by_example(tape, batch, parameter):
    for example in batch:
        assert_same(tape, [example], [parameter])


FAR = [1e5 * math.pi, 2.0**17, -(2.0**40), 1e300, math.inf, -math.inf]


@settings(max_examples=300)
@given(st.lists(st.floats(-131000.0, 131000.0) | st.floats(-9.0, 9.0), min_size=8))
def test_sines_of_several_examples_are_right_to_the_last_digit(numbers):
    numbers += [0.0, -0.0, 5e-324, -1e-310, *[k * math.pi / 4 for k in range(-9, 9)]]
    sin, cos = TABLE["sin"], TABLE["cos"]
    # Both of one number, and one of another.
    instructions = [(sin, (0,)), (cos, (0,)), (cos, (1,)), (sin, (2,))]
    tape = Tape.of(1, 0, [], instructions, [1, 2, 3, 4], [])
    for batch in (numbers, [*numbers, *FAR]):
        # They differ where the last digit is nearly a half, of either side.
        for x, row in zip(
            batch, rows_of(native(tape), tape, [[x] for x in batch]), strict=True
        ):
            if math.isinf(x):
                assert row is None
                continue
            sine, cosine, of_sine, of_cosine = np.frombuffer(row).tolist()
            for found, expected in (
                (sine, math.sin(x)),
                (cosine, math.cos(x)),
                (of_sine, math.cos(sine)),
                (of_cosine, math.sin(cosine)),
            ):
                assert abs(found - expected) <= math.ulp(expected)
                assert math.copysign(1.0, found) == math.copysign(1.0, expected)


@settings(max_examples=200)
@given(tapes(BASIC + FUNCTIONS), EXAMPLES, NUMBERS)
def test_the_range_of_single_precision_is_held_to(tape, batch, parameter):
    assert_same(tape, batch, [parameter], "float32")


@settings(max_examples=200)
@given(tapes(BASIC + FUNCTIONS, (math.inf, -math.inf, 2.0)), EXAMPLES, NUMBERS)
def test_with_infinite_constants_it_refuses_rather_too_much(tape, batch, parameter):
    found = rows_of(native(tape), tape, batch, [parameter])
    expected = rows_of(
        StraightLine(tape, np.dtype("float64")), tape, batch, [parameter]
    )
    for row, known in zip(found, expected, strict=True):
        if row is not None:
            assert row == known


def test_what_is_masked_out_by_an_infinity_is_computed():
    x = [Value(0.5), Value(1.5)]
    masked = variadic("logsumexp")(*x, -math.inf) + x[0]
    tape = lower(simplify(trace([masked], x, [])))
    assert -math.inf in tape.constants
    assert_same(tape, [[0.5, 1.5], [-3.0, 2.0]])
    assert None not in rows_of(native(tape), tape, [[0.5, 1.5]])


@pytest.mark.parametrize("seed", range(150))
def test_whole_programs_and_gradients_have_the_bits_of_python(seed):
    program = random_program(random.Random(seed), "float64")
    leaves = [Value(x) for x in program.numbers]
    inputs = [leaves[i] for i in program.places("i")]
    parameters = [leaves[i] for i in program.places("p")]
    nodes = program.run(program.leaves(parameters, inputs))
    outputs = [nodes[i] for i in program.outputs if isinstance(nodes[i], Value)]
    if not outputs:
        return
    tape = simplify(trace(outputs, inputs, parameters))
    numbers = [v.data for v in parameters]
    batch = [[v.data * (1.0 + k / 64) for v in inputs] for k in range(11)]
    for form in (lower, differentiate):
        lowered = form(tape)
        if {"sin", "cos"} & {op.name for op in lowered.table}:
            batch = batch[:1]
        if not APPROXIMATE & {op.name for op in lowered.table}:
            assert_same(lowered, batch, numbers)


@settings(max_examples=300)
@given(
    st.floats(1e-3, 40.0), st.floats(-4.0, 4.0), st.integers(0, 5), st.integers(0, 3)
)
def test_what_python_computes_in_its_own_way_agrees_to_its_accuracy(a, b, i, j):
    cases = [
        (TABLE["hypot"], (a, b)),
        (TABLE["lgamma"], (a,)),
        (TABLE["polygamma"].at(i), (a,)),
        (TABLE["sinc_derivative"].at(i), (b,)),
        (TABLE["pow_derivative"].at(i, j), (a, b)),
        (TABLE["pow_derivative"].at(i, j), (0.0, b)),
    ]
    for op, args in cases:
        tape = Tape.of(len(args), 0, [], [(op, (*range(len(args)),))], [len(args)])
        (found,) = rows_of(native(tape), tape, [args])
        try:
            expected = op.forward(Floats, *args)
        except (ValueError, ArithmeticError):
            assert found is None, op
            continue
        # Near a zero of the function, an error of the size of what it is a sum of.
        allowed = pytest.approx(expected, rel=1e-12, abs=1e-13)
        assert np.frombuffer(found)[0] == allowed, op


def test_every_primitive_is_known():
    primitives = [op for op in TABLE.values() if op.primitive]
    ops = [op.at(*[1] * op.n_static) for op in primitives]
    assert can_run_tape(Tape.of(0, 0, [0.5], [(op, (0,)) for op in ops], []))


def recurrence(n):
    x, w = Value(0.3), Value(3.1)
    state = x
    for _ in range(n):
        state = w * state * (1.0 - state) + 0.001 * state.sin()
    return simplify(trace([state], [x], [w]))


def test_memory_is_proportional_to_the_tape_and_places_are_used_again():
    short, long = (differentiate(recurrence(n)) for n in (200, 2000))
    small, large = native(short), native(long)
    assert len(large) == pytest.approx(10 * len(small), rel=0.05)
    assert large.n_places < 0.4 * (len(long) + long.n_leaves)
    assert native(lower(recurrence(2000))).n_places < 20


def test_others_run_in_the_meantime():
    tape = differentiate(recurrence(2000))
    run, batch = native(tape), np.full((2000, 1), 0.3)
    outputs, done = np.empty(len(tape.outputs)), []
    entered = threading.Event()

    def work():
        entered.set()
        run.mean(batch, np.array([3.1]), outputs)
        done.append(True)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000.0)  # nobody is made to let others run
    try:
        thread = threading.Thread(target=work)
        thread.start()
        entered.wait()
        was_running = not done
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert was_running


def test_threads_share_a_tape():
    tape = differentiate(recurrence(500))
    run = native(tape)
    batches = [np.full((9, 1), 0.1 + 0.01 * k) for k in range(8)]
    expected = [mean_of(run, tape, batch, [3.1]) for batch in batches]
    wrong = []

    def work(k):
        for _ in range(20):
            if mean_of(run, tape, batches[k], [3.1]) != expected[k]:
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def made(**changes):
    """A tape of two operations, x0 · x1 + x0, or one that is changed."""
    arrays = {
        "n_inputs": 2,
        "n_parameters": 0,
        "constants": np.empty(0),
        "codes": np.array([machine.codes["mul"], machine.codes["add"]], np.int32),
        "at": np.zeros(4, np.int32),
        "ops": np.array([0, 1], np.int32),
        "starts": np.array([0, 2, 4], np.int64),
        "operands": np.array([0, 1, 2, 0], np.int32),
        "outputs": np.array([3], np.int32),
        "guards": None,
        "single": False,
    }
    return machine.Tape(*(arrays | changes).values())


def integers(*numbers):
    return np.array(numbers, np.int32)


@pytest.mark.parametrize(
    "changes",
    [
        {"n_inputs": -1},
        {"operands": integers(0, 1, 3, 0)},
        {"operands": integers(0, -1, 2, 0)},
        {"operands": integers(0, 1, 2)},
        {"outputs": integers(4)},
        {"outputs": integers(-1)},
        {"codes": integers(0, 1000)},
        {"codes": integers(-1, 0)},
        {"ops": integers(0, 2)},
        {"ops": integers(0, -1)},
        {"ops": integers(0)},
        {"at": integers(0)},
        {"starts": np.array([0, 1, 4])},
        {"starts": np.array([0, 5, 4])},
        {"starts": np.array([2, 2, 4])},
    ],
    ids=str,
)
def test_what_is_no_tape_is_refused(changes):
    assert len(made()) > 0
    with pytest.raises(ValueError, match="Tape: "):
        made(**changes)


def test_arrays_of_other_shapes_are_refused():
    run = made()
    batch, parameters = np.ones((3, 2)), np.empty(0)
    outputs, finite = np.empty((3, 1)), np.empty(3, np.bool_)
    run.rows(batch, parameters, outputs, finite)
    assert outputs.tolist() == [[2.0]] * 3
    for wrong in (
        (np.ones((3, 1)), parameters, outputs, finite),
        (np.ones((0, 2)), parameters, outputs, finite),
        (batch, np.ones(1), outputs, finite),
        (batch, parameters, np.empty((2, 1)), finite),
        (batch, parameters, outputs, np.empty(2, np.bool_)),
    ):
        with pytest.raises(ValueError, match="shapes"):
            run.rows(*wrong)
    with pytest.raises(TypeError, match="4 arrays"):
        run.rows(batch)
    with pytest.raises((ValueError, BufferError)):
        run.rows(batch.T, parameters, outputs, finite)


def test_a_program_says_that_it_runs_as_a_tape():
    state, w = Value(0.5), Value(0.9)
    program = compile(
        functools.reduce(lambda y, _: y * w, range(20), state), [state], [w]
    )
    assert "runs natively as a tape (20 operations)" in str(program)
