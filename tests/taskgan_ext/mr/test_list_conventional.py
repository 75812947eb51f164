"""Every conventional image that the user points at, and nothing else of a subject's folder."""

import shutil
from pathlib import Path

import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.mr.list_conventional import list_conventional
from taskgan_ext.mr.protocol import CONTRASTS


def names(items):
    return {Path(item["image"]).name for item in items}


def contrasts_of(*subjects):
    return {f"{subject}_{contrast}.nii.gz" for subject in subjects for contrast in CONTRASTS}


def test_a_prepared_subject_gives_its_contrasts_without_mdme_maps_and_masks(tiny_mr_cohort):
    items = list_conventional(tiny_mr_cohort / "sub-001")
    assert names(items) == contrasts_of("sub-001")
    assert all("property" not in item for item in items)


def test_a_folder_gives_the_images_in_it_and_in_its_folders(tiny_mr_cohort, tmp_path):
    for name in ("sub-001", "sub-002"):
        shutil.copytree(tiny_mr_cohort / name, tmp_path / name)
    shutil.copy(tiny_mr_cohort / "sub-003/sub-003_T2w.nii.gz", tmp_path / "other.nii.gz")
    assert names(list_conventional(tmp_path)) == contrasts_of("sub-001", "sub-002") | {"other.nii.gz"}


def test_a_data_list_gives_the_targets_of_its_test_section_with_their_class(tiny_mr_cohort):
    items = list_conventional(tiny_mr_cohort)
    assert len(items) == 12
    for item in items:
        assert item["image"].endswith(f"{item['subject']}_{CONTRASTS[item['property']]}.nii.gz")


def test_a_file_is_taken_whatever_its_name(tiny_mr_cohort):
    (item,) = list_conventional(tiny_mr_cohort / "sub-001/sub-001_T1map.nii.gz")
    assert item["subject"] == "sub-001_T1map"


def test_differences_and_half_written_files_are_left_out(tmp_path):
    for name in ("s_acq-synth_T1w", "s_acq-synth_desc-physicsdifference_T1w", ".writing-1"):
        (tmp_path / f"{name}.nii.gz").touch()
    assert names(list_conventional(tmp_path)) == {"s_acq-synth_T1w.nii.gz"}


@pytest.mark.parametrize("place", ["", "none.nii.gz", "notes.txt"])
def test_nothing_to_classify_says_what_was_expected(tmp_path, place):
    (tmp_path / "notes.txt").touch()
    (tmp_path / "s_mask.nii.gz").touch()
    with pytest.raises(
        DataError, match=r"expected a NIfTI image, or a folder .* found none; make .* with: COMMAND"
    ):
        list_conventional(tmp_path / place, "COMMAND")
