"""What `compile` returns: a program with its parameters, ready to run on batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from autograd.compiler.costs import largest_scalar_batch
from autograd.compiler.errors import NotFinite, not_finite_parameter
from autograd.compiler.program import Program
from autograd.compiler.reference import Reference
from autograd.compiler.run_arrays import ArrayExecutor
from autograd.compiler.run_native import can_run
from autograd.compiler.run_python import PythonExecutor
from autograd.compiler.tape import Tape
from autograd.value import Value

Array = npt.NDArray[Any]


class CompiledProgram:
    """A recorded computation, compiled: fast on batches, with gradients.

    `parameters` is the flat array, (n_parameters,), that the program computes with; it
    starts with the numbers of the Values, and `write_back()` takes them there again.
    Threads that use a program at the same time take turns.
    """

    def __init__(
        self,
        traced: Tape,
        tape: Tape,
        program: Program,
        parameters: Sequence[Value],
        dtype: npt.DTypeLike,
    ) -> None:
        self._tape = tape
        self._program = program
        self._values = list(parameters)
        self._dtype = np.dtype(dtype)
        if self._dtype not in (np.float32, np.float64):
            raise TypeError(f"compile: dtype is float64 or float32, not {self._dtype}")
        self._arrays = ArrayExecutor(program, dtype)
        self._python = PythonExecutor(tape, self._arrays.parameters)
        self._reference = Reference(traced)
        n_terms = sum([max(1, len(args) - 1) for args in tape.args])
        self._largest_scalar_batch = largest_scalar_batch(
            len(program), program.n_uniform, program.n_varying, n_terms, can_run()
        )
        numbers = [value.data for value in self._values]
        for kind, given in (("parameter", numbers), ("constant", traced.constants)):
            with np.errstate(over="ignore"):
                array = np.array(given, self._dtype)
            wide = np.isinf(array) & np.isfinite(np.array(given))
            if wide.any():
                raise ValueError(
                    f"compile: the {kind} {given[wide.argmax()]!r} is too large for "
                    f"{self._dtype}. Compile with dtype='float64'."
                )
        if not np.isfinite(numbers).all():
            raise ValueError("compile: a parameter is not finite. Set it to a number.")
        self.parameters[:] = numbers

    @property
    def parameters(self) -> Array:
        """The numbers of the parameters, (n_parameters,).

        What is assigned is copied into the array: `program.parameters -= step` works.
        """
        return self._arrays.parameters

    @parameters.setter
    def parameters(self, numbers: npt.ArrayLike) -> None:
        self._arrays.parameters[:] = numbers

    def __call__(self, batch: npt.ArrayLike | None = None) -> Array:
        """The outputs for a batch (batch, n_inputs), as floats (batch, n_outputs).

        Without inputs there is one example, and no batch. ValueError for a batch of
        the wrong shape, or with a number that is not finite; NumericalError, a
        FloatingPointError, where an operation is not defined or overflows.
        """
        array = self._checked(batch)
        try:
            return self._executor(len(array)).outputs(array)
        except NotFinite:
            return self._reference.outputs(array, self.parameters)

    def value_and_grad(self, batch: npt.ArrayLike | None = None) -> tuple[float, Array]:
        """The mean of the output over the batch, and its gradient (n_parameters,).

        The gradient is a new array. ValueError where the program has several outputs,
        and what calling the program raises.
        """
        if len(self._program.outputs) != 1:
            raise ValueError(
                f"value_and_grad: the program has {len(self._program.outputs)} "
                f"outputs: program(batch) computes them. Compile the one that is to be "
                f"differentiated."
            )
        if not self._values:
            raise ValueError(
                "value_and_grad: the program has no parameters to differentiate by. "
                "Name them: compile(..., parameters=[...])."
            )
        array = self._checked(batch)
        try:
            return self._executor(len(array)).value_and_grad(array)
        except NotFinite:
            return self._reference.value_and_grad(array, self.parameters)

    def write_back(self) -> None:
        """Set the Values given as parameters to the program's numbers.

        NumericalError where one is not finite; then no Value has changed.
        """
        numbers = self.parameters.tolist()
        refused = not_finite_parameter(numbers)
        if refused:
            raise refused
        for value, number in zip(self._values, numbers, strict=True):
            value.data = number

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a compiled program is tied to its buffers and is neither copied nor "
            "pickled. Compile once more where another one is needed."
        )

    def __len__(self) -> int:
        return len(self._program)

    def __str__(self) -> str:
        largest = self._largest_scalar_batch
        vector = f"as {len(self._program)} array instructions"
        if can_run():
            vector = f"natively {vector}"
        scalar = f"as straight-line Python ({len(self._tape.ops)} operations)"
        if not self._program.n_inputs:
            how = scalar if largest else vector
        elif largest == 0:
            how = vector
        else:
            how = f"{scalar} for a batch of up to {largest:,.0f}, {vector} for more"
        return f"{self._program}\nruns {how}"

    def _executor(self, batch_size: int) -> PythonExecutor | ArrayExecutor:
        """What is estimated to be the faster for a batch of this size."""
        scalar = batch_size <= self._largest_scalar_batch
        return self._python if scalar else self._arrays

    def _checked(self, batch: npt.ArrayLike | None) -> Array:
        """The batch as an array of the right type and shape."""
        n_inputs = self._program.n_inputs
        if batch is None and not n_inputs:
            return np.empty((1, 0), self._dtype)
        if type(batch) is np.ndarray and batch.dtype == self._dtype:
            array = batch
        else:
            array = self._converted(batch)
        if array.ndim != 2 or array.shape[1] != n_inputs or not len(array):
            given = "none" if batch is None else f"one of the shape {array.shape}"
            remedy = "" if n_inputs else " Say what varies: compile(..., inputs=[...])."
            raise ValueError(
                f"a batch of the shape (batch, {n_inputs}) is needed, a column per "
                f"input and at least one row, not {given}.{remedy}"
            )
        return array

    def _converted(self, batch: npt.ArrayLike | None) -> Array:
        """Anything array-like as an array of the program's type."""
        if isinstance(batch, np.ma.MaskedArray) and batch.mask.any():
            raise ValueError("the batch is masked. Leave masked examples out.")
        if isinstance(batch, np.ndarray) and batch.dtype.kind == "c":
            raise ValueError("a batch is a matrix of real numbers: this is complex.")
        try:
            with np.errstate(over="ignore"):
                return np.asarray([] if batch is None else batch, dtype=self._dtype)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"a batch is a matrix of numbers, one row per example, all rows of the "
                f"same length: {str(error).rstrip('.')}."
            ) from error
