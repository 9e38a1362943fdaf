"""Random programs: what a compiler may meet, as plain data.

A `Program` is a list of steps over numbered nodes, with a role for each leaf; it can be
computed at any point, on Values or on plain numbers. `random_program` draws one from
Python's `random.Random`, fast enough for thousands a minute; Hypothesis brings a random
of its own, whose choices it can shrink.

Programs have all rows of the table in them, alone and side by side (a compiler groups
nodes of one depth), reductions of many lengths, masks of infinities, signed zeros,
numbers from the tails, shared nodes and repeated operands; and the structures that the
compiler looks for: layers, convolutions, recurrences, sums written by hand. A program
is defined where it is drawn. At other points it may not be.

    >>> p = Program((2.0, 3.0), "pi", (Step("mul", (0, 1)), Step("exp", (-1.0,))), (2,))
    >>> print(p)
    leaves = [Value(2.0), Value(3.0)]  # roles: pi
    v2 = mul(v0, v1)
    v3 = exp(-1.0)
    outputs = [v2]
"""

from __future__ import annotations

import math
import random
import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from autograd import functions
from autograd.ops import TABLE, Interval
from tests.strategies import OPERATORS, SQUASHING, apply

Operand = int | float
"""The number of a node, or a plain number, which becomes a constant."""

NAMES = sorted(TABLE.keys() - {"chosen", "stop_gradient"})  # these mark a recording
VARIADIC = [name for name in NAMES if TABLE[name].arity is None]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on nodes and plain numbers, and its whole numbers, if any."""

    name: str
    operands: tuple[Operand, ...]
    static: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """Leaves, with their numbers where it is recorded, and steps; nodes in that order.

    `roles` has a letter per leaf: i for an input, p for a parameter, c for a constant.
    """

    numbers: tuple[float, ...]
    roles: str
    steps: tuple[Step, ...]
    outputs: tuple[int, ...]

    def run(self, leaves: Sequence[Any]) -> list[Any]:
        """All nodes, from leaves that are Values or plain numbers."""
        nodes = list(leaves)
        for step in self.steps:
            operands = [nodes[x] if isinstance(x, int) else x for x in step.operands]
            nodes.append(compute(step.name, [*operands, *step.static]))
        return nodes

    def places(self, role: str) -> list[int]:
        """The numbers of the leaves that have a role."""
        return [i for i, letter in enumerate(self.roles) if letter == role]

    def leaves(self, parameters: Sequence[Any], inputs: Sequence[Any]) -> list[Any]:
        """The leaves at another point; constants are what they are."""
        leaves: list[Any] = list(self.numbers)
        for role, numbers in (("p", parameters), ("i", inputs)):
            for place, number in zip(self.places(role), numbers, strict=True):
                leaves[place] = number
        return leaves

    def reached(self) -> set[int]:
        """The nodes that the outputs need."""
        n = len(self.numbers)
        kept = set(self.outputs)
        for number in reversed(range(n, n + len(self.steps))):
            if number in kept:
                operands = self.steps[number - n].operands
                kept.update(x for x in operands if isinstance(x, int))
        return kept

    def needed(self) -> Program:
        """The same without the steps and the leaves that no output needs."""
        n, kept = len(self.numbers), self.reached()
        new = {old: k for k, old in enumerate(sorted(kept))}
        return Program(
            tuple(x for i, x in enumerate(self.numbers) if i in kept),
            "".join(role for i, role in enumerate(self.roles) if i in kept),
            tuple(
                replace(
                    step,
                    operands=tuple(
                        new[x] if isinstance(x, int) else x for x in step.operands
                    ),
                )
                for i, step in enumerate(self.steps, n)
                if i in kept
            ),
            tuple(new[i] for i in self.outputs),
        )

    def __str__(self) -> str:
        leaves = ", ".join(f"Value({x!r})" for x in self.numbers)
        lines = [f"leaves = [{leaves}]  # roles: {self.roles}"]
        for number, step in enumerate(self.steps, len(self.numbers)):
            operands = [
                f"v{x}" if isinstance(x, int) else repr(x) for x in step.operands
            ]
            arguments = ", ".join([*operands, *map(str, step.static)])
            lines.append(f"v{number} = {step.name}({arguments})")
        lines.append(f"outputs = [{', '.join(f'v{i}' for i in self.outputs)}]")
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Case:
    """A program, a precision, and the calls to make: each is parameters and a batch.

    A batch is a tuple of examples, of which many may be the same one.
    """

    program: Program
    dtype: str
    calls: tuple[tuple[tuple[float, ...], tuple[tuple[float, ...], ...]], ...]

    def __str__(self) -> str:
        lines = [f"{self.program}  # {self.dtype}"]
        for parameters, batch in self.calls:
            lines.append(f"parameters {list(parameters)}, batch of {len(batch)}:")
            lines += [f"    {list(example)}" for example in dict.fromkeys(batch)]
        return "\n".join(lines)


def compute(name: str, operands: Sequence[Any]) -> Any:
    """Call the public function of a row; Python's operators know complex numbers."""
    if name in OPERATORS:
        return getattr(functions, name)(*operands)
    return apply(name, operands)


