"""No function of NumPy's or scipy's is silently wrong on Values: the table of them."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from autograd import Value


def load() -> ModuleType:
    """The script beside this file, which also runs by itself."""
    path = Path(__file__).with_name("numpy_table.py")
    spec = importlib.util.spec_from_file_location("numpy_table", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


table = load()


def scipy_calls() -> dict[str, Callable[[Any], Any]]:
    pytest.importorskip("scipy")
    found: dict[str, Callable[[Any], Any]] = table.scipy_calls()
    return found


@pytest.mark.parametrize("calls", [table.numpy_calls, scipy_calls])
def test_no_public_function_is_silently_wrong(calls: Any) -> None:
    rows = list(table.rows(calls()))
    assert len(rows) >= 150
    wrong = [
        row for row in rows if {"WRONG", "no such call"} & {*row.verdicts.values()}
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("call", "verdict"),
    [
        (lambda x: np.exp(x), "right"),
        (lambda x: np.array([number * number for number in x]), "right"),
        (lambda x: np.rint(np.asanyarray(x) * x[0]), "refused"),
        (lambda x: np.random.default_rng(0).normal(np.array(list(x))), "obscure"),
        (lambda x: [v.data if isinstance(v, Value) else v for v in x], "WRONG"),
        (lambda x: x[0] * (1.0001 if isinstance(x[0], Value) else 1.0), "WRONG"),
        (lambda x: np.no_such_function(x), "no such call"),
    ],
)
def test_the_table_finds_what_it_is_there_to_find(call: Any, verdict: str) -> None:
    assert table.verdict(call, table.FORMS["array"])[0] == verdict


def test_what_numpy_refuses_of_our_arrays_is_refused_with_a_remedy() -> None:
    rows = list(table.rows(table.numpy_calls()))
    names = {row.name for row in rows if row.verdicts["array"] == "obscure"}
    # These make plain object arrays, or none, and NumPy is alone with them.
    assert names <= {
        "np.linalg.cholesky",
        "np.linalg.eigh",
        "np.linalg.eigvalsh",
        "np.polynomial.Polynomial.fit",
        "np.random.normal",
        "statistics.mean",
    }
