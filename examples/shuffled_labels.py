"""Shuffled labels: is the network learning, or only memorising?

Give each picture the label of another one, drawn at random. Now there is nothing to
understand, and still a network large enough gets nearly all of its training images
right: it has learned them by heart. So a high accuracy in training proves little. What
tells the two apart, it is said, is the way there: with the real labels the accuracy
rises at once, with shuffled ones slowly, and on new images it stays a guess, 10%.

We train two networks on both: the classic 784-16-16-10, and a wider one, on the same
images. With --quick, or without MNIST, these are scikit-learn's 8x8 digits.
"""

import lesson
import numpy as np

import nn

quick = lesson.start(__doc__)
(X, y), (X_test, y_test), small = lesson.digits(quick)
rng = np.random.default_rng(0)
N, EPOCHS = 150 if small else 1000, 40
NARROW, WIDE = [16, 16], [128]  # the hidden layers


def train(hidden: list[int], labels: np.ndarray) -> nn.History:
    """Train a new network on the first N images, with these labels."""
    model = nn.MLP(X.shape[1], [*hidden, 10], "relu", seed=0)
    return nn.fit(
        model,
        X[:N],
        labels,
        loss=nn.cross_entropy,
        optimizer=nn.Adam(model.parameters(), learning_rate=0.003),
        epochs=EPOCHS,
        batch_size=10 if small else 32,
        training_accuracy=True,
        validation=(X_test[:2000], y_test[:2000]),
        progress=False,
    )


def report(labels: str, claims: list[str], runs: list[nn.History]) -> None:
    """Print the mean accuracies of the runs, and how fast the first of them learned."""
    training = np.mean([run.training_accuracy[-1] for run in runs])
    test = np.mean([run.validation_accuracy[-1] for run in runs])
    enough = [share >= 0.9 for share in runs[0].training_accuracy]
    until = enough.index(True) + 1 if any(enough) else f"not in {len(enough)}"
    lesson.compare(f"{labels} labels: training accuracy", claims[0], f"{training:.1%}")
    lesson.compare(f"{labels} labels: test accuracy", claims[1], f"{test:.1%}")
    lesson.compare(f"{labels} labels: epochs until 90% in training", claims[2], until)


# A network answers alike where images look alike, right or wrong: so with shuffled
# labels the test accuracy differs from shuffle to shuffle, around 10%. We take two.
curves = {}
for hidden in (NARROW, WIDE):
    real = train(hidden, y[:N])
    shuffled = [train(hidden, rng.permutation(y[:N])) for _ in range(2)]
    sizes = "-".join(str(size) for size in [X.shape[1], *hidden, 10])
    name = f"{sizes}, {N:,} images"
    lesson.heading(claim=name)
    report("real", ["above 90%", "far above 10%", "few"], [real])
    learned = "" if hidden == NARROW else "near 100%"
    report("shuffled", [learned, "near 10%", "many"], shuffled)
    curves[name] = [real, shuffled[0]]
print("  The wide network has learned the shuffled labels by heart, and knows nothing.")
print(
    "  The narrow one has not, after as many looks at the same images: it takes width."
)

with lesson.drawing("curves.png", *curves, below=4, ylim=(0, 1.03)) as panels:
    for axes, histories in zip(panels, curves.values(), strict=True):
        for labels, run in zip(["real", "shuffled"], histories, strict=True):
            at = range(1, len(run.loss) + 1)
            axes.plot(at, run.training_accuracy, label=f"{labels} labels, training")
            axes.plot(at, run.validation_accuracy, label=f"{labels} labels, test")
        axes.set(xlabel="epoch", ylabel="share right")

print("\nTry: shuffle only half of the labels. What does the test accuracy say then?")
