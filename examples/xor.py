"""XOR: the smallest problem that one neuron cannot solve, and two layers can.

Trains a network 2-4-1 in scalar code on the four rows of the truth table, then draws
what it computed and what it learned. Run it with `python examples/xor.py`, and try
`--hidden 2` with several seeds: some of them get stuck.
"""

import argparse
from pathlib import Path

import nn
import viz
from autograd import Value

parser = argparse.ArgumentParser(description="Train XOR and draw it.")
parser.add_argument("--seed", type=int, default=0, help="of the starting weights")
parser.add_argument("--hidden", type=int, default=4, help="neurons in the first layer")
parser.add_argument("--epochs", type=int, default=500)
parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
args = parser.parse_args()

X, y = nn.data.logic_gate("xor")
model = nn.MLP(2, [args.hidden, 1], "tanh", output_activation="sigmoid", seed=args.seed)
history = nn.fit(
    model,
    X,
    y,
    loss=nn.binary_cross_entropy,
    optimizer=nn.Adam(model.parameters(), learning_rate=0.05),
    epochs=args.epochs,
)

print(f"\n{model} after {args.epochs} epochs, loss {history.loss[-1]:.4f}\n")
print("x0 x1 | target | output")
outputs = nn.predict(model, X)
for (x0, x1), target, output in zip(X, y, outputs, strict=True):
    print(f" {x0:.0f}  {x1:.0f} |   {target:.0f}    | {output:.4f}")
worst = abs(outputs - y).max()
verdict = "learned" if worst < 0.1 else "stuck: try another --seed"
print(f"\nlargest |output - target|: {worst:.4f} ({verdict})")

# The graph of one example, every gradient on it.
for name, parameter in model.named_parameters():
    parameter.label = name
model.zero_grad()
inputs = [Value(1.0, label="x0"), Value(0.0, label="x1")]
loss = nn.binary_cross_entropy(model(inputs), 1.0)
loss.label = "loss"
loss.backward()

args.out.mkdir(parents=True, exist_ok=True)
viz.render(viz.graph(loss), args.out / "xor_graph.svg")
viz.render(viz.graph(loss), args.out / "xor_graph.png")
viz.render(viz.network(model), args.out / "xor_network.svg")
viz.plots.loss_curve(history, path=args.out / "xor_loss.png")
viz.plots.decision_boundary(model, X, y, path=args.out / "xor_boundary.png")
print("\nwritten:")
for name in ("graph.svg", "graph.png", "network.svg", "loss.png", "boundary.png"):
    print(f"  {args.out / 'xor_'}{name}")
