"""Networks to and from PyTorch, and out to ONNX.

    model = nn.MLP(2, [16, 16, 1])
    sequential = nn.to_torch(model)  # a torch.nn.Sequential that computes the same
    model = nn.from_torch(sequential)  # and back, weights bit by bit
    nn.export_onnx(model, "model.onnx")  # for whatever runs ONNX

What these three take is a stack of dense layers, outputs = activation(W · inputs + b):
an MLP, a Layer, a Neuron or a Perceptron. Weights alone, of any module, need nothing
from here, since a state is a dict of NumPy arrays. In safetensors:

    safetensors.numpy.save_file(model.state_dict(), "model.safetensors")
    model.load_state_dict(safetensors.numpy.load_file("model.safetensors"))
"""

from __future__ import annotations

import functools
import importlib
import math
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

from autograd import leaky_relu
from autograd.files import write_whole
from autograd.leaves import floats_of, turn
from nn.layers import MLP, Layer, Neuron
from nn.module import Module

if TYPE_CHECKING:
    import torch

Floats: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dense:
    """One layer in numbers: weight (n_outputs, n_inputs) and bias (n_outputs,)."""

    weight: Floats
    bias: Floats
    activation: str | None


# --- PyTorch -------------------------------------------------------------------------


def to_torch(model: Module) -> torch.nn.Sequential:
    """Copy a network into a torch.nn.Sequential that computes the same, in float64.

    It is made of torch.nn.Linear and the modules of PyTorch's activations, and maps
    (batch, n_inputs) to (batch, n_outputs), also where n_outputs is 1. Softplus has a
    threshold of 40, above which its sum of 1 is below rounding: PyTorch's default of 20
    is off by up to 2e-9. PyTorch has no module for `step`, and gets one from here; save
    its state_dict(), as that one cannot be pickled.

    TypeError for anything but an MLP, a Layer, a Neuron or a Perceptron; ImportError
    without PyTorch.
    """
    layers = _dense_layers(model, "to_torch")
    pytorch = _imported("torch", "to_torch", "torch")
    modules = []
    for layer in layers:
        n_outputs, n_inputs = layer.weight.shape
        # Without skip_init it would draw weights from PyTorch's global generator.
        linear = pytorch.nn.utils.skip_init(
            pytorch.nn.Linear, n_inputs, n_outputs, dtype=pytorch.float64
        )
        weight, bias = map(pytorch.from_numpy, (layer.weight, layer.bias))
        linear.load_state_dict({"weight": weight, "bias": bias})
        modules.append(linear)
        if layer.activation is not None:
            modules.append(_torch_activations(pytorch)[layer.activation])
    sequential: torch.nn.Sequential = pytorch.nn.Sequential(*modules)
    return sequential


def from_torch(sequential: torch.nn.Sequential) -> MLP:
    """Copy a torch.nn.Sequential into an MLP that computes the same.

    It may hold torch.nn.Linear in float32 or float64, with or without a bias (0 here),
    each followed by at most one activation, the same after all but the last; and
    torch.nn.Identity anywhere. A Softplus may have PyTorch's default threshold of 20:
    ours has none and is up to 2e-9 above it.

    TypeError names the first module that an MLP cannot have; ValueError for weights
    that do not fit together or are not finite; ImportError without PyTorch.
    """
    pytorch = _imported("torch", "from_torch", "torch")
    if not _computes_as(sequential, pytorch.nn.Sequential, "forward"):
        raise TypeError(
            f"from_torch takes a torch.nn.Sequential, not {_named(sequential)}. Give "
            f"the part of it that is one, or put its layers into one."
        )
    linears: list[Any] = []
    activations: list[str | None] = []
    for place, module in enumerate(sequential):
        if type(module) is pytorch.nn.Linear:
            linears.append(module)
            activations.append(None)
        elif type(module) is not pytorch.nn.Identity:
            name = _activation_of(pytorch, module)
            if name is None or not activations or activations[-1] is not None:
                raise TypeError(
                    f"from_torch: module {place} is {_named(module)}, which an MLP "
                    f"cannot have there. It has torch.nn.Linear, each followed by at "
                    f"most one of {[*_torch_activations(pytorch).values()]}. Leave the "
                    f"module out, or split the Sequential there."
                )
            activations[-1] = name
    if not linears:
        raise TypeError("from_torch: there is no torch.nn.Linear in the Sequential.")
    hidden = list(dict.fromkeys(activations[:-1]))
    if len(hidden) > 1:
        raise TypeError(
            f"from_torch: the activations before the last layer are {hidden}, and an "
            f"MLP has the same one after all of them. Split the Sequential where they "
            f"change, and make an MLP of each part."
        )
    model = MLP(
        linears[0].in_features,
        [linear.out_features for linear in linears],
        activation=hidden[0] if hidden else None,
        output_activation=activations[-1],
        seed=0,  # its weights are replaced at once
    )
    state = {}
    for i, linear in enumerate(linears):
        weight, bias = _numbers(pytorch, linear)
        state[f"layers.{i}.weight"] = weight
        state[f"layers.{i}.bias"] = bias
    model.load_state_dict(state)
    return model


