"""Neurons and layers as boxes: what is hidden, what is told, what is left alone."""

import re

import pytest

import autograd
import nn
import viz
from autograd import Value


def titles(picture):
    """The bold words of each box: its operation and its title."""
    tables = re.findall(r"^\tn\d+ \[label=<(.*)> tooltip=", picture.source, re.M)
    return [re.findall(r"<B>(.*?)</B>", table) for table in tables]


def labels_of_arrows(picture):
    found = re.findall(r'n\d+ -> n\d+ \[label=("[^"]*"|\S+)', picture.source)
    return [label.strip('"') for label in found]


def n_boxes(picture):
    return picture.source.count("<TABLE")


@pytest.fixture
def model():
    return nn.MLP(2, [3, 1], activation="tanh", seed=0)


@pytest.fixture
def inputs():
    return [Value(0.5, label="x0"), Value(-1.0, label="x1")]


def test_each_neuron_is_one_box_with_its_place_and_activation(model, inputs):
    assert titles(viz.graph(model(inputs), collapse=model)) == [
        ["x0"],
        ["x1"],
        ["tanh", "layers[0] neuron 0"],
        ["tanh", "layers[0] neuron 1"],
        ["tanh", "layers[0] neuron 2"],
        ["layers[1] neuron 0"],
    ]


def test_a_neurons_box_shows_its_outputs_data_and_grad(inputs):
    neuron = nn.Neuron(2, activation="tanh", seed=0)
    out = neuron(inputs)
    out.backward()
    source = viz.graph(out, collapse=neuron).source
    assert f'<TD ALIGN="RIGHT">{out.data:.4g}</TD>' in source


def test_an_arrow_into_a_neuron_carries_the_outputs_partial_by_the_input(inputs):
    neuron = nn.Neuron(2, activation="tanh", seed=0)
    out = neuron(inputs)
    out.backward()
    # The output is the root, so the inputs' gradients are these very partials.
    expected = [f"{x.grad:.4g}" for x in inputs]
    assert labels_of_arrows(viz.graph(out, collapse=neuron)) == expected


def test_what_comes_after_the_network_is_drawn_in_full(model, inputs):
    loss = (model(inputs) - 1.0) ** 2
    after = titles(viz.graph(loss, collapse=model))[5:]
    assert after == [["layers[1] neuron 0"], [], ["-"], [], ["**"]]


def test_a_neuron_written_by_hand_is_found_like_any_other(inputs):
    class Handmade:
        def __init__(self):
            self.weights = [Value(1.0), Value(2.0)]
            self.bias = Value(3.0)
            self.activation = "relu"

    neuron = Handmade()
    total = sum(
        (w * x for w, x in zip(neuron.weights, inputs, strict=True)), neuron.bias
    )
    assert n_boxes(viz.graph(total.relu(), collapse=neuron)) == 3
    total = (
        sum(w * x for w, x in zip(neuron.weights, inputs, strict=True)) + neuron.bias
    )
    assert n_boxes(viz.graph(total.relu(), collapse=neuron)) == 3


def test_a_neuron_used_for_two_examples_is_two_boxes(model, inputs):
    loss = model(inputs) - model([Value(1.0), Value(2.0)])
    shown = titles(viz.graph(loss, collapse=model))
    assert shown.count(["layers[1] neuron 0"]) == 2


def test_outputs_of_a_linear_neuron_that_are_added_stay_two_boxes():
    neuron = nn.Neuron(1, activation=None, seed=0)
    total = neuron([Value(1.0)]) + neuron([Value(2.0)])
    assert titles(viz.graph(total, collapse=neuron)) == [
        [],
        ["neuron"],
        [],
        ["neuron"],
        ["+"],
    ]


def test_a_weight_penalty_is_no_neuron(inputs):
    neuron = nn.Neuron(2, seed=0)
    penalty = autograd.sum([w * w for w in neuron.parameters()])
    assert viz.graph(penalty, collapse=neuron).source == viz.graph(penalty).source


def test_a_sum_with_one_parameter_twice_is_no_neuron(inputs):
    neuron = nn.Neuron(1, activation=None, seed=0)
    (weight,) = neuron.weights
    total = weight * inputs[0] + weight * inputs[1] + neuron.bias
    assert viz.graph(total, collapse=neuron).source == viz.graph(total).source


