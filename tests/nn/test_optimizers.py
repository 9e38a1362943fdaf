"""The optimizers against their papers, written out anew, and against PyTorch."""

import json
import math
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value
from nn import MLP
from nn.optimizers import (
    OPTIMIZERS,
    SGD,
    Adagrad,
    Adam,
    AdamW,
    Optimizer,
    RMSprop,
    optimizer_from,
)
from nn.schedules import Constant, Cosine, Exponential, OneCycle, Schedule, WarmUp

START = (-1.2, 1.0, 0.5)
STEPS = 100

# Both sides compute the same few products and sums a step in another order or form,
# 1e-16 relative in each of 100 steps: 1e-15 down a valley, and up to 7e-13 measured
# where RMSprop or Adam leaps from one side of it to the other, which blows a difference
# up by some 1000.
TOLERANCE = 1e-11

every_kind = pytest.mark.parametrize("kind", OPTIMIZERS)


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
    """Where our optimizer goes: the parameters after each step."""
    parameters = [Value(number) for number in START]
    optimizer = make(parameters)
    path = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        valley(*parameters).backward()
        optimizer.step()
        path.append([parameter.data for parameter in parameters])
    return path


# --- the papers, one coordinate at a time --------------------------------------------

Path = Iterator[list[float]]


def polyak(rate: float, momentum: float = 0.0, decay: float = 0.0) -> Path:
    """v ← μ v + g, w ← w - η v, where g is that of f(w) + decay / 2 · w²."""
    w, v = list(START), [0.0] * 3
    while True:
        g = slope(*w)
        for i in range(3):
            v[i] = momentum * v[i] + g[i] + decay * w[i]
            w[i] = w[i] - rate * v[i]
        yield list(w)


def nesterov(rate: float, momentum: float) -> Path:
    """Sutskever et al. (2013), eqs. 3 and 4: v ← μ v - η ∇f(θ + μ v), θ ← θ + v.

    The place where the gradient is taken, θ + μ v, is what is followed.
    """
    theta, v = list(START), [0.0] * 3
    while True:
        g = slope(*[theta[i] + momentum * v[i] for i in range(3)])
        for i in range(3):
            v[i] = momentum * v[i] - rate * g[i]
            theta[i] = theta[i] + v[i]
        yield [theta[i] + momentum * v[i] for i in range(3)]


def tieleman(
    rate: float, smoothing: float, epsilon: float, momentum: float = 0.0
) -> Path:
    """MeanSquare(w, t) = 0.9 MeanSquare(w, t-1) + 0.1 (∂E/∂w)², of lecture 6.5."""
    w, square, v = list(START), [0.0] * 3, [0.0] * 3
    while True:
        g = slope(*w)
        for i in range(3):
            square[i] = smoothing * square[i] + (1 - smoothing) * g[i] ** 2
            v[i] = momentum * v[i] + g[i] / (math.sqrt(square[i]) + epsilon)
            w[i] = w[i] - rate * v[i]
        yield list(w)


def duchi(rate: float, epsilon: float) -> Path:
    """Duchi, Hazan & Singer (2011), eq. 1: x ← x - η diag(G)^(-1/2) g, G = Σ g gᵀ."""
    x, past = list(START), []
    while True:
        past.append(slope(*x))
        for i in range(3):
            size = math.sqrt(math.fsum(g[i] ** 2 for g in past)) + epsilon
            x[i] = x[i] - rate * past[-1][i] / size
        yield list(x)


def kingma(
    alpha: float, beta1: float, beta2: float, epsilon: float, decay: float = 0.0
) -> Path:
    """Algorithm 1 of Kingma & Ba (2015), line by line.

    With a decay it is algorithm 2 of Loshchilov & Hutter (2019), lines 6 to 12, green.
    """
    theta, m, v, t = list(START), [0.0] * 3, [0.0] * 3, 0
    while True:
        t += 1
        g = slope(*theta)
        for i in range(3):
            m[i] = beta1 * m[i] + (1 - beta1) * g[i]
            v[i] = beta2 * v[i] + (1 - beta2) * g[i] ** 2
            m_hat = m[i] / (1 - beta1**t)
            v_hat = v[i] / (1 - beta2**t)
            step = alpha * m_hat / (math.sqrt(v_hat) + epsilon)
            theta[i] = theta[i] - (step + decay * theta[i])
        yield list(theta)


ADAMS = [(0.001, 0.9, 0.999, 1e-8), (0.05, 0.8, 0.99, 1e-3), (0.1, 0.0, 0.0, 1.0)]

