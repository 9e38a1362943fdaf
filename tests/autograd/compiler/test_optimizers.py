"""Optimizers step out of a domain, and turn back where it is not finite."""

import math

import numpy as np
import pytest

import autograd
from autograd import Value, compile_function, exp, log
from autograd.compiler import NumericalError

FILLS = {"nan": math.nan, "inf": math.inf}


def barrier(x):
    """Smallest at 0.01, and not defined from 0 down."""
    return x[0] - 0.01 * log(x[0])


def valley(x):
    """The same, and a parabola of a second number."""
    return barrier(x) + (x[1] - 1.0) ** 2


def same(found, expected):
    return np.array_equal(np.asarray(found), np.asarray(expected), equal_nan=True)


@pytest.mark.parametrize("word", FILLS)
def test_a_point_outside_the_domain_has_the_value_that_was_asked_for(word):
    f, fill = compile_function(barrier, 1, on_domain_error=word), FILLS[word]
    for x in ([-1.0], [0.0], [math.nan], [math.inf]):
        assert same(f(x), fill)
        value, slope = f.value_and_grad(x)
        assert same(value, fill)
        assert same(slope, [fill])
        assert same(f.hessian(x), [[fill]])
        assert same(f.hvp(x, [1.0]), [fill])
        assert same(f.jacobian(x), [fill])
    assert f([1.0]) == 1.0
    assert f.grad([1.0]) == pytest.approx([0.99])


@pytest.mark.parametrize("word", FILLS)
def test_in_a_batch_only_the_rows_outside_have_it(word):
    f, fill = compile_function(barrier, 1, on_domain_error=word), FILLS[word]
    batch = np.array([[1.0], [-1.0], [2.0], [math.nan], [0.5]])
    outside = np.array([False, True, False, True, False])
    inside = compile_function(barrier, 1)
    for name in ("__call__", "grad", "jacobian", "hessian"):
        found = getattr(f, name)(batch)
        assert same(found[outside], np.full_like(found[outside], fill))
        assert same(found[~outside], getattr(inside, name)(batch[~outside]))
    found = f.hvp(batch, [2.0])
    assert same(found[outside], [[fill]] * 2)
    assert same(found[~outside], inside.hvp(batch[~outside], [2.0]))
    values, slopes = f.value_and_grad(batch)
    assert same(values, f(batch))
    assert same(slopes, f.grad(batch))


@pytest.mark.parametrize("word", FILLS)
def test_a_value_stays_where_only_its_derivative_does_not_exist(word):
    f = compile_function(lambda x: x[0].sqrt() + x[1], 2, on_domain_error=word)
    fill = FILLS[word]
    value, slope = f.value_and_grad([0.0, 3.0])
    assert value == 3.0
    assert same(slope, [fill, fill])
    values, slopes = f.value_and_grad([[0.0, 3.0], [1.0, 3.0]])
    assert values.tolist() == [3.0, 4.0]
    assert same(slopes, [[fill, fill], [0.5, 1.0]])
    assert same(f.jacobian([[0.0, 3.0]]), [[fill, fill]])


@pytest.mark.parametrize("word", FILLS)
def test_of_several_outputs_all_are_what_was_asked_for(word):
    f = compile_function(lambda x: [x[0], x[1].log()], 2, on_domain_error=word)
    assert same(f([1.0, -1.0]), [FILLS[word]] * 2)
    assert same(f.jacobian([1.0, -1.0]), np.full((2, 2), FILLS[word]))
    assert same(f([[1.0, -1.0], [2.0, 1.0]]), [[FILLS[word]] * 2, [2.0, 0.0]])


@pytest.mark.parametrize("word", FILLS)
def test_where_one_derivative_does_not_exist_all_are_what_was_asked_for(word):
    def f(x):
        return [x[0] * 1e200 * 1e200, x[1]]  # by x[0] too large, by x[1] not

    f = compile_function(f, 2, at=[0.0, 1.0], on_domain_error=word)
    assert f([0.0, 1.0]).tolist() == [0.0, 1.0]
    assert same(f.jacobian([0.0, 1.0]), np.full((2, 2), FILLS[word]))


