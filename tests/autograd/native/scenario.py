"""What a backend does with random programs, as text: a line for each step.

    VALUEGRAD_NATIVE=0 python -m tests.autograd.native.scenario 0 100

The steps are those of users, the odd ones among them: operands that are no numbers,
results that are not finite, data that was set to anything, hooks, labels, blocks in
which nothing is recorded, copies. `test_value` holds the two backends to each other.
"""

import copy
import operator
import pickle
import random
import sys
from contextlib import nullcontext
from fractions import Fraction
from typing import Any

import numpy as np

import autograd
from autograd import Constant, Value, anomaly, no_grad, topological_order, tracing
from autograd.ops import TABLE

ODD: list[Any] = [
    True,
    7,
    10**400,
    "3",
    None,
    2j,
    [1.0],
    Fraction(1, 3),
    np.float32(0.1),
    np.float64(2.5),
    np.int64(3),
    np.bool_(True),
    np.array(1.5),
    np.array([1.0, 2.0]),
    float("nan"),
    float("inf"),
    -float("inf"),
    Constant(2.0),
    Value,
]
NUMBERS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 3.0, -2.5, 1e-320, 1e200, -1e308, 750.0]
OPERATORS = ["add", "sub", "mul", "truediv", "pow", "mod", "floordiv"]
SIGNS = ["neg", "pos", "abs"]
COMPARISONS = ["lt", "le", "gt", "ge", "eq", "ne"]
FUNCTIONS = [op.name for op in TABLE.values() if not op.helper and not op.n_static]


def shown(thing: Any) -> str:
    """A result in full: numbers to the last bit."""
    if isinstance(thing, Value):
        op = thing.op.name if thing.op else ""
        data, grad = (
            x.hex() if type(x) is float else x for x in (thing.data, thing.grad)
        )
        parents = [p.data for p in thing.parents]
        flags = (thing.label, thing.has_grad, type(thing).__name__)
        return f"{op}({data!r}, {grad!r}, {parents!r}, {flags})"
    if isinstance(thing, (list, tuple)):
        return f"[{', '.join(map(shown, thing))}]"
    if isinstance(thing, np.ndarray):
        return f"array {shown(thing.tolist())}"
    return repr(thing)


class Scenario:
    """A program that is drawn as it runs."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.values: list[Any] = [Value(self.number()) for _ in range(3)]

    def number(self) -> float:
        """A number, often a simple one."""
        choose = self.rng.choice
        return choose([choose(NUMBERS), self.rng.uniform(-3, 3), self.rng.gauss(0, 30)])

    def value(self) -> Any:
        """One of the Values, the last ones most."""
        last = self.values[-self.rng.choice([1, 2, 4, 8, 50]) :]
        return self.rng.choice(last)

    def operand(self) -> Any:
        """Something to compute with."""
        kind = self.rng.random()
        if kind < 0.6:
            return self.value()
        if kind < 0.85:
            return self.number()
        return self.rng.choice(ODD)

    def step(self) -> Any:
        """Do something; what came of it."""
        do = self.rng.choices(
            [
                self.infix,
                self.sign,
                self.function,
                self.method,
                self.compare,
                self.backward,
                self.set,
                self.build,
                self.convert,
                self.hook,
                self.walk,
                self.inside,
            ],
            [30, 5, 25, 10, 5, 10, 6, 5, 8, 3, 3, 6],
        )[0]
        return do()

    def infix(self) -> Any:
        a, b = self.operand(), self.operand()
        if self.rng.random() < 0.7:
            a = self.value()
        return getattr(operator, self.rng.choice(OPERATORS))(a, b)

    def sign(self) -> Any:
        return getattr(operator, self.rng.choice(SIGNS))(self.value())

    def function(self) -> Any:
        op = TABLE[self.rng.choice(FUNCTIONS)]
        n = op.arity if op.arity is not None else self.rng.choice([0, 1, 2, 4])
        if self.rng.random() < 0.05:
            n += 1
        arguments = [self.operand() for _ in range(n)]
        given = (
            [arguments] if op.arity is None and self.rng.random() < 0.7 else arguments
        )
        if op.name == "dot":
            given = [arguments, [self.operand() for _ in arguments]]
        return getattr(autograd.functions, op.name)(*given)

    def method(self) -> Any:
        name = self.rng.choice([n for n in FUNCTIONS if hasattr(Value, n)])
        n = (TABLE[name].arity or 1) - 1 - self.rng.choice([0, 0, 1])
        return getattr(self.value(), name)(*[self.operand() for _ in range(max(n, 0))])

    def compare(self) -> Any:
        compare = getattr(operator, self.rng.choice(COMPARISONS))
        return compare(self.value(), self.operand())

    def backward(self) -> Any:
        root = self.value()
        root.backward()
        return [(node.grad, node.has_grad) for node in topological_order(root)]

    def set(self) -> Any:
        leaves = [v for v in self.values if v.op is None]
        leaf = self.rng.choice(leaves)
        name = self.rng.choice(["data", "grad", "label", "data"])
        new = self.rng.choice([self.number(), self.rng.choice(ODD), self.number()])
        if name == "label":
            new = self.rng.choice(["w", "", "a b"])
        setattr(leaf, name, new)
        return leaf if name != "data" else None

    def build(self) -> Any:
        given = self.rng.choice([self.number(), self.rng.choice(ODD), self.value()])
        label = self.rng.choice(["", "x", 3])
        named = self.rng.random() < 0.5
        return Value(given, label=label) if named else Value(given, label)

    def convert(self) -> Any:
        value = self.value()
        ways = [
            float,
            bool,
            int,
            round,
            repr,
            str,
            copy.copy,
            copy.deepcopy,
            hash,
            len,
            lambda v: pickle.loads(pickle.dumps(v)),
            lambda v: v.detach(),
            lambda v: v.partials(),
            lambda v: v.zero_grad(),
            lambda v: f"{v:.3f}",
            lambda v: v[0],
            lambda v: setattr(v, "new", 1),
            lambda v: divmod(v, 2.0),
            lambda v: v.conjugate(),
            iter,
            lambda v: v.explain(self.values[0], 3),
        ]
        found = self.rng.choice(ways)(value)
        return "a hash" if isinstance(found, int) else found

    def hook(self) -> Any:
        made = self.rng.choice([None, 0.5, "no", 2])
        handle = self.value().register_hook(lambda gradient: made)
        if self.rng.random() < 0.3:
            handle.remove()
        return made

    def walk(self) -> Any:
        return topological_order(*[self.value() for _ in range(self.rng.randint(0, 3))])

    def inside(self) -> Any:
        with self.rng.choice([no_grad, anomaly, tracing, nullcontext])():
            return self.step()

    def line(self) -> str:
        """A step, and what came of it or was raised."""
        try:
            found = self.step()
        except Exception as error:
            text = f"{type(error).__name__}: {error}"
            return text if "0x" not in text else type(error).__name__
        if isinstance(found, Value):
            self.values.append(found)
        return shown(found) if "0x" not in repr(found) else type(found).__name__


def main(first: int, last: int) -> None:
    """Print what the programs of these seeds do."""
    for seed in range(first, last):
        scenario = Scenario(seed)
        with np.errstate(all="ignore"):
            for step in range(40):
                print(seed, step, scenario.line().replace("\n", " / "))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
