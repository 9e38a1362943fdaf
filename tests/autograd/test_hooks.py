"""A hook sees the gradient of its node once per sweep, and may replace it."""

from __future__ import annotations

import copy
import gc
import weakref

import pytest

from autograd import Value, compile, gradients


def test_a_hook_sees_the_complete_gradient_once() -> None:
    x = Value(3.0)
    y = x * x
    seen: list[float] = []
    y.register_hook(seen.append)
    (y * 2.0 + y).backward()
    assert seen == [3.0]
    assert x.grad == 18.0


def test_what_a_hook_returns_is_passed_on() -> None:
    x = Value(3.0)
    y = x * x
    y.register_hook(lambda gradient: max(-1.0, min(gradient, 1.0)))
    (y * 10.0).backward()
    assert (y.grad, x.grad) == (1.0, 6.0)


def test_a_hook_on_a_leaf_sees_the_gradient_of_its_sweep_alone() -> None:
    x = Value(3.0)
    seen: list[float] = []
    x.register_hook(seen.append)
    for _ in range(2):
        (x * 2.0).backward()
    assert seen == [2.0, 2.0]
    assert x.grad == 4.0


def test_hooks_run_in_the_order_of_their_registration() -> None:
    x = Value(1.0)
    x.register_hook(lambda gradient: gradient + 1.0)
    x.register_hook(lambda gradient: gradient * 10.0)
    (x * 1.0).backward()
    assert x.grad == 20.0


def test_a_removed_hook_is_not_called() -> None:
    x = Value(1.0)
    kept, removed = (x.register_hook(lambda g, k=k: g + k) for k in (1.0, 10.0))
    removed.remove()
    removed.remove()
    (x * 1.0).backward()
    assert x.grad == 2.0
    kept.remove()
    x.zero_grad()
    (x * 1.0).backward()
    assert x.grad == 1.0


def test_recorded_derivatives_go_through_hooks() -> None:
    x = Value(3.0)
    y = x * x
    y.register_hook(lambda gradient: gradient * 10.0)
    (slope,) = gradients(y * y, [x])
    # 2y, times 10 by the hook, times 2x.
    assert slope.data == 40 * 27.0
    (again,) = gradients(slope, [x])
    # By x it is 20y · 2, and through y, where the hook is met again, 20 · 2x · 10 · 2x.
    assert again.data == 40 * 9.0 + 800 * 9.0


@pytest.mark.parametrize("wrong", ["1", [1.0], 1j])
def test_a_hook_that_returns_no_number_is_refused_and_changes_no_leaf(
    wrong: object,
) -> None:
    x, z = Value(3.0), Value(1.0)
    y = x * x
    y.register_hook(lambda gradient: wrong)
    (z + 1.0).backward()
    with pytest.raises(TypeError, match="a hook: a real number"):
        (y + z).backward()
    assert (x.grad, z.grad) == (0.0, 1.0)


def test_a_hook_that_raises_changes_no_leaf() -> None:
    x = Value(3.0)
    x.register_hook(lambda gradient: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        (x * 2.0).backward()
    assert not x.has_grad


def test_a_hook_does_not_keep_its_graph_alive() -> None:
    class Seen(list[float]):
        pass

    seen = Seen()
    y = Value(3.0) * 2.0
    y.register_hook(seen.append)
    reference = weakref.ref(seen)
    del seen, y
    gc.collect()
    assert reference() is None


def test_a_copy_has_no_hook() -> None:
    x = Value(3.0)
    x.register_hook(lambda gradient: 100.0)
    twin = copy.deepcopy(x)
    (twin * 2.0).backward()
    assert twin.grad == 2.0


def test_a_value_with_a_hook_is_not_compiled() -> None:
    x = Value(3.0)
    handle = x.register_hook(lambda gradient: 100.0)
    with pytest.raises(ValueError, match=r"has a hook.*compiled=False"):
        compile(x * x, parameters=[x])
    handle.remove()
    assert compile(x * x, parameters=[x]).value_and_grad()[1].tolist() == [6.0]


def test_what_is_no_function_is_no_hook() -> None:
    with pytest.raises(TypeError, match="a function is needed, not 3"):
        Value(3.0).register_hook(3)  # type: ignore[arg-type]
