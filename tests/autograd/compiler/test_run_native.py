"""Steps that are joined do what NumPy does one by one, on the same arrays."""

import gc
import importlib.util
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nn
from autograd import Value, compile
from autograd.compiler import run_native as native
from autograd.compiler.costs import FEW_COPIES
from autograd.compiler.run_native import move
from autograd.compiler.run_numpy import call
from autograd.compiler.steps import Kind, Step, copy

loops = pytest.importorskip(
    "autograd.compiler._loops", reason="the native part needs a C compiler"
)
scatter = pytest.importorskip(
    "autograd.native._scatter", reason="the native part needs a C compiler"
)
RNG = np.random.default_rng(0)
DTYPES = [np.float64, np.float32]


def numbers(*shape, dtype=np.float64):
    return RNG.uniform(0.5, 2.0, shape).astype(dtype)


def mapped(ufunc, *arrays):
    """The step of an operation on each number; the last array is written."""
    *inputs, out = arrays
    return Step(Kind.MAP, ufunc, tuple(map(np.asarray, inputs)), out)


def times(left, right, out):
    return Step(Kind.PRODUCT, np.matmul, (left, right), out)


def joined(steps, moving=None):
    return native.joined(steps, np.empty(1) if moving is None else moving)


def results(steps, out):
    """What the steps write, one by one and joined, and what they were joined to."""
    out[...] = np.nan
    for step in steps:
        call(step)()
    expected = out.copy()
    out[...] = np.nan
    runs = joined(steps)
    for run in runs:
        run()
    return expected, out, runs


def is_native(runs):
    return [type(run) for run in runs] == [loops.Run]


UNARY = ["negative", "exp", "log", "tanh", "sqrt", "reciprocal", "absolute", "sign"]
BINARY = ["subtract", "divide", "power", "maximum", "minimum", "hypot", "heaviside"]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
@pytest.mark.parametrize("shape", [(), (1, 1), (7, 1), (5, 33), (2, 3, 20)])
def test_an_operation_gives_the_same_bits(name, shape, dtype):
    ufunc = getattr(np, name)
    args = [numbers(*shape, dtype=dtype) for _ in range(ufunc.nin)]
    out = np.empty(shape, dtype)
    expected, found, runs = results([mapped(ufunc, *args, out)], out)
    assert is_native(runs)
    assert found.tolist() == expected.tolist()


@st.composite
def views(draw, shape):
    """An array of this shape: whole, turned, of every other number, or repeated."""
    kind = draw(st.sampled_from(["whole", "turned", "strided", "repeated", "number"]))
    if kind == "turned":
        return numbers(*shape[::-1]).T
    if kind == "strided":
        return numbers(*[2 * n for n in shape])[
            tuple(slice(None, None, 2) for _ in shape)
        ]
    if kind == "repeated":
        return numbers(*[draw(st.sampled_from([1, n])) for n in shape])
    return numbers(*shape) if kind == "whole" else draw(st.floats(0.5, 2))


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
@given(data=st.data())
def test_arrays_may_lie_in_memory_as_they_like(name, data):
    shape = tuple(data.draw(st.lists(st.integers(1, 20), min_size=1, max_size=4)))
    out = np.empty(shape)
    if data.draw(st.booleans()):
        out = np.empty(shape[::-1]).T
    ufunc = getattr(np, name)
    args = [data.draw(views(shape)) for _ in range(ufunc.nin)]
    (run,) = joined([mapped(ufunc, *args, out)])
    run()
    # In one piece, in which NumPy itself is right.
    args = [np.array(np.broadcast_to(arg, shape)) for arg in args]
    assert out.tolist() == ufunc(*args).tolist()


def test_what_is_negated_is_right_where_numpy_is_not():
    xs = [Value(0.0) for _ in range(40)]
    program = compile([-x for x in xs[::2]], xs)
    batch = numbers(4, 40)
    assert program(batch).tolist() == (-batch[:, ::2]).tolist()


def test_an_operation_may_write_where_it_reads():
    a = np.arange(1.0, 31.0).reshape(10, 3)
    (run,) = joined([mapped(np.multiply, a, a, a), mapped(np.add, a, 1.0, a)])
    run()
    assert a.tolist() == (np.arange(1.0, 31.0).reshape(10, 3) ** 2 + 1).tolist()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ufunc", [np.add, np.multiply, np.maximum, np.minimum])
