"""Digits: what does a network of 13,002 numbers learn?

The classic network reads a picture of 28x28 pixels, has two layers of 16 sigmoid units
and ten outputs, and is trained to make the output of the right digit 1 and the others
0, with the squared error as its cost. It is claimed to have 13,002 weights and biases,
and to recognise about 96% of digits that it has never seen; wider layers, about 98%.

We train just that on MNIST, and then change one thing after the other to see what moves
the figure. Without MNIST, and with --quick, scikit-learn's 8x8 digits stand in for it.
"""

import math
from typing import Any

import lesson
import numpy as np

import nn

quick = lesson.start(__doc__)
(X, y), (X_test, y_test), small = lesson.digits(quick, dtype=np.float32)
EPOCHS, BATCH, RATE = (10, 8, 0.01) if small else (10, 64, 0.005)
FALLING = nn.Cosine(RATE, steps=EPOCHS * math.ceil(len(X) / BATCH))
parameters = nn.MLP(784, [16, 16, 10]).parameters()
lesson.heading()
lesson.compare("784*16+16 + 16*16+16 + 16*10+10 parameters", 13_002, len(parameters))

setting: Any = {"layers": [16, 16, 10], "hidden": "sigmoid", "output": "sigmoid"}
setting |= {"loss": nn.half_squared_error, "optimizer": nn.SGD, "rate": 2.0}
one_hot = nn.data.one_hot(y, 10)  # 3 becomes 0 0 0 1 0 0 0 0 0 0
setting |= {"images": X, "answers": one_hot, "epochs": EPOCHS}
more: Any = {"images": nn.data.shifted(X), "answers": np.tile(one_hot, (5, 1))}
changes: dict[str, dict[str, Any]] = {
    "the classic network": {},
    "+ cross-entropy": {"loss": nn.cross_entropy, "output": None, "rate": 0.5},
    "+ Adam, with falling steps": {"optimizer": nn.Adam, "rate": FALLING},
    "+ ReLU units": {"hidden": "relu"},
    "+ images moved by a pixel": {**more, "epochs": EPOCHS // 5},
    "+ 128 and 64 hidden units": {"layers": [128, 64, 10]},
}
models, shares, errors = {}, [], []
print("\n  each with the changes above it        right of the test images")
for name, change in changes.items():
    setting |= change
    layers, hidden, output, loss, optimizer, rate, *data, epochs = setting.values()
    models[name] = model = nn.MLP(X.shape[1], layers, hidden, output, seed=0)
    options = {"optimizer": optimizer(model.parameters(), rate), "epochs": epochs}
    nn.fit(model, *data, loss=loss, **options, batch_size=BATCH, progress=False)
    share = nn.accuracy(model, X_test, y_test)
    # With other test images, 19 times in 20 the figure would be within this.
    error = 2 * math.sqrt(share * (1 - share) / len(X_test))
    print(f"  {name:34} {share:15.1%} ± {error:.1%}", flush=True)
    shares.append(100 * share)
    errors.append(100 * error)

lesson.heading(claim="images never seen: % right")
lesson.compare("the classic network", "about 96", shares[0])
lesson.compare("the same size, with all the changes", "", shares[-2])
lesson.compare("with wider layers", "98", shares[-1])
why = "8x8 images have no room to be moved" if small else "the width sets the limit"
print(f"  Another loss or optimizer changes little: {why}.")

# The images that the classic network gets wrong, those first that it is surest of.
outputs = nn.predict(models["the classic network"], X_test)
said = outputs.argmax(axis=1)
wrong = np.flatnonzero(said != y_test)
print(f"\nThe classic network gets {len(wrong):,} of {len(X_test):,} wrong.")
worst = wrong[np.argsort(-outputs[wrong].max(axis=1))][:12]
captions = [f"a {y_test[k]}, said {said[k]}" for k in worst]
lesson.images("mistakes.png", "Wrong, and sure of it", X_test[worst], captions, 6)

label = "% of the test images right, ± by the choice of images"
with lesson.drawing("accuracy.png", "What moves the figure", xlabel=label) as axes:
    axes.errorbar(shares, list(models), xerr=errors, fmt="o", capsize=4)
    first, *_, last = models
    axes.plot([96, 98], [first, last], "D", color=lesson.ORANGE, label="claimed")
    axes.invert_yaxis()

print("\nTry: more epochs, or another seed. How far do 16 and 16 units get?")
