"""One training step of a 784-16-16-10 network, against peers, side by side in one run.

The step is that of plain gradient descent on softmax cross-entropy with sigmoid hidden
layers: forward, backward, and the update of all 13,002 parameters. The peers are NumPy
written by hand with preallocated buffers, PyTorch with nn.Sequential and SGD, a jitted
JAX step, and micrograd on one image, multiplied by the batch size.

    pip install ".[bench]"
    python -m benchmarks.mnist
    python -m benchmarks.mnist --threads 2 --dtype float64

All engines take turns within each repeat, in a random order: the threads of one may
still be waiting, on a core that the next one needs. The medians are shown, and the
ratios to valuegrad. Absolute times depend on the machine, and are noisy.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

SIZES = (784, 16, 16, 10)
BATCHES = (1, 10, 32, 128, 1024)
RATE = 0.01
Step = Callable[[], Any]


def valuegrad_step(X: Any, y: Any, dtype: Any) -> Step:
    """The compiled program and the update of its flat parameters."""
    import numpy as np

    import nn
    from autograd import Value, compile

    model = nn.MLP(SIZES[0], list(SIZES[1:]), "sigmoid", seed=0)
    inputs = [Value(0.0) for _ in range(SIZES[0])]
    targets = [Value(0.1) for _ in range(SIZES[-1])]
    loss = nn.cross_entropy(model(inputs), targets)
    program = compile(loss, [*inputs, *targets], model.parameters(), dtype)
    batch = np.hstack([X, np.eye(SIZES[-1], dtype=dtype)[y]])
    parameters = program.parameters

    def step() -> None:
        _, gradient = program.value_and_grad(batch)
        np.multiply(gradient, RATE, gradient)
        np.subtract(parameters, gradient, parameters)

    return step


def numpy_step(X: Any, y: Any, dtype: Any) -> Step:
    """The same by hand: every array allocated before the first step."""
    import numpy as np

    rng = np.random.default_rng(0)
    n = len(X)
    pairs = list(itertools.pairwise(SIZES))
    W = [rng.normal(0, a**-0.5, (b, a)).astype(dtype) for a, b in pairs]
    b = [np.zeros((m, 1), dtype) for m in SIZES[1:]]
    H = [X.T, *[np.empty((m, n), dtype) for m in SIZES[1:]]]
    D = [np.empty((m, n), dtype) for m in SIZES[1:]]
    T = [np.empty((m, n), dtype) for m in SIZES[1:]]
    dW = [np.empty_like(w) for w in W]
    ones = np.full((n, 1), 1.0, dtype)
    db = [np.empty_like(v) for v in b]
    Y = np.eye(SIZES[-1], dtype=dtype)[y].T.copy()

    def step() -> None:
        for i in range(3):
            z = np.matmul(W[i], H[i], out=H[i + 1])
            z += b[i]
            if i < 2:
                np.negative(z, out=z)
                np.exp(z, out=z)
                z += 1.0
                np.reciprocal(z, out=z)
        z = H[3]
        z -= z.max(axis=0)
        np.exp(z, out=D[2])
        D[2] /= D[2].sum(axis=0)
        D[2] -= Y
        D[2] /= n
        for i in (2, 1, 0):
            np.matmul(D[i], H[i].T, out=dW[i])
            np.matmul(D[i], ones, out=db[i])
            if i:
                np.matmul(W[i].T, D[i], out=D[i - 1])
                np.subtract(1.0, H[i], out=T[i - 1])
                T[i - 1] *= H[i]
                D[i - 1] *= T[i - 1]
        for i in range(3):
            dW[i] *= RATE
            W[i] -= dW[i]
            db[i] *= RATE
            b[i] -= db[i]

    return step


def torch_step(X: Any, y: Any, dtype: Any) -> Step:
    """nn.Sequential and optim.SGD, eager."""
    import torch

    kind = getattr(torch, str(dtype))
    layers: list[Any] = []
    for a, b in itertools.pairwise(SIZES):
        layers += [torch.nn.Linear(a, b, dtype=kind), torch.nn.Sigmoid()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    loss_of = torch.nn.CrossEntropyLoss()
    inputs, targets = torch.tensor(X, dtype=kind), torch.tensor(y)

    def step() -> None:
        optimizer.zero_grad()
        loss_of(model(inputs), targets).backward()
        optimizer.step()

    return step


def jax_step(X: Any, y: Any, dtype: Any) -> Step:
    """A jitted step on a list of arrays."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    configure: Any = jax.config.update
    configure("jax_enable_x64", str(dtype) == "float64")
    rng = np.random.default_rng(0)
    pairs = list(itertools.pairwise(SIZES))
    parameters = [
        (jnp.array(rng.normal(0, a**-0.5, (a, b)), dtype), jnp.zeros(b, dtype))
        for a, b in pairs
    ]
    inputs, targets = jnp.array(X), jnp.array(y)

    def loss(parameters: Any, X: Any, y: Any) -> Any:
        h = X
        for i, (w, b) in enumerate(parameters):
            h = h @ w + b
            h = jax.nn.sigmoid(h) if i < 2 else h
        logs = jax.nn.log_softmax(h)
        return -jnp.take_along_axis(logs, y[:, None], axis=1).mean()

    def update(parameters: Any, X: Any, y: Any) -> Any:
        slopes = jax.grad(loss)(parameters, X, y)
        return jax.tree.map(lambda p, g: p - RATE * g, parameters, slopes)

    state = [parameters]
    jitted: Any = jax.jit(update)
    wait: Any = jax.block_until_ready

    def step() -> None:
        state[0] = jitted(state[0], inputs, targets)
        wait(state[0])

    return step


