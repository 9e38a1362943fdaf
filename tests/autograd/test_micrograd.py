"""micrograd's own two engine tests, unchanged but for the import, and their numbers.

From https://github.com/karpathy/micrograd, test/test_engine.py (MIT licence). They
compare with PyTorch, which is one of two witnesses here; the numbers are the other.
"""

from __future__ import annotations

from typing import Any

import pytest

from autograd import Value


def sanity_check(x: Any, relu: Any) -> Any:
    z = 2 * x + 2 + x
    q = relu(z) + z * x
    h = relu(z * z)
    return h + q + q * x


def more_ops(a: Any, b: Any, relu: Any) -> Any:
    c = a + b
    d = a * b + b**3
    c = c + c + 1
    c = c + 1 + c + (-a)
    d = d + d * 2 + relu(b + a)
    d = d + 3 * d + relu(b - a)
    e = c - d
    f = e**2
    g = f / 2.0
    return g + 10.0 / f


def test_sanity_check_has_the_known_numbers() -> None:
    x = Value(-4.0)
    y = sanity_check(x, Value.relu)
    y.backward()
    # Whole numbers throughout: exact.
    assert (y.data, x.grad) == (-20.0, 46.0)


def test_more_ops_has_the_known_numbers() -> None:
    a, b = Value(-4.0), Value(2.0)
    g = more_ops(a, b, Value.relu)
    g.backward()
    assert round(g.data, 4) == 24.7041
    assert round(a.grad, 4) == 138.8338
    assert round(b.grad, 4) == 645.5773


def test_augmented_assignments_compute_the_same() -> None:
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    g.backward()
    assert round(g.data, 4) == 24.7041
    assert round(a.grad, 4) == 138.8338
    assert round(b.grad, 4) == 645.5773


@pytest.mark.parametrize(
    ("expression", "point"), [(sanity_check, (-4.0,)), (more_ops, (-4.0, 2.0))]
)
def test_expression_agrees_with_pytorch(
    expression: Any, point: tuple[float, ...]
) -> None:
    torch = pytest.importorskip("torch")
    leaves = [Value(x) for x in point]
    ours = expression(*leaves, Value.relu)
    ours.backward()
    tensors = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in point]
    theirs = expression(*tensors, torch.relu)
    theirs.backward()
    # Some thirty roundings, none of which cancels much: 1e-12 is micrograd's request.
    assert ours.data == pytest.approx(theirs.item(), rel=1e-12)
    expected = [float(tensor.grad) for tensor in tensors]
    assert [leaf.grad for leaf in leaves] == pytest.approx(expected, rel=1e-12)