# Numbers


def single(x: float) -> float:
    """The nearest number of single precision; infinity where it is too large."""
    try:
        (rounded,) = struct.unpack("f", struct.pack("f", x))
    except OverflowError:
        return math.copysign(math.inf, x)
    return float(rounded)


def random_number(rng: random.Random, dtype: str) -> float:
    """Mostly of ordinary size; also zeros, whole, tiny, huge, and from the tails."""
    wide = dtype == "float64"
    kind = rng.random()
    if kind < 0.62:
        x = rng.uniform(-3.0, 3.0)
    elif kind < 0.74:
        x = rng.choice((0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -2.0))
    elif kind < 0.82:
        x = rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-8.0, 4.0)
    elif kind < 0.90:  # where exponentials reach the largest and the smallest numbers
        most = 750.0 if wide else 105.0
        x = rng.uniform(-most, most)
    elif kind < 0.94:
        most = 300.0 if wide else 37.0
        x = rng.choice((-1.0, 1.0)) * 10.0 ** rng.uniform(-most, most)
    else:
        x = rng.uniform(-40.0, 40.0)
    return x if wide else single(x)


def random_point(
    rng: random.Random, numbers: Sequence[float], dtype: str
) -> tuple[float, ...]:
    """Numbers near those given, as a rule."""
    point = []
    for x in numbers:
        kind = rng.random()
        if kind < 0.72:
            x = x * (1.0 + 0.02 * rng.uniform(-1.0, 1.0)) + 0.02 * rng.uniform(
                -1.0, 1.0
            )
        elif kind > 0.9:
            x = random_number(rng, dtype)
        point.append(x if dtype == "float64" else single(x))
    return tuple(point)


# Programs


