"""Value and gradient of three functions of scalars, replayed, against CasADi.

Rosenbrock's function of 1,000 variables, the potential energy of 64 bodies, and 200
Runge-Kutta steps of the Lotka-Volterra equations, each written once in scalar code and
recorded by either engine. CasADi runs its SX virtual machine; eager is valuegrad
without compiling.

    pip install ".[bench]"
    python -m benchmarks.replay

All take turns within each repeat; medians, and their ratios to CasADi's.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

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


def lotka_volterra(x: Sequence[Any], n_steps: int = 200) -> Any:
    """The squared distance from 0 after Runge-Kutta steps of 0.05."""
    a, b, c, d, u, v = x

    def slope(u: Any, v: Any) -> tuple[Any, Any]:
        return a * u - b * u * v, d * u * v - c * v

    h = 0.05
    for _ in range(n_steps):
        k1 = slope(u, v)
        k2 = slope(u + h / 2 * k1[0], v + h / 2 * k1[1])
        k3 = slope(u + h / 2 * k2[0], v + h / 2 * k2[1])
        k4 = slope(u + h * k3[0], v + h * k3[1])
        u = u + h / 6 * (k1[0] + 2.0 * k2[0] + 2.0 * k3[0] + k4[0])
        v = v + h / 6 * (k1[1] + 2.0 * k2[1] + 2.0 * k3[1] + k4[1])
    return u * u + v * v


RNG = np.random.default_rng(0)
CASES: dict[str, tuple[Callable[[Sequence[Any]], Any], Any]] = {
    "Rosenbrock, 1,000 variables": (rosenbrock, RNG.normal(size=1000)),
    "64 bodies": (potential, RNG.normal(size=192)),
    "Lotka-Volterra, 200 steps": (
        lotka_volterra,
        np.array([1.1, 0.4, 0.4, 0.1, 10.0, 5.0]),
    ),
}


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


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    print("| function | nodes | CasADi SX, ns a node | valuegrad | eager |")
    print("| --- | ---: | ---: | ---: | ---: |")
    for name, (f, point) in CASES.items():
        nodes = len(topological_order(f([Value(x) for x in point.tolist()])))
        ours = compile_function(f, len(point), at=point.tolist())
        runs: dict[str, Callable[[], Any]] = {
            "valuegrad": partial(ours.value_and_grad, point),
            "eager": partial(eager, f, point),
        }
        try:
            peer = casadi_function(f, len(point))
            buffer, call = peer.buffer()
            value, gradient = np.zeros(1), np.zeros(len(point))
            buffer.set_arg(0, point.data)
            buffer.set_res(0, value.data)
            buffer.set_res(1, gradient.data)
            runs["casadi"] = call
            call()
            expected, slope = ours.value_and_grad(point)
            assert np.allclose(value[0], expected, rtol=1e-9)
            assert np.allclose(gradient, slope, rtol=1e-7, atol=1e-9)
        except ImportError:
            pass
        times: dict[str, list[float]] = {key: [] for key in runs}
        for _ in range(args.repeats):
            for key, run in runs.items():
                calls = 1 if key == "eager" else 20
                start = time.perf_counter()
                for _ in range(calls):
                    run()
                times[key].append((time.perf_counter() - start) / calls)
        medians = {key: statistics.median(found) for key, found in times.items()}
        base = medians.get("casadi")
        cells = [f"{base / nodes * 1e9:.1f}" if base else "not installed"]
        for key in ("valuegrad", "eager"):
            ratio = f" ({medians[key] / base:.2f} of CasADi's)" if base else ""
            cells.append(f"{medians[key] / nodes * 1e9:.1f}{ratio}")
        print(f"| {name} | {nodes:,} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
