"""Operations of one's own: rows of the table, checked before they are added.

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

What cannot be written so, a function of scipy.special or a solver, is `opaque`: its
rules are functions of floats. A derivative that is deliberately none, as of a
straight-through estimator, is given with `check=False`. Both are marked wherever they
are printed: "(on floats)", "(unchecked)".

>>> binary = operation(
...     "binary", lambda xp, a: xp.step(a), [lambda xp, a, out: 1.0], check=False
... )
>>> x = Value(0.5, label="x")
>>> y = binary(x)
>>> y.backward()
>>> y.data, x.grad, y.op
(1.0, 1.0, <operation binary (unchecked)>)
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

from autograd import functions
from autograd.apply import function_of, record_all
from autograd.arithmetic import Floats
from autograd.checking.rules import check_row
from autograd.errors import opaque_error, to_float
from autograd.ops import REALS, TABLE, Interval, Operation, Rule, row

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
    check: bool = True,
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
    it was. With `check=False` nothing is tried, and the derivative is what `partials`
    say, whatever it is.
    """
    _check_arguments("operation", name, forward, partials, variadic)
    if isinstance(static, bool) or not isinstance(static, int) or static < 0:
        raise ValueError(
            f"operation: static is how many whole numbers come after the arguments, "
            f"not {static!r}"
        )
    return _added(
        name,
        forward,
        partials,
        check,
        domain,
        symbol=symbol,
        doc=doc,
        variadic=variadic,
        n_static=static,
        kink=kink,
    )


def opaque(
    name: str,
    forward: Callable[..., float],
    partials: Sequence[Callable[..., Any]],
    *,
    variadic: bool = False,
    domain: Sequence[tuple[float, float]] = (),
    kink: Callable[..., float] | None = None,
    check: bool = True,
    symbol: str = "",
    doc: str = "",
) -> Callable[..., Any]:
    """Add an operation whose rules are functions of floats: `operation` without `xp`.

    `forward(*arguments)` and one rule per argument, `(*arguments, out)`; a `variadic`
    operation has one, `(arguments, out)`, for the list of all partials. They may do
    what they like: branch, iterate, call a library.

    >>> import math
    >>> length = opaque(
    ...     "length",
    ...     math.hypot,
    ...     [lambda a, b, out: a / out, lambda a, b, out: b / out],
    ... )
    >>> from autograd import grad
    >>> grad(lambda x: length(x[0], 2.0 * x[1]))([3.0, 2.0])
    [0.6, 1.6]

    It works in eager mode, forwards and backwards. It has no second derivatives and is
    not compiled: asking for either is a TypeError. The partials are checked on floats
    alone, against finite differences. All else is as in `operation`.
    """
    _check_arguments("opaque", name, forward, partials, variadic)
    slope = Operation(
        f"{name}_partial",
        f"∂{symbol or name}",
        f"a partial of {name}, an operation on floats",
        None,
        _refused(name),
        (_refused(name),),
        (REALS,),
        n_static=1,
        helper=True,
        checked=check,
        opaque=True,
    )

    def by_floats(xp: Any, *arguments: Any) -> Any:
        if xp is not Floats:
            raise opaque_error(name)
        return to_float(forward(*arguments), name)

    def taken(
        xp: Any, numbers: tuple[Any, ...], rule: Callable[..., Any], first: int = 0
    ) -> list[Any]:
        """What a rule gives; as nodes without a derivative where it is recorded."""
        if xp is Floats:
            return [to_float(number, name) for number in rule(*numbers)]
        if xp is not functions:
            raise opaque_error(name)
        found = [to_float(x, name) for x in rule(*[v.data for v in numbers])]
        return [
            record_all(slope.at(first + i), numbers, x) for i, x in enumerate(found)
        ]

    def every(xp: Any, arguments: Sequence[Any], out: Any) -> list[Any]:
        """All partials of a variadic operation."""
        return taken(xp, (*arguments, out), lambda *x: partials[0](list(x[:-1]), x[-1]))

    def partial_by(i: int) -> Rule:
        return lambda xp, *x: taken(xp, x, lambda *x: [partials[i](*x)], i)[0]

    return _added(
        name,
        by_floats,
        [every] if variadic else list(map(partial_by, range(len(partials)))),
        check,
        domain,
        symbol=symbol,
        doc=doc,
        variadic=variadic,
        kink=kink,
        opaque=True,
    )


def _refused(name: str) -> Rule:
    """The rule of what is not there."""

    def rule(xp: Any, *arguments: Any) -> Any:
        raise opaque_error(name)

    return rule


def _check_arguments(
    what: str, name: str, forward: Any, partials: Any, variadic: bool
) -> None:
    """Refuse what is no name, or no rules."""
    if not (isinstance(name, str) and name.isidentifier()):
        raise ValueError(f"{what}: the name must be an identifier, not {name!r}")
    if name in GIVEN:
        raise ValueError(
            f"{what}: {name!r} is an operation of the table already. Choose another "
            f"name."
        )
    if (
        callable(partials)
        or not partials
        or not all(map(callable, [forward, *partials]))
    ):
        raise TypeError(
            f"{what}: forward must be a function, and partials a list of functions, "
            "one per argument."
        )
    if variadic and len(partials) != 1:
        raise ValueError(
            f"{what}: a variadic operation has one rule, "
            f"({'xp, ' * (what == 'operation')}arguments, out), that returns all "
            f"partials, not {len(partials)} rules."
        )


def _added(
    name: str,
    forward: Rule,
    partials: Sequence[Rule],
    check: bool,
    domain: Sequence[tuple[float, float]],
    symbol: str,
    doc: str,
    **more: Any,
) -> Callable[..., Any]:
    """The function of a new row, which is in the table if it stands its check."""
    intervals = tuple(Interval(float(low), float(high)) for low, high in domain)
    intervals = intervals or (REALS,) * len(partials)
    if len(intervals) != len(partials):
        raise ValueError(
            f"{name}: {len(partials)} partials and {len(intervals)} intervals. Give "
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
            checked=check,
            **more,
        )
        try:
            if check:
                check_row(TABLE[name])
        except BaseException:
            if before is None:
                del TABLE[name]
            else:
                TABLE[name] = before
            raise
        return function_of(name)
