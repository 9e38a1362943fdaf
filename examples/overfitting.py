"""Overfitting: learning by heart is not learning.

Give a network few examples and enough time, and it learns them by heart: the loss on
them goes to 0. On images that it is not trained on, the validation images, the loss
falls too at first, and then it rises again. What the network learns from there on is
about these very examples and no longer about digits.

It is claimed that three things help: weight decay, which pulls all weights towards 0;
early stopping, which keeps the weights of the best moment; and more data. We train the
same network plainly on 200 digits, and then with each of the three.
"""

from typing import Any

import lesson

import nn

quick = lesson.start(__doc__)
(X, y), (X_test, y_test), small = lesson.digits(quick)
FEW, MANY, EPOCHS = 200, 800 if small else 2000, 100
DECAY, RATE = (0.15, 0.02) if small else (3.0, 0.003)
held_out = 400 if small else 4000
validation = X[-held_out:], y[-held_out:]
stopping = nn.EarlyStopping(patience=10)


def train(n: int = FEW, decay: float = 0.0, **options: Any) -> Any:
    """Train on n images, ten steps per epoch; return the history and what is right."""
    model = nn.MLP(X.shape[1], [32, 10], "relu", seed=0)
    adam = nn.AdamW(model.parameters(), RATE, weight_decay=decay)
    options |= {"loss": nn.cross_entropy, "optimizer": adam, "epochs": EPOCHS}
    options |= {"validation": validation, "training_accuracy": True}
    history = nn.fit(model, X[:n], y[:n], batch_size=n // 10, progress=False, **options)
    return history, nn.predict(model, X_test).argmax(axis=1) == y_test


runs = {
    "plain": train(),
    "weight decay": train(decay=DECAY),
    "early stopping": train(callbacks=[stopping]),
    "more data": train(n=MANY),
}
# Early stopping trains for a while after its best epoch, and goes back to it.
ends = {name: len(history.loss) - 1 for name, (history, _) in runs.items()}
ends["early stopping"] = stopping.best_epoch - 1
# Two networks are wrong about many of the same images: only the others tell them apart.
rows = {}
for name, (h, right) in runs.items():
    gained = 100.0 * right - 100.0 * runs["plain"][1]
    chance = 2 * gained.std() / len(right) ** 0.5
    gain = f"{gained.mean():+.1f} ± {chance:.1f}"
    k = ends[name]
    shares = f"{h.training_accuracy[k]:.1%}", f"{right.mean():.1%}", gain
    rows[name] = [h.loss[k], h.validation_loss[k], *shares]
columns = ["training loss", "validation loss", "training", "test", "points gained"]
lesson.table("", columns, rows, ".4f")
print("  Decay and early stopping lower the loss, but hardly the mistakes. The ± is")
print("  for other test images, and another start can change a gain by as much.")

validation_losses = runs["plain"][0].validation_loss
lowest, last = min(validation_losses), validation_losses[-1]
turn = validation_losses.index(lowest) + 1
lesson.heading(claim=f"the validation loss of plain training on {FEW} digits")
lesson.compare(f"was lowest after epoch ... of {EPOCHS}", "early", turn)
lesson.compare("has risen since", "> 1 times", last / lowest)
lesson.heading(claim="the validation loss, over that of plain training")
for name in ("weight decay", "early stopping", "more data"):
    lesson.compare(name, "< 1", rows[name][1] / last)

with lesson.drawing("curves.png", *runs, columns=2, ylim=(0, 2 * lowest)) as panels:
    for axes, (name, (history, _)) in zip(panels, runs.items(), strict=True):
        epochs = range(1, len(history.loss) + 1)
        axes.plot(epochs, history.loss, label="training images")
        axes.plot(epochs, history.validation_loss, label="validation images")
        axes.axvline(ends[name] + 1, color=lesson.INK, label="the network kept")
        axes.set(xlabel="epoch", ylabel="mean loss", xlim=(0, EPOCHS + 2))

print("\nTry: all three at once. And how many digits are as good as weight decay?")
