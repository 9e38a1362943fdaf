"""What the rules of the table compute on.

A rule in `ops` is written once, over an arithmetic `xp`: operators for the four
basic operations and `xp.name` for everything else. `Floats` is the arithmetic of
plain Python floats, `multiprecision` gives that of mpmath's numbers. The arithmetic of
Values is the module `functions`, whose functions have the same names and record what
they compute.

Invariant: a function here returns the correctly signed, accurate result for every
finite argument in its domain, or raises ValueError (outside the domain),
ZeroDivisionError or OverflowError, as Python's own `math` does.

    >>> Floats.sigmoid(0.0)
    0.5
    >>> Floats.softplus(1000.0)
    1000.0
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any


class Floats:
    """The arithmetic of plain floats: `math`, and the stable forms it lacks."""

    exp = staticmethod(math.exp)
    log = staticmethod(math.log)
    log1p = staticmethod(math.log1p)
    log2 = staticmethod(math.log2)
    log10 = staticmethod(math.log10)
    expm1 = staticmethod(math.expm1)
    sqrt = staticmethod(math.sqrt)
    sin = staticmethod(math.sin)
    cos = staticmethod(math.cos)
    tan = staticmethod(math.tan)
    asin = staticmethod(math.asin)
    acos = staticmethod(math.acos)
    atan = staticmethod(math.atan)
    sinh = staticmethod(math.sinh)
    cosh = staticmethod(math.cosh)
    tanh = staticmethod(math.tanh)
    asinh = staticmethod(math.asinh)
    acosh = staticmethod(math.acosh)
    atanh = staticmethod(math.atanh)
    erf = staticmethod(math.erf)
    erfc = staticmethod(math.erfc)
    atan2 = staticmethod(math.atan2)
    hypot = staticmethod(math.hypot)
    abs = staticmethod(math.fabs)
    floor_divide = staticmethod(operator.floordiv)
    mod = staticmethod(operator.mod)

    @staticmethod
    def pow(a: float, b: float) -> float:
        """a ** b as a float: a negative base takes whole exponents only."""
        if a == 0.0 and b < 0.0:
            raise ZeroDivisionError("zero to a negative power")
        return math.pow(a, b)

    @staticmethod
    def pow_derivative(a: float, b: float, i: int, j: int) -> float:
        """∂ⁱ⁺ʲ aᵇ / ∂aⁱ ∂bʲ, where it exists."""
        if i == 1 and j == 0:  # almost always
            return b * Floats.pow(a, b - 1.0) if b else 0.0
        derivative: float = pow_derivative(Floats, a, b, i, j)
        return derivative

    @staticmethod
    def exp2(a: float) -> float:
        """2ᵃ."""
        return math.pow(2.0, a)

    @staticmethod
    def cbrt(a: float) -> float:
        """The real cube root: a power, and one step of Newton's method for its end."""
        if a == 0.0 or math.isinf(a):
            return a
        root = math.copysign(math.fabs(a) ** (1.0 / 3.0), a)
        return root - (root - a / root / root) / 3.0

    @staticmethod
    def sigmoid(a: float) -> float:
        """1 / (1 + exp(-a)), from the side where exp cannot overflow."""
        if a >= 0.0:
            return 1.0 / (1.0 + math.exp(-a))
        exp_a = math.exp(a)
        return exp_a / (1.0 + exp_a)

    @staticmethod
    def sigmoid_slope(a: float) -> float:
        """σ(a) σ(-a) = e / (1 + e)², with e = exp(-|a|)."""
        e = math.exp(-math.fabs(a))
        return e / (1.0 + e) / (1.0 + e)

    @staticmethod
    def tanh_slope(a: float) -> float:
        """1 / cosh²(a): the square of 2e / (1 + e²), with e = exp(-|a|)."""
        e = math.exp(-math.fabs(a))
        sech = 2.0 * e / (1.0 + e * e)
        return sech * sech

    @staticmethod
    def softplus(a: float) -> float:
        """log(1 + exp(a)) = max(a, 0) + log(1 + exp(-|a|))."""
        return (a if a > 0.0 else 0.0) + math.log1p(math.exp(-math.fabs(a)))

    @staticmethod
    def logaddexp(a: float, b: float) -> float:
        """log(exp(a) + exp(b)) = max + log(1 + exp(-|a - b|))."""
        if a == b:  # also where both are infinite
            return a + math.log(2.0)
        return max(a, b) + math.log1p(math.exp(-math.fabs(a - b)))

    @staticmethod
    def gaussian(a: float) -> float:
        """exp(-a²)."""
        return math.exp(-a * a)

    @staticmethod
    def asin_slope(a: float) -> float:
        """1 / √(1 - a²)."""
        return 1.0 / math.sqrt((1.0 - a) * (1.0 + a))

    @staticmethod
    def cosine(a: float, b: float) -> float:
        """a / √(a² + b²), where neither square may leave the floats."""
        scale = max(math.fabs(a), math.fabs(b))
        x, y = a / scale, b / scale
        return x / math.sqrt(x * x + y * y)

    @staticmethod
    def atan2_slope(a: float, b: float) -> float:
        """b / (a² + b²), where neither square may leave the floats."""
        scale = max(math.fabs(a), math.fabs(b))
        x, y = a / scale, b / scale
        return y / (x * x + y * y) / scale

    @staticmethod
    def sinc_derivative(a: float, n: int) -> float:
        """dⁿ/daⁿ of sin(πa) / (πa)."""
        if math.fabs(math.pi * a) < n + 1.0:
            near: float = sinc_near_zero(a, n)
            return near
        whole = round(a)
        sign = 1.0 - 2.0 * (whole % 2)
        sine = math.sin(math.pi * (a - whole))
        cosine = math.sin(math.pi * (0.5 - math.fabs(a - whole)))
        far: float = sinc_from_zero(a, n, sign * sine, sign * cosine)
        return far

    @staticmethod
    def lgamma(a: float) -> float:
        """log Γ(a), for positive numbers."""
        if a <= 0.0:
            raise ValueError("math domain error")
        return math.lgamma(a)

    @staticmethod
    def polygamma(a: float, n: int) -> float:
        """The derivative of order n + 1 of log Γ(a), for positive numbers."""
        if a <= 0.0:
            raise ValueError("math domain error")
        derivative: float = polygamma(math.log, a, n)
        return derivative

    @staticmethod
    def floor(a: float) -> float:
        """The largest whole number that is not above a; a zero keeps its sign."""
        return math.copysign(math.floor(a), a)

    @staticmethod
    def ceil(a: float) -> float:
        """The smallest whole number that is not below a; a zero keeps its sign."""
        return math.copysign(math.ceil(a), a)

    @staticmethod
    def step(a: float) -> float:
        """1 where a > 0, else 0."""
        return 1.0 if a > 0.0 else 0.0

    @staticmethod
    def greater(a: float, b: float) -> float:
        """1 where a > b, else 0."""
        return 1.0 if a > b else 0.0

    @staticmethod
    def stop_gradient(a: float) -> float:
        """The number itself."""
        return a

    @staticmethod
    def maximum(a: float, b: float) -> float:
        """The larger of a and b."""
        return a if a > b else b

    @staticmethod
    def minimum(a: float, b: float) -> float:
        """The smaller of a and b."""
        return a if a < b else b

    @staticmethod
    def where(condition: float, a: float, b: float) -> float:
        """Return a where the condition is not zero, else b."""
        return a if condition else b

    @staticmethod
    def each(f: Callable[..., float], *lists: Sequence[float]) -> list[float]:
        """The results of a function for each of the arguments, of several lists."""
        return list(map(f, *lists))

    @staticmethod
    def joined(a: Sequence[float], b: Sequence[float]) -> list[float]:
        """Two lists, one after the other."""
        return [*a, *b]

    @staticmethod
    def sum(values: Sequence[float]) -> float:
        """The sum of the values; 0.0 when there are none."""
        return builtins.sum(values, 0.0)

    @staticmethod
    def dot(values: Sequence[float]) -> float:
        """The dot product of the first half of `values` with the second half."""
        half = len(values) // 2
        return builtins.sum(map(operator.mul, values[:half], values[half:]), 0.0)

    @staticmethod
    def max(values: Sequence[float]) -> float:
        """The largest of the values; of zeros the last, as `maximum` has it."""
        return builtins.max(reversed(values))

    @staticmethod
    def min(values: Sequence[float]) -> float:
        """The smallest of the values; of zeros the last, as `minimum` has it."""
        return builtins.min(reversed(values))

    @staticmethod
    def logsumexp(values: Sequence[float]) -> float:
        """log(Σ exp(aᵢ)) = m + log(1 + Σ' exp(aᵢ - m)), m the largest, Σ' the rest."""
        top = builtins.max(range(len(values)), key=values.__getitem__)
        largest = values[top]
        rest = [
            # Equal ones may be infinite, and their difference no number.
            1.0 if a == largest else math.exp(a - largest)
            for i, a in enumerate(values)
            if i != top
        ]
        return largest + math.log1p(builtins.sum(rest))


