"""What compiling costs per scalar node, on graphs of 10,000 to 1,000,000 nodes.

The graphs are whole batches of a small network recorded as one, a 784-16-16-10 network
with cross-entropy, and a Runge-Kutta recurrence, which has no width.

    pip install .
    python -m benchmarks.compiling

Times are of the processor, in microseconds per node; compiling comes beyond recording,
and is the median of three.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable

from autograd import Value, compile, topological_order
from benchmarks.replay import lotka_volterra
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


def recurrence() -> tuple[Value, list[Value]]:
    """200 Runge-Kutta steps of the Lotka-Volterra equations."""
    leaves = [Value(number) for number in (1.1, 0.4, 0.4, 0.1, 10.0, 5.0)]
    return lotka_volterra(leaves), leaves


CASES: dict[str, Callable[[], tuple[Value, list[Value]]]] = {
    "15 examples": lambda: batch(15),
    "150 examples": lambda: batch(150),
    "1,500 examples": lambda: batch(1500),
    "784-16-16-10": digits,
    "recurrence": recurrence,
}


def main() -> None:
    """Measure, and print the table."""
    print("| graph | nodes | record | compile | instructions |")
    print("| --- | ---: | ---: | ---: | ---: |")
    leaf = Value(1.0)
    compile(leaf * leaf, parameters=[leaf])  # what is imported is imported now
    for name, make in CASES.items():
        gc.collect()
        start = time.process_time()
        root, parameters = make()
        recorded = time.process_time() - start
        nodes = len(topological_order(root))
        times = []
        for _ in range(3):
            start = time.process_time()
            program = compile(root, parameters=parameters)
            times.append(time.process_time() - start)
        compiled = statistics.median(times)
        print(
            f"| {name} | {nodes:,} | {recorded / nodes * 1e6:.1f} | "
            f"{compiled / nodes * 1e6:.1f} | {len(program)} |",
            flush=True,
        )
        del root, parameters, program


if __name__ == "__main__":
    main()
