"""The chain rule at one point, as a list of factors to be applied in either direction.

Near a point, a recorded computation is a linear map: each node moves by the sum, over
its parents, of ∂node/∂parent times what the parent moves by. `Linearization` holds the
local partials, by the rows of the table, of the nodes that depend on the inputs. Going
through them from the inputs on takes tangents forward, J·v; going through the same list
from the end takes cotangents back, Jᵀ·u (Griewank & Walther, Evaluating Derivatives,
2008, chapter 3). The partials are computed once, for any number of directions, and no
partial by anything that does not depend on the inputs. Tangents and cotangents are in
lists beside the nodes, of which none is changed.

On floats the results are floats. Over the arithmetic of Values they are recorded, and
can be differentiated in turn. `gradients` is that, backwards:

    >>> x = Value(2.0)
    >>> (slope,) = gradients(x**3, [x])
    >>> (curvature,) = gradients(slope, [x])
    >>> slope.data, curvature.data
    (12.0, 12.0)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias

from autograd import functions
from autograd.anomaly import differentiating
from autograd.arithmetic import Floats
from autograd.errors import DerivativeError, derivative_error, describe
from autograd.hooks import after_hooks
from autograd.leaves import float_of, refuse_changed
from autograd.modes import infinities, noted
from autograd.value import Constant, Value, topological_order

Edge: TypeAlias = tuple[int, Any]
"""The number of a parent, and the local partial by it."""

Step: TypeAlias = Callable[[Sequence[int], list[Any]], None]
"""What is done to the totals, one per node, at some nodes in turn."""


def gradients(root: Value, inputs: Sequence[Value]) -> list[Value]:
    """The derivatives of the root with respect to each input, as Values.

    They are recorded from the same rules, so they have a graph of their own and can be
    differentiated in turn, to any order. Nothing else is changed: `grad` of every node
    stays as it was, and threads may share a graph. An input may be a leaf or a computed
    Value; one that the root does not depend on has the derivative 0. Hooks of the nodes
    between the inputs and the root are run. DerivativeError where a derivative on this
    way does not exist or is not finite; of what leads elsewhere, none is asked for.
    """
    if not isinstance(root, Value):
        raise TypeError("gradients: the root must be a Value: gradients(y, [x1, x2])")
    listed = [] if isinstance(inputs, Value) else list(inputs)
    if isinstance(inputs, Value) or not all(isinstance(v, Value) for v in listed):
        raise TypeError("gradients: the inputs must be Values: gradients(y, [x1, x2])")
    at = Linearization(topological_order(root), [root], listed, functions)
    found = at.reverse([1.0], hooks=True)
    return [g if isinstance(g, Value) else Constant(g) for g in found]


class Linearization:
    """The derivative of roots, Values or constants, by n inputs at the present point.

    `order` has all nodes of the roots, parents first; inputs are any of them. `xp` is
    the arithmetic of the partials: Floats, or the module `functions` to record them.
    DerivativeError where a partial or a derivative does not exist or is not finite;
    RuntimeError where `anomaly()` finds that an operand was changed.

    Invariant: `nodes` are those that depend on the inputs, which do so themselves, each
    after its parents. `edges[i]` are, for those parents of nodes[i] that are among
    them, in order, the number of the parent and ∂nodes[i]/∂parent.

        >>> x, y = Value(2.0), Value(3.0)
        >>> roots = [x * y, x + y]
        >>> at = Linearization(topological_order(*roots), roots, [x, y], Floats)
        >>> at.forward([1.0, 0.0]), at.reverse([1.0, 0.0])
        ([3.0, 1.0], [3.0, 2.0])
    """

    def __init__(
        self,
        order: Sequence[Value],
        roots: Sequence[Any],
        inputs: Sequence[Value],
        xp: Any,
    ) -> None:
        self.nodes: list[Value] = []
        self.edges: list[Sequence[Edge]] = []
        self.noting = xp is not Floats and noted()
        # A Constant is no variable: no derivative is taken by it.
        variables = {node for node in inputs if node.__class__ is not Constant}
        numbers: dict[Value, int] = {}
        number_of = numbers.get
        # As on floats, a partial may be finite though there is an infinity on the way.
        with nullcontext() if xp is Floats else infinities():
            for node in order:
                op = node.op
                if op is None:
                    if node.data.__class__ is not float:
                        float_of(node, "gradients")
                    if node not in variables:
                        continue
                    edges: Sequence[Edge] = ()
                else:
                    if op.arity == 2:  # almost all nodes
                        parents: Sequence[Value] = (node._first, node._second)
                        places = [number_of(node._first), number_of(node._second)]
                    else:
                        parents = node.parents
                        places = [number_of(parent) for parent in parents]
                    if places.count(None) < len(places):
                        edges = self._edges(node, parents, places, xp)
                    elif node in variables:
                        edges = ()
                    else:
                        continue
                numbers[node] = len(self.nodes)
                self.nodes.append(node)
                self.edges.append(edges)
        self.roots = [number_of(r) if isinstance(r, Value) else None for r in roots]
        self.inputs = [number_of(node) for node in inputs]

    def forward(self, tangents: Sequence[Any]) -> list[Any]:
        """J·v: how fast each root moves as the inputs move by `tangents`, (n,)."""
        totals: list[Any] = [0.0] * len(self.nodes)
        for number, tangent in zip(self.inputs, tangents, strict=True):
            if number is not None:
                totals[number] = tangent
        way = range(len(self.nodes))
        self._walk(self._gather, way, totals)
        self._check(totals, way)
        return [0.0 if root is None else totals[root] for root in self.roots]

    def reverse(self, cotangents: Sequence[Any], hooks: bool = False) -> list[Any]:
        """Jᵀ·u: the gradient, (n,), of the sum of the roots times `cotangents`.

        With `hooks`, those of each node see its cotangent before it is passed on.
        """
        totals: list[Any] = [0.0] * len(self.nodes)
        for root, weight in zip(self.roots, cotangents, strict=True):
            if root is not None:
                totals[root] = plus(totals[root], weight)
        way = range(len(self.nodes))[::-1]
        # Almost no node has any notes, and hooks are among them.
        hooks = hooks and any(node._notes for node in self.nodes)
        self._walk(self._pass_on, way, totals, hooks)
        self._check(totals, way)
        return [0.0 if number is None else totals[number] for number in self.inputs]

    def _edges(
        self,
        node: Value,
        parents: Sequence[Value],
        places: Sequence[int | None],
        xp: Any,
    ) -> Sequence[Edge]:
        """∂node/∂parent for each parent that has a place."""
        op = node.op
        assert op is not None
        if node._notes is not None:
            refuse_changed(node)
        wanted = [place is not None for place in places] if None in places else None
        try:
            if xp is Floats:
                numbers = [parent.data for parent in parents]
                partials = op.partials_of(xp, numbers, node.data, wanted)
            elif self.noting:
                with self._line_of(node):
                    partials = op.partials_of(xp, parents, node, wanted)
            else:
                partials = op.partials_of(xp, parents, node, wanted)
        except (ValueError, ArithmeticError) as error:
            raise derivative_error(node) from error
        edges = []
        for place, partial in zip(places, partials, strict=True):
            if place is not None:
                if not is_finite(partial):
                    raise derivative_error(node)
                edges.append((place, partial))
        return edges

    def _walk(
        self, step: Step, way: Sequence[int], totals: list[Any], hooks: bool = False
    ) -> None:
        """Take a step at each node on the way, in one go where nothing watches it."""
        if not (self.noting or hooks):
            step(way, totals)
            return
        for i in way:
            if hooks:
                totals[i] = after_hooks(self.nodes[i], totals[i])
            with self._line_of(self.nodes[i]):
                step((i,), totals)

    def _line_of(self, node: Value) -> AbstractContextManager[None]:
        """Inside `anomaly()`, what this block records belongs to the node's line."""
        if not self.noting or node.op is None:
            return nullcontext()
        return differentiating(node, describe(node.op, node.parents))

    # The two steps are written out for speed. Nothing is recorded for a zero or a one.

    def _gather(self, part: Sequence[int], totals: list[Any]) -> None:
        """Add up the tangent of each node from those of its parents."""
        i = 0
        edges = self.edges
        try:
            for i in part:
                for parent, partial in edges[i]:
                    share = totals[parent]
                    if share.__class__ is float and share == 0.0:
                        continue
                    if partial.__class__ is float:
                        if partial == 0.0:
                            continue
                        if partial != 1.0:
                            share = share * partial
                    else:
                        share = share * partial
                    totals[i] = plus(totals[i], share)
        except ArithmeticError as error:
            raise derivative_error(self.nodes[i]) from error

    def _pass_on(self, part: Sequence[int], totals: list[Any]) -> None:
        """Add the cotangent of each node, now complete, to those of its parents."""
        i = 0
        edges = self.edges
        try:
            for i in part:
                total = totals[i]
                if total.__class__ is float and total == 0.0:
                    continue
                for parent, partial in edges[i]:
                    share = total
                    if partial.__class__ is float:
                        if partial == 0.0:
                            continue
                        if partial != 1.0:
                            share = total * partial
                    else:
                        share = total * partial
                    before = totals[parent]
                    is_first = before.__class__ is float and before == 0.0
                    totals[parent] = share if is_first else before + share
        except ArithmeticError as error:
            raise derivative_error(self.nodes[i]) from error

    def _check(self, totals: Sequence[Any], way: Sequence[int]) -> None:
        """DerivativeError where totals became too large for floats on their way."""
        if all(map(is_finite, totals)):
            return
        for i in way:
            met = [totals[i], *[totals[parent] for parent, _ in self.edges[i]]]
            if self.edges[i] and not all(map(is_finite, met)):
                raise derivative_error(self.nodes[i])
        raise DerivativeError("a derivative was given that is not finite.")


def plus(total: Any, share: Any) -> Any:
    """The sum of two numbers; nothing is recorded for a zero."""
    return share if is_number(total, 0.0) else total + share


def is_number(thing: Any, number: float) -> bool:
    """Whether a thing is a plain float, and this one."""
    return thing.__class__ is float and thing == number


def is_finite(number: Any) -> bool:
    """Whether a number or a Value is finite."""
    data: float = number.data if isinstance(number, Value) else number
    return data - data == 0.0
