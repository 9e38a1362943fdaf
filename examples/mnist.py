"""Handwritten digits, learned from scalar code.

A network 784-16-16-10, neuron by neuron made of Values, is recorded on one image and
compiled; the program trains on all 60,000 images of MNIST. Try `--layers 128,64`, or
`--shift` to add the images shifted by one pixel in the four directions.

With `--eager` nothing is compiled: the graph of each image is recorded and swept, on a
subset with the pixels averaged down to 14x14. The files are read from --data, or from
the folder in VALUEGRAD_DATA, or downloaded once; where they cannot be had, the 8x8
digits that scikit-learn brings along are used instead.
"""

import argparse
import sys
import time

import numpy as np

import nn

parser = argparse.ArgumentParser(description="Train a network on handwritten digits.")
parser.add_argument("--data", help="the folder with the four MNIST files")
parser.add_argument("--digits", action="store_true", help="use the 8x8 digits")
parser.add_argument("--eager", action="store_true", help="do not compile: a subset")
parser.add_argument("--train", type=int, help="training images, by default all of them")
parser.add_argument("--test", type=int, help="test images, by default all of them")
parser.add_argument("--layers", default="16,16", help="neurons in each hidden layer")
parser.add_argument("--shift", action="store_true", help="add shifted training images")
parser.add_argument("--epochs", type=int, help="times through the training images")
parser.add_argument("--batch", type=int, help="images per step")
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()


n_train, n_test = args.train, args.test
if args.eager:
    n_train, n_test = n_train or 3000, n_test or 1000
try:
    if args.digits:
        raise FileNotFoundError("the 8x8 digits were asked for")
    (X, y), (X_test, y_test) = nn.data.mnist(args.data, dtype=np.float32)
    X, y, X_test, y_test = X[:n_train], y[:n_train], X_test[:n_test], y_test[:n_test]
    name = "MNIST"
    if args.eager:
        X, X_test = nn.data.shrink(X), nn.data.shrink(X_test)
        name = "MNIST, averaged down to 14x14"
    elif args.shift:
        X, y = nn.data.shifted(X), np.tile(y, 5)
        name = "MNIST with shifted images"
except OSError as error:
    print(f"No MNIST: {error}\nThe 8x8 digits are used instead.", file=sys.stderr)
    (X, y), (X_test, y_test) = nn.data.digits(seed=args.seed)
    X, y, X_test, y_test = X[:n_train], y[:n_train], X_test[:n_test], y_test[:n_test]
    name = "scikit-learn's 8x8 digits"

layers = [int(size) for size in args.layers.split(",")]
model = nn.MLP(X.shape[1], [*layers, 10], "relu", seed=args.seed)
print(f"{name}: {len(X):,} training and {len(X_test):,} test images")
print(f"{model}, {len(model.parameters()):,} parameters")

few = len(X) < 10_000
epochs = args.epochs or (4 if args.eager else 30 if few else 6 if args.shift else 9)
batch = args.batch or (16 if few else 128 if args.shift else 64)
# Long strides first, then ever shorter ones.
strides = nn.Cosine(0.005, epochs * -(-len(X) // batch))
start = time.perf_counter()
history = nn.fit(
    model,
    X,
    y,
    loss=nn.cross_entropy,
    optimizer=nn.Adam(model.parameters(), learning_rate=strides),
    epochs=epochs,
    batch_size=batch,
    compiled=not args.eager,
    seed=args.seed,
)
print(f"training loss {history.loss[0]:.3f} -> {history.loss[-1]:.3f}")
print(f"{time.perf_counter() - start:.1f} s, recording and compiling included")
print(f"test accuracy: {nn.accuracy(model, X_test, y_test):.1%}")