def _numbers(torch: Any, linear: Any) -> tuple[Floats, Floats]:
    """The weight and the bias of a torch.nn.Linear, in float64."""
    if linear.weight.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            f"from_torch: {_named(linear)} holds {linear.weight.dtype}. Convert it "
            f"with .double() first."
        )
    weight = linear.weight.detach().double().cpu().numpy()
    if linear.bias is None:
        return weight, np.zeros(len(weight))
    return weight, linear.bias.detach().double().cpu().numpy()


def _torch_activations(torch: Any) -> dict[str, Any]:
    """A new PyTorch module for each of our activations, by our name."""
    with turn:  # a cache alone may hand two threads two classes
        step = _step(torch)
    return {
        "elu": torch.nn.ELU(),
        "gelu": torch.nn.GELU(),
        "leaky_relu": torch.nn.LeakyReLU(),
        "relu": torch.nn.ReLU(),
        "sigmoid": torch.nn.Sigmoid(),
        "silu": torch.nn.SiLU(),
        "softplus": torch.nn.Softplus(threshold=40.0),
        "step": step(),
        "tanh": torch.nn.Tanh(),
    }


def _activation_of(torch: Any, module: Any) -> str | None:
    """Our name of what a PyTorch module computes, or None where we have none."""
    default = ("softplus", torch.nn.Softplus())
    for name, ours in [*_torch_activations(torch).items(), default]:
        settings = {
            key: value
            for key, value in vars(ours).items()
            if not key.startswith("_") and key not in ("training", "inplace")
        }
        if type(module) is type(ours) and settings.items() <= vars(module).items():
            return name
    return None


@functools.cache
def _step(torch: Any) -> Any:
    """The class of a PyTorch module: 1 where its input is above 0, else 0.

    As sign(relu(x)), it has the derivative 0 everywhere, as ours has.
    """
    return type(
        "Step", (torch.nn.Module,), {"forward": lambda self, sums: sums.relu().sign()}
    )


# --- ONNX ----------------------------------------------------------------------------

OPSET = 13
IR_VERSION = 7
"""ONNX 1.8 of 2020 has these, and whatever runtime has been made since reads them."""

Step: TypeAlias = tuple[str, tuple[str, ...], str]
"""A node: operator, operands, result."""

ONNX_STEPS: dict[str | None, list[Step]] = {
    None: [],
    "elu": [("Elu", ("sums",), "out")],
    "gelu": [  # ½ a · (1 + erf(a / √2)): the operator Gelu came with opset 20
        ("Mul", ("sums", "sqrt_half"), "scaled"),
        ("Erf", ("scaled",), "erf"),
        ("Add", ("erf", "one"), "twice_cdf"),
        ("Mul", ("sums", "half"), "halved"),
        ("Mul", ("halved", "twice_cdf"), "out"),
    ],
    "leaky_relu": [  # LeakyRelu has its slope in single precision, whatever the dtype
        ("Mul", ("sums", "slope"), "sloped"),
        ("Max", ("sums", "sloped"), "out"),
    ],
    "relu": [("Relu", ("sums",), "out")],
    "sigmoid": [("Sigmoid", ("sums",), "out")],
    "silu": [("Sigmoid", ("sums",), "gate"), ("Mul", ("sums", "gate"), "out")],
    "softplus": [("Softplus", ("sums",), "out")],
    "step": [("Relu", ("sums",), "above"), ("Sign", ("above",), "out")],
    "tanh": [("Tanh", ("sums",), "out")],
}
"""Each activation: operands are "sums", earlier results and CONSTANTS.

The last result is the output. Elu's default alpha is 1, as ours.
"""

CONSTANTS = {
    "half": 0.5,
    "one": 1.0,
    "slope": -leaky_relu(-1.0),
    "sqrt_half": math.sqrt(0.5),
}


def export_onnx(
    model: Module,
    path: str | os.PathLike[str],
    *,
    dtype: npt.DTypeLike = np.float32,
) -> None:
    """Write a network as an ONNX file, opset 13, for other programs to run.

    It maps "inputs", (batch, n_inputs), to "outputs", (batch, n_outputs), for any
    batch, also where n_outputs is 1. A layer is a Gemm, its weights named as in the
    state of an MLP, and an activation: the operator of that name, but for gelu, which
    is ½ a · (1 + Erf(a / √2)), leaky_relu, Max(a, slope · a), silu, a · Sigmoid(a), and
    step, Sign(Relu(a)).

    `dtype` is float32, which every runtime computes in, or float64, which onnxruntime
    computes in for no activation, leaky_relu, relu, sigmoid, step and tanh only.

    The file is written beside its place and moved there whole: on an error, what was
    there stays.

    Raises:
        TypeError: `model` is not an MLP, a Layer, a Neuron or a Perceptron, or `dtype`
            is not float32 or float64.
        OverflowError: a weight is too large for `dtype`.
        OSError: the file cannot be written.
        ImportError: onnx is not installed.

    >>> export_onnx(MLP(2, [16, 1]), "model.onnx")  # doctest: +SKIP
    """
    layers = _dense_layers(model, "export_onnx")
    number = np.dtype(dtype)
    if number not in (np.float32, np.float64):
        raise TypeError(f"export_onnx: dtype must be float32 or float64, not {number}")
    onnx = _imported("onnx", "export_onnx", "valuegrad[onnx]")
    write_whole(path, _onnx_model(onnx, layers, number).SerializeToString())


