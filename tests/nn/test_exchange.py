"""Networks to and from PyTorch, safetensors and ONNX."""

import copy
import functools
import math
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from autograd import Value
from nn import (
    MLP,
    Adam,
    Layer,
    Module,
    Neuron,
    Perceptron,
    cross_entropy,
    data,
    fit,
    predict,
)
from nn.exchange import export_onnx, from_torch, to_torch
from nn.layers import ACTIVATIONS

ROOT = Path(__file__).parents[2]

X, Y = data.moons(n=60, noise=0.1, seed=0)
# What single precision can hold, so that the two sides are given the same numbers.
X = X.astype(np.float32).astype(np.float64)

EVERY = pytest.mark.parametrize("activation", [None, *ACTIVATIONS])


@functools.cache
def trained(activation: str | None) -> MLP:
    """Two logits of two moons, after a few epochs here."""
    model = MLP(2, [3, 3, 2], activation, seed=7)
    adam = Adam(model.parameters(), learning_rate=0.02)
    settings: dict[str, Any] = {"epochs": 3, "batch_size": 10, "progress": False}
    fit(model, X, Y, loss=cross_entropy, optimizer=adam, **settings)
    return model


def unit(activation: str | None) -> Layer:
    """The activation itself, as a layer with the weight 1 and the bias 0."""
    layer = Layer(1, 1, activation)
    layer.load_state_dict({"weight": [[1.0]], "bias": [0.0]})
    return layer


def assert_same_state(one: Module, other: Module) -> None:
    a, b = one.state_dict(), other.state_dict()
    assert a.keys() == b.keys()
    assert all(a[name].tobytes() == b[name].tobytes() for name in a)


class Net(Module):
    """A network inside a module with code of its own."""

    def __init__(self) -> None:
        self.body = MLP(2, [3, 1], seed=0)

    def __call__(self, inputs: Any) -> Any:
        return self.body(inputs) * 2.0


class Doubled(MLP):
    """A network whose subclass computes something else."""

    def __call__(self, inputs: Any) -> Any:
        return super().__call__(inputs) * 2.0


class Renamed(MLP):
    """A network whose subclass computes the same."""


# --- PyTorch -------------------------------------------------------------------------


@pytest.fixture
def torch() -> Any:
    return pytest.importorskip("torch")


@EVERY
def test_a_trained_network_gives_the_same_logits_in_pytorch(
    torch: Any, activation: str | None
) -> None:
    model = trained(activation)
    with torch.no_grad():
        logits = to_torch(model)(torch.from_numpy(X)).numpy()
    # Sums of up to 4 products of size 10 in another order, twice multiplied by weights
    # of size 4: some 100 roundings of 2e-15 at most.
    assert logits == pytest.approx(predict(model, X), abs=1e-12)


@EVERY
def test_an_activation_is_pytorchs_over_its_whole_range(
    torch: Any, activation: str | None
) -> None:
    # From where exp rounds to 0 to where 1 + exp rounds to exp, and both sides of the
    # thresholds of Softplus, 20 and 40; and the kink.
    numbers = np.concatenate([np.linspace(-45, 45, 901), [0.0, 1e-300, -1e-300]])
    with torch.no_grad():
        theirs = to_torch(unit(activation))(torch.from_numpy(numbers)[:, None])
    ours = predict(unit(activation), numbers[:, None])
    # A few roundings of results up to 45: 2⁻⁵³ · 45 = 5e-15 each.
    assert theirs.numpy() == pytest.approx(ours, abs=5e-14)


@EVERY
def test_the_gradients_are_the_same_in_pytorch(
    torch: Any, activation: str | None
) -> None:
    model = trained(activation)
    model.zero_grad()
    sequential = to_torch(model)
    for row, label in zip(X[:3].tolist(), Y[:3].tolist(), strict=True):
        cross_entropy(model(row), label).backward()
    inputs, labels = torch.from_numpy(X[:3]), torch.from_numpy(Y[:3])
    logits = sequential(inputs)
    torch.nn.functional.cross_entropy(logits, labels, reduction="sum").backward()
    theirs = [p.grad.numpy().ravel() for p in sequential.parameters()]
    ours = [parameter.grad for parameter in model.parameters()]
    # As for the logits: numbers of size 10 and some 100 roundings.
    assert np.concatenate(theirs) == pytest.approx(np.array(ours), abs=1e-12)


