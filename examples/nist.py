"""NIST's certified problems: how many digits a fit with exact derivatives reaches.

The National Institute of Standards and Technology publishes 27 problems of nonlinear
regression to try software on. Each is a table of measurements and a formula with a few
unknown parameters; wanted are those for which the squares of the errors add up to the
least. They are certified to 11 digits. There are two starts, the first one far away.

SciPy's `least_squares` does the walking, with the same settings for all problems. It
asks for the derivatives of the errors by the parameters, and those are ours, of the
formulas as they stand below: eagerly, and compiled.

Two limits are those of floats, which hold 16 digits. A sum of squares is flat near its
minimum: parameters that differ in their 8th digit have sums that differ in the 16th. So
where the data hardly determine a parameter, as in ENSO, 7 digits are what there is. And
the errors of Lanczos1 are 1e-13 of what was measured: of them, and of the sum of their
squares, 3 digits are left.

From the first start of MGH17 SciPy tries parameters at which exp overflows. It has to
hear of that, and then takes a shorter step instead: the column "refused" counts how
often it was told so, by NaNs.

Run it with `python -m examples nist`, or `python -m examples nist BoxBOD MGH17` for
some of the problems. Try: derivatives that are slightly wrong. What becomes worse?
"""

import argparse
import math
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import autograd
from autograd import atan, cos, exp, jacobian, sin

try:
    from scipy.optimize import least_squares
except ImportError:
    sys.exit('This example needs SciPy: pip install "valuegrad[scipy]"')

PERIOD = 2 * math.pi

FORMULAS: dict[str, Callable[..., Any]] = {  # as NIST writes them; b[0] is its b1
    "Misra1a BoxBOD": lambda b, x: b[0] * (1 - exp(-b[1] * x)),
    "Misra1b": lambda b, x: b[0] * (1 - (1 + b[1] * x / 2) ** -2),
    "Misra1c": lambda b, x: b[0] * (1 - (1 + 2 * b[1] * x) ** -0.5),
    "Misra1d": lambda b, x: b[0] * b[1] * x * (1 + b[1] * x) ** -1,
    "Chwirut1 Chwirut2": lambda b, x: exp(-b[0] * x) / (b[1] + b[2] * x),
    "Lanczos1 Lanczos2 Lanczos3": lambda b, x: (
        b[0] * exp(-b[1] * x) + b[2] * exp(-b[3] * x) + b[4] * exp(-b[5] * x)
    ),
    "Gauss1 Gauss2 Gauss3": lambda b, x: (
        b[0] * exp(-b[1] * x)
        + b[2] * exp(-((x - b[3]) ** 2) / b[4] ** 2)
        + b[5] * exp(-((x - b[6]) ** 2) / b[7] ** 2)
    ),
    "DanWood": lambda b, x: b[0] * x ** b[1],
    "Kirby2": lambda b, x: (
        (b[0] + b[1] * x + b[2] * x**2) / (1 + b[3] * x + b[4] * x**2)
    ),
    "Hahn1 Thurber": lambda b, x: (
        (b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3)
        / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)
    ),
    "Nelson": lambda b, x1, x2: b[0] - b[1] * x1 * exp(-b[2] * x2),  # this is log(y)
    "MGH09": lambda b, x: b[0] * (x**2 + x * b[1]) / (x**2 + x * b[2] + b[3]),
    "MGH10": lambda b, x: b[0] * exp(b[1] / (x + b[2])),
    "MGH17": lambda b, x: b[0] + b[1] * exp(-x * b[3]) + b[2] * exp(-x * b[4]),
    "Roszman1": lambda b, x: b[0] - b[1] * x - atan(b[2] / (x - b[3])) / math.pi,
    "ENSO": lambda b, x: (
        b[0]
        + (b[1] * cos(PERIOD * x / 12) + b[2] * sin(PERIOD * x / 12))
        + (b[4] * cos(PERIOD * x / b[3]) + b[5] * sin(PERIOD * x / b[3]))
        + (b[7] * cos(PERIOD * x / b[6]) + b[8] * sin(PERIOD * x / b[6]))
    ),
    "Rat42": lambda b, x: b[0] / (1 + exp(b[1] - b[2] * x)),
    "Rat43": lambda b, x: b[0] / (1 + exp(b[1] - b[2] * x)) ** (1 / b[3]),
    "Eckerle4": lambda b, x: b[0] / b[1] * exp(-0.5 * ((x - b[2]) / b[1]) ** 2),
    "Bennett5": lambda b, x: b[0] * (b[1] + x) ** (-1 / b[2]),
}
MODELS = {name: f for names, f in FORMULAS.items() for name in names.split()}


