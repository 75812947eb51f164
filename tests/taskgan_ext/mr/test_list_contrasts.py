"""Six contrasts of whatever prepared subject the user points at."""

import shutil

import pytest

from taskgan_ext.errors import DataError
from taskgan_ext.mr.list_contrasts import list_contrasts
from taskgan_ext.mr.protocol import CONTRASTS


@pytest.mark.parametrize("place", ["sub-001", "sub-001/sub-001_mdme.nii.gz"])
def test_a_subject_gives_one_item_for_each_contrast(tiny_mr_cohort, place):
    items = list_contrasts(tiny_mr_cohort / place, CONTRASTS)
    assert [item["contrast"] for item in items] == list(CONTRASTS)
    assert [item["property"] for item in items] == list(range(6))
    assert {item["subject"] for item in items} == {"sub-001"}


def test_a_data_list_gives_its_test_subjects(tiny_mr_cohort):
    subjects = {item["subject"] for item in list_contrasts(tiny_mr_cohort, CONTRASTS)}
    assert len(subjects) == 2


def test_a_folder_of_subjects_gives_all_of_them(tiny_mr_cohort, tmp_path):
    for name in ("sub-001", "sub-002"):
        shutil.copytree(tiny_mr_cohort / name, tmp_path / name)
    assert len(list_contrasts(tmp_path, CONTRASTS)) == 12


def test_a_missing_map_is_named(tiny_mr_cohort, tmp_path):
    folder = shutil.copytree(tiny_mr_cohort / "sub-001", tmp_path / "sub-001")
    (folder / "sub-001_T2map.nii.gz").unlink()
    with pytest.raises(DataError, match=r"found no sub-001_T2map\.nii\.gz"):
        list_contrasts(folder, CONTRASTS)


def test_nothing_prepared_says_how_to_prepare(tmp_path):
    with pytest.raises(
        DataError, match=r"found none; prepare a scan with: python -m preprocessing mr import"
    ):
        list_contrasts(tmp_path, CONTRASTS)
