"""The chain rule at one point, as a list of factors to be applied in either direction.

Near a point, a recorded computation is a linear map: each node moves by the sum, over
its parents, of ∂node/∂parent times what the parent moves by. `Linearization` holds the
local partials, by the rows of the table, of the nodes that depend on the inputs. Going
through them from the inputs on takes tangents forward, J·v; going through the same list
from the end takes cotangents back, Jᵀ·u (Griewank & Walther, Evaluating Derivatives,
2008, chapter 3). The partials are computed once, for any number of directions.

On floats the results are floats. Over the arithmetic of Values they are recorded, and
can be differentiated in turn.

    >>> from autograd import topological_order
    >>> x, y = Value(2.0), Value(3.0)
    >>> roots = [x * y, x + y]
    >>> at = Linearization(topological_order(*roots), roots, [x, y], Floats)
    >>> at.forward([1.0, 0.0]), at.reverse([1.0, 0.0])
    ([3.0, 1.0], [3.0, 2.0])
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from autograd.arithmetic import Floats
from autograd.errors import DerivativeError, derivative_error
from autograd.value import Value

Edge: TypeAlias = tuple[int, int, Any]
"""The numbers of two nodes, and the local partial between them."""


class Linearization:
    """The derivative of roots, Values or constants, by n leaves at the present point.

    `order` has all nodes of the roots, parents first. `xp` is the arithmetic of the
    partials: Floats, or the module `functions` to record them. DerivativeError where a
    partial or a derivative does not exist or is not finite.

    Invariant: `edges` are (child, parent, ∂child/∂parent), by the numbers of the nodes,
    and child > parent. The inputs have the first numbers.
    """

    def __init__(
        self,
        order: Sequence[Value],
        roots: Sequence[Any],
        inputs: Sequence[Value],
        xp: Any,
    ) -> None:
        self.nodes = list(inputs)
        self.n_inputs = len(inputs)
        self.edges: list[Edge] = []
        numbers = {node: i for i, node in enumerate(inputs)}
        number_of = numbers.get
        for node in order:
            op = node.op
            if op is None:
                continue
            places = (
                [number_of(node._first), number_of(node._second)]
                if op.arity == 2  # almost all nodes
                else [number_of(parent) for parent in node.parents]
            )
            if places.count(None) < len(places):
                child = numbers[node] = len(self.nodes)
                self.nodes.append(node)
                partials = _partials(node, places, xp)
                for parent, partial in zip(places, partials, strict=True):
                    if parent is not None:
                        self.edges.append((child, parent, partial))
        for child, _, partial in self.edges:
            if partial.__class__ is float and partial - partial != 0.0:
                raise derivative_error(self.nodes[child])
        self.roots = [number_of(root) for root in roots]

    def forward(self, tangents: Sequence[Any]) -> list[Any]:
        """J·v: how fast each root moves as the inputs move by `tangents`, (n,)."""
        totals = [*tangents, *[0.0] * (len(self.nodes) - self.n_inputs)]
        self._accumulate(self.edges, totals)
        return [0.0 if root is None else totals[root] for root in self.roots]

    def reverse(self, cotangents: Sequence[Any]) -> list[Any]:
        """Jᵀ·u: the gradient, (n,), of the sum of the roots times `cotangents`."""
        totals: list[Any] = [0.0] * len(self.nodes)
        for root, weight in zip(self.roots, cotangents, strict=True):
            if root is not None:
                totals[root] = plus(totals[root], weight)
        edges = [(parent, child, p) for child, parent, p in reversed(self.edges)]
        self._accumulate(edges, totals)
        return totals[: self.n_inputs]

    def _accumulate(self, edges: Sequence[Edge], totals: list[Any]) -> None:
        """Add partial · totals[source] to totals[target], edge by edge."""
        target = source = 0
        try:
            for target, source, partial in edges:
                share = totals[source]
                if is_number(share, 0.0) or is_number(partial, 0.0):
                    continue
                if not is_number(partial, 1.0):
                    share = partial * share
                totals[target] = plus(totals[target], share)
        except ArithmeticError as error:
            raise derivative_error(self.nodes[max(target, source)]) from error
        if not all(map(is_finite, totals)):
            raise self._first_that_is_not_finite(edges, totals)

    def _first_that_is_not_finite(
        self, edges: Sequence[Edge], totals: Sequence[Any]
    ) -> DerivativeError:
        """The error that names where the totals became too large for floats."""
        child = 0
        for target, source, partial in edges:
            child = max(target, source)
            if not (is_finite(totals[target]) and is_finite(partial * totals[source])):
                break
        return derivative_error(self.nodes[child])


def plus(total: Any, share: Any) -> Any:
    """The sum of two numbers; nothing is recorded for a zero."""
    return share if is_number(total, 0.0) else total + share


def is_number(thing: Any, number: float) -> bool:
    """Whether a thing is a plain float, and this one."""
    return thing.__class__ is float and thing == number


def is_finite(number: Any) -> bool:
    """Whether a float is finite; a Value was checked when it was made."""
    return number.__class__ is not float or number - number == 0.0


def _partials(node: Value, places: Sequence[int | None], xp: Any) -> Sequence[Any]:
    """∂node/∂parent by each parent that has a place, over an arithmetic."""
    op = node.op
    assert op is not None
    arguments: Sequence[Any] = node.parents
    out: Any = node
    if xp is Floats:
        arguments, out = [parent.data for parent in arguments], node.data
    try:
        if op.arity is None:
            every: Sequence[Any] = op.partials[0](xp, arguments, out)
            return every
        return [
            0.0 if place is None else partial(xp, *arguments, out)
            for place, partial in zip(places, op.partials, strict=True)
        ]
    except (ValueError, ArithmeticError) as error:
        raise derivative_error(node) from error