class _Builder:
    """A program in the making, with the numbers of all nodes so far."""

    def __init__(self, rng: random.Random, dtype: str, most: int) -> None:
        self.rng = rng
        self.dtype = dtype
        self.most = most
        self.uniform = rng.random() < 0.15
        self.numbers: list[float] = []
        self.roles: list[str] = []
        self.steps: list[Step] = []
        self.data: list[float] = []  # of the leaves, and then of the steps
        self.nodes: list[tuple[str, int]] = []  # ("leaf" or "step", which)
        self.pool: list[int] = []  # what may be an operand, by its place in `nodes`
        self.sides: list[list[int]] = []  # nodes of one kind that stand side by side

    def leaf(self, role: str = "", number: float | None = None) -> int:
        """A new leaf."""
        role = role or self.rng.choice("iippc")
        x = random_number(self.rng, self.dtype) if number is None else number
        self.numbers.append(x)
        self.roles.append("p" if self.uniform and role == "i" else role)
        self.nodes.append(("leaf", len(self.numbers) - 1))
        self.data.append(x)
        return len(self.nodes) - 1

    def step(self, name: str, *operands: Operand, static: Sequence[int] = ()) -> int:
        """A new node; ArithmeticError or ValueError where it is not defined."""
        numbers = [self.data[x] if isinstance(x, int) else x for x in operands]
        x = compute(name, [*numbers, *static])
        if not abs(x) < (1e300 if self.dtype == "float64" else 1e37):
            raise OverflowError(name)
        self.steps.append(Step(name, operands, tuple(static)))
        self.nodes.append(("step", len(self.steps) - 1))
        self.data.append(x)
        return len(self.nodes) - 1

    def program(self, outputs: Sequence[int]) -> Program:
        """What the outputs need, with the leaves first."""
        leaves = [i for i, (kind, _) in enumerate(self.nodes) if kind == "leaf"]
        steps = [i for i, (kind, _) in enumerate(self.nodes) if kind == "step"]
        new = {old: k for k, old in enumerate([*leaves, *steps])}
        renumbered = [
            replace(
                step,
                operands=tuple(
                    new[x] if isinstance(x, int) else x for x in step.operands
                ),
            )
            for step in self.steps
        ]
        return Program(
            tuple(self.numbers),
            "".join(self.roles),
            tuple(renumbered),
            tuple(new[i] for i in outputs),
        ).needed()

    # Choices

    def pick(self) -> int:
        """A node that is there already, one of the latest as often as any."""
        recent = self.pool[-3:] if self.rng.random() < 0.5 else self.pool
        return self.rng.choice(recent)

    def number(self) -> float:
        """A plain number."""
        return random_number(self.rng, self.dtype)

    def operand(self) -> Operand:
        """A node, or now and then a plain number."""
        return self.number() if self.rng.random() < 0.15 else self.pick()

    def fit(self, operand: Operand, interval: Interval) -> Operand:
        """The operand, moved into an interval by further nodes if it is not there."""
        x = self.data[operand] if isinstance(operand, int) else operand
        if x in interval:
            return operand
        if isinstance(operand, float):
            return 0.5
        if not interval.zero:
            return self.step("add", operand, 0.5)
        if interval.high == math.inf:
            positive = self.step("softplus", operand)
            return self.step("add", positive, interval.low + 0.125)
        return self.step("mul", 0.75, self.step("sin", operand))

    def tame(self, node: int) -> int:
        """The node, or often, where it is large, one that squashes it."""
        if abs(self.data[node]) > 100.0 and self.rng.random() < 0.6:
            return self.step(self.rng.choice(SQUASHING), node)
        return node

    def beside(self, width: int) -> list[int]:
        """Nodes of one kind: in their order, or turned, or here and there, or twice."""
        nodes = self.rng.choice(self.sides)
        kind = self.rng.random()
        if kind < 0.4:
            start = self.rng.randrange(len(nodes))
            return [nodes[(start + i) % len(nodes)] for i in range(width)]
        if kind < 0.5:
            return [nodes[-1 - i % len(nodes)] for i in range(width)]
        if kind < 0.7 and width <= len(nodes):
            return self.rng.sample(nodes, width)
        return [self.rng.choice(nodes) for _ in range(width)]

    # Blocks: each appends to the pool

    def any_row(self) -> None:
        """A row of the table, on any operands, which it may fit to its domain."""
        name = self.rng.choice(NAMES)
        if TABLE[name].arity is None:
            self.pool.append(self.tame(self.variadic(name)))
        else:
            self.pool.append(self.tame(self.fixed(name, mixed=False)))

    def side_by_side(self) -> None:
        """A row of the table on several sets of operands, a compiler's one instruction.

        An argument is a node each, or the same one for all, or a plain number each.
        """
        rng = self.rng
        name = rng.choice((*NAMES, "where", "mul", "add", "sub"))
        op = TABLE[name]
        width = rng.randint(2, 8)
        n_arguments = op.arity or rng.randint(1, 4) * 2
        columns: list[list[Operand]] = []
        for i in range(n_arguments):
            kind = rng.random()
            if i == 0 and name == "where" and kind < 0.5:
                columns.append([rng.choice((0.0, 1.0, -0.0)) for _ in range(width)])
            elif i and kind < 0.15:
                columns.append([self.number() for _ in range(width)])
            elif i and kind < 0.3:
                columns.append([self.pick()] * width)
            else:
                columns.append([*self.beside(width)])
        static = [rng.randint(1, 3) for _ in range(op.n_static)]
        made = []
        is_turned = op.arity == 2 and rng.random() < 0.3
        for operands in zip(*columns, strict=True):
            if is_turned and rng.random() < 0.5:
                operands = operands[::-1]
            try:
                made.append(self.step(name, *operands, static=static))
            except (ValueError, ArithmeticError):
                continue  # the others stand side by side without it
        if not made:
            raise ValueError(name)
        self.sides.append(made)
        self.pool += [self.tame(node) for node in made]

    def fixed(self, name: str, mixed: bool) -> int:
        """A row of a fixed number of arguments; with `mixed`, more plain numbers."""
        op, rng = TABLE[name], self.rng
        kept = rng.randrange(len(op.domain))
        operands: list[Operand] = []
        for i, interval in enumerate(op.domain):
            if operands and rng.random() < 0.12:
                operand = operands[-1]
            elif i != kept and mixed:
                operand = rng.choice((0.0, 1.0, self.number()))
            else:
                operand = self.pick() if i == kept else self.operand()
            operands.append(self.fit(operand, interval))
        if name == "pow" and rng.random() < 0.6:
            operands[1] = rng.choice((2.0, 3.0, -1.0, 0.5, 1.0, 0.0, -2.0, 1.5))
        static = [rng.randint(1, 3) for _ in range(op.n_static)]
        return self.step(name, *operands, static=static)

    def variadic(self, name: str) -> int:
        """A row of any number of arguments, of a length from 1 to 40."""
        length = self.rng.choice((1, 2, 2, 3, 3, 4, 5, 8, 17, 40))
        operands: list[Operand] = [self.pick()]
        operands += [self.operand() for _ in range(length - 1)]
        if TABLE[name].halves:
            if self.rng.random() < 0.2:
                return self.step(name, *operands, *operands)
            operands += [self.operand() for _ in range(length)]
        return self.step(name, *operands)

    def layer(self) -> None:
        """Neurons, by `dot` or written by hand, on a vector or on several alike."""
        rng = self.rng
        size, count = rng.randint(1, 4), rng.choice((1, 1, 2, 3))
        if count > 1 and rng.random() < 0.5:  # a batch that was recorded
            role = rng.choice("ip")
            vectors = [[self.leaf(role) for _ in range(size)] for _ in range(count)]
        else:
            vectors = [self.signals(size) for _ in range(count)]
        activation = rng.choice(("tanh", "relu", "sigmoid", "gelu", "softplus", "pos"))
        by_hand = rng.random() < 0.5
        outs = []
        for _ in range(rng.randint(1, 5)):
            weights = [self.leaf("p", self.ordinary()) for _ in range(size)]
            bias = self.leaf("p", self.ordinary())
            for signals in vectors:
                total = self.weighted(weights, signals, by_hand)
                outs.append(self.step(activation, self.step("add", total, bias)))
        self.sides.append(outs)
        self.pool += [self.tame(out) for out in outs]
        if rng.random() < 0.3:  # a head over all of them
            name = rng.choice(("logsumexp", "max", "sum", "min"))
            self.pool.append(self.step(name, *outs))

    def ordinary(self) -> float:
        x = self.rng.uniform(-1.5, 1.5)
        return x if self.dtype == "float64" else single(x)

    def weighted(
        self, weights: Sequence[int], signals: Sequence[int], by_hand: bool
    ) -> int:
        """Σ weight · signal."""
        if not by_hand:
            return self.step("dot", *weights, *signals)
        total: Operand = 0.0
        for weight, signal in zip(weights, signals, strict=True):
            term = self.step("mul", weight, signal)
            total = self.step(self.rng.choice(("add", "add", "sub")), total, term)
        assert isinstance(total, int)
        return total

    def signals(self, n: int) -> list[int]:
        """Nodes that a layer reads: side by side, or from anywhere."""
        if self.rng.random() < 0.5:
            return self.beside(n)
        return [self.pick() for _ in range(n)]

    def convolution(self) -> None:
        """Shared weights, of a channel or two, that slide along a signal."""
        size = self.rng.randint(2, 3)
        signal = self.signals(self.rng.randint(size + 1, 7))
        by_hand = self.rng.random() < 0.5
        outs = []
        for _ in range(self.rng.randint(1, 2)):
            kernel = [self.leaf("p", self.ordinary()) for _ in range(size)]
            outs += [
                self.weighted(kernel, signal[i : i + size], by_hand)
                for i in range(len(signal) - size + 1)
            ]
        if self.rng.random() < 0.5:
            outs = [self.step("relu", out) for out in outs]
        self.sides.append(outs)
        self.pool += [self.tame(out) for out in outs]

    def recurrence(self) -> None:
        """A state that is computed from itself with the same weights, step by step."""
        w, u, state = self.leaf("p", self.ordinary()), self.pick(), self.pick()
        states = []
        for _ in range(self.rng.randint(2, 10)):
            both = self.step("add", self.step("mul", w, state), u)
            state = self.step("tanh", both)
            states.append(state)
        self.pool.append(state)
        if self.rng.random() < 0.3:
            self.pool.append(self.step("logsumexp", *states))

    def mask(self) -> None:
        """Choices by constants, and infinities that are not chosen or count nothing."""
        rng = self.rng
        kind = rng.randrange(4)
        if kind == 0:  # conditions that are constants, and not all the same
            width = rng.randint(2, 5)
            chosen = [
                self.step("where", rng.choice((0.0, 1.0, -0.0, -2.0)), a, b)
                for a, b in zip(self.beside(width), self.beside(width), strict=True)
            ]
            self.sides.append(chosen)
            self.pool += chosen
        elif kind == 1:  # what is masked out of a softmax or of a maximum
            name, infinity = rng.choice((("logsumexp", -1), ("max", -1), ("min", 1)))
            operands: list[Operand] = [self.pick() for _ in range(rng.randint(1, 4))]
            for _ in range(rng.randint(1, 3)):
                operands.insert(rng.randint(0, len(operands)), infinity * math.inf)
            self.pool.append(self.step(name, *operands))
        elif kind == 2:
            name, infinity = rng.choice((("maximum", -1), ("minimum", 1)))
            self.pool.append(self.step(name, self.pick(), infinity * math.inf))
        else:
            name = rng.choice(("where", "atan2", "maximum", "leaky_relu"))
            self.pool.append(self.fixed(name, mixed=True))

    def tail(self) -> None:
        """A function far out, and what brings its result back to ordinary size."""
        rng = self.rng
        wide = self.dtype == "float64"
        far = rng.uniform(650.0, 745.0) if wide else rng.uniform(70.0, 103.0)
        far = far if wide else single(far)
        kind = rng.randrange(5)
        if kind == 0:
            x = self.leaf("", -far)
            node = self.step(rng.choice(("sigmoid", "exp", "softplus")), x)
            self.pool.append(self.step("log", node))
        elif kind == 1:
            x = self.leaf(
                "", rng.choice((-1.0, 1.0)) * min(far, 708.0 if wide else 88.0)
            )
            up = self.step("exp", x)
            down = self.step("sigmoid", self.step("neg", x))
            self.pool.append(self.step("mul", up, down))
        elif kind == 2:
            x = self.leaf("", rng.choice((-1.0, 1.0)) * far)
            names = (
                "sigmoid",
                "tanh",
                "softplus",
                "silu",
                "gelu",
                "erf",
                "erfc",
                "elu",
            )
            name = rng.choice([name for name in names if name in TABLE])
            self.pool.append(self.step(name, x, *([1.0] if name == "elu" else [])))
        elif kind == 3:
            size = 10.0 ** rng.uniform(100.0, 290.0) if wide else single(10.0**30)
            product = self.step("mul", size, self.pick())
            self.pool.append(self.step("div", product, size))
        else:
            gap = single(rng.uniform(10.0, 60.0))
            x = self.leaf("", 0.0) if rng.random() < 0.5 else self.pick()
            low = self.step("sub", x, gap)
            self.pool.append(self.step("sub", self.step("logsumexp", x, low), x))