@EVERY
def test_weights_and_activations_come_back_from_pytorch_bit_by_bit(
    torch: Any, activation: str | None
) -> None:
    model = trained(activation)
    back = from_torch(to_torch(model))
    assert repr(back) == repr(model)
    assert_same_state(back, model)


@EVERY
def test_an_output_activation_goes_to_pytorch_and_back(
    torch: Any, activation: str | None
) -> None:
    model = MLP(2, [3, 1], "tanh", output_activation=activation, seed=0)
    sequential = to_torch(model)
    with torch.no_grad():
        outputs = sequential(torch.from_numpy(X)).numpy()
    assert outputs.shape == (len(X), 1)
    # As for the logits.
    assert outputs[:, 0] == pytest.approx(predict(model, X), abs=1e-12)
    assert repr(from_torch(sequential)) == repr(model)


def test_the_sequential_has_pytorchs_names_and_float64(torch: Any) -> None:
    state = to_torch(MLP(2, [3, 1], seed=0)).state_dict()
    assert list(state) == ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert {tensor.dtype for tensor in state.values()} == {torch.float64}


def test_to_torch_leaves_pytorchs_random_numbers_alone(torch: Any) -> None:
    before = torch.random.get_rng_state()
    to_torch(MLP(2, [3, 1], seed=0))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_what_goes_to_pytorch_and_back_is_a_copy(torch: Any) -> None:
    model = MLP(2, [3, 1], seed=0)
    state = model.state_dict()
    sequential = to_torch(model)
    back = from_torch(sequential)
    with torch.no_grad():
        for parameter in sequential.parameters():
            parameter.zero_()
    for module in (model, back):
        numbers = module.state_dict()
        assert all(np.array_equal(numbers[name], state[name]) for name in state)


@pytest.mark.parametrize("model", [Layer(2, 3, "silu"), Neuron(2), Renamed(2, [3, 2])])
def test_layers_and_neurons_go_to_pytorch(torch: Any, model: Module) -> None:
    with torch.no_grad():
        outputs = to_torch(model)(torch.from_numpy(X)).numpy()
    # As for the logits.
    ours = predict(model, X).reshape(len(X), -1)
    assert outputs == pytest.approx(ours, abs=1e-12)


def test_a_perceptron_gives_the_same_answers_in_pytorch(torch: Any) -> None:
    gate = Perceptron(2)
    corners, answers = data.logic_gate("and")
    gate.learn(corners.tolist(), answers.tolist())
    outputs = to_torch(gate)(torch.from_numpy(corners))
    assert outputs[:, 0].tolist() == answers.tolist()


def test_a_network_trained_in_pytorch_runs_here(torch: Any) -> None:
    torch.manual_seed(0)
    nn = torch.nn
    bend = nn.SiLU(inplace=True)  # one module in two places
    sequential = nn.Sequential(
        nn.Linear(2, 4), bend, nn.Linear(4, 3, bias=False), bend, nn.Identity()
    )
    sequential.append(nn.Linear(3, 1))
    inputs = torch.from_numpy(X.astype(np.float32))
    targets = torch.from_numpy(Y.astype(np.float32))
    optimizer = torch.optim.SGD(sequential.parameters(), lr=0.1)
    for _ in range(20):
        optimizer.zero_grad()
        ((sequential(inputs)[:, 0] - targets) ** 2).mean().backward()
        optimizer.step()
    model = from_torch(sequential)
    assert repr(model) == "MLP(2, [4, 3, 1], activation='silu', output_activation=None)"
    assert not model.state_dict()["layers.1.bias"].any()
    theirs = sequential.double()(torch.from_numpy(X)).detach().numpy()
    # As for the logits: the weights are exact, float32 being a part of float64.
    assert predict(model, X) == pytest.approx(theirs[:, 0], abs=1e-12)


