"""What every row of the table should compute, by mpmath, without the table.

An oracle is the textbook definition of an operation, in numbers of as many digits as
are asked for. Its derivatives are central differences of that definition, of any
order, at a precision that is doubled until two successive answers agree: what the
differences cancel is bought back with digits. No derivative is written down here, so
none can repeat a mistake of the table.

An oracle also says where doubles can follow the mathematics, and on what scale.

    >>> oracle = ORACLES["tanh"]
    >>> float(oracle.derivative((300.0,), ())), float(oracle.derivative((0.0,), (0,)))
    (1.0, 1.0)
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mpmath import mp

NEGLIGIBLE = mp.mpf(10) ** -330
"""Less than the smallest double, 5e-324: such a derivative is 0 for us."""


@dataclass(frozen=True)
class Oracle:
    """A definition, and the arguments at which doubles can follow it.

    `largest` bounds the magnitude of each argument, or of all where it has one entry.
    `decades[k]` is d where derivatives of order k (0, 1, 2) are to be had of arguments
    between 10**-d and 10**d, and of 0: beyond, a power in them leaves the doubles.
    `singular(*arguments)` is positive where the definition is differentiable; the kinks
    that the row itself declares are not repeated, and do not count where the definition
    is `smooth` at them too. `piecewise` says that it has an edge, so that differences
    need steps shorter than the distance to it. `conditioned_from` is the order from
    which on no formula in doubles does better than a rounding of the arguments would,
    because of zeros or of a steep tail (3 stands for none of the orders looked at);
    `term` is the size of what cancels in second derivatives besides. `counts` are the
    numbers of arguments to try of a row that takes any number.
    """

    definition: Callable[..., Any]
    largest: tuple[float, ...] = (math.inf,)
    decades: tuple[float, float, float] = (300.0, 300.0, 300.0)
    singular: Callable[..., float] | None = None
    piecewise: bool = False
    smooth: bool = False
    conditioned_from: int = 3
    term: Callable[..., float] | None = None
    counts: tuple[int, ...] = (1, 2, 3, 6)

    def derivative(self, arguments: Sequence[float], indices: Sequence[int]) -> Any:
        """∂ᵏf / ∂x_i ∂x_j ... for `indices` (i, j, ...), to 20 digits and more."""
        digits = 50
        coarse, _ = self._difference(arguments, indices, digits)
        while True:
            digits *= 2
            fine, noise = self._difference(arguments, indices, digits)
            if max(abs(fine - coarse), noise) <= abs(fine) * 1e-20:
                return fine
            if max(abs(fine), abs(coarse), noise) < NEGLIGIBLE:
                return mp.mpf(0)
            assert digits < 20_000, f"no limit at {arguments} by {indices}"
            coarse = fine

    def _difference(
        self, arguments: Sequence[float], indices: Sequence[int], digits: int
    ) -> tuple[Any, Any]:
        """The central difference in each direction of `indices`, and its rounding.

        With a step of 10^(-digits / (k + 2)) the error of the difference and that of
        rounding are alike, 10^(-2 digits / (k + 2)), where f varies on a scale of 1.
        """
        order = len(indices)
        scale = self._scale(arguments)
        spread = math.log10(max(1.0, *map(abs, arguments))) - math.log10(scale)
        with mp.workdps(int(digits + spread) + 10):
            step = scale * mp.mpf(10) ** -(digits // (order + 2))
            total = largest = mp.mpf(0)
            for signs in itertools.product((1, -1), repeat=order):
                moved = [mp.mpf(x) for x in arguments]
                for sign, index in zip(signs, indices, strict=True):
                    moved[index] += sign * step
                value = mp.re(self.definition(*moved))
                total += math.prod(signs) * value
                largest = max(largest, abs(value))
            noise = max(largest, 1) * mp.mpf(10) ** -digits
            return total / (2 * step) ** order, noise / step**order

    def _scale(self, arguments: Sequence[float]) -> float:
        """A bound of the step: no more than any distance to an edge."""
        if not self.piecewise:
            return 1.0
        gaps = [abs(a - b) for a, b in itertools.combinations(arguments, 2)]
        return min(x for x in (1.0, *map(abs, arguments), *gaps) if x)


def _normal_cdf(a: Any) -> Any:
    return (1 + mp.erf(a / mp.sqrt(2))) / 2


def _dot(*args: Any) -> Any:
    half = len(args) // 2
    return mp.fsum(w * x for w, x in zip(args[:half], args[half:], strict=True))


# Where doubles follow. exp(709.8) is the largest double, exp(-708.3) the smallest with
# all its digits. A function that has flattened out is so in doubles from 1e3 on; what
# it does at 1e300 has a test of its own.
EXPONENTIAL = (700.0,)
FLAT = (1e4,)

# Decades. The k-th derivative of 1/x is like x^-(k+1). That of x²y and the like, with
# the products that lead to it, stays within 300 decades as below.
RECIPROCAL = (300.0, 150.0, 100.0)
PLANE = (150.0, 100.0, 70.0)
# The second derivative of a function of a² computes a² as a Value, which may not
# overflow, and that of the arc tangent needs (1 + a²)² besides.
SQUARE = (300.0, 300.0, 150.0)
FOURTH_POWER = (300.0, 150.0, 75.0)
# pow: with exponents up to 10, a^(b - 2) stays between 1e-300 and 1e300.
POWER = (30.0, 27.0, 25.0)


def _slope(slope: float, *arguments: float) -> float:
    """Terms that cancel in a second derivative are of the size of the first.

    Where a row's partial is a product or a difference of parts with opposite slopes:
    σ'' = σ'(a) (σ(-a) - σ(a)), and so tanh''; asin'' has (1 - a) - (1 + a). They are
    computed to a rounding error of the parts, though they vanish at 0.
    """
    return slope


def _curvature(slope: float, a: float, b: float) -> float:
    """∂²hypot/∂a² = 1/h - a²/h³ cancels terms of the size 1/h."""
    return 1.0 / math.hypot(a, b)


ORACLES: dict[str, Oracle] = {
    "add": Oracle(lambda a, b: a + b),
    "sub": Oracle(lambda a, b: a - b),
    "mul": Oracle(lambda a, b: a * b, decades=PLANE),
    "div": Oracle(lambda a, b: a / b, decades=PLANE),
    "pow": Oracle(
        lambda a, b: mp.exp(b * mp.log(a)), (1e30, 10.0), POWER, conditioned_from=2
    ),
    "neg": Oracle(lambda a: -a),
    "pos": Oracle(lambda a: a),
    "abs": Oracle(lambda a: mp.sqrt(a * a), piecewise=True),
    "exp": Oracle(mp.exp, EXPONENTIAL),
    "expm1": Oracle(lambda a: mp.exp(a) - 1, EXPONENTIAL),
    "log": Oracle(mp.log, decades=RECIPROCAL),
    "log1p": Oracle(lambda a: mp.log(1 + a), decades=RECIPROCAL),
    "sqrt": Oracle(mp.sqrt, decades=(300.0, 300.0, 180.0)),
    "sin": Oracle(mp.sin),
    "cos": Oracle(mp.cos),
    "tan": Oracle(lambda a: mp.sin(a) / mp.cos(a), singular=lambda a: abs(math.cos(a))),
    "asin": Oracle(mp.asin, term=_slope),
    "acos": Oracle(mp.acos, term=_slope),
    "atan": Oracle(mp.atan, decades=FOURTH_POWER),
    "sinh": Oracle(lambda a: (mp.exp(a) - mp.exp(-a)) / 2, EXPONENTIAL),
    "cosh": Oracle(lambda a: (mp.exp(a) + mp.exp(-a)) / 2, EXPONENTIAL),
    "tanh": Oracle(lambda a: 1 - 2 / (mp.exp(2 * a) + 1), FLAT, term=_slope),
    "atan2": Oracle(
        lambda a, b: mp.arg(mp.mpc(b, a)),
        decades=(300.0, 140.0, 70.0),
        conditioned_from=2,
        singular=lambda a, b: max(abs(a), b),  # the cut, where it jumps from -π to π
    ),
    "hypot": Oracle(
        lambda a, b: mp.sqrt(a * a + b * b),
        decades=(300.0, 300.0, 140.0),
        singular=lambda a, b: max(abs(a), abs(b)),
        term=_curvature,
    ),
    "sigmoid": Oracle(lambda a: 1 / (1 + mp.exp(-a)), FLAT, term=_slope),
    "relu": Oracle(lambda a: max(a, mp.mpf(0)), piecewise=True),
    "leaky_relu": Oracle(
        lambda a, slope: a if a > 0 else slope * a, decades=PLANE, piecewise=True
    ),
    "elu": Oracle(
        lambda a, alpha: a if a > 0 else alpha * (mp.exp(a) - 1),
        (700.0, 1e300),
        piecewise=True,
    ),
    "gelu": Oracle(lambda a: a * _normal_cdf(a), decades=SQUARE, conditioned_from=0),
    "silu": Oracle(lambda a: a / (1 + mp.exp(-a)), FLAT, conditioned_from=1),
    "softplus": Oracle(lambda a: mp.log(1 + mp.exp(a)), FLAT),
    "step": Oracle(lambda a: mp.mpf(a > 0), piecewise=True),
    "erf": Oracle(mp.erf, decades=SQUARE),
    "erfc": Oracle(lambda a: 1 - mp.erf(a), decades=SQUARE),
    "maximum": Oracle(lambda a, b: a if a > b else b, piecewise=True),
    "minimum": Oracle(lambda a, b: b if a > b else a, piecewise=True),
    # The condition is 0 or it is not: 0 is as far from the other numbers as they are.
    "where": Oracle(
        lambda condition, a, b: a if abs(condition) > 1e-320 else b,
        piecewise=True,
        smooth=True,
    ),
    "sum": Oracle(lambda *args: mp.fsum(args), conditioned_from=0),
    "dot": Oracle(_dot, decades=PLANE, conditioned_from=0, counts=(2, 4, 6)),
    "max": Oracle(lambda *args: max(args), piecewise=True),
    "min": Oracle(lambda *args: min(args), piecewise=True),
    "logsumexp": Oracle(
        lambda *args: mp.log(mp.fsum(map(mp.exp, args))), FLAT, conditioned_from=0
    ),
}
