"""The picture of an explanation, read back from its DOT source."""

import re

import pytest

import nn
import viz
from autograd import Value
from tests.viz.test_render import texts
from viz.explanation import THICKEST, THINNEST, explanation
from viz.style import FAINT, NEGATIVE, POSITIVE


def arrows(picture):
    """The arrows: [(tail, head, attributes)]."""
    found = re.findall(r"^\t(n\d+) -> (n\d+) \[(.*)\]$", picture.source, re.M)
    return [
        (tail, head, dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S+)', rest)))
        for tail, head, rest in found
    ]


def color(arrow):
    return arrow[2]["color"].strip('"')


def example():
    x, y = Value(3.0, label="x"), Value(2.0, label="y")
    return x, x * x * y - y * x  # 6, 6 and -2


def test_arrows_have_the_sign_and_the_share_of_their_paths():
    x, z = example()
    first, second, product, by_y, *rest = arrows(explanation(z.explain(x)))
    assert color(first) == color(second) == color(product) == POSITIVE
    assert "dashed" not in first[2]["style"]
    width = [float(arrow[2]["penwidth"]) for arrow in (first, second, product)]
    shares = [6 / 14, 6 / 14, 12 / 14]
    assert width == pytest.approx(
        [THINNEST + share * (THICKEST - THINNEST) for share in shares], abs=0.006
    )
    assert color(by_y) == FAINT
    negative = [arrow for arrow in rest if color(arrow) == NEGATIVE]
    assert [(tail, head) for tail, head, _ in negative] == [("n0", "n4"), ("n4", "n5")]
    assert all(arrow[2]["style"] == "dashed" for arrow in negative)


def test_arrows_are_those_of_the_graph_with_its_partials():
    x, z = example()
    plain, told = arrows(viz.graph(z)), arrows(explanation(z.explain(x)))
    assert [(t, h, a["label"]) for t, h, a in plain] == [
        (t, h, a["label"]) for t, h, a in told
    ]


def test_only_the_listed_paths_are_in_colour():
    x, z = example()
    colors = [color(arrow) for arrow in arrows(explanation(z.explain(x, k=1)))]
    assert colors.count(POSITIVE) == 3
    assert NEGATIVE not in colors


def test_the_paths_can_be_drawn_alone():
    x, z = example()
    picture = explanation(z.explain(x, k=2), only_paths=True)
    assert len(re.findall(r"^\tn\d+ \[", picture.source, re.M)) == 4
    assert [arrow[:2] for arrow in arrows(picture)] == [
        ("n0", "n1"),
        ("n0", "n1"),
        ("n1", "n2"),
        ("n2", "n3"),
    ]


def test_the_paths_of_a_network_can_be_drawn_where_its_graph_cannot():
    model = nn.MLP(64, [16, 10], seed=0)
    loss = nn.cross_entropy(model([0.5] * 64), 3)
    explained = loss.explain(model.layers[0].neurons[0].weights[0], k=3)
    with pytest.raises(viz.GraphTooLarge, match="only_paths=True"):
        explanation(explained)
    assert len(arrows(explanation(explained, only_paths=True))) < 30


def test_a_derivative_without_a_path_is_drawn_with_its_reason(without_dot, tmp_path):
    x, y = Value(1.0, label="x"), Value(2.0, label="<y>") * 3.0
    file = viz.render(explanation(y.explain(x)), tmp_path / "picture.svg")
    caption = " ".join(text or "" for text in texts(file))
    assert "The derivative is 0: no path leads from x to v1, which does not" in caption


def test_the_caption_tells_the_derivative_and_its_labels_as_text(without_dot, tmp_path):
    x = Value(3.0, label='<b>"x"\\N')
    file = viz.render(explanation((x * x).explain(x, k=1)), tmp_path / "picture.svg")
    caption = " ".join(text or "" for text in texts(file))
    assert '∂(v1)/∂("<b>"x"\\N") = 6, and its 1 largest' in caption


def test_what_is_no_explanation_is_refused():
    with pytest.raises(TypeError, match="explanation: an Explanation is needed"):
        explanation(Value(1.0))


def test_an_unknown_direction_is_a_value_error():
    x, z = example()
    with pytest.raises(ValueError, match="direction must be one of"):
        explanation(z.explain(x), direction="up")
