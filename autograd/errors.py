"""The exceptions of users' mistakes, and the sentences that explain them.

Every message names the operation, the operands with their labels, and a remedy.
Where Python has an exception for the mistake (ZeroDivisionError, OverflowError,
TypeError), that one is raised; the classes here are for the rest.

Operands and nodes are Values. This module is below them and does not import them: it
reads their `data`, `label`, `op` and `parents`.
"""

from __future__ import annotations

import math
import numbers
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd.anomaly import here, users_line, where_made
from autograd.modes import (
    may_be_infinite,
    may_be_undefined,
    noted,
    traced,
    variables,
)
from autograd.ops import Operation


class DomainError(ValueError):
    """An operation was given a number at which it is not defined."""


class DerivativeError(ArithmeticError):
    """A derivative does not exist or is not finite at this point."""


class TraceError(TypeError):
    """A Python branch looked at a number while a computation was being compiled."""


class GradientMismatch(AssertionError):
    """A gradient differs from its independent estimate.

    `report` is that of the check, which is also its text.
    """

    report: Any = None


def describe(op: Operation, operands: Sequence[Any]) -> str:
    """The operation applied to its operands, as in `div(1.0, b=0.0)`."""
    shown = [f"{v.label}={v.data!r}" if v.label else repr(v.data) for v in operands]
    if len(shown) > 6:
        shown[3:-2] = ["..."]
    return f"{op.name}({', '.join(shown)})"


def is_as_given(
    result: float, operands: Sequence[float], largest: float = sys.float_info.max
) -> bool:
    """Whether a result is finite, or infinite as an operand was; NaN never is."""
    return abs(result) <= largest or (
        result == result and not all(map(math.isfinite, operands))
    )


def refuse(op: Operation, operands: Sequence[Any], data: float) -> None:
    """Raise for a NaN, and for an infinite result unless an operand was infinite.

    On the way to a partial it may be infinite too: see `modes.infinities`.
    """
    if is_as_given(data, [v.data for v in operands]) or may_be_undefined():
        return
    if data != data or not may_be_infinite():
        raise forward_error(op, operands)


def no_result(op: Operation, operands: Sequence[Any], cause: Exception) -> float:
    """Raise for an operation that is not defined; NaN where that is asked for."""
    if may_be_undefined():
        return math.nan
    raise forward_error(op, operands, cause) from None


def forward_error(
    op: Operation, operands: Sequence[Any], cause: Exception | None = None
) -> Exception:
    """Why `op` has no finite result at these operands, as the error to raise."""
    kind, reason = _reason(op, operands, cause)
    trail = f"\n  at {here()}{_origins(operands)}" if noted() else ""
    wanted = variables()
    if wanted is not None and wanted.name in ("grad", "jacobian"):
        reason += f" {for_optimizers(wanted.name)}"
    return kind(f"{describe(op, operands)}{reason}{trail}")


def _reason(
    op: Operation, operands: Sequence[Any], cause: Exception | None
) -> tuple[type[Exception], str]:
    """The class of the error, and what is wrong and what to do, in words."""
    remedy = op.remedy(operands)
    if isinstance(cause, ZeroDivisionError):
        remedy = remedy or (
            "Keep the divisor away from zero, for example by adding a small number to "
            "it."
        )
        side = one_side(op, operands)
        return ZeroDivisionError, f": division by zero. {remedy} {side}"
    if isinstance(cause, ValueError):
        parts = [f"{op.name} takes {op.defined}.", remedy, one_side(op, operands)]
        return DomainError, f" is not defined: {' '.join(filter(None, parts))}"
    if any(math.isnan(v.data) for v in operands):
        return DomainError, (
            ": an operand is NaN (not a number). Its data was set to NaN; look for "
            "what computed it."
        )
    if any(math.isinf(v.data) for v in operands):
        return DomainError, (
            " is not a number: an operand is infinite. Look for what made it so."
        )
    remedy = remedy or "softplus, logsumexp and log_softmax do not overflow."
    return OverflowError, (
        f" is too large for a float, whose largest is 1.8e308. Scale the operands "
        f"down, or work with logarithms: {remedy}"
    )


