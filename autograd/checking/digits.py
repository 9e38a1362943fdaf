"""A recorded graph computed again by mpmath, in as many digits as are asked for.

The forward rules of the table run on numbers of many digits, whose functions mpmath
knows by the same names. Derivatives are central differences of that: what they cancel
is bought back with digits, and no partial of the table is used.

    >>> x = Value(2.0)
    >>> MultiprecisionGraph(x**3, [x]).derivative([[1.0], [1.0]])
    12.0
"""

from __future__ import annotations

import importlib
import itertools
import math
from collections.abc import Sequence
from typing import Any

from autograd.arithmetic import multiprecision
from autograd.value import Value, topological_order

DIGITS = (50, 100, 200, 400, 800, 1600)
"""The precisions tried, until two in a row agree."""

NEGLIGIBLE = 1e-40
"""A derivative smaller than this is 0, on the scale on which f and x are 1."""


class MultiprecisionGraph:
    """The graph of a root as a function of its leaves, of any precision.

    ImportError without mpmath.
    """

    def __init__(self, root: Any, leaves: Sequence[Value]) -> None:
        # A context of its own: the precision of mpmath's usual one is everybody's.
        self.mp: Any = importlib.import_module("mpmath").MPContext()
        self.xp = multiprecision(self.mp)
        self.root = root
        self.leaves = list(leaves)
        self.steps: list[Value] = []
        known = set(leaves)
        for node in topological_order(*([root] if isinstance(root, Value) else [])):
            if any(parent in known for parent in node.parents):
                known.add(node)
                self.steps.append(node)

    def at(self, point: Sequence[Any]) -> Any:
        """The root at a point of mpmath's numbers, in the precision of the moment."""
        numbers = dict(zip(self.leaves, point, strict=True))
        for node in self.steps:
            assert node.op is not None
            operands = [numbers.get(p, p.data) for p in node.parents]
            numbers[node] = node.op.forward(self.xp, *map(self.mp.mpf, operands))
        return self.mp.mpf(numbers.get(self.root, float(self.root)))

    def derivative(self, directions: Sequence[Sequence[float]]) -> float | None:
        """The derivative in one direction after the other; None where there is none."""
        coarse = None
        for digits in DIGITS:
            try:
                fine, noise, size = self._difference(directions, digits)
            except AttributeError:
                return None  # an operation that mpmath does not know
            except (TypeError, ValueError, ArithmeticError):
                continue  # beyond the end of a domain: nearer with more digits
            if coarse is not None:
                if max(abs(fine - coarse), noise) <= 1e-17 * abs(fine):
                    return float(fine)
                if max(abs(fine), abs(coarse), noise) <= NEGLIGIBLE * size:
                    return 0.0
            coarse = fine
        return None

    def _difference(
        self, directions: Sequence[Sequence[float]], digits: int
    ) -> tuple[Any, Any, Any]:
        """The central difference, its rounding, and the size that f and x lead to.

        With a step of 10^(-digits / (k + 2)) its error and that of rounding are alike.
        """
        mp, k = self.mp, len(directions)
        point = [leaf.data for leaf in self.leaves]
        spread = math.log10(max(1.0, *map(abs, point)))
        with mp.workdps(digits + int(spread) + 10):
            step = mp.mpf(10) ** -(digits // (k + 2))
            total, size = mp.mpf(0), mp.mpf(1)
            for signs in itertools.product((1, -1), repeat=k):
                moved = [mp.mpf(x) for x in point]
                for sign, direction in zip(signs, directions, strict=True):
                    moved = [
                        x + sign * step * v
                        for x, v in zip(moved, direction, strict=True)
                    ]
                value = self.at(moved)
                total += math.prod(signs) * value
                size = max(size, abs(value))
            noise = size * mp.mpf(10) ** -mp.dps / step**k
            return total / (2 * step) ** k, noise, size / mp.mpf(10) ** (spread * k)
