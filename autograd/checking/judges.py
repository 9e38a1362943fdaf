"""Finite differences, and derivatives checked by several independent judges.

The central difference D(h) = (f(x + h) - f(x - h)) / 2h has an error series in even
powers of h, so differences at h, h/2, h/4, ... can be combined to cancel one power
after the other (Richardson 1911; Ridders 1982). The estimate kept is the one whose two
neighbours in the table agree best, which is also the estimate of its error. Steps are
halved until rounding alone would be worse than that.

    >>> finite_difference(lambda x: x**3, 2.0)
    12.0

`check_gradient` asks forward mode, finite differences and mpmath (see `digits`) what
they think of the derivatives by backward(). Where they differ it asks them again about
each operation on its own, and so finds the row of the table that is wrong.

    >>> print(check_gradient(lambda x: x[0] * x[1].exp(), [2.0, 0.5], orders=[1]))
    2 derivatives of order 1: all judges agree
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, overload

from autograd.arithmetic import Floats
from autograd.checking.digits import Replay
from autograd.checking.verdict import Estimate, Finding, Kink, Report, Suspect
from autograd.errors import GradientMismatch, describe
from autograd.functional import grad, hvp, linearize
from autograd.functions import as_values, dot
from autograd.value import Value, record, topological_order

Function = Callable[[Any], Any]
"""A function of one number, or of a list of numbers, that returns one number."""

EPSILON = 2.0**-52
"""The relative spacing of floats: what rounding does to the values of f."""

COLUMNS = 7
"""How many powers of the step the Richardson table cancels at most."""

AT_A_KINK = 1e-6
"""Nearer to a kink than this, relative to x, differences cannot keep away from it."""

EXAMINED = 1000
"""How many operations are asked for the wrong row at most."""


@overload
def finite_difference(f: Function, x: float, *, step: float | None = None) -> float: ...
@overload
def finite_difference(
    f: Function, x: Sequence[float], *, step: float | None = None
) -> list[float]: ...
def finite_difference(
    f: Function, x: float | Sequence[float], *, step: float | None = None
) -> float | list[float]:
    """The derivative of f at x by central differences with Richardson extrapolation.

    `x` is a number or a sequence of n numbers; f is called with a Value, or a list of
    n Values, and returns a Value or a number. The result is a float or a list of n
    floats. `step` is the largest step tried, by default 1/16 of the size of the
    coordinate, or 1/16 where it is smaller than 1; it is halved until f is defined on
    both sides. Where it never is, the error that f raised is raised.
    """
    scalar, point = _point(x)
    found = [_by_coordinate(f, point, i, step, scalar) for i in range(len(point))]
    return found[0].derivative if scalar else [each.derivative for each in found]


def check_gradient(
    f: Function,
    x: float | Sequence[float],
    orders: Sequence[int] = (1, 2),
    *,
    rtol: float = 1e-6,
    atol: float = 1e-9,
) -> Report:
    """Check the derivatives of f at x by backward() against independent judges.

    Order 1 is the gradient. Order 2 is the gradient of the gradient's component along a
    fixed direction in which all coordinates move, by reverse mode both times: it sees
    all second derivatives at the cost of one product with the Hessian. The judges are
    forward mode; finite differences, for order 2 those of the gradient; and, where
    mpmath is installed, the recorded graph in 50 digits and more, differentiated
    numerically.

    A judge may differ by rtol · |derivative| + atol, plus its own estimate of its
    error. GradientMismatch shows who differs, by how much and at which coordinate, and
    which row of the table is to blame; its `report` is what is returned where all
    agree. Order 2 is looked at where order 1 is right. `x` and `f` are as in
    `finite_difference`. Values that f uses besides its arguments keep the gradients
    that they have.
    """
    if isinstance(orders, int) or not orders or not {*orders} <= {1, 2}:
        raise ValueError(
            f"check_gradient: orders must be (1,), (2,) or (1, 2), not {orders!r}"
        )
    scalar, point = _point(x)
    trial = _Trial(f, point, scalar, rtol, atol)
    findings: list[Finding] = []
    for order in sorted({*orders}):
        findings += trial.findings(order)
        if any(finding.against for finding in findings):
            suspects = tuple(trial.suspects(order))
            report = Report(tuple(findings), suspects, trial.nearest_kink())
            mismatch = GradientMismatch(report)
            mismatch.report = report
            raise mismatch
    return Report(tuple(findings), (), trial.nearest_kink())


class _Trial:
    """The derivatives of f at a point, as everyone finds them."""

    def __init__(
        self, f: Function, point: list[float], scalar: bool, rtol: float, atol: float
    ) -> None:
        self.f, self.point, self.scalar = f, point, scalar
        self.x: Any = point[0] if scalar else point
        self.rtol, self.atol = rtol, atol
        self.direction = _generic_direction(point)
        self.leaves = [Value(number) for number in point]
        self.root = f(self.leaves[0] if scalar else self.leaves)
        float(self.root)  # TypeError or ValueError for what is no number
        roots = [self.root] if isinstance(self.root, Value) else []
        self.order = topological_order(*roots)

    def findings(self, order: int) -> list[Finding]:
        """What everyone says of each coordinate."""
        estimates: dict[str, Sequence[Estimate | None]]
        if order == 1:
            found = _by_backward(self.f, self.point, self.scalar)
            estimates = {
                "forward mode": self.by_forward_mode(),
                "finite differences": self.by_differences(),
                "mpmath": self.by_mpmath([]),
            }
        else:
            found = self.twice_by_reverse_mode()
            estimates = {
                "forward mode": self.forward_over_reverse(),
                "finite differences": self.by_differences_of_the_gradient(),
                "mpmath": self.by_mpmath([self.direction]),
            }
        findings = []
        for i, (name, number) in enumerate(zip(self.names(), found, strict=True)):
            said = {judge: every[i] for judge, every in estimates.items()}
            against = [judge for judge in said if self.differs(number, said[judge])]
            findings.append(Finding(order, name, number, said, tuple(against)))
        return findings

    def names(self) -> list[str]:
        """Each coordinate, for people."""
        if self.scalar:
            return [f"x = {self.point[0]!r}"]
        return [f"x[{i}] = {number!r}" for i, number in enumerate(self.point)]

    def differs(self, found: float, estimate: Estimate | None) -> bool:
        """Whether a judge differs by more than it may."""
        if estimate is None:
            return False
        allowed = self.rtol * math.fabs(estimate.derivative) + self.atol
        return not math.fabs(found - estimate.derivative) <= allowed + estimate.error

    # First derivatives

    def by_forward_mode(self) -> list[Estimate]:
        """The gradient, by one tangent for each coordinate."""
        n = len(self.point)
        _, push = linearize(self.f, self.x)
        units = [[float(i == j) for j in range(n)] for i in range(n)]
        return [Estimate(float(push(e[0] if self.scalar else e))) for e in units]

    def by_differences(self) -> list[Estimate]:
        """The gradient, by differences of f."""
        return [
            _by_coordinate(self.f, self.point, i, None, self.scalar)
            for i in range(len(self.point))
        ]

    def by_mpmath(self, along: list[list[float]]) -> list[Estimate | None]:
        """The derivative by each coordinate, of that in the directions `along`."""
        n = len(self.point)
        try:
            replay = Replay(self.root, self.leaves)
        except ImportError:
            return [None] * n
        found = [
            replay.derivative([*along, [float(i == j) for j in range(n)]])
            for i in range(n)
        ]
        return [None if number is None else Estimate(number) for number in found]

    # Second derivatives along the direction: H · v

    def twice_by_reverse_mode(self) -> list[float]:
        """What is on trial: the gradient of the slope, ∂f/∂x · v."""
        v = self.direction

        def slope(x: Any) -> Any:
            gradient = grad(self.f)(x)
            return dot([gradient] if self.scalar else gradient, v)

        found = grad(slope)(self.x)
        return [float(second) for second in ([found] if self.scalar else found)]

    def forward_over_reverse(self) -> list[Estimate]:
        """Forward mode through the recorded gradient."""
        v: Any = self.direction[0] if self.scalar else self.direction
        found = hvp(self.f, self.x, v)
        return [Estimate(float(s)) for s in ([found] if self.scalar else found)]

    def by_differences_of_the_gradient(self) -> list[Estimate]:
        """Differences of the gradient by backward(), along the direction."""
        point, direction = self.point, self.direction
        known: dict[float, list[float]] = {}

        def gradient_at(i: int, first: float) -> float:
            """∂f/∂xᵢ where the first coordinate has come to this number."""
            if first not in known:
                t = first - point[0]
                moved = [x + t * v for x, v in zip(point, direction, strict=True)]
                known[first] = _by_backward(self.f, moved, self.scalar)
            return known[first][i]

        # The other coordinates are rounded when they move: by so much of the direction.
        pairs = list(zip(point, direction, strict=True))[1:]
        blur = EPSILON * max((math.fabs(x / v) for x, v in pairs), default=0.0)
        return [
            _extrapolated(partial(gradient_at, i), point[0], None, blur)
            for i in range(len(point))
        ]

    # What to blame

    def suspects(self, order: int) -> Iterator[Suspect]:
        """The rows that are wrong by themselves, at the operands they have here."""
        named: set[str] = set()
        known = set(self.leaves)
        active = []
        for node in self.order:
            places = [i for i, p in enumerate(node.parents) if p in known]
            if places:
                known.add(node)
                active.append((node, places))
        for node, places in active[:EXAMINED]:
            op = node.op
            assert op is not None
            if op.name not in named and not _at_its_kink(node):
                text = self.fault_of(node, places, order)
                if text:
                    named.add(op.name)
                    yield Suspect(op.name, describe(op, node.parents), text)

    def fault_of(self, node: Value, places: list[int], order: int) -> str:
        """What is wrong with one operation; nothing where it is right."""
        operands = [parent.data for parent in node.parents]

        def alone(leaves: list[Value]) -> Value:
            parents: list[Any] = [*operands]
            for place, leaf in zip(places, leaves, strict=True):
                parents[place] = leaf
            return _applied(node, as_values(parents))

        point = [operands[place] for place in places]
        try:
            trial = _Trial(alone, point, False, self.rtol, self.atol)
            for k in range(1, order + 1):
                for finding, place in zip(trial.findings(k), places, strict=True):
                    for judge in ("mpmath", "finite differences"):
                        estimate = finding.estimates[judge]
                        if judge in finding.against and estimate is not None:
                            kind = "derivative" if k == 1 else "second derivative"
                            return (
                                f"its {kind} by operand {place} is {finding.found!r}, "
                                f"and {estimate.derivative!r} by {judge}"
                            )
        except (ValueError, ArithmeticError):
            pass  # no derivative there: nothing can be said of it
        return ""

    def nearest_kink(self) -> Kink | None:
        """The operation whose kink is reached first as x moves along the direction."""
        step = AT_A_KINK * max(1.0, *map(math.fabs, self.point[:1]))
        here, there = self.numbers_at(0.0), self.numbers_at(step)
        found = []
        for node in self.order:
            op = node.op
            if op is not None and op.kink is not None:
                operands = [
                    [at.get(p, p.data) for p in node.parents] for at in (here, there)
                ]
                distance, later = (op.kink(*numbers) for numbers in operands)
                if distance != later:  # else it stays away, wherever x goes
                    way = math.fabs(distance / (later - distance)) * step
                    call = describe(op, node.parents)
                    found.append(Kink(call, way, way <= step))
        return min(found, key=lambda kink: kink.distance, default=None)

    def numbers_at(self, t: float) -> dict[Value, float]:
        """What the recorded nodes compute at x + t · direction, as far as they can."""
        pairs = zip(self.point, self.direction, strict=True)
        moved = [x + t * v for x, v in pairs]
        numbers = dict(zip(self.leaves, moved, strict=True))
        for node in self.order:
            if node.op is not None:
                operands = [numbers.get(p, p.data) for p in node.parents]
                try:
                    numbers[node] = node.op.forward(Floats, *operands)
                except (ValueError, ArithmeticError):
                    break
        return numbers


def _generic_direction(point: Sequence[float]) -> list[float]:
    """A direction in which each coordinate moves by a share of its size.

    The shares, between 1 and 2, have no common measure, so that errors in several
    second derivatives do not cancel. The first is 1 where there is no other.
    """
    if not point:
        return []
    sizes = [max(1.0, math.fabs(x)) / max(1.0, math.fabs(point[0])) for x in point]
    golden = (math.sqrt(5.0) - 1.0) / 2.0
    return [size * (1.0 + (golden * i) % 1.0) for i, size in enumerate(sizes)]


def _at_its_kink(node: Value) -> bool:
    """Whether the operands of a node are where its row has no derivative."""
    op = node.op
    assert op is not None
    operands = [parent.data for parent in node.parents]
    size = max(1.0, *map(math.fabs, operands))
    return op.kink is not None and math.fabs(op.kink(*operands)) <= AT_A_KINK * size


def _applied(node: Value, operands: Sequence[Value]) -> Value:
    """The operation of a node on other operands, by the very row that the node has."""
    op = node.op
    assert op is not None
    data = op.forward(Floats, *[operand.data for operand in operands])
    if op.arity == 1 or op.arity == 2:
        return record(op, operands[0], operands[-1], data)
    return record(op, tuple(operands), None, data)


def _point(x: float | Sequence[float]) -> tuple[bool, list[float]]:
    """Whether x is a single number, and its coordinates as floats."""
    if isinstance(x, numbers.Real):
        return True, [float(x)]
    return False, [float(number) for number in x]  # type: ignore[union-attr]


def _by_backward(f: Function, point: Sequence[float], scalar: bool) -> list[float]:
    """The gradient of f by backward()."""
    leaves = [Value(number) for number in point]
    root = f(leaves[0] if scalar else leaves)
    if isinstance(root, Value):
        before = [(node, node.grad) for node in topological_order(root)]
        try:
            root.backward()
            return [leaf.grad for leaf in leaves]
        finally:
            for node, grad in before:
                node.grad = grad
    return [0.0] * len(leaves)


def _by_coordinate(
    f: Function, x: Sequence[float], i: int, step: float | None, scalar: bool
) -> Estimate:
    """∂f/∂xᵢ by finite differences."""

    def at(coordinate: float) -> float:
        point = [Value(number) for number in x]
        point[i] = Value(coordinate)
        return float(f(point[0] if scalar else point))

    return _extrapolated(at, x[i], step)


def _extrapolated(
    f: Callable[[float], float], x: float, step: float | None, blur: float = 0.0
) -> Estimate:
    """The derivative of f at x: the entry of the table that its neighbours confirm.

    `blur` is how far off the arguments of f are: by blur / h of the derivative.
    """
    Value(x)  # refuse what is no number
    if math.isinf(x) or not (step is None or 0.0 < step < math.inf):
        raise ValueError(
            f"finite_difference: x must be finite and step above 0, not {x!r} and "
            f"{step!r}"
        )
    h = step if step is not None else max(1.0, math.fabs(x)) / 16.0
    best = Estimate(math.nan, math.inf)
    previous: list[float] = []
    steps: list[tuple[float, float]] = []
    outside: Exception | None = None
    while x - h < x < x + h:
        up, down = x + h, x - h
        h /= 2.0
        try:
            f_up, f_down = f(up), f(down)
        except (ValueError, ArithmeticError) as error:
            outside, previous = error, []  # start again nearer to x
            continue
        rounding = EPSILON * (math.fabs(f_up) + math.fabs(f_down)) / (up - down)
        row = [(f_up - f_down) / (up - down)]
        rounding += blur / (up - down) * math.fabs(row[0])
        steps.append((2.0 * h, row[0]))
        for k, coarse in enumerate(previous[:COLUMNS], start=1):
            fine = row[-1]
            row.append(fine + (fine - coarse) / (4.0**k - 1.0))
            error_here = max(math.fabs(row[-1] - fine), math.fabs(row[-1] - coarse))
            if error_here + rounding <= best.error:
                best = Estimate(row[-1], error_here + rounding)
        if rounding >= best.error:
            break
        previous = row
    if best.error == math.inf:
        raise outside or ValueError(
            f"finite_difference: no step is left below {step!r} at {x!r}, where "
            f"floats lie {math.ulp(x):.1e} apart. Use a larger step."
        )
    return Estimate(best.derivative, best.error, tuple(steps))