def for_optimizers(function: str) -> str:
    """What to write where an optimizer may try points that are undefined."""
    return (
        f"For an optimizer that steps back from such points: "
        f"{function}(..., on_domain_error='inf'), or 'nan'."
    )


def one_side(op: Operation, operands: Sequence[Any]) -> str:
    """What to write where an operation is one side of a choice."""
    names = [v.label or "x" for v in operands[:3]]
    call = f"{op.name}({', '.join(names)})"
    if op.name in ("div", "mul"):
        call = f"{names[0]} {op.symbol} {names[1]}"
    return f"For one side of a choice: where(condition, lambda: {call}, other)."


def derivative_error(node: Any) -> DerivativeError:
    """The derivative of `node` by its operands does not exist or is not finite."""
    op, operands = node.op, node.parents
    name = f" (label {node.label!r})" if node.label else ""
    remedy = op.remedy(operands) or (
        "Keep the operands away from this point, for example by adding a small number."
    )
    made = where_made(node)
    trail = f"\n  at {made}{_origins(operands)}" if made else ""
    return DerivativeError(
        f"the derivative of {describe(op, operands)}{name} does not exist "
        f"there, or is too large for a float. {remedy} {one_side(op, operands)} Where "
        f"no gradient is needed, use detach() on the result. No gradient was "
        f"changed.{trail}"
    )


def not_finite_error(
    order: Sequence[Any], leaves: Sequence[tuple[Any, float | None]]
) -> DerivativeError:
    """Where a sweep over `order` left the finite numbers, as the error to raise.

    `leaves` have the gradient with them that they had before the sweep.
    """
    if all(math.isfinite(leaf.grad) for leaf, _ in leaves):
        leaf, before = next(
            (leaf, before)
            for leaf, before in leaves
            if not math.isfinite((before or 0.0) + leaf.grad)
        )
        return DerivativeError(
            f"the gradients of the leaf {leaf.label!r} add up to more than a float can "
            f"hold: {before!r} + {leaf.grad!r}. Call zero_grad() between passes. No "
            f"gradient was changed."
        )
    for node in reversed(order):
        if not all(math.isfinite(node.grad * p) for p in node.partials()):
            return derivative_error(node)
    return DerivativeError(
        "the gradients that reach a node add up to more than a float can hold. Scale "
        "the expression down. No gradient was changed."
    )


def _origins(operands: Sequence[Any]) -> str:
    """What made the operands, and where, as far as that was remembered."""
    lines = ""
    for value in operands:
        made = where_made(value)
        if made and value.op is not None:
            call = describe(value.op, value.parents)
            lines += (
                f"\n  {value.label or 'operand'} {value.data!r} = {call}, at {made}"
            )
    return lines


def trace_error(asked: str, value: Any) -> TraceError:
    """A Value was asked for its number while it stood for any number."""
    more = f" {CLASSES}" if asked in TO_INTEGERS else ""
    if asked == "bool()":
        more = f" {TRUTHS}"
    shown = f"{value.label}={value.data!r}" if value.label else repr(value.data)
    if value.op is not None:
        shown = describe(value.op, value.parents)
    return TraceError(
        f"{asked} asks a Value for its number, that of {shown}, and the computation is "
        f"being compiled for all numbers. A Python `if` or `while` would be decided "
        f"once and for all: write where(x > y, a, b) for `a if x > y else b`, and "
        f"x.sin() for math.sin(x); or do not compile.{more}"
    )


TO_INTEGERS = ("int()", "round()", "trunc()")
"""What makes a whole number of a Value, perhaps to choose by it."""

TRUTHS = (
    "Of comparisons write (x > 0) & (y > 0) for `and`, (x > 0) | (y > 0) for `or`, "
    "1 - (x > 0) for `not`, and autograd.max and autograd.min for any() and all()."
)

