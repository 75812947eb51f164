"""Files of other people: those that pydicom brings along for its own tests."""

import warnings
from pathlib import Path

import pydicom
import pytest

from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import SERIES_CODES, RefusedSeries

FOLDER = Path(pydicom.__file__).parent / "data" / "test_files"
GOOD = (
    "MR_small.dcm",
    "MR_small_RLE.dcm",
    "MR_small_implicit.dcm",
    "MR_small_jp2klossless.dcm",
    "MR_small_jpeg_ls_lossless.dcm",
    "examples_overlay.dcm",
)
"""Single MR images, of which nothing but their number is wrong."""
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="pydicom is installed without its test files")


@pytest.mark.parametrize("name", GOOD)
def test_a_good_image_is_only_too_few(name: str) -> None:
    with pytest.raises(RefusedSeries, match="slices_too_few"):
        read_series([FOLDER / name])


def test_no_file_does_more_than_be_refused() -> None:
    warnings.simplefilter("error")
    for path in filter(Path.is_file, FOLDER.rglob("*")):
        with pytest.raises(RefusedSeries) as caught:
            read_series([path])
        assert caught.value.code in SERIES_CODES
        assert path.name in str(caught.value) or "1 files" in str(caught.value)
