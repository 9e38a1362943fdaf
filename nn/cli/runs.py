"""The folder of a run: its files, its settings, and the network that came of it.

Invariant: `settings.json` is written before training begins and holds all that
`--resume`, `evaluate` and `predict` need besides the parameters: the options, the
names of the classes, how inputs are scaled. `model.npz` is there once training is
done, and until then `checkpoint.npz` has the network so far.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import nn
from autograd.files import write_whole
from nn.cli.arguments import PROGRAM, parsed
from nn.cli.datasets import Data
from nn.cli.images import Frame
from nn.cli.options import Options
from nn.examples import Matrix

FORMAT = 1
"""The number of the format of the settings."""

SETTINGS = "settings.json"
CHECKPOINT = "checkpoint.npz"
MODEL = "model.npz"
HISTORY = "history.csv"
SUMMARY = "summary.html"
PICTURES = ("history.png", "confusion.png", "wrong.png")
FILES = (SETTINGS, CHECKPOINT, MODEL, HISTORY, SUMMARY, *PICTURES)
"""All that is ever written to the folder of a run."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """A run of training, and its folder."""

    folder: Path
    options: Options
    command_lines: tuple[tuple[str, ...], ...]
    """The arguments that it was made with, and gone on with."""
    n_inputs: int
    classes: tuple[str, ...]
    frame: Frame | None
    scaler: nn.StandardScaler | None
    fingerprint: str
    """That of the data."""

    def path(self, name: str) -> Path:
        """Where the file of a name is."""
        return self.folder / name

    def command(self, verb: str, *more: str) -> str:
        """A command line about this run, to be copied."""
        folder = ["--out", str(self.folder)] if verb == "train" else [str(self.folder)]
        return f"{PROGRAM} {shlex.join([verb, *folder, *more])}"

    def inputs(self, X: Matrix, where: str) -> Matrix:
        """Examples as the network takes them. ValueError for another width."""
        if X.shape[1] != self.n_inputs:
            raise ValueError(
                f"{where} has {X.shape[1]} numbers an example, and the network in "
                f"{self.folder} takes {self.n_inputs}"
            )
        return self.scaler.transform(X) if self.scaler else X

    def check_same(self, data: Data) -> None:
        """ValueError for data that are not those that the run was made with."""
        same = data.fingerprint, data.n_inputs, data.classes
        if same != (self.fingerprint, self.n_inputs, self.classes):
            raise ValueError(
                f"{data.name} has changed since {self.folder} was trained on it. Put "
                f"back what was there; to test the network on what is there now, name "
                f"it: evaluate --data {data.name}"
            )

    def write(self) -> None:
        """Write the settings."""
        settings = {
            "format": FORMAT,
            "options": self.options.arguments(),
            "command lines": self.command_lines,
            "n_inputs": self.n_inputs,
            "classes": self.classes,
            "frame": asdict(self.frame) if self.frame else None,
            "scaler": _as_lists(self.scaler) if self.scaler else None,
            "fingerprint": self.fingerprint,
        }
        write_whole(self.path(SETTINGS), json.dumps(settings, indent=1).encode())

    def network(self) -> nn.Module:
        """The trained network, or the one of the checkpoint while training is not done.

        ValueError where it does not fit to the settings.
        """
        path = self.path(MODEL)
        if not path.exists():
            path = self.path(CHECKPOINT)
        if not path.exists():
            raise FileNotFoundError(
                f"there is no network in {self.folder} yet. To train it: "
                f"{self.command('train', '--resume')}"
            )
        model = nn.load(path)
        expected = [self.n_inputs, *self.options.layers, len(self.classes)]
        if not isinstance(model, nn.MLP) or _widths(model) != expected:
            raise ValueError(
                f"{path} holds {model!r}, and {self.path(SETTINGS)} is of another "
                f"network: one with layers of {expected}"
            )
        return model


def read_run(folder: Path) -> Run:
    """The run in a folder. ValueError for settings that are damaged; OSError."""
    path = folder / SETTINGS
    if not path.exists():
        raise FileNotFoundError(
            f"there is no run in {folder}: no {SETTINGS}. To train one: "
            f"{PROGRAM} train --data digits --out {folder}"
        )
    content = path.read_bytes()
    try:
        return _from_settings(folder, json.loads(content))
    except Exception as error:  # whatever there may be in a file
        raise ValueError(
            f"{path} is damaged, or of another version: {type(error).__name__}: {error}"
        ) from error


def _from_settings(folder: Path, found: Any) -> Run:
    """The run that settings describe. All kinds of errors for what is none."""
    if found["format"] != FORMAT:
        raise ValueError(f"its format is {found['format']!r}, not {FORMAT}")
    given = parsed(["train", *found["options"]])
    scaler = None
    if found["scaler"] is not None:
        scaler = nn.StandardScaler()
        scaler.load_state_dict(found["scaler"])
    return Run(
        folder,
        options_from(given),
        tuple(tuple(map(str, line)) for line in found["command lines"]),
        int(found["n_inputs"]),
        tuple(map(str, found["classes"])),
        Frame(**found["frame"]) if found["frame"] else None,
        scaler,
        str(found["fingerprint"]),
    )


def options_from(given: Mapping[str, Any]) -> Options:
    """The options among what a command line gives."""
    names = Options.__dataclass_fields__
    return Options(**{name: given[name] for name in names if name in given})


def _as_lists(scaler: nn.StandardScaler) -> dict[str, list[float]]:
    return {name: array.tolist() for name, array in scaler.state_dict().items()}


def _widths(model: nn.MLP) -> list[int]:
    """The numbers of inputs, and of the neurons of each layer."""
    first = len(model.layers[0].neurons[0].weights)
    return [first, *(len(layer.neurons) for layer in model.layers)]
