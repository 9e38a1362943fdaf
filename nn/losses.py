"""Losses: one number that says how far the outputs of one example are from the target.

Each takes the model's outputs (a Value, or a list of them) and the target of the same
form, and returns a Value. The mean over a batch is taken by whoever has the batch.
Mismatched lengths and targets that the loss has no meaning for are a ValueError.

    >>> from autograd import Value
    >>> half_squared_error(Value(3.0), 1.0).data
    2.0
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Real
from typing import TypeAlias, TypeGuard

from autograd import (
    Constant,
    DomainError,
    Operand,
    Value,
    as_values,
    functions,
    log,
    log1p,
    log_softmax,
    relu,
    softplus,
    sum,
    where,
)

Outputs: TypeAlias = Value | Sequence[Value]
Targets: TypeAlias = Operand | Sequence[Operand]


def mse(outputs: Outputs, targets: Targets) -> Value:
    """Mean squared error: (1/n) Σ (ŷᵢ - yᵢ)² over the n outputs."""
    squares = _squares(outputs, targets)
    return sum(squares) / len(squares)


def half_squared_error(outputs: Outputs, targets: Targets) -> Value:
    """½ Σ (ŷᵢ - yᵢ)² over the outputs; its derivative is ŷᵢ - yᵢ."""
    return sum(_squares(outputs, targets)) * 0.5


def hinge(output: Outputs, target: Targets) -> Value:
    """max(0, 1 - y ŷ) for the target y = -1 or +1 (Vapnik 1995)."""
    (score,), (sign,) = _pair(output, target, "hinge")
    if sign.data not in (-1.0, 1.0):
        raise ValueError(f"hinge: the target must be -1 or +1, not {sign.data}")
    return relu(1.0 - sign * score)


def binary_cross_entropy(output: Outputs, target: Targets) -> Value:
    """-y log p - (1 - y) log(1 - p) for a probability p and a target y from 0 to 1.

    DomainError where p says 0 or 1 and is wrong: then the loss is infinite.
    """
    (p,), (y,) = _pair(output, target, "binary_cross_entropy")
    _check_probability("binary_cross_entropy", y)
    try:
        if not 0.0 <= p.data <= 1.0:
            raise DomainError(p.data)
        return _mix(y, lambda: -log(p), lambda: -log1p(-p))
    except DomainError as error:
        raise DomainError(
            f"binary_cross_entropy: the loss is infinite or undefined at the output "
            f"{p.data!r} for the target {y.data!r}. Outputs are probabilities between "
            f"0 and 1. A sigmoid rounds to exactly 1 from 37 on: leave it out of the "
            f"model and use binary_cross_entropy_with_logits."
        ) from error


def binary_cross_entropy_with_logits(output: Outputs, target: Targets) -> Value:
    """Binary cross-entropy of p = σ(z), from the logit z; finite for any z.

    -log σ(z) = softplus(-z) and -log(1 - σ(z)) = softplus(z). By z it is σ(z) - y.
    """
    (z,), (y,) = _pair(output, target, "binary_cross_entropy_with_logits")
    _check_probability("binary_cross_entropy_with_logits", y)
    return _mix(y, lambda: softplus(-z), lambda: softplus(z))


def cross_entropy(
    logits: Outputs, target: Targets, *, label_smoothing: float = 0.0
) -> Value:
    """-Σ yᵢ log pᵢ for p = softmax(logits); finite for any logits.

    The target is the index of the right class, or a list yᵢ with one entry per class
    (one-hot, or any probabilities that add up to 1). By z the loss is softmax(z) - y. A
    small loss keeps its digits, however large the logits, and so does its gradient.
    Logits that are further apart than the largest float are an OverflowError.

    `label_smoothing`, from 0 to 1, is the share of the target that is spread evenly
    over the K classes: y becomes (1 - ε) y + ε / K (Szegedy et al. 2016, section 7).
    """
    if isinstance(logits, Value):
        raise ValueError(
            "cross_entropy: a list of one logit per class is needed, not a single "
            "Value. For two classes and one output use "
            "binary_cross_entropy_with_logits."
        )
    if not (isinstance(label_smoothing, Real) and 0.0 <= label_smoothing <= 1.0):
        raise ValueError(
            f"cross_entropy: label_smoothing must be from 0 to 1, not "
            f"{label_smoothing!r}"
        )
    loss = _surprise(logits, target)
    if label_smoothing:
        evenly = -sum(log_softmax(logits)) / len(logits)
        return (1.0 - label_smoothing) * loss + label_smoothing * evenly
    return loss


def _surprise(logits: Sequence[Value], target: Targets) -> Value:
    """-log p_k for the index k of a class, -Σ yᵢ log pᵢ for a list."""
    if _is_list(target):
        classes, weights = _pair(logits, target, "cross_entropy")
        _check_distribution(weights)
        return functions.cross_entropy(classes, weights)
    if isinstance(target, Value) and not isinstance(target, Constant):
        # The index is known when the loss is run: choose by recorded comparison.
        found = zip(log_softmax(logits), range(len(logits)), strict=True)
        return -sum([where(target - k, 0.0, share) for share, k in found])
    index = float(target)  # type: ignore[arg-type]
    if not (index.is_integer() and 0 <= index < len(logits)):
        raise ValueError(
            f"cross_entropy: the target {target!r} is not the index of one of the "
            f"{len(logits)} classes, 0 to {len(logits) - 1}."
        )
    return -log_softmax(logits)[int(index)]


def _is_list(thing: Outputs | Targets) -> TypeGuard[Sequence[Operand]]:
    return hasattr(thing, "__len__") and getattr(thing, "ndim", 1) > 0


def _pair(
    outputs: Outputs, targets: Targets, loss: str
) -> tuple[list[Value], list[Value]]:
    """Outputs and targets as two lists of Values of the same length."""
    left, right = (
        as_values(things if _is_list(things) else [things])  # type: ignore[list-item]
        for things in (outputs, targets)
    )
    if len(left) != len(right) or not left:
        raise ValueError(
            f"{loss}: {len(left)} outputs and {len(right)} targets. Give one target "
            f"per output."
        )
    return left, right


def _squares(outputs: Outputs, targets: Targets) -> list[Value]:
    left, right = _pair(outputs, targets, "squared error")
    differences = [a - b for a, b in zip(left, right, strict=True)]
    return [d * d for d in differences]


def _mix(y: Value, one: Callable[[], Value], zero: Callable[[], Value]) -> Value:
    """y · one + (1 - y) · zero, without the half that a plain 0 or 1 leaves out."""
    if isinstance(y, Constant) and y.data in (0.0, 1.0):
        return one() if y.data else zero()
    return y * one() + (1.0 - y) * zero()


def _check_probability(loss: str, y: Value) -> None:
    if not 0.0 <= y.data <= 1.0:
        raise ValueError(f"{loss}: the target must be from 0 to 1, not {y.data}.")


def _check_distribution(weights: Sequence[Value]) -> None:
    """Refuse plain target numbers that are no probabilities."""
    if all(isinstance(weight, Constant) for weight in weights):
        numbers = [weight.data for weight in weights]
        if min(numbers) < 0.0 or abs(math.fsum(numbers) - 1.0) > 1e-6:
            raise ValueError(
                f"cross_entropy: the targets {numbers} are not probabilities: they "
                f"must be from 0 up and add up to 1, as in the one-hot [0, 1, 0]."
            )
