"""The eager engine against micrograd and PyTorch's scalars, side by side in one run.

The work is the epoch of micrograd's demo, 100 points through a network 2-16-16-1 with
a hinge loss: build the graph of the whole epoch and run backward once. Every engine is
given the same scalar code, so all build the same 65,000 nodes and time per node can be
compared; `valuegrad, nn.MLP` is the same epoch as a user of `nn` writes it, where each
weighted sum is a single node.

    pip install ".[bench]"
    python -m benchmarks.eager

Each repeat runs all engines one after the other, each in a process of its own, with the
garbage collector on; the medians over the repeats are shown, and their ratios. Bytes
are what Python has allocated for the graph after backward, by tracemalloc. `in Python`
is the same without the native core.

Then a chain of a hundred thousand to ten million nodes is built, swept and freed, to
show that time and memory are linear in it.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import resource
import statistics
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

SIZES = [2, 16, 16, 1]
N_EXAMPLES = 100
IN_PYTHON = ", in Python"
ENGINES = [
    "micrograd",
    "torch",
    "valuegrad",
    "valuegrad, nn.MLP",
    "valuegrad" + IN_PYTHON,
    "valuegrad, nn.MLP" + IN_PYTHON,
]
CHAINS = [10**5, 10**6, 10**7]


def scalar_epoch(leaf: Callable[[float], Any]) -> Callable[[], Any]:
    """The demo's epoch in plain scalar code, over any engine's numbers."""
    rng = random.Random(0)
    layers = [
        [
            ([leaf(rng.uniform(-1, 1)) for _ in range(n)], leaf(0.0))
            for _ in range(n_outputs)
        ]
        for n, n_outputs in itertools.pairwise(SIZES)
    ]
    points = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(N_EXAMPLES)]

    def run() -> Any:
        losses = []
        for x1, x2 in points:
            signal = [leaf(x1), leaf(x2)]
            for depth, layer in enumerate(layers):
                signal = [
                    sum((w * x for w, x in zip(weights, signal, strict=True)), bias)
                    for weights, bias in layer
                ]
                if depth < len(layers) - 1:
                    signal = [total.relu() for total in signal]
            sign = 1.0 if x1 > x2 else -1.0
            losses.append((1.0 + -sign * signal[0]).relu())
        return sum(losses) * (1.0 / N_EXAMPLES)

    return run


def network_epoch() -> Callable[[], Any]:
    """The demo's epoch with `nn`."""
    import autograd
    import nn

    rng = random.Random(0)
    model = nn.MLP(2, [16, 16, 1], seed=0)
    points = [(rng.uniform(-1, 1), rng.uniform(-1, 1)) for _ in range(N_EXAMPLES)]

    def run() -> Any:
        losses = [
            nn.hinge(model(point), 1.0 if point[0] > point[1] else -1.0)
            for point in points
        ]
        return autograd.sum(losses) / N_EXAMPLES

    return run


def epoch_of(engine: str) -> Callable[[], Any]:
    """The epoch over the numbers of one engine."""
    if engine == "micrograd":
        from micrograd.engine import Value as Micrograd

        return scalar_epoch(Micrograd)
    if engine == "torch":
        import torch

        torch.set_num_threads(1)
        return scalar_epoch(
            lambda x: torch.tensor(x, dtype=torch.float64, requires_grad=True)
        )
    if engine.removesuffix(IN_PYTHON) == "valuegrad":
        from autograd import Value

        return scalar_epoch(Value)
    return network_epoch()


def count_nodes() -> int:
    """How many nodes the scalar epoch has."""
    from autograd import Value, topological_order

    return len(topological_order(scalar_epoch(Value)()))


