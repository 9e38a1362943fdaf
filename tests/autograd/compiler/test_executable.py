"""A tape made ready to run, with the parameters that all its runs share."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from autograd import Value
from autograd.compiler.executable import Executable
from autograd.compiler.trace import trace


@pytest.mark.parametrize(
    "use", [lambda run: run.set_parameters([2.0]), lambda run: run.parameters_now()]
)
def test_parameters_are_assigned_and_read_while_nothing_runs(
    use: Callable[[Executable], Any],
) -> None:
    w = Value(1.0)
    run = Executable(trace([w.exp()], [], [w]))
    other = threading.Thread(target=use, args=[run])
    with run.arrays.turn:  # as each run has it
        other.start()
        other.join(0.05)  # in vain, where it waits for its turn
        waited = other.is_alive()
    other.join()
    assert waited
