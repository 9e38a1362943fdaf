"""Run a program on NumPy arrays.

The program is bound to buffers once per batch size (see `binding`); a step is then a
few calls, in which NumPy's operations run (see `native`). What is not finite is looked
for in the results, and named.

Another executor has to offer what this one does: `parameters`, `outputs` and
`value_and_grad`.
"""

from __future__ import annotations

import math
import threading
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd.compiler.adjoint import Pullback, adjoint
from autograd.compiler.binding import Binding
from autograd.compiler.errors import (
    not_finite,
    not_finite_parameter,
    too_large,
    undefined,
    undefined_derivative,
)
from autograd.compiler.program import Elementwise, Program, describe

Array: TypeAlias = npt.NDArray[Any]

KEPT_BINDINGS = 8
"""For how many batch sizes the buffers are kept."""


class VectorExecutor:
    """A program with its parameters and constants, ready for batches of any size."""

    def __init__(self, program: Program, dtype: npt.DTypeLike) -> None:
        self.program = program
        self.dtype = np.dtype(dtype)
        self.uniform = np.zeros((program.n_uniform, 1), self.dtype)
        first = program.n_parameters
        self.uniform[first : first + len(program.constants), 0] = program.constants
        self.parameters = self.uniform[:first, 0]
        self._bindings: dict[int, Binding] = {}
        self._turn = threading.Lock()  # the buffers serve one thread at a time

    @cached_property
    def pullbacks(self) -> list[Pullback]:
        """The way back, found when it is first wanted."""
        return adjoint(self.program)

    # As a decorator np.errstate costs a quarter of what it does in a with statement.
    @np.errstate(all="ignore")
    def outputs(self, batch: Array) -> Array:
        """The outputs (batch, n_outputs) for a batch (batch, n_inputs)."""
        outputs = np.empty((len(batch), len(self.program.outputs)), self.dtype)
        with self._turn:
            binding = self._binding(len(batch))
            self._forward(binding, batch)
            for column, (space, row) in enumerate(self.program.outputs):
                outputs[:, column] = binding.data[space][row]
        return outputs

    @np.errstate(all="ignore")
    def value_and_grad(self, batch: Array) -> tuple[float, Array]:
        """The mean of the first output, and its gradient (n_parameters,)."""
        with self._turn:
            binding = self._binding(len(batch))
            self._forward(binding, batch)
            binding.backward(self.pullbacks)
            value = binding.mean()
            if not (math.isfinite(value) and binding.watch_of_gradient.is_finite()):
                raise undefined_derivative()
            return value, binding.gradient.copy()

    def _binding(self, batch_size: int) -> Binding:
        """The program over buffers of this batch size, made when it is new."""
        binding = self._bindings.get(batch_size)
        if binding is None:
            if len(self._bindings) == KEPT_BINDINGS:
                del self._bindings[next(iter(self._bindings))]
            binding = self._bindings[batch_size] = Binding(
                self.program, self.uniform, batch_size
            )
        return binding

    def _forward(self, binding: Binding, batch: Array) -> None:
        """Compute all rows. What is not finite is an error, and named."""
        if not (batch.flags.c_contiguous and batch.flags.aligned):
            batch = np.array(batch, order="C")
        binding.forward(batch)
        if not binding.watch.is_finite():
            raise self._named(binding, batch)

    def _named(self, binding: Binding, batch: Array) -> Exception:
        """The error that names the first thing that is not finite."""
        refused = not_finite(batch.tolist())
        if refused:
            return refused
        cause = not_finite_parameter(self.parameters.tolist())
        if cause:
            return cause
        for it in self.program.instructions:
            rows = binding.data[it.varying][it.first : it.first + it.size]
            bad = np.argwhere(~np.isfinite(rows))
            if not len(bad):
                continue
            which, example = bad[0].tolist()
            row = example if it.varying and len(batch) > 1 else None
            if not isinstance(it, Elementwise):
                return too_large(describe(it), row)
            operands = [
                float(binding.data[arg.varying][arg.rows[which], arg.varying * example])
                for arg in it.args
            ]
            return undefined(it.op, operands, row)
        raise AssertionError("a row that no instruction computes is not finite")
