"""The values of arguments: numbers in their ranges, and sizes of layers.

Each takes the text of an argument, and raises argparse's error for another one.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable


def count(text: str) -> int:
    """A whole number from 1 up."""
    return _integer(text, 1)


def whole(text: str) -> int:
    """A whole number from 0 up."""
    return _integer(text, 0)


def positive(text: str) -> float:
    """A number above 0."""
    return _number(text, "a number above 0", lambda x: x > 0)


def natural(text: str) -> float:
    """A number from 0 up."""
    return _number(text, "a number from 0 up", lambda x: x >= 0)


def share(text: str) -> float:
    """A number from 0 to below 1."""
    return _number(text, "from 0 to below 1", lambda x: 0 <= x < 1)


def proper_share(text: str) -> float:
    """A number between 0 and 1."""
    return _number(text, "between 0 and 1", lambda x: 0 < x < 1)


def sizes(text: str) -> tuple[int, ...]:
    """Sizes of layers, as in 128,64; none is no layer."""
    if text == "none":
        return ()
    try:
        return tuple(count(size) for size in text.split(","))
    except argparse.ArgumentTypeError:
        raise argparse.ArgumentTypeError(
            f"must be whole numbers from 1 up with commas between, as in 128,64, or "
            f"none, not {text!r}"
        ) from None


def _integer(text: str, least: int) -> int:
    try:
        number = int(text)
    except ValueError:
        number = least - 1
    if number < least:
        raise argparse.ArgumentTypeError(
            f"must be a whole number from {least} up, not {text!r}"
        )
    return number


def _number(text: str, what: str, fits: Callable[[float], bool]) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and fits(number)):
        raise argparse.ArgumentTypeError(f"must be {what}, not {text!r}")
    return number