def test_pytorchs_default_softplus_is_taken(torch: Any) -> None:
    sequential = torch.nn.Sequential(
        torch.nn.Linear(1, 1, dtype=torch.float64), torch.nn.Softplus()
    )
    torch.nn.init.ones_(sequential[0].weight)
    torch.nn.init.zeros_(sequential[0].bias)
    numbers = np.linspace(-45, 45, 901)[:, None]
    with torch.no_grad():
        theirs = sequential(torch.from_numpy(numbers)).numpy()[:, 0]
    ours = predict(from_torch(sequential), numbers)
    # log(1 + eˣ) - x = log(1 + e⁻ˣ) < e⁻²⁰ = 2.06e-9 above the threshold.
    assert theirs == pytest.approx(ours, abs=2.07e-9)


REFUSED: dict[str, tuple[Callable[[Any], Any], str]] = {
    "a convolution": (
        lambda nn: nn.Sequential(nn.Conv2d(1, 2, 3)),
        r"module 0 is Conv2d\(1, 2, .*torch\.nn\.Linear",
    ),
    "dropout": (
        lambda nn: nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.1), nn.Linear(3, 1)),
        r"module 1 is Dropout\(p=0\.1.*Leave the module out",
    ),
    "another slope": (
        lambda nn: nn.Sequential(nn.Linear(2, 3), nn.LeakyReLU(0.2)),
        r"module 1 is LeakyReLU\(negative_slope=0\.2\).*slope=0\.01\)",
    ),
    "another alpha": (
        lambda nn: nn.Sequential(nn.Linear(2, 3), nn.ELU(0.5)),
        r"module 1 is ELU\(alpha=0\.5\)",
    ),
    "the tanh form of GELU": (
        lambda nn: nn.Sequential(nn.Linear(2, 3), nn.GELU("tanh")),
        r"module 1 is GELU\(approximate='tanh'\).*approximate='none'",
    ),
    "an early threshold": (
        lambda nn: nn.Sequential(nn.Linear(2, 3), nn.Softplus(threshold=5.0)),
        r"module 1 is Softplus\(beta=1\.0, threshold=5\.0\)",
    ),
    "two activations in a row": (
        lambda nn: nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Tanh()),
        r"module 2 is Tanh\(\)",
    ),
    "an activation in front": (
        lambda nn: nn.Sequential(nn.Tanh(), nn.Linear(2, 3)),
        r"module 0 is Tanh\(\)",
    ),
    "a Sequential inside": (
        lambda nn: nn.Sequential(nn.Sequential(nn.Linear(2, 3)), nn.Linear(3, 1)),
        "module 0 is Sequential",
    ),
    "different activations": (
        lambda nn: nn.Sequential(
            *(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 2))
        ),
        r"\['relu', 'tanh'\].*same one.*Split the Sequential",
    ),
    "half precision": (
        lambda nn: nn.Sequential(nn.Linear(2, 3)).half(),
        r"Linear\(in_features=2.*float16.*\.double\(\)",
    ),
    "nothing": (lambda nn: nn.Sequential(), "no torch.nn.Linear"),
    "no Sequential": (
        lambda nn: nn.Linear(2, 3),
        r"takes a torch\.nn\.Sequential, not Linear.*put its layers into one",
    ),
    "code of its own": (
        lambda nn: type("Net", (nn.Sequential,), {"forward": abs})(nn.Linear(2, 3)),
        "takes a torch.nn.Sequential, not Net",
    ),
}


@pytest.mark.parametrize("thing", REFUSED)
def test_what_an_mlp_cannot_be_is_refused_by_name(torch: Any, thing: str) -> None:
    make, message = REFUSED[thing]
    with pytest.raises(TypeError, match=f"^from_torch.*{message}"):
        from_torch(make(torch.nn))


def test_layers_that_do_not_fit_together_are_refused(torch: Any) -> None:
    nn = torch.nn
    with pytest.raises(ValueError, match=r"layers\.1\.weight has the shape \(1, 4\)"):
        from_torch(nn.Sequential(nn.Linear(2, 3), nn.Linear(4, 1)))


