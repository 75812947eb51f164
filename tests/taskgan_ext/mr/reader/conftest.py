"""A small head in a scanner, and a folder with its DICOM files to read or to break."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from preprocessing.mr.dicom_export import MAX_COUNTS, write_mdme_dicom
from preprocessing.mr.dicom_variant import DicomVariant
from taskgan_ext.mr.sequence import MDMESequence, delays_from_slice_count
from taskgan_ext.mr.signal import mdme_signal

AFFINE = np.array([[-2.0, 0, 0, 20], [0, -2, 0, 30], [0, 0, 6, -10], [0, 0, 0, 1]])


@dataclass(frozen=True)
class Scan:
    """An acquisition as it was before its export."""

    signal: NDArray[np.complex64]
    sequence: MDMESequence
    affine: NDArray[np.float64]

    @property
    def counts(self) -> NDArray[np.complex64]:
        """The signal in the stored numbers of an export."""
        return self.signal * np.float32(MAX_COUNTS / np.abs(self.signal).max())


def make_scan(num_slices: int) -> Scan:
    """Disc of white in grey matter, phase in every direction, noise."""
    sequence = MDMESequence(delays=delays_from_slice_count(max(num_slices, 5), 4.0))
    x, y = np.meshgrid(np.linspace(-1, 1, 14), np.linspace(-1, 1, 12), indexing="ij")
    radius = np.hypot(x, y)[..., None] * np.linspace(1, 1.2, num_slices)
    white = radius < 0.5
    t1, t2 = np.where(white, 0.8, 1.3), np.where(white, 0.07, 0.1)
    signal = mdme_signal(t1, t2, np.where(radius < 1.1, 0.8, 0.0), sequence)
    phase = np.exp(1j * (3 * x + 2 * y))[..., None, None, None]
    rng = np.random.default_rng(4)
    noise = 0.005 * (rng.normal(size=signal.shape) + 1j * rng.normal(size=signal.shape))
    return Scan((signal * phase + noise).astype(np.complex64), sequence, AFFINE)


@pytest.fixture(scope="session")
def scan() -> Scan:
    """Two slices; their delays are in the header, or are given."""
    return make_scan(2)


@pytest.fixture(scope="session")
def whole_scan() -> Scan:
    """Five slices, with the delays of an acquisition of five slices."""
    return make_scan(5)


@pytest.fixture
def export(tmp_path: Path) -> Callable[..., Path]:
    """Function ``export(scan, vendor, **variant)`` that writes DICOM files and gives their folder."""

    def write(scan: Scan, vendor: str = "ge", **variant: object) -> Path:
        folder = tmp_path / "scan"
        variant = {"components": "real_imag", "delay_tag": "InversionTime"} | variant
        write_mdme_dicom(
            scan.signal,
            scan.affine,
            scan.sequence,
            folder,
            vendor=vendor,  # type: ignore[arg-type]
            seed=3,
            variant=DicomVariant(**variant),  # type: ignore[arg-type]
        )
        return folder

    return write
