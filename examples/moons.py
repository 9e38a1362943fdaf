"""Two moons: micrograd's demo, a network 2-16-16-1 with a hinge loss.

100 points, 100 steps over all of them, L2 regularisation, a learning rate that falls
from 1 to 0.1: written out by hand, because this loop is the lesson.
"""

import argparse
from pathlib import Path

import autograd
import nn
import viz

parser = argparse.ArgumentParser(description="Train micrograd's demo and draw it.")
parser.add_argument("--seed", type=int, default=0, help="of points and weights")
parser.add_argument("--steps", type=int, default=100)
parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
args = parser.parse_args()

X, labels = nn.data.moons(n=100, noise=0.1, seed=args.seed)
y = 2 * labels - 1  # the hinge loss wants -1 and +1
model = nn.MLP(2, [16, 16, 1], seed=args.seed)
parameters = model.parameters()
print(f"{model}, {len(parameters)} parameters")

losses = []
for step in range(args.steps):
    scores = [model(row) for row in X.tolist()]
    hinge = [nn.hinge(score, sign) for score, sign in zip(scores, y, strict=True)]
    penalty = 1e-4 * autograd.dot(parameters, parameters)
    loss = autograd.sum(hinge) / len(hinge) + penalty

    model.zero_grad()
    loss.backward()
    learning_rate = 1.0 - 0.9 * step / args.steps
    for parameter in parameters:
        parameter.data -= learning_rate * parameter.grad

    losses.append(loss.data)
    if step % 10 == 0 or step == args.steps - 1:
        right = sum(
            (score > 0) == (sign > 0) for score, sign in zip(scores, y, strict=True)
        )
        print(f"step {step:3d}: loss {loss.data:.4f}, accuracy {right / len(y):.0%}")

print(f"\ntraining accuracy: {nn.accuracy(model, X, y):.0%}")
args.out.mkdir(parents=True, exist_ok=True)
viz.plots.loss_curve(losses, path=args.out / "moons_loss.png")
viz.plots.decision_boundary(model, X, y, path=args.out / "moons_boundary.png")
print(f"written: {args.out / 'moons_loss.png'}, {args.out / 'moons_boundary.png'}")
