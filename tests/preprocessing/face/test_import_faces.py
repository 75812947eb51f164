import json

import numpy as np
import pytest
from file_digests import digests
from photographs import SHARED, write_people, write_photograph

from preprocessing.face import import_faces as module
from preprocessing.face.face_datalist import faces_of
from preprocessing.face.given_lists import ListFiles
from preprocessing.face.import_faces import ImportRequest, import_faces
from taskgan_ext.data.datalist import load_datalist
from taskgan_ext.data.face_pairs import read_pairs
from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.picture import load_picture
from taskgan_ext.keys import SECTIONS, TEST, TRAINING, VALIDATION

COUNTS = {f"P_{index}": 2 + index % 3 for index in range(12)}


@pytest.fixture
def source(tmp_path):
    write_people(tmp_path / "photographs", COUNTS)
    return tmp_path / "photographs"


def test_everybody_is_imported_once(source, tmp_path):
    datalist = import_faces(ImportRequest(source, tmp_path / "out", size=40)).datalist
    counts = {
        who: len(numbers) for section in SECTIONS for who, numbers in faces_of(datalist, section).items()
    }
    assert counts == COUNTS
    assert all(datalist[section] for section in SECTIONS)
    item = load_datalist(tmp_path / "out", TEST)[0]
    np.testing.assert_array_equal(
        load_picture(item["image"]), load_picture(source / item["subject"] / f"{item['case']}.png")
    )


def test_the_same_photographs_give_the_same_bytes_and_are_written_once(source, tmp_path, monkeypatch):
    for name in ("one", "two"):
        import_faces(ImportRequest(source, tmp_path / name))
    before = digests(tmp_path / "one")
    assert before == digests(tmp_path / "two")
    monkeypatch.setattr(module, "load_face", None)  # not called again
    import_faces(ImportRequest(source, tmp_path / "one"))
    assert digests(tmp_path / "one") == before


def test_an_interrupted_import_goes_on(source, tmp_path, monkeypatch):
    import_faces(ImportRequest(source, tmp_path / "whole"))
    write, written = module.write_faces, []

    def stop(folder, identity, pictures, record):
        if len(written) == 5:
            raise KeyboardInterrupt
        written.append(identity)
        write(folder, identity, pictures, record)

    monkeypatch.setattr(module, "write_faces", stop)
    with pytest.raises(KeyboardInterrupt):
        import_faces(ImportRequest(source, tmp_path / "out"))
    assert not (tmp_path / "out" / "datalist.json").exists()
    monkeypatch.setattr(module, "write_faces", write)
    import_faces(ImportRequest(source, tmp_path / "out"))
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")


def test_people_who_join_move_nobody(source, tmp_path):
    before = import_faces(ImportRequest(source, tmp_path / "out")).datalist
    write_people(source, {"Q": 2, "P_0": 4})
    after = import_faces(ImportRequest(source, tmp_path / "out")).datalist
    for section in SECTIONS:
        assert faces_of(after, section).keys() - {"Q"} == faces_of(before, section).keys()
    assert sum(len(after[section]) for section in SECTIONS) == sum(COUNTS.values()) + 4


def test_only_people_whose_photographs_have_changed_are_written_again(source, tmp_path, monkeypatch):
    out = tmp_path / "out"
    import_faces(ImportRequest(source, out))
    mine = out / "pairs_test.txt"
    mine.write_text("1\nP_0\t1\t2\nP_0\t1\tP_1\t1\n")
    before = digests(out)
    write_photograph(source / "P_4" / "P_4_0002.png", seed=99)
    write, written = module.write_faces, []
    monkeypatch.setattr(module, "write_faces", lambda *given: (written.append(given[1]), write(*given)))
    import_faces(ImportRequest(source, out))
    assert written == ["P_4"]
    after = digests(out)
    assert {path for path in after if after[path] != before[path]} == {
        "datalist.json",
        "images/P_4/P_4.json",
        "images/P_4/P_4_0002.png",
    }


def test_pairs_are_drawn_again_where_a_photograph_is_gone(source, tmp_path):
    import_faces(ImportRequest(source, tmp_path / "out", section=TEST))
    (source / "P_1" / "P_1_0003.png").unlink()
    import_faces(ImportRequest(source, tmp_path / "out", section=TEST))
    pairs = read_pairs(tmp_path / "out" / "pairs_test.txt")
    cases = {item["case"] for item in load_datalist(tmp_path / "out", TEST)}
    assert {name for pair in pairs for name in (pair.first, pair.second)} <= cases


