"""The first lessons: a neuron, its gradient, a descent, and a line that is learned.

Each runs once, in a folder of its own, and its printed figures are held to its claims.
"""

import re

import pytest

from tests.lessons import Lessons, assert_taught

PICTURES = {
    "one_neuron": {"graph.png", "bend.png"},
    "turning_the_knobs": {"nudge.png", "cost.png"},
    "rolling_downhill": {"surface.png", "contour.png", "valleys.png", "climb.png"},
    "line_through_points": {"fit.png", "loss.png"},
}
PRINTED = 1e-5
"""The relative error of a figure that is printed in six digits, or two of them."""

Figures = dict[str, tuple[str, str]]


class Printed(Lessons):
    """The lessons, with their comparisons."""

    def figures(self, name: str, heading: str) -> list[Figures]:
        """(claimed, measured) by claim, below each heading that begins like this."""
        blocks = self.taught(name)[0].split("\n\n")
        return [
            {x[:54].strip(): (x[54:69].strip(), x[69:].strip()) for x in lines}
            for title, *lines in (block.splitlines() for block in blocks)
            if title.strip().startswith(heading)
        ]


@pytest.fixture(scope="module")
def lessons(tmp_path_factory: pytest.TempPathFactory) -> Printed:
    return Printed(tmp_path_factory.mktemp("lessons"))


def assert_agree(figures: Figures, *, error: float = 0.0) -> None:
    """Each figure is what is claimed, to its printed digits and this error."""
    assert figures
    for claim, (claimed, measured) in figures.items():
        expected = pytest.approx(float(claimed), rel=PRINTED, abs=error)
        assert float(measured) == expected, claim


@pytest.mark.parametrize("name", PICTURES)
def test_a_lesson_draws_its_pictures_and_ends_with_a_thing_to_try(
    name: str, lessons: Printed
) -> None:
    assert_taught(name, *lessons.taught(name), PICTURES[name])


# --- one neuron ----------------------------------------------------------------------


def test_a_neuron_is_the_same_as_code_as_formula_and_as_graph(lessons: Printed) -> None:
    (figures,) = lessons.figures("one_neuron", "2 · 1.5")
    assert len(figures) == 4
    assert_agree(figures)


def test_backward_is_the_chain_rule_worked_out_by_hand(lessons: Printed) -> None:
    (figures,) = lessons.figures("one_neuron", "how fast the output rises")
    assert [claim[-2:].strip() for claim in figures] == ["w1", "w2", "b", "x1", "x2"]
    assert_agree(figures)


def test_a_leak_leaves_a_gradient_where_a_plain_relu_has_none(lessons: Printed) -> None:
    (figures,) = lessons.figures("one_neuron", "with the bias -3.5")
    assert_agree(figures)
    assert float(figures["how fast it rises with w1"][1]) > 0
    assert float(figures["the same with a plain ReLU"][1]) == 0


# --- turning the knobs ---------------------------------------------------------------


def test_a_forward_difference_is_off_by_h_and_a_central_one_by_rounding(
    lessons: Printed,
) -> None:
    both = lessons.figures("turning_the_knobs", "the largest distance")
    assert len(both) == 2  # x² + y², and the network
    for figures in both:
        (_, forward), (_, central) = figures.values()
        assert float(forward) == pytest.approx(1e-6, rel=0.1)
        # The losses are 25 at most: rounding is 25 · 1e-16 · a few / 1e-6.
        assert float(central) < 1e-8


def test_nudging_all_knobs_needs_two_evaluations_each(lessons: Printed) -> None:
    (figures,) = lessons.figures("turning_the_knobs", "784-16-16-10")
    assert figures["knobs"] == ("13002", "13002")
    assert figures["evaluations to nudge them all"] == ("26004", "26004")


def test_backpropagation_finds_what_nudging_finds_for_a_few_evaluations(
    lessons: Printed,
) -> None:
    (figures,) = lessons.figures("turning_the_knobs", "784-16-16-10")
    measured = {claim.split(":")[-1].strip(): figures[claim][1] for claim in figures}
    assert float(measured["nearly 0"]) < 1e-8
    # Times on a busy machine: 3 to 8, about 2, and thousands where it is not.
    assert 1 < float(measured["scalar code"]) < 50
    assert 1 < float(measured["compiled"]) < 25
    assert float(measured["nudging takes so many times as long"]) > 100


# --- rolling downhill ----------------------------------------------------------------


def test_the_descent_from_50_43_follows_the_closed_form(lessons: Printed) -> None:
    output = lessons.taught("rolling_downhill")[0]
    rows = [
        [float(number) for number in row.split()]
        for row in re.findall(r"^ +\d+(?: +\d+\.\d{6}){4}$", output, re.M)
    ]
    assert [row[0] for row in rows] == [*range(0, 51, 5)]
    for n, x, y, x_closed, y_closed in rows:
        # Six decimals are printed.
        assert x == pytest.approx(50 * 0.94**n, abs=1e-6) == x_closed
        assert y == pytest.approx(43 * 0.94**n, abs=1e-6) == y_closed
    (figures,) = lessons.figures("rolling_downhill", "a bowl")
    # 50 roundings of numbers below 64, each by at most 64 · 2**-53 of three operations.
    assert_agree(figures, error=50 * 3 * 64 * 2**-53)


def test_a_step_multiplies_by_1_minus_twice_its_size(lessons: Printed) -> None:
    (figures,) = lessons.figures("rolling_downhill", "20 steps on x²")
    assert_agree(figures)
    ends = {float(claim.split()[1]): float(x) for claim, (_, x) in figures.items()}
    assert all((end < 50) == (step < 1) for step, end in ends.items())
    assert ends[1.03] > 50


def test_different_starts_end_in_different_valleys(lessons: Printed) -> None:
    (figures,) = lessons.figures("rolling_downhill", "several valleys")
    ends = {k: figures[k] for k in figures if k.startswith("from")}
    assert_agree(ends)
    assert len({measured for _, measured in ends.values()}) == len(ends) == 4


def test_the_gradient_is_the_steepest_direction_and_as_long_as_it_is_steep(
    lessons: Printed,
) -> None:
    (figures,) = lessons.figures("rolling_downhill", "what the gradient")
    gradient = figures.pop("the gradient of x² + y² at (1.5, 0.5)")
    assert gradient == ("(3.0, 1.0)", "(3.0, 1.0)")
    # Directions are tried every 0.1 degrees.
    assert_agree(figures, error=0.05 + PRINTED)


# --- a line through points -----------------------------------------------------------


def test_half_the_squared_error_has_the_error_as_its_derivative(
    lessons: Printed,
) -> None:
    (figures,) = lessons.figures("line_through_points", "½")
    assert_agree(figures)


def test_descent_ends_at_the_line_of_the_formula_from_both_starts(
    lessons: Printed,
) -> None:
    runs = lessons.figures("line_through_points", "300 steps from")
    assert len(runs) == 2
    for figures in runs:
        assert list(figures) == ["slope", "intercept", "loss"]
        # 300 steps of the factor 0.977 leave a thousandth of the way, which is 3 long.
        assert_agree(figures, error=0.004)
    claimed = [{name: found[name][0] for name in found} for found in runs]
    assert claimed[0] == claimed[1]
