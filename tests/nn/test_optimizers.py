"""The optimisers against their papers, written out anew, and against PyTorch."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from autograd import Value
from nn import SGD, Adam, Optimizer

START = (-1.2, 1.0, 0.5)
STEPS = 100

# Both sides compute the same few products and sums a step in another order or form,
# 1e-16 relative in each of 100 steps, which go down a valley and so do not blow a
# difference up by more than some 100. Measured: 5e-14, but 7e-13 for Adam where both β
# are 0: our v + (1 - β)(g² - v) rounds by the v before, the other form by the new one.
TOLERANCE = 1e-12


def valley(x: Any, y: Any, z: Any) -> Any:
    """Rosenbrock's curved valley, with a third coordinate that is coupled to it."""
    return (1 - x) ** 2 + 10 * (y - x * x) ** 2 + (z - x * y) ** 2


def slope(x: float, y: float, z: float) -> tuple[float, float, float]:
    """The gradient of `valley`, by hand."""
    return (
        -2 * (1 - x) - 40 * x * (y - x * x) - 2 * y * (z - x * y),
        20 * (y - x * x) - 2 * x * (z - x * y),
        2 * (z - x * y),
    )


def path_of(make: Callable[[list[Value]], Optimizer]) -> list[list[float]]:
    """Where our optimiser goes: the parameters after each step."""
    parameters = [Value(number) for number in START]
    optimizer = make(parameters)
    path = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        valley(*parameters).backward()
        optimizer.step()
        path.append([parameter.data for parameter in parameters])
    return path


def path_in_torch(name: str, **settings: Any) -> list[list[float]]:
    torch = pytest.importorskip("torch")
    parameters = [
        torch.tensor(number, dtype=torch.float64, requires_grad=True)
        for number in START
    ]
    optimizer = getattr(torch.optim, name)(parameters, **settings)
    path = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        valley(*parameters).backward()
        optimizer.step()
        path.append([parameter.item() for parameter in parameters])
    return path


def sgd_of_the_paper(learning_rate: float, momentum: float) -> list[list[float]]:
    """v ← μ v + g, w ← w - η v, one coordinate at a time."""
    w, v, path = list(START), [0.0] * 3, []
    for _ in range(STEPS):
        g = slope(*w)
        for i in range(3):
            v[i] = momentum * v[i] + g[i]
            w[i] = w[i] - learning_rate * v[i]
        path.append(list(w))
    return path


def adam_of_the_paper(
    alpha: float, beta1: float, beta2: float, epsilon: float
) -> list[list[float]]:
    """Algorithm 1 of Kingma & Ba (2015), line by line, one coordinate at a time."""
    theta, m, v, path = list(START), [0.0] * 3, [0.0] * 3, []
    for t in range(1, STEPS + 1):
        g = slope(*theta)
        for i in range(3):
            m[i] = beta1 * m[i] + (1 - beta1) * g[i]
            v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2
            m_hat = m[i] / (1 - beta1**t)
            v_hat = v[i] / (1 - beta2**t)
            theta[i] = theta[i] - alpha * m_hat / (math.sqrt(v_hat) + epsilon)
        path.append(list(theta))
    return path


def assert_same_path(ours: list[list[float]], theirs: list[list[float]]) -> None:
    assert np.ptp(theirs, axis=0).min() > 0.01, "nothing moves: nothing is tested"
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


MOMENTA = [0.0, 0.5, 0.9]
ADAMS = [(0.001, 0.9, 0.999, 1e-8), (0.05, 0.8, 0.99, 1e-3), (0.1, 0.0, 0.0, 1.0)]


@pytest.mark.parametrize("momentum", MOMENTA)
def test_sgd_is_that_of_the_paper(momentum: float) -> None:
    ours = path_of(lambda w: SGD(w, learning_rate=0.002, momentum=momentum))
    assert_same_path(ours, sgd_of_the_paper(0.002, momentum))


