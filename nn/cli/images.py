"""Images as a network's inputs, prepared as the images it has learned from were.

What MNIST did (LeCun et al. 1998, section III.A; its web page): the drawing is scaled
to fit a box of 20x20 pixels, its proportions kept, with grey levels where a stroke
covers a part of a pixel, and then moved within 28x28 so that its centre of mass lies in
the middle. The drawing of a digit of 8x8 (Alpaydin & Kaynak 1998) fills its height.

    >>> drawing = np.zeros((100, 100))
    >>> drawing[20:80, 48:52] = 1.0  # an upright stroke
    >>> image = framed(drawing, MNIST)
    >>> image.shape, np.flatnonzero(image.max(axis=1)).tolist() == list(range(4, 24))
    ((28, 28), True)
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL.Image import Image

Grey: TypeAlias = npt.NDArray[np.float64]
"""Grey levels from 0 to 1, (height, width)."""

FAINT = 0.25
"""Paper: what is less than this share of the way from the background to the ink."""

FLAT = 0.05
"""A smaller difference between the lightest and the darkest pixel is no drawing."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How the images of a data set were prepared.

    They are `height` x `width`. The drawing fits a square of `box` pixels a side, and
    is in the middle `by_mass`, or by its outline. Without a box, nothing is known of
    it: an image is then scaled as a whole, and its light stays light.
    """

    height: int
    width: int
    box: int | None = None
    by_mass: bool = False


MNIST = Frame(28, 28, box=20, by_mass=True)
DIGITS = Frame(8, 8, box=8)


def read_image(path: str | os.PathLike[str], frame: Frame) -> npt.NDArray[np.float64]:
    """The image in a file as inputs, (height · width,), from 0 to 1.

    OSError for a file that cannot be read; ValueError for one that is no image, or
    shows nothing; ImportError without Pillow.
    """
    grey = _grey(path)
    if frame.box is None:
        return _scaled(grey, (frame.height, frame.width)).ravel()
    if grey.max() - grey.min() < FLAT:
        raise ValueError(
            f"{path} shows nothing: all of it has the same shade. Give an image of "
            f"dark strokes on light paper, or of light ones on black."
        )
    edge = np.concatenate([grey[0], grey[-1], grey[1:-1, 0], grey[1:-1, -1]])
    background = float(np.median(edge))
    dark_on_light = background > (grey.min() + grey.max()) / 2
    if grey.shape == (frame.height, frame.width):
        return (1.0 - grey if dark_on_light else grey).ravel()
    ink = background - grey if dark_on_light else grey - background
    return framed(ink / ink.max(), frame).ravel()


def framed(ink: Grey, frame: Frame) -> Grey:
    """Cut out, scale and centre a drawing, which is 1 where there is ink and else 0."""
    assert frame.box is not None
    ink = np.where(ink < FAINT, 0.0, ink)
    rows, columns = (np.flatnonzero(ink.any(axis=axis)) for axis in (1, 0))
    drawing = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = frame.box / max(drawing.shape)
    height, width = (max(1, round(scale * side)) for side in drawing.shape)
    small = _scaled(drawing, (height, width))
    small /= small.max()  # thin strokes would be pale
    top = _start(small.sum(axis=1), frame.height, frame.by_mass)
    left = _start(small.sum(axis=0), frame.width, frame.by_mass)
    image = np.zeros((frame.height, frame.width))
    image[top : top + height, left : left + width] = small
    return image


def _start(mass: npt.NDArray[np.float64], side: int, by_mass: bool) -> int:
    """Where rows, or columns, of such masses begin, to be in the middle of a side.

    In MNIST the centre of mass is at pixel 14 of 0 to 27, on average to 0.01.
    """
    room = side - len(mass)
    if not by_mass:
        return room // 2
    centre = float(mass @ np.arange(len(mass))) / float(mass.sum())
    return min(max(round(side / 2 - centre), 0), room)


def _grey(path: str | os.PathLike[str]) -> Grey:
    """The grey levels of an image file."""
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError(
            f"images are read by Pillow, which cannot be imported ({error}). It comes "
            f'with: pip install "valuegrad[plots]"'
        ) from error
    with open(path, "rb") as file, warnings.catch_warnings():
        # A file of a few bytes can ask for gigabytes.
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            image = ImageOps.exif_transpose(Image.open(file))
            return _levels(image)
        except Exception as error:  # Pillow's readers raise all kinds of it
            raise ValueError(
                f"{path} is no image that Pillow can read, or it is damaged: "
                f"{type(error).__name__}: {error}"
            ) from error


def _levels(image: Image) -> Grey:
    """Grey levels from 0 to 1; what is transparent is white paper."""
    if image.mode.startswith("I"):  # 16 bits, which "L" would cut off
        return np.asarray(image, dtype=np.float64) / 65535
    if image.mode == "F":
        return np.clip(np.asarray(image, dtype=np.float64), 0.0, 1.0)
    if image.has_transparency_data:
        from PIL.Image import alpha_composite, new

        image = image.convert("RGBA")
        image = alpha_composite(new("RGBA", image.size, "white"), image)
    return np.asarray(image.convert("L"), dtype=np.float64) / 255


def _scaled(grey: Grey, shape: tuple[int, int]) -> Grey:
    """An image in another size, with the grey levels that strokes leave in a pixel."""
    if grey.shape == shape:
        return grey
    from PIL import Image

    height, width = shape
    image: Any = Image.fromarray(grey.astype(np.float32))
    scaled = image.resize((width, height), Image.Resampling.BOX)
    return np.asarray(scaled, dtype=np.float64)
