"""Value and gradient of functions of scalars, replayed, against CasADi.

Each is written once in scalar code and recorded by either engine: Rosenbrock's function
of 1,000 variables, the potential energy of 64 bodies, Runge-Kutta steps of the
Lotka-Volterra equations and of a pendulum, the likelihoods of a Kalman filter, of a
hidden Markov model and of a Gaussian process by its Cholesky factor. CasADi runs its SX
virtual machine; eager is valuegrad without compiling.

    pip install ".[bench]"
    python -m benchmarks.replay
    python -m benchmarks.replay pendulum        # those alone, the longest too

All take turns within each repeat; medians, and in brackets their ratios to CasADi's. A
batch is of 64 points, in one call; it is compared with 64 calls of one. Compiling is
with recording and the first call.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import itertools
import operator
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

import autograd
from autograd import Value, compile_function, topological_order


def rosenbrock(x: Sequence[Any]) -> Any:
    """Σ 100 (xᵢ₊₁ - xᵢ²)² + (1 - xᵢ)²."""
    total = 0.0
    for a, b in itertools.pairwise(x):
        total = total + 100.0 * (b - a * a) * (b - a * a) + (1.0 - a) * (1.0 - a)
    return total


def potential(x: Sequence[Any]) -> Any:
    """-Σ 1 / √(|rᵢ - rⱼ|² + 0.01) over all pairs of bodies."""
    total = 0.0
    for i in range(0, len(x), 3):
        for j in range(0, i, 3):
            dx, dy, dz = (x[i + k] - x[j + k] for k in range(3))
            total = total - 1.0 / (dx * dx + dy * dy + dz * dz + 0.01) ** 0.5
    return total


def runge_kutta(slope: Callable[..., Any], state: list[Any], h: float, n: int) -> Any:
    """The state after n Runge-Kutta steps of h."""
    for _ in range(n):
        k1 = slope(*state)
        k2 = slope(*[x + h / 2 * k for x, k in zip(state, k1, strict=True)])
        k3 = slope(*[x + h / 2 * k for x, k in zip(state, k2, strict=True)])
        k4 = slope(*[x + h * k for x, k in zip(state, k3, strict=True)])
        state = [
            x + h / 6 * (a + 2.0 * b + 2.0 * c + d)
            for x, a, b, c, d in zip(state, k1, k2, k3, k4, strict=True)
        ]
    return state


def lotka_volterra(x: Sequence[Any], n: int) -> Any:
    """The squared distance from 0 after n steps of foxes and rabbits."""
    a, b, c, d, u, v = x
    u, v = runge_kutta(
        lambda u, v: (a * u - b * u * v, d * u * v - c * v), [u, v], 0.05, n
    )
    return u * u + v * v


def pendulum(x: Sequence[Any], n: int) -> Any:
    """The squared angle after n steps of a pendulum with friction."""
    stiffness, friction, angle, speed = x
    sine = functions_of(angle).sin
    angle, speed = runge_kutta(
        lambda angle, speed: (speed, -stiffness * sine(angle) - friction * speed),
        [angle, speed],
        0.01,
        n,
    )
    return angle * angle


def kalman(x: Sequence[Any], seen: Sequence[float]) -> Any:
    """-log p of what was seen of a position that moves at a random speed."""
    q, r, decay, first = x
    log = functions_of(q).log
    position, speed = first, 0.0
    a, b, d = r + 1.0, 0.0, q + 1.0  # the covariance: a b, b d
    total = 0.0
    for y in seen:
        position, speed = position + 0.1 * speed, decay * speed
        a, b, d = (
            a + 0.2 * b + 0.01 * d + q,
            decay * (b + 0.1 * d),
            decay * decay * d + q,
        )
        error, spread = y - position, a + r
        total = total + 0.5 * (log(spread) + error * error / spread)
        gain, other = a / spread, b / spread
        position, speed = position + gain * error, speed + other * error
        a, b, d = a - gain * a, b - gain * b, d - other * b
    return total


def hidden_markov(x: Sequence[Any], seen: Sequence[int]) -> Any:
    """-log p of what was seen of 4 hidden states, scaled at each step."""
    n = 4
    log, exp = functions_of(x[0]).log, functions_of(x[0]).exp

    def probabilities(logits: Sequence[Any]) -> list[Any]:
        weights = [exp(a) for a in logits]
        total = functools.reduce(operator.add, weights)
        return [w / total for w in weights]

    rows = [probabilities(x[i : i + n]) for i in range(0, 2 * n * n, n)]
    moves, shows = rows[:n], rows[n:]
    state: list[Any] = [1.0 / n] * n
    total = 0.0
    for y in seen:
        moved = [
            functools.reduce(operator.add, [state[i] * moves[i][j] for i in range(n)])
            for j in range(n)
        ]
        both = [moved[j] * shows[j][y] for j in range(n)]
        scale = functools.reduce(operator.add, both)
        total = total - log(scale)
        state = [p / scale for p in both]
    return total


def gaussian_process(x: Sequence[Any], at: Sequence[float], y: Sequence[float]) -> Any:
    """-log p of y at some points, by a Cholesky factor of their covariance."""
    length, size, noise = x
    exp, log = functions_of(length).exp, functions_of(length).log
    n = len(at)
    lower: list[list[Any]] = []
    solved: list[Any] = []
    total = 0.0
    for i in range(n):
        row: list[Any] = []
        for j in range(i + 1):
            other = lower[j] if j < i else row
            gap = (at[i] - at[j]) / length
            entry = size * exp(-0.5 * gap * gap) + (noise if i == j else 0.0)
            for k in range(j):
                entry = entry - row[k] * other[k]
            row.append(entry / other[j] if j < i else entry**0.5)
        lower.append(row)
        rest = y[i]
        for k in range(i):
            rest = rest - row[k] * solved[k]
        solved.append(rest / row[i])
        total = total + 0.5 * solved[i] * solved[i] + log(row[i])
    return total


def functions_of(number: Any) -> Any:
    """The module with the functions for this kind of number."""
    if isinstance(number, Value):
        return autograd
    import casadi  # the peer, where it is installed

    return casadi


RNG = np.random.default_rng(0)
SEEN = RNG.normal(size=200).cumsum().tolist()
SHOWN = RNG.integers(0, 4, size=2000).tolist()
AT = np.linspace(0.0, 3.0, 20)
PREY = np.array([1.1, 0.4, 0.4, 0.1, 10.0, 5.0])
SWING = np.array([9.0, 0.3, 1.2, 0.1])
NOISE = np.array([0.5, 0.3, 0.9, 0.1])
LOGITS = RNG.normal(size=32)

Function: TypeAlias = Callable[[Sequence[Any]], Any]
CASES: dict[str, tuple[Function, Any]] = {
    "Rosenbrock, 1,000 variables": (rosenbrock, RNG.normal(size=1000)),
    "64 bodies": (potential, RNG.normal(size=192)),
    "Lotka-Volterra, 200 steps": (partial(lotka_volterra, n=200), PREY),
    "Lotka-Volterra, 2,000 steps": (partial(lotka_volterra, n=2000), PREY),
    "pendulum, 500 steps": (partial(pendulum, n=500), SWING),
    "pendulum, 8,000 steps": (partial(pendulum, n=8000), SWING),
    "Kalman filter, 200 steps": (partial(kalman, seen=SEEN), NOISE),
    "hidden Markov, 60 steps": (partial(hidden_markov, seen=SHOWN[:60]), LOGITS),
    "hidden Markov, 2,000 steps": (partial(hidden_markov, seen=SHOWN), LOGITS),
    "Gaussian process, 20 points": (
        partial(gaussian_process, at=AT.tolist(), y=np.sin(AT).tolist()),
        np.array([0.7, 1.3, 0.1]),
    ),
}
LONG = {"pendulum, 8,000 steps"}
"""What takes long to compile, and is measured when it is asked for."""


def casadi_function(f: Callable[[Sequence[Any]], Any], n: int) -> Any:
    """Value and gradient as one function of CasADi's virtual machine."""
    import casadi

    x = casadi.SX.sym("x", n)
    root = f([x[i] for i in range(n)])
    return casadi.Function("f", [x], [root, casadi.gradient(root, x)])


