"""Modules: which parameters they have, under which names, in and out of a state."""

import copy
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from autograd import Value
from nn import MLP, Layer, Module, Neuron, Perceptron


class Bag(Module):
    """A module with the attributes that it is given, in their order."""

    def __init__(self, **attributes: Any) -> None:
        for name, thing in attributes.items():
            setattr(self, name, thing)


def names(module: Module) -> list[str]:
    return [name for name, _ in module.named_parameters()]


def shapes(module: Module) -> dict[str, tuple[int, ...]]:
    return {name: array.shape for name, array in module.state_dict().items()}


def numbers(module: Module) -> list[float]:
    return [parameter.data for parameter in module.parameters()]


def counted(n: int) -> list[Value]:
    return [Value(float(i)) for i in range(n)]


# --- names and order -----------------------------------------------------------------


def test_a_value_is_a_parameter_under_its_attributes_name() -> None:
    slope, intercept = Value(2.0), Value(1.0)
    line = Bag(slope=slope, intercept=intercept)
    assert line.named_parameters() == [("slope", slope), ("intercept", intercept)]
    assert line.parameters() == [slope, intercept]
    assert shapes(line) == {"slope": (), "intercept": ()}


def test_parameters_come_in_the_order_in_which_attributes_were_set() -> None:
    assert names(Bag(b=Value(1.0), a=Value(2.0))) == ["b", "a"]


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_values_is_one_array(kind: Callable[..., Any]) -> None:
    bag = Bag(w=kind(counted(3)))
    assert names(bag) == ["w[0]", "w[1]", "w[2]"]
    assert shapes(bag) == {"w": (3,)}


def test_a_list_of_lists_is_a_matrix_row_by_row() -> None:
    v = counted(6)
    bag = Bag(w=[v[:3], tuple(v[3:])])
    assert names(bag) == [f"w[{i}, {j}]" for i in (0, 1) for j in (0, 1, 2)]
    assert bag.parameters() == v
    assert bag.state_dict()["w"].tolist() == [[0, 1, 2], [3, 4, 5]]


def test_deeper_lists_are_arrays_of_more_dimensions() -> None:
    v = counted(8)
    bag = Bag(kernel=[[[v[0], v[1]], [v[2], v[3]]], [[v[4], v[5]], [v[6], v[7]]]])
    assert shapes(bag) == {"kernel": (2, 2, 2)}
    assert names(bag)[5] == "kernel[1, 0, 1]"
    assert bag.parameters() == v


def test_a_ragged_list_is_one_array_per_row() -> None:
    v = counted(3)
    bag = Bag(w=[v[:2], v[2:]])
    assert names(bag) == ["w.0[0]", "w.0[1]", "w.1[0]"]
    assert shapes(bag) == {"w.0": (2,), "w.1": (1,)}
    assert bag.parameters() == v


def test_a_list_of_mixed_things_is_searched_for_parameters() -> None:
    v = counted(3)
    bag = Bag(things=[v[0], None, [v[1]], "text", Bag(c=v[2]), 4.0])
    assert names(bag) == ["things.0", "things.2[0]", "things.4.c"]
    assert bag.parameters() == v


def test_a_dict_is_searched_under_its_keys() -> None:
    v = counted(4)
    bag = Bag(parts={"a": v[0], 7: [v[1], v[2]], "c": Bag(d=v[3])})
    assert names(bag) == ["parts.a", "parts.7[0]", "parts.7[1]", "parts.c.d"]
    assert shapes(bag) == {"parts.a": (), "parts.7": (2,), "parts.c.d": ()}
    assert bag.parameters() == v


def test_a_parameter_used_twice_is_listed_once_by_its_first_name() -> None:
    shared, other = Value(1.0), Value(2.0)
    bag = Bag(a=shared, b=[other, shared], c=Bag(d=shared))
    assert bag.named_parameters() == [("a", shared), ("b[0]", other)]
    bag.load_state_dict(bag.state_dict())
    assert numbers(bag) == [1.0, 2.0]


def test_what_is_no_parameter_is_left_alone() -> None:
    bag = Bag(size=3, name="a", nothing=None, empty=[], rows=[[], []], call=math.sin)
    assert bag.parameters() == []
    assert bag.state_dict() == {}
    bag.zero_grad()
    bag.load_state_dict({})


def test_modules_inside_modules_are_named_by_their_path() -> None:
    v = counted(4)
    inner = Bag(w=[v[1], v[2]])
    outer = Bag(first=v[0], parts=([inner], Bag(b=v[3])))
    assert names(outer) == ["first", "parts.0.0.w[0]", "parts.0.0.w[1]", "parts.1.b"]
    assert shapes(outer) == {"first": (), "parts.0.0.w": (2,), "parts.1.b": ()}
    assert outer.parameters() == v


