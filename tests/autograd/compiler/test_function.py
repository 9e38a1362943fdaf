"""A compiled Python function has the value and the gradient of the eager one."""

import itertools
import math
from contextlib import nullcontext
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, compile_function
from autograd.compiler import NumericalError
from autograd.errors import TraceError
from tests.executors import without_native
from tests.threads import together


def rosenbrock(x):
    terms = [
        100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in itertools.pairwise(x)
    ]
    return autograd.sum(terms)


def eager(f, point):
    leaves = [Value(number) for number in point]
    root = f(leaves)
    root.backward()
    return root.data, np.array([leaf.grad for leaf in leaves])


@pytest.mark.parametrize("n", [2, 5, 300])
def test_value_and_gradient_are_the_eager_ones_at_any_point(n):
    f = compile_function(rosenbrock, n)
    for seed in range(3):
        x = np.random.default_rng(seed).normal(size=n)
        value, gradient = eager(rosenbrock, x)
        found, slope = f.value_and_grad(x)
        assert found == pytest.approx(value, rel=1e-12)
        assert slope == pytest.approx(gradient, rel=1e-10, abs=1e-9)
        assert f(x) == found
        assert (f.grad(x) == slope).all()


def test_scipy_minimises_it():
    optimize = pytest.importorskip("scipy.optimize")
    f = compile_function(rosenbrock, 10)
    result = optimize.minimize(f.value_and_grad, np.zeros(10), jac=True)
    assert result.x == pytest.approx(np.ones(10), abs=1e-4)


def test_a_python_branch_is_refused():
    with pytest.raises(TraceError, match="where"):
        compile_function(lambda x: x[0] if x[0] > 0 else -x[0], 1)


def test_a_point_outside_the_domain_can_be_replaced():
    def f(x):
        return (x[0] - 5.0).log()

    with pytest.raises(ValueError, match="at="):
        compile_function(f, 1)
    assert compile_function(f, 1, at=[6.0])([6.0]) == 0.0


def test_a_point_outside_the_domain_is_named_when_it_is_met():
    f = compile_function(lambda x: x[0].log(), 1)
    with pytest.raises(NumericalError, match="log"):
        f.value_and_grad([-1.0])
    assert f([1.0]) == 0.0


@pytest.mark.parametrize(
    "x", [[1.0], [[1.0]], [[[1.0, 2.0]]], 1.0, [1.0, 2.0, 3.0], [], [[]]]
)
def test_a_point_of_the_wrong_shape_is_refused(x):
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        compile_function(lambda x: x[0] * x[1], 2)(x)


def test_a_point_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match=r"x\[1\] is not finite"):
        compile_function(lambda x: x[0] * x[1], 2)([1.0, np.nan])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_point_that_is_not_finite_is_outside_any_domain(bad):
    f = compile_function(lambda x: x[0] * x[1], 2, on_domain_error="inf")
    assert f([1.0, bad]) == math.inf
    assert f.grad([1.0, bad]).tolist() == [math.inf] * 2
    assert f([[1.0, bad], [2.0, 3.0]]).tolist() == [math.inf, 6.0]


def test_a_batch_of_no_points_is_refused():
    f = compile_function(lambda x: x[0] * x[1], 2)
    for ask in (f, f.grad, f.hessian):
        with pytest.raises(ValueError, match=r"\(batch, 2\), not \(0, 2\)"):
            ask(np.empty((0, 2)))


def test_a_function_that_returns_a_plain_number_is_refused():
    with pytest.raises(TypeError, match=r"f must return a Value, .* not float"):
        compile_function(lambda x: 3.0, 1)


def test_a_function_of_more_numbers_than_it_is_given_is_refused():
    with pytest.raises(IndexError, match="more than the 1 numbers of n_inputs"):
        compile_function(lambda x: x[0] + x[1], 1)


# --- several outputs, and derivatives of all kinds -----------------------------------


def helix(x):
    """Five numbers of three, in which each depends on some."""
    a, b, c = x
    return [a * b, autograd.sin(c) * a, autograd.exp(a - b), 7.0, c * c * c]


def quartic(x):
    return autograd.sum([(a * b + 1.0) ** 2 for a, b in itertools.pairwise(x)])


POINT = np.array([0.5, -1.5, 2.0])
POINTS = np.random.default_rng(0).normal(size=(4, 3))

# Executors round a few operations on numbers of size 1 in another order.
NEAR = {"rel": 1e-12, "abs": 1e-13}


def as_object_array(f):
    """The function that eager mode differentiates: its result as an array."""
    return lambda x: np.array(f(x), dtype=object)


