"""A tape made ready to run: by the executor that is estimated to be the faster.

An executor computes quickly, and knows only that a number is not finite. Then the
reference decides, example by example: whether eager mode has a result there, or which
operation has none.

    >>> from autograd import Value
    >>> from autograd.compiler.trace import trace
    >>> w = Value(3.0)
    >>> run = Executable(trace([w.log()], [], [w]))
    >>> run.value_and_grad(np.empty((1, 0)), np.array([2.0]))
    (0.6931471805599453, array([0.5]))
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from autograd.compiler.costs import array_seconds, largest_scalar_batch, tape_seconds
from autograd.compiler.errors import NotFinite, NumericalError
from autograd.compiler.group import Grouping, group
from autograd.compiler.products import reroll
from autograd.compiler.program import Program
from autograd.compiler.reference import Pass, Reference
from autograd.compiler.run_arrays import ArrayExecutor
from autograd.compiler.run_native import can_run
from autograd.compiler.run_python import PythonExecutor
from autograd.compiler.run_tape import TapeExecutor, can_run_tape
from autograd.compiler.simplify import simplify
from autograd.compiler.tape import Tape

Array = npt.NDArray[Any]

BASIC = {"add", "sub", "mul", "div", "neg", "sum", "dot", "sqrt"}
"""What processors have instructions for."""


class Executable:
    """A recorded tape, or a derivative of it by the leaves `by`, on batches.

    `passes` lead from the tape to that of the derivative, which is its first `n_shown`
    outputs. It computes with its `parameters`, (n_parameters,). Threads that use it at
    the same time take turns.
    """

    def __init__(
        self,
        recorded: Tape,
        dtype: npt.DTypeLike = np.float64,
        passes: Sequence[Pass] = (),
        by: range | None = None,
        n_shown: int | None = None,
    ) -> None:
        tape = simplify(recorded)
        for each in passes:
            tape = simplify(each(tape))
        self.tape = tape
        self.n_shown = n_shown
        grouping = Grouping(tape)  # not kept: as large as the tape, and soon made anew
        self.n_varying = grouping.n_varying
        # One more than there are, as the instructions may need a zero.
        self.uniform = np.zeros((grouping.n_uniform + 1, 1), dtype)
        self.parameters = self.uniform[: tape.n_parameters, 0]
        self.turn = threading.Lock()
        self.native = can_run_tape(tape)
        scalars = TapeExecutor if self.native else PythonExecutor
        self.scalars = scalars(tape, self.parameters, self.turn)
        self.reference = Reference(recorded, passes, by, n_shown)
        n_terms = int(np.maximum(np.diff(tape.starts) - 1, 1).sum())
        is_function = np.array([op.name not in BASIC for op in tape.table], bool)
        leaves = tape.n_parameters + len(tape.constants)
        self.largest_scalar_batch = largest_scalar_batch(
            *array_seconds(
                grouping.n_instructions,
                grouping.n_uniform - leaves,
                grouping.n_varying,
                can_run(),
            ),
            *tape_seconds(n_terms, int(is_function[tape.codes].sum()), self.native),
        )

    @cached_property
    def program(self) -> Program:
        """The array instructions, made when they are wanted, if ever."""
        program = reroll(group(self.tape))
        # What is not shown is computed too, as it has to be finite.
        return program if self.n_shown is None else program.showing(self.n_shown)

    @cached_property
    def arrays(self) -> ArrayExecutor:
        """What runs them, with these parameters."""
        return ArrayExecutor(self.program, self.uniform, self.turn)

    def outputs(
        self,
        batch: Array,
        parameters: Array | None = None,
        repeats: int = 1,
        fill: float | None = None,
    ) -> Array:
        """The outputs (batch, n_outputs) for a batch (batch, n_inputs).

        With `parameters` they are computed with these, and else with its own. An
        example stands in `repeats` rows, which is what errors count. ValueError or
        NumericalError where there is no result; with a number to `fill` in, that is
        the result there.
        """
        executor = self.executor(len(batch))
        try:
            found = executor.outputs(batch, parameters)
        except NotFinite as doubt:
            found = doubt.outputs[:, : self.n_shown]
            self._decide(found, doubt.rows, batch, parameters, repeats, fill)
        return found[:, : self.n_shown]

    def value_and_grad(
        self, batch: Array, parameters: Array | None = None
    ) -> tuple[float, Array]:
        """The mean of the first output, and its gradient (n_parameters,)."""
        try:
            return self.executor(len(batch)).value_and_grad(batch, parameters)
        except NotFinite:
            given = self.parameters_now() if parameters is None else parameters
            return self.reference.value_and_grad(batch, given)

    def parameters_now(self) -> Array:
        """A copy of the parameters, between two assignments of other threads."""
        with self.turn:
            numbers: Array = self.parameters.copy()
            return numbers

    def set_parameters(self, numbers: npt.ArrayLike) -> None:
        """Assign the parameters, not in the middle of a run."""
        with self.turn:
            self.parameters[:] = numbers

    def executor(self, batch_size: int) -> PythonExecutor | ArrayExecutor:
        """What is estimated to be the faster for a batch of this size."""
        scalar = batch_size <= self.largest_scalar_batch
        return self.scalars if scalar else self.arrays

    def __str__(self) -> str:
        largest = self.largest_scalar_batch
        vector = f"as {len(self.program)} array instructions"
        if can_run():
            vector = f"natively {vector}"
        scalar = "natively as a tape" if self.native else "as straight-line Python"
        scalar += f" ({len(self.tape)} operations)"
        if not self.program.n_inputs:
            how = scalar if largest else vector
        elif largest == 0:
            how = vector
        else:
            how = f"{scalar} for a batch of up to {largest:,.0f}, {vector} for more"
        return f"{self.program}\nruns {how}"

    def _decide(
        self,
        found: Array,
        rows: Sequence[int],
        batch: Array,
        parameters: Array | None,
        repeats: int,
        fill: float | None,
    ) -> None:
        """Put right the rows in which a number may not be finite."""
        given = self.parameters_now() if parameters is None else parameters
        if fill is None:
            found[rows] = self.reference.outputs(batch, given, rows, repeats)
            return
        for row in rows:
            try:
                found[row] = self.reference.outputs(batch, given, [row], repeats)
            except (ValueError, NumericalError):
                found[row] = fill
