"""Tape to tape: the same outputs from fewer and wider instructions.

`fold` computes what depends on constants alone, merges what is computed twice, drops
what no output needs, and writes the commonest powers, a ** 1, a ** 2 and a ** 0.5, as
what they are: a, a · a and √a. `collect_sums` collapses trees of additions: a sum of
products becomes one `dot`, a sum of other terms one `sum`, and what is subtracted is
summed apart and subtracted once. Sums are reassociated, as BLAS does, so results agree
with the eager graph to rounding and not to the last bit.
"""

from __future__ import annotations

from collections import Counter

from autograd.arithmetic import Floats
from autograd.compiler.tape import Tape
from autograd.ops import TABLE, Operation

ADD, SUB, NEG, MUL, SUM, DOT, POW, SQRT = (
    TABLE[name] for name in ("add", "sub", "neg", "mul", "sum", "dot", "pow", "sqrt")
)
ADDITIVE = {ADD, SUB, NEG, SUM, DOT}
TERMS = ADDITIVE | {MUL}
COMMUTATIVE = {ADD, MUL, TABLE["maximum"], TABLE["minimum"]}


def simplify(tape: Tape) -> Tape:
    """All the rewrites of this module, in order."""
    return fold(collect_sums(fold(tape)))


class _Writer:
    """A tape in the making, that folds constants and merges equal instructions.

    Constants and instructions get provisional numbers: constants below zero, so that
    new ones can come at any time; `finish` makes them the numbers of a tape.
    """

    def __init__(self, tape: Tape) -> None:
        self.n_inputs = tape.n_inputs
        self.n_parameters = tape.n_parameters
        self.constants: list[float] = []
        self.constant_numbers: dict[tuple[float, float], int] = {}
        self.instructions: list[tuple[Operation, tuple[int, ...]]] = []
        self.numbers: dict[tuple[Operation, tuple[int, ...]], int] = {}

    def constant(self, value: float) -> int:
        # 0.0 and -0.0 are equal, and are not the same.
        key = (value, 1.0 / value if value else str(value).count("-"))
        if key not in self.constant_numbers:
            self.constants.append(value)
            self.constant_numbers[key] = -len(self.constants)
        return self.constant_numbers[key]

    def is_constant(self, number: int, value: float) -> bool:
        """Whether a number is that of a constant with this value."""
        return number < 0 and self.constants[-1 - number] == value

    def emit(self, op: Operation, args: tuple[int, ...]) -> int:
        if op in COMMUTATIVE and args[0] > args[1]:
            args = (args[1], args[0])
        key = (op, args)
        number = self.numbers.get(key)
        if number is not None:
            return number
        if args and max(args) < 0:
            data = [self.constants[-1 - i] for i in args]
            number = self.constant(op.forward(Floats, *data))
        elif op is POW and self.is_constant(args[1], 1.0):
            number = args[0]
        elif op is POW and self.is_constant(args[1], 2.0):
            number = self.emit(MUL, (args[0], args[0]))
        elif op is POW and self.is_constant(args[1], 0.5):
            number = self.emit(SQRT, args[:1])
        else:
            number = self.n_inputs + self.n_parameters + len(self.instructions)
            self.instructions.append(key)
        self.numbers[key] = number
        return number

    def finish(self, outputs: list[int]) -> Tape:
        """The tape of what the outputs need."""
        first = self.n_inputs + self.n_parameters
        needed = set(outputs)
        for i in reversed(range(len(self.instructions))):
            if first + i in needed:
                needed.update(self.instructions[i][1])
        kept = [i for i in range(len(self.instructions)) if first + i in needed]
        constants = sorted((i for i in needed if i < 0), reverse=True)
        new = {i: i for i in range(first)}
        new.update({c: first + k for k, c in enumerate(constants)})
        start = first + len(constants)
        new.update({first + i: start + k for k, i in enumerate(kept)})
        return Tape(
            self.n_inputs,
            self.n_parameters,
            [self.constants[-1 - c] for c in constants],
            [self.instructions[i][0] for i in kept],
            [tuple([new[a] for a in self.instructions[i][1]]) for i in kept],
            [new[i] for i in outputs],
        )


