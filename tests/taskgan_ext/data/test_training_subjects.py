"""Nobody tests weights on the images that they were trained on, whatever these are called."""

import logging
import shutil

import pytest

from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.data.training_subjects import refuse_training_subjects, write_training_subjects
from taskgan_ext.errors import DataError
from taskgan_ext.io.atomic import read_json


@pytest.fixture(params=["tiny_cohort", "tiny_mr_cohort"])
def sections(request):
    """Training and test items of a cohort with one target for each image, and of one with six."""
    cohort = request.getfixturevalue(request.param)
    return load_datalist(cohort, "training"), load_datalist(cohort, "test")


@pytest.fixture
def record(sections, tmp_path):
    path = tmp_path / "training_subjects.json"
    write_training_subjects(sections[0], path)
    return path


def named(items, name):
    return [{**item, "subject": name} for item in items]


def test_held_out_subjects_pass_without_a_word(sections, record, caplog):
    with caplog.at_level(logging.WARNING):
        refuse_training_subjects(sections[1], record)
    assert caplog.records == []


@pytest.mark.parametrize("name", [None, "someone"], ids=["own name", "another name"])
def test_a_training_subject_is_refused_by_its_images(sections, record, name):
    trained, tested = sections
    seen = trained[-1:] if name is None else named(trained[-1:], name)
    with pytest.raises(DataError, match=f"were trained on images of {seen[0]['subject']};"):
        refuse_training_subjects(tested + seen, record)


def test_a_copy_of_an_image_is_refused(sections, record, tmp_path):
    copy = shutil.copy(sections[0][0]["label"], tmp_path / "copy.nii.gz")
    with pytest.raises(DataError, match="were trained on images of someone"):
        refuse_training_subjects(named([{**sections[1][0], "label": str(copy)}], "someone"), record)


def test_a_namesake_with_other_images_gives_a_warning(sections, record, caplog):
    trained, tested = sections
    with caplog.at_level(logging.WARNING):
        refuse_training_subjects(named(tested[:1], trained[0]["subject"]), record)
    (warning,) = caplog.records
    assert f"also called {trained[0]['subject']};" in warning.getMessage()


def test_weights_without_a_record_give_a_warning(sections, tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        refuse_training_subjects(sections[0], tmp_path / "none.json")
    (warning,) = caplog.records
    assert "found no record of the training subjects" in warning.getMessage()


def test_the_record_names_every_training_subject(sections, record):
    assert set(read_json(record)["subjects"]) == {item["subject"] for item in sections[0]}


def test_the_record_of_an_earlier_training_is_kept(sections, record, tmp_path):
    trained, tested = sections
    write_training_subjects(tested, tmp_path / "both.json", before=record)
    assert set(read_json(tmp_path / "both.json")["subjects"]) == {
        item["subject"] for item in trained + tested
    }
    with pytest.raises(DataError, match="were trained on images"):
        refuse_training_subjects(trained, tmp_path / "both.json")


def test_another_crop_of_a_photograph_is_refused(sections, tmp_path):
    trained, tested = ([{**item, "source_sha256": "f" * 64} for item in items] for items in sections)
    write_training_subjects(trained, tmp_path / "record.json")
    with pytest.raises(DataError, match="were trained on images of someone"):
        refuse_training_subjects(named(tested, "someone"), tmp_path / "record.json")
    refuse_training_subjects(sections[1], tmp_path / "record.json")


def test_a_start_without_a_record_gives_a_warning(sections, tmp_path, caplog):
    write_training_subjects(sections[0], tmp_path / "record.json", before=tmp_path / "none.json")
    (warning,) = caplog.records
    assert "found no record of whom the weights at the start were trained on" in warning.getMessage()
    assert set(read_json(tmp_path / "record.json")["subjects"]) == {item["subject"] for item in sections[0]}


def test_items_without_a_subject_are_known_by_their_files(sections, tmp_path, caplog):
    bare, held_out = (
        [{key: item[key] for key in ("image", "label")} for item in items] for items in sections
    )
    path = tmp_path / "training_subjects.json"
    write_training_subjects(bare, path)
    with caplog.at_level(logging.WARNING):
        refuse_training_subjects(held_out, path)
    assert caplog.records == []
    with pytest.raises(DataError, match="were trained on images of"):
        refuse_training_subjects(named(bare[:1], "someone"), path)
