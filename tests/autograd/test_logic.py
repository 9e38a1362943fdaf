"""`&`, `|`, `^` of comparisons: eagerly of bools, and recorded, inside `tracing()`."""

from __future__ import annotations

import itertools
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import TraceError, Value, compile_function, grad, tracing, where
from autograd.logic import is_truth

POINTS = list(itertools.product([-1.0, 0.0, 0.5, 1.0, 2.0], repeat=2))

CONDITIONS: dict[str, Callable[[Any, Any], Any]] = {
    "and": lambda x, y: (x > 0) & (y > 0),
    "or": lambda x, y: (x > 0) | (y >= 1),
    "xor": lambda x, y: (x < 1) ^ (y < 1),
    "three": lambda x, y: (x > 0) & (y > 0) & (x != y),
    "nested": lambda x, y: ((x > 0) | (y > 0)) ^ ((x == 1) & (y <= 0.5)),
    "bools": lambda x, y: (True & (x > 0)) | (False ^ (y > 1)) | (x < 0) & np.True_,
    "numpys bool": lambda x, y: np.True_ & (x > 0),
    "between": lambda x, y: (x > 0) & (x < 1),
    "not": lambda x, y: 1 - (x > 0),
    "not in a combination": lambda x, y: (1 - (x > 0)) & (y > 0),
    "product": lambda x, y: ((x > 0) * (y > 0)) | (y > 1),
    "any": lambda x, y: autograd.max([a > 0 for a in (x, y)]),
    "all": lambda x, y: autograd.min([a > 0 for a in (x, y)]),
    "numpys any": lambda x, y: np.any(x * np.ones(2) > 0) & (y > 0),
    "logical": lambda x, y: np.logical_xor(x > 0, y > 0) & (x < 2),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_a_combination_of_comparisons_is_recorded_as_it_is_eagerly(name: str) -> None:
    def f(x: Any) -> Any:
        return where(CONDITIONS[name](x[0], x[1]), 3.0 * x[0], x[1] * x[1])

    program = compile_function(f, 2)
    for point in POINTS:
        assert program(point) == f(list(map(Value, point))).data
        assert program.grad(point).tolist() == grad(f)(list(point))


ARRAYS: dict[str, Callable[[Any], Any]] = {
    "and": lambda x: np.where((x > 0) & (x < 1), x, 0.0),
    "or": lambda x: np.where((x < 0) | (x > 1), x, 0.0),
    "xor": lambda x: np.where((x > 0) ^ (x > 1), x, 0.0),
    "not": lambda x: np.where(~(x > 0), x, 0.0),
    "not not": lambda x: np.where(~(~(x > 0) & (x < 1)), x, 0.0),
    "a comparison and an array": lambda x: np.where((x[0] > 0) & (x > 0), x, 0.0),
    "an array of bools": lambda x: np.where(np.array([True, False]) & (x > 0), x, 0.0),
    "mixed": lambda x: np.where(~(np.maximum(x, 0.5) > np.zeros(2)), x, 2 * x),
    "infinite": lambda x: np.where(~np.isinf(x) & np.isfinite(x), x, 0.0),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_of_comparisons_are_combined_as_eagerly(name: str) -> None:
    program = compile_function(ARRAYS[name], 2)
    for point in POINTS:
        values = Value(1.0) * np.array(point)
        expected = [v.data if isinstance(v, Value) else v for v in ARRAYS[name](values)]
        assert program(point).tolist() == expected


NO_TRUTHS: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("&", lambda x, y: x & y),
    ("&", lambda x, y: (x > 0) & y),
    ("&", lambda x, y: x > 0 & y),
    ("|", lambda x, y: 1 | x),
    ("|", lambda x, y: x | True),
    ("^", operator.xor),
    ("^", lambda x, y: (x * (y > 0)) ^ (y > 0)),
    ("~", lambda x, y: ~x),
]


@pytest.mark.parametrize("inside", ["nothing", "grad", "compile_function"])
@pytest.mark.parametrize(("symbol", "f"), NO_TRUTHS)
def test_numbers_are_not_combined_as_truths(
    symbol: str, f: Callable[[Any, Any], Any], inside: str
) -> None:
    def of_list(x: Any) -> Any:
        return f(x[0], x[1])

    calls: dict[str, Callable[[], Any]] = {
        "nothing": lambda: f(Value(1.0), Value(0.0)),
        "grad": lambda: grad(of_list)([1.0, 0.0]),
        "compile_function": lambda: compile_function(of_list, 2, at=[1.0, 0.0]),
    }
    with pytest.raises(TypeError, match=r"x > 0|x <= 0") as raised:
        calls[inside]()
    assert str(raised.value).startswith(f"{symbol} of ")
    assert isinstance(raised.value, TraceError) == (inside == "compile_function")


def test_the_opposite_of_a_comparison_is_not_pythons() -> None:
    with pytest.raises(TraceError, match=r"write 1 - \(x > 0\)"):
        compile_function(lambda x: where(~(x[0] > 0), x[0], 0.0), 1)


def test_only_what_is_made_of_comparisons_is_a_truth() -> None:
    x, y = Value(1.0), Value(0.0)
    with tracing():
        made = [x > 0, x <= y, x == 1.0, x != 0.0, (x > 0) & (y > 0), 1 - (x > 0)]
        others = [x, x * y, 1.0 - x, (x > 0) + (y > 0), (x > 0) * x, 2 - (x > 0)]
    assert all(map(is_truth, [*made, True, np.False_, 0]))
    assert not any(map(is_truth, [*others, 2, None, "1"]))


@pytest.mark.parametrize(
    ("branch", "instead"),
    [
        (lambda x, y: x > 0 and y > 0, "and"),
        (lambda x, y: x > 0 or y >= 1, "or"),
        (lambda x, y: not x > 0, "not"),
        (lambda x, y: 0 < x < 1, "between"),
        (lambda x, y: any(a > 0 for a in (x, y)), "any"),
        (lambda x, y: all(a > 0 for a in (x, y)), "all"),
    ],
)
def test_a_combination_by_pythons_words_names_what_works_instead(
    branch: Callable[[Any, Any], Any], instead: str
) -> None:
    with pytest.raises(TraceError, match=r"that of greater\(.*&.*\|.*1 - .*max") as e:
        compile_function(lambda x: where(branch(x[0], x[1]), x[0], x[1]), 2)
    assert "`and`" in str(e.value)
    for x, y in POINTS:
        assert bool(branch(x, y)) == bool(CONDITIONS[instead](x, y))