PAPERS: list[tuple[Callable[[list[Value]], Optimizer], Path]] = [
    (lambda w: SGD(w, 0.002), polyak(0.002)),
    (lambda w: SGD(w, 0.002, momentum=0.5), polyak(0.002, 0.5)),
    (lambda w: SGD(w, 0.002, momentum=0.9), polyak(0.002, 0.9)),
    (lambda w: SGD(w, 0.002, 0.9, weight_decay=0.5), polyak(0.002, 0.9, decay=0.5)),
    (lambda w: SGD(w, 0.002, 0.9, nesterov=True), nesterov(0.002, 0.9)),
    (lambda w: RMSprop(w, 0.01), tieleman(0.01, 0.99, 1e-8)),
    (lambda w: RMSprop(w, 0.02, 0.9, 1e-3), tieleman(0.02, 0.9, 1e-3)),
    (lambda w: RMSprop(w, 0.01, momentum=0.5), tieleman(0.01, 0.99, 1e-8, 0.5)),
    (lambda w: Adagrad(w, 0.01), duchi(0.01, 1e-10)),
    (lambda w: Adagrad(w, 0.1, epsilon=0.01), duchi(0.1, 0.01)),
    *(
        (lambda w, a=alpha, b=betas, e=epsilon: Adam(w, a, b, e), paper)
        for alpha, *betas, epsilon in ADAMS
        for paper in [kingma(alpha, *betas, epsilon)]
    ),
    *(
        (lambda w, a=alpha, b=betas, e=epsilon: AdamW(w, a, b, e, weight_decay=0.3), p)
        for alpha, *betas, epsilon in ADAMS[:2]
        for p in [kingma(alpha, *betas, epsilon, decay=0.3 * alpha)]
    ),
]


@pytest.mark.parametrize(("make", "paper"), PAPERS)
def test_an_optimizer_is_that_of_its_paper(
    make: Callable[[list[Value]], Optimizer], paper: Path
) -> None:
    theirs = list(islice(paper, STEPS))
    assert np.ptp(theirs, axis=0).min() > 0.01, "nothing moves: nothing is tested"
    np.testing.assert_allclose(path_of(make), theirs, rtol=TOLERANCE, atol=TOLERANCE)


# --- PyTorch -------------------------------------------------------------------------

POINTS = ([0.5, -1.0], [1.5, 0.25], [-0.75, 2.0], [0.125, 0.5], [-1.0, -0.625])
TARGETS = (0.5, -1.0, 0.75, 0.0, 1.0)

TORCHS_NAMES = {"learning_rate": "lr", "epsilon": "eps", "smoothing": "alpha"}

OPTIONS: list[tuple[type[Optimizer], dict[str, Any]]] = [
    *((kind, {}) for kind in OPTIMIZERS),
    (SGD, {"learning_rate": 0.05, "momentum": 0.9}),
    (SGD, {"learning_rate": 0.05, "momentum": 0.9, "nesterov": True}),
    (SGD, {"learning_rate": 0.05, "weight_decay": 0.1}),
    (
        SGD,
        {"learning_rate": 0.05, "momentum": 0.8, "nesterov": True, "weight_decay": 0.1},
    ),
    (RMSprop, {"learning_rate": 0.003, "smoothing": 0.9, "epsilon": 1e-4}),
    (RMSprop, {"learning_rate": 0.003, "momentum": 0.5, "weight_decay": 0.1}),
    (Adagrad, {"learning_rate": 0.1, "epsilon": 1e-3, "weight_decay": 0.1}),
    (Adam, {"learning_rate": 0.01, "betas": (0.8, 0.99), "epsilon": 1e-4}),
    (Adam, {"learning_rate": 0.01, "weight_decay": 0.1}),
    (AdamW, {"learning_rate": 0.01, "betas": (0.8, 0.99), "epsilon": 1e-4}),
    (AdamW, {"learning_rate": 0.01, "weight_decay": 0.3}),
]


def network() -> MLP:
    return MLP(2, [4, 1], activation="tanh", seed=3)


def training(kind: type[Optimizer], settings: dict[str, Any]) -> list[list[float]]:
    """The weights after each step on the mean squared error, by our engine."""
    model = network()
    optimizer = kind(model.parameters(), **settings)
    path = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        for point, target in zip(POINTS, TARGETS, strict=True):
            ((model(point) - target) ** 2 / len(POINTS)).backward()
        optimizer.step()
        path.append([parameter.data for parameter in model.parameters()])
    return path


def training_in_torch(
    kind: type[Optimizer], settings: dict[str, Any]
) -> list[list[float]]:
    """The same by PyTorch alone: its network, its gradients, its optimizer."""
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(
        torch.nn.Linear(2, 4), torch.nn.Tanh(), torch.nn.Linear(4, 1)
    ).double()
    with torch.no_grad():
        for array, start in zip(
            model.parameters(), network().state_dict().values(), strict=True
        ):
            array.copy_(torch.tensor(start))
    optimizer = getattr(torch.optim, kind.__name__)(
        model.parameters(),
        **{TORCHS_NAMES.get(name, name): given for name, given in settings.items()},
    )
    X, y = torch.tensor(POINTS).double(), torch.tensor(TARGETS).double()
    path = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        ((model(X)[:, 0] - y) ** 2).mean().backward()
        optimizer.step()
        flat = torch.cat([array.detach().flatten() for array in model.parameters()])
        path.append(flat.tolist())
    return path


