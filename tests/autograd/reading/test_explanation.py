"""Explanations: the listed paths, what they add up to, and what is said about them."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given

import nn
from autograd import DerivativeError, Value, softplus, topological_order
from autograd.linearize import Linearization
from autograd.reading import paths
from autograd.reading.explanation import Explanation
from tests.autograd.reading.test_paths import SMALL, UNIT_ROUNDOFF
from tests.formulas import evaluated, parsed
from tests.strategies import Graph


def test_an_expression_of_25_nodes_is_explained_by_all_its_paths() -> None:
    x, y = Value(0.7, label="x"), Value(-1.3, label="y")
    a = x * y + x
    b = (a * x).tanh() - y / (x * x + 1.5)
    c = (b * a + b.exp()) * softplus(x * a) + a * a
    z = (c - y * b).sin() * x + x.cos()
    assert len(topological_order(z)) == 25
    explained = z.explain(x, k=None)
    assert len(explained) == explained.n_paths > 25
    z.backward()
    assert explained.gradient == x.grad
    assert explained.total == pytest.approx(
        x.grad, abs=60 * UNIT_ROUNDOFF * explained.size
    )
    assert explained.covered == 1.0


@given(graph=SMALL)
def test_the_paths_of_random_graphs_add_up_to_the_gradient(graph: Graph) -> None:
    graph.root.backward()
    for leaf in graph.leaves:
        explained = graph.root.explain(leaf, k=None)
        assert explained.gradient == leaf.grad
        # At most 24 steps: so many products are rounded, here and in the sweep, and as
        # many sums; all relative to Σ|product|.
        allowed = 4 * 24 * UNIT_ROUNDOFF * explained.size
        assert abs(explained.total - leaf.grad) <= allowed
        assert len(explained) == explained.n_paths


@given(graph=SMALL)
def test_what_is_listed_is_told_in_full(graph: Graph) -> None:
    explained = graph.root.explain(graph.leaves[0], k=3)
    everything = graph.root.explain(graph.leaves[0], k=None)
    sizes = [abs(path.product) for path in explained]
    assert sizes == sorted(sizes, reverse=True)
    assert explained.n_paths == len(everything)
    assert len(explained) == min(3, len(everything))
    assert explained.total == math.fsum(path.product for path in explained)
    if explained.size:
        assert explained.covered == pytest.approx(sum(sizes) / explained.size)
    rows = re.findall(r"^ *\d+  +\S+  +\S+%  ", str(explained), re.M)
    assert len(rows) == len(explained)


def test_a_weight_of_a_network_is_explained_by_five_steps_of_search(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steps = []
    pop = paths.heapq.heappop
    monkeypatch.setattr(
        paths.heapq, "heappop", lambda queue: (steps.append(1), pop(queue))[1]
    )
    partials = []
    edges_of = Linearization._edges
    monkeypatch.setattr(
        Linearization,
        "_edges",
        lambda at, *node: (partials.append(1), edges_of(at, *node))[1],
    )
    model = nn.MLP(784, [16, 16, 10], seed=0)
    loss = nn.cross_entropy(model(list(np.random.default_rng(0).random(784))), 3)
    loss.backward()
    weights = [neuron.weights[7] for neuron in model.layers[0].neurons]
    weight = next(weight for weight in weights if weight.grad != 0.0)
    explained = loss.explain(weight, k=5)
    # Through one neuron of the first layer and 16 of the second, and then the logit of
    # the right class, or any of 10 in their maximum, or in what logsumexp adds to it.
    assert explained.n_paths == 16 * (1 + 10 + 10)
    assert len(explained) == 5
    assert len(steps) == 5
    # One sweep over all operations, and one over those from the weight to the loss.
    assert len(partials) < 2 * 200
    everything = sorted(abs(path.product) for path in loss.explain(weight, k=None))
    assert [abs(path.product) for path in explained] == everything[:-6:-1]
    assert explained.gradient == weight.grad


def test_explaining_changes_no_gradient_and_runs_no_hook() -> None:
    x = Value(3.0)
    y = x * x
    y.backward()
    seen: list[float] = []
    x.register_hook(seen.append)
    explained = y.explain(x)
    assert (x.grad, y.grad, seen) == (6.0, 1.0, [])
    assert explained.gradient == explained.total == 6.0


# What is said


def test_the_table_of_an_explanation() -> None:
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    z = x * x * y - y * x.relu()
    z.label = "z"
    assert str(z.explain(x)).splitlines() == [
        "∂z/∂x = 10: the sum over its 3 paths",
        "",
        "   product  share  path, with the local derivative on each arrow",
        "1        6  42.9%  x –(3)→ v1 (*) –(2)→ v2 (*) –(1)→ z (-)",
        "2        6  42.9%  x –(3)→ v1 (*) –(2)→ v2 (*) –(1)→ z (-)",
        "3       -2  14.3%  x –(1)→ v3 (relu) –(2)→ v4 (*) –(-1)→ z (-)",
        "",
        "sum of these       10.0",
        "the reverse sweep  10.0",
    ]


def test_what_the_listed_paths_leave_out_is_said() -> None:
    x = Value(1.0, label="x")
    text = str((4.0 * x + 3.0 * x + 2.0 * x + x).explain(x, k=2))
    assert "the sum over 4 paths, of which these are the 2 largest" in text
    assert "these cover        70.0% of Σ|product| over all paths" in text


def test_a_derivative_that_paths_cancel_is_said_to_be_so() -> None:
    x = Value(1.0)
    assert "Σ|product|         2: the paths cancel" in str((x - x).explain(x))
    assert "cancel" not in str((x + x).explain(x))


def test_a_derivative_of_which_all_paths_are_closed_says_where() -> None:
    x = Value(1.0, label="x")
    explained = (3.0 * (-x).relu()).explain(x)
    assert explained.covered == 1.0
    assert str(explained).endswith("by a derivative of 0, at v2 (relu)")


def test_a_derivative_without_a_path_says_why() -> None:
    x, y = Value(1.0, label="x"), Value(2.0, label="y") * 3.0
    apart = y.explain(x)
    assert str(apart) == (
        "∂v1/∂x = 0: no path leads from x to v1, which does not depend on it"
    )
    assert (apart.gradient, apart.total, apart.n_paths, list(apart)) == (0, 0, 0, [])
    constant = y.explain(y.parents[1])
    assert "3 is a constant, and no derivative is taken" in str(constant)
    assert constant.gradient == 0.0
    assert "<table>" not in apart._repr_html_()
    assert apart.formulas() == [r"\frac{\mathrm{d} v_{1}}{\mathrm{d} x} = 0"]


def test_a_derivative_by_itself_has_one_path_without_a_step() -> None:
    x = Value(2.0, label="x")
    for value in (x, x * 3.0):
        explained = value.explain(value)
        assert (explained.gradient, explained.total, explained.n_paths) == (1, 1, 1)
        assert "which has no step: it is the value itself" in str(explained)


def test_a_number_of_paths_too_long_to_write_is_told_by_its_power_of_ten() -> None:
    x = value = Value(1.0)
    for _ in range(20_000):
        value = (value + value) * 0.5
    explained = value.explain(x, k=2)
    assert explained.n_paths == 2**20_000
    # 20,000 · log₁₀ 2 = 6020.6
    assert "the sum over about 10^6,021 paths" in str(explained)
    assert "… 39,988 more …" in str(explained)
    assert len(str(explained)) < 2000
    assert len(explained.latex()) < 3000


def test_the_html_has_the_labels_as_text() -> None:
    x = Value(2.0, label="<b> & co")
    html = (x * x).explain(x)._repr_html_()
    assert html.count("&lt;b&gt; &amp; co") == 3
    root = ET.fromstring(f"<div>{html}</div>")
    assert len(list(root.iter("tr"))) == 3


def test_the_formulas_of_a_path_are_true() -> None:
    x, y = Value(3.0, label="x"), Value(-2.0, label="y")
    z = x * x * y - (x * 1e-6).sin()
    *products, total = z.explain(x).formulas()
    for formula in [*products, total]:
        sides = [evaluated(parsed(side)) for side in formula.split(" = ")[1:]]
        # Four digits are shown of each number, and at most four are added.
        assert sides == pytest.approx([sides[-1]] * len(sides), rel=1e-3)
    assert z.explain(x).latex().count(r"\\") == 3


# Refusals


@pytest.mark.parametrize("k", [0, -1, 2.5, True, "all"])
def test_a_k_that_is_no_number_of_paths_is_refused(k: object) -> None:
    x = Value(1.0)
    with pytest.raises(ValueError, match="how many paths"):
        (x * x).explain(x, k=k)  # type: ignore[arg-type]


def test_what_is_no_value_is_refused() -> None:
    with pytest.raises(TypeError, match="wrt must be a Value, not float"):
        Value(1.0).explain(1.0)  # type: ignore[arg-type]


def test_all_of_too_many_paths_are_refused() -> None:
    x = value = Value(1.0)
    for _ in range(60):
        value = (value + value) * 0.5
    with pytest.raises(ValueError, match=r"about 10\^18 paths.*k=10"):
        value.explain(x, k=None)


def test_a_derivative_that_does_not_exist_is_named_as_by_backward() -> None:
    x = Value(0.0, label="x")
    with pytest.raises(DerivativeError, match="sqrt"):
        x.sqrt().explain(x)


def test_a_path_too_large_for_a_float_is_refused_where_the_gradient_is_not() -> None:
    x = Value(1e-200)
    big = x * 1e200
    value = (big - big) * 1e200
    assert value.data == 0.0
    with pytest.raises(DerivativeError, match="along a path is too large"):
        value.explain(x)


def test_an_explanation_is_a_sequence_of_its_paths() -> None:
    x = Value(3.0)
    explained = (x * x).explain(x)
    assert isinstance(explained, Explanation)
    assert [path.product for path in explained] == [3.0, 3.0]
    assert len(explained) == 2
    assert [explained.share(path) for path in explained] == [0.5, 0.5]
