"""The rules of a row, held to each other wherever they run.

On floats the partials are compared with finite differences of the forward rule. What
the rules give on Values, and the derivatives of the partials, on arrays, and in
compiled programs is compared with that, at points of the row's domain.

    >>> from autograd.ops import TABLE
    >>> check_row(TABLE["tanh"])
"""

from __future__ import annotations

import math
import struct
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any, TypeAlias

from autograd import functions
from autograd.apply import variadic
from autograd.arithmetic import Floats
from autograd.checking.differences import finite_difference
from autograd.errors import GradientMismatch, TraceError
from autograd.linearize import gradients
from autograd.modes import tracing
from autograd.ops import Interval, Operation
from autograd.value import Value

FRACTIONS = (0.13, 0.41, 0.67, 0.89)
"""Where in its interval each argument is tried."""

MOST_POINTS = 64
"""At how many points an operation is tried, for each number of its arguments."""

LENGTHS = (1, 2, 3, 4)
"""Of how many arguments an operation of any number of them is tried."""

WHOLE_NUMBERS = (1, 2, 3)
"""The whole numbers that are tried."""

NEAR_A_KINK = 1e-3
"""Nearer to a kink than this, no point is tried."""

TOLERANCES = {"float64": 1e-6, "float32": 1e-3}
"""Relative. Differences are good to 1e-9 or so, and a single precision number to 6e-8,
of which a rule may lose some by cancellation; a wrong rule is off by more."""

Point: TypeAlias = tuple[float, ...]
"""One number for each argument."""

FORWARD, PARTIALS = "the forward rule", "the rule of the partials"
"""What messages call the rules."""


def check_row(row: Operation) -> None:
    """Raise unless the row's rules agree with each other, at points of its domain.

    Those of an opaque row are only asked on floats.
    """
    tried = 0
    for op in _with_whole_numbers(row):
        for points in _points(op):
            smooth = [p for p in points if _distance_to_kink(op, p) >= NEAR_A_KINK]
            for point in smooth:
                _check_on_floats(op, point)
                if not op.opaque:
                    _check_on_values(op, point)
            if smooth and not op.opaque:
                _check_on_arrays(op, smooth)
                _check_compiled(op, smooth)
            tried += len(smooth)
    if not tried:
        raise ValueError(f"operation {row.name}: every point of the domain is a kink")


# Where it is tried


def _with_whole_numbers(row: Operation) -> Iterator[Operation]:
    """The operation with some whole numbers put in: itself where it takes none."""
    for numbers in islice(product(WHOLE_NUMBERS, repeat=row.n_static), 9):
        yield row.at(*numbers)


def _points(op: Operation) -> Iterator[list[Point]]:
    """Points of the domain; a list of them for each number of arguments to be tried.

    A number of arguments of which a variadic rule makes nothing is left out, unless it
    is all of them.
    """
    if op.arity is not None:
        yield list(islice(product(*map(_places, op.domain)), MOST_POINTS))
        return
    places = _places(op.domain[0])
    cycle = [[*places[i:], *places[:i]] for i in range(len(places))]
    failed = []
    for n in LENGTHS:
        points = [tuple(turn[:n]) for turn in cycle]
        try:
            _forward(op, points[0])
        except ValueError as error:
            failed.append(error)
        else:
            yield points
    if len(failed) == len(LENGTHS):
        raise failed[-1]


def _places(interval: Interval) -> list[float]:
    """Some numbers of an interval, as single precision has them where it can."""
    low, high = max(interval.low, -3.0), min(interval.high, 3.0)
    if not low < high:  # beyond the ordinary numbers
        low = interval.low if math.isfinite(interval.low) else interval.high - 6.0
        high = min(interval.high, low + 6.0)
    places = [low + (high - low) * fraction for fraction in FRACTIONS]
    rounded = list(map(_in_single_precision, places))
    return rounded if all(x in interval for x in rounded) else places


def _in_single_precision(x: float) -> float:
    """The nearest number that single precision has, which may be infinite."""
    try:
        rounded: float = struct.unpack("f", struct.pack("f", x))[0]
    except OverflowError:
        return math.copysign(math.inf, x)
    return rounded


def _distance_to_kink(op: Operation, point: Point) -> float:
    return math.inf if op.kink is None else abs(op.kink(*point))


# What is compared. Everything is held to what the rules give on floats, and these to
# finite differences.