@pytest.mark.parametrize(
    "shape", [(9,), (1, 4), (9, 1), (9, 1, 1), (5, 40), (30, 4, 3)]
)
def test_a_reduction_is_over_the_first_axis(ufunc, shape, dtype):
    stack, out = numbers(*shape, dtype=dtype), np.empty(shape[1:], dtype)
    expected, found, runs = results([Step(Kind.REDUCE, ufunc, (stack,), out)], out)
    assert is_native(runs)
    # Sums of up to 30 positive numbers, in another order: 30 roundings.
    assert found == pytest.approx(expected, rel=30 * float(np.finfo(dtype).eps))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("left", "right"),
    [((4, 5), (5, 6)), ((4, 1), (1, 6)), ((1, 5), (5, 1)), ((40, 30), (30, 1))],
)
@pytest.mark.parametrize("turned", [False, True])
def test_a_product_is_that_of_matrices(left, right, turned, dtype):
    a, b = numbers(*left, dtype=dtype), numbers(*right, dtype=dtype)
    if turned:
        a, b = a.T.copy().T, b.T.copy().T
    out = np.empty((left[0], right[1]), dtype)
    expected, found, runs = results([times(a, b, out)], out)
    assert is_native(runs)
    # Sums of up to 30 positive numbers, in another order: 30 roundings.
    assert found == pytest.approx(expected, rel=30 * float(np.finfo(dtype).eps))


def test_a_vector_is_a_row_on_the_left_and_a_column_on_the_right():
    a, b, M = np.arange(3.0), np.arange(4.0), numbers(3, 4)
    row, column, number = np.empty(4), np.empty(3), np.empty(())
    (run,) = joined([times(a, M, row), times(M, b, column), times(a, a, number)])
    run()
    assert row == pytest.approx(a @ M)
    assert column == pytest.approx(M @ b)
    assert number == 5.0


@pytest.mark.parametrize(
    "rows",
    [
        [3],
        [0, 1, 2],
        [5, 4, 3],
        [2, 2, 2, 7, 8, 0],
        range(0, 2 * FEW_COPIES, 2),
        range(0, 100, 2),
    ],
)
def test_rows_are_gathered_from_here_and_there(rows):
    data, rows = numbers(100, 3), np.array(rows)
    out = np.empty((len(rows), 3))
    step = Step(Kind.GATHER, None, (data,), out, rows)
    expected, found, runs = results([step], out)
    assert is_native(runs) == (len(rows) <= FEW_COPIES)
    assert found.tolist() == expected.tolist()


def test_a_copy_repeats_what_is_smaller():
    out = np.empty((3, 4))
    for source in (numbers(3, 4), numbers(4), numbers(3, 1), np.array(2.0)):
        expected, found, runs = results([copy(out, source)], out)
        assert is_native(runs)
        assert found.tolist() == expected.tolist()


def test_what_has_no_loop_stays_a_call_in_its_place():
    a, b = numbers(5), np.empty(5)
    slow = np.frompyfunc(lambda x: x + 1.0, 1, 1)
    steps = [
        mapped(np.negative, a, b),
        mapped(np.negative, b, b),
        Step(Kind.OBJECTS, slow, (b,), b),
        mapped(np.negative, b, b),
    ]
    expected, found, runs = results(steps, b)
    assert [type(run) is loops.Run for run in runs] == [True, False, True]
    assert [len(runs[0]), len(runs[2])] == [2, 1]
    assert found.tolist() == expected.tolist() == (-(a + 1.0)).tolist()


@pytest.mark.parametrize(
    "step",
    [
        mapped(np.add, numbers(3), numbers(3, dtype=np.float32), np.empty(3)),
        Step(
            Kind.CHOOSE,
            np.where,
            (np.array([True, False, True]), numbers(3), numbers(3)),
            np.empty(3),
        ),
        times(numbers(2, 3, 4), numbers(4, 1), np.empty((2, 3, 1))),
        Step(Kind.SEGMENTS, np.add, (numbers(4, 1),), np.empty((2, 1)), [0, 2]),
        Step(Kind.PUT, None, (numbers(2, 1),), np.empty((4, 1)), np.array([3, 0])),
        Step(Kind.ADD, None, (numbers(2, 1),), np.ones((4, 1)), np.array([3, 0])),
        mapped(np.add, np.empty((0, 3)), 1.0, np.empty((0, 3))),
        mapped(np.add, *[numbers(4, 4, 4, 4, 4)[(slice(None, None, 2),) * 5]] * 3),
    ],
)
def test_what_cannot_be_run_stays_a_call(step):
    (run,) = joined([step])
    assert type(run) is not loops.Run
    run()


