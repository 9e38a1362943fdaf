"""A convolutional network in scalar loops, trained on all of MNIST.

Nothing here says `convolution`: six 5x5 kernels are moved over the image by Python
loops, one product after the other, then 2x2 blocks are averaged and a dense network
decides. The compiler finds that the 86,400 products of the loops are one product of a
(6, 25) by a (25, 576) matrix. The files are found as in mnist.py.
"""

import argparse
import sys
import time
from typing import Any

import numpy as np

import autograd
import nn
from autograd import Value

parser = argparse.ArgumentParser(description="Train a convolutional network.")
parser.add_argument("--data", help="the folder with the four MNIST files")
parser.add_argument("--train", type=int, help="training images, by default all")
parser.add_argument("--test", type=int, help="test images, by default all")
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

SIDE, KERNEL, CHANNELS, BATCH = 28, 5, 6, 64
MAP = SIDE - KERNEL + 1


class LeNet(nn.Module):
    """Convolution, averaging, and a dense network on what is left."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        size = 1.0 / KERNEL
        self.kernels = [
            [[Value(w) for w in row] for row in kernel]
            for kernel in rng.normal(0.0, size, (CHANNELS, KERNEL, KERNEL))
        ]
        self.biases = [Value(0.0) for _ in range(CHANNELS)]
        self.dense = nn.MLP(CHANNELS * (MAP // 2) ** 2, [64, 10], "relu", seed=rng)

    def __call__(self, pixels: list[Value]) -> Any:
        """The ten logits of an image given row by row."""
        pooled = []
        for kernel, bias in zip(self.kernels, self.biases, strict=True):
            feature = {}
            for i in range(MAP):
                for j in range(MAP):
                    total = bias
                    for a in range(KERNEL):
                        for b in range(KERNEL):
                            total = (
                                total + kernel[a][b] * pixels[SIDE * (i + a) + j + b]
                            )
                    feature[i, j] = total.relu()
            for i in range(0, MAP, 2):
                for j in range(0, MAP, 2):
                    block = [feature[i + a, j + b] for a in (0, 1) for b in (0, 1)]
                    pooled.append(autograd.sum(block) / 4.0)
        return self.dense(pooled)


try:
    (X, y), (X_test, y_test) = nn.data.mnist(args.data, dtype=np.float32)
except OSError as error:
    sys.exit(f"This example needs MNIST. {error}")
X, y = X[: args.train], y[: args.train]
X_test, y_test = X_test[: args.test], y_test[: args.test]

model = LeNet(args.seed)
print(f"{len(X):,} images, {len(model.parameters()):,} parameters")
start = time.perf_counter()
steps = args.epochs * -(-len(X) // BATCH)
history = nn.fit(
    model,
    X,
    y,
    loss=nn.cross_entropy,
    optimizer=nn.Adam(model.parameters(), learning_rate=nn.Cosine(0.002, steps)),
    epochs=args.epochs,
    batch_size=BATCH,
    seed=args.seed,
)
print(f"loss {history.loss[-1]:.4f} after {time.perf_counter() - start:.0f} s")
print(f"test accuracy: {nn.accuracy(model, X_test, y_test):.2%}")
