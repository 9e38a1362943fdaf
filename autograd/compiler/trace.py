"""Values to a tape: the recorded graph, laid out flat in topological order.

A Value that was detached inside `tracing()` is a leaf of the graph, and an instruction
of the tape: what it was detached from is computed, and no derivative passes.
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.anomaly import notes
from autograd.compiler.tape import Tape
from autograd.errors import TraceError, opaque_error
from autograd.hooks import hooks_of
from autograd.leaves import floats_of
from autograd.ops import TABLE
from autograd.value import Value, topological_order

STOP = TABLE["stop_gradient"]


def trace(
    outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]
) -> Tape:
    """Lay out all that the outputs depend on. Leaves not named are constants."""
    leaves = [*inputs, *parameters]
    named = set(leaves)
    order = _in_order(outputs, named)
    if any(map(hooks_of, order)):
        raise ValueError(
            "compile: a Value has a hook, and a compiled program calls none. Remove it "
            "by its handle, or do not compile: fit(..., compiled=False)."
        )
    opaque = next((node.op for node in order if node.op and node.op.opaque), None)
    if opaque is not None:
        raise opaque_error(opaque.name)
    constants = [node for node in order if not _parents(node) and node not in named]
    numbers = floats_of(constants, "compile")
    tape = Tape(len(inputs), len(parameters), numbers)
    number = {node: i for i, node in enumerate([*leaves, *constants])}
    for node in order:
        if node not in number:
            tape.ops.append(node.op or STOP)
            tape.args.append(tuple([number[parent] for parent in _parents(node)]))
            number[node] = len(number)
    if TABLE["chosen"] in tape.ops:
        raise TraceError(
            "compile: where was given functions, and only the side that the numbers of "
            "now choose was recorded. Record inside tracing(), which records both, or "
            "use compile_function or fit."
        )
    tape.outputs = [number[node] for node in outputs]
    return tape


def _in_order(outputs: Sequence[Value], named: set[Value]) -> list[Value]:
    """All nodes after what they are computed from, detached ones too."""
    order = topological_order(*outputs)
    if all(_detached(node) is None for node in order):
        return order
    order, seen = [], set(named)
    stack: list[tuple[Value, bool]] = [(node, False) for node in reversed(outputs)]
    while stack:
        node, is_entered = stack.pop()
        if is_entered:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            stack += [(parent, False) for parent in reversed(_parents(node))]
    return order


def _parents(node: Value) -> tuple[Value, ...]:
    """What a node is computed from, also if it is detached from that."""
    source = _detached(node)
    return node.parents if source is None else (source,)


def _detached(node: Value) -> Value | None:
    """What a leaf was detached from inside `tracing()`."""
    if node.op is not None or node._notes is None:
        return None
    source: Value | None = notes(node).get("detached")
    return source