def test_parameters_that_are_used_elsewhere_are_drawn(inputs):
    neuron = nn.Neuron(2, activation="tanh", seed=0)
    loss = neuron(inputs) + neuron.weights[0] * neuron.weights[0]
    # two inputs, the neuron, one weight, its square and the sum
    assert n_boxes(viz.graph(loss, collapse=neuron)) == 6


def test_a_neuron_whose_interior_is_used_elsewhere_is_left_as_it_is(inputs):
    neuron = nn.Neuron(2, activation="tanh", seed=0)
    out = neuron(inputs)
    (total,) = out.parents
    (product, _) = total.parents
    loss = out + product
    assert viz.graph(loss, collapse=neuron).source == viz.graph(loss).source


def test_a_sum_that_is_used_elsewhere_is_the_output_and_its_activation_is_drawn(inputs):
    neuron = nn.Neuron(2, activation="tanh", seed=0)
    out = neuron(inputs)
    (total,) = out.parents
    assert titles(viz.graph(out + total, collapse=neuron))[2:] == [
        ["tanh", "neuron"],
        ["tanh"],
        ["+"],
    ]


def test_a_second_activation_is_not_swallowed(inputs):
    neuron = nn.Neuron(2, activation="relu", seed=0)
    shown = titles(viz.graph(neuron(inputs).relu(), collapse=neuron))
    assert shown[2:] == [["relu", "neuron"], ["relu"]]


def test_each_layer_is_one_box_and_so_are_its_inputs(model, inputs):
    loss = model(inputs) * 2.0
    shown = titles(viz.graph(loss, collapse=model, boxes="layers"))
    assert shown == [
        ["2 inputs"],
        ["tanh", "layers[0]"],
        ["layers[1] neuron 0"],
        [],
        ["*"],
    ]


def test_plain_numbers_as_inputs_are_one_box_too(model):
    shown = titles(viz.graph(model([0.5, -1.0]), collapse=model, boxes="layers"))
    assert shown == [["2 inputs"], ["tanh", "layers[0]"], ["layers[1] neuron 0"]]


def test_neurons_that_were_given_the_same_numbers_one_by_one_are_one_layer():
    layer = nn.Layer(2, 3, activation=None, seed=0)
    total = autograd.sum([neuron([0.5, -1.0]) for neuron in layer.neurons])
    shown = titles(viz.graph(total, collapse=layer, boxes="layers"))
    assert shown == [["6 inputs"], ["layer"], ["sum"]]


def test_leaves_that_go_into_no_layer_keep_their_own_boxes(model, inputs):
    loss = model(inputs) - Value(2.0, label="a") * Value(3.0, label="b")
    shown = titles(viz.graph(loss, collapse=model, boxes="layers"))
    assert ["a"] in shown
    assert ["b"] in shown


def test_an_input_that_is_used_elsewhere_keeps_its_own_box(model, inputs):
    loss = model(inputs) - inputs[0]
    shown = titles(viz.graph(loss, collapse=model, boxes="layers"))
    assert ["x0"] in shown
    assert ["x1"] in shown


def test_a_classifier_of_mnists_size_fits_a_page_as_layers():
    model = nn.MLP(784, [16, 16, 10], seed=0)
    loss = nn.cross_entropy(model([0.5] * 784), 3)
    assert n_boxes(viz.graph(loss, collapse=model, boxes="layers")) < 12


def test_the_refusal_of_collapsed_neurons_names_the_layers_as_a_way_out(model, inputs):
    with pytest.raises(viz.GraphTooLarge, match='boxes="layers"'):
        viz.graph(model(inputs), collapse=model, max_nodes=3)


def test_another_kind_of_boxes_is_a_value_error(model, inputs):
    with pytest.raises(ValueError, match='"neurons" or "layers"'):
        viz.graph(model(inputs), collapse=model, boxes="networks")


def test_something_without_neurons_cannot_be_collapsed(inputs):
    with pytest.raises(TypeError, match="has no neurons"):
        viz.graph(inputs[0], collapse=3.0)
