"""The topological order of a graph."""

from __future__ import annotations

import os
import subprocess
import sys

from hypothesis import given

import autograd
from autograd import Value, topological_order
from tests.strategies import Graph, graphs


@given(graph=graphs())
def test_parents_come_before_their_children(graph: Graph) -> None:
    order = topological_order(graph.root)
    place = {node: i for i, node in enumerate(order)}
    for node in order:
        assert all(place[parent] < place[node] for parent in node.parents)


@given(graph=graphs())
def test_every_node_that_the_root_depends_on_is_there_once(graph: Graph) -> None:
    order = topological_order(graph.root)
    reached, found = [graph.root], {graph.root}
    while reached:
        new = {p for p in reached.pop().parents if p not in found}
        found |= new
        reached.extend(new)
    assert len(order) == len(found)
    assert set(order) == found
    assert order[-1] is graph.root


def test_order_is_depth_first_and_left_parent_first() -> None:
    a, b, c = (Value(1.0, label=label) for label in "abc")
    root = (a * b - c) / a
    names = [
        node.label or getattr(node.op, "name", "") for node in topological_order(root)
    ]
    assert names == ["a", "b", "mul", "c", "sub", "div"]


def test_order_of_many_parents_is_theirs() -> None:
    leaves = [Value(float(i)) for i in range(5)]
    total = autograd.sum(leaves)
    assert topological_order(total) == [*leaves, total]


@given(graph=graphs())
def test_order_is_the_same_every_time(graph: Graph) -> None:
    assert topological_order(graph.root) == topological_order(graph.root)


def test_order_does_not_depend_on_hashes() -> None:
    # Hashes are addresses, which differ from process to process.
    script = (
        "from autograd import *\n"
        "xs = [Value(i, label=f'x{i}') for i in range(30)]\n"
        "ys = [xs[i] * xs[(7 * i) % 30] + xs[i - 1] for i in range(30)]\n"
        "print([n.label or n.op.name for n in topological_order(sum(ys), *ys)])\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", script],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_several_roots_share_one_order() -> None:
    a, b = Value(1.0), Value(2.0)
    total, product = a + b, a * b
    assert topological_order(total, product) == [a, b, total, product]
    assert topological_order(total, total) == [a, b, total]
    assert topological_order() == []


def test_leaf_is_its_own_order() -> None:
    a = Value(1.0)
    assert topological_order(a) == [a]
