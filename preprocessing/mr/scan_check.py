"""What a conventional scan must show to be of use."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from taskgan_ext.errors import DataError


def check_shows_something(data: NDArray[np.float32], path: Path) -> None:
    """Check that a scan is not empty, flat or negative throughout.

    Args:
        data: ``(X, Y, Z)``, finite.
        path: of the scan, for the message.

    Raises:
        DataError: no value is above 0, or all are alike.
    """
    low, high = float(data.min()), float(data.max())
    if not high > max(low, 0.0):
        found = f"all are {high:g}" if low == high else f"they run from {low:g} to {high:g}"
        raise DataError(f"{path}: expected a scan with different values, some above 0, but {found}")