@pytest.mark.parametrize(("kind", "settings"), OPTIONS)
def test_an_optimizer_is_that_of_pytorch(
    kind: type[Optimizer], settings: dict[str, Any]
) -> None:
    ours, theirs = training(kind, settings), training_in_torch(kind, settings)
    assert np.ptp(theirs, axis=0).max() > 0.01, "nothing moves: nothing is tested"
    # 1e-15 for rounding, as above, and 4e-13 where RMSprop's steps leap.
    np.testing.assert_allclose(ours, theirs, rtol=0.0, atol=1e-10)


@pytest.mark.parametrize("clip_norm", [0.01, 1.0, 4.9, 5.1, 100.0])
def test_clip_norm_is_clip_grad_norm_but_for_its_millionth(clip_norm: float) -> None:
    torch = pytest.importorskip("torch")
    parameter = torch.zeros(2, dtype=torch.float64)
    parameter.grad = torch.tensor([3.0, -4.0], dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_([parameter], clip_norm).item()
    theirs = parameter.grad.numpy()
    if clip_norm < norm:
        theirs = theirs * (norm + 1e-6) / norm  # PyTorch divides by norm + 1e-6
    optimizer = seen_by(clip_norm=clip_norm, gradient=[3.0, -4.0])
    assert optimizer.gradient_norm == norm == 5.0
    np.testing.assert_allclose(optimizer.seen, theirs, rtol=1e-14)


def test_the_defaults_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    for kind in OPTIMIZERS:
        theirs = getattr(torch.optim, kind.__name__)([torch.zeros(1)]).defaults
        ours = kind([Value(1.0)]).settings()
        for name in ours.keys() - {"name", "clip_norm", "clip_value"}:
            default = theirs[TORCHS_NAMES.get(name, name)]
            assert ours[name] == (
                list(default) if isinstance(default, tuple) else default
            )


# --- steps ---------------------------------------------------------------------------


def one(kind: type[Optimizer], gradient: float = 1.0, **settings: Any) -> Optimizer:
    """An optimizer of one parameter, at 1, whose gradient is given."""
    w = Value(1.0)
    w.grad = gradient
    return kind([w], **settings)


def test_adams_first_step_is_the_learning_rate_for_any_gradient() -> None:
    for gradient in (1e-3, 1.0, 1e6):
        adam = one(Adam, gradient, learning_rate=0.1)
        adam.step()
        # m̂ / (√v̂ + ε) is g / (|g| + ε): 1 but for ε/|g| = 1e-5 at the most.
        assert adam.parameters[0].data - 1.0 == pytest.approx(-0.1, rel=1.1e-5)


@every_kind
def test_a_learning_rate_changed_between_steps_is_used(kind: type[Optimizer]) -> None:
    optimizer = one(kind, learning_rate=0.1, weight_decay=0.0)
    w = optimizer.parameters[0]
    optimizer.learning_rate = 0.0
    optimizer.step()
    assert w.data == 1.0
    moved = []
    for rate in (0.5, 0.25):
        again = optimizer_from(optimizer.settings(), [w])
        again.load_state_dict(optimizer.state_dict())
        again.learning_rate = rate
        w.data, w.grad = 1.0, 1.0
        again.step()
        moved.append(1.0 - w.data)
    # 1 - w rounds by 1e-16, and w is 0.5 or more away from 1.
    assert moved[0] == pytest.approx(2.0 * moved[1], rel=1e-14)
    assert moved[0] > 0.1


@every_kind
def test_a_schedule_gives_each_step_its_rate(kind: type[Optimizer]) -> None:
    schedule = WarmUp(Cosine(0.1, steps=8), steps=3)
    scheduled = one(kind, learning_rate=schedule)
    by_hand = one(kind)
    for step in range(10):
        assert scheduled.steps == step
        assert scheduled.learning_rate == schedule(step)
        by_hand.learning_rate = schedule(step)
        for optimizer in (scheduled, by_hand):
            optimizer.parameters[0].grad = math.sin(step)
            optimizer.step()
        assert scheduled.parameters[0].data == by_hand.parameters[0].data


@every_kind
def test_a_constant_schedule_is_its_rate(kind: type[Optimizer]) -> None:
    paths = [path_of(lambda w, r=r: kind(w, r)) for r in (0.01, Constant(0.01))]
    assert paths[0] == paths[1]


def test_a_schedule_can_be_assigned_and_starts_at_the_steps_taken() -> None:
    sgd = one(SGD, learning_rate=0.5)
    sgd.step()
    sgd.learning_rate = Exponential(1.0, 0.5)
    assert sgd.learning_rate == 0.5
    sgd.step()
    assert sgd.learning_rate == 0.25
    assert sgd.parameters[0].data == 0.0


@every_kind
def test_a_parameter_without_a_gradient_stays(kind: type[Optimizer]) -> None:
    still, moved = Value(1.5), Value(2.5)
    optimizer = kind([still, moved], learning_rate=0.1, weight_decay=0.0)
    (moved * moved).backward()
    optimizer.step()
    assert still.data == 1.5
    assert moved.data < 2.5


def test_decoupled_decay_shrinks_a_parameter_without_a_gradient() -> None:
    adamw = one(AdamW, 0.0, learning_rate=0.5, weight_decay=0.25)
    adamw.step()
    assert adamw.parameters[0].data == 0.875


def test_zero_grad_forgets_every_gradient() -> None:
    w, x = Value(1.0), Value(2.0)
    optimizer = SGD(iter([w, x]))
    (w * x).backward()
    optimizer.zero_grad()
    assert (w.grad, x.grad) == (0.0, 0.0)
    assert not w.has_grad


@every_kind
def test_step_leaves_data_a_float(kind: type[Optimizer]) -> None:
    optimizer = one(kind, learning_rate=0.1)
    optimizer.step()
    assert type(optimizer.parameters[0].data) is float


def test_a_subclass_needs_nothing_but_update() -> None:
    class SignDescent(Optimizer):
        def update(self, parameters: Any, gradient: Any) -> None:
            parameters -= self.learning_rate * np.sign(gradient)

    optimizer = one(SignDescent, 17.0, learning_rate=0.25)
    optimizer.step()
    assert optimizer.parameters[0].data == 0.75
    assert optimizer.settings()["learning_rate"] == 0.25
    assert optimizer.state_dict() == {"steps": 1}


@every_kind
def test_single_precision_parameters_move_as_double_ones_do(
    kind: type[Optimizer],
) -> None:
    vectors = [np.array([1.0, -2.0], dtype) for dtype in (np.float32, np.float64)]
    for vector in vectors:
        optimizer = kind([Value(0.0), Value(0.0)], learning_rate=0.1)
        for _ in range(10):
            optimizer.apply(vector, (2.0 * vector).astype(vector.dtype))
    assert [vector.dtype for vector in vectors] == [np.float32, np.float64]
    assert np.abs(vectors[1] - [1.0, -2.0]).min() > 0.1
    # Ten steps, each rounded to single precision, 6e-8 of some 2.
    np.testing.assert_allclose(*vectors, atol=2e-6)


ARRAYS = 13_002


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        *((kind, {}) for kind in OPTIMIZERS),
        (SGD, {"momentum": 0.9, "nesterov": True}),
        (RMSprop, {"momentum": 0.9}),
        (Adam, {"weight_decay": 0.1, "clip_norm": 0.5, "clip_value": 0.01}),
    ],
)
def test_a_step_allocates_no_array(
    kind: type[Optimizer], settings: dict[str, Any]
) -> None:
    rng = np.random.default_rng(0)
    vector, gradient = rng.normal(size=(2, ARRAYS))
    optimizer = kind([Value(0.0) for _ in range(ARRAYS)], **settings)
    optimizer.apply(vector, gradient)
    tracemalloc.start()
    try:
        for _ in range(3):
            optimizer.apply(vector, gradient)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < ARRAYS  # bytes: an array of booleans would be more


