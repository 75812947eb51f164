import json

import numpy as np
import pytest
from file_digests import digests

from preprocessing.face import cohort
from preprocessing.face.cohort import draw_person, simulate_cohort
from preprocessing.face.face_files import picture_path
from preprocessing.face.render import render_face
from preprocessing.face.settings import FaceSettings
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.data.face_pairs import read_pairs
from taskgan_ext.errors import ConfigError
from taskgan_ext.io.picture import load_picture
from taskgan_ext.keys import SECTIONS, TRAINING

TINY = FaceSettings(seed=5, images_per_identity=3, size=32)
NUM_PEOPLE = 8


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    simulate_cohort(folder, NUM_PEOPLE, TINY)
    return folder


@pytest.mark.slow
def test_any_number_of_workers_writes_the_same_bytes(finished, tmp_path):
    simulate_cohort(tmp_path, NUM_PEOPLE, TINY, workers=2)
    assert digests(tmp_path) == digests(finished)


def test_files_hold_the_simulated_people(finished):
    identity, captures = draw_person(TINY, 1)
    picture = load_picture(finished / picture_path("sub-002", 3))
    true = render_face(identity, captures[2], 32)
    assert np.abs(picture[0] - true).max() <= 0.5 / 255 + 1e-6
    record = json.loads((finished / "images" / "sub-002" / "sub-002.json").read_text())
    assert record["identity"] == identity.to_dict()
    assert record["pictures"] == json.loads(json.dumps([capture.to_dict() for capture in captures]))


def test_identities_of_training_come_first_and_in_one_section(finished):
    content = json.loads((finished / "datalist.json").read_text())
    classes = content["property"]["classes"]
    trained = {item["property"] for item in content[TRAINING]}
    assert trained == set(range(len(trained)))
    assert len(load_datalist(finished, SECTIONS)) == NUM_PEOPLE * 3
    for item in (item for section in SECTIONS for item in content[section]):
        assert classes[item["property"]] == item["subject"]
        assert item["image"] == item["label"] == f"images/{item['subject']}/{item['case']}.png"


def test_pairs_of_a_section_show_its_people(finished):
    content = json.loads((finished / "datalist.json").read_text())
    for section in SECTIONS:
        cases = {item["case"] for item in content[section]}
        path = finished / f"pairs_{section}.txt"
        assert path.is_file() == (len({item["subject"] for item in content[section]}) > 1)
        if path.is_file():
            pairs = read_pairs(path)
            assert {name for pair in pairs for name in (pair.first, pair.second)} <= cases


def test_an_interrupted_cohort_goes_on_and_grows(finished, tmp_path, monkeypatch):
    simulate_cohort(tmp_path, 4, TINY)
    first = digests(tmp_path / "images")
    (tmp_path / "images" / "sub-002" / "sub-002_0001.png").unlink()
    (tmp_path / ".writing-sub-003").mkdir()
    written, write = [], cohort.write_identity

    def note(folder, index, settings):
        written.append(index)
        write(folder, index, settings)

    monkeypatch.setattr(cohort, "write_identity", note)
    simulate_cohort(tmp_path, NUM_PEOPLE, TINY)
    assert written == [1, 4, 5, 6, 7]
    assert digests(tmp_path / "images").items() >= first.items()
    assert digests(tmp_path / "images") == digests(finished / "images")
    assert not list(tmp_path.glob(".*"))


def test_the_same_command_again_leaves_pairs_of_the_user(finished, tmp_path):
    simulate_cohort(tmp_path, NUM_PEOPLE, TINY)
    mine = tmp_path / "pairs_test.txt"
    mine.write_text("1\nsub-001\t1\t2\nsub-001\t1\tsub-002\t1\n")
    simulate_cohort(tmp_path, NUM_PEOPLE, TINY)
    assert mine.read_text().startswith("1\n")
    simulate_cohort(tmp_path, NUM_PEOPLE + 1, TINY)
    assert not mine.read_text().startswith("1\n")


def test_each_picture_has_its_fingerprint_in_the_data_list(finished):
    content = json.loads((finished / "datalist.json").read_text())
    found = digests(finished)
    items = [item for section in SECTIONS for item in content[section]]
    assert [item["sha256"] for item in items] == [[found[item["image"]]] for item in items]
    assert not any("source_sha256" in item for item in items)


def test_colour_is_written_as_colour(tmp_path):
    simulate_cohort(tmp_path, 1, FaceSettings(images_per_identity=1, size=32, colour=True))
    red, _, blue = load_picture(tmp_path / picture_path("sub-001", 1), channels=3)
    assert np.abs(red - blue).mean() > 0.02
    assert not list(tmp_path.glob("pairs_*"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": -1}, "seed: expected 0 or more, got -1"),
        ({"images_per_identity": 0}, "images_per_identity: expected 1 to 9999, got 0"),
        ({"size": 8}, "expected 32 to 1024 pixels, got 8"),
    ],
)
def test_settings_out_of_range_are_refused(changes, message):
    with pytest.raises(ConfigError, match=message):
        FaceSettings(**changes)


def test_other_settings_in_the_same_folder_are_refused(finished):
    with pytest.raises(ConfigError, match="seed 5 there, 6 here"):
        simulate_cohort(finished, NUM_PEOPLE, FaceSettings(seed=6, images_per_identity=3, size=32))
