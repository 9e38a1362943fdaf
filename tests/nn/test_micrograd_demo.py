"""micrograd's demo, cell by cell as it stands there, and the same network in PyTorch.

Only the import lines differ, and where the points and the first weights come from, so
that every run is the same. The number of steps is the one thing changed in a cell.
"""

import functools
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value
from nn import MLP

STEPS = 15

MODEL_CELL = """
# initialize a model
model = MLP(2, [16, 16, 1]) # 2-layer neural network
print(model)
print("number of parameters", len(model.parameters()))
"""

LOSS_CELL = """
# loss function
def loss(batch_size=None):

    # inline DataLoader :)
    if batch_size is None:
        Xb, yb = X, y
    else:
        ri = np.random.permutation(X.shape[0])[:batch_size]
        Xb, yb = X[ri], y[ri]
    inputs = [list(map(Value, xrow)) for xrow in Xb]

    # forward the model to get scores
    scores = list(map(model, inputs))

    # svm "max-margin" loss
    losses = [(1 + -yi*scorei).relu() for yi, scorei in zip(yb, scores)]
    data_loss = sum(losses) * (1.0 / len(losses))
    # L2 regularization
    alpha = 1e-4
    reg_loss = alpha * sum((p*p for p in model.parameters()))
    total_loss = data_loss + reg_loss

    # also get accuracy
    accuracy = [(yi > 0) == (scorei.data > 0) for yi, scorei in zip(yb, scores)]
    return total_loss, sum(accuracy) / len(accuracy)

total_loss, acc = loss()
print(total_loss, acc)
"""

OPTIMIZATION_CELL = """
# optimization
for k in range(100):

    # forward
    total_loss, acc = loss()

    # backward
    model.zero_grad()
    total_loss.backward()

    # update (sgd)
    learning_rate = 1.0 - 0.9*k/100
    for p in model.parameters():
        p.data -= learning_rate * p.grad

    if k % 1 == 0:
        print(f"step {k} loss {total_loss.data}, accuracy {acc*100}%")
"""

BOUNDARY_CELL = """
# visualize decision boundary

h = 0.25
x_min, x_max = X[:, 0].min() - 1, X[:, 0].max() + 1
y_min, y_max = X[:, 1].min() - 1, X[:, 1].max() + 1
xx, yy = np.meshgrid(np.arange(x_min, x_max, h),
                     np.arange(y_min, y_max, h))
Xmesh = np.c_[xx.ravel(), yy.ravel()]
inputs = [list(map(Value, xrow)) for xrow in Xmesh]
scores = list(map(model, inputs))
Z = np.array([s.data > 0 for s in scores])
Z = Z.reshape(xx.shape)
"""


@dataclass
class Demo:
    """What is left after the demo has run."""

    names: dict[str, Any]
    start: dict[str, Any]
    printed: str

    @property
    def losses(self) -> list[float]:
        """The loss at each step, as printed: Python prints every digit of a float."""
        return [
            float(x) for x in re.findall(r"^step \d+ loss (\S+),", self.printed, re.M)
        ]


@pytest.fixture(scope="module")
def demo() -> Demo:
    X, y = nn.data.moons(n=100, noise=0.1, seed=1337)
    y = y * 2 - 1  # make y be -1 or 1
    printed: list[str] = []
    names: dict[str, Any] = {
        "np": np,
        "Value": Value,
        "MLP": functools.partial(MLP, seed=1337),
        "X": X,
        "y": y,
        "print": lambda *things: printed.append(" ".join(map(str, things))),
    }
    exec(MODEL_CELL, names)
    start = names["model"].state_dict()
    exec(LOSS_CELL, names)
    exec(OPTIMIZATION_CELL.replace("range(100)", f"range({STEPS})"), names)
    return Demo(names, start, "\n".join(printed))


def test_the_demo_prints_what_it_prints_in_micrograd(demo: Demo) -> None:
    lines = demo.printed.splitlines()
    assert lines[0].startswith("MLP")
    assert lines[1] == "number of parameters 337"
    assert re.fullmatch(r"Value\(data=\d\.\d+, grad=0\.0\) 0\.\d+", lines[2])
    assert re.fullmatch(r"step 0 loss \d\.\d+, accuracy \d+\.\d+%", lines[3])
    assert len(lines) == 3 + STEPS


def test_the_demos_loss_falls(demo: Demo) -> None:
    assert len(demo.losses) == STEPS
    # The first steps are long ones, and one of them may lead up: ends are compared.
    assert demo.losses[-1] < 0.5 * demo.losses[0]
    assert demo.names["acc"] > 0.8


def test_the_demo_learns_from_batches_too(demo: Demo) -> None:
    total_loss, accuracy = demo.names["loss"](batch_size=10)
    assert isinstance(total_loss, Value)
    assert total_loss.data > 0
    assert 0 <= accuracy <= 1


def test_the_demos_plane_has_both_classes(demo: Demo) -> None:
    exec(BOUNDARY_CELL, demo.names)
    assert demo.names["Z"].shape == demo.names["xx"].shape
    assert 0.1 < demo.names["Z"].mean() < 0.9


def test_the_demo_without_a_seed_starts_elsewhere_each_time() -> None:
    names: dict[str, Any] = {"MLP": MLP, "print": lambda *things: None}
    exec(MODEL_CELL, names)
    first = names["model"]
    exec(MODEL_CELL, names)
    assert first.parameters()[0].data != names["model"].parameters()[0].data


def test_the_demo_is_the_same_network_in_pytorch(demo: Demo) -> None:
    torch = pytest.importorskip("torch")
    layers = [torch.nn.Linear(n, m).double() for n, m in [(2, 16), (16, 16), (16, 1)]]
    parameters = [p for layer in layers for p in (layer.weight, layer.bias)]
    with torch.no_grad():
        for parameter, start in zip(parameters, demo.start.values(), strict=True):
            parameter.copy_(torch.from_numpy(start))
    X, y = torch.from_numpy(demo.names["X"]), torch.from_numpy(demo.names["y"])

    losses, distances = [], []
    for k in range(STEPS):
        bends = [layers[0](X)]
        bends.append(layers[1](bends[0].relu()))
        scores = layers[2](bends[1].relu())[:, 0]
        bends.append(1 - y * scores)
        penalty = 1e-4 * sum((p * p).sum() for p in parameters)
        loss = bends[2].relu().mean() + penalty
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter -= (1.0 - 0.9 * k / 100) * gradient
        losses.append(loss.item())
        distances.append(min(bend.abs().min().item() for bend in bends))

    # Both compute the same sums, of at most 100 terms, in another order: 100 · 2^-53
    # = 1e-14 relative to the largest term in a step, carried on through 15 steps that
    # neither shrink nor blow it up (measured: 4e-16). A relu whose argument rounds to
    # the other side of 0 would break that, so none may come near (measured: 2e-6):
    assert min(distances) > 1e-8
    assert demo.losses == pytest.approx(losses, rel=1e-12, abs=0)
    largest = max(p.abs().max().item() for p in parameters)
    for (name, ours), theirs in zip(
        demo.names["model"].state_dict().items(), parameters, strict=True
    ):
        difference = np.abs(ours - theirs.detach().numpy()).max()
        assert difference < 1e-12 * largest, name