# --- clipping ------------------------------------------------------------------------


class Seeing(Optimizer):
    """An optimizer that only keeps the gradient that it is given to move by."""

    seen: Any = None

    def update(self, parameters: Any, gradient: Any) -> None:
        self.seen = gradient.copy()


def seen_by(gradient: Any, **settings: Any) -> Seeing:
    gradient = np.array(gradient)
    optimizer = Seeing([Value(1.0) for _ in gradient], 0.1, **settings)
    kept = gradient.copy()
    optimizer.apply(np.ones(len(gradient)), gradient)
    assert np.array_equal(gradient, kept), "the caller's gradient was changed"
    return optimizer


def test_clip_value_bounds_each_component() -> None:
    seen = seen_by([3.0, -0.5, -4.0], clip_value=1.0).seen
    assert seen.tolist() == [1.0, -0.5, -1.0]


def test_clip_norm_scales_the_whole_gradient() -> None:
    optimizer = seen_by([3.0, -4.0], clip_norm=2.5)
    assert optimizer.seen.tolist() == [1.5, -2.0]
    assert optimizer.gradient_norm == 5.0


def test_the_norm_is_clipped_before_the_values() -> None:
    assert seen_by([30.0, 4.0], clip_norm=5.0, clip_value=4.0).seen[1] < 1.0


def test_the_weight_decay_is_not_clipped() -> None:
    clipped = {"clip_norm": 1e-3, "clip_value": 1e-3}
    seen = seen_by([5.0], weight_decay=10.0, **clipped).seen
    assert seen == pytest.approx(10.001, rel=1e-15)


numbers = st.floats(-1e150, 1e150)
bounds = st.floats(1e-100, 1e100)


