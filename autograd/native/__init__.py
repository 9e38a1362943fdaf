"""The native core: what is slow in Python, once more in C.

Each part of it is the twin of a module in Python, which is the page to read and the
reference: it does the same, with the same messages, or leaves it to that module. It is
optional. Where it was not built, or the environment variable VALUEGRAD_NATIVE is 0,
everything works as written in Python.

    >>> backend in ("native", "python")
    True
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from typing import Any

from autograd.ops import TABLE, Operation

WANTED = os.environ.get("VALUEGRAD_NATIVE", "1") != "0"
"""Whether C is to be used where it was built."""


def part(name: str) -> Any:
    """A module that was built of C; None where it was not, or is not wanted."""
    try:
        return importlib.import_module(f"autograd.native.{name}") if WANTED else None
    except ImportError:
        return None


core = part("_core")
"""The Values in C, or None."""

backend = "python" if core is None else "native"
"""Which of the twins run."""


def _twins(page: dict[str, Any]) -> tuple[Any, ...]:
    """Value, Constant, record and topological_order of the page `value`, in C.

    What C has not of the classes, it takes from them.
    """
    Value, Constant = core.make(page | {"TABLE": TABLE})
    for twin, written in ((Value, page["Value"]), (Constant, page["Constant"])):
        for name, member in vars(written).items():
            if name not in vars(twin) and name not in written.__slots__:
                setattr(twin, name, member)
        twin.__doc__ = written.__doc__
    return Value, Constant, core.record, core.topological_order


twins: Callable[[dict[str, Any]], tuple[Any, ...]] | None = _twins if core else None


def quick(function: Callable[..., Any], op: Operation) -> Callable[..., Any]:
    """The function of a row, in C for Values where there is a rule in C."""
    if core is None:
        return function
    quick_one: Callable[..., Any] = core.function(op, function, op.defaults)
    return quick_one
