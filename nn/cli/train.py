"""`train`: a network from the first step to the page that sums it up."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import nn
from autograd.files import write_whole
from nn.cli.arguments import OUT, PROGRAM
from nn.cli.datasets import SETS, Data, Parts, divided, load
from nn.cli.evaluate import measured
from nn.cli.options import (
    OPTIMIZERS,
    SCHEDULES,
    WITH_MOMENTUM,
    Options,
    flag,
    shown,
)
from nn.cli.pictures import drawn
from nn.cli.runs import (
    CHECKPOINT,
    FILES,
    HISTORY,
    MODEL,
    SETTINGS,
    SUMMARY,
    Run,
    options_from,
    read_run,
)
from nn.cli.summary import WORSE, Outcome, heading, page


def train(given: dict[str, Any]) -> None:
    """Train a network as the command line says, and write the folder of the run."""
    folder = Path(given.get("out", OUT))
    before = _run_before(folder, given)
    options = _options(given, before)
    data = load(options.data)
    parts = divided(data, options.validation, options.test)
    run = _run(folder, options, data, parts, tuple(given["command_line"]), before)
    if before:
        before.check_same(data)
    if options.early_stopping and parts.validation is None:
        raise ValueError(
            "--early-stopping watches the validation loss, and there are no examples "
            "to validate: give another --validation, or leave --early-stopping out"
        )
    quiet = given.get("quiet", False)
    _prepare(run, before)
    try:
        _train(run, data, parts, quiet)
    except KeyboardInterrupt:
        reached = run.path(CHECKPOINT).exists()
        raise KeyboardInterrupt(
            f"interrupted; {'the network so far is saved. ' if reached else ''}"
            f"To go on: {run.command('train', '--resume')}"
        ) from None


# --- what is asked for ---------------------------------------------------------------


def _run_before(folder: Path, given: Mapping[str, Any]) -> Run | None:
    """The run to go on with, if that is asked for. OSError if one is in the way."""
    resume, force = given.get("resume", False), given.get("force", False)
    if resume and force:
        raise ValueError(
            "--resume goes on with a run and --force replaces it: give one"
        )
    if resume:
        return read_run(folder)
    there = [name for name in FILES if (folder / name).exists()]
    if there and not force:
        raise FileExistsError(
            f"{folder} has a run already ({there[0]}). Give --resume to go on with it, "
            f"--force to replace it, or another folder with --out."
        )
    return None


def _options(given: dict[str, Any], before: Run | None) -> Options:
    """The options of the run: those that are given, and for the rest those of before.

    ValueError where they contradict each other.
    """
    if "data" in given and given["data"] not in SETS:
        given = {**given, "data": os.path.abspath(given["data"])}
    if before is not None:
        return _options_to_go_on(given, before)
    if "data" not in given:
        raise ValueError(
            f"--data is needed: what to learn from (see {PROGRAM} train --help)"
        )
    options = options_from(given)
    if options.momentum is not None and options.optimizer not in WITH_MOMENTUM:
        raise ValueError(
            f"--momentum is for {' and '.join(WITH_MOMENTUM)}, not for "
            f"{options.optimizer}, which has its own kind: leave one of them out"
        )
    return options


def _options_to_go_on(given: Mapping[str, Any], before: Run) -> Options:
    """Those of before, perhaps with other epochs."""
    options = before.options
    for field in fields(Options):
        was = getattr(options, field.name)
        wanted = given.get(field.name, was)
        if wanted == was or field.name == "epochs":
            continue
        raise ValueError(
            f"{flag(field.name)} was {shown(was)} in {before.folder}, and a run goes "
            f"on as it began: leave it out, or begin another run with --out"
        )
    epochs: int = given.get("epochs", options.epochs)
    if epochs < options.epochs:
        raise ValueError(
            f"--epochs counts from the very first, and {before.folder} was made for "
            f"{options.epochs}: give as many or more"
        )
    if epochs != options.epochs and options.schedule != "constant":
        raise ValueError(
            f"--epochs: the schedule {options.schedule} of {before.folder} was made "
            f"for {options.epochs} epochs. Begin another run with --out."
        )
    return replace(options, epochs=epochs)


def _run(
    folder: Path,
    options: Options,
    data: Data,
    parts: Parts,
    command_line: tuple[str, ...],
    before: Run | None,
) -> Run:
    """The run, with the inputs' scale learned from what it learns from."""
    earlier: tuple[tuple[str, ...], ...] = ()
    scaler = None
    if before:
        earlier, scaler = before.command_lines, before.scaler
    elif options.standardize:
        scaler = nn.StandardScaler().fit(parts.training[0])
    return Run(
        folder,
        replace(options, data=data.name),
        (*earlier, command_line),
        data.n_inputs,
        data.classes,
        data.frame,
        scaler,
        data.fingerprint,
    )