@given(st.lists(numbers, min_size=1, max_size=9), bounds)
def test_clipping_by_norm_keeps_the_direction_and_never_increases_the_norm(
    gradient: list[float], clip_norm: float
) -> None:
    optimizer = seen_by(gradient, clip_norm=clip_norm)
    before, after = math.hypot(*gradient), math.hypot(*optimizer.seen)
    # hypot and our norm round by a few 1e-16, and so does each product.
    assert optimizer.gradient_norm == pytest.approx(before, rel=1e-14)
    assert after <= min(before, clip_norm) * (1 + 1e-14)
    if before <= clip_norm * (1 - 1e-14):
        assert optimizer.seen.tolist() == gradient
    else:
        assert after == pytest.approx(min(before, clip_norm), rel=1e-14)
        expected = [g * (after / before) for g in gradient]
        # Below 1e-300, products lose digits to underflow.
        np.testing.assert_allclose(optimizer.seen, expected, rtol=1e-13, atol=1e-300)


@given(st.lists(numbers, min_size=1, max_size=9), bounds, bounds)
def test_both_clippings_hold_both_bounds(
    gradient: list[float], clip_norm: float, clip_value: float
) -> None:
    seen = seen_by(gradient, clip_norm=clip_norm, clip_value=clip_value).seen
    assert math.hypot(*seen) <= min(math.hypot(*gradient), clip_norm) * (1 + 1e-14)
    assert np.abs(seen).max() <= clip_value


@given(
    st.lists(st.floats(-1.0, 1.0), min_size=1, max_size=9),
    st.sampled_from([1e-300, 1e-170, 1e-160, 1e-150, 1e-140, 1.0, 1e150, 1e160, 1e307]),
)
def test_the_gradient_norm_neither_overflows_nor_underflows(
    gradient: list[float], scale: float
) -> None:
    gradient = [g * scale for g in gradient]
    norm = seen_by(gradient).gradient_norm
    # Numbers below 1e-307 are rounded to multiples of 5e-324.
    assert norm == pytest.approx(math.hypot(*gradient), rel=1e-14, abs=1e-322)


@pytest.mark.parametrize("n", [8191, 8192, 8193, 20_000])
def test_the_gradient_norm_is_that_of_all_components(n: int) -> None:
    gradient = np.random.default_rng(n).normal(size=n)
    # Summing n squares in blocks rounds by less than n · 1e-16, relative.
    norm = seen_by(gradient).gradient_norm
    assert norm == pytest.approx(math.hypot(*gradient), rel=n * 1.2e-16)


# --- refusals ------------------------------------------------------------------------


@every_kind
@pytest.mark.parametrize("learning_rate", [-0.1, math.nan, math.inf])
def test_a_bad_learning_rate_is_refused(
    kind: type[Optimizer], learning_rate: float
) -> None:
    words = f"{kind.__name__}: learning_rate .*{learning_rate}"
    with pytest.raises(ValueError, match=words):
        kind([Value(1.0)], learning_rate=learning_rate)
    optimizer = kind([Value(1.0)], learning_rate=0.5)
    with pytest.raises(ValueError, match=words):
        optimizer.learning_rate = learning_rate
    assert optimizer.learning_rate == 0.5


@pytest.mark.parametrize("rate", ["0.1", None, True, lambda step: 0.1, [0.1]])
def test_a_learning_rate_that_is_no_rate_is_refused(rate: Any) -> None:
    with pytest.raises(TypeError, match=r"SGD: learning_rate .*"):
        SGD([Value(1.0)], learning_rate=rate)


UNIT = {"momentum": [SGD, RMSprop], "smoothing": [RMSprop]}
POSITIVE = {"epsilon": [RMSprop, Adagrad, Adam, AdamW]}
POSITIVE |= {"clip_norm": [*OPTIMIZERS], "clip_value": [*OPTIMIZERS]}


@pytest.mark.parametrize(
    ("kind", "name", "number"),
    [
        *(
            (kind, name, number)
            for name, kinds in UNIT.items()
            for kind in kinds
            for number in (-0.1, 1.0, math.nan)
        ),
        *(
            (kind, name, number)
            for name, kinds in POSITIVE.items()
            for kind in kinds
            for number in (-1e-8, 0.0, math.inf, math.nan)
        ),
        *(
            (kind, "weight_decay", number)
            for kind in OPTIMIZERS
            for number in (-0.1, math.inf, math.nan)
        ),
    ],
)
def test_a_setting_out_of_its_range_is_refused(
    kind: type[Optimizer], name: str, number: float
) -> None:
    with pytest.raises(ValueError, match=f"{kind.__name__}: {name} .*{number}"):
        kind([Value(1.0)], **{name: number})


@pytest.mark.parametrize("kind", [Adam, AdamW])
@pytest.mark.parametrize(
    ("betas", "words"),
    [
        ((1.0, 0.9), r"betas\[0\] .*1\.0"),
        ((-0.1, 0.9), r"betas\[0\] .*-0\.1"),
        ((0.9, 1.0), r"betas\[1\] .*1\.0"),
        ((0.9, math.nan), r"betas\[1\] .*nan"),
        ((0.9,), r"betas must be two numbers, not \(0\.9,\)"),
        ((0.9, 0.99, 0.999), "betas must be two numbers"),
        (0.9, r"betas must be two numbers, not 0\.9"),
    ],
)
def test_bad_betas_are_refused(kind: type[Adam], betas: Any, words: str) -> None:
    with pytest.raises(ValueError, match=f"{kind.__name__}: {words}"):
        kind([Value(1.0)], betas=betas)


