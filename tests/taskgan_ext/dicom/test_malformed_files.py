"""Whatever a file holds: a series or one refusal with a code, and nothing is written."""

import io
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_faults import FAULTS, Fault, broken_bytes, broken_codec_bytes
from hypothesis import HealthCheck, Phase, given, seed, settings
from PIL import Image
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from preprocessing.mr.dicom_export import write_contrast_dicom
from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.dicom.series import Series
from taskgan_ext.errors import SERIES_CODES, RefusedSeries
from taskgan_ext.mr.protocol import Protocol

AFFINE = np.diag([-2.0, -2.0, 3.0, 1.0])
VOLUME = np.random.default_rng(0).gamma(2, 2000, size=(8, 8, 3)).astype(np.float32)
PATIENT = "SIMULATED^3"
QUIET = settings(
    max_examples=120,
    deadline=None,
    database=None,
    phases=(Phase.generate,),  # a failure is printed whole; shrinking would take minutes
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module", params=["PT", "MR"])
def series(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three slices of 8 x 8 pixels; the first file is the one to break."""
    folder = tmp_path_factory.mktemp("series") / request.param
    if request.param == "PT":
        write_pet_dicom(VOLUME, AFFINE, folder, seed=3, variant=PetVariant(shuffled=False))
    else:
        write_contrast_dicom(VOLUME, AFFINE, "T1w", Protocol(0.6, 0.01), folder, vendor="philips", seed=3)
    return folder


def read_broken(folder: Path, content: bytes) -> Series | RefusedSeries:
    """Read a series whose first file has another content; the file is as it was afterwards."""
    path = sorted(folder.iterdir())[0]
    whole, before = path.read_bytes(), sorted(folder.parent.rglob("*"))
    path.write_bytes(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result: Series | RefusedSeries = read_series(folder)
    except RefusedSeries as refusal:
        result = refusal
    finally:
        path.write_bytes(whole)
    assert sorted(folder.parent.rglob("*")) == before
    return result


def check(result: Series | RefusedSeries) -> None:
    """What must hold whatever was read."""
    if isinstance(result, RefusedSeries):
        assert result.code in SERIES_CODES
        assert "\n" not in str(result)
        assert PATIENT not in str(result)
        return
    assert result.volume.shape == VOLUME.shape
    assert np.isfinite(result.volume).all()
    assert np.isfinite(result.affine).all()
    for header in result.headers:  # no fault is left for whoever reads on
        assert all(str(header[tag]) for tag in header.keys() if not tag.is_private)  # noqa: SIM118


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_malformed_file_is_read_or_refused(fault: Fault, series: Path) -> None:
    path = sorted(series.iterdir())[0]

    @seed(20)
    @QUIET
    @given(broken_bytes(path, (fault,)))
    def try_one(content: bytes) -> None:
        check(read_broken(series, content))

    try_one()


def test_single_bytes_and_missing_ends_are_read_or_refused(series: Path) -> None:
    whole = sorted(series.iterdir())[0].read_bytes()
    rng = np.random.default_rng(5)
    for _ in range(150):
        content = bytearray(whole)
        for place in rng.integers(132, len(content), size=rng.integers(1, 20)):
            content[place] = rng.integers(256)
        if rng.random() < 0.5:
            del content[int(rng.integers(len(content))) :]
        check(read_broken(series, bytes(content)))


def test_damaged_codestreams_are_refused_and_the_process_lives(series: Path) -> None:
    path = sorted(series.iterdir())[0]
    image = pydicom.dcmread(path)
    buffer = io.BytesIO()
    Image.fromarray(image.pixel_array.astype(np.uint16)).save(buffer, "JPEG2000", no_jp2=True)
    frames = {str(JPEG2000Lossless): buffer.getvalue()}
    for syntax in (RLELossless, JPEGLSLossless):
        image = pydicom.dcmread(path)
        image.compress(syntax, generate_instance_uid=False)
        frames[str(syntax)] = next(pydicom.encaps.generate_frames(image.PixelData, number_of_frames=1))

    @seed(20)
    @settings(QUIET, max_examples=15)
    @given(broken_codec_bytes(path, frames))
    def try_one(content: bytes) -> None:
        check(read_broken(series, content))

    try_one()
