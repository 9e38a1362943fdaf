"""All paths from one node of a graph to another: counted, and the largest first.

A path goes from x along the operations to y, and its product is that of the local
partials on its way. By the chain rule dy/dx is the sum of the products of all paths
(Bauer, Computational graphs and rounding error, 1974). x * x is two paths, as x is
there twice.

There may be more paths than atoms. One walk over the graph counts them, and adds up
their sizes. The k largest are found without a look at the others: a walk gives the
largest product from each node down to x, so every path is the largest one but for the
turns at which it leaves it, and each turn has its cost, the factor by which the best
that can still come is smaller. Going on with the cheapest turns gives the paths in
order, one for each step of the search (Eppstein, Finding the k shortest paths, 1998).

    >>> from autograd import Value
    >>> x = Value(3.0, label="x")
    >>> [path.product for path in leading_paths(x * x + 2.0 * x, x)]
    [3.0, 3.0, 2.0]
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autograd.arithmetic import Floats
from autograd.linearize import Linearization
from autograd.value import Value, topological_order


@dataclass(frozen=True, slots=True)
class Path:
    """One way by which x goes into y.

    `nodes` lead from x to y, in the direction of the arrows in pictures. `partials[i]`
    is ∂nodes[i+1]/∂nodes[i], by the operand at `positions[i]` among the parents of
    nodes[i+1]. `product` is that of all partials, multiplied from y down to x as the
    reverse sweep does it.
    """

    nodes: tuple[Value, ...]
    partials: tuple[float, ...]
    positions: tuple[int, ...]
    product: float


def gradients_of(order: Sequence[Value]) -> dict[Value, float]:
    """The derivative of the last node by each in topological order; Constants have 0.

    That of backward(), beside the graph: no `grad` is changed and no hook is run.
    DerivativeError where one is not finite.
    """
    at = Linearization(order, order[-1:], order, Floats)
    return dict(zip(order, at.reverse([1.0]), strict=True))


class Edge(NamedTuple):
    """One step of a path, taken backwards: from a node to one of its parents.

    `position` is that of the operand. `cost` is how much less log|product| can become,
    at best, than by the best edge of the node.
    """

    parent: Value
    position: int
    partial: float
    cost: float


def edges_towards(wrt: Value, order: Sequence[Value]) -> dict[Value, list[Edge]]:
    """The edges of all paths to `wrt`, by the node that each starts from, best first.

    A node from which no path leads to `wrt` is not in it; `wrt` itself has no edges.
    The nodes are in topological order. DerivativeError where a partial is not finite.
    """
    at = Linearization(order, [], [wrt], Floats)
    largest: list[float] = []  # log |product| of the best path from each node
    edges: dict[Value, list[Edge]] = {}
    for node, partials in zip(at.nodes, at.edges, strict=True):
        parents = node.parents if partials else ()
        positions = [i for i, parent in enumerate(parents) if parent in edges]
        logs = [_log_size(partial) + largest[place] for place, partial in partials]
        best = max(logs, default=0.0)
        largest.append(best)
        edges[node] = [
            # Where every product is 0, no edge is worse than another.
            Edge(at.nodes[place], position, partial, best - log if log < best else 0.0)
            for position, (place, partial), log in zip(
                positions, partials, logs, strict=True
            )
        ]
        edges[node].sort(key=lambda edge: edge.cost)
    return edges


def _log_size(partial: float) -> float:
    """log |partial|, -∞ for 0."""
    return math.log(abs(partial)) if partial else -math.inf


class Turn(NamedTuple):
    """Where a path leaves the best one, and the turns before.

    At `node` it takes the edge at `rank`. `cost` is that of the turns before.
    """

    before: Turn | None
    node: Value
    rank: int
    cost: float


def leading_paths(
    value: Value,
    wrt: Value,
    edges: Mapping[Value, Sequence[Edge]] | None = None,
    most: int | None = None,
) -> Iterator[Path]:
    """Every path from `wrt` to `value`, the largest |product| first, lazily.

    The order is right to the rounding of the products. `edges` are those towards `wrt`,
    where they are known. Where no more than `most` paths are wanted, saying so saves
    memory.
    """
    if edges is None:
        edges = edges_towards(wrt, topological_order(value))
    if value not in edges:
        return
    # The number of a path in the queue decides between equals.
    queue: list[tuple[float, int, Turn | None]] = [(0.0, 0, None)]
    numbers = itertools.count(1)
    for found in itertools.count(1) if most is None else range(1, most + 1):
        if not queue:
            return
        cost, _, turn = heapq.heappop(queue)
        steps = _steps(value, wrt, edges, turn)
        yield _path(value, steps)
        # Every other path has one parent here: this one, with its last turn taken one
        # edge further, or with one turn more behind it.
        following = []
        if turn is not None and turn.rank + 1 < len(edges[turn.node]):
            following.append(turn._replace(rank=turn.rank + 1))
        heads = [value, *[edge.parent for edge in steps[:-1]]] if steps else []
        if turn is not None:
            heads = heads[heads.index(turn.node) + 1 :]
        following += [Turn(turn, n, 1, cost) for n in heads if len(edges[n]) > 1]
        costs = [t.cost + edges[t.node][t.rank].cost for t in following]
        entries = zip(costs, numbers, following, strict=False)
        wanted = None if most is None else most - found
        for entry in entries if wanted is None else heapq.nsmallest(wanted, entries):
            heapq.heappush(queue, entry)


def _steps(
    value: Value, wrt: Value, edges: Mapping[Value, Sequence[Edge]], turn: Turn | None
) -> list[Edge]:
    """The edges of a path from `value` to `wrt`: the best ones, but for its turns."""
    ranks = {}
    while turn is not None:
        ranks[turn.node] = turn.rank
        turn = turn.before
    steps = []
    node = value
    while node is not wrt:
        edge = edges[node][ranks.get(node, 0)]
        steps.append(edge)
        node = edge.parent
    return steps


def _path(value: Value, steps: Sequence[Edge]) -> Path:
    product = 1.0
    for edge in steps:
        product *= edge.partial
    upwards = steps[::-1]
    return Path(
        (*[edge.parent for edge in upwards], value),
        tuple([edge.partial for edge in upwards]),
        tuple([edge.position for edge in upwards]),
        product,
    )


def count_and_size(
    wrt: Value, edges: Mapping[Value, Sequence[Edge]]
) -> tuple[int, float]:
    """The number of paths from the last node to `wrt`, and their Σ|product|.

    The number is exact. It may have as many bits as the graph has nodes, so that of a
    node is dropped once all that use it have theirs.
    """
    uses = Counter(edge.parent for outgoing in edges.values() for edge in outgoing)
    counts = {wrt: 1}
    sizes = {wrt: 1.0}
    count, size = 1, 1.0
    for node, outgoing in edges.items():
        if node is wrt:
            continue
        count, size = 0, 0.0
        for edge in outgoing:
            parent = edge.parent
            count += counts[parent]
            # 0 · ∞ is no number, and a closed path adds nothing.
            size += abs(edge.partial) * sizes[parent] if edge.partial else 0.0
            uses[parent] -= 1
            if not uses[parent]:
                del counts[parent], sizes[parent]
        counts[node], sizes[node] = count, size
    return count, size
