"""The Values in C do what those in Python do, with the same messages."""

import difflib
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

import autograd
from autograd import Value, native

ROOT = Path(__file__).parents[3]
SEEDS = int(os.environ.get("VALUEGRAD_PROGRAMS", 300))

pytestmark = pytest.mark.skipif(native.core is None, reason="it was not built")


def lines(backend: str, first: int, last: int) -> list[str]:
    """What the scenarios of some seeds print with a backend."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.autograd.native.scenario", str(first), str(last)],
        cwd=ROOT,
        env={**os.environ, "VALUEGRAD_NATIVE": backend, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_random_programs_do_the_same_with_both_backends() -> None:
    found, expected = lines("1", 0, SEEDS), lines("0", 0, SEEDS)
    assert len(expected) == 40 * SEEDS
    different = list(difflib.unified_diff(expected, found, "python", "native", n=2))
    assert not different, "\n".join(different[:40])


def test_the_backend_is_named() -> None:
    assert autograd.backend == "native"
    named = subprocess.run(
        [sys.executable, "-c", "import autograd; print(autograd.backend)"],
        cwd=ROOT,
        env={**os.environ, "VALUEGRAD_NATIVE": "0"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert named.stdout == "python\n"


def test_a_value_takes_64_bytes_and_is_not_tracked() -> None:
    assert sys.getsizeof(Value(1.0)) == 64
    assert not gc.is_tracked(Value(1.0) * 2.0)
