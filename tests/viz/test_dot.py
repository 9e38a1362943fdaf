"""The picture of a computation, read back from its DOT source and from its SVG."""

import re
import xml.etree.ElementTree as ET

import graphviz
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd
import viz
from autograd import Value

SVG = "{http://www.w3.org/2000/svg}"
TITLE = "{http://www.w3.org/1999/xlink}title"

NASTY = {
    '<b>"x"|{y}\n': ['<b>"x"|{y}'],
    "": [],
    " ": [" "],
    "\t": [" \xa0\xa0\xa0"],  # so Graphviz keeps spaces apart
    "\n\n": [],
    r"\N": [r"\N"],
    r"\l\r\n\G\E\T\H\L": [r"\l\r\n\G\E\T\H\L"],
    "\\": ["\\"],
    "ends in a backslash\\": ["ends in a backslash\\"],
    "&amp; &lt; &#65; &": ["&amp; &lt; &#65; &"],
    "∂L/∂w ∇ é 😀": ["∂L/∂w ∇ é 😀"],
    "\0\x01\x1b[0m\x7f\x85": ["���[0m��"],
    "half a pair \ud800, no character \uffff": ["half a pair �, no character �"],
    '"]; evil [label="': ['"]; evil [label="'],
    "]]></svg><!-- --": ["]]></svg><!-- --"],
    'charset="latin-1"': ['charset="latin-1"'],
    "x" * 10_000: ["x" * 39 + "…"],
    "a\nb\r\nc\rd": ["a", "b", "c", "d"],
    "1\n2\n3\n4\n5": ["1", "2", "3", "…"],
    "# comment": ["# comment"],
    "n0 -> n1:port": ["n0 -> n1:port"],
}
"""Labels, and the lines in which each is drawn."""

REST = ["data", "1", "grad", "?", "tanh", "data", "0.7616", "grad", "?", "0.42"]
"""What else is written in the picture of tanh(1)."""


def boxes(picture):
    """The boxes of the DOT source: {id: the text in its cells}."""
    found = re.findall(r"^\t(n\d+) \[label=<(.*)> tooltip=", picture.source, re.M)
    return {name: re.sub(r"<[^>]*>", " ", table).split() for name, table in found}


def arrows(picture):
    """The arrows of the DOT source: [(tail, head, label)]."""
    found = re.findall(r'(n\d+) -> (n\d+) \[label=("[^"]*"|\S+)', picture.source)
    return [(tail, head, label.strip('"')) for tail, head, label in found]


def svg(picture, folder):
    return ET.parse(viz.render(picture, folder / "picture.svg")).getroot()


def texts(root):
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def tooltips(root):
    return [link.get(TITLE) for link in root.iter(f"{SVG}a")]


def test_the_picture_is_a_digraph_of_the_graphviz_package():
    assert isinstance(viz.graph(Value(1.0)), graphviz.Digraph)


def test_a_leaf_shows_its_label_data_and_grad():
    x = Value(2.0, label="x")
    (x * 3.0).backward()
    assert boxes(viz.graph(x)) == {"n0": ["x", "data", "2", "grad", "3"]}


def test_a_computed_value_shows_its_operation():
    assert boxes(viz.graph(Value(0.0).tanh()))["n1"][0] == "tanh"


def test_the_gradient_is_a_question_mark_until_backward_has_reached_it():
    x = Value(2.0)
    y = x * x
    assert [box[-1] for box in boxes(viz.graph(y)).values()] == ["?", "?"]
    y.backward()
    assert [box[-1] for box in boxes(viz.graph(y)).values()] == ["4", "1"]
    x.zero_grad()
    assert [box[-1] for box in boxes(viz.graph(y)).values()] == ["?", "1"]


def test_a_gradient_that_is_zero_after_backward_is_shown_as_zero():
    x = Value(-1.0)
    x.relu().backward()
    assert boxes(viz.graph(x))["n0"][-2:] == ["grad", "0"]


def test_a_constant_shows_its_number_alone():
    y = Value(2.0) * 3.0
    y.backward()
    assert boxes(viz.graph(y))["n1"] == ["3"]


def test_numbers_have_four_digits_and_there_is_no_minus_zero():
    x = Value(0.123456789) * Value(-0.0)
    assert [box[-3] for box in boxes(viz.graph(x)).values()] == ["0.1235", "0", "0"]


def test_arrows_carry_the_local_partial():
    y = Value(3.0) * Value(4.0)
    assert arrows(viz.graph(y)) == [("n0", "n2", "4"), ("n1", "n2", "3")]


