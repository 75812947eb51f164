"""What an inference is given: volumes of a folder, of a data list, or DICOM series, told by content."""

from pathlib import Path

import pytest

from taskgan_ext.data.list_images import list_images
from taskgan_ext.errors import DataError

COMMAND = "python -m preprocessing pet simulate"


def touch_dicom(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bytes(128) + b"DICM")


def test_images_of_a_data_list_are_its_test_section(tiny_cohort):
    by_folder, by_file = list_images(tiny_cohort), list_images(tiny_cohort / "datalist.json")
    assert by_folder == by_file
    assert [item["subject"] for item in by_folder] == ["sub-007", "sub-008"]
    assert all(set(item) == {"image", "subject"} for item in by_folder)


def test_images_of_a_folder_are_its_nifti_files_in_order(tmp_path):
    for name in ("b.nii", "c.nii.gz", "a.nii.gz", "notes.txt"):
        (tmp_path / name).touch()
    assert [item["subject"] for item in list_images(tmp_path)] == ["a", "b", "c"]


def test_one_file_is_one_image(tiny_cohort):
    path = tiny_cohort / "sub-001/sub-001_image.nii.gz"
    assert list_images(path) == [{"image": str(path), "subject": "sub-001_image"}]


def test_a_folder_of_dicom_files_is_one_series_whatever_their_names(tmp_path):
    for name in ("1", "b.dcm"):
        touch_dicom(tmp_path / "scan" / name)
    (tmp_path / "scan" / "notes.txt").touch()
    assert list_images(tmp_path / "scan") == [{"image": str(tmp_path / "scan"), "subject": "scan"}]


def test_folders_of_dicom_files_are_a_case_each(tmp_path):
    for name in ("b/1", "a/x/1", "a/x/2", "a/y/1", ".hidden/1"):
        touch_dicom(tmp_path / name)
    found = list_images(tmp_path)
    assert [item["subject"] for item in found] == ["a_x", "a_y", "b"]
    assert [item["image"] for item in found] == [str(tmp_path / name) for name in ("a/x", "a/y", "b")]


def test_the_name_of_a_series_in_the_current_folder_is_that_of_the_folder(tmp_path, monkeypatch):
    touch_dicom(tmp_path / "scan" / "1")
    monkeypatch.chdir(tmp_path / "scan")
    assert list_images(".") == [{"image": ".", "subject": "scan"}]


def test_two_kinds_in_one_folder_are_refused(tmp_path):
    (tmp_path / "a.nii").touch()
    touch_dicom(tmp_path / "1.dcm")
    with pytest.raises(DataError, match="found both; keep one kind"):
        list_images(tmp_path)


@pytest.mark.parametrize("name", [".", "absent.nii", "notes.txt"], ids=["empty", "absent", "text"])
def test_no_image_is_refused_with_the_command(tmp_path, name):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataError, match=f"expected a NIfTI file.*{COMMAND}"):
        list_images(tmp_path / name, COMMAND)
