"""The contrasts of whatever prepared subject the user points at, each with the class that G knows."""

import logging
import shutil

import pytest

from taskgan_ext.errors import ConfigError, DataError
from taskgan_ext.io.atomic import read_json, write_json
from taskgan_ext.mr.list_contrasts import list_contrasts
from taskgan_ext.mr.protocol import CONTRASTS, load_protocols
from taskgan_ext.mr.tuned_synthesis import TunedSynthesis

ACQUISITION = {
    "voxel_mm": [4.0, 4.0, 5.0],
    "times": {
        "repetition_time": [4.0],
        "echo_times": [0.0169, 0.0845],
        "delays": [0.146, 0.546, 1.879, 3.879],
    },
}
"""Of the tiny cohort."""


@pytest.fixture
def table(tmp_path):
    """Function that makes a table of the synthesis, of all contrasts but some, trained on such scans."""

    def make(untrained=(), acquisition=None):
        contrasts = {
            name: {
                "nominal": protocol.to_dict(),
                "nominal_scale": 1.0,
                "tuned": protocol.to_dict(),
                "scale": 1.0,
                "trained": name not in untrained,
            }
            for name, protocol in load_protocols().items()
        }
        acquisition = ACQUISITION if acquisition is None else acquisition
        path = tmp_path / "models" / "synthesis.json"
        write_json(path, {"data": "abc", "acquisition": acquisition, "contrasts": contrasts})
        return TunedSynthesis(path.with_name("model.pt"))

    return make


@pytest.mark.parametrize("place", ["sub-001", "sub-001/sub-001_mdme.nii.gz"])
def test_a_subject_gives_one_item_for_each_contrast(tiny_mr_cohort, table, place):
    items = list_contrasts(tiny_mr_cohort / place, table())
    assert [item["contrast"] for item in items] == list(CONTRASTS)
    assert [item["property"] for item in items] == list(range(6))
    assert {item["subject"] for item in items} == {"sub-001"}
    assert {item["unlike_training"] for item in items} == {""}


def test_a_data_list_gives_its_test_subjects(tiny_mr_cohort, table):
    subjects = {item["subject"] for item in list_contrasts(tiny_mr_cohort, table())}
    assert len(subjects) == 2


def test_a_folder_of_subjects_gives_all_of_them(tiny_mr_cohort, table, tmp_path):
    for name in ("sub-001", "sub-002"):
        shutil.copytree(tiny_mr_cohort / name, tmp_path / name)
    assert len(list_contrasts(tmp_path, table())) == 12


@pytest.mark.parametrize("names", [["T2FLAIR"], ["PDw", "T1w"]])
def test_the_class_of_a_contrast_follows_from_its_name_and_not_from_its_place(tiny_mr_cohort, table, names):
    items = list_contrasts(tiny_mr_cohort / "sub-001", table(), names)
    assert [(item["contrast"], item["property"]) for item in items] == [
        (name, CONTRASTS.index(name)) for name in names
    ]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["T1w", "T2-FLAIR"], r"among T1w, .*, PDw, each once, got \['T1w', 'T2-FLAIR'\]"),
        (["T1w", "T1w"], "each once"),
        ([], "expected names among"),
        ("T2FLAIR", r"the text 'T2FLAIR'; write --contrasts \"\['T2FLAIR'\]\""),
    ],
)
def test_what_is_no_list_of_contrasts_is_refused(tiny_mr_cohort, table, names, said):
    with pytest.raises(ConfigError, match=said):
        list_contrasts(tiny_mr_cohort / "sub-001", table(), names)


def test_contrasts_that_the_network_has_not_seen_are_left_out_and_refused_by_name(tiny_mr_cohort, table):
    synthesis = table(untrained=("STIR", "PDw"))
    items = list_contrasts(tiny_mr_cohort / "sub-001", synthesis)
    assert [item["property"] for item in items] == [0, 1, 2, 3]
    with pytest.raises(ConfigError, match=r"seen no scans of STIR; .*mr synthesise"):
        list_contrasts(tiny_mr_cohort / "sub-001", synthesis, ["T1w", "STIR"])


@pytest.mark.parametrize(
    ("trained", "said"),
    [
        ({"voxel_mm": [2.0, 2.0, 5.0]}, "voxels 4, 4, 5 mm instead of 2, 2, 5 mm"),
        ({"times": {"delays": [0.1, 0.4, 1.2, 2.5]}}, "delays 0.146, 0.546, 1.879, 3.879 s instead of 0.1"),
        ({"times": {"echo_times": [0.02, 0.1]}}, "echo times 0.0169, 0.0845 s instead of 0.02, 0.1 s"),
        ({"times": {"repetition_time": [6.0]}}, "repetition time 4 s instead of 6 s"),
    ],
    ids=["voxels", "delays", "echoes", "repetition"],
)
def test_a_scan_unlike_those_of_the_training_is_reported_once(tiny_mr_cohort, table, caplog, trained, said):
    synthesis = table(acquisition=ACQUISITION | trained)
    with caplog.at_level(logging.WARNING):
        items = list_contrasts(tiny_mr_cohort / "sub-001", synthesis)
    assert all(item["unlike_training"].startswith(said) for item in items)
    assert len(items) == 6
    (record,) = caplog.records
    assert record.getMessage().startswith("sub-001 differs from the scans")


def test_a_scan_without_sidecar_is_reported(tiny_mr_cohort, table, tmp_path):
    folder = shutil.copytree(tiny_mr_cohort / "sub-001", tmp_path / "sub-001")
    (folder / "sub-001.json").unlink()
    assert "no sidecar" in list_contrasts(folder, table())[0]["unlike_training"]


def test_a_table_that_tells_no_acquisition_compares_nothing(tiny_mr_cohort, table):
    synthesis = table()
    content = read_json(synthesis.path)
    del content["acquisition"]
    write_json(synthesis.path, content)
    assert list_contrasts(tiny_mr_cohort / "sub-001", synthesis)[0]["unlike_training"] == ""


def test_a_missing_map_is_named(tiny_mr_cohort, table, tmp_path):
    folder = shutil.copytree(tiny_mr_cohort / "sub-001", tmp_path / "sub-001")
    (folder / "sub-001_T2map.nii.gz").unlink()
    with pytest.raises(DataError, match=r"found no sub-001_T2map\.nii\.gz"):
        list_contrasts(folder, table())


def test_nothing_prepared_says_how_to_prepare(tmp_path):
    with pytest.raises(
        DataError, match=r"found none; prepare a scan with: python -m preprocessing mr import"
    ):
        list_contrasts(tmp_path, TunedSynthesis(tmp_path / "model.pt"))