CLASSES = (
    "To choose by a class t, write nn.cross_entropy(logits, t), or a sum of "
    "where(t - k, 0.0, values[k]) over all k."
)


INDICES = (
    f"A Value, or an array of them, is no index. For x[x > 0] write np.where(x > 0, x, "
    f"0.0): what is computed is the same for all numbers. {CLASSES}"
)


def index_error() -> TypeError:
    """A Value was to be an index."""
    return (TraceError if traced() else TypeError)(
        f"a Value is no index: list[v] would look at its number alone. {CLASSES} For "
        f"an index that no derivative is wanted of write int(v.data)."
    )


def logic_error(symbol: str, thing: Any) -> TypeError:
    """&, |, ^ or ~ was given a Value that is no comparison."""
    if symbol == "~":
        remedy = (
            "Of a bool Python's ~ is -1 or -2, which are both true: write 1 - (x > 0), "
            "or the opposite comparison, x <= 0."
        )
    else:
        remedy = (
            f"It takes comparisons, in parentheses: (x > 0) {symbol} (y > 0). A number "
            f"is true where x != 0."
        )
    return (TraceError if traced() else TypeError)(
        f"{symbol} of {thing!r} has no meaning for numbers. {remedy}"
    )


def ratio_error(value: Any) -> TypeError:
    """A Value was to be a fraction, as Python's `statistics` computes with."""
    return (TraceError if traced() else TypeError)(
        f"{value!r} is no fraction, and what Python's statistics and fractions compute "
        f"has no derivative. Write autograd.sum(values) / len(values) for a mean; or "
        f"v.data for a number that no derivative is wanted of."
    )


@contextmanager
def explaining() -> Iterator[None]:
    """Say of errors that libraries raise inside, given Values, what works instead."""
    try:
        yield
    except Exception as error:
        remedy = _remedy_of(error)
        if remedy is None:
            raise
        kind = TraceError if traced() else TypeError
        raise kind(f"{str(error).rstrip('.')}. {remedy}") from error


OF_LIBRARIES = {
    "scipy.sparse": "Make an array of the matrix, a.toarray(), which meets Values.",
    "scipy.linalg": "autograd.linalg has solve, inv, det, cholesky and norm.",
    "fractions": "A Value meets fractions as numbers: x * Fraction(1, 2).",
}
"""What to write instead of what a module of others does not do with Values."""

IN_PLACE_OF_NUMBERS = (
    "A Value is no plain number: compute with Python's operators and the functions of "
    "autograd; or take v.data, of which no derivative is wanted."
)


def _remedy_of(error: Exception) -> str | None:
    """What to do about an error of a library's that has to do with Values, if any."""
    text = str(error)
    if isinstance(error, KeyError):
        key = error.args[0] if error.args else None
        if hasattr(key, "backward"):
            return f"As a key a Value is itself, and not its number. {CLASSES}"
        return None
    if isinstance(error, IndexError):
        return INDICES if "integer" in text else None
    rooms = [
        frame.f_globals.get("__name__", "")
        for frame, _ in traceback.walk_tb(error.__traceback__)
    ]
    ours = rooms[-1].partition(".")[0] in ("autograd", "nn", "viz")
    if ours or not isinstance(error, (TypeError, ValueError)):
        return None
    if isinstance(error, TypeError) or "object" in text:
        for library, remedy in OF_LIBRARIES.items():
            if any(f"{room}.".startswith(f"{library}.") for room in rooms):
                return remedy
    if isinstance(error, TypeError) and re.search(r"\bValue\b", text):
        return IN_PLACE_OF_NUMBERS
    return None


def left_graph(asked: str, name: str) -> TypeError:
    """A Value was turned into a plain number, whose derivative would be lost."""
    floor = "math.floor(v), " if asked in TO_INTEGERS else ""
    return TypeError(
        f"{asked} makes a plain number of a Value that {name} differentiates by, and "
        f"the derivative of all that is computed from it would be 0, at\n  "
        f"{users_line()}\nUse autograd's functions, such as {floor}x.sin() for "
        f"math.sin(x), and lists or arrays of objects to keep Values in; or v.data for "
        f"a number that no derivative is wanted of."
    )


