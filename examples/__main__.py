"""The table of contents: list the lessons and examples, run one, or run them all.

    python -m examples                       list them, in the order to read them in
    python -m examples losses --quick        run one; what follows is passed on to it
    python -m examples all --quick           run all, and write examples/out/index.html
    python -m examples all --quick xor moons the same with these alone

Run it in the folder that `examples` is in. The page has the pictures, the figures and
the code of all of them; it is one file that needs no other. Where one of them fails,
the rest are run all the same, and the exit code is 1.
"""

from __future__ import annotations

import ast
import difflib
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from examples.textbook import Run, Script, page

FOLDER = Path(__file__).parent
LESSONS = [
    "one_neuron",
    "turning_the_knobs",
    "rolling_downhill",
    "line_through_points",
    "perceptron",
    "two_layers_solve_xor",
    "activations",
    "vanishing_gradients",
    "losses",
    "backpropagation_by_hand",
    "batch_sizes",
    "digits",
    "overfitting",
    "shuffled_labels",
    "inside_the_network",
    "loss_landscape",
]
EXAMPLES = [
    "xor",
    "moons",
    "mnist",
    "lenet",
    "common_mistakes",
    "rosenbrock",
    "physics",
    "nist",
]
HELPERS = {"__init__", "__main__", "lesson", "textbook"}
SMALLER = {
    "moons": ["--steps", "30"],
    "mnist": ["--digits", "--epochs", "10"],
    "lenet": ["--train", "500", "--test", "500", "--epochs", "1"],
    "rosenbrock": ["--dimensions", "20"],
    "nist": ["Misra1a", "MGH17", "BoxBOD"],
}
"""What stands for --quick where a script does not know it and takes long."""


def scripts() -> list[Script]:
    """All there are, in the order in which a beginner would meet them."""
    found = [read(path) for path in FOLDER.glob("*.py") if path.stem not in HELPERS]
    order = [*LESSONS, *EXAMPLES]

    def place(script: Script) -> tuple[bool, int, str]:
        known = script.name in order
        at = order.index(script.name) if known else len(order)
        return script.part != "Lessons", at, script.name

    return sorted(found, key=place)


def read(path: Path) -> Script:
    """A script's title, which is its docstring's first line, its text and its code."""
    source = path.read_text(encoding="utf-8")
    module = ast.parse(source, filename=str(path))
    title, _, text = (ast.get_docstring(module) or path.stem).partition("\n")
    first = module.body[0]
    is_text = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    lines = source.splitlines()[(first.end_lineno or 0) if is_text else 0 :]
    code = "\n".join(lines).strip() + "\n"
    part = "Lessons" if "lesson.start(" in code else "Examples"
    return Script(path.stem, part, title.rstrip("."), text.strip(), code)


def smaller(script: Script) -> list[str]:
    """The arguments of a quick run."""
    knows = script.part == "Lessons" or '"--quick"' in script.code
    return ["--quick"] if knows else SMALLER.get(script.name, [])


def command(script: Script, arguments: Sequence[str]) -> list[str]:
    """How to run a script."""
    return [sys.executable, str(FOLDER / f"{script.name}.py"), *arguments]


def surroundings() -> dict[str, str]:
    """The environment to run it in: the packages beside the folder can be imported.

    One BLAS thread: the matrices here are too small to gain from more, and threads that
    wait for each other on a busy machine take ten times as long.
    """
    found = [str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]
    paths = os.pathsep.join(path for path in found if path)
    threads = {"OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    ours = {"PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"}
    return {**threads, **os.environ, **ours}


def run(script: Script, quick: bool) -> Run:
    """Run a script in a process of its own, and keep what it says and draws."""
    arguments = smaller(script) if quick else []
    start = time.perf_counter()
    result = subprocess.run(
        command(script, arguments),
        env=surroundings(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    seconds = time.perf_counter() - start
    missing = "needs MNIST" in result.stderr
    return Run(
        script,
        arguments,
        seconds,
        result.stdout,
        result.stderr,
        outcome="ok" if not result.returncode else "left out" if missing else "failed",
    )


def run_all(chosen: Sequence[Script], quick: bool) -> int:
    """Run them one after the other, write the page, and say what failed."""
    runs = []
    for script in chosen:
        print(f"{script.name:26}", end="", flush=True)
        runs.append(run(script, quick))
        print(f"{runs[-1].outcome:10} {runs[-1].seconds:6.1f} s", flush=True)
        if runs[-1].outcome != "ok":
            print(runs[-1].complaint, file=sys.stderr)
    path = FOLDER / "out" / "index.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(runs, quick), encoding="utf-8")
    print(f"written: {path}")
    failed = [run.script.name for run in runs if run.outcome == "failed"]
    if failed:
        print(f"failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def contents(known: Sequence[Script]) -> None:
    """Print the list."""
    width = max(len(script.name) for script in known)
    part = ""
    for i, script in enumerate(known, start=1):
        if script.part != part:
            part = script.part
            print(f"{part}\n")
        print(f"{i:4}  {script.name:{width}}  {script.title}")
        if i == len(known) or known[i].part != part:
            print()
    print("Run one: python -m examples losses")
    print("Run all and write a page with all pictures: python -m examples all --quick")


def main(arguments: Sequence[str]) -> int:
    """Do what the command line says, and return the exit code."""
    known = {script.name: script for script in scripts()}
    if not arguments:
        contents(list(known.values()))
        return 0
    if arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0
    everything = arguments[0] == "all"
    quick = everything and "--quick" in arguments
    names = [*arguments[1:]] if everything else [arguments[0].removesuffix(".py")]
    names = [name for name in names if name != "--quick"]
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, [*known, "all"], n=1)
            hint = (
                f"Did you mean {near[0]}?" if near else "python -m examples lists all."
            )
            print(f"There is no lesson or example {name!r}. {hint}", file=sys.stderr)
            return 2
    if everything:
        chosen = [script for name, script in known.items() if name in (names or known)]
        return run_all(chosen, quick)
    asked = command(known[names[0]], arguments[1:])
    return subprocess.run(asked, env=surroundings(), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