@pytest.mark.parametrize("momentum", MOMENTA)
def test_sgd_is_that_of_pytorch(momentum: float) -> None:
    ours = path_of(lambda w: SGD(w, learning_rate=0.002, momentum=momentum))
    assert_same_path(ours, path_in_torch("SGD", lr=0.002, momentum=momentum))


@pytest.mark.parametrize(("alpha", "beta1", "beta2", "epsilon"), ADAMS)
def test_adam_is_that_of_the_paper(
    alpha: float, beta1: float, beta2: float, epsilon: float
) -> None:
    ours = path_of(lambda w: Adam(w, alpha, betas=(beta1, beta2), epsilon=epsilon))
    assert_same_path(ours, adam_of_the_paper(alpha, beta1, beta2, epsilon))


@pytest.mark.parametrize(("alpha", "beta1", "beta2", "epsilon"), ADAMS)
def test_adam_is_that_of_pytorch(
    alpha: float, beta1: float, beta2: float, epsilon: float
) -> None:
    ours = path_of(lambda w: Adam(w, alpha, betas=(beta1, beta2), epsilon=epsilon))
    settings = {"lr": alpha, "betas": (beta1, beta2), "eps": epsilon}
    assert_same_path(ours, path_in_torch("Adam", **settings))


def test_the_defaults_are_those_of_the_papers() -> None:
    w = [Value(1.0)]
    assert (SGD(w).learning_rate, SGD(w).momentum) == (0.01, 0.0)
    adam = Adam(w)
    assert (adam.learning_rate, adam.betas, adam.epsilon) == (0.001, (0.9, 0.999), 1e-8)


def test_adams_first_step_is_the_learning_rate_for_any_gradient() -> None:
    for gradient in (1e-3, 1.0, 1e6):
        w = Value(0.0)
        w.grad = gradient
        Adam([w], learning_rate=0.1).step()
        # m̂ / (√v̂ + ε) is g / (|g| + ε): 1 but for ε/|g| = 1e-5 at the most.
        assert w.data == pytest.approx(-0.1, rel=1.1e-5)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_learning_rate_changed_between_steps_is_used(kind: type[Optimizer]) -> None:
    w = Value(1.0)
    optimizer = kind([w], learning_rate=0.1)
    w.grad = 1.0
    optimizer.learning_rate = 0.0
    optimizer.step()
    assert w.data == 1.0
    optimizer.learning_rate = 0.5
    optimizer.step()
    assert w.data == pytest.approx(0.5, rel=1e-7)  # Adam's ε is 1e-8


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_a_parameter_without_a_gradient_stays(kind: type[Optimizer]) -> None:
    still, moved = Value(1.5), Value(2.5)
    optimizer = kind([still, moved], learning_rate=0.1)
    (moved * moved).backward()
    optimizer.step()
    assert still.data == 1.5
    assert moved.data < 2.5


def test_zero_grad_forgets_every_gradient() -> None:
    w, x = Value(1.0), Value(2.0)
    optimizer = SGD(iter([w, x]))
    (w * x).backward()
    optimizer.zero_grad()
    assert (w.grad, x.grad) == (0.0, 0.0)
    assert not w.has_grad


def test_step_leaves_data_a_float() -> None:
    for kind in (SGD, Adam):
        w = Value(1.0)
        w.grad = 1.0
        kind([w], learning_rate=0.1).step()
        assert type(w.data) is float


def test_a_subclass_needs_nothing_but_update() -> None:
    class SignDescent(Optimizer):
        def update(self, parameters: Any, gradient: Any) -> None:
            parameters -= self.learning_rate * np.sign(gradient)

    w = Value(1.0)
    optimizer = SignDescent([w], 0.25)
    w.grad = 17.0
    optimizer.step()
    assert w.data == 0.75


# --- refusals ------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("learning_rate", [-0.1, math.nan, math.inf])
def test_a_bad_learning_rate_is_refused(
    kind: type[Optimizer], learning_rate: float
) -> None:
    with pytest.raises(ValueError, match=f"learning_rate .*{learning_rate}"):
        kind([Value(1.0)], learning_rate=learning_rate)


