"""Run a tape natively, by the machine in `autograd/native/tape.c`.

A recurrence has one or two nodes at each depth, and an array operation costs more than
they do. Its tape, differentiated on the way back (see `differentiate`), is laid out as
flat arrays and interpreted: a few nanoseconds an operation, from the first call on, and
several examples of a batch at once. Without the native core a tape runs as straight-
line Python, and so does one with a primitive that has not been written in C.
"""

from __future__ import annotations

import numpy as np

from autograd import native
from autograd.compiler.run_python import PythonExecutor, Run
from autograd.compiler.tape import Tape

machine = native.part("_tape")
"""The module that was built of C, or None."""


def can_run_tape(tape: Tape) -> bool:
    """Whether there is a machine, and it knows the primitives of a tape."""
    primitives = {op.name for op in tape.table if op.primitive}
    return machine is not None and primitives <= machine.codes.keys()


class TapeExecutor(PythonExecutor):
    """A tape run natively, with its parameters. It does what a PythonExecutor does."""

    def compiled(self, tape: Tape) -> Run:
        """A tape for the machine."""
        if not can_run_tape(tape):  # what its rules are made of is not known
            return super().compiled(tape)
        static = [[*op.static, 0, 0][:2] for op in tape.table]
        made: Run = machine.Tape(
            tape.n_inputs,
            tape.n_parameters,
            tape.constants,
            np.array([machine.codes[op.name] for op in tape.table], np.int32),
            np.array(static, np.int32).reshape(-1, 2),
            tape.codes,
            tape.starts,
            tape.operands,
            tape.outputs,
            tape.guards,
            self.parameters.dtype == np.float32,
        )
        return made
