"""What every row of the table should compute, by mpmath, without the table.

An oracle is the textbook definition of an operation, in numbers of as many digits as
are asked for. Its derivatives are central differences of that definition, of any
order, at a precision that is doubled until two successive answers agree: what the
differences cancel is bought back with digits. No derivative is written down here, so
none can repeat a mistake of the table.

An oracle also says where doubles can follow the mathematics: beyond `largest` the
operation or one of its first derivatives overflows, and outside `decades` a power in
a derivative does.

    >>> oracle = ORACLES["tanh"]
    >>> float(oracle.derivative((300.0,), ())), float(oracle.derivative((0.0,), (0,)))
    (1.0, 1.0)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from mpmath import mp

NEGLIGIBLE = mp.mpf(10) ** -330
"""Below the smallest double, 5e-324: such a derivative is 0 for us."""


@dataclass(frozen=True)
class Oracle:
    """A definition, and the arguments at which doubles can follow it.

    `largest` bounds the magnitude of each argument (or of all, where it is a single
    one). `decades[k]` is d where for derivatives of order k magnitudes between 10**-d
    and 10**d are drawn, and 0. `terms` lists, for order 2, what else than the result
    and its conditioning an error may be relative to; see `allowance` in test_ops.
    `counts` are the numbers of arguments to try where the row takes any number.
    """

    definition: Callable[..., Any]
    largest: tuple[float, ...] = (1e300,)
    decades: tuple[float, float, float] = (300, 300, 300)
    terms: Callable[..., float] | None = None
    counts: tuple[int, ...] = (1, 2, 3, 6)

    def derivative(self, arguments: Sequence[float], indices: Sequence[int]) -> Any:
        """∂ᵏf / ∂x_i ∂x_j ... for `indices` (i, j, ...), to 20 digits and more."""
        digits = 50
        coarse = self._difference(arguments, indices, digits)
        while True:
            digits *= 2
            fine = self._difference(arguments, indices, digits)
            if abs(fine - coarse) <= abs(fine) * 1e-20:
                return fine
            if abs(fine) < NEGLIGIBLE and abs(coarse) < NEGLIGIBLE:
                return mp.mpf(0)
            assert digits < 20_000, f"no limit at {arguments} by {indices}"
            coarse = fine

    def _difference(
        self, arguments: Sequence[float], indices: Sequence[int], digits: int
    ) -> Any:
        """The central difference in each direction of `indices`, one after another.

        With a step of 10^(-digits / (k + 2)) the error of the difference and that of
        rounding are both 10^(-2 digits / (k + 2)), relative to the scale of f.
        """
        scale = min([1.0, *(abs(x) for x in arguments if x)])
        spread = math.log10(max(1.0, *map(abs, arguments))) - math.log10(scale)
        order = len(indices)
        with mp.workdps(int(digits + spread) + 10):
            step = mp.mpf(scale) / mp.mpf(10) ** (digits // (order + 2))
            total = mp.mpf(0)
            for signs in itertools.product((1, -1), repeat=order):
                moved = [mp.mpf(x) for x in arguments]
                for sign, index in zip(signs, indices, strict=True):
                    moved[index] += sign * step
                value = self.definition(*moved)
                total += math.prod(signs) * mp.re(value)
            return total / (2 * step) ** order


def _normal_cdf(a: Any) -> Any:
    return (1 + mp.erf(a / mp.sqrt(2))) / 2


def _dot(*args: Any) -> Any:
    half = len(args) // 2
    return mp.fsum(w * x for w, x in zip(args[:half], args[half:], strict=True))


RATIONAL = (300.0, 150.0, 100.0)
"""Decades for 1/x, whose k-th derivative is like x^-(k+1)."""
PLANE = (150.0, 100.0, 70.0)
"""Decades for products of two arguments and their powers: x² y and the like."""
EXPONENTIAL = (700.0,)
"""exp(709.8) is the largest double."""

ORACLES: dict[str, Oracle] = {
    "add": Oracle(lambda a, b: a + b),
    "sub": Oracle(lambda a, b: a - b),
    "mul": Oracle(lambda a, b: a * b, decades=PLANE),
    "div": Oracle(lambda a, b: a / b, decades=PLANE),
    "pow": Oracle(lambda a, b: mp.exp(b * mp.log(a)), largest=(1e25, 10.0)),
    "neg": Oracle(lambda a: -a),
    "pos": Oracle(lambda a: a),
    "abs": Oracle(lambda a: mp.sqrt(a * a)),
    "exp": Oracle(mp.exp, EXPONENTIAL),
    "expm1": Oracle(lambda a: mp.exp(a) - 1, EXPONENTIAL),
    "log": Oracle(mp.log, decades=RATIONAL),
    "log1p": Oracle(lambda a: mp.log(1 + a), decades=RATIONAL),
    "sqrt": Oracle(mp.sqrt, decades=(300, 300, 180)),
    "sin": Oracle(mp.sin),
    "cos": Oracle(mp.cos),
    "tan": Oracle(lambda a: mp.sin(a) / mp.cos(a)),
    "asin": Oracle(mp.asin),
    "acos": Oracle(mp.acos),
    "atan": Oracle(mp.atan, decades=(300, 150, 100)),
    "sinh": Oracle(lambda a: (mp.exp(a) - mp.exp(-a)) / 2, EXPONENTIAL),
    "cosh": Oracle(lambda a: (mp.exp(a) + mp.exp(-a)) / 2, EXPONENTIAL),
    "tanh": Oracle(lambda a: 1 - 2 / (mp.exp(2 * a) + 1)),
    "atan2": Oracle(lambda a, b: mp.arg(mp.mpc(b, a)), decades=PLANE),
    "hypot": Oracle(lambda a, b: mp.sqrt(a * a + b * b), decades=PLANE),
    "sigmoid": Oracle(lambda a: 1 / (1 + mp.exp(-a))),
    "relu": Oracle(lambda a: max(a, mp.mpf(0))),
    "leaky_relu": Oracle(lambda a, slope: a if a > 0 else slope * a, decades=PLANE),
    "elu": Oracle(lambda a, alpha: a if a > 0 else alpha * (mp.exp(a) - 1)),
    "gelu": Oracle(lambda a: a * _normal_cdf(a)),
    "silu": Oracle(lambda a: a / (1 + mp.exp(-a))),
    "softplus": Oracle(lambda a: mp.log(1 + mp.exp(a))),
    "step": Oracle(lambda a: mp.mpf(a > 0)),
    "erf": Oracle(mp.erf),
    "erfc": Oracle(lambda a: 1 - mp.erf(a)),
    "maximum": Oracle(lambda a, b: a if a > b else b),
    "minimum": Oracle(lambda a, b: b if a > b else a),
    "where": Oracle(lambda condition, a, b: b if condition == 0 else a),
    "sum": Oracle(lambda *args: mp.fsum(args)),
    "dot": Oracle(_dot, decades=PLANE, counts=(2, 4, 6)),
    "max": Oracle(lambda *args: max(args)),
    "min": Oracle(lambda *args: min(args)),
    "logsumexp": Oracle(lambda *args: mp.log(mp.fsum(map(mp.exp, args)))),
}
