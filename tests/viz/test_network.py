"""The picture of a network, read back from its DOT source and from its SVG."""

import re
import xml.etree.ElementTree as ET

import pytest

import nn
import viz
from autograd import Value

SVG = "{http://www.w3.org/2000/svg}"
TITLE = "{http://www.w3.org/1999/xlink}title"


def circles(picture):
    return re.findall(r"^\t(\w+) \[label=.*shape=circle", picture.source, re.M)


def lines(picture):
    """The weights: {(from, to): the attributes that are single words}."""
    found = re.findall(r"^\t(\w+) -> (\w+) \[(.*)\]$", picture.source, re.M)
    return {
        (tail, head): dict(re.findall(r'(\w+)="?([^\s"]+)', attributes))
        for tail, head, attributes in found
    }


@pytest.fixture
def neuron():
    neuron = nn.Neuron(3, activation="tanh", seed=0)
    for weight, data in zip(neuron.weights, [2.0, -1.0, 0.0], strict=True):
        weight.data = data
    neuron.bias.data = 0.25
    return neuron


@pytest.mark.parametrize(
    ("model", "n_circles", "n_lines"),
    [
        (nn.MLP(2, [3, 1], seed=0), 6, 9),
        (nn.Layer(3, 2, seed=0), 5, 6),
        (nn.Neuron(4, seed=0), 5, 4),
        (nn.Perceptron(2), 3, 2),
    ],
    ids=repr,
)
def test_inputs_and_neurons_are_circles_and_weights_are_lines(
    model, n_circles, n_lines
):
    picture = viz.network(model)
    assert len(circles(picture)) == n_circles
    assert len(lines(picture)) == n_lines


def test_the_sign_of_a_weight_is_told_by_colour_and_by_style(neuron):
    above, below, zero = lines(viz.network(neuron)).values()
    assert above["style"] == "solid"
    assert below["style"] == "dashed"
    assert len({line["color"] for line in (above, below, zero)}) == 3


def test_a_larger_weight_is_a_thicker_line(neuron):
    widths = [float(line["penwidth"]) for line in lines(viz.network(neuron)).values()]
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 3


def test_a_network_of_zeros_is_drawn():
    assert len(lines(viz.network(nn.Perceptron(2)))) == 2


def test_a_weight_that_overflowed_is_drawn(neuron):
    neuron.weights[0].data = float("inf")
    widths = [line["penwidth"] for line in lines(viz.network(neuron)).values()]
    assert widths[0] == widths[1]


def test_a_neuron_without_a_bias_is_drawn():
    class Handmade:
        weights = (Value(1.0),)

    assert circles(viz.network(Handmade())) == ["x0", "n0_0"]


def test_tooltips_tell_biases_and_weights(neuron, without_dot, tmp_path):
    root = ET.parse(viz.render(viz.network(neuron), tmp_path / "net.svg")).getroot()
    told = {link.get(TITLE) for link in root.iter(f"{SVG}a")}
    assert "neuron\nbias 0.25" in told
    assert "x1 → neuron\nweight -1.0" in told


def test_a_wide_layer_is_shortened_and_says_by_how_many():
    picture = viz.network(nn.MLP(784, [20, 2], seed=0), max_neurons=16)
    assert "… 768 more" in picture.source
    assert "… 4 more" in picture.source
    shown = circles(picture)
    assert len(shown) == 16 + 16 + 2
    assert shown[14:16] == ["x14", "x783"]


def test_a_layer_at_the_limit_is_drawn_whole():
    assert "more" not in viz.network(nn.Layer(16, 16, seed=0), max_neurons=16).source


def test_columns_say_their_layer_its_size_and_its_activation():
    source = viz.network(nn.MLP(2, [3, 1], activation="tanh", seed=0)).source
    assert "layers[0]\n3 neurons, tanh" in source
    assert "layers[1]\n1 neuron" in source


def test_circles_stand_in_columns_in_order(without_dot, tmp_path):
    picture = viz.network(nn.MLP(2, [3, 1], seed=0))
    root = ET.parse(viz.render(picture, tmp_path / "net.svg")).getroot()
    places = [
        (float(e.get("cx")), float(e.get("cy"))) for e in root.iter(f"{SVG}ellipse")
    ]
    columns = sorted({x for x, _ in places})
    assert [sum(x == column for x, _ in places) for column in columns] == [2, 3, 1]
    assert places == sorted(places)


def test_the_same_network_gives_the_same_source():
    model = nn.MLP(3, [4, 2], seed=0)
    assert viz.network(model).source == viz.network(model).source


def test_a_limit_below_two_is_a_value_error(neuron):
    with pytest.raises(ValueError, match="max_neurons must be 2 or more, not 1"):
        viz.network(neuron, max_neurons=1)


def test_something_without_neurons_is_a_type_error():
    with pytest.raises(TypeError, match="a list has no neurons"):
        viz.network([1.0])


def test_a_picture_is_drawn_whatever_the_size_of_the_environment(
    without_dot, tmp_path, monkeypatch
):
    # On the main thread of a process Graphviz crashed for a quarter of the sizes.
    picture = viz.network(nn.MLP(2, [3, 1], seed=0))
    for size in range(0, 4000, 100):
        monkeypatch.setenv("PADDING", "x" * size)
        assert viz.render(picture, tmp_path / "net.svg").stat().st_size > 1000
