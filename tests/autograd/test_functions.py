"""The operations as functions and methods: of Values, of numbers, and of both."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

import autograd
from autograd import Constant, Value
from autograd import functions as on_values
from autograd.apply import argument_names
from autograd.operators import Operators
from autograd.ops import TABLE, row
from tests.strategies import OPERATORS, PUBLIC, apply, tame_arguments

METHODS = [name for name in PUBLIC if TABLE[name].arity and name != "where"]
logits = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=6)


ONCE = settings(max_examples=3)
"""For what holds for all arguments if for any: which row is recorded, of what."""


def leaves_of(xs: tuple[float, ...]) -> list[Value]:
    return [Value(x) for x in xs]


@pytest.mark.parametrize("name", PUBLIC)
@ONCE
@given(data=st.data())
def test_public_function_records_its_row(name: str, data: st.DataObject) -> None:
    leaves = leaves_of(data.draw(tame_arguments(name, 1 / 8)))
    node = apply(name, leaves)
    assert node.op is TABLE[name]
    assert node.parents == tuple(leaves)


@pytest.mark.parametrize("name", PUBLIC)
@ONCE
@given(data=st.data())
def test_arithmetic_of_values_has_a_function_of_the_same_name(
    name: str, data: st.DataObject
) -> None:
    leaves = leaves_of(data.draw(tame_arguments(name, 1 / 8)))
    function = getattr(on_values, name)
    if TABLE[name].arity is not None:
        assert function(*leaves).op is TABLE[name]
    else:
        assert getattr(autograd, name) is function


@pytest.mark.parametrize("name", PUBLIC)
@ONCE
@given(data=st.data())
def test_numbers_alone_give_the_same_number(name: str, data: st.DataObject) -> None:
    xs = data.draw(tame_arguments(name, 1 / 8))
    plain = apply(name, xs)
    assert type(plain) is float
    assert plain == apply(name, leaves_of(xs)).data


@pytest.mark.parametrize("name", sorted({*PUBLIC} - OPERATORS.keys()))
@ONCE
@given(data=st.data())
def test_one_value_among_numbers_is_enough_to_record(
    name: str, data: st.DataObject
) -> None:
    xs = data.draw(tame_arguments(name, 1 / 8))
    place = data.draw(st.integers(0, len(xs) - 1))
    leaf = Value(xs[place])
    node = apply(name, [leaf if i == place else x for i, x in enumerate(xs)])
    assert node.op is TABLE[name]
    assert node.parents[place] is leaf
    assert [parent.data for parent in node.parents] == list(xs)


@pytest.mark.parametrize("name", METHODS)
@ONCE
@given(data=st.data())
def test_method_is_the_function(name: str, data: st.DataObject) -> None:
    leaf, *rest = leaves_of(data.draw(tame_arguments(name, 1 / 8)))
    node = getattr(leaf, name)(*rest)
    assert node.op is TABLE[name]
    assert node.data == getattr(on_values, name)(leaf, *rest).data


def test_what_is_computed_from_constants_alone_is_a_constant() -> None:
    two = Constant(2.0)
    for node in (autograd.exp(two), two * 3.0, two + two, autograd.sum([two, 1.0])):
        assert type(node) is Constant


def test_integers_give_floats() -> None:
    assert type(autograd.relu(3)) is float
    assert type(autograd.max(1, 2)) is float
    assert type(autograd.abs(-3)) is float


def test_slopes_have_the_usual_defaults() -> None:
    assert autograd.leaky_relu(-1.0) == -0.01
    assert Value(-1.0).leaky_relu().data == -0.01
    assert autograd.elu(-1.0) == math.expm1(-1.0)
    assert Value(-1.0).elu().data == math.expm1(-1.0)
    assert Value(-1.0).leaky_relu(slope=0.5).data == -0.5
    assert Value(-1.0).elu(alpha=2.0).data == 2.0 * math.expm1(-1.0)


def test_slopes_may_be_learned() -> None:
    x, slope = Value(-2.0), Value(0.25)
    x.leaky_relu(slope).backward()
    assert (x.grad, slope.grad) == (0.25, -2.0)


def test_arguments_with_a_default_are_counted_and_named() -> None:
    assert autograd.leaky_relu(a=-1.0, slope=0.5) == -0.5
    with pytest.raises(TypeError, match="sloep"):
        Value(-1.0).leaky_relu(sloep=0.5)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="positional argument"):
        autograd.elu()  # type: ignore[call-overload]
    with pytest.raises(TypeError, match="positional argument"):
        autograd.elu(1.0, 2.0, 3.0)  # type: ignore[call-overload]


# Rows that are added later


@pytest.fixture
def new_rows() -> Iterator[None]:
    """A row of each kind, for the length of a test."""
    before = dict(TABLE)
    row("triple", "3", "3a", lambda xp, a: 3.0 * a, lambda xp, a, out: 3.0)
    row(
        "blend",
        "b",
        "a + w (b - a)",
        lambda xp, a, b, w: a + w * (b - a),
        lambda xp, a, b, w, out: 1.0 - w,
        lambda xp, a, b, w, out: w,
        lambda xp, a, b, w, out: b - a,
        defaults=(0.5,),
    )
    row(
        "mean",
        "m",
        "Σ aᵢ / n",
        lambda xp, *args: xp.sum(args) / len(args),
        lambda xp, args, out: [1.0 / len(args)] * len(args),
        variadic=True,
    )
    row(
        "monomial",
        "^n",
        "aⁿ",
        lambda xp, a, n: xp.pow(a, float(n)),
        lambda xp, a, n, out: n * xp.pow(a, float(n - 1)),
        n_static=1,
    )
    yield
    TABLE.clear()
    TABLE.update(before)


@pytest.mark.usefixtures("new_rows")
def test_a_row_that_is_added_has_a_function_and_needs_no_other_line() -> None:
    f: Any = on_values
    x, y = Value(2.0), Value(6.0)
    assert f.triple(x).op is TABLE["triple"]
    assert f.triple(2.0) == 6.0
    assert f.blend(x, y).data == 4.0
    assert f.blend(x, y, w=0.25).data == 3.0
    assert f.mean([x, y]).data == f.mean(x, y).data == 4.0
    with pytest.raises(ValueError, match="mean: there are no values"):
        f.mean([])
    with pytest.raises(AttributeError, match="no operation 'quadruple'"):
        f.quadruple(x)


@pytest.mark.usefixtures("new_rows")
def test_whole_numbers_come_after_the_arguments_and_belong_to_the_operation() -> None:
    f: Any = on_values
    x = Value(2.0)
    cube = f.monomial(x, 3)
    assert cube.op is TABLE["monomial"].at(3)
    assert cube.parents == (x,)
    cube.backward()
    assert (cube.data, x.grad, f.monomial(2.0, 3)) == (8.0, 12.0, 8.0)
    for wrong in ((x,), (x, 3.0), (x, Value(3.0))):
        with pytest.raises(TypeError, match="monomial: 1 whole number"):
            f.monomial(*wrong)


def test_public_rows_are_exported_and_operators_and_helpers_are_not() -> None:
    operators = {"add", "sub", "mul", "div", "neg", "pos", "mod", "floor_divide"}
    for name, op in TABLE.items():
        exported = not op.helper and name not in operators
        assert (name in autograd.__all__) is exported, name


# Functions of any number of values


def test_max_and_min_take_values_or_one_list() -> None:
    xs = [Value(1.0), Value(3.0), Value(2.0)]
    assert autograd.max(xs).data == autograd.max(*xs).data == 3.0
    assert autograd.min(iter(xs)).data == autograd.min(*xs).data == 1.0
    assert autograd.max(Value(1.0), 5.0).data == 5.0


def test_sum_and_dot_of_nothing_are_zero() -> None:
    assert autograd.sum([]) == 0.0
    assert autograd.dot([], []) == 0.0


def test_sum_and_dot_are_single_nodes() -> None:
    xs, ws = leaves_of((1.0, 2.0, 3.0)), leaves_of((4.0, 5.0, 6.0))
    assert autograd.sum(iter(xs)).parents == tuple(xs)
    product = autograd.dot(iter(ws), iter(xs))
    assert product.parents == (*ws, *xs)
    product.backward()
    assert [w.grad for w in ws] == [1.0, 2.0, 3.0]
    assert [x.grad for x in xs] == [4.0, 5.0, 6.0]


def test_the_same_value_may_be_there_many_times() -> None:
    x = Value(3.0)
    autograd.sum([x, x, x]).backward()
    autograd.dot([x], [x]).backward()
    autograd.max(x, x).backward()
    assert x.grad == 3.0 + 6.0 + 1.0


@pytest.mark.parametrize("condition", [True, 1, -0.5, Value(2.0)])
def test_where_chooses_the_first_for_what_is_true(condition: Any) -> None:
    a, b = Value(1.0), Value(2.0)
    chosen = autograd.where(condition, a, b)
    chosen.backward()
    assert (chosen.data, a.grad, b.grad) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("condition", [False, 0, -0.0, Value(0.0)])
def test_where_chooses_the_second_for_what_is_false(condition: Any) -> None:
    a, b = Value(1.0), Value(2.0)
    chosen = autograd.where(condition, a, b)
    chosen.backward()
    assert (chosen.data, a.grad, b.grad) == (2.0, 0.0, 1.0)


def test_where_of_a_comparison_records_the_choice() -> None:
    x = Value(-3.0)
    autograd.where(x > 0, x, 0.1 * x).backward()
    assert x.grad == 0.1


# Softmax

FEW = 16 * 2.0**-53
"""Sums of six positive terms, each an exponential of a rounded difference."""


@given(xs=logits)
def test_softmax_is_a_distribution(xs: list[float]) -> None:
    shares = autograd.softmax(xs)
    assert all(0.0 <= share <= 1.0 + FEW for share in shares)
    assert sum(shares) == pytest.approx(1.0, abs=FEW)


@given(xs=logits)
def test_softmax_is_the_derivative_of_logsumexp(xs: list[float]) -> None:
    leaves = leaves_of(tuple(xs))
    autograd.logsumexp(leaves).backward()
    # exp(a - out) has the error of rounding a - out, up to 1e3 u.
    expected = pytest.approx(autograd.softmax(xs), rel=1e-12, abs=1e-300)
    assert [leaf.grad for leaf in leaves] == expected


@given(xs=logits)
def test_log_softmax_is_the_logarithm_of_softmax(xs: list[float]) -> None:
    logarithms = autograd.log_softmax(xs)
    top = max(xs)
    total = math.log(math.fsum(math.exp(x - top) for x in xs))
    expected = [x - top - total for x in xs]
    # The largest number on the way is 1e3 + log 6, known to u: 4 u of it.
    assert logarithms == pytest.approx(expected, rel=0.0, abs=1e-12)


@pytest.mark.parametrize("top", [1e3, 1e16, 1e300])
def test_softmax_is_stable_at_any_size(top: float) -> None:
    assert autograd.softmax([top, top]) == pytest.approx([0.5, 0.5], rel=1e-12)
    assert autograd.softmax([top, 0.0]) == [1.0, 0.0]
    assert autograd.log_softmax([top, 0.0]) == [0.0, -top]
    leaves = leaves_of((top, top))
    autograd.logsumexp(leaves).backward()
    assert [x.grad for x in leaves] == pytest.approx([0.5, 0.5], rel=1e-12)


@given(xs=logits, chosen=st.integers(0, 5))
def test_derivative_of_log_softmax_is_one_hot_minus_softmax(
    xs: list[float], chosen: int
) -> None:
    chosen %= len(xs)
    leaves = leaves_of(tuple(xs))
    autograd.log_softmax(leaves)[chosen].backward()
    expected = [
        float(i == chosen) - share for i, share in enumerate(autograd.softmax(xs))
    ]
    assert [leaf.grad for leaf in leaves] == pytest.approx(expected, rel=0.0, abs=1e-12)


@given(xs=logits)
def test_gradient_of_softmax_adds_up_to_zero(xs: list[float]) -> None:
    leaves = leaves_of(tuple(xs))
    autograd.softmax(leaves)[0].backward()
    assert math.fsum(leaf.grad for leaf in leaves) == pytest.approx(0.0, abs=FEW)


def test_softmax_of_values_is_a_list_of_values() -> None:
    shares: list[Callable[..., Any]] = autograd.softmax([Value(1.0), 2.0])
    assert all(isinstance(share, Value) for share in shares)


# The stubs, by which an editor and mypy know what is made from the table

FOLDER = Path(on_values.__file__).parent
KINDS = {1: "Unary", 2: "Binary", None: "Variadic"}


def definitions(path: Path) -> dict[str, ast.FunctionDef]:
    """The functions and methods that a file defines; of overloads the first."""
    found: dict[str, ast.FunctionDef] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, node)
    return found


def arguments(node: ast.FunctionDef) -> tuple[list[str], list[float]]:
    """The names of its arguments, and the defaults of the last ones."""
    names = [argument.arg for argument in node.args.args]
    return names, [ast.literal_eval(default) for default in node.args.defaults]


def test_stub_of_the_functions_has_every_row_and_no_more() -> None:
    stub = FOLDER / "functions.pyi"
    module = ast.parse(stub.read_text(encoding="utf-8"))
    typed = {
        ast.unparse(node.target): ast.unparse(node.annotation)
        for node in module.body
        if isinstance(node, ast.AnnAssign)
        if ast.unparse(node.annotation) != "TypeAlias"
    }
    spelled, by_hand = definitions(stub), definitions(FOLDER / "functions.py")
    rows = {name: op for name, op in TABLE.items() if not op.helper}
    for name, op in rows.items():
        if name in by_hand:
            assert arguments(spelled[name])[0] == arguments(by_hand[name])[0], name
        elif op.defaults or op.n_static or op.arity not in KINDS:
            expected = argument_names(op), list(op.defaults)
            assert arguments(spelled[name]) == expected, name
        else:
            assert typed.get(name) == KINDS[op.arity], name
    constants = {name for name in typed if name.isupper()}
    assert typed.keys() - constants <= rows.keys()
    assert spelled.keys() - by_hand.keys() - {"__call__"} <= rows.keys()


def test_stub_of_the_methods_has_every_method_and_no_more() -> None:
    stub = definitions(FOLDER / "operators.pyi")
    made = {
        name: method for name, method in vars(Operators).items() if callable(method)
    }
    assert stub.keys() == made.keys()
    assert made.keys() >= {*METHODS, "polygamma"}
    comparisons = {name for name, *_ in on_values.COMPARISONS.values()}
    logic = {
        f"__{r}{name}__" for name, _ in on_values.LOGIC.values() for r in ("", "r")
    }
    for name in stub.keys() - comparisons - logic - {"__hash__"}:
        node = stub[name]
        op = TABLE[made[name].__name__]
        _, *names = argument_names(op)
        assert arguments(node) == (["self", *names], list(op.defaults)), name


SNIPPET = """
from autograd import Value, exp, leaky_relu, max, sqrt
x = Value(1.0)
reveal_type(-x)
reveal_type(x + 1)
reveal_type(2 / x)
reveal_type(x ** 2)
reveal_type(abs(x))
reveal_type(x.exp())
reveal_type(x.leaky_relu(slope=0.1))
reveal_type(sqrt(x))
reveal_type(max([x, 2 * x]))
reveal_type(sqrt(2.0))
reveal_type(leaky_relu(2.0))
reveal_type(max(1.0, 2.0))
x.exponential()
x + "1"
"""


def test_mypy_knows_what_is_a_value_and_what_is_a_float(tmp_path: Path) -> None:
    api = pytest.importorskip("mypy.api")
    snippet, module = tmp_path / "snippet.py", tmp_path / "made.py"
    snippet.write_text(SNIPPET, encoding="utf-8")
    # A module beside its stub is not read by mypy, unless it has another name.
    module.write_bytes((FOLDER / "functions.py").read_bytes())
    cache = f"--cache-dir={tmp_path / 'cache'}"
    found, errors, _ = api.run(["--strict", cache, str(snippet), str(module)])
    assert not errors
    revealed = re.findall(r'Revealed type is ".*?(\w+)"', found)
    assert revealed == ["Value"] * 9 + ["float"] * 3
    refused = [line for line in found.splitlines() if " error: " in line]
    assert [re.findall(r"\w+.py:\d+", line) for line in refused] == [
        ["snippet.py:16"],
        ["snippet.py:17"],
    ], found


FAR_APART = [
    [1e15, 1e15 - 5.0],
    [1000.0, 970.0],
    [0.0, -40.0],
    [5.0, 5.0, -35.0],
    [-3.0, 1.0, 2.0],
]


@pytest.mark.parametrize("chosen", [0, 1])
@pytest.mark.parametrize("xs", FAR_APART)
@pytest.mark.parametrize("compiled", [False, True])
def test_log_softmax_and_its_gradient_keep_the_digits_of_small_shares(
    xs: list[float], chosen: int, compiled: bool
) -> None:
    with mp.workdps(50):
        powers = [mp.exp(mp.mpf(x) - mp.mpf(xs[chosen])) for x in xs]
        exact = float(-mp.log(mp.fsum(powers)))
        others = mp.fsum(power for i, power in enumerate(powers) if i != chosen)
        slopes = [
            float((others if i == chosen else -power) / mp.fsum(powers))
            for i, power in enumerate(powers)
        ]
    leaves = leaves_of(tuple(xs))
    node = autograd.log_softmax(leaves)[chosen]
    if compiled:
        program = autograd.compile(node, inputs=[], parameters=leaves)
        value, gradient = program.value_and_grad(np.zeros((1, 0)))
    else:
        node.backward()
        value, gradient = node.data, np.array([leaf.grad for leaf in leaves])
        again = [slope.data for slope in autograd.gradients(node, leaves)]
        assert again == pytest.approx(slopes, rel=2e-15, abs=0.0)
    # A sum of two numbers, each of which is off by a few roundings of itself.
    assert value == pytest.approx(exact, rel=2e-15, abs=0.0)
    assert gradient == pytest.approx(slopes, rel=2e-15, abs=0.0)


def test_a_masked_value_has_no_share() -> None:
    x, y = Value(2.0), Value(1.0)
    assert autograd.softmax([x, Value(-math.inf), y])[1].data == 0.0
    total = autograd.logsumexp([x, -math.inf])
    total.backward()
    assert (total.data, x.grad) == (2.0, 1.0)


def test_log_softmax_has_a_graph_that_grows_with_the_number_of_values() -> None:
    def size(n: int) -> int:
        logarithms = autograd.log_softmax([Value(0.1 * i) for i in range(n)])
        return len(autograd.topological_order(*logarithms))

    assert size(200) - size(100) == 100 * 3