def test_values_and_jacobian_of_several_outputs_are_the_eager_ones():
    f = compile_function(helix, 3)
    eager_f = as_object_array(helix)
    expected = np.array(autograd.jacobian(eager_f)(POINT))
    assert f(POINT) == pytest.approx(np.array(helix(POINT)), **NEAR)
    assert f(POINT).dtype == f.jacobian(POINT).dtype == np.float64
    for _ in range(2):
        assert f.jacobian(POINT) == pytest.approx(expected, **NEAR)


def test_hessian_and_its_products_are_the_eager_ones_at_any_point():
    f = compile_function(quartic, 3)
    for x in POINTS:
        expected = np.array(autograd.hessian(quartic)(x))
        found = f.hessian(x)
        assert found == pytest.approx(expected, **NEAR)
        assert (found == found.T).all()
        for v in POINTS:
            assert f.hvp(x, v) == pytest.approx(expected @ v, **NEAR)


def test_a_hessian_is_symmetric_to_the_last_bit():
    f = compile_function(
        lambda x: autograd.exp(x[0] * x[1].sin() / (x[2] + 3.0)) * x[1] / x[0], 3
    )
    for x in np.random.default_rng(0).uniform(0.1, 3.0, size=(50, 3)):
        found = f.hessian(x)
        assert (found == found.T).all()


@pytest.mark.parametrize("native", [True, False])
def test_a_batch_gives_what_its_points_give(native):
    with nullcontext() if native else without_native():
        f, g = compile_function(quartic, 3), compile_function(helix, 3)
        for ask in (f, f.grad, f.hessian, g, g.jacobian, f.jacobian):
            expected = np.array([ask(x) for x in POINTS])
            found = ask(POINTS)
            assert found.shape == expected.shape
            assert found == pytest.approx(expected, **NEAR)
        values, slopes = f.value_and_grad(POINTS)
        assert values == pytest.approx(f(POINTS), **NEAR)
        assert slopes == pytest.approx(f.grad(POINTS), **NEAR)
        products = np.array([f.hvp(x, x) for x in POINTS])
        assert f.hvp(POINTS, POINTS) == pytest.approx(products, **NEAR)
        for_one = np.array([f.hvp(x, POINT) for x in POINTS])
        assert f.hvp(POINTS, POINT) == pytest.approx(for_one, **NEAR)


@pytest.mark.parametrize(
    ("result", "shape"),
    [
        (lambda x: [x[0]], (1,)),
        (lambda x: (x[0], x[1]), (2,)),
        (lambda x: [[x[0], 1.0, x[2]], [0, x[1], x[0]]], (2, 3)),
        (lambda x: x, (3,)),
        (lambda x: np.outer(x, x), (3, 3)),
        (lambda x: x.reshape(1, 3, 1), (1, 3, 1)),
        (lambda x: x[0] + x[1], ()),
        (lambda x: np.sum(x), ()),
    ],
)
def test_results_keep_their_shape(result, shape):
    f = compile_function(result, 3)
    expected = np.array(result(POINT), dtype=float)
    assert np.shape(f(POINT)) == shape
    assert f(POINT) == pytest.approx(expected)
    assert f(POINTS).shape == (4, *shape)
    assert f.jacobian(POINT).shape == (*shape, 3)
    assert f.jacobian(POINTS).shape == (4, *shape, 3)


def test_the_derivatives_of_several_are_a_jacobian():
    f = compile_function(helix, 3)
    for ask in (f.grad, f.value_and_grad, f.hessian, lambda x: f.hvp(x, x)):
        with pytest.raises(TypeError, match=r"must return one number.*jacobian"):
            ask(POINT)


@pytest.mark.parametrize(
    ("result", "error", "message"),
    [
        (lambda x: [[x[0]], [x[0], x[1]]], ValueError, "of different lengths"),
        (lambda x: [x[0], "a"], TypeError, "the result of f: a real number"),
        (lambda x: [x[0], None], TypeError, "the result of f: a real number"),
        (lambda x: {"a": x[0]}, TypeError, "not dict"),
        (lambda x: [1.0, 2.0], TypeError, "not list"),
        (lambda x: [], TypeError, "not list"),
        (lambda x: None, TypeError, "not NoneType"),
    ],
)
def test_a_result_that_is_no_array_of_numbers_is_refused(result, error, message):
    with pytest.raises(error, match=message):
        compile_function(result, 2)