def test_nesterov_without_momentum_is_refused() -> None:
    with pytest.raises(ValueError, match="nesterov needs a momentum"):
        SGD([Value(1.0)], nesterov=True)


def test_a_nesterov_that_is_no_bool_is_refused() -> None:
    with pytest.raises(TypeError, match=r"nesterov .*'no'"):
        SGD([Value(1.0)], momentum=0.5, nesterov="no")  # type: ignore[arg-type]


@every_kind
def test_no_parameters_are_refused(kind: type[Optimizer]) -> None:
    with pytest.raises(ValueError, match=r"needs parameters: model\.parameters\(\)"):
        kind([])


@every_kind
@pytest.mark.parametrize("things", [[1.0], [Value(1.0), "w"], Value(1.0)])
def test_parameters_that_are_no_values_are_refused(
    kind: type[Optimizer], things: Any
) -> None:
    with pytest.raises(TypeError, match=r"Values: model\.parameters\(\)"):
        kind(things)


def test_a_parameter_that_is_there_twice_is_refused() -> None:
    w = Value(1.0)
    with pytest.raises(ValueError, match="different Values"):
        SGD([w, w])


@pytest.mark.parametrize(
    ("vector", "gradient"), [((2,), (1,)), ((2,), ()), ((1,), (2,)), ((2, 1), (2, 1))]
)
def test_arrays_of_another_shape_are_refused(vector: Any, gradient: Any) -> None:
    sgd = SGD([Value(1.0), Value(2.0)])
    with pytest.raises(ValueError, match=r"SGD: .*shape \(2,\), not"):
        sgd.apply(np.ones(vector), np.ones(gradient))


# --- all or nothing ------------------------------------------------------------------

