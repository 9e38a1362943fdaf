"""Values to a tape: the recorded graph, laid out flat in topological order."""

from __future__ import annotations

from collections.abc import Sequence

from autograd.compiler.tape import Tape
from autograd.hooks import hooks_of
from autograd.leaves import floats_of
from autograd.value import Value, topological_order


def trace(
    outputs: Sequence[Value], inputs: Sequence[Value], parameters: Sequence[Value]
) -> Tape:
    """Lay out all that the outputs depend on. Leaves not named are constants."""
    order = topological_order(*outputs)
    if any(map(hooks_of, order)):
        raise ValueError(
            "compile: a Value has a hook, and a compiled program calls none. Remove it "
            "by its handle, or do not compile: fit(..., compiled=False)."
        )
    leaves = [*inputs, *parameters]
    named = set(leaves)
    constants = [node for node in order if node.op is None and node not in named]
    numbers = floats_of(constants, "compile")
    tape = Tape(len(inputs), len(parameters), numbers)
    number = {node: i for i, node in enumerate([*leaves, *constants])}
    for node in order:
        if node.op is not None:
            tape.ops.append(node.op)
            tape.args.append(tuple([number[parent] for parent in node.parents]))
            number[node] = len(number)
    tape.outputs = [number[node] for node in outputs]
    return tape
