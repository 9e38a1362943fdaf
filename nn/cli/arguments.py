"""The arguments of each command: what may be given, and what it means.

Invariant: `parsed` returns only what was given, so that a run that goes on can tell a
wish from a default; the defaults are those of `Options`. What `Options.arguments`
writes down, `parsed` reads back, and checks again.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import Any, NoReturn

from nn.cli.datasets import SETS
from nn.cli.options import DEFAULTS, OPTIMIZERS, SCHEDULES, shown
from nn.cli.values import count, natural, positive, proper_share, share, sizes, whole
from nn.layers import ACTIVATIONS

PROGRAM = "python -m nn"
OUT = "run"
"""Where a run is written, unless it is said."""


def parsed(argv: Sequence[str]) -> dict[str, Any]:
    """What a command line gives, by name, and the command as `run_command`.

    ValueError for what makes no sense; SystemExit once help was shown.
    """
    given = vars(_parser().parse_args(argv))
    if given.get("run_command") == "train":
        given["command_line"] = list(argv)
    return given


# --- the parsers ---------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """A parser whose errors are raised, and whose help fits a screen."""

    def __init__(self, **settings: Any) -> None:
        layout = partial(
            argparse.RawDescriptionHelpFormatter, max_help_position=24, width=79
        )
        super().__init__(formatter_class=layout, allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """ValueError with the message, and where to find help."""
        raise ValueError(f"{message} (see {self.prog} --help)")


def _parser() -> Parser:
    """The parser of the whole command line."""
    parser = Parser(
        prog=PROGRAM,
        description="Train a network that tells classes apart, and use it.",
        epilog=f"""\
examples:
  {PROGRAM} train --data digits --epochs 30 --out run
  {PROGRAM} evaluate run
  {PROGRAM} train --help

Results go to standard output, progress and errors to standard error.
exit codes: 0 done; 1 training diverged or outgrew the memory, or nobody read
on; 2 a mistake in the command or in its files; 130 stopped by Ctrl-C""",
    )
    commands = parser.add_subparsers(
        dest="run_command", required=True, metavar="COMMAND", title="commands"
    )
    _add_train(commands)
    _add_evaluate(commands)
    _add_predict(commands)
    return parser


def _add_train(commands: Any) -> None:
    parser = commands.add_parser(
        "train",
        help="train a network, and write it, its figures and pictures to a folder",
        usage=f"{PROGRAM} train --data DATA [options]",
        description="Train a network. Into a folder: the network, checkpoints, the "
        "history,\npictures, and summary.html, which sums it all up.",
        argument_default=argparse.SUPPRESS,
        add_help=False,
        epilog=f"""\