def micrograd_seconds() -> float:
    """One image, forward and backward, with micrograd's own MLP."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    model = MLP(SIZES[0], list(SIZES[1:]))
    start = time.perf_counter()
    scores = model([Value(0.5)] * SIZES[0])
    sum((score - 1.0) ** 2 for score in scores).backward()
    return time.perf_counter() - start


PEERS = {
    "valuegrad": valuegrad_step,
    "NumPy by hand": numpy_step,
    "PyTorch": torch_step,
    "JAX, jitted": jax_step,
}


def main() -> None:
    """Measure every peer that is installed, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dtype", choices=["float32", "float64"], default="float32")
    parser.add_argument("--repeats", type=int, default=15)
    args = parser.parse_args()
    variables = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    if os.environ.get(variables[0]) != str(args.threads):
        # BLAS reads these when it is loaded: start again with them set.
        flags = "--xla_cpu_multi_thread_eigen=" + str(args.threads > 1).lower()
        flags += f" intra_op_parallelism_threads={args.threads}"
        environment = {**os.environ, **dict.fromkeys(variables, str(args.threads))}
        environment["XLA_FLAGS"] = flags
        command = [sys.executable, "-m", "benchmarks.mnist", *sys.argv[1:]]
        os.execve(sys.executable, command, environment)

    import numpy as np

    try:
        import torch

        torch.set_num_threads(args.threads)
    except ImportError:
        pass
    dtype = np.dtype(args.dtype)
    rng = np.random.default_rng(0)
    print(
        f"{'-'.join(map(str, SIZES))}, {args.dtype}, {args.threads} thread(s); one "
        f"step in microseconds, medians of {args.repeats} interleaved repeats; in "
        f"brackets the time as a multiple of valuegrad's"
    )
    print(f"| batch | {' | '.join(PEERS)} |")
    print("| ---: |" + " ---: |" * len(PEERS))
    for n in BATCHES:
        X = rng.random((n, SIZES[0])).astype(dtype)
        y = rng.integers(0, SIZES[-1], n)
        steps: dict[str, Step] = {}
        for name, make in PEERS.items():
            try:
                steps[name] = make(X, y, dtype)
            except ImportError:
                continue
        times: dict[str, list[float]] = {name: [] for name in steps}
        calls = max(5, 2000 // (n + 20))
        for _ in range(args.repeats):
            for name in rng.permutation(list(steps)).tolist():
                step = steps[name]
                step()
                start = time.perf_counter()
                for _ in range(calls):
                    step()
                times[name].append((time.perf_counter() - start) / calls)
        medians = {name: statistics.median(found) for name, found in times.items()}
        cells = [
            f"{medians[name] * 1e6:.0f} ({medians[name] / medians['valuegrad']:.2f})"
            if name in medians
            else "not installed"
            for name in PEERS
        ]
        print(f"| {n} | {' | '.join(cells)} |", flush=True)
        if n == 128:
            ours = medians["valuegrad"]
    try:
        seconds = statistics.median(micrograd_seconds() for _ in range(3))
        print(
            f"micrograd: {seconds:.2f} s an image; a batch of 128 would take "
            f"{128 * seconds / ours:,.0f} times as long as here"
        )
    except ImportError:
        print("micrograd is not installed: pip install '.[bench]'")


if __name__ == "__main__":
    main()
