"""Handwritten digits, learned neuron by neuron in eager mode.

A subset of MNIST with its pixels averaged down to 14x14. The files are read from
--data, or from the folder in VALUEGRAD_DATA, or downloaded once; where they cannot be
had, the 8x8 digits that scikit-learn brings along are used instead.
"""

import argparse
import sys

import nn

parser = argparse.ArgumentParser(description="Train a network on handwritten digits.")
parser.add_argument("--data", help="the folder with the four MNIST files")
parser.add_argument("--digits", action="store_true", help="use the 8x8 digits")
parser.add_argument("--train", type=int, default=3000, help="training images")
parser.add_argument("--test", type=int, default=1000, help="test images")
parser.add_argument(
    "--hidden", type=int, default=16, help="neurons in each of 2 layers"
)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--seed", type=int, default=0)
args = parser.parse_args()

try:
    if args.digits:
        raise FileNotFoundError("the 8x8 digits were asked for")
    (X, y), (X_test, y_test) = nn.data.mnist(args.data)
    X, X_test = nn.data.shrink(X[: args.train]), nn.data.shrink(X_test[: args.test])
    name = "MNIST, averaged down to 14x14"
except OSError as error:
    print(f"No MNIST: {error}\nThe 8x8 digits are used instead.", file=sys.stderr)
    (X, y), (X_test, y_test) = nn.data.digits(seed=args.seed)
    X, X_test = X[: args.train], X_test[: args.test]
    name = "scikit-learn's 8x8 digits"
y, y_test = y[: len(X)], y_test[: len(X_test)]

n_pixels = X.shape[1]
model = nn.MLP(n_pixels, [args.hidden, args.hidden, 10], "tanh", seed=args.seed)
print(f"{name}: {len(X)} training and {len(X_test)} test images")
print(f"{model}, {len(model.parameters())} parameters")
history = nn.fit(
    model,
    X,
    y,
    loss=nn.cross_entropy,
    optimizer=nn.Adam(model.parameters(), learning_rate=0.005),
    epochs=args.epochs,
    batch_size=16,
    seed=args.seed,
)
print(f"training loss {history.loss[0]:.3f} -> {history.loss[-1]:.3f}")
print(f"test accuracy: {nn.accuracy(model, X_test, y_test):.1%}")