def _check_on_floats(op: Operation, point: Point) -> None:
    """The partials against finite differences of the forward rule."""
    for i, slope in enumerate(_partials(op, point)):
        expected = _difference(op, _forward, point, i)
        _compare(op, _partial(i), point, slope, expected)


def _check_on_values(op: Operation, point: Point) -> None:
    """The rules on Values, and the derivatives of the partials by each argument."""
    apply = variadic(op.name)
    found = _recorded(
        op, FORWARD, point, lambda leaves: [op.forward(functions, *leaves)]
    )
    _compare(op, f"{FORWARD} on Values", point, found[0], _forward(op, point))
    for i, expected in enumerate(_partials(op, point)):
        rule = _partial(i)

        def slope(leaves: list[Value], i: int = i) -> Value:
            return gradients(apply(*leaves, *op.static), [leaves[i]])[0]

        def curvatures(leaves: list[Value]) -> list[Value]:
            return gradients(slope(leaves), leaves)

        found = _recorded(op, rule, point, lambda leaves: [slope(leaves)])
        _compare(op, f"{rule} on Values", point, found[0], expected)
        for j, second in enumerate(_recorded(op, rule, point, curvatures)):

            def partial(op: Operation, point: Point, i: int = i) -> float:
                return _partials(op, point)[i]

            what = f"the derivative of {rule} by argument {j}"
            _compare(op, what, point, second, _difference(op, partial, point, j))


def _check_on_arrays(op: Operation, points: Sequence[Point]) -> None:
    """The rules on arrays of one number for each point, in both precisions."""
    # NumPy is not needed until somebody adds an operation.
    import numpy as np

    from autograd.compiler import on_arrays

    outs = [_forward(op, point) for point in points]
    for dtype in _precisions(points):
        columns = list(np.array(points, dtype).T)
        out = np.array(outs, dtype)
        rule = FORWARD
        try:
            results = {rule: on_arrays(op.forward, columns)}
            if op.arity is None:
                rule = PARTIALS
                every = on_arrays(op.partials[0], [columns, out])
                results |= {_partial(i): slope for i, slope in enumerate(every)}
            for i, partial in enumerate(op.partials if op.arity else ()):
                rule = _partial(i)
                results[rule] = on_arrays(partial, [*columns, out])
        except Exception as error:
            raise _fails(op, rule, "arrays", error) from error
        for row, point in enumerate(points):
            found = {
                name: float(np.broadcast_to(result, len(points))[row])
                for name, result in results.items()
            }
            _compare_all(op, f"on {dtype} arrays", [point], found, dtype)


