"""What the lessons share: the comparison of claims, and the folder of pictures.

A lesson starts with `quick = lesson.start(__doc__)`, prints with `lesson.compare` what
it measures beside what is claimed, and writes its pictures to `lesson.picture(name)`.
"""

import argparse
import sys
from pathlib import Path
from typing import Any

from matplotlib import rcParams

import nn
from viz.figure import STYLE

OUT = Path(__file__).parent / "out"


def start(text: str) -> bool:
    """Read the command line, print the lesson's title, return whether to be quick."""
    title, _, rest = text.strip().partition("\n")
    parser = argparse.ArgumentParser(
        description=title,
        epilog=rest.strip(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="a smaller run")
    quick: bool = parser.parse_args().quick
    rcParams.update({**STYLE, "font.size": 12})  # all pictures share one style
    print(f"{title}\n{'=' * len(title)}")
    return quick


def digits(quick: bool, **options: Any) -> tuple[Any, Any, bool]:
    """Training and test digits, (X, y) each, and whether they are the small ones.

    They are MNIST's, read with these options of `nn.data.mnist`; or scikit-learn's 8x8
    digits where the lesson is to be quick, or where MNIST cannot be had.
    """
    if not quick:
        try:
            return (*nn.data.mnist(**options), False)
        except OSError as reason:
            message = f"No MNIST: {reason}\nThe 8x8 digits are used instead."
            print(message, file=sys.stderr)
    return (*nn.data.digits(), True)


def compare(claim: str, claimed: object, measured: object) -> None:
    """Print what is claimed, and what was measured here."""
    print(f"  {claim:<52} {shown(claimed):>14} {shown(measured):>14}")


def heading(*, claim: str = "", claimed: str = "claimed") -> None:
    """Print the heading of the columns of `compare`."""
    print(f"\n  {claim:<52} {claimed:>14} {'measured':>14}")


def picture(name: str) -> Path:
    """The path of a picture of this lesson, such as out/perceptron_lines.png."""
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{Path(sys.argv[0]).stem}_{name}"
    print(f"written: {path}")
    return path


def shown(thing: object) -> str:
    """A number in six digits, anything else as it is."""
    return f"{thing:.6g}" if isinstance(thing, float) else str(thing)
