"""Rows are put in the order in which they are read, where fewer are gathered then."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.compiler import compile
from autograd.compiler.group import group
from autograd.compiler.products import reroll
from autograd.compiler.program import UNIFORM, VARYING, Index, Product, Program, affine
from autograd.compiler.row_order import gathered, in_reading_order, permuted
from autograd.compiler.simplify import simplify
from autograd.compiler.trace import trace


def instructions(outputs, inputs=(), parameters=()):
    """The instructions of a computation, by the names of their operations."""
    program = compile(outputs, inputs, parameters)._run.program
    return {
        it.op.name: it for it in program.instructions if not isinstance(it, Product)
    }


@st.composite
def wide_graphs(draw):
    """Layers of nodes that read one of those before them, in any order."""
    leaves = [Value(0.1 * i + 0.3) for i in range(6)]
    weights = [Value(0.2 * i - 0.5) for i in range(4)]
    layers = [leaves]
    for op in draw(st.lists(st.sampled_from("htmp"), min_size=2, max_size=5)):
        nodes = draw(st.sampled_from(layers))

        def read(nodes=nodes):
            return draw(st.permutations(nodes))

        if op == "h":
            layer = [autograd.hypot(a, b) for a, b in zip(read(), read(), strict=True)]
        elif op == "t":
            layer = [a.tanh() for a in nodes]
        elif op == "m":
            pairs = zip(read(), read(), read(), strict=True)
            layer = [autograd.max(list(pair)) for pair in pairs]
        else:
            columns = list(zip(read(), read(), strict=True))
            layer = [
                autograd.dot(row, column)
                for row in (weights[:2], weights[2:])
                for column in columns
            ]
        layers.append(layer)
    outputs = layers[-1] + draw(st.sampled_from(layers))
    roles = draw(st.booleans())
    return outputs, leaves if roles else [], weights + ([] if roles else leaves)


@given(wide_graphs())
def test_another_order_keeps_the_meaning_and_never_gathers_more(graph):
    outputs, inputs, parameters = graph
    grouped = group(simplify(trace(outputs, inputs, parameters)))
    numbers = [v.data for v in inputs], [v.data for v in parameters]
    for program in (in_reading_order(grouped), reroll(grouped)):
        program.verify()
        # Sums of two terms of size 1 to 10 at each of five layers.
        found = program.run(*numbers)
        assert found == pytest.approx([v.data for v in outputs], rel=1e-12, abs=1e-12)
        again = in_reading_order(program)
        assert gathered(again.instructions) <= gathered(program.instructions)


def distances(n):
    """The distances of n points in space from each other, and the points."""
    points = [[Value(0.1 * i + j * j) for j in range(3)] for i in range(n)]
    found = [
        sum((a - b) * (a - b) for a, b in zip(p, q, strict=True)).sqrt()
        for p, q in itertools.combinations(points, 2)
    ]
    return found, [x for point in points for x in point]


def test_differences_lie_in_the_order_in_which_their_squares_are_summed():
    found, points = distances(8)
    program = instructions(autograd.sum(found), parameters=points)
    assert gathered([program["sub"]]) == (0, 2 * 3 * 28)
    for arg in program["dot"].args:
        assert affine(arg.rows.ravel()) is not None


def test_what_is_gathered_from_what_is_gathered_is_put_in_order_too():
    found, points = distances(8)
    largest = [autograd.max([found[i], found[27 - i]]) for i in range(14)]
    program = instructions(largest, parameters=points)
    assert gathered([program["dot"], program["sqrt"], program["max"]]) == (0, 0)


def test_rows_that_are_put_elsewhere_are_still_the_outputs():
    found, points = distances(8)
    differences = [b - a for a, b in itertools.product(points[:3], points[3:])]
    outputs = [*found, *differences]
    program = compile(outputs, parameters=points)
    # Sums of three squares.
    assert program()[0] == pytest.approx([v.data for v in outputs], rel=1e-15)


def test_two_orders_for_one_reader_do_not_disturb_each_other():
    xs = [Value(0.1 * i + 0.2) for i in range(5)]
    a = [autograd.hypot(x, y) for x, y in itertools.combinations(xs, 2)]
    b = [autograd.atan2(x, y) for x, y in itertools.combinations(xs, 2)]
    outputs = [autograd.dot([a[i], a[9 - i]], [b[i], b[9 - i]]) for i in range(5)]
    program = compile(outputs, parameters=xs)
    assert gathered([program._run.program.instructions[-1]]) == (0, 0)
    # Sums of two products.
    assert program()[0] == pytest.approx([v.data for v in outputs], rel=1e-15)


def test_a_product_takes_orders_of_whole_rows_and_columns_and_no_other():
    left, right = (
        Index(UNIFORM, np.arange(4).reshape(2, 2)),
        Index(VARYING, np.eye(2, dtype=np.intp)),
    )
    product = Product(VARYING, 2, 4, left, right)
    numbers = [2.0, 3.0], [5.0, 7.0, 11.0, 13.0]
    outputs = [Index(VARYING, np.arange(2, 6))]
    program = Program(2, 4, [], [product], outputs)
    found = program.run(*numbers)
    orders = list(itertools.permutations(range(4)))
    taken = {order: permuted(product, np.array(order)) for order in orders}
    for order, instruction in taken.items():
        if instruction is not None:
            program.instructions = [instruction]
            assert program.run(*numbers) == [found[k] for k in order]
    assert sum(instruction is not None for instruction in taken.values()) == 4


def test_rows_of_which_another_instruction_reads_a_part_can_be_ordered():
    xs = [Value(0.1 * i + 0.2) for i in range(4)]
    pairs = [a * b for a, b in itertools.combinations(xs, 2)]
    largest = [autograd.max([pairs[i], pairs[5 - i]]) for i in range(3)]
    found = instructions([*[a.exp() for a in pairs[:3]], *largest], parameters=xs)
    assert gathered([found["exp"], found["max"]]) == (0, 0)


def pooled(side, channels):
    """A convolution by 2x2 kernels, its sums over blocks of 2x2, and their leaves."""
    image = [[Value(0.1 * i * j) for j in range(side + 1)] for i in range(side + 1)]
    kernels = [[Value(0.1 * k * a) for a in range(4)] for k in range(channels)]
    places = range(0, side, 2)
    outputs = []
    for kernel in kernels:
        feature = {
            (i, j): autograd.dot(
                kernel, [image[i + a][j + b] for a in (0, 1) for b in (0, 1)]
            ).tanh()
            for i in range(side)
            for j in range(side)
        }
        outputs += [
            autograd.max([feature[i + a, j + b] for a in (0, 1) for b in (0, 1)])
            for i in places
            for j in places
        ]
    return outputs, [x for row in image for x in row], [w for k in kernels for w in k]


def test_an_order_is_passed_on_through_the_columns_of_a_product():
    outputs, inputs, parameters = pooled(6, 3)
    program = compile(outputs, inputs, parameters)._run.program
    convolution, tanh, pooling = program.instructions
    assert isinstance(convolution, Product)
    assert gathered([tanh, pooling]) == (0, 0)
    assert gathered([convolution]) == (4 * 36, 0)


def test_an_order_that_would_only_move_a_gather_is_not_taken():
    xs = [Value(0.1 * i + 0.2) for i in range(6)]
    sines, cosines = [x.sin() for x in xs], [x.cos() for x in xs]
    products = [sines[i] * c for i, c in zip((3, 0, 5, 1, 4, 2), cosines, strict=True)]
    found = instructions(products, parameters=xs)
    assert gathered([found["sin"], found["cos"]]) == (0, 0)
    assert gathered([found["mul"]]) == (0, 6)


def test_rows_that_are_read_along_with_others_keep_their_order():
    xs = [Value(0.1 * i + 0.2) for i in range(4)]
    pairs = [a * b for a, b in itertools.combinations(xs, 2)]
    sums = [autograd.max([pairs[i], pairs[5 - i]]) for i in range(3)]
    both = [a.tanh() for a in [*pairs, *[x.sin() for x in xs]]]
    found = instructions([*both, *sums], parameters=xs)
    assert gathered([found["tanh"]]) == (0, 0)
    assert gathered([found["max"]]) == (0, 6)


def test_rows_are_in_the_order_of_the_argument_that_makes_the_most_slices():
    signs = [Value(s) for s in (1.0, -1.0, -1.0, 1.0, 1.0, -1.0)]
    xs = [Value(0.1 * i + 0.2) for i in range(6)]
    scores = [s * x.exp() for s, x in zip(signs, xs, strict=True)]
    found = instructions(scores, parameters=xs)
    assert gathered([found["mul"]]) == (0, 6)