BLOCKS = (
    *[_Builder.any_row] * 8,
    *[_Builder.side_by_side] * 5,
    _Builder.layer,
    _Builder.layer,
    _Builder.convolution,
    _Builder.recurrence,
    _Builder.mask,
    _Builder.mask,
    _Builder.tail,
)


def random_program(rng: random.Random, dtype: str, most: int = 60) -> Program:
    """A program of some 5 to `most` steps that is defined where it is recorded."""
    builder = _Builder(rng, dtype, most)
    builder.pool += [builder.leaf() for _ in range(rng.randint(1, 4))]
    for role in rng.choice(("p", "i", "ip", "pp", "pc")):
        beside = [builder.leaf(role) for _ in range(rng.randint(1, 7))]
        builder.sides.append(beside)
        builder.pool += beside
    wanted = rng.randint(3, most)
    for _ in range(most):
        if len(builder.steps) >= wanted:
            break
        try:
            rng.choice(BLOCKS)(builder)
        except (ValueError, ArithmeticError):
            continue  # what was written of the block stays, and is not needed
    if not builder.steps:
        builder.pool.append(builder.step("tanh", builder.pick()))
    computed = [i for i in builder.pool if builder.nodes[i][0] == "step"]
    if not computed:
        return random_program(rng, dtype, most)
    if rng.random() < 0.25:
        outputs = [rng.choice(builder.pool) for _ in range(rng.randint(1, 4))]
        return builder.program([rng.choice(computed), *outputs])
    return builder.program([_root(builder, computed)])