def _prepare(run: Run, before: Run | None) -> None:
    """Make the folder, without what is to be replaced, and write the settings."""
    try:
        run.folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            f"no run can be written to {run.folder}: {error.strerror}. Choose another "
            f"folder with --out."
        ) from error
    old: tuple[str, ...] = FILES
    if before is not None:
        # A network that is done is no longer the one of this run, unless the
        # checkpoint to go on from turns out to be damaged.
        with suppress(FileNotFoundError):
            nn.load_state(run.path(CHECKPOINT))
        old = (MODEL,)
    run.write()
    for name in old:
        if name != SETTINGS:
            run.path(name).unlink(missing_ok=True)


# --- training ------------------------------------------------------------------------


class KeepHistory(nn.Callback):
    """Write the history where Ctrl-C ends the training."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def at_interrupt(self, training: nn.Training) -> None:
        """Write it, as far as it goes."""
        training.history.to_csv(self.path)


def _train(run: Run, data: Data, parts: Parts, quiet: bool) -> None:
    """Train the network, test it, and write it and what is to be told of it."""
    options = run.options
    X, y = parts.training
    model = nn.MLP(
        run.n_inputs,
        [*options.layers, len(run.classes)],
        options.activation,
        seed=options.seed,
        dropout=options.dropout,
    )
    optimizer = _optimizer(options, model, len(y))
    if not quiet:
        for name, text in heading(data, parts, model):
            print(f"{name:9}{text}", file=sys.stderr)
    callbacks: list[nn.Callback] = [KeepHistory(run.path(HISTORY))]
    stopping = None
    if options.early_stopping:
        stopping = nn.EarlyStopping(options.early_stopping)
        callbacks.append(stopping)
    validation = parts.validation
    checkpoint = run.path(CHECKPOINT)
    history = nn.fit(
        model,
        run.inputs(X, data.title),
        y,
        loss=partial(nn.cross_entropy, label_smoothing=options.label_smoothing),
        optimizer=optimizer,
        epochs=options.epochs,
        batch_size=options.batch_size,
        validation=validation and (run.inputs(validation[0], ""), validation[1]),
        compiled=not options.eager,
        progress=not quiet,
        seed=options.seed,
        training_accuracy=True,
        callbacks=callbacks,
        checkpoint=checkpoint,
        resume=checkpoint if checkpoint.exists() else None,
    )
    nn.save(model, run.path(MODEL))
    history.to_csv(run.path(HISTORY))
    figures = measured(run, model, (run.inputs(parts.test[0], ""), parts.test[1]))
    outcome = Outcome(
        run,
        data,
        parts,
        model,
        history,
        figures,
        best_epoch=stopping.best_epoch if stopping else None,
    )
    pictures = drawn(outcome)
    for name, picture in pictures.items():
        write_whole(run.path(name), picture)
    write_whole(run.path(SUMMARY), page(outcome, pictures).encode())
    if outcome.worse_than_guessing():
        print(WORSE, file=sys.stderr)
    right = figures.classes.right
    print(f"test accuracy  {figures.accuracy:.2%}, {right:,} of {figures.n:,} right")
    print(f"test loss      {figures.loss:.4f}")
    print(f"summary        {run.path(SUMMARY)}")


def _optimizer(options: Options, model: nn.Module, n: int) -> nn.Optimizer:
    """The optimizer, with its learning rate over all steps on n examples."""
    kind, usual = OPTIMIZERS[options.optimizer]
    rate = usual if options.learning_rate is None else options.learning_rate
    steps = options.epochs * math.ceil(n / options.batch_size)
    settings = {
        name: getattr(options, name)
        for name in ("momentum", "weight_decay")
        if getattr(options, name) is not None
    }
    schedule = SCHEDULES[options.schedule](rate, steps)
    return kind(model.parameters(), schedule, **settings)
