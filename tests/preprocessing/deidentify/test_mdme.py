"""A de-identified MDME acquisition is read as the one that it was made from."""

from pathlib import Path

import numpy as np
import pytest

from preprocessing.deidentify.folder import deidentify_folder
from preprocessing.mr.dicom_export import write_mdme_dicom
from preprocessing.mr.dicom_variant import DicomVariant, Vendor
from taskgan_ext.mr.reader.read import read_mdme
from taskgan_ext.mr.sequence import MDMESequence, delays_from_slice_count
from taskgan_ext.mr.signal import mdme_signal

AFFINE = np.array([[-2.0, 0, 0, 20], [0, -2, 0, 30], [0, 0, 6, -10], [0, 0, 0, 1]])
SEQUENCE = MDMESequence(delays=delays_from_slice_count(5, 4.0))
EXPORTS: dict[str, tuple[Vendor, DicomVariant]] = {
    "GE": ("ge", DicomVariant()),
    "GE, private block elsewhere": ("ge", DicomVariant(private_block=0x2A)),
    "GE, implicit VR": ("ge", DicomVariant(private_block=0x2A, implicit_vr=True)),
    "GE, type lost": ("ge", DicomVariant(private_vr="UN", private_block=0x11)),
    "GE, trigger time": ("ge", DicomVariant(delay_tag="TriggerTime")),
    "Philips": ("philips", DicomVariant()),
    "Philips, several series": ("philips", DicomVariant(series="many")),
    "Siemens": ("siemens", DicomVariant()),
    "Siemens, no delay": ("siemens", DicomVariant(delay_tag="none")),
}


@pytest.mark.parametrize("name", EXPORTS)
def test_the_acquisition_is_the_same(name: str, key: bytes, tmp_path: Path) -> None:
    vendor, variant = EXPORTS[name]
    write_mdme_dicom(small_scan(), AFFINE, SEQUENCE, tmp_path / "source", vendor=vendor, variant=variant)
    deidentify_folder(tmp_path / "source", tmp_path / "out", key, show_progress=False)
    for path in (tmp_path / "out").rglob("*.dcm"):
        assert b"SIMULATED" not in path.read_bytes()
    before, after = read_mdme(tmp_path / "source"), read_mdme(tmp_path / "out")
    assert np.array_equal(before.signal, after.signal)
    assert np.array_equal(before.affine, after.affine)
    assert (before.kind, before.sequence) == (after.kind, after.sequence)
    assert (before.delays_from, before.field_strength) == (after.delays_from, after.field_strength)
    assert after.frame_of_reference.startswith("2.25.")


def small_scan() -> np.ndarray:
    x, y = np.meshgrid(np.linspace(-1, 1, 10), np.linspace(-1, 1, 8), indexing="ij")
    radius = np.hypot(x, y)[..., None] * np.linspace(1, 1.2, 5)
    t1, t2 = np.where(radius < 0.5, 0.8, 1.3), np.where(radius < 0.5, 0.07, 0.1)
    signal = mdme_signal(t1, t2, np.where(radius < 1.1, 0.8, 0.0), SEQUENCE)
    phase = np.exp(1j * (3 * x + 2 * y))[..., None, None, None]
    rng = np.random.default_rng(4)
    noise = 0.005 * (rng.normal(size=signal.shape) + 1j * rng.normal(size=signal.shape))
    return (signal * phase + noise).astype(np.complex64)