@pytest.mark.parametrize(
    "steps",
    [
        None,
        [],
        ("no tuple",),
        ((),),
        ((np.add,),),
        ((np.add, 1.0, 2.0, 3.0),),
        ((np.add, np.ones(3), np.ones(3)),),
        ((np.add, np.ones(3), np.ones(4), np.ones(3)),),
        ((np.add, np.ones(3), np.ones((3, 1)), np.ones(3)),),
        ((np.add, *[np.ones(3)] * 9),),
        ((np.add, np.ones(3), np.ones(3), np.broadcast_to(np.ones(1), 3)),),
        ((np.add, np.ones(3), np.ones(3), np.ones(3).astype(">f8")),),
        ((np.matmul, np.ones((2, 3)), np.ones((2, 3)), np.ones((2, 3))),),
        ((np.matmul, np.ones((2, 3)), np.ones((3, 2)), np.ones((2, 3))),),
        ((np.matmul, np.ones(3), np.ones(3), np.ones(3)),),
        ((np.frompyfunc(abs, 1, 1), np.ones(3), np.ones(3)),),
        ((np.negative, np.ones(3, object), np.ones(3, object)),),
        ((np.power, np.arange(3), np.arange(3), np.arange(3)),),
        ((np.linalg._umath_linalg.inv, np.eye(3), np.eye(3)),),
        ((np.exp, np.array(["a"]), np.ones(1)),),
        ((len, np.ones(3), np.ones(3)),),
        ((np.exp, np.ma.masked_array([1.0], [True]), np.ones(1)),),
    ],
)
def test_a_run_refuses_what_it_cannot_run(steps):
    with pytest.raises(TypeError):
        loops.Run(steps)


SQUARE = np.arange(1.0, 10.0).reshape(3, 3)


@pytest.mark.parametrize(
    ("ufunc", "inputs", "out"),
    [
        (np.exp, [SQUARE[1:]], SQUARE[:-1]),
        (np.add, [SQUARE[0], SQUARE[1]], SQUARE.ravel()[1:4]),
        (np.add, [SQUARE, SQUARE.T], SQUARE),
        (np.exp, [SQUARE[::-1]], SQUARE),
        (np.signbit, [SQUARE], SQUARE.view(bool)[:, ::8]),
        (np.matmul, [SQUARE, np.eye(3)], SQUARE),
        (np.divmod, [np.ones(3), np.ones(3)], [SQUARE[0], SQUARE[0]]),
    ],
)
def test_a_run_refuses_to_write_over_what_it_still_reads(ufunc, inputs, out):
    outputs = out if isinstance(out, list) else [out]
    with pytest.raises(TypeError, match="no loop"):
        loops.Run(((ufunc, *inputs, *outputs),))
    elsewhere = [each.copy() for each in outputs]
    assert len(loops.Run(((ufunc, *map(np.copy, inputs), *elsewhere),))) == 1


def test_rows_between_each_other_do_not_overlap():
    table = numbers(8, 5)
    expected = table[1::2] * table[::2]
    (run,) = joined([mapped(np.multiply, table[1::2], table[::2], table[::2])])
    run()
    assert type(run) is loops.Run
    assert table[::2].tolist() == expected.tolist()


def test_a_program_says_that_it_runs_natively():
    x, w = Value(0.5), Value(2.0)
    program = compile((x * w).tanh(), [x], [w])
    assert "natively as 2 array instructions" in str(program)


def test_a_program_of_usual_operations_is_two_runs():
    model = nn.MLP(8, [5, 3], "sigmoid", seed=0)
    inputs, targets = [Value(0.5) for _ in range(8)], [Value(0.1) for _ in range(3)]
    loss = nn.cross_entropy(model(inputs), targets)
    program = compile(loss, [*inputs, *targets], model.parameters())
    program._run.arrays.value_and_grad(np.ones((4, 11)))
    buffers = program._run.arrays._buffers[4]
    assert is_native(buffers.forward_calls)
    assert is_native(buffers.backward_calls)


def test_what_reads_an_array_that_moves_reads_where_it_is():
    here, weights, out = numbers(6, 4), numbers(3, 2), np.empty((3, 6))
    mixed = np.empty((6, 2))
    steps = [
        times(weights, here.T[1:3], out),
        mapped(np.subtract, here[:, :2], here[:, 2:], mixed),
    ]
    (run,) = runs = joined(steps, here)
    for there in (numbers(6, 4), numbers(6, 4), here):
        move(runs, there)
        run()
        assert out == pytest.approx(weights @ there[:, 1:3].T)
        assert mixed.tolist() == (there[:, :2] - there[:, 2:]).tolist()


