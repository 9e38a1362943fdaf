"""Four ways to get backpropagation wrong, each beside the right one.

A gradient adds up what all uses of a value send back. Each sweep below breaks a rule of
that, and is right on some graphs all the same, which is why such mistakes live long:

1. `=` in place of `+=`: a value that is used twice keeps what the last use sent.
2. No topological order: a value passes its gradient on before it is complete.
3. Stale interior gradients: a second pass adds to what the first left in the middle.
4. No zero_grad: a second pass adds to what the first left in the leaves.

So each runs twice on its graph, as in two steps of training. A star is a wrong result.
To try: add x * x to the end of GRAPHS, and guess its row before you run this again.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from matplotlib.figure import Figure
from matplotlib.image import imread

import viz
from autograd import Value, topological_order

Sweep = Callable[[Value], None]
Make = Callable[[Value], Value]


def pass_on(node: Value) -> None:
    """Send a node's gradient back to what it was computed from."""
    for parent, partial in zip(node.parents, node.partials(), strict=True):
        parent.grad += node.grad * partial


def from_root_to_leaves(root: Value) -> None:
    """Each node has its turn after all its uses."""
    root.grad = 1.0
    for node in reversed(topological_order(root)):
        pass_on(node)


def right(root: Value) -> None:
    """All gradients are new."""
    for node in topological_order(root):
        node.grad = 0.0
    from_root_to_leaves(root)


def assigns(root: Value) -> None:
    """Wrong: a node forgets its other uses."""
    root.grad = 1.0
    for node in reversed(topological_order(root)):
        for parent, partial in zip(node.parents, node.partials(), strict=True):
            parent.grad = node.grad * partial


def takes_any_order(root: Value) -> None:
    """Wrong: a node has its turn as soon as one use of it is done."""
    for node in topological_order(root):
        node.grad = 0.0
    root.grad = 1.0
    queue = [root]
    for node in queue:
        pass_on(node)
        queue += [parent for parent in node.parents if parent not in queue]


def keeps_the_middle(root: Value) -> None:
    """Wrong: only those of the leaves are new."""
    for node in topological_order(root):
        node.grad = node.grad if node.parents else 0.0
    from_root_to_leaves(root)


def twice(sweep: Sweep, make: Make) -> tuple[Value, float]:
    """The graph after two sweeps, and the gradient of x in it."""
    root = make(x := Value(5.0, label="x"))
    sweep(root)
    sweep(root)
    return root, x.grad


MISTAKES: dict[str, Sweep] = {
    "= for +=": assigns,
    "any order": takes_any_order,
    "stale": keeps_the_middle,
    "no zero_grad": Value.backward,  # right, but for the x.zero_grad() before it
}
GRAPHS: dict[str, Make] = {  # the smallest for each mistake
    "x + x": lambda x: x + x,
    "a + 3a, a = 2x": lambda x: (a := x * 2) + a * 3,
    "3(2x)": lambda x: (x * 2) * 3,
    "3x": lambda x: x * 3,
}

parser = argparse.ArgumentParser(description="Show four mistakes of backpropagation.")
parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
args = parser.parse_args()

print(f"{'dy/dx, y =':<15} {'right':>7}" + "".join(f"{m:>14}" for m in MISTAKES))
for text, make in GRAPHS.items():
    truth = twice(right, make)[1]
    found = [twice(sweep, make)[1] for sweep in MISTAKES.values()]
    cells = [f"{g:g}{' ' if g == truth else '*'}" for g in found]
    print(f"{text:<15} {truth:>7g}" + "".join(f"{cell:>14}" for cell in cells))

figure = Figure(figsize=(12, 9), layout="constrained")
with TemporaryDirectory() as folder:
    rows = zip(figure.subplots(4, 2), GRAPHS.items(), MISTAKES.items(), strict=False)
    for axes, (text, make), mistake in rows:
        for side, (name, sweep) in zip(axes, [("right", right), mistake], strict=True):
            root, grad = twice(sweep, make)
            side.imshow(imread(viz.render(root, Path(folder) / "graph.png")))
            side.set_title(f"y = {text}, {name}: dy/dx = {grad:g}", loc="left")
            side.axis("off")
args.out.mkdir(parents=True, exist_ok=True)
figure.savefig(args.out / "common_mistakes.png", dpi=100)
print(f"\nwritten: {args.out / 'common_mistakes.png'}")
