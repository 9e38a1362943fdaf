"""What an installation can do, away from its sources.

python -I tests/installed.py           # of a wheel: all extensions are in it
python -I tests/installed.py python    # from source, where no compiler was found
"""

import importlib.util
import math
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def extensions():
    """The names of the modules that setup.py compiles."""
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    return re.findall(r'Extension\(\s*"([\w.]+)"', text)


def check(backend):
    """Stop with an AssertionError unless everything is there and works."""
    import autograd
    import nn

    assert ROOT not in Path(autograd.__file__).parents, "this is the source"
    assert autograd.backend == backend, autograd.backend
    names = extensions() if backend == "native" else []
    found = [name for name in extensions() if importlib.util.find_spec(name)]
    assert found == names, found
    for name in names:
        importlib.import_module(name)

    x = autograd.Value(0.5)
    y = x * x.tanh()
    y.backward()
    expected = math.tanh(0.5) + 0.5 * (1 - math.tanh(0.5) ** 2)
    assert math.isclose(x.grad, expected, rel_tol=1e-14), x.grad

    model = nn.MLP(3, [4, 1], "tanh", seed=0)
    inputs = [autograd.Value(0.1 * i) for i in range(3)]
    loss = model(inputs) ** 2
    loss.backward()
    program = autograd.compile(loss, inputs, model.parameters())
    value, gradient = program.value_and_grad([[0.0, 0.1, 0.2]] * 40)
    assert math.isclose(value, loss.data, rel_tol=1e-12), value
    # Sums of 40 examples in another order, and of a few terms that may cancel.
    for found, parameter in zip(gradient, model.parameters(), strict=True):
        assert math.isclose(found, parameter.grad, rel_tol=1e-12, abs_tol=1e-15)
    print(f"{autograd.__file__} works, {backend}: {', '.join(names) or 'no extension'}")


if __name__ == "__main__":
    check(*sys.argv[1:] or ["native"])
