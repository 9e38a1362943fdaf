"""Dot products of several lengths are one product where they are a matrix's rows."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, compile
from autograd.compiler.adjoint import adjoint
from autograd.compiler.executable import Executable
from autograd.compiler.group import group
from autograd.compiler.products import reroll
from autograd.compiler.program import Product
from autograd.compiler.simplify import simplify
from autograd.compiler.trace import trace

# Sums of at most 12 products of numbers below 2, in another order, twice.
RTOL, ATOL = 1e-13, 1e-13


def program_of(outputs, inputs, parameters):
    return reroll(group(simplify(trace(outputs, inputs, parameters))))


def triangle(d, n_vectors=1):
    """A triangular matrix times vectors: products, the vectors, the matrix."""
    rows = [[Value(0.3 + i - 0.2 * j) for j in range(i + 1)] for i in range(d)]
    xs = [[Value(0.1 * i - 0.7 * k + 0.5) for i in range(d)] for k in range(n_vectors)]
    outs = [autograd.dot(row, vector[: len(row)]) for vector in xs for row in rows[1:]]
    return outs, [x for vector in xs for x in vector], [w for row in rows for w in row]


@pytest.mark.parametrize("n_vectors", [1, 4])
def test_a_triangular_matrix_is_one_product(n_vectors):
    outs, xs, weights = triangle(6, n_vectors)
    program = program_of(outs, xs, weights)
    program.verify()
    (product,) = program.instructions
    assert isinstance(product, Product)
    assert product.left.rows.shape == (5, 6)
    assert program.constants == [0.0]
    found = program.run([x.data for x in xs], [w.data for w in weights])
    assert found == pytest.approx([out.data for out in outs], rel=RTOL, abs=ATOL)


@st.composite
def matrices(draw):
    """Dot products of rows with holes by some vectors, each in an order of its own."""
    d, n_rows, n_vectors = (draw(st.integers(2, 6)) for _ in range(3))
    number = st.floats(-2, 2).map(Value)
    xs = [[draw(number) for _ in range(d)] for _ in range(n_vectors)]
    subsets = st.lists(st.integers(0, d - 1), min_size=d // 2, max_size=d, unique=True)
    wanted = [[*range(d)], *[draw(subsets) or [0] for _ in range(n_rows)]]
    rows = [[draw(number) for _ in places] for places in wanted]
    # Where it is not for all vectors and all rows, it is not one product.
    is_whole = draw(st.booleans())
    outs = [
        autograd.dot(row, [vector[i] for i in places])
        for vector in xs
        for row, places in zip(rows, wanted, strict=True)
        if is_whole or draw(st.integers(0, 5))
    ]
    leaves = [x for vector in xs for x in vector], [w for row in rows for w in row]
    return outs or [autograd.dot(rows[0], xs[0])], *leaves


@given(matrices(), st.booleans())
def test_what_is_padded_keeps_its_meaning_and_its_derivative(drawn, as_inputs):
    outs, xs, weights = drawn
    total = autograd.sum([(out * out).sin() for out in outs])
    inputs, parameters = (xs, weights) if as_inputs else ([], [*xs, *weights])
    program = program_of([total], inputs, parameters)
    program.verify()
    both = adjoint(program)
    both.verify()
    numbers = [x.data for x in inputs], [w.data for w in parameters]
    total.backward()
    expected = [total.data, *[leaf.grad for leaf in parameters]]
    assert both.run(*numbers) == pytest.approx(expected, rel=1e-11, abs=1e-11)
    run = Executable(trace([total], inputs, parameters))
    value, slopes = run.arrays.value_and_grad(
        np.array([numbers[0]]), np.array(numbers[1])
    )
    assert [value, *slopes] == pytest.approx(expected, rel=1e-11, abs=1e-11)


def test_factors_of_several_long_products_are_left_alone():
    xs = [Value(0.1 * i) for i in range(6)]
    windows = [xs[0:4], xs[1:5], xs[1:4]]
    rows = [[Value(0.5 + i) for i in range(len(window))] for window in windows]
    outs = [autograd.dot(*pair) for pair in zip(rows, windows, strict=True)]
    program = program_of(outs, xs, [w for row in rows for w in row])
    assert program.constants == []
    found = program.run([x.data for x in xs], [w.data for row in rows for w in row])
    assert found == pytest.approx([out.data for out in outs], rel=RTOL, abs=ATOL)


def test_what_would_be_padding_for_the_most_part_is_left_alone():
    xs = [Value(0.1 * i) for i in range(12)]
    rows = [[Value(0.5 + i), Value(0.25)] for i in range(11)]
    long = [Value(float(i)) for i in range(12)]
    outs = [autograd.dot(row, xs[i : i + 2]) for i, row in enumerate(rows)]
    outs.append(autograd.dot(long, xs))
    program = program_of(outs, xs, [*long, *[w for row in rows for w in row]])
    assert all(
        len(it.left.rows) == 1 for it in program.instructions if isinstance(it, Product)
    )


def test_a_zero_in_place_of_what_is_missing_hides_no_infinite_factor():
    xs = [Value(1.5), Value(2.5), Value(math.inf)]
    rows = [[Value(1.0), Value(2.0)], [Value(3.0), Value(1.0), Value(2.0)]]
    outs = [autograd.dot(row, xs[: len(row)]) for row in rows]
    root = outs[0] + (-outs[1]).exp()
    weights = [w for row in rows for w in row]
    run = Executable(trace([root], [], weights))
    run.largest_scalar_batch = 0  # as array instructions
    assert any(isinstance(it, Product) for it in run.program.instructions)
    given = np.array([w.data for w in weights])
    found = run.outputs(np.empty((1, 0)), given)
    assert found.tolist() == [[root.data]] == [[6.5]]


def test_a_compiled_triangle_runs_and_is_written_back():
    outs, xs, weights = triangle(5)
    root = autograd.sum([out * out for out in outs])
    program = compile(root, xs, weights)
    batch = np.random.default_rng(0).normal(size=(40, len(xs)))
    matrix = np.zeros((5, 5))
    matrix[np.tril_indices(5)] = [w.data for w in weights]
    y = batch @ matrix[1:].T
    value, slopes = program.value_and_grad(batch)
    assert value == pytest.approx((y * y).sum(axis=1).mean(), rel=1e-12)
    expected = np.zeros((5, 5))
    expected[1:] = 2.0 * y.T @ batch / len(batch)
    np.testing.assert_allclose(
        slopes, expected[np.tril_indices(5)], rtol=1e-12, atol=1e-12
    )