def test_a_derivative_that_does_not_exist_is_named_with_its_row():
    f = compile_function(lambda x: [x[0].sqrt() * x[1], x[1]], 2)
    g = compile_function(lambda x: x[0].sqrt() * x[1], 2)
    assert f([0.0, 1.0]).tolist() == [0.0, 1.0]
    for ask in (f.jacobian, g.grad, g.jacobian, g.hessian, lambda x: g.hvp(x, [1, 0])):
        with pytest.raises(NumericalError, match=r"^the derivative of sqrt\(0.0\)"):
            ask([0.0, 1.0])
        with pytest.raises(NumericalError, match=r"at row 1 .*derivative of sqrt\(0"):
            ask([[1.0, 1.0], [0.0, 1.0], [-1.0, 1.0]])


def test_a_second_derivative_that_does_not_exist_is_named():
    f = compile_function(lambda x: x[0] ** 1.5, 1)
    assert f.grad([0.0]).tolist() == [0.0]
    for ask in (f.hessian, lambda x: f.hvp(x, [1.0])):
        with pytest.raises(NumericalError, match="derivative of pow"):
            ask([0.0])
    with pytest.raises(autograd.DerivativeError):
        autograd.hessian(lambda x: x[0] ** 1.5)([0.0])


def test_a_direction_of_the_wrong_shape_or_not_finite_is_refused():
    f = compile_function(quartic, 3)
    for wrong in ([1.0], np.ones((2, 3)), 1.0):
        with pytest.raises(ValueError, match=r"v must be .* shape \(3,\)"):
            f.hvp(POINT, wrong)
    with pytest.raises(ValueError, match="v must be finite"):
        f.hvp(POINT, [1.0, np.inf, 0.0])


def test_a_masked_point_is_refused():
    f = compile_function(quartic, 3)
    with pytest.raises(ValueError, match="x is masked"):
        f(np.ma.array(POINT, mask=[False, True, False]))
    assert f(np.ma.array(POINT)) == f(POINT)


def test_a_complex_point_is_refused():
    f = compile_function(quartic, 3)
    with pytest.raises(TypeError, match="complex"):
        f(POINT * 1j)


# --- what f is given -----------------------------------------------------------------


@pytest.mark.parametrize(
    "f",
    [
        lambda x: x[0] * x[1] - x[-1],
        lambda x: sum(x[1:] - x[:-1]),
        lambda x: sum(x) / len(x),
        lambda x: sum(a * b for a, b in zip(x[1:], x[:-1], strict=True)),
        lambda x: (lambda a, b, c: a * b + c)(*x),
        lambda x: [*x, *x][4] * x[0],
        lambda x: (np.exp(x) * x).sum(),
        lambda x: np.sum(x**2 * [1.0, 2.0, 3.0]),
        lambda x: x @ x,
        lambda x: x[::-1][0] * autograd.sum(x),
        lambda x: list(x).pop() * x[0],
        lambda x: sum(v * i for i, v in enumerate(x)),
        lambda x: np.max(x) * x[0],
    ],
)
def test_what_people_write_with_lists_and_with_arrays_runs(f):
    compiled = compile_function(f, 3)
    assert compiled(POINT) == pytest.approx(f(POINT), **NEAR)
    expected = np.array(autograd.grad(f)(POINT))
    assert compiled.grad(POINT) == pytest.approx(expected, **NEAR)


def test_places_and_counts_are_those_of_a_list():
    f = compile_function(lambda x: x[x.index(x[1])] * x.count(x[0]), 3)
    assert f(POINT) == POINT[1]
    assert compile_function(lambda x: x[x[1:].index(x[2])], 3)(POINT) == POINT[1]


def test_what_means_two_things_of_lists_and_of_arrays_is_refused():
    more = [1.0, 2.0]
    for f in (lambda x: x + more, lambda x: more + x):
        with pytest.raises(TypeError, match=r"\[\*x, ...\]"):
            compile_function(f, 2)

    def grow(x):
        x += [x[0]]
        return x

    with pytest.raises(TypeError, match=r"\[\*x, ...\]"):
        compile_function(grow, 2)
    for name in ("append", "extend", "insert", "pop", "remove", "clear", "reverse"):
        with pytest.raises(AttributeError, match=rf"x.{name}: .* list\(x\)"):
            compile_function(lambda x, name=name: getattr(x, name)(x[0]), 2)
    with pytest.raises(AttributeError, match="has no attribute 'other'"):
        compile_function(lambda x: x.other, 2)


# --- Values as x ---------------------------------------------------------------------


