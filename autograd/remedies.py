"""The usual remedies: what to write instead, where an expression breaks as it stands.

Each is known by the operation that fails and by what made its operands: the logarithm
of a sum of exponentials, a square root at zero, a division by a sum that is zero.

    >>> from autograd import Value
    >>> y = Value(1.0) + Value(2.0).exp()
    >>> usual_remedy("log", [y])
    'log(1 + exp(x)) is softplus(x), and log(Σ exp(aᵢ)) is logsumexp(a).'
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograd.value import Value

SUMS = ("add", "sub", "sum", "dot")


def usual_remedy(name: str, operands: Sequence[Value]) -> str:
    """What is usually wanted where the operation fails at these operands, or ""."""
    for applies, remedy in REMEDIES.get(name, ()):
        if applies(operands[-1]):
            return remedy
    return ""


def made_by(*names: str) -> Callable[[Value], bool]:
    """Whether a Value was made by one of these operations."""
    return lambda value: value.op is not None and value.op.name in names


def combines(outer: Sequence[str], *inner: str) -> Callable[[Value], bool]:
    """Whether a Value was made by an outer operation from the result of an inner one.

    Sums of sums count as one sum.
    """

    def applies(value: Value) -> bool:
        if value.op is None or value.op.name not in outer:
            return False
        parts = list(value.parents)
        for part in parts:
            if part.op is not None and part.op.name in inner:
                return True
            if part.op is not None and part.op.name in SUMS and len(parts) < 1000:
                parts += part.parents
        return False

    return applies


def always(value: Value) -> bool:
    """Any operand."""
    return True


REMEDIES: dict[str, list[tuple[Callable[[Value], bool], str]]] = {
    "exp": [
        (
            always,
            "log(1 + exp(x)) is softplus(x), log(Σ exp(aᵢ)) is logsumexp(a), and "
            "exp(aᵢ) / Σ exp(aⱼ) is softmax(a): none of them overflows.",
        )
    ],
    "log": [
        (
            combines(SUMS, "exp"),
            "log(1 + exp(x)) is softplus(x), and log(Σ exp(aᵢ)) is logsumexp(a).",
        ),
        (combines(("div",), "exp"), "log(exp(aᵢ) / Σ exp(aⱼ)) is log_softmax(a)[i]."),
        (made_by("exp"), "log(exp(x)) is x."),
        (made_by("sigmoid"), "log(sigmoid(x)) is -softplus(-x)."),
        (combines(SUMS, "sigmoid"), "log(1 - sigmoid(x)) is -softplus(x)."),
    ],
    "sqrt": [
        (
            combines(SUMS, "mul", "pow", "dot"),
            "The root of a sum of squares has no slope where all of them are 0: write "
            "sqrt(... + 1e-12), or choose another value there with where().",
        ),
        (always, "sqrt has no finite slope at 0: write sqrt(x + 1e-12)."),
    ],
    "div": [
        (
            made_by(*SUMS),
            "The divisor is a sum that is 0: add a small number to it, or put another "
            "divisor in its place with where() before dividing.",
        )
    ],
    "pow": [
        (
            always,
            "Powers that are no whole numbers need a base above 0, and so do "
            "derivatives by the exponent: write (x + 1e-12) ** p or abs(x) ** p.",
        )
    ],
    "asin": [(always, "asin has no finite slope at -1 and 1: keep x inside.")],
    "acos": [(always, "acos has no finite slope at -1 and 1: keep x inside.")],
}
"""By the name of the operation that fails, and by what made its last operand."""