def test_the_data_list_knows_pictures_and_their_photographs(source, tmp_path):
    lists = {}
    for name, crop in {"whole": "whole", "part": module.Crop(0, 0, 36)}.items():
        out = tmp_path / name
        datalist = import_faces(ImportRequest(source, out, crop=crop)).datalist
        found, given = digests(out), digests(source)
        lists[name] = [item for section in SECTIONS for item in datalist[section]]
        for item in lists[name]:
            assert item["sha256"] == [found[item["image"]]]
            assert item["source_sha256"] == given[f"{item['subject']}/{item['case']}.png"]
    for whole, part in zip(lists["whole"], lists["part"], strict=True):
        assert whole["source_sha256"] == part["source_sha256"]
        assert whole["sha256"] != part["sha256"]


def test_all_bad_photographs_are_told_and_nothing_is_written(source, tmp_path):
    (source / "P_0" / "P_0_0001.png").write_bytes(b"no picture")
    cut = source / "P_3" / "P_3_0002.png"
    cut.write_bytes(cut.read_bytes()[:400])
    write_photograph(source / "P_5" / "P_5_0001.png", 20, 20)
    write_photograph(source / "P_7" / "P_7_0001.png", 2, 500)
    with pytest.raises(DataError) as caught:
        import_faces(ImportRequest(source, tmp_path / "out", crop=module.Crop(0, 0, 40)))
    assert "4 problems, nothing was written" in str(caught.value)
    for name in ("P_0_0001", "P_3_0002", "P_5_0001", "P_7_0001"):
        assert f"{name}.png: expected a" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_other_settings_in_the_same_folder_are_refused(source, tmp_path):
    import_faces(ImportRequest(source, tmp_path / "out"))
    with pytest.raises(ConfigError, match="size 64 there, 32 here"):
        import_faces(ImportRequest(source, tmp_path / "out", size=32))


def test_the_london_set_is_divided_as_its_lists_say(tmp_path):
    london = SHARED / "london_lfwa"
    if not london.is_dir():
        pytest.skip("the Face Research Lab London Set is not there")
    lists = ListFiles(london / "pairsDevTrain.txt", london / "pairsDevTest.txt")
    result = import_faces(ImportRequest(london, tmp_path / "out", lists))
    sizes = {section: len(faces_of(result.datalist, section)) for section in SECTIONS}
    assert sizes == {TRAINING: 61, VALIDATION: 9, TEST: 32}
    assert read_pairs(tmp_path / "out" / "pairs_test.txt") == read_pairs(lists.pairs_test)
    sidecar = json.loads((tmp_path / "out" / "cohort.json").read_text())
    assert (sidecar["source"], sidecar["crop"]) == ("imported", "automatic")
    faces = np.stack([load_picture(item["image"])[0] for item in load_datalist(tmp_path / "out", TEST)])
    mean = faces.mean(axis=0)
    # Eyes are darker than the forehead above and the cheeks below, as in the simulated faces.
    eyes = mean[25:29, 20:26].mean() + mean[25:29, 38:44].mean()
    assert eyes < mean[14:18, 20:26].mean() + mean[14:18, 38:44].mean()
    assert eyes < mean[33:37, 20:26].mean() + mean[33:37, 38:44].mean()


@pytest.mark.parametrize("section", [None, TEST])
def test_a_negative_seed_is_refused(section, source, tmp_path):
    with pytest.raises(ConfigError, match="seed: expected 0 or more, got -1"):
        ImportRequest(source, tmp_path / "out", seed=-1, section=section)


@pytest.mark.parametrize("section", SECTIONS)
def test_everybody_goes_into_the_section_that_is_named(section, source, tmp_path):
    result = import_faces(ImportRequest(source, tmp_path / "out", section=section))
    people = {name: sorted(faces_of(result.datalist, name)) for name in SECTIONS}
    assert people == {name: sorted(COUNTS) if name == section else [] for name in SECTIONS}
    assert read_pairs(tmp_path / "out" / f"pairs_{section}.txt")


def test_a_section_beside_lists_is_refused(source, tmp_path):
    with pytest.raises(ConfigError, match="either --section or lists"):
        ImportRequest(source, tmp_path / "out", ListFiles(pairs_test=tmp_path / "pairs.txt"), section=TEST)
