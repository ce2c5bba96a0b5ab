"""The images that the zoos are trained on: scikit-learn's digits, which come with the package."""

from __future__ import annotations

import numpy as np
import torch

SIDE = 8


def digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Intensities `[1797, 64]` in [0, 1], float32, rows of the image one after the other; classes `[1797]`, int64."""
    from sklearn.datasets import load_digits  # a second of import, needed only to train

    pixels, classes = load_digits(return_X_y=True)
    return torch.from_numpy(np.asarray(pixels, dtype=np.float32) / 16), torch.from_numpy(
        np.asarray(classes, dtype=np.int64)
    )


def pooled(images: torch.Tensor, inputs: int) -> torch.Tensor:
    """`[n, 64]` as a network of `inputs` inputs sees it: 64 as they are, 16 as means of blocks of two by two pixels.

    Raises:
        ValueError: another number of inputs.
    """
    if inputs == SIDE * SIDE:
        return images
    if inputs != SIDE * SIDE // 4:
        raise ValueError(f"digits are read by 64 or 16 inputs, not by {inputs}")
    return images.view(-1, SIDE // 2, 2, SIDE // 2, 2).mean(dim=(2, 4)).flatten(1)


def coordinates() -> torch.Tensor:
    """Pixel centres `[64, 2]` as (row, column) on the regular grid of [-1, 1]^2, float32, in the order of `digits`."""
    line = torch.linspace(-1, 1, SIDE, dtype=torch.float32)
    return torch.cartesian_prod(line, line)


def is_test(count: int) -> torch.Tensor:
    """Which of the first `count` images are held out of training: every third, a split that anyone can redo."""
    return torch.arange(count) % 3 == 2
