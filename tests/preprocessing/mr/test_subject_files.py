import dataclasses
import json

import nibabel as nib
import numpy as np
import pytest
from shell_head import draw_brain, draw_maps, grid_points, make_affine, simulate_mdme

from preprocessing.mr.subject_files import ContrastVolume, is_complete, list_items, write_subject
from taskgan_ext.errors import DataError
from taskgan_ext.mr.mdme_image import MDMEImage
from taskgan_ext.mr.protocol import CONTRASTS, load_protocols
from taskgan_ext.mr.reader.read import read_mdme
from taskgan_ext.mr.relaxation_maps import read_maps
from taskgan_ext.mr.sequence import MDMESequence
from taskgan_ext.mr.signal import synthesise
from taskgan_ext.mr.tissue_classes import REGION_CODES

SHAPE = (46, 54, 8)
AFFINE = make_affine((4.0, 4.0, 12.0), SHAPE)
PROTOCOLS = load_protocols()


@pytest.fixture(scope="module")
def points():
    return grid_points(AFFINE, SHAPE)


@pytest.fixture(scope="module")
def image(points):
    signal = simulate_mdme(draw_maps(points), MDMESequence(), np.random.default_rng(0))
    return MDMEImage(
        signal, "complex", AFFINE, MDMESequence(), delays_from="header", frame_of_reference="1.2"
    )


@pytest.fixture(scope="module")
def contrasts(points):
    maps = draw_maps(points)
    return {
        name: ContrastVolume(synthesise(maps.t1, maps.t2, maps.pd, PROTOCOLS[name]), PROTOCOLS[name])
        for name in ("T2FLAIR", "T1w")
    }


@pytest.fixture(scope="module")
def cohort(tmp_path_factory, image, contrasts):
    folder = tmp_path_factory.mktemp("cohort")
    write_subject(folder, "sub-001", image, contrasts, extra={"seed": 7})
    return folder


def test_items_name_files_that_are_there(cohort):
    items = list_items(cohort, "sub-001")
    assert [item["contrast"] for item in items] == ["T1w", "T2FLAIR"]
    for item in items:
        assert item["property"] == CONTRASTS.index(item["contrast"])
        assert item["case"] == f"sub-001_{item['contrast']}"
        files = [item["image"], item["label"], item["mask"], item["regions"], *item["maps"]]
        shapes = {nib.load(cohort / file).shape[:3] for file in files}
        assert shapes == {SHAPE}
    assert items[0]["protocol"] == [0.65, 0.01, 0.0]
    assert items[1]["protocol"] == [9.0, 0.12, 2.47]


def test_channels_are_delay_major_and_signed(cohort):
    data = nib.load(cohort / "sub-001/sub-001_mdme.nii.gz").get_fdata()
    assert data.shape == (*SHAPE, 8)
    mask = nib.load(cohort / "sub-001/sub-001_mask.nii.gz").get_fdata() > 0
    means = data[mask].mean(axis=0)
    assert means.argmax() == 6  # longest delay, first echo
    assert means[0] < 0 < means[6]


def test_the_prepared_file_reads_back_as_what_was_written(cohort, image):
    found = read_mdme(cohort / "sub-001")
    assert found.kind == "signed"
    assert found.sequence == image.sequence
    assert found.delays_from == "header"
    assert found.frame_of_reference == "", "a UID leads back to the scan"
    stored = nib.load(cohort / "sub-001/sub-001_mdme.nii.gz").get_fdata(dtype=np.float32)
    np.testing.assert_array_equal(found.signal.reshape(*SHAPE, 8), stored)


def test_maps_and_mask_are_those_of_the_head(cohort, points):
    maps, truth = read_maps(cohort / "sub-001", "sub-001"), draw_maps(points)
    mask = nib.load(cohort / "sub-001/sub-001_mask.nii.gz").get_fdata() > 0
    brain = draw_brain(points)
    assert 2 * (mask & brain).sum() / (mask.sum() + brain.sum()) > 0.95
    inside = brain & (truth.t1 < 2)
    assert np.median(np.abs(maps.t1 / truth.t1 - 1)[inside]) < 0.05
    assert np.median(np.abs(maps.t2 / truth.t2 - 1)[inside]) < 0.05


def test_the_sidecar_says_how_the_subject_was_made(cohort):
    sidecar = json.loads((cohort / "sub-001/sub-001.json").read_text())
    assert sidecar["sequence"]["delays"] == list(MDMESequence().delays)
    assert sidecar["signal_was"] == "complex"
    assert set(sidecar["protocols"]) == set(CONTRASTS)
    assert sidecar["extra"] == {"seed": 7}
    assert sidecar["region_codes"] == REGION_CODES
    assert set(sidecar["sha256"]) == {file.name for file in (cohort / "sub-001").glob("*.nii.gz")}


def test_the_same_subject_has_the_same_bytes(cohort, tmp_path, image, contrasts):
    write_subject(tmp_path, "sub-001", image, contrasts, extra={"seed": 7})
    for file in (cohort / "sub-001").iterdir():
        assert (tmp_path / "sub-001" / file.name).read_bytes() == file.read_bytes(), file.name


def test_a_subject_is_complete_with_all_files_only(tmp_path, image, contrasts):
    assert not is_complete(tmp_path, "sub-001")
    write_subject(tmp_path, "sub-001", image, contrasts)
    assert is_complete(tmp_path, "sub-001")
    (tmp_path / "sub-001/sub-001_T1w.nii.gz").unlink()
    assert not is_complete(tmp_path, "sub-001")


def test_lesions_go_over_the_regions_that_are_found(tmp_path, image):
    lesions = np.zeros(SHAPE, np.uint8)
    lesions[22:24, 26:28, 4] = REGION_CODES["lesion"]
    write_subject(tmp_path, "sub-001", image, {}, regions=lesions)
    found = nib.load(tmp_path / "sub-001/sub-001_regions.nii.gz").get_fdata()
    assert (found[lesions > 0] == REGION_CODES["lesion"]).all()
    assert set(np.unique(found)) == {0, 1, 2, 3, 5}
    assert list_items(tmp_path, "sub-001") == []


def test_mistakes_leave_no_sidecar(tmp_path, image, contrasts):
    wrong = ContrastVolume(np.zeros((2, 2, 2), np.float32), PROTOCOLS["T1w"])
    with pytest.raises(DataError, match=r"expected T1w on the MDME grid \(46, 54, 8\), got"):
        write_subject(tmp_path, "sub-001", image, {"T1w": wrong})
    with pytest.raises(DataError, match=r"expected contrasts among T1w.* got DWI"):
        write_subject(tmp_path, "sub-001", image, {"DWI": contrasts["T1w"]})
    with pytest.raises(DataError, match="brain mask on the MDME grid"):
        write_subject(tmp_path, "sub-001", image, {}, brain=np.ones((2, 2, 2), bool))
    fat = draw_maps(grid_points(AFFINE, SHAPE))
    fat = dataclasses.replace(fat, t1=np.full_like(fat.t1, 0.3))
    signal = simulate_mdme(fat, MDMESequence(), np.random.default_rng(0))
    with pytest.raises(DataError, match="expected a brain"):
        write_subject(tmp_path, "sub-001", dataclasses.replace(image, signal=signal), {})
    assert not is_complete(tmp_path, "sub-001")
