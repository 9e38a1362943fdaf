"""The rules in C: written by the generator, and equal to those of Python."""

import math
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograd import native
from autograd.arithmetic import Floats
from autograd.native import generate
from autograd.ops import TABLE, Operation

needs_core = pytest.mark.skipif(native.core is None, reason="it was not built")

NUMBERS = st.floats(allow_nan=False) | st.sampled_from(
    [0.0, -0.0, 1.0, -1.0, 0.5, 2.0, 1e-300, 710.0, -745.0, 1e308]
)
NEAR = st.floats(-30.0, 30.0)
ROWS = [op for op in TABLE.values() if not op.n_static]


@pytest.mark.parametrize("path", generate.FILES, ids=lambda path: path.name)
def test_the_files_are_what_the_generator_writes(path: Path) -> None:
    written = path.read_text(encoding="utf-8")
    assert written == generate.FILES[path](), "python -m autograd.native.generate"


def test_all_primitives_are_there_for_tapes() -> None:
    for op in TABLE.values():
        assert not op.primitive or f" X({op.name})" in generate.primitives()


def test_all_rows_without_whole_numbers_are_there() -> None:
    assert len(ROWS) > 60
    for op in ROWS:
        assert f"RULE_{op.name}," in generate.source()


def same(found: float, expected: float) -> bool:
    """Equal to the last bit, the sign of a zero too."""
    return found.hex() == expected.hex()


def in_python(rule, *arguments):
    """What a rule gives on floats, or None where it has no finite result."""
    try:
        result = rule(Floats, *arguments)
    except (ValueError, ArithmeticError):
        return None
    finite = all(map(math.isfinite, result if isinstance(result, list) else [result]))
    return result if finite else None


@needs_core
@pytest.mark.parametrize("op", [op for op in ROWS if op.arity], ids=repr)
@settings(max_examples=300)
@given(data=st.data())
def test_rules_of_numbers_give_the_same_bits(
    op: Operation, data: st.DataObject
) -> None:
    arguments = data.draw(st.tuples(*[NUMBERS | NEAR] * op.arity))
    found = native.core.rule(op, arguments)
    expected = in_python(op.forward, *arguments)
    if found is not None:
        assert expected is not None
        assert same(found, expected)
    if expected is None:
        return
    for i, rule in enumerate(op.partials):
        found = native.core.rule(op, arguments, expected, i)
        slope = in_python(rule, *arguments, expected)
        if found is not None:
            assert slope is not None
            assert same(found, slope)


@needs_core
@pytest.mark.parametrize("op", [op for op in ROWS if op.arity is None], ids=repr)
@settings(max_examples=300)
@given(data=st.data())
def test_rules_of_lists_give_the_same_bits(op: Operation, data: st.DataObject) -> None:
    lists = st.lists(NUMBERS | NEAR | st.just(1.0), min_size=1, max_size=9)
    arguments = data.draw(lists)
    arguments = arguments * 2 if op.halves else arguments
    found = native.core.rule(op, arguments)
    expected = in_python(op.forward, *arguments)
    if found is not None:
        assert expected is not None
        assert same(found, expected)
    if expected is None:
        return
    slopes = in_python(lambda xp: list(op.partials_of(xp, arguments, expected)))
    found = native.core.rule(op, arguments, expected)
    if found is not None:
        assert slopes is not None
        assert all(map(same, found, slopes))


@needs_core
@pytest.mark.parametrize("op", ROWS, ids=repr)
def test_most_rules_are_there(op: Operation) -> None:
    n = op.arity or 4
    found = native.core.rule(op, [0.25, 0.5, 0.75, 0.5][:n])
    algorithms_of_pythons_own = {"hypot", "lgamma", "digamma", "sinc", "acosh"}
    assert (found is None) == (op.name in algorithms_of_pythons_own)
