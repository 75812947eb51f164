from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.mr.reader.dicom_files import list_dicom_files, read_headers, read_values
from taskgan_ext.mr.reader.geometry import plane_of

Export = Callable[..., Path]


def test_every_image_keeps_its_own_rescale(scan, export: Export) -> None:
    """A slope a slice: reading all with the first would be wrong by the ratio of the slopes."""
    files = read_headers(export(scan, "philips", components="magnitude"))
    assert len({file.text("RescaleSlope") for file in files}) > 4
    for file in files:
        expected = pydicom.dcmread(file.path)
        slope, intercept = float(expected.RescaleSlope), float(expected.RescaleIntercept)
        np.testing.assert_allclose(read_values(file), expected.pixel_array.T * slope + intercept, rtol=1e-6)


def test_headers_come_without_pixels_in_the_order_of_paths(scan, export: Export) -> None:
    folder = export(scan)
    files = read_headers(folder)
    assert [file.path for file in files] == list_dicom_files(folder) == sorted(folder.iterdir())
    assert not any("PixelData" in file.header for file in files)


def test_stored_numbers_may_be_unsigned(scan, export: Export) -> None:
    path = list_dicom_files(export(scan))[0]
    image = pydicom.dcmread(path)
    stored = np.arange(image.Rows * image.Columns, dtype="<u2").reshape(image.Rows, image.Columns) + 65000
    image.PixelRepresentation, image.PixelData = 0, stored.tobytes()
    image.save_as(path)
    np.testing.assert_array_equal(read_values(read_headers(path.parent)[0]), stored.T)


def test_lossless_compression_is_read(scan, export: Export) -> None:
    path = list_dicom_files(export(scan))[0]
    image = pydicom.dcmread(path)
    stored = image.pixel_array
    image.compress(pydicom.uid.RLELossless, generate_instance_uid=False)
    image.save_as(path)
    np.testing.assert_array_equal(read_values(read_headers(path.parent)[0]), stored.T)


@pytest.mark.filterwarnings("ignore:.*:UserWarning")  # the parser warns of what it then refuses
@pytest.mark.parametrize("seed", range(4))
def test_malformed_files_raise_nothing_but_a_data_error(seed: int, scan, export: Export) -> None:
    whole = list_dicom_files(export(scan))[0]
    content = whole.read_bytes()
    for path in whole.parent.iterdir():
        path.unlink()
    rng = np.random.default_rng(seed)
    for _ in range(40):
        broken = bytearray(content)
        for place in rng.integers(132, len(content), size=rng.integers(1, 20)):
            broken[place] = rng.integers(256)
        if rng.random() < 0.5:
            del broken[int(rng.integers(132, len(broken))) :]
        whole.write_bytes(broken)
        try:
            with pydicom.config.disable_value_validation():
                for file in read_headers(whole.parent):
                    plane_of(file)
                    read_values(file)
        except DataError:
            pass
