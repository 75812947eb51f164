"""A DICOM series becomes the tensor that a NIfTI file of it would become; a refusal reaches the caller."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from dicom_edits import activity, remove
from monai.data import MetaTensor
from monai.transforms import Compose, EnsureChannelFirstd, Invertd, LoadImaged, Orientationd, SaveImaged

from preprocessing.pet.dicom_export import write_pet_dicom
from preprocessing.pet.dicom_variant import PetVariant
from taskgan_ext.dicom.read_series import read_series
from taskgan_ext.errors import DependencyError, RefusedSeries
from taskgan_ext.io.nifti import load_nifti, save_nifti
from taskgan_ext.transforms.load_dicom_series import LoadDicomSeriesd
from taskgan_ext.transforms.load_scans import LoadScansd

AFFINE = np.array([[-2.0, 0, 0, 20], [0, -2, 0, 30], [0, 0, 3, -10], [0, 0, 0, 1]])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A PET series in a folder with the name of a UID."""
    path = tmp_path / "in" / "1.2.840.1"
    write_pet_dicom(activity(), AFFINE, path, variant=PetVariant(shuffled=False))
    return path


@pytest.mark.parametrize("transform", [LoadDicomSeriesd, LoadScansd])
def test_the_tensor_is_the_series(transform: type, folder: Path) -> None:
    image, series = transform("image")({"image": str(folder)})["image"], read_series(folder)
    assert isinstance(image, MetaTensor)
    assert image.dtype == torch.float32
    assert image.shape == (10, 9, 5)
    np.testing.assert_array_equal(image.numpy(), series.volume)
    np.testing.assert_array_equal(image.affine.numpy(), series.affine)
    assert image.meta["units"] == "BQML"


def test_the_files_of_a_series_may_be_given_as_a_list(folder: Path) -> None:
    files = [str(path) for path in folder.iterdir()]
    by_list, by_folder = (LoadDicomSeriesd("image")({"image": source}) for source in (files, str(folder)))
    torch.testing.assert_close(by_list["image"], by_folder["image"], rtol=0, atol=0)


def test_the_inverse_is_saved_on_the_grid_of_the_series_under_its_name(folder: Path, tmp_path: Path) -> None:
    load = Compose(
        [LoadScansd("image"), EnsureChannelFirstd("image"), Orientationd("image", axcodes="SPL", labels=None)]
    )
    item = load({"image": str(folder)})
    assert item["image"].shape == (1, 5, 9, 10)
    item["pred"] = item["image"] * 2
    save = SaveImaged(
        "pred",
        output_dir=tmp_path / "out",
        output_postfix="restored",
        resample=False,
        separate_folder=False,
        data_root_dir=str(tmp_path / "in"),
        print_log=False,
    )
    save(Invertd("pred", orig_keys="image", transform=load)(item))
    volume, affine = load_nifti(tmp_path / "out" / "1.2.840.1" / "1.2.840.1_restored.nii.gz")
    series = read_series(folder)
    np.testing.assert_array_equal(volume, 2 * series.volume)
    np.testing.assert_allclose(affine, series.affine, atol=1e-5)


def test_a_nifti_file_is_read_as_one(tmp_path: Path) -> None:
    save_nifti(activity(), AFFINE, tmp_path / "scan.nii.gz")
    item = {"image": str(tmp_path / "scan.nii.gz"), "other": str(tmp_path / "scan.nii.gz")}
    found = LoadScansd(["image", "other", "absent"], allow_missing_keys=True)(item)
    wanted = LoadImaged("image", reader="NibabelReader")(item)["image"]
    assert found["image"].meta["filename_or_obj"] == wanted.meta["filename_or_obj"]
    for key in ("image", "other"):
        torch.testing.assert_close(found[key], wanted, rtol=0, atol=0)


@pytest.mark.parametrize("transform", [LoadDicomSeriesd, LoadScansd])
def test_a_refusal_reaches_the_caller(transform: type, folder: Path) -> None:
    """MONAI's ``LoadImage`` would try its next reader, and give a volume with a slice less."""
    remove(2)(sorted(folder.iterdir()))
    for load in (transform("image"), Compose([transform("image")])):
        with pytest.raises((RefusedSeries, RuntimeError)) as caught:
            load({"image": str(folder)})
        error = caught.value
        assert (error if isinstance(error, RefusedSeries) else error.__cause__).code == "incomplete"


def test_another_modality_is_refused(folder: Path) -> None:
    with pytest.raises(RefusedSeries, match="modality_mismatch"):
        LoadScansd("image", modality="MR")({"image": str(folder)})


def test_what_the_reader_warns_of_is_logged(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "notes.txt").write_text("none")
    LoadDicomSeriesd("image")({"image": str(folder)})
    assert "1 files that are no DICOM files were left out" in caplog.text


def test_without_pydicom_the_message_names_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(DependencyError, match=r"reading DICOM needs pydicom.*taskgan-ext\[dicom\]"):
        LoadDicomSeriesd("image")({"image": str(folder)})