def _onnx_model(onnx: Any, layers: list[Dense], dtype: np.dtype[Any]) -> Any:
    """The ModelProto of the layers, one after the other."""
    nodes: list[Any] = []
    tensors: list[Any] = []
    between = [f"layers.{i}.outputs" for i in range(len(layers) - 1)]
    ends = ["inputs", *between, "outputs"]
    for i, layer in enumerate(layers):
        steps, arrays = _onnx_layer(layer, f"layers.{i}.", *ends[i : i + 2])
        for operator, operands, result in steps:
            options = {"transB": 1} if operator == "Gemm" else {}
            nodes.append(onnx.helper.make_node(operator, operands, [result], **options))
        for name, array in arrays.items():
            rounded = _rounded(array, dtype, name)
            tensors.append(onnx.numpy_helper.from_array(rounded, name))
    kind = onnx.helper.np_dtype_to_tensor_dtype(dtype)
    sizes = {"inputs": layers[0].weight.shape[1], "outputs": len(layers[-1].bias)}
    inputs, outputs = (
        onnx.helper.make_tensor_value_info(name, kind, ["batch", size])
        for name, size in sizes.items()
    )
    return onnx.helper.make_model(
        onnx.helper.make_graph(nodes, "network", [inputs], [outputs], tensors),
        producer_name="valuegrad",
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )


def _onnx_layer(
    layer: Dense, prefix: str, inputs: str, outputs: str
) -> tuple[list[Step], dict[str, npt.ArrayLike]]:
    """The steps of a layer and the arrays that they use, by names of its own."""
    gemm: Step = ("Gemm", ("inputs", "weight", "bias"), "sums")
    steps = [gemm, *ONNX_STEPS[layer.activation]]
    own = {"inputs": inputs, steps[-1][2]: outputs}
    named = [
        (
            operator,
            tuple(own.setdefault(name, prefix + name) for name in operands),
            own.setdefault(result, prefix + result),
        )
        for operator, operands, result in steps
    ]
    arrays: dict[str, npt.ArrayLike] = {
        "weight": layer.weight,
        "bias": layer.bias,
        **CONSTANTS,
    }
    return named, {own[name]: array for name, array in arrays.items() if name in own}


def _rounded(array: npt.ArrayLike, dtype: np.dtype[Any], name: str) -> npt.NDArray[Any]:
    """The numbers in another type. OverflowError where one does not fit."""
    with np.errstate(over="ignore"):
        rounded = np.asarray(array).astype(dtype)
    if not np.isfinite(rounded).all():
        raise OverflowError(
            f"export_onnx: {name} holds a number of size {np.max(np.abs(array)):.3g}, "
            f"and {dtype} ends at {np.finfo(dtype).max:.3g}. Train with a smaller "
            f"learning_rate, or export with dtype=float64."
        )
    return rounded


def _dense_layers(model: Module, function: str) -> list[Dense]:
    """What the model computes, as layers, or TypeError where it is something else."""
    network: Any = model
    parts = network.layers if _computes_as(model, MLP, "__call__") else [network]
    layers = []
    for part in parts:
        neurons = part.neurons if _computes_as(part, Layer, "__call__") else [part]
        strange = [n for n in neurons if not _computes_as(n, Neuron, "__call__")]
        if strange:
            raise TypeError(
                f"{function} takes an MLP, a Layer, a Neuron or a Perceptron, and "
                f"{_named(strange[0])} is none, or has a __call__ of its own: what it "
                f"computes cannot be read off its weights. Give the part of it that is "
                f"one, such as model.network."
            )
        activations = sorted({str(neuron.activation) for neuron in neurons})
        if len(activations) > 1:
            raise TypeError(
                f"{function}: a layer has neurons of the activations {activations}. "
                f"Give them all the same, or use a layer for each."
            )
        weight = np.array([floats_of(n.weights, function) for n in neurons])
        bias = np.array(floats_of([n.bias for n in neurons], function))
        layers.append(Dense(weight, bias, neurons[0].activation))
    return layers


def _computes_as(thing: Any, kind: Any, method: str) -> bool:
    """Whether it is of a kind, and no subclass has replaced the method."""
    return isinstance(thing, kind) and getattr(type(thing), method) is getattr(
        kind, method
    )


def _named(thing: Any) -> str:
    """A thing as its own repr has it, where that is one line, else its class."""
    text = repr(thing)
    return type(thing).__name__ if "\n" in text or len(text) > 80 else text


def _imported(name: str, function: str, distribution: str) -> Any:
    """An optional package. ImportError says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"{function} needs {name}, which cannot be imported ({error}). Install it "
            f'with: pip install "{distribution}"'
        ) from error
