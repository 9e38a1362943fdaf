"""What `compile` returns: a program with its parameters, ready to run on batches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiler.errors import undefined_derivative
from autograd.compiler.executor import VectorExecutor, finite
from autograd.compiler.program import Program
from autograd.compiler.scalar import ScalarExecutor
from autograd.compiler.tape import Tape
from autograd.value import Value

Array = npt.NDArray[Any]

INSTRUCTION_SECONDS = 6e-6
"""What an array instruction costs, there and back, however few its rows."""

ROW_SECONDS = 4e-9
"""What one row of an array costs for one example."""

NODE_SECONDS = 80e-9
"""What a node costs as straight-line Python, there and back."""

TYPICAL_BATCH = 32


class CompiledProgram:
    """A recorded computation, compiled: fast on batches, with gradients.

    `parameters` is the flat array, (n_parameters,), that the program computes with; it
    starts with the numbers of the Values, and `write_back()` takes them there again.
    """

    def __init__(
        self,
        tape: Tape,
        program: Program,
        parameters: Sequence[Value],
        dtype: npt.DTypeLike,
    ) -> None:
        self._program = program
        self._n_lines = len(tape.ops)
        self._values = list(parameters)
        self._dtype = np.dtype(dtype)
        if self._dtype not in (np.float32, np.float64):
            raise TypeError(f"compile: dtype is float64 or float32, not {self._dtype}")
        batch = TYPICAL_BATCH if program.n_inputs else 1
        rows = program.n_uniform + program.n_varying * batch
        self._vector_seconds = INSTRUCTION_SECONDS * len(program) + ROW_SECONDS * rows
        terms = sum([max(1, len(args) - 1) for args in tape.args])
        self._scalar_seconds = NODE_SECONDS * terms * batch
        self._is_scalar = self._scalar_seconds < self._vector_seconds
        self._executor: ScalarExecutor | VectorExecutor = (
            ScalarExecutor(tape, dtype)
            if self._is_scalar
            else VectorExecutor(program, dtype)
        )
        with np.errstate(over="ignore"):
            self.parameters[:] = [value.data for value in self._values]
            constants = np.array(tape.constants, self._dtype)
        if not (finite(self.parameters) and finite(constants)):
            raise ValueError(
                f"compile: a parameter or a constant is too large for {self._dtype}"
            )

    @property
    def parameters(self) -> Array:
        """The numbers of the parameters, (n_parameters,); assign to its elements."""
        return self._executor.parameters

    def __call__(self, batch: npt.ArrayLike | None = None) -> Array:
        """The outputs for a batch (batch, n_inputs), as floats (batch, n_outputs).

        Without inputs there is one example, and no batch. ValueError for a batch of
        the wrong shape, or with a number that is not finite; NumericalError, a
        FloatingPointError, where an operation is not defined or overflows.
        """
        return self._executor.outputs(self._checked(batch))

    def value_and_grad(self, batch: npt.ArrayLike | None = None) -> tuple[float, Array]:
        """The mean of the output over the batch, and its gradient (n_parameters,).

        The gradient is a new array. ValueError where the program has several outputs,
        and what calling the program raises.
        """
        if len(self._program.outputs) != 1:
            raise ValueError(
                f"value_and_grad: the program has {len(self._program.outputs)} "
                f"outputs. Compile the one that is to be differentiated."
            )
        value, gradient = self._executor.value_and_grad(self._checked(batch))
        if not (math.isfinite(value) and finite(gradient)):
            raise undefined_derivative()
        return value, gradient

    def write_back(self) -> None:
        """Set the Values given as parameters to the program's numbers."""
        for value, number in zip(self._values, self.parameters.tolist(), strict=True):
            value.data = number

    def __len__(self) -> int:
        return len(self._program)

    def __str__(self) -> str:
        batch = TYPICAL_BATCH if self._program.n_inputs else 1
        kind = "straight-line Python" if self._is_scalar else "array instructions"
        return (
            f"{self._program}\nruns as {kind}: estimated for a batch of {batch}, "
            f"{self._vector_seconds * 1e6:,.0f} us as {len(self._program)} array "
            f"instructions, {self._scalar_seconds * 1e6:,.0f} us as "
            f"{self._n_lines} lines of Python"
        )

    def _checked(self, batch: npt.ArrayLike | None) -> Array:
        """The batch as an array of finite numbers, of the right shape."""
        n_inputs = self._program.n_inputs
        if batch is None and not n_inputs:
            return np.empty((1, 0), self._dtype)
        with np.errstate(over="ignore"):
            array = np.asarray([] if batch is None else batch, dtype=self._dtype)
        if array.ndim != 2 or array.shape[1] != n_inputs or not len(array):
            given = "none" if batch is None else f"one of the shape {array.shape}"
            raise ValueError(
                f"a batch of the shape (batch, {n_inputs}) is needed, a column per "
                f"input and at least one row, not {given}."
            )
        if not finite(array):
            row, column = np.argwhere(~np.isfinite(array))[0]
            raise ValueError(
                f"the batch holds {array[row, column]} at row {row}, column {column}. "
                f"Leave the example out, or replace what is missing."
            )
        return array