def test_an_array_that_moved_is_kept_until_the_next_one_comes():
    here, out = np.zeros((1000, 2)), np.empty((1000, 2))
    runs = joined([mapped(np.exp, here, out)], here)
    move(runs, np.full((1000, 2), 2.0))
    noise = [np.ones((1000, 2)) for _ in range(100)]
    runs[0]()
    assert out.tolist() == np.exp(np.full((1000, 2), 2.0)).tolist()
    del noise


@pytest.mark.parametrize(
    "there",
    [
        np.ones((3, 2)),
        np.ones((2, 3), np.float32),
        np.ones((3, 2)).T,
        np.ones((2, 6))[:, ::2],
        np.ones(7, np.uint8).view()[:0],
        np.ones((2, 3)).tolist(),
        None,
    ],
)
def test_an_array_of_another_kind_is_not_moved_to(there):
    here, out = np.ones((2, 3)), np.empty((2, 3))
    (run,) = joined([mapped(np.exp, here, out)], here)
    with pytest.raises(TypeError, match="the same shape, type and order"):
        run.move(there)
    with pytest.raises(TypeError, match="the same shape, type and order"):
        loops.Run(()).move(here)
    with pytest.raises(TypeError, match="in one piece"):
        loops.Run((), np.ones((3, 2)).T)


