"""Run a program on arrays, by calls of NumPy or natively.

The program is bound to buffers once per batch size (see `buffers`); a step of training
is then a few calls, in which NumPy's operations run.
"""

from __future__ import annotations

import math
import threading
from functools import cached_property
from typing import Any

import numpy as np

from autograd.compiler.adjoint import adjoint
from autograd.compiler.buffers import Buffers
from autograd.compiler.costs import FEW_LOOKS, KEPT_BINDINGS
from autograd.compiler.errors import NotFinite
from autograd.compiler.program import Program, affine, consecutive
from autograd.compiler.steps import Array


class ArrayExecutor:
    """A program with its parameters and constants, ready for batches of any size.

    `uniform`, (n_uniform, 1) or longer, is where the rows are that are the same for all
    examples, the parameters first: others who change them have the `turn`. Where a
    number is not finite it raises NotFinite, and has no result.
    """

    def __init__(
        self, program: Program, uniform: Array, turn: threading.Lock | None = None
    ) -> None:
        self.program = program
        self.dtype = uniform.dtype
        self.uniform = uniform[: program.n_uniform]
        first = program.n_parameters
        with np.errstate(over="ignore"):
            self.uniform[first : first + len(program.constants), 0] = program.constants
        self.parameters = self.uniform[:first, 0]
        self._buffers: dict[int, Buffers] = {}
        self.turn = turn or threading.Lock()  # the buffers serve one thread at a time

    @cached_property
    def way_back(self) -> Program:
        """The program that computes the gradient too, made when it is first wanted."""
        return adjoint(self.program)

    # As a decorator np.errstate costs a quarter of what it does in a with statement.
    @np.errstate(all="ignore")
    def outputs(self, batch: Array, parameters: Array | None = None) -> Array:
        """The outputs (batch, n_outputs) for a batch (batch, n_inputs).

        With `parameters` they are those that are set first, in the same turn.
        """
        outputs = np.empty((len(batch), self.program.n_outputs), self.dtype)
        with self.turn:
            buffers = self._forward(batch, parameters)
            for columns, space, rows in self.columns:
                outputs[:, columns] = buffers.data[space][rows].T
            if not buffers.is_finite():
                finite = buffers.finite_examples()
                raise NotFinite(outputs, np.flatnonzero(~finite).tolist())
        return outputs

    @np.errstate(all="ignore")
    def value_and_grad(
        self, batch: Array, parameters: Array | None = None
    ) -> tuple[float, Array]:
        """The mean of the first output, and its gradient (n_parameters,)."""
        with self.turn:
            buffers = self._forward(batch, parameters)
            if not buffers.is_finite():
                raise NotFinite
            buffers.backward()
            value = float(buffers.value)
            if not (math.isfinite(value) and buffers.watch_of_gradient.is_finite()):
                raise NotFinite
            return value, buffers.gradient.copy()

    @cached_property
    def columns(self) -> list[tuple[slice, bool, Any]]:
        """Which columns of the outputs come from which rows of which space."""
        found: list[tuple[slice, bool, Any]] = []
        first = 0
        for output in self.program.outputs:
            rows = output.rows
            runs = consecutive(rows)
            if len(runs) > FEW_LOOKS:
                runs = [slice(0, len(rows))]
            for run in runs:
                span = affine(rows[run])
                columns = slice(first + run.start, first + run.stop)
                read = rows[run] if span is None else span
                found.append((columns, output.varying, read))
            first += len(rows)
        return found

    def _forward(self, batch: Array, parameters: Array | None) -> Buffers:
        """Compute all rows, over buffers of this batch size, made when it is new."""
        if parameters is not None:
            self.parameters[:] = parameters
        if not (batch.flags.c_contiguous and batch.flags.aligned):
            batch = np.array(batch, order="C")
        buffers = self._buffers.get(len(batch))
        if buffers is None:
            if len(self._buffers) == KEPT_BINDINGS:
                del self._buffers[next(iter(self._buffers))]
            buffers = self._buffers[len(batch)] = Buffers(
                self.program, lambda: self.way_back, self.uniform, len(batch)
            )
        buffers.forward(batch)
        return buffers