examples:
  {PROGRAM} train --data digits --activation sigmoid --epochs 30
  {PROGRAM} train --data mnist --layers 128,64 --schedule cosine --out big
  {PROGRAM} train --resume --epochs 40""",
    )
    data = parser.add_argument_group("data")
    data.add_argument(
        "--data",
        help=f"{', '.join(SETS)}; or a file: .csv, columns of numbers and the class "
        "last; .npz, arrays X and y, and perhaps X_test and y_test",
    )
    data.add_argument(
        "--validation",
        type=share,
        metavar="SHARE",
        help="of the examples, not to learn from (default 0.1)",
    )
    data.add_argument(
        "--test",
        type=proper_share,
        metavar="SHARE",
        help="to test on, where there is no test set (default 0.2)",
    )
    data.add_argument(
        "--standardize", action="store_true", help="scale each input to mean 0, std 1"
    )
    _add_network(parser.add_argument_group("network"))
    _add_training(parser.add_argument_group("training"))
    _add_run(parser.add_argument_group("run"))


def _add_network(network: Any) -> None:
    network.add_argument(
        "--layers",
        type=sizes,
        metavar="SIZES",
        help=f"hidden layers, as in 128,64; or none (default {shown(DEFAULTS.layers)})",
    )
    network.add_argument(
        "--activation",
        choices=ACTIVATIONS,
        metavar="NAME",
        help=f"{', '.join(ACTIVATIONS)} (default {DEFAULTS.activation})",
    )
    network.add_argument(
        "--dropout", type=share, metavar="RATE", help="of hidden signals (default 0)"
    )


def _add_training(training: Any) -> None:
    training.add_argument(
        "--optimizer",
        choices=OPTIMIZERS,
        metavar="NAME",
        help=f"{', '.join(OPTIMIZERS)} (default {DEFAULTS.optimizer})",
    )
    rates = ", ".join(f"{name} {rate:g}" for name, (_, rate) in OPTIMIZERS.items())
    training.add_argument(
        "--learning-rate", type=positive, metavar="RATE", help=f"(default {rates})"
    )
    training.add_argument(
        "--momentum", type=share, metavar="M", help="for sgd and rmsprop (default 0)"
    )
    training.add_argument(
        "--schedule",
        choices=SCHEDULES,
        metavar="NAME",
        help=f"of the learning rate: {', '.join(SCHEDULES)} "
        f"(default {DEFAULTS.schedule})",
    )
    training.add_argument(
        "--weight-decay", type=natural, metavar="RATE", help="(default 0, adamw 0.01)"
    )
    training.add_argument(
        "--label-smoothing", type=share, metavar="S", help="from 0 to 1 (default 0)"
    )
    training.add_argument(
        "--batch-size",
        type=count,
        metavar="N",
        help=f"examples a step (default {DEFAULTS.batch_size})",
    )
    training.add_argument(
        "--epochs",
        type=count,
        metavar="N",
        help=f"times through the examples (default {DEFAULTS.epochs})",
    )
    training.add_argument(
        "--early-stopping",
        type=count,
        metavar="N",
        help="stop after N epochs without a better validation loss",
    )
    training.add_argument(
        "--seed",
        type=whole,
        metavar="N",
        help=f"of all chance (default {DEFAULTS.seed})",
    )
    training.add_argument(
        "--eager", action="store_true", help="sweep each example's graph; much slower"
    )


def _add_run(run: Any) -> None:
    run.add_argument("--out", metavar="FOLDER", help=f"(default {OUT})")
    run.add_argument(
        "--resume",
        action="store_true",
        help="go on with the run in the folder, perhaps to more --epochs",
    )
    run.add_argument(
        "--force", action="store_true", help="replace the run in the folder"
    )
    run.add_argument("--quiet", action="store_true", help="no progress")
    run.add_argument("-h", "--help", action="help", help="this text")


def _add_evaluate(commands: Any) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="accuracy, loss, confusions, and each class's precision and recall",
        description="Test a trained network: accuracy, loss (cross-entropy), confusion "
        "matrix,\nand precision, recall and F1 of each class.",
        argument_default=argparse.SUPPRESS,
        epilog=f"""\
examples:
  {PROGRAM} evaluate run
  {PROGRAM} evaluate run --data digits""",
    )
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument(
        "--data",
        help="other data than it was trained on, named as for train: their test set, "
        "or all of them where they have none",
    )


def _add_predict(commands: Any) -> None:
    parser = commands.add_parser(
        "predict",
        help="the probability of each class, for images",
        description="""\
Print the probability of each class for each image, the largest first: lines
of the name, the class and its probability, with tabs between.

An image is made what the network has seen: grey, and for mnist and digits
light strokes on black, cut out, scaled and centred as theirs are. One that
has the size of theirs already is used as it is, inverted if it is dark on
light. For a network trained on a .csv, give a .csv without the class.""",
        argument_default=argparse.SUPPRESS,
        epilog=f"""\
examples:
  {PROGRAM} predict run image.png
  {PROGRAM} predict run *.png --top 1""",
    )
    parser.add_argument("run", metavar="RUN", help="the folder of a run")
    parser.add_argument(
        "files", nargs="+", metavar="IMAGE", help="whatever Pillow reads, or a .csv"
    )
    parser.add_argument(
        "--top", type=count, metavar="N", help="the N largest only (default all)"
    )
