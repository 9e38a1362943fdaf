"""Rosenbrock's valley in 100 dimensions: why second derivatives are worth having.

The function is a long, curved, almost flat valley. The gradient points across it, from
one wall to the other, so walking downhill zigzags. Newton's method asks for the
curvature too: it fits a bowl to f where it stands and steps to the bottom of the bowl,
by solving H · step = -gradient, where H holds all second derivatives.

H has 100 x 100 entries, and we compute none of them. Newton-CG wants products H · v
only, and such a product is how the gradient changes along v: it costs a few times what
f costs (`hvp`). A gradient and a product are graphs of the same operations as f, so
they are compiled as f is.

Run it with `python examples/rosenbrock.py`. Try `--dimensions 1000`: how do the number
of iterations and the number of products in each of them grow?
"""

import argparse
import itertools
import sys
import time
from typing import Any

import numpy as np

import autograd

try:
    from scipy.optimize import minimize
except ImportError:
    sys.exit('This example needs SciPy: pip install "valuegrad[scipy]"')

parser = argparse.ArgumentParser(description="Minimise Rosenbrock's function.")
parser.add_argument("--dimensions", type=int, default=100)
n = parser.parse_args().dimensions


def rosenbrock(x: Any) -> Any:
    """The height at a point: 0 at (1, 1, ..., 1), and more everywhere else."""
    pairs = itertools.pairwise(x)
    return autograd.sum([100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in pairs])


start = np.tile([-1.2, 1.0], n)[:n]

# Record and compile: f with its gradient; and the product of its Hessian with a vector,
# which is compiled when it is first asked for.
clock = time.perf_counter()
height = autograd.compile_function(rosenbrock, n)
height.hvp(start, np.ones(n))
print(f"recorded and compiled in {time.perf_counter() - clock:.1f} s")

clock = time.perf_counter()
options = {"xtol": 1e-10, "maxiter": 100 * n}
found = minimize(
    height.value_and_grad,
    start,
    jac=True,
    hessp=height.hvp,
    method="Newton-CG",
    options=options,
)
print(f"{n} variables, {found.nit} iterations, {found.nhev} products H · v")
print(f"minimised in {time.perf_counter() - clock:.1f} s: {found.message}")
print(f"minimum found: {found.fun:.1e} (known: 0)")
print(f"largest error of a variable: {abs(found.x - 1.0).max():.1e} (known: all 1)")
