"""All executors of a computation, whichever compile() would choose."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from unittest import mock

import numpy as np

from autograd import Value
from autograd.compiler import accelerated, run_native
from autograd.compiler.errors import NotFinite
from autograd.compiler.group import group
from autograd.compiler.products import reroll
from autograd.compiler.reference import Reference
from autograd.compiler.run_arrays import ArrayExecutor
from autograd.compiler.run_python import PythonExecutor
from autograd.compiler.run_tape import TapeExecutor, machine
from autograd.compiler.simplify import simplify
from autograd.compiler.trace import trace

KINDS = ["native", "calls", "python", "tape"]


def without_native() -> AbstractContextManager[Any]:
    """As if the native part had not been built."""
    return mock.patch.object(run_native, "Run", None)


def without_native_passes() -> AbstractContextManager[Any]:
    """As if the passes in C had not been built."""
    return mock.patch.object(accelerated, "NATIVE", None)


class Runner:
    """An executor, and the reference that decides where a number is not finite."""

    def __init__(self, executor: Any, reference: Reference, kind: str) -> None:
        self.executor = executor
        self.reference = reference
        self.kind = kind
        self.parameters = executor.parameters

    def _run(self, name: str, batch: Any) -> Any:
        batch = np.asarray(batch, self.parameters.dtype)
        with without_native() if self.kind == "calls" else nullcontext():
            try:
                return getattr(self.executor, name)(batch)
            except NotFinite:
                return getattr(self.reference, name)(batch, self.parameters)

    def outputs(self, batch: Any) -> Any:
        return self._run("outputs", batch)

    def value_and_grad(self, batch: Any) -> Any:
        return self._run("value_and_grad", batch)


def executors(
    outputs: Sequence[Value],
    inputs: Sequence[Value] = (),
    parameters: Sequence[Value] = (),
    dtype: Any = np.float64,
) -> dict[str, Runner]:
    """Each executor with the parameters at their numbers, by its kind."""
    traced = trace(outputs, inputs, parameters)
    tape = simplify(traced)
    program = reroll(group(tape))
    reference = Reference(traced)
    scalars = TapeExecutor if machine is not None else PythonExecutor
    found = {
        "native": ArrayExecutor(program, np.zeros((program.n_uniform, 1), dtype)),
        "calls": ArrayExecutor(program, np.zeros((program.n_uniform, 1), dtype)),
        "python": PythonExecutor(tape, np.zeros(len(parameters), dtype)),
        "tape": scalars(tape, np.zeros(len(parameters), dtype)),
    }
    runners = {kind: Runner(e, reference, kind) for kind, e in found.items()}
    for runner in runners.values():
        runner.parameters[:] = [v.data for v in parameters]
    return runners
