"""The gradients of all rows, and how contributions are added to them.

Gradients are rows as the data are, and each pullback adds to some of them. What that
takes is settled once, in the order of the pullbacks: the first contribution to rows is
written there, later ones are added; rows that are only partly written must be zero
before; and where a gradient is passed on as it is, the rows share its place.

Invariant: a gradient is read only when everything was added to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.adjoint import Pullback
from autograd.compiler.program import (
    UNIFORM,
    VARYING,
    Index,
    Instruction,
    Program,
    Rows,
    affine,
    consecutive,
)
from autograd.compiler.steps import Call, Step

Array: TypeAlias = npt.NDArray[Any]

FEW_RUNS = 4
"""Up to how many runs of rows are each added as a slice."""


class Gradients:
    """A place for the gradient of each row, and what is known of it while binding."""

    def __init__(
        self,
        program: Program,
        data: dict[bool, Array],
        pullbacks: Sequence[Pullback],
    ) -> None:
        self.rows = {space: np.zeros_like(array) for space, array in data.items()}
        self.of_parameters = self.rows[UNIFORM][: program.n_parameters, 0]
        self.dtype = data[VARYING].dtype
        self.ones = np.ones((data[VARYING].shape[1], 1), self.dtype)
        # Rows that nothing was added to yet, and rows that must be zero before
        # something is; how often something is added to each; and where the gradient of
        # an instruction is, if it is that of another one.
        self.untouched = {s: np.ones(len(d), dtype=bool) for s, d in data.items()}
        self.cleared = {s: np.zeros(len(d), dtype=bool) for s, d in data.items()}
        self.additions = {s: np.zeros(len(d), dtype=int) for s, d in data.items()}
        for pullback in pullbacks:
            target = pullback.target
            np.add.at(self.additions[target.varying], target.rows.ravel(), 1)
        self.sizes = {(it.varying, it.first): it.size for it in program.instructions}
        self.shared: dict[tuple[bool, int], Array] = {}

    def start(self, space: bool, row: int, gradient: float) -> None:
        """Give the row that all is differentiated from its gradient."""
        self.rows[space][row] = gradient
        self.untouched[space][row] = False

    def of(self, it: Instruction) -> Array:
        """The gradient of an instruction's rows."""
        where = slice(it.first, it.first + it.size)
        return self.shared.get((it.varying, it.first), self.rows[it.varying][where])

    def to_clear(self) -> list[Call]:
        """The calls that set to zero what must be zero at the start of each pass."""
        zero = np.zeros((), self.dtype)
        return [
            partial(np.copyto, self.rows[space][run], zero)
            for space in (VARYING, UNIFORM)
            for run in runs_of(self.cleared[space])
        ]

    def deposit(
        self, target: Index, contributions: Array, steps: Sequence[Step] = ()
    ) -> list[Call]:
        """The calls that add contributions, one per row read, to the gradients.

        `steps` compute them. They may lack the first axis of the rows, where each of
        them gets the same. Where the rows are uniform, they are summed over the batch.
        """
        grad = self.rows[target.varying]
        calls = [step.call() for step in steps]
        rows = target.rows.ravel()
        shape = (*target.rows.shape, grad.shape[1])
        untouched = self.untouched[target.varying][rows]
        place = evenly(grad, target.rows)
        empty = place if untouched.all() else None
        whole = empty if empty is not None and empty.flags.c_contiguous else None
        if contributions.shape[-1] != grad.shape[1]:
            summed = np.empty((*contributions.shape[:-1], 1), self.dtype)
            if whole is not None and summed.shape == shape:
                summed = whole
            calls.append(self._summed(contributions, summed))
            contributions = summed
        elif whole is not None and contributions.shape == shape:
            if steps:
                calls[-1] = steps[-1]._replace(out=whole).call()
                contributions = whole
            elif self._is_sole(target):
                self.shared[target.varying, int(rows[0])] = contributions
                contributions = whole
        if place is None:
            contributions, spread = self._spread(contributions, shape)
            contributions = contributions.reshape(-1, shape[-1])
            return [*calls, *spread, *self._scattered(target, contributions)]
        self.untouched[target.varying][rows] = False
        if contributions is whole:
            return calls
        if empty is not None:
            return [*calls, partial(np.copyto, empty, contributions)]
        self.cleared[target.varying][rows[untouched]] = True
        return [*calls, partial(np.add, place, contributions, place)]

    def place(self, target: Index, width: int) -> tuple[Array, list[Call]]:
        """Where to write the gradient of a matrix, and the calls that deliver it."""
        rows = target.rows.ravel()
        span = affine(rows)
        fresh = self.untouched[target.varying][rows].all()
        n, k = target.rows.shape
        if span is not None and span.step == 1 and fresh:
            self.untouched[target.varying][rows] = False
            return self.rows[target.varying][span].reshape(n, k * width), []
        buffer = np.empty((n, k, width), self.dtype)
        return buffer.reshape(n, k * width), self.deposit(target, buffer)

    def _scattered(self, target: Index, contributions: Array) -> list[Call]:
        """The calls that add contributions, a row each, to rows here and there."""
        grad, rows = self.rows[target.varying], target.rows.ravel()
        runs = consecutive(rows)
        if len(runs) <= FEW_RUNS:
            parts = [(Index(target.varying, rows[r]), contributions[r]) for r in runs]
            return [call for part in parts for call in self.deposit(*part)]
        if len(np.unique(rows)) < len(rows):
            return self._combined(target, contributions)
        untouched = self.untouched[target.varying][rows]
        self.untouched[target.varying][rows] = False
        if untouched.all():
            return [partial(grad.__setitem__, rows, contributions)]
        self.cleared[target.varying][rows[untouched]] = True
        return [partial(_add_rows, grad, rows, contributions)]

    def _combined(self, target: Index, contributions: Array) -> list[Call]:
        """The calls that add contributions where a row gets several of them."""
        rows = target.rows.ravel()
        unique, counts = np.unique(rows, return_counts=True)
        sums = np.empty((len(unique), contributions.shape[1]), self.dtype)
        deposit = self.deposit(Index(target.varying, unique), sums)
        if len(unique) == 1:
            total = Step(np.add.reduce, (contributions,), {"axis": 0}, sums[0])
            return [total.call(), *deposit]
        calls: list[Call] = []
        if (np.diff(rows) < 0).any():
            order = np.argsort(rows, kind="stable")
            ordered = np.empty_like(contributions)
            calls = [partial(np.take, contributions, order, 0, ordered, "clip")]
            contributions = ordered
        starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
        total_of_each = partial(np.add.reduceat, contributions, starts, 0, None, sums)
        return [*calls, total_of_each, *deposit]

    def _spread(
        self, contributions: Array, shape: tuple[int, ...]
    ) -> tuple[Array, list[Call]]:
        """The contributions in full, one per row, and the calls that write them out."""
        if contributions.shape == shape and contributions.flags.c_contiguous:
            return contributions, []
        spread = np.empty(shape, self.dtype)
        return spread, [partial(np.copyto, spread, contributions)]

    def _is_sole(self, target: Index) -> bool:
        """Whether these are the rows of one instruction, added to this once only."""
        first = int(target.rows.flat[0])
        size = self.sizes.get((target.varying, first))
        additions = self.additions[target.varying][target.rows]
        return size == target.rows.size and bool((additions == 1).all())

    def _summed(self, contributions: Array, out: Array) -> Call:
        """The call that sums over the batch."""
        if contributions.flags.c_contiguous and out.flags.c_contiguous:
            flat = contributions.reshape(-1, contributions.shape[-1])
            return partial(np.dot, flat, self.ones, out.reshape(-1, 1))
        return partial(np.matmul, contributions, self.ones, out)


def evenly(data: Array, rows: Rows) -> Array | None:
    """Rows of the data as a view, in the shape of their numbers, if evenly spaced."""
    span = affine(rows.ravel())
    if span is not None:
        return data[span].reshape(*rows.shape, -1)
    turned = affine(rows.T.ravel()) if rows.ndim == 2 else None
    if turned is not None:
        view: Array = data[turned].reshape(*rows.T.shape, -1).swapaxes(0, 1)
        return view
    return None


def runs_of(wanted: npt.NDArray[np.bool_]) -> list[slice]:
    """The runs of True, as slices."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wanted.view(np.int8), [0]])))
    return [slice(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


def _add_rows(grad: Array, where: Rows, rows: Array) -> None:
    grad[where] += rows
