"""Formulas read back: by matplotlib, for whether it is LaTeX, and for what they say."""

from __future__ import annotations

import builtins
import math
import re
from typing import Any

import pytest

from autograd import functions
from autograd.apply import variadic
from autograd.ops import TABLE

FUNCTIONS = {
    # Formulas give two lists one after the other, as rows do.
    name: variadic(name) if op.halves else getattr(functions, name)
    for name, op in TABLE.items()
}
UPRIGHT = re.compile(r"\\mathrm\{([^{}]*)\}")


def parsed(latex: str) -> str:
    """The LaTeX, once matplotlib has read it; it has no escapes of # and & alone."""
    mathtext = pytest.importorskip("matplotlib.mathtext")
    known = latex.replace(r"\#", r"\text{#}").replace(r"\&", r"\text{&}")
    mathtext.MathTextParser("agg").parse(f"${known}$")
    return latex


def evaluated(formula: str, **names: Any) -> float:
    """What a formula says, text or LaTeX, read by the precedence of Python."""
    for written, python in (
        (r"\left|", " abs("),
        (r"\right|", ")"),
        (r"\left(", "("),
        (r"\right)", ")"),
        (r"\cdot", "*"),
        ("·", "*"),
        (r"\sigma", "sigmoid"),
        (r"\frac", "frac"),
        (r"\arc", "a"),
        (r"{\pi}", "(pi)"),
        (r"2 \pi", "2*pi"),
        ("(2π)", "(2*pi)"),
        ("√π", "sqrt(pi)"),
        ("√2", "sqrt(2)"),
        ("√", "sqrt"),
    ):
        formula = formula.replace(written, python)
    formula = UPRIGHT.sub(lambda name: name[1].replace(r"\_", "_"), formula)
    formula = re.sub(r"\|([^|]*)\|", r"abs(\1)", formula)
    formula = re.sub(r"([a-z])_\{(\d+)\}", r"\1\2", formula)
    formula = formula.replace("^", "**").replace("{", "(").replace("}", ")")
    formula = formula.replace("\\", "")
    # \max is the sign of two rows, and LaTeX's fraction is a function of two groups.
    known = {
        **FUNCTIONS,
        "max": lambda *values: builtins.max(values),
        "min": lambda *values: builtins.min(values),
        "frac": lambda a: Over(a),
        "pi": math.pi,
        "inf": math.inf,
        **names,
    }
    result = eval(formula, {"__builtins__": {}}, known)
    return float(result)


class Over:
    """The numerator of a fraction: called with the denominator, it divides."""

    def __init__(self, above: float) -> None:
        self.above = above

    def __call__(self, below: float) -> float:
        return self.above / below
