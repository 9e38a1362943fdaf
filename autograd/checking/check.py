"""Derivatives checked by several independent judges.

`check_gradient` asks forward mode, finite differences and mpmath what they think of the
derivatives by backward(). Where they differ it asks them again about each operation on
its own, and so finds the row of the table that is wrong.

    >>> print(check_gradient(lambda x: x[0] * x[1].exp(), [2.0, 0.5], orders=[1]))
    2 derivatives of order 1: all judges agree
"""

from __future__ import annotations

from collections.abc import Sequence

from autograd.checking.blame import nearest_kink, suspects
from autograd.checking.differences import Function, coordinates
from autograd.checking.judges import Trial
from autograd.checking.verdict import Finding, Report
from autograd.errors import GradientMismatch


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
    scalar, point = coordinates(x)
    trial = Trial(f, point, scalar, rtol, atol)
    findings: list[Finding] = []
    for order in sorted({*orders}):
        findings += trial.findings(order)
        if any(finding.against for finding in findings):
            guilty = tuple(suspects(trial, order))
            report = Report(tuple(findings), guilty, nearest_kink(trial))
            mismatch = GradientMismatch(report)
            mismatch.report = report
            raise mismatch
    return Report(tuple(findings), (), nearest_kink(trial))