def _leaves(tape: Tape, writer: _Writer) -> list[int]:
    """The writer's numbers of a tape's leaves."""
    first = tape.n_inputs + tape.n_parameters
    return [*range(first), *map(writer.constant, tape.constants)]


def fold(tape: Tape) -> Tape:
    """Fold constants, merge equal instructions, drop what is not needed."""
    writer = _Writer(tape)
    new = _leaves(tape, writer)
    for op, args in zip(tape.ops, tape.args, strict=True):
        new.append(writer.emit(op, tuple([new[i] for i in args])))
    return writer.finish([new[i] for i in tape.outputs])


def collect_sums(tape: Tape) -> Tape:
    """Collapse trees of additions whose inner nodes have one use."""
    uses = Counter(i for args in tape.args for i in args)
    uses.update(tape.outputs)
    uses.update(tape.outputs)  # an output is never an inner node
    start = tape.n_leaves
    inner = {
        i
        for op, args in zip(tape.ops, tape.args, strict=True)
        if op in ADDITIVE
        if op is not DOT
        for i in args
        if uses[i] == 1 and i >= start and tape.ops[i - start] in TERMS
    }
    writer = _Writer(tape)
    new = _leaves(tape, writer)
    for number, (op, args) in enumerate(
        zip(tape.ops, tape.args, strict=True), start=start
    ):
        if number in inner:
            new.append(number)  # written where its sum is
        elif op in ADDITIVE:
            new.append(_write_sum(tape, writer, new, inner, number))
        else:
            new.append(writer.emit(op, tuple([new[i] for i in args])))
    return writer.finish([new[i] for i in tape.outputs])


def _write_sum(
    tape: Tape, writer: _Writer, new: list[int], inner: set[int], root: int
) -> int:
    """Write the tree of additions under `root`; return the number of its value."""
    start = tape.n_leaves
    # What is added, and what is subtracted: pairs of factors, and single terms.
    pairs: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    singles: dict[bool, list[int]] = {True: [], False: []}
    stack = [(root, True)]
    while stack:
        number, added = stack.pop()
        if number != root and number not in inner:
            singles[added].append(new[number])
            continue
        op, args = tape.ops[number - start], tape.args[number - start]
        if op is MUL:
            pairs[added].append((new[args[0]], new[args[1]]))
        elif op is DOT:
            half = len(args) // 2
            lefts, rights = args[:half], args[half:]
            pairs[added] += [
                (new[a], new[b]) for a, b in zip(lefts, rights, strict=True)
            ]
        elif op is SUB:
            stack += [(args[1], not added), (args[0], added)]
        elif op is NEG:
            stack.append((args[0], not added))
        else:
            stack += [(i, added) for i in reversed(args)]
    if not (pairs[False] or singles[False]):
        return _write_terms(writer, pairs[True], singles[True])
    subtracted = _write_terms(writer, pairs[False], singles[False])
    if not (pairs[True] or singles[True]):
        return writer.emit(NEG, (subtracted,))
    added_up = _write_terms(writer, pairs[True], singles[True])
    return writer.emit(SUB, (added_up, subtracted))


def _write_terms(
    writer: _Writer, pairs: list[tuple[int, int]], singles: list[int]
) -> int:
    """Write Σ left · right + Σ single; what is zero adds nothing."""
    pairs = [p for p in pairs if not any(writer.is_constant(i, 0.0) for i in p)]
    terms = [i for i in singles if not writer.is_constant(i, 0.0)]
    if len(pairs) == 1:
        terms.insert(0, writer.emit(MUL, pairs[0]))
    elif pairs:
        # In one order, so that equal sums of products are found to be equal.
        lefts, rights = zip(*sorted(map(sorted, pairs)), strict=True)
        terms.insert(0, writer.emit(DOT, (*lefts, *rights)))
    if not terms:
        return writer.constant(0.0)
    if len(terms) == 1:
        return terms[0]
    if len(terms) == 2:
        return writer.emit(ADD, (terms[0], terms[1]))
    return writer.emit(SUM, tuple(terms))
