"""The paths of a graph: all of them counted, and the largest first."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest
from hypothesis import given

import autograd
from autograd import Constant, DerivativeError, Value, topological_order
from autograd.reading import paths
from autograd.reading.paths import (
    Path,
    count_and_size,
    edges_towards,
    gradients_of,
    leading_paths,
)
from tests.strategies import Graph, graphs

UNIT_ROUNDOFF = 2.0**-53

SMALL = graphs(most=24).filter(
    lambda graph: all(
        sum(1 for _ in itertools.islice(every_path(graph.root, leaf), 3001)) <= 3000
        for leaf in graph.leaves
    )
)
"""Graphs whose paths can be written out one by one."""


def every_path(
    value: Value, wrt: Value
) -> Iterator[tuple[tuple[Value, ...], tuple[int, ...], float]]:
    """The nodes, places and product of each path, by looking everywhere."""
    stack: list[tuple[tuple[Value, ...], tuple[int, ...], float]] = [
        ((value,), (), 1.0)
    ]
    while stack:
        nodes, places, product = stack.pop()
        if nodes[0] is wrt:
            yield nodes, places, product
            continue
        partials = nodes[0].partials()
        for place, parent in enumerate(nodes[0].parents):
            if not isinstance(parent, Constant):
                step = product * partials[place]
                stack.append(((parent, *nodes), (place, *places), step))


def counted(value: Value, wrt: Value) -> tuple[int, float]:
    return count_and_size(wrt, edges_towards(wrt, topological_order(value)))


@given(graph=SMALL)
def test_the_paths_of_random_graphs_are_all_there_once(graph: Graph) -> None:
    for leaf in graph.leaves:
        expected = {
            (nodes, places) for nodes, places, _ in every_path(graph.root, leaf)
        }
        found = [
            (path.nodes, path.positions) for path in leading_paths(graph.root, leaf)
        ]
        assert len(found) == len(set(found))
        assert set(found) == expected


@given(graph=SMALL)
def test_the_number_and_the_size_of_all_paths_are_right(graph: Graph) -> None:
    for leaf in graph.leaves:
        products = [abs(product) for *_, product in every_path(graph.root, leaf)]
        if not products:
            continue
        n_paths, size = counted(graph.root, leaf)
        assert n_paths == len(products)
        # Sums and products of positive numbers: two roundings for each of 24 steps.
        assert size == pytest.approx(math.fsum(products), rel=48 * UNIT_ROUNDOFF)


@given(graph=SMALL)
def test_the_first_k_paths_are_the_k_largest(graph: Graph) -> None:
    for leaf in graph.leaves:
        largest = sorted(
            (abs(p) for *_, p in every_path(graph.root, leaf)), reverse=True
        )
        for most in (None, 1, 3):
            found = [
                abs(path.product) for path in leading_paths(graph.root, leaf, most=most)
            ]
            # Paths are ordered by sums of up to 24 logarithms, none above 750 in size.
            assert found == pytest.approx(largest[:most], rel=1e-11, abs=0.0)


@given(graph=SMALL)
def test_a_path_tells_its_own_steps(graph: Graph) -> None:
    for leaf in graph.leaves:
        for path in itertools.islice(leading_paths(graph.root, leaf), 20):
            assert path.nodes[0] is leaf
            assert path.nodes[-1] is graph.root
            steps = zip(
                itertools.pairwise(path.nodes),
                path.positions,
                path.partials,
                strict=True,
            )
            for (tail, head), place, partial in steps:
                assert head.parents[place] is tail
                assert head.partials()[place] == partial


@given(graph=graphs())
def test_gradients_beside_the_graph_are_those_of_backward(graph: Graph) -> None:
    order = topological_order(graph.root)
    found = gradients_of(order)
    assert not any(node.has_grad for node in order)
    graph.root.backward()
    assert {node: node.grad for node in order} == found


def test_the_search_takes_one_step_for_each_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = []

    def counting(queue: list[tuple[float, int, object]]) -> object:
        taken.append(len(queue))
        return pop(queue)

    pop = paths.heapq.heappop
    monkeypatch.setattr(paths.heapq, "heappop", counting)
    x = value = Value(1.0)
    for _ in range(60):
        value = (value + value) * 0.3  # 2^60 paths, and all of them equal
    found = list(leading_paths(value, x, most=7))
    assert len({path.positions for path in found}) == 7
    assert len(taken) == 7
    assert max(taken) <= 6 + 5 + 4 + 3 + 2 + 1


def test_more_paths_than_atoms_are_counted_exactly() -> None:
    x = value = Value(1.0)
    for _ in range(400):
        value = (value + value) * 0.5
    assert counted(value, x) == (2**400, 1.0)


def test_paths_are_found_lazily_among_more_than_could_be_written() -> None:
    x = value = Value(1.0)
    for _ in range(300):
        value = 0.5 * value + 0.25 * value
    first, *rest = itertools.islice(leading_paths(value, x), 302)
    assert first.product == 0.5**300
    # One turn into the smaller half, at any of 300 places; and then two of them.
    assert [path.product for path in rest] == [0.5**301] * 300 + [0.5**302]


def test_a_chain_of_a_hundred_thousand_nodes_has_its_path() -> None:
    x = value = Value(1.0)
    for _ in range(100_000):
        value = value * 1.00001
    (path,) = leading_paths(value, x)
    assert len(path.partials) == 100_000
    value.backward()
    assert path.product == x.grad


def test_paths_that_are_closed_come_last() -> None:
    x = Value(2.0)
    value = (-x).relu() * 100.0 + x * 1e-9
    assert [path.product for path in leading_paths(value, x)] == [1e-9, 0.0]


def test_where_every_path_is_closed_all_are_found() -> None:
    x = Value(2.0)
    value = ((-x).relu() + (-x).relu() * 2.0) * x.step()
    found = list(leading_paths(value, x))
    assert [path.product for path in found] == [0.0] * 3
    assert len({path.nodes for path in found}) == 3


def test_the_nodes_of_any_number_of_arguments_have_a_path_for_each() -> None:
    x, w = Value(2.0), Value(0.5)
    total = autograd.dot([x, w, x], [3.0, x, x])
    products = [path.product for path in leading_paths(total, x)]
    assert products == [3.0, 2.0, 2.0, 0.5]
    (path,) = leading_paths(autograd.logsumexp([x, 2.0]), x)
    assert path.product == 0.5


def test_a_node_that_is_not_there_has_no_path() -> None:
    assert list(leading_paths(Value(2.0) * 3.0, Value(2.0))) == []


def test_no_path_leads_from_a_constant() -> None:
    value = Value(2.0) * 3.0
    assert list(leading_paths(value, value.parents[1])) == []


def test_the_only_path_from_a_node_to_itself_has_no_step() -> None:
    value = Value(2.0) * 3.0
    assert list(leading_paths(value, value)) == [Path((value,), (), (), 1.0)]


def test_a_gradient_that_is_not_finite_is_named() -> None:
    small = Value(1e-300)
    with pytest.raises(DerivativeError, match="mul"):
        gradients_of(topological_order(small * 1e200 * 1e200))
    with pytest.raises(DerivativeError, match="sqrt"):
        gradients_of(topological_order(Value(0.0).sqrt()))
