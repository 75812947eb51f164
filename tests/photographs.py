"""Small photographs on disk, and where real ones lie."""

from pathlib import Path

import numpy as np
from PIL import Image

SHARED = Path(__file__).parents[2] / "shared" / "data" / "faces"
"""The Face Research Lab London Set and the lists of LFW; not part of the repository."""


def write_photograph(path, rows=40, columns=40, seed=0):
    """Write noise of 8 bits, grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns), dtype=np.uint8)
    Image.fromarray(pixels).save(path)


def write_people(folder, counts):
    """Write so many photographs of each person, numbered as in LFW."""
    for who, count in counts.items():
        for number in range(1, count + 1):
            write_photograph(folder / who / f"{who}_{number:04d}.png", seed=number)
