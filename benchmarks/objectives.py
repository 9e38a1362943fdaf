"""ADBench's objectives, each in scalar code and in code of whole arrays.

A Gaussian mixture with a Wishart prior, the reprojection residuals of bundle adjustment
and a long short-term memory that predicts characters, as in Šrajer, Kukelova and
Fitzgibbon, "A Benchmark of Selected Algorithmic Differentiation Tools in Machine
Learning and Computer Vision" (2018), on random data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from autograd import (
    Value,
    compile,
    compile_function,
    cos,
    exp,
    log,
    logsumexp,
    sigmoid,
    sin,
    sqrt,
    tanh,
)

Array = npt.NDArray[np.float64]
Numbers = Sequence[Any]


class Engine(NamedTuple):
    """An objective, ready to be computed at its point."""

    value: Callable[[], Any]
    derivative: Callable[[], tuple[Any, Any]]
    """The value too, as most have to compute it."""


class Problem(NamedTuple):
    """An objective at a point, in scalar code and in code of arrays.

    `compiled` records the scalar code and compiles it. `objective(xp, point)` is over
    whole arrays, for any `xp` with what `torch_arrays` and `jax_arrays` have. Its
    result is a number; or that of each row of points is a list, and its derivative the
    Jacobian, by the first `n_columns`.
    """

    point: Array
    compiled: Callable[[], Engine]
    scalar: Callable[[Numbers], Any]
    objective: Callable[[Any, Any], Any]
    n_columns: int | None = None


def one_graph(root: Value, leaves: Sequence[Value]) -> Engine:
    """A recorded objective, compiled."""
    program = compile(root, parameters=leaves)
    return Engine(lambda: program()[0, 0], program.value_and_grad)


# A mixture of Gaussians: the log-posterior of weights α, means μ, and triangular square
# roots Q of the inverse covariances, with q, the logarithms of the diagonal of Q.


def component(x: Numbers, mean: Numbers, diagonal: Numbers, below: Numbers) -> Any:
    """-½ |Q (x - μ)|², with the rows of Q below the diagonal one after the other."""
    centred = [a - b for a, b in zip(x, mean, strict=True)]
    square, place = 0.0, 0
    for i in range(len(x)):
        total = diagonal[i] * centred[i]
        for j in range(i):
            total = total + below[place + j] * centred[j]
        place += i
        square = square + total * total
    return -0.5 * square


def chunks(numbers: Numbers, size: int) -> list[Numbers]:
    """The numbers in lists of a size."""
    return [numbers[i : i + size] for i in range(0, len(numbers), size)]


class Mixture(NamedTuple):
    """The parameters of a mixture of k Gaussians in d dimensions."""

    alphas: Numbers
    means: list[Numbers]
    logs: list[Numbers]
    diagonals: list[list[Any]]
    below: list[Numbers]

    @classmethod
    def of(cls, flat: Numbers, d: int, k: int) -> Mixture:
        """The parameters as they lie in one list."""
        alphas, rest = flat[:k], flat[k:]
        means, rest = rest[: k * d], rest[k * d :]
        logs, below = chunks(rest[: k * d], d), rest[k * d :]
        n = d * (d - 1) // 2
        diagonals = [[exp(q) for q in row] for row in logs]
        return cls(alphas, chunks(means, d), logs, diagonals, chunks(below, n))

    def log_likelihood(self, x: Numbers) -> Any:
        """log Σ exp(αₖ + Σ qₖ - ½ |Qₖ (x - μₖ)|²) - log Σ exp(αₖ), of one point."""
        parts = [
            alpha + sum(logs) + component(x, mean, diagonal, below)
            for alpha, mean, logs, diagonal, below in zip(*self, strict=True)
        ]
        return logsumexp(parts) - logsumexp(self.alphas)

    def log_prior(self) -> Any:
        """-½ Σ |Q|²: Wishart's density of the covariances' inverses, γ = 1, m = 0."""
        rows = [*self.diagonals, *self.below]
        return -0.5 * sum(sum(number * number for number in row) for row in rows)


def log_normaliser(d: int, k: int, n: int) -> float:
    """What does not depend on the parameters, of n points and k priors."""
    half = 0.5 * (d + 1)
    gamma = d * (d - 1) / 4 * math.log(math.pi)
    gamma += sum(math.lgamma(half - 0.5 * j) for j in range(d))
    wishart = half * d * math.log(2.0) + gamma
    return -0.5 * n * d * math.log(2.0 * math.pi) - k * wishart


def mixture(d: int, k: int, n: int, through_inputs: bool) -> Problem:
    """The log-posterior of n points."""
    rng = np.random.default_rng(0)
    size = k * (1 + 2 * d + d * (d - 1) // 2)
    point, data = rng.normal(size=size), rng.normal(size=(n, d))
    point[k : k + k * d] = rng.random(k * d)
    constant = log_normaliser(d, k, n)
    rows = data.tolist()

    def scalar(flat: Numbers) -> Any:
        model = Mixture.of(flat, d, k)
        total = model.log_prior() + constant
        for row in rows:
            total = total + model.log_likelihood(row)
        return total

    def one_point(flat: Numbers, x: Numbers) -> Any:
        model = Mixture.of(flat, d, k)
        return n * model.log_likelihood(x) + model.log_prior() + constant

    def compiled() -> Engine:
        leaves = [Value(number) for number in point.tolist()]
        if not through_inputs:
            return one_graph(scalar(leaves), leaves)
        x = [Value(number) for number in rows[0]]
        program = compile(one_point(leaves, x), inputs=x, parameters=leaves)
        return Engine(
            lambda: program(data).mean(), lambda: program.value_and_grad(data)
        )

    # Where the entries of Q are in a row of diagonals, lower triangles and a zero.
    n_below = d * (d - 1) // 2
    places = np.full((d, d), d + n_below)
    np.fill_diagonal(places, np.arange(d))
    places[np.tril_indices(d, -1)] = d + np.arange(n_below)

    def objective(xp: Any, flat: Any) -> Any:
        alphas, means = flat[:k], flat[k : k + k * d].reshape(k, d)
        logs = flat[k + k * d : k + 2 * k * d].reshape(k, d)
        below = flat[k + 2 * k * d :].reshape(k, n_below)
        entries = [xp.exp(logs), below, xp.array(np.zeros((k, 1)))]
        entries_of_row = xp.concatenate(entries, 1)
        q = entries_of_row[:, places]
        centred = xp.array(data)[None] - means[:, None]
        turned = centred @ xp.transpose(q)
        squares = (turned * turned).sum(-1)
        parts = (alphas + logs.sum(-1))[:, None] - 0.5 * squares
        likelihood = xp.logsumexp(parts, 0).sum() - n * xp.logsumexp(alphas, 0)
        return likelihood - 0.5 * (entries_of_row * entries_of_row).sum() + constant

    return Problem(point, compiled, scalar, objective)


# Bundle adjustment: where a camera sees a point, against where it was seen.


def cross(a: Numbers, b: Numbers) -> list[Any]:
    """a × b."""
    return [a[i - 2] * b[i - 1] - a[i - 1] * b[i - 2] for i in range(3)]


def inner(a: Numbers, b: Numbers) -> Any:
    """a · b."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def residuals(row: Numbers) -> list[Any]:
    """The reprojection residual times its weight w, and 1 - w².

    The row is a camera, that is its rotation as an axis times an angle (Rodrigues), its
    centre, its focal length, its principal point and two coefficients of radial
    distortion; the point in space; w; and where the point was seen.
    """
    rotation, centre, focal, principal = row[:3], row[3:6], row[6], row[7:9]
    (k1, k2), space, w, seen = row[9:11], row[11:14], row[14], row[15:17]
    x = [a - b for a, b in zip(space, centre, strict=True)]
    angle = sqrt(inner(rotation, rotation))
    axis = [r / angle for r in rotation]
    turned, along = cross(axis, x), inner(axis, x) * (1.0 - cos(angle))
    x = [x[i] * cos(angle) + turned[i] * sin(angle) + axis[i] * along for i in range(3)]
    u, v = x[0] / x[2], x[1] / x[2]
    square = u * u + v * v
    scale = focal * (1.0 + square * (k1 + k2 * square))
    return [
        w * (u * scale + principal[0] - seen[0]),
        w * (v * scale + principal[1] - seen[1]),
        1.0 - w * w,
    ]


