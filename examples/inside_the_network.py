"""Inside the network: it reads digits, but not in the way we hoped.

One would like the first layer of a network that reads digits to look for little edges,
and the next to put them together. The classic telling looks inside and admits that it
is not so: the weights look almost random, noise gets an answer as sure as a digit does,
and the network that can read a 5 has no idea how to draw one.

We train 784-16-16-10 on MNIST, or a smaller one on small digits with --quick, and check
all three: with figures, and by moving the pixels downhill towards each digit.
"""

import math
from typing import Any

import lesson
import numpy as np

import autograd
import nn
from autograd import Value

quick = lesson.start(__doc__)
(X, y), (X_test, y_test), small = lesson.digits(quick, dtype=np.float32)
n, pixels = X.shape
side = math.isqrt(pixels)
epochs, batch_size, rate = (10, 16, 0.01) if small else (6, 64, 0.005)
model = nn.MLP(pixels, [16, 16, 10], "relu", seed=0)
untrained = model.state_dict()["layers.0.weight"]
rates = nn.Cosine(rate, epochs * math.ceil(n / batch_size))
adam = nn.Adam(model.parameters(), learning_rate=rates)
options: Any = {"epochs": epochs, "batch_size": batch_size, "progress": False}
nn.fit(model, X, y, loss=nn.cross_entropy, optimizer=adam, **options)
trained = model.state_dict()["layers.0.weight"]
print(f"It reads {nn.accuracy(model, X_test, y_test):.1%} of the test images right.")

# 1. The weights of the first layer, as pictures. We measure them only where there is
# ink now and then, and only in units that live: the other weights learn nothing.
inked = (X.std(axis=0) > 0.1).reshape(side, side)
bias = model.state_dict()["layers.0.bias"]
alive = (X @ trained.T + bias > 0).any(axis=0)  # a dead unit is 0 for every image


def roughness(images: np.ndarray) -> float:
    """How much neighbouring pixels differ: 1 for random pictures, 0 for smooth ones."""
    images = images.reshape(-1, side, side)
    across = np.diff(images, axis=2)[:, inked[:, 1:] & inked[:, :-1]]
    down = np.diff(images, axis=1)[:, inked[1:] & inked[:-1]]
    between = (np.concatenate([across, down], axis=1) ** 2).mean(axis=1)
    return float(np.median(between / (2 * images[:, inked].var(axis=1))))


def in_one_patch(images: np.ndarray) -> str:
    """The share of the squared weights that the best patch of side/4 pixels holds."""
    squares = images.reshape(-1, side, side) ** 2 * inked
    size = (side // 4, side // 4)
    patches = np.lib.stride_tricks.sliding_window_view(squares, size, (1, 2))
    best = patches.sum(axis=(3, 4)).max(axis=(1, 2))
    return f"{np.median(best / squares.sum(axis=(1, 2))):.0%}"


lesson.heading(claim=f"the first layer, median of its {alive.sum()} living units")
lesson.compare("roughness of the weights, untrained", 1, roughness(untrained[alive]))
rough = roughness(trained[alive])
lesson.compare("roughness of the weights, trained", "almost 1", rough)
lesson.compare("roughness of the digits themselves", "", roughness(X[:1000]))
patch = f"squared weights in one patch {side // 4}x{side // 4}"
lesson.compare(f"{patch}, untrained", "", in_one_patch(untrained[alive]))
lesson.compare(f"{patch}, trained", "edge: near 100%", in_one_patch(trained[alive]))
print("  No little edges; but not random: neighbours have ink, and move, together.")
# A dead unit learns no more: its weights stay as random as they were when it died.
units = [f"unit {k}" if lives else f"{k}: dead" for k, lives in enumerate(alive, 1)]
lesson.images("weights.png", "The weight of each pixel", trained, units, columns=8)

# 2. Noise. What does the network take it for, and how sure is it?


def probabilities(images: np.ndarray) -> np.ndarray:
    """What the network gives to each of the ten digits."""
    powers = np.exp(nn.predict(model, images))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


noise = np.random.default_rng(0).random((1000, pixels))
of_noise = probabilities(noise).max(axis=1)
of_digits = probabilities(X_test[:1000]).max(axis=1)
lesson.heading(claim="the probability of the answer, median")
lesson.compare("1,000 pictures of noise", "sure", float(np.median(of_noise)))
lesson.compare(f"{len(of_digits):,} test digits", "sure", float(np.median(of_digits)))
share = np.mean(of_noise > 0.9)
lesson.compare("noise that gets more than 0.9", "", f"{share:.0%}")
with lesson.drawing("noise.png", "How sure the network is of its answer") as axes:
    for label, top in (("noise", of_noise), ("test digits", of_digits)):
        axes.plot(np.sort(top), np.linspace(0, 100, len(top)), label=label)
    axes.set(xlabel="probability of the answer", ylabel="% of the pictures get less")

# 3. Drawing. The weights stay as they are, and the pixels are the parameters now: the
# program gives the slope by each pixel. The target is an input, a 1 for the digit.
page, target = [Value(0.0) for _ in range(pixels)], [Value(0.0) for _ in range(10)]
loss = nn.cross_entropy(model(page), target)
program = autograd.compile(loss, inputs=target, parameters=page)
drawings = np.zeros((10, pixels))
for digit in range(10):
    ink = X[y == digit].sum(axis=1).mean()  # as much as in a real one
    program.parameters[:] = 0.0
    for _ in range(1000):
        if program.parameters.sum() >= ink:
            break
        gradient = program.value_and_grad(np.eye(10)[[digit]])[1]
        # The pixel that matters most changes by 0.02, the others by less.
        step = 0.02 * gradient / np.abs(gradient).max()
        program.parameters[:] = np.clip(program.parameters - step, 0, 1)
    drawings[digit] = program.parameters


def nearest(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each image, the nearest training image and how far away it is."""
    squares = (X**2).sum(axis=1) - 2 * images @ X.T + (images**2).sum(axis=1)[:, None]
    return squares.argmin(axis=1), np.sqrt(squares.min(axis=1))


which, far = nearest(drawings.astype(X.dtype))
usual = nearest(X_test[:300])[1]
sure = f">= {math.floor(1e4 * np.diag(probabilities(drawings)).min()) / 1e4}"
lesson.heading(claim="ten drawings, as much ink as in digits; medians")
lesson.compare("probability that it is the digit, least of ten", "sure", sure)
lesson.compare("distance to the nearest training image", "", float(np.median(far)))
lesson.compare("the same, of real test images", "", float(np.median(usual)))
outside = sum(far > np.quantile(usual, 0.9))
lesson.compare("farther than 90% of the test images, of ten", 10, outside)
same = int((y[which] == np.arange(10)).sum())
lesson.compare("nearest training image shows the digit, of ten", "few", same)
captions = [f"drawn: “a {digit}”" for digit in range(10)]
captions += [f"nearest: a {label}" for label in y[which]]
both = np.concatenate([drawings, X[which]])
lesson.images("drawings.png", "What it draws, and real digits", both, captions, 10)

print("\nTry: start from noise instead of a blank page. Does it draw any better?")