def test_a_compiled_function_is_differentiated_through():
    f = compile_function(quartic, 3)
    for make in (list, np.array, tuple):
        found = np.array(autograd.grad(f)(make(POINT)))
        assert found == pytest.approx(f.grad(POINT), **NEAR)
    found = autograd.jacobian(lambda x: f(x) * x[0])(POINT)
    assert found == pytest.approx(f.grad(POINT) * POINT[0] + [f(POINT), 0, 0], **NEAR)
    found = np.array(autograd.hessian(f)(POINT))
    assert found == pytest.approx(f.hessian(POINT), **NEAR)


def test_its_derivatives_are_differentiated_through():
    f, g = compile_function(quartic, 3), compile_function(helix, 3)
    found = autograd.jacobian(f.grad)(POINT)
    assert found == pytest.approx(f.hessian(POINT), **NEAR)
    v = np.array([1.0, -2.0, 0.5])
    found = autograd.grad(lambda x: np.sum(f.hessian(x) @ v * v))(POINT)
    expected = autograd.grad(lambda x: np.sum(f.hvp(x, v) * v))(POINT)
    assert np.array(found) == pytest.approx(np.array(expected), **NEAR)
    third = autograd.grad(
        lambda x: autograd.directional_derivative(quartic, x, v.tolist(), order=2)
    )(POINT.tolist())
    assert np.array(found) == pytest.approx(np.array(third), rel=1e-11, abs=1e-12)
    found = autograd.grad(lambda x: np.sum(g.jacobian(x) ** 2))(POINT)
    rates = autograd.jacobian(as_object_array(helix))
    expected = autograd.grad(lambda x: np.sum(rates(x) ** 2))(POINT)
    assert np.array(found) == pytest.approx(np.array(expected), **NEAR)


def test_it_can_be_compiled_into_another_one():
    f, g = compile_function(quartic, 3), compile_function(helix, 3)
    both = compile_function(lambda x: f(g(x)[:3]) + f.grad(x)[0], 3)
    expected = f(g(POINT)[:3]) + f.grad(POINT)[0]
    assert both(POINT) == pytest.approx(expected, **NEAR)


def test_values_among_the_numbers_give_values():
    f, g = compile_function(quartic, 3), compile_function(helix, 3)
    v = Value(POINT[1])
    mixed = [POINT[0], v, POINT[2]]
    for x in (mixed, np.array(mixed, dtype=object)):
        out = f(x)
        assert isinstance(out, Value)
        v.zero_grad()
        out.backward()
        assert v.grad == pytest.approx(f.grad(POINT)[1], **NEAR)
    assert [y.data for y in g(mixed)] == pytest.approx(g(POINT).tolist(), **NEAR)
    batch = f([mixed, POINT.tolist()])
    assert [y.data for y in batch] == pytest.approx([f(POINT)] * 2, **NEAR)
    assert g.jacobian([mixed, mixed]).shape == (2, 5, 3)
    value, slope = f.value_and_grad(mixed)
    assert value.data == pytest.approx(f(POINT), **NEAR)
    assert [s.data for s in slope] == pytest.approx(f.grad(POINT).tolist(), **NEAR)


def test_an_operation_that_is_not_defined_is_named_on_values_too():
    f = compile_function(lambda x: x[0].log(), 1)
    with pytest.raises(autograd.DomainError, match=r"log\(-1.0\)"):
        f([Value(-1.0)])
    found = autograd.value_and_grad(f, on_domain_error="inf")([-1.0])
    assert found == (math.inf, [math.inf])


# --- threads -------------------------------------------------------------------------


def recurrence(x):
    a, b = x
    for _ in range(60):
        a, b = a * 0.9 + b * 0.1, (b - a).tanh()
    return a * b


@pytest.mark.parametrize(("f", "n"), [(rosenbrock, 40), (recurrence, 2)])
def test_threads_that_share_a_function_get_what_they_ask_for(f, n):
    compiled = compile_function(f, n)
    points = np.random.default_rng(0).normal(size=(64, n)) * 0.5
    asked = (compiled, compiled.grad, lambda x: compiled.hvp(x, x))
    expected = [[ask(x) for ask in asked] for x in points]

    def wrong(seed):
        rng = np.random.default_rng(seed)
        count = 0
        for place in rng.integers(len(points), size=100).tolist():
            for ask, known in zip(asked, expected[place], strict=True):
                count += not np.array_equal(ask(points[place]), known)
        return count

    assert sum(together(*[partial(wrong, seed) for seed in range(8)])) == 0