@pytest.mark.parametrize("n", [1, 3, 200])
@pytest.mark.parametrize("dtype", DTYPES)
def test_a_batch_may_lie_in_memory_as_it_likes(n, dtype):
    model = nn.MLP(8, [5, 3], "sigmoid", seed=0)
    inputs = [Value(0.5) for _ in range(8)]
    loss = nn.cross_entropy(model(inputs), 1)
    program = compile(loss, inputs, model.parameters(), dtype=dtype)
    wide = numbers(2 * n, 16, dtype=dtype)
    whole = wide[::2, ::2].copy()
    raw = np.empty(whole.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(dtype).reshape(n, 8)
    unaligned[...] = whole
    expected = program.value_and_grad(whole)
    for batch in (wide[::2, ::2], whole.T.copy().T, unaligned):
        value, gradient = program.value_and_grad(batch)
        assert value == expected[0]
        assert gradient.tolist() == expected[1].tolist()


def test_a_run_is_made_of_runs():
    here, there, out = np.zeros(3), np.ones(3), np.empty(3)
    parts = loops.Run(((np.exp, here, out), (np.negative, out, out))), loops.Run(())
    run = loops.Run((*parts, (np.add, out, here, out)), here)
    del parts
    gc.collect()
    run.move(there)
    run()
    assert len(run) == 3
    assert out.tolist() == (1.0 - np.exp(there)).tolist()
    with pytest.raises(TypeError, match="no part of another"):
        loops.Run((run,))


def test_what_moves_is_not_written():
    here = np.ones((2, 3))
    with pytest.raises(TypeError, match="must not be written"):
        loops.Run(((np.exp, np.ones(3), here[1]),), here)


def test_nothing_moves_while_a_run_is_going_on():
    n = 200_000  # so that a run takes longer than a thread takes to wake up
    here, there, out = np.zeros(n), np.ones(n), np.empty(n)
    halves = slice(0, n // 2), slice(n // 2, n)
    run = loops.Run(tuple((np.exp, here[half], out[half]) for half in halves), here)
    done = threading.Event()

    def move_about():
        while not done.is_set():
            run.move(there)
            run.move(here)

    mover = threading.Thread(target=move_about)
    mover.start()
    mixed = 0
    for _ in range(150):
        run()
        mixed += out[0] != out[-1]
    done.set()
    mover.join()
    assert mixed == 0


def test_the_module_is_made_anew_each_time_it_is_asked_for():
    spec = importlib.util.find_spec(loops.__name__)
    other = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(other)
    assert other.Run is not loops.Run
    out = np.empty(3)
    other.Run(((np.exp, np.zeros(3), out),))()
    assert out.tolist() == [1.0, 1.0, 1.0]


def test_where_numpy_gives_no_loops_the_module_is_not_there(monkeypatch):
    spec = importlib.util.find_spec(loops.__name__)
    monkeypatch.setattr(np, "add", np.frompyfunc(lambda a, b: a + b, 2, 1))
    with pytest.raises(ImportError, match="no loops"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_a_run_takes_no_arguments():
    run = loops.Run(())
    assert run() is None
    assert len(run) == 0
    with pytest.raises(TypeError, match="takes no arguments"):
        run(1)


def test_a_run_keeps_its_arrays_alive():
    source, out = numbers(1000), np.empty(1000)
    expected = np.negative(source).tolist()
    run = loops.Run(((np.negative, source.copy(), out),))
    gc.collect()
    noise = [numbers(1000) for _ in range(100)]
    run()
    assert out.tolist() == expected
    del noise


MOVES = [Kind.GATHER, Kind.PUT, Kind.ADD, Kind.SEGMENTS]


@st.composite
def moves(draw):
    """A step on rows here and there, and what its result was before."""
    kind = draw(st.sampled_from(MOVES))
    dtype = draw(st.sampled_from(DTYPES))
    n, there, width = (draw(st.integers(1, 60)) for _ in range(3))
    width = draw(st.sampled_from([1, width]))
    if kind is not Kind.GATHER:
        n = min(n, there)
    rows = RNG.permutation(there)[:n]
    if kind is Kind.GATHER:
        rows = RNG.integers(0, there, n)
    if kind is Kind.SEGMENTS:
        rows = np.sort(rows)
    reads = kind in (Kind.GATHER, Kind.SEGMENTS)
    source = numbers(there if reads else n, width, dtype=dtype)
    out = numbers(n if reads else there, width, dtype=dtype)
    if draw(st.booleans()):  # a part of a larger one
        source = np.hstack([source, source])[:, :width]
        out = np.hstack([out, out])[:, :width]
    return Step(kind, np.add, (source,), out, rows.astype(np.intp))


@given(moves())
def test_rows_here_and_there_are_moved_as_by_numpy(step):
    before = step.out.copy()
    call(step)()
    expected = step.out.copy()
    step.out[...] = before
    (move,) = joined([step])
    assert type(move) in (scatter.Move, loops.Run)
    move()
    # Sums of up to 60 numbers, in another order than NumPy's by pairs.
    tolerance = 60 * np.finfo(step.out.dtype).eps if step.kind is Kind.SEGMENTS else 0
    np.testing.assert_allclose(step.out, expected, rtol=tolerance, atol=0)


def test_rows_that_are_there_twice_are_added_one_after_the_other():
    rows = np.array([2, 0, 2, 2, 0])
    source, out = np.array([[0.1], [0.2], [0.3], [1e16], [0.7]]), np.ones((3, 1))
    expected = out.copy()
    np.add.at(expected, rows, source)
    scatter.Move(scatter.ADD, out, source, rows)()
    assert out.tolist() == expected.tolist()


def test_a_move_that_cannot_be_is_refused_and_left_to_numpy():
    a, b, rows = numbers(4, 3), numbers(2, 3), np.array([0, 3])
    good = (scatter.GATHER, b, a, rows)
    scatter.Move(*good)
    for wrong in [
        (9, b, a, rows),  # of no kind
        (scatter.GATHER, b, a, np.array([0, 4])),  # beyond the last row
        (scatter.GATHER, b, a, np.array([-1, 0])),
        (scatter.GATHER, b, a, np.array([0, 1, 2])),  # more than are written
        (scatter.GATHER, b, a, np.array([0.0, 1.0])),
        (scatter.GATHER, b, a, np.array([0, 1], np.int32)),
        (scatter.GATHER, b, a[:, :2], rows),  # of another width
        (scatter.GATHER, b, a.astype(np.float32), rows),
        (scatter.GATHER, a[1:3], a, rows),  # they overlap
        (scatter.GATHER, b, a.T[:, [0, 1, 2]].T, rows[:1]),
        (scatter.GATHER, np.zeros((3, 2)).T, a, rows),  # rows not in one piece
        (scatter.GATHER, b[0], a[0], rows),
        (scatter.SEGMENTS, b, a, np.array([3, 0])),  # not in order
        (scatter.PUT, a, b, np.array([0, 9])),
        (scatter.ADD, a, b, np.array([-5, 0])),
    ]:
        with pytest.raises(ValueError, match=r"needed|no such kind|not those|differ"):
            scatter.Move(*wrong)
    b.flags.writeable = False
    with pytest.raises((ValueError, BufferError)):
        scatter.Move(*good)
    with pytest.raises(TypeError, match="no arguments"):
        scatter.Move(scatter.PUT, a, np.ones((2, 3)), rows)(1)
    (kept,) = joined([Step(Kind.ADD, None, (np.ones((2, 3)),), a.T.copy().T, rows)])
    assert type(kept) is not scatter.Move


def test_a_move_keeps_its_matrices_and_its_own_rows():
    out, rows = np.zeros((2, 1)), np.array([1, 0])
    move = scatter.Move(scatter.GATHER, out, np.array([[1.0], [2.0]]), rows)
    rows[:] = 1000
    gc.collect()
    move()
    assert out.tolist() == [[2.0], [1.0]]
