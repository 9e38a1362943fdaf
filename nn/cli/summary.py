"""The page that a run ends in: one HTML file, with its pictures inside.

It is what to open the morning after, to keep, and to send: the command, the data, the
network, the settings, the figures, the pictures, and how to go on.
"""

from __future__ import annotations

import platform
import shlex
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from html import escape
from math import isnan, log

import numpy as np

import autograd
import nn
from nn.cli.arguments import PROGRAM
from nn.cli.datasets import Data, Parts
from nn.cli.evaluate import HEADINGS, Figures
from nn.cli.options import OPTIMIZERS, flag, shown
from nn.cli.pictures import DPI
from nn.cli.runs import CHECKPOINT, HISTORY, MODEL, PICTURES, Run


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What came of a run."""

    run: Run
    data: Data
    parts: Parts
    model: nn.Module
    history: nn.History
    figures: Figures
    """Those of the test set."""
    best_epoch: int | None
    """The epoch whose parameters the network has, with early stopping."""

    def of_epoch(self, name: str) -> float | None:
        """What the history has by a name, of the epoch whose parameters these are."""
        column = self.history.columns()[name]
        return column[(self.best_epoch or len(column)) - 1] if column else None

    def worse_than_guessing(self) -> bool:
        """Whether the loss in training was above that of even probabilities, ln K."""
        loss = self.of_epoch("loss")
        return loss is not None and loss > log(len(self.run.classes))


WORSE = (
    "The loss in training is worse than that of guessing: the network has learned "
    "nothing yet, or has diverged. Try more --epochs, or a smaller --learning-rate."
)

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222; background: #fff;
       max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: 0; } h2 { margin: 2rem 0 .5rem; font-size: 1.2rem; }
.of { color: #666; margin-top: 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .15rem 1.2rem .15rem 0; text-align: right; vertical-align: top; }
th { font-weight: 600; border-bottom: 1px solid #bbb; }
.facts th { border: 0; } .facts th, .facts td, .named { text-align: left; }
pre { background: #f4f4f4; padding: .7rem 1rem; border-radius: 4px;
      white-space: pre-wrap; }
img { max-width: 100%; height: auto; display: block; margin: 1rem 0; }
"""


def heading(data: Data, parts: Parts, model: nn.Module) -> list[tuple[str, str]]:
    """What is known before training, by name."""
    n_validation = len(parts.validation[1]) if parts.validation else 0
    counts = (
        f"{len(parts.training[1]):,} to learn from, "
        f"{n_validation:,} to validate, {len(parts.test[1]):,} to test"
    )
    if not data.divisible:
        counts = f"{len(parts.training[1])} rows, to learn from and to test"
    return [
        ("data", f"{data.name}: {counts}"),
        ("classes", f"{len(data.classes)}: {_some(data.classes)}"),
        ("network", f"{model!r}, {len(model.parameters()):,} parameters"),
    ]


def page(outcome: Outcome, pictures: Mapping[str, bytes]) -> str:
    """The page, as HTML, with these PNG pictures by the names of their files."""
    run, figures = outcome.run, outcome.figures
    title = f"{outcome.data.title}: {figures.accuracy:.2%} right"
    history, confusion, wrong = (_image(name, pictures) for name in PICTURES)
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width">',
            f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
            f"<h1>{escape(title)}</h1>",
            f'<p class="of">{escape(_subtitle(outcome))}</p>',
            f"<pre>{escape(_commands(run))}</pre>",
            _facts(
                [
                    ("folder", str(run.folder.absolute())),
                    *heading(outcome.data, outcome.parts, outcome.model),
                ]
            ),
            "<h2>Figures</h2>",
            _table(["", "loss", "accuracy"], _figures(outcome)),
            f"<p>{escape(_note(outcome))}</p>",
            history,
            "<h2>Classes, on the test set</h2>",
            _table(HEADINGS, figures.rows(run.classes)),
            confusion,
            wrong,
            "<h2>Settings</h2>",
            _facts(_settings(run)),
            "<h2>How to go on</h2>",
            f"<pre>{escape(_ways_on(outcome))}</pre>",
            f"<p>{HISTORY} has the figures of each epoch, {MODEL} the network, and "
            f"{CHECKPOINT} what it takes to go on.</p>",
            "</body>\n</html>\n",
        ]
    )


