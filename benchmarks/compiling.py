"""What compiling costs per scalar node, on graphs of 10,000 to 1,000,000 nodes.

The graphs are whole batches of a small network recorded as one, a 784-16-16-10 network
with cross-entropy, and Runge-Kutta recurrences, which have no width.

    pip install .
    python -m benchmarks.compiling

Times are of the processor, in microseconds per node: recording, compiling, and the
first `value_and_grad`, which makes the derivative. `bytes` is the most memory that the
last two take beyond the graph's own, per node. Each is the median of three processes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from autograd import Value, compile, topological_order
from benchmarks.replay import CASES as REPLAYED
from nn import MLP, cross_entropy, data


def batch(n_examples: int) -> tuple[Value, list[Value]]:
    """micrograd's demo with all examples in one graph, in scalar operations."""
    model = MLP(2, [16, 16, 1], "tanh", seed=0)
    X, y = data.moons(n_examples, 0.1, 0)
    total = Value(0.0)
    for row, sign in zip(X.tolist(), (2 * y - 1).tolist(), strict=True):
        signal = [Value(number) for number in row]
        for layer in model.layers:
            sums = []
            for neuron in layer.neurons:
                weighted = neuron.bias
                for w, x in zip(neuron.weights, signal, strict=True):
                    weighted = weighted + w * x
                sums.append(weighted)
            signal = [s.tanh() for s in sums] if layer is not model.layers[-1] else sums
        total = total + (1.0 - sign * signal[0]).relu()
    return total / n_examples, model.parameters()


def digits() -> tuple[Value, list[Value]]:
    """One example of a 784-16-16-10 network."""
    model = MLP(784, [16, 16, 10], "sigmoid", seed=0)
    inputs = [Value(0.5) for _ in range(784)]
    return cross_entropy(model(inputs), 3), model.parameters()


def replayed(name: str) -> tuple[Value, list[Value]]:
    """A function of `benchmarks.replay`, all of whose numbers are parameters."""
    f, point = REPLAYED[name]
    leaves = [Value(number) for number in point.tolist()]
    return f(leaves), leaves


CASES: dict[str, Callable[[], tuple[Value, list[Value]]]] = {
    "15 examples": lambda: batch(15),
    "150 examples": lambda: batch(150),
    "1,500 examples": lambda: batch(1500),
    "784-16-16-10": digits,
    **{
        name: partial(replayed, name)
        for name in (
            "Lotka-Volterra, 200 steps",
            "Lotka-Volterra, 2,000 steps",
            "pendulum, 500 steps",
            "pendulum, 8,000 steps",
        )
    },
}


class Costs(NamedTuple):
    """What a graph costs: seconds, and bytes beyond what there was before."""

    nodes: int
    record: float
    compile: float
    first_call: float
    peak: int
    instructions: int


def measured(name: str) -> Costs:
    """Compile a graph in this process, in which nothing else should be."""
    leaf = Value(1.0)
    # What is imported is imported now, numpy.ma by np.unique too.
    compile(leaf * leaf, parameters=[leaf]).value_and_grad()
    np.unique([0])
    start = time.process_time()
    root, parameters = CASES[name]()
    record = time.process_time() - start
    nodes = len(topological_order(root))
    before = resident(reset=True)
    start = time.process_time()
    program = compile(root, parameters=parameters)
    compiled = time.process_time()
    program.value_and_grad()
    called = time.process_time()
    peak = resident(peak=True) - before
    return Costs(nodes, record, compiled - start, called - compiled, peak, len(program))


def resident(peak: bool = False, reset: bool = False) -> int:
    """How many bytes of memory the process has now, or had at most since a reset.

    -1 where the system does not tell, as Linux does.
    """
    process = Path("/proc/self")
    if not process.exists():
        return -1
    if reset:
        (process / "clear_refs").write_text("5")
    key = "VmHWM:" if peak else "VmRSS:"
    lines = (process / "status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(key)]
    return 1024 * int(line.split()[1])


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--graph", choices=CASES, help="measure this one alone, once")
    args = parser.parse_args()
    if args.graph:
        print(json.dumps(measured(args.graph)))
        return
    print("| graph | nodes | record | compile | first call | bytes | instructions |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in CASES:
        command = [sys.executable, "-m", "benchmarks.compiling", "--graph", name]
        runs = [
            Costs(*json.loads(subprocess.run(command, **CAPTURED).stdout))
            for _ in range(args.repeats)
        ]
        costs = Costs(*map(statistics.median, zip(*runs, strict=True)))
        seconds = (costs.record, costs.compile, costs.first_call)
        cells = [f"{time / costs.nodes * 1e6:.2f}" for time in seconds]
        cells.append(f"{costs.peak / costs.nodes:.0f}" if costs.peak >= 0 else "?")
        print(
            f"| {name} | {costs.nodes:,.0f} | {' | '.join(cells)} | "
            f"{costs.instructions:,.0f} |",
            flush=True,
        )


CAPTURED: dict[str, Any] = {"check": True, "capture_output": True, "text": True}

if __name__ == "__main__":
    main()
