"""Which row of the table is wrong by itself, and where the nearest kink is.

Where judges differ, each operation that f recorded is asked alone, at the operands that
it has there, and so the wrong row is found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from autograd.apply import as_values, record_all
from autograd.arithmetic import Floats
from autograd.checking.judges import Trial
from autograd.checking.verdict import Kink, Suspect
from autograd.errors import describe
from autograd.value import Value

AT_A_KINK = 1e-6
"""Nearer to a kink than this, relative to x, differences cannot keep away from it."""

EXAMINED = 1000
"""How many operations are asked for the wrong row at most."""


def suspects(trial: Trial, order: int) -> Iterator[Suspect]:
    """The rows that are wrong by themselves, at the operands they have here."""
    named: set[str] = set()
    known = set(trial.leaves)
    active = []
    for node in trial.order:
        places = [i for i, p in enumerate(node.parents) if p in known]
        if places:
            known.add(node)
            active.append((node, places))
    for node, places in active[:EXAMINED]:
        op = node.op
        assert op is not None
        if op.name not in named and not _at_its_kink(node):
            text = _fault_of(trial, node, places, order)
            if text:
                named.add(op.name)
                if not op.checked:
                    text += "; it was made with check=False, so this may be meant"
                yield Suspect(op.name, describe(op, node.parents), text)


def _fault_of(trial: Trial, node: Value, places: list[int], order: int) -> str:
    """What is wrong with one operation; nothing where it is right."""
    operands = [parent.data for parent in node.parents]

    def alone(leaves: list[Value]) -> Value:
        parents: list[Any] = [*operands]
        for place, leaf in zip(places, leaves, strict=True):
            parents[place] = leaf
        return _applied(node, as_values(parents))

    point = [operands[place] for place in places]
    try:
        inner = Trial(alone, point, False, trial.rtol, trial.atol)
        for k in range(1, order + 1):
            for finding, place in zip(inner.findings(k), places, strict=True):
                for judge in ("mpmath", "finite differences"):
                    estimate = finding.estimates[judge]
                    if judge in finding.against and estimate is not None:
                        kind = "derivative" if k == 1 else "second derivative"
                        return (
                            f"its {kind} by operand {place} is {finding.found!r}, "
                            f"and {estimate.derivative!r} by {judge}"
                        )
    except (ValueError, ArithmeticError):
        pass  # no derivative there: nothing can be said of it
    return ""


def nearest_kink(trial: Trial) -> Kink | None:
    """The operation whose kink is reached first as x moves along the direction."""
    step = AT_A_KINK * max(1.0, *map(math.fabs, trial.point[:1]))
    here, there = _numbers_at(trial, 0.0), _numbers_at(trial, step)
    found = []
    for node in trial.order:
        op = node.op
        if op is not None and op.kink is not None:
            operands = [
                [at.get(p, p.data) for p in node.parents] for at in (here, there)
            ]
            distance, later = (op.kink(*numbers) for numbers in operands)
            if distance != later:  # else it stays away, wherever x goes
                way = math.fabs(distance / (later - distance)) * step
                call = describe(op, node.parents)
                found.append(Kink(call, way, way <= step))
    return min(found, key=lambda kink: kink.distance, default=None)


def _numbers_at(trial: Trial, t: float) -> dict[Value, float]:
    """What the recorded nodes compute at x + t · direction, as far as they can."""
    pairs = zip(trial.point, trial.direction, strict=True)
    moved = [x + t * v for x, v in pairs]
    numbers = dict(zip(trial.leaves, moved, strict=True))
    for node in trial.order:
        if node.op is not None:
            operands = [numbers.get(p, p.data) for p in node.parents]
            try:
                numbers[node] = node.op.forward(Floats, *operands)
            except (ValueError, ArithmeticError):
                break
    return numbers


def _at_its_kink(node: Value) -> bool:
    """Whether the operands of a node are where its row has no derivative."""
    op = node.op
    assert op is not None
    operands = [parent.data for parent in node.parents]
    size = max(1.0, *map(math.fabs, operands))
    return op.kink is not None and math.fabs(op.kink(*operands)) <= AT_A_KINK * size


def _applied(node: Value, operands: Sequence[Value]) -> Value:
    """The operation of a node on other operands, by the very row that the node has."""
    op = node.op
    assert op is not None
    data = op.forward(Floats, *[operand.data for operand in operands])
    return record_all(op, tuple(operands), data)