def _subtitle(outcome: Outcome) -> str:
    history = outcome.history
    epochs = len(history.loss)
    seconds = sum(second for second in history.seconds if not isnan(second))
    return (
        f"of {outcome.figures.n:,} test examples, after {epochs} "
        f"epoch{'s' if epochs > 1 else ''} in {_duration(seconds)}; "
        f"{datetime.now():%Y-%m-%d %H:%M}"
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return (
        f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
    )


def _commands(run: Run) -> str:
    return "\n".join(f"{PROGRAM} {shlex.join(line)}" for line in run.command_lines)


def _figures(outcome: Outcome) -> list[list[str]]:
    """Name, loss and accuracy of each part of the data."""
    rows = [
        (part, outcome.of_epoch(loss), outcome.of_epoch(f"{part}_accuracy"))
        for part, loss in (("training", "loss"), ("validation", "validation_loss"))
    ]
    rows.append(("test", outcome.figures.loss, outcome.figures.accuracy))
    return [
        [part, f"{loss:.4f}", "" if accuracy is None else f"{accuracy:.2%}"]
        for part, loss, accuracy in rows
        if loss is not None
    ]


def _note(outcome: Outcome) -> str:
    """What has to be known to read the figures."""
    smoothing = outcome.run.options.label_smoothing
    notes = [
        "The loss is cross-entropy; that of training is the mean over the epoch, as "
        "the network was then."
    ]
    if outcome.best_epoch:
        notes.append(
            f"Epoch {outcome.best_epoch} had the best validation loss; the network "
            f"has its parameters, and the figures are of it."
        )
    if smoothing:
        notes.append("Those of training and validation include label smoothing.")
    if outcome.worse_than_guessing():
        notes.append(WORSE)
    return " ".join(notes)


def _settings(run: Run) -> list[tuple[str, str]]:
    """All options, and with what they were done."""
    options = run.options
    kind, usual = OPTIMIZERS[options.optimizer]
    found = {field.name: getattr(options, field.name) for field in fields(options)}
    if options.learning_rate is None:
        found["learning_rate"] = usual
    if options.weight_decay is None:
        found["weight_decay"] = 0.01 if kind is nn.AdamW else 0.0
    versions = (
        f"valuegrad {autograd.__version__}, Python {platform.python_version()}, "
        f"NumPy {np.__version__}, {platform.system()} {platform.machine()}"
    )
    settings = [
        (flag(name).removeprefix("--").replace("-", " "), _setting(value))
        for name, value in found.items()
        if value is not None and name != "data"
    ]
    return [*settings, ("made with", versions)]


def _setting(value: object) -> str:
    return (
        {True: "yes", False: "no"}[value] if isinstance(value, bool) else shown(value)
    )


def _ways_on(outcome: Outcome) -> str:
    run, epochs = outcome.run, outcome.run.options.epochs
    lines = [
        "# test it again, or on other data",
        run.command("evaluate"),
        "# ask it",
        run.command("predict", "image.png" if run.frame else "rows.csv"),
    ]
    # What was stopped early stays so, and a schedule has its own end.
    if run.options.schedule == "constant" and len(outcome.history.loss) == epochs:
        more = str(2 * epochs)
        lines += [
            "# train it longer",
            run.command("train", "--resume", "--epochs", more),
        ]
    scaled = ", which takes standardized inputs" if run.scaler else ""
    lines += [
        f"# in Python{scaled}",
        "import nn",
        f'model = nn.load("{run.path(MODEL).as_posix()}")',
    ]
    return "\n".join(lines)


# --- HTML ----------------------------------------------------------------------------


def _facts(facts: Sequence[tuple[str, str]]) -> str:
    rows = "\n".join(
        f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>"
        for name, text in facts
    )
    return f'<table class="facts">\n{rows}\n</table>'


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"<tr>{_cells('th', headings)}</tr>"]
    lines += [f"<tr>{_cells('td', row)}</tr>" for row in rows]
    return "<table>\n" + "\n".join(lines) + "\n</table>"


def _cells(tag: str, cells: Sequence[str]) -> str:
    first, *others = cells
    return f'<{tag} class="named">{escape(first)}</{tag}>' + "".join(
        f"<{tag}>{escape(cell)}</{tag}>" for cell in others
    )


def _image(name: str, pictures: Mapping[str, bytes]) -> str:
    """A picture inside the page, as large as it is drawn, if there is one."""
    if name not in pictures:
        return ""
    pixels = int.from_bytes(pictures[name][16:20], "big")  # of a PNG, its width
    width = f"width: {pixels / DPI:g}in"
    source = f"data:image/png;base64,{b64encode(pictures[name]).decode('ascii')}"
    return f'<img alt="{name.removesuffix(".png")}" style="{width}" src="{source}">'


def _some(names: Sequence[str]) -> str:
    """Names, the first of many."""
    return ", ".join(names) if len(names) <= 20 else f"{', '.join(names[:20])}, …"