@pytest.mark.parametrize("momentum", [-0.1, 1.0, math.nan])
def test_a_bad_momentum_is_refused(momentum: float) -> None:
    with pytest.raises(ValueError, match=f"momentum .*{momentum}"):
        SGD([Value(1.0)], momentum=momentum)


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"betas": (1.0, 0.9)}, r"betas\[0\] .*1\.0"),
        ({"betas": (-0.1, 0.9)}, r"betas\[0\] .*-0\.1"),
        ({"betas": (0.9, 1.0)}, r"betas\[1\] .*1\.0"),
        ({"betas": (0.9, math.nan)}, r"betas\[1\] .*nan"),
        ({"epsilon": -1e-8}, "epsilon .*-1e-08"),
        ({"epsilon": 0.0}, r"epsilon .*0\.0"),
        ({"epsilon": math.inf}, "epsilon .*inf"),
    ],
)
def test_bad_settings_of_adam_are_refused(settings: dict[str, Any], name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Adam([Value(1.0)], **settings)


@pytest.mark.parametrize("betas", [(0.9,), (0.9, 0.99, 0.999)])
def test_adam_takes_two_betas(betas: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any words will do
        Adam([Value(1.0)], betas=betas)


@pytest.mark.parametrize("kind", [SGD, Adam])
def test_no_parameters_are_refused(kind: type[Optimizer]) -> None:
    with pytest.raises(ValueError, match=r"needs parameters: model\.parameters\(\)"):
        kind([])


@pytest.mark.parametrize("kind", [SGD, Adam])
@pytest.mark.parametrize("things", [[1.0], [Value(1.0), "w"]])
def test_parameters_that_are_no_values_are_refused(
    kind: type[Optimizer], things: Any
) -> None:
    with pytest.raises(TypeError, match=r"Values: model\.parameters\(\)"):
        kind(things)


OVERFLOWS: list[tuple[Callable[[Sequence[Value]], Optimizer], float]] = [
    (lambda w: SGD(w, learning_rate=1.0), -1e308),  # w - g
    (lambda w: SGD(w, learning_rate=1e10, momentum=0.5), 1e300),  # η v
    (lambda w: Adam(w, learning_rate=0.1), 1e200),  # g²
    (lambda w: Adam(w, learning_rate=1e308), -1.0),  # w + η
]


@pytest.mark.parametrize(("make", "gradient"), OVERFLOWS)
def test_an_overflow_is_refused_and_nothing_has_changed(
    make: Callable[[Sequence[Value]], Optimizer], gradient: float
) -> None:
    parameters = [Value(1.0), Value(1.7e308)]
    optimizer = make(parameters)
    parameters[0].grad, parameters[1].grad = 1.0, gradient
    with pytest.raises(
        OverflowError, match=r"learning_rate .*No parameter was changed"
    ):
        optimizer.step()
    assert [p.data for p in parameters] == [1.0, 1.7e308]
    assert [p.grad for p in parameters] == [1.0, gradient]


@pytest.mark.parametrize(("make", "gradient"), OVERFLOWS)
def test_after_an_overflow_training_goes_on_as_if_it_had_not_been(
    make: Callable[[Sequence[Value]], Optimizer], gradient: float
) -> None:
    moved = []
    for overflow in (False, True):
        parameters = [Value(1.0), Value(1.7e308)]
        optimizer = make(parameters)
        optimizer.learning_rate = min(optimizer.learning_rate, 0.1)
        for number in (0.5, -0.25):
            if overflow:
                rate, optimizer.learning_rate = optimizer.learning_rate, 1e308
                parameters[0].grad, parameters[1].grad = 1e200, gradient
                with pytest.raises(OverflowError):
                    optimizer.step()
                optimizer.learning_rate = rate
            for parameter in parameters:
                parameter.grad = number
            optimizer.step()
        moved.append([p.data for p in parameters])
    assert moved[0] == moved[1]
