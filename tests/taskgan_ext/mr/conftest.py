"""A head of tissue blobs with a known transmit field."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import mdme_signal

# PD, T1 and T2 in s at 3 T.
TISSUES = {
    "WM": (0.70, 0.88, 0.076),
    "GM": (0.82, 1.36, 0.096),
    "CSF": (1.00, 4.20, 1.700),
    "DGM": (0.79, 1.12, 0.074),
    "lesion": (0.92, 1.60, 0.165),
    "fat": (0.90, 0.37, 0.058),
    "muscle": (0.75, 1.35, 0.036),
}
SEQUENCE = MDMESequence()
VOXEL_MM = (2.0, 2.0, 5.0)


@dataclass(frozen=True)
class Head:
    """Tissue index (-1 outside), signed signal and transmit field."""

    labels: NDArray[np.int64]
    signal: NDArray[np.float32]
    b1: NDArray[np.float32]
    sequence: MDMESequence = SEQUENCE
    voxel_mm: tuple[float, float, float] = VOXEL_MM

    def true(self, which: int) -> NDArray[np.float64]:
        """PD (0), T1 (1) or T2 (2) of each voxel."""
        return np.array([*TISSUES.values(), (0, 1, 0.1)])[self.labels][..., which]

    def noisy(self, snr: float) -> NDArray[np.complex64]:
        """Signal with complex noise, for white matter of proton density 0.7."""
        noise = np.random.default_rng(1).normal(0, 0.7 * 0.85 / snr, (2, *self.signal.shape))
        return (self.signal + noise[0] + 1j * noise[1]).astype(np.complex64)


def build_head(b1_shift: float = 0.0) -> Head:
    """Blobs of brain tissue within muscle and fat, 108 x 108 x 2 voxels."""
    rng = np.random.default_rng(0)
    position = (np.arange(108) - 53.5) * VOXEL_MM[0]
    radius = np.hypot(position[:, None] / 80, position / 96)[..., None] + np.zeros(2)
    pattern = gaussian_filter(rng.standard_normal(radius.shape), (2.5, 2.5, 0))
    brain = np.digitize(pattern, np.quantile(pattern, [0.45, 0.8, 0.88, 0.96]))
    labels = np.select([radius < 0.88, radius < 0.94, radius < 1], [brain, 6, 5], -1)
    b1 = (1.1 - 0.2 * radius**2 + b1_shift).astype(np.float32)
    head = Head(labels, np.empty(0, np.float32), b1)
    signal = mdme_signal(head.true(1), head.true(2), head.true(0), SEQUENCE, b1)
    return Head(labels, signal, b1)


@pytest.fixture(scope="session")
def head() -> Head:
    """The head at the usual transmit field."""
    return build_head()


@pytest.fixture(scope="session", name="make_head")
def make_head_fixture() -> Callable[[float], Head]:
    """Makes heads whose transmit field is shifted."""
    return build_head
