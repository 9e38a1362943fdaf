"""Every row of the table against its oracle: values, first and second derivatives.

The measure of error. A value or a derivative, which is a few floating-point operations
of which none cancels, is off by a few times u = 2**-53 of itself: the error must be at
most ACCURACY, relative to the result. Where the result has a zero that a formula in
doubles cannot hit (1 + a σ(-a) in the derivative of silu), or falls off so steeply that
the rounding of an argument shows (the tail of gelu), no formula can do better than a
change of its arguments by u would: for the rows whose oracle says so, by
`conditioned_from`, the error may also be relative to Σⱼ |xⱼ ∂ⱼ f⁽ᵏ⁾|.

Every row is checked over its whole domain, and every check is checked: an error of
0.1 % planted in any single partial makes it fail.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from mpmath import mp

import autograd
from autograd import DerivativeError, Value, gradients
from autograd import functions as on_values
from autograd.apply import variadic
from autograd.arithmetic import Floats, multiprecision
from autograd.compiler.arrays import Arrays
from autograd.ops import TABLE, Interval, Operation
from tests.naive import finite_difference
from tests.oracles import ORACLES
from tests.strategies import PUBLIC, apply, arguments, row_of, tame_arguments

ACCURACY = 1e-13
"""About 900 u: exp(-a²) is off by a² u, up to 700 u, and so is pow by log a."""

UNDERFLOW = 1e-306
"""Below 2.2e-308 doubles lose digits, and so do sums of a few such products."""

NAMES = sorted(TABLE)
CHECKED = sorted(ORACLES)


# The checks. Each takes a row's name and arguments, and evaluates what the table holds.


def evaluate(name: str, leaves: Sequence[Value]) -> Value:
    """The row applied to leaves, as the table has it at this moment."""
    name, *static = name.split()
    node: Value = variadic(name)(*leaves, *map(int, static))
    return node


def check_value(name: str, xs: Sequence[float]) -> None:
    node = evaluate(name, [Value(x) for x in xs])
    _compare(name, xs, (), node.data)


def check_first_derivatives(name: str, xs: Sequence[float]) -> None:
    leaves = [Value(x) for x in xs]
    node = evaluate(name, leaves)
    partials = node.partials()
    node.backward()
    assert [leaf.grad for leaf in leaves] == list(partials)
    for i, partial in enumerate(partials):
        _compare(name, xs, (i,), partial)


def check_second_derivatives(name: str, xs: Sequence[float]) -> None:
    leaves = [Value(x) for x in xs]
    firsts = gradients(evaluate(name, leaves), leaves)
    for i, first in enumerate(firsts):
        for j, second in enumerate(gradients(first, leaves)):
            _compare(name, xs, (i, j), second.data)


def check_by_finite_differences(name: str, xs: Sequence[float]) -> None:
    """The first derivatives against differences of the row's own values.

    At arguments of size 3, an eighth or more from ends, kinks and poles, f⁽⁵⁾ is at
    most 4e7 max(1, |f'|), the extreme being 1/x³. With h = 2**-10 the stencil is then
    off by at most h⁴ f⁽⁵⁾ / 30 = 1.2e-6 max(1, |f'|); rounding adds 1e-12.
    """
    leaves = [Value(x) for x in xs]
    for i, partial in enumerate(evaluate(name, leaves).partials()):
        estimate = finite_difference(
            lambda *ys: evaluate(name, [Value(y) for y in ys]).data, xs, i
        )
        assert abs(partial - estimate) <= 2e-6 * max(1.0, abs(estimate)), (
            f"∂{name}{tuple(xs)}/∂x{i} is {partial}, not {estimate}"
        )


def _compare(
    name: str, xs: Sequence[float], indices: tuple[int, ...], found: float
) -> None:
    """Assert that a value or derivative is within its allowance."""
    exact = ORACLES[name].derivative(xs, indices)
    error = abs(exact - found)
    allowed = ACCURACY * abs(exact) + UNDERFLOW
    if error > allowed:
        allowed += ACCURACY * _cancelling(name, xs, indices)
    assert error <= allowed, (
        f"{name}{tuple(xs)}, derivative by {indices}: {found!r}, not "
        f"{float(exact)!r}; the error {float(error):.1e} exceeds {float(allowed):.1e}"
    )


def _cancelling(name: str, xs: Sequence[float], indices: tuple[int, ...]) -> float:
    """The size of what cancels in a derivative: see the head of this file."""
    oracle, size = ORACLES[name], 0.0
    if len(indices) >= oracle.conditioned_from:
        derivatives = [oracle.derivative(xs, (*indices, j)) for j in range(len(xs))]
        size += sum(float(abs(x * d)) for x, d in zip(xs, derivatives, strict=True))
    if len(indices) >= oracle.rounded_from:
        size += 8.0 * 2.0**-53 / ACCURACY
    return size


# Every row, over its whole domain


def test_every_row_has_an_oracle() -> None:
    rows = {name for name, op in TABLE.items() if not op.stops}
    missing = rows - {case.split()[0] for case in ORACLES}
    assert not missing, (
        f"write an independent definition in tests/oracles.py: {missing}"
    )


def test_every_oracle_has_a_row() -> None:
    assert not {case.split()[0] for case in ORACLES} - TABLE.keys()


@pytest.mark.parametrize("name", CHECKED)
@given(data=st.data())
def test_value_is_that_of_the_oracle(name: str, data: st.DataObject) -> None:
    check_value(name, data.draw(arguments(name, 0)))


@pytest.mark.parametrize("name", CHECKED)
@given(data=st.data())
def test_first_derivatives_are_those_of_the_oracle(
    name: str, data: st.DataObject
) -> None:
    check_first_derivatives(name, data.draw(arguments(name, 1)))


@pytest.mark.parametrize("name", CHECKED)
@given(data=st.data())
def test_second_derivatives_are_those_of_the_oracle(
    name: str, data: st.DataObject
) -> None:
    check_second_derivatives(name, data.draw(arguments(name, 2)))


@pytest.mark.parametrize("name", CHECKED)
@given(data=st.data())
def test_first_derivatives_are_those_of_finite_differences(
    name: str, data: st.DataObject
) -> None:
    check_by_finite_differences(name, data.draw(tame_arguments(name, 1 / 8)))


# The checks themselves


PLANTED = settings(
    parent=settings.get_profile("everyday"),
    phases=[Phase.generate],  # the first failure is enough: do not shrink it
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)

CHECKS = {
    "oracle": (check_first_derivatives, lambda name: arguments(name, 1)),
    "differences": (
        check_by_finite_differences,
        lambda name: tame_arguments(name, 1 / 8),
    ),
}

FLAT = {"ceil", "floor", "floor_divide", "greater", "sign", "step"}
ZERO_PARTIALS = {
    ("where", 0),
    ("chosen", 0),
    *((name, i) for name in FLAT for i in range(2)),
}
"""Partials that are 0 everywhere: a relative error of them is none."""


def partials_of_all_rows() -> list[tuple[str, int]]:
    """Each row with each of its partials; of a row of any arity, those of two."""
    arities = {name: row_of(name).arity for name in CHECKED}
    return [(n, i) for n, arity in arities.items() for i in range(arity or 2)]


def with_wrong_partial(op: Operation, index: int) -> Operation:
    """The row with an error of 0.1 % in one partial."""

    def wrong(partial: Any) -> Any:
        return partial + 1e-3 if (op.name, index) in ZERO_PARTIALS else partial * 1.001

    def rule(xp: Any, args: Any, out: Any) -> list[Any]:
        partials = op.partials[0](xp, args, out)
        return [wrong(p) if i == index else p for i, p in enumerate(partials)]

    if op.arity is None:
        return replace(op, partials=(rule,))
    partials = list(op.partials)
    partials[index] = lambda *args: wrong(op.partials[index](*args))
    return replace(op, partials=tuple(partials))


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(("name", "index"), partials_of_all_rows())
def test_planted_error_in_a_partial_is_found(
    name: str, index: int, check: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    holds, drawn = CHECKS[check]

    @PLANTED
    @given(xs=drawn(name))
    def check_all(xs: tuple[float, ...]) -> None:
        holds(name, xs)

    row = name.split()[0]
    monkeypatch.setitem(TABLE, row, with_wrong_partial(TABLE[row], index))
    with pytest.raises(AssertionError):
        check_all()


def test_planted_error_in_a_value_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    right = TABLE["exp"]
    wrong = replace(right, forward=lambda xp, a: right.forward(xp, a) * (1 + 1e-12))
    monkeypatch.setitem(TABLE, "exp", wrong)
    with pytest.raises(AssertionError):
        check_value("exp", (1.0,))


def test_planted_error_in_a_second_derivative_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The partial of the sine is right, but cut from its argument.
    wrong = replace(TABLE["sin"], partials=(lambda xp, a, out: xp.cos(float(a)),))
    monkeypatch.setitem(TABLE, "sin", wrong)
    check_first_derivatives("sin", (1.0,))
    with pytest.raises(AssertionError):
        check_second_derivatives("sin", (1.0,))


# The table itself


@pytest.mark.parametrize("name", NAMES)
def test_every_primitive_has_an_entry_in_every_arithmetic(name: str) -> None:
    if TABLE[name].primitive:
        for xp in (Floats, Arrays, multiprecision(mp)):
            assert hasattr(xp, name)


@pytest.mark.parametrize("name", NAMES)
def test_the_shortcuts_of_a_row_are_the_row(name: str) -> None:
    op = TABLE[name]
    for last, rule in op.shortcuts.items():
        # A root and a power round once each.
        assert rule(Floats, 3.0) == pytest.approx(op.forward(Floats, 3.0, last), 1e-15)


@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].commutative])
@given(data=st.data())
def test_a_commutative_row_may_exchange_its_arguments(
    name: str, data: st.DataObject
) -> None:
    xs = data.draw(arguments(name, 0))
    op = TABLE[name]
    # Sums round otherwise in another order: by a rounding of each term.
    expected = pytest.approx(
        op.forward(Floats, *xs), rel=1e-15, abs=1e-15 * sum(map(abs, xs))
    )
    assert op.forward(Floats, *xs[::-1]) == expected


@pytest.mark.parametrize("name", [n for n in NAMES if TABLE[n].ufunc])
@settings(max_examples=5)
@given(data=st.data())
def test_a_row_is_what_its_function_of_numpy_is(name: str, data: st.DataObject) -> None:
    op = TABLE[name]
    ufunc = np.clip if op.ufunc == "clip" else getattr(np, op.ufunc)
    xs = data.draw(tame_arguments(name, 1 / 8))
    # NumPy's functions and those of C's library differ by a few roundings.
    assert ufunc(*xs) == pytest.approx(op.forward(Floats, *xs), rel=1e-15, abs=1e-300)


@pytest.mark.parametrize("case", CHECKED)
@settings(max_examples=5)
@given(data=st.data())
def test_textbook_partials_are_those_of_the_row(case: str, data: st.DataObject) -> None:
    op, xs = row_of(case), data.draw(tame_arguments(case, 1 / 8))
    out = op.forward(Floats, *xs)
    given = (xs, out) if op.arity is None else (*xs, out)
    for rule, textbook in zip(op.partials, op.textbook, strict=False):
        # A textbook's form may cancel: 1 - tanh² is good to 1e-16 of 1.
        assert textbook(Functions, *given) == pytest.approx(
            rule(Floats, *given), rel=1e-12, abs=1e-13
        )


class Functions(Floats):
    """The arithmetic of floats with the rows that are no primitives, too."""

    digamma = staticmethod(on_values.digamma)


class Spy:
    """The arithmetic of floats, which notes the names that it is asked for."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.names.add(name)
        return getattr(Floats, name)

    each = staticmethod(Floats.each)
    joined = staticmethod(Floats.joined)


@pytest.mark.parametrize("name", CHECKED)
@settings(max_examples=3)
@given(data=st.data())
def test_table_is_closed_under_differentiation(name: str, data: st.DataObject) -> None:
    xs = data.draw(tame_arguments(name, 1 / 8))
    spy, op = Spy(), row_of(name)
    out = op.forward(Floats, *xs)
    for rule in op.partials:
        rule(spy, *((xs,) if op.arity is None else xs), out)
    for used in spy.names:
        assert used in TABLE
        assert hasattr(on_values, used)


@pytest.mark.parametrize("name", NAMES)
def test_row_has_one_partial_and_one_interval_per_argument(name: str) -> None:
    op = TABLE[name]
    assert op.name == name
    assert len(op.partials) == (op.arity or 1)
    assert len(op.domain) == op.arity or (op.arity is None and len(op.domain) <= 1)


def test_interval_holds_its_ends_only_if_they_belong_to_it() -> None:
    assert 0.0 not in Interval(low=0.0)
    assert 0.0 in Interval(low=0.0, ends=True)
    assert -1.0 in Interval(-1.0, 1.0, ends=True)
    assert 0.0 not in Interval(zero=False)
    assert -5.0 in Interval(zero=False)


def test_interval_reads_as_in_mathematics() -> None:
    assert str(Interval()) == "(-∞, ∞)"
    assert str(Interval(low=0.0, ends=True)) == "[0, ∞)"
    assert str(Interval(-1.0, 1.0, ends=True)) == "[-1, 1]"
    assert str(Interval(zero=False)) == "(-∞, ∞) without 0"


# Kinks


def slopes(function: Callable[..., Value], *xs: float) -> list[float]:
    """The derivatives of a function of Values at a point, by backward()."""
    leaves = [Value(x) for x in xs]
    function(*leaves).backward()
    return [leaf.grad for leaf in leaves]


@pytest.mark.parametrize(
    ("function", "point", "expected"),
    [
        (autograd.relu, (0.0,), [0.0]),
        (autograd.relu, (-0.0,), [0.0]),
        (autograd.abs, (0.0,), [0.0]),
        (autograd.step, (0.0,), [0.0]),
        (autograd.leaky_relu, (0.0, 0.1), [0.1, 0.0]),
        (autograd.elu, (0.0, 2.0), [2.0, 0.0]),
        (autograd.maximum, (2.0, 2.0), [0.5, 0.5]),
        (autograd.minimum, (2.0, 2.0), [0.5, 0.5]),
        (autograd.max, (1.0, 2.0, 2.0), [0.0, 0.5, 0.5]),
        (autograd.max, (2.0, 2.0, 2.0), [1 / 3, 1 / 3, 1 / 3]),
        (autograd.min, (2.0, 2.0, 2.0), [1 / 3, 1 / 3, 1 / 3]),
        (autograd.min, (1.0, 2.0, 1.0), [0.5, 0.0, 0.5]),
        (lambda a: a**0.0, (0.0,), [0.0]),
        (on_values.sign, (0.0,), [0.0]),
        (on_values.clip, (1.0, 1.0, 2.0), [0.5, 0.5, 0.0]),
        (on_values.clip, (2.0, 1.0, 2.0), [0.5, 0.0, 0.5]),
        (on_values.clip, (3.0, 1.0, 2.0), [0.0, 0.0, 1.0]),
        (on_values.clip, (2.0, 2.0, 2.0), [0.25, 0.25, 0.5]),
        (autograd.pow, (0.0, 2.0), [0.0, 0.0]),
        (autograd.pow, (0.0, 1.0), [1.0, 0.0]),
        (autograd.where, (0.0, 3.0, 4.0), [0.0, 0.0, 1.0]),
    ],
)
def test_derivative_at_a_kink_follows_the_convention(
    function: Callable[..., Value], point: tuple[float, ...], expected: list[float]
) -> None:
    assert slopes(function, *point) == expected


@pytest.mark.parametrize("x", [-1e300, -2.0, 0.0, 1e-300, 2.0])
def test_step_is_flat_everywhere(x: float) -> None:
    assert slopes(autograd.step, x) == [0.0]


def test_zero_to_the_power_zero_is_one() -> None:
    assert (Value(0.0) ** 0).data == 1.0
    assert autograd.pow(0.0, 0.0) == 1.0


def test_derivatives_at_kinks_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    nn = torch.nn.functional
    cases: list[tuple[Any, Any, tuple[float, ...]]] = [
        (autograd.relu, torch.relu, (0.0,)),
        (autograd.abs, torch.abs, (0.0,)),
        (lambda a: a.leaky_relu(0.1), lambda a: nn.leaky_relu(a, 0.1), (0.0,)),
        (lambda a: a.elu(2.0), lambda a: nn.elu(a, 2.0), (0.0,)),
        (autograd.maximum, torch.maximum, (2.0, 2.0)),
        (autograd.minimum, torch.minimum, (2.0, 2.0)),
        (autograd.max, lambda *xs: torch.stack(xs).amax(), (2.0, 1.0, 2.0, 2.0)),
        (autograd.min, lambda *xs: torch.stack(xs).amin(), (2.0, 3.0, 2.0, 2.0)),
        (lambda a: a**0.0, lambda a: a**0.0, (0.0,)),
        (autograd.pow, torch.pow, (0.0, 2.0)),
        (autograd.atan2, torch.atan2, (0.0, -2.0)),
    ]
    for ours, theirs, point in cases:
        tensors = [torch.tensor(x, dtype=torch.float64) for x in point]
        for tensor in tensors:
            tensor.requires_grad_()
        theirs(*tensors).backward()
        assert slopes(ours, *point) == [float(tensor.grad) for tensor in tensors]


# Derivatives that do not exist


@pytest.mark.parametrize(
    ("name", "xs"),
    [
        *[("floor", (x,)) for x in (0.0, -3.0, 1e300)],
        *[("ceil", (x,)) for x in (0.0, -3.0, 1e300)],
        *[("mod", xy) for xy in ((6.0, 3.0), (0.0, 1.0), (-0.5, 0.25))],
        *[("floor_divide", xy) for xy in ((6.0, 3.0), (0.0, 1.0), (-0.5, 0.25))],
        *[("cbrt", (0.0,)), ("acosh", (1.0,))],
        *[("pow", (0.0, y)) for y in (0.0, 0.5)],
    ],
)
def test_a_derivative_that_does_not_exist_is_an_error_in_either_way_of_asking(
    name: str, xs: tuple[float, ...]
) -> None:
    leaves = [Value(x) for x in xs]
    node = evaluate(name, leaves)
    with pytest.raises(DerivativeError, match=name):
        node.backward()
    with pytest.raises(DerivativeError, match=name):
        gradients(node, leaves)


def test_a_remainder_has_no_derivative_by_a_divisor_that_divides() -> None:
    with pytest.raises(DerivativeError, match="mod"):
        on_values.mod(6.0, Value(3.0)).backward()


@pytest.mark.parametrize("exponent", [0.5, 1.0])
@pytest.mark.parametrize("first", [0, 1])
def test_a_mixed_derivative_of_a_power_of_zero_is_an_error_in_either_order(
    exponent: float, first: int
) -> None:
    leaves = [Value(0.0), Value(exponent)]

    def twice() -> list[Value]:
        slope = gradients(leaves[0] ** leaves[1], leaves)[first]
        return gradients(slope, leaves)

    with pytest.raises(DerivativeError, match="pow"):
        twice()


def test_a_power_of_zero_is_flat_in_an_exponent_above_its_order() -> None:
    base, exponent = Value(0.0), Value(2.5)
    by_base, by_exponent = gradients(base**exponent, [base, exponent])
    assert (by_base.data, by_exponent.data) == (0.0, 0.0)
    assert [g.data for g in gradients(by_base, [base, exponent])] == [0.0, 0.0]
    assert [g.data for g in gradients(by_exponent, [base, exponent])] == [0.0, 0.0]


@pytest.mark.parametrize("exponent", range(4))
def test_polynomials_have_all_derivatives_at_zero(exponent: int) -> None:
    slope = x = Value(0.0)
    slope = x**exponent
    for order in range(1, 6):
        (slope,) = gradients(slope, [x])
        assert slope.data == (math.factorial(exponent) if order == exponent else 0.0)


# Large and small operands

EXTREME = [
    sign * size
    for size in (1.7e308, 1.5e154, 1e100, 800.0, 360.0, 27.5, 2.0, 1e-160, 1e-300)
    for sign in (1.0, -1.0)
]


@pytest.mark.parametrize("case", [c for c in CHECKED if row_of(c).arity == 1])
def test_gradients_answers_where_backward_does_and_the_same(case: str) -> None:
    op = row_of(case)
    for x in [x for x in (*EXTREME, 0.5, 5e-324) if x in op.domain[0]]:
        leaf = Value(x)
        try:
            node = evaluate(case, [leaf])
            (partial,) = node.partials()
        except (ArithmeticError, ValueError):
            continue
        if math.isfinite(partial):
            assert gradients(node, [leaf])[0].data == partial, x


@pytest.mark.parametrize("name", ["atan2", "hypot", "maximum", "minimum", "greater"])
def test_gradients_of_two_operands_answers_where_backward_does(name: str) -> None:
    for xy in itertools.product(EXTREME, EXTREME):
        leaves = [Value(x) for x in xy]
        if not math.isfinite(math.hypot(*xy)):
            continue
        node = evaluate(name, leaves)
        found = [g.data for g in gradients(node, leaves)]
        assert found == list(node.partials()), xy


def test_hypot_of_the_smallest_numbers_has_the_slopes_of_their_angle() -> None:
    least = 5e-324
    assert slopes(autograd.hypot, least, least) == pytest.approx([math.sqrt(0.5)] * 2)
    assert slopes(autograd.hypot, 1e-310, 0.0) == [1.0, 0.0]


@pytest.mark.parametrize("t", [-30.0, -240.0, -300.0, -350.0])
def test_a_sigmoid_written_by_hand_can_be_differentiated_twice(t: float) -> None:
    leaf = Value(t)
    (slope,) = gradients(1.0 / (1.0 + (-leaf).exp()), [leaf])
    (curvature,) = gradients(slope, [leaf])
    # A dozen roundings, and 1 / b² is no double with all its digits from -354 on.
    expected = math.exp(t) / (1.0 + math.exp(t)) ** 2 * math.tanh(-t / 2)
    assert curvature.data == pytest.approx(expected, rel=1e-13, abs=0.0)


@pytest.mark.parametrize("order", range(11))
@pytest.mark.parametrize("x", [1e-10, 0.3, 1.0, 7.5, 40.0, 1e10])
def test_polygamma_is_that_of_mpmath(order: int, x: float) -> None:
    exact = mp.polygamma(order, x)
    # The sum of 10 + 2n powers, each off by n + 2 roundings.
    allowed = 4 * (order + 2) * 2.0**-53
    assert abs(Floats.polygamma(x, order) - exact) <= allowed * abs(exact)


@pytest.mark.parametrize("order", range(7))
@given(x=st.floats(-20.0, 20.0))
def test_derivatives_of_sinc_are_those_of_their_integral(order: int, x: float) -> None:
    # dⁿ/daⁿ sinc(a) = ∫₀¹ (πt)ⁿ cos(πta + nπ/2) dt, which is at most πⁿ / (n + 1).
    with mp.workdps(30):
        exact = mp.quad(
            lambda t: (
                (mp.pi * t) ** order * mp.cos(mp.pi * (t * x + order / mp.mpf(2)))
            ),
            mp.linspace(0, 1, 11),
        )
    allowed = 1e-14 * math.pi**order / (order + 1)
    assert abs(Floats.sinc_derivative(x, order) - exact) <= allowed


# Points that the strategies may miss, or do not draw

HARD = [
    *[("tanh", (x,)) for x in (1e-300, 1e-10, 19.0, -300.0, 350.0)],
    *[("sigmoid", (x,)) for x in (1e-300, 1e-10, 37.0, -700.0, 700.0)],
    *[("softplus", (x,)) for x in (-700.0, 37.0, 700.0)],
    *[("silu", (x,)) for x in (-700.0, -1.278464542761074, 700.0)],
    *[("gelu", (x,)) for x in (-37.0, -0.7517916243860984, 20.0)],
    *[("erf", (x,)) for x in (1e-150, 6.0, -20.0)],
    *[("erfc", (x,)) for x in (-20.0, 20.0, 26.0)],
    *[("elu", (x, 2.0)) for x in (-700.0, -1e-300, 1e-300)],
    *[("asin", (x,)) for x in (1e-150, 1.0 - 2.0**-53, -1.0 + 2.0**-53)],
    *[("acos", (x,)) for x in (1e-150, 1.0 - 2.0**-53, -1.0 + 2.0**-53)],
    *[("log1p", (x,)) for x in (-1.0 + 2.0**-53, 1e-300, 1e90)],
    *[("expm1", (x,)) for x in (-700.0, 1e-300, 700.0)],
    *[("tan", (x,)) for x in (1e-300, 1.5707963267948966, 1e22)],
    *[("log", (x,)) for x in (1e-100, 1.0 + 2.0**-52, 1e100)],
    *[("atan", (x,)) for x in (1e-300, 1e75)],
    *[("atan2", xy) for xy in ((1e-70, -1e70), (1e70, 1e-70), (-1e-70, -1e-70))],
    *[("hypot", xy) for xy in ((3e-70, 4e-70), (1.0, 1e-6), (1e70, 1.0), (0.0, -1e70))],
    *[("logsumexp", xs) for xs in ((0.0, -700.0), (700.0, 710.0, 690.0))],
    *[("sinc", (x,)) for x in (1e-300, 1e-9, 0.3183, 1.0 + 2.0**-52, -7.0, 1e22)],
    *[("lgamma", (x,)) for x in (1e-149, 1.0 + 1e-9, 2.0 - 1e-9, 1e300)],
    *[("acosh", (x,)) for x in (1.0 + 2.0**-52, 1e150)],
    *[("cbrt", (x,)) for x in (-1e-179, 27.0, 1e300)],
    *[
        ("log_excess", xs)
        for xs in ((0.0, -700.0), (1e15, 1e15 - 5.0), (3.0, 1.0, 2.0))
    ],
    *[("maximum", xy) for xy in ((1.0, 1.0 + 2.0**-52), (-1e-300, 1e-300))],
]


@pytest.mark.parametrize(("name", "xs"), HARD)
def test_hard_points_are_as_good_as_the_others(
    name: str, xs: tuple[float, ...]
) -> None:
    check_value(name, xs)
    check_first_derivatives(name, xs)
    check_second_derivatives(name, xs)


@pytest.mark.parametrize("exponent", [-3.0, -1.0, 0.0, 1.0, 2.0, 5.0])
@given(size=st.floats(0.1, 10.0))
def test_negative_base_takes_whole_exponents(exponent: float, size: float) -> None:
    base = Value(-size)
    power = base**exponent
    power.backward()
    # Each is one rounded call of pow, and the derivative one product more: 4 u.
    sign = -1.0 if exponent % 2 else 1.0
    assert power.data == pytest.approx(sign * size**exponent, rel=1e-15)
    expected = -exponent * sign * size ** (exponent - 1.0)
    assert base.grad == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("name", "xs", "value", "partials"),
    [
        ("sigmoid", (1e300,), 1.0, [0.0]),
        ("sigmoid", (-1e300,), 0.0, [0.0]),
        ("tanh", (1e308,), 1.0, [0.0]),
        ("tanh", (-1e308,), -1.0, [0.0]),
        ("softplus", (1e300,), 1e300, [1.0]),
        ("softplus", (-1e300,), 0.0, [0.0]),
        ("silu", (1e300,), 1e300, [1.0]),
        ("silu", (-1e300,), 0.0, [0.0]),
        ("gelu", (1e300,), 1e300, [1.0]),
        ("gelu", (-1e300,), 0.0, [0.0]),
        ("erf", (1e300,), 1.0, [0.0]),
        ("erfc", (1e300,), 0.0, [0.0]),
        ("gaussian", (1.7e308,), 0.0, [0.0]),
        ("tanh_slope", (1.7e308,), 0.0, [0.0]),
        ("elu", (-1e300, 2.0), -2.0, [0.0, -1.0]),
        ("elu", (1e300, 2.0), 1e300, [1.0, 0.0]),
        ("atan", (1e300,), math.pi / 2, [0.0]),
        ("logsumexp", (1e300, 0.0), 1e300, [1.0, 0.0]),
        ("logsumexp", (-1e300, 0.0), 0.0, [0.0, 1.0]),
    ],
)
def test_saturated_rows_reach_their_limits(
    name: str, xs: tuple[float, ...], value: float, partials: list[float]
) -> None:
    node = evaluate(name, [Value(x) for x in xs])
    assert node.data == value
    assert list(node.partials()) == partials


@pytest.mark.parametrize(
    ("name", "x", "value"),
    [
        ("sqrt", 0.0, 0.0),
        ("asin", 1.0, math.pi / 2),
        ("asin", -1.0, -math.pi / 2),
        ("acos", 1.0, 0.0),
        ("acos", -1.0, math.pi),
    ],
)
def test_value_at_the_end_of_the_domain_exists_and_the_derivative_does_not(
    name: str, x: float, value: float
) -> None:
    end = evaluate(name, [Value(x)])
    assert end.data == value
    with pytest.raises(DerivativeError, match=name):
        end.backward()


@pytest.mark.parametrize("base", [1e-300, 1e300])
def test_power_of_an_extreme_base_keeps_its_digits(base: float) -> None:
    check_value("pow", (base, 0.5))
    check_first_derivatives("pow", (base, 0.5))


@given(exponent=st.floats(-3.0, 3.0), base=st.floats(0.1, 10.0))
def test_mixed_derivatives_of_pow_are_symmetric_at_whole_exponents(
    exponent: float, base: float
) -> None:
    whole = float(round(exponent))
    check_second_derivatives("pow", (base, whole))


@pytest.mark.parametrize("name", PUBLIC)
@settings(max_examples=1)
@given(data=st.data())
def test_operands_of_any_row_may_be_numbers(name: str, data: st.DataObject) -> None:
    xs = data.draw(tame_arguments(name, 1 / 8))
    node = apply(name, [Value(xs[0]), *xs[1:]])
    plain = apply(name, xs)
    assert type(plain) is float
    assert node.data == plain