def eager(f: Callable[[Sequence[Any]], Any], point: Any) -> Any:
    """Value and gradient by recording and sweeping anew."""
    leaves = [Value(number) for number in point.tolist()]
    root = f(leaves)
    root.backward()
    return root.data, np.array([leaf.grad for leaf in leaves])


def of_peer(f: Function, point: Any, expected: tuple[float, Any]) -> tuple[Any, ...]:
    """A call of CasADi's machine that gives what is expected, and its arrays."""
    peer = casadi_function(f, len(point))
    buffer, call = peer.buffer()
    value, gradient = np.zeros(1), np.zeros(len(point))
    buffer.set_arg(0, point.data)
    buffer.set_res(0, value.data)
    buffer.set_res(1, gradient.data)
    call()
    assert np.allclose(value[0], expected[0], rtol=1e-9)
    assert np.allclose(gradient, expected[1], rtol=1e-6, atol=1e-9)
    return call, buffer, value, gradient


def medians(runs: dict[str, Callable[[], Any]], repeats: int) -> dict[str, float]:
    """How many seconds each takes, measured in turns."""
    calls = {}
    for key, run in runs.items():
        run()
        start = time.perf_counter()
        run()
        calls[key] = max(1, round(SHORTEST / (time.perf_counter() - start)))
    times: dict[str, list[float]] = {key: [] for key in runs}
    for _ in range(repeats):
        for key, run in runs.items():
            start = time.perf_counter()
            for _ in range(calls[key]):
                run()
            times[key].append((time.perf_counter() - start) / calls[key])
    return {key: statistics.median(found) for key, found in times.items()}