def test_a_value_used_twice_has_two_arrows():
    x = Value(3.0)
    assert arrows(viz.graph(x * x)) == [("n0", "n1", "3"), ("n0", "n1", "3")]


def test_no_derivative_with_respect_to_a_constant_is_told():
    assert arrows(viz.graph(Value(3.0) * 4.0)) == [("n0", "n2", "4"), ("n1", "n2", "")]


def test_a_partial_that_does_not_exist_is_undefined():
    assert arrows(viz.graph(Value(0.0).sqrt())) == [("n0", "n1", "undefined")]


def test_a_partial_that_exists_is_told_beside_one_that_does_not():
    power = Value(0.0) ** Value(0.5)
    assert [label for *_, label in arrows(viz.graph(power))] == ["undefined", "0"]


def test_boxes_are_numbered_in_topological_order():
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    found = boxes(viz.graph((a + b) * a))
    assert list(found) == ["n0", "n1", "n2", "n3"]
    assert [box[0] for box in found.values()] == ["a", "b", "+", "*"]


def test_the_same_graph_gives_the_same_source():
    x = Value(1.5, label="x")
    loss = (x.tanh() * x + 2.0) ** 2
    assert viz.graph(loss).source == viz.graph(loss).source


def test_drawing_changes_nothing():
    x = Value(3.0)
    y = x * x
    y.backward()
    viz.graph(y)
    assert (x.data, x.grad, y.data, y.grad) == (3.0, 6.0, 9.0, 1.0)


def test_leaf_constant_computed_and_root_look_different():
    source = viz.graph((Value(1.0) + 2.0).tanh()).source
    looks = re.findall(
        r'<TABLE BORDER="(\d)".*?STYLE="(\w+,?\w*)" COLOR="(\S+)"', source
    )
    assert len(set(looks)) == 4


def test_the_direction_is_the_layouts():
    assert "rankdir=TB" in viz.graph(Value(1.0), direction="TB").source


def test_an_unknown_direction_is_a_value_error():
    with pytest.raises(ValueError, match="direction must be one of"):
        viz.graph(Value(1.0), direction="up")


def test_what_is_no_value_is_a_type_error():
    with pytest.raises(TypeError, match="a Value is needed, not float"):
        viz.graph(1.0)


@pytest.mark.parametrize("label", NASTY, ids=lambda label: ascii(label)[:20])
def test_a_label_comes_out_as_text_whatever_is_in_it(label, without_dot, tmp_path):
    root = svg(viz.graph(Value(1.0, label=label).tanh()), tmp_path)
    assert texts(root) == NASTY[label] + REST


@pytest.mark.parametrize("label", ["x" * 10_000, r"\N \\ \n", '<&amp;>"', "a\nb", "∂"])
def test_a_tooltip_tells_the_label_in_full(label, without_dot, tmp_path):
    root = svg(viz.graph(Value(1.0, label=label)), tmp_path)
    assert tooltips(root) == [f"{label}\ndata 1.0\ngrad ? until backward()"]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(labels=st.lists(st.text(max_size=12), min_size=20, max_size=20))
def test_no_label_breaks_the_picture(labels, without_dot):
    total = autograd.sum([Value(1.0, label=label) for label in labels])
    root = ET.fromstring(viz.graph(total)._repr_mimebundle_()["image/svg+xml"])
    shown = texts(root)
    assert shown.count("data") >= 21
    assert shown.count("?") >= 21


def test_a_graph_that_is_too_large_is_refused_with_the_ways_out():
    total = autograd.sum([Value(1.0) for _ in range(10)])
    with pytest.raises(viz.GraphTooLarge) as refusal:
        viz.graph(total, max_nodes=10)
    message = str(refusal.value)
    assert "11 nodes" in message
    assert "max_nodes=10" in message
    assert "raise max_nodes" in message
    assert "collapse=model" in message
    assert isinstance(refusal.value, ValueError)


def test_a_graph_of_max_nodes_is_drawn():
    total = autograd.sum([Value(1.0) for _ in range(10)])
    assert len(boxes(viz.graph(total, max_nodes=11))) == 11


def test_a_graph_too_deep_for_recursion_is_refused_like_any_other():
    total = Value(0.0)
    for _ in range(100_000):
        total = total + 1.0
    with pytest.raises(viz.GraphTooLarge, match="200,001 nodes"):
        viz.graph(total)
