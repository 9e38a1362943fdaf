"""ADBench's objectives in plain scalar code, against PyTorch and JAX on whole arrays.

A Gaussian mixture with a Wishart prior, the reprojection residuals of bundle adjustment
and a long short-term memory that predicts characters (see `benchmarks.objectives`).
Here they are loops over lists of numbers, recorded and compiled; the peers have them as
array code, in PyTorch eager, in JAX jitted. "one graph" has the data as constants of
the graph, "inputs" is one point recorded, and all of them as a batch. The derivative of
bundle adjustment is the Jacobian, for each observation 3 residuals by the 15 parameters
that it depends on.

    pip install ".[bench]"
    python -m benchmarks.adbench
    python -m benchmarks.adbench --only mixture

Before anything is measured all engines have to agree with PyTorch, to 1e-12 of the
largest derivative. Times are of the processor, in milliseconds, one thread; all take
turns within each repeat; medians, and their ratios. `ready` is what it takes to record,
to compile and to have the first derivative, in seconds.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.objectives import Engine, Problem, bundle, lstm, mixture

CLOSE = 1e-12
"""How far engines may differ, of the largest number: sums of some thousand terms in
another order differ by some hundred roundings."""

CASES: dict[str, Callable[[], Problem]] = {
    **{
        f"mixture, d={d}, K={k}, {how}": partial(mixture, d, k, n, how != "one graph")
        for how, n in (("1,000 inputs", 1000), ("one graph", 100))
        for d in (2, 10, 20)
        for k in (5, 25)
    },
    "bundle adjustment, 1,000": partial(bundle, 1000),
    "LSTM, 64 characters": partial(lstm, 64),
    "LSTM, 256 characters": partial(lstm, 256),
    "LSTM, 1,024 characters": partial(lstm, 1024),
}


def torch_engine(problem: Problem) -> Engine:
    """The objective in PyTorch, eager."""
    import torch

    class Arrays:
        cos, exp, log, sigmoid = torch.cos, torch.exp, torch.log, torch.sigmoid
        sin, sqrt, tanh = torch.sin, torch.sqrt, torch.tanh
        concatenate, stack, logsumexp = torch.cat, torch.stack, torch.logsumexp
        cross, array = torch.linalg.cross, torch.from_numpy

        @staticmethod
        def transpose(matrices: Any) -> Any:
            return matrices.mT

        @staticmethod
        def outputs_over_time(step: Any, state: Any, sequence: Any) -> Any:
            outputs = []
            for x in sequence:
                state, output = step(state, x)
                outputs.append(output)
            return torch.stack(outputs)

    point = torch.tensor(problem.point, requires_grad=True)
    objective = partial(problem.objective, Arrays)

    def value() -> Any:
        with torch.no_grad():
            return objective(point).numpy()

    def derivative() -> tuple[Any, Any]:
        found = objective(point)
        if problem.n_columns is None:
            (slopes,) = torch.autograd.grad(found, point)
            return found.detach().numpy(), slopes.numpy()
        rows = [
            torch.autograd.grad(column.sum(), point, retain_graph=True)[0]
            for column in found.T
        ]
        jacobian = torch.stack(rows, 1)[:, :, : problem.n_columns]
        return found.detach().numpy(), jacobian.numpy()

    return Engine(value, derivative)


def jax_engine(problem: Problem) -> Engine:
    """The objective in JAX, jitted."""
    import jax
    import jax.numpy as jnp

    configure: Any = jax.config.update
    configure("jax_enable_x64", True)

    class Arrays:
        cos, exp, log, sigmoid = jnp.cos, jnp.exp, jnp.log, jax.nn.sigmoid
        sin, sqrt, tanh = jnp.sin, jnp.sqrt, jnp.tanh
        concatenate, stack, logsumexp = jnp.concatenate, jnp.stack, jax.nn.logsumexp
        cross, array, transpose = jnp.cross, jnp.asarray, jnp.matrix_transpose

        @staticmethod
        def outputs_over_time(step: Any, state: Any, sequence: Any) -> Any:
            return jax.lax.scan(step, state, sequence)[1]

    point = jnp.asarray(problem.point)
    objective: Any = partial(problem.objective, Arrays)
    wait: Any = jax.block_until_ready
    value: Any = jax.jit(objective)
    n = problem.n_columns

    def of_row(movable: Any, seen: Any) -> Any:
        return objective(jnp.concatenate([movable, seen]))

    def jacobian(rows: Any) -> Any:
        by_row: Any = jax.vmap(jax.jacrev(of_row))
        return objective(rows), by_row(rows[:, :n], rows[:, n:])

    both: Any = jax.jit(jax.value_and_grad(objective) if n is None else jacobian)
    return Engine(lambda: wait(value(point)), lambda: wait(both(point)))


PEERS = {"PyTorch": torch_engine, "JAX": jax_engine}


def difference(ours: Engine, theirs: Engine) -> float:
    """How far values and derivatives differ at most, of the largest number of each."""
    found, expected = ours.derivative(), theirs.derivative()
    pairs = [*zip(found, expected, strict=True), (ours.value(), theirs.value())]
    errors = []
    for a, b in pairs:
        a, b = np.asarray(a), np.asarray(b)
        assert a.shape == b.shape, (a.shape, b.shape)
        errors.append(float(np.abs(a - b).max() / np.abs(b).max()))
    return max(errors)


# Measuring


def seconds(run: Callable[[], Any], calls: int) -> float:
    """What one call takes of the processor."""
    start = time.process_time()
    for _ in range(calls):
        run()
    return (time.process_time() - start) / calls


def medians(engines: dict[str, Engine], repeats: int) -> dict[str, list[float]]:
    """For each engine the seconds of a value and of a derivative."""
    runs = {
        (key, kind): run for key, e in engines.items() for kind, run in enumerate(e)
    }
    calls = {
        key: 1 + int(0.02 / max(seconds(run, 1), 1e-5)) for key, run in runs.items()
    }
    times: dict[Any, list[float]] = {key: [] for key in runs}
    for _ in range(repeats):
        for key, run in runs.items():
            times[key].append(seconds(run, calls[key]))
    return {
        key: [statistics.median(times[key, kind]) for kind in (0, 1)] for key in engines
    }


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--only", default="", help="objectives with this in their name")
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    if os.environ.get(variables[0]) != "1":
        # BLAS reads these when it is loaded: start again with them set.
        environment = {**os.environ, **dict.fromkeys(variables, "1")}
        environment["XLA_FLAGS"] = (
            "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
        )
        command = [sys.executable, "-m", "benchmarks.adbench", *sys.argv[1:]]
        os.execve(sys.executable, command, environment)
    print(
        "| objective | parameters | ready, s | value | derivative | ratio | "
        "of PyTorch's: value | derivative | ratio there | "
        "of JAX's: value | derivative | ratio there |"
    )
    print("| --- |" + " ---: |" * 11)
    for name, make in CASES.items():
        if args.only not in name:
            continue
        problem = make()
        start = time.process_time()
        ours = problem.compiled()
        ours.derivative()
        ready = time.process_time() - start
        engines = {"valuegrad": ours}
        for peer, make_engine in PEERS.items():
            try:
                engines[peer] = make_engine(problem)
            except ImportError:
                continue
        if "PyTorch" in engines:
            for key, engine in engines.items():
                error = difference(engine, engines["PyTorch"])
                assert error <= CLOSE, f"{name}: {key} differs by {error:.1e}"
        found = medians(engines, args.repeats)
        value, derivative = found["valuegrad"]
        cells = [f"{problem.n_columns or problem.point.size:,}", f"{ready:.2f}"]
        cells += [f"{value * 1e3:.3f}", f"{derivative * 1e3:.3f}"]
        cells.append(f"{derivative / value:.1f}")
        for peer in PEERS:
            if peer not in found:
                cells += ["not installed", "", ""]
                continue
            a, b = found[peer]
            cells += [f"{value / a:.2f}", f"{derivative / b:.2f}", f"{b / a:.1f}"]
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