SHORTEST = 5e-4
"""How many seconds are measured at least at a time."""


def measure(name: str, repeats: int) -> str:
    """The line of the table."""
    f, point = CASES[name]
    numbers = point.tolist()
    nodes = len(topological_order(f([Value(x) for x in numbers])))
    start = time.perf_counter()
    ours = compile_function(f, len(point), at=numbers)
    expected = ours.value_and_grad(point)
    compiling = time.perf_counter() - start
    # A batch of points near this one, at which nothing else happens.
    batch = point * (1.0 + 1e-4 * np.linspace(0.0, 1.0, 64)[:, None])
    runs: dict[str, Callable[[], Any]] = {
        "valuegrad": partial(ours.value_and_grad, point),
        "one of a batch": partial(ours.value_and_grad, batch[:1]),
        "batch": partial(ours.value_and_grad, batch),
    }
    with contextlib.suppress(ImportError):
        runs["casadi"], *_alive = of_peer(f, point, expected)
    found = medians(runs, repeats)
    # What is allocated for its nodes would change the times of the others.
    found |= medians({"eager": partial(eager, f, point)}, max(1, repeats // 3))
    base = found.get("casadi")
    cells = [f"{nodes:,}", f"{base / nodes * 1e9:.1f}" if base else "not installed"]
    for key in ("valuegrad", "eager"):
        ratio = f" ({found[key] / base:.2f})" if base else ""
        cells.append(f"{found[key] / nodes * 1e9:.1f}{ratio}")
    cells.append(f"{found['batch'] / found['one of a batch'] / 64:.2f}")
    cells.append(f"{compiling:.2f}")
    return f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("only", nargs="*", help="parts of names, such as pendulum")
    args = parser.parse_args()
    print(
        "| function | nodes | CasADi SX, ns a node | valuegrad (of CasADi's) | eager "
        "(of CasADi's) | batch of 64, of 64 calls | compiling, s |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in CASES:
        wanted = any(part in name for part in args.only)
        if wanted or not (args.only or name in LONG):
            print(measure(name, args.repeats), flush=True)


if __name__ == "__main__":
    main()
