"""`predict`: what a trained network says of images, or of rows of numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

import nn
from nn.cli.evaluate import log_probabilities
from nn.cli.images import read_image
from nn.cli.runs import Run, read_run
from nn.cli.tables import read_numbers
from nn.examples import Matrix


def predict(given: dict[str, Any]) -> None:
    """Print the classes of each image by probability: name, class, probability."""
    run = read_run(Path(given["run"]))
    model = run.network()
    names: list[str] = []
    rows: list[Matrix] = []
    for file in given["files"]:
        found = _read(run, file)
        names += found[0]
        rows.append(run.inputs(found[1], file))
    outputs = nn.predict(model, np.concatenate(rows), compiled=not run.options.eager)
    top = given.get("top", len(run.classes))
    for name, shares in zip(names, np.exp(log_probabilities(outputs)), strict=True):
        for k in np.argsort(-shares, kind="stable")[:top]:
            print(f"{name}\t{run.classes[k]}\t{shares[k]:.4f}")


def _read(run: Run, file: str) -> tuple[list[str], Matrix]:
    """The examples in a file, with a name for each."""
    if Path(file).suffix.lower() == ".csv":
        X, lines = read_numbers(Path(file))
        return [f"{file}:{line}" for line in lines], X
    if run.frame is None:
        raise ValueError(
            f"the network in {run.folder} was trained on rows of {run.n_inputs} "
            f"numbers and not on images: give a .csv of such rows, not {file}"
        )
    return [file], read_image(file, run.frame)[np.newaxis]