def _check_compiled(op: Operation, points: Sequence[Point]) -> None:
    """A compiled program of two nodes, on one example and on many, in both precisions.

    Each argument is an input plus a parameter that is 0, so that the gradient by the
    parameters is the mean of the partials.
    """
    # As above: NumPy is not needed until somebody adds an operation.
    import numpy as np

    from autograd.compiler import compile as compiled

    n = len(points[0])
    apply = variadic(op.name)
    pairs = list(zip(points, [*points[1:], points[0]], strict=True))
    batches = [[pair] for pair in pairs] + [pairs * (200 // len(pairs) + 1)]
    for dtype in _precisions(points):
        try:
            inputs = [Value(x) for point in pairs[0] for x in point]
            shifts = [Value(0.0) for _ in range(n)]
            moved = [x + shifts[i % n] for i, x in enumerate(inputs)]
            root = apply(*moved[:n], *op.static) + apply(*moved[n:], *op.static)
            program = compiled(root, inputs, shifts, dtype)
            results = [
                program.value_and_grad(np.reshape(b, (-1, 2 * n))) for b in batches
            ]
        except Exception as error:
            raise _fails(op, "a rule", f"a {dtype} program", error) from error
        for batch, (value, gradient) in zip(batches, results, strict=True):
            found = {FORWARD: value}
            found |= {_partial(i): slope for i, slope in enumerate(gradient.tolist())}
            # The mean over the examples, of the sum of two nodes.
            found = {name: number / 2.0 for name, number in found.items()}
            both = [point for pair in batch for point in pair]
            _compare_all(op, f"in a {dtype} program", both, found, dtype)


def _compare_all(
    op: Operation,
    where: str,
    points: Sequence[Point],
    found: Mapping[str, float],
    dtype: str,
) -> None:
    """The mean of each rule over some points, with that on floats."""
    expected: dict[str, list[float]] = defaultdict(list)
    for point in points:
        expected[FORWARD].append(_forward(op, point))
        for i, slope in enumerate(_partials(op, point)):
            expected[_partial(i)].append(slope)
    for name, numbers in expected.items():
        mean = math.fsum(numbers) / len(numbers)
        _compare(op, f"{name} {where}", points[0], found[name], mean, dtype)


def _precisions(points: Sequence[Point]) -> list[str]:
    """Double, and single precision where it has all the numbers."""
    single = all(_in_single_precision(x) == x for point in points for x in point)
    return ["float64", "float32"] if single else ["float64"]


# The rules on floats


def _forward(op: Operation, point: Point) -> float:
    """The result. ValueError where it is no number inside the domain."""
    (result,) = _numbers(op, FORWARD, lambda: [op.forward(Floats, *point)])
    return result


def _partials(op: Operation, point: Point) -> list[float]:
    """The derivatives by the arguments."""
    out = _forward(op, point)
    found = _numbers(op, "a partial", lambda: op.partials_of(Floats, point, out))
    if len(found) != len(point):
        raise TypeError(
            f"operation {op.name}: {PARTIALS} gives {len(found)} numbers "
            f"for {len(point)} arguments, and must give one for each: "
            f"[...] * len(arguments), or xp.each(f, arguments)."
        )
    return found


def _numbers(
    op: Operation, rule: str, compute: Callable[[], Sequence[Any]]
) -> list[float]:
    """What a rule gives, if these are finite numbers."""
    try:
        found = list(compute())
    except TypeError as error:
        raise TypeError(
            f"operation {op.name}: {error}. The rules are {_signatures(op)}."
        ) from error
    except (ValueError, ArithmeticError, LookupError) as error:
        raise ValueError(
            f"operation {op.name}: {rule} fails: {error}. Say in `domain` where the "
            f"operation is defined."
        ) from error
    for number in found:
        if not (isinstance(number, (int, float)) and math.isfinite(number)):
            raise ValueError(
                f"operation {op.name}: {rule} gives {number!r}, and must give a number:"
                f" {_signatures(op)}."
            )
    return found


def _partial(i: int) -> str:
    return f"partial {i}"


def _signatures(op: Operation) -> str:
    """How the rules of an operation are called."""
    if op.opaque and op.arity is None:
        return "forward(*arguments), partials(arguments, out)"
    if op.opaque:
        return "forward(*arguments), partial(*arguments, out)"
    whole = "".join(f", n{i}" for i in range(len(op.static)))
    if op.arity is None:
        return f"forward(xp, *arguments{whole}), partials(xp, arguments{whole}, out)"
    return f"forward(xp, *arguments{whole}), partial(xp, *arguments{whole}, out)"


def _recorded(
    op: Operation,
    rule: str,
    point: Point,
    compute: Callable[[list[Value]], Sequence[Any]],
) -> list[float]:
    """What is computed on Values, as floats."""
    try:
        with tracing():
            found = compute([Value(x) for x in point])
    except TraceError as error:
        raise TraceError(
            f"operation {op.name}: {rule} looks at a number, by a branch or by the "
            f"module math. It also runs on Values and on arrays: write xp.where and "
            f"xp.sin for `if` and math.sin."
        ) from error
    except Exception as error:
        raise _fails(op, rule, "Values", error) from error
    return [float(number) for number in found]


def _difference(
    op: Operation, f: Callable[[Operation, Point], float], point: Point, i: int
) -> float:
    """The derivative of what is computed on floats by one argument, by differences."""
    interval = op.domain[0 if op.arity is None else i]

    def along(x: Any) -> float:
        number = float(x)
        if number not in interval:
            raise ValueError("outside the domain")
        return f(op, (*point[:i], number, *point[i + 1 :]))

    return finite_difference(along, point[i])


def _fails(op: Operation, rule: str, where: str, error: Exception) -> TypeError:
    """A rule runs on floats, but not on something else."""
    return TypeError(
        f"operation {op.name}: {rule} fails on {where}: {type(error).__name__}: "
        f"{error}. Write it with operators and the functions of xp, as in xp.exp(a)."
    )


def _compare(
    op: Operation,
    what: str,
    point: Point,
    found: float,
    expected: float,
    dtype: str = "float64",
) -> None:
    if not abs(found - expected) <= TOLERANCES[dtype] * max(1.0, abs(expected)):
        raise GradientMismatch(
            f"operation {op.name}: {what} is {found!r} at {tuple(point)}, and should "
            f"be {expected!r}. A partial is ∂out/∂argument alone, written with the "
            f"functions of xp so that it can be differentiated in turn. One that is "
            f"deliberately no derivative is given with check=False."
        )