OVERFLOWS: list[tuple[Callable[[Sequence[Value]], Optimizer], float]] = [
    (lambda w: SGD(w, learning_rate=1.0), -1e308),  # w - g
    (lambda w: SGD(w, learning_rate=1e10, momentum=0.5), 1e300),  # η v
    (lambda w: SGD(w, 1e10, momentum=0.5, nesterov=True), 1e300),
    (lambda w: SGD(w, learning_rate=0.1, weight_decay=10.0), 1.0),  # decay · w
    (lambda w: RMSprop(w, learning_rate=0.1), 1e200),  # g²; no parameter is infinite
    (lambda w: RMSprop(w, learning_rate=1e308), -1.0),
    (lambda w: Adagrad(w, learning_rate=0.1), 1e200),
    (lambda w: Adagrad(w, learning_rate=1e308), -1.0),
    (lambda w: Adam(w, learning_rate=0.1), 1e200),
    (lambda w: Adam(w, learning_rate=1e308), -1.0),  # w + η
    (lambda w: AdamW(w, learning_rate=0.1), 1e200),
    (lambda w: AdamW(w, learning_rate=1e200, weight_decay=1e200), 1.0),  # η · decay
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
        parameters = [Value(1.0), Value(1.7e307)]
        optimizer = make(parameters)
        optimizer.learning_rate = min(optimizer.learning_rate, 0.1)
        optimizer.weight_decay = min(optimizer.weight_decay, 1.0)
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


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("settings", [{}, {"clip_norm": 1.0}, {"clip_value": 1.0}])
@every_kind
def test_a_gradient_that_is_not_finite_is_refused(
    kind: type[Optimizer], settings: dict[str, Any], bad: float
) -> None:
    optimizer = kind([Value(1.0), Value(2.0)], **settings)
    vector = np.array([1.0, 2.0])
    with pytest.raises(OverflowError, match=r"norm of the gradient is (nan|inf)"):
        optimizer.apply(vector, np.array([bad, 1.0]))
    assert vector.tolist() == [1.0, 2.0]


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@every_kind
def test_parameters_that_are_not_finite_are_refused(
    kind: type[Optimizer], bad: float
) -> None:
    optimizer = kind([Value(1.0), Value(2.0)])
    with pytest.raises(OverflowError, match="finite"):
        optimizer.apply(np.array([bad, 1.0]), np.ones(2))


@every_kind
def test_parameters_whose_sum_overflows_are_no_overflow(kind: type[Optimizer]) -> None:
    optimizer = kind([Value(1.0), Value(2.0)])
    vector = np.array([1.5e308, 1.5e308])
    optimizer.apply(vector, np.ones(2))
    assert np.isfinite(vector).all()
    assert optimizer.steps == 1


def test_an_overflow_on_the_way_to_finite_numbers_is_none() -> None:
    class Saturating(Optimizer):
        def update(self, parameters: Any, gradient: Any) -> None:
            parameters -= np.tanh(np.exp(1000.0 * gradient))

    optimizer = one(Saturating, learning_rate=0.1)
    optimizer.step()
    assert optimizer.parameters[0].data == 0.0


def test_an_interrupted_step_changes_nothing() -> None:
    class Interrupted(SGD):
        def update(self, parameters: Any, gradient: Any) -> None:
            super().update(parameters, gradient)
            raise KeyboardInterrupt

    optimizer = Interrupted([Value(1.0), Value(2.0)], 0.1, momentum=0.9)
    vector = np.array([1.0, 2.0])
    with pytest.raises(KeyboardInterrupt):
        optimizer.apply(vector, np.ones(2))
    assert vector.tolist() == [1.0, 2.0]
    assert optimizer.steps == 0
    assert optimizer.state["velocity"].tolist() == [0.0, 0.0]


def test_a_schedule_that_gives_a_bad_rate_stops_the_step() -> None:
    sgd = one(SGD, learning_rate=Exponential(1e300, 1e5))
    sgd.learning_rate = Exponential(1e-300, 1e305)
    for _ in range(2):
        sgd.parameters[0].grad = 1e-300
        sgd.step()
    moved = sgd.parameters[0].data
    with pytest.raises(ValueError, match="learning rate of step 2 is inf"):
        sgd.step()
    assert sgd.parameters[0].data == moved
    assert sgd.steps == 2


RATES = [0.1, Cosine(0.5, 3), OneCycle(1.0, 5), 1e150]
extreme = st.floats() | st.floats(-10.0, 10.0) | st.sampled_from([1e154, 1e200, -1e308])


@st.composite
def optimizers(draw: Callable[..., Any], moderate: bool = False) -> Optimizer:
    """Any optimizer of two parameters, with any of its options."""
    kind = draw(st.sampled_from(OPTIMIZERS))
    settings: dict[str, Any] = {"learning_rate": draw(st.sampled_from(RATES[:3]))}
    if not moderate:
        settings["learning_rate"] = draw(st.sampled_from(RATES))
    settings["weight_decay"] = draw(st.sampled_from([0.0, 0.1]))
    settings["clip_norm"] = draw(st.sampled_from([None, 1e-3, 2.0]))
    settings["clip_value"] = draw(st.sampled_from([None, 1e-3, 2.0]))
    if kind in (SGD, RMSprop):
        settings["momentum"] = draw(st.sampled_from([0.0, 0.9]))
    if kind is SGD:
        settings["nesterov"] = settings["momentum"] > 0.0 and draw(st.booleans())
    return kind([Value(1.0), Value(-2.0)], **settings)


def everything(optimizer: Optimizer, vector: Any) -> list[Any]:
    state = {name: array.tolist() for name, array in optimizer.state_dict().items()}
    return [vector.tolist(), state, optimizer.gradient_norm, optimizer.learning_rate]


@given(optimizers(), st.lists(st.tuples(extreme, extreme), min_size=1, max_size=6))
def test_a_step_is_all_or_nothing(
    optimizer: Optimizer, gradients: list[tuple[float, float]]
) -> None:
    vector = np.array([1.0, -2.0])
    for gradient in gradients:
        before = everything(optimizer, vector)
        try:
            optimizer.apply(vector, np.array(gradient))
        except OverflowError:
            assert everything(optimizer, vector) == before
        else:
            assert optimizer.steps == before[1]["steps"] + 1
            assert optimizer.gradient_norm == pytest.approx(math.hypot(*gradient))
            for array in (vector, *optimizer.state.values()):
                assert np.isfinite(array).all()


# --- checkpoints ---------------------------------------------------------------------

steps_taken = st.lists(
    st.tuples(*[st.floats(-10.0, 10.0)] * 2), min_size=1, max_size=12
)


@given(optimizers(moderate=True), steps_taken, st.integers(0, 12))
def test_a_resumed_run_is_the_same_to_the_last_bit(
    optimizer: Optimizer, gradients: list[tuple[float, float]], stop: int
) -> None:
    straight, resumed = np.array([1.0, -2.0]), np.array([1.0, -2.0])
    again = optimizer_from(optimizer.settings(), optimizer.parameters)
    for gradient in gradients[:stop]:
        optimizer.apply(straight, np.array(gradient))
        again.apply(resumed, np.array(gradient))
    fresh = optimizer_from(optimizer.settings(), optimizer.parameters)
    fresh.load_state_dict(again.state_dict())
    for gradient in gradients[stop:]:
        optimizer.apply(straight, np.array(gradient))
        fresh.apply(resumed, np.array(gradient))
    assert straight.tolist() == resumed.tolist()
    assert everything(optimizer, straight)[:2] == everything(fresh, resumed)[:2]


@given(optimizers())
def test_an_optimizer_comes_back_from_its_settings_in_json(
    optimizer: Optimizer,
) -> None:
    settings = json.loads(json.dumps(optimizer.settings()))
    again = optimizer_from(settings, optimizer.parameters)
    assert type(again) is type(optimizer)
    assert again.settings() == optimizer.settings() == settings
    assert again.parameters == optimizer.parameters


def test_settings_are_the_name_and_every_argument() -> None:
    assert Adam([Value(1.0)], Cosine(0.1, 80), clip_norm=1).settings() == {
        "name": "Adam",
        "learning_rate": {"name": "Cosine", "rate": 0.1, "steps": 80, "final": 0.0},
        "betas": [0.9, 0.999],
        "epsilon": 1e-8,
        "weight_decay": 0.0,
        "clip_norm": 1.0,
        "clip_value": None,
    }


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"name": "Adamax"}, "optimizer named 'Adamax'.* SGD, .*AdamW"),
        ({"name": "Optimizer", "learning_rate": 0.1}, "optimizer named 'Optimizer'"),
        ({"learning_rate": 0.1}, "optimizer named None"),
        ({"name": "SGD", "lr": 0.1}, r"SGD .*unknown \['lr'\]"),
        ({"name": "SGD", "parameters": []}, r"SGD .*unknown \['parameters'\]"),
        ({"name": "SGD", "learning_rate": {"name": "Cos"}}, "schedule named 'Cos'"),
        ({"name": "SGD", "momentum": 2.0}, "SGD: momentum"),
    ],
)
def test_unknown_settings_are_refused(settings: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        optimizer_from(settings, [Value(1.0)])


def test_a_state_dict_holds_copies_of_steps_and_every_array() -> None:
    adam = one(Adam)
    adam.step()
    state = adam.state_dict()
    assert list(state) == ["steps", "mean", "mean_square"]
    assert state["steps"].dtype == np.int64
    assert state["steps"].shape == ()
    assert state["steps"] == 1
    state["mean"][:] = 7.0
    assert adam.state_dict()["mean"].tolist() == [pytest.approx(0.1)]


def test_loading_a_state_copies_it() -> None:
    adam, other = one(Adam), one(Adam)
    adam.step()
    state = adam.state_dict()
    other.load_state_dict(state)
    for _ in range(2):  # the arrays change places at each step
        other.step()
    assert state["mean"].tolist() == adam.state_dict()["mean"].tolist()


def changed(name: str, thing: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda state: {**state, name: thing}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda s: {}, KeyError, r"lacks \['mean', 'mean_square', 'steps'\]"),
        (lambda s: {"steps": s["steps"]}, KeyError, "Adam.*'mean'"),
        (changed("velocity", np.zeros(2)), KeyError, r"unknown names \['velocity'\]"),
        (lambda s: None, TypeError, "state_dict"),
        (changed("mean", [0.0, 0.0]), TypeError, "mean .*float64, not list"),
        (changed("mean", np.zeros(2, np.float32)), TypeError, "mean .*of float32"),
        (changed("mean", np.array(["a", "b"])), TypeError, "mean"),
        (changed("steps", 3), TypeError, "steps .*int64, not int"),
        (changed("steps", np.array(3.0)), TypeError, "steps .*float64"),
        (changed("steps", np.array([3])), ValueError, r"steps .*shape \(\), not \(1,"),
        (changed("steps", np.array(-1)), ValueError, "steps .*from 0 up, not -1"),
        (changed("mean", np.zeros(3)), ValueError, r"mean .*\(2,\), not \(3,\)"),
        (changed("mean", np.zeros((1, 2))), ValueError, "mean .*shape"),
        (changed("mean", np.array([0.0, np.nan])), ValueError, "mean .*finite.*nan"),
        (changed("mean", np.array([-np.inf, 0.0])), ValueError, "mean .*-inf"),
        (changed("mean_square", np.array([np.inf, 0.0])), ValueError, "square .*inf"),
        (
            changed("mean_square", np.array([0.0, -1e-9])),
            ValueError,
            "mean_square .*from 0 up, not -1e-09",
        ),
    ],
)
def test_a_state_that_is_not_one_of_this_optimizer_is_refused(
    change: Callable[..., Any], error: type[Exception], message: str
) -> None:
    adam = Adam([Value(1.0), Value(2.0)])
    adam.apply(np.zeros(2), np.array([1.0, -1.0]))
    before = everything(adam, np.zeros(2))
    good = Adam([Value(1.0), Value(2.0)]).state_dict()
    with pytest.raises(error, match=message):
        adam.load_state_dict(change(good))
    assert everything(adam, np.zeros(2)) == before


@pytest.mark.parametrize(
    ("kind", "name"), [(RMSprop, "mean_square"), (Adagrad, "sum_of_squares")]
)
def test_negative_squares_are_refused(kind: type[Optimizer], name: str) -> None:
    optimizer = one(kind)
    state = optimizer.state_dict() | {name: np.array([-1.0])}
    with pytest.raises(ValueError, match=f"{name} .*from 0 up"):
        optimizer.load_state_dict(state)


def test_a_schedule_goes_on_from_the_steps_of_a_state() -> None:
    schedule: Schedule = Cosine(0.1, 10)
    first, second = (one(SGD, learning_rate=schedule) for _ in range(2))
    for _ in range(4):
        first.step()
    second.load_state_dict(first.state_dict())
    assert second.learning_rate == schedule(4)
