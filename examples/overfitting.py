"""Overfitting: learning by heart is not learning.

Give a network few examples and enough time, and it learns them by heart: the loss on
them goes to 0. On images that it is not trained on, the validation images, the loss
falls too at first, and then it rises again. What the network learns from there on is
about these very examples and no longer about digits.

It is claimed that three things help: weight decay, which pulls all weights towards 0;
early stopping, which keeps the weights of the best moment; and more data. We train the
same network four times, from the same weights: plainly on 200 digits, and then with
each of the three. The test images are looked at only once, when all is done.
"""

import math
from typing import Any

import lesson
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

import nn

BLUE, ORANGE, INK = "#0072B2", "#D55E00", "#1F2933"
quick = lesson.start(__doc__)
(X, y), (X_test, y_test), small = lesson.digits(quick)
name, held_out = ("the 8x8 digits", 400) if small else ("MNIST", 4000)
FEW, MANY = 200, 800 if small else 2000
validation = X[-held_out:], y[-held_out:]
DECAY, RATE = (0.15, 0.02) if small else (3.0, 0.003)
EPOCHS = 100
stopping = nn.EarlyStopping(patience=10)
RUNS: dict[str, dict[str, Any]] = {
    "plain": {},
    "weight decay": {"decay": DECAY},
    "early stopping": {"callbacks": [stopping]},
    "more data": {"n": MANY},
}
histories, ends, rights = [], [], []
for run in RUNS.values():
    n = run.get("n", FEW)
    model = nn.MLP(X.shape[1], [32, 10], "relu", seed=0)
    history = nn.fit(
        model,
        X[:n],
        y[:n],
        loss=nn.cross_entropy,
        # With a decay of 0, AdamW is Adam.
        optimizer=nn.AdamW(
            model.parameters(), RATE, weight_decay=run.get("decay", 0.0)
        ),
        epochs=EPOCHS,
        batch_size=n // 10,  # ten steps per epoch, for all
        validation=validation,
        training_accuracy=True,
        callbacks=run.get("callbacks", []),
        progress=False,
    )
    histories.append(history)
    # Early stopping trains for a while after its best epoch, and goes back to it.
    ends.append((stopping.best_epoch if "callbacks" in run else len(history.loss)) - 1)
    rights.append(nn.predict(model, X_test).argmax(axis=1) == y_test)

print(f"\n  {name}: {held_out:,} validation and {len(X_test):,} test images")
print(f"  {MANY:,} training images for more data, {FEW} otherwise\n")
print("                                loss           |          right")
print("                   training  validation        | training  validation   test")
for what, h, end, right in zip(RUNS, histories, ends, rights, strict=True):
    print(
        f"  {what:16} {h.loss[end]:9.4f} {h.validation_loss[end]:11.4f}        | "
        f"{h.training_accuracy[end]:8.1%} {h.validation_accuracy[end]:11.1%}"
        f" {right.mean():6.1%}"
    )

plain = histories[0]
lowest = min(plain.validation_loss)
turn = plain.validation_loss.index(lowest) + 1
lesson.heading(claim="plain training on 200 digits")
lesson.compare(
    "right, of the training images", "100%", f"{plain.training_accuracy[-1]:.1%}"
)
lesson.compare("training loss in the end", "near 0", plain.loss[-1])
lesson.compare("validation loss in the end", "far above", plain.validation_loss[-1])
lesson.compare(f"its lowest was after epoch ... of {EPOCHS}", "early", turn)
lesson.compare(
    "how much it has risen since", "> 1 times", plain.validation_loss[-1] / lowest
)

lesson.heading(claim="validation loss, over that of plain training")
for what, h, end in zip(RUNS, histories, ends, strict=True):
    if what != "plain":
        share = h.validation_loss[end] / plain.validation_loss[-1]
        lesson.compare(what, "< 1", share)

# Two networks are wrong about many of the same images: only the others tell them apart.
lesson.heading(claim="points of test accuracy gained, ± what chance does")
no_gain = []
for what, right in zip(RUNS, rights, strict=True):
    if what != "plain":
        gained = 100.0 * right - 100.0 * rights[0]
        doubt = 2 * gained.std() / math.sqrt(len(gained))
        lesson.compare(what, "> 0", f"{gained.mean():+.1f} ± {doubt:.1f}")
        if gained.mean() < doubt:
            no_gain.append(what)
if no_gain:
    print(
        f"  Not told by the claim: for {' and '.join(no_gain)} the gain in accuracy\n"
        f"  is none, or not beyond chance. What they mend is the loss: a network that\n"
        f"  has learned by heart is mostly not more often wrong, but far too sure."
    )

print()
figure = Figure(figsize=(14, 6.5), layout="constrained")
above, below = figure.subplots(2, 4, sharex=True, sharey="row")
for place, (what, h, end) in enumerate(zip(RUNS, histories, ends, strict=True)):
    top, bottom = above[place], below[place]
    epochs = np.arange(1, len(h.loss) + 1)
    if what != "plain":
        top.plot(
            np.arange(1, EPOCHS + 1), plain.validation_loss, ":", color=INK, lw=1.5
        )
        bottom.plot(
            np.arange(1, EPOCHS + 1),
            100 * np.array(plain.validation_accuracy),
            ":",
            color=INK,
            lw=1.5,
        )
    top.plot(epochs, h.loss, "--", color=ORANGE, lw=2)
    top.plot(epochs, h.validation_loss, color=BLUE, lw=2)
    bottom.plot(epochs, 100 * np.array(h.training_accuracy), "--", color=ORANGE, lw=2)
    bottom.plot(epochs, 100 * np.array(h.validation_accuracy), color=BLUE, lw=2)
    top.plot(end + 1, h.validation_loss[end], "o", color=BLUE, ms=9)
    bottom.plot(end + 1, 100 * h.validation_accuracy[end], "o", color=BLUE, ms=9)
    top.set_title(what, loc="left", weight="bold")
    bottom.set_xlabel("epoch, ten steps each")
ceiling = 1.15 * max(max(h.validation_loss[turn:]) for h in histories)
above[0].set(ylabel="mean loss", ylim=(0, ceiling))
below[0].set(
    ylabel="% of the images right",
    ylim=(100 * min(plain.validation_accuracy[3:]) - 15, 101),
)
for axes in figure.axes:
    axes.grid(color="#C4CBD2", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
handles = [
    Line2D([], [], ls="--", color=ORANGE, lw=2, label="training images"),
    Line2D([], [], color=BLUE, lw=2, label="validation images"),
    Line2D([], [], ls=":", color=INK, lw=1.5, label="validation images, plain"),
    Line2D([], [], ls="", marker="o", color=BLUE, ms=9, label="the network kept"),
]
figure.legend(handles=handles, loc="outside lower center", ncols=4, frameon=False)
figure.savefig(lesson.picture("curves.png"), dpi=150)

print("\nTry: all three at once. And how many digits are as good as weight decay?")