def test_a_point_that_runs_on_scalars_is_written_nowhere():
    f = compile_function(recurrence, 2)
    executor = f._run.executor(1)
    assert executor is f._run.scalars
    before = executor.parameters.copy()
    f.value_and_grad([0.25, 0.5])
    assert f([0.25, 0.5]) == f([0.25, 0.5])
    assert (executor.parameters == before).all()


def test_where_python_finds_no_number_the_point_decides_and_not_that_of_recording():
    with without_native():
        f, nan, g = (
            compile_function(lambda x: (x[0] * x[1]).log(), 2),
            compile_function(lambda x: (x[0] * x[1]).log(), 2, on_domain_error="nan"),
            compile_function(lambda x: (x[0] * x[1]).sqrt(), 2),
        )
        for ask in (f, f.grad):
            with pytest.raises(NumericalError, match=r"log\(-2.0\)"):
                ask([-1.0, 2.0])
        assert math.isnan(nan([-1.0, 2.0]))
        with pytest.raises(NumericalError, match=r"derivative of sqrt\(0.0\)"):
            g.grad([0.0, 2.0])


@pytest.mark.parametrize("n", [1, 3000])
@pytest.mark.parametrize("word", ["raise", "nan", "inf"])
def test_what_only_the_order_of_a_sum_makes_infinite_is_the_eager_number(word, n):
    # Compiled, what is subtracted is summed apart: 2b, which is too large.
    f = compile_function(lambda x: x[0] - x[1] + x[2], 3, on_domain_error=word)
    b = 1.7e308
    assert f([b, b, b]) == b
    assert (f([[b, b, b]] * n) == b).all()
    assert (f.grad([[b, b, b]] * n) == [1.0, -1.0, 1.0]).all()


def test_how_many_numbers_there_are_is_a_whole_number():
    for n in (True, 0, -1, 1.0, "1", None):
        with pytest.raises(ValueError, match=r"n_inputs must be a whole number"):
            compile_function(lambda x: x[0], n)
    for at in ([1.0], [1.0, 2.0, 3.0], []):
        with pytest.raises(ValueError, match=rf"at has {len(at)} numbers"):
            compile_function(lambda x: x[0] + x[1], 2, at=at)


def test_a_value_stays_and_all_derivatives_go_where_one_of_them_does_not_exist():
    f = compile_function(lambda x: x[0].sqrt() + x[1], 2, on_domain_error="nan")
    value, slope = f.value_and_grad([0.0, 1.0])
    assert (value, np.isnan(slope).tolist()) == (1.0, [True, True])
    values, slopes = f.value_and_grad([[0.0, 1.0], [4.0, 1.0]])
    assert values.tolist() == [1.0, 3.0]
    assert np.isnan(slopes[0]).all()
    assert slopes[1].tolist() == [0.25, 1.0]
    assert np.isnan(f.hessian([0.0, 1.0])).all()
    # Along the second number alone there are speeds: 0 and 1.
    g = compile_function(
        lambda x: [(x[0] * 1e200).sin() * 1e200, x[1]], 2, on_domain_error="nan"
    )
    assert np.isnan(g.jacobian([1e-200, 1.0])).all()


# --- a property ----------------------------------------------------------------------

UNARY = ("sin", "exp", "tanh", "softplus", "sigmoid", "atan", "square", "shifted_log")


STEPS = st.tuples(st.sampled_from(UNARY), st.integers(0, 9), st.integers(0, 9))


@given(st.lists(STEPS, max_size=9))
def test_any_function_has_the_derivatives_of_eager_mode(steps):
    def f(x):
        nodes = [*x]
        for name, i, j in steps:
            a, b = nodes[i % len(nodes)], nodes[j % len(nodes)]
            if name == "square":
                nodes.append(a * b)
            elif name == "shifted_log":
                nodes.append(autograd.log(a * a + 1.0) - b)
            else:
                nodes.append(getattr(autograd, name)(a) * 0.5 + b)
        return nodes[-1] + x[0] * x[0]

    x = [0.3, -0.6]
    compiled = compile_function(f, 2)
    # Second derivatives of nine nested operations are at most some 1e4 times the
    # numbers on their way, each of which has a few roundings.
    hessian = np.array(autograd.hessian(f)(x))
    size = 1.0 + abs(hessian).max()
    assert compiled(x) == pytest.approx(f([Value(a) for a in x]).data, rel=1e-12)
    assert compiled.grad(x) == pytest.approx(np.array(autograd.grad(f)(x)), rel=1e-10)
    assert compiled.hessian(x) == pytest.approx(hessian, rel=1e-9, abs=1e-10 * size)
