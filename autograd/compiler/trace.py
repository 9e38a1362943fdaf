"""Values to a tape: the recorded graph, laid out flat in topological order.

A Value that was detached inside `tracing()` is a leaf of the graph, and an instruction
of the tape: what it was detached from is computed, and no derivative passes.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from autograd.anomaly import detached_from, in_order, parents_of
from autograd.compiler import accelerated
from autograd.compiler.tape import Tape
from autograd.errors import TraceError, opaque_error
from autograd.hooks import hooks_of
from autograd.leaves import floats_of, refuse_changed
from autograd.ops import TABLE, Operation
from autograd.value import Value, topological_order

Numbers: TypeAlias = "array[int]"

STOP = TABLE["stop_gradient"]


def trace(
    outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]
) -> Tape:
    """Lay out all that the outputs depend on. Leaves not named are constants."""
    leaves = [*inputs, *parameters]
    named = set(leaves)
    order = topological_order(*outputs)
    noted = [node for node in order if node._notes is not None]  # almost none
    if any(detached_from(node) is not None for node in noted):
        order = in_order(outputs, lambda v: () if v in named else parents_of(v))
        noted = order
    if any(map(hooks_of, noted)):
        raise ValueError(
            "compile: a Value has a hook, and a compiled program calls none. Remove it "
            "by its handle, or do not compile: fit(..., compiled=False)."
        )
    for node in noted:
        refuse_changed(node, "program", named)
    detached = {node for node in noted if detached_from(node) is not None} - named
    unnamed = [node for node in order if node.op is None and node not in named]
    constants = [node for node in unnamed if node not in detached]
    numbers = floats_of(constants, "compile")
    table, codes, starts, operands, roots = (
        _laid_out(order, [*leaves, *constants], outputs, detached)
        if accelerated.NATIVE is None or detached
        else accelerated.NATIVE.laid_out(order, [*leaves, *constants], list(outputs))
    )
    opaque = [op.name for op in table if op.opaque]
    if opaque:
        raise opaque_error(min(opaque))
    if TABLE["chosen"] in table:
        raise TraceError(
            "compile: where was given functions, and only the side that the numbers of "
            "now choose was recorded. Record inside tracing(), which records both, or "
            "use compile_function or fit."
        )
    return Tape(
        len(inputs),
        len(parameters),
        np.array(numbers, np.float64),
        tuple(table),
        np.frombuffer(codes, np.int32),
        np.frombuffer(starts, np.int64),
        np.frombuffer(operands, np.int32),
        np.frombuffer(roots, np.int32),
    )


def _laid_out(
    order: Sequence[Value],
    leaves: Sequence[Value],
    outputs: Sequence[Value],
    detached: set[Value],
) -> tuple[list[Operation], Numbers, Numbers, Numbers, Numbers]:
    """The table, codes, starts, operands and outputs of a tape of these leaves."""
    number = {node: i for i, node in enumerate(leaves)}
    places: dict[Operation, int] = {}
    codes, starts, operands = array("i"), array("q", [0]), array("i")
    for node in order:
        op = node.op
        if op is not None:
            if op.arity == 2:  # almost all nodes
                operands.append(number[node._first])
                operands.append(number[node._second])
            else:
                operands.extend([number[parent] for parent in node.parents])
        elif node in detached:
            op = STOP
            operands.extend([number[parent] for parent in parents_of(node)])
        else:
            continue
        codes.append(places.setdefault(op, len(places)))
        starts.append(len(operands))
        number[node] = len(number)
    return (
        list(places),
        codes,
        starts,
        operands,
        array("i", [number[node] for node in outputs]),
    )