@pytest.mark.parametrize("word", FILLS)
def test_a_number_that_is_not_finite_counts_where_nothing_reads_it(word):
    f = compile_function(lambda x: x[0] * 2.0, 2, on_domain_error=word)
    assert same(f([[1.0, math.nan], [1.0, 1.0]]), [FILLS[word], 2.0])
    assert same(f([1.0, math.inf]), FILLS[word])


def test_a_recurrence_that_overflows_is_not_finite_either():
    def grown(x):
        a = x[0]
        for _ in range(100):
            a = a * a
        return a

    f = compile_function(grown, 1, on_domain_error="nan")
    for _ in range(2):
        assert same(f([[0.5], [2.0], [1.0]]), [0.5 ** (2.0**100), math.nan, 1.0])
        assert same(f.grad([[2.0], [1.0]]), [[math.nan], [2.0**100]])


def test_by_default_it_is_an_error_that_says_how():
    f = compile_function(barrier, 1)
    for ask in (f, f.grad, f.jacobian, f.hessian, lambda x: f.hvp(x, [1.0])):
        for x in ([-1.0], [[1.0], [-1.0]]):
            with pytest.raises(NumericalError, match=r"log.*on_domain_error='inf'"):
                ask(x)


@pytest.mark.parametrize("word", ["ignore", "NaN", None, math.nan])
def test_another_word_is_refused(word):
    with pytest.raises(ValueError, match="on_domain_error is 'raise', 'nan' or 'inf'"):
        compile_function(barrier, 1, on_domain_error=word)


def test_values_are_refused_as_ever():
    f = compile_function(barrier, 1, on_domain_error="nan")
    with pytest.raises(autograd.DomainError, match="log"):
        autograd.grad(f)([-1.0])


@pytest.mark.parametrize("word", FILLS)
@pytest.mark.parametrize("name", ["grad", "value_and_grad", "jacobian", "hessian"])
def test_derivatives_by_values_are_what_was_asked_for_where_that_can_be(word, name):
    f = compile_function(barrier, 1, on_domain_error=word)

    def first(x):
        found = getattr(f, name)(x)
        return found[1] if name == "value_and_grad" else found

    again = autograd.jacobian(first, on_domain_error=word)
    assert np.isfinite(again(np.array([1.0]))).all()
    found = again(np.array([-1.0]))
    assert same(found, np.full(found.shape, FILLS[word]))
    with pytest.raises(autograd.DomainError, match="Give on_domain_error to the outer"):
        autograd.jacobian(first)(np.array([-1.0]))
    if word == "inf":
        assert all(x.data == math.inf for x in first([Value(-1.0)]).ravel())
        return
    with pytest.raises(autograd.DomainError, match="nan has no derivative"):
        first([Value(-1.0)])


# --- SciPy's -------------------------------------------------------------------------

MINIMISERS = [
    "Nelder-Mead",
    "Powell",
    "COBYLA",
    "SLSQP",
    "BFGS",
    "CG",
    "Newton-CG",
    "trust-constr",
    "trust-ncg",
    "trust-krylov",
    "dogleg",
]


@pytest.mark.parametrize("method", MINIMISERS)
@pytest.mark.parametrize("start", [0.5, 1.0, 2.0])
def test_minimisers_turn_back_from_infinity(method, start):
    found = minimised(
        method, compile_function(barrier, 1, on_domain_error="inf"), start
    )
    # Most stop at a slope of 1e-5 or a step of 1e-6 or so, where the slope is 100 x.
    assert found.x == pytest.approx([0.01], rel=0.02)


@pytest.mark.parametrize("method", MINIMISERS)
def test_minimisers_of_two_numbers_turn_back_from_infinity(method):
    f = compile_function(valley, 2, on_domain_error="inf")
    found = minimised(method, f, 1.0, 3.0)
    assert found.success
    assert f(found.x) == pytest.approx(valley([0.01, 1.0]), abs=1e-5)


@pytest.mark.parametrize("word", ["raise", *FILLS])
@pytest.mark.parametrize("method", ["TNC", "L-BFGS-B"])
def test_those_that_stop_at_infinity_stay_inside_by_their_bounds(method, word):
    f = compile_function(valley, 2, on_domain_error=word)
    found = minimised(method, f, 1.0, 3.0, bounds=[(1e-9, None), (None, None)])
    assert found.success
    assert found.x == pytest.approx([0.01, 1.0], rel=0.02)