@dataclass(frozen=True, slots=True)
class Problem:
    """One of NIST's: an observation is a response of `y` and a row of predictors."""

    name: str
    level: str
    starts: Sequence[Sequence[float]]
    certified: Sequence[float]
    rss: float
    y: Sequence[float]
    rows: Sequence[tuple[float, ...]]

    def residuals(self, b: Sequence[Any]) -> list[Any]:
        """The errors (n_observations,) at the parameters (n_parameters,)."""
        model = MODELS[self.name]
        return [model(b, *row) - y for row, y in zip(self.rows, self.y, strict=True)]


def read() -> dict[str, Problem]:
    """The problems by their names, in NIST's order: from the easy to the hard."""
    problems = {}
    table = Path(__file__).with_name("nist.txt").read_text(encoding="utf-8")
    for block in table.split("\n\n")[1:]:
        name, level, *words = block.split()
        columns: dict[str, list[float]] = {}
        for word in words:
            if word[0].isalpha():
                column = columns[word] = []
            else:
                column.append(float(word))
        start1, start2, certified, (rss,), y, *predictors = columns.values()
        if name == "Nelson":
            y = [math.log(response) for response in y]
        rows = [*zip(*predictors, strict=True)]
        problems[name] = Problem(name, level, [start1, start2], certified, rss, y, rows)
    return problems


Functions = tuple[Callable[..., Any], Callable[..., Any]]
"""Of a list of parameters: the errors, and their derivatives with a row for each."""


def eager(problem: Problem) -> Functions:
    """The formula called with numbers, and differentiated anew at each point."""
    return problem.residuals, jacobian(problem.residuals)


def compiled(problem: Problem) -> Functions:
    """The errors recorded once, with NaNs where the formula has no value."""
    errors = autograd.compile_function(
        problem.residuals,
        len(problem.certified),
        at=problem.certified,
        on_domain_error="nan",
    )
    return errors, errors.jacobian


class Fit(NamedTuple):
    """Digits of the parameters and of the sum, and how often SciPy tried parameters."""

    digits: float
    digits_of_sum: float
    evaluations: int
    refused: int


def digits(found: Any, certified: Any) -> float:
    """The digits that agree, -log10 of the worst relative error: at most 11."""
    error = np.max(np.abs(np.divide(found, certified) - 1))
    return float(-np.log10(max(error, 1e-11)))


def fit(
    problem: Problem,
    start: Sequence[float],
    functions: Functions,
    x_scale: float | str = 1.0,
) -> Fit:
    """Walk from a start to the least sum of squares; `x_scale` is SciPy's."""
    errors, derivatives = functions
    refused = 0

    def tried(b: Any) -> Any:
        nonlocal refused
        try:
            found = np.array(errors(b.tolist()))
        except (ArithmeticError, ValueError):  # called with numbers, eagerly
            found = np.full(len(problem.y), np.nan)
        refused += not np.isfinite(found).all()
        return found

    with np.errstate(over="ignore"):  # squares of errors that are too large as well
        found = least_squares(
            tried,
            start,
            jac=lambda b: np.array(derivatives(b.tolist())),
            x_scale=x_scale,
            xtol=1e-15,  # go on until a step changes nothing
            ftol=None,
            gtol=None,
            max_nfev=5000,
        )
    parameters, rss = digits(found.x, problem.certified), 2.0 * found.cost
    return Fit(parameters, digits(rss, problem.rss), found.nfev, refused)


def main() -> None:
    """Print a line for each problem."""
    problems = read()
    parser = argparse.ArgumentParser(description="Fit NIST's certified problems.")
    parser.add_argument("problems", nargs="*", metavar="problem")
    names = parser.parse_args().problems or [*problems]
    if unknown := {*names} - {*problems}:
        parser.error(f"no {', '.join(unknown)}: there are {', '.join(problems)}")
    print("digits (trials)     eager                   compiled            digits")
    print(
        "problem   level     start 1     start 2     start 1     start 2 of sum refused"
    )
    worst = math.inf
    for problem in map(problems.__getitem__, names):
        ways = eager(problem), compiled(problem)
        fits = [fit(problem, start, way) for way in ways for start in problem.starts]
        cells = "".join(f"{f.digits:5.1f} ({f.evaluations})".ljust(12) for f in fits)
        of_sum = min(f.digits_of_sum for f in fits)
        refused = sum(f.refused for f in fits) or ""
        line = f"{problem.name:9} {problem.level:8}{cells}{of_sum:5.1f}{refused:>6}"
        print(line.rstrip())
        worst = min(worst, *(f.digits for f in fits))
    print(f"fewest digits of a parameter: {worst:.1f}")


if __name__ == "__main__":
    main()