def opaque_error(name: str) -> TypeError:
    """An operation on floats was to run over another arithmetic."""
    return TypeError(
        f"{name} is an opaque operation: its rules are functions of floats. It is not "
        f"compiled and has no second derivatives. Do not compile it, as in fit(..., "
        f"compiled=False), or write its rules over xp, with autograd.operation."
    )


def copy_error(op: Operation) -> TypeError:
    """A computed Value was to be copied or pickled."""
    return TypeError(
        f"a Value computed by {op.name} cannot be copied or pickled, because its "
        f"whole graph would have to go with it. Use detach() for its number alone, or "
        f"copy the leaves and compute again."
    )


def is_real(thing: object) -> bool:
    """Whether a thing is a real number, or a bool: NumPy's too are 1.0 or 0.0.

    NumPy takes a time, of some unit, for a whole number.
    """
    kind = type(thing).__name__
    if isinstance(thing, numbers.Real):
        return kind != "timedelta64"
    return kind in ("bool", "bool_")


def to_float(number: object, where: str) -> float:
    """Turn a number into a float; TypeError or ValueError for anything else.

    `where` names what was given the number: an operation, or a constructor.
    """
    if is_real(number):
        try:
            data = float(number)  # type: ignore[arg-type]
            if math.isinf(data) and number != data:  # a long double
                raise OverflowError
        except OverflowError:
            raise OverflowError(
                f"{where}: the number given is too large for a float, whose largest is "
                f"1.8e308. Scale it down, or take its logarithm."
            ) from None
        if data != data and not may_be_undefined():
            raise ValueError(
                f"{where}: the number given is NaN (not a number). Look for the "
                f"computation that produced it."
            )
        return data
    needed = "a real number" if where == "Value" else "a real number or a Value"
    kind = type(number)
    package = kind.__module__.partition(".")[0]
    given = kind.__name__ if package == "builtins" else f"{package}.{kind.__name__}"
    given = f"{given} {number!r}"
    raise TypeError(f"{where}: {needed} is needed, not {given:.120}. {_remedy(number)}")


def _remedy(thing: object) -> str:
    """What to do with a thing that is no real number."""
    if thing is None:
        return (
            "Convert it to a float first. What is masked is None, too: leave it out, "
            "a.compressed()."
        )
    dtype = getattr(thing, "dtype", None)
    if isinstance(thing, (str, bytes)):
        return "Convert it with float() first."
    if getattr(dtype, "kind", "") in ("m", "M"):
        return "Make a difference of times a number: t / np.timedelta64(1, 's')."
    if isinstance(thing, numbers.Complex):
        return "Use its real and imaginary parts as two Values."
    if getattr(dtype, "kind", "") == "V":
        return "Take one of its fields, x['name']."
    if hasattr(thing, "mask"):
        return "Leave out what is masked: a.compressed()."
    if hasattr(thing, "toarray"):
        return "Make it an array of NumPy's, a.toarray(), which meets Values."
    if hasattr(thing, "parents") and hasattr(thing, "backward"):
        return "It is a Value already; detach() makes a new leaf of its number."
    if getattr(dtype, "hasobject", False):
        return "Use NumPy's function of this name, such as np.tanh(array)."
    if hasattr(thing, "__array__") and getattr(thing, "shape", None) == ():
        return "Take its number, x.item()."
    if hasattr(thing, "__array__") and not hasattr(thing, "__array_ufunc__"):
        return "Make it an array of NumPy's, np.asarray(a), which meets Values."
    if hasattr(thing, "__array__"):
        return (
            "Make one Value per element: np.array([Value(x) for x in a], dtype=object)."
        )
    if hasattr(thing, "__iter__"):
        return "Make one Value per element: [Value(x) for x in xs]."
    return "Convert it to a float first."
