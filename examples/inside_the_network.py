"""Inside the network: it reads digits, but not in the way we hoped.

One would like the first layer of a network that reads digits to look for little edges,
and the next to put them together. The classic telling looks inside and admits that it
is not so: the weights look almost random, noise gets an answer as sure as a digit does,
and the network that can read a 5 has no idea how to draw one.

We train 784-16-16-10 on MNIST and check all three with figures: how the weights of the
first layer are spread, what 1,000 pictures of noise are taken for, and what comes out
when the pixels of a blank page are moved up the gradient towards each digit. With
--quick, or without MNIST, it does so with scikit-learn's 8x8 digits.
"""

import math

import lesson
import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

import autograd
import nn
from autograd import Value

quick = lesson.start(__doc__)
(X, y), (X_test, y_test), small = lesson.digits(quick, dtype=np.float32)
n, pixels = X.shape
side = math.isqrt(pixels)
epochs, batch = (20, 16) if small else (6, 64)

model = nn.MLP(pixels, [16, 16, 10], "relu", seed=0)
start = model.state_dict()["layers.0.weight"].copy()
rates = nn.Cosine(0.005, epochs * math.ceil(n / batch))
nn.fit(
    model,
    X,
    y,
    loss=nn.cross_entropy,
    optimizer=nn.Adam(model.parameters(), learning_rate=rates),
    epochs=epochs,
    batch_size=batch,
    progress=False,
)
weights = model.state_dict()["layers.0.weight"]
name = "the small 8x8 digits" if small else "MNIST"
print(f"\n{pixels}-16-16-10, trained on {n:,} images: {name}")
print(f"It reads {nn.accuracy(model, X_test, y_test):.1%} of the test images right.")

# --- 1. the weights of the first layer, as pictures ----------------------------------

# Only where there is ink now and then: the other weights never learned anything.
inked = (X.std(axis=0) > 0.1).reshape(side, side)


def roughness(images: np.ndarray) -> float:
    """How much neighbouring pixels differ, compared with pixels in shuffled order.

    It is the mean squared difference of neighbours over that of any two pixels: 1 where
    neighbours have nothing to do with each other, near 0 for smooth pictures.
    """
    images = images.reshape(-1, side, side)
    across = np.diff(images, axis=2)[:, inked[:, 1:] & inked[:, :-1]]
    down = np.diff(images, axis=1)[:, inked[1:] & inked[:-1]]
    between = (np.concatenate([across, down], axis=1) ** 2).mean(axis=1)
    return float(np.median(between / (2 * images[:, inked].var(axis=1))))


def in_one_patch(images: np.ndarray) -> float:
    """The share of the squared weights that the best patch of side/4 pixels holds."""
    patch = side // 4
    squares = images.reshape(-1, side, side) ** 2 * inked
    windows = np.lib.stride_tricks.sliding_window_view(squares, (patch, patch), (1, 2))
    best = windows.sum(axis=(3, 4)).max(axis=(1, 2))
    return float(np.median(best / squares.sum(axis=(1, 2))))


lesson.heading(claim="the first layer, median of 16 units")
lesson.compare("roughness of the weights, untrained", 1, roughness(start))
lesson.compare("roughness of the weights, trained", "almost 1", roughness(weights))
digits = X[X[:, inked.ravel()].any(axis=1)][:1000]
lesson.compare("roughness of the digits themselves", "", roughness(digits))
patch = f"share of the weights in one patch {side // 4}x{side // 4}"
lesson.compare(f"{patch}, untrained", "", f"{in_one_patch(start):.0%}")
lesson.compare(f"{patch}, trained", "edge: near 100%", f"{in_one_patch(weights):.0%}")
# A ReLU unit that is 0 for every image has no gradient: it has stopped learning.
biases = model.state_dict()["layers.0.bias"]
dead = ~(X @ weights.T + biases > 0).any(axis=0)
lesson.compare("dead units, which no image switches on", "", f"{dead.sum()} of 16")
print(
    "  No little edges: the weights are spread over the page. But “almost random”\n"
    "  does not hold: neighbours have ink together, so they are moved together."
)

# --- 2. noise ------------------------------------------------------------------------


