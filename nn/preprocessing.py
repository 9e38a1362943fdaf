"""What is done to inputs before a model sees them: standardisation.

The statistics are those of the training set alone; the same numbers then serve every
other set, so that nothing is learned from what the model is tested on.

    >>> scaler = StandardScaler().fit([[0.0, 5.0], [2.0, 5.0]])
    >>> scaler.transform([[0.0, 5.0], [3.0, 6.0]]).tolist()
    [[-1.0, 0.0], [2.0, 1.0]]
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from nn.examples import Matrix, as_inputs


class StandardScaler:
    """Each column minus its mean, divided by its standard deviation.

    So that all inputs weigh alike at the start, and gradient descent is not slowed down
    by a few large ones (LeCun et al. 1998, Efficient BackProp, section 4.3). `mean` and
    `scale` are (n_inputs,) once fitted: scale is the population standard deviation, or
    1 where a column is constant, which then becomes 0.
    """

    def __init__(self) -> None:
        self.mean: npt.NDArray[np.float64] = np.empty(0)
        self.scale: npt.NDArray[np.float64] = np.empty(0)

    def fit(self, X: npt.ArrayLike) -> StandardScaler:
        """Take the mean and the scale of the columns of X, (n, n_inputs). Return self.

        ValueError for an X that is no finite matrix, or whose squares are too large.
        """
        inputs = as_inputs(X, "StandardScaler.fit").astype(np.float64, copy=False)
        with np.errstate(over="ignore", invalid="ignore"):
            mean = inputs.mean(axis=0)
            scale = inputs.std(axis=0)
        # A constant column's deviation may be a rounding error, and not 0.
        constant = inputs.min(axis=0) == inputs.max(axis=0)
        mean[constant] = inputs[0, constant]
        scale[constant] = 1.0
        too_large = np.flatnonzero(~np.isfinite(scale) | ~np.isfinite(mean))
        if len(too_large):
            raise ValueError(
                f"StandardScaler.fit: the squares in column {too_large[0]} of X are "
                f"too large for a float. Divide the column by a power of ten first."
            )
        # One that varies only in what its mean rounds off, or in squares too small.
        scale[scale == 0.0] = 1.0
        self.mean, self.scale = mean, scale
        return self

    def transform(self, X: npt.ArrayLike) -> Matrix:
        """(X - mean) / scale, as a new array (n, n_inputs)."""
        result: Matrix = (self._checked(X, "transform") - self.mean) / self.scale
        return result

    def inverse_transform(self, X: npt.ArrayLike) -> Matrix:
        """X · scale + mean, as a new array (n, n_inputs): what was transformed."""
        scaled = self._checked(X, "inverse_transform")
        result: Matrix = scaled * self.scale + self.mean
        return result

    def state_dict(self) -> dict[str, npt.NDArray[np.float64]]:
        """A copy of the fitted numbers: `mean` and `scale`, (n_inputs,)."""
        return {"mean": self.mean.copy(), "scale": self.scale.copy()}

    def load_state_dict(self, state: Mapping[str, npt.ArrayLike]) -> None:
        """Take the numbers of a `state_dict()`.

        KeyError for other names, ValueError for arrays that cannot be a mean and a
        scale; then nothing has changed.
        """
        if state.keys() != {"mean", "scale"}:
            raise KeyError(
                f"load_state_dict: a StandardScaler's state has the names 'mean' and "
                f"'scale', not {sorted(state.keys())}"
            )
        mean, scale = (np.array(state[k], dtype=np.float64) for k in ("mean", "scale"))
        if mean.ndim != 1 or mean.shape != scale.shape:
            raise ValueError(
                f"load_state_dict: mean and scale must be (n_inputs,), not "
                f"{mean.shape} and {scale.shape}"
            )
        if not (
            np.isfinite(mean).all() and np.isfinite(scale).all() and (scale > 0).all()
        ):
            raise ValueError(
                "load_state_dict: mean and scale must be finite, and scale above 0"
            )
        self.mean, self.scale = mean, scale

    def __repr__(self) -> str:
        return f"StandardScaler(n_inputs={len(self.mean) or None})"

    def _checked(self, X: npt.ArrayLike, method: str) -> Matrix:
        """X as a matrix of the width that was fitted."""
        where = f"StandardScaler.{method}"
        inputs = as_inputs(X, where)
        if not len(self.mean):
            raise ValueError(f"{where}: call fit(X_train) first")
        if inputs.shape[1] != len(self.mean):
            raise ValueError(
                f"{where}: X has {inputs.shape[1]} columns, and the scaler was fitted "
                f"on {len(self.mean)}."
            )
        return inputs