def test_layers_inside_a_module_keep_their_two_arrays() -> None:
    model = Bag(encoder=Layer(3, 2, seed=0), heads=[Layer(2, 1, seed=0)])
    assert shapes(model) == {
        "encoder.weight": (2, 3),
        "encoder.bias": (2,),
        "heads.0.weight": (1, 2),
        "heads.0.bias": (1,),
    }


def test_a_new_attribute_is_found_at_once() -> None:
    bag = Bag(a=Value(1.0))
    bag.b = Value(2.0)
    assert names(bag) == ["a", "b"]


def test_the_parameters_of_a_neuron_are_weights_and_bias() -> None:
    neuron = Neuron(2, seed=0)
    assert names(neuron) == ["weights[0]", "weights[1]", "bias"]
    assert neuron.parameters() == [*neuron.weights, neuron.bias]


def test_the_parameters_of_an_mlp_are_a_matrix_and_a_row_per_layer() -> None:
    model = MLP(2, [3, 1], seed=0)
    assert shapes(model) == {
        "layers.0.weight": (3, 2),
        "layers.0.bias": (3,),
        "layers.1.weight": (1, 3),
        "layers.1.bias": (1,),
    }
    assert names(model)[:7] == [
        *(f"layers.0.weight[{i}, {j}]" for i in range(3) for j in range(2)),
        "layers.0.bias[0]",
    ]
    hidden = model.layers[0].neurons
    assert model.parameters()[:9] == [
        *(weight for neuron in hidden for weight in neuron.weights),
        *(neuron.bias for neuron in hidden),
    ]


def test_names_shapes_and_order_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")

    class Net(torch.nn.Module):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            sizes = [(5, 4), (4, 3), (3, 1)]
            self.layers = torch.nn.ModuleList(torch.nn.Linear(*s) for s in sizes)

    theirs = [(name, tuple(p.shape)) for name, p in Net().named_parameters()]
    assert list(shapes(MLP(5, [4, 3, 1])).items()) == theirs


def test_a_state_dict_moves_to_pytorch_and_back() -> None:
    torch = pytest.importorskip("torch")
    model = MLP(3, [4, 2], activation="tanh", seed=0)
    layers = torch.nn.ModuleList(
        [torch.nn.Linear(3, 4), torch.nn.Linear(4, 2)]
    ).double()
    state = {
        name.removeprefix("layers."): torch.from_numpy(array)
        for name, array in model.state_dict().items()
    }
    layers.load_state_dict(state)
    x = [0.5, -1.0, 2.0]
    output = layers[1](layers[0](torch.tensor(x, dtype=torch.float64)).tanh())
    # Sums of 4 products of numbers of size 1, in another order.
    assert [v.data for v in model(x)] == pytest.approx(output.tolist(), abs=1e-15)
    other = MLP(3, [4, 2], activation="tanh", seed=1)
    other.load_state_dict(
        {f"layers.{n}": a.numpy() for n, a in layers.state_dict().items()}
    )
    assert numbers(other) == numbers(model)


# --- gradients -----------------------------------------------------------------------


def test_zero_grad_forgets_the_gradient_of_every_parameter() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=0)
    model([1.0, 2.0]).backward()
    assert all(parameter.has_grad for parameter in model.parameters())
    model.zero_grad()
    assert not any(parameter.has_grad for parameter in model.parameters())
    assert {parameter.grad for parameter in model.parameters()} == {0.0}


# --- states --------------------------------------------------------------------------


def test_a_state_dict_is_a_copy_in_float64() -> None:
    model = Bag(w=counted(2))
    state = model.state_dict()
    assert state["w"].dtype == np.float64
    state["w"][0] = 7.0
    assert numbers(model) == [0.0, 1.0]


def test_a_state_restores_the_outputs_exactly() -> None:
    model, other = MLP(2, [3, 2], seed=0), MLP(2, [3, 2], seed=1)
    outputs = [v.data for v in model([0.5, -1.0])]
    assert [v.data for v in other([0.5, -1.0])] != outputs
    other.load_state_dict(model.state_dict())
    assert [v.data for v in other([0.5, -1.0])] == outputs
    assert numbers(other) == numbers(model)
    assert all(type(number) is float for number in numbers(other))


def test_loading_keeps_the_values_themselves() -> None:
    model = MLP(2, [3, 1], seed=0)
    before = model.parameters()
    model.load_state_dict(MLP(2, [3, 1], seed=1).state_dict())
    assert model.parameters() == before


def test_lists_and_integers_and_any_order_are_taken_as_a_state() -> None:
    model = Bag(w=[counted(2), counted(2)], b=Value(0.0))
    model.load_state_dict({"b": 5, "w": [[1, 2], [3, 4]]})
    assert numbers(model) == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_state_in_an_npz_archive_can_be_loaded(tmp_path: Any) -> None:
    model, other = MLP(2, [3, 1], seed=0), MLP(2, [3, 1], seed=1)
    np.savez(tmp_path / "state.npz", **model.state_dict())
    with np.load(tmp_path / "state.npz") as state:
        other.load_state_dict(state)
    assert numbers(other) == numbers(model)