N_SEEN, N_MOVABLE = 2, 15


def bundle(n: int) -> Problem:
    """The residuals of n observations, each of a camera and a point of its own."""
    rng = np.random.default_rng(0)
    camera = [0.3, 0.3, 0.3, 0, 0, -5, 1, 0, 0, 0, 0]
    spread = [0.1] * 3 + [0.3] * 3 + [0.1] + [0.1] * 2 + [0.01] * 2
    mean = np.array([*camera, 0, 0, 0, 1, 0, 0])
    deviation = np.array([*spread, 0.5, 0.5, 0.5, 0.1, 0.5, 0.5])
    point = rng.normal(mean, deviation, (n, N_MOVABLE + N_SEEN))

    def compiled() -> Engine:
        found = compile_function(
            lambda row: residuals(row.tolist()), point.shape[1], at=point[0].tolist()
        )

        def derivative() -> tuple[Any, Any]:
            return found(point), found.jacobian(point)[:, :, :N_MOVABLE]

        return Engine(partial(found, point), derivative)

    def objective(xp: Any, rows: Any) -> Any:
        rotation, centre, focal = rows[..., :3], rows[..., 3:6], rows[..., 6:7]
        principal, k1, k2 = rows[..., 7:9], rows[..., 9:10], rows[..., 10:11]
        space, w, seen = rows[..., 11:14], rows[..., 14:15], rows[..., 15:]
        x = space - centre
        angle = xp.sqrt((rotation * rotation).sum(-1))[..., None]
        axis = rotation / angle
        along = (axis * x).sum(-1)[..., None] * (1.0 - xp.cos(angle))
        x = x * xp.cos(angle) + xp.cross(axis, x) * xp.sin(angle) + axis * along
        image = x[..., :2] / x[..., 2:]
        square = (image * image).sum(-1)[..., None]
        scale = focal * (1.0 + square * (k1 + k2 * square))
        error = w * (image * scale + principal - seen)
        return xp.concatenate([error, 1.0 - w * w], -1)

    return Problem(point, compiled, residuals, objective, N_MOVABLE)