def _root(builder: _Builder, computed: Sequence[int]) -> int:
    """The one output: the last node, or a loss over several."""
    rng = builder.rng
    terms = list(computed[-rng.randint(1, 12) :])
    kind = rng.random()
    try:
        if kind < 0.4:
            return builder.step("sum", *terms)
        if kind < 0.55:
            return builder.step("dot", *terms, *terms)
        if kind < 0.7:
            return builder.step("logsumexp", *terms)
    except (ValueError, ArithmeticError):
        pass
    return terms[-1]


def random_case(rng: random.Random, most: int = 60) -> Case:
    """A program with a few calls: at least two, of which one comes again at last."""
    dtype = "float64" if rng.random() < 0.65 else "float32"
    program = random_program(rng, dtype, most)
    parameters = tuple(program.numbers[i] for i in program.places("p"))
    inputs = tuple(program.numbers[i] for i in program.places("i"))
    moved = random_point(rng, parameters, dtype)
    examples = [inputs, *(random_point(rng, inputs, dtype) for _ in range(2))]

    def batch(size: int) -> tuple[tuple[float, ...], ...]:
        return tuple(rng.choice(examples) for _ in range(size))

    size = rng.choice((1, 2, 3, rng.randint(4, 70)))
    calls = [
        (parameters, (inputs,) * size),
        (moved, batch(size)),
        (parameters, batch(rng.choice((1, 2, 5)))),
        (parameters, (inputs,) * size),
    ]
    return Case(program, dtype, tuple(calls))


# Hypothesis


@st.composite
def cases(draw: st.DrawFn, most: int = 25) -> Case:
    """The same, by choices that Hypothesis makes and shrinks."""
    return random_case(draw(st.randoms(use_true_random=False)), most)