def multiprecision(mp: Any) -> Any:
    """The arithmetic `xp` of mpmath's numbers: its functions, and what it lacks."""
    known = {name: getattr(mp, name) for name in vars(Floats) if hasattr(mp, name)}
    xp: Any = SimpleNamespace(
        **known
        | {
            "abs": mp.fabs,
            "pow": mp.power,
            "pow_derivative": lambda a, b, i, j: pow_derivative(xp, a, b, i, j),
            "exp2": lambda a: mp.power(2, a),
            "log2": lambda a: mp.log(a, 2),
            "cbrt": lambda a: mp.sign(a) * mp.root(mp.fabs(a), 3),
            "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
            "sigmoid_slope": lambda a: mp.sech(a / 2) ** 2 / 4,
            "tanh_slope": lambda a: mp.sech(a) ** 2,
            "softplus": lambda a: mp.log1p(mp.exp(a)),
            "logaddexp": lambda a, b: mp.log(mp.exp(a) + mp.exp(b)),
            "gaussian": lambda a: mp.exp(-a * a),
            "asin_slope": lambda a: 1 / mp.sqrt((1 - a) * (1 + a)),
            "cosine": lambda a, b: a / mp.hypot(a, b),
            "atan2_slope": lambda a, b: b / (a * a + b * b),
            "sinc_derivative": lambda a, n: mp.diff(mp.sincpi, a, n),
            "lgamma": mp.loggamma,
            "polygamma": lambda a, n: mp.polygamma(n, a),
            "floor_divide": lambda a, b: mp.floor(a / b),
            "mod": lambda a, b: a - b * mp.floor(a / b),
            "step": lambda a: mp.mpf(a > 0),
            "greater": lambda a, b: mp.mpf(a > b),
            "stop_gradient": lambda a: a,
            "maximum": max,
            "minimum": min,
            "where": lambda condition, a, b: a if condition else b,
            "each": Floats.each,
            "joined": Floats.joined,
            "sum": mp.fsum,
            "dot": lambda args: mp.fdot(args[: len(args) // 2], args[len(args) // 2 :]),
            "max": max,
            "min": min,
            "logsumexp": lambda args: mp.log(mp.fsum(map(mp.exp, args))),
        }
    )
    return xp


# Functions over any kind of number


def log_excess(xp: Any, values: Any) -> Any:
    """log Σ exp(aᵢ - max a) = log(1 + Σ' exp(aᵢ - max a)), Σ' without one largest."""
    rest, ties = rest_and_ties(xp, values, xp.max(values))
    return xp.log1p(rest + (ties - 1.0))


def rest_and_ties(xp: Any, values: Any, largest: Any) -> tuple[Any, Any]:
    """Σ exp(a - largest) over those below the largest, and how many are the largest."""
    rest = xp.each(lambda a: xp.greater(largest, a) * xp.exp(a - largest), values)
    ties = xp.each(lambda a: 1.0 - xp.greater(largest, a), values)
    return xp.sum(rest), xp.sum(ties)


# Derivatives of any order


def pow_derivative(xp: Any, a: Any, b: Any, i: int, j: int) -> Any:
    """∂ⁱ⁺ʲ aᵇ / ∂aⁱ ∂bʲ of single numbers: see `pow_factor`.

    At a = 0 it is 0 where b > i, or where the factor is; elsewhere there is none:
    ZeroDivisionError, or ValueError for a derivative by the exponent.
    """
    if a == 0.0 and b > i:
        return 0.0 * a
    if a == 0.0 and j:
        raise ValueError("the logarithm of 0 times a power that is not 0")
    factor = pow_factor(xp.log, a, b, i, j)
    return factor * xp.pow(a, b - i) if factor else 0.0 * a


def pow_factor(log: Callable[[Any], Any], a: Any, b: Any, i: int, j: int) -> Any:
    """∂ⁱ⁺ʲ aᵇ / ∂aⁱ ∂bʲ divided by aᵇ⁻ⁱ.

    By the base, b (b - 1) ... (b - i + 1) comes down. By the exponent, Leibniz' rule
    holds for the product of that with aᵇ⁻ⁱ, each derivative of which brings a log a.
    """
    falling: list[Any] = [1.0] + [0.0] * j  # the product, and its derivatives by b
    for k in range(i):
        falling = [
            (b - k) * c + (m * falling[m - 1] if m else 0.0)
            for m, c in enumerate(falling)
        ]
    if not j:
        return falling[0]
    total, log_a = falling[0], log(a)
    for m in range(1, j + 1):
        total = total * log_a + math.comb(j, m) * falling[m]
    return total


def sinc_near_zero(a: Any, n: int) -> Any:
    """dⁿ/daⁿ of sin(πa) / (πa) where |πa| < n + 1, by its Taylor series.

    With x = πa it is πⁿ Σ (-1)⁽ᵐ⁺ⁿ⁾ᐟ² xᵐ / (m! (m + n + 1)), over m + n even. The terms
    that are left out add up to less than 1e-17.
    """
    x = math.pi * a
    first = n % 2
    total: Any = 0.0
    for m in reversed(range(first, first + 4 * n + 24, 2)):
        sign = -1.0 if (m + n) % 4 else 1.0
        total = total * (x * x) + sign / (math.factorial(m) * (m + n + 1.0))
    return math.pi**n * (total * x if first else total)


def sinc_from_zero(a: Any, n: int, sine: Any, cosine: Any) -> Any:
    """dⁿ/daⁿ of sin(πa) / (πa) where |πa| ≥ n + 1, from sin(πa) and cos(πa).

    Differentiating x s(x) = sin x gives x s⁽ᵏ⁾ + k s⁽ᵏ⁻¹⁾ = sin⁽ᵏ⁾ x, with x = πa.
    """
    x = math.pi * a
    derivatives = (sine, cosine, -sine, -cosine)
    total = sine / x
    for k in range(1, n + 1):
        total = (derivatives[k % 4] - k * total) / x
    return math.pi**n * total


BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510)
"""B₂, B₄, ..., B₁₆."""


def polygamma(log: Callable[[Any], Any], a: Any, n: int) -> Any:
    """ψ⁽ⁿ⁾(a), the derivative of order n of ψ = Γ'/Γ, for a > 0.

    ψ⁽ⁿ⁾(a) = (-1)ⁿ⁺¹ n! Σ 1 / (a + k)ⁿ⁺¹ from k = 0 on: the first 10 + 2n terms as they
    are, the rest by Stirling's series to B₁₆, whose error is below its next term, less
    than 1e-17 of it (Abramowitz & Stegun 6.3.18, 6.4.11).
    """
    shift = 10 + 2 * n
    first = sum((1.0 / (a + k)) ** (n + 1) for k in reversed(range(shift)))
    inverse = 1.0 / (a + shift)
    square = inverse * inverse
    series: Any = 0.0
    for k, number in reversed(list(enumerate(BERNOULLI, start=1))):
        # B₂ₖ (2k + n - 1)! / (2k)!, and without (n - 1)! where that is set apart
        factor = math.factorial(2 * k + n - 1) / math.factorial(2 * k)
        series = series * square + number * factor / math.factorial(max(n - 1, 0))
    series = series * square
    if n == 0:
        return log(a + shift) - (0.5 * inverse + series + first)
    rest = inverse**n * (1.0 + 0.5 * n * inverse + series)
    return (-1.0) ** (n + 1) * math.factorial(n - 1) * (rest + n * first)
