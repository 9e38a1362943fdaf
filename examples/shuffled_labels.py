"""Shuffled labels: is the network learning, or only memorising?

Give each picture the label of another one, drawn at random. Now there is nothing to
understand, and still a network large enough gets nearly all of its training images
right: it has learned them by heart. So a high accuracy in training proves little. What
tells the two apart, it is said, is the way there: with the real labels the accuracy
rises at once, with shuffled ones slowly, and on new images it stays a guess, 10%.

We train two networks on both: the classic 784-16-16-10 on many images, and a wider one
on few. With --quick, or without MNIST, it does so with scikit-learn's 8x8 digits.
"""

import lesson
import numpy as np
from matplotlib.figure import Figure

import nn

quick = lesson.start(__doc__)
(X, y), (X_test, y_test), small = lesson.digits(quick)
X_test, y_test = X_test[:2000], y_test[:2000]
name = "the small 8x8 digits" if small else "MNIST"

# The hidden layers, the number of images, and the epochs.
NETWORKS = {
    "narrow": ([16, 16], 500 if small else 10_000, 12 if small else 20),
    "wide": ([64] if small else [128], 100 if small else 1000, 48 if small else 40),
}
SHUFFLES = 2
rng = np.random.default_rng(0)


def train(hidden: list[int], labels: np.ndarray, epochs: int) -> nn.History:
    """Train a new network on the first images, with these labels."""
    model = nn.MLP(X.shape[1], [*hidden, 10], "relu", seed=0)
    return nn.fit(
        model,
        X[: len(labels)],
        labels,
        loss=nn.cross_entropy,
        optimizer=nn.Adam(model.parameters(), learning_rate=0.003),
        epochs=epochs,
        batch_size=10 if small else 32,
        training_accuracy=True,
        validation=(X_test, y_test),
        progress=False,
    )


def epochs_until(share: float, curve: list[float]) -> str:
    """The first epoch after which the accuracy is at least this."""
    reached = [epoch for epoch, accuracy in enumerate(curve, 1) if accuracy >= share]
    return str(reached[0]) if reached else f"not in {len(curve)}"


histories = {}
for which, (hidden, n, epochs) in NETWORKS.items():
    histories[which, "real"] = [train(hidden, y[:n], epochs)]
    histories[which, "shuffled"] = [
        train(hidden, rng.permutation(y[:n]), epochs) for _ in range(SHUFFLES)
    ]

# A network gives most 7s the same answer, right or wrong: so with shuffled labels the
# test accuracy is 10% on average, and differs from shuffle to shuffle.
CLAIMS = {
    "narrow": {"real": ["above 90%", "above 90%"], "shuffled": ["", "near 10%"]},
    "wide": {"real": ["100%", ""], "shuffled": ["near 100%", "near 10%"]},
}
for which, (hidden, n, _) in NETWORKS.items():
    shape = "-".join(map(str, [X.shape[1], *hidden, 10]))
    lesson.heading(claim=f"{shape}, {n:,} images of {name}")
    for labels in ("real", "shuffled"):
        runs = histories[which, labels]
        ends = [(r.training_accuracy[-1], r.validation_accuracy[-1]) for r in runs]
        training, test = np.mean(ends, axis=0)
        claims = CLAIMS[which][labels]
        lesson.compare(
            f"{labels} labels: training accuracy", claims[0], f"{training:.1%}"
        )
        lesson.compare(f"{labels} labels: test accuracy", claims[1], f"{test:.1%}")
    for labels, claimed in (("real", "few"), ("shuffled", "many")):
        until = epochs_until(0.9, histories[which, labels][0].training_accuracy)
        lesson.compare(f"{labels} labels: epochs until 90% in training", claimed, until)
print(
    "  The wide network has learned the shuffled labels by heart, and knows nothing.\n"
    "  The narrow one has not even done that: it takes width, or fewer images."
)

print()
INK, BLUE, ORANGE = "#1F2933", "#0072B2", "#D55E00"
figure = Figure(figsize=(11, 4.5), layout="constrained")
for axes, (which, (hidden, n, epochs)) in zip(
    figure.subplots(1, 2, sharey=True), NETWORKS.items(), strict=True
):
    for labels, color, mark in (("real", BLUE, "o"), ("shuffled", ORANGE, "s")):
        history = histories[which, labels][0]
        for part, curve, line in (
            ("training", history.training_accuracy, "-"),
            ("test", history.validation_accuracy, "--"),
        ):
            axes.plot(
                range(1, epochs + 1),
                100 * np.array(curve),
                line,
                color=color,
                marker=mark if part == "training" else None,
                markersize=4,
                label=f"{labels} labels, {part}",
            )
    axes.axhline(10, color=INK, linewidth=1, linestyle=":", label="guessing")
    shape = "-".join(map(str, [X.shape[1], *hidden, 10]))
    axes.set_title(f"{shape}, {n:,} images", loc="left", weight="bold")
    axes.set(xlabel="epoch", ylim=(0, 103), xticks=range(0, epochs + 1, epochs // 4))
    axes.grid(color="#C4CBD2", linewidth=0.6)
    axes.spines[["top", "right"]].set_visible(False)
figure.axes[0].set_ylabel("% right")
handles, names = figure.axes[0].get_legend_handles_labels()
figure.legend(handles, names, loc="outside lower center", ncols=5, frameon=False)
figure.savefig(lesson.picture("curves.png"), dpi=150)

print("\nTry: shuffle only half of the labels. What does the test accuracy say then?")
