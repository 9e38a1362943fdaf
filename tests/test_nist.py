"""Fits with our derivatives reach the parameters that NIST certifies."""

import importlib
import re

import pytest

from tests.test_examples import run

mpmath = pytest.importorskip("mpmath")
pytest.importorskip("scipy")
nist = importlib.import_module("examples.nist")
PROBLEMS = nist.read()


def test_the_27_problems_are_there() -> None:
    levels = [problem.level for problem in PROBLEMS.values()]
    assert [levels.count(level) for level in ("lower", "average", "higher")] == [
        8,
        11,
        8,
    ]
    assert {*nist.MODELS} == {*PROBLEMS}


@pytest.mark.parametrize("name", [n for n in nist.MODELS if n != "Lanczos1"])
def test_the_certified_parameters_have_the_certified_sum(name: str) -> None:
    problem = PROBLEMS[name]
    found = sum(error**2 for error in problem.residuals(problem.certified))
    # Both are given to 11 digits; the data of Lanczos2 leave 10 of the sum.
    assert found == pytest.approx(problem.rss, rel=1.2e-10)


def test_lanczos1_has_its_certified_minimum_in_higher_precision() -> None:
    problem = PROBLEMS["Lanczos1"]
    with mpmath.workdps(50):
        x = [mpmath.mpf(str(row[0])) for row in problem.rows]
        y = [mpmath.mpf(str(number)) for number in problem.y]
        b = mpmath.matrix(problem.certified)
        for _ in range(4):  # Gauss-Newton, which has 11 digits to begin with
            terms = [[mpmath.exp(-b[k + 1] * t) for k in (0, 2, 4)] for t in x]
            errors = mpmath.matrix(
                [
                    sum(b[2 * k] * term for k, term in enumerate(row)) - number
                    for row, number in zip(terms, y, strict=True)
                ]
            )
            jacobian = mpmath.matrix(
                [
                    [d for k in range(3) for d in (row[k], -b[2 * k] * t * row[k])]
                    for row, t in zip(terms, x, strict=True)
                ]
            )
            b -= mpmath.lu_solve(jacobian, errors)  # by least squares
        assert float(sum(error**2 for error in errors)) == pytest.approx(
            problem.rss, rel=1e-10
        )
        assert [float(number) for number in b] == pytest.approx(
            problem.certified, rel=1e-10
        )


@pytest.mark.parametrize("derivatives", [nist.eager, nist.compiled])
@pytest.mark.parametrize("name", nist.MODELS)
def test_both_starts_lead_to_six_certified_digits(name: str, derivatives) -> None:
    problem = PROBLEMS[name]
    functions = derivatives(problem)
    for start in problem.starts:
        found = nist.fit(problem, start, functions)
        assert found.digits >= 6.0
        # Errors of 1e-13 are differences of numbers near 1: three digits are left.
        assert found.digits_of_sum >= (2.0 if name == "Lanczos1" else 6.0)


@pytest.mark.parametrize("derivatives", [nist.eager, nist.compiled])
@pytest.mark.parametrize("name", ["BoxBOD", "MGH17"])
def test_parameters_out_of_the_domain_are_only_passed_by(
    name: str, derivatives
) -> None:
    problem = PROBLEMS[name]
    # With this scale the first steps are so long that exp overflows in both problems.
    found = nist.fit(problem, problem.starts[0], derivatives(problem), x_scale="jac")
    assert found.refused > 0
    assert found.digits >= 6.0


def test_the_example_prints_digits_and_how_often_it_was_refused() -> None:
    output = run("nist.py", "BoxBOD", "MGH17").stdout
    for name, level in (("BoxBOD", "higher"), ("MGH17", "average")):
        (cells,) = re.findall(rf"^{name} +{level}(.*)$", output, re.M)
        assert len(re.findall(r"(\d+\.\d) \(\d+\)", cells)) == 4
    assert re.search(r"^MGH17 .* [1-9]\d*$", output, re.M)
    (worst,) = re.findall(r"^fewest digits of a parameter: (\d+\.\d)$", output, re.M)
    assert float(worst) >= 6.0