def minimised(method, f, *start, **more):
    """What SciPy's minimiser of this name finds."""
    optimize = pytest.importorskip("scipy.optimize")
    if method in ("Newton-CG", "dogleg") or method.startswith("trust"):
        more["hess"] = f.hessian
    of_values = method in ("Nelder-Mead", "Powell", "COBYLA")
    with np.errstate(all="ignore"):  # they compute with what is not finite
        return optimize.minimize(
            f if of_values else f.value_and_grad,
            start,
            jac=None if of_values else True,
            method=method,
            **more,
        )


@pytest.mark.parametrize("word", FILLS)
@pytest.mark.parametrize("start", [1.0, 2.0])
def test_slsqp_turns_back_from_either(word, start):
    optimize = pytest.importorskip("scipy.optimize")
    f = compile_function(barrier, 1, on_domain_error=word)
    found = optimize.minimize(f.value_and_grad, [start], jac=True, method="SLSQP")
    assert found.x == pytest.approx([0.01], rel=0.02)


BOXBOD = [(1, 109), (2, 149), (3, 149), (5, 191), (7, 213), (10, 224)]
MGH17 = np.array(
    [
        [0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751],
        [0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490],
        [0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406],
    ]
).ravel()
"""NIST's Statistical Reference Datasets for nonlinear regression: Box, Hunter & Hunter
(1978), and Osborne (1972). Their first starts are far from the solution."""


def boxbod(b):
    return [b[0] * (1.0 - exp(-b[1] * t)) - y for t, y in BOXBOD]


def mgh17(b):
    times = 10.0 * np.arange(len(MGH17))
    return [
        b[0] + b[1] * exp(-t * b[3]) + b[2] * exp(-t * b[4]) - y
        for t, y in zip(times, MGH17, strict=True)
    ]


PROBLEMS = {
    "BoxBOD": (boxbod, [1.0, 1.0], [213.80940889, 0.54723748542]),
    "MGH17": (
        mgh17,
        [50.0, 150.0, -100.0, 1.0, 2.0],
        [0.37541005211, 1.9358469127, -1.4646871366, 0.012867534640, 0.022122699662],
    ),
}
"""The residuals, the first start, and the certified parameters."""

TIGHT = {"xtol": 1e-15, "ftol": 1e-15, "gtol": 1e-15, "max_nfev": 5000}


@pytest.mark.parametrize("word", FILLS)
@pytest.mark.parametrize("scale", [1.0, "jac"])
@pytest.mark.parametrize("name", PROBLEMS)
def test_least_squares_turns_back_from_either(name, scale, word):
    optimize = pytest.importorskip("scipy.optimize")
    f, start, certified = PROBLEMS[name]
    residuals = compile_function(f, len(start), on_domain_error=word)
    with np.errstate(all="ignore"):
        found = optimize.least_squares(
            residuals, start, jac=residuals.jacobian, x_scale=scale, **TIGHT
        )
    # Six digits are what the sum of squares, flat at its bottom, lets it find.
    assert found.x == pytest.approx(certified, rel=1e-6)


def test_a_sum_of_squares_that_overflows_is_minimised_from_its_first_start():
    optimize = pytest.importorskip("scipy.optimize")
    f, start, certified = PROBLEMS["BoxBOD"]
    squares = compile_function(
        lambda b: autograd.sum([r * r for r in f(b)]), 2, on_domain_error="inf"
    )
    with np.errstate(all="ignore"):
        found = optimize.minimize(squares.value_and_grad, start, jac=True)
    assert found.x == pytest.approx(certified, rel=1e-4)


def test_without_it_both_problems_are_stopped_by_an_error():
    optimize = pytest.importorskip("scipy.optimize")
    f, start, _ = PROBLEMS["MGH17"]
    residuals = compile_function(f, 5)
    with pytest.raises(NumericalError, match=r"too large.*on_domain_error"):
        optimize.least_squares(residuals, start, jac=residuals.jacobian, **TIGHT)
    g = compile_function(barrier, 1)
    with pytest.raises(NumericalError, match="on_domain_error"):
        optimize.minimize(g.value_and_grad, [2.0], jac=True, method="TNC")
