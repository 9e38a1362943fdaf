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
from dataclasses import dataclass, replace
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
    because of zeros or of a steep tail (3 stands for none of the orders looked at).
    `counts` are the numbers of arguments to try of a row that takes any number; if it
    takes `shares`, one of the second half is 1 and the others are 0.
    `rounded_from` is the order from which on derivatives, differences of shares of 1,
    are right to some roundings of 1 alone. A row
    that is the derivative of another one has its definition, and is it `by` arguments.
    """

    definition: Callable[..., Any]
    largest: tuple[float, ...] = (math.inf,)
    decades: tuple[float, float, float] = (300.0, 300.0, 300.0)
    singular: Callable[..., float] | None = None
    piecewise: bool = False
    smooth: bool = False
    conditioned_from: int = 3
    counts: tuple[int, ...] = (1, 2, 3, 6)
    shares: bool = False
    rounded_from: int = 3
    by: tuple[int, ...] = ()

    def derivative(self, arguments: Sequence[float], indices: Sequence[int]) -> Any:
        """∂ᵏf / ∂x_i ∂x_j ... for `indices` (i, j, ...), to 20 digits and more."""
        indices, digits = (*self.by, *indices), 50
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


def _sinc(a: Any) -> Any:
    return mp.sin(mp.pi * a) / (mp.pi * a) if a else mp.mpf(1)


def _log_sum(*args: Any) -> Any:
    return mp.log(mp.fsum(map(mp.exp, args)))


def _cross_entropy(*args: Any) -> Any:
    half = len(args) // 2
    logits, shares = args[:half], args[half:]
    total = mp.log(mp.fsum(map(mp.exp, logits)))
    return mp.fsum(y * (total - a) for a, y in zip(logits, shares, strict=True))


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
# pow: with exponents up to 10, a^(b - 2) stays between 1e-300 and 1e300.
POWER = (30.0, 27.0, 25.0)


ORACLES: dict[str, Oracle] = {
    "add": Oracle(lambda a, b: a + b),
    "sub": Oracle(lambda a, b: a - b),
    "gap": Oracle(lambda a, b: a - b),
    "mul": Oracle(lambda a, b: a * b, decades=PLANE),
    "div": Oracle(lambda a, b: a / b, decades=PLANE),
    "pow": Oracle(
        lambda a, b: mp.exp(b * mp.log(a)), (1e30, 10.0), POWER, conditioned_from=2
    ),
    "neg": Oracle(lambda a: -a),
    "pos": Oracle(lambda a: a),
    "abs": Oracle(lambda a: mp.sqrt(a * a), piecewise=True),
    "sign": Oracle(lambda a: mp.mpf(a > 0) - mp.mpf(a < 0), piecewise=True),
    "exp": Oracle(mp.exp, EXPONENTIAL),
    "expm1": Oracle(lambda a: mp.exp(a) - 1, EXPONENTIAL),
    "log": Oracle(mp.log, decades=RECIPROCAL),
    "log1p": Oracle(lambda a: mp.log(1 + a), decades=RECIPROCAL),
    "log2": Oracle(lambda a: mp.log(a) / mp.log(2), decades=RECIPROCAL),
    "log10": Oracle(lambda a: mp.log(a) / mp.log(10), decades=RECIPROCAL),
    "exp2": Oracle(lambda a: mp.exp(a * mp.log(2)), (1000.0,)),
    "sqrt": Oracle(mp.sqrt, decades=(300.0, 300.0, 180.0)),
    "cbrt": Oracle(
        lambda a: mp.sign(a) * mp.root(abs(a), 3),
        decades=(300.0, 300.0, 180.0),
        singular=abs,
    ),
    "sin": Oracle(mp.sin),
    "cos": Oracle(mp.cos),
    "tan": Oracle(lambda a: mp.sin(a) / mp.cos(a), singular=lambda a: abs(math.cos(a))),
    "asin": Oracle(mp.asin),
    "acos": Oracle(mp.acos),
    "atan": Oracle(mp.atan),
    "sinh": Oracle(lambda a: (mp.exp(a) - mp.exp(-a)) / 2, EXPONENTIAL),
    "cosh": Oracle(lambda a: (mp.exp(a) + mp.exp(-a)) / 2, EXPONENTIAL),
    "tanh": Oracle(lambda a: 1 - 2 / (mp.exp(2 * a) + 1), FLAT),
    "atan2": Oracle(
        lambda a, b: mp.arg(mp.mpc(b, a)),
        decades=(300.0, 300.0, 145.0),
        conditioned_from=2,
        singular=lambda a, b: max(abs(a), b),  # the cut, where it jumps from -π to π
    ),
    "hypot": Oracle(
        lambda a, b: mp.sqrt(a * a + b * b),
        singular=lambda a, b: max(abs(a), abs(b)),
    ),
    "asinh": Oracle(
        lambda a: mp.sign(a) * mp.log(abs(a) + mp.sqrt(a * a + 1)),
        decades=(300.0, 300.0, 150.0),
    ),
    "acosh": Oracle(
        lambda a: mp.log(a + mp.sqrt(a * a - 1)), decades=(300.0, 300.0, 150.0)
    ),
    "atanh": Oracle(lambda a: (mp.log(1 + a) - mp.log(1 - a)) / 2),
    "sigmoid": Oracle(lambda a: 1 / (1 + mp.exp(-a)), FLAT),
    "relu": Oracle(lambda a: max(a, mp.mpf(0)), piecewise=True),
    "leaky_relu": Oracle(
        lambda a, slope: a if a > 0 else slope * a, decades=PLANE, piecewise=True
    ),
    "elu": Oracle(
        lambda a, alpha: a if a > 0 else alpha * (mp.exp(a) - 1),
        (700.0, 1e300),
        piecewise=True,
    ),
    "gelu": Oracle(lambda a: a * _normal_cdf(a), conditioned_from=0),
    "silu": Oracle(lambda a: a / (1 + mp.exp(-a)), FLAT, conditioned_from=1),
    "softplus": Oracle(lambda a: mp.log(1 + mp.exp(a)), FLAT),
    "step": Oracle(lambda a: mp.mpf(a > 0), piecewise=True),
    "erf": Oracle(mp.erf),
    "erfc": Oracle(lambda a: 1 - mp.erf(a)),
    "sinc": Oracle(_sinc, conditioned_from=1),
    "lgamma": Oracle(
        mp.loggamma,
        decades=(300.0, 300.0, 150.0),
        piecewise=True,  # at 0, next to which no step may cross it
        conditioned_from=0,
    ),
    "digamma": Oracle(
        mp.digamma, decades=(300.0, 150.0, 100.0), piecewise=True, conditioned_from=0
    ),
    "polygamma 1": Oracle(
        lambda a: mp.polygamma(1, a), piecewise=True, decades=(150.0, 100.0, 75.0)
    ),
    "polygamma 4": Oracle(
        lambda a: mp.polygamma(4, a), piecewise=True, decades=(60.0, 50.0, 42.0)
    ),
    "maximum": Oracle(lambda a, b: a if a > b else b, piecewise=True),
    "minimum": Oracle(lambda a, b: b if a > b else a, piecewise=True),
    "clip": Oracle(lambda a, low, high: min(max(a, low), high), piecewise=True),
    "chosen": Oracle(lambda condition, a: a),
    "greater": Oracle(lambda a, b: mp.mpf(a > b), piecewise=True),
    # Quotients of more than 1e15 are whole numbers in doubles.
    "floor": Oracle(mp.floor, (1e6,)),
    "ceil": Oracle(mp.ceil, (1e6,)),
    "floor_divide": Oracle(lambda a, b: mp.floor(a / b), (1e6,), (6.0, 6.0, 6.0)),
    "mod": Oracle(lambda a, b: a - b * mp.floor(a / b), (1e6,), (6.0, 6.0, 6.0)),
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
    "logsumexp": Oracle(_log_sum, FLAT, conditioned_from=0),
    "logaddexp": Oracle(_log_sum, FLAT, conditioned_from=0),
    "cross_entropy": Oracle(
        _cross_entropy,
        FLAT,
        conditioned_from=0,
        counts=(2, 4, 6),
        shares=True,
        rounded_from=2,
    ),
    "log_excess": Oracle(
        lambda *args: _log_sum(*args) - max(args),
        FLAT,
        piecewise=True,
        conditioned_from=0,
    ),
    "asin_slope": Oracle(lambda a: 1 / mp.sqrt(1 - a * a)),
    "sigmoid_slope": Oracle(
        lambda a: mp.exp(a) / (1 + mp.exp(a)) ** 2, FLAT, conditioned_from=2
    ),
    "tanh_slope": Oracle(
        lambda a: 4 / (mp.exp(a) + mp.exp(-a)) ** 2, FLAT, conditioned_from=2
    ),
    "cosine": Oracle(
        lambda a, b: a / mp.sqrt(a * a + b * b),
        decades=(300.0, 300.0, 145.0),
        conditioned_from=2,
        singular=lambda a, b: max(abs(a), abs(b)),
    ),
    "atan2_slope": Oracle(
        lambda a, b: b / (a * a + b * b),
        decades=(300.0, 145.0, 95.0),
        conditioned_from=1,
        singular=lambda a, b: max(abs(a), abs(b)),
    ),
    "gaussian": Oracle(lambda a: mp.exp(-a * a), conditioned_from=2),
}
"""By the name of the row, with its whole numbers where it takes such."""


def _derivative_of(name: str, *by: int, **more: Any) -> Oracle:
    return replace(ORACLES[name], by=by, **more)


ORACLES |= {
    "pow_derivative 1 0": _derivative_of("pow", 0, decades=(27.0, 25.0, 22.0)),
    "pow_derivative 0 1": _derivative_of("pow", 1, conditioned_from=1),
    "pow_derivative 2 1": _derivative_of(
        "pow", 0, 0, 1, decades=(22.0, 20.0, 18.0), conditioned_from=0
    ),
    "pow_derivative 1 2": _derivative_of(
        "pow", 0, 1, 1, decades=(25.0, 22.0, 20.0), conditioned_from=0
    ),
    "sinc_derivative 0": _derivative_of("sinc"),
    "sinc_derivative 1": _derivative_of("sinc", 0, conditioned_from=0),
    "sinc_derivative 3": _derivative_of("sinc", 0, 0, 0, conditioned_from=0),
}
