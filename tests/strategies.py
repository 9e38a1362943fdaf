"""What the property tests draw: arguments of a row, and graphs over all rows.

Arguments come from the row's `domain`, whole: of ordinary size, of any magnitude that
the oracle allows, and next to the ends. Graphs are tame by construction: every operand
is brought into the domain, and every large result is squashed, by further nodes.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hypothesis import strategies as st

import autograd
from autograd import Value, functions
from autograd.ops import TABLE, Interval, Operation
from tests.oracles import ORACLES

# Rows

PUBLIC = sorted(name for name, op in TABLE.items() if not (op.helper or op.n_static))
"""The rows that have a function of their name for everybody, and no whole numbers."""


DRAWN = sorted(case for case in ORACLES if " " not in case and case != "chosen")
"""The rows that random graphs are made of: those with an order may be very steep."""


def row_of(case: str) -> Operation:
    """The row of a name as in ORACLES: `polygamma 1` has its whole number put in."""
    name, *static = case.split()
    return TABLE[name].at(*map(int, static))


# Arguments of a row


@st.composite
def arguments(draw: st.DrawFn, name: str, order: int) -> tuple[float, ...]:
    """Arguments for a derivative of the given order, from the whole domain."""
    oracle = ORACLES[name]
    intervals = draw(st.sampled_from(_signatures(name, order)))
    largest = oracle.largest * (len(intervals) // len(oracle.largest))
    numbers = st.tuples(
        *(
            _numbers(interval, most, oracle.decades[order])
            for interval, most in zip(intervals, largest, strict=True)
        )
    )
    if len({*intervals}) == 1 < len(intervals):
        # What vanishes where arguments are alike, or differ in sign alone.
        nearly = st.sampled_from([1.0, -1.0, 1.0 + 2.0**-52, 1.0 + 2.0**-20])
        numbers |= numbers.flatmap(
            lambda xs: st.tuples(
                st.just(xs[0]), *[nearly.map(xs[0].__mul__)] * len(xs[1:])
            )
        ).filter(lambda xs: all(x in i for x, i in zip(xs, intervals, strict=True)))
    if oracle.shares:
        numbers = numbers.map(with_shares)
    # Points without a derivative are few: a draw that hits one is drawn again.
    return draw(numbers.filter(lambda xs: distance_to_kink(name, xs) > 0.0))


@st.composite
def tame_arguments(draw: st.DrawFn, name: str, margin: float) -> tuple[float, ...]:
    """Arguments of ordinary size, at least `margin` from ends, kinks and poles."""
    intervals = draw(st.sampled_from(_signatures(name, 1)))
    numbers = st.tuples(*(_ordinary(interval, margin) for interval in intervals))
    if ORACLES[name].shares:
        numbers = numbers.map(with_shares)
    return draw(numbers.filter(lambda xs: distance_to_kink(name, xs) >= margin))


def with_shares(xs: tuple[float, ...]) -> tuple[float, ...]:
    """The first half of the numbers, and for the second the largest its whole share.

    Where several have one, it is known to a rounding of 1 alone that they add up to 1.
    """
    half = len(xs) // 2
    largest = max(range(half, len(xs)), key=xs.__getitem__)
    return (*xs[:half], *[float(i == largest) for i in range(half, len(xs))])


def distance_to_kink(name: str, xs: Sequence[float]) -> float:
    """A number that is positive where the operation has a derivative."""
    kink, oracle = row_of(name).kink, ORACLES[name]
    distance = abs(kink(*xs)) if kink and not oracle.smooth else math.inf
    return min(distance, oracle.singular(*xs)) if oracle.singular else distance


def _signatures(name: str, order: int) -> list[tuple[Interval, ...]]:
    """The intervals of all arguments, for each number of arguments to try."""
    op = row_of(name)
    if op.arity is not None:
        return [op.domain]
    interval = op.domain[0] if op.domain else Interval()
    # A row of n arguments has n² second derivatives: fewer arguments will do.
    counts = [n for n in ORACLES[name].counts if n <= (6, 6, 4)[order]]
    return [(interval,) * count for count in counts]


@cache
def _numbers(interval: Interval, largest: float, decades: float) -> Any:
    """Numbers inside an interval: ordinary, saturating, tiny or huge, next to its ends.

    From 3 to 750 in size, exponentials grow to the largest and the smallest doubles.
    """
    largest = min(largest, 10.0**decades)
    kinds = [_ordinary(interval, 10.0**-decades)]
    for sign, end in ((-1.0, interval.low), (1.0, interval.high)):
        if sign * end > 0.0:
            top = math.log10(min(largest, sign * end))
            sizes = st.floats(-decades, top - 1e-9)
            kinds.append(sizes.map(lambda size, sign=sign: sign * 10.0**size))
        if sign * end > 3.0:
            sizes = st.floats(3.0, min(largest, 750.0, sign * end))
            kinds.append(sizes.map(lambda size, sign=sign: sign * size))
        if math.isfinite(end) and end != 0.0:
            gaps = st.floats(-15.0, -1.0).map(lambda size: 10.0**size)
            kinds.append(gaps.map(lambda gap, sign=sign, end=end: end - sign * gap))
    return st.one_of(kinds).filter(lambda x: interval.low < x < interval.high)


@cache
def _ordinary(interval: Interval, margin: float) -> Any:
    """Numbers between -3 and 3, inside an interval by at least a margin; 0 is one."""
    margin = max(margin, 2.0**-52)
    low, high = max(interval.low + margin, -3.0), min(interval.high - margin, 3.0)
    if low > 0.0:
        return st.floats(low, high)
    sides = st.floats(low, -margin) | st.floats(margin, high)
    return sides | st.just(0.0) if interval.zero else sides


# Graphs

SQUASHING = ("tanh", "sin", "atan", "sigmoid", "erf")
LARGEST = 3.0
"""Results beyond this are squashed, so that no graph of 60 nodes can overflow."""
MARGIN = 1 / 16
"""How far operands stay from ends, kinks and poles."""

OPERATORS: dict[str, Callable[..., Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "pow": operator.pow,
    "neg": operator.neg,
    "pos": operator.pos,
}


def apply(name: str, operands: Sequence[Any]) -> Any:
    """Call the public operator or function of a row."""
    if name in OPERATORS:
        return OPERATORS[name](*operands)
    name, *static = name.split()
    op = TABLE[name]
    function = getattr(autograd, name, None) or getattr(functions, name)
    if op.halves:
        half = len(operands) // 2
        return function(operands[:half], operands[half:])
    if op.arity is not None or op.helper:
        return function(*operands, *map(int, static))
    return function(operands)


@dataclass(frozen=True)
class Step:
    """One operation of a graph: the row, its operands, and the node that came out."""

    name: str
    operands: tuple[Value | float, ...]
    node: Value


@dataclass(frozen=True)
class Graph:
    """Leaves and steps, in the order in which they were made; the last is the root."""

    leaves: list[Value]
    steps: list[Step]

    @property
    def root(self) -> Value:
        return self.steps[-1].node


@st.composite
def graphs(draw: st.DrawFn, most: int = 60, width: int = 64) -> Graph:
    """A random graph of up to `most` nodes over all rows, with shared nodes.

    Its numbers are floats of `width` bits.
    """
    number = st.floats(-LARGEST, LARGEST, allow_subnormal=False, width=width)
    leaves = [Value(x) for x in draw(st.lists(number, min_size=1, max_size=4))]
    steps: list[Step] = []
    pool = list(leaves)  # the nodes that may be operands, all of them small

    def make(name: str, *operands: Value | float) -> Value:
        node = apply(name, operands)
        steps.append(Step(name, operands, node))
        return node

    def pick() -> Value:
        """A node, one of the latest as often as any."""
        return draw(st.sampled_from(pool) | st.sampled_from(pool[-3:]))

    def fit(operand: Value | float, interval: Interval) -> Value | float:
        """The operand, moved well inside an interval if it is not there."""
        x = float(operand)
        inside = interval.low + MARGIN <= x <= interval.high - MARGIN
        if inside and (interval.zero or abs(x) >= MARGIN):
            return operand
        if isinstance(operand, float):
            return 0.5
        if not interval.zero:
            return make("add", make("mul", operand, operand), 0.5)
        if interval.high == math.inf:
            return make("add", make("softplus", operand), interval.low + 0.5)
        return make("mul", 0.75, make("tanh", operand))

    names = st.sampled_from(DRAWN)
    rounds = draw(st.integers(1, most))
    for _ in range(rounds):
        if len(leaves) + len(steps) > most - 5:  # what is still to come at most
            break
        name = draw(names)
        intervals = draw(st.sampled_from(_signatures(name, 1)))
        kept = draw(st.integers(0, len(intervals) - 1))
        operands = []
        for i, interval in enumerate(intervals):
            constant = i != kept and draw(st.integers(0, 3)) == 0
            operands.append(fit(draw(number) if constant else pick(), interval))
        if distance_to_kink(name, [float(x) for x in operands]) < MARGIN:
            name, operands = "sum", operands[kept:]
        node = make(name, *operands)
        while abs(node.data) > LARGEST:
            node = make(draw(st.sampled_from(SQUASHING)), node)
        pool.append(node)
    if draw(st.booleans()):
        make("sum", *pool)
    return Graph(leaves, steps)
