"""What the loop of `fit` costs beyond the compiled steps, on 784-16-16-10 in batches.

`fit` goes through 20,000 examples in a random order. The bare steps are those of the
same compiled program and optimizer on consecutive slices of the same data, which are
read from memory too, but not gathered. The rest is what `fit` adds: gathering, adding
up the loss and the norms, and the history.

    pip install .
    python -m benchmarks.training
    python -m benchmarks.training --batch 128 --optimizer SGD

All take turns; the medians of several epochs are shown.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time

import numpy as np

import nn
from autograd import Value, compile


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--optimizer", choices=["Adam", "SGD"], default="Adam")
    parser.add_argument("--repeats", type=int, default=9)
    args = parser.parse_args()
    threads = os.environ.get("OPENBLAS_NUM_THREADS", "all")
    print(f"batches of {args.batch}, {args.optimizer}, BLAS with {threads} thread(s)")

    rng = np.random.default_rng(0)
    X, y = rng.random((20_000, 784)), np.eye(10)[rng.integers(0, 10, 20_000)]
    model = nn.MLP(784, [16, 16, 10], seed=0)
    make = getattr(nn, args.optimizer)

    twin = nn.MLP(784, [16, 16, 10], seed=0)
    inputs = [Value(0.5) for _ in range(784)]
    targets = [Value(0.1) for _ in range(10)]
    loss = nn.cross_entropy(twin(inputs), targets)
    program = compile(loss, [*inputs, *targets], twin.parameters())
    optimizer = make(twin.parameters())
    joined = np.hstack([X, y])
    n_steps = -(-len(X) // args.batch)

    def fitted() -> float:
        history = nn.fit(
            model,
            X,
            y,
            loss=nn.cross_entropy,
            optimizer=make(model.parameters()),
            epochs=2,
            batch_size=args.batch,
            progress=False,
        )
        return history.seconds[-1]

    def bare() -> float:
        start = time.perf_counter()
        for first in range(0, len(joined), args.batch):
            batch = joined[first : first + args.batch]
            _, gradient = program.value_and_grad(batch)
            optimizer.apply(program.parameters, gradient)
        return time.perf_counter() - start

    runs = {"bare steps": bare, "fit": fitted}
    times: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(args.repeats):
        for name, run in runs.items():
            times[name].append(run())
    medians = {name: statistics.median(found) for name, found in times.items()}
    for name, median in medians.items():
        share = median / medians["bare steps"]
        print(f"{name:>12}: {median / n_steps * 1e6:6.1f} us a step ({share:.2f})")


if __name__ == "__main__":
    main()