def measure(engine: str) -> dict[str, float]:
    """Seconds to build, to run backward and to free, and bytes, for one epoch."""
    run = epoch_of(engine)
    run().backward()  # warm up
    times = []
    for _ in range(5):
        start = time.perf_counter()
        loss = run()
        built = time.perf_counter()
        loss.backward()
        swept = time.perf_counter()
        del loss
        freed = time.perf_counter()
        times.append((swept - start, built - start, swept - built, freed - swept))
    total, build, backward, free = (
        statistics.median(c) for c in zip(*times, strict=True)
    )
    tracemalloc.start()
    loss = run()
    loss.backward()
    size, _ = tracemalloc.get_traced_memory()
    return {
        "total": total,
        "build": build,
        "backward": backward,
        "free": free,
        "bytes": size,
    }


def chain(n: int) -> dict[str, float]:
    """Seconds to build, sweep and free a chain of n nodes, and bytes of the process."""
    from autograd import Value

    def resident() -> float:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * float(resource.getpagesize())

    x = y = Value(0.5)
    before, start = resident(), time.perf_counter()
    for _ in range(n // 2):
        y = y * x + x
    built, graph = time.perf_counter(), resident() - before
    y.backward()
    swept = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before
    freeing = time.perf_counter()
    del y
    freed = time.perf_counter()
    return {
        "build": built - start,
        "backward": swept - built,
        "free": freed - freeing,
        "bytes": graph,
        "peak": peak,
        "kept": resident() - before,
    }


def show_chains() -> None:
    """Print the table of the chains, each of a process of its own."""
    print(
        "\n| chain of | build | backward | free | bytes a node | at most | kept after |"
    )
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for n in CHAINS:
        command = [sys.executable, "-m", "benchmarks.eager", "--chain", str(n)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found = json.loads(done.stdout)
        times = [f"{found[key] / n * 1e6:.3f}" for key in ("build", "backward", "free")]
        sizes = [f"{found[key] / n:.0f}" for key in ("bytes", "peak", "kept")]
        print(f"| {n:,} | {' | '.join(times + sizes)} |")


def main() -> None:
    """Measure every engine that is installed, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--engine", choices=ENGINES, help=argparse.SUPPRESS)
    parser.add_argument("--chain", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.chain:
        print(json.dumps(chain(args.chain)))
        return
    if args.engine:
        print(json.dumps(measure(args.engine)))
        return

    results: dict[str, list[dict[str, float]]] = {}
    missing = set()
    for _ in range(args.repeats):
        for engine in ENGINES:
            command = [sys.executable, "-m", "benchmarks.eager", "--engine", engine]
            native = "0" if engine.endswith(IN_PYTHON) else "1"
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "VALUEGRAD_NATIVE": native},
            )
            if done.returncode == 0:
                results.setdefault(engine, []).append(json.loads(done.stdout))
            elif "ModuleNotFoundError" in done.stderr:
                missing.add(engine)
            else:
                sys.exit(done.stderr)
    nodes = count_nodes()
    print(
        f"{N_EXAMPLES} examples through {SIZES}, {nodes} scalar nodes; medians of "
        f"{args.repeats} interleaved runs; microseconds and bytes per scalar node"
    )
    print(
        "| engine | build + backward | build | backward | free | bytes | "
        "of micrograd | of torch |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    bases = [[run["total"] for run in results.get(peer, [])] for peer in ENGINES[:2]]
    for engine, runs in results.items():
        micro = [
            statistics.median(run[key] for run in runs) / nodes * 1e6
            for key in ("total", "build", "backward", "free")
        ]
        size = statistics.median(run["bytes"] for run in runs) / nodes
        ratios = []
        for base in bases:
            each = [b / run["total"] for b, run in zip(base, runs, strict=False)]
            ratios.append(f"1/{statistics.median(each):.1f}" if each else "?")
        cells = [f"{number:.3f}" for number in micro]
        # PyTorch allocates outside Python, where tracemalloc does not look.
        shown = "not seen" if engine == "torch" else f"{size:.0f}"
        print(f"| {engine} | {' | '.join(cells)} | {shown} | {' | '.join(ratios)} |")
    for engine in sorted(missing):
        print(f"{engine} is not installed: pip install '.[bench]'")
    if sys.platform == "linux":
        show_chains()


if __name__ == "__main__":
    main()
