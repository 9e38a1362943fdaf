"""Programs held to what their code gives: what passes, and what is named."""

import numpy as np
import pytest

from autograd import TraceError, compile_function
from autograd.compiler.recheck import check_again


def gives(*numbers):
    return lambda: np.array([numbers])


def fails():
    raise ZeroDivisionError


def forbidden():
    raise AssertionError("a slower way was taken")


def held(expected, *ways):
    check_again(ways, expected, "the example", "do without")


def test_a_difference_of_roundings_needs_no_slower_way():
    held([0.1 + 0.2, 1e-30], gives(0.3, 1e-30 * (1 + 1e-15)), forbidden)


def test_where_the_quickest_way_is_off_or_fails_the_next_one_decides():
    held([1.0], gives(2.0), gives(1.0))
    held([1.0], fails, gives(1.0))
    with pytest.raises(TraceError, match=r"the result is 1.0, and 2.0 by a program"):
        held([1.0], fails, gives(2.0))
    with pytest.raises(TraceError, match="nan by a program"):
        held([1.0], fails)


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_a_result_is_held_to_its_own_size(size):
    with pytest.raises(TraceError):
        held([size], gives(size * (1 + 1e-7)))
    with pytest.raises(TraceError):
        held([size], gives(0.0))
    with pytest.raises(TraceError):
        held([0.0], gives(size))


def test_the_output_that_differs_is_named_among_those_that_agree():
    for off, shown in ((0, "5.0, and 1.0"), (1, "5.0, and 2.0"), (2, "5.0, and 3.0")):
        expected = [1.0, 2.0, 3.0]
        expected[off] = 5.0
        with pytest.raises(TraceError, match=rf"^the example: output {off} is {shown}"):
            held(expected, gives(1.0, 2.0, 3.0))
    with pytest.raises(TraceError, match=r"output 1 is 5\.0"):
        held([1.0, 5.0], gives(1.0, 2.0))


def test_a_small_share_that_was_fixed_is_found():
    with pytest.raises(TraceError, match="Something was fixed"):
        compile_function(lambda x: x[0] * (1.0 + 1e-6 * x[0].data), 1)
    with pytest.raises(TraceError, match="Something was fixed"):
        compile_function(lambda x: 1e-12 * x[0] * x[0].data, 1)


def test_what_was_fixed_is_found_where_only_points_near_the_first_are_defined():
    # The logarithm keeps the second number from being negative, as it is far away.
    with pytest.raises(TraceError, match="Something was fixed"):
        compile_function(lambda x: x[1].log() * x[1].data, 2)


def test_what_was_fixed_is_found_where_nothing_far_away_is_defined():
    with pytest.raises(TraceError, match="Something was fixed"):
        compile_function(lambda x: (0.01 - (x[0] - 0.5) ** 2).sqrt() * x[0].data, 1)


def test_what_was_fixed_is_found_where_only_points_far_from_the_first_show_it():
    with pytest.raises(TraceError, match="Something was fixed"):
        compile_function(lambda x: x[0] * (2.0 if x[0].data > 1.0 else 1.0), 1)


def test_a_result_whose_shape_depends_on_the_numbers_is_refused():
    def f(x):
        return [x[0]] * (2 if x[0].data > 0.6 else 1)

    with pytest.raises(TraceError, match=r"has the shape \(1,\) .* and \(2,\) at x = "):
        compile_function(f, 1)