def spoil(state: dict[str, Any], name: str, thing: Any) -> dict[str, Any]:
    return {**state, name: thing}


REFUSALS: dict[str, tuple[Callable[[dict[str, Any]], Any], type[Exception], str]] = {
    "a name is missing": (
        lambda s: {name: s[name] for name in s if name != "layers.1.bias"},
        KeyError,
        r"lacks \['layers\.1\.bias'\]",
    ),
    "a name is unknown": (
        lambda s: spoil(s, "layers.2.bias", [0.0]),
        KeyError,
        r"unknown names \['layers\.2\.bias'\]",
    ),
    "nothing is there": (lambda s: {}, KeyError, r"layers\.0\.weight"),
    "a matrix is turned": (
        lambda s: spoil(s, "layers.1.weight", s["layers.1.weight"].T),
        ValueError,
        r"layers\.1\.weight has the shape \(3, 1\), .* needs \(1, 3\)",
    ),
    "a bias is a number": (
        lambda s: spoil(s, "layers.1.bias", 0.0),
        ValueError,
        r"layers\.1\.bias has the shape \(\), .* needs \(1,\)",
    ),
    "a weight is NaN": (
        lambda s: spoil(s, "layers.1.bias", [math.nan]),
        ValueError,
        r"layers\.1\.bias holds numbers that are not finite",
    ),
    "a weight is infinite": (
        lambda s: spoil(s, "layers.1.bias", [-math.inf]),
        ValueError,
        r"layers\.1\.bias holds numbers that are not finite",
    ),
    "a weight is a word": (
        lambda s: spoil(s, "layers.1.bias", ["abc"]),
        ValueError,
        "abc",
    ),
    "a row is ragged": (
        lambda s: spoil(s, "layers.0.weight", [[1, 2], [3], [4, 5]]),
        ValueError,
        "inhomogeneous",
    ),
}


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(fault: str) -> None:
    change, error, message = REFUSALS[fault]
    model = MLP(2, [3, 1], seed=0)
    before = numbers(model)
    state = change(MLP(2, [3, 1], seed=1).state_dict())
    with pytest.raises(error, match=message):
        model.load_state_dict(state)
    assert numbers(model) == before


# --- settings ------------------------------------------------------------------------


def test_settings_are_the_arguments_with_their_defaults_and_without_the_seed() -> None:
    assert MLP(2, [3, 1], "tanh", seed=0).settings() == {
        "n_inputs": 2,
        "layer_sizes": [3, 1],
        "activation": "tanh",
        "output_activation": None,
        "dropout": 0.0,
    }
    assert Perceptron(n_inputs=3).settings() == {"n_inputs": 3}


def test_settings_are_plain_numbers_that_json_can_hold() -> None:
    model = MLP(np.int64(2), np.array([3, 1]), seed=np.random.default_rng(0))  # type: ignore[arg-type]
    assert json.loads(json.dumps(model.settings())) == MLP(2, [3, 1]).settings()


def test_modules_among_the_arguments_are_described_too() -> None:
    class Chain(Module):
        def __init__(self, parts: list[Module], last: Module) -> None:
            self.parts, self.last = parts, last

    chain = Chain([Neuron(2, None)], last=Perceptron(3))
    neuron = {"n_inputs": 2, "activation": None, "n_outputs": 1}
    assert chain.settings() == {
        "parts": [{"class": "Neuron", "settings": neuron}],
        "last": {"class": "Perceptron", "settings": {"n_inputs": 3}},
    }


def test_arguments_that_json_cannot_hold_have_no_settings() -> None:
    class Taking(Module):
        def __init__(self, thing: Any) -> None:
            self.thing = thing

    for thing in (math.sin, Value(1.0), {"a": 1}, np.array([Value(1.0)]), 1j):
        assert Taking(thing).settings() is None
    assert Bag(a=1).settings() is None


def test_settings_are_a_copy() -> None:
    sizes = [3, 1]
    model = MLP(2, sizes)
    sizes.append(7)
    settings = model.settings()
    assert settings is not None
    settings["layer_sizes"].append(9)
    assert model.settings() == MLP(2, [3, 1]).settings()


def test_settings_are_no_parameters_and_survive_a_copy() -> None:
    model = MLP(2, [3, 1], seed=0)
    again = copy.deepcopy(model)
    assert again.settings() == model.settings()
    assert numbers(again) == numbers(model)
    assert not {*again.parameters()} & {*model.parameters()}


def test_a_wrong_argument_is_still_refused_by_init() -> None:
    with pytest.raises(TypeError, match="wings"):
        MLP(2, [3, 1], wings=2)  # type: ignore[call-arg]
