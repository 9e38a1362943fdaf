"""Tape to tape: the same outputs from fewer and wider instructions.

`fold` computes what depends on constants alone, merges what is computed twice, drops
what no output needs, and writes the commonest powers, a ** 1, a ** 2 and a ** 0.5, as
what they are: a, a · a and √a. `collect_sums` collapses trees of additions: a sum of
products becomes one `dot`, a sum of other terms one `sum`, and what is subtracted is
summed apart and subtracted once. Sums are reassociated, as BLAS does, so results agree
with the eager graph to rounding and not to the last bit.

A sum that begins at 0 is never -0, and one that was written with signs can be: where an
arc tangent of two arguments, which tells the two apart, depends on a sum, it stays.
"""

from __future__ import annotations

from collections import Counter
from itertools import chain

from autograd.compiler import accelerated
from autograd.compiler.tape import Tape, Writer, WriterArithmetic, Written
from autograd.ops import TABLE, Operation

ADD, SUB, NEG, MUL, SUM, DOT, ATAN2 = (
    TABLE[name] for name in ("add", "sub", "neg", "mul", "sum", "dot", "atan2")
)
ADDITIVE = {ADD, SUB, NEG, SUM, DOT}
TERMS = ADDITIVE | {MUL}


def simplify(tape: Tape) -> Tape:
    """All the rewrites of this module, in order."""
    return fold(collect_sums(fold(tape)))


class Simplifier(Writer):
    """A writer that knows the algebra of operations."""

    def emit(self, op: Operation, args: tuple[int, ...]) -> int:
        """The number of an instruction, or of what is the same and simpler."""
        if op.arity == 2 and op.commutative and args[0] > args[1]:
            args = (args[1], args[0])
        if op.shortcuts and args[0] >= 0:
            last = self.value(args[-1])
            rule = None if last is None else op.shortcuts.get(last)
            if rule is not None:
                xp = WriterArithmetic(self)
                made: Written = rule(xp, *map(xp.wrapped, args[:-1]))
                return made.number
        return super().emit(op, args)


def fold(tape: Tape) -> Tape:
    """Fold constants, merge equal instructions, drop what is not needed."""
    found = accelerated.fold(tape)
    if found is not None:
        return found
    writer = Simplifier(tape)
    new = writer.leaves(tape)
    for op, args in tape.instructions():
        new.append(writer.emit(op, tuple([new[i] for i in args])))
    return writer.finish([new[i] for i in tape.outputs.tolist()])


def collect_sums(tape: Tape) -> Tape:
    """Collapse trees of additions whose inner nodes have one use."""
    found = accelerated.collect_sums(tape)
    if found is not None:
        return found
    start, ops, args_of = tape.n_leaves, tape.ops(), [*tape.args()]
    uses = Counter(tape.operands.tolist())
    uses.update(tape.outputs.tolist())
    signed = _behind(tape, ATAN2)
    inner = {
        i
        for number, (op, args) in enumerate(zip(ops, args_of, strict=True), start)
        if op in ADDITIVE
        if op is not DOT
        if number not in signed
        for i in args
        if uses[i] == 1 and i >= start and ops[i - start] in TERMS
    }
    writer = Simplifier(tape)
    new = writer.leaves(tape)
    for number, (op, args) in enumerate(zip(ops, args_of, strict=True), start):
        if number in inner:
            new.append(number)  # written where its sum is
        elif op in ADDITIVE and number not in signed:
            new.append(_write_sum(tape, (ops, args_of), writer, new, inner, number))
        else:
            new.append(writer.emit(op, tuple([new[i] for i in args])))
    return writer.finish([new[i] for i in tape.outputs.tolist()])


def _behind(tape: Tape, wanted: Operation) -> set[int]:
    """The numbers that an operation depends on, wherever it is on the tape."""
    found: set[int] = set()
    if wanted not in tape.table:
        return found
    for number, (op, args) in reversed(
        [*enumerate(tape.instructions(), tape.n_leaves)]
    ):
        if op is wanted or number in found:
            found.update(args)
    return found


def _write_sum(
    tape: Tape,
    instructions: tuple[list[Operation], list[tuple[int, ...]]],
    writer: Writer,
    new: list[int],
    inner: set[int],
    root: int,
) -> int:
    """Write the tree of additions under `root`; return the number of its value."""
    ops, args_of = instructions
    # What is added, and what is subtracted: pairs of factors, and single terms.
    pairs: dict[bool, list[tuple[int, int]]] = {True: [], False: []}
    singles: dict[bool, list[int]] = {True: [], False: []}
    stack = [(root, True)]
    while stack:
        number, added = stack.pop()
        if number != root and number not in inner:
            singles[added].append(new[number])
            continue
        place = number - tape.n_leaves
        op, args = ops[place], args_of[place]
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
    writer: Writer, pairs: list[tuple[int, int]], singles: list[int]
) -> int:
    """Write Σ left · right + Σ single; a constant 0 adds nothing.

    Nor does a leaf times 0, as leaves are finite; but where no parameter is left then,
    it stays: what is computed from the sum may have no derivative by it. Any other
    product with 0 stays, as its other factor may be what has no result.
    """
    leaves = range(writer.n_inputs + writer.n_parameters)
    terms = [i for i in singles if writer.value(i) != 0.0]
    others = [
        (a, b)
        for a, b in pairs
        if not (writer.value(a) == 0.0 and b in leaves)
        if not (writer.value(b) == 0.0 and a in leaves)
    ]
    if any(i in leaves[writer.n_inputs :] for i in (*terms, *chain(*others))):
        pairs = others
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