# --- safetensors ---------------------------------------------------------------------


@pytest.mark.parametrize("model", [MLP(2, [3, 1], seed=0), Net()])
def test_a_state_goes_through_safetensors_in_a_line_each_way(
    tmp_path: Path, model: Module
) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    path = tmp_path / "model.safetensors"
    other = copy.deepcopy(model)
    for parameter in other.parameters():
        parameter.data += 1.0
    safetensors.save_file(model.state_dict(), path)
    other.load_state_dict(safetensors.load_file(path))
    assert_same_state(other, model)


def test_pytorch_reads_a_network_from_safetensors(torch: Any, tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.torch")
    path = tmp_path / "model.safetensors"
    model = MLP(2, [3, 1], seed=0)
    safetensors.save_file(to_torch(model).state_dict(), path)
    other = to_torch(MLP(2, [3, 1], seed=1))
    other.load_state_dict(safetensors.load_file(path))
    assert_same_state(from_torch(other), model)


# --- ONNX ----------------------------------------------------------------------------


def exported(model: Module, folder: Path, **options: Any) -> Path:
    """A file of the model, which is valid ONNX with shapes that fit."""
    onnx = pytest.importorskip("onnx")
    export_onnx(model, folder / "model.onnx", **options)
    onnx.checker.check_model(onnx.load(folder / "model.onnx"), full_check=True)
    return folder / "model.onnx"


def in_onnxruntime(path: Path, inputs: Any) -> Any:
    """The outputs of a file for (batch, n_inputs), in the type of the inputs."""
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (outputs,) = session.run(["outputs"], {"inputs": inputs})
    return outputs


def float32_errors(model: MLP, inputs: Any) -> tuple[Any, float]:
    """A bound on the error of each output in single precision, and the least margin.

    A running error analysis (Higham, Accuracy and Stability of Numerical Algorithms,
    2002, chapter 3) with u = 2⁻²⁴. A sum of n products and a bias, with the weights
    rounded, is off by (n + 2) u (|W| |x| + |b|), and by |W| times the error of x; no
    activation but step is steeper than 1.13 (gelu), and onnxruntime's are off by 8 u of
    their argument, or of 1, at most (see the next test). The margin is by how much the
    sums are farther from 0 than their errors, where steps are taken.
    """
    u, steepest, margin = 2.0**-24, 1.13, np.inf
    values, errors = inputs, np.zeros(inputs.shape)
    for layer in model.layers:
        weight, bias = layer.state_dict()["weight"], layer.state_dict()["bias"]
        size = np.abs(values) @ np.abs(weight.T) + np.abs(bias)
        errors = (weight.shape[1] + 2) * u * size + errors @ np.abs(weight.T)
        sums = values @ weight.T + bias
        values = predict(layer, values)
        if layer.activation == "step":
            margin = min(margin, float((np.abs(sums) - errors).min()))
            errors = np.zeros(values.shape)
        elif layer.activation is not None:
            errors = steepest * errors + 8 * u * np.maximum(1.0, np.abs(sums))
    return errors, margin


@pytest.mark.parametrize("batch", [1, 7])
@EVERY
def test_a_trained_network_gives_the_same_logits_in_onnxruntime(
    tmp_path: Path, activation: str | None, batch: int
) -> None:
    model, inputs = trained(activation), X[:batch]
    bound, margin = float32_errors(model, inputs)
    assert bound.max() < 1e-5
    assert margin > 0.0
    outputs = in_onnxruntime(exported(model, tmp_path), inputs.astype(np.float32))
    assert outputs.shape == (batch, 2)
    ours = predict(model, inputs, compiled=False)
    assert (np.abs(outputs - ours) <= bound).all()


@EVERY
def test_an_activation_is_onnxruntimes_over_its_whole_range(
    tmp_path: Path, activation: str | None
) -> None:
    numbers = np.concatenate([np.linspace(-45, 45, 901), [0.0, 1e-30, -1e-30]])
    numbers = numbers.astype(np.float32)[:, None]
    outputs = in_onnxruntime(exported(unit(activation), tmp_path), numbers)
    ours = predict(unit(activation), numbers)
    # Results are at most as large as the argument, or 1; gelu's 1 + erf(a / √2) is off
    # by u in its left tail, and is multiplied by a. Rational functions such as that of
    # tanh have some 5 roundings (measured: 4.6 u).
    error = np.abs(outputs - ours) / np.maximum(1.0, np.abs(numbers))
    assert error.max() <= 8 * 2.0**-24


@EVERY
def test_in_float64_an_onnx_file_keeps_every_digit(
    tmp_path: Path, activation: str | None
) -> None:
    reference = pytest.importorskip("onnx.reference")
    model = trained(activation)
    # onnx's own reference of Erf rounds to single precision.
    erf = lambda self, x: (np.vectorize(math.erf, otypes=[float])(x),)  # noqa: E731
    exact = type("Erf", (reference.op_run.OpRun,), {"op_domain": "", "_run": erf})
    path = exported(model, tmp_path, dtype=np.float64)
    evaluator = reference.ReferenceEvaluator(str(path), new_ops=[exact])
    (outputs,) = evaluator.run(None, {"inputs": X})
    assert outputs.dtype == np.float64
    # As in PyTorch.
    assert outputs == pytest.approx(predict(model, X), abs=1e-12)


DOUBLE = [None, "leaky_relu", "relu", "sigmoid", "step", "tanh"]


@pytest.mark.parametrize("activation", DOUBLE)
def test_onnxruntime_computes_in_float64_what_the_docstring_says(
    tmp_path: Path, activation: str | None
) -> None:
    model = trained(activation)
    outputs = in_onnxruntime(exported(model, tmp_path, dtype="float64"), X)
    # As in PyTorch.
    assert outputs == pytest.approx(predict(model, X), abs=1e-12)


MODELS: dict[str, tuple[Module, int]] = {
    "an MLP with one output": (MLP(2, [3, 1], "tanh", seed=0), 1),
    "an MLP of one layer": (MLP(2, [3], output_activation="sigmoid", seed=0), 3),
    "a layer": (Layer(2, 3, "silu", seed=0), 3),
    "a neuron": (Neuron(2, "gelu", seed=0), 1),
    "a subclass that computes the same": (Renamed(2, [3, 2], seed=0), 2),
}


@pytest.mark.parametrize("name", MODELS)
def test_layers_and_neurons_and_single_outputs_are_exported(
    tmp_path: Path, name: str
) -> None:
    model, n_outputs = MODELS[name]
    outputs = in_onnxruntime(exported(model, tmp_path), X.astype(np.float32))
    assert outputs.shape == (len(X), n_outputs)
    ours = predict(model, X).reshape(outputs.shape)
    # At most two layers of 3 inputs: half of what the three of the trained ones may be.
    assert outputs == pytest.approx(ours, abs=5e-6)


def test_a_perceptron_gives_the_same_answers_in_onnxruntime(tmp_path: Path) -> None:
    gate = Perceptron(2)
    corners, answers = data.logic_gate("and")
    gate.learn(corners.tolist(), answers.tolist())
    outputs = in_onnxruntime(exported(gate, tmp_path), corners.astype(np.float32))
    assert outputs[:, 0].tolist() == answers.tolist()


@pytest.mark.parametrize("dtype", ["float32", np.float64])
def test_the_file_says_what_goes_in_and_out(tmp_path: Path, dtype: Any) -> None:
    onnx = pytest.importorskip("onnx")
    model = MLP(2, [3, 1], "gelu", seed=0)
    written = onnx.load(exported(model, tmp_path, dtype=dtype))
    assert (written.ir_version, written.opset_import[0].version) == (7, 13)
    ends = [*written.graph.input, *written.graph.output]
    assert [(end.name, _shape(end)) for end in ends] == [
        ("inputs", ["batch", 2]),
        ("outputs", ["batch", 1]),
    ]
    tensors = {
        tensor.name: onnx.numpy_helper.to_array(tensor)
        for tensor in written.graph.initializer
    }
    assert {array.dtype for array in tensors.values()} == {np.dtype(dtype)}
    for name, array in model.state_dict().items():
        assert np.array_equal(tensors[name], array.astype(dtype))


def _shape(end: Any) -> list[str | int]:
    sizes = end.type.tensor_type.shape.dim
    return [size.dim_param or size.dim_value for size in sizes]


# --- files ---------------------------------------------------------------------------


def test_an_export_takes_the_place_and_permissions_of_a_file(tmp_path: Path) -> None:
    path, same = tmp_path / "model.onnx", tmp_path / "same file"
    path.write_bytes(b"before")
    path.chmod(0o640)
    same.hardlink_to(path)
    assert exported(MLP(2, [3, 1], seed=0), tmp_path) == path
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert same.read_bytes() == b"before"  # it was moved there, not written there
    assert {*tmp_path.iterdir()} == {path, same}


def test_a_failing_writer_leaves_the_file_whole(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    resource = pytest.importorskip("resource")
    path = tmp_path / "model.onnx"
    path.write_bytes(b"before")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))  # bytes, as on a full disk
    try:
        with pytest.raises(OSError, match="too large"):
            export_onnx(MLP(2, [3, 1], seed=0), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_path_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    with pytest.raises(IsADirectoryError, match=r"a folder\. Give the name of a file"):
        export_onnx(Neuron(2), tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere\. Make it first"):
        export_onnx(Neuron(2), tmp_path / "nowhere" / "model.onnx")


def test_a_weight_beyond_single_precision_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    model = MLP(2, [3, 1], seed=0)
    model.layers[1].neurons[0].weights[2].data = -1e39
    with pytest.raises(
        OverflowError, match=r"layers\.1\.weight .* 1e\+39.*dtype=float64"
    ):
        export_onnx(model, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())
    assert exported(model, tmp_path, dtype=np.float64).is_file()


@pytest.mark.parametrize("dtype", [np.float16, np.int64])
def test_other_types_of_number_are_refused(tmp_path: Path, dtype: Any) -> None:
    with pytest.raises(TypeError, match=f"float32 or float64, not {np.dtype(dtype)}"):
        export_onnx(Neuron(2), tmp_path / "model.onnx", dtype=dtype)


# --- what is no stack of dense layers ------------------------------------------------


def mixed() -> Layer:
    layer = Layer(2, 2, "relu")
    layer.neurons[1].activation = "tanh"
    return layer


OTHERS: dict[str, tuple[Callable[[], Any], str]] = {
    "a module with a network inside": (
        Net,
        r"MLP, a Layer, a Neuron or a Perceptron, and <.*Net .*Give the part of it",
    ),
    "a network with code of its own": (
        lambda: Doubled(2, [3, 1]),
        r"MLP\(2, \[3, 1\], .*has a __call__ of its own",
    ),
    "a Value": (lambda: Value(1.0), r"and Value\(data=1\.0"),
    "a function": (lambda: abs, "built-in function abs"),
    "neurons of different kinds": (mixed, r"activations \['relu', 'tanh'\]"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_stack_of_layers_is_refused(tmp_path: Path, name: str) -> None:
    make, message = OTHERS[name]
    with pytest.raises(TypeError, match=f"^export_onnx.*{message}"):
        export_onnx(make(), tmp_path / "model.onnx")
    with pytest.raises(TypeError, match=f"^to_torch.*{message}"):
        to_torch(make())


# --- optional packages ---------------------------------------------------------------


def test_a_missing_package_is_named_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'pip install "valuegrad\[onnx\]"'):
        export_onnx(Neuron(2), tmp_path / "model.onnx")
    for function in (to_torch, from_torch):
        with pytest.raises(ImportError, match='pip install "torch"'):
            function(Neuron(2))
    assert not list(tmp_path.iterdir())


def test_importing_nn_loads_none_of_them() -> None:
    script = "import sys, nn; print(*{'torch', 'onnx', 'safetensors'} & {*sys.modules})"
    command = [sys.executable, "-c", script]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == "\n"
