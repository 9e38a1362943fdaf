"""Operations of one's own: a new row of the table, checked before it is added.

>>> cube = operation("cube", lambda xp, a: a * a * a, [lambda xp, a, out: 3.0 * a * a])
>>> from autograd import Value
>>> x = Value(2.0)
>>> cube(x).backward()
>>> x.grad
12.0

A rule is written over an arithmetic `xp`, with operators and with the functions of the
table: xp.exp, xp.where and so on. The same rule then runs on floats, on Values (for
derivatives of derivatives) and in compiled programs, and so must not branch on a number
or call Python's `math`. A sum over several arguments is xp.sum([a, b]).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from autograd.apply import function_of
from autograd.checking.rules import check_row
from autograd.ops import REALS, TABLE, Interval, Rule, row

GIVEN = frozenset(TABLE)
"""The rows that come with the table: nobody replaces them."""

_registering = threading.RLock()
"""One row at a time: a check that fails puts the row back that was there before."""


def operation(
    name: str,
    forward: Rule,
    partials: Sequence[Rule],
    *,
    variadic: bool = False,
    static: int = 0,
    domain: Sequence[tuple[float, float]] = (),
    kink: Callable[..., float] | None = None,
    symbol: str = "",
    doc: str = "",
) -> Callable[..., Any]:
    """Add a row to the table, and return the function that evaluates and records it.

    `forward(xp, *arguments)` computes it, `partials` has one rule per argument,
    `(xp, *arguments, out)`, the derivative of the result `out` by that argument.
    `domain` has an open interval (low, high) per argument, by default all numbers.
    `kink(*arguments)` is 0 where there is no derivative. `symbol` labels pictures.

    A `variadic` operation takes any number of arguments. It has one interval, and one
    rule `(xp, arguments, out)` for the list of all partials; xp.each(f, arguments) is
    f of each argument. An operation with `static=n` takes n whole numbers after its
    arguments, and so do its rules; there is no derivative by them.

    >>> mean = operation(
    ...     "mean",
    ...     lambda xp, *a: xp.sum(a) / len(a),
    ...     [lambda xp, a, out: [1.0 / len(a)] * len(a)],
    ...     variadic=True,
    ... )
    >>> mean([1.0, 2.0, 6.0])
    3.0
    >>> scaled = operation(
    ...     "scaled", lambda xp, a, n: n * a, [lambda xp, a, n, out: 1.0 * n], static=1
    ... )
    >>> scaled(2.0, 3)
    6.0

    The rules are checked at points of the domain: on floats against finite differences,
    the partials and their own derivatives (GradientMismatch); on Values, on arrays and
    in compiled programs of both precisions against what they give on floats. ValueError
    for the name of a row that is not one's own, TraceError for a rule that branches on
    a number, TypeError for one that does not run somewhere. Registered again under its
    name, an operation of one's own is replaced; where a check fails, the table stays as
    it was.
    """
    if not (isinstance(name, str) and name.isidentifier()):
        raise ValueError(f"operation: the name must be an identifier, not {name!r}")
    if name in GIVEN:
        raise ValueError(
            f"operation: {name!r} is an operation of the table already. Choose another "
            f"name."
        )
    if isinstance(static, bool) or not isinstance(static, int) or static < 0:
        raise ValueError(
            f"operation: static is how many whole numbers come after the arguments, "
            f"not {static!r}"
        )
    if (
        callable(partials)
        or not partials
        or not all(map(callable, [forward, *partials]))
    ):
        raise TypeError(
            "operation: forward must be a function, and partials a list of functions, "
            "one per argument."
        )
    if variadic and len(partials) != 1:
        raise ValueError(
            f"operation: a variadic operation has one rule, (xp, arguments, out), that "
            f"returns all partials, not {len(partials)} rules."
        )
    intervals = tuple(Interval(float(low), float(high)) for low, high in domain)
    intervals = intervals or (REALS,) * len(partials)
    if len(intervals) != len(partials):
        raise ValueError(
            f"operation: {len(partials)} partials and {len(intervals)} intervals. Give "
            f"one of each per argument."
        )
    with _registering:
        before = TABLE.get(name)
        row(
            name,
            symbol or name,
            doc or f"{name}, an operation of one's own",
            forward,
            *partials,
            domain=intervals,
            variadic=variadic,
            n_static=static,
            kink=kink,
        )
        try:
            check_row(TABLE[name])
        except BaseException:
            if before is None:
                del TABLE[name]
            else:
                TABLE[name] = before
            raise
        return function_of(name)
