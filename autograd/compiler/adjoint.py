"""A program to the one that also computes gradients.

The adjoint goes through the instructions backwards. For each argument that depends on a
parameter it has one pullback: the gradient of what the instruction computed, times the
local partial by that argument, is added to the gradient of the rows that were read. A
row read many times gets the sum; a uniform row read by a varying instruction gets the
sum over the examples. What no parameter needs is not computed.

Invariant: a pullback comes after the pullbacks of all instructions that read its rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from autograd.compiler.program import (
    UNIFORM,
    VARYING,
    Index,
    Instruction,
    Product,
    Program,
    arguments,
)


@dataclass(frozen=True, slots=True)
class Pullback:
    """Add the gradient of an instruction's rows to that of an argument.

    `positions` says which argument, or which ones, where several are the same rows.
    """

    instruction: Instruction
    positions: tuple[int, ...]

    @property
    def target(self) -> Index:
        """The rows whose gradient it adds to."""
        return arguments(self.instruction)[self.positions[0]]


def adjoint(program: Program) -> list[Pullback]:
    """The pullbacks that lead from the outputs to the parameters, in order."""
    needed = {
        VARYING: np.zeros(program.n_varying, dtype=bool),
        UNIFORM: np.zeros(program.n_uniform, dtype=bool),
    }
    needed[UNIFORM][: program.n_parameters] = True
    for it in program.instructions:
        if any(needed[arg.varying][arg.rows].any() for arg in arguments(it)):
            needed[it.varying][it.first : it.first + it.size] = True
    return [
        Pullback(it, positions)
        for it in reversed(program.instructions)
        for arg, positions in _distinct(it)
        if needed[arg.varying][arg.rows].any()
    ]


def _distinct(it: Instruction) -> list[tuple[Index, tuple[int, ...]]]:
    """The arguments that are different rows, and where each of them stands."""
    args = arguments(it)
    if isinstance(it, Product):
        return [(arg, (position,)) for position, arg in enumerate(args)]
    places: dict[tuple[object, ...], list[int]] = {}
    for position, arg in enumerate(args):
        key = (arg.varying, arg.rows.shape, arg.rows.tobytes())
        places.setdefault(key, []).append(position)
    return [(args[found[0]], tuple(found)) for found in places.values()]