def probabilities(images: np.ndarray) -> np.ndarray:
    """What the network gives to each of the ten digits."""
    outputs = nn.predict(model, images)
    powers = np.exp(outputs - outputs.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


noise = np.random.default_rng(0).random((1000, pixels))
of_noise, of_digits = probabilities(noise), probabilities(X_test[:1000])
tops = {"noise": of_noise.max(axis=1), "digits": of_digits.max(axis=1)}
said = of_noise.argmax(axis=1)
favourite = int(np.bincount(said).argmax())
lesson.heading(claim="the probability of the answer, median")
lesson.compare("1,000 pictures of noise", "sure", float(np.median(tops["noise"])))
real = f"{len(of_digits):,} test digits"
lesson.compare(real, "sure", float(np.median(tops["digits"])))
lesson.compare(
    "noise that gets more than 0.9", "", f"{np.mean(tops['noise'] > 0.9):.0%}"
)
lesson.compare(
    f"noise that is said to be a {favourite}", "", f"{np.mean(said == favourite):.0%}"
)

# --- 3. drawing ----------------------------------------------------------------------

# Now the weights stay as they are and the pixels are the parameters: the program gives
# the derivative of the loss by each pixel. The target is an input, a 1 for the digit.
page, target = [Value(0.0) for _ in range(pixels)], [Value(0.0) for _ in range(10)]
loss = nn.cross_entropy(model(page), target)
program = autograd.compile(loss, inputs=target, parameters=page)
drawings = np.zeros((10, pixels))
for digit in range(10):
    program.parameters[:] = 0.0
    # Steps up the gradient, until there is as much ink on the page as in a digit.
    for _ in range(1000):
        gradient = program.value_and_grad(np.eye(10)[[digit]])[1]
        step = 0.02 * gradient / np.abs(gradient).max()
        program.parameters[:] = np.clip(program.parameters - step, 0, 1)
        if program.parameters.sum() >= X[y == digit].sum(axis=1).mean():
            break
    drawings[digit] = program.parameters
sure = probabilities(drawings)[range(10), range(10)]


def nearest(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each image, the nearest training image and how far away it is."""
    squares = (X**2).sum(axis=1) - 2 * images @ X.T + (images**2).sum(axis=1)[:, None]
    return squares.argmin(axis=1), np.sqrt(squares.min(axis=1))


which, far = nearest(drawings.astype(X.dtype))
usual = nearest(X_test[:300])[1]
least = math.floor(10_000 * min(sure)) / 10_000
lesson.heading(claim="ten drawings, with as much ink as real digits")
lesson.compare("probability that it is the digit, least of ten", "sure", f">= {least}")
lesson.compare(
    "distance to the nearest training image, median", "", float(np.median(far))
)
lesson.compare("the same, of real test images", "", float(np.median(usual)))
outside = f"{sum(far > np.quantile(usual, 0.9))} of 10"
lesson.compare("farther from them than 90% of the test images", "all", outside)

# --- the pictures --------------------------------------------------------------------

print()
INK, BLUE, ORANGE = "#1F2933", "#0072B2", "#D55E00"
signs = LinearSegmentedColormap.from_list("signs", [ORANGE, "white", BLUE])
figure = Figure(figsize=(10, 3.2), layout="constrained")
grid = figure.subplots(2, 8)
reach = float(np.quantile(np.abs(weights), 0.995))
for number, (axes, row) in enumerate(zip(grid.flat, weights, strict=True), 1):
    image = axes.imshow(row.reshape(side, side), signs, vmin=-reach, vmax=reach)
    note = ", dead" if dead[number - 1] else ""
    axes.set_title(f"unit {number}{note}", fontsize=10)
    axes.set_axis_off()
figure.colorbar(image, ax=grid, label="weight", extend="both", shrink=0.9)
figure.suptitle("The first layer: the weight of each pixel", weight="bold")
figure.savefig(lesson.picture("weights.png"), dpi=150)

figure = Figure(figsize=(10, 4), layout="constrained")
grid = figure.subplot_mosaic("abhhhh;cdhhhh", gridspec_kw={"wspace": 0.05})
histogram = grid.pop("h")
bins = np.linspace(0, 1, 26).tolist()
for key, color, what, hatch in (
    ("noise", ORANGE, "noise", "///"),
    ("digits", BLUE, "test digits", None),
):
    label = f"{what}, median {np.median(tops[key]):.3f}"
    each = np.full(len(tops[key]), 100 / len(tops[key]))
    for fill in (True, False):
        histogram.hist(
            tops[key],
            bins,
            weights=each,
            histtype="stepfilled" if fill else "step",
            color=color,
            alpha=0.45 if fill else 1.0,
            linewidth=2,
            hatch=hatch if fill else None,
            label=label if fill else None,
        )
histogram.set(
    xlabel="probability of the answer", ylabel="% of the pictures", xlim=(0, 1)
)
histogram.set_title("How sure the network is", weight="bold")
histogram.legend(frameon=False, loc="upper left")
histogram.spines[["top", "right"]].set_visible(False)
for number, axes in enumerate(grid.values()):
    axes.imshow(noise[number].reshape(side, side), "gray_r", vmin=0, vmax=1)
    axes.set_title(f"“a {said[number]}”: {tops['noise'][number]:.2f}", fontsize=11)
    axes.set_axis_off()
figure.savefig(lesson.picture("noise.png"), dpi=150)

figure = Figure(figsize=(11, 4), layout="constrained")
grid = figure.subplots(3, 10)
means = [X[y == digit].mean(axis=0) for digit in range(10)]
titles = [
    "drawn by the\nnetwork",
    "its nearest\ntraining image",
    "the mean of\nthe digit",
]
for axes_row, images, title in zip(
    grid, (drawings, X[which], means), titles, strict=True
):
    for axes, picture in zip(axes_row, images, strict=True):
        axes.imshow(np.reshape(picture, (side, side)), "gray_r", vmin=0, vmax=1)
        axes.set(xticks=[], yticks=[])
    axes_row[0].set_ylabel(title, rotation=0, ha="right", va="center", labelpad=8)
for digit, (top, below) in enumerate(zip(grid[0], grid[1], strict=True)):
    top.set_title(f"“a {digit}”", fontsize=11)
    below.set_xlabel(f"a {y[which[digit]]}, at {far[digit]:.1f}", fontsize=10)
figure.suptitle(
    f"What the network draws: it is surer than {least} of each", weight="bold"
)
figure.savefig(lesson.picture("drawings.png"), dpi=150)

print("\nTry: start from noise instead of a blank page. Does it draw any better?")