# A long short-term memory of several layers, each as wide as a character has bits; what
# enters a gate is a product number by number, as it is in that benchmark.

N_LAYERS = 2


def memory_layer(
    weights: list[Numbers], biases: list[Numbers], state: Any, x: Numbers
) -> tuple[list[Any], list[Any]]:
    """The output and the cells after one more character, of one layer."""
    hidden, cells = [], []
    for i, (before, cell) in enumerate(zip(*state, strict=True)):
        entering = [x[i], before, x[i], before]
        forget, insert, emit, change = (
            w[i] * number + b[i]
            for w, b, number in zip(weights, biases, entering, strict=True)
        )
        cell = cell * sigmoid(forget) + sigmoid(insert) * tanh(change)
        cells.append(cell)
        hidden.append(sigmoid(emit) * tanh(cell))
    return hidden, cells


def lstm(length: int, n: int = 14) -> Problem:
    """The mean loss of predicting each character of n bits but the first of a text."""
    rng = np.random.default_rng(0)
    point = rng.normal(size=n * (8 * N_LAYERS + 3))
    start = rng.normal(size=(N_LAYERS, 2, n))
    text = rng.integers(0, 2, (length, n)).astype(float)
    n_predicted = (length - 1) * n

    def scalar(flat: Numbers) -> Any:
        rows = chunks(flat, n)
        before, after, shift = rows[8 * N_LAYERS :]
        states: list[Any] = start.tolist()
        total = 0.0
        for x, following in zip(text[:-1].tolist(), text[1:].tolist(), strict=True):
            signal = [w * number for w, number in zip(before, x, strict=True)]
            for depth, layer in enumerate(chunks(rows[: 8 * N_LAYERS], 8)):
                weights, biases = [*layer[:4]], [*layer[4:]]
                states[depth] = memory_layer(weights, biases, states[depth], signal)
                signal = states[depth][0]
            scores = [w * y + b for w, y, b in zip(after, signal, shift, strict=True)]
            normaliser = log(2.0 + sum(exp(score) for score in scores))
            for target, score in zip(following, scores, strict=True):
                total = total + target * (score - normaliser)
        return -1.0 / n_predicted * total

    def compiled() -> Engine:
        leaves = [Value(number) for number in point.tolist()]
        return one_graph(scalar(leaves), leaves)

    def objective(xp: Any, flat: Any) -> Any:
        gates = flat[: 8 * N_LAYERS * n].reshape(N_LAYERS, 2, 4, n)
        before, after, shift = flat[8 * N_LAYERS * n :].reshape(3, n)

        def step(states: Any, signal: Any) -> Any:
            new = []
            for (weights, biases), (hidden, cell) in zip(gates, states, strict=True):
                entering = xp.stack([signal, hidden, signal, hidden], 0)
                forget, insert, emit, change = weights * entering + biases
                kept = cell * xp.sigmoid(forget)
                cell = kept + xp.sigmoid(insert) * xp.tanh(change)
                signal = xp.sigmoid(emit) * xp.tanh(cell)
                new.append((signal, cell))
            return new, signal

        states = [(hidden, cell) for hidden, cell in xp.array(start)]
        signals = xp.outputs_over_time(step, states, xp.array(text[:-1]) * before)
        scores = signals * after + shift
        normaliser = xp.log(2.0 + xp.exp(scores).sum(-1))[:, None]
        return -(xp.array(text[1:]) * (scores - normaliser)).sum() / n_predicted

    return Problem(point, compiled, scalar, objective)
