"""The referees of the standard find no error that the source did not have."""

import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from dicom_edits import activity, change_all
from highdicom.legacy import LegacyConvertedEnhancedMRImage
from pydicom.uid import EnhancedMRImageStorage

from preprocessing.mr.dicom_export import write_mdme_dicom
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.dicom.derived.contrast import SynthesisedContrast
from taskgan_ext.dicom.derived.mr_series import write_derived_mr
from taskgan_ext.dicom.derived.recipe import Recipe
from taskgan_ext.dicom.derived.source_slices import read_source_slices
from taskgan_ext.mr.sequence import MDMESequence

Pet = Callable[..., Path]
needs_dciodvfy = pytest.mark.skipif(
    shutil.which("dciodvfy") is None, reason="dciodvfy (package dicom3tools) is missing"
)
needs_dcentvfy = pytest.mark.skipif(
    shutil.which("dcentvfy") is None, reason="dcentvfy (package dicom3tools) is missing"
)
PRIVATE_CODE = "DerivationCodeSequence(0008,9215)[1]/CodingSchemeDesignator(0008,0102)[1]> - Unrecognized"
CLEAN: dict[str, dict[str, object]] = {
    "Siemens": {},
    "GE": {"vendor": "ge", "private_scan_time": True, "redated": 4000.0},
    "Philips, counts": {"vendor": "philips", "units": "CNTS", "philips_suv_factor": "both"},
    "SUV": {"units": "GML"},
    "corrected to the injection": {"decay_correction": "ADMIN"},
    "whole body": {"series_type": "WHOLE BODY", "empty_first_slice": True},
}
FAULTS: dict[str, dict[str, object]] = {
    "no SeriesDate": {"SeriesDate": None},
    "no tracer": {"RadiopharmaceuticalInformationSequence": None},
    "position beside the codes": {"PatientPosition": "HFS"},
    "no Laterality, no StudyID": {"Laterality": None, "StudyID": None},
    "a text too long": {"SeriesDescription": "x" * 80},
    "blanked manufacturer": {"Manufacturer": ""},
    "bad sex and date": {"PatientSex": "UNKNOWN", "StudyDate": "2001-1-1"},
    "lossy once": {"LossyImageCompression": "01"},
    "no image type, no number": {"ImageType": None, "SeriesNumber": None},
}
CONTRAST = SynthesisedContrast("T2FLAIR", 9.0, 0.12, 2.47)
SYNTHESISED = Recipe("mr_contrast_synthesis", "0.1.0", 64 * "7", "synthesised T2FLAIR")


def found_in(paths: Iterable[Path], kind: str) -> set[str]:
    """Lines of dciodvfy of a kind, such as ``Error``; it exits with 0 whatever it finds."""
    lines: set[str] = set()
    for path in paths:
        run = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)
        assert "Image" in run.stderr  # it has found out what the file is
        lines.update(line for line in run.stderr.splitlines() if line.startswith(kind))
    return lines


@pytest.fixture
def mdme(tmp_path: Path) -> Callable[[str], Path]:
    """Function ``mdme(vendor)`` that writes an MDME scan."""

    def write(vendor: str) -> Path:
        noise = np.random.default_rng(6).normal(size=(2, 10, 9, 3, 4, 2)).astype(np.float32)
        signal = (noise[0] + 1j * noise[1]).astype(np.complex64)
        write_mdme_dicom(signal, np.diag([-2.0, -2, 3, 1]), MDMESequence(), tmp_path / "mdme", vendor=vendor)
        return tmp_path / "mdme"

    return write


@needs_dciodvfy
@pytest.mark.parametrize("name", CLEAN)
def test_a_pet_series_has_no_error_and_one_warning_more(name: str, pet: Pet, derive: Callable) -> None:
    PetVariant(**CLEAN[name])
    source, done, _ = derive(pet(**CLEAN[name]))
    assert found_in(done.files, "Error") == set()
    more = found_in(done.files[:2], "Warning") - found_in(source.files[:2], "Warning")
    assert len(more) == 1
    assert PRIVATE_CODE in more.pop()


@needs_dciodvfy
@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_source_gets_no_new_error(name: str, pet: Pet, derive: Callable) -> None:
    folder = pet()
    with pydicom.config.disable_value_validation():
        change_all(**FAULTS[name])(sorted(folder.iterdir()))
    source, done, _ = derive(folder)
    assert found_in(done.files[:2], "Error") <= found_in(source.files[:2], "Error")


@needs_dciodvfy
@pytest.mark.parametrize("vendor", ["ge", "philips", "siemens"])
def test_a_synthesised_contrast_has_no_error(
    vendor: str, mdme: Callable[[str], Path], tmp_path: Path
) -> None:
    source = read_source_slices(mdme(vendor))
    done = write_derived_mr(source, activity((10, 9, 3)), CONTRAST, SYNTHESISED, tmp_path / "out")
    assert found_in(done.files, "Error") == set()


@needs_dciodvfy
def test_a_contrast_of_an_enhanced_object_has_no_error(mr: Path, tmp_path: Path) -> None:
    images = [pydicom.dcmread(path) for path in sorted(mr.iterdir())]
    image = LegacyConvertedEnhancedMRImage(images, "1.2.3", 4, "1.2.3.4", 1)
    image.SOPClassUID = image.file_meta.MediaStorageSOPClassUID = EnhancedMRImageStorage
    (tmp_path / "enhanced").mkdir()
    image.save_as(tmp_path / "enhanced" / "image.dcm")
    source = read_source_slices(tmp_path / "enhanced")
    done = write_derived_mr(source, activity(), CONTRAST, SYNTHESISED, tmp_path / "out")
    assert found_in(done.files, "Error") == set()


@needs_dcentvfy
def test_source_and_derived_series_are_consistent(pet: Pet, derive: Callable) -> None:
    source, done, _ = derive(pet(vendor="ge", private_scan_time=True))
    run = subprocess.run(
        ["dcentvfy", *source.files, *done.files], capture_output=True, text=True, check=False
    )
    assert (run.stdout + run.stderr).strip() == ""


@needs_dcentvfy
def test_a_scan_and_its_contrast_are_consistent(mdme: Callable[[str], Path], tmp_path: Path) -> None:
    folder = mdme("siemens")
    source = read_source_slices(folder)
    done = write_derived_mr(source, activity((10, 9, 3)), CONTRAST, SYNTHESISED, tmp_path / "out")
    files = [*sorted(folder.iterdir()), *done.files]
    run = subprocess.run(["dcentvfy", *files], capture_output=True, text=True, check=False)
    assert (run.stdout + run.stderr).strip() == ""
